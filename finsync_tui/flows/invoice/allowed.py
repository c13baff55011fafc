"""Against what an invoice is held and how much it may differ: as the company's rules say of this invoice, else as its settings do.

What was decided stays with the instance: goods that go back later are judged by it, whatever the rules are by then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Literal

from finsync_tui.flows import ruled
from finsync_tui.flows.invoice import subject
from finsync_tui.flows.steps import Context, Hold
from finsync_tui.policies.asked import ToleranceAsked, bounds
from finsync_tui.policies.verdicts import Verdict
from finsync_tui.profile.invoice import MatchPolicy, Tolerance
from store.canonical.payables import Invoice, InvoiceLine

MATCH: Final = "invoice_match"
TOLERANCE: Final = "invoice_tolerance"
KEPT: Final = "allowed"
"""In the instance's data: what rules decided; nothing where settings decide all."""

Kind = Literal["price", "quantity", "charges"]


@dataclass(frozen=True, slots=True)
class Allowed:
    """How an invoice is matched."""

    policy: MatchPolicy
    by_line: Mapping[str, MatchPolicy] = field(default_factory=dict)
    """By order and line, `PO-1/1`: where it is another."""

    def of(self, order_number: str | None, order_line: str | None) -> MatchPolicy:
        """Return what holds for an order's line."""
        return self.by_line.get(f"{order_number or ''}/{order_line or ''}", self.policy)


def decide(context: Context, invoice: Invoice) -> Allowed | Hold:
    """Ask the rules of the day on which it is posted, keep what they say, and return how the invoice is matched."""
    on = date.fromisoformat(context.data["accounting_on"])
    kept: dict[str, Any] = {}
    rules: list[str] = []
    context.data.pop(KEPT, None)
    if context.facts.judge(MATCH, on) is not None:
        said = ruled.posted(context, MATCH, {"invoice": invoice}, f"invoice {invoice.number}", on)
        if isinstance(said, Hold):
            return said
        if said is not None:
            kept["level"] = said.then
            rules.append(_told(said, "match"))
    if context.facts.judge(TOLERANCE, on) is not None:
        for place, kind, asked in _asked(invoice):
            said = ruled.posted(
                context, TOLERANCE, {"tolerance": asked, "invoice": invoice}, f"invoice {invoice.number}", on
            )
            if isinstance(said, Hold):
                return said
            if said is not None:
                kept.setdefault(place, {})[kind] = said.then
                rules.append(_told(said, f"{kind} of {place}" if kind != "charges" else kind))
    if kept:
        context.data[KEPT] = {**kept, "rules": rules}
    return decided(context)


def decided(context: Context) -> Allowed:
    """Return how the invoice was matched."""
    setting = subject.setup(context).match
    kept: Mapping[str, Any] = context.data.get(KEPT, {})
    if not kept:
        return Allowed(setting)
    of_all = {kind: _tolerance(text) for kind, text in kept.get("charges", {}).items()}
    policy = setting.model_copy(update={"level": kept.get("level", setting.level), **of_all})
    by_line = {
        place: policy.model_copy(update={kind: _tolerance(text) for kind, text in said.items()})
        for place, said in kept.items()
        if "/" in place
    }
    return Allowed(policy, by_line)


def rules(context: Context) -> list[str]:
    """Return which rules decided, and what: for whoever reads the step, or has to look at what does not fit."""
    return list(context.data.get(KEPT, {}).get("rules", ()))


def _told(said: Verdict, what: str) -> str:
    return f"{what}: {said.then} [{said.rule}]"


def _tolerance(text: str) -> Tolerance:
    found = bounds(text)
    return Tolerance(percent=found.percent, amount=found.amount)


def _asked(invoice: Invoice) -> Iterator[tuple[str, Kind, ToleranceAsked]]:
    """Yield what is asked: the price and the quantity of each order line once, and the charges."""
    kinds: tuple[Kind, ...] = ("price", "quantity")
    for place, line in _by_order_line(invoice).items():
        for kind in kinds:
            yield (
                place,
                kind,
                ToleranceAsked(
                    kind=kind, line=line.number, order_number=line.order_number, order_line=line.order_line,
                    category=line.category, amount=line.amount, unit_price=line.unit_price, quantity=line.quantity,
                ),
            )  # fmt: skip
    if any(line.kind in ("freight", "other") for line in invoice.lines):
        yield "charges", "charges", ToleranceAsked(kind="charges")


def _by_order_line(invoice: Invoice) -> dict[str, InvoiceLine]:
    found: dict[str, InvoiceLine] = {}
    for line in invoice.lines:
        if line.kind == "item" and line.order_number:
            found.setdefault(f"{line.order_number}/{line.order_line or ''}", line)
    return found
