"""The trouble that is planted in receipts and invoices, beside that of orders and expenses.

As there, each plant has a class, a subject and a time, and no invoice has two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from adapters.simulation import Fault
from finsync_tui.rehearse import catalogue as books
from finsync_tui.rehearse import invoice_catalogue as catalogue
from finsync_tui.rehearse.invoice_documents import UNKNOWN_ORDER
from finsync_tui.rehearse.invoice_field import (
    Field,
    is_before_thursday,
    is_taxed,
    moved,
    with_code,
    with_first,
)
from finsync_tui.rehearse.invoice_shapes import Bill, BillLine
from finsync_tui.rehearse.invoice_timeline import thursday
from finsync_tui.rehearse.planted import CLOSED_ON, LIE, SOURCE, Level, Plant, Scenario
from finsync_tui.rehearse.purchases import is_exact, on_working_day

BUSINESS: Final = {
    "MATCH_PRICE": 14,
    "MATCH_QUANTITY": 12,
    "MATCH_RECEIPT": 16,
    "MATCH_CURRENCY": 5,
    "MATCH_ORDER": 8,
    "INVOICE_DUPLICATE": 10,
    "PAYMENT_DUPLICATE_POSSIBLE": 8,
    "TAX_DIFFERS": 10,
    "TAX_CODE_UNKNOWN": 6,
    "MAPPING_MISSING": 6,
    "PERIOD_CLOSED": 4,
    "INVOICE_ON_HOLD": 8,
    "APPROVAL_STALE": 6,
}
"""How many of each class at scale 1: they must come out as exceptions."""
HISTORY: Final = {
    "VOIDED_BEFORE_POSTING": 5,
    "VOIDED_AFTER_POSTING": 6,
    "PAID_IN_PARTS": 12,
    "PAYMENT_VOIDED": 6,
    "PAYMENT_REISSUED": 4,
}
"""What people and banks do in between: both systems must show it in the end."""
TECHNICAL: Final = {"THROTTLED": 8, "OUTCOME_UNKNOWN": 12}
"""They must come out as findings, and nothing may come of them."""
DOUBLES: Final = {"PAYMENT_TWICE_POSSIBLE": 6}
"""Likewise: what the ERP pays twice must come out as an exception, and Coupa is told of it once."""
LIES: Final = {"READ_BACK_DIFFERS": 4}
"""Answers of success to what is never kept: they must come out as exceptions, within a cycle."""
STORM_FACTOR: Final = 3
LEASTS: Final = {
    "MATCH_RECEIPT": 2,
    "MATCH_ORDER": 2,
    "INVOICE_DUPLICATE": 2,
    "TAX_DIFFERS": 2,
    "THROTTLED": 2,
    "OUTCOME_UNKNOWN": 3,
}
"""Classes with several ways of going wrong have one of each, however small the company."""
FINDINGS: Final = frozenset(TECHNICAL)

_CREATE: Final = r"/invoices(\?|$)"
_RECEIVE: Final = r"/receivingReceiptRequests(\?|$)"
_COMMITTED: Final = timedelta(days=12)
"""After so long an order that met no trouble is in the ERP."""
_NOTICED: Final = timedelta(days=3)
"""So long after a cost centre was closed it has been read that it is."""
_LATE_DAYS: Final = catalogue.PATIENCE_DAYS + 6


def plant(scenario: Scenario, level: Level, scale: float) -> Scenario:
    """Return the scenario with the trouble of its payables; the same scenario and level give the same."""
    field_ = Field(scenario)
    factor = STORM_FACTOR if level == "storm" else 1
    technical = {} if level == "none" else {class_: count * factor for class_, count in TECHNICAL.items()}
    lies = {} if level == "none" else LIES
    # What fits few invoices chooses first.
    first = {"APPROVAL_STALE": BUSINESS["APPROVAL_STALE"]}
    for class_, count in (first | technical | HISTORY | BUSINESS | lies | DOUBLES).items():
        for n in range(max(LEASTS.get(class_, 1), round(count * scale))):
            _PLANTERS[class_](field_, class_, n)
    return field_.scenario()


# -- business trouble ------------------------------------------------------------------------------------


def _price(field_: Field, class_: str, n: int) -> None:
    """Ten per cent more a piece than was ordered."""
    bill = field_.take(
        lambda one: one.order is not None and _dearer(one.lines[0]) is not None and field_.is_early(one)
    )
    changed = _dearer(bill.lines[0]) if bill is not None else None
    if bill is not None and changed is not None:
        field_.note(class_, with_first(bill, changed))


def _dearer(line: BillLine) -> BillLine | None:
    what = replace(line.what, price=line.what.price * Decimal("1.1"))
    return replace(line, what=what) if what.quantity is not None and is_exact(what) else None


def _quantity(field_: Field, class_: str, n: int) -> None:
    """Twice of what was ordered."""
    bill = field_.take(lambda one: one.order is not None and field_.is_early(one))
    if bill is not None:
        first = bill.lines[0]
        line = first.what
        twice = replace(line, price=line.price * 2)
        if line.quantity is not None:
            twice = replace(line, quantity=line.quantity * 2)
        field_.note(class_, with_first(bill, replace(first, what=twice)))


def _receipt(field_: Field, class_: str, n: int) -> None:
    """Goods that come when nobody waits for them any more, or never."""
    bill = field_.take(field_.is_of_goods)
    if bill is None or bill.order is None:
        return
    late = on_working_day(bill.approved_at + timedelta(days=_LATE_DAYS))
    held = field_.arrivals[bill.order]
    field_.arrivals[bill.order] = [replace(one, at=late) for one in held] if n % 2 == 0 else []
    field_.note(class_, bill)


def _currency(field_: Field, class_: str, n: int) -> None:
    """An invoice in another currency than its order."""
    bill = field_.take(lambda one: one.order is not None and field_.is_early(one))
    if bill is not None:
        field_.note(class_, replace(bill, currency="USD" if bill.currency == "EUR" else "EUR"))


def _order(field_: Field, class_: str, n: int) -> None:
    """An invoice that names an order nobody knows, or one that was cancelled."""
    if n % 2 == 0 or not field_.cancelled:
        bill = field_.take(lambda one: one.order is not None and field_.is_early(one))
        if bill is not None:
            field_.note(class_, replace(bill, order_number_shown=UNKNOWN_ORDER))
        return
    bill = field_.take(lambda one: one.order is None)
    if bill is None:
        return
    change = field_.cancelled.pop()
    order = field_.company.orders[change.number]
    buyer = field_.company.legal_entities[order.legal_entity]
    supplier = field_.company.suppliers[order.supplier]
    lines = tuple(
        BillLine(one, catalogue.tax_code(buyer.country, supplier.country, one.commodity))
        for one in order.lines
    )
    at = change.at + timedelta(days=14)
    changed = replace(
        moved(bill, at),
        order=order.number,
        legal_entity=order.legal_entity,
        supplier=order.supplier,
        currency=buyer.currency,
        lines=lines,
        dated=at.date(),
    )
    field_.note(class_, changed)


def _duplicate(field_: Field, class_: str, n: int) -> None:
    """An invoice that the supplier sends twice; some are voided when somebody sees it."""
    bill = field_.take(field_.is_early)
    if bill is not None:
        again = field_.copy(bill, 4, bill.number)
        voided_at = again.approved_at + timedelta(days=5) if n % 2 == 1 else None
        field_.note(class_, replace(again, voided_at=voided_at))


def _same_amount(field_: Field, class_: str, n: int) -> None:
    """The same amount under another number."""
    bill = field_.take(lambda one: one.order is None and field_.is_early(one))
    if bill is not None:
        field_.note(class_, field_.copy(bill, 4))


def _tax(field_: Field, class_: str, n: int) -> None:
    """Too much tax, or too little."""
    bill = field_.take(lambda one: is_taxed(one) and field_.is_early(one))
    if bill is not None:
        field_.note(class_, replace(bill, tax_error=Decimal("10.00") if n % 2 == 0 else Decimal("-1.00")))


def _tax_code(field_: Field, class_: str, n: int) -> None:
    """A tax code that nobody knows."""
    bill = field_.take(lambda one: is_taxed(one) and field_.is_early(one))
    if bill is not None:
        country = field_.company.legal_entities[bill.legal_entity].country
        field_.note(class_, with_code(bill, catalogue.UNKNOWN_CODE[country]))


def _mapping(field_: Field, class_: str, n: int) -> None:
    """An invoice without an order on a cost centre that no mapping table knows."""
    bill = field_.take(lambda one: one.order is None)
    if bill is not None:
        first = bill.lines[0]
        centre = books.source_centre(bill.legal_entity, books.UNMAPPED_CENTRE)
        split = replace(first.what.splits[0], cost_centre=centre, percent=Decimal(100))
        field_.note(class_, with_first(bill, replace(first, what=replace(first.what, splits=(split,)))))


def _period(field_: Field, class_: str, n: int) -> None:
    """An approval on a Saturday on which the ledger's period is closed, as it is for the orders."""
    closures = field_.closures()
    if not closures:
        return
    closure = closures[n % len(closures)]
    ledgers = {number: one.ledger for number, one in field_.company.legal_entities.items()}
    bill = field_.take(lambda one: one.order is None and ledgers[one.legal_entity] == closure.ledger)
    if bill is not None:
        at = closure.closed_at + timedelta(hours=6) - timedelta(minutes=field_.chance.randint(5, 170))
        field_.note(class_, replace(moved(bill, at), dated=at.date()), field_.target(bill))


