"""The bodies of financial documents: an approved report, an issued cash advance, a funds check."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.concur.simulator_build import PAYMENT_NAMES, is_in_document
from adapters.concur.simulator_money import ZERO, number
from adapters.concur.simulator_state import Advance, Allocation, Entry, Report, User
from adapters.concur.simulator_world import World, zulu_ms
from adapters.simulation import Document

_SPEND_USER = "urn:ietf:params:scim:schemas:extension:spend:2.0:User"
_REIMBURSEMENT = {
    "ACCOUNTS_PAYABLE": "APCHECK",
    "ADP_PAYROLL": "ADPPAYR",
    "CONCUR_PAY": "CNQRPAY",
    "OTHER": None,
}
_NUMERIC = {"USD": "840", "EUR": "978", "GBP": "826", "JPY": "392", "KWD": "414", "CAD": "124", "BRL": "986"}


def expense_body(world: World, report: Report) -> Document:
    """Return the body of a report's document."""
    owner = world.state.users[report.owner_id]
    return {
        "employee": employee_part(world, owner),
        "report": _report_part(world, report),
        "expenseEntry": [_entry_part(world, one) for one in report.entries if is_in_document(one)],
        "cashAdvanceApplication": [
            {
                "cashAdvanceId": one.advance_id,
                "cashAdvanceApplicationAmount": number(-one.amount),
                "cashAdvanceClearingAccountCode": one.clearing_account,
                "cashAdvanceTransactionType": one.transaction_type,
            }
            for one in report.advances
            if one.is_listed
        ],
    }


def funds_body(world: World, report: Report, instruction: str) -> Document:
    """Return the body of a request to check or reserve funds for a report that is not approved yet."""
    body = expense_body(world, report)
    body["report"] |= {"fgiRefId": world.uuid("funds reference"), "revisionNumber": 1, "versionId": 4}
    for entry in body["expenseEntry"]:
        for allocation in entry["allocation"]:
            allocation["allocationAccountResolverKey"] = world.uuid("account resolver")
    return {"instruction": {"instruction": instruction}, **body}


def advance_body(world: World, advance: Advance, name: str, *, is_test: bool) -> Document:
    """Return the body of an issued cash advance."""
    owner = world.state.users[advance.owner_id]
    own_currency = owner.spend[_SPEND_USER]["reimbursementCurrency"]
    return {
        "employeeData": employee_part(world, owner),
        "cashAdvanceData": {
            "cashAdvanceId": advance.id,
            "name": name,
            "purpose": None,
            "requestAmount": number(advance.amount),
            "requestDate": zulu_ms(advance.issued_at),
            "issuedDate": zulu_ms(advance.issued_at),
            "currencyAlphaCode": advance.currency,
            "currencyNumCode": _NUMERIC.get(advance.currency),
            "exchangeRate": Decimal(1),
            "employeeCurrencyAlphaCode": own_currency,
            "paymentMethod": 0,
            "transactionType": 1,
            "isTest": "Y" if is_test else "N",
            "expensePayIndicator": "N",
            "clearingAccountCode": None,
            "countryCode": None,
        },
        "journalData": [
            {
                "accountCode": advance.account,
                "amount": number(advance.amount),
                "debitOrCredit": "DR",
                "payer": "COMP",
                "payee": "EMPL",
                "paymentCode": "Cash",
            }
        ],
    }


def employee_part(world: World, owner: User) -> Document:
    spend = owner.spend.get(_SPEND_USER, {})
    name = owner.core.get("name") or {}
    codes = {one["id"]: one["value"] for one in spend.get("customData") or [] if one.get("value")}
    return {
        "employeeId": owner.number,
        "employeeFirstName": name.get("givenName"),
        "employeeLastName": name.get("familyName"),
        "employeeMI": name.get("middleInitial"),
        "loginId": owner.login,
        "employeeReimbursementMethodCode": _REIMBURSEMENT.get(spend.get("reimbursementType") or "OTHER"),
        **coded(world, "employee", codes),
    }


def coded(world: World, owner: str, codes: Mapping[str, str]) -> dict[str, Any]:
    """Return fields as `employeeOrgUnit1Code` and `...Value`; the value is the list's name for the code."""
    found: dict[str, Any] = {}
    for field_name, code in codes.items():
        item = world.item_for(f"{owner}.{field_name}", code)
        whole = owner + field_name[0].upper() + field_name[1:]
        found[f"{whole}Code"] = code
        found[f"{whole}Value"] = item.value if item else None
    return found


