"""The company as Coupa shows it: one function a kind of document, in Coupa's own names. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from adapters.simulation import Document
from finsync_tui.rehearse import catalogue
from finsync_tui.rehearse.invoice_shapes import Payables
from finsync_tui.rehearse.shapes import Change, Company, Line, Order, Step
from store.canonical.money import plain

FIRST_ACCOUNT_ID: Final = 20_001
FIRST_REQUISITION_ID: Final = 500_001
FIRST_WISH: Final = 400_000
"""So far from an order's requisition is one that never becomes an order."""
EARLY_EVERY: Final = 8
WISH_EVERY: Final = 20
EARLY_BY: Final = timedelta(days=4)
WITHDRAWN_AFTER: Final = timedelta(days=6)
COST_CENTRE_LOOKUP: Final = "Cost Centre"
TERMS: Final = {"Net 14": 14, "Net 30": 30, "Net 60": 60}
_BUDGET_A_QUARTER: Final = Decimal(2_500_000)
_BIG: Final = Decimal(100)
"""By how much a stated total is wrong."""

AccountKey = tuple[str, str, str]
"""Legal entity, cost centre and account in Coupa's spelling."""


def account_ids(company: Company, payables: Payables) -> dict[AccountKey, int]:
    """Return the id of each account that is charged, at any time."""
    used = {
        (legal_entity, split.cost_centre, split.account)
        for legal_entity, lines in _all_lines(company, payables)
        for line in lines
        for split in line.splits
    }
    return {key: FIRST_ACCOUNT_ID + n for n, key in enumerate(sorted(used))}


def _all_lines(company: Company, payables: Payables) -> Iterator[tuple[str, tuple[Line, ...]]]:
    for order in company.orders.values():
        yield order.legal_entity, order.lines
    for change in company.changes:
        yield company.orders[change.number].legal_entity, change.lines
    for bill in payables.bills.values():
        yield bill.legal_entity, tuple(one.what for one in bill.lines)


# -- reference data ------------------------------------------------------------------------------------


def reference(company: Company, payables: Payables) -> Iterator[tuple[str, Document]]:
    """Yield resource and document of everything that is there before the first order."""
    for n, (code, decimals) in enumerate((("EUR", 2), ("USD", 2)), 1):
        yield "currencies", {"id": n, "code": code, "decimals": decimals, "enabled": True}
    for n, (code, days) in enumerate(TERMS.items(), 1):
        yield "payment_terms", {"id": n, "code": code, "description": code, "type": "DaysAfterNetPaymentTerm",
                                "days-for-net-payment": days, "active": True}  # fmt: skip
    for name in catalogue.DEPARTMENTS:
        yield "departments", {"name": name, "active": True}
    for person in company.people.values():
        yield "users", {
            "login": person.login, "email": person.email, "employee-number": person.employee_number, "active": True,
            "firstname": person.first_name, "lastname": person.last_name,
            "fullname": f"{person.first_name} {person.last_name}", "department": {"name": person.department},
        }  # fmt: skip
    for integration in sorted(set(catalogue.INTEGRATIONS.values())):
        yield "integrations", {
            "code": integration, "name": integration.replace("_", " ").capitalize(), "direction": "from_coupa",
            "end-system": "finsync", "end-system-type": "other", "integration-type": "api",
        }  # fmt: skip
    yield from _charts(company, payables)
    for supplier in company.suppliers.values():
        yield "suppliers", {
            "id": supplier.coupa_id, "number": supplier.number, "name": supplier.name, "status": "active",
            "tax-id": supplier.tax_id, "on-hold": False,
            "primary-address": {"country": {"code": supplier.country}, "city": "Harbour City", "active": True},
        }  # fmt: skip
    for n, (number, name) in enumerate(catalogue.PROJECTS, 1):
        yield "projects", {"id": n, "name": name, "external-reference-number": number, "status": "in_progress",
                           "active": True}  # fmt: skip


