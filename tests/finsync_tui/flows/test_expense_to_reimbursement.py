"""Expense to reimbursement, decision by decision: the way to done, and every way of failing before the posting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from finsync_tui import actions
from finsync_tui.actions import Actor
from finsync_tui.gaps import gaps
from finsync_tui.impact import impact
from finsync_tui.mapping import MappingRow, tables
from finsync_tui.profile import LegalEntitySetup
from finsync_tui.releasing import release_mapped
from store import outbox
from store.canonical.budget import Budget
from store.canonical.money import Money
from tests.builders import a_cost_centre, a_supplier, an_account_combination
from tests.finsync_tui.flows.expense_desk import (
    DOCUMENT,
    MARKER,
    SOURCE,
    TARGET,
    ExpenseDesk,
    a_card_expense,
    a_line,
    a_report,
    a_taxed_expense,
    an_advance,
    an_employee,
    an_expense,
)

ANALYST = Actor("ana", "cli")
NEXT = "0c77d2f4a1b84e5f9d3e6a5b4c3d2e1f.expense.4E6593CB987D459C88FA"
"""The same report, approved again after it came back: another document."""


class TestTheWayToDone:
    def test_a_report_is_posted_confirmed_paid_and_shown(self) -> None:
        """Locked, posted as an invoice, read back, confirmed, paid, told, and done when the expense tool shows it."""
        desk = ExpenseDesk()

        desk.submit()
        waits = [desk.workflow.step]
        for _ in range(3):
            desk.answer()
            waits.append(desk.workflow.step)
        desk.read()
        waits.append(desk.workflow.step)
        desk.answer()
        waits.append(desk.workflow.step)
        desk.pay()
        waits.append(desk.workflow.step)
        desk.answer()
        waits.append(desk.workflow.step)
        desk.read()

        assert [
            "await_acknowledgement",
            "await_posting",
            "await_validation",
            "verify_posting",
            "await_confirmation",
            "await_payment",
            "await_payment_confirmation",
            "verify",
        ] == waits
        assert ("done", []) == (desk.workflow.state, desk.exceptions)
        assert [
            "expense.acknowledge",
            "invoice.create",
            "invoice.validate",
            "expense.confirm_posting",
            "expense.confirm_payment",
        ] == desk.sent
        states = {row[0] for row in desk.store.db.execute("SELECT state FROM delivery")}
        assert {"verified"} == states

    def test_the_invoice_says_who_is_paid_what_for(self) -> None:
        """Number, payee, date of the approval, and one line an expense; its total is what is owed."""
        desk = ExpenseDesk()

        desk.submit(a_report(entries=(an_expense("100"), a_card_expense("20", id="E2"))))
        desk.answer()

        invoice = desk.body("invoice.create")["invoice"]
        assert (MARKER, "E-100", "2026-01-03") == (
            invoice["number"],
            invoice["supplier_number"],
            invoice["accounting_on"],
        )
        assert {"payee": -10000, "01-420-664000": 12000, "01-000-332000": -2000} == desk.posted()
        assert "Ana Ferrer R-7001 Trip to Lyon" == invoice["description"]

    def test_the_confirmation_names_the_posting(self) -> None:
        """The number is the one that the ERP holds; company and date are those of the books."""
        desk = ExpenseDesk()

        desk.post()

        assert {
            "document_kind": "expense",
            "outcome": "success",
            "messages": [],
            "postings": [
                {"company": "01", "number": MARKER, "fiscal_year": "2026", "posted_on": "2026-01-03"}
            ],
        } == desk.body("expense.confirm_posting")

    def test_what_the_erp_does_not_pay_is_a_journal(self) -> None:
        """Payroll reimburses: a balanced journal, and nothing is waited for after the confirmation but the read-back."""
        desk = ExpenseDesk(post_as="journal")

        desk.post()
        desk.answer()
        waits = desk.workflow.step
        desk.read()

        assert {"01-420-664000": 10000, "01-000-330000": -10000} == desk.posted()
        assert ("verify", "done") == (waits, desk.workflow.state)

    @pytest.mark.parametrize(
        "document",
        [
            a_report(reimbursed_by="payroll"),
            a_report(reimbursed_by="expense_tool"),
            a_report(entries=(an_expense("100", is_paid_by_tool=True),)),
        ],
    )
    def test_money_that_somebody_else_pays_is_never_an_invoice(self, document: Any) -> None:
        """An invoice would pay the employee twice."""
        desk = ExpenseDesk()

        desk.submit(document)
        desk.answer()

        assert ["expense.acknowledge", "journal.create"] == desk.sent

    def test_an_invoice_of_nothing_is_a_journal_and_needs_no_payee(self) -> None:
        """Everything was paid by the company's card: nobody is owed, nobody has to be known as a payee."""
        desk = ExpenseDesk()
        desk.put(TARGET, "900", a_supplier(number="S-1", sites=()))

        desk.submit(a_report(entries=(a_card_expense("20"),)))
        desk.answer()

        assert [] == desk.exceptions
        assert {"01-420-664000": 2000, "01-000-332000": -2000} == desk.posted()

    def test_who_owes_the_company_gets_a_credit_memo(self) -> None:
        """A refund in cash: below zero, and no payment is waited for."""
        desk = ExpenseDesk()
        refund = an_expense("-50", line=a_line("-50", payer="EMPL", payee="COMP"))

        desk.post(a_report(entries=(refund,)))
        desk.answer()

        invoice = desk.body("invoice.create")["invoice"]
        assert ("credit_memo", -5000) == (invoice["kind"], invoice["total"]["amount_minor"])
        assert "verify" == desk.workflow.step

    def test_a_report_that_moves_no_money_is_confirmed_without_a_posting(self) -> None:
        """Nothing is sent to the ERP; the expense tool wants a number all the same."""
        desk = ExpenseDesk()

        desk.submit(a_report("0"))
        desk.answer()

        assert ["expense.acknowledge", "expense.confirm_posting"] == desk.sent
        assert "none-9a41c6e0b7a9" == desk.body("expense.confirm_posting")["postings"][0]["number"]

    def test_accounts_come_from_the_tables(self) -> None:
        """By country and type where the table has a rule, else by the tool's code; tax and cards by their own."""
        desk = ExpenseDesk()
        entries = (
            a_taxed_expense("10", "1.60", "1.60", id="E1"),
            an_expense("20", id="E2", country="FR"),
            a_card_expense("30", id="E3", clearing_account="199999"),
            a_card_expense("40", id="E4", clearing_account="unknown to the table"),
        )

        desk.submit(a_report(entries=entries))
        desk.answer()

        assert {
            "payee": -3000,
            "01-420-664000": 840 + 3000 + 4000,
            "01-000-154500": 160,
            "01-420-665000": 2000,
            "01-000-332900": -3000,
            "01-000-332000": -4000,
        } == desk.posted()

    def test_codes_stand_where_the_chart_has_them(self) -> None:
        """Cost centre after the account, and a segment that no expense says anything about."""
        desk = ExpenseDesk(values={"project": "0000"})
        entity = desk.profile.legal_entities["DE01"]
        company, centre, account = (one.model_dump(by_alias=True) for one in entity.segments)
        segments = [company, account | {"from": 2}, {"name": "project", "from": 3}, centre | {"from": 4}]
        changed = LegalEntitySetup.model_validate(entity.model_dump(by_alias=True) | {"segments": segments})
        desk.profile = desk.profile.model_copy(update={"legal_entities": {"DE01": changed}})

        desk.submit(a_report(entries=(a_card_expense("20"),)))
        desk.answer()

        assert {"01-664000-0000-420": 2000, "01-332000-0000-000": -2000} == desk.posted()

    def test_a_tax_goes_by_its_own_code_before_its_reclaim_code(self) -> None:
        """Several taxes may share a reclaim code."""
        desk = ExpenseDesk()
        desk.rows["tax_account"] = (("DE/VA", "154500"), ("DE/V19", "154519"))
        entry = a_taxed_expense("10", "1.60", "1.60")
        (part,) = entry.allocations
        tax = part.taxes[0].model_copy(update={"code": "V19"})
        part = part.model_copy(update={"taxes": (tax,)})

        desk.submit(a_report(entries=(entry.model_copy(update={"allocations": (part,)}),)))
        desk.answer()

        assert 160 == desk.posted()["01-000-154519"]

    def test_the_same_document_starts_nothing_twice(self) -> None:
        """It is read again in every state it takes on, also when nothing of it has changed."""
        desk = ExpenseDesk()
        desk.finish()

        desk.tell(SOURCE, DOCUMENT, a_report(status="paid"))
        desk.tell(SOURCE, DOCUMENT, a_report(title="Another title"))

        rows = desk.store.db.execute("SELECT count(*) FROM workflow").fetchone()
        assert (1, "done") == (rows[0], desk.workflow.state)


