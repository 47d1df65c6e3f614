"""`parhelia budget`: ceilings, what stands against them, and what was spent for what."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from parhelia_tui.cli.lazy import LazyGroup
from parhelia_tui.cli.options import completer, output_options
from parhelia_tui.cli.output import Out, plain_data
from parhelia_tui.cli.tables import details, money, styled, table
from parhelia_tui.core.model.display import several
from parhelia_tui.core.model.errors import ParheliaError

if TYPE_CHECKING:
    from parhelia_tui.core.client.budgets import Budget
    from parhelia_tui.core.client.fleet import Totals

_WHAT = "all, day, plan:ID or a task"


@click.group(cls=LazyGroup, order=("show", "set", "raise", "stop", "history", "estimate"))
def budget() -> None:
    """See what is spent, set ceilings, and decide what happens at them."""


_usd = click.argument("usd", metavar="USD", type=click.FloatRange(0, 1_000_000))


@budget.command()
@click.argument("what", metavar="[TASK]", required=False, shell_complete=completer("task"))
@output_options
def show(what: str | None) -> None:
    """Show the ceilings and what stands against them; with TASK those that bound it."""
    out = Out()
    door = out.client.budgets
    found = door.of_task(out.client.task_of(what)) if what else door.standing()
    totals = out.client.totals()
    unknown = totals.unknown_cost_entries
    page = [
        ("today", money(totals.spent_today_usd)),
        ("in all", money(totals.spent_total_usd)),
        ("last hour", money(totals.burn_usd_per_hour)),
        ("tokens", f"{totals.input_tokens} in, {totals.output_tokens} out"),
        ("subscription", _worth(totals) if totals.worth_total_usd else ""),
        ("unknown", f"{several(unknown, 'entry', 'entries')} of unknown cost today" if unknown else ""),
    ]
    spent = [each for each in found if each.left_usd is not None and each.left_usd <= 0]
    out.answer(
        {**plain_data(totals), "budgets": plain_data(found)},
        lambda: "\n\n".join([details(page), _table(found)]),
        next_actions=[f"parhelia budget raise {_word(each.scope)} USD" for each in spent]
        or ["parhelia budget set USD", "parhelia budget history"],
        cost_usd=totals.spent_total_usd,
    )


def _worth(totals: Totals) -> str:
    return (
        f"worth {money(totals.worth_today_usd)} today, {money(totals.worth_total_usd)} in all at the API's prices;"
        " not counted"
    )


def _word(scope: str) -> str:
    return scope.removeprefix("task:")


def _table(found: list[Budget]) -> str:
    rows = []
    for each in found:
        gone = each.left_usd is not None and each.left_usd <= 0
        left = "" if each.left_usd is None else money(max(0.0, each.left_usd))
        rows.append(
            [
                each.scope,
                money(each.spent_usd),
                "none" if each.limit_usd is None else money(each.limit_usd),
                styled("spent", fg="red") if gone else left,
                money(each.reserved_usd) if each.reserved_usd else "",
                money(each.burn_usd_per_hour),
                _moment(each.ends_at) if each.ends_at is not None and not gone else "",
            ]
        )
    return table(("BUDGET", "SPENT", "CEILING", "LEFT", "SET ASIDE", "AN HOUR", "SPENT BY"), rows)


def _moment(at: float) -> str:
    return time.strftime("%d %b %H:%M", time.localtime(at))


@budget.command("set")
@click.argument("usd", metavar="USD", type=click.FloatRange(0, 1_000_000), required=False)
@click.argument("what", metavar="[WHAT]", default="all", shell_complete=completer("task"))
@click.option("--none", "away", is_flag=True, help="Take the ceiling away.")
@click.option("--for", "whose", metavar="WHAT", help=f"The same as WHAT: {_WHAT}.")
@output_options
def set_(usd: float | None, what: str, away: bool, whose: str | None) -> None:
    """Set a ceiling of USD for everything, or for WHAT: all, day, plan:ID or a task."""
    if away == (usd is not None):
        raise ParheliaError(
            "E102", "a ceiling in USD or --none is needed", recovery=("parhelia budget set 20 day",)
        )
    out = Out()
    after = out.client.budgets.put(whose or what, usd)
    below = after.left_usd is not None and after.left_usd < 0
    out.answer(
        after,
        lambda: "\n".join([_table([after]), *([_below(after)] if below else [])]),
        next_actions=[
            *([f"parhelia budget raise {_word(after.scope)} USD"] if below else []),
            "parhelia budget show",
        ],
    )


def _below(after: Budget) -> str:
    """What a person is told who sets a ceiling that is passed already."""
    return f"{money(after.spent_usd)} are spent already: this ceiling is below that, so nothing is left of it"


@budget.command("raise")
@click.argument("what", metavar="WHAT", shell_complete=completer("task"))
@_usd
@output_options
def raise_(what: str, usd: float) -> None:
    """Let USD more be spent for WHAT from now on (all, day, plan:ID or a task); who waits for it goes on."""
    out = Out()
    door = out.client.budgets
    after = door.lift(what, usd)
    task = (
        None if ":" not in after.scope or after.scope.startswith("plan:") else after.scope.partition(":")[2]
    )
    others = door.in_the_way(out.client.task(task)) if task else []
    out.answer(
        {**plain_data(after), "in_the_way": plain_data(others)},
        lambda: "\n".join(
            [
                _table([after]),
                *(f"{each.scope} is spent too, and has to be raised as well" for each in others),
            ]
        ),
        next_actions=[f"parhelia budget raise {_word(each.scope)} USD" for each in others]
        or ["parhelia budget show"],
    )


@budget.command()
@click.argument("name", metavar="TASK", shell_complete=completer("task"))
@output_options
def stop(name: str) -> None:
    """Give a task nothing more to spend: it goes on without the API, and its agent is told to stop."""
    out = Out()
    task = out.client.task_of(name)
    out.client.budgets.stop(task)
    out.answer(
        {"task_id": task.id, "stopped": True},
        f"{task.id} gets nothing more to spend; its agent is told so",
        next_actions=[f"parhelia attach {task.id}", f"parhelia budget raise {task.id} USD"],
    )


@budget.command()
@click.argument("what", metavar="[TASK]", required=False, shell_complete=completer("task"))
@click.option("--by", type=click.Choice(["day", "task", "model"]), default="day", help="What to sum up.")
@click.option("--days", type=click.FloatRange(0.01, 3660), default=30.0, help="How far back.")
@output_options
def history(what: str | None, by: str, days: float) -> None:
    """Show what was spent, by day, task or model."""
    out = Out()
    found = out.client.budgets.history(by, days, out.client.task_of(what) if what else None)
    rows = [
        [
            each.name,
            money(each.usd),
            str(each.answers),
            str(each.input_tokens),
            str(each.output_tokens),
            money(each.worth_usd) if each.worth_usd else "",
            f"{each.estimated} estimated" if each.estimated else "",
        ]
        for each in found
    ]
    out.answer(
        found,
        lambda: (
            table((by.upper(), "COST", "ANSWERS", "TOKENS IN", "OUT", "BY SUBSCRIPTION", ""), rows)
            if rows
            else f"nothing was spent in the last {days:g} days"
        ),
        cost_usd=sum(each.usd for each in found),
    )


@budget.command()
@click.option("--agent", metavar="NAME", help="From the tasks of this agent alone.")
@click.option("--model", metavar="NAME", help="The price of tokens of this model.")
@click.option("--input", "tokens_in", type=click.IntRange(0, 10**9), default=0, help="Tokens of the prompt.")
@click.option(
    "--output", "tokens_out", type=click.IntRange(0, 10**9), default=0, help="Tokens of the answer."
)
@click.option("--cached", type=click.IntRange(0, 10**9), default=0, help="Tokens read from the cache.")
@click.option(
    "--tasks", "number", type=click.IntRange(1, 10_000), default=1, help="How many tasks are meant."
)
@output_options
def estimate(
    agent: str | None, model: str | None, tokens_in: int, tokens_out: int, cached: int, number: int
) -> None:
    """Say what a task may cost, from those before it or from tokens; exit code 4 when there is not so much left."""
    out = Out()
    door = out.client.budgets
    if model is not None:
        found = door.price(model, input_tokens=tokens_in, output_tokens=tokens_out, cache_read=cached)
    else:
        found = door.estimate(agent)
    usual, high = found.usual_usd * number, found.high_usd * number
    for each in door.standing()[:2]:
        if each.left_usd is not None and usual > each.left_usd:
            raise ParheliaError(
                "E300",
                f"it may cost {money(usual)}, and {money(max(0.0, each.left_usd))} are left of {each.scope}",
                details={
                    "usual_usd": usual,
                    "high_usd": high,
                    "scope": each.scope,
                    "left_usd": each.left_usd,
                },
                recovery=(f"parhelia budget raise {each.scope} USD", "parhelia budget show"),
            )
    out.answer(
        {**plain_data(found), "usual_usd": usual, "high_usd": high},
        details(
            [
                ("usually", money(usual)),
                ("at most", f"{money(high)} in nine of ten" if found.tasks else ""),
                ("tasks", str(number) if number > 1 else ""),
                ("how", found.about),
            ]
        ),
        cost_usd=usual,
    )
