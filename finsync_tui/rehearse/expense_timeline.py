"""What happens to expenses in the world: cash is handed out, reports are submitted, approved, recalled, corrected, paid back."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from finsync_tui.rehearse import expense_documents as documents
from finsync_tui.rehearse.expense_catalogue import ADVANCE_CODE
from finsync_tui.rehearse.expense_shapes import Advance, Claim, Employee, Expenses
from finsync_tui.rehearse.planted import Scenario
from finsync_tui.rehearse.systems import Systems
from finsync_tui.rehearse.timeline import Event

_POSTED = ("P_PAID", "P_PAYC")


def events(scenario: Scenario) -> Iterator[Event]:
    """Yield all events, in no order."""
    expenses = scenario.company.expenses
    for advance in expenses.advances.values():
        owner = expenses.employees[advance.employee]
        yield Event(advance.issued_at, "cash advance", advance.advance_id, partial(_issue, advance, owner))
    for claim in expenses.claims.values():
        system = scenario.company.legal_entities[claim.legal_entity].system
        yield from _of_claim(claim, expenses, system)


def _of_claim(claim: Claim, expenses: Expenses, system: str) -> Iterator[Event]:
    name = claim.plan.name
    yield Event(claim.submitted_at, "report submitted", name, partial(_submit, claim))
    approver = expenses.employees[claim.approver].login if claim.approver else None
    yield Event(claim.approved_at, "report approved", name, partial(_approve, claim, approver))
    if claim.recalled_at is not None:
        yield Event(claim.recalled_at, "report recalled", name, partial(_recall, claim))
    if claim.correction is not None:
        yield Event(claim.correction.at, "report corrected", name, partial(_correct, claim))
    if claim.voided_at is not None:
        number = claim.employee
        yield Event(claim.voided_at, "payment sent back", name, partial(_void, system, number))


def _issue(advance: Advance, owner: Employee, systems: Systems) -> None:
    systems.concur.issue_cash_advance(
        owner.login,
        advance.amount,
        advance.currency,
        name=f"Cash for {owner.name}",
        account=ADVANCE_CODE,
        advance_id=advance.advance_id,
    )


def _submit(claim: Claim, systems: Systems) -> None:
    systems.concur.submit_report(claim.plan)


def _approve(claim: Claim, approver: str | None, systems: Systems) -> None:
    concur = systems.concur
    concur.approve_report(claim.report_id, by=approver)
    if claim.defect is not None:
        document = concur.world.documents_about(claim.report_id)[-1]
        document.body = documents.damaged(document.body, claim.defect)


def _recall(claim: Claim, systems: Systems) -> bool:
    """Take a report back, unless it is too late: once it is confirmed nobody can. Return whether it is its owner's now."""
    report = systems.concur.report(claim.report_id)
    if report["approval_status"] != "A_RESU" and report["payment_status"] not in _POSTED:
        systems.concur.recall(claim.report_id)
        return True
    return bool(report["approval_status"] == "A_RESU")


def _correct(claim: Claim, systems: Systems) -> None:
    """A processor takes the report back unless that has happened, and its owner submits it again as it should be."""
    assert claim.correction is not None
    if _recall(claim, systems):
        systems.concur.resubmit(claim.report_id, claim.correction.plan)


def _void(system: str, payee_number: str, systems: Systems) -> None:
    """Have the bank send back what one employee got; nothing, if nothing was paid."""
    erp = systems.erps[system]
    for payment in erp.payments():
        if payment["payee_number"] == payee_number and payment["voided_on"] is None:
            erp.void(payment["payment_id"])
