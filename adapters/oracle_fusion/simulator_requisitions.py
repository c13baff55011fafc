"""Requisitions of a simulated pod: written, submitted with their funds, approved later, withdrawn, cancelled, ordered."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from adapters.oracle_fusion.simulator_catalogue_requisitions import RESOURCE
from adapters.oracle_fusion.simulator_ledger import BusinessUnit, Charge, FundsCheck
from adapters.oracle_fusion.simulator_messages import Problem, RefusedError, problem, refused
from adapters.oracle_fusion.simulator_order_amounts import minor_unit
from adapters.oracle_fusion.simulator_payload import Parsed
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_rows import Data, Row, Value, stamp
from adapters.oracle_fusion.simulator_world import World
from store.clock import instant

STATUSES: Final = {
    "INCOMPLETE": "Incomplete",
    "PENDING APPROVAL": "Pending approval",
    "APPROVED": "Approved",
    "REJECTED": "Rejected",
    "WITHDRAWN": "Withdrawn",
    "CANCELED": "Canceled",
}
FUNDS: Final = {
    "RESERVED": "Reserved",
    "LIQUIDATED": "Liquidated",
    "NOT_RESERVED": "Not reserved",
    "NOT_RESERVED_PASSED": "Not reserved - passed",
    "NOT_RESERVED_WARNING": "Not reserved - warning",
    "NOT_RESERVED_FAILED": "Not reserved - failed",
    "NOT_APPLICABLE": "Not applicable",
}
SUBMITTABLE: Final = ("INCOMPLETE", "REJECTED", "WITHDRAWN")
STAGES: Final = ("submit", "approval")
Result = str | dict[str, list[dict[str, str]]]


class Requisitions:
    """The requisitions of one pod. Oracle calls what they reserve a commitment."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._table = world.tables[RESOURCE]

    # As clients write them

    def create(self, path: list[Row], resource: Resource, parsed: Parsed) -> Row:
        data = parsed.data
        unit = self._world.books.units.get(int(str(data["RequisitioningBUId"])))
        if unit is None:
            raise refused(
                "BAD_BU", "/RequisitioningBUId", role="requisitioning", value=data["RequisitioningBUId"]
            )
        shown: Data = {
            "Requisition": self._world.new_requisition_number(),
            "RequisitioningBU": unit.name,
            "FunctionalCurrencyCode": self._world.books.ledgers[unit.ledger].currency,
        }
        row = self._world.new_row(resource, {**data, **shown})
        for one in parsed.children.get("lines", []):
            row.of("lines").append(self._line(resource.children["lines"], one, row))
        problems = [*self._problems(row, unit)]
        if problems:
            raise RefusedError(400, problems)
        self._set(row, "INCOMPLETE")
        return self._table.put(row)

    def update(self, path: list[Row], parsed: Parsed) -> Row:
        row = path[-1]
        if path[0].data["DocumentStatusCode"] not in SUBMITTABLE:
            raise refused("REQUISITION_STATE", verb="change", **_named(path[0]))
        row.data.update(parsed.data)
        self._save(path[0])
        return row

    def delete(self, path: list[Row]) -> None:
        if path[0].data["DocumentStatusCode"] != "INCOMPLETE":
            raise refused("REQUISITION_STATE", verb="delete", **_named(path[0]))
        self._table.remove(path[0])

    # What happens to them

    def act(self, row: Row, action: str, parameters: Mapping[str, Any]) -> Result:
        if action == "submitRequisition":
            return self._submit(row, bool(parameters.get("requestFundsOverrideFlag")))
        if action == "checkFunds":
            return self._check(row)
        status = row.data["DocumentStatusCode"]
        can_end = (
            ("PENDING APPROVAL", "APPROVED")
            if action == "withdraw"
            else tuple(set(STATUSES) - {"INCOMPLETE", "CANCELED"})
        )
        if status not in can_end or self._is_ordered(row):
            raise refused("REQUISITION_STATE", verb=action, **_named(row))
        self._world.books.release(_id(row))
        self._funds(row, "NOT_RESERVED")
        self._set(row, "WITHDRAWN" if action == "withdraw" else "CANCELED")
        return {"STATUS": [{"CODE": "SUCCESS", "MESSAGE": ""}]} if action == "withdraw" else "SUCCESS"

    def settle_due(self) -> int:
        """End the approvals whose time has come."""
        due, count = self._world.requisitions_due, 0
        for at, key in sorted(due):
            if instant(at) <= self._world.now():
                due.remove((at, key))
                row = self._table.get(key)
                if row is not None and row.data["DocumentStatusCode"] == "PENDING APPROVAL":
                    row.data["ApprovedDate"] = stamp(instant(at))
                    self._set(row, "APPROVED")
                    count += 1
        return count

    def decide(self, row: Row, *, is_approved: bool) -> None:
        """End an approval now, as a person would."""
        if row.data["DocumentStatusCode"] != "PENDING APPROVAL":
            raise ValueError(f"requisition {row.data['Requisition']} is not waiting for approval")
        if is_approved:
            row.data["ApprovedDate"] = stamp(self._world.now())
        else:
            self._world.books.release(_id(row))
            self._funds(row, "NOT_RESERVED")
        self._set(row, "APPROVED" if is_approved else "REJECTED")

    def order(self, row: Row, po_header_id: int) -> None:
        """Have every line become one of an order: its commitment is over, the order's obligation counts."""
        order = self._world.orders[po_header_id]
        for line in row.of("lines"):
            line.data |= {"POHeaderId": po_header_id, "PurchaseOrder": order.number, "LineStatus": "Ordered"}
        self._world.books.release(_id(row))
        self._funds(row, "LIQUIDATED")
        self._save(row)

    def _submit(self, row: Row, may_override: bool) -> str:
        if row.data["DocumentStatusCode"] not in SUBMITTABLE:
            raise refused("REQUISITION_STATE", verb="submit", **_named(row))
        if not row.of("lines"):
            raise refused("NO_LINES")
        unit = self._unit(row)
        closed = self._world.books.check_period(unit.ledger, self._world.today())
        check = self._checked(row, unit)
        problems = [closed] if closed else [] if may_override else list(check.shortages)
        if problems:
            self._funds(row, "NOT_RESERVED_FAILED")
            self._save(row)
            raise RefusedError(400, problems)
        self._world.books.reserve(_id(row), check, STAGES)
        self._funds(row, "RESERVED" if check.needs else "NOT_APPLICABLE")
        row.data["SubmissionDate"] = stamp(self._world.now())
        self._set(row, "PENDING APPROVAL")
        if self._world.settings.is_approval_automatic:
            self._world.requisitions_due.append((stamp(self._world.now() + self._delay(row)), _id(row)))
        return "SUCCESS"

    def _check(self, row: Row) -> str:
        check = self._checked(row, self._unit(row))
        word = "PASSED" if not check.warnings else "WARNING"
        self._funds(row, f"NOT_RESERVED_{'FAILED' if check.shortages else word}")
        self._save(row)
        return "; ".join(one.text for one in check.shortages) or "SUCCESS"

    def _checked(self, row: Row, unit: BusinessUnit) -> FundsCheck:
        ledger = self._world.books.ledgers[unit.ledger]
        if not ledger.has_budgetary_control:
            return FundsCheck((), (), ())
        period = self._world.books.period_on(unit.ledger, self._world.today())
        charges = [
            Charge(str(one.data["ChargeAccount"]), period.name if period else None, amount)
            for line in row.of("lines")
            for one in line.of("distributions")
            if isinstance(amount := one.data["CurrencyAmount"], Decimal)
        ]
        return self._world.books.check_funds(_id(row), charges, ledger.currency, unit, STAGES)

    def _line(self, resource: Resource, parsed: Parsed, header: Row) -> Row:
        data: Data = {"CurrencyCode": header.data["FunctionalCurrencyCode"], **parsed.data}
        quantity, price = data.get("Quantity"), data.get("UnitPrice")
        if isinstance(quantity, Decimal) and isinstance(price, Decimal):
            data["Amount"] = (quantity * price).quantize(minor_unit(str(data["CurrencyCode"])), ROUND_HALF_UP)
        supplier = self._world.row("suppliers", data.get("SupplierId"))
        data["Supplier"] = supplier.data["Supplier"] if supplier else None
        row = self._world.new_row(resource, data)
        nodes = parsed.children.get("distributions", [])
        left = row.data["Amount"]
        for position, one in enumerate(nodes, 1):
            amount = self._share(one.data, data) if position < len(nodes) else left
            if isinstance(left, Decimal) and isinstance(amount, Decimal):
                left -= amount
            made: Data = {**one.data, "CurrencyAmount": amount}
            row.of("distributions").append(self._world.new_row(resource.children["distributions"], made))
        return row

    def _share(self, distribution: Data, line: Data) -> Value:
        size, price = distribution.get("Quantity"), line.get("UnitPrice")
        if isinstance(size, Decimal) and isinstance(price, Decimal):
            return (size * price).quantize(minor_unit(str(line["CurrencyCode"])), ROUND_HALF_UP)
        return distribution.get("CurrencyAmount")

    def _problems(self, row: Row, unit: BusinessUnit) -> Iterator[Problem]:
        chart, today = self._world.books.chart_of(unit), self._world.today()
        for line in row.of("lines"):
            if line.data["Amount"] is None:
                yield problem("REQUIRED", "/lines/Amount", attribute="Amount", entity=line.resource.entity)
            if line.data["UOMCode"] not in (None, *self._world.settings.units_of_measure):
                number = line.data["LineNumber"]
                yield problem("BAD_UOM", "/lines/UOMCode", value=line.data["UOMCode"], line=number)
            for one in line.of("distributions"):
                account = one.data["ChargeAccount"]
                yield from self._world.check_account(str(account), chart, today) if account else ()

    def _delay(self, row: Row) -> timedelta:
        settings = self._world.settings
        draw = random.Random(f"{settings.seed}:requisition:{row.id}:{row.version}")  # noqa: S311
        span = settings.approval_delay_max - settings.approval_delay_min
        return timedelta(seconds=int((settings.approval_delay_min + span * draw.random()).total_seconds()))

    def _is_ordered(self, row: Row) -> bool:
        return any(line.data["POHeaderId"] is not None for line in row.of("lines"))

    def _unit(self, row: Row) -> BusinessUnit:
        return self._world.books.units[int(str(row.data["RequisitioningBUId"]))]

    def _funds(self, row: Row, code: str) -> None:
        row.data["FundsStatusCode"], row.data["FundsStatus"] = code, FUNDS[code]

    def _set(self, row: Row, status: str) -> None:
        row.data["DocumentStatusCode"], row.data["DocumentStatus"] = status, STATUSES[status]
        for line in row.of("lines"):
            line.data["LineStatus"] = STATUSES[status]
        self._save(row)

    def _save(self, row: Row) -> None:
        row.touch(self._world.now())
        self._table.put(row)


def requisition_view(row: Row, committed: Decimal) -> dict[str, Any]:
    """Return one requisition as plain values."""
    data = row.data
    return {
        "requisition_id": row.id,
        "number": data["Requisition"],
        "description": data["Description"],
        "source": data["InterfaceSourceCode"],
        "status": data["DocumentStatusCode"],
        "funds_status": data["FundsStatusCode"],
        "commitment": committed,
        "total": sum(
            (a for one in row.of("lines") if isinstance(a := one.data["Amount"], Decimal)), Decimal(0)
        ),
        "order_numbers": sorted({str(n) for one in row.of("lines") if (n := one.data["PurchaseOrder"])}),
    }


def _named(row: Row) -> dict[str, Value]:
    return {"number": row.data["Requisition"], "status": row.data["DocumentStatus"]}


def _id(row: Row) -> int:
    found = row.id
    assert isinstance(found, int)
    return found