def _charts(company: Company, payables: Payables) -> Iterator[tuple[str, Document]]:
    yield "lookups", {"name": COST_CENTRE_LOOKUP, "active": True, "fixed-depth": True}
    for one in company.legal_entities.values():
        yield "account_types", {"name": one.chart, "active": True, "currency": {"code": one.currency},
                                "legal-entity-name": one.name, "dynamic-flag": False}  # fmt: skip
        yield "legal_entities", {"name": one.name, "abbreviation": one.number, "active": True,
                                 "currency": {"code": one.currency}}  # fmt: skip
    entities = company.legal_entities
    for centre in company.cost_centres:
        yield "lookup_values", {"name": f"{centre.name} {centre.legal_entity}", "external-ref-num": centre.source,
                                "lookup": {"name": COST_CENTRE_LOOKUP}, "active": True,
                                "account-type": {"name": entities[centre.legal_entity].chart}}  # fmt: skip
    for (entity, centre_code, account_code), account_id in account_ids(company, payables).items():
        yield "accounts", {
            "id": account_id, "name": f"{centre_code} {account_code}", "active": True,
            "account-type": {"name": entities[entity].chart}, "segment-1": entities[entity].source_code,
            "segment-2": centre_code, "segment-3": account_code,
        }  # fmt: skip
    for centre in company.cost_centres:
        for quarter in range(1, 5) if centre.target is not None else ():
            yield "budget_lines", {
                "period": {"name": quarter_name(company.starts_at.year, quarter)}, "amount": _BUDGET_A_QUARTER,
                "segment-1": entities[centre.legal_entity].source_code, "segment-2": centre.source,
                "currency": {"code": entities[centre.legal_entity].currency},
                "description": f"{centre.name} {centre.legal_entity}", "error-on-overrun": False,
            }  # fmt: skip


def quarter_name(year: int, quarter: int) -> str:
    """Return how budgets call a quarter.

    >>> quarter_name(2026, 1)
    'FY26-Q1'
    """
    return f"FY{year % 100:02d}-Q{quarter}"


# -- orders --------------------------------------------------------------------------------------------


def approvals(order: Order) -> Iterator[Document]:
    """Yield who approved the requisition that became the order."""
    requisition_id = requisition_of(order)
    for position, step in enumerate(order.approvals, 1):
        yield _approval(requisition_id, position, step)


def requisition_of(order: Order) -> int:
    """Return the id of the order's requisition. In Coupa an order itself is never approved."""
    return order.coupa_id - 700_001 + FIRST_REQUISITION_ID


def _approval(requisition_id: int, position: int, step: Step) -> Document:
    return {
        "approvable-type": "RequisitionHeader",
        "approvable-id": requisition_id,
        "position": position,
        "status": "approved",
        "type": "ManagementHierarchyApproval",
        "approval-date": step.at,
        "approver": {"login": step.who},
        "approved-by": {"login": step.who},
    }


def requisition(
    company: Company,
    order: Order,
    accounts: Mapping[AccountKey, int],
    *,
    status: str = "ordered",
    became: Iterable[int] = (),
    requisition_id: int | None = None,
) -> Document:
    """Return what somebody asked for; `became` are the order's lines, which it names once it is ordered."""
    currency = company.legal_entities[order.legal_entity].currency
    names: list[int | None] = [*became] or [None] * len(order.lines)
    return {
        "id": requisition_of(order) if requisition_id is None else requisition_id,
        "status": status,
        "req-title": order.lines[0].description,
        "requested-by": {"login": order.requester},
        "submitted-at": order.approvals[0].at - timedelta(hours=1),
        "currency": {"code": currency},
        "requisition-lines": [
            _requisition_line(order, line, currency, accounts) | {"order-line-id": name}
            for line, name in zip(order.lines, names, strict=True)
        ],
    }


def _requisition_line(
    order: Order, line: Line, currency: str, accounts: Mapping[AccountKey, int]
) -> Document:
    ordered = _line(order, line, currency, accounts)
    kept = ("description", "quantity", "total", "currency", "uom", "account", "account-allocations", "period")
    return {name: ordered[name] for name in kept} | {
        "line-num": line.number,
        "line-type": ordered["type"].replace("Order", "Requisition"),
        "unit-price": ordered["price"],
        "supplier": {"number": order.supplier},
    }


def was_requested_early(company: Company, order: Order) -> bool:
    """Say whether people saw the requisition approved for some days before it became an order."""
    return order.coupa_id % EARLY_EVERY == 0 and order.issued_at - EARLY_BY > company.starts_at