def _no_company(desk: ExpenseDesk) -> None:
    desk.setup(ledgers=["OTHER"])


def _no_such_company_code(desk: ExpenseDesk) -> None:
    desk.setup(company_field="orgUnit1", company_codes=["DE"])


def _totals(desk: ExpenseDesk) -> None:
    desk.document_is = a_report("200", entries=(an_expense("100"),))


def _unknown_party(desk: ExpenseDesk) -> None:
    desk.document_is = a_report(entries=(an_expense("100", line=a_line("100", payee="XXXX")),))


def _no_approver(desk: ExpenseDesk) -> None:
    desk.document_is = a_report(approver_id=None)


def _self_approval(desk: ExpenseDesk) -> None:
    desk.document_is = a_report(approver_id="E-100")


def _unknown_approver(desk: ExpenseDesk) -> None:
    desk.document_is = a_report(approver_id="E-999")


def _approver_left(desk: ExpenseDesk) -> None:
    desk.put(SOURCE, "u200", an_employee("E-200", name="Bo Lind", ends_on=date(2025, 12, 31)))


def _approver_beside(desk: ExpenseDesk) -> None:
    desk.put(SOURCE, "u400", an_employee("E-400", name="Di Moss"))
    desk.document_is = a_report(approver_id="E-400")


