"""What a person saw of an exception, a break or a delivery when they decided what to do with it.

Only what people do to it, and what its trouble is, counts: the engine may see the same trouble again as often as it likes.
Values are compared, not times: in a rehearsal many things happen at one instant.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from store.columns import chunks, marks


@dataclass(frozen=True, slots=True)
class Glance:
    """How a thing stood."""

    state: str
    owner: str | None
    trouble: str
    """A digest of what is wrong: another one when something else is wrong."""
    snoozed_until: str | None
    word_count: int
    """How many notes people had written on it."""

    @property
    def mark(self) -> str:
        """This glance as a word that a script can keep and hand back.

        >>> seen = Glance("open", "ana", "5f3c", None, 2)
        >>> Glance.read(seen.mark) == seen
        True
        """
        values = [self.state, self.owner, self.trouble, self.snoozed_until, self.word_count]
        return (
            base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")
        )

    @classmethod
    def read(cls, mark: str) -> Glance:
        """Return the glance that a mark stands for; ValueError: it is none."""
        values = json.loads(base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)))
        match values:
            case [str(state), str() | None as owner, str(trouble), str() | None as until, int(count)]:
                return cls(state, owner, trouble, until, count)
            case _:
                raise ValueError("not a mark")

    def changed(self, now: Glance) -> str:
        """Say what somebody has done since; empty: nothing."""
        told: list[str] = []
        if now.owner != self.owner:
            told.append(f"it belongs to {now.owner or 'nobody'} now, it belonged to {self.owner or 'nobody'}")
        if now.state != self.state:
            told.append(f"it is {now.state.replace('_', ' ')} now, it was {self.state.replace('_', ' ')}")
        elif now.snoozed_until != self.snoozed_until:
            told.append(f"it is put aside until {now.snoozed_until} now")
        if now.word_count != self.word_count:
            told.append("somebody has written a note on it")
        if now.trouble != self.trouble:
            told.append("its trouble is another one now")
        return f"it has changed since you looked: {'; '.join(told)}. Look at it again" if told else ""


def of_cases(db: sqlite3.Connection, ids: Iterable[int]) -> dict[int, Glance]:
    """Return how these exceptions stand."""
    return _glances(
        db,
        "SELECT id, state, owner, cause, snoozed_until, (SELECT count(*) FROM case_note n WHERE n.case_id=c.id)"
        " FROM exception_case c WHERE id IN ({ids})",
        ids,
    )


def of_breaks(db: sqlite3.Connection, ids: Iterable[int]) -> dict[int, Glance]:
    """Return how these breaks stand."""
    return _glances(
        db,
        "SELECT id, state, owner, fingerprint, NULL,"
        " (SELECT count(*) FROM break_history h WHERE h.break_id=b.id AND h.what='commented')"
        " FROM reconcile_break b WHERE id IN ({ids})",
        ids,
    )


def of_deliveries(db: sqlite3.Connection, ids: Iterable[int]) -> dict[int, Glance]:
    """Return how these deliveries stand: nobody owns one, and what is wrong is why it failed and what is sent instead."""
    return _glances(
        db,
        "SELECT entry_id, state, NULL, coalesce(failure, '') || ' ' || coalesce(edited_body, ''), NULL, 0"
        " FROM delivery WHERE entry_id IN ({ids})",
        ids,
    )


def of_pairs(db: sqlite3.Connection, ids: Iterable[int]) -> dict[int, Glance]:
    """Return how these pairs of suppliers stand: nobody owns one, and what was said of it is all there is."""
    return _glances(
        db,
        "SELECT id, state, NULL, coalesce(proposed_by, '') || ' ' || coalesce(answered_by || ' ' || answered_at, ''), NULL, 0"
        " FROM v_supplier_pair WHERE id IN ({ids})",
        ids,
    )


def _glances(db: sqlite3.Connection, question: str, ids: Iterable[int]) -> dict[int, Glance]:
    found: dict[int, Glance] = {}
    for some in chunks(list(ids)):
        for row in db.execute(question.format(ids=marks(some)), some):
            thing, state, owner, trouble, until, count = row
            digest = hashlib.sha256((trouble or "").encode("utf-8", "surrogatepass")).hexdigest()[:16]
            found[int(thing)] = Glance(state, owner, digest, until, count)
    return found
