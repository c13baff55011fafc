"""What invoices have billed of each distribution of an order, and what of it was taken off the order's reservation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

ZERO = Decimal(0)


@dataclass(slots=True)
class Billed:
    """What one invoice billed of one distribution; negative on credit memos."""

    quantity: Decimal
    """On lines ordered by amount: the amount."""
    amount: Decimal
    relief: Decimal
    """What it is worth at the order's price: so much less is reserved once the invoice has its funds."""
    is_relieved: bool = False


@dataclass(slots=True)
class Billing:
    """By distribution of an order, then by invoice."""

    by_distribution: dict[int, dict[int, Billed]] = field(default_factory=dict)
    orders: dict[int, set[int]] = field(default_factory=dict)
    """Orders that an invoice is matched to."""
    _parts: dict[int, set[int]] = field(default_factory=dict)
    """Distributions that an invoice bills."""

    def add(self, order: int, distribution: int, invoice: int, billed: Billed) -> None:
        held = self.by_distribution.setdefault(distribution, {})
        known = held.get(invoice)
        if known is not None:
            billed = Billed(
                known.quantity + billed.quantity, known.amount + billed.amount, known.relief + billed.relief
            )
        held[invoice] = billed
        self._parts.setdefault(invoice, set()).add(distribution)
        self.orders.setdefault(invoice, set()).add(order)

    def drop(self, invoice: int) -> set[int]:
        """Forget an invoice; return the orders it was matched to."""
        for distribution in self._parts.pop(invoice, set()):
            del self.by_distribution[distribution][invoice]
        return self.orders.pop(invoice, set())

    def relieve(self, invoice: int, *, is_relieved: bool) -> set[int]:
        """Say whether an invoice's part is off the reservations; return the orders this changes."""
        for distribution in self._parts.get(invoice, ()):
            self.by_distribution[distribution][invoice].is_relieved = is_relieved
        return self.orders.get(invoice, set())

    def quantity(self, distributions: Iterable[int], apart_from: int | None = None) -> Decimal:
        return sum((one.quantity for one in self._of(distributions, apart_from)), ZERO)

    def amount(self, distributions: Iterable[int]) -> Decimal:
        return sum((one.amount for one in self._of(distributions, None)), ZERO)

    def left(self, distribution: int, quantity: Decimal, amount: Decimal) -> Decimal:
        """Return what of a distribution's amount is still reserved."""
        gone = [one for one in self._of([distribution], None) if one.is_relieved]
        if sum((one.quantity for one in gone), ZERO) >= quantity > 0:
            return ZERO
        return max(amount - sum((one.relief for one in gone), ZERO), ZERO)

    def _of(self, distributions: Iterable[int], apart_from: int | None) -> list[Billed]:
        return [
            billed
            for distribution in distributions
            for invoice, billed in self.by_distribution.get(distribution, {}).items()
            if invoice != apart_from
        ]

    def dump(self) -> dict[str, Any]:
        rows = [
            [distribution, invoice, str(one.quantity), str(one.amount), str(one.relief), one.is_relieved]
            for distribution, held in self.by_distribution.items()
            for invoice, one in held.items()
        ]
        return {
            "rows": rows,
            "orders": [[invoice, sorted(orders)] for invoice, orders in self.orders.items()],
        }


def load_billing(state: dict[str, Any]) -> Billing:
    """Return the billing that `dump` described."""
    found = Billing(orders={invoice: set(orders) for invoice, orders in state.get("orders", ())})
    for distribution, invoice, quantity, amount, relief, is_relieved in state.get("rows", ()):
        held = found.by_distribution.setdefault(distribution, {})
        found._parts.setdefault(invoice, set()).add(distribution)
        held[invoice] = Billed(Decimal(quantity), Decimal(amount), Decimal(relief), is_relieved)
    return found
