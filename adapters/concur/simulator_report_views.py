"""Reports, expenses, allocations and taxes as Expense v4 shows them. Pure: nothing is looked up but lists and people."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from adapters.concur.simulator_body import policy_id
from adapters.concur.simulator_build import PAYMENT_NAMES as PAYMENT_KINDS
from adapters.concur.simulator_money import FINEST, ZERO, money, number
from adapters.concur.simulator_state import Allocation, Entry, Report
from adapters.concur.simulator_totals import approval_name, has_tax, payment_name, totals
from adapters.concur.simulator_world import World, zulu
from adapters.simulation import Document

ROOT: Final = "/expensereports/v4"


def report_details(world: World, report: Report) -> Document:
    """Return the header."""
    figures = totals(report)
    currency = report.currency
    owner = world.state.users[report.owner_id]
    days = [one.spent_on for one in report.entries]
    is_draft = report.approval in ("A_NOTF", "A_RESU")
    href = f"{world.base}{ROOT}/users/{owner.id}/context/TRAVELER/reports/{report.id}"
    return {
        "reportId": report.id,
        "reportNumber": report.number,
        "reportVersion": report.version,
        "reportType": "Regular",
        "name": report.name,
        "businessPurpose": report.purpose,
        "userId": owner.id,
        "submitterId": owner.id if report.submitted_at else None,
        "sponsorId": None,
        "employee": {"employeeId": owner.number, "employeeUuid": owner.id},
        "policyId": policy_id(world, report.policy),
        "policy": report.policy,
        "reportFormId": world.named_guid("report form"),
        "allocationFormId": world.named_guid("allocation form"),
        "analyticsGroupId": world.named_guid("analytics group"),
        "hierarchyNodeId": world.named_guid("hierarchy node"),
        "approvalStatusId": report.approval,
        "approvalStatus": approval_name(report.approval),
        "paymentStatusId": report.payment,
        "paymentStatus": payment_name(report.payment),
        "concurAuditStatus": "NOTR",
        "isSubmitted": not is_draft,
        "isSentBack": report.is_sent_back,
        "isReportEverSentBack": report.was_sent_back,
        "isReopened": False,
        "isPendingDelegatorReview": False,
        "canRecall": report.step is not None,
        "canReopen": False,
        "canAddExpense": is_draft,
        "isFinancialIntegrationEnabled": True,
        "isFundsAndGrantsIntegrationEligible": False,
        "reportTotal": money(figures.total, currency),
        "claimedAmount": money(figures.claimed, currency),
        "approvedAmount": money(figures.approved, currency),
        "amountNotApproved": money(figures.claimed - figures.approved, currency),
        "personalAmount": money(figures.personal, currency),
        "amountDueEmployee": money(figures.due_employee, currency),
        "amountDueCompany": money(figures.due_company, currency),
        "amountDueCompanyCard": money(figures.due_card, currency),
        "amountCompanyPaid": money(figures.company_paid, currency),
        "totalAmountPaidEmployee": money(report.paid_amount, currency),
        "paymentConfirmedAmount": money(report.paid_amount, currency),
        "redirectFund": None,
        "hasReceivedCashAdvanceReturns": any(one.is_return for one in report.advances),
        "ledger": report.ledger,
        "ledgerId": world.named_guid(f"ledger/{report.ledger}"),
        "currencyCode": currency,
        "currency": currency,
        "countryCode": report.country,
        "country": report.country,
        "countrySubDivisionCode": None,
        "taxConfigId": world.named_guid(f"tax configuration/{report.country}"),
        "creationDate": zulu(report.created_at),
        "submitDate": zulu(report.submitted_at) if report.submitted_at else None,
        "reportDate": report.dated.isoformat(),
        "startDate": min(days).isoformat() if days else None,
        "endDate": max(days).isoformat() if days else None,
        "imageStatus": "NOT_REQUIRED",
        "receiptStatus": "NOT_REQUIRED",
        "isReceiptImageAvailable": False,
        "isReceiptImageRequired": False,
        "isPaperReceiptRequired": False,
        "isPaperReceiptsReceived": False,
        "receiptContainerId": None,
        "customData": custom_data(world, "report", report.codes),
        "links": [_link("self", href, "GET"), _link("expenses", f"{href}/expenses", "GET")],
    }


def report_to_approve(world: World, report: Report) -> Document:
    """Return one line of an approver's list."""
    owner = world.state.users[report.owner_id]
    figures = totals(report)
    return {
        "reportId": report.id,
        "name": report.name,
        "reportNumber": report.number,
        "employee": {"employeeId": owner.number, "employeeUuid": owner.id},
        "approvalStatusId": report.approval,
        "paymentStatusId": report.payment,
        "reportDate": report.dated.isoformat(),
        "submitDate": zulu(report.submitted_at) if report.submitted_at else None,
        "reportTotal": money(figures.total, report.currency),
        "claimedAmount": money(figures.claimed, report.currency),
        "amountDueEmployee": money(figures.due_employee, report.currency),
        "hasExceptions": bool(report.exceptions),
        "isReportEverSentBack": report.was_sent_back,
        "policyId": policy_id(world, report.policy),
    }


