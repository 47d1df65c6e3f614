"""Every theme can be read, and tells no state by its colour alone."""

from __future__ import annotations

import itertools

import pytest
from textual.color import Color
from textual.theme import Theme

from parhelia_tui import themes
from parhelia_tui.core.model.display import TONES, Tone, glyph
from parhelia_tui.core.settings.dashboard import THEMES

TEXTS = ("foreground", "secondary", "primary", "accent", "warning", "error", "success")
GROUNDS = ("background", "surface", "panel", "primary-muted")
LEAST = 4.5
"""Of the contrast of a text to its ground (WCAG 2.2, success criterion 1.4.3)."""


def contrast(one: Color, other: Color) -> float:
    """The contrast of two colours, from 1 to 21, as WCAG 2.2 defines it."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: Color) -> float:
    parts = [each / 255 for each in colour.rgb]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_each_theme_that_can_be_configured_is_there_and_no_other() -> None:
    assert [f"parhelia-{name}" for name in THEMES] == list(themes.ALL)


@pytest.mark.parametrize("theme", themes.ALL.values(), ids=lambda theme: theme.name)
def test_every_text_stands_out_from_every_ground(theme: Theme) -> None:
    colours = theme.to_color_system().generate()
    for text, ground in itertools.product(TEXTS, GROUNDS):
        found = contrast(Color.parse(colours[text]), Color.parse(colours[ground]))
        assert found >= LEAST, (text, ground, round(found, 2))


def test_no_glyph_stands_for_what_is_well_and_for_what_is_not() -> None:
    calm = {glyph(word) for word, tone in TONES.items() if tone in (Tone.GOOD, Tone.LIVE)}
    loud = {glyph(word) for word, tone in TONES.items() if tone not in (Tone.GOOD, Tone.LIVE)}
    assert not calm & loud