def _hold(field_: Field, class_: str, n: int) -> None:
    """A clerk holds it in the ERP before it is paid, and releases it six days later."""
    bill = field_.take(lambda one: is_before_thursday(one) and field_.is_early(one))
    if bill is not None:
        at = thursday(bill.approved_at)
        changed = replace(bill, held_at=at, released_at=at + timedelta(days=6))
        field_.note(class_, changed, field_.target(bill))


def _stale_basis(field_: Field, class_: str, n: int) -> None:
    """An invoice that comes late: its order's cost centre was open when the order was approved, and has been closed since."""

    def fits(bill: Bill) -> bool:
        if bill.order is None or bill.order not in field_.plain or not field_.is_early(bill):
            return False
        return field_.company.orders[bill.order].issued_at.date() < CLOSED_ON[bill.legal_entity] - _COMMITTED

    bill = field_.take(fits)
    if bill is not None:
        closed_at = field_.company.starts_at.replace(
            month=CLOSED_ON[bill.legal_entity].month, day=CLOSED_ON[bill.legal_entity].day, hour=10
        )
        late = on_working_day(closed_at + _NOTICED + timedelta(days=field_.chance.randint(1, 20)))
        if bill.approved_at < late:
            bill = replace(moved(bill, late), dated=late.date())
        charged = field_.charge(bill, books.CLOSING_CENTRE[bill.legal_entity])
        field_.note(class_, charged, field_.target(bill))


