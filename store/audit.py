"""The audit log: append-only, each entry chained to the one before.

`body` is canonical JSON (keys sorted, no spaces, UTF-8); `hash = sha256(hash of the entry before || body)`, 32 zero bytes
before the first. How many entries there are and the newest hash also stand in `meta`, written in the same transaction,
so that entries cut off at the end show.

Values that may have to be erased one day lie in `audit_protected`. The chain holds only `sha256(salt || value)` of them:
erasing the value and its salt leaves the chain whole, and makes guessing the value from its digest pointless.
"""

from __future__ import annotations

import secrets
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, Literal

import msgspec

from store import archives, checkpoints
from store.clock import text
from store.columns import encode, from_json, insert
from store.errors import NotFoundError, StoreDamagedError

FIRST_PREVIOUS: Final = bytes(32)
SALT_BYTES: Final = 16
_PAGE: Final = 500
"""Entries that are looked at together."""
ERASED: Final = "audit.erased"
WORDS: Final = "why"
"""The protected value that holds a person's own words: a reason, a comment."""

Reason = Literal["edited", "missing", "reordered", "truncated", "added", "head", "protected"]

_HEAD = "audit_head"
_HAS_PROTECTED: Final = b'"protected":{'
"""How an entry begins to tell its protected values. In a text of an entry the quotation marks would be escaped."""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """Who did what to what, and why. A struct: each act of the engine makes one, at a tenth of a frozen dataclass's cost."""

    who: str
    what: str
    """noun.past_participle, e.g. `exception.resolved`."""
    subject: str
    """Key of the document or thing."""
    why: str = ""
    before: Any = None
    after: Any = None
    """JSON values: mappings, lists, text, whole numbers."""
    source: str = ""
    """Where the act came from: a screen, a command, a system."""
    protected: Mapping[str, str] = {}
    """Values that can be erased later, by name."""