def wish_of(company: Company, order: Order) -> int | None:
    """Return the id of a requisition like this order's that no order is made of; None: there is none."""
    is_wish = order.coupa_id % WISH_EVERY == 1 and order.issued_at + WITHDRAWN_AFTER < company.ends_at
    return requisition_of(order) + FIRST_WISH if is_wish else None


def purchase_order(company: Company, order: Order, accounts: Mapping[AccountKey, int]) -> Document:
    """Return the order's document as it is issued, damaged if it is to be."""
    buyer = company.legal_entities[order.legal_entity]
    document: Document = {
        "id": order.coupa_id,
        "po-number": order.number,
        "status": "issued",
        "currency": {"code": buyer.currency},
        "supplier": {"number": order.supplier},
        "requester": {"login": order.requester},
        "requisition-header": {"id": requisition_of(order)},
        "payment-term": {"code": list(TERMS)[order.coupa_id % len(TERMS)]},
        "order-lines": [_line(order, line, buyer.currency, accounts) for line in order.lines],
        "custom-fields": {"cf-erp-po-number": None, "cf-erp-status": None},
    }
    if order.defect is not None:
        _DEFECTS[order.defect](document)
    return document


def _line(order: Order, line: Line, currency: str, accounts: Mapping[AccountKey, int]) -> Document:
    quarter = quarter_name(order.issued_at.year, (order.issued_at.month + 2) // 3)
    document: Document = {
        "line-num": str(line.number),
        "type": "OrderAmountLine" if line.quantity is None else "OrderQuantityLine",
        "description": line.description,
        "quantity": None if line.quantity is None else plain(line.quantity),
        "price": plain(line.price),
        "total": f"{line.amount:.2f}",
        "currency": {"code": currency},
        "uom": None if line.uom is None else {"code": line.uom},
        "commodity": {"name": line.commodity},
        "need-by-date": _need_by(order).isoformat(),
        "period": {"name": quarter},
    }
    refs = [{"id": accounts[order.legal_entity, one.cost_centre, one.account]} for one in line.splits]
    if len(refs) == 1:
        return document | {"account": refs[0], "account-allocations": []}
    shares = zip(refs, line.splits, line.shares(), strict=True)
    return document | {
        "account": None,
        "account-allocations": [
            {
                "account": ref,
                "pct": f"{split.percent:.10f}",
                "amount": f"{share:.4f}",
                "period": {"name": quarter},
            }
            for ref, split, share in shares
        ],
    }


def _need_by(order: Order) -> date:
    return (order.issued_at + timedelta(days=14 + order.coupa_id % 30)).date()


def revision(
    company: Company, change: Change, before: Iterable[Line], accounts: Mapping[AccountKey, int]
) -> Document:
    """Return what a buyer changes: only what differs, lines named by their number."""
    order = company.orders[change.number]
    currency = company.legal_entities[order.legal_entity].currency
    known = {line.number: line for line in before}
    kept = {line.number for line in change.lines}
    rows: list[Document] = [{"line-num": str(n), "_delete": True} for n in known if n not in kept]
    for line in change.lines:
        held = known.get(line.number)
        if held is None:
            rows.append(_line(order, line, currency, accounts))
        elif held != line:
            row: dict[str, Any] = {"line-num": str(line.number), "price": plain(line.price)}
            if line.quantity is not None:
                row["quantity"] = plain(line.quantity)
            rows.append(row)
    return {"order-lines": rows}


# -- damage --------------------------------------------------------------------------------------------


def _first(document: Document) -> Document:
    line: Document = document["order-lines"][0]
    return line


def _without_line_number(document: Document) -> None:
    _first(document)["line-num"] = None


def _with_list_price(document: Document) -> None:
    _first(document)["price"] = [_first(document)["price"]]


def _without_number(document: Document) -> None:
    document["po-number"] = None


def _with_word_quantity(document: Document) -> None:
    _first(document)["quantity"] = "a dozen"


def _with_wrong_total(document: Document) -> None:
    _first(document)["total"] = f"{Decimal(_first(document)['total']) + _BIG:.2f}"


_DEFECTS: Final[Mapping[str, Callable[[Document], None]]] = {
    "line_number_missing": _without_line_number,
    "price_is_a_list": _with_list_price,
    "number_missing": _without_number,
    "quantity_is_a_word": _with_word_quantity,
    "total_is_wrong": _with_wrong_total,
}
DEFECT_NAMES: Final = frozenset(_DEFECTS)
