"""What the simulated Coupa does with a body: takes in what it knows, ignores the rest, refuses what it must.

Unknown and output-only attributes are ignored without a word; references resolve by any of their keys; rows with an
id are edited, without one added, with `_delete` removed. Rules of single resources stand in `_RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from adapters.coupa.simulator_models import HOME, MODELS
from adapters.coupa.simulator_resources import RESOURCES
from adapters.coupa.simulator_shapes import Attribute, Model, Resource
from adapters.coupa.simulator_tables import DELETED, RefusedError, Tables, dashed, decimal_text
from adapters.simulation import Document

RECORD_TYPES: Final = frozenset(
    [
        *(
            "OrderHeader",
            "ExternalOrderHeader",
            "InvoiceHeader",
            "ExpenseReport",
            "RequisitionHeader",
            "InventoryTransaction",
        ),
        *(
            "Account",
            "AccountValidationRule",
            "Supplier",
            "SupplierInformation",
            "User",
            "Address",
            "RemitToAddress",
            "Contract",
        ),
        *(
            "ExchangeRate",
            "Invoice",
            "Requisition",
            "Payment",
            "ApprovalChain",
            "LookupValue",
            "Item",
            "Asn::Header",
            "Charge",
        ),
        *(
            "Payables::Invoice",
            "Payables::Expense",
            "Payables::External::Payable",
            "CoupaPay::Payment",
            "CoupaPay::Statement",
        ),
        *("ReceiptRequest", "ContingentWorkOrderHeader", "InventoryRequestHeader"),
    ]
)
"""What errors and history of integrations may be about."""
ALERT_TYPES: Final = ("Technical", "Functional", "Both")
SUPPLIER_STATUSES: Final = ("active", "inactive", "onboarding", "draft")
PO_METHODS: Final = ("cxml", "xml", "email", "integration", "prompt", "mark_as_sent", "buy_online")
SEGMENTS: Final = tuple(f"segment-{n}" for n in range(1, 21))
ADDRESS_KEY: Final = "remit-to-code"


def human(name: str) -> str:
    """Return an attribute's name as messages have it.

    >>> human("employee-number")
    'Employee number'
    """
    return name.replace("-", " ").capitalize()


@dataclass(frozen=True)
class Intake:
    """Takes bodies into documents."""

    tables: Tables
    editable_fields: Mapping[str, frozenset[str]]
    """By model: the custom fields that are flagged API-editable. A model that is not named here: all of them."""

    def take(self, model: Model, current: Document, body: Mapping[str, Any]) -> Document:
        """Return a copy of `current` with what `body` may change."""
        changed = dict(current)
        for name, value in body.items():
            name = dashed(name)
            attribute = model.attributes.get(name)
            if attribute is not None and not attribute.is_read_only and name != "id":
                changed[name] = self._value(model, attribute, current.get(name), value)
        return changed

    def _value(self, model: Model, attribute: Attribute, held: Any, value: Any) -> Any:
        if value is None:
            return [] if attribute.kind == "many" else None
        if attribute.kind == "one":
            return self._reference(attribute, held, value)
        if attribute.kind == "many":
            return self._rows(attribute, held or [], value)
        if attribute.kind == "free":
            return self._free(model, attribute, held, value)
        if isinstance(value, (dict, list)):
            raise RefusedError(f"{human(attribute.name)} is invalid")
        return self._scalar(attribute, value)

    def _scalar(self, attribute: Attribute, value: Any) -> Any:
        try:
            match attribute.kind:
                case "int":
                    return int(value)
                case "decimal":
                    return decimal_text(value, attribute.places)
                case "time":
                    return self.tables.time_text(self.tables.time_of(value))
                case "bool":
                    return {"true": True, "false": False, "1": True, "0": False}[str(value).lower()]
        except (KeyError, ValueError):
            word = "a number" if attribute.kind in ("int", "decimal") else f"a valid {attribute.kind}"
            raise RefusedError(f"{human(attribute.name)} is not {word}") from None
        return str(value)

    def _reference(self, attribute: Attribute, held: Any, value: Any) -> Any:
        if attribute.model in HOME:
            return self.tables.resolve(attribute, value)
        if not isinstance(value, dict):
            raise RefusedError(f"{human(attribute.name)} is invalid")
        model = MODELS[attribute.model]
        if attribute.model in ("country", "uom", "commodity", "shipping_term", "named", "period"):
            return {dashed(name): part for name, part in value.items()}  # kept in no table: taken as given
        merged = self.take(model, held or {}, value)
        return merged if merged.get("id") or "id" not in model.attributes else self._new_row(merged)

    def _rows(self, attribute: Attribute, held: list[Document], value: Any) -> list[Document]:
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in [*value, *held]):
            raise RefusedError(f"{human(attribute.name)} is not a list")
        if attribute.model in HOME:
            return [self.tables.resolve(attribute, row) for row in value]
        model = MODELS[attribute.model]
        rows = {row.get("id"): row for row in held}
        for row in value:
            row_id = row.get("id")
            if row_id is None:
                added = self._new_row(self.take(model, {}, row))
                rows[added["id"]] = added
            elif row_id not in rows:
                raise RefusedError(f"Couldn't find {model.title} with ID={row_id}")
            elif row.get("_delete") in (True, "true"):
                if model.name == "order_line":
                    rows[row_id] = rows[row_id] | {"status": DELETED}
                else:
                    del rows[row_id]
            else:
                rows[row_id] = self.take(model, rows[row_id], row)
        return list(rows.values())

    def _new_row(self, row: Document) -> Document:
        return {"id": self.tables.inner_id()} | row

    def _free(self, model: Model, attribute: Attribute, held: Any, value: Any) -> Any:
        if attribute.name != "custom-fields":
            return value
        if not isinstance(value, dict):
            raise RefusedError("Custom fields is invalid")
        editable = self.editable_fields.get(model.name)
        given = {dashed(name): part for name, part in value.items()}
        return (held or {}) | {n: part for n, part in given.items() if editable is None or n in editable}


class Writer:
    """Creates and changes documents as the API does. Purchase orders have more to it: `simulator_orders`."""

    def __init__(self, tables: Tables, intake: Intake, login: str) -> None:
        self.tables = tables
        self.intake = intake
        self.login = login

    def create(self, path: str, body: Mapping[str, Any]) -> Document:
        resource = RESOURCES[path]
        model = MODELS[resource.model]
        with_parent = _find_parent(self.tables, path, body)
        document = self.intake.take(model, {}, with_parent)
        missing = [f"{human(name)} can't be blank" for name in resource.required if not document.get(name)]
        if missing:
            raise RefusedError(*missing)
        document = self._checked(resource, document, None)
        stamp = self.tables.now_text()
        author = self.tables.user(self.login)
        document |= {"created-at": stamp, "updated-at": stamp, "created-by": author, "updated-by": author}
        return self._kept(path, document)

    def update(self, path: str, current: Document, body: Mapping[str, Any]) -> Document:
        resource = RESOURCES[path]
        with_parent = _find_parent(self.tables, path, body)
        changed = self.intake.take(MODELS[resource.model], current, with_parent)
        return self.save(path, current, self._checked(resource, changed, current))

    def save(self, path: str, current: Document, changed: Document) -> Document:
        """Keep a changed document with new stamps; one that did not change stays as it is."""
        if changed == current:
            return current
        stamps = {"updated-at": self.tables.now_text(), "updated-by": self.tables.user(self.login)}
        return self._kept(path, changed | stamps)

    def _kept(self, path: str, document: Document) -> Document:
        document_id = self.tables.keep(path, document)["id"]
        collection = self.tables.collections[path]
        _carry_over(self.tables, path, collection.at(document_id))
        return collection.at(document_id)

    def save_address(self, supplier: Document, address_id: int | None, body: Mapping[str, Any]) -> Document:
        """Add or change one remit-to address of a supplier; return the address."""
        rows = supplier.get("remit-to-addresses") or []
        code = body.get(ADDRESS_KEY, body.get("remit_to_code"))
        if address_id is None and not code:
            raise RefusedError("Remit to code can't be blank")
        if any(row.get(ADDRESS_KEY) == code and row["id"] != address_id for row in rows) and code:
            raise RefusedError("Remit to code has already been taken")
        row = dict(body) if address_id is None else {**body, "id": address_id}
        changed = self.intake.take(MODELS["supplier"], supplier, {"remit-to-addresses": [row]})
        saved = self.save("suppliers", supplier, changed)["remit-to-addresses"]
        return next(one for one in saved if one["id"] == address_id) if address_id else saved[-1]

    def adjust_budget(self, line: Document, body: Mapping[str, Any]) -> Document:
        """Record a change of a budget line by so much: a repeat adds again."""
        taken = self.intake.take(MODELS["budget_line_adjustment"], {}, body)
        amount = taken.get("adjustment-amount")
        if amount is None:
            raise RefusedError("Adjustment amount can't be blank")
        return adjust(
            self.tables, line, Decimal(amount), reason=str(taken.get("description") or ""), by=self.login
        )

    def _checked(self, resource: Resource, document: Document, current: Document | None) -> Document:
        collection = self.tables.collections[resource.path]
        own_id = None if current is None else current["id"]
        taken = [
            f"{human(name)} has already been taken"
            for name in resource.unique
            if document.get(name) is not None
            and any(other["id"] != own_id for other in collection.find(name, document[name]))
        ]
        if taken:
            raise RefusedError(*taken)
        rule = _RULES.get(resource.path)
        return document if rule is None else rule(self.tables, document, current)


def adjust(
    tables: Tables,
    line: Document,
    amount: Decimal,
    *,
    reason: str,
    by: str,
    adjuster: Document | None = None,
) -> Document:
    """Add `amount` (negative: spent) to what remains of a budget line; return the adjustment."""
    remaining = Decimal(line.get("remaining") or line.get("amount") or 0) + amount
    line = tables.keep("budget_lines", line | {"remaining": decimal_text(remaining, 4)})
    stamp = tables.now_text()
    return tables.keep(
        "budget_line_adjustments",
        {
            "budget-line-id": line["id"],
            "amount": decimal_text(amount, 4),
            "accounting-total": decimal_text(amount, 4),
            "budget-remaining": line["remaining"],
            "currency": line.get("currency"),
            "description": reason,
            "reason": reason,
            "adjuster": adjuster,
            "created-at": stamp,
            "updated-at": stamp,
            "created-by": tables.user(by),
        },
    )


def _find_parent(tables: Tables, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Resolve a lookup value's parent, by whatever names it; its failure has a text of its own."""
    parent = body.get("parent")
    if path != "lookup_values" or not isinstance(parent, dict):
        return body
    found = tables.find(MODELS["lookup_value"], {dashed(name): value for name, value in parent.items()})
    if found is None:
        raise RefusedError("Parent unable to find matching parent.")
    return {**body, "parent": {"id": found["id"]}}


