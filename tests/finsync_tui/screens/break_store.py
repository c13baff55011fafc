"""The busy afternoon with breaks of every class, comparisons that went well or not, and periods to close."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from sqlite3 import Connection

from finsync_tui.settings import Workspace
from store import breaks, cases, reconciliations, records, workflows
from store.breaks import FieldDifference, NewBreak
from store.canonical.organisation import FiscalPeriod
from store.clock import VirtualClock
from store.database import open_store
from store.reconciliations import ControlTotal
from tests.builders import a_break, a_case, a_reconcile_run
from tests.finsync_tui.screens import filled_store
from tests.finsync_tui.screens.filled_store import NOW

COMPANIES = """
[legal_entities.DE01]
name = "Muster GmbH"
currency = "EUR"
source_chart = "DE Chart"
target = "oracle-emea"
ledger = "DE Ledger"
business_unit = "DE Operations"
segments = [{ name = "company", from = 1 }]

[legal_entities.US01]
name = "Sample Inc."
currency = "USD"
source_chart = "US Chart"
target = "oracle-amer"
ledger = "US Ledger"
business_unit = "US Operations"
segments = [{ name = "company", from = 1 }]
"""
MONTHS = (("Dec-25", date(2025, 12, 1), 31), ("Jan-26", date(2026, 1, 1), 31), ("Feb-26", date(2026, 2, 1), 28),
          ("Mar-26", date(2026, 3, 1), 31), ("Apr-26", date(2026, 4, 1), 30))  # fmt: skip
HOSTILE = "ACME\x1b[2J[/b]\u202eLTD"


def workspace(path: Path, folder: Path) -> Workspace:
    """Make a workspace around a filled store: eight breaks, four comparisons, two companies with five periods."""
    made = filled_store.workspace(path, folder)
    layer = folder / "profiles" / "own" / "profile.toml"
    layer.write_text(layer.read_text(encoding="utf-8") + COMPANIES, encoding="utf-8")
    with open_store(made.store_path, VirtualClock(NOW), durable=False) as store, store.transaction() as db:
        _periods(db)
        _compare(db)
        _in_the_way(db)
    return made


def _periods(db: Connection) -> None:
    for ledger in ("DE Ledger", "US Ledger"):
        for name, first, days in MONTHS:
            is_open = name != "Dec-25" or ledger == "US Ledger"
            month = FiscalPeriod(
                number=f"{ledger}/{name}", ledger=ledger, name=name, starts_on=first,
                ends_on=first + timedelta(days=days - 1), is_open=is_open,
            )  # fmt: skip
            incoming = records.Incoming(month.number, month, month.canonical_json())
            records.put_page(db, "fiscal_period", "extract", [incoming], NOW)


def _found() -> list[NewBreak]:
    def invoice(n: int, **changes: object) -> NewBreak:
        base = {"definition": "invoices", "entity": "invoice", "key": f"{n}", "document_number": f"INV-{4400 + n}",
                "document_key": f"coupa:{n}", "legal_entity": "DE01", "period": "2026-02", "currency": "EUR"}  # fmt: skip
        return a_break(**{**base, **changes})

    return [
        invoice(1, class_="manual_change", amount_minor=1_900, fields=(
            FieldDifference("total", "1,204.00 EUR", "1,185.00 EUR"), FieldDifference("supplier", "S-1001", "S-1002")),
            evidence={"delivered": "1,204.00 EUR", "changed_by": "erp.user", "why": "the target was changed after it was read back"}),
        invoice(2, class_="unknown", kind="missing_in_target", amount_minor=981_100, fields=()),
        invoice(3, class_="duplicate", kind="duplicate", amount_minor=310_40, fields=()),
        invoice(4, class_="rounding", amount_minor=1, fields=(FieldDifference("tax", "19.01 EUR", "19.00 EUR"),)),
        invoice(5, class_="timing", kind="status_lag", amount_minor=45_000, fields=(FieldDifference("status", "approved", None),)),
        invoice(6, class_="mapping", amount_minor=12_500, fields=(FieldDifference("account", "420", "430"),), legal_entity="US01", currency="USD"),
        a_break(key="7", document_number=HOSTILE, class_="missing_master_data", amount_minor=7_700, period="2026-03", document_key="coupa:7"),
    ]  # fmt: skip


def _compare(db: Connection) -> None:
    for days, definition in ((9, "orders"), (2, "invoices")):
        at = NOW - timedelta(days=days)
        run = reconciliations.begin(db, a_reconcile_run(definition=definition, entity="invoice"), at)
        found = [one for one in _found() if one.definition == definition]
        opened = breaks.open(db, run, found, at)
        totals = (
            ControlTotal("DE01", "2026-01", "EUR", 212, 48_211_090, 212, 48_211_090),
            ControlTotal("DE01", "2026-02", "EUR", 198, 51_000_120, 197, 50_017_120),
            ControlTotal("US01", "2026-01", "USD", 40, 8_000_000, 40, 8_000_000),
        )
        reconciliations.complete(
            db, run, at + timedelta(seconds=41), source_rows=450, target_rows=449, compared=450, opened=len(opened.new),
            persisting=0, closed=0, totals=totals if definition == "invoices" else (),
        )  # fmt: skip
    (second,) = db.execute("SELECT id FROM reconcile_break WHERE document_number='INV-4402'").fetchone()
    breaks.assign(db, [second], "ana", "ana", NOW)
    (rounding,) = db.execute("SELECT id FROM reconcile_break WHERE class='rounding'").fetchone()
    breaks.explain(db, [rounding], "ben", "one cent of tax, as agreed", NOW - timedelta(days=1))
    failed = reconciliations.begin(
        db, a_reconcile_run(definition="suppliers", entity="supplier"), NOW - timedelta(hours=2)
    )
    reconciliations.fail(
        db, failed, NOW - timedelta(hours=1), "page 7 of oracle-emea could not be read (HTTP 503)"
    )
    reconciliations.begin(
        db, a_reconcile_run(definition="orders", mode="changes"), NOW - timedelta(minutes=1)
    )


def _in_the_way(db: Connection) -> None:
    for n, (entity, amount, day) in enumerate(
        (("DE01", 120_400, "2026-02-11"), ("DE01", 9_811_000, "2026-02-27"), ("US01", 31_040, "2026-03-02"))
    ):
        key = f"coupa:I{n}"
        flow = workflows.start(
            db, flow="invoice_to_payment", kind="post", entity="invoice", document_key=key, document_number=f"INV-{7700 + n}",
            document_version=1, document_revision="1", step="match", now=NOW - timedelta(days=9 - n), state="held",
            legal_entity=entity, amount_minor=amount, currency="EUR" if entity == "DE01" else "USD",
            data={"accounting_on": day},
        )  # fmt: skip
        assert flow is not None
        case = a_case(entity="invoice", document_key=key, document_number=f"INV-{7700 + n}", workflow_id=flow, class_="MATCH_QUANTITY",
                      legal_entity=entity, amount_minor=amount, currency="EUR", owner="ben" if n else None)  # fmt: skip
        cases.open(db, case, NOW - timedelta(days=8 - n))
