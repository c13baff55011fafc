"""What is between an order in Oracle and the commitment it shall equal: a list of calls, planned as data. Pure.

Only what differs is touched, so the plan of a half-done change is the rest of it, and the plan of a done one is empty.
Lines are matched by number. A category is set when a line is made and never changed afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from adapters.oracle_fusion import projects, wire
from adapters.oracle_fusion.fields import whole
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.outbound import Body, CannotExpressError, purchase_order
from store.canonical.budget import Commitment

HEADER: Final = ("SupplierId", "SupplierSiteId", "Description", "NoteToReceiver")
LINE: Final = ("Description", "Quantity", "Price", "Amount", "UOMCode")
SCHEDULE: Final = ("Quantity", "Amount", "RequestedDeliveryDate")
DISTRIBUTION: Final = ("Quantity", "Amount", "POChargeAccount")
KEPT_WHEN_HIDDEN: Final = frozenset({"UOMCode"})
"""Attributes that Oracle may not show although they are set; null there is no difference."""
MONEY: Final = frozenset({"Quantity", "Price", "Amount"})

Node = wire.Order | wire.OrderLine | wire.Schedule | wire.Distribution


@dataclass(frozen=True, slots=True)
class Create:
    """POST a new child."""

    parent: str
    child: str
    body: Body

    @property
    def href(self) -> str:
        return f"{self.parent}/child/{self.child}"


@dataclass(frozen=True, slots=True)
class Update:
    """PATCH an item, provided that it is still the version we read."""

    href: str
    etag: str | None
    body: Body


@dataclass(frozen=True, slots=True)
class Delete:
    """DELETE an item that was never issued."""

    href: str


Step = Create | Update | Delete


def changes(
    order: wire.Order, commitment: Commitment, options: Options, issued: frozenset[str] = frozenset()
) -> list[Step]:
    """Return the calls that make `order` equal to `commitment`, in an order Oracle can follow.

    Header, then lines (changed, new, gone), each with its schedule and distributions below it. `issued` are the
    numbers of the lines that are in force.
    """
    wanted = purchase_order(commitment, options)
    if order.CurrencyCode != commitment.currency:
        raise CannotExpressError(
            "REJECTED",
            f"the order is in {order.CurrencyCode} in Oracle and in {commitment.currency} now; "
            "a currency cannot be changed: cancel the order there and start again",
        )
    steps = _updates(order, wanted, HEADER)
    existing = {whole(line.LineNumber): line for line in wire.rows(order.lines)}
    for body in wanted["lines"]:
        number = whole(body["LineNumber"])
        line = existing.pop(number, None)
        if line is None:
            steps.append(Create(_href(order, "the order"), "lines", body))
        else:
            steps += _line_steps(line, number, body, options)
    for number, line in existing.items():
        steps += _removal(line, number, is_issued=number in issued)
    return steps


def _line_steps(line: wire.OrderLine, number: str, body: Body, options: Options) -> list[Step]:
    if wire.is_set(line.CancelFlag):
        raise CannotExpressError(
            "REJECTED",
            f"line {number} was cancelled in Oracle and cannot be taken up again; order it as a new line",
        )
    if (line.Quantity is None) != ("Quantity" not in body):
        raise CannotExpressError(
            "REJECTED",
            f"line {number} changed between quantity and amount; Oracle cannot change a line's type: "
            "order it as a new line",
        )
    steps = _updates(line, body, LINE)
    live = [one for one in wire.rows(line.schedules) if not wire.is_set(one.CancelFlag)]
    if len(live) > 1:
        raise CannotExpressError(
            "VERSION_CONFLICT",
            f"line {number} was split into {len(live)} schedules in Oracle; a change from outside would undo that. "
            "Change the order there, or bring the line back to one schedule",
        )
    wanted = body["schedules"][0]
    if not live:
        return [*steps, Create(_href(line, f"line {number}"), "schedules", wanted)]
    return steps + _schedule_steps(live[0], number, wanted, options)


def _schedule_steps(schedule: wire.Schedule, number: str, wanted: Body, options: Options) -> list[Step]:
    steps = _updates(schedule, wanted, SCHEDULE)
    existing = {
        whole(one.DistributionNumber): one
        for one in wire.rows(schedule.distributions)
        if one.DistributionNumber is not None
    }
    for body in wanted["distributions"]:
        found = existing.pop(str(body["DistributionNumber"]), None)
        if found is None:
            steps.append(Create(_href(schedule, f"the schedule of line {number}"), "distributions", body))
        else:
            _refuse_other_project(found, body, number, options)
            steps += _updates(found, body, DISTRIBUTION)
    steps += [Delete(_href(one, f"a distribution of line {number}")) for one in existing.values()]
    return steps


def _refuse_other_project(found: wire.Distribution, body: Body, number: str, options: Options) -> None:
    """How a project coding is changed after it was made is documented nowhere."""
    account = found.POChargeAccount
    try:
        before = projects.code_of(account, options) if account else None
    except projects.UncodedError:
        before = None
    if account and before != projects.code_of(str(body["POChargeAccount"]), options):
        raise CannotExpressError(
            "REJECTED",
            f"line {number} is charged to another project now, and a distribution in Oracle keeps its project coding: "
            "change it there, or order it as a new line",
        )


def _removal(line: wire.OrderLine, number: str, *, is_issued: bool) -> list[Step]:
    """Take a line away: what was issued is cancelled, its demand with it; what never was is deleted."""
    if wire.is_set(line.CancelFlag):
        return []
    href = _href(line, f"line {number}")
    if not is_issued:
        return [Delete(href)]
    return [Update(href, line.etag, {"CancelFlag": True, "CancelUnfulfilledDemandFlag": True})]


def _updates(node: Node, wanted: Body, names: Sequence[str]) -> list[Step]:
    """Return one PATCH with what differs, or nothing. Addresses are asked for only when there is something to send."""
    body = {name: wanted[name] for name in names if name in wanted and _differs(node, name, wanted[name])}
    return [Update(_href(node, type(node).__name__), node.etag, body)] if body else []


def _differs(node: Node, name: str, want: Any) -> bool:
    have = getattr(node, name)
    if have is None:
        return name not in KEPT_WHEN_HIDDEN
    if name in MONEY:
        return Decimal(have) != Decimal(want)
    if name == "RequestedDeliveryDate":
        return str(have)[:10] != str(want)
    return str(have).strip() != str(want)


def _href(node: Node, what: str) -> str:
    if node.href is None:
        raise CannotExpressError("REJECTED", f"Oracle gave no address (self link) for {what}")
    return node.href