Rule = Callable[[Tables, Document, Document | None], Document]


def _check_supplier(tables: Tables, document: Document, current: Document | None) -> Document:
    document.setdefault("status", "draft")
    refusals = []
    if document["status"] not in SUPPLIER_STATUSES:
        refusals.append("Supplier status must be one of active, inactive, onboarding.")
    if document.get("po-method") not in (None, *PO_METHODS):
        refusals.append("PO method must be one of cxml, xml, email, integration, prompt or buy_online.")
    if document.get("po-email") and "@" not in document["po-email"]:
        refusals.append("Supplier email is not a valid email address.")
    if refusals:
        raise RefusedError(*refusals)
    return document


def _check_user(tables: Tables, document: Document, current: Document | None) -> Document:
    names = (document.get("firstname"), document.get("lastname"))
    document["fullname"] = " ".join(one for one in names if one)
    document.setdefault("active", True)
    for name in (one for one in document if one.endswith("-limit") and isinstance(document[one], dict)):
        document[name] = _limit(name, document[name])
    return document


def _limit(name: str, limit: Document) -> Document:
    """Return an approval limit that is named by its amount, `1000.00 USD`; how one is named is not documented."""
    if limit.get("amount") is not None:
        return limit
    amount, _, code = str(limit.get("name") or "").partition(" ")
    try:
        return limit | {"amount": decimal_text(amount, 4), "currency": {"code": code}, "name": limit["name"]}
    except (KeyError, ValueError):
        raise RefusedError(
            f"Unable to find valid ApprovalLimit record for {name.replace('-', '_')} with keys "
            f'{{"name"=>"{limit.get("name")}"}}. Possible keys are ["id", "name"]. Please verify your xml.'
        ) from None


