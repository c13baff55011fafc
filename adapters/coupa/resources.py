"""Where each entity lives in Coupa, which rows of it we ask for, and with which fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from adapters.coupa import wire, wire_invoice, wire_lists, wire_people
from adapters.coupa.options import Options
from adapters.errors import SettingsError

LIMIT = 50
"""Coupa gives at most 50 records a request, whatever is asked for."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One collection. `shape` is what we read of its rows, `row` what becomes of them before they leave the
    client.
    """

    path: str
    shape: type[wire.Wire]
    row: type[wire.Wire]


def _resource(path: str, shape: type[wire.Wire], row: type[wire.Wire] | None = None) -> Resource:
    return Resource(path, shape, row or shape)


_RESOURCES: Mapping[str, Resource] = {
    "purchase_order": _resource("/api/purchase_orders", wire.PurchaseOrder, wire.PurchaseOrderRead),
    "order_revision": _resource("/api/purchase_order_revisions", wire.PurchaseOrderRevision),
    "invoice": _resource("/api/invoices", wire_invoice.Invoice),
    "receipt": _resource("/api/receiving_transactions", wire_invoice.ReceiptTransaction),
    "requisition": _resource("/api/requisitions", wire_people.Requisition),
    "employee": _resource("/api/users", wire_people.UserRecord),
    "exchange_rate": _resource("/api/exchange_rates", wire_people.ExchangeRate),
    "supplier": _resource("/api/suppliers", wire.Supplier),
    "supplier_bank_account": _resource(
        "/api/supplier_information", wire.SupplierInformation, wire.BankAccount
    ),
    "approval": _resource("/api/approvals", wire.Approval),
    "account_combination": _resource("/api/accounts", wire.Account),
    "cost_centre": _resource("/api/lookup_values", wire.LookupValue),
    "project": _resource("/api/projects", wire.Project),
    "budget": _resource("/api/budget_lines", wire.BudgetLine),
    "legal_entity": _resource("/api/legal_entities", wire.LegalEntity),
    "tax_code": _resource("", wire.TaxCode),
    "department": _resource("/api/departments", wire_lists.Department),
    "lookup": _resource("/api/lookups", wire_lists.Lookup),
    "lookup_value": _resource("/api/lookup_values", wire_lists.LookupValue),
}

EXPORTED = frozenset({"purchase_order", "requisition", "invoice", "receipt"})
"""Entities with an export flag."""

_FILTERS: Mapping[str, Callable[[Options], dict[str, str]]] = {
    "purchase_order": lambda options: (
        _chosen("status", options.order_statuses)
        | ({"show_deleted_lines": "true"} if options.shows_deleted_lines else {})
    ),
    "requisition": lambda options: _chosen("status", options.requisition_statuses),
    "project": lambda options: {"lookup[name]": options.project_lookup} if options.project_lookup else {},
    "invoice": lambda options: _chosen("status", options.invoice_statuses),
    "receipt": lambda options: _chosen("type", options.receipt_types),
    "cost_centre": lambda options: {"lookup[name]": options.cost_centre_lookup or ""},
    "lookup": lambda options: _chosen("name", options.lookups),
    "lookup_value": lambda options: _chosen("lookup[name]", options.lookups),
}


def _chosen(name: str, values: tuple[str, ...]) -> dict[str, str]:
    return {f"{name}[in]": ",".join(values)} if values else {}


def resource(system: str, entity: str, options: Options) -> Resource:
    """Return where `entity` lives; an entity this connection is not set up for is refused with the setting to change."""
    found = _RESOURCES.get(entity)
    if found is None:
        raise SettingsError(
            system, f"Coupa has no entity {entity!r}. It has: {', '.join(sorted(_RESOURCES))}"
        )
    needed = {
        "tax_code": (options.tax_code_path, "tax_code_path"),
        "cost_centre": (options.cost_centre_lookup, "cost_centre_lookup"),
        "supplier_bank_account": (options.reads_bank_accounts, "reads_bank_accounts"),
    }.get(entity)
    if needed and not needed[0]:
        raise SettingsError(
            system, f"{entity} is not read from here: set the option {needed[1]} of this system"
        )
    if entity == "project" and options.project_lookup:
        return _RESOURCES["cost_centre"]
    if entity == "tax_code":
        return Resource(options.tax_code_path or "", found.shape, found.row)
    return found


def filters(entity: str, options: Options) -> dict[str, str]:
    """Return the conditions that every read of `entity` carries."""
    own = _FILTERS.get(entity)
    return own(options) if own else {}


def extras(entity: str, options: Options) -> tuple[str, ...]:
    """Return the fields that are asked for beside those we read, as `fields` names them."""
    return tuple(name.replace("-", "_") for name in options.extra_fields.get(entity, ()))


@lru_cache(maxsize=64)
def asked_names(shape: type[wire.Wire], segment_count: int) -> tuple[str, ...]:
    """Return the names on the wire of the top-level fields that `fields` asks for."""
    asked = wire.asked_fields(shape, segment_count)
    top = {name if isinstance(name, str) else next(iter(name)) for name in asked}
    return tuple(f.encode_name for f in msgspec.structs.fields(shape) if f.name in top)


@lru_cache(maxsize=64)
def fields(shape: type[wire.Wire], segment_count: int, extra: tuple[str, ...] = ()) -> str:
    """Return the `fields` argument: always sent, because an instance's default filter may hide or add attributes."""
    asked = wire.asked_fields(shape, segment_count)
    known = [name if isinstance(name, str) else next(iter(name)) for name in asked]
    more = [{name: {}} if name == "custom_fields" else name for name in extra if name not in known]
    return msgspec.json.encode([*asked, *more]).decode()
