"""The commands to copy behind `parhelia examples` and at the end of each command's help."""

from __future__ import annotations

EXAMPLES = {
    "task": """\
parhelia task create "fix the failing test"          # by Claude Code, in the present directory
parhelia task create --agent shell "make test"       # a command
parhelia task create --agent demo --mode empty "Write a parser"
parhelia task create --file prompt.txt --watch       # a prompt from a file, followed to its end
parhelia task create --dry-run "fix the parser"      # only check it
parhelia task create "add tests for {target}" --target a.py --target b.py   # a task for each, all at once
parhelia task create --backend auto --gpu any --dry-run "python3 train.py"   # where it would run, and what that costs
parhelia task create --agent shell "pylint {target}" --targets-from files.txt
parhelia task create --split --dry-run "run the tests in tests/unit/, tests/e2e/"   # targets from the prompt
parhelia task results a1b2                           # each target: how it ended, what it changed and printed
parhelia task results a1b2 --branch                  # what it made, as the branch parhelia/TASK of your repository
parhelia task results a1b2 --branch try/parser --ignored   # another name, and also what .gitignore names
parhelia task merge a1b2 --gate "make check"         # into the branch that is checked out, if that passes
parhelia task merge a1b2 --into develop --no-gate
parhelia task list --state running
parhelia task show a1b2                              # any beginning of an id that is the only one
parhelia task watch a1b2
parhelia task logs a1b2 --follow
parhelia task cancel a1b2
parhelia task retry a1b2
parhelia task reply a1b2 "use the second one"        # typed into its terminal, and proven to have arrived
parhelia task reply a1b2 - < notes.txt
parhelia task list --state needs_review
parhelia task accept a1b2 --reason "looked at the diff"
parhelia task reject a1b2 --reason untested
parhelia task trash a1b2 c3d4
parhelia task list --trash
parhelia task untrash a1b2""",
    "run": """\
parhelia run "make test && echo fine"                # its output, its exit code
parhelia run --network open -- pip download click
parhelia run --memory 512 --cpus 1 --timeout 10m "make"
parhelia run --mount /data/shared:/storage:rw "make" # a directory of this machine, to be written too
parhelia shell --mount ~/.gitconfig:/home/agent/.gitconfig
parhelia shell                                       # a shell in a fresh container
parhelia shell --slot 2                              # a second one on the same directory
parhelia shell --persistent                          # what it installs is there for the next one""",
    "session": """\
parhelia attach a1b2                                 # the terminal of a task; Ctrl+Q leaves
parhelia session new a1b2 -- bash                    # a further terminal in its container
parhelia session list --container a1b2
parhelia session attach ph-make-test-9f03            # by its name, as the list shows it
parhelia session send a1b2 "make test"               # typed into it, and Enter
parhelia session send a1b2 --keys C-c
parhelia session ssh-config a1b2 > ssh.conf            # then: ssh -F ssh.conf a1b2
parhelia session capture a1b2 --lines 200
parhelia session kill ph-bash-77aa""",
    "checkpoint": """\
parhelia checkpoint create a1b2 --note "before the rewrite" --tag before-rewrite
parhelia checkpoint list a1b2
parhelia checkpoint show before-rewrite
parhelia checkpoint files before-rewrite src         # what lies in src; --talk for the conversation
parhelia checkpoint diff before-rewrite              # against the workspace as it is now
parhelia checkpoint diff before-rewrite 77aa --file src/main.py
parhelia checkpoint env-diff before-rewrite 77aa
parhelia checkpoint restore before-rewrite /tmp/then # into a new directory
parhelia checkpoint restore 77aa --container         # a task of its own goes on from there
parhelia checkpoint restore 77aa --container --backend modal
parhelia checkpoint rollback before-rewrite          # the workspace itself; as it is now is kept before
parhelia checkpoint protect 77aa
parhelia checkpoint unprotect 77aa
parhelia checkpoint tag 77aa release
parhelia checkpoint note 77aa all tests pass
parhelia checkpoint delete 77aa
parhelia checkpoint verify
parhelia checkpoint gc
parhelia resume                                      # the newest task of this directory goes on
parhelia resume a1b2                                 # an ended task goes on from its last checkpoint
parhelia resume a1b2 --workspace ../moved            # ... in the directory that is another one now
parhelia resume a1b2 --from 77aa --keep-workspace
parhelia resume a1b2 --backend modal                 # what began here goes on in a sandbox; local brings it back
parhelia resume a1b2 --memory 4096 --image py        # ... with more memory, and the system of an image
parhelia resume a1b2 --profile careful --persistent  # what the profile says of system and limits
parhelia session recover a1b2                        # after a failure: what happened, and how to go on""",
    "budget": """\
parhelia budget show
parhelia budget show a1b2                            # the ceilings that bound one task
parhelia budget set 20 day                           # a ceiling for each day, in USD
parhelia budget set 100                              # and one for everything
parhelia budget set 5 a1b2                           # for one task
parhelia budget set --none --for day                 # no ceiling any more
parhelia budget raise a1b2 2.50                      # who waits for money goes on
parhelia budget stop a1b2                            # its agent is told to stop
parhelia budget history --by model --days 7
parhelia budget estimate --agent claude --tasks 4
parhelia budget estimate --model claude-opus-5 --input 50000 --output 2000""",
    "approval": """\
parhelia approval list                               # what waits for you, oldest first
parhelia approval show 3f2a
parhelia approval approve 3f2a
parhelia approval approve 3f2a --always              # what is alike too, in its task
parhelia approval approve a1b2                       # all that a task waits for
parhelia approval approve 3f2a --answer 2            # the second answer to its question
parhelia approval deny 3f2a --reason "use the test database"
parhelia task create --agent demo --option approvals=true "Tidy the cache"   # one that asks""",
    "notify": """\
parhelia notify test                                 # by every way that [notify] names""",
    "batch": """\
parhelia --batch tasks.jsonl
printf '{"prompt": "make lint"}\\n{"prompt": "make test"}\\n' | parhelia --batch - --agent shell --mode clone
parhelia --batch tasks.toml --json --timeout 1h""",
    "events": """\
parhelia events list --task a1b2
parhelia events watch --type 'task.*'
parhelia events replay c0ffee
parhelia events export --since 2h events.jsonl""",
    "container": """\
parhelia container list
parhelia container show c0ffee
parhelia container events c0ffee
parhelia container health c0ffee
parhelia container watch c0ffee
parhelia container hosts c0ffee                      # whom it called, whom it was denied
parhelia container allow c0ffee example.org          # with the network allowlist
parhelia container terminate c0ffee""",
    "image": """\
parhelia image build tools --script tools.sh         # what the script installs is there for --image tools
parhelia image build tools --script tools.sh --network open --force
parhelia image build more --script more.sh --base tools
parhelia image list
parhelia image show tools
parhelia image delete more
parhelia run --image tools "make test"               # begins with what is installed there""",
    "modal": """\
parhelia modal setup                                 # the account at Modal, its app and its image
parhelia modal check                                 # what there is in a sandbox of it
parhelia run --backend modal "make test"             # in a sandbox; its output and exit code are here
parhelia task create --backend modal --timeout 4h "fix the failing test"
parhelia task create --backend modal --network none --agent shell "make test"
parhelia attach a1b2                                 # over ssh, as if it were here
parhelia task results a1b2 --branch                  # what came home, as a branch of your repository
parhelia resume a1b2 --backend local                 # what began in a sandbox goes on here
parhelia reconciler run                              # what runs there is what is known here
parhelia cleanup --dry-run                           # ... and what does nobody know""",
    "gpu": """\
parhelia run --backend modal --gpu T4 nvidia-smi     # one of this kind
parhelia task create --backend modal --gpu A100 --cpus 8 --memory 32768 --timeout 4h --agent shell "python3 train.py"
parhelia task create --backend modal --gpu H100:2 --budget 20 --agent shell "python3 train.py"   # two, for 20 USD
parhelia task create --backend auto --gpu any --dry-run "python3 train.py"   # the cheapest, and what an hour costs
parhelia resume a1b2 --backend modal --gpu L4        # what began without one goes on with one
parhelia budget set 5 a1b2                           # a sandbox that has spent it ends""",
    "care": """\
parhelia status
parhelia doctor
parhelia reconciler status
parhelia reconciler run                              # compare what is stored with what runs
parhelia cleanup --dry-run                           # what ended containers left
parhelia cleanup --terminate                         # end what runs at a backend and nobody knows
parhelia db status
parhelia db check
parhelia db backup parhelia.sqlite
parhelia db migrate
parhelia controller status
parhelia controller logs --lines 20
parhelia controller stop                             # what runs goes on
parhelia controller start
parhelia controller run                              # in the foreground, with its log""",
    "setup": """\
parhelia serve                                       # the dashboard in a browser of this machine
parhelia serve --port 8000                           # at the same address each time
parhelia demo --count 3                              # a small live fleet to look at
parhelia agent list
parhelia config show limits
parhelia config path
parhelia config check
parhelia config example > config.toml
parhelia config init                                 # a file of yours to begin with
parhelia memory show                                 # what the next session in this directory is told
parhelia memory list
parhelia memory edit --text "Tests run with make test"
parhelia memory forget --yes
parhelia config sync --dry-run                       # what of your Claude Code configuration goes along
parhelia config sync --from fix-the-test             # what its container changed of that, as a diff
parhelia config sync --from fix-the-test --take CLAUDE.md
parhelia completion install
parhelia completion bash
parhelia completion zsh
parhelia completion fish
parhelia help E204                                   # what an error code means
parhelia examples batch""",
}


def examples_of(command: str) -> list[str]:
    """The examples of a command, as "parhelia task create"; what explains them stands behind a #."""
    lines = (line for text in EXAMPLES.values() for line in text.splitlines())
    found: dict[str, str] = {}
    for line in lines:
        if line == command or line.startswith(f"{command} "):
            # Some stand on several pages.
            found.setdefault(line.partition("  #")[0].rstrip(), line)
    return list(found.values())
