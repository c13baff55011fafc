"""What a write says: by which of its parts its system is asked whether it has it already, and what it must look like.

A decision's body may be edited on its way (a description, an account, a site). What a look-up rests on may not: under another
mark the system would be asked for something it never got, and would make the document a second time. Nor may an amount that
its source answers for; only a commitment's may, whose event and totals then say what was sent. The body as it was decided is
what an edited one is measured by; its contract, where it carries a document of ours, decides about that document.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from pydantic import BaseModel, ValidationError

DOCUMENTS: Final[Mapping[str, tuple[str, str]]] = {
    "commitment": ("budget", "Commitment"),
    "cost_centre": ("organisation", "CostCentre"),
    "employee": ("people", "Employee"),
    "invoice": ("payables", "Invoice"),
    "journal": ("journal", "JournalEntry"),
    "question": ("tax", "TaxQuestion"),
    "receipt": ("purchasing", "Receipt"),
    "requisition": ("purchasing", "Requisition"),
    "supplier": ("supplier", "Supplier"),
}
"""Documents of ours that bodies carry: by their name there, the module and the contract. Loaded when one is looked at."""


def _of(name: str, parts: str) -> tuple[str, ...]:
    return tuple(f"{name}.{part}" for part in parts.split())


_COMMITMENT: Final = _of(
    "commitment", "marker number order_key revision stage legal_entity ledger business_unit currency"
)
_JOURNAL: Final = (
    *_of("journal", "number batch reference legal_entity ledger currency"),
    *_of("journal.lines.*", "number side amount"),
    "request_id",
)
_RECEIPT: Final = _of(
    "receipt", "number kind reference order_id order_number order_line original_id quantity amount"
)
_VENDOR: Final = ("number", "supplier.number")
_WRITE_BACK: Final = ("fields.erp_number",)
_ITEM: Final = ("list", "code", "parents")
_LABEL: Final = ("name",)
_LOOKUP_VALUE: Final = ("lookup", "number", "parent", "chart")

IDENTITY: Final[Mapping[str, tuple[str, ...]]] = {
    "account.create": ("chart", "segments"),
    "budget.set": ("period", "segments", "amount", "currency"),
    "department.change": _LABEL,
    "department.create": _LABEL,
    "exchange_rate.create": ("from_currency", "to_currency", "rate_on"),
    "expense.acknowledge": ("document_kind",),
    "expense.confirm_payment": (
        "status",
        *_of("payments.*", "reference paid_on amount currency company number fiscal_year payee_id"),
    ),
    "expense.confirm_posting": ("document_kind", "outcome", "postings"),
    "invoice.apply_prepayment": ("number", "prepayment_number", "amount"),
    "invoice.cancel": ("number",),
    "invoice.create": (
        *_of("invoice", "number kind reference source original_number legal_entity business_unit"),
        *_of("invoice", "supplier_id supplier_number currency total invoiced_on"),
        *_of("invoice.lines.*", "number kind amount"),
    ),
    "invoice.dispute": (),
    "invoice.hold": ("number", "name"),
    "invoice.mark_exported": ("status",),
    "invoice.mark_paid": ("is_paid", "paid_on", "note"),
    "invoice.record_payment": ("amount", "currency", "paid_on", "note", "is_paid"),
    "invoice.release": ("number", "name"),
    "invoice.unapply_prepayment": ("number", "prepayment_number"),
    "invoice.validate": ("number",),
    "invoice.withdraw_dispute": (),
    "invoice.write_back": _WRITE_BACK,
    "journal.confirm": _JOURNAL,
    "journal.create": _JOURNAL,
    "journal.reverse": _JOURNAL,
    "list_item.change": _ITEM,
    "list_item.create": _ITEM,
    "list_item.delete": _ITEM,
    "list_item.load": ("list", *_of("items.*", "code parents")),
    "lookup.change": _LABEL,
    "lookup.create": _LABEL,
    "lookup_value.change": _LOOKUP_VALUE,
    "lookup_value.create": _LOOKUP_VALUE,
    "order.cancel": ("marker",),
    "order.change": _COMMITMENT,
    "order.check_funds": ("marker",),
    "order.close": ("marker",),
    "order.create": _COMMITMENT,
    "order.discard": ("marker",),
    "order.mark_exported": ("revision", "status"),
    "order.reopen": ("marker",),
    "order.submit": ("marker", "number"),
    "order.write_back": _WRITE_BACK,
    "receipt.correct": _RECEIPT,
    "receipt.create": _RECEIPT,
    "receipt.mark_exported": ("status",),
    "receipt.return": _RECEIPT,
    "report.approve": ("owner",),
    "report.clear_exception": ("code", "entry_id"),
    "report.comment": ("text",),
    "report.exception": ("code", "visibility", "entry_id"),
    "report.send_back": ("owner",),
    "requisition.cancel": (),
    "requisition.check_funds": (),
    "requisition.create": (
        "marker",
        "business_unit",
        *_of("requisition", "number reference currency total"),
        *_of("requisition.lines.*", "number amount"),
    ),
    "requisition.submit": ("overrides_funds",),
    "requisition.withdraw": (),
    "run.error": ("integration", "run_id", "entity", "document_id", "document_status", "document_revision"),
    "run.finish": (),
    "run.resolve_error": (),
    "run.start": ("integration",),
    "subscription.delete": (),
    "subscription.put": ("topic",),
    "supplier.change": _VENDOR,
    "supplier.create": (*_VENDOR, "name", "tax_id", *_of("supplier", "name tax_registrations parent_id")),
    "supplier.load": _of("suppliers.*", "number name tax_registrations parent_id"),
    "supplier_bank_account.change": ("supplier", "on", "account", "ends", "returns", "unassigns"),
    "supplier_remit_to.change": ("remit_to.*.code", "was"),
    "supplier_site.close": _of("site", "code business_unit"),
    "supplier_site.create": _of("site", "code business_unit"),
    "tax.determine": ("question",),
    "user.change": ("employee_number",),
    "user.check_provision": (),
    "user.provision": ("employee.number", "ledger"),
    "value.change": _of("cost_centre", "number chart"),
    "value.create": _of("cost_centre", "number chart"),
}
"""By operation: what its look-up, its order and its amount rest on, as places in its body; `*` is each of a list."""

_ADDABLE: Final[Mapping[str, frozenset[str]]] = {
    "invoice.dispute": frozenset({"reason"}),
    "supplier.change": frozenset({"inactive_on", "fields"}),
}
"""What may be added to a body that did not say it."""


def problem(operation: str, decided: str, edited: str) -> str | None:
    """Say why an edited body is not sent in place of the one that was decided; None: it may be."""
    if operation not in IDENTITY:
        return (
            f"nobody knows by what {operation} is found again, so it is sent as it was decided or not at all"
        )
    before, after = json.loads(decided), json.loads(edited)
    touched = next((p for p in IDENTITY[operation] if _read(before, p) != _read(after, p)), None)
    shape = _misshapen(before, after, "", _ADDABLE.get(operation, frozenset()))
    if shape is not None:
        return f"the edited body does not fit: {shape}"
    if touched is not None:
        return (
            f"`{touched}` stays as it was decided ({_shown(_read(before, touched))}): the document is looked up by it, so that it "
            "is never made twice. Correct the document at its source instead: that decides anew"
        )
    return None


def to_send(operation: str, decided: str, edited: str | None) -> str:
    """Return the body that leaves: an edited one under the identity that was decided, whatever an older edit made of it."""
    if edited is None:
        return decided
    before, after = json.loads(decided), json.loads(edited)
    if not isinstance(after, dict):
        return edited
    for path in IDENTITY.get(operation, ()):
        after = _kept(before, after, path.split("."))
    return json.dumps(after, sort_keys=True)


def _read(body: object, path: str) -> object:
    """Return what stands at a place; what is absent is nothing, like null."""
    found: list[object] = [body]
    is_each = False
    for part in path.split("."):
        if part == "*":
            is_each = True
            found = [one for rows in found if isinstance(rows, list) for one in rows]
        else:
            found = [one.get(part) if isinstance(one, dict) else None for one in found]
    return found if is_each else found[0]


def _kept(before: object, after: Any, parts: Sequence[str]) -> Any:
    """Return `after` with one place as it is in `before`."""
    if not parts:
        return before
    first, rest = parts[0], parts[1:]
    if first == "*":
        if not isinstance(before, list) or not isinstance(after, list) or len(before) != len(after):
            return before
        return [_kept(one, other, rest) for one, other in zip(before, after, strict=True)]
    if not isinstance(before, dict):
        return before
    if not isinstance(after, dict):
        after = {}
    if first not in before:
        return {name: value for name, value in after.items() if name != first}
    return after | {first: _kept(before[first], after.get(first), rest)}


def _misshapen(
    before: object, after: object, place: str, addable: frozenset[str] = frozenset()
) -> str | None:
    """Say where an edited part is not of the kind that was decided; None: it is."""
    name = place.rpartition(".")[2]
    if name in DOCUMENTS and isinstance(before, dict):
        return _unlike_contract(name, after, place)
    if before is None:
        return None
    if type(before) is not type(after) and not _are_numbers(before, after):
        return f"{place or 'it'} must be {_kind(before)}, not {_kind(after)}"
    return next(_parts_misshapen(before, after, place, addable), None)


def _parts_misshapen(before: object, after: Any, place: str, addable: frozenset[str]) -> Iterator[str]:
    prefix = f"{place}." if place else ""
    if isinstance(before, dict):
        lacking = sorted(before.keys() - after.keys())
        if lacking:
            yield f"{prefix}{lacking[0]} is missing"
        unknown = sorted(after.keys() - before.keys() - addable)
        if unknown:
            yield f"nothing is called {prefix}{unknown[0]}"
        pairs = [(before[key], after[key], key) for key in before if key in after]
    elif isinstance(before, list):
        pairs = [(before[min(i, len(before) - 1)], one, str(i)) for i, one in enumerate(after) if before]
    else:
        pairs = []
    for old, new, key in pairs:
        found = _misshapen(old, new, f"{prefix}{key}")
        if found is not None:
            yield found


def _unlike_contract(name: str, document: object, place: str) -> str | None:
    module, contract = DOCUMENTS[name]
    model: type[BaseModel] = getattr(import_module(f"store.canonical.{module}"), contract)
    try:
        model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join((place, *(str(part) for part in first["loc"])))
        return f"{where}: {first['msg']}"
    return None


def _are_numbers(before: object, after: object) -> bool:
    return all(isinstance(one, int | float) and not isinstance(one, bool) for one in (before, after))


_KINDS: Final = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "a number")


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"
