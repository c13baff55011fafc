"""What happens to receipts and invoices in the world: goods arrive and go back, invoices are entered, approved and voided in
Coupa; some are held, paid by hand, voided or paid again in the ERP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

from finsync_tui.rehearse import documents, invoice_documents
from finsync_tui.rehearse.documents import AccountKey
from finsync_tui.rehearse.invoice_shapes import Arrival, Bill
from finsync_tui.rehearse.planted import SOURCE, Scenario
from finsync_tui.rehearse.systems import Systems
from finsync_tui.rehearse.timeline import Event
from store.canonical.money import plain

HOLD: Final = "Clerk's question"
_CLERK: Final = "ap-clerk"


def events(scenario: Scenario) -> Iterator[Event]:
    """Yield all events, in no order."""
    accounts = documents.account_ids(scenario.company, scenario.payables)
    for one in scenario.payables.arrivals:
        yield Event(one.at, "goods arrived", one.key, partial(_receive, one))
        if one.returned_at is not None:
            yield Event(one.returned_at, "goods went back", one.key, partial(_give_back, one))
    for bill in scenario.payables.bills.values():
        yield Event(
            bill.entered_at, "invoice entered", bill.number, partial(_enter, scenario, bill, accounts)
        )
        yield Event(bill.approved_at, "invoice approved", bill.number, partial(_approve, bill))
        system = scenario.company.legal_entities[bill.legal_entity].system
        for at, what, act in _later(bill):
            if at is not None:
                yield Event(at, what, bill.number, partial(act, bill, system))


def _later(bill: Bill) -> Iterator[tuple[datetime | None, str, Callable[[Bill, str, Systems], object]]]:
    yield bill.voided_at, "invoice voided", _void
    yield bill.paid_in_part_at, "invoice paid in part", _pay_in_part
    yield bill.paid_again_at, "invoice paid in part again", _pay_in_part
    yield bill.double_voided_at, "double payment voided", _void_double
    yield bill.paid_at, "invoice paid by hand", _pay
    yield bill.payment_voided_at, "payment voided", _void_payment
    yield bill.payment_reissued_at, "payment reissued", _reissue
    yield bill.held_at, "invoice held", _hold
    yield bill.released_at, "invoice released", _release


# -- Coupa ---------------------------------------------------------------------------------------------


def _receive(arrival: Arrival, systems: Systems) -> None:
    size = plain(arrival.size)
    systems.coupa.receive(
        arrival.order,
        str(arrival.line),
        quantity=None if arrival.is_by_amount else size,
        amount=size if arrival.is_by_amount else None,
        by=arrival.by,
    )


def _give_back(arrival: Arrival, systems: Systems) -> None:
    line = next(
        one
        for one in systems.coupa.order(arrival.order)["order-lines"]
        if one["line-num"] == str(arrival.line)
    )
    held = (
        one
        for one in systems.coupa.receipts_of(line["id"])
        if Decimal(one["quantity"] or 0) >= arrival.returned
    )
    systems.coupa.give_back(next(held)["id"], plain(arrival.returned), by=arrival.by)


def _enter(scenario: Scenario, bill: Bill, accounts: Mapping[AccountKey, int], systems: Systems) -> None:
    lines: dict[str, int] = {}
    if bill.order is not None and bill.order_number_shown is None:
        lines = {
            str(one["line-num"]): one["id"]
            for one in systems.coupa.order(bill.order)["order-lines"]
            if one["status"] != "deleted"
        }
    systems.coupa.put(
        "invoices", invoice_documents.invoice(scenario.company, bill, accounts, lines), by=_CLERK
    )
    systems.coupa.put(
        "approvals",
        {
            "approvable-type": "InvoiceHeader",
            "approvable-id": bill.invoice_id,
            "position": 1,
            "status": "pending_approval",
            "type": "ManagementHierarchyApproval",
            "approver": {"login": bill.approver},
        },
        by=_CLERK,
    )


def _approve(bill: Bill, systems: Systems) -> None:
    systems.coupa.approve_invoice(bill.invoice_id, by=bill.approver)


def _void(bill: Bill, system: str, systems: Systems) -> None:
    systems.coupa.void_invoice(bill.invoice_id, by=_CLERK)


# -- the ERP -------------------------------------------------------------------------------------------


def _posted(bill: Bill, system: str, systems: Systems) -> int | None:
    """Return the id of the ERP's invoice; None: there is none, and nothing can be done to it."""
    mark = f"{SOURCE}:{bill.invoice_id}"
    found = (
        one["invoice_id"]
        for one in systems.erps[system].invoices()
        if one["mark"] == mark and one["status"] != "cancelled"
    )
    return next(found, None)


def _pay_in_part(bill: Bill, system: str, systems: Systems) -> None:
    _pay(bill, system, systems, (bill.total / 3).quantize(Decimal("0.01")))


def _pay(bill: Bill, system: str, systems: Systems, amount: Decimal | None = None) -> None:
    about = _posted(bill, system, systems)
    if about is not None:
        systems.erps[system].pay(about, amount)


def _payments(bill: Bill, system: str, systems: Systems) -> list[int]:
    """Return the payments of an invoice that was paid by hand, as they were made: they pay nothing else."""
    about = _posted(bill, system, systems)
    return [
        int(one["payment_id"])
        for one in systems.erps[system].payments()
        if about in {part["invoice_id"] for part in one["invoices"]}
    ]


def _payment(bill: Bill, system: str, systems: Systems) -> int | None:
    return next(iter(_payments(bill, system, systems)), None)


def _void_double(bill: Bill, system: str, systems: Systems) -> None:
    made = _payments(bill, system, systems)
    if len(made) > 1:
        systems.erps[system].void(made[1])


def _void_payment(bill: Bill, system: str, systems: Systems) -> None:
    payment = _payment(bill, system, systems)
    if payment is not None:
        systems.erps[system].void(payment)


def _reissue(bill: Bill, system: str, systems: Systems) -> None:
    payment = _payment(bill, system, systems)
    if payment is not None:
        systems.erps[system].reissue(payment)


def _hold(bill: Bill, system: str, systems: Systems) -> None:
    about = _posted(bill, system, systems)
    if about is not None:
        systems.erps[system].hold_invoice(about, HOLD)


def _release(bill: Bill, system: str, systems: Systems) -> None:
    about = _posted(bill, system, systems)
    if about is not None:
        systems.erps[system].release_holds(about)


def thursday(after: datetime) -> datetime:
    """Return the afternoon of the next Thursday: payments run on Saturdays.

    >>> from datetime import UTC
    >>> thursday(datetime(2026, 3, 2, 9, tzinfo=UTC)).isoformat()
    '2026-03-05T15:00:00+00:00'
    """
    days = (3 - after.weekday()) % 7 or 7
    return (after + timedelta(days=days)).replace(hour=15, minute=0, second=0, microsecond=0)
