"""Steps for an issued order that somebody changes in the ERP by hand: other amounts, quantities or prices, other lines.

    follow_change -> await_change_told -> ask_change

What is promised follows what the ERP holds, its source reads that it was changed, and a finding says the old and the new. By
policy a person decides: retry asks the ERP for the source's order again, resolve leaves the ERP's as it is; ordering the same at
the source, or changing it back in the ERP, ends it by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from sqlite3 import Connection

from finsync_tui.flows import dates, outgoing
from finsync_tui.flows.order import subject, telling
from finsync_tui.flows.order.telling import NAMED_MAX
from finsync_tui.flows.steps import Answer, Context, Done
from store import commitments, crossrefs, records
from store.canonical.budget import Commitment, CommitmentDistribution, CommitmentLine
from store.canonical.money import Money, plain, total
from store.canonical.purchasing import OrderLine, PurchaseOrder
from store.workflows import Workflow

CLASS = "ORDER_CHANGED"
BudgetDays = Mapping[tuple[str, int], commitments.BudgetDay]
"""The budget days that are decided, by line and place in it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One line that the ERP holds otherwise than it was asked to."""

    number: str
    old: Money | None
    """None: it was added there."""
    new: Money
    was: str
    """Quantity and price, before and after, where they are known."""
    now: str

    def told(self) -> str:
        if self.old is None:
            return f"line {self.number} was added, {self.new}{self.now}"
        return f"line {self.number} {self.old}{self.was} -> {self.new}{self.now}"

    def mark(self) -> list[object]:
        """Return what tells one state of it from another."""
        return [
            self.number,
            None if self.old is None else self.old.amount_minor,
            self.new.amount_minor,
            self.now,
        ]


def is_news(db: Connection, workflow: Workflow) -> bool:
    """Say whether the ERP shows an open order with other lines than it was asked for and than were told last."""
    version, agreed = workflow.data.get("commitment_version"), workflow.data.get("agreed_version")
    link = crossrefs.get(db, subject.ENTITY, workflow.document_key, str(workflow.target))
    if version is None or link is None or workflow.kind in ("cancel", "close"):
        return False
    seen = records.get(db, PurchaseOrder, link.system, link.external_id)
    asked = records.get_version(db, Commitment, "finsync", workflow.document_key, int(version))
    if seen is None or asked is None or seen.record.status != "open":
        return False
    issued = _version(db, link.system, link.external_id, agreed)
    found = [one.mark() for one in changes(seen.record, asked.record, issued)]
    return bool(found != workflow.data.get("changed_there", []))


def follow_change(context: Context) -> Answer:
    """Let what is promised follow the ERP; say the old and the new, and tell the source."""
    found, asked = found_in(context), subject.asked(context)
    seen = subject.shown(context)
    assert seen is not None, "it is gone on with because of what the ERP shows"
    promise(context, seen.record, asked)
    marks = [one.mark() for one in found]
    if found and marks != context.data.get("changed_noted"):
        subject.note(context, CLASS, told(context, found))
    numbers = [one.number for one in found]
    status = telling.status_text("open", context.data.get("ended_lines", []), numbers)
    decided = telling.write_back(context, "changed", status)
    context.data.update(changed_there=marks, changed_noted=marks)
    return Done({**decided, "changes": [one.told() for one in found]})


def await_change_told(context: Context) -> Answer:
    """Wait until the source has taken it."""
    return outgoing.await_delivery(context, int(context.data["write_back_entry"]))


def changes(seen: PurchaseOrder, asked: Commitment, issued: PurchaseOrder | None) -> list[Change]:
    """Return the live lines that an ERP holds otherwise than it was asked to. `issued`: as it showed the order when it approved
    it, by which another quantity at another price is seen though the amount is the same."""
    wanted = {line.number: line for line in asked.lines}
    before = {line.number: line for line in (issued.lines if issued is not None else ())}
    found = []
    for line in seen.lines:
        if line.is_cancelled:
            continue
        old = wanted.get(line.number)
        first = before.get(line.number)
        if old is None:
            if first is None or not first.is_cancelled:
                found.append(Change(line.number, None, line.amount, "", _sizes(line)))
        elif line.amount != old.amount or _is_other_size(line, first, old):
            found.append(Change(line.number, old.amount, line.amount, _sizes(old), _sizes(line)))
    return found


def promise(context: Context, seen: PurchaseOrder, asked: Commitment) -> None:
    """Let an order promise what the ERP holds of it. `asked` are all lines that it was asked for, also those that it has
    cancelled: a line that was added may take their place, on their accounts."""
    key = context.workflow.document_key
    known = commitments.budget_days(context.db, key, commitments.ORDER)
    held = _as_shown(seen, asked, known, dates.today(context))
    commitments.replace(context.db, key, subject.target(context), held)


def _as_shown(seen: PurchaseOrder, asked: Commitment, known: BudgetDays, today: date) -> Commitment:
    """Return what is promised of an order as the ERP holds it: its live lines, charged where the order's are, on the same
    budget days."""
    wanted = {line.number: line for line in asked.lines}
    lines = tuple(
        _line(line, wanted.get(line.number), asked, known, today)
        for line in seen.lines
        if not line.is_cancelled
    )
    return asked.model_copy(
        update={"lines": lines, "total": total((one.amount for one in lines), asked.currency)}
    )


def _line(
    line: OrderLine, wanted: CommitmentLine | None, asked: Commitment, known: BudgetDays, today: date
) -> CommitmentLine:
    if wanted is not None and wanted.amount == line.amount:
        return wanted
    places = (
        wanted.distributions
        if wanted is not None
        else tuple(d for one in asked.lines for d in one.distributions)
    )
    weights = [abs(one.amount.amount_minor) for one in places]
    shares = line.amount.split(weights if any(weights) else [1] * len(places))
    charged = tuple(
        CommitmentDistribution(
            number=str(number), charge_account=place.charge_account, amount=share, cost_centre=place.cost_centre,
            account=place.account, project=place.project, period=place.period,
            budget_on=place.budget_on or _day(known.get((line.number, number)), place.period) or today,
        )
        for number, (place, share) in enumerate(zip(places, shares, strict=True), 1)
    )  # fmt: skip
    return CommitmentLine(
        number=line.number, description=line.description, quantity=line.quantity, unit_price=line.unit_price, uom=line.uom,
        amount=line.amount, category=wanted.category if wanted is not None else None, distributions=charged,
    )  # fmt: skip


def _day(known: commitments.BudgetDay | None, period: str | None) -> date | None:
    return known.within(period) if known is not None else None


def found_in(context: Context) -> list[Change]:
    link, seen = subject.link(context), subject.shown(context)
    if link is None or seen is None or seen.record.status != "open":
        return []
    issued = _version(context.db, link.system, link.external_id, context.data.get("agreed_version"))
    return changes(seen.record, subject.asked(context), issued)


def _version(db: Connection, system: str, external_id: str, version: object) -> PurchaseOrder | None:
    if not isinstance(version, int):
        return None
    held = records.get_version(db, PurchaseOrder, system, external_id, version)
    return held.record if held is not None else None


def _is_other_size(line: OrderLine, first: OrderLine | None, old: CommitmentLine) -> bool:
    """Say whether a line of the same amount is of another quantity or price than the ERP had issued."""
    if first is None or first.amount != old.amount or first.is_cancelled:
        return False
    return (line.quantity, line.unit_price) != (first.quantity, first.unit_price)


def _sizes(line: OrderLine | CommitmentLine) -> str:
    if line.quantity is None or line.unit_price is None:
        return ""
    return f" ({plain(line.quantity)} at {plain(line.unit_price)})"


def size(one: Change) -> Money:
    return abs(one.new if one.old is None else one.new - one.old)


def told(context: Context, found: list[Change]) -> str:
    target, source = subject.target(context), subject.source(context)
    lines = "; ".join(one.told() for one in found[:NAMED_MAX])
    rest = f"; and {len(found) - NAMED_MAX} more" if found[NAMED_MAX:] else ""
    more = total((one.new if one.old is None else one.new - one.old for one in found), found[0].new.currency)
    sign = "+" if more.amount_minor > 0 else ""
    return f"order {context.workflow.document_number} was changed in {target} and not in {source}: {lines}{rest} ({sign}{more} in all)"
