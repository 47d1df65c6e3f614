"""Every key of every screen, dialog and widget has a test that presses it: keys.toml says which one."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from textual.dom import DOMNode

from parhelia_tui import screens, widgets
from parhelia_tui.screens.new_task import NewTaskScreen
from tests.dashboard.conftest import Opens
from tests.support.dead_key import dead, keys_of

HERE = Path(__file__).resolve().parent
TABLE: dict[str, dict[str, str]] = tomllib.loads((HERE / "keys.toml").read_text())
NAMED = [(owner, key) for owner, keys in TABLE.items() for key in keys]


def declared() -> set[tuple[str, str]]:
    """Every key that a class of the dashboard declares, with the name of the class."""
    found = set()
    for package in (screens, widgets):
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    importlib.import_module("parhelia_tui.app")
    for each in below(DOMNode):
        if each.__module__.startswith("parhelia_tui."):
            found |= {
                (each.__name__, key)
                for binding in each.__dict__.get("BINDINGS", ())
                for key in keys_of(binding)
            }
    return found


def below(base: type[Any]) -> Iterator[type[Any]]:
    for each in base.__subclasses__():
        yield each
        yield from below(each)


@cache
def functions_and_constants(file: str) -> tuple[dict[str, ast.AST], dict[str, ast.AST]]:
    """The functions of a test file, and what it assigns outside of them."""
    tree = ast.parse((HERE / file).read_text())
    functions: dict[str, ast.AST] = {
        each.name: each for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    constants: dict[str, ast.AST] = {
        target.id: each.value
        for each in tree.body
        if isinstance(each, ast.Assign)
        for target in each.targets
        if isinstance(target, ast.Name)
    }
    return functions, constants


def texts(file: str, name: str) -> set[str]:
    """The words of every text in a function and in what it uses of its file."""
    functions, constants = functions_and_constants(file)
    seen, left, found = {name}, [functions[name]], set()
    while left:
        for each in ast.walk(left.pop()):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                found |= {each.value, *each.value.split()}
            if isinstance(each, ast.Name) and each.id not in seen:
                seen.add(each.id)
                used = functions.get(each.id) or constants.get(each.id)
                left += [used] if used is not None else []
    return found


def is_pressed(key: str, texts: set[str]) -> bool:
    """Say whether a key stands among the words of a test, alone, before `=`, or as a letter of what is typed."""
    return any(key in (word, word.partition("=")[0]) or (len(key) == 1 and key in word) for word in texts)


def test_every_key_has_a_test_and_the_table_names_no_other() -> None:
    assert declared() == set(NAMED)


@pytest.mark.parametrize(
    "file", sorted({test.partition("::")[0] for keys in TABLE.values() for test in keys.values()})
)
def test_the_tests_are_there_and_press_their_keys(file: str) -> None:
    functions, _ = functions_and_constants(file)
    for owner, keys in TABLE.items():
        for key, test in keys.items():
            name = test.partition("::")[2].partition("[")[0]
            if test.startswith(f"{file}::"):
                assert name in functions, (owner, key, test)
                assert is_pressed(key, texts(file, name)), (owner, key, test)


async def test_a_key_that_is_made_dead_does_nothing_and_no_other_is(opened: Opens) -> None:
    async with opened() as seen:
        with dead("HomeView", "n"):
            await seen.press("n")
            assert seen.app.screen is seen.home
            await seen.press("question_mark")
            await seen.wait_for("new task")
            await seen.press("escape")
        await seen.press("n")
        assert isinstance(seen.app.screen, NewTaskScreen)
