"""Requisitions of the simulated Coupa: asked for, approved, and turned into one order for each supplier."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from adapters.coupa.simulator_complete import completed, completed_lines
from adapters.coupa.simulator_orders import ORDERS
from adapters.coupa.simulator_tables import RefusedError, Tables
from adapters.simulation import Document

REQUISITIONS: Final = "requisitions"
_APPROVABLE: Final = "RequisitionHeader"
_OPEN: Final = frozenset({"draft", "cart", "rejected", "withdrawn", "pending_buyer_action"})
_COPIED: Final = (
    "description",
    "quantity",
    "uom",
    "currency",
    "commodity",
    "supplier",
    "need-by-date",
    "account",
    "account-allocations",
    "period",
)


@dataclass
class Requisitions:
    """What can happen to a requisition."""

    tables: Tables

    def submit(self, requisition: Document, approvers: list[str], by: str) -> Document:
        """Ask these people, one after the other."""
        if requisition.get("status") not in _OPEN:
            raise RefusedError(f"Requisition cannot be submitted from status {requisition.get('status')}")
        if not requisition.get("requisition-lines"):
            raise RefusedError("Requisition lines can't be blank")
        for position, login in enumerate(approvers, 1):
            self.tables.keep(
                "approvals",
                {
                    "approvable-type": _APPROVABLE,
                    "approvable-id": requisition["id"],
                    "status": "pending_approval",
                    "position": position,
                    "approver": self.tables.user(login),
                    "holdable": True,
                    "created-at": self.tables.now_text(),
                    **self._stamps(by),
                },
            )
        submitted = {"status": "pending_approval", "submitted-at": self.tables.now_text()}
        return self._keep(requisition | submitted, by)

    def after_decision(self, approval: Document, by: str) -> None:
        """Move a requisition on when one of its approvers has decided."""
        requisition = self.tables.collections[REQUISITIONS].get(approval.get("approvable-id"))
        is_ours = approval.get("approvable-type") == _APPROVABLE
        if not is_ours or requisition is None or requisition.get("status") != "pending_approval":
            return
        states = {one.get("status") for one in self._approvals(requisition)}
        if "rejected" in states:
            self._keep(requisition | {"status": "rejected"}, by)
        elif "pending_approval" not in states:
            self.order(requisition, by)

    def approve(self, requisition: Document, by: str) -> list[Document]:
        """Approve it whatever is still pending; return the orders it becomes."""
        for one in self._approvals(requisition):
            if one.get("status") == "pending_approval":
                decided = {"status": "approved", "approval-date": self.tables.now_text()}
                author = {"approved-by": self.tables.user(by)}
                self.tables.keep("approvals", one | decided | author | self._stamps(by))
        return self.order(requisition, by)

    def order(self, requisition: Document, by: str) -> list[Document]:
        """Make one order of the lines of each supplier, and tell the lines which order line they became."""
        by_supplier: dict[Any, list[Document]] = {}
        for line in requisition.get("requisition-lines") or []:
            by_supplier.setdefault((line.get("supplier") or {}).get("id"), []).append(line)
        became: dict[Any, int] = {}
        orders = []
        for lines in by_supplier.values():
            order = self._order(requisition, lines, by)
            became |= {line["id"]: made["id"] for line, made in zip(lines, order["order-lines"], strict=True)}
            orders.append(order)
        lines = [
            line | {"order-line-id": became[line["id"]], "status": "ordered"}
            for line in requisition.get("requisition-lines") or []
        ]
        self._keep(requisition | {"requisition-lines": lines, "status": "ordered"}, by)
        return orders

    def complete(self, document: Document) -> Document:
        """Add what a requisition always has; what is there stays."""
        lines = document.get("requisition-lines")
        if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
            return {"status": "approved", "exported": False} | document
        whole = [_priced(n, line) for n, line in enumerate(lines, 1)]
        total = sum((Decimal(str(line.get("total") or 0)) for line in whole), Decimal(0))
        defaults: Document = {
            "status": "approved",
            "exported": False,
            "last-exported-at": None,
            "custom-fields": {},
            "line-count": len(whole),
            "total": f"{total:f}",
        }
        return defaults | document | {"requisition-lines": whole}

    def _order(self, requisition: Document, lines: list[Document], by: str) -> Document:
        rows = [
            {
                "id": self.tables.inner_id(),
                "type": "OrderAmountLine"
                if line.get("line-type") == "RequisitionAmountLine"
                else "OrderQuantityLine",
                "price": line.get("unit-price"),
                "total": line.get("total"),
                "requisition-line-id": line["id"],
                **{name: line[name] for name in _COPIED if line.get(name) is not None},
            }
            for line in lines
        ]
        now, author = self.tables.now_text(), self.tables.user(by)
        stamps = {"created-at": now, "created-by": author, "updated-at": now, "updated-by": author}
        document: Document = {
            "currency": requisition.get("currency") or lines[0].get("currency"),
            "supplier": lines[0].get("supplier"),
            "requester": requisition.get("requested-by"),
            "requisition-header": {"id": requisition["id"]},
            "order-lines": rows,
            **stamps,
        }
        kept = self.tables.keep(ORDERS, completed(self.tables, ORDERS, document))
        number = requisition.get("external-po-reference") or str(kept["id"])
        kept = kept | {"po-number": number}
        return self.tables.keep(ORDERS, kept | {"order-lines": completed_lines(kept)})

    def _approvals(self, requisition: Document) -> list[Document]:
        found = self.tables.collections["approvals"].find("approvable-id", requisition["id"])
        return [one for one in found if one.get("approvable-type") == _APPROVABLE]

    def _keep(self, requisition: Document, by: str) -> Document:
        return self.tables.keep(REQUISITIONS, requisition | self._stamps(by))

    def _stamps(self, by: str) -> Document:
        return {"updated-at": self.tables.now_text(), "updated-by": self.tables.user(by)}


def _priced(number: int, line: Document) -> Document:
    whole = {"line-num": number, "line-type": "RequisitionQuantityLine"} | line
    if line.get("total") is None and line.get("unit-price") is not None:
        quantity = Decimal(str(line.get("quantity") or 1))
        whole["total"] = f"{quantity * Decimal(str(line['unit-price'])):.4f}"
    return whole