def _check_account(tables: Tables, document: Document, current: Document | None) -> Document:
    segments = [document.get(name) for name in SEGMENTS]
    used = max((n for n, value in enumerate(segments, 1) if value), default=0)
    gaps = [f"Segment {n} can't be blank" for n in range(1, max(used, 1) + 1) if not segments[n - 1]]
    if gaps:
        raise RefusedError(*gaps)
    chart = tables.live("account_type", document.get("account-type") or {})
    if current is None and chart.get("dynamic-flag"):
        raise RefusedError("Account cannot be created in a dynamic chart of accounts")
    document["code"] = "-".join(str(value) for value in segments[:used])
    document["account-type-id"] = chart.get("id")
    for other in tables.collections["accounts"].find("code", document["code"]):
        is_same = [other.get(n) for n in SEGMENTS] == segments
        if is_same and other.get("account-type") == document.get("account-type") and other is not current:
            raise RefusedError("Code has already been taken")
    document.setdefault("active", True)
    return document


def _check_lookup_value(tables: Tables, document: Document, current: Document | None) -> Document:
    parent_id = (document.get("parent") or {}).get("id")
    parent = tables.collections["lookup_values"].get(parent_id)
    lookup_id = (document.get("lookup") or {}).get("id")
    if parent is not None and parent.get("lookup-id") != lookup_id:
        raise RefusedError("Parent unable to find matching parent.")
    document["lookup-id"] = lookup_id
    document["parent-id"] = parent_id
    document |= place_in_lookup(document, parent)
    document.setdefault("active", True)
    document.setdefault("children-count", 0)
    for name in ("name", "external-ref-num"):
        for other in tables.collections["lookup_values"].find(name, document.get(name)):
            is_neighbour = (other.get("lookup-id"), other.get("parent-id")) == (lookup_id, parent_id)
            if is_neighbour and (current is None or other["id"] != current["id"]):
                raise RefusedError(f"{human(name)} has already been taken")
    return document


