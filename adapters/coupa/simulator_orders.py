"""Purchase orders of the simulated Coupa: versions, the export flag, actions, budgets, and late replicas.

A change of quantity, price or item, a new or a deleted line is seen by the supplier: it raises `version` and
`internal-revision` and clears `exported`. A change of accounts raises `internal-revision` only. Custom fields touch
neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from adapters.coupa.simulator_models import MODELS
from adapters.coupa.simulator_query import Query, matches
from adapters.coupa.simulator_tables import DELETED, RefusedError, Tables
from adapters.coupa.simulator_writes import SEGMENTS, Intake, adjust
from adapters.simulation import Document

ORDERS: Final = "purchase_orders"
_MODEL: Final = MODELS["purchase_order"]
_SEEN_BY_SUPPLIER: Final = ("quantity", "price", "item", "description", "total")
_CLOSED: Final = frozenset({"closed", "cancelled", "canceled"})
_HELD: Final = frozenset(
    {"draft", "buyer_hold", "currency_hold", "supplier_hold", "supplier_window_hold", "error"}
)
_ACTIONS: Final[Mapping[str, tuple[frozenset[str], str]]] = {
    "issue": (_HELD, "issued"),
    "issue_without_send": (_HELD, "issued"),
    "ignore_window_and_issue": (frozenset({"supplier_window_hold"}), "issued"),
    "release_from_buyer_hold": (frozenset({"buyer_hold"}), "issued"),
    "cancel": (_HELD | {"issued", "soft_closed"}, "cancelled"),
    "close": (frozenset({"issued", "soft_closed"}), "closed"),
    "reopen": (frozenset({"soft_closed"}), "issued"),
}
"""From which states an action leads to which."""


@dataclass
class Orders:
    """What can happen to an order."""

    tables: Tables
    intake: Intake
    cancelled_word: str = "cancelled"
    marking_moves_updated_at: bool = False
    edit_clears_export: bool = True
    previous: dict[int, Document] = field(default_factory=dict)
    """By order id: what it said before its last change of version or status."""

    # -- by the API -------------------------------------------------------------------------------

    def update(self, order: Document, body: Mapping[str, Any], by: str) -> Document:
        """Do what a PUT with a body does."""
        if body.get("exported") in (True, "true", False, "false"):
            return self.mark(order, body["exported"] in (True, "true"), by)
        for name, action in (("_cancel", "cancel"), ("_close", "close")):
            if body.get(name) in (True, "true"):
                return self.act(order, action, by)
        changed = self.intake.take(_MODEL, order, body)
        if changed == order:
            return order
        change = ""
        if changed.get("order-lines") != order.get("order-lines"):
            lines = _priced(order, changed["order-lines"])
            change = _kind_of_change(order.get("order-lines") or [], lines)
            if change and order.get("status") in _CLOSED:
                raise RefusedError(f"Order lines cannot be changed on a {order['status']} order")
            changed["order-lines"] = self._stamped(order, lines)
        return self._save(
            order,
            changed,
            by,
            is_version=change == "supplier",
            is_revision=change != "",
            clears_export=change == "supplier" and self.edit_clears_export,
        )

    def mark(self, order: Document, is_exported: bool, by: str) -> Document:
        """Set or clear the export flag, and nothing else."""
        marked = order | {
            "exported": is_exported,
            "last-exported-at": self.tables.now_text() if is_exported else None,
        }
        if self.marking_moves_updated_at:
            marked |= {"updated-at": self.tables.now_text(), "updated-by": self.tables.user(by)}
        return self.tables.keep(ORDERS, marked)

    def act(self, order: Document, action: str, by: str) -> Document:
        """Do one of the actions, if the order's state allows it."""
        allowed, status = _ACTIONS[action]
        if order.get("status") not in allowed:
            raise RefusedError(f"Order cannot be {_DONE[action]} from status {order.get('status')}")
        if status == "issued" and action != "reopen":
            self._consume_budgets(order, by)
        return self.set_status(order, status, by)

    def act_on_line(self, line: Document, action: str, by: str) -> Document:
        """Close or reopen a line for receiving or invoicing; return the line."""
        order = self.tables.collections[ORDERS].at(line["order-header-id"])
        if order.get("status") in _CLOSED:
            raise RefusedError(f"Order lines cannot be changed on a {order['status']} order")
        reopened = "received" if line.get("received") not in (None, "0", "0.000000") else "created"
        status = reopened if action.startswith("reopen") else action.replace("soft_close", "soft_closed")
        if line.get("status") == status:
            raise RefusedError(f"Order line is already {status}")
        lines = [row | {"status": status} if row["id"] == line["id"] else row for row in order["order-lines"]]
        saved = self._save(order, order | {"order-lines": lines}, by, is_revision=True)
        return next(row for row in saved["order-lines"] if row["id"] == line["id"])

    # -- by the people who work in it --------------------------------------------------------------

    def revise(self, order: Document, changes: Mapping[str, Any], by: str) -> Document:
        """Change an order as a buyer does: always a new version for the supplier."""
        tidied = self.tables.tidy(_MODEL, {k: v for k, v in changes.items() if k != "order-lines"})
        changed = order | tidied
        rows = changes.get("order-lines", changes.get("order_lines"))
        if rows is not None:
            by_number = {str(line.get("line-num")): line["id"] for line in order.get("order-lines") or []}
            named = [
                row
                if "id" in row or str(row.get("line-num")) not in by_number
                else {**row, "id": by_number[str(row["line-num"])]}
                for row in rows
            ]
            lines = self.intake.take(_MODEL, order, {"order-lines": named})["order-lines"]
            changed["order-lines"] = self._stamped(order, _priced(order, lines))
        return self._save(order, changed, by, is_version=True, is_revision=True, clears_export=True)

    def set_status(self, order: Document, status: str, by: str) -> Document:
        if status in ("cancelled", "canceled"):
            status = self.cancelled_word
            self._release_budgets(order, by)
        return self._save(order, order | {"status": status}, by, is_revision=True, clears_export=True)

    def touch(self, order: Document, by: str) -> Document:
        """Move `updated-at`; nothing that matters changes."""
        return self._save(order, dict(order), by)

    def touch_line(self, order: Document, line: Document) -> None:
        """Keep a line with what was received or invoiced of it: no version, no revision, nobody's change."""
        lines = [line if one["id"] == line["id"] else one for one in order["order-lines"]]
        self.tables.keep(ORDERS, order | {"order-lines": lines, "updated-at": self.tables.now_text()})

    # -- helpers ----------------------------------------------------------------------------------

    def _save(
        self,
        order: Document,
        changed: Document,
        by: str,
        *,
        is_version: bool = False,
        is_revision: bool = False,
        clears_export: bool = False,
    ) -> Document:
        stamps: Document = {"updated-at": self.tables.now_text(), "updated-by": self.tables.user(by)}
        if is_version:
            stamps["version"] = (order.get("version") or 1) + 1
            stamps["change-type"] = "revision"
        if is_revision:
            stamps["internal-revision"] = (order.get("internal-revision") or 0) + 1
            self.previous[order["id"]] = order
        if clears_export:
            stamps["exported"] = False
        kept = self.tables.keep(ORDERS, changed | stamps)
        if is_revision:
            self._note_revision(order, kept)
        return kept

    def _note_revision(self, order: Document, kept: Document) -> None:
        changes = {
            name: {"from": order.get(name), "to": value}
            for name, value in kept.items()
            if order.get(name) != value and name not in ("updated-at", "updated-by")
        }
        self.tables.keep(
            "purchase_order_revisions",
            {
                "order-header-id": kept["id"],
                "purchase-order-id": kept["id"],
                "version": kept.get("version"),
                "internal-revision": kept.get("internal-revision"),
                "changes": changes,
                "created-at": kept["updated-at"],
                "updated-at": kept["updated-at"],
                "created-by": kept["updated-by"],
                "updated-by": kept["updated-by"],
            },
        )

    def _stamped(self, order: Document, lines: list[Document]) -> list[Document]:
        """Give changed and new lines their numbers and times."""
        held = {line["id"]: line for line in order.get("order-lines") or []}
        number = max((_as_int(line.get("line-num")) for line in lines), default=0)
        now = self.tables.now_text()
        stamped = []
        for line in lines:
            if line == held.get(line["id"]):
                stamped.append(line)
                continue
            if line["id"] not in held:
                number += 1
                line = {
                    "line-num": str(number),
                    "status": "created",
                    "created-at": now,
                    "order-header-id": order["id"],
                    "order-header-number": order.get("po-number"),
                    "currency": order.get("currency"),
                    "version": 0,
                } | line
            stamped.append(line | {"updated-at": now, "version": _as_int(line.get("version")) + 1})
        return stamped

    def _consume_budgets(self, order: Document, by: str) -> None:
        """Take what the order commits from its budget lines; all of it or nothing."""
        pieces = [(line, budget, amount) for line, amount, budget in self._budgeted(order)]
        left: dict[int, Decimal] = {}
        for _, budget, amount in pieces:
            remaining = Decimal(budget.get("remaining") or budget.get("amount") or 0)
            left[budget["id"]] = left.get(budget["id"], remaining) - amount
            if left[budget["id"]] < 0 and budget.get("error-on-overrun"):
                raise RefusedError(f"Budget {budget.get('description') or budget['id']} is exceeded")
        for line, budget, amount in pieces:
            live = self.tables.collections["budget_lines"].at(budget["id"])
            adjuster = {"type": "OrderLine", "id": line["id"], "order-header-id": order["id"]}
            adjust(self.tables, live, -amount, reason="Order issued", by=by, adjuster=adjuster)

    def _release_budgets(self, order: Document, by: str) -> None:
        taken: dict[int, Decimal] = {}
        for one in self.tables.collections["budget_line_adjustments"]:
            if (one.get("adjuster") or {}).get("order-header-id") == order["id"]:
                budget_id = one["budget-line-id"]
                taken[budget_id] = taken.get(budget_id, Decimal(0)) + Decimal(one["amount"])
        for budget_id, amount in taken.items():
            line = self.tables.collections["budget_lines"].at(budget_id)
            adjuster = {"type": "OrderHeader", "id": order["id"], "order-header-id": order["id"]}
            adjust(self.tables, line, -amount, reason="Order cancelled", by=by, adjuster=adjuster)

    def _budgeted(self, order: Document) -> Iterator[tuple[Document, Decimal, Document]]:
        """Walk the parts of an order that a budget line pays for: line, amount, budget line."""
        for line in order.get("order-lines") or []:
            if line.get("status") == DELETED:
                continue
            whole = [
                {"account": line.get("account"), "period": line.get("period"), "amount": line.get("total")}
            ]
            for part in line.get("account-allocations") or whole:
                account = self.tables.live("account", part.get("account") or {})
                budget = self._budget_for(part.get("period") or {}, account)
                amount = _decimal(part.get("amount"))
                if budget is not None and amount is not None:
                    yield line, amount, budget

    def _budget_for(self, period: Document, account: Document) -> Document | None:
        for budget in self.tables.collections["budget_lines"]:
            held = budget.get("period") or {}
            is_period = any(
                held.get(key) is not None and held.get(key) == period.get(key) for key in ("id", "name")
            )
            wanted = {name: budget[name] for name in SEGMENTS if budget.get(name) is not None}
            if is_period and wanted and all(account.get(name) == value for name, value in wanted.items()):
                return budget
        return None


