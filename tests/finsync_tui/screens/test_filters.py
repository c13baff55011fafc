"""The filter line's grammar, tried on the store it is for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finsync_tui.screens import queries
from finsync_tui.screens.filters import Parsed, parse
from finsync_tui.screens.reader import prepare
from finsync_tui.screens.text import Format
from store.clock import VirtualClock
from store.database import open_store
from tests.finsync_tui.screens.filled_store import NOW

GRAMMAR = queries.EXCEPTIONS.grammar


@pytest.fixture
def db(filled: Path) -> Iterator[sqlite3.Connection]:
    with open_store(filled, VirtualClock(NOW)) as store:
        reader = store.reader()
        prepare(reader)
        yield reader
        reader.close()


def parsed(text: str) -> Parsed:
    return parse(text, GRAMMAR, now=NOW, me="ana")


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("", "ended_at IS NULL"),
        ("state:all", "1"),
        ("resolved", "state = 'resolved'"),
        ("-Snoozed", "state <> 'snoozed'"),
        ("state:resolved", "state = 'resolved'"),
        ("class:MAPPING*", "class LIKE 'MAPPING%' AND ended_at IS NULL"),
        ("-class:MAPPING*", "class NOT LIKE 'MAPPING%' AND ended_at IS NULL"),
        ("owner:ana|ben", "owner IN ('ana', 'ben') AND ended_at IS NULL"),
        ("owner:none", "owner IS NULL AND ended_at IS NULL"),
        ("-owner:ana", "coalesce(owner, '') <> 'ana' AND ended_at IS NULL"),
        ("is:mine is:overdue", "owner = 'ana' AND due_at <= '2026-03-14T10' AND ended_at IS NULL"),
        ("due:<1d", "due_at < '2026-03-15T10' AND ended_at IS NULL"),
        ("age:>3d", "opened_at < '2026-03-11T10' AND ended_at IS NULL"),
        ("due:2026-03-14", "due_at LIKE '2026-03-14%' AND ended_at IS NULL"),
        ("amount:>50000 currency:EUR", "amount_minor > 5000000 AND currency = 'EUR' AND ended_at IS NULL"),
        ("due:<=2026-03-14", "due_at < '2026-03-15' AND ended_at IS NULL"),
        ("due:>2026-03-14", "due_at >= '2026-03-15' AND ended_at IS NULL"),
        ("due:<2026-03-14", "due_at < '2026-03-14' AND ended_at IS NULL"),
        ("due:>=2026-03-14", "due_at >= '2026-03-14' AND ended_at IS NULL"),
        ("amount:>50,000", "amount_minor > 5000000 AND ended_at IS NULL"),
        ("amount:<=616.18", "amount_minor <= 61618 AND ended_at IS NULL"),
        ("system:coupa", "system = 'coupa' AND ended_at IS NULL"),
        ("Büro", "cause LIKE '%Büro%' AND ended_at IS NULL"),
        ("162013", "document_key = 'coupa:100213' AND ended_at IS NULL"),
        ("100%", "0"),
    ],
)
def test_a_filter_finds_what_it_says(db: sqlite3.Connection, text: str, condition: str) -> None:
    """Each form of the grammar gives the rows of the plain SQL beside it."""
    found = queries.ids(db, queries.EXCEPTIONS, parsed(text), queries.EXCEPTIONS.sorts[0])

    expected = [row[0] for row in db.execute(f"SELECT id FROM v_exception WHERE {condition}")]
    assert sorted(expected) == sorted(found)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("owners:ana", "there is no field owners; did you mean owner:?"),
        ("zzz:1", "there is no field zzz; there are class"),
        ("state:opened", "state: may be open, snoozed"),
        ("amount:>many", "many is not a number"),
        (f"amount:>{10**16}", "too large"),
        ("amount:>10,5", "10,5 is not a number like 1,234.50"),
        ("amount:>1.000,50", "1.000,50 is not a number like 1,234.50"),
        ("amount:", "amount: needs a value"),
        ("due:<tomorrow", "neither a span (4h, 2d) nor a date"),
        ("is:late", "is: may be overdue"),
        ('"half', "a quotation mark is not closed"),
        ("x " * 30, "more than 20 terms"),
    ],
)
def test_what_is_not_understood_is_said(text: str, reason: str) -> None:
    """A bad term is named with what would be right."""
    assert reason in parsed(text).problem


def test_amounts_and_days_are_meant_as_the_person_writes_them() -> None:
    """Ten thousand is not ten where a dot groups thousands, and a day is one of the person's time zone."""
    german = Format(ZoneInfo("Europe/Berlin"), thousands=".", decimal=",")

    def found(text: str) -> tuple[str, ...]:
        return tuple(str(one) for one in parse(text, GRAMMAR, now=NOW, form=german).params)

    assert ("10000", "10000.50", "1234567", "10.5") == tuple(
        found(f"amount:>{written}")[0] for written in ("10.000", "10.000,50", "1.234.567", "10.5")
    )
    assert ["2026-03-13T23:00", "2026-03-14T23:00"] == [one[:16] for one in found("due:2026-03-14")]
    assert ["2026-03-29T22:00"] == [one[:16] for one in found("due:<=2026-03-29")]  # a day of 23 hours


@given(st.text(max_size=60))
def test_no_text_breaks_the_query(text: str) -> None:
    """Whatever is typed is either refused or valid SQL: values are bound, never pasted."""
    found = parsed(text)
    if found.problem:
        return
    db = sqlite3.connect(":memory:")
    prepare(db)
    db.execute("CREATE TABLE crossref (document_key, number)")
    db.execute(
        "CREATE TABLE v_exception (id, class, state, owner, system, legal_entity, step, currency, amount_minor, due_at, "
        "opened_at, seen_count, document_number, document_key, cause, ended_at)"
    )

    count = queries.count(db, queries.EXCEPTIONS, found)

    db.close()
    assert 0 == count


@pytest.mark.parametrize(
    "listing", [queries.EXCEPTIONS, queries.WORKFLOWS, queries.DELIVERIES], ids=lambda x: x.name
)
def test_every_field_and_flag_is_a_column_of_its_list(
    db: sqlite3.Connection, listing: queries.Listing[queries.Listed]
) -> None:
    """No field of a grammar leads to an error of the database."""
    values = {"text": "a*", "money": ">1", "number": ">0", "instant": "<1d"}
    texts = [
        f"{field.name}:{field.values[0] if field.values else values[field.kind]}"
        for field in listing.grammar.fields
    ]
    texts += [f"is:{name}" for name, _ in listing.grammar.flags] + ["word"]

    counts = [queries.count(db, listing, parse(text, listing.grammar, now=NOW, me="ana")) for text in texts]

    assert all(count >= 0 for count in counts)
    assert sum(counts) > 0
