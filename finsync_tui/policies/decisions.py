"""What can be decided by rules: about which documents, when, and what may be said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from finsync_tui.policies.kinds import DAY, TEXT, Kind, of_model
from finsync_tui.policies.verdicts import ASK, NOTE, STOP
from store.canonical.expense import ExpenseDocument
from store.canonical.payables import Invoice
from store.canonical.purchasing import PurchaseOrder


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. `says` are the words that `then` may have; none: any text."""

    name: str
    what: str
    documents: Mapping[str, Kind]
    says: tuple[str, ...] = ()
    takes_first: bool = False
    """True: the first rule that says yes decides. False: all of them speak."""

    @property
    def variables(self) -> dict[str, Kind]:
        """Return what an expression may name."""
        return {**self.documents, "company": TEXT, "today": DAY}


_CHECK: Final = (STOP, ASK, NOTE)

_ALL = (
    Decision(
        "order_check",
        "Before an approved order is committed in the ERP.",
        {"order": of_model(PurchaseOrder)},
        _CHECK,
    ),
    Decision(
        "order_tax",
        "How a purchase is taxed: the first rule that says yes names the treatment; without one the profile's table by category does.",
        {"order": of_model(PurchaseOrder)},
        takes_first=True,
    ),
    Decision(
        "invoice_check",
        "Before an approved invoice is posted to the ERP.",
        {"invoice": of_model(Invoice)},
        _CHECK,
    ),
    Decision(
        "expense_check",
        "Before an expense document is posted to the ERP.",
        {"document": of_model(ExpenseDocument)},
        _CHECK,
    ),
)
DECISIONS: Final[Mapping[str, Decision]] = {one.name: one for one in _ALL}
