"""The audit chain: promise 8."""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import Store, audit, meta
from store.audit import Entry, Verification
from store.errors import NotFoundError, StoreDamagedError
from tests.builders import MONDAY, a_store
from tests.conftest import Counts

words = st.text(max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)
entries = st.builds(
    Entry,
    who=words,
    what=words,
    subject=words,
    why=words,
    before=values,
    after=values,
    source=words,
    protected=st.dictionaries(words, words, max_size=2),
)


def a_log(length: int = 6) -> Store:
    """Return a store with an audit log of so many entries, open to tampering."""
    store = a_store()
    with store.transaction() as db:
        audit.record(
            db,
            [Entry("a.berg", "case.resolved", f"coupa:{n}", after={"n": n}) for n in range(length)],
            MONDAY,
        )
    store.db.execute("DROP TRIGGER audit_no_update")
    store.db.execute("DROP TRIGGER audit_no_delete")
    return store


def found(store: Store) -> tuple[int | None, str | None]:
    seen = audit.verify(store.db)
    assert seen.is_intact == (seen.reason is None)
    return seen.first_bad_seq, seen.reason


@given(groups=st.lists(st.lists(entries, max_size=3), max_size=4))
def test_a_chain_that_nobody_touched_verifies(groups: list[list[Entry]]) -> None:
    """In whatever groups entries are recorded, the chain holds and the head is its last hash."""
    with a_store() as store:
        for group in groups:
            with store.transaction() as db:
                audit.record(db, group, MONDAY)

        total = sum(map(len, groups))
        last = store.db.execute("SELECT hash FROM audit WHERE seq=?", (total,)).fetchone()
        head = bytes(32).hex() if last is None else last[0].hex()
        assert Verification(True, total, None, None, head) == audit.verify(store.db)


def test_anybody_can_verify_with_the_standard_library() -> None:
    """The chain is sha256(hash before || body), 32 zero bytes first, over bytes as they are stored."""
    with a_log() as store:
        previous = bytes(32)
        for body, stored in store.db.execute("SELECT body, hash FROM audit ORDER BY seq"):
            previous = hashlib.sha256(previous + body).digest()
            assert previous == stored
            shown = json.loads(body)
            assert (
                body == json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
            )


def test_the_body_says_who_did_what_when_and_why() -> None:
    """Empty parts are left out; the instant is the clock's."""
    with a_store() as store:
        with store.transaction() as db:
            audit.record(
                db, [Entry("a.berg", "case.resolved", "coupa:1", "known", {"a": 1}, None, "cli")], MONDAY
            )

        body = json.loads(store.db.execute("SELECT body FROM audit").fetchone()[0])

    assert {
        "at": "2026-01-05T08:00:00.000000Z",
        "who": "a.berg",
        "what": "case.resolved",
        "subject": "coupa:1",
        "why": "known",
        "before": {"a": 1},
        "source": "cli",
    } == body


@given(data=st.data())
def test_any_edited_byte_is_found(data: st.DataObject) -> None:
    """Changing one byte of a body or a hash anywhere names that entry."""
    with a_log() as store:
        seq = data.draw(st.integers(1, 6))
        column = data.draw(st.sampled_from(("body", "hash")))
        before = store.db.execute(f"SELECT {column} FROM audit WHERE seq=?", (seq,)).fetchone()[0]
        at = data.draw(st.integers(0, len(before) - 1))
        other = data.draw(st.integers(1, 255))
        after = before[:at] + bytes([before[at] ^ other]) + before[at + 1 :]
        store.db.execute(f"UPDATE audit SET {column}=? WHERE seq=?", (after, seq))

        assert (seq, "edited") == found(store)


@given(seq=st.integers(1, 5), is_renumbered=st.booleans())
def test_any_deletion_is_found(seq: int, is_renumbered: bool) -> None:
    """An entry taken out is missing, also when those after it are numbered anew."""
    with a_log() as store:
        store.db.execute("DELETE FROM audit WHERE seq=?", (seq,))
        if is_renumbered:
            for later in range(seq + 1, 7):
                store.db.execute("UPDATE audit SET seq=? WHERE seq=?", (later - 1, later))

        assert (seq, "missing") == found(store)


@given(kept=st.integers(0, 5))
def test_any_truncation_is_found(kept: int) -> None:
    """Entries cut off at the end show, down to none left."""
    with a_log() as store:
        store.db.execute("DELETE FROM audit WHERE seq>?", (kept,))

        assert (kept + 1, "truncated") == found(store)