# -- what people and banks do ----------------------------------------------------------------------------


def _voided_before(field_: Field, class_: str, n: int) -> None:
    """Voided in Coupa while it waits for its goods."""
    bill = field_.take(field_.is_of_goods)
    if bill is not None and bill.order is not None:
        field_.arrivals[bill.order] = []
        field_.note(class_, replace(bill, voided_at=bill.approved_at + timedelta(days=4)))


def _voided_after(field_: Field, class_: str, n: int) -> None:
    """Voided in Coupa when it is posted and not yet paid."""
    bill = field_.take(lambda one: is_before_thursday(one) and field_.is_early(one))
    if bill is not None:
        field_.note(class_, replace(bill, voided_at=thursday(bill.approved_at)))


def _in_parts(field_: Field, class_: str, n: int) -> None:
    """A third is paid by hand, the rest by the payment run."""
    bill = field_.take(lambda one: is_before_thursday(one) and one.total > 30 and field_.is_early(one))
    if bill is not None:
        field_.note(class_, replace(bill, paid_in_part_at=thursday(bill.approved_at)), field_.target(bill))


def _paid_twice(field_: Field, class_: str, n: int) -> None:
    """A third is paid by hand, and two hours later once more; a clerk calls it back on the day after, before the run pays the rest."""
    bill = field_.take(lambda one: is_before_thursday(one) and one.total > 30 and field_.is_early(one))
    if bill is not None:
        at = thursday(bill.approved_at)
        again_at, voided_at = at + timedelta(hours=2), at + timedelta(hours=32)
        changed = replace(bill, paid_in_part_at=at, paid_again_at=again_at, double_voided_at=voided_at)
        field_.note(class_, changed, field_.target(bill))


def _payment_voided(field_: Field, class_: str, n: int) -> None:
    """Paid by hand, called back eleven days later, paid by the run after; or at once with another payment."""
    bill = field_.take(lambda one: is_before_thursday(one) and field_.is_early(one))
    if bill is None:
        return
    paid_at = thursday(bill.approved_at)
    back_at = paid_at + timedelta(days=11)
    what = "payment_voided_at" if class_ == "PAYMENT_VOIDED" else "payment_reissued_at"
    field_.note(class_, replace(bill, paid_at=paid_at, **{what: back_at}), field_.target(bill))  # type: ignore[arg-type]


# -- technical trouble -----------------------------------------------------------------------------------


