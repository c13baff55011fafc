"""Migrations: from nothing, and from every released version."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from store import (
    Store,
    audit,
    backup,
    cases,
    commitments,
    crossrefs,
    events,
    leases,
    open_store,
    outbox,
    records,
    workflows,
)
from store.canonical.budget import Budget
from store.canonical.money import Money
from store.canonical.payables import Invoice, InvoiceLine, PaidInvoice, Payment
from store.canonical.purchasing import PurchaseOrder
from store.canonical.supplier import Supplier
from store.database import KNOWN_MIGRATIONS
from store.migrations import (
    m024_budgets_by_what_is_charged,
    m032_spent_on_ended_orders,
    m033_near_numbers_and_amounts_paid,
    m034_budget_days,
    m038_numbers_of_any_script,
    migrations,
    statements,
)
from tests import template
from tests.builders import (
    MONDAY,
    a_case,
    a_clock,
    a_commitment,
    a_purchase_order,
    a_store,
    a_supplier,
    an_entry,
    an_event,
)
from tests.store import released_store

BUDGET = Budget(
    number="DE01/420/2026", name="Office", legal_entity="DE01", period="FY2026", cost_centre="420", project="P-7",
    amount=Money.of("100", "EUR"), remaining=Money.of("90", "EUR"),
)  # fmt: skip

pytestmark = pytest.mark.usefixtures("migrated_anew")
RELEASED = sorted(released_store.FOLDER.glob("*.sql"))


def schema(db: sqlite3.Connection) -> dict[str, str]:
    """Return what the file is made of, views and SQLite's own tables left out."""
    rows = db.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type<>'view' AND sql IS NOT NULL AND name NOT LIKE '%sqlite%'"
    )
    return dict(rows.fetchall())


def test_the_names_of_all_migrations_are_known_without_importing_them() -> None:
    """Opening asks this list; it must be the real one, in order."""
    assert list(KNOWN_MIGRATIONS) == [one.name for one in migrations.pending(Database(memory=True))]


def test_from_an_empty_file(tmp_path: Path) -> None:
    """A new file has every migration on record, sound tables and views."""
    path = tmp_path / "finsync.db"
    with open_store(path, a_clock()) as store:
        applied = [name for (name,) in store.db.execute("SELECT name FROM _sqlite_migrations ORDER BY id")]

    assert list(KNOWN_MIGRATIONS) == applied
    assert [] == backup.check(path)


def content(db: sqlite3.Connection) -> list[str]:
    """Return schema and rows as SQL, without the statistics that closing leaves."""
    return [line for line in db.iterdump() if "sqlite_stat" not in line and not line.startswith("ANALYZE")]


def test_the_copy_that_other_tests_begin_with_is_what_migrations_make() -> None:
    """All tests that are not about migrating begin with such a copy."""
    migrated = a_store()

    with template.copies():
        copied = a_store()

    for store in (migrated, copied):
        store.db.execute("UPDATE _sqlite_migrations SET applied_at = ''")
    assert content(migrated.db) == content(copied.db)


def test_applying_twice_changes_nothing(tmp_path: Path) -> None:
    """Opening again, or applying by hand, leaves schema and content as they are."""
    path = tmp_path / "finsync.db"
    with open_store(path, a_clock()) as store:
        before = content(store.db)

    with open_store(path, a_clock()) as store:
        migrations.apply(Database(store.db))

        assert before == content(store.db)


def test_every_table_is_strict() -> None:
    """SQLite checks the types of all our columns."""
    with a_store() as store:
        loose = store.db.execute(
            "SELECT name FROM pragma_table_list WHERE schema='main' AND type='table' AND strict=0"
            " AND name NOT LIKE '%sqlite%'"
        ).fetchall()

    assert [] == loose


def test_every_reference_has_an_index() -> None:
    """A foreign key without one would be checked by reading a whole table."""
    with a_store() as store:
        tables = [name for (name,) in store.db.execute("SELECT name FROM sqlite_schema WHERE type='table'")]
        bare = [
            f"{table}.{key['from']}"
            for table in tables
            for key in store.db.execute(f"SELECT * FROM pragma_foreign_key_list('{table}')").fetchall()
            if (table, key["from"]) != ("record", "version_id")  # versions are never deleted
            and not _leads_an_index(store, table, key["from"])
        ]

    assert [] == bare


def _leads_an_index(store: Store, table: str, column: str) -> bool:
    key = store.db.execute(
        f"SELECT 1 FROM pragma_table_info('{table}') WHERE name=? AND pk=1", (column,)
    ).fetchone()
    return key is not None or any(
        column
        == store.db.execute(f"SELECT name FROM pragma_index_info('{index}') WHERE seqno=0").fetchone()[0]
        for (index,) in store.db.execute(f"SELECT name FROM pragma_index_list('{table}')").fetchall()
    )


