"""What happens to an invoice after it is written: validation, holds, prepayments, cancelling (contract sheet, section 7.1).

An action answers with a sentence, and a 200 does not mean that it did anything.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from adapters.oracle_fusion.simulator_invoice_checks import RELEASABLE, InvoiceChecks
from adapters.oracle_fusion.simulator_invoice_funds import InvoiceFunds
from adapters.oracle_fusion.simulator_matching import Matching, Reason
from adapters.oracle_fusion.simulator_messages import RefusedError, refused
from adapters.oracle_fusion.simulator_payload import Parsed
from adapters.oracle_fusion.simulator_prepayments import APPLY_MEMBERS, UNAPPLY_MEMBERS, Prepayments
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_rows import Row, Value
from adapters.oracle_fusion.simulator_world import World

IDENTITY: Final = frozenset({"InvoiceId", "InvoiceNumber", "Supplier", "BusinessUnit"})
MEMBERS: Final[Mapping[str, frozenset[str]]] = {
    "validateInvoice": IDENTITY | {"ProcessAction", "ActionReason"},
    "cancelInvoice": IDENTITY | {"ProcessAction", "ActionReason"},
    "applyPrepayments": IDENTITY | APPLY_MEMBERS,
    "unapplyPrepayments": IDENTITY | UNAPPLY_MEMBERS,
}
SYSTEM: Final = "System"
VALIDATION: Final = "Invoice validation"
"""ReleaseName of holds that validation itself takes off."""


class InvoiceActions:
    """Validation, holds, prepayments and cancelling of one pod's invoices."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._table = world.tables["invoices"]
        self._holds = world.tables["invoiceHolds"]
        self._checks = InvoiceChecks(world)
        self._matching = Matching(world)
        self._funds = InvoiceFunds(world)
        self._prepayments = Prepayments(world)

    def act(self, name: str, parameters: Mapping[str, Any]) -> str:
        """Do one action of the collection to the invoice that its body names."""
        for member in parameters:
            if member not in MEMBERS[name]:
                raise refused("BAD_ACTION", action=name, reason=f"{member} isn't a parameter")
        row = self._named(parameters)
        if name == "validateInvoice":
            return self.validate(row, self._world.now())
        if name == "cancelInvoice":
            return self._cancel(row)
        do = self._prepayments.apply if name == "applyPrepayments" else self._prepayments.unapply
        try:
            return do(row, parameters)
        except RefusedError as error:
            return self._refusal(error)

    def validate(self, row: Row, at: datetime) -> str:
        """Look an invoice over: put holds on it, release those that are no longer right."""
        data = row.data
        if data["CanceledFlag"]:
            return self._no("INVOICE_FROZEN", number=data["InvoiceNumber"])
        found = {(one.name, one.line): one for one in self._checks.reasons(row)}
        for hold in self.open_holds(row):
            if hold.data["HeldBy"] == SYSTEM and _key(hold) not in found:
                self._release(hold, VALIDATION, at)
        settled = {_key(one) for one in self._own_holds(row) if one.data["ReleaseName"] != VALIDATION}
        for key, reason in found.items():
            if key not in settled:
                self.hold(row, reason, at, by=SYSTEM)
        self._settle(row, at)
        holds = [str(one.data["HoldName"]) for one in self.open_holds(row)]
        if holds:
            return f"The invoice was validated and has holds: {', '.join(holds)}."
        return "The invoice was validated."

    def hold(self, row: Row, reason: Reason, at: datetime, *, by: str) -> Row:
        data, place = row.data, reason.place
        return self._holds.put(
            self._world.new_row(
                self._holds.resource,
                {
                    "InvoiceNumber": data["InvoiceNumber"],
                    "BusinessUnit": data["BusinessUnit"],
                    "Supplier": data["Supplier"],
                    "LineHeld": reason.line,
                    "HoldName": reason.name,
                    "HoldReason": reason.name,
                    "HoldDetails": reason.details,
                    "HeldBy": by,
                    "HoldDate": at.date().isoformat(),
                    "PurchaseOrderNumber": place.order.number if place else None,
                    "PurchaseOrderLineNumber": place.line.data["LineNumber"] if place else None,
                },
                at,
            )
        )

    def open_holds(self, row: Row) -> list[Row]:
        return [one for one in self._own_holds(row) if one.data["ReleaseName"] is None]

    def put_on_hold(self, row: Row, name: str, reason: str, by: str = "ap.clerk") -> Row:
        """Put a hold on an invoice as a person would."""
        now = self._world.now()
        found = self.hold(row, Reason(name, reason), now, by=by)
        self._settle(row, now)
        return found

    def release_all(self, row: Row) -> None:
        """Release every hold of an invoice as a person would."""
        now = self._world.now()
        for one in self.open_holds(row):
            self._release(one, "Released by ap.clerk", now)
        self._settle(row, now)

    def release(self, hold: Row, name: str, reason: Value) -> None:
        """Release one hold by hand, where that may be done."""
        held = hold.data
        if held["ReleaseName"] is not None:
            raise refused("HOLD_RELEASED", name=held["HoldName"])
        if held["HeldBy"] == SYSTEM and held["HoldName"] not in RELEASABLE:
            raise refused("HOLD_RELEASE", "/ReleaseName", name=held["HoldName"])
        now = self._world.now()
        self._release(hold, name, now)
        hold.data["ReleaseReason"] = reason or name
        self._settle(
            self._named({name: held[name] for name in ("InvoiceNumber", "Supplier", "BusinessUnit")}), now
        )

    def named(self, parameters: Mapping[str, Any]) -> Row:
        """Return the invoice that a body names."""
        return self._named(parameters)

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

    def _own_holds(self, row: Row) -> list[Row]:
        found = self._holds.find("InvoiceNumber", row.data["InvoiceNumber"])
        return [one for one in found if one.data["Supplier"] == row.data["Supplier"]]

    def _settle(self, row: Row, at: datetime) -> None:
        """Make the statuses follow from the holds there are; an invoice without any takes its funds."""
        data = row.data
        if not self.open_holds(row):
            lacking = self._funds.take(row)
            if lacking is not None:
                self.hold(row, Reason("Insufficient funds", lacking.detail), at, by=SYSTEM)
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

    def _cancel(self, row: Row) -> str:
        data = row.data
        reason = self._against_cancelling(row)
        if reason:
            return self._no("INVOICE_CANCEL", number=data["InvoiceNumber"], reason=reason)
        now = self._world.now()
        self._funds.give_back(row)
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

    def _against_cancelling(self, row: Row) -> str | None:
        data = row.data
        if data["CanceledFlag"]:
            return "is already canceled"
        if row.of("appliedPrepayments"):
            return "has an applied prepayment"
        if _number(data["AmountPaid"]):
            return "is fully or partially paid"
        if self.open_holds(row):
            return "is on hold"
        orders = [place.order.id for _, place in self._matching.matched(row)]
        issued = [self._world.row("purchaseOrders", one) for one in orders]
        if any(one is not None and one.data["StatusCode"] == "FINALLY CLOSED" for one in issued):
            return "is matched to a finally closed purchase order"
        if self._matching.below_zero_without(row):
            return "would bring the billed quantity of a purchase order below zero"
        return None

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
        return self._refusal(refused(message, **facts))

    def _refusal(self, error: RefusedError) -> str:
        if self._world.settings.invoice_refusals == "error":
            raise error
        return error.problems[0].text