def place_in_lookup(value: Document, parent: Document | None) -> Document:
    """Return the attributes that say where in its hierarchy a lookup value stands."""
    own = str(value.get("external-ref-num") or value.get("name"))
    if parent is None:
        return {"external-ref-code": own, "depth": 1}
    code = f"{parent.get('external-ref-code')}-{own}"
    return {"external-ref-code": code, "depth": (parent.get("depth") or 1) + 1}


def _check_budget_line(tables: Tables, document: Document, current: Document | None) -> Document:
    fixed = ("period", *SEGMENTS)
    if current is not None:
        document |= {name: current.get(name) for name in fixed if name in current}
    for other in tables.collections["budget_lines"]:
        if other is not current and all(other.get(name) == document.get(name) for name in fixed):
            raise RefusedError("Budget line has already been taken")
    given = document.pop("remaining-budget", None)
    adjusted = sum(
        (
            Decimal(one["amount"])
            for one in tables.collections["budget_line_adjustments"].find(
                "budget-line-id", document.get("id")
            )
        ),
        Decimal(0),
    )
    amount = Decimal(given if given is not None and current is None else document.get("amount") or 0)
    document["amount"] = decimal_text(amount, 4)
    document["remaining"] = decimal_text(amount + adjusted, 4)
    return document


