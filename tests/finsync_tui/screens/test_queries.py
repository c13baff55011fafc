"""What the screens read, without a screen."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from finsync_tui.screens import dossiers, overview, queries
from finsync_tui.screens.delivery_detail import DeliveryDetailScreen
from finsync_tui.screens.filters import parse
from finsync_tui.screens.queries import DELIVERIES, EXCEPTIONS, WORKFLOWS
from finsync_tui.screens.reader import prepare
from store import cases, crossrefs, records, workflows
from store.clock import VirtualClock
from store.database import Store, open_store
from tests.builders import a_case, a_store
from tests.finsync_tui.flows.expense_desk import a_report, an_employee
from tests.finsync_tui.flows.invoice_desk import a_free_line, an_invoice
from tests.finsync_tui.screens.filled_store import MACHINE_NOW, NOW


@pytest.fixture
def store(filled: Path) -> Iterator[Store]:
    with open_store(filled, VirtualClock(NOW)) as opened:
        yield opened


@pytest.fixture
def db(store: Store) -> Iterator[sqlite3.Connection]:
    reader = store.reader()
    prepare(reader)
    yield reader
    reader.close()


def case_of(db: sqlite3.Connection, class_: str) -> int:
    return int(db.execute("SELECT min(id) FROM v_exception WHERE class = ?", (class_,)).fetchone()[0])


def test_sums_are_exact_per_currency(db: sqlite3.Connection) -> None:
    """Home's sums are those of the rows, to the minor unit, and no currency is added to another."""
    found = overview.overview(db, NOW)

    for currency in ("EUR", "USD"):
        expected = db.execute(
            "SELECT sum(amount_minor) FROM exception_case WHERE ended_at IS NULL AND currency = ?",
            (currency,),
        ).fetchone()[0]
        assert expected == sum(cause.amounts.get(currency, 0) for cause in found.causes)
    assert 30 == sum(cause.count for cause in found.causes)
    assert 18 == sum(cause.overdue_count for cause in found.causes)


def test_the_pulse_counts_by_the_engines_clock(db: sqlite3.Connection) -> None:
    """In a rehearsal an exception is overdue by virtual time, not by the machine's."""
    pulse = overview.pulse(db, MACHINE_NOW)

    assert pulse.engine is not None
    assert (30, 18, 3) == (pulse.open_count, pulse.overdue_count, pulse.failed_count)
    assert "running" == pulse.engine.standing(MACHINE_NOW)
    assert "silent" == pulse.engine.standing(MACHINE_NOW + timedelta(hours=1)), "its lease has run out"


def test_what_is_due_is_in_order_and_has_one_due_time_each(db: sqlite3.Connection) -> None:
    """What is next comes before what is late already; a held workflow is due by its exception only."""
    due = overview.overview(db, NOW).due

    assert [(item.due_at <= NOW, item.due_at) for item in due] == sorted(
        (item.due_at <= NOW, item.due_at) for item in due
    )
    assert len({item.number for item in due}) == len(due)


@pytest.mark.parametrize("listing", [EXCEPTIONS, WORKFLOWS, DELIVERIES], ids=lambda listing: listing.name)
def test_every_order_gives_every_row_once(
    db: sqlite3.Connection, listing: queries.Listing[queries.Listed]
) -> None:
    """Whichever way a list is sorted, no row is lost or doubled, and rows without a value come last."""
    everything = parse("state:all", listing.grammar, now=NOW)
    count = queries.count(db, listing, everything)

    for sort in listing.sorts:
        for is_reversed in (False, True):
            ids = queries.ids(db, listing, everything, sort, is_reversed=is_reversed)
            assert count == len(ids) == len(set(ids))
            assert set(ids) == set(queries.rows(db, listing, ids))


