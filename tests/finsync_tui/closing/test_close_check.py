"""Can a period be closed? Asked of a desk where orders, receipts and invoices go their way."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from finsync_tui import actions, closing
from finsync_tui.closing import files
from finsync_tui.people.roles import RoleMissingError
from finsync_tui.profile import MappingRow
from finsync_tui.profile.model import CloseSetup
from finsync_tui.profile.overlay import shipped
from finsync_tui.profile.reconciliation import Reconciliation
from finsync_tui.reconcile import connected
from finsync_tui.settings import read_toml
from store import breaks, cases, comparison, reconciliations, unreadable
from store import closing as facts
from store.canonical.organisation import FiscalPeriod
from store.clock import text
from store.closing import Period
from store.errors import NotAllowedError
from store.reconciliations import ControlTotal
from tests.builders import a_break, a_case, a_reconcile_run
from tests.finsync_tui.flows.invoice_desk import (
    ANALYST,
    SOURCE,
    TARGET,
    InvoiceDesk,
    a_free_line,
    a_receipt,
    an_invoice,
    an_order,
)

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)


class Books(InvoiceDesk):
    """A desk whose ledger has two periods."""

    def __init__(self, **invoice: Any) -> None:
        super().__init__(**invoice)
        self.month("Jan-26", JANUARY, date(2026, 1, 31))
        self.month("Feb-26", FEBRUARY, date(2026, 2, 28))

    def month(self, name: str, first: date, last: date, *, is_open: bool = True, **more: Any) -> None:
        record = FiscalPeriod(
            number=f"{name}{more}", ledger="DE Ledger", name=name, starts_on=first, ends_on=last, is_open=is_open, **more
        )  # fmt: skip
        self.put(TARGET, f"{name}{more}", record)

    def january(self) -> Period:
        return closing.find_period(self.store.db, self.profile, "DE01", "Jan-26")

    def check(self) -> closing.CloseCheck:
        return closing.check(self.store.db, self.profile, "DE01", self.january(), self.now)

    def propose(self) -> closing.Proposal:
        tables = {
            name: tuple(MappingRow(source=source, target=target) for source, target in pairs)
            for name, pairs in self.rows.items()
        }
        profile = self.profile.model_copy(update={"mappings": tables})
        return closing.propose(self.store.db, profile, "DE01", self.january())

    def source_shows(self, external_id: str = "I1") -> None:
        """The source's invoice is read again, with what was written there."""
        want = next(one for one in self.shown if (one.system, one.external_id) == (SOURCE, external_id))
        self.put(SOURCE, external_id, self.shown[want])

    def counts(self) -> dict[str, int]:
        return {one.reason: one.count for one in self.check().obstacles}

    def compare(self, source_minor: int = 10_000, target_minor: int = 10_000) -> int:
        """A comparison of January has seen this much on both sides."""
        with self.store.transaction() as db:
            run = reconciliations.begin(db, a_reconcile_run(definition="invoices"), self.now)
            total = ControlTotal("DE01", "2026-01", "EUR", 1, source_minor, 1, target_minor)
            reconciliations.complete(
                db, run, self.now, source_rows=1, target_rows=1, compared=1, opened=0, persisting=0, closed=0,
                totals=[total],
            )  # fmt: skip
        return run

    def post(self) -> None:
        """The waiting invoice goes all the way to its payment."""
        self.answer()
        self.answer()
        self.erp_shows(status="approved")
        self.read()
        self.answer()
        self.source_shows()

    def to_february(self) -> None:
        self.clock.advance(timedelta(days=28))


def test_an_invoice_moves_from_unposted_over_in_flight_to_nothing() -> None:
    """Held: unposted, with its exception. Sent: in flight. Read back and shown at its source: no obstacle, though unpaid."""
    desk = Books()
    desk.invoice(an_invoice(a_free_line(centre="999")))
    held = desk.counts()
    desk.rows["cost_centre"] = (*desk.rows["cost_centre"], ("999", "999"))
    desk.retry()
    sent = desk.counts()
    desk.answer()
    desk.answer()
    delivered = desk.counts()
    desk.erp_shows(status="approved")
    desk.read()
    told = desk.counts()
    desk.answer()
    unseen = desk.counts()
    desk.source_shows()

    assert {"unconfirmed": 1} == unseen
    assert {"unposted": 1, "exception": 1} == held
    assert {"in_flight": 1} == sent
    assert {"unconfirmed": 1} == delivered
    assert {"in_flight": 1} == told
    assert {} == desk.counts()


