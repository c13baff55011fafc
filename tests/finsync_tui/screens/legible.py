"""Whether every text that a screen shows can be read on what lies below it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.color import Color
from textual.app import App
from textual.geometry import Region
from textual.screen import ModalScreen

FRAMES = frozenset("─│╭╮╰╯┌┐└┘━┃▏▎▍▌▋▊▉█▇▆▅▄▃▂▁ ")
"""What is no text: lines around panes, and the bar that shows where one has scrolled to."""
AA, AAA = 4.5, 7.0


def hard_to_read(app: App[None], least: float) -> list[str]:
    """Return what has less contrast than `least`. What lies dim behind a dialog is not in use."""
    screen = app.screen
    used = screen.query_one(".dialog").region if isinstance(screen, ModalScreen) else screen.region
    found = {
        f"{text.strip()!r}: {text_colour} on {below} is {contrast(text_colour, below):.2f}"
        for text, text_colour, below in _texts(app, used)
        if contrast(text_colour, below) < least
    }
    return sorted(found)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG 2 defines it."""
    light = sorted(
        sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))
        for colour in (one, other)
    )
    return (light[1] + 0.05) / (light[0] + 0.05)


def linear(colour: str) -> list[float]:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def _texts(app: App[None], used: Region) -> Iterator[tuple[str, str, str]]:
    lines = app.screen._compositor.render_strips()
    for line in lines[used.y : used.bottom]:
        for text, style, _ in line.crop(used.x, used.right):
            if style is None or not style.color or not style.bgcolor or not set(text) - FRAMES:
                continue
            assert not style.dim, f"a terminal makes {text!r} as dim as it likes"
            pair = (_hex(style.color), _hex(style.bgcolor))
            yield text, *(reversed(pair) if style.reverse else pair)


def _hex(colour: Color) -> str:
    return colour.get_truecolor().hex