def test_amounts_are_sorted_as_money_and_not_as_smallest_units(store: Store) -> None:
    """5,000 yen have as many of them as 50.00 euros, and 5.000 dinars."""
    with store.transaction() as db:
        for currency, minor in (("EUR", 400_000), ("JPY", 5_000), ("BHD", 5_000_000), ("CLF", 45_000_000)):
            a = a_case(
                document_key=f"coupa:sort-{currency}",
                document_number="SORT",
                amount_minor=minor,
                currency=currency,
            )
            cases.open(db, a, NOW)
    amount = next(sort for sort in EXCEPTIONS.sorts if sort.name == "amount")
    parsed = parse("SORT", EXCEPTIONS.grammar, now=NOW)

    found = {}
    for is_reversed in (False, True):
        ids = queries.ids(store.db, EXCEPTIONS, parsed, amount, is_reversed=is_reversed)
        rows = queries.rows(store.db, EXCEPTIONS, list(ids))
        found[is_reversed] = [rows[one].currency for one in ids]

    expected = ["BHD", "JPY", "CLF", "EUR"]  # 5,000.000, 5,000, 4,500.0000, 4,000.00
    assert [sorted(expected[:2]), expected[2:]] == [sorted(found[True][:2]), found[True][2:]]
    assert expected[2:][::-1] == found[False][:2]


