"""The trouble that is planted in the expenses, beside that of the orders.

As there, each plant has a class, a subject and a time, and no report has two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from adapters.concur.simulator_plan import TaxPlan
from finsync_tui.rehearse import catalogue as books
from finsync_tui.rehearse import expense_catalogue as catalogue
from finsync_tui.rehearse import expense_faults as faults
from finsync_tui.rehearse import expense_people as people
from finsync_tui.rehearse.expense_claims import owed
from finsync_tui.rehearse.expense_field import (
    ACKNOWLEDGE,
    CONFIRM,
    LAST_PAYMENT,
    Field,
    charged_to,
    correction,
    is_for_first,
    is_plain,
    moved,
    paid_claim,
    throttle_on,
    with_first,
)
from finsync_tui.rehearse.planted import CLOSED_ON, Level, Scenario

BUSINESS: Final = {
    "MAPPING_MISSING": 9,
    "ACCOUNT_MISSING": 6,
    "ACCOUNT_INVALID": 6,
    "COST_CENTRE_INACTIVE": 5,
    "COST_CENTRE_MISSING": 6,
    "PERIOD_CLOSED": 4,
    "EMPLOYEE_UNKNOWN": 4,
    "APPROVER_SELF": 4,
    "APPROVER_MISSING": 3,
    "APPROVER_STALE": 4,
    "APPROVAL_LIMIT": 4,
    "TOTALS_DIFFER": 4,
    "PAYLOAD_INVALID": 2,
    "TEST_DOCUMENT": 3,
}
"""How many of each class at scale 1: an exception, or back to the employee with that reason."""
HISTORY: Final = {"RECALLED": 6, "PAYMENT_REVERSED": 3}
"""What people and banks do in between: the expense tool and the ERP must both show it in the end."""
TECHNICAL: Final = {"THROTTLED": 6, "OUTCOME_UNKNOWN": 10, "APPROVED_BY_DELEGATE": 5, "MAINTENANCE": 1}
"""They must come out as findings, and nothing may come of them."""
LIES: Final = {"READ_BACK_DIFFERS": 6}
"""Answers of success to what is never kept: they must come out as exceptions, within a cycle."""
STORM: Final = {"UNAVAILABLE": 6}
STORM_FACTOR: Final = 3
LEASTS: Final = {"MAPPING_MISSING": 2, "RECALLED": 3, "OUTCOME_UNKNOWN": 5, "READ_BACK_DIFFERS": 3}
"""Classes with several ways of going wrong have one of each, however small the company."""
FINDINGS: Final = frozenset((*TECHNICAL, *STORM))
RETURNED_AT_ONCE: Final = {"FR01": ("COST_CENTRE_MISSING", "APPROVER_SELF"), "US01": ("TOTALS_DIFFER",)}
"""Classes that a company sends back to the employee without asking an analyst."""

DEFECTS: Final = {
    "TOTALS_DIFFER": ("total_is_wrong", "line_is_wrong"),
    "PAYLOAD_INVALID": ("employee_missing", "amount_is_a_word"),
}
_NOON: Final = timedelta(hours=12)
_ASKED_WAIT_S: Final = 3600
_RECALLED_AFTER: Final = timedelta(minutes=45)
"""After noon: after the engine was asked to wait an hour, before the hour is over."""


def plant(scenario: Scenario, level: Level, scale: float) -> Scenario:
    """Return the scenario with the trouble of its expenses; the same scenario and level give the same."""
    field_ = Field(scenario)
    for class_, count in (BUSINESS | HISTORY).items():
        for n in range(_scaled(class_, count, scale)):
            _PLANTERS[class_](field_, class_, n)
    factor = STORM_FACTOR if level == "storm" else 1
    for class_, count in TECHNICAL.items() if level != "none" else ():
        for n in range(_scaled(class_, count * factor, scale)):
            _PLANTERS[class_](field_, class_, n)
    for class_, count in LIES.items() if level != "none" else ():
        for n in range(_scaled(class_, count, scale)):
            _PLANTERS[class_](field_, class_, n)
    for class_, count in STORM.items() if level == "storm" else ():
        for n in range(_scaled(class_, count, scale)):
            _PLANTERS[class_](field_, class_, n)
    return field_.scenario()


def _scaled(class_: str, count: int, scale: float) -> int:
    return max(LEASTS.get(class_, 1), round(count * scale))


# -- business trouble ------------------------------------------------------------------------------------


def _mapping(field_: Field, class_: str, n: int) -> None:
    """An expense on an account, a cost centre or a tax that no mapping table knows."""
    claim = field_.take(lambda one: is_plain(one) and (n % 3 != 2 or one.legal_entity != "US01"))
    if claim is None:
        return
    code, name = catalogue.UNKNOWN_TYPE
    if n % 3 == 0:
        changed = with_first(
            claim, expense_type=code, expense_name=name, account=catalogue.UNKNOWN_ACCOUNT, taxes=()
        )
    elif n % 3 == 1:
        changed = charged_to(claim, books.UNMAPPED_CENTRE)
    else:
        country = field_.company.legal_entities[claim.legal_entity].country
        tax = TaxPlan(
            amount=Decimal("1.00"),
            reclaim=Decimal("1.00"),
            code=catalogue.UNKNOWN_RECLAIM,
            reclaim_code=catalogue.UNKNOWN_RECLAIM,
            country=country,
        )
        changed = with_first(claim, taxes=(tax,))
    field_.note(class_, changed)


def _account_missing(field_: Field, class_: str, n: int) -> None:
    """An expense type for which the expense tool has no account, and the mapping table has no rule."""
    claim = field_.take(is_plain)
    if claim is not None:
        code, name = catalogue.UNKNOWN_TYPE
        field_.note(class_, with_first(claim, expense_type=code, expense_name=name, account=""))


def _account_invalid(field_: Field, class_: str, n: int) -> None:
    """A combination that a cross-validation rule of the ERP forbids: an invoice is refused at once, a journal later."""
    claim = field_.take(is_plain)
    if claim is not None:
        code, name, target = catalogue.FORBIDDEN_TYPE
        account = catalogue.account(claim.legal_entity, target)
        charged = charged_to(claim, books.FORBIDDEN[0])
        changed = with_first(charged, expense_type=code, expense_name=name, account=account)
        field_.note(class_, changed, field_.target(claim))


def _inactive(field_: Field, class_: str, n: int) -> None:
    """An expense charged to a cost centre that the ERP has closed some days before."""
    claim = field_.take(
        lambda one: is_plain(one) and one.approved_at.date() > CLOSED_ON[one.legal_entity] + timedelta(days=3)
    )
    if claim is not None:
        field_.note(class_, charged_to(claim, books.CLOSING_CENTRE[claim.legal_entity]), field_.target(claim))


def _missing_centre(field_: Field, class_: str, n: int) -> None:
    """An expense without a cost centre. In one company it goes back at once, is corrected and comes again."""
    is_french = n % 2 == 0
    last = field_.company.ends_at - LAST_PAYMENT
    claim = field_.take(
        lambda one: (
            is_plain(one)
            and (one.legal_entity == "FR01") == is_french
            and one.approved_at < last
            and is_for_first(field_, one)
        )
    )
    if claim is None:
        return
    changed = with_first(claim, splits=(), codes={})
    if is_french:
        changed = replace(changed, correction=correction(claim, 4))
    field_.note(class_, changed)


def _period(field_: Field, class_: str, n: int) -> None:
    """An approval on a Saturday on which the ledger's period is closed, as it is for the orders."""
    if not field_.closures():
        return
    closure = field_.closures()[n % len(field_.closures())]
    ledgers = {number: one.ledger for number, one in field_.company.legal_entities.items()}
    claim = field_.take(lambda one: is_plain(one) and ledgers[one.legal_entity] == closure.ledger)
    if claim is None:
        return
    at = closure.closed_at + timedelta(hours=6) - timedelta(minutes=field_.chance.randint(5, 170))
    field_.note(class_, moved(claim, at), field_.target(claim))


