"""How well a text is read on what lies below it, as WCAG 2 measures it. Pure.

>>> muted, row, text = Color(139, 154, 171), Color(43, 74, 99), Color(217, 225, 234)
>>> round(ratio(muted, row), 2), round(ratio(text, row), 2)
(3.23, 7.03)
>>> readable(muted, row, text, 3).rgb, readable(muted, row, text, LEAST).rgb
((139, 154, 171), (170, 182, 196))
"""

from __future__ import annotations

from textual.color import Color

LEAST = 4.5
"""What WCAG asks for text (AA). The theme of high contrast asks for 7 (AAA)."""
STEPS = 20


def ratio(one: Color, other: Color) -> float:
    """Return the contrast of two colours: 1 is none, 21 black on white."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def readable(colour: Color, on: Color, towards: Color, least: float) -> Color:
    """Return a colour as it is, or as near to the text's own as it must be to be read on what lies below."""
    for step in range(STEPS):
        found = colour.blend(towards, step / STEPS)
        if ratio(found, on) >= least:
            return found
    return towards


def _luminance(colour: Color) -> float:
    parts = [part / 255 for part in colour.rgb]
    r, g, b = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