def test_a_script_is_split_where_statements_end() -> None:
    """Semicolons inside triggers and texts end nothing."""
    script = "CREATE TABLE a(b TEXT DEFAULT ';');\nCREATE TRIGGER t BEFORE DELETE ON a\nBEGIN\n  SELECT 1;\n  SELECT 2;\nEND;\n"

    assert 2 == len(statements(script))


def test_there_is_a_file_of_every_release() -> None:
    """At least the first."""
    assert "0.1" in [path.stem for path in RELEASED]


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: path.stem)
def test_every_released_version_opens_and_reads(path: Path, tmp_path: Path) -> None:
    """A workspace of that version migrates, is sound, and still tells what it told."""
    target = tmp_path / "finsync.db"
    with closing(sqlite3.connect(target)) as db:
        db.executescript(path.read_text(encoding="utf-8"))

    with open_store(target, a_clock()) as store:
        order = records.get(store.db, PurchaseOrder, "coupa", "100234")
        supplier = records.get(store.db, Supplier, "coupa", "501")
        delivery = outbox.get(store.db, 1)
        link = crossrefs.get(store.db, "purchase_order", "coupa:100234", "oracle-emea")
        found = (
            audit.verify(store.db).is_intact,
            [e.event for e in events.tail(store.db, 0, 10)],
            [w.step for w in workflows.of_document(store.db, "coupa:100234")],
            [c.class_ for c in cases.live_for_document(store.db, "coupa:100234")],
        )
        columns = store.db.execute("SELECT * FROM v_lineage").fetchall()

    assert order is not None
    assert supplier is not None
    assert delivery is not None
    assert link is not None
    assert (a_purchase_order(), a_supplier()) == (order.record, supplier.record)
    assert ("delivered", {"number": "4711"}, "4711") == (delivery.state, delivery.receipt, link.number)
    assert (True, [an_event()], ["confirm_supplier"], ["SUPPLIER_UNKNOWN"]) == found
    assert columns
    assert [] == backup.check(target)


def test_the_newest_release_is_what_migrations_make(tmp_path: Path) -> None:
    """A released migration is never edited: a change of the schema is the next migration."""
    newest = max(RELEASED, key=lambda path: [int(part) for part in path.stem.split(".")])
    with closing(sqlite3.connect(":memory:")) as db, a_store() as store:
        db.executescript(newest.read_text(encoding="utf-8"))
        released, made = schema(db), schema(store.db)
        applied = [name for (name,) in db.execute("SELECT name FROM _sqlite_migrations ORDER BY id")]

    if applied == list(KNOWN_MIGRATIONS):
        assert released == made
    else:
        assert applied == list(KNOWN_MIGRATIONS)[: len(applied)]


def test_the_sample_of_this_version_is_what_the_release_holds() -> None:
    """What is written for the next release covers every part that the test above asks for."""
    with a_store() as store:
        released_store.fill(store)

        assert outbox.get(store.db, 1) is not None
        assert leases.current(store.db) is not None
        assert a_case().class_ == cases.live_for_document(store.db, an_entry().document_key)[0].class_
        assert MONDAY == workflows.of_document(store.db, "coupa:100234")[0].started_at


def test_budgets_of_an_older_file_are_found_by_what_is_charged_to_them() -> None:
    """As if they had been read today."""
    store = a_store()
    with store.transaction() as db:
        records.put_page(db, "budget", "extract", [records.Incoming("b", BUDGET, b"{}")], MONDAY)
        db.execute("DELETE FROM identity")

    m024_budgets_by_what_is_charged(Database(store.db))

    assert ["b"] == records.twins(store.db, "budget", "charged", "DE01/420//P-7", "extract")
    assert records.identifiers(store.db, "budget", "extract", "b") == list(BUDGET.identifiers())


def test_invoices_and_payments_of_an_older_file_are_found_by_near_numbers_and_amounts() -> None:
    """As if they had been read today."""
    store, size = a_store(), Money.of("80", "EUR")
    part = PaidInvoice(invoice_id="9", amount=Money.of("30", "EUR"))
    bill = Invoice(
        number="INV-007", status="approved", supplier_name="Muster", currency="EUR", total=size,
        invoiced_on=MONDAY.date(), lines=(InvoiceLine(number="1", amount=size),),
    )  # fmt: skip
    paid = Payment(
        number="7",
        status="issued",
        payee_number="S-1",
        currency="EUR",
        amount=size,
        paid_on=MONDAY.date(),
        invoices=(part,),
    )
    with store.transaction() as db:
        for entity, one in (("invoice", bill), ("payment", paid)):
            records.put_page(db, entity, "erp", [records.Incoming("x", one, b"{}")], MONDAY)
        db.execute("DELETE FROM identity WHERE kind IN ('supplier_near', 'payee_amount')")

    m033_near_numbers_and_amounts_paid(Database(store.db))

    for entity, one in (("invoice", bill), ("payment", paid)):
        assert sorted(one.identifiers()) == records.identifiers(store.db, entity, "erp", "x")