def _limit(desk: ExpenseDesk) -> None:
    desk.put(SOURCE, "u200", an_employee("E-200", name="Bo Lind", approval_limit=Money.of("99.99", "EUR")))


def _limit_without_a_stated_total(desk: ExpenseDesk) -> None:
    _limit(desk)
    desk.document_is = a_report().model_copy(update={"total": None})


def _unknown_payee(desk: ExpenseDesk) -> None:
    desk.put(TARGET, "900", a_supplier(number="S-1", sites=()))


def _two_payees(desk: ExpenseDesk) -> None:
    desk.put(TARGET, "901", a_supplier(number="E-100", sites=()))


def _inactive_payee(desk: ExpenseDesk) -> None:
    desk.put(TARGET, "900", a_supplier(number="E-100", sites=(), status="inactive"))


def _unmapped_centre(desk: ExpenseDesk) -> None:
    desk.rows["cost_centre"] = (("000", "000"),)


def _unmapped_account(desk: ExpenseDesk) -> None:
    desk.rows["account"] = ()


def _unmapped_tax(desk: ExpenseDesk) -> None:
    desk.document_is = a_report(entries=(a_taxed_expense("10", "1.60", "1.60"),))
    desk.rows["tax_account"] = ()


def _no_tax_table(desk: ExpenseDesk) -> None:
    _unmapped_tax(desk)
    del desk.rows["tax_account"]


def _no_account(desk: ExpenseDesk) -> None:
    desk.document_is = a_report(entries=(an_expense("100", line=a_line("100", "")),))


def _no_centre(desk: ExpenseDesk) -> None:
    entry = an_expense("100")
    parts = (entry.allocations[0].model_copy(update={"codes": {"custom9": "420"}}),)
    employee = {"custom1": "420"}  # never a cost object
    entries = (entry.model_copy(update={"allocations": parts}),)
    desk.document_is = a_report(entries=entries, employee_codes=employee)


def _closed_centre(desk: ExpenseDesk) -> None:
    desk.put(TARGET, "cc420", a_cost_centre(ends_on=date(2025, 12, 31)))


def _disabled_combination(desk: ExpenseDesk) -> None:
    desk.put(TARGET, "ac1", an_account_combination(number="01-420-664000", is_enabled=False))


def _closed_in_the_extract(desk: ExpenseDesk) -> None:
    desk.period(is_open=False, system="extract")


def _closed_in_the_erp(desk: ExpenseDesk) -> None:
    desk.period(is_open=True, system="extract")
    desk.period(is_open=False)


def _closed_in_payables(desk: ExpenseDesk) -> None:
    desk.period(is_open=True)
    desk.period(is_open=False, subledger="payables")