@given(
    pair=st.lists(st.integers(1, 6), min_size=2, max_size=2, unique=True),
    columns=st.sampled_from(("both", "body")),
)
def test_any_reordering_is_found(pair: list[int], columns: str) -> None:
    """Two entries that changed places are named at the first of them, with their hashes or without."""
    one, other = sorted(pair)
    with a_log() as store:
        rows = {
            seq: (body, hash_) for seq, body, hash_ in store.db.execute("SELECT seq, body, hash FROM audit")
        }
        for seq, source in ((one, other), (other, one)):
            hash_ = rows[source if columns == "both" else seq][1]
            store.db.execute("UPDATE audit SET body=?, hash=? WHERE seq=?", (rows[source][0], hash_, seq))

        assert (one, "reordered") == found(store)


def test_no_tampering_goes_unseen(counts: Counts) -> None:
    """Whatever one change is made to the log, at random: edit, delete, swap, cut off, insert."""
    length = 40
    chance = random.Random(7)
    with a_log(length) as store:
        for _ in range(counts.tampers):
            store.db.execute("BEGIN")
            seq = chance.randint(1, length)
            store.db.execute(
                *chance.choice(
                    [
                        ("UPDATE audit SET body=CAST(body || ' ' AS BLOB) WHERE seq=?", (seq,)),
                        (
                            "UPDATE audit SET body=CAST(replace(body, 'a.berg', 'b.berg') AS BLOB) WHERE seq=?",
                            (seq,),
                        ),
                        ("UPDATE audit SET hash=zeroblob(32) WHERE seq=?", (seq,)),
                        (
                            "UPDATE audit SET hash=(SELECT hash FROM audit WHERE seq=1+?%40) WHERE seq=?",
                            (seq, seq),
                        ),
                        (
                            "UPDATE audit SET body=(SELECT body FROM audit WHERE seq=1+?%40) WHERE seq=?",
                            (seq, seq),
                        ),
                        ("UPDATE audit SET seq=seq+100 WHERE seq=?", (seq,)),
                        ("DELETE FROM audit WHERE seq=?", (seq,)),
                        ("DELETE FROM audit WHERE seq>=?", (seq,)),
                        ("INSERT INTO audit SELECT 41, body, hash FROM audit WHERE seq=?", (seq,)),
                    ]
                )
            )

            assert not audit.verify(store.db).is_intact
            store.db.execute("ROLLBACK")
        assert audit.verify(store.db).is_intact


def test_an_entry_forged_at_the_end_is_found() -> None:
    """An entry that follows correctly, but was not written by us, is one more than was counted."""
    with a_log() as store:
        last = store.db.execute("SELECT hash FROM audit WHERE seq=6").fetchone()[0]
        store.db.execute("INSERT INTO audit VALUES (7, x'7B7D', ?)", (hashlib.sha256(last + b"{}").digest(),))

        assert (7, "added") == found(store)


def test_a_rewritten_end_is_found() -> None:
    """The last entry replaced together with its hash no longer matches the hash noted beside the chain."""
    with a_log() as store:
        before = store.db.execute("SELECT hash FROM audit WHERE seq=5").fetchone()[0]
        forged = hashlib.sha256(before + b"{}").digest()
        store.db.execute("UPDATE audit SET body=x'7B7D', hash=? WHERE seq=6", (forged,))

        assert (6, "head") == found(store)


@pytest.mark.parametrize("spoil", ["DELETE FROM meta WHERE name='audit_head'", "UPDATE meta SET value='x'"])
def test_without_its_note_the_log_neither_verifies_nor_grows(spoil: str) -> None:
    """A removed note is found, and nothing is appended that would hide what happened."""
    with a_log() as store:
        store.db.execute(spoil)

        assert (6, "head") == found(store)
        with pytest.raises(StoreDamagedError), store.transaction() as db:
            audit.record(db, [Entry("a", "b", "c")], MONDAY)


def test_what_follows_a_truncation_does_not_hide_it() -> None:
    """Entries appended later leave the gap where it is."""
    with a_log() as store:
        store.db.execute("DELETE FROM audit WHERE seq>3")
        with store.transaction() as db:
            audit.record(db, [Entry("a", "b", "c")], MONDAY)

        assert (4, "missing") == found(store)


