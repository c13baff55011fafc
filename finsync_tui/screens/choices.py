"""What a person can set: theme, time zone, how amounts are written, whether the keys are shown. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from zoneinfo import ZoneInfo

from finsync_tui.screens.text import Format

PREFIX = "setting."


@dataclass(frozen=True, slots=True)
class Choice:
    """One setting. Without options it is written, not picked."""

    name: str
    title: str
    about: str
    default: str
    options: tuple[tuple[str, str], ...] = ()


THEMES = (
    ("finsync-dark", "dark"),
    ("finsync-light", "light"),
    ("finsync-contrast", "high contrast"),
    ("finsync-safe", "colour-blind safe"),
    ("ansi-dark", "the terminal's own colours, dark"),
    ("ansi-light", "the terminal's own colours, light"),
)
NUMBERS = (
    ("en", "1,234,567.89"),
    ("de", "1.234.567,89"),
    ("fr", "1 234 567,89"),
    ("ch", "1'234'567.89"),
    ("plain", "1234567.89"),
)
_SIGNS = {"en": (",", "."), "de": (".", ","), "fr": ("\u00a0", ","), "ch": ("'", "."), "plain": ("", ".")}
CHOICES = (
    Choice("theme", "Theme", "colours; glyph and word always say the same", "finsync-dark", THEMES),
    Choice("zone", "Time zone", "in which times are shown, and meant when you write one", "UTC"),
    Choice("numbers", "Amounts", "how amounts of money are written on screens", "en", NUMBERS),
    Choice(
        "keys",
        "Keys",
        "what the last line shows",
        "verbs",
        (("verbs", "the verbs of the screen and their keys"), ("help", "only where to find help")),
    ),
)


def chosen(preferences: Mapping[str, str], name: str) -> str:
    """Return what a person chose; what this version does not know counts as not chosen."""
    choice = next(one for one in CHOICES if one.name == name)
    value = preferences.get(PREFIX + name, choice.default)
    known = [option for option, _ in choice.options]
    if name == "zone":
        return value if zone_problem(value) == "" else choice.default
    return value if value in known else choice.default


def format_of(preferences: Mapping[str, str]) -> Format:
    """Return how this person reads times and amounts."""
    thousands, decimal = _SIGNS[chosen(preferences, "numbers")]
    name = chosen(preferences, "zone")
    return Format(UTC if name == "UTC" else ZoneInfo(name), thousands, decimal)


def zone_problem(name: str) -> str:
    """Return why a name is no time zone; empty: it is.

    >>> zone_problem("Europe/Berlin"), zone_problem("Berlin")
    ('', 'there is no time zone Berlin; they are named like Europe/Berlin or America/New_York')
    """
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return f"there is no time zone {name or '(empty)'}; they are named like Europe/Berlin or America/New_York"
    return ""