def test_a_payment_that_the_source_was_not_told_of_is_unconfirmed() -> None:
    """Until it is told, and no longer."""
    desk = Books()
    desk.invoice(an_invoice(a_free_line()))
    desk.post()
    before = desk.counts()
    desk.store.db.execute(
        "UPDATE workflow SET state='held' WHERE entity='invoice'"
    )  # nobody looks at the news
    desk.pay("P1", "100", of="ERP-I1")

    assert {} == before
    assert {"unconfirmed": 1} == desk.counts()


def test_the_accounting_day_decides_about_the_period() -> None:
    """One invoice dated in February is no obstacle in January."""
    desk = Books()
    desk.invoice(an_invoice(a_free_line(centre="999"), accounting_on=date(2026, 2, 3)))

    assert {} == desk.counts()
    assert [("Feb-26", "open")] == [
        (one.period.name, one.state)
        for one in closing.board(desk.store.db, desk.profile, datetime(2026, 3, 1, tzinfo=UTC))
        if one.count
    ]


def test_an_order_is_a_promise_and_hinders_nothing() -> None:
    """It is listed, and it is no obstacle."""
    desk = Books()
    desk.tell(SOURCE, "4711", an_order())

    found = desk.check()

    assert (1, ()) == (len(found.figures), found.obstacles)


def test_an_open_break_stands_in_the_way() -> None:
    """Unexplained, with its class; explained, no more."""
    desk = Books()
    with desk.store.transaction() as db:
        run = reconciliations.begin(db, a_reconcile_run(), desk.now)
        one = a_break(
            entity="invoice", legal_entity="DE01", period="2026-01", document_key=None, workflow_id=None
        )
        (break_id,) = breaks.open(db, run, [one], desk.now).new
    (row,) = facts.items(desk.store.db, "DE01", JANUARY, date(2026, 1, 31), reason="unexplained")

    assert ({"unexplained": 1}, break_id, one.class_) == (desk.counts(), row["break_id"], row["waits_for"])
    with desk.store.transaction() as db:
        breaks.explain(db, [break_id], "ana", "agreed with the supplier", desk.now)
    assert {} == desk.counts()


def test_what_is_received_and_not_invoiced_is_accrued_where_its_order_is_charged() -> None:
    """Four of ten desks at ten euros have arrived, one is invoiced: thirty euros."""
    desk = Books()
    desk.order(an_order())
    desk.receive(a_receipt("5"))
    desk.receive(a_receipt("-1", number="R2", kind="return", original_id="R1"), is_posted=False)
    whole = desk.propose()
    desk.receive(a_receipt("9", number="R3", received_on=date(2026, 2, 1)), is_posted=False)

    (line,) = whole.lines
    assert ("01-420-7110", Decimal("40.00")) == (line.charge_account, line.amount.amount)
    assert ("received_not_invoiced", "420", "7110") == (line.kind, line.cost_centre, line.account)
    assert whole.totals() == desk.propose().totals()  # what arrives in February is February's


def test_an_erp_that_accrues_receipts_itself_gets_no_proposal_for_them() -> None:
    """The profile says so, and the proposal says what it left out."""
    desk = Books()
    desk.order(an_order())
    desk.receive(a_receipt("5"))
    entity = desk.profile.legal_entities["DE01"]
    own = entity.close.model_copy(update={"erp_accrues_receipts": True})
    changed = entity.model_copy(update={"close": own})
    desk.profile = desk.profile.model_copy(update={"legal_entities": {"DE01": changed}})

    found = desk.propose()

    assert ((), True) == (found.lines, "received" in found.skipped)