def test_verifying_may_begin_anywhere() -> None:
    """A part that was verified before need not be read again; trouble before it is not seen then."""
    with a_log() as store:
        store.db.execute("UPDATE audit SET body=x'00' WHERE seq=2")

        assert audit.verify(store.db, from_seq=3).is_intact
        assert 4 == audit.verify(store.db, from_seq=3).count
        assert (2, "edited") == found(store)


def test_the_log_only_grows() -> None:
    """The file itself refuses to change or remove an entry."""
    with a_store() as store:
        with store.transaction() as db:
            audit.record(db, [Entry("a", "b", "c")], MONDAY)

        for statement in ("UPDATE audit SET body=x'00'", "DELETE FROM audit"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                store.db.execute(statement)


def test_nothing_recorded_moves_nothing() -> None:
    """An empty group is no entry."""
    with a_store() as store:
        before = meta.get(store.db, "audit_head")
        with store.transaction() as db:
            assert [] == audit.record(db, [], MONDAY)

        assert before == meta.get(store.db, "audit_head")


def salts() -> Callable[[int], bytes]:
    """Return a source of salts that a test can foresee."""
    numbers = count(1)
    return lambda size: bytes([next(numbers)]) * size


def test_protected_values_can_be_erased_without_breaking_the_chain() -> None:
    """The chain holds a salted digest; value and salt lie beside it, and erasing them is itself on record."""
    with a_store() as store:
        with store.transaction() as db:
            entry = Entry("a", "account.seen", "coupa:1", protected={"iban": "DE89", "name": "Ada"})
            (seq,) = audit.record(db, [entry], MONDAY, salt=salts())
        body = json.loads(store.db.execute("SELECT body FROM audit").fetchone()[0])
        assert hashlib.sha256(b"\x01" * 16 + b"DE89").hexdigest() == body["protected"]["iban"]
        assert {"iban": "DE89", "name": "Ada"} == audit.protected_values(store.db, seq)

        with store.transaction() as db:
            erased = audit.erase_protected(
                db, seq, ["iban", "unknown"], who="dpo", why="asked", at=MONDAY + timedelta(days=1)
            )

        assert 1 == erased
        assert {"name": "Ada"} == audit.protected_values(store.db, seq)
        assert audit.verify(store.db).is_intact
        assert {"names": ["iban"]} == json.loads(
            store.db.execute("SELECT body FROM audit WHERE seq=2").fetchone()[0]
        )["after"]
        assert b"DE89" not in b"".join(body for (body,) in store.db.execute("SELECT body FROM audit"))


def test_a_protected_value_that_nobody_erased_is_missed() -> None:
    """Deleting the row is no way to erase what somebody wrote; an entry that only speaks of such values has none."""
    with a_store() as store:
        with store.transaction() as db:
            audit.record(
                db,
                [
                    Entry("a", "b", 'c "protected":{', why='"protected":{'),
                    Entry("a", "b", "c", protected={"iban": "DE89", "why": "asked"}),
                    Entry("a", "b", "c", protected={"why": "asked"}),
                ],
                MONDAY,
            )
        assert audit.verify(store.db).is_intact

        store.db.execute("DELETE FROM audit_protected WHERE seq=2 AND name='why'")
        assert (2, "protected") == found(store)
        with store.transaction() as db:
            audit.erase_protected(db, 2, ["iban"], who="dpo", why="asked", at=MONDAY)
        assert (2, "protected") == found(store)


def test_a_protected_value_beside_no_such_entry_is_found() -> None:
    """Nobody gets to say what somebody wrote afterwards."""
    with a_store() as store:
        with store.transaction() as db:
            audit.record(db, [Entry("a", "b", "c"), Entry("a", "b", "c", protected={"why": "x"})], MONDAY)
        store.db.execute("INSERT INTO audit_protected VALUES (1, 'why', x'00', 'because I say so')")

        assert (1, "protected") == found(store)


def test_a_changed_protected_value_is_found() -> None:
    """A value beside the chain that is not the one recorded names its entry."""
    with a_store() as store:
        with store.transaction() as db:
            audit.record(db, [Entry("a", "b", "c"), Entry("a", "b", "c", protected={"iban": "DE89"})], MONDAY)
        store.db.execute("UPDATE audit_protected SET value='DE00'")

        assert (2, "protected") == found(store)


def test_erasing_from_an_unknown_entry_is_refused() -> None:
    """There is nothing to erase where there is no entry."""
    with a_store() as store, pytest.raises(NotFoundError, match="audit entry '7'"), store.transaction() as db:
        audit.erase_protected(db, 7, ["iban"], who="dpo", why="asked", at=MONDAY)