_DONE: Final = {
    "issue": "issued",
    "issue_without_send": "issued",
    "ignore_window_and_issue": "issued",
    "release_from_buyer_hold": "released",
    "cancel": "cancelled",
    "close": "closed",
    "reopen": "reopened",
}


def _kind_of_change(old: list[Document], new: list[Document]) -> str:
    """Return `supplier`, `internal` or an empty text, by who sees what changed in the lines."""
    held = {line["id"]: line for line in old}
    kind = ""
    for line in new:
        before = held.get(line["id"])
        if before is None or (line.get("status") == DELETED) != (before.get("status") == DELETED):
            return "supplier"
        if any(line.get(name) != before.get(name) for name in _SEEN_BY_SUPPLIER):
            return "supplier"
        if line != before and line | {"custom-fields": None} != before | {"custom-fields": None}:
            kind = "internal"
    return kind


def _priced(order: Document, lines: list[Document]) -> list[Document]:
    """Return the lines with new totals where they changed; what did not change stays, right or wrong."""
    held = {line["id"]: line for line in order.get("order-lines") or []}
    return [line if line == held.get(line["id"]) else _with_total(line) for line in lines]


def _with_total(line: Document) -> Document:
    """Return a line whose total and split follow its quantity and price, where those can be read."""
    quantity, price = _decimal(line.get("quantity")), _decimal(line.get("price"))
    if price is None:
        return line
    if quantity is None and line.get("type") == "OrderQuantityLine":
        return line
    total = (price if quantity is None else quantity * price).quantize(Decimal("0.01"), ROUND_HALF_UP)
    if total == _decimal(line.get("total")):
        return line
    allocations = line.get("account-allocations") or []
    return line | {"total": f"{total:f}", "account-allocations": _split(total, allocations)}


