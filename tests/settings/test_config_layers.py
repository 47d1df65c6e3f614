"""Layering as a rule for every key: the last who set it decides, and nobody unsets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parhelia_tui.core.model.errors import ParheliaError
from parhelia_tui.core.settings.config import Config
from parhelia_tui.core.settings.config_files import load
from parhelia_tui.core.settings.config_layers import Layer, check, leaves, merged, value_at

NOWHERE = Path("/nowhere/config.toml")

# For each key, values that are right; `health` is left out where a pair could be wrong together.
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "defaults.agent": st.sampled_from(["shell", "demo", "other"]),
    "defaults.network": st.sampled_from(["none", "open"]),
    "defaults.persistent": st.booleans(),
    "defaults.priority": st.integers(-100, 100),
    "defaults.env.A": st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3),
    "defaults.env.B": st.just(""),
    "defaults.limits.cpus": st.floats(0.5, 8),
    "defaults.limits.pids": st.integers(4, 100),
    "controller.max_containers": st.integers(1, 9),
    "health.terminate_orphans": st.booleans(),
    "local.unsandboxed": st.booleans(),
    "local.system_paths": st.lists(st.sampled_from(["/usr", "/nix", "/opt"]), max_size=2),
    "dashboard.theme": st.sampled_from(["dark", "light"]),
}

FLAT = st.fixed_dictionaries({}, optional=VALUES)


def tables(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Build tables one key at a time, by other means than the code does."""
    built: dict[str, Any] = {}
    for key, value in flat.items():
        *above, name = key.split(".")
        inner = built
        for part in above:
            inner = inner.setdefault(part, {})
        inner[name] = value
    return built


@given(st.lists(FLAT, max_size=4))
def test_the_last_who_set_a_key_decides(layers: list[dict[str, Any]]) -> None:
    data: dict[str, Any] = {}
    for layer in layers:
        data = merged(data, tables(layer))
    for key in VALUES:
        said = [layer[key] for layer in layers if key in layer]
        assert value_at(data, tuple(key.split("."))) == (said[-1] if said else None)


@given(FLAT, FLAT)
def test_what_is_not_set_above_stays_below(below: dict[str, Any], above: dict[str, Any]) -> None:
    lower, upper = tables(below), tables(above)
    before = repr((lower, upper))
    whole = merged(lower, upper)
    assert repr((lower, upper)) == before
    paths = {path for path, _ in leaves(whole)}
    assert paths == {path for path, _ in leaves(lower)} | {path for path, _ in leaves(upper)}
    for path, value in leaves(lower):
        if value_at(upper, path) is None:
            assert value_at(whole, path) == value


@given(FLAT, FLAT, FLAT)
def test_layering_does_not_depend_on_grouping(
    a: dict[str, Any], b: dict[str, Any], c: dict[str, Any]
) -> None:
    one, two, three = tables(a), tables(b), tables(c)
    assert merged(merged(one, two), three) == merged(one, merged(two, three))
    assert merged(one, {}) == merged({}, one) == one


@given(FLAT)
def test_flags_reach_the_configuration_with_their_source(flags: dict[str, Any]) -> None:
    loaded = load(flags=flags, environ={"HOME": "/nowhere"}, system_file=NOWHERE)
    dumped = loaded.config.model_dump()
    for key, value in flags.items():
        found = value_at(dumped, tuple(key.split(".")))
        assert (list(found) if isinstance(found, tuple) else found) == value
        assert loaded.sources[key] == "flag"
    for path, value in leaves(Config().model_dump()):
        if ".".join(path) not in flags:
            assert value_at(dumped, path) == value
            assert loaded.sources[".".join(path)] == "built-in"


@given(FLAT)
def test_variables_give_what_flags_give(flags: dict[str, Any]) -> None:
    environ = {"HOME": "/nowhere"}
    for key, value in flags.items():
        *above, name = key.split(".")
        upper = [part.upper() for part in above] + [name if "env" in above else name.upper()]
        environ["PARHELIA_" + "__".join(upper)] = _as_variable(value)
    by_flag = load(flags=flags, environ={"HOME": "/nowhere"}, system_file=NOWHERE)
    by_variable = load(environ=environ, system_file=NOWHERE)
    assert by_variable.config == by_flag.config
    assert by_variable.sources.keys() == by_flag.sources.keys()


def _as_variable(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(f'"{each}"' for each in value) + "]"
    return str(value)


@given(
    st.dictionaries(
        st.text(max_size=8),
        st.recursive(st.integers(), lambda x: st.dictionaries(st.text(max_size=8), x), max_leaves=6),
    )
)
def test_an_unknown_key_is_an_error_of_ours_and_never_another(data: dict[str, Any]) -> None:
    if all(name in Config.model_fields and value == {} for name, value in data.items()):
        check(Layer("x", data))
        return
    with pytest.raises(ParheliaError) as caught:
        check(Layer("x", data))
    assert caught.value.code == "E700"
    assert caught.value.message.isprintable()