def expense_summary(world: World, report: Report, one: Entry) -> Document:
    """Return an expense as lists show it."""
    code, name = PAYMENT_KINDS[one.payment]
    system_only = all(a.is_system for a in one.allocations)
    marks = [mark for mark in report.exceptions if mark.expense_id == one.id]
    is_draft = report.approval in ("A_NOTF", "A_RESU")
    return {
        "expenseId": one.id,
        "parentExpenseId": one.parent_id,
        "expenseType": {
            "id": one.expense_type,
            "code": one.expense_type,
            "name": one.expense_name,
            "isDeleted": False,
            "listItemId": None,
        },
        "transactionDate": one.spent_on.isoformat(),
        "transactionAmount": money(one.transaction_amount, one.transaction_currency),
        "postedAmount": money(one.posted, report.currency),
        "claimedAmount": money(ZERO if one.is_personal else one.posted, report.currency),
        "approvedAmount": money(one.approved, report.currency),
        "approverAdjustedAmount": money(one.approved, report.currency),
        "exchangeRate": {"value": number(one.exchange_rate), "operation": "MULTIPLY"},
        "paymentType": {"id": code, "code": code, "name": name},
        "vendor": {"id": None, "name": None, "description": one.vendor} if one.vendor else None,
        "location": {
            "id": None,
            "name": one.city,
            "city": one.city,
            "countryCode": one.country,
            "countrySubDivisionCode": None,
        },
        "allocationState": "NOT_ALLOCATED" if system_only else "FULLY_ALLOCATED",
        "allocationSetId": None if system_only else world.named_guid(f"allocation set/{one.id}"),
        "attendeeCount": 0,
        "businessPurpose": one.description,
        "isPersonalExpense": one.is_personal,
        "hasExceptions": bool(marks),
        "hasBlockingExceptions": any(mark.is_blocking for mark in marks),
        "hasMissingReceiptDeclaration": False,
        "isAutoCreated": False,
        "isImageRequired": False,
        "isPaperReceiptRequired": False,
        "receiptImageId": None,
        "ereceiptImageId": None,
        "ticketNumber": None,
        "canDelete": is_draft,
        "links": [],
    }


def expense_detail(world: World, report: Report, one: Entry) -> Document:
    """Return an expense in full."""
    return expense_summary(world, report, one) | {
        "customData": custom_data(world, "entry", one.codes),
        "expenseTaxSummary": _tax_summary(report, one),
        "taxRateLocation": "HOME" if one.country == report.country else "FOREIGN",
        "receiptType": {"id": one.receipt_type, "status": None},
        "merchantTaxId": None,
        "isExpenseBillable": one.is_billable,
        "isExpenseRejected": False,
        "isExcludedFromCashAdvanceByUser": False,
        "isPaperReceiptReceived": False,
        "authorizationRequestExpenseId": None,
        "budgetAccrualDate": None,
        "mileage": None,
        "canAllocate": not one.is_itemized,
        "lastModifiedDate": zulu(one.modified_at),
    }


