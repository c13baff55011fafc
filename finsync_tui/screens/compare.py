"""Source, what we sent, what the target holds now: side by side, field by field.

Two questions are answered: did we translate it wrongly, or did the target change it? Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from finsync_tui.screens.text import money, safe_text

Document = Mapping[str, Any]
Kind = Literal["same", "translated", "shown"]
"""same: carried over unchanged; translated: a mapping makes the target's value; shown: not comparable."""
Mark = Literal["=", "≠", "→", "+", "−", " "]
LINES_MAX = 200

Reading = Callable[[Document], object] | str | None


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field, by its name in each of the three documents. None: that document has no such field."""

    label: str
    source: Reading = None
    sent: Reading = None
    target: Reading = None
    kind: Kind = "same"


@dataclass(frozen=True, slots=True)
class Line:
    """One field in three columns."""

    mark: Mark
    label: str
    source: str | None
    """None: that document is not there, or has no such field; "": the field is empty."""
    sent: str | None
    target: str | None

    @property
    def is_equal(self) -> bool:
        return self.mark in ("=", " ")


def _supplier(document: Document) -> object:
    number, name = document.get("supplier_number"), document.get("supplier_name")
    return " ".join(str(part) for part in (number, name) if part) or document.get("supplier_id")


ORDER = (
    FieldSpec("order number", "number", "number"),
    FieldSpec("ERP number", "target_number", None, "number"),
    FieldSpec("mark in the ERP", None, "marker", "reference"),
    FieldSpec("revision", "revision", "revision"),
    FieldSpec("status", "status", None, "status", "shown"),
    FieldSpec("status written back", "target_status", None, None, "shown"),
    FieldSpec("funds", None, None, "funds_status", "shown"),
    FieldSpec("total", "total", "total", "total"),
    FieldSpec("supplier", _supplier, None, _supplier, "translated"),
    FieldSpec("supplier id", "supplier_id", "supplier_id", "supplier_id", "translated"),
    FieldSpec("supplier site", None, "supplier_site_id", "supplier_site_id"),
    FieldSpec("business unit", "business_unit", "business_unit", "business_unit", "translated"),
    FieldSpec("legal entity", None, "legal_entity", None, "shown"),
    FieldSpec("description", "description", "description", "description"),
    FieldSpec("buyer", "buyer", None, None, "shown"),
    FieldSpec("requester", "requester", None, None, "shown"),
)
ORDER_LINE = (
    FieldSpec("amount", "amount", "amount", "amount"),
    FieldSpec("quantity", "quantity", "quantity", "quantity"),
    FieldSpec("unit price", "unit_price", "unit_price", "unit_price"),
    FieldSpec("unit", "uom", "uom", "uom", "translated"),
    FieldSpec("description", "description", "description", "description"),
    FieldSpec("category", "category", "category", "category", "translated"),
    FieldSpec("need by", "need_by_on", "need_by_on", "need_by_on"),
)
DISTRIBUTION = (
    FieldSpec("account", "account", "charge_account", "account", "translated"),
    FieldSpec("charged", "amount", "amount", "amount"),
    FieldSpec("period", None, "period", "period"),
)
POSTED = (
    FieldSpec("number", "number", "number", "number", "translated"),
    FieldSpec("status", "status", None, "status", "shown"),
    FieldSpec("held for", "holds", None, "holds", "shown"),
    FieldSpec("total", "total", "total", "total"),
    FieldSpec("supplier", "supplier_number", "supplier_number", "supplier_number", "translated"),
    FieldSpec("invoiced on", "invoiced_on", "invoiced_on", "invoiced_on"),
    FieldSpec("accounting date", None, "accounting_on", "accounting_on"),
    FieldSpec("ledger", None, "ledger", "ledger"),
    FieldSpec("description", "description", "description", "description", "shown"),
)
POSTED_LINE = (
    FieldSpec("account", None, "account", "account"),
    FieldSpec("order", None, "order_number", "order_number"),
    FieldSpec("side", None, "side", "side"),
    FieldSpec("amount", None, "amount", "amount"),
    FieldSpec("what", None, "description", "description", "shown"),
)
EXPENSE = (
    FieldSpec("report", "number", None, None, "shown"),
    FieldSpec("title", "title", None, None, "shown"),
    FieldSpec(
        "employee", lambda document: _named(document, "employee_name", "employee_id"), None, None, "shown"
    ),
    FieldSpec("total", "total", None, None, "shown"),
    FieldSpec("approved", "approved_at", None, None, "shown"),
    FieldSpec("approved by", "approver_id", None, None, "shown"),
    FieldSpec("ledger of the tool", "ledger", None, None, "shown"),
)


def _named(document: Document, *names: str) -> str:
    return " ".join(str(document[name]) for name in names if document.get(name))


def compare(
    source: Document | None, sent: Document | None, target: Document | None, entity: str = "purchase_order"
) -> tuple[Line, ...]:
    """Return the fields of the three documents side by side; a document that is not there is None."""
    if entity == "expense_document":
        return (*_fields(EXPENSE, "", source, None, None), *_expenses(source), *_posted(None, sent, target))
    if entity == "invoice":
        return (*_posted(source, sent, target), *_invoiced(source))
    if entity != "purchase_order":
        return _plain(source, target)
    found = _fields(ORDER, "", source, sent, target)
    for number in _numbers(source, sent, target, "lines"):
        here, there, now = (_part(document, "lines", number) for document in (source, sent, target))
        found += _fields(ORDER_LINE, f"line {number} ", here, there, now)
        for share in _numbers(here, there, now, "distributions"):
            shares = (_part(part, "distributions", share) for part in (here, there, now))
            found += _fields(DISTRIBUTION, f"line {number}/{share} ", *shares)
    return tuple(found)


def ordered(lines: Iterable[Line]) -> list[Line]:
    """Return what differs first; translated values next; equal ones last."""
    rank = {"≠": 0, "+": 1, "−": 1, "→": 2, " ": 3, "=": 4}
    return sorted(lines, key=lambda line: rank[line.mark])


def shown(value: object) -> str:
    """Return a canonical value as people read it."""
    if value is None or value == "":
        return ""
    if isinstance(value, Mapping):
        minor, currency = value.get("amount_minor"), value.get("currency")
        if isinstance(minor, int) and isinstance(currency, str):
            return money(minor, safe_text(currency, 3))
        return safe_text(", ".join(f"{key} {shown(item)}" for key, item in value.items()))
    if isinstance(value, list | tuple):
        return safe_text(", ".join(shown(item) for item in value))
    return safe_text({True: "yes", False: "no"}[value] if isinstance(value, bool) else value)


def _numbers(source: Document | None, sent: Document | None, target: Document | None, name: str) -> list[str]:
    found: dict[str, None] = {}
    for document in (source, sent, target):
        for item in (document or {}).get(name, ())[:LINES_MAX]:
            if not item.get("is_cancelled"):
                found[str(item.get("number", "?"))] = None
    return list(found)


def _part(document: Document | None, name: str, number: str) -> Document | None:
    """Return one line of a document; an empty one when the document has lines, but not this one."""
    if document is None:
        return None
    return next((item for item in document.get(name, ()) if str(item.get("number", "?")) == number), {})


def _fields(
    specs: Iterable[FieldSpec],
    prefix: str,
    source: Document | None,
    sent: Document | None,
    target: Document | None,
) -> list[Line]:
    found: list[Line] = []
    for spec in specs:
        values = (_read(source, spec.source), _read(sent, spec.sent), _read(target, spec.target))
        if any(values):
            mark = _mark(spec.kind, *values)
            found.append(Line(mark, safe_text(prefix) + spec.label, *values))
    return found


def _read(document: Document | None, reading: Reading) -> str | None:
    """Return the shown value; None where there is nothing to compare, "" where the field is empty."""
    if document is None or reading is None:
        return None
    return shown(document.get(reading) if isinstance(reading, str) else reading(document))


def _mark(kind: Kind, source: str | None, sent: str | None, target: str | None) -> Mark:
    if kind == "shown":
        return " "
    if sent is not None and target is not None and not _agree(kind, sent, target):
        return "+" if not target else "−" if not sent else "≠"
    left = source
    right = sent if sent is not None else target
    if left is None or right is None:
        return "=" if (sent is not None and target is not None) else " "
    if left == right:
        return "="
    if kind == "translated":
        return "→"
    return "+" if not right else "−" if not left else "≠"


def _agree(kind: Kind, sent: str, target: str) -> bool:
    """Say whether the target holds what we sent; its own spelling of a code that a mapping makes is no difference."""
    return sent.casefold() == target.casefold() if kind == "translated" else sent == target


def _posted(source: Document | None, sent: Document | None, target: Document | None) -> list[Line]:
    """A journal or an invoice as decided and as the ERP holds it, line by line."""
    found = _fields(POSTED, "", source, sent, target)
    for number in _numbers(None, sent, target, "lines"):
        there, now = (_part(document, "lines", number) for document in (sent, target))
        found += _fields(POSTED_LINE, f"line {number} ", None, there, now)
    return found


def _expenses(document: Document | None) -> list[Line]:
    """One line an expense: what it was, how much, and which cost centres bear it."""
    found: list[Line] = []
    for n, entry in enumerate((document or {}).get("entries", ())[:LINES_MAX], 1):
        codes = (code for part in entry.get("allocations", ()) for code in part.get("codes", {}).values())
        said = (
            entry.get("spent_on"),
            entry.get("type_name") or entry.get("type_code"),
            f"{entry.get('approved')} {(document or {}).get('currency')}",
            str(entry.get("paid_by", "")).replace("_", " "),
            "/".join(dict.fromkeys(map(str, codes))),
            entry.get("vendor"),
        )
        found.append(
            Line(" ", f"expense {n}", safe_text(" · ".join(str(one) for one in said if one)), None, None)
        )
    return found


def _invoiced(document: Document | None) -> list[Line]:
    """The source's own lines: the ERP's may be cut otherwise."""
    found: list[Line] = []
    for item in (document or {}).get("lines", ())[:LINES_MAX]:
        order = f"order {item['order_number']}/{item.get('order_line')}" if item.get("order_number") else ""
        size = f"{item.get('quantity')} × {item.get('unit_price')}" if item.get("quantity") else ""
        said = (
            item.get("kind"),
            shown(item.get("amount")),
            size,
            order,
            item.get("tax_code"),
            item.get("description"),
        )
        text = safe_text(" · ".join(str(one) for one in said if one))
        found.append(Line(" ", f"source line {safe_text(item.get('number', '?'))}", text, None, None))
    return found


def _plain(source: Document | None, target: Document | None) -> tuple[Line, ...]:
    """Records of one shape in both systems: every field of either."""
    names = dict.fromkeys([*(source or {}), *(target or {})])
    specs = [FieldSpec(safe_text(str(name).replace("_", " "), 40), name, None, name) for name in names]
    return tuple(_fields(specs, "", source, None, target))