def _unknown_payee(field_: Field, class_: str, n: int) -> None:
    """Somebody new whom nobody has made a payee in the ERP yet."""
    claim = field_.take(
        lambda one: one.legal_entity != "US01" and owed(one) > 0 and is_for_first(field_, one)
    )
    if claim is not None:
        owner = field_.hire(claim, is_payee=False)
        field_.note(class_, field_.given_to(claim, owner), field_.target(claim))


def _self(field_: Field, class_: str, n: int) -> None:
    """Somebody who approved their own report."""
    claim = field_.take()
    if claim is not None:
        field_.note(class_, replace(claim, approver=claim.employee))


def _no_approver(field_: Field, class_: str, n: int) -> None:
    """Somebody without a superior, whose report nobody approved."""
    claim = field_.take()
    if claim is not None:
        owner = field_.hire(claim, superior=None)
        field_.note(class_, field_.given_to(claim, owner))


def _stale(field_: Field, class_: str, n: int) -> None:
    """An approver who does not work here any more, or one who has nothing to say there."""
    claim = field_.take(lambda one: field_.expenses.employees[one.employee].grade == "staff")
    if claim is None:
        return
    if n % 2 == 0:
        who = field_.hire(claim, grade="manager", limit=people.LIMITS["manager"], is_active=False).number
    else:
        owner = field_.expenses.employees[claim.employee]
        who = next(
            one.number
            for one in field_.expenses.employees.values()
            if one.grade == "staff" and one.legal_entity == owner.legal_entity and one.number != owner.number
        )
    field_.note(class_, replace(claim, approver=who))