def _report_part(world: World, report: Report) -> Document:
    approver = world.state.users.get(report.last_approver_id or "")
    returned = sum((one.amount for one in report.advances if one.is_return), ZERO)
    part: Document = {
        "reportId": report.id,
        "reportKey": report.key,
        "reportNumber": report.number,
        "reportName": report.name,
        "ledgerCode": report.ledger,
        "employeeCurrencyAlphaCode": report.currency,
        "homeCountryCode": report.country,
        "policyId": policy_id(world, report.policy),
        "isTest": "Y" if report.is_test else "N",
        "cashAdvanceReturnsAmount": number(returned),
        "payrollPayIndicator": "N",
        "payrollPaymentClearingAccountCode": None,
        "lastApproverId": approver.number if approver else None,
        "reportCreationDate": zulu_ms(report.created_at),
        "reportSubmitDate": zulu_ms(report.submitted_at) if report.submitted_at else None,
        "reportUserDefinedDate": zulu_ms(report.dated),
        "reportPaymentProcessingDate": zulu_ms(report.processing_at) if report.processing_at else None,
        "reportStartDate": None,
        "reportEndDate": None,
        "revisionNumber": "1",
        "versionId": "4",
        "requestId": [],
        **coded(world, "report", report.codes),
    }
    if report.has_total:
        part["totalApprovedAmount"] = number(
            sum((one.approved for one in report.entries if is_in_document(one)), ZERO)
        )
    return part


def policy_id(world: World, policy: str) -> str:
    """Return the same v4 id for the same policy."""
    return world.named_guid(f"policy/{policy}")


def _entry_part(world: World, entry: Entry) -> Document:
    code, label = PAYMENT_NAMES[entry.payment]
    is_offset = world.settings.offsets_personal and entry.payment == "individual_card"
    part: Document = {
        "entryId": entry.id,
        "legacyEntryId": entry.key,
        "expenseTypeCode": entry.expense_type,
        "expenseTypeName": entry.expense_name,
        "entryDate": zulu_ms(entry.spent_on),
        "entryDescription": entry.description,
        "entryApprovedAmount": number(entry.approved),
        "reportEntryTransactionAmount": number(entry.transaction_amount),
        "entryCurrAlphaCode": entry.transaction_currency,
        "entryExchangeRate": number(entry.exchange_rate),
        "entryExchangeRateDirection": "M",
        "entryIsPersonal": "Y" if entry.is_personal else "N",
        "entryIsBillable": "Y" if entry.is_billable else "N",
        "entryReceiptType": entry.receipt_type,
        "entryReceiptId": None,
        "entryElectronicReceiptId": None,
        "entryVendorCode": None,
        "entryVendorDescription": entry.vendor,
        "entryLocationName": entry.city,
        "entryLocationCityName": entry.city,
        "entryCountryCode": entry.country,
        "entryCountrySubCode": None,
        "clearingAccountCode": entry.clearing_account,
        "liabilityAccountCode": entry.liability_account,
        "expensePayIndicator": "N",
        "offsetPayType": "Y" if is_offset else "N",
        "cardTransactionID": None,
        "reportEntryPaymentTypeCode": code,
        "reportEntryPaymentTypeName": label,
        "allocation": [_allocation_part(world, entry, one) for one in entry.allocations],
        **coded(world, "entry", entry.codes),
    }
    if world.settings.has_payment_codes:
        part["reportEntryPatKey"] = world.settings.payment_codes.get(entry.payment, code)
    return part


def _allocation_part(world: World, entry: Entry, allocation: Allocation) -> Document:
    journal = [
        {
            "journalAccountCode": one.account,
            "journalPayer": one.payer,
            "journalPayee": one.payee,
            "amountGross": number(one.gross),
            "amountNetOfTax": number(one.net_of_tax),
            "amountNetOfReclaim": number(one.net_of_reclaim),
            "amountGrossCard": None,
            "cardTransactionReferenceNumber": None,
            "taxGuid": list(one.tax_guids),
            "accountingTransactionType": None,
        }
        for one in allocation.lines
    ]
    if entry.is_personal:
        return {"allocationId": None, "allocationPercentage": None, "journal": journal, "tax": []}
    return {
        "allocationId": allocation.id,
        "allocationPercentage": number(allocation.percentage),
        **coded(world, "allocation", allocation.codes),
        "journal": journal,
        "tax": [
            {
                "taxGuid": one.guid,
                "taxAuthorityLabel": one.authority,
                "taxCode": one.code,
                "taxReclaimCode": one.reclaim_code,
                "amountTax": number(one.amount),
                "amountReclaim": number(one.reclaim),
                "taxSource": "SYST",
                "nonDomesticCode": None,
                "locationCountryCode": one.country,
                "locationCountrySubCode": None,
            }
            for one in allocation.taxes
        ],
    }
