"""What happens to an invoice after it is written: validation, holds, cancelling (contract sheet, section 7.1).

An action answers with a sentence, and a 200 does not mean that it did anything.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from adapters.oracle_fusion.simulator_invoices import period_problem
from adapters.oracle_fusion.simulator_messages import refused
from adapters.oracle_fusion.simulator_rows import Row, Value
from adapters.oracle_fusion.simulator_world import World

MEMBERS: Final = frozenset(
    {"InvoiceId", "InvoiceNumber", "Supplier", "BusinessUnit", "ProcessAction", "ActionReason"}
)
SYSTEM: Final = "System"


class InvoiceActions:
    """Validation, holds and cancelling of one pod's invoices."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._table = world.tables["invoices"]
        self._holds = world.tables["invoiceHolds"]

    def act(self, name: str, parameters: Mapping[str, Any]) -> str:
        """Do one action of the collection to the invoice that its body names."""
        for member in parameters:
            if member not in MEMBERS:
                raise refused("BAD_ACTION", action=name, reason=f"{member} isn't a parameter")
        row = self._named(parameters)
        if name == "validateInvoice":
            return self.validate(row, self._world.now())
        return self._cancel(row)

    def validate(self, row: Row, at: datetime) -> str:
        """Look an invoice over: put holds on it, release those that are no longer right."""
        data = row.data
        if data["CanceledFlag"]:
            return self._no("INVOICE_FROZEN", number=data["InvoiceNumber"])
        found = dict(self._reasons(row))
        for hold in self.open_holds(row):
            if hold.data["HeldBy"] == SYSTEM and hold.data["HoldName"] not in found:
                self._release(hold, "Invoice validation", at)
        known = {hold.data["HoldName"] for hold in self.open_holds(row)}
        for name, details in found.items():
            if name not in known:
                self.hold(row, name, details, at, by=SYSTEM)
        self._settle(row, at)
        holds = [str(one.data["HoldName"]) for one in self.open_holds(row)]
        if holds:
            return f"The invoice was validated and has holds: {', '.join(holds)}."
        return "The invoice was validated."

    def hold(self, row: Row, name: str, reason: str, at: datetime, *, by: str) -> Row:
        data = row.data
        return self._holds.put(
            self._world.new_row(
                self._holds.resource,
                {
                    "InvoiceNumber": data["InvoiceNumber"],
                    "BusinessUnit": data["BusinessUnit"],
                    "Supplier": data["Supplier"],
                    "HoldName": name,
                    "HoldReason": name,
                    "HoldDetails": reason,
                    "HeldBy": by,
                    "HoldDate": at.date().isoformat(),
                },
                at,
            )
        )

    def open_holds(self, row: Row) -> list[Row]:
        return [
            one
            for one in self._holds.find("InvoiceNumber", row.data["InvoiceNumber"])
            if one.data["Supplier"] == row.data["Supplier"] and one.data["ReleaseName"] is None
        ]

    def put_on_hold(self, row: Row, name: str, reason: str) -> None:
        """Put a hold on an invoice as a person would."""
        now = self._world.now()
        self.hold(row, name, reason, now, by="ap.clerk")
        self._settle(row, now)

    def release_all(self, row: Row) -> None:
        """Release every hold of an invoice as a person would."""
        now = self._world.now()
        for one in self.open_holds(row):
            self._release(one, "Released by ap.clerk", now)
        self._settle(row, now)

    def settle_due(self) -> int:
        """Validate what the scheduled validation should have validated by now."""
        due, count = self._world.validation_due, 0
        while due and due[0][0] <= self._world.now():
            at, invoice_id = heapq.heappop(due)
            row = self._table.get(invoice_id)
            if row is not None and row.data["ValidationStatus"] is None:
                self.validate(row, at)
                count += 1
        return count

    def _settle(self, row: Row, at: datetime) -> None:
        """Make the statuses follow from the holds there are."""
        data = row.data
        is_held = bool(self.open_holds(row))
        data["ValidationStatus"] = "Needs revalidation" if is_held else "Validated"
        data["ApprovalStatus"] = data["ApprovalStatus"] or "Not required"
        data["PaidStatus"] = data["PaidStatus"] or "Unpaid"
        data["AccountingStatus"] = data["AccountingStatus"] or "Unaccounted"
        data["AmountPaid"] = data["AmountPaid"] or Decimal(0)
        data["CanceledFlag"] = False
        for one in row.of("invoiceInstallments"):
            one.data["HoldFlag"] = is_held
        row.touch(at)
        self._table.put(row)

    def _reasons(self, row: Row) -> Iterator[tuple[str, str]]:
        """Return names of holds that validation puts on, and why."""
        world, data, lines = self._world, row.data, row.of("invoiceLines")
        unit = next(one for one in world.books.units.values() if one.name == data["BusinessUnit"])
        ledger = world.books.ledgers[unit.ledger]
        whole = sum((_number(line.data["LineAmount"]) for line in lines), Decimal(0))
        if whole != _number(data["InvoiceAmount"]):
            yield "Line variance", f"The lines add up to {whole}, not to {data['InvoiceAmount']}."
        for line in lines:
            parts = line.of("invoiceDistributions")
            amount = sum((_number(one.data["DistributionAmount"]) for one in parts), Decimal(0))
            if line.data["PurchaseOrderNumber"] is None and amount != _number(line.data["LineAmount"]):
                detail = f"The distributions of line {line.id} add up to {amount}, not to {line.data['LineAmount']}."
                yield "Distribution variance", detail
        closed = period_problem(world, ledger, row)
        if closed:
            yield "Period closed", closed.detail
        chart, day = world.books.charts[ledger.chart_id], date.fromisoformat(str(data["AccountingDate"]))
        for line in lines:
            for one in line.of("invoiceDistributions"):
                account = one.data["DistributionCombination"]
                problems = world.check_account(str(account), chart, day) if account else []
                if problems:
                    yield "Distribution account invalid", problems[0].detail

    def _cancel(self, row: Row) -> str:
        data = row.data
        reason = None
        if data["CanceledFlag"]:
            reason = "is already canceled"
        elif _number(data["AmountPaid"]):
            reason = "is fully or partially paid"
        elif self.open_holds(row):
            reason = "is on hold"
        if reason:
            return self._no("INVOICE_CANCEL", number=data["InvoiceNumber"], reason=reason)
        now = self._world.now()
        data |= {
            "InvoiceAmount": Decimal(0),
            "ValidationStatus": "Canceled",
            "CanceledFlag": True,
            "CanceledDate": now.date().isoformat(),
            "CanceledBy": self._world.settings.integration_user,
            "PaidStatus": data["PaidStatus"] or "Unpaid",
            "AmountPaid": Decimal(0),
        }
        for line in row.of("invoiceLines"):
            line.data |= {"LineAmount": Decimal(0), "CanceledFlag": True}
            for one in line.of("invoiceDistributions"):
                one.data |= {"DistributionAmount": Decimal(0), "CanceledFlag": True}
        for one in row.of("invoiceInstallments"):
            one.data |= {"GrossAmount": Decimal(0), "UnpaidAmount": Decimal(0)}
        row.touch(now)
        self._table.put(row)
        return f"The invoice {data['InvoiceNumber']} was canceled."

    def _release(self, hold: Row, name: str, at: datetime) -> None:
        hold.data |= {"ReleaseName": name, "ReleaseReason": name, "ReleaseDate": at.date().isoformat()}
        hold.touch(at)
        self._holds.put(hold)

    def _named(self, parameters: Mapping[str, Any]) -> Row:
        if parameters.get("InvoiceId") is not None:
            key = str(parameters["InvoiceId"])
            found = self._table.get(int(key)) if key.isdigit() else None
        else:
            rows = self._table.find("InvoiceNumber", parameters.get("InvoiceNumber"))
            fits = [
                one
                for one in rows
                if one.data["Supplier"] == parameters.get("Supplier")
                and parameters.get("BusinessUnit") in (None, one.data["BusinessUnit"])
            ]
            found = fits[0] if len(fits) == 1 else None
        if found is None:
            raise refused("INVOICE_MISSING")
        return found

    def _no(self, message: str, **facts: object) -> str:
        error = refused(message, **facts)
        if self._world.settings.invoice_refusals == "error":
            raise error
        return error.problems[0].text


def _number(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(0)