TROUBLE: list[tuple[Callable[[ExpenseDesk], None], str]] = [
    (_no_company, "MAPPING_MISSING"),
    (_no_such_company_code, "MAPPING_MISSING"),
    (_totals, "TOTALS_DIFFER"),
    (_unknown_party, "PAYLOAD_INVALID"),
    (_no_approver, "APPROVER_MISSING"),
    (_self_approval, "APPROVER_SELF"),
    (_unknown_approver, "APPROVER_STALE"),
    (_approver_left, "APPROVER_STALE"),
    (_approver_beside, "APPROVER_STALE"),
    (_limit, "APPROVAL_LIMIT"),
    (_limit_without_a_stated_total, "APPROVAL_LIMIT"),
    (_unknown_payee, "EMPLOYEE_UNKNOWN"),
    (_two_payees, "EMPLOYEE_UNKNOWN"),
    (_inactive_payee, "SUPPLIER_INACTIVE"),
    (_unmapped_centre, "MAPPING_MISSING"),
    (_unmapped_account, "MAPPING_MISSING"),
    (_unmapped_tax, "MAPPING_MISSING"),
    (_no_tax_table, "MAPPING_MISSING"),
    (_no_account, "ACCOUNT_MISSING"),
    (_no_centre, "COST_CENTRE_MISSING"),
    (_closed_centre, "COST_CENTRE_INACTIVE"),
    (_disabled_combination, "ACCOUNT_INVALID"),
    (_closed_in_the_extract, "PERIOD_CLOSED"),
    (_closed_in_the_erp, "PERIOD_CLOSED"),
    (_closed_in_payables, "PERIOD_CLOSED"),
]


