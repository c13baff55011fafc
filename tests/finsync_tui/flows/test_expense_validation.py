"""Reports in the expense tool's external validation step: judged before their approval, approved or sent back."""

from __future__ import annotations

from typing import Any

import pytest

from finsync_tui import actions
from finsync_tui.actions import Actor
from finsync_tui.profile import Profile
from finsync_tui.reconcile.read_back import Want
from store.canonical.expense import ExpenseReport
from store.canonical.money import Money
from tests.builders import a_cost_centre
from tests.finsync_tui.flows.expense_desk import (
    SOURCE,
    TARGET,
    ExpenseDesk,
    a_line,
    a_personal_charge,
    a_report,
    a_taxed_expense,
    an_expense,
)

REPORT = "4E6593CB987D459C88FA"
ANALYST = Actor("ana", "cli")
RETURNED = ["COST_CENTRE_INACTIVE", "COST_CENTRE_MISSING", "MAPPING_MISSING"]


def in_validation(*entries: Any, **changes: Any) -> ExpenseReport:
    money = Money.of("100", "EUR")
    fields: dict[str, Any] = {
        "number": REPORT,
        "title": "Trip to Lyon",
        "owner_login": "ana@example.com",
        "approval_status": "in_validation",
        "payment_status": "not_started",
        "approval_code": "A_EXTV",
        "payment_code": "P_NOTP",
        "currency": "EUR",
        "total": money,
        "approved": money,
        "ledger": "DEFAULT",
        "report_number": "R-7001",
        "entries": entries or (an_expense("100"),),
    }
    return ExpenseReport(**fields | changes)


class ValidationDesk(ExpenseDesk):
    """A desk at which reports are judged."""

    def setup(self, **expense: Any) -> None:
        super().setup(**expense)
        flows = {
            "expense_validation": {"source": SOURCE},
            "expense_to_reimbursement": {"source": SOURCE},
        }
        self.profile = Profile.model_validate(self.profile.model_dump(by_alias=True) | {"flows": flows})

    def arrive(self, report: ExpenseReport | None = None) -> None:
        """The list shows the header of a report in validation; read by itself it has its expenses."""
        report = report or in_validation()
        self.document = REPORT
        self.shown[Want(SOURCE, ExpenseReport.entity, REPORT)] = report
        header = report.model_copy(update={"entries": None, "report_number": None, "codes": {}})
        self.tell(SOURCE, REPORT, header)

    def judged(self, report: ExpenseReport | None = None) -> None:
        self.arrive(report)
        self.read()

    def moves(self, status: str, code: str) -> None:
        self.change(SOURCE, ExpenseReport.entity, REPORT, approval_status=status, approval_code=code)


def test_what_would_be_posted_is_approved() -> None:
    """Read with its expenses, judged, approved, and done when the tool shows that it moved."""
    desk = ValidationDesk()

    desk.judged()
    decided = desk.body("report.approve")
    desk.answer()
    desk.moves("in_approval", "A_PEND")
    desk.read()

    assert {"owner": "ana@example.com", "comment": ""} == decided
    assert ("done", [], ["report.approve"]) == (desk.workflow.state, desk.exceptions, desk.sent)


def _unmapped(desk: ValidationDesk) -> None:
    desk.rows["cost_centre"] = (("000", "000"),)


def _closed_centre(desk: ValidationDesk) -> None:
    desk.put(TARGET, "cc420", a_cost_centre(is_active=False))


def _no_centre(desk: ValidationDesk) -> ExpenseReport:
    entry = an_expense("100")
    part = entry.allocations[0].model_copy(update={"codes": {}})
    return in_validation(entry.model_copy(update={"allocations": (part,)}))


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (_unmapped, "cost centre 420 of account"),
        (_closed_centre, "is not active"),
        (_no_centre, "has no cost centre"),
    ],
)
def test_what_its_owner_can_change_goes_back_in_words(trouble: Any, words: str) -> None:
    """Classes of `returned_at_once`: the comment names the report, the expense, and what to change."""
    desk = ValidationDesk(returned_at_once=RETURNED)

    desk.judged(trouble(desk))
    comment = desk.body("report.send_back")["comment"]
    desk.answer()
    desk.moves("returned", "A_RESU")
    desk.read()

    assert "Report R-7001 'Trip to Lyon', expense Hotel of 2025-12-30, 100 EUR: " in comment
    assert words in comment
    assert ("aborted", []) == (desk.workflow.state, desk.exceptions)


