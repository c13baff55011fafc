"""Invoices of a simulated Payables as clients write them: created whole, unvalidated, unique at their supplier for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from adapters.oracle_fusion.simulator_ledger import BusinessUnit, Ledger
from adapters.oracle_fusion.simulator_matching import Matching
from adapters.oracle_fusion.simulator_messages import Problem, RefusedError, problem, refused
from adapters.oracle_fusion.simulator_payload import Parsed
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_rows import Data, Row
from adapters.oracle_fusion.simulator_world import World
from store.canonical.currency import exponent

TYPES: Final = ("Standard", "Credit memo", "Debit memo", "Prepayment")
LINE_TYPES: Final = ("Item", "Freight", "Miscellaneous", "Tax")
STATUS_ATTRIBUTES: Final = (
    *("ValidationStatus", "ApprovalStatus", "PaidStatus", "AccountingStatus"),
    *("AmountPaid", "CanceledFlag"),
)


class InvoiceDesk:
    """Creates and changes invoices."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._table = world.tables["invoices"]
        self._matching = Matching(world)

    def create(self, path: list[Row], resource: Resource, parsed: Parsed) -> Row:
        world, data = self._world, parsed.data
        unit = next((one for one in world.books.units.values() if one.name == data["BusinessUnit"]), None)
        if unit is None:
            raise refused("INVOICE_BU", "/BusinessUnit", value=data["BusinessUnit"])
        supplier = self._supplier(data)
        self._check_site(supplier, data, unit)
        self._check_unique(data)
        ledger = world.books.ledgers[unit.ledger]
        row = world.new_row(resource, self._defaults(data, supplier, unit, ledger))
        for one in parsed.children.get("invoiceLines", []):
            row.of("invoiceLines").append(self._line(resource.children["invoiceLines"], one, row))
        problems = [*self._header_problems(row, ledger), *self._line_problems(row, ledger)]
        if problems:
            raise RefusedError(400, problems)
        self._matching.check_credit(row)
        self._matching.note(row)
        chart = world.books.chart_of(unit)
        for account in accounts_of(row):
            world.use_combination(account, chart)
        self._installment(row)
        world.await_validation(row)
        return self._table.put(row)

    def update(self, path: list[Row], parsed: Parsed) -> Row:
        """Change the last row of `path`. Nothing else follows from it: no defaults are derived again."""
        invoice, row = path[0], path[-1]
        if invoice.data["CanceledFlag"]:
            raise refused("INVOICE_FROZEN", number=invoice.data["InvoiceNumber"])
        if parsed.children:
            name = next(iter(parsed.children))
            raise refused("READ_ONLY", f"/{name}", attribute=name, entity=row.resource.entity)
        row.data.update(parsed.data)
        if invoice.data["ValidationStatus"] == "Validated":
            invoice.data["ValidationStatus"] = "Needs revalidation"
        for one in path:
            one.touch(self._world.now())
        self._table.put(invoice)
        return row

    def delete(self, path: list[Row]) -> None:
        raise AssertionError("invoices are cancelled, not deleted")

    def _supplier(self, data: Data) -> Row:
        found = self._world.tables["suppliers"].first("Supplier", data["Supplier"])
        if found is None:
            raise refused("INVOICE_SUPPLIER", "/Supplier", value=data["Supplier"])
        if found.data["Status"] != "ACTIVE":
            raise refused("INVOICE_SUPPLIER_INACTIVE", "/Supplier", supplier=data["Supplier"])
        return found

    def _check_site(self, supplier: Row, data: Data, unit: BusinessUnit) -> None:
        for site in supplier.of("sites"):
            serves = {site.data["ProcurementBUId"]} | {
                one.data["ClientBUId"] for one in site.of("assignments")
            }
            if (
                site.data["SupplierSite"] == data["SupplierSite"]
                and site.data["Status"] == "ACTIVE"
                and unit.id in serves
            ):
                return
        names = {"site": data["SupplierSite"], "supplier": data["Supplier"], "bu": unit.name}
        raise refused("INVOICE_SITE", "/SupplierSite", **names)

    def _check_unique(self, data: Data) -> None:
        for one in self._table.find("InvoiceNumber", data["InvoiceNumber"]):
            if one.data["Supplier"] == data["Supplier"]:
                names = {"number": data["InvoiceNumber"], "supplier": data["Supplier"]}
                raise refused("INVOICE_TAKEN", "/InvoiceNumber", **names)

    def _defaults(self, data: Data, supplier: Row, unit: BusinessUnit, ledger: Ledger) -> Data:
        """Return the header as a pod shows it right after creation: all statuses null."""
        today = self._world.today().isoformat()
        user = self._world.settings.integration_user
        found: Data = {
            "InvoiceCurrency": ledger.currency,
            "InvoiceType": "Standard",
            "InvoiceDate": today,
            "AccountingDate": today,
            "BudgetDate": today,
            **data,
            "SupplierNumber": supplier.data["SupplierNumber"],
            "ProcurementBU": unit.name,
            "Party": supplier.data["Supplier"],
            "PartySite": data["SupplierSite"],
            "LegalEntity": unit.legal_entity,
            "TaxationCountry": supplier.data["TaxpayerCountry"],
            "InvoiceSource": None,
            "InvoiceSourceCode": "External",
            "ReferenceKeyFive": "CREATE_API",
            "CreatedBy": user,
            "LastUpdatedBy": user,
            **dict.fromkeys(STATUS_ATTRIBUTES),
        }
        if found["InvoiceCurrency"] != ledger.currency and found.get("ConversionRate") is None:
            keys = ("ConversionRateType", "ConversionDate")
            found["ConversionRate"] = self._world.rate_of({**dict.fromkeys(keys), **found}, ledger.currency)
        found["PaymentCurrency"] = data.get("PaymentCurrency") or found["InvoiceCurrency"]
        found["TermsDate"] = data.get("TermsDate") or found["InvoiceDate"]
        found["PaymentMethodCode"] = data.get("PaymentMethodCode") or "EFT"
        found["PaymentMethod"] = "Electronic" if found["PaymentMethodCode"] == "EFT" else "Check"
        return found

    def _line(self, resource: Resource, parsed: Parsed, invoice: Row) -> Row:
        shared: Data = {"AccountingDate": invoice.data["AccountingDate"], "MatchType": "NOT_MATCHED"}
        row = self._world.new_row(resource, {**shared, **parsed.data})
        distributions = resource.children["invoiceDistributions"]
        if row.data["PurchaseOrderNumber"] is not None:
            place = self._matching.place(invoice.data, row.data)
            row.data["MatchType"] = "ITEM_TO_PO" if row.data["ReceiptNumber"] is None else "ITEM_TO_RECEIPT"
            self._matching.complete(place, row.data)
            row.of("invoiceDistributions").extend(self._matching.draw(distributions, invoice, row, place))
            return row
        given = [one.data for one in parsed.children.get("invoiceDistributions", [])]
        if not given and row.data["DistributionCombination"]:
            given = [
                {
                    "DistributionLineNumber": 1,
                    "DistributionAmount": row.data["LineAmount"],
                    "DistributionCombination": row.data["DistributionCombination"],
                }
            ]
        for one in given:
            data: Data = {"DistributionLineType": row.data["LineType"], **shared, **one}
            data.pop("MatchType", None)
            row.of("invoiceDistributions").append(self._world.new_row(distributions, data))
        coding = resource.children["invoiceLineProjectDff"]
        for coded in parsed.children.get("invoiceLineProjectDff", []):
            name = coded.data["_PROJECT_ID_Display"]
            if all(one.data["ProjectNumber"] != name for one in self._world.tables["projects"]):
                raise refused(
                    "BAD_PROJECT", "/_PROJECT_ID_Display", project=name, line=row.data["LineNumber"]
                )
            row.of("invoiceLineProjectDff").append(self._world.new_row(coding, coded.data))
        return row

    def _header_problems(self, row: Row, ledger: Ledger) -> Iterator[Problem]:
        data, settings = row.data, self._world.settings
        if data["InvoiceCurrency"] not in settings.currencies:
            yield problem("INVOICE_CURRENCY", "/InvoiceCurrency", currency=data["InvoiceCurrency"])
        elif data["InvoiceCurrency"] != ledger.currency and not (
            data["ConversionRateType"] and data["ConversionDate"]
        ):
            yield problem("INVOICE_RATE", "/ConversionDate", currency=data["InvoiceCurrency"])
        if data["InvoiceType"] not in TYPES:
            yield problem("INVOICE_TYPE", "/InvoiceType", value=data["InvoiceType"])
        closed = period_problem(self._world, ledger, row)
        if closed:
            yield closed

    def _line_problems(self, row: Row, ledger: Ledger) -> Iterator[Problem]:
        world, lines = self._world, row.of("invoiceLines")
        currency, numbers = str(row.data["InvoiceCurrency"]), [one.id for one in lines]
        chart = world.books.charts[ledger.chart_id]
        day = date.fromisoformat(str(row.data["AccountingDate"]))
        amounts = [("the header", row.data["InvoiceAmount"])]
        for index, line in enumerate(lines):
            place = f"/invoiceLines/{index}"
            if numbers.count(line.id) > 1:
                yield problem("INVOICE_LINE_REPEATED", f"{place}/LineNumber", line=line.id)
            if line.data["LineType"] not in LINE_TYPES:
                kind = line.data["LineType"]
                yield problem("INVOICE_LINE_TYPE", f"{place}/LineType", value=kind, line=line.id)
            amounts.append((f"line {line.id}", line.data["LineAmount"]))
            for one in line.of("invoiceDistributions"):
                amounts.append((f"line {line.id}", one.data["DistributionAmount"]))
                account = one.data["DistributionCombination"]
                yield from world.check_account(str(account), chart, day) if account else ()
        for what, amount in amounts:
            if isinstance(amount, Decimal) and amount != round(amount, exponent(currency)):
                facts = {"amount": amount, "what": what, "currency": currency}
                yield problem("INVOICE_DECIMALS", "/InvoiceAmount", **facts)

    def _installment(self, row: Row) -> None:
        days = re.search(r"\d+", str(row.data["PaymentTerms"] or ""))
        due = date.fromisoformat(str(row.data["TermsDate"])) + timedelta(days=int(days[0]) if days else 0)
        resource = row.resource.children["invoiceInstallments"]
        amount = row.data["InvoiceAmount"]
        row.of("invoiceInstallments").append(
            self._world.new_row(
                resource,
                {
                    "InstallmentNumber": 1,
                    "DueDate": due.isoformat(),
                    "GrossAmount": amount,
                    "UnpaidAmount": amount,
                    "PaymentMethod": row.data["PaymentMethod"],
                    "HoldFlag": False,
                },
            )
        )


def period_problem(world: World, ledger: Ledger, row: Row) -> Problem | None:
    """Say what speaks against an invoice's accounting date. A ledger without any period is not checked."""
    books = world.books
    if not any(one.ledger == ledger.name for one in books.periods):
        return None
    day = date.fromisoformat(str(row.data["AccountingDate"]))
    period = books.period_on(ledger.name, day)
    if period is not None and period.is_open_in_payables:
        return None
    name = period.name if period else "none"
    return problem("INVOICE_PERIOD", "/AccountingDate", day=day, ledger=ledger.name, period=name)


def accounts_of(row: Row) -> list[str]:
    return [
        str(one.data["DistributionCombination"])
        for line in row.of("invoiceLines")
        for one in line.of("invoiceDistributions")
        if one.data["DistributionCombination"]
    ]
