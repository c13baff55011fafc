"""Document numbers as people type them: which two may be one, though they are not written alike. Pure."""

from __future__ import annotations

import re
from typing import Final

from store.canonical.supplier import normal

_RUNS: Final = re.compile(r"[^\W\d_]+|\d+")
_LETTERS_BEHIND: Final = re.compile(r"(?<=\d)[^\W\d_]+$")


def typed(number: str) -> str:
    """Return a number as it is however it was typed: without blanks, signs and leading zeros, the letter O as a zero.

    >>> typed("INV-001"), typed("inv 1"), typed("INVO01"), typed("INV-10")
    ('INV1', 'INV1', 'INV1', 'INV10')
    """
    return _without_zeros(_without_zeros(number.upper()).replace("O", "0"))


def stem(number: str) -> str:
    """Return the number without letters behind it, by which copies and corrections of one invoice are told apart.

    >>> stem("INV-001A"), stem("inv 1")
    ('INV1', 'INV1')
    """
    return _LETTERS_BEHIND.sub("", typed(number))


def is_typed_alike(one: str, other: str) -> bool:
    """Say whether two numbers differ in how they were typed at most."""
    return normal(one) == normal(other) or typed(one) == typed(other)


def _without_zeros(text: str) -> str:
    return "".join(run.lstrip("0") or "0" if run[0].isdigit() else run for run in _RUNS.findall(text))
