"""The colours of the dashboard: two dark, two light, one of high contrast, one without colour.

Every text stands out from every ground that it can stand on by 4.5 to 1 at least (WCAG 2.2, 1.4.3), which a test
measures. No state is told by its colour alone.
"""

from __future__ import annotations

from textual.theme import Theme


def _theme(
    name: str,
    *,
    dark: bool,
    grounds: tuple[str, str, str],
    text: str,
    quiet: str,
    live: str,
    waits: str,
    good: str,
    bad: str,
) -> Theme:
    """Make a theme; `grounds` are those of panes, of bars and of the chosen row."""
    return Theme(
        name=f"parhelia-{name}",
        dark=dark,
        background=grounds[0],
        surface=grounds[0],
        panel=grounds[1],
        foreground=text,
        secondary=quiet,
        primary=live,
        accent=waits,
        warning=waits,
        success=good,
        error=bad,
        variables={"primary-muted": grounds[2]},
    )


DARK = _theme(
    "dark",
    dark=True,
    grounds=("#10141a", "#1b222c", "#1d3045"),
    text="#d7dce5",
    quiet="#8f98aa",
    live="#7cb7ff",
    waits="#ffcf5c",
    good="#7ee787",
    bad="#ff7b72",
)
DUSK = _theme(
    "dusk",
    dark=True,
    grounds=("#1d1a22", "#2a2531", "#3d2f45"),
    text="#e9e1d6",
    quiet="#a99fae",
    live="#c8a6f0",
    waits="#f2b866",
    good="#a8d48b",
    bad="#f58f8f",
)
LIGHT = _theme(
    "light",
    dark=False,
    grounds=("#fbfbf9", "#eceeea", "#d8e6f5"),
    text="#1c2128",
    quiet="#57606a",
    live="#0b5cad",
    waits="#825200",
    good="#1a6b2f",
    bad="#b3261e",
)
PAPER = _theme(
    "paper",
    dark=False,
    grounds=("#f6efdf", "#ebe2cd", "#e3d5b0"),
    text="#3a2f22",
    quiet="#635742",
    live="#1f5f74",
    waits="#7a4600",
    good="#3c5f16",
    bad="#9c2a1f",
)
CONTRAST = _theme(
    "contrast",
    dark=True,
    grounds=("#000000", "#1c1c1c", "#003a70"),
    text="#ffffff",
    quiet="#d0d0d0",
    live="#7fd4ff",
    waits="#ffe95c",
    good="#8dff9c",
    bad="#ff9a94",
)
PLAIN = _theme(
    "plain",
    dark=True,
    grounds=("#121212", "#1f1f1f", "#3a3a3a"),
    text="#e4e4e4",
    quiet="#e4e4e4",
    live="#e4e4e4",
    waits="#e4e4e4",
    good="#e4e4e4",
    bad="#e4e4e4",
)
ALL = {theme.name: theme for theme in (DARK, DUSK, LIGHT, PAPER, CONTRAST, PLAIN)}