def test_a_long_search_tells_its_first_rows_early(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where finding all rows takes a moment the first ones are told before; what is found in the end is the same."""
    monkeypatch.setattr(queries, "EARLY_ROWS", 10)
    everything = parse("", EXCEPTIONS.grammar, now=NOW)
    expected = queries.ids(db, EXCEPTIONS, everything, EXCEPTIONS.sorts[0])
    told: list[array[int]] = []

    for takes_a_moment in (False, True):
        monkeypatch.setattr(queries, "EARLY_S", 0 if takes_a_moment else 60)
        found = queries.ids(
            db, EXCEPTIONS, everything, EXCEPTIONS.sorts[0], early=lambda _, ids: told.append(ids)
        )
        assert expected == found
        assert ([expected[:10]] if takes_a_moment else []) == told


def test_sums_of_marked_rows(db: sqlite3.Connection) -> None:
    """What a dialog says about marked rows is what the rows say."""
    ids = list(queries.ids(db, EXCEPTIONS, parse("", EXCEPTIONS.grammar, now=NOW), EXCEPTIONS.sorts[0]))
    rows = queries.rows(db, EXCEPTIONS, ids)

    sums = {total.currency: total for total in queries.sums(db, EXCEPTIONS, ids)}

    expected = sum(row.amount_minor or 0 for row in rows.values() if row.currency == "EUR")
    assert expected == sums["EUR"].amount_minor
    assert len(ids) == sum(total.count for total in sums.values())


def test_a_case_knows_its_three_documents(db: sqlite3.Connection) -> None:
    """Source as decided on, body as sent, target as read last."""
    found = dossiers.case(db, case_of(db, "READ_BACK_DIFFERS"))

    assert found is not None
    assert ("coupa", "oracle-emea", "oracle-emea") == (
        found.sides.source,
        found.sides.sent,
        found.sides.target,
    )
    assert "≠" in {line.mark for line in found.sides.lines if line.label == "total"}
    assert found.attempts
    assert {"record", "step", "attempt", "crossref", "exception", "event"} == {
        line.kind for line in found.history
    }
    assert [line.at for line in found.history] == sorted(line.at for line in found.history)


def test_a_document_that_could_not_be_stored_shows_its_payload(db: sqlite3.Connection) -> None:
    """The bytes as they were read, indented when they are JSON."""
    found = dossiers.case(db, case_of(db, "PAYLOAD_INVALID"))

    assert found is not None
    assert () == found.sides.lines
    assert '  "currency": null' in found.payload.lines
    assert ("place", "$.currency") in found.evidence


@pytest.mark.parametrize(
    ("payload", "note"),
    [
        (b"\xff\xfe not utf-8", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": "' + b"x" * 1_000_000 + b'"}', "only the first 200,000 of 1,000,009 bytes"),
    ],
)
def test_any_payload_can_be_shown(store: Store, db: sqlite3.Connection, payload: bytes, note: str) -> None:
    """Broken, bottomless or huge: it is shown as far as it goes, and said so."""
    with store.transaction() as writing:
        new = cases.NewCase(
            class_="PAYLOAD_INVALID", entity="purchase_order", document_key="coupa:x", document_number="x",
            system="coupa", cause="broken", fix="correct it", payload=payload,
        )  # fmt: skip
        case_id = cases.open(writing, new, NOW)

    found = dossiers.case(db, case_id)

    assert found is not None
    assert note in found.payload.note
    assert sum(map(len, found.payload.lines)) <= 210_000


def test_bank_details_are_masked(store: Store, db: sqlite3.Connection) -> None:
    """An account number that an adapter let through is not shown, neither in a payload nor in evidence."""
    secret = "DE89370400440532013000"
    with store.transaction() as writing:
        new = cases.NewCase(
            class_="REJECTED", entity="supplier", document_key="coupa:7", document_number="S-7", system="coupa",
            cause="no", fix="ask", payload=f'{{"bank": {{"iban": "{secret}"}}}}'.encode(), evidence={"iban": secret},
        )  # fmt: skip
        case_id = cases.open(writing, new, NOW)

    found = dossiers.case(db, case_id)

    assert found is not None
    assert secret not in "\n".join(found.payload.lines)
    assert '    "iban": "••••3000"' in found.payload.lines
    assert (("iban", "••••3000"),) == found.evidence


def test_the_timeline_has_no_gaps(db: sqlite3.Connection) -> None:
    """The engine notes when a step was decided; the wait before belongs to that step, the present one is open."""
    workflow_id = int(db.execute("SELECT id FROM workflow WHERE step = 'await_write_back'").fetchone()[0])

    found = dossiers.workflow(db, workflow_id)

    assert found is not None
    line = found.timeline
    assert "await write back" == line[-1].name
    assert line[-1].ended_at is None
    assert [step.ended_at for step in line[:-1]] == [step.started_at for step in line[1:]]
    assert [timedelta(minutes=n) for n in (4, 3, 95)] == [
        step.ended_at - step.started_at for step in line if step.name.startswith("await") and step.ended_at
    ]


def test_a_retried_step_is_not_still_held(store: Store, db: sqlite3.Connection) -> None:
    """Once the work goes on, the stretch in which it was held has an end."""
    workflow_id = int(db.execute("SELECT min(id) FROM workflow WHERE state = 'held'").fetchone()[0])
    with store.transaction() as writing:
        workflows.log_step(writing, workflow_id, "route", "done", NOW, NOW, {})
        workflows.save(writing, workflow_id, state="waiting", step="await_approval", data={}, now=NOW)

    found = dossiers.workflow(db, workflow_id)

    assert found is not None
    assert ["await approval"] == [step.name for step in found.timeline if step.ended_at is None]


def test_a_delivery_shows_every_attempt(db: sqlite3.Connection) -> None:
    """Eight attempts, the body as decided, and no edited one."""
    entry_id = int(db.execute("SELECT min(entry_id) FROM delivery WHERE state = 'buried'").fetchone()[0])

    found = dossiers.delivery(db, entry_id)

    assert found is not None
    assert 8 == len(found.attempts)
    assert found.edited is None
    assert any('"commitment"' in line for line in found.body.lines)


def test_nothing_is_found_for_what_is_gone(db: sqlite3.Connection) -> None:
    """An id that is not there is None, not an error."""
    assert dossiers.case(db, 10**9) is None
    assert dossiers.workflow(db, 10**9) is None
    assert dossiers.delivery(db, 10**9) is None


def test_history_does_not_scan_all_records(db: sqlite3.Connection) -> None:
    """The view's record rows have no index on their key; they are asked in another way."""
    plan = "\n".join(
        row[3]
        for row in db.execute(
            "EXPLAIN QUERY PLAN SELECT at FROM v_lineage WHERE document_key = ? AND kind <> 'record'",
            ("coupa:1",),
        )
    )

    assert "SCAN event" not in plan
    assert "SEARCH event" in plan


@pytest.mark.parametrize(
    "word",
    ["INV-77", "PO-9001", "ERP-55", "R-EXP-1", "E-4711", "k.lind", "K.Lind"],
    ids=[
        "invoice",
        "its order",
        "its ERP number",
        "expense report",
        "employee number",
        "login",
        "login, as typed",
    ],
)
def test_a_workflow_is_found_by_any_number(word: str) -> None:
    """Whatever somebody has in hand, in whichever system it is a number; nothing else comes with it."""
    store = a_store()
    held = (
        ("coupa", "77", an_invoice(a_free_line(order_number="PO-9001", order_line="1"), number="INV-77")),
        ("coupa", "78", an_invoice(a_free_line(order_number="PO-90012", order_line="1"), number="INV-99")),
        ("concur", "D1", a_report(number="R-EXP-1", employee_id="E-4711")),
        ("concur", "D2", a_report(number="R-EXP-2", employee_id="E-47112")),
        ("workday", "w1", an_employee("E-4711", login="k.lind")),
    )
    with store.transaction() as db:
        for system, external_id, record in held:
            incoming = records.Incoming(external_id, record, b"{}")
            records.put_page(db, record.entity, system, [incoming], NOW)
            workflows.start(
                db, flow="f", kind="post", entity=record.entity, document_key=f"{system}:{external_id}",
                document_number=record.number, document_version=1, document_revision="1", step="s", now=NOW,
            )  # fmt: skip
        # A system may number its orders as another its documents: the same key is not the same thing.
        workflows.start(
            db, flow="f", kind="post", entity="purchase_order", document_key="concur:D1", document_number="PO-1",
            document_version=1, document_revision="1", step="s", now=NOW,
        )  # fmt: skip
        crossrefs.link(
            db, "invoice", "coupa:77", "oracle-emea", "3001", why="created", linked_at=NOW, number="ERP-55"
        )
    prepare(store.db)
    ids = queries.ids(store.db, WORKFLOWS, parse(word, WORKFLOWS.grammar, now=NOW), WORKFLOWS.sorts[0])
    numbers = {row.number for row in queries.rows(store.db, WORKFLOWS, ids).values()}

    invoice = word.startswith(("INV", "PO-", "ERP"))
    person = {"E-4711"} if word == "E-4711" else set()
    assert numbers == ({"INV-77"} if invoice else {"R-EXP-1"} | person)


def test_an_attempt_shows_request_and_answer_without_secrets(store: Store) -> None:
    """What a system answers may hold tokens and bank details; neither is seen."""
    entry = store.db.execute("SELECT entry_id FROM attempt ORDER BY id LIMIT 1").fetchone()[0]
    answer = '{"access_token": "tok-very-secret", "iban": "DE89370400440532013000", "status": "refused"}'
    with store.transaction() as db:
        db.execute("UPDATE attempt SET answer = ? WHERE entry_id = ?", (answer, entry))
    found = dossiers.delivery(store.db, entry)

    assert found is not None
    shown = DeliveryDetailScreen(array("q", [entry]), 0).tab(found, "Attempts", 130).plain
    assert "request of #1, as decided" in shown
    assert "commitment" in shown
    assert "3000" in shown
    assert not any(secret in shown for secret in ("tok-very-secret", "DE8937"))


def test_exceptions_are_found_by_the_role_that_has_them() -> None:
    """And those that escalated to a deputy."""
    with a_store() as store, store.transaction() as db:
        (one, other) = (cases.open(db, a_case(document_key=f"coupa:{n}"), NOW) for n in (1, 2))
        cases.route(db, one, role="controlling", cause="mapping cost_centre", at=NOW)
        cases.route(db, other, role="finance", cause="flow requisition_to_pay", at=NOW)
        cases.escalate(db, other, role="controlling", at=NOW)
        found = [
            [
                row[0]
                for row in db.execute(
                    f"SELECT id FROM v_exception WHERE {told.where} ORDER BY id", told.params
                )
            ]
            for told in (
                parse(text, EXCEPTIONS.grammar, now=NOW) for text in ("role:controlling", "is:escalated")
            )
        ]

    assert [[one, other], [other]] == found
