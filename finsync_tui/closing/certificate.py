"""A certificate that nothing stood in the way of a period's close, and what it is worth by now.

It holds the digest of every document that the period's books rest on: key, day, amount, and whether it is posted. When
any of them comes, goes or changes, something stands in the way again, or a difference is accepted that it does not name, the
certificate is worth nothing any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from sqlite3 import Connection
from typing import Any, Final

from store import closing
from store.closing import Accepted, Certificate
from store.columns import encode

FORMAT: Final = "finsync.close-certificate/1"
NUMBERS_SHOWN: Final = 5

Booked = tuple[str, str, str, str, int, str, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """What the newest certificate of a period is worth."""

    certificate: Certificate | None
    is_valid: bool
    why: str
    """Why not, in a sentence; empty while it is valid, or while there is none."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a period's books rest on, summed up."""

    digest: str
    totals: dict[tuple[str, str], tuple[int, int]]
    """By entity and currency: how many documents, and their minor units."""


def basis(rows: Iterable[Booked]) -> Basis:
    """Sum documents up, in the order they come: that of their keys."""
    digest = sha256()
    counts: Counter[tuple[str, str]] = Counter()
    sums: Counter[tuple[str, str]] = Counter()
    for row in rows:
        digest.update(encode(row) + b"\n")
        _, entity, _, _, minor, currency, _ = row
        counts[entity, currency] += 1
        sums[entity, currency] += minor
    return Basis(digest.hexdigest(), {key: (counts[key], sums[key]) for key in sorted(counts)})


def named(accepted: Iterable[Accepted]) -> list[dict[str, Any]]:
    """Return differences that people have accepted as a certificate names them."""
    return [asdict(one) for one in accepted]


def unnamed(held: Certificate, accepted: Iterable[Accepted]) -> list[Accepted]:
    """Return the differences of its period that a certificate does not name as they were accepted: it said that there were none."""
    said = held.body.get("accepted_differences", ())
    return [one for one in accepted if asdict(one) not in said]


def standing(
    db: Connection,
    legal_entity: str,
    first: date,
    last: date,
    accepted: Sequence[Accepted],
    *,
    is_clean: bool,
) -> Standing:
    """Say what the newest certificate of a period is worth. `accepted` are the differences that people have accepted in it."""
    newest = closing.newest_certificate(db, legal_entity, first)
    if newest is None:
        return Standing(None, False, "")
    if not is_clean:
        return Standing(newest, False, "something stands in the way of the close again")
    if later := unnamed(newest, accepted):
        numbers = [one.document_number for one in later]
        return Standing(
            newest,
            False,
            f"differences were explained or written off that it does not name: {_shown(numbers)}",
        )
    if basis(closing.booked(db, legal_entity, first, last)).digest == newest.digest:
        return Standing(newest, True, "")
    numbers = closing.changed_since(db, legal_entity, first, last, newest.certified_at)
    shown = _shown(numbers)
    return Standing(
        newest, False, f"documents of the period have changed since{': ' + shown if shown else ''}"
    )


def _shown(numbers: Sequence[str]) -> str:
    return ", ".join(numbers[:NUMBERS_SHOWN]) + (" ..." if len(numbers) > NUMBERS_SHOWN else "")


def text(body: dict[str, Any]) -> str:
    """Return a certificate's body as the bytes that its own digest is made of: canonical JSON."""
    return encode(body).decode()