def _throttled(field_: Field, class_: str, n: int) -> None:
    """The ERP asks to come back later when an invoice is created, or Coupa when a payment is told."""
    bill = field_.take(field_.is_early)
    if bill is not None:
        wait_s = field_.chance.choice((30, 60, 120, 900))
        _strike(field_, bill, Fault("throttle", "throttle", retry_after_s=wait_s), is_payment=n % 2 == 1)
        field_.note(class_, bill, SOURCE if n % 2 == 1 else field_.target(bill))


def _strike(field_: Field, bill: Bill, fault: Fault, *, is_payment: bool) -> None:
    """Let a fault hit the creation of one invoice, or what is told of its payment."""
    name = f"{fault.id}-{bill.invoice_id}"
    if is_payment:
        path = rf"^/api/invoices/{bill.invoice_id}(\?|$)"
        field_.add_fault(SOURCE, replace(fault, id=name, method="PUT", path=path, body="payments"))
    else:
        field_.add_fault(
            field_.target(bill), replace(fault, id=name, method="POST", path=_CREATE, body=bill.key)
        )


def _unknown_outcome(field_: Field, class_: str, n: int) -> None:
    """No answer comes: when an invoice is created, a payment told, or goods received; saved, or not saved."""
    fault = Fault("lost", "lost_answer") if (n // 3) % 2 == 0 else Fault("reset", "reset")
    if n % 3 == 2:
        _lost_receipt(field_, class_, fault)
        return
    bill = field_.take(field_.is_early)
    if bill is not None:
        _strike(field_, bill, fault, is_payment=n % 3 == 1)
        field_.note(class_, bill, SOURCE if n % 3 == 1 else field_.target(bill))


def _lie(field_: Field, class_: str, n: int) -> None:
    """The ERP says that it has taken an invoice, gives its number, and keeps nothing."""
    bill = field_.take(field_.is_early)
    if bill is not None:
        fault = Fault(f"{LIE}{bill.key}", "unsaved", "POST", _CREATE, bill.key)
        field_.add_fault(field_.target(bill), fault)
        field_.note(class_, bill, field_.target(bill))


def _lost_receipt(field_: Field, class_: str, fault: Fault) -> None:
    """Goods that arrive on a Saturday of their own: nobody else receives anything then."""
    days = []

    def fits(bill: Bill) -> bool:
        if not field_.is_of_goods(bill):
            return False
        found = field_.saturday(field_.arrivals[bill.order or ""][0].at, bill.approved_at)
        days.extend([found] if found is not None else [])
        return found is not None

    bill = field_.take(fits)
    if bill is None:
        return
    first, *others = field_.arrivals[bill.order or ""]
    at = days[0] + timedelta(hours=10, minutes=30)
    arrived = replace(first, at=at)
    field_.arrivals[first.order] = [arrived, *others]
    system = field_.target(bill)
    window = {"starts_at": at, "ends_at": at + timedelta(hours=36)}
    field_.add_fault(
        system,
        replace(fault, id=f"{fault.id}-{first.key}", method="POST", path=_RECEIVE, **window),  # type: ignore[arg-type]
    )
    field_.plants.append(Plant(class_, first.key, first.key, system, at, about="invoice"))


_Planter = Callable[[Field, str, int], None]
_PLANTERS: Final[Mapping[str, _Planter]] = {
    "MATCH_PRICE": _price,
    "MATCH_QUANTITY": _quantity,
    "MATCH_RECEIPT": _receipt,
    "MATCH_CURRENCY": _currency,
    "MATCH_ORDER": _order,
    "INVOICE_DUPLICATE": _duplicate,
    "PAYMENT_DUPLICATE_POSSIBLE": _same_amount,
    "TAX_DIFFERS": _tax,
    "TAX_CODE_UNKNOWN": _tax_code,
    "MAPPING_MISSING": _mapping,
    "PERIOD_CLOSED": _period,
    "INVOICE_ON_HOLD": _hold,
    "APPROVAL_STALE": _stale_basis,
    "VOIDED_BEFORE_POSTING": _voided_before,
    "VOIDED_AFTER_POSTING": _voided_after,
    "PAID_IN_PARTS": _in_parts,
    "PAYMENT_VOIDED": _payment_voided,
    "PAYMENT_REISSUED": _payment_voided,
    "PAYMENT_TWICE_POSSIBLE": _paid_twice,
    "THROTTLED": _throttled,
    "OUTCOME_UNKNOWN": _unknown_outcome,
    "READ_BACK_DIFFERS": _lie,
}