def test_documents_with_other_letters_in_an_older_file_are_found_by_them() -> None:
    """As if they had been read today: older versions left out every letter that is not of the alphabet's 26."""
    store, size = a_store(), Money.of("80", "EUR")
    bill = Invoice(
        number="Α-７", status="approved", supplier_name="Müller", currency="EUR", total=size, invoiced_on=MONDAY.date(),
        lines=(InvoiceLine(number="1", amount=size),),
    )  # fmt: skip
    paid = Payment(
        number="7", status="issued", payee_name="Müller", currency="EUR", amount=size, paid_on=MONDAY.date(),
        invoices=(PaidInvoice(invoice_id="9", amount=Money.of("30", "EUR")),),
    )  # fmt: skip
    with store.transaction() as db:
        for entity, one in (("invoice", bill), ("payment", paid)):
            records.put_page(db, entity, "erp", [records.Incoming("x", one, b"{}")], MONDAY)
        db.execute("DELETE FROM identity WHERE kind LIKE 'supplier_%' OR kind = 'payee_amount'")

    m038_numbers_of_any_script(Database(store.db))

    for entity, one in (("invoice", bill), ("payment", paid)):
        assert sorted(one.identifiers()) == records.identifiers(store.db, entity, "erp", "x")


def test_what_was_invoiced_of_orders_that_had_ended_in_an_older_file_is_spent() -> None:
    """Where its line was charged, on the day that its process booked it."""
    store = a_store()
    with store.transaction() as db:
        order = a_commitment("100.00")
        records.put_page(db, "commitment", "finsync", [records.Incoming("coupa:1", order, b"{}")], MONDAY)
        taken = [commitments.Relief("coupa:1", "1", Money.of("40", "EUR"))]
        commitments.relieve(
            db, "coupa:i", taken, legal_entity="DE01", system="oracle-emea", booked_on=MONDAY.date()
        )
        workflows.start(
            db, flow="invoice_to_payment", kind="post", entity="invoice", document_key="coupa:i", document_number="I-1",
            document_version=1, document_revision="1", step="route", now=MONDAY, data={"accounting_on": "2025-12-31"},
        )  # fmt: skip
        for statement in (
            "DROP VIEW v_commitment", "DROP VIEW v_charge", "DROP VIEW v_spent", "DROP VIEW v_invoiced", "DROP TABLE commitment_ended",
            "DROP INDEX commitment_relief_place", "ALTER TABLE commitment_relief DROP COLUMN booked_on",
        ):  # fmt: skip
            db.execute(statement)

    m032_spent_on_ended_orders(Database(store.db))

    (spent,) = store.db.execute("SELECT cost_centre, account, period, booked_on FROM commitment_relief")
    assert ("420", "7110", "Jan-26", "2025-12-31") == tuple(spent)
    (kept,) = store.db.execute("SELECT document_key, line_number, amount_minor FROM commitment_ended")
    assert ("coupa:1", "1", 10000) == tuple(kept)


def test_what_an_older_file_promises_counts_from_the_day_its_process_began() -> None:
    """Or from the first of the month that it names; what was invoiced of it counts with it."""
    store = a_store()
    with store.transaction() as db:
        order = a_commitment("100.00")
        (line,) = order.lines
        (part,) = line.distributions
        for key, period in (("coupa:1", None), ("coupa:2", "2026-03")):
            parts = (part.model_copy(update={"period": period}),)
            one = order.model_copy(update={"lines": (line.model_copy(update={"distributions": parts}),)})
            commitments.replace(db, key, "oracle-emea", one)
            workflows.start(
                db, flow="requisition_to_pay", kind="create", entity="purchase_order", document_key=key, document_number="P",
                document_version=1, document_revision="1", step="route", now=MONDAY,
            )  # fmt: skip
        taken = [commitments.Relief("coupa:2", "1", Money.of("40", "EUR"))]
        commitments.relieve(
            db, "coupa:i", taken, legal_entity="DE01", system="oracle-emea", booked_on=MONDAY.date()
        )
        for view in ("v_commitment", "v_charge", "v_spent"):
            db.execute(f"DROP VIEW {view}")
        for table in ("line", "taken", "ended", "relief"):
            db.execute(f"ALTER TABLE commitment_{table} DROP COLUMN budget_on")
        db.execute("ALTER TABLE expenditure_line DROP COLUMN budget_on")

    m034_budget_days(Database(store.db))

    promised = store.db.execute("SELECT document_key, budget_on FROM commitment_line ORDER BY 1").fetchall()
    (relief,) = store.db.execute("SELECT budget_on FROM commitment_relief")
    assert [("coupa:1", "2026-01-05"), ("coupa:2", "2026-03-01")] == [tuple(row) for row in promised]
    assert ("2026-03-01",) == tuple(relief)
