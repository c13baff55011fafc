"""`finsync close-check`: verdict, exit code, files, certificate, board."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from finsync_tui.profile.overlay import shipped
from store import cases, reconciliations, records
from store.canonical.organisation import FiscalPeriod
from store.reconciliations import ControlTotal
from tests.builders import MONDAY, a_case, a_reconcile_run
from tests.finsync_tui.cli.conftest import EVIL, Finsync

COMPANY = """
[legal_entities.DE01]
name = "Muster GmbH"
currency = "EUR"
source_chart = "DE Chart"
target = "oracle-emea"
ledger = "DE Ledger"
business_unit = "DE Operations"
segments = [{ name = "company", from = 1 }]
close = { accrual_account = "01" }
"""
JANUARY = ("--entity", "DE01", "--period", "2026-01")


@pytest.fixture
def books(finsync: Finsync) -> Finsync:
    """A company whose December and January were read; December was compared, January has an invoice in exception."""
    file = finsync.path / "profiles" / "own" / "profile.toml"
    file.write_text(file.read_text(encoding="utf-8") + COMPANY, encoding="utf-8")
    with finsync.store() as store, store.transaction() as db:
        for name, first, last in (
            ("Dec-25", date(2025, 12, 1), date(2025, 12, 31)),
            ("Jan-26", date(2026, 1, 1), date(2026, 1, 31)),
        ):
            month = FiscalPeriod(
                number=name, ledger="DE Ledger", name=name, starts_on=first, ends_on=last, is_open=True
            )
            records.put_page(
                db,
                "fiscal_period",
                "extract",
                [records.Incoming(name, month, month.canonical_json())],
                MONDAY,
            )
        run = reconciliations.begin(db, a_reconcile_run(definition="invoices"), MONDAY)
        reconciliations.complete(
            db, run, MONDAY, source_rows=1, target_rows=1, compared=1, opened=0, persisting=0, closed=0,
            totals=[ControlTotal("DE01", "2025-12", "EUR", 1, 100, 1, 100)],
        )  # fmt: skip
        cases.open(
            db,
            a_case(entity="invoice", document_key="coupa:77", document_number=EVIL, legal_entity="DE01"),
            MONDAY,
        )
    return finsync


def test_a_period_with_something_in_the_way_ends_with_3(books: Finsync) -> None:
    """For people, as JSON, and the documents behind a figure; a hostile number steers no terminal."""
    shown = books("close-check", *JANUARY)
    told = books("close-check", *JANUARY, "--list", "exception", "--json")
    listed = books("close-check", *JANUARY, "--list", "exception")

    assert (3, 3, 3) == (shown.code, told.code, listed.code)
    assert "something is in the way" in shown.out
    (item,) = told.json["items"]
    assert ("exception", "coupa:77", False) == (item["reason"], item["document_key"], told.json["is_clean"])
    assert "\x1b" not in listed.out + shown.out


def test_the_board_shows_every_company_and_period(books: Finsync) -> None:
    """A line for each period that has begun."""
    cells = books("close-check", "--json").json

    assert [("Dec-25", "clean", 0), ("Jan-26", "open", 1)] == [
        (one["period"], one["state"], one["counts"]["exception"]) for one in cells
    ]
    assert "nothing is in the way" in books("close-check").out


def test_what_was_not_compared_is_not_said_to_be_ready(books: Finsync) -> None:
    """Nothing is in the way that is known; a comparison that failed since leaves that open: 3, and not 0."""
    december = ("--entity", "DE01", "--period", "Dec-25")
    definition = books.path / "profiles" / "own" / "reconciliations" / "invoices.toml"
    definition.parent.mkdir()
    definition.write_text(
        (shipped() / "shared" / "reconciliations" / "invoices.toml").read_text(encoding="utf-8"),
        encoding="utf-8",
    )
    known = books("close-check", *december)
    with books.store() as store, store.transaction() as db:
        run = reconciliations.begin(db, a_reconcile_run(definition="invoices"), MONDAY)
        reconciliations.fail(db, run, MONDAY, "oracle can't be asked now")
    unknown = books("close-check", *december)
    told = books("close-check", *december, "--json")

    assert (0, 3, 3) == (known.code, unknown.code, told.code)
    assert ("can be closed" in known.out, "not all of it is compared" in unknown.out) == (True, True)
    assert (True, False) == (told.json["is_clean"], told.json["is_compared"])


def test_a_clean_period_is_certified_and_the_certificate_written(books: Finsync, tmp_path: Path) -> None:
    """It holds both sides' totals and ends with 0; nothing is written over without --force."""
    december = ("--entity", "DE01", "--period", "Dec-25")
    file = tmp_path / "dec.json"

    none = books("close-check", *december, "--certificate", file)
    made = books("close-check", *december, "--certify", "--certificate", file, "--json")
    again = books("close-check", *december, "--certificate", file)

    assert (2, 0, 2) == (none.code, made.code, again.code)
    kept = json.loads(file.read_bytes())
    assert ("Dec-25", 100) == (kept["period"], kept["control_totals"][0]["source_minor"])
    assert (True, kept["digest"]) == (
        made.json["certificate"]["is_valid"],
        made.json["certificate"]["digest"],
    )


def test_accruals_are_written_in_the_format_of_the_name(books: Finsync, tmp_path: Path) -> None:
    """An unknown one is refused before anything is written."""
    csv, other = tmp_path / "a.csv", tmp_path / "a.doc"

    done = books("close-check", *JANUARY, "--accruals", csv)
    refused = books("close-check", *JANUARY, "--accruals", other)

    assert (3, 2) == (done.code, refused.code)
    assert (True, False) == (csv.read_text(encoding="utf-8").startswith("legal_entity,"), other.exists())


def test_what_makes_no_sense_is_refused(books: Finsync) -> None:
    """Half a question; a period that nobody knows."""
    assert 2 == books("close-check", "--entity", "DE01").code
    unknown = books("close-check", "--entity", "DE01", "--period", "Feb-99")
    assert (2, True) == (unknown.code, "Dec-25" in unknown.err)