def _limit(field_: Field, class_: str, n: int) -> None:
    """A report above what its approver may approve."""
    claim = field_.take(lambda one: one.total > 60 and is_for_first(field_, one))
    if claim is None:
        return
    boss = field_.hire(claim, grade="manager", limit=Decimal(50))
    owner = field_.hire(claim, superior=boss.number)
    field_.note(class_, replace(field_.given_to(claim, owner), approver=boss.number))


def _damage(field_: Field, class_: str, n: int) -> None:
    """A document that does not add up, or that can't be read."""
    claim = field_.take(is_plain)
    if claim is not None:
        defects = DEFECTS[class_]
        field_.note(class_, replace(claim, defect=defects[n % len(defects)]))


def _test_document(field_: Field, class_: str, n: int) -> None:
    """A report of a test: it is never posted."""
    claim = field_.take()
    if claim is not None:
        field_.note(class_, replace(claim, plan=replace(claim.plan, is_test=True)))


# -- what people and banks do ----------------------------------------------------------------------------


def _recalled(field_: Field, class_: str, n: int) -> None:
    """A report that is taken back: before it is locked, or when it is posted and not yet confirmed; then it comes again."""
    entity = ("", "", "US01")[n % 3]
    claim = field_.take(
        lambda one: (
            is_plain(one) and is_for_first(field_, one) and (one.legal_entity == "US01") == (entity == "US01")
        )
    )
    day = field_.saturday() if claim is not None else None
    if claim is None or day is None:
        return
    late = moved(claim, day + timedelta(hours=10, minutes=20))
    path = ACKNOWLEDGE if n % 3 == 0 else CONFIRM
    throttle_on(field_, day, path, f"recalled-{claim.report_id}", _ASKED_WAIT_S)
    changed = replace(late, recalled_at=day + _NOON + _RECALLED_AFTER, correction=correction(late, 4))
    field_.note(class_, changed)
    field_.note("THROTTLED", changed)


def _reversed(field_: Field, class_: str, n: int) -> None:
    """A payment that the bank sends back, and that is made again."""
    claim = paid_claim(field_)
    if claim is None:
        return
    owner = field_.hire(claim)
    at = (claim.approved_at + timedelta(days=16)).replace(hour=9, minute=30)
    field_.note(class_, replace(field_.given_to(claim, owner), voided_at=at), field_.target(claim))


_Planter = Callable[[Field, str, int], None]
_PLANTERS: Final[Mapping[str, _Planter]] = {
    "MAPPING_MISSING": _mapping,
    "ACCOUNT_MISSING": _account_missing,
    "ACCOUNT_INVALID": _account_invalid,
    "COST_CENTRE_INACTIVE": _inactive,
    "COST_CENTRE_MISSING": _missing_centre,
    "PERIOD_CLOSED": _period,
    "EMPLOYEE_UNKNOWN": _unknown_payee,
    "APPROVER_SELF": _self,
    "APPROVER_MISSING": _no_approver,
    "APPROVER_STALE": _stale,
    "APPROVAL_LIMIT": _limit,
    "TOTALS_DIFFER": _damage,
    "PAYLOAD_INVALID": _damage,
    "TEST_DOCUMENT": _test_document,
    "RECALLED": _recalled,
    "PAYMENT_REVERSED": _reversed,
    "THROTTLED": faults.throttled,
    "OUTCOME_UNKNOWN": faults.unknown_outcome,
    "APPROVED_BY_DELEGATE": faults.delegated,
    "MAINTENANCE": faults.maintenance,
    "UNAVAILABLE": faults.unavailable,
    "READ_BACK_DIFFERS": faults.lie,
}