class _Body(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """What is hashed of an entry; what it does not say is left out. A struct: one is made for every act of the engine,
    and it encodes as a dict of the same keys would, in half the time."""

    after: Any = None
    at: str
    before: Any = None
    protected: Mapping[str, str] | None = None
    source: str = ""
    subject: str
    what: str
    who: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """What checking the chain found.

    | reason | the first bad entry |
    | --- | --- |
    | edited | does not have the hash it should have |
    | missing | is not there, though later ones are |
    | reordered | stands in another's place |
    | truncated | would follow the last: entries at the end are gone |
    | added | is one that the count does not know |
    | head | is the last: the newest hash that was noted is another, or is gone |
    | protected | has a protected value that is not the one recorded, or lacks one that nobody recorded as erased |
    """

    is_intact: bool
    count: int
    """Entries that were checked and hold."""
    first_bad_seq: int | None
    reason: Reason | None
    head: str
    """Hash of the last entry that holds, as hexadecimal text."""


def record(
    db: sqlite3.Connection,
    entries: Sequence[Entry],
    at: datetime,
    *,
    salt: Callable[[int], bytes] = secrets.token_bytes,
) -> list[int]:
    """Append entries; return their places. `salt` is where the salts of protected values come from."""
    if not entries:
        return []
    noted = _noted_head(db)
    if noted is None:
        raise StoreDamagedError("the workspace's file", "the end of the audit log is not noted any more")
    count, previous = noted
    moment = text(at)
    first = count + 1
    rows: list[tuple[int, bytes, bytes]] = []
    protected: list[tuple[int, str, bytes, str]] = []
    for seq, entry in enumerate(entries, first):
        digests: dict[str, str] | None = None
        if entry.protected:
            digests = {}
            for name, value in entry.protected.items():
                grain = salt(SALT_BYTES)
                digests[name] = protected_digest(grain, value)
                protected.append((seq, name, grain, value))
        body = encode(
            _Body(
                after=entry.after,
                at=moment,
                before=entry.before,
                protected=digests,
                source=entry.source,
                subject=entry.subject,
                what=entry.what,
                who=entry.who,
                why=entry.why,
            )
        )
        previous = sha256(previous + body).digest()
        rows.append((seq, body, previous))
    insert(db, "INSERT INTO audit(seq, body, hash)", rows)
    insert(db, "INSERT INTO audit_protected(seq, name, salt, value)", protected)
    db.execute("UPDATE meta SET value=? WHERE name=?", (f"{rows[-1][0]}:{previous.hex()}", _HEAD))
    return list(range(first, first + len(rows)))


def verify(db: sqlite3.Connection, *, from_seq: int = 1) -> Verification:
    """Check the chain from `from_seq` to its end against one moment's state of the file. Of what lies in archives only the last
    hash is here; that they are ours is for their signatures to say."""
    with _one_snapshot(db):
        from_seq = max(from_seq, archives.base(db)[0] + 1)
        protected = array("q")
        found = _verify_chain(db, from_seq, protected)
        return _verify_protected(db, from_seq, protected, found) if found.is_intact else found


def erase_protected(
    db: sqlite3.Connection, seq: int, names: Iterable[str], *, who: str, why: str, at: datetime
) -> int:
    """Erase protected values of an entry for good, and record that it was done; return how many there were."""
    if db.execute("SELECT 1 FROM audit WHERE seq=?", (seq,)).fetchone() is None:
        raise NotFoundError("audit entry", str(seq))
    db.execute("PRAGMA secure_delete=ON")  # or the words stay in the file's free space
    gone = [
        name
        for name in sorted({*names})
        if db.execute("DELETE FROM audit_protected WHERE seq=? AND name=?", (seq, name)).rowcount
    ]
    if gone:
        entry = Entry(
            who=who, what=ERASED, subject=f"audit:{seq}", after={"names": gone}, protected={WORDS: why}
        )
        record(db, [entry], at)
    return len(gone)


def author(db: sqlite3.Connection, seq: int) -> str:
    """Return who an entry is of; empty: there is no such entry."""
    row = db.execute("SELECT body ->> '$.who' FROM audit WHERE seq=?", (seq,)).fetchone()
    return "" if row is None else str(row[0])


def protected_values(db: sqlite3.Connection, seq: int) -> dict[str, str]:
    """Return the protected values of an entry that have not been erased."""
    return dict(db.execute("SELECT name, value FROM audit_protected WHERE seq=?", (seq,)))


def erased(db: sqlite3.Connection) -> dict[tuple[int, str], int]:
    """Return which protected values were erased, by entry and name, and the entry that recorded it."""
    found: dict[tuple[int, str], int] = {}
    for seq, body in db.execute(
        "SELECT seq, body FROM audit WHERE body ->> '$.what' = ? ORDER BY seq", (ERASED,)
    ):
        told = from_json(body)
        of = str(told.get("subject", "")).removeprefix("audit:")
        if of.isdecimal():
            found.update({(int(of), str(name)): seq for name in (told.get("after") or {}).get("names", ())})
    return found


def protected_digest(salt: bytes, value: str) -> str:
    """Return what the chain holds of a protected value."""
    return sha256(salt + value.encode()).hexdigest()


def head(db: sqlite3.Connection) -> tuple[int, str]:
    """Return how many entries there are and the newest hash, as hexadecimal text."""
    noted = _noted_head(db)
    if noted is None:
        raise StoreDamagedError("the workspace's file", "the end of the audit log is not noted any more")
    return noted[0], noted[1].hex()


def _noted_head(db: sqlite3.Connection) -> tuple[int, bytes] | None:
    """Return how many entries were written and the newest hash; None: the note was removed or spoilt."""
    row = db.execute("SELECT value FROM meta WHERE name=?", (_HEAD,)).fetchone()
    count, _, head = (row[0] if row else "").partition(":")
    try:
        return int(count), bytes.fromhex(head)
    except ValueError:
        return None


@contextmanager
def _one_snapshot(db: sqlite3.Connection) -> Iterator[None]:
    """Let several statements see the same state while an engine goes on writing."""
    if db.in_transaction:
        yield
        return
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("ROLLBACK")


def _verify_chain(db: sqlite3.Connection, from_seq: int, protected: array[int]) -> Verification:
    """Check the links; note in `protected` which entries may have protected values."""
    noted = _noted_head(db)
    previous = FIRST_PREVIOUS
    if from_seq > 1:
        before = checkpoints.hash_at(db, from_seq - 1)
        if before is None:
            return Verification(False, 0, from_seq - 1, "missing", "")
        previous = bytes.fromhex(before)
    expected = from_seq
    rows = db.execute("SELECT seq, body, hash FROM audit WHERE seq>=? ORDER BY seq", (from_seq,))
    while page := rows.fetchmany(_PAGE):
        for place, (seq, body, stored) in enumerate(page, expected):
            if seq != place:
                return Verification(False, place - from_seq, place, "missing", previous.hex())
            computed = sha256(previous + body).digest()
            if computed != stored:
                reason = _why_broken(db, seq, previous, stored, noted)
                return Verification(False, place - from_seq, seq, reason, previous.hex())
            previous = computed
        expected += len(page)
        # Searching a page at once takes a third of the time of searching each entry.
        if _HAS_PROTECTED in b"".join([body for _, body, _ in page]):
            protected.extend(seq for seq, body, _ in page if _HAS_PROTECTED in body)
    bad, why = _end_of_chain(expected - 1, previous, noted)
    return Verification(why is None, expected - from_seq, bad, why, previous.hex())


def _end_of_chain(
    last: int, head: bytes, noted: tuple[int, bytes] | None
) -> tuple[int | None, Reason | None]:
    """Compare the last entry with what was noted of it when it was written."""
    if noted is None:
        return last, "head"
    count, noted_head = noted
    if last < count:
        return last + 1, "truncated"
    if last > count:
        return count + 1, "added"
    return (None, None) if head == noted_head else (last, "head")


def _why_broken(
    db: sqlite3.Connection, seq: int, previous: bytes, stored: bytes, noted: tuple[int, bytes] | None
) -> Reason:
    """Name what happened to an entry that does not follow the one before.

    Reordered: what belongs here stands further down. Missing: there are fewer entries than were written, so those
    after the gap have been numbered anew. Else it was edited.
    """
    for body, digest in db.execute("SELECT body, hash FROM audit WHERE seq>? ORDER BY seq", (seq,)):
        if sha256(previous + body).digest() in (digest, stored):
            return "reordered"
    archived, _ = archives.base(db)
    (here,) = db.execute("SELECT count(*) FROM audit WHERE seq>?", (archived,)).fetchone()
    return "missing" if noted is not None and archived + here < noted[0] else "edited"


def _verify_protected(
    db: sqlite3.Connection, from_seq: int, protected: Sequence[int], found: Verification
) -> Verification:
    """Check that the values beside the chain are those whose digests it holds, and that those which are gone were erased."""
    values: dict[str, tuple[bytes, str]]
    gone: Mapping[tuple[int, str], int] | None = None
    kept = groupby(
        db.execute(
            "SELECT seq, name, salt, value FROM audit_protected WHERE seq>=? ORDER BY seq", (from_seq,)
        ),
        key=itemgetter(0),
    )
    beside, rows = next(kept, (None, iter(())))
    for seq in protected:
        if beside is not None and beside < seq:
            break  # beside an entry that has none
        values = {name: (salt, value) for _, name, salt, value in rows} if beside == seq else {}
        if beside == seq:
            beside, rows = next(kept, (None, iter(())))
        digests = _digests(db, seq)
        if any(digests.get(name) != protected_digest(salt, value) for name, (salt, value) in values.items()):
            return _bad_protected(found, seq)
        for name in digests.keys() - values.keys():
            gone = erased(db) if gone is None else gone
            if (seq, name) not in gone:
                return _bad_protected(found, seq)
    return found if beside is None else _bad_protected(found, beside)


def _bad_protected(found: Verification, seq: int) -> Verification:
    return Verification(False, found.count, seq, "protected", found.head)


def _digests(db: sqlite3.Connection, seq: int) -> dict[str, str]:
    (body,) = db.execute("SELECT body FROM audit WHERE seq=?", (seq,)).fetchone()
    digests: dict[str, str] = from_json(body).get("protected", {})
    return digests