def _check_rate(tables: Tables, document: Document, current: Document | None) -> Document:
    try:
        is_positive = Decimal(document["rate"]) > 0
    except InvalidOperation:
        is_positive = False
    if not is_positive:
        raise RefusedError("Rate must be greater than 0")
    key = ("from-currency", "to-currency", "rate-date")
    for other in tables.collections["exchange_rates"]:
        if other is not current and all(other.get(name) == document.get(name) for name in key):
            raise RefusedError("Rate date has already been taken")
    return document


def _check_integration(tables: Tables, document: Document, current: Document | None) -> Document:
    if document.get("direction") not in (None, "to_coupa", "from_coupa"):
        raise RefusedError("Direction must be one of to_coupa, from_coupa")
    return document


def _check_run(tables: Tables, document: Document, current: Document | None) -> Document:
    document.setdefault("status", "pending")
    document.setdefault("integration-errors", [])
    return document


def _check_record(tables: Tables, document: Document, current: Document | None) -> Document:
    kind, alert = document.get("document-type"), document.get("contact-alert-type")
    if kind not in (None, *RECORD_TYPES):
        raise RefusedError(f"Document type must be one of {', '.join(sorted(RECORD_TYPES))}")
    if alert not in (None, *ALERT_TYPES):
        raise RefusedError(f"Contact alert type must be one of {', '.join(ALERT_TYPES)}")
    document.setdefault("resolved", False)
    document.setdefault("responses", [])
    return document


_RULES: Final[Mapping[str, Rule]] = {
    "suppliers": _check_supplier,
    "users": _check_user,
    "accounts": _check_account,
    "lookup_values": _check_lookup_value,
    "budget_lines": _check_budget_line,
    "exchange_rates": _check_rate,
    "integrations": _check_integration,
    "integration_runs": _check_run,
    "integration_history_records": _check_record,
    "integration_errors": _check_record,
}


def _carry_over(tables: Tables, path: str, document: Document) -> None:
    """Carry a change over to the documents that count or repeat it."""
    if path == "lookup_values":
        _carry_down(tables, document)
    elif path == "integration_history_records" and document.get("document-type") == "OrderHeader":
        order = tables.collections["purchase_orders"].get(document.get("document-id"))
        if order is not None:
            others = [
                one
                for one in order.get("current-integration-history-records") or []
                if one["id"] != document["id"]
            ]
            tables.keep(
                "purchase_orders", order | {"current-integration-history-records": [*others, document]}
            )
    elif path == "integration_errors":
        run = tables.collections["integration_runs"].get((document.get("integration-run") or {}).get("id"))
        if run is not None:
            others = [one for one in run.get("integration-errors") or [] if one["id"] != document["id"]]
            tables.keep("integration_runs", run | {"integration-errors": [*others, document]})


def _carry_down(tables: Tables, parent: Document) -> None:
    """Rewrite the codes of the values below, and count those above."""
    values = tables.collections["lookup_values"]
    children = [one for one in values if (one.get("parent") or {}).get("id") == parent["id"]]
    if parent.get("children-count") != len(children):
        tables.keep("lookup_values", parent | {"children-count": len(children)})
    for child in children:
        moved = child | place_in_lookup(child, parent)
        if moved != child:
            _carry_down(tables, tables.keep("lookup_values", moved))
    above = values.get((parent.get("parent") or {}).get("id"))
    if above is not None:
        count = sum(1 for one in values if (one.get("parent") or {}).get("id") == above["id"])
        if above.get("children-count") != count:
            tables.keep("lookup_values", above | {"children-count": count})