def test_several_problems_are_told_at_once() -> None:
    """Whoever corrects one finds the others in the same comment, each reason once."""
    desk = ValidationDesk(returned_at_once=RETURNED)
    other = an_expense("50", id="E2", line=a_line("50", "9999"), country="FI")
    third = an_expense("50", id="E3", line=a_line("50", "9999"), country="FI")
    without = other.allocations[0].model_copy(update={"codes": {"custom1": "999"}})

    desk.judged(
        in_validation(other, third, an_expense("10", id="E4").model_copy(update={"allocations": (without,)}))
    )

    assert 2 == len(desk.body("report.send_back")["comment"].split("\n"))


def test_all_else_waits_for_an_analyst_who_may_send_it_back() -> None:
    """A closed period is nobody's fault; the reason of the analyst is what the owner reads."""
    desk = ValidationDesk()
    desk.period(is_open=False)
    desk.judged()
    held = list(desk.exceptions)

    actions.send_back(desk.store, ANALYST, [desk.case_id], "Submit it again next month")
    desk.run()

    assert [("PERIOD_CLOSED", "open")] == held
    assert "Submit it again next month" in desk.body("report.send_back")["comment"]


def test_a_retry_reads_and_judges_it_again() -> None:
    """With the rule that was added meanwhile, and the report as it is by then."""
    desk = ValidationDesk()
    _unmapped(desk)
    desk.judged()
    desk.rows["cost_centre"] = (("420", "420"), ("000", "000"))

    actions.retry(desk.store, ANALYST, [desk.case_id])
    desk.run()
    desk.read()

    assert ["report.approve"] == desk.sent


def test_reclaimable_tax_needs_an_account_and_private_purchases_none() -> None:
    """As when it is posted."""
    desk = ValidationDesk()
    taxed = a_taxed_expense("119", "19", "19", id="E2")
    private = a_personal_charge(account="nowhere")

    desk.judged(in_validation(taxed, private))
    assert ["report.approve"] == desk.sent
    desk = ValidationDesk()
    desk.rows["tax_account"] = ()
    desk.judged(in_validation(taxed, private))

    assert [("MAPPING_MISSING", "open")] == desk.exceptions


def test_a_report_of_nobodys_ledger_is_held() -> None:
    """Who keeps its books can't be guessed."""
    desk = ValidationDesk()

    desk.judged(in_validation(ledger="ELSEWHERE"))

    assert [("MAPPING_MISSING", "open")] == desk.exceptions


def test_without_its_expenses_it_is_not_judged() -> None:
    """A connection that reads headers only says which option to set."""
    desk = ValidationDesk()

    desk.judged(in_validation(entries=None))

    assert [("CONFIGURATION", "open")] == desk.exceptions
    assert "report_detail" in str(desk.store.db.execute("SELECT fix FROM exception_case").fetchone()[0])


@pytest.mark.parametrize("is_gone", [True, False])
def test_what_left_the_step_before_it_was_read_is_over(is_gone: bool) -> None:
    """Recalled, deleted, or decided by a person: nothing is sent."""
    desk = ValidationDesk()
    desk.arrive()
    desk.moves("returned", "A_RESU")

    desk.read(is_gone=is_gone)

    assert ("aborted", []) == (desk.workflow.state, desk.sent)


def test_what_left_the_step_before_the_decision_arrived_is_over() -> None:
    """The guard of the expense tool refuses it; nobody has to look."""
    desk = ValidationDesk()
    desk.judged()

    desk.answer("refused", case_class="VERSION_CONFLICT")

    assert ("aborted", []) == (desk.workflow.state, desk.exceptions)


def test_what_does_not_show_is_an_exception() -> None:
    """Delivered is not done: the tool still shows it in the step."""
    desk = ValidationDesk()
    desk.judged()
    desk.answer()

    desk.read()

    assert [("READ_BACK_DIFFERS", "open")] == desk.exceptions


def test_reports_elsewhere_start_nothing() -> None:
    """Only those that wait for us."""
    desk = ValidationDesk()

    desk.arrive(in_validation(approval_status="in_approval", approval_code="A_PEND"))

    assert 0 == desk.store.db.execute("SELECT count(*) FROM workflow").fetchone()[0]


def test_a_document_that_is_not_what_was_validated_is_noticed() -> None:
    """Whatever was changed between validation and posting is named, expense by expense."""
    desk = ValidationDesk()
    desk.judged()
    desk.answer()
    desk.moves("approved", "A_APPR")
    desk.read()

    desk.submit(a_report(entries=(an_expense("90"),)))
    desk.answer()

    row = desk.store.db.execute("SELECT message FROM finding WHERE class = 'REPORT_DIFFERS'").fetchone()
    assert "expense Hotel (E1): 100 EUR are approved, the document takes 90" in row[0]