def _split(total: Decimal, allocations: list[Document]) -> list[Document]:
    """Share a line's total by percentage; the last share takes what rounding leaves."""
    shared = []
    left = total
    for n, one in enumerate(allocations, 1):
        percent = _decimal(one.get("pct"))
        if percent is None:
            return allocations
        amount = (total * percent / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
        amount = left if n == len(allocations) else amount
        left -= amount
        shared.append(one | {"amount": f"{amount:.4f}"})
    return shared


def _decimal(value: object) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None


def _as_int(value: object) -> int:
    return int(str(value)) if str(value).isdigit() else 0


@dataclass
class LateReplica:
    """Makes one polling read show an order as it was before its last change, after that change was seen.

    It does what a read from a lagging replica does, once for every time it is asked.
    """

    tables: Tables
    unseen: dict[int, Document] = field(default_factory=dict)
    """Asked for; the new version was not shown yet."""
    due: dict[int, Document] = field(default_factory=dict)
    """The new version was shown: the next polling read shows this."""

    def serve(self, query: Query, page: list[Document]) -> list[Document]:
        """Return the page with what is due in it. Only reads by `updated_at` are polls."""
        if not (self.unseen or self.due) or not query.on("updated-at"):
            return page
        rows = list(page)
        shown_ids = {row["id"] for row in page}
        for order_id, old in list(self.due.items()):
            if order_id in shown_ids:
                rows = [old if row["id"] == order_id else row for row in rows]
            elif len(rows) < query.limit and self._belongs(query, order_id):
                rows = self._with(query, rows, old)
            else:
                continue
            del self.due[order_id]
        for order_id in shown_ids & self.unseen.keys():
            self.due[order_id] = self.unseen.pop(order_id)
        return rows

    def _belongs(self, query: Query, order_id: int) -> bool:
        """Say whether the order would be on the page if it had just been changed."""
        order = self.tables.collections[ORDERS].get(order_id)
        timeless = [one for one in query.conditions if one.path != ("updated-at",)]
        return order is not None and query.offset == 0 and matches(self.tables, _MODEL, order, timeless)

    def _with(self, query: Query, rows: list[Document], old: Document) -> list[Document]:
        def rank(row: Document) -> tuple[str, int]:
            value = row.get(query.order_by)
            return (f"{value:020}" if isinstance(value, int) else str(value), row["id"])

        return sorted([*rows, old], key=rank, reverse=query.is_descending)