class TestTrouble:
    @pytest.mark.parametrize(("trouble", "class_"), TROUBLE)
    def test_it_is_found_before_anything_is_posted(
        self, trouble: Callable[[ExpenseDesk], None], class_: str
    ) -> None:
        """What our own knowledge shows to be wrong is an exception of its class; nothing but the lock has left."""
        desk = ExpenseDesk()
        trouble(desk)

        desk.submit(desk.document_is)
        desk.answer()

        assert [(class_, "open")] == desk.exceptions
        assert ["expense.acknowledge"] == desk.sent
        assert "R-7001" in desk.cause or class_ in ("EMPLOYEE_UNKNOWN", "SUPPLIER_INACTIVE", "PERIOD_CLOSED")

    @pytest.mark.parametrize(("trouble", "class_"), TROUBLE)
    def test_a_retry_decides_anew(self, trouble: Callable[[ExpenseDesk], None], class_: str) -> None:
        """Once the cause is gone it goes on from the beginning, without a second lock; still there, it stops again."""
        desk = ExpenseDesk()
        trouble(desk)
        desk.submit(desk.document_is)
        desk.answer()

        actions.retry(desk.store, ANALYST, [desk.case_id])
        desk.run()

        assert [(class_, "closed"), (class_, "open")] == desk.exceptions
        assert ["expense.acknowledge"] == desk.sent

    def test_a_type_without_an_account_goes_on_with_the_rule_for_it(self) -> None:
        """It is among the values without a rule, and waits for this one; an account of nothing waits for none."""
        desk = ExpenseDesk()
        _no_account(desk)
        desk.submit(desk.document_is)
        desk.answer()
        rows = {
            name: tuple(MappingRow(source=source, target=target) for source, target in pairs)
            for name, pairs in desk.rows.items()
        }
        desk.profile = desk.profile.model_copy(update={"mappings": rows})

        (gap,) = gaps(desk.store.db, desk.profile, desk.now)
        found = impact(
            desk.store.db, desk.profile, gap.table, (MappingRow(source=gap.value, target="6400"),), desk.now
        )
        desk.rows["expense_account"] = ((gap.value, "6400"),)
        known = tables(
            {"expense_account": (MappingRow(source=gap.value, target="6400"),)}, {"expense_account": 2}
        )
        released = release_mapped(desk.store, known, desk.now)
        desk.run()

        assert ("expense_account", "DE01", 1) == (gap.table, gap.scope, gap.document_count)
        assert gap.value in desk.store.db.execute("SELECT fix FROM exception_case").fetchone()[0]
        assert [("released", 1)] == [(one.outcome, one.document_count) for one in found.totals]
        assert 1 == released
        assert [("ACCOUNT_MISSING", "closed")] == desk.exceptions
        assert [] == gaps(desk.store.db, desk.profile, desk.now)

    @pytest.mark.parametrize(
        ("trouble", "class_"), [pair for pair in TROUBLE if pair[1] not in ("MAPPING_MISSING",)]
    )
    def test_policy_may_send_it_back_at_once(
        self, trouble: Callable[[ExpenseDesk], None], class_: str
    ) -> None:
        """Classes that the profile names need no analyst: the employee reads the report, the reason and the way out."""
        desk = ExpenseDesk(returned_at_once=[class_])
        trouble(desk)
        desk.submit(desk.document_is)
        desk.answer()

        desk.answer()
        desk.read()

        assert ([], "aborted") == (desk.exceptions, desk.workflow.state)
        body = desk.body("expense.confirm_posting")
        (message,) = body["messages"]
        assert ("error", class_) == (body["outcome"], message["code"])
        assert message["text"].startswith("Report R-7001 'Trip to Lyon'")
        assert "ubmit" in message["text"]
        assert class_ not in message["text"]

    def test_a_company_that_bears_the_employees_number_is_not_paid(self) -> None:
        """Where the ERP says who is an employee, the expense is paid to the employee."""
        desk = ExpenseDesk()
        desk.put(TARGET, "900", a_supplier(number="E-100", sites=(), kind="employee"))
        desk.put(TARGET, "901", a_supplier(number="E-100", sites=()))
        desk.submit(desk.document_is)

        desk.answer()

        assert ([], "900") == (desk.exceptions, desk.workflow.data["payee"]["id"])

    def test_what_an_earlier_store_took_over_is_worked_through_again(self) -> None:
        """Acknowledged before we first saw it, it is acknowledged again, which the tool knows, and goes its way."""
        desk = ExpenseDesk()

        desk.submit(a_report(status="acknowledged"))
        desk.answer()

        assert ["expense.acknowledge", "invoice.create"] == desk.sent

    def test_what_may_be_posted_already_goes_back_to_nobody_by_itself(self) -> None:
        """A document of an earlier store waits for an analyst, whatever the profile sends back at once."""
        desk = ExpenseDesk(returned_at_once=["MAPPING_MISSING"])
        desk.rows["cost_centre"] = ()

        desk.submit(a_report(status="posted"))
        desk.answer()

        assert [("MAPPING_MISSING", "open")] == desk.exceptions
        assert ["expense.acknowledge"] == desk.sent

    def test_a_period_that_closed_since_is_for_the_erp_to_say(self) -> None:
        """What an earlier store took over may be posted: our calendar does not stop it."""
        desk = ExpenseDesk()
        desk.period(is_open=False)

        desk.submit(a_report(status="acknowledged"))
        desk.answer()

        assert ["expense.acknowledge", "invoice.create"] == desk.sent

    @pytest.mark.parametrize("kind", ["report", "funds_check"])
    def test_an_amount_that_no_ledger_holds_is_an_exception(self, kind: str) -> None:
        """One absurd document stops itself, and nobody else."""
        desk = ExpenseDesk()
        absurd = a_report(kind=kind, entries=(an_expense("1"),))
        entry = an_expense("1E+60")

        desk.submit(absurd.model_copy(update={"entries": (entry,), "total": None}))
        desk.answer()

        assert [("TOTALS_DIFFER", "open")] == desk.exceptions
        assert "expense E1 (Hotel): 1.000E+60 is no amount" in desk.cause

    def test_a_fixed_mapping_lets_it_go_on(self) -> None:
        """The rule that was missing is found, and says so in the instance's story."""
        desk = ExpenseDesk()
        _unmapped_centre(desk)
        desk.submit()
        desk.answer()
        desk.rows["cost_centre"] += (("420", "421"),)

        actions.retry(desk.store, ANALYST, [desk.case_id])
        desk.run()

        assert [("MAPPING_MISSING", "closed")] == desk.exceptions
        assert {"payee": -10000, "01-421-664000": 10000} == desk.posted()

    def test_a_doubt_that_is_off_is_not_looked_for(self) -> None:
        """The profile decides which doubts count."""
        desk = ExpenseDesk(approval={"self_approval": "off"})
        _self_approval(desk)

        desk.submit(desk.document_is)
        desk.answer()

        assert "await_posting" == desk.workflow.step

    def test_a_delegate_may_approve_and_is_noted(self) -> None:
        """Somebody stood in for the manager: a finding, no exception."""
        desk = ExpenseDesk()
        desk.put(SOURCE, "u400", an_employee("E-400", name="Di Moss"))
        desk.put(SOURCE, "u200", an_employee("E-200", name="Bo Lind", delegates=("E-400",)))

        desk.submit(a_report(approver_id="E-400"))
        desk.answer()

        found = [row[0] for row in desk.store.db.execute("SELECT class FROM finding")]
        assert (["APPROVED_BY_DELEGATE"], []) == (found, desk.exceptions)

    def test_a_delegate_stops_it_where_the_profile_says_so(self) -> None:
        """Blocked as an exception of that class."""
        desk = ExpenseDesk(approval={"delegate": "block"})
        desk.put(SOURCE, "u400", an_employee("E-400", name="Di Moss"))
        desk.put(SOURCE, "u200", an_employee("E-200", name="Bo Lind", delegates=("E-400",)))

        desk.submit(a_report(approver_id="E-400"))
        desk.answer()

        assert [("APPROVED_BY_DELEGATE", "open")] == desk.exceptions

    def test_accounting_staff_end_a_chain(self) -> None:
        """A processor stands above nobody and may approve."""
        desk = ExpenseDesk(processors=["E-400"])
        desk.put(SOURCE, "u400", an_employee("E-400", name="Di Moss"))

        desk.submit(a_report(approver_id="E-400"))
        desk.answer()

        assert [] == desk.exceptions

    def test_an_open_payables_period_counts_for_an_invoice(self) -> None:
        """The general ledger may be closed already; a journal would be refused, an invoice is not."""
        desk = ExpenseDesk()
        desk.period(is_open=False)
        desk.period(is_open=True, subledger="payables")

        desk.submit()
        desk.answer()

        assert "await_posting" == desk.workflow.step

    @pytest.mark.parametrize("stated", [True, False])
    def test_the_amount_is_with_the_exception(self, stated: bool) -> None:
        """How much money waits, and whose, also where no total is stated."""
        desk = ExpenseDesk()
        _limit(desk)

        desk.submit(a_report() if stated else a_report().model_copy(update={"total": None}))
        desk.answer()

        row = desk.store.db.execute("SELECT amount_minor, currency, legal_entity FROM v_exception").fetchone()
        assert (10000, "EUR", "DE01") == tuple(row)