def allocation_view(world: World, report: Report, entry: Entry, one: Allocation) -> Document:
    """Return one allocation; the system's own is of 100 %."""
    amount = money(one.amount, report.currency)
    approved = money(ZERO, report.currency) if entry.is_personal else amount
    return {
        "allocationId": one.id,
        "expenseId": entry.id,
        "percentage": number(one.percentage),
        "allocationAmount": amount,
        "approvedAmount": approved,
        "claimedAmount": approved,
        "accountCode": one.account,
        "overLimitAccountCode": "",
        "customData": custom_data(world, "allocation", one.codes),
        "isSystemAllocation": one.is_system,
        "isPercentEdited": not one.is_system,
    }


def expense_taxes(entry: Entry) -> Document:
    """Return the taxes of an expense, one line an authority."""
    lines: dict[str, Document] = {}
    for allocation in entry.allocations:
        for tax in allocation.taxes:
            line = lines.setdefault(
                tax.authority_id,
                {
                    "taxAuthorityId": tax.authority_id,
                    "taxAuthorityName": tax.authority,
                    "taxLabel": tax.authority,
                    "taxCode": tax.code,
                    "reclaimCode": tax.reclaim_code,
                    "taxFormId": None,
                    "taxRateTypeId": None,
                    "taxRateTypeName": None,
                    "taxReclaimConfigurationId": None,
                    "taxPostedAmount": ZERO,
                    "taxReclaimPostedAmount": ZERO,
                    "customData": [],
                },
            )
            line["taxPostedAmount"] += tax.amount
            line["taxReclaimPostedAmount"] += tax.reclaim
    for line in lines.values():
        line["taxTransactionAmount"] = _spent(line["taxPostedAmount"], entry)
        line["reclaimTransactionAmount"] = _spent(line["taxReclaimPostedAmount"], entry)
        line["taxPostedAmount"] = number(line["taxPostedAmount"])
        line["taxReclaimPostedAmount"] = number(line["taxReclaimPostedAmount"])
    return {"expenseTaxes": list(lines.values())}


def custom_data(world: World, owner: str, codes: Mapping[str, str]) -> list[Document]:
    """Return fields with the id of the list item, not its code; plain text where no list is behind the field."""
    found = []
    for name, code in codes.items():
        item = world.item_for(f"{owner}.{name}", code)
        url = f"{world.base}/list/v4/items/{item.id}" if item else None
        value = item.id.replace("-", "") if item else code
        is_valid = item is None or not item.is_deleted
        found.append({"id": name, "value": value, "isValid": is_valid, "listItemUrl": url})
    return found


def _tax_summary(report: Report, entry: Entry) -> Document | None:
    if not has_tax(entry):
        return None
    taxes = [tax for one in entry.allocations for tax in one.taxes]
    tax = money(sum((one.amount for one in taxes), ZERO), report.currency)
    reclaim = money(sum((one.reclaim for one in taxes), ZERO), report.currency)
    return {
        "totalTaxPostedAmount": tax,
        "totalTaxAdjustedAmount": tax,
        "totalReclaimPostedAmount": reclaim,
        "totalReclaimAdjustedAmount": reclaim,
        "netTaxAmount": tax,
        "netAdjustedTaxAmount": tax,
        "netReclaimAmount": reclaim,
        "netReclaimAdjustedAmount": reclaim,
        "vatTaxTotal": tax,
    }


def _spent(posted: Decimal, entry: Entry) -> Decimal:
    """Return a posted amount in the currency that was spent."""
    rate = entry.exchange_rate
    return number(posted if rate == 1 else (posted / rate).quantize(FINEST))


def _link(rel: str, href: str, method: str) -> Document:
    return {"rel": rel, "href": href, "method": method, "isTemplated": False}


def entries_of(report: Report, parent_id: str | None) -> list[Entry]:
    """Return the expenses of a report, or the items of one."""
    return [one for one in report.entries if one.parent_id == parent_id]