def test_an_approved_invoice_that_is_not_posted_is_accrued_with_its_doubt() -> None:
    """Its account as tables have it by now; without one, as the source writes it; not once it is posted."""
    desk = Books()
    desk.invoice(an_invoice(a_free_line(centre="999")))
    (line,) = desk.propose().lines
    desk.rows["cost_centre"] = (*desk.rows["cost_centre"], ("999", "999"))
    desk.retry()
    (ready,) = desk.propose().lines
    desk.answer()

    assert (None, "01-999-7110", "MAPPING_MISSING") == (line.charge_account, line.source_account, line.doubt)
    assert ("01-999-7110", "") == (ready.charge_account, ready.doubt)
    assert () == desk.propose().lines


def test_files_balance_and_hold_no_formula() -> None:
    """A supplier that calls itself a formula is text; debits and credits of each currency are equal; JSON says the same."""
    desk = Books()
    evil = '=HYPERLINK("http://x")\x1b[2J\n'
    desk.invoice(an_invoice(a_free_line(centre="999"), supplier_name=evil))
    proposal = desk.propose()

    rows = list(csv.DictReader(io.StringIO(files.csv_bytes(proposal).decode())))
    said = json.loads(files.json_bytes(proposal))

    assert {"debit": Decimal(100), "credit": Decimal(100)} == {
        one["side"]: Decimal(one["amount"]) for one in rows
    }
    assert '\'=HYPERLINK("http://x") [2J ' == rows[0]["party"]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row.values())
    assert ({"EUR": "100"}, {"EUR": "100"}) == (said["totals"], said["not_bookable"])
    assert files.xlsx_bytes(proposal).startswith(b"PK")


def test_a_clean_period_is_certified_once() -> None:
    """Who, when, both sides' totals, runs, the head of the audit log; asking again gives the same one."""
    desk = Books()
    desk.invoice(an_invoice(a_free_line()))
    desk.post()
    desk.to_february()
    run = desk.compare()

    made = actions.certify_period(desk.store, ANALYST, desk.profile, "DE01", desk.january())
    again = actions.certify_period(desk.store, ANALYST, desk.profile, "DE01", desk.january())

    assert ("certified", made.id) == (desk.check().state, again.id)
    assert [{"entity": "invoice", "currency": "EUR", "count": 1, "amount_minor": 10_000}] == made.body[
        "documents"
    ]
    assert ([run], 0) == (made.body["reconcile_runs"], made.body["control_totals"][0]["difference_minor"])
    entry = desk.store.db.execute("SELECT what, body FROM v_audit WHERE seq=?", (made.audit_seq,)).fetchone()
    assert ("period.certified", True) == (entry[0], made.digest.encode() in entry[1])
    assert made.body["audit_head"]["entries"] == made.audit_seq - 1


def test_a_certificate_is_worth_nothing_once_the_period_changes() -> None:
    """A new invoice of the period, even when it is posted: the check says which; a new certificate takes its place."""
    desk = Books()
    desk.to_february()
    desk.compare()
    first = actions.certify_period(desk.store, ANALYST, desk.profile, "DE01", desk.january())
    desk.clock.advance(timedelta(minutes=1))
    desk.invoice(an_invoice(a_free_line(), accounting_on=date(2026, 1, 30)))
    open_again = desk.check()
    desk.post()
    posted = desk.check()
    second = actions.certify_period(desk.store, ANALYST, desk.profile, "DE01", desk.january())

    assert ("changed", "something stands in the way of the close again") == (
        open_again.state,
        open_again.standing.why,
    )
    assert ("changed", True) == (posted.state, "INV-1" in posted.standing.why)
    assert (True, "certified") == (second.id > first.id, desk.check().state)
    assert "certified" == next(
        one.state
        for one in closing.board(desk.store.db, desk.profile, desk.now)
        if one.period.name == "Jan-26"
    )