class TestRecalledBefore:
    def test_before_the_lock_it_is_over(self) -> None:
        """Nothing was posted; nothing waits for anybody."""
        desk = ExpenseDesk()
        desk.submit()

        desk.answer("refused", case_class="RECALLED")

        assert ("aborted", []) == (desk.workflow.state, desk.exceptions)
        assert ["expense.acknowledge"] == desk.sent

    def test_resubmitted_it_comes_as_another_document(self) -> None:
        """A new id, an instance and a posting of its own; the old one stays over."""
        desk = ExpenseDesk()
        desk.submit()
        desk.answer("refused", case_class="RECALLED")

        desk.submit(external_id=NEXT)
        desk.answers(3)
        desk.read()
        desk.answer()

        assert "await_payment" == desk.workflow.step
        assert "R-7001-0c77d2f4a1b8" == desk.body("invoice.create")["invoice"]["number"]

    def test_one_that_another_integration_has_taken_waits_for_an_analyst(self) -> None:
        """Nothing is posted here; when it is ours again, a retry locks it anew."""
        desk = ExpenseDesk()
        desk.submit()
        desk.answer("refused", case_class="CLAIMED_BY_OTHER")

        actions.retry(desk.store, ANALYST, [desk.case_id])
        desk.run()
        desk.answer()

        assert [("CLAIMED_BY_OTHER", "closed")] == desk.exceptions
        assert ["expense.acknowledge", "expense.acknowledge", "invoice.create"] == desk.sent

    def test_a_dead_acknowledgement_is_replayed_under_its_own_key(self) -> None:
        """The tool could not be reached: the same decision goes again."""
        desk = ExpenseDesk()
        desk.submit()
        first = desk.answer("buried", is_unknown=True)

        actions.retry(desk.store, ANALYST, [desk.case_id])
        again = desk.answer()

        assert first.idempotency_key == again.idempotency_key
        assert again.is_outcome_unknown


