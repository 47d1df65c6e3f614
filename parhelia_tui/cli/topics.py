"""The texts behind `parhelia help`."""

from __future__ import annotations

TOPICS = {
    "targets": """\
A prompt with {target} and several targets is a group: a task for each, all at once, each in a container and, unless
you say otherwise, in a copy of the workspace of its own.

  --target a.py --target b.py   the targets (targets in a --batch file, the field Targets in the dashboard's form)
  --targets-from FILE           one a line; - reads standard input
  --split                       those of the list in the prompt: "a.py, b.py and c.py", or lines that begin with "- ";
                                with --dry-run it only shows them

For the agent shell a target is one word of the command line, quoted where it has to be. The group is completed only
if every part is. parhelia task results GROUP says of each target how it ended, what it cost, what it printed last
and which files differ from the workspace; the exit code is 0 only if all completed. cancel ends all parts, retry
tries again those that failed or were cancelled, accept and reject settle those that need a review. --budget bounds
all parts together, --budget-each each of them.""",
    "batch": """\
parhelia --batch FILE runs the tasks of a file to their ends, without a screen.

FILE is JSONL (one task a line), JSON (a list), TOML ([[task]] tables, and [defaults] for all of them), or - for
standard input; --format says which where the name does not. Keys of a task:

  prompt           what is to be done; for the agent shell, the command line
  agent, title     claude, shell, demo or one of your own (parhelia agent list); what to call it
  workspace        a directory; the present one if not given
  workspace_mode   shared (the directory itself), clone (a copy), empty (a new one)
  network          none, api, allowlist or open
  env, limits      tables; limits are cpus, memory_mb, pids, lifetime_s
  image            whose system it begins with (parhelia help images)
  mounts           a table of what of this machine is shown inside (parhelia help mounts)
  priority         -100 to 100, larger goes first
  persistent       keep what is installed, for the next one of this workspace and slot
  agent_options    what the agent can be told
  template         a template of the configuration, over which all of these lie
  targets          a task for each, with the target in the place of {target} in the prompt, and all of them a group
  split            true takes the targets from the list in the prompt
  budget_usd       what it may spend, with all its targets; budget_each_usd is for the task of each

Every task is checked before the first one starts. Options behind --batch FILE (--agent, --workspace, --mode,
--network, --backend, --priority, --env, --mount, --cpus, --memory, --pids, --timeout, --profile) hold for each task that
says nothing else. With --json each change is one JSON object a line.

The exit code is 0 only if all completed, 1 if one did not, 130 after Ctrl+C, which cancels what is left.""",
    "checkpoints": """\
A checkpoint is a workspace, its agent's talk, its git state and the versions of its tools at one moment.

  manual     c in the dashboard, parhelia checkpoint create
  periodic   every 5 minutes while something changes; detach, error, end, and before a step that the agent calls
             risky: for agents that keep a talk (parhelia config show checkpoints)
  rollback   before every rollback, so that it can be rolled back itself

The container stands still only while the last changes are read. Only what changed is read and kept, compressed,
below the state directory. A file .parheliaignore in the workspace names what is left out, in the form of .gitignore.

  back in place         parhelia checkpoint rollback CP      the task may go on running
  beside                parhelia checkpoint restore CP DIR
  in a new container    parhelia checkpoint restore CP --container
  go on after an end    parhelia resume TASK                 files as then, the talk goes on

A container that dies, or gives no sign of life, is followed by another one that goes on from the last checkpoint,
once; then the task needs_review, and parhelia session recover TASK shows the ways on. The newest 50 of a task are
kept for 30 days; protected ones, tagged ones and the newest always.""",
    "branches": """\
A task on a copy (--mode clone, or at Modal) leaves your directory as it is. What it made comes into your git repository
as a branch, also while it works:

  parhelia task results TASK --branch         the branch parhelia/TASK, made anew each time; b on its tab of changes
  parhelia task results TASK --branch NAME    another name
  parhelia task results TASK --branch --ignored   also files that .gitignore of the commit it began with names

It is one commit on top of the commit that the task began with. Your files, your index and HEAD are never touched; a
branch that is checked out, or that holds anything else, is not moved. The git directory of the copy is never read, so
nothing that it names runs here. What cannot be taken (a name like .git, a file of more than 100 MB, one that passes a
filter as git-lfs, a socket) is left as it was and told of; submodules stay as they were. What you had not committed
when the task began is not in it either, unless the task changed it further. Of a task that runs at Modal it holds what
came down last, at a checkpoint.

  parhelia task merge TASK --gate "make check"    into the branch that is checked out
  parhelia task merge TASK --into develop         into another one

A completed task is merged where nothing of yours is touched. The merged files have to pass the gate (--gate, else
merge.gate of your configuration) in a container without a network; then the branch moves, if it still stands where it
did. A branch that is checked out is not moved: you are told the one command that takes the merge there. A conflict
(E604) and a red gate (E605) change nothing. A gate is a task that parhelia task list leaves out without --all.""",
    "config": """\
What is set in a later place decides:

  built-in < /etc/parhelia/config.toml < ~/.config/parhelia/config.toml < .parhelia.toml of the project
  < the chosen profile < PARHELIA_SECTION__KEY variables < flags

parhelia config show     each value, and where it comes from
parhelia config path     the files that are looked for
parhelia config check    whether they can be used
parhelia config example  a file with every key, its meaning and its default

[templates.NAME] in a file of your own is a template of tasks: parhelia task create --template NAME "PROMPT".
commands.toml beside your file defines commands for the dashboard; parhelia config check looks at it too.""",
    "inbox": """\
An agent that wants to use a tool, asks something or shows a plan waits for a person; its task is waiting. i in the
dashboard shows all who wait, the oldest first, with what is asked:

  y      allow, answer, accept a review      A      allow, and what is alike too, in its task
  d      refuse with a reason                t      tell it something else
  Space  mark; one key answers all marked    Enter  go to its terminal

The same by parhelia approval list, show, approve and deny. Who answers first decides: here, in a second dashboard, on
the command line or in the agent's own terminal. What nobody answers within policy.answer_s (a day) is refused.

Rules in [policy] decide without a person. They are TOOL or TOOL(PATTERN):

  allow = ["Read", "Bash(npm run *)", "Edit(src/**)"]      deny = ["Bash(git push *)", "*(/etc/**)", "Read(.env)"]

deny goes before allow and before every key. A line of several commands needs a rule for each of them. Rules save you
questions; what keeps an agent from harm is its container. A task waits for a review at its end where
an agent failed (policy.review_on_error), and where review_on_completion, review_above_usd or review_files say so;
parhelia task accept or reject settles it.

parhelia task reply TASK TEXT, and t, type a text into an agent's terminal: once, out of the scrolling mode, and only
where it appears. It is proven by the agent's own report that it took it, else by the screen, or told as not delivered.

[notify] tells you: the dashboard rings and tells the desktop, the controller calls a webhook and a program; parhelia
notify test tries them.""",
    "isolation": """\
A container has its own processes, mounts, network and users. Inside, there is

  /workspace       the task's directory, the only place of yours that can be written
  /home/agent      a home that belongs to the container
  /tmp             its own
  /usr, /etc ...   the system, read-only
  no network       unless --network api, allowlist or open

With --persistent it is root inside, in a system that it may change. What it installs, its home and its /tmp stay
when it ends, and the next persistent container of the same workspace and slot goes on with them; processes do not
stay. parhelia cleanup spares them, parhelia cleanup --persistent does not.

Your home, your variables, your ssh agent, other containers and the terminal server are not there; --mount shows what
you name (parhelia help mounts). parhelia doctor
tries each part on this machine. --unsandboxed runs a task WITHOUT all of this, and every screen says so.

The kernel is shared with your machine: this is no defence against a fault of the kernel.""",
    "images": """\
An image is a system of this machine with what a script has installed in it, made once and under a name:

  parhelia image build tools --script tools.sh --network open
  parhelia run --image tools "make"                  shell and task create too, or defaults.image

The script runs as root in a container of its own, over this machine's system or over another image (--base). What it
changes below /usr, /opt, /etc and /var is the image; its home and /tmp are not. Where neither the script nor the base
has changed since, building again does nothing, --force does it all the same.

A container with an image is root inside, and begins with the image each time; with --persistent its own changes stay
for the next one. Who runs goes on with what the image was; a new build is for who comes after. What a script did that
failed is thrown away. An image is for containers of this machine; --backend modal has one of its own.""",
    "json": """\
Every command takes --json and prints one object:

  {"success": true, "data": ..., "metadata": {"timestamp", "duration_ms", "cost_usd"}, "next_actions": [...]}
  {"success": false, "error": {"code", "name", "message", "details"}, "suggestions": [...], "metadata": {...}}

What follows something (watch, run --json with --batch, events watch, replay) prints one object a line.
container list has spares beside data: the sandboxes that are kept ready, which are no containers yet.
--fields A,B keeps some fields of each record. Money is in USD, times are seconds since 1970.""",
    "modal": """\
With --backend modal a task runs in a sandbox of your account at Modal, seen and used like one of this machine:

  modal token new                  once: an account and its token (or MODAL_TOKEN_ID and MODAL_TOKEN_SECRET)
  parhelia modal setup             checks the account, makes app, volume, secret and image
  parhelia modal check             looks into a sandbox that is made for that, and ended
  parhelia run --backend modal --gpu T4 --cpus 4 --memory 16384 --timeout 4h --region us-east nvidia-smi

The workspace goes up as it is, and what was made of it comes down, when the task ends and at each checkpoint,
into a copy in the state directory (parhelia task show names it). Your directory itself is not changed. The
agent is an ordinary user inside and never sees the API's key. Networks and budgets are those of this machine.

a attaches over ssh; the sandbox has a key of its own, and any other is refused. A tunnel that breaks is found
again. parhelia session ssh-config gives the same to OpenSSH's client.

No sandbox is forgotten: it carries this installation's tags and its container's name, the reconciler compares
them every minute, parhelia cleanup --terminate ends what nobody knows, health.terminate_orphans does so by
itself. A sandbox whose container has ended, or that no controller has renewed for modal.lease_s, ends itself.
With --backend auto a task stays on this machine while it fits there (local.max_containers, cpus and memory_mb say how
much auto may take) and goes to Modal when it needs a GPU, a region or room that is not here, an hour of it can be
paid, and fewer than modal.max_containers run. --dry-run says where and for how much, task show where and why;
what fits nowhere just now waits in the queue, what fits nowhere at all is refused. It works on a copy.

modal.spares keeps sandboxes ready for the next tasks; each costs while it waits. parhelia container list shows them,
and parhelia container terminate ends one: none is made in its place until a task begins at Modal.

make demo-modal shows all of it against an emulated provider, without an account.""",
    "mounts": """\
Beside its workspace a container shows what you name of this machine, in a task of any agent, run and shell:

  --mount HOST:INSIDE       a directory or a file, read-only; repeatable
  --mount HOST:INSIDE:rw    the container may write there, and you see it at once

HOST begins with / or ~/, INSIDE is a name of its own such as /storage, or lies below /home/agent: dotfiles, a git
configuration, a key. A --batch file has a table mounts of the same, "INSIDE" = "HOST:rw", and so has your own
configuration, for every container; the file of a project may not have one.

  [mounts]
  "/storage" = "/data/shared:rw"
  "/home/agent/.gitconfig" = "~/.gitconfig"

Never shown are your whole home, Parhelia's state, devices, parts of the system, and sockets, of which only your ssh
agent's can be named: --mount "$SSH_AUTH_SOCK:/ssh-agent:rw" -e SSH_AUTH_SOCK=/ssh-agent lets what is inside use
your keys, without having them. What is named is what is there: a link is followed once, and told of. When a
container starts, a link in the place of what was named is refused.

What is shown is no part of a checkpoint: no rollback changes it. parhelia task show and container show name it. At
Modal read-only ones of up to 32 MiB go up once, as copies; what is to be written stays on this machine.""",
    "keys": """\
In the dashboard ? shows every key. The ones that are used most:

  n  new task         Enter, a  go to its terminal      x  cancel, after a question
  i  who waits        t  tell it something              r  try it again
  d  all about it     l  its output                     w  all terminals at once
  c  checkpoint       C  its checkpoints                /  filter
  z  zoom             $  budgets                        :  any command of parhelia
  q  leave; the work goes on

In an attached terminal Ctrl+Q leaves it and the work goes on; Ctrl+B Ctrl+Q sends Ctrl+Q itself, and Ctrl+B [
scrolls back.""",
}