def test_a_certificate_is_worth_nothing_once_a_difference_is_accepted_that_it_does_not_name() -> None:
    """Found and explained afterwards: nothing stands in the way, and the certificate says that nothing differed."""
    desk = Books()
    desk.to_february()
    desk.compare()

    def look() -> tuple[str, str]:
        cells = closing.board(desk.store.db, desk.profile, desk.now)
        return desk.check().state, next(one.state for one in cells if one.period.name == "Jan-26")

    def certify() -> facts.Certificate:
        return actions.certify_period(desk.store, ANALYST, desk.profile, "DE01", desk.january())

    first = certify()
    with desk.store.transaction() as db:
        run = reconciliations.begin(db, a_reconcile_run(), desk.now)
        one = a_break(
            entity="invoice", legal_entity="DE01", period="2026-01", document_key=None, workflow_id=None
        )
        breaks.open(db, run, [one], desk.now)
        reconciliations.complete(
            db, run, desk.now, source_rows=1, target_rows=1, compared=1, opened=1, persisting=0, closed=0
        )
        breaks.explain(db, [1], "ana", "agreed with the supplier", desk.now)
    states, why = look(), desk.check().standing.why
    second = certify()

    assert ([], ("changed", "changed")) == (first.body["accepted_differences"], states)
    assert one.document_number in why
    assert [1] == [one["break_id"] for one in second.body["accepted_differences"]]
    assert ("certified", "certified") == look()


def test_a_break_stands_in_the_way_of_the_period_that_its_day_lies_in() -> None:
    """Fiscal periods need not be months: the 29th of January is February's here, open or explained."""
    desk = Books()
    february = date(2026, 1, 26), date(2026, 2, 22)
    with desk.store.transaction() as db:
        run = reconciliations.begin(db, a_reconcile_run(), desk.now)
        one = a_break(
            entity="invoice", legal_entity="DE01", period="2026-01", document_key=None, workflow_id=None,
            evidence={"dated": "2026-01-29"},
        )  # fmt: skip
        breaks.open(db, run, [one], desk.now)

    def told(first: date, last: date) -> tuple[int, int]:
        open_ = list(facts.items(desk.store.db, "DE01", first, last, reason="unexplained"))
        return len(open_), len(facts.accepted(desk.store.db, "DE01", first, last))

    before = told(*february), told(date(2025, 12, 29), date(2026, 1, 25))
    with desk.store.transaction() as db:
        breaks.explain(db, [1], "ana", "agreed with the supplier", desk.now)
    after = told(*february), told(date(2025, 12, 29), date(2026, 1, 25))

    assert (((1, 0), (0, 0)), ((0, 1), (0, 0))) == (before, after)


def test_what_is_not_clean_or_not_over_is_not_certified() -> None:
    """The refusal says why: still running, something in the way, nothing compared; nothing is written."""
    desk = Books()
    said = []
    for prepare in (
        lambda: None,
        desk.to_february,
        lambda: desk.invoice(an_invoice(a_free_line(centre="999"), accounting_on=JANUARY)),
    ):
        prepare()
        with pytest.raises(NotAllowedError) as refused:
            actions.certify_period(desk.store, ANALYST, desk.profile, "DE01", desk.january())
        said.append(str(refused.value))

    assert ["runs until" in said[0], "compared" in said[1], "stand in the way" in said[2]] == [True] * 3
    assert 0 == desk.store.db.execute("SELECT count(*) FROM close_certificate").fetchone()[0]


def test_only_who_may_certifies() -> None:
    """An auditor looks, and signs nothing."""
    desk = Books()
    auditor = actions.Actor("aud", "cli", frozenset(["auditor"]))

    with pytest.raises(RoleMissingError):
        actions.certify_period(desk.store, auditor, desk.profile, "DE01", desk.january())


def test_a_period_closed_in_the_erp_may_still_have_documents_under_way() -> None:
    """It does, and the check says what will become of them; payables have a calendar of their own."""
    desk = Books()
    desk.month("Jan-26", JANUARY, date(2026, 1, 31), is_open=False)
    desk.invoice(an_invoice(a_free_line(centre="999")))
    both = desk.check().advice()
    desk.month("Jan-26", JANUARY, date(2026, 1, 31), is_open=False, subledger="payables")
    desk.month("Jan-26", JANUARY, date(2026, 1, 31), is_open=True)
    payables = desk.check().advice()

    assert any("closed in the ERP with documents still under way" in one for one in both)
    assert any("closed for payables and open in the ledger" in one for one in payables)


