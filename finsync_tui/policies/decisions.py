"""What can be decided by rules: about which documents, when, and what may be said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from finsync_tui.extensions import ExtensionSetup
from finsync_tui.policies.asked import (
    AttemptAsked,
    DoubtAsked,
    DriftAsked,
    GivenUpAsked,
    MismatchAsked,
    SegmentAsked,
    StepAsked,
    ToleranceAsked,
    bounds,
    duration,
    segment_value,
)
from finsync_tui.policies.kinds import DAY, DECIMAL, FLAG, MONEY, TEXT, Kind, of_model, with_extensions
from finsync_tui.policies.verdicts import (
    ASK,
    DRIFT,
    GIVE_UP,
    LEDGER_DERIVATION,
    NOTE,
    RETRY,
    SETTING,
    STOP,
    WRITE_OFF_LIMIT,
)
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
    reads: Callable[[str], object] | None = None
    """What else `then` may be: it says in a ValueError what is wrong with a text."""
    takes_first: bool = False
    """True: the first rule that says yes decides. False: all of them speak."""
    entities: Mapping[str, str] = field(default_factory=dict)
    """The contract of each document that is one of ours."""

    @property
    def has_setting(self) -> bool:
        """It is decided in place of a plain setting, and a rule may leave it to that."""
        return SETTING in self.says or self.reads is not None

    @property
    def variables(self) -> dict[str, Kind]:
        """Return what an expression may name."""
        return {**self.documents, "company": TEXT, "today": DAY}


def _promise(text: str) -> object:
    return text if text == SETTING else duration(text)


def _tolerance(text: str) -> object:
    return text if text == SETTING else bounds(text)


def _patience(text: str) -> object:
    if text in (SETTING, GIVE_UP):
        return text
    try:
        return duration(text)
    except ValueError as error:
        raise ValueError(f"{error}; or {GIVE_UP}, or {SETTING}") from None


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
    Decision(
        LEDGER_DERIVATION,
        "Which value a segment of an account has in the ERP, for each that a source names; `setting`: as the mapping table says, or as it is.",
        {"segment": of_model(SegmentAsked)},
        reads=segment_value,
        takes_first=True,
    ),
    Decision(
        "step_due",
        "How long a step may take before it is late: a duration, or `setting`, the flow's `due` in the profile.",
        {"step": of_model(StepAsked)},
        reads=_promise,
        takes_first=True,
    ),
    Decision(
        "approval_doubt",
        "What a doubt about an approval does, a limit that was passed for example; `setting`: as the company's approval settings say.",
        {"doubt": of_model(DoubtAsked)},
        ("block", "recheck", "note", "off", SETTING),
        takes_first=True,
    ),
    Decision(
        "invoice_mismatch",
        "What a difference between an invoice and its order does, beyond the profile's tolerances; `setting`: as its severities say.",
        {"mismatch": of_model(MismatchAsked), "invoice": of_model(Invoice)},
        ("block", "note", "off", SETTING),
        takes_first=True,
    ),
    Decision(
        "invoice_match",
        "What an invoice is held against, order and receipts: asked once about the invoice; `setting`: as `match.level` says.",
        {"invoice": of_model(Invoice)},
        ("three_way", "two_way", "none", SETTING),
        takes_first=True,
    ),
    Decision(
        "invoice_tolerance",
        "How much an invoice may differ from its order: `2%`, `10.00` (money, or pieces of a quantity), `2% 10.00` where both hold, or "
        "`setting`, as `match.price`, `match.quantity` and `match.charges` say.",
        {"tolerance": of_model(ToleranceAsked), "invoice": of_model(Invoice)},
        reads=_tolerance,
        takes_first=True,
    ),
    Decision(
        "budget_short",
        "What an order does whose budget does not suffice; `setting`: the company's `budget_control`.",
        {"order": of_model(PurchaseOrder)},
        ("absolute", "advisory", SETTING),
        takes_first=True,
    ),
    Decision(
        DRIFT,
        "What a field that came, went or changed its kind does, once for each; `setting`: a note if it came, else a warning.",
        {"drift": of_model(DriftAsked)},
        (STOP, "warn", NOTE, "off", SETTING),
        takes_first=True,
    ),
    Decision(
        RETRY,
        "When a delivery that failed is tried again: after a duration, never (`give_up`: a person looks), or `setting`, as `retry.*` says.",
        {"attempt": of_model(AttemptAsked)},
        reads=_patience,
        takes_first=True,
    ),
    Decision(
        WRITE_OFF_LIMIT,
        "How many persons it takes to give up a break or an exception; `setting`: as `governance.write_off` and its limits say.",
        {"given_up": of_model(GivenUpAsked)},
        ("one", "two", SETTING),
        takes_first=True,
    ),
)
_ENTITIES: Final = {
    "order": PurchaseOrder.entity,
    "invoice": Invoice.entity,
    "document": ExpenseDocument.entity,
}
DECISIONS: Final[Mapping[str, Decision]] = {
    one.name: replace(one, entities={name: _ENTITIES[name] for name in one.documents if name in _ENTITIES})
    for one in _ALL
}
_KINDS: Final = {"text": TEXT, "code": TEXT, "decimal": DECIMAL, "money": MONEY, "date": DAY, "boolean": FLAG}


def extended(declared: Iterable[ExtensionSetup]) -> Mapping[str, Decision]:
    """Return the decisions with what regional extensions let their rules name: `order.extensions.NAME.FIELD`."""
    of: dict[str, dict[str, dict[str, Kind]]] = {}
    for one in declared:
        kinds = {name: _KINDS[field.kind] for name, field in one.fields.items()}
        of.setdefault(one.entity, {})[one.name] = kinds
    if not of:
        return DECISIONS
    return {name: _with(decision, of) for name, decision in DECISIONS.items()}


def _with(decision: Decision, of: Mapping[str, Mapping[str, Mapping[str, Kind]]]) -> Decision:
    documents = {
        name: with_extensions(kind, of[entity]) if (entity := decision.entities.get(name, "")) in of else kind
        for name, kind in decision.documents.items()
    }
    return replace(decision, documents=documents)