class TestOtherDocuments:
    def test_a_test_document_is_never_posted(self) -> None:
        """It is taken, and comes back with a word about why."""
        desk = ExpenseDesk()
        desk.submit(a_report(is_test=True))
        desk.answer()
        desk.answer()

        desk.read()

        assert ["expense.acknowledge", "expense.confirm_posting"] == desk.sent
        assert "Test reports are never booked" in desk.body("expense.confirm_posting")["messages"][0]["text"]
        assert ("aborted", []) == (desk.workflow.state, desk.exceptions)

    def test_a_test_document_may_wait_for_an_analyst(self) -> None:
        """Where the profile wants to look at them."""
        desk = ExpenseDesk(test_documents="hold")

        desk.submit(a_report(is_test=True))
        desk.answer()

        assert [("TEST_DOCUMENT", "open")] == desk.exceptions

    def test_a_cash_advance_is_a_journal_that_nobody_has_to_approve(self) -> None:
        """Its ledger is not stated; the profile takes such documents by an empty ledger code."""
        stated = {
            "account_code": "CADV",
            "side": "debit",
            "amount": "300",
            "payer": "COMP",
            "payee": "EMPL",
        }
        desk = ExpenseDesk()

        desk.post(
            a_report(
                "300", kind="cash_advance", entries=(), postings=(stated,), ledger=None, approver_id=None
            )
        )
        desk.answer()
        desk.read()

        assert {"01-000-118000": 30000, "01-000-330000": -30000} == desk.posted()
        assert ("advance", "done", []) == (desk.workflow.kind, desk.workflow.state, desk.exceptions)

    def test_an_advance_is_settled_with_the_report(self) -> None:
        """The employee gets what is left."""
        desk = ExpenseDesk()

        desk.submit(a_report("315", advances=(an_advance("-300"),)))
        desk.answer()

        assert {"payee": -1500, "01-420-664000": 31500, "01-000-118000": -30000} == desk.posted()

    @pytest.mark.parametrize("instruction", ["check", "reserve", "release"])
    def test_funds_are_there_as_far_as_anybody_knows(self, instruction: str) -> None:
        """Without a budget nothing speaks against it; nothing is posted in any case."""
        desk = ExpenseDesk()

        desk.submit(a_report(kind="funds_check", instruction=instruction))
        desk.answers(2)
        desk.read()

        assert ("done", "success") == (
            desk.workflow.state,
            desk.body("expense.confirm_posting")["outcome"],
        )

    @pytest.mark.parametrize(("remaining", "currency", "outcome"), [
        ("100", "EUR", "success"),
        ("99.99", "EUR", "error"),
        ("0.01", "USD", "success"),
    ])  # fmt: skip
    def test_a_known_budget_answers(self, remaining: str, currency: str, outcome: str) -> None:
        """To the cent; one in another currency is not known."""
        desk = ExpenseDesk()
        budget = Budget(
            number="DE01/420/2026", name="Travel", legal_entity="DE01", period="2026",
            amount=Money.of("1000", currency), remaining=Money.of(remaining, currency),
        )  # fmt: skip
        desk.put("extract", "b1", budget)

        desk.submit(a_report(kind="funds_check", instruction="check"))
        desk.answers(2)
        desk.read()

        assert outcome == desk.body("expense.confirm_posting")["outcome"]
        assert {"success": "done", "error": "aborted"}[outcome] == desk.workflow.state
        if outcome == "error":
            text = desk.body("expense.confirm_posting")["messages"][0]["text"]
            assert "cost centre 420: 100.00 EUR are asked for, 99.99 EUR are left" in text


def test_nothing_is_decided_before_the_lock_holds() -> None:
    """The document is stored first; then it is locked; only then anything is looked at or posted."""
    desk = ExpenseDesk()

    desk.submit()

    assert ["acknowledge"] == desk.steps
    (delivery,) = outbox.of_document(desk.store.db, "expense_document", f"{SOURCE}:{DOCUMENT}")
    assert ("expense.acknowledge", "pending") == (delivery.operation, delivery.state)