def test_a_period_or_company_that_nobody_knows_is_named() -> None:
    """By the ERP's name or by its month; else the known ones are told."""
    desk = Books()

    assert desk.january() == closing.find_period(desk.store.db, desk.profile, "DE01", "2026-01")
    for entity, period, said in (("DE01", "Mar-26", "Jan-26, Feb-26"), ("XX", "Jan-26", "DE01")):
        with pytest.raises(closing.UnknownPeriodError, match=said):
            closing.find_period(desk.store.db, desk.profile, entity, period)


ORDERED = ("invoices", "receipts", "invoice_payments")


class Compared(Books):
    """Books in February, whose January was posted and is compared as the shipped definitions say."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        shipped_at = shipped() / "shared" / "reconciliations"
        found = {
            name: Reconciliation.model_validate(read_toml(shipped_at / f"{name}.toml")) for name in names
        }
        self.profile = self.profile.model_copy(update={"reconciliations": found})
        self.invoice(an_invoice(a_free_line()))
        self.post()
        self.to_february()

    def ran(self, definition: str, outcome: str = "complete", **asked: Any) -> int:
        with self.store.transaction() as db:
            run = reconciliations.begin(db, a_reconcile_run(definition=definition, **asked), self.now)
            if outcome == "failed":
                reconciliations.fail(db, run, self.now, "oracle-emea answers 400")
            elif outcome == "interrupted":
                reconciliations.interrupt_running(db, self.now)
            elif outcome == "complete":
                reconciliations.complete(
                    db, run, self.now, source_rows=1, target_rows=1, compared=1, opened=0, persisting=0, closed=0,
                    totals=[ControlTotal("DE01", "2026-01", "EUR", 1, 10_000, 1, 10_000)],
                )  # fmt: skip
        return run

    def refused(self) -> str:
        with pytest.raises(NotAllowedError) as refused:
            actions.certify_period(self.store, ANALYST, self.profile, "DE01", self.january())
        assert 0 == self.store.db.execute("SELECT count(*) FROM close_certificate").fetchone()[0]
        return str(refused.value)

    def certify(self) -> facts.Certificate:
        return actions.certify_period(self.store, ANALYST, self.profile, "DE01", self.january())


@pytest.mark.parametrize("outcome", ["failed", "interrupted"])
def test_a_comparison_that_failed_since_keeps_a_period_from_being_certified(outcome: str) -> None:
    """Whatever compared it before: since then nobody knows. The check names the definition and what went wrong."""
    desk = Compared("invoices", "receipts")
    for name in ("invoices", "receipts"):
        desk.ran(name)
    desk.ran("receipts", outcome)

    said = desk.refused()

    assert "receipts: its last comparison" in said
    assert "invoices" not in said.split(". `finsync")[0]
    assert [one for one in desk.check().advice() if one.startswith("receipts: its last comparison")]
    desk.ran("receipts")
    assert "DE01" == desk.certify().legal_entity


def test_a_period_is_certified_by_what_has_read_all_of_it_since_it_ended() -> None:
    """Not by a run of changes, by another month's window, by a run before its last day was over or its last document changed."""
    desk = Compared("invoices")
    run = desk.ran("invoices")
    desk.store.db.execute("UPDATE reconcile_run SET started_at='2026-01-31T12:00:00Z' WHERE id=?", (run,))
    early = desk.refused()
    desk.ran("invoices", mode="changes")
    desk.ran("invoices", mode="window", window_from="2026-02", window_to="2026-02")
    part = desk.refused()
    desk.ran("invoices", mode="window", window_from="2025-12", window_to="2026-01")
    desk.clock.advance(timedelta(minutes=5))
    desk.store.db.execute("UPDATE workflow SET changed_at=?", (text(desk.now),))
    changed = desk.refused()
    desk.ran("invoices", mode="window", window_from="2026-01", window_to="2026-01")

    assert "invoices: its documents were not all compared since Jan-26 ended" in early
    assert "not all compared since Jan-26 ended" in part
    assert "documents changed after they were all compared (run 4)" in changed
    assert "DE01" == desk.certify().legal_entity


