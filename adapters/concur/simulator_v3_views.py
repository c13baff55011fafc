"""Reports, entries, itemizations and allocations as Expense v3 shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapters.concur.simulator_build import PAYMENT_NAMES as PAYMENT_KINDS
from adapters.concur.simulator_money import number
from adapters.concur.simulator_state import Allocation, Entry, Report
from adapters.concur.simulator_totals import approval_name, has_tax, payment_name, totals
from adapters.concur.simulator_world import World, local_time
from adapters.simulation import Document

ROOT: Final = "/api/v3.0/expense"


class V3Views:
    """Ids are protected ones, times have no zone, links name the old host."""

    def __init__(self, world: World) -> None:
        self._world = world

    def report(self, report: Report) -> Document:
        """Return a header."""
        world = self._world
        owner = world.state.users[report.owner_id]
        name = owner.core.get("name") or {}
        approver = world.state.users.get(report.approver_id or "")
        figures = totals(report)
        host = world.settings.legacy_host
        view: Document = {
            "ID": report.id,
            "URI": f"{host}{ROOT}/reports/{report.id}",
            "Name": report.name,
            "Total": number(figures.total),
            "CurrencyCode": report.currency,
            "Country": report.country,
            "CountrySubdivision": None,
            "CreateDate": local_time(report.created_at),
            "SubmitDate": local_time(report.submitted_at),
            "ProcessingPaymentDate": local_time(report.processing_at),
            "PaidDate": local_time(report.paid_at),
            "UserDefinedDate": f"{report.dated.isoformat()}T00:00:00",
            "LastModifiedDate": local_time(report.modified_at),
            "ReceiptsReceived": False,
            "LastComment": report.comments[-1].text if report.comments else None,
            "OwnerLoginID": owner.login,
            "OwnerName": f"{name.get('familyName')}, {name.get('givenName')}",
            "ApproverLoginID": approver.login if approver else None,
            "ApproverName": approver.core.get("displayName") if approver else None,
            "ApprovalStatusName": approval_name(report.approval),
            "ApprovalStatusCode": report.approval,
            "PaymentStatusName": payment_name(report.payment),
            "PaymentStatusCode": report.payment,
            "PersonalAmount": number(figures.personal),
            "AmountDueEmployee": number(figures.due_employee),
            "AmountDueCompanyCard": number(figures.due_card),
            "TotalClaimedAmount": number(figures.claimed),
            "TotalApprovedAmount": number(figures.approved),
            "LedgerName": report.ledger,
            "PolicyID": "gW" + world.named_guid(f"policy/{report.policy}")[:20],
            "EverSentBack": report.was_sent_back,
            "HasException": bool(report.exceptions),
            "WorkflowActionUrl": f"{host}/api/expense/expensereport/v1.1/report/{report.id}/workflowaction",
        }
        return view | self._custom("report", report.codes, 20)

    def entry(self, report: Report, one: Entry) -> Document:
        """Return an expense."""
        system_only = all(a.is_system for a in one.allocations)
        return {
            **self._common(report, one),
            "ID": one.v3_id,
            "URI": f"{self._world.settings.legacy_host}{ROOT}/entries/{one.v3_id}",
            "AllocationType": "N" if system_only else "F",
            "PaymentTypeID": "gW" + self._world.named_guid(f"payment type/{one.payment}")[:20],
            "PaymentTypeName": PAYMENT_KINDS[one.payment][1],
            "TransactionCurrencyCode": one.transaction_currency,
            "ExchangeRate": number(one.exchange_rate),
            "VendorDescription": one.vendor,
            "VendorListItemID": None,
            "VendorListItemName": None,
            "IsPersonalCardCharge": False,
            "HasImage": False,
            "ReceiptReceived": False,
            "TaxReceiptType": one.receipt_type,
            "ElectronicReceiptID": None,
            "CompanyCardTransactionID": None,
            "TripID": None,
            "HasItemizations": one.is_itemized,
            "HasAttendees": False,
            "HasVAT": has_tax(one) or any(has_tax(e) for e in report.entries if e.parent_id == one.id),
            "HasAppliedCashAdvance": bool(report.advances) and one.payment == "cash",
            "IsPaidByExpensePay": False,
            "EmployeeBankAccountID": None,
            "Journey": None,
            "FormID": "gW" + self._world.named_guid("entry form")[:20],
        }

    def itemization(self, report: Report, one: Entry, parent: Entry) -> Document:
        """Return an item of an expense."""
        system_only = all(a.is_system for a in one.allocations)
        return {
            **self._common(report, one),
            "ID": one.v3_id,
            "EntryID": parent.v3_id,
            "URI": f"{self._world.settings.legacy_host}{ROOT}/itemizations/{one.v3_id}",
            "AllocationType": "N" if system_only else "F",
        }

    def _common(self, report: Report, one: Entry) -> Document:
        return {
            "ReportID": report.id,
            "ReportOwnerID": self._world.state.users[report.owner_id].login,
            "ExpenseTypeCode": one.expense_type,
            "ExpenseTypeName": one.expense_name,
            "SpendCategoryCode": None,
            "SpendCategoryName": None,
            "TransactionDate": f"{one.spent_on.isoformat()}T00:00:00",
            "TransactionAmount": number(one.transaction_amount),
            "PostedAmount": number(one.posted),
            "ApprovedAmount": number(one.approved),
            "LocationID": None,
            "LocationName": one.city,
            "LocationSubdivision": None,
            "LocationCountry": one.country,
            "Description": one.description,
            "IsPersonal": one.is_personal,
            "IsBillable": one.is_billable,
            "IsImageRequired": False,
            "HasComments": any(c.expense_id == one.id for c in report.comments),
            "HasExceptions": any(e.expense_id == one.id for e in report.exceptions),
            "LastModified": local_time(one.modified_at),
            **self._custom("entry", one.codes, 40),
        }

    def allocation(self, top: Entry, one: Allocation) -> Document:
        """Return the part of an expense, or of an item, that one cost object bears."""
        view: Document = {
            "ID": one.v3_id,
            "URI": f"{self._world.settings.legacy_host}{ROOT}/allocations/{one.v3_id}",
            "EntryID": top.v3_id,
            "Percentage": f"{one.percentage:.8f}",
            "AccountCode1": one.account,
            "AccountCode2": None,
            "IsPercentEdited": not one.is_system,
            "IsHidden": False,
        }
        for place in range(1, 21):
            code = one.codes.get(f"custom{place}")
            item = self._world.item_for(f"allocation.custom{place}", code) if code else None
            view[f"Custom{place}"] = code and {
                "Code": code,
                "Label": f"Custom {place}",
                "ListItemID": item.v3_id if item else None,
                "Sequence": place,
                "Type": "List" if item else "Text",
                "Value": item.value if item else code,
            }
        return view

    def _custom(self, owner: str, codes: Mapping[str, str], most: int) -> Document:
        names = [f"orgUnit{n}" for n in range(1, 7)] + [f"custom{n}" for n in range(1, most + 1)]
        view: Document = {}
        for name in names:
            code = codes.get(name)
            item = self._world.item_for(f"{owner}.{name}", code) if code else None
            view[name[0].upper() + name[1:]] = code and {
                "Type": "List" if item else "Text",
                "Value": item.value if item else code,
                "Code": code if item else None,
                "ListItemID": item.v3_id if item else None,
            }
        return view
