"""Document numbers as people type them: which two may be one, though they are not written alike. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_RUNS: Final = re.compile(r"[^\W\d_]+|\d+")
_SIGN_BETWEEN: Final = re.compile(r"(?<=\d)[\W_]+(?=\d)")
_LETTERS_BEHIND: Final = re.compile(r"(?<=\d)[^\W\d_]+$")


def comparable(text: str) -> str:
    """Return a number or a name as it is compared: upper case, letters and digits of any script only, each in its usual form.

    >>> comparable("inv-1"), comparable("ＩＮＶ－１"), comparable("٢-Α")
    ('INV1', 'INV1', '2Α')
    """
    return "".join([one for one in _folded(text) if one.isalnum()])


def typed(number: str) -> str:
    """Return a number as it is however it was typed: without blanks, signs and leading zeros, the letter O as a zero.

    >>> typed("INV-001"), typed("inv 1"), typed("INVO01"), typed("INV-10")
    ('INV1', 'INV1', 'INV1', 'INV10')
    """
    return _without_zeros(_without_zeros(_folded(number)).replace("O", "0"))


def stem(number: str) -> str:
    """Return the number without letters behind it, by which copies and corrections of one invoice are told apart.

    >>> stem("INV-001A"), stem("inv 1")
    ('INV1', 'INV1')
    """
    return _LETTERS_BEHIND.sub("", typed(number))


def is_typed_alike(one: str, other: str) -> bool:
    """Say whether two numbers differ in how they were typed at most. A sign between digits counts: without it, it could be
    another number.

    >>> is_typed_alike("2026-01-11", "2026/1/11"), is_typed_alike("PO-1", "po 001")
    (True, True)
    >>> is_typed_alike("2026-1-11", "2026-11-1"), is_typed_alike("10-1", "101")
    (False, False)
    """
    return _between_signs(one) == _between_signs(other)


def is_same(one: str, other: str) -> bool:
    """Say whether two are one number: signs and blanks make no other one, but those between digits do.

    >>> is_same("inv 1", "INV-1"), is_same("2026/11", "2026-11"), is_same("10-1", "101"), is_same("2026-1-11", "2026-11-1")
    (True, True, False, False)
    >>> is_same("Α-123", "Β-123"), is_same("№ 7", "no7")
    (False, True)
    """
    return comparable(one) == comparable(other) and is_typed_alike(one, other)


def lacks_signs(one: str, other: str) -> bool:
    """Say whether two have the same letters and digits, and only one of them has signs between its digits: it is the same
    number typed otherwise, or another.

    >>> lacks_signs("10-1", "101"), lacks_signs("2026-0815", "20260815"), lacks_signs("10-1", "1-01"), lacks_signs("1", "1")
    (True, True, False, False)
    """
    signed = [_SIGN_BETWEEN.search(_folded(number)) is not None for number in (one, other)]
    return comparable(one) == comparable(other) and any(signed) and not all(signed)


def _between_signs(number: str) -> list[str]:
    return [typed(part) for part in _SIGN_BETWEEN.split(_folded(number))]


def _folded(text: str) -> str:
    """Return a text in upper case, with letters and digits of any width, and digits of any script, as they are usually written."""
    if text.isascii():
        return text.upper()
    usual = unicodedata.normalize("NFKC", text).upper()
    return "".join([str(int(one)) if one.isdecimal() else one for one in usual])


def _without_zeros(text: str) -> str:
    return "".join(run.lstrip("0") or "0" if run[0].isdigit() else run for run in _RUNS.findall(text))