def test_what_was_never_compared_keeps_a_period_from_being_certified() -> None:
    """Unless it was due and a side of it has no connected system: then there is nothing to compare."""
    desk = Compared("invoices", "receipts")
    desk.ran("invoices")
    said = desk.refused()

    with desk.store.transaction() as db:
        connected.note_connected(db, "receipts", False)

    assert "receipts: its documents were never compared" in said
    assert "DE01" == desk.certify().legal_entity


def test_a_comparison_under_way_or_of_what_has_no_period_is_not_waited_for() -> None:
    """Orders have no period; a run that is under way says nothing yet; what is switched off says nothing at all."""
    desk = Compared("invoices", "orders", "receipts")
    off = desk.profile.reconciliations["receipts"].model_copy(update={"is_enabled": False})
    named = {**desk.profile.reconciliations, "receipts": off}
    desk.profile = desk.profile.model_copy(update={"reconciliations": named})
    desk.ran("invoices")
    desk.ran("invoices", "running")
    desk.ran("orders", "failed")
    desk.ran("receipts", "failed")

    assert "DE01" == desk.certify().legal_entity


def test_totals_of_two_different_things_are_not_shown_as_a_difference() -> None:
    """Invoices by their date and payments by theirs are no two sides of one sum, nor is what one side alone has to hold."""
    desk = Compared(*ORDERED)
    for name in ORDERED:
        desk.ran(name)

    assert ["invoices"] == [one.definition for one in desk.check().compared]


def test_what_cannot_be_read_any_more_keeps_its_period_from_being_certified() -> None:
    """It counts as it was read before, and nobody knows what it is now: in its own period and company only."""
    desk = Compared("invoices")
    desk.ran("invoices")

    def hold(period: str, legal_entity: str) -> str:
        row = comparison.NewRow(
            "coupa:1", 1, "300", 0, "I-1", None, legal_entity, period, "EUR", 100, None, None, "[]"
        )
        with desk.store.transaction() as db:
            definition, _ = comparison.define(db, "invoices", "1")
            side = comparison.side(db, definition, "target", "oracle-emea")
            comparison.put_records(db, side, {"300": [row]}, run_id=1, targets=["oracle-emea"])
            unreadable.note(db, side, ["300"], 1)
        return "; ".join(one.why for one in desk.check().lags)

    beside = hold("2026-02", "DE01"), hold("2026-01", "FR01")
    within = hold("2026-01", "DE01")
    refused = desk.refused()

    assert ("", "") == beside
    assert (
        "records include 1 that can't be read and count as they were read before: I-1 (oracle-emea)" == within
    )
    assert within in refused


def test_a_period_without_documents_is_certified_once_it_was_looked_for_them() -> None:
    """Both sides hold nothing of the company in it: there are no totals, and it was compared all the same."""
    desk = Compared("invoices")
    run = desk.ran("invoices")
    desk.store.db.execute("DELETE FROM control_total WHERE run_id=?", (run,))

    assert ((), True) == (desk.check().compared, desk.check().is_compared)
    assert "DE01" == desk.certify().legal_entity


def test_totals_are_those_of_the_newest_comparison_that_saw_all_of_the_period() -> None:
    """Also when it found nothing there any more; a window of another month does not count."""
    desk = Compared("invoices")
    desk.ran("invoices")
    before = len(desk.check().compared)
    window = desk.ran("invoices", mode="window", window_from="2026-02", window_to="2026-02")
    desk.store.db.execute("DELETE FROM control_total WHERE run_id=?", (window,))
    beside = len(desk.check().compared)
    desk.store.db.execute("DELETE FROM control_total WHERE run_id=?", (desk.ran("invoices"),))

    assert (1, 1, 0) == (before, beside, len(desk.check().compared))


def test_totals_come_from_complete_comparisons_only() -> None:
    """A run that failed later says nothing, whatever totals it left."""
    desk = Compared("invoices")
    run = desk.ran("invoices")
    other = desk.ran("invoices", "failed")
    desk.store.db.execute(
        "INSERT INTO control_total SELECT ?, legal_entity, period, currency, 9, 9, 9, 9 FROM control_total",
        (other,),
    )

    assert [run] == [one.run_id for one in desk.check().compared]


