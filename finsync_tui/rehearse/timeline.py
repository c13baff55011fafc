"""What happens in the world, in order of time. Each event is applied through the simulators' own doings: what people do.

Nothing here depends on when it is asked: the same scenario gives the same events, so a world that starts again knows
which of them it has applied by their count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial

from finsync_tui.rehearse import catalogue, documents
from finsync_tui.rehearse.documents import AccountKey
from finsync_tui.rehearse.planted import CLOSED_ON, Scenario
from finsync_tui.rehearse.shapes import Change, Line, Order
from finsync_tui.rehearse.systems import Systems

_STATUSES = {"cancel": "cancelled", "close": "closed"}
_TOUCHED_BY = "migration-job"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens at an instant."""

    at: datetime
    what: str
    subject: str
    act: Callable[[Systems], object]


def events(scenario: Scenario) -> tuple[Event, ...]:
    """Return all events in order of time; those of one instant in the order they were thought of."""
    accounts = documents.account_ids(scenario.company, scenario.payables)
    found = [
        *_orders(scenario, accounts),
        *_changes(scenario, accounts),
        *(Event(at, "touched", number, partial(_touch, number)) for number, at in scenario.touches),
        *_closures(scenario),
        *_closing_centres(scenario),
    ]
    return tuple(sorted(found, key=lambda one: one.at))


def _orders(scenario: Scenario, accounts: dict[AccountKey, int]) -> Iterator[Event]:
    for order in scenario.company.orders.values():
        if documents.was_requested_early(scenario.company, order):
            act = partial(_request, scenario, order, accounts)
            yield Event(order.issued_at - documents.EARLY_BY, "requested", order.number, act)
        yield Event(order.issued_at, "issued", order.number, partial(_issue, scenario, order, accounts))
        wish = documents.wish_of(scenario.company, order)
        if wish is not None:
            for at, status in _wishes(order):
                what = partial(_wish, scenario, order, accounts, wish, status)
                yield Event(at, f"wish {status}", str(wish), what)


def _wishes(order: Order) -> Iterator[tuple[datetime, str]]:
    """Half of what is never ordered is withdrawn; the other half still waits at the end."""
    yield order.issued_at, "approved"
    if order.coupa_id % (2 * documents.WISH_EVERY) == 1:
        yield order.issued_at + documents.WITHDRAWN_AFTER, "withdrawn"


def _wish(
    scenario: Scenario,
    order: Order,
    accounts: dict[AccountKey, int],
    wish: int,
    status: str,
    systems: Systems,
) -> None:
    body = documents.requisition(scenario.company, order, accounts, status=status, requisition_id=wish)
    systems.coupa.put("requisitions", body, by=order.requester)


def _request(scenario: Scenario, order: Order, accounts: dict[AccountKey, int], systems: Systems) -> None:
    body = documents.requisition(scenario.company, order, accounts, status="approved")
    systems.coupa.put("requisitions", body, by=order.requester)
    for approval in documents.approvals(order):
        systems.coupa.put("approvals", approval, by=approval["approved-by"]["login"])


def _issue(scenario: Scenario, order: Order, accounts: dict[AccountKey, int], systems: Systems) -> None:
    coupa, company = systems.coupa, scenario.company
    if not documents.was_requested_early(company, order):
        for approval in documents.approvals(order):
            coupa.put("approvals", approval, by=approval["approved-by"]["login"])
    made = coupa.put(
        "purchase_orders", documents.purchase_order(company, order, accounts), by=order.requester
    )
    became = [line["id"] for line in made["order-lines"]]
    coupa.put(
        "requisitions", documents.requisition(company, order, accounts, became=became), by=order.requester
    )


def _changes(scenario: Scenario, accounts: dict[AccountKey, int]) -> Iterator[Event]:
    lines: dict[str, tuple[Line, ...]] = {one.number: one.lines for one in scenario.company.orders.values()}
    for change in scenario.company.changes:
        if change.kind == "revise":
            act = partial(_revise, scenario, change, lines[change.number], accounts)
            lines[change.number] = change.lines
            yield Event(change.at, "revised", change.number, act)
        else:
            status = _STATUSES[change.kind]
            yield Event(change.at, status, change.number, partial(_end, change, status))


def _revise(
    scenario: Scenario,
    change: Change,
    before: tuple[Line, ...],
    accounts: dict[AccountKey, int],
    systems: Systems,
) -> None:
    body = documents.revision(scenario.company, change, before, accounts)
    systems.coupa.revise_order(change.number, body, by=change.by)
    if change.number in scenario.stale:
        systems.coupa.serve_stale(change.number)


def _end(change: Change, status: str, systems: Systems) -> None:
    systems.coupa.set_order_status(change.number, status, by=change.by)


def _touch(number: str, systems: Systems) -> None:
    systems.coupa.touch_order(number, by=_TOUCHED_BY)


def _closures(scenario: Scenario) -> Iterator[Event]:
    for one in scenario.closures:
        yield Event(
            one.closed_at,
            "closed early",
            one.ledger,
            partial(_set_period, one.system, one.ledger, one.period, False),
        )
        yield Event(
            one.opened_at,
            "opened again",
            one.ledger,
            partial(_set_period, one.system, one.ledger, one.period, True),
        )


def _set_period(system: str, ledger: str, period: str, is_open: bool, systems: Systems) -> None:
    books = systems.erps[system]
    if is_open:
        books.open_period(ledger, period)
    else:
        books.close_period(ledger, period)


def _closing_centres(scenario: Scenario) -> Iterator[Event]:
    for number, day in CLOSED_ON.items():
        buyer = scenario.company.legal_entities[number]
        at = datetime.combine(day + timedelta(days=1), time(), scenario.company.starts_at.tzinfo)
        act = partial(_close_centre, buyer.system, catalogue.CLOSING_CENTRE[number])
        yield Event(at, "cost centre closed", f"{buyer.system} {catalogue.CLOSING_CENTRE[number]}", act)


def _close_centre(system: str, centre: str, systems: Systems) -> None:
    systems.close_centre(system, centre)
