"""The other columns of a rule, as people write them: `category=IT*; currency=EUR`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from finsync_tui.profile import is_condition

Where = tuple[tuple[str, str], ...]
BETWEEN: Final = "; "


def words(where: Iterable[tuple[str, str]]) -> str:
    """Return conditions in one line.

    >>> words((("category", "IT*"), ("currency", "EUR")))
    'category=IT*; currency=EUR'
    """
    return BETWEEN.join(f"{name}={cell}" for name, cell in where)


def read(texts: Iterable[str]) -> Where:
    """Return what was written as `NAME=CELL`, several in one text with `;` between them. Raises ValueError.

    >>> read(["currency=EUR; category=IT*"])
    (('currency', 'EUR'), ('category', 'IT*'))
    """
    found: list[tuple[str, str]] = []
    for text in (part.strip() for whole in texts for part in whole.split(BETWEEN.strip())):
        name, sign, cell = (piece.strip() for piece in text.partition("="))
        if not text:
            continue
        if not sign or not name or not cell:
            raise ValueError(f"{text!r} is not NAME=VALUE")
        found.append((name, cell))
    return tuple(found)


def of_evidence(told: Mapping[str, object]) -> dict[str, str]:
    """Return what an exception about a missing rule says about the document's other columns."""
    return {name: str(told[name]) for name in sorted(told) if is_condition(name)}