def test_a_period_ends_where_its_company_is() -> None:
    """At three in the morning of February in Greenwich January still runs in New York, and has ended in Berlin."""
    desk = Books()
    desk.clock.advance(datetime(2026, 2, 1, 3, tzinfo=UTC) - desk.now)
    states = {}
    for zone in ("America/New_York", "Europe/Berlin"):
        entity = desk.profile.legal_entities["DE01"]
        close = entity.close.model_copy(update={"timezone": zone})
        entities = {"DE01": entity.model_copy(update={"close": close})}
        desk.profile = desk.profile.model_copy(update={"legal_entities": entities})
        with pytest.raises(NotAllowedError) as refused:
            actions.certify_period(desk.store, ANALYST, desk.profile, "DE01", desk.january())
        cell = closing.board(desk.store.db, desk.profile, desk.now)[0]
        states[zone] = (desk.check().state, cell.state, "runs until" in str(refused.value))

    assert {
        "America/New_York": ("running", "running", True), "Europe/Berlin": ("clean", "clean", False),
    } == states  # fmt: skip
    with pytest.raises(ValueError, match="no time zone 'Mars/Base'"):
        CloseSetup(timezone="Mars/Base")


def test_what_people_accepted_is_named_with_its_amount() -> None:
    """Explained and written-off differences hinder nothing; the check sums them up and the certificate names each."""
    desk = Compared("invoices")
    with desk.store.transaction() as db:
        run = reconciliations.begin(db, a_reconcile_run(definition="invoices"), desk.now)
        found = [
            a_break(key=str(n), entity="invoice", period="2026-01", document_key=None, amount_minor=n * 1_000)
            for n in (1, 2, 3, 4)
        ]
        breaks.open(db, run, found, desk.now)
        breaks.explain(db, [1], "ana", "as agreed", desk.now)
        breaks.write_off(db, [2], "ben", "too small", desk.now)
        breaks.explain(db, [3, 4], "ana", "gone since", desk.now)
        db.execute("UPDATE reconcile_break SET gone_at=? WHERE id=3", (text(desk.now),))
        db.execute("UPDATE reconcile_break SET legal_entity='FR01' WHERE id=4")
    desk.ran("invoices")

    advice = [one for one in desk.check().advice() if "explained or written off" in one]
    made = desk.certify()

    assert ["2 differences of Jan-26 explained or written off (30.00 EUR)"] == [
        one.partition(":")[0] for one in advice
    ]
    assert [(1, "explained", 1_000, "ana"), (2, "written_off", 2_000, "ben")] == [
        (one["break_id"], one["state"], one["amount_minor"], one["accepted_by"])
        for one in made.body["accepted_differences"]
    ]


def test_breaks_of_payments_and_snoozed_exceptions_and_held_deliveries_stand_in_the_way() -> None:
    """Each is something that nobody has settled yet."""
    desk = Compared("invoices")
    desk.ran("invoices")
    with desk.store.transaction() as db:
        run = reconciliations.begin(db, a_reconcile_run(), desk.now)
        paid = a_break(entity="payment", period="2026-01", document_key=None, workflow_id=None)
        breaks.open(db, run, [paid], desk.now)
    payment = desk.counts()
    with desk.store.transaction() as db:
        breaks.explain(db, [1], "ana", "as agreed", desk.now)
        case = a_case(entity="invoice", document_key="coupa:77", legal_entity="DE01")
        cases.open(db, case, datetime(2026, 1, 20, tzinfo=UTC))
        db.execute("UPDATE exception_case SET state='snoozed'")
    snoozed = desk.counts()
    with desk.store.transaction() as db:
        db.execute("UPDATE exception_case SET state='closed', ended_at=opened_at")
        db.execute("UPDATE delivery SET state='held' WHERE entry_id=(SELECT max(entry_id) FROM delivery)")
        db.execute("UPDATE workflow SET state='waiting', ended_at=NULL WHERE entity='invoice'")

    assert ({"unexplained": 1}, {"exception": 1}, {"in_flight": 1}) == (payment, snoozed, desk.counts())
