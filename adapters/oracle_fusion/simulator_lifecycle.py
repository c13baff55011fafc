"""What happens to an order after it is written: submission, approval later, change orders, cancel, close, hold.

Approval takes its time. `settle_due` looks at the clock and does what should have happened by now, in the order it
should have happened, each outcome stamped with its own instant.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.oracle_fusion.simulator_catalogue_requisitions import RESOURCE as REQUISITIONS
from adapters.oracle_fusion.simulator_ledger import FundsCheck
from adapters.oracle_fusion.simulator_messages import Problem, RefusedError, refused
from adapters.oracle_fusion.simulator_obligations import Obligations
from adapters.oracle_fusion.simulator_order_amounts import live_lines, ordered, recalculate
from adapters.oracle_fusion.simulator_order_checks import OrderChecks, budget_day, distributions
from adapters.oracle_fusion.simulator_requisitions import Requisitions
from adapters.oracle_fusion.simulator_rows import Data, Row, Value
from adapters.oracle_fusion.simulator_world import Order, World

STATUSES: Final = {
    "INCOMPLETE": "Incomplete",
    "PENDING APPROVAL": "Pending Approval",
    "PENDING CHANGE APPROVAL": "Pending Change Approval",
    "REJECTED": "Rejected",
    "OPEN": "Open",
    "ON HOLD": "On Hold",
    "CLOSED": "Closed",
    "CANCELED": "Canceled",
}
Parameters = Mapping[str, Any]
Result = str | list[dict[str, str]] | dict[str, list[dict[str, str]]]
SUCCESS: Final = "SUCCESS"


class Lifecycle:
    """The actions of draft and issued orders, and the approvals that are under way."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._checks = OrderChecks(world)
        self._obligations = Obligations(world)
        self.requisitions = Requisitions(world)
        self._drafts = world.tables["draftPurchaseOrders"]
        self._issued = world.tables["purchaseOrders"]
        self._actions: Final[dict[tuple[str, str], Callable[[Order, Parameters], Result]]] = {
            ("draftPurchaseOrders", "submit"): self._submit,
            ("draftPurchaseOrders", "validateDocument"): self._validate,
            ("draftPurchaseOrders", "checkFunds"): self._check_funds,
            ("draftPurchaseOrders", "cancelChangeOrder"): self._cancel_change,
            ("draftPurchaseOrders", "deleteChangeOrder"): self._delete_change,
            ("purchaseOrders", "cancel"): self._cancel,
            ("purchaseOrders", "close"): self._close,
            ("purchaseOrders", "hold"): self._hold,
            ("purchaseOrders", "removeHold"): self._remove_hold,
            ("purchaseOrders", "reopen"): self._reopen,
        }

    def act(self, row: Row, action: str, parameters: Parameters) -> Result:
        """Do one action to the order of a draft or issued row, or to a requisition."""
        if row.resource.name == REQUISITIONS:
            return self.requisitions.act(row, action, parameters)
        order_id = row.id
        assert isinstance(order_id, int)
        return self._actions[row.resource.name, action](self._world.orders[order_id], parameters)

    def settle_due(self) -> int:
        """End every approval whose time has come; return how many."""
        count = self.requisitions.settle_due()
        while (found := self._world.next_due()) is not None:
            order, at = found
            self._decide(order, at)
            count += 1
        return count

    def decide(self, order: Order, *, is_approved: bool) -> None:
        """End one approval now, as a person would."""
        if order.submitted_on is None or not str(order.draft.data["StatusCode"]).startswith("PENDING"):
            raise ValueError(f"order {order.number} is not waiting for approval")
        if is_approved:
            self._decide(order, self._world.now())
        else:
            self._reject(order, self._world.now(), None)

    def _submit(self, order: Order, parameters: Parameters) -> Result:
        data = order.draft.data
        if data["StatusCode"] not in ("INCOMPLETE", "REJECTED"):
            raise refused("NOT_SUBMITTABLE", number=order.number, status=data["Status"])
        today = self._world.today()
        problems = self._submission_problems(order)
        check = self._funds(order, "submit")
        problems = problems or list(check.shortages)
        if problems and self._world.settings.submit_refusals == "result":
            return "; ".join(one.text for one in problems)
        if problems:
            raise RefusedError(400, problems)
        order.funds_before = self._world.books.reservations(order.id)
        self._world.books.reserve(order.id, check, ("submit",))
        order.submission_count += 1
        order.submitted_on = today
        self._set_status(order.draft, "PENDING CHANGE APPROVAL" if order.is_issued else "PENDING APPROVAL")
        data["ChangeOrderStatusCode"] = "PENDING APPROVAL" if order.is_issued else None
        data["FundsStatus"] = None
        self._save_draft(order, self._world.now())
        if parameters.get("bypassApprovalFlag"):
            self._decide(order, self._world.now())
        elif self._world.settings.is_approval_automatic:
            self._world.await_approval(order, self._world.now() + self._delay(order))
        return SUCCESS

    def _submission_problems(self, order: Order) -> list[Problem]:
        tree = order.draft
        problems = self._checks.completeness(tree)
        if problems:
            return problems
        if not order.is_issued:
            problems += self._checks.supplier(tree.data)
        problems += self._checks.lines(tree)
        problems += self._checks.balance(tree)
        problems += self._checks.used(tree)
        problems += self._checks.accounts(tree)
        problems += self._checks.periods(tree, self._world.today())
        return problems

    def _delay(self, order: Order) -> timedelta:
        """Return how long this approval takes: drawn from the seed, the same in every run."""
        settings = self._world.settings
        draw = random.Random(f"{settings.seed}:{order.id}:{order.submission_count}")  # noqa: S311
        span = settings.approval_delay_max - settings.approval_delay_min
        return timedelta(seconds=int((settings.approval_delay_min + span * draw.random()).total_seconds()))

    def _funds(self, order: Order, stage: str) -> FundsCheck:
        unit = self._checks.unit(order.draft.data)
        if not self._world.books.ledgers[unit.ledger].has_budgetary_control:
            return FundsCheck((), (), ())
        day = order.submitted_on if stage == "approval" and order.submitted_on else self._world.today()
        charges = self._checks.charges(order, day)
        stages = (
            ("approval",)
            if stage == "approval"
            else ("submit",)
            if stage == "submit"
            else ("submit", "approval")
        )
        currency = str(order.draft.data["CurrencyCode"])
        return self._world.books.check_funds(order.id, charges, currency, unit, stages)  # type: ignore[arg-type]

    def _decide(self, order: Order, at: datetime) -> None:
        check = self._funds(order, "approval")
        if check.shortages:
            self._reject(order, at, "Failed")
        else:
            self._world.books.reserve(order.id, check, ("approval",))
            self._approve(order, check, at)

    def _approve(self, order: Order, check: FundsCheck, at: datetime) -> None:
        tree, data = order.draft, order.draft.data
        unit = self._checks.unit(data)
        has_control = self._world.books.ledgers[unit.ledger].has_budgetary_control
        data["FundsStatus"] = "Reserved - warning" if check.warnings else "Reserved"
        if not has_control:
            data["FundsStatus"] = "Not reserved - not applicable"
        data["ChangeOrderStatusCode"] = None
        self._set_status(tree, "OPEN" if live_lines(tree) else "CANCELED")
        for row in distributions(tree):
            key = row.id
            if isinstance(key, int) and order.submitted_on:
                order.budget_days.setdefault(key, budget_day(row, order.submitted_on))
        order.due_at = None
        self._save_draft(order, at)
        order.approved = tree.copy()
        self._issue(order, at)

    def _reject(self, order: Order, at: datetime, funds: str | None) -> None:
        data = order.draft.data
        self._set_status(order.draft, "REJECTED")
        data["FundsStatus"] = funds
        data["ChangeOrderStatusCode"] = "REJECTED" if order.is_issued else None
        self._world.books.restore(order.id, order.funds_before)
        order.due_at = None
        self._save_draft(order, at)
        self._obligations.refresh([order.id])

    def _validate(self, order: Order, parameters: Parameters) -> Result:
        problems = self._submission_problems(order)
        funds = self._funds(order, "submit")
        found = [("ERROR", one) for one in (*problems, *funds.shortages)]
        found += [("WARNING", one) for one in funds.warnings]
        return [
            {"MessageType": kind, "MessageName": one.code, "MessageText": one.detail, "ErrorPath": one.path}
            for kind, one in found
        ]

    def _check_funds(self, order: Order, parameters: Parameters) -> Result:
        """Say how a reservation would end, without making one."""
        check = self._funds(order, "any")
        status = "Failed" if check.shortages else "Not reserved - passed"
        if check.warnings and not check.shortages:
            status = "Not reserved - warning"
        if order.draft.data["StatusCode"] == "INCOMPLETE":
            order.draft.data["FundsStatus"] = status
            self._save_draft(order, self._world.now())
        return "; ".join(one.text for one in check.shortages) or SUCCESS

    def _cancel_change(self, order: Order, parameters: Parameters) -> Result:
        if order.draft.data["ChangeOrderStatusCode"] != "PENDING APPROVAL":
            raise refused("NO_CHANGE_ORDER", number=order.number, kind="pending")
        self._world.books.restore(order.id, order.funds_before)
        self._abandon_change(order)
        self._obligations.refresh([order.id])
        return SUCCESS

    def _delete_change(self, order: Order, parameters: Parameters) -> Result:
        if order.draft.data["ChangeOrderStatusCode"] not in ("INCOMPLETE", "REJECTED"):
            raise refused("NO_CHANGE_ORDER", number=order.number, kind="incomplete")
        self._abandon_change(order)
        return SUCCESS

    def _abandon_change(self, order: Order) -> None:
        """Put the tree that is in force back in place of the changed one, under versions never used before."""
        assert order.approved is not None
        tree = order.approved.copy()
        _renew(tree, order.draft.version + 1)
        order.submission_count += 1
        order.due_at = None
        order.draft = tree
        self._save_draft(order, self._world.now())

    def _cancel(self, order: Order, parameters: Parameters) -> Result:
        self._demand(order, ("OPEN", "ON HOLD"), "NOT_CANCELABLE")
        self._no_change_under_way(order)
        for line in order.draft.of("lines"):
            line.data["CancelFlag"] = True
            for schedule in line.of("schedules"):
                schedule.data["CancelFlag"] = True
        self._end(order, "CANCELED")
        return SUCCESS

    def _close(self, order: Order, parameters: Parameters) -> Result:
        self._demand(order, ("OPEN", "ON HOLD"), "NOT_CLOSABLE")
        self._no_change_under_way(order)
        self._end(order, "CLOSED")
        return SUCCESS

    def _hold(self, order: Order, parameters: Parameters) -> Result:
        if not parameters.get("holdReason"):
            raise refused("BAD_ACTION", action="hold", reason="holdReason is missing")
        self._demand(order, ("OPEN",), "NOT_HOLDABLE")
        self._no_change_under_way(order)
        self._move(order, "ON HOLD")
        return SUCCESS

    def _remove_hold(self, order: Order, parameters: Parameters) -> Result:
        self._demand(order, ("ON HOLD",), "NOT_HELD")
        self._move(order, "OPEN")
        return SUCCESS

    def _reopen(self, order: Order, parameters: Parameters) -> Result:
        self._demand(order, ("CLOSED",), "NOT_REOPENABLE")
        check = self._funds(order, "any")
        if check.shortages:
            raise RefusedError(400, check.shortages)
        self._world.books.reserve(order.id, check, ("submit", "approval"))
        order.draft.data["FundsStatus"] = "Reserved"
        self._move(order, "OPEN")
        return SUCCESS

    def _demand(self, order: Order, statuses: tuple[str, ...], message: str) -> None:
        row = self._issued.get(order.id)
        if row is None or row.data["StatusCode"] not in statuses:
            status = row.data["Status"] if row else order.draft.data["Status"]
            raise refused(message, number=order.number, status=status)

    def _no_change_under_way(self, order: Order) -> None:
        """A change order stops cancel, close and hold; a rejected one is given up for them."""
        change = order.draft.data["ChangeOrderStatusCode"]
        if change == "REJECTED":
            self._abandon_change(order)
        elif change is not None:
            raise refused("CHANGE_ORDER_OPEN", number=order.number)

    def _end(self, order: Order, status: str) -> None:
        self._world.books.release(order.id)
        order.budget_days.clear()
        order.draft.data["FundsStatus"] = None
        self._move(order, status)

    def _move(self, order: Order, status: str) -> None:
        now = self._world.now()
        recalculate(order.draft)
        self._set_status(order.draft, status)
        self._save_draft(order, now)
        order.approved = order.draft.copy()
        self._show_issued(order, now, is_revision=False)

    def _set_status(self, tree: Row, status: str) -> None:
        tree.data["StatusCode"], tree.data["Status"] = status, STATUSES[status]

    def _save_draft(self, order: Order, at: datetime) -> None:
        order.draft.touch(at)
        self._drafts.put(order.draft)

    def _issue(self, order: Order, at: datetime) -> None:
        self._show_issued(order, at, is_revision=True)

    def _show_issued(self, order: Order, at: datetime, *, is_revision: bool) -> None:
        """Make the row of `purchaseOrders` show what is in force."""
        assert order.approved is not None
        old = self._issued.get(order.id)
        revision: Value = 0 if old is None else old.data["Revision"]
        if old is not None and is_revision and isinstance(revision, int):
            revision += 1
        data = self._issued_header(order.approved, old, revision, at)
        row = self._world.new_row(self._issued.resource, data, at)
        row.version = old.version + 1 if old else 1
        row.children["lines"] = [
            self._issued_line(order.approved, one, at) for one in order.approved.of("lines")
        ]
        row.touch(at)
        self._issued.put(row)

    def _issued_header(self, tree: Row, old: Row | None, revision: Value, at: datetime) -> Data:
        shared: Data = {
            name: tree.data[name] for name in self._issued.resource.attributes if name in tree.data
        }
        total = ordered(tree)
        return shared | {
            "Ordered": total,
            "Total": total,
            "Revision": revision,
            "FrozenFlag": False,
            "OrderDate": old.data["OrderDate"] if old else at.date().isoformat(),
            "CreationDate": old.data["CreationDate"] if old else tree.data["CreationDate"],
            "LastUpdateDate": None,
        }

    def _issued_line(self, tree: Row, line: Row, at: datetime) -> Row:
        resource = self._issued.resource.children["lines"]
        status = "CANCELED" if line.data["CancelFlag"] else str(tree.data["StatusCode"])
        shared: Data = {name: line.data[name] for name in resource.attributes if name in line.data}
        return self._world.new_row(
            resource,
            shared
            | {
                "POHeaderId": tree.id,
                "Ordered": line.data["Amount"],
                "Total": line.data["Amount"],
                "StatusCode": status,
                "Status": STATUSES[status],
            },
            at,
        )


def _renew(row: Row, version: int) -> None:
    row.version = version
    for rows in row.children.values():
        for one in rows:
            _renew(one, version)
