"""Technical trouble in the expenses: systems that are busy, away or silent, and approvers who stand in. It becomes a finding.

What has to hit one document alone, and can't be told from others by its body, happens on a Saturday of its own: nobody
else approves then. An invoice and a payment name an employee; there somebody who has no other report is enough.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from adapters.simulation import Fault
from finsync_tui.rehearse.expense_catalogue import SOURCE
from finsync_tui.rehearse.expense_field import (
    ACKNOWLEDGE,
    CONFIRM,
    Field,
    is_for_first,
    is_plain,
    moved,
    on,
    paid_claim,
    throttle_on,
)
from finsync_tui.rehearse.planted import LIE, Plant
from finsync_tui.rehearse.purchases import on_working_day

_PAYMENT: Final = r"/paymentconfirmations(\?|$)"
_INVOICE: Final = r"/invoices(\?|$)"
_IMPORT: Final = r"/erpintegrations(\?|$)"
_QUEUE: Final = r"/transactiontypes/expense/transactions\?"


def throttled(field_: Field, class_: str, n: int) -> None:
    """The expense tool asks to come back later when a document is taken, or the ERP when it is posted."""
    wait_s = field_.chance.choice((30, 60, 120, 900))
    if n % 2 == 0:
        claim = field_.take(is_plain)
        day = field_.saturday() if claim is not None else None
        if claim is None or day is None:
            return
        throttle_on(field_, day, ACKNOWLEDGE, claim.report_id, wait_s)
        field_.note(class_, moved(claim, day + timedelta(hours=10, minutes=30)))
        return
    claim = paid_claim(field_)
    if claim is not None:
        owner = field_.hire(claim)
        fault = Fault(
            f"throttle-{claim.report_id}", "throttle", "POST", _INVOICE, owner.name, retry_after_s=wait_s
        )
        field_.add_fault(field_.target(claim), fault)
        field_.note(class_, field_.given_to(claim, owner), field_.target(claim))


def unknown_outcome(field_: Field, class_: str, n: int) -> None:
    """No answer comes: when an invoice, a journal, the lock, the confirmation or a payment is told."""
    kind = n % 5
    is_saved = (n // 5) % 2 == 0
    how = "lost_answer" if is_saved else "reset"
    if kind in (0, 4):
        _lost_by_name(field_, class_, how, is_payment=kind == 4)
        return
    claim = field_.take(lambda one: is_plain(one) and (one.legal_entity == "US01") == (kind == 1))
    day = field_.saturday() if claim is not None else None
    if claim is None or day is None:
        return
    path = {1: _IMPORT, 2: ACKNOWLEDGE, 3: CONFIRM}[kind]
    system = field_.target(claim) if kind == 1 else SOURCE
    name = f"{how}-{claim.report_id}"
    fault = Fault(name, "lost_answer" if is_saved else "reset", "POST", path)
    field_.add_fault(system, on(day, fault))
    field_.note(class_, moved(claim, day + timedelta(hours=10, minutes=40)), system)


def _lost_by_name(field_: Field, class_: str, how: str, *, is_payment: bool) -> None:
    claim = paid_claim(field_)
    if claim is None:
        return
    owner = field_.hire(claim)
    system = SOURCE if is_payment else field_.target(claim)
    path, body = (_PAYMENT, owner.number) if is_payment else (_INVOICE, owner.name)
    kind = "lost_answer" if how == "lost_answer" else "reset"
    field_.add_fault(system, Fault(f"{how}-{claim.report_id}", kind, "POST", path, body))  # type: ignore[arg-type]
    field_.note(class_, field_.given_to(claim, owner), system)


def lie(field_: Field, class_: str, n: int) -> None:
    """Yes, and nothing is kept: of a posting or a payment told to the expense tool, or of a journal handed to the ERP."""
    if n % 3 == 1:
        claim = paid_claim(field_)
        if claim is not None:
            owner = field_.hire(claim)
            name = f"{LIE}{claim.report_id}"
            field_.add_fault(SOURCE, Fault(name, "unsaved", "POST", _PAYMENT, owner.number))
            field_.note(class_, field_.given_to(claim, owner))
        return
    # In a company whose ERP pays nobody: a payment could not be told where the posting is not known.
    claim = field_.take(lambda one: is_plain(one) and one.legal_entity == "US01")
    day = field_.saturday() if claim is not None else None
    if claim is None or day is None:
        return
    system, path = (field_.target(claim), _IMPORT) if n % 3 == 2 else (SOURCE, CONFIRM)
    field_.add_fault(system, on(day, Fault(f"{LIE}{claim.report_id}", "unsaved", "POST", path)))
    field_.note(class_, moved(claim, day + timedelta(hours=10, minutes=40)), system)


def delegated(field_: Field, class_: str, n: int) -> None:
    """A report that was approved by somebody who stands in."""
    claim = field_.take(
        lambda one: field_.expenses.employees[one.employee].grade == "staff" and is_for_first(field_, one)
    )
    if claim is not None:
        boss = field_.expenses.employees[claim.approver or ""]
        field_.note(class_, replace(claim, approver=boss.delegates[0]))


def maintenance(field_: Field, class_: str, n: int) -> None:
    """The expense tool is away for a day."""
    week = field_.week()
    if week is None:
        return
    day = date.fromisocalendar(field_.company.starts_at.year, week, 2)
    starts_at = on_working_day(field_.company.starts_at.replace(month=day.month, day=day.day, hour=6))
    ends_at = starts_at + timedelta(days=1)
    field_.add_fault(
        SOURCE, Fault(f"maintenance-{SOURCE}-{n}", "maintenance", starts_at=starts_at, ends_at=ends_at)
    )
    field_.plants.append(Plant(class_, SOURCE, SOURCE, SOURCE, starts_at, ends_at, about="expense"))


def unavailable(field_: Field, class_: str, n: int) -> None:
    """The expense tool fails once while its queue is read."""
    days = (field_.company.ends_at - field_.company.starts_at).days - 10
    at = field_.company.starts_at + timedelta(days=4 + (n * 53 + field_.company.seed) % days, hours=9)
    status = field_.chance.choice((500, 502, 504))
    field_.add_fault(
        SOURCE, Fault(f"unavailable-{SOURCE}-{n}", "unavailable", "GET", _QUEUE, starts_at=at, status=status)
    )
    field_.plants.append(Plant(class_, SOURCE, SOURCE, SOURCE, at, at + timedelta(days=1), about="expense"))