class HoldDesk:
    """Puts holds on invoices and releases them, as clients do."""

    def __init__(self, world: World, actions: InvoiceActions) -> None:
        self._world = world
        self._actions = actions

    def create(self, path: list[Row], resource: Resource, parsed: Parsed) -> Row:
        data = parsed.data
        invoice = self._actions.named(data)
        if invoice.data["CanceledFlag"]:
            raise refused("INVOICE_FROZEN", number=invoice.data["InvoiceNumber"])
        known = self._world.settings.hold_names
        if known and data["HoldName"] not in known:
            raise refused("HOLD_NAME", "/HoldName", value=data["HoldName"])
        reason = str(data.get("HoldReason") or data["HoldName"])
        return self._actions.put_on_hold(
            invoice, str(data["HoldName"]), reason, self._world.settings.integration_user
        )

    def update(self, path: list[Row], parsed: Parsed) -> Row:
        row, data = path[0], parsed.data
        if not data.get("ReleaseName"):
            raise refused("REQUIRED", "/ReleaseName", attribute="ReleaseName", entity=row.resource.entity)
        self._actions.release(row, str(data["ReleaseName"]), data.get("ReleaseReason"))
        return row

    def delete(self, path: list[Row]) -> None:
        raise AssertionError("holds are released, not deleted")


def _key(hold: Row) -> tuple[Value, Value]:
    return hold.data["HoldName"], hold.data["LineHeld"]


def _number(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(0)
