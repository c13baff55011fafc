"""Account numbers in what people write: a reason is kept for ever and shown to many, so they do not belong there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from store.canonical.supplier import account_problem, masked, normal
from store.errors import NotAllowedError

IBAN_MIN: Final = 15
NUMBER_MIN: Final = 5
SHOWN: Final = 5
"""Characters of a masked number without its country."""
_DAYS: Final = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_NUMBERS: Final = re.compile(r"[A-Za-z]{2}\d{2}(?:[ -]?[0-9A-Za-z]{2,4}){3,8}|\d(?:[ -]?\d){4,29}")
"""What may be an account number in words, whole or in groups."""


def refuse_account_number(words: str, known: Iterable[str] = ()) -> None:
    """Raise NotAllowedError where an IBAN stands in these words, or what may be one of the accounts that they are about.

    Whoever writes has not the engine's key, so those are known by what may be shown of them (`known`): one too much is refused
    rather than one too few.
    """
    accounts = tuple(known)
    for found in _NUMBERS.findall(_DAYS.sub("", words)):
        whole = normal(found)
        for part in _parts(whole):
            is_iban = part[:2].isalpha() and len(part) >= IBAN_MIN and account_problem(part) is None
            if is_iban or any(_may_be(part, one, is_whole=part == whole) for one in accounts):
                raise NotAllowedError(
                    "an account number stands in these words, and they are kept for ever. Nothing was changed. Say it without "
                    "the number: its last four characters are shown beside it anyhow."
                )


def _parts(whole: str) -> Iterator[str]:
    """What follows a number may be taken for a part of it."""
    return (whole[:end] for end in range(NUMBER_MIN, len(whole) + 1))


def _may_be(number: str, known: str, *, is_whole: bool) -> bool:
    """Say whether what may be shown of a number is what may be shown of the account; of a short one that is nothing."""
    shown, nothing = masked(number), masked("")
    if known == nothing:
        return is_whole and shown == nothing
    return shown[-SHOWN:] == known[-SHOWN:]
