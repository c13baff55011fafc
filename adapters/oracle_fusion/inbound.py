"""From Oracle's rows to canonical records, one function an entity. Pure: rows in, records or reasons out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pydantic

from adapters.answer import UNREADABLE
from adapters.base import Translated, Untranslatable
from adapters.broken import MARK
from adapters.oracle_fusion import (
    inbound_finance,
    inbound_order,
    inbound_receipt,
    inbound_requisition,
    wire,
    wire_finance,
    wire_receiving,
    wire_requisition,
)
from adapters.oracle_fusion.fields import UntranslatableError, day, latest, text, to_money
from adapters.oracle_fusion.options import Options
from store.canonical.budget import Budget
from store.canonical.chart import AccountCombination, Project
from store.canonical.money import Money, total
from store.canonical.organisation import CostCentre, Ledger
from store.canonical.supplier import (
    Supplier,
    SupplierBankAccount,
    SupplierStatus,
    account_problem,
    fingerprint,
    masked,
)

ACCOUNT_NUMBER_ATTRIBUTES = ("IBAN", "BankAccountNumber", "AccountNumber")
"""In the order they identify an account best; all are taken out of the payload."""
KEPT_OF_BANK_ACCOUNTS = (
    "BankAccountId",
    "CountryCode",
    "CurrencyCode",
    "SWIFTCode",
    "StartDate",
    "EndDate",
    "LastUpdateDate",
    "accountOwners",
)
CLOSED_PROJECT_WORDS = ("CLOSED", "INACTIVE", "REJECTED", "CANCELED", "CANCELLED")


def translate(entity: str, row: bytes, options: Options) -> Translated | Untranslatable:
    """Translate one row; a row that does not fit says where and why."""
    try:
        return TRANSLATORS[entity](row, options)
    except UntranslatableError as error:
        return _refused(entity, row, options, error.path, error.reason)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at ")
        return _refused(entity, row, options, path.strip("`") or "$", reason)
    except UNREADABLE as error:
        return _refused(entity, row, options, "$", f"not readable as JSON: {error}")
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        return _refused(entity, row, options, f"${path}", str(first["msg"]))
    except (
        ValueError,
        ArithmeticError,
    ) as error:  # a currency, an amount or a number beyond what we can hold
        return _refused(entity, row, options, "$", str(error))


def redacted_bank_account(row: bytes, key: bytes) -> bytes:
    """Return the row without account numbers: a fingerprint to compare by, and what may be shown.

    Only attributes known to be harmless are kept, so that a number under an unknown name cannot slip through.
    """
    document = wire.decode_any(row)
    if not isinstance(document, dict):
        return wire.encode({})  # refused later: it names no account
    number = next((str(document[name]) for name in ACCOUNT_NUMBER_ATTRIBUTES if document.get(name)), "")
    kept = {name: document[name] for name in KEPT_OF_BANK_ACCOUNTS if name in document}
    problem = account_problem(str(document["IBAN"])) if document.get("IBAN") else None
    made = {"fingerprint": fingerprint(number, key) if number else "", "masked": masked(number)}
    found = {**kept, **made, **({"problem": problem} if problem else {})}
    return wire.encode({**found, MARK: document[MARK]} if MARK in document else found)


def supplier(row: bytes, options: Options) -> Translated:
    document = _supplier.decode(row)
    sites = wire.rows(document.sites)
    external_id = str(document.SupplierId)
    record = Supplier.checked(
        {
            "number": document.SupplierNumber or external_id,
            "name": document.Supplier,
            "status": _supplier_status(document),
            "country": _country(document.TaxpayerCountry or document.TaxRegistrationCountryCode),
            "party_id": _optional_text(document.SupplierPartyId),
            "tax_registrations": _registrations(document),
            "sites": [_site(one, options) for one in sites],
            **_nature(document),
        }
    )
    changed = [document.LastUpdateDate, *[one.LastUpdateDate for one in sites]]
    return Translated(external_id, record, None, latest(changed))


def _nature(document: wire.Supplier) -> dict[str, Any]:
    """Return where a supplier sits, what kind it is and what stands above it, as far as Oracle says."""
    found: dict[str, Any] = {}
    addresses = [one for one in wire.rows(document.addresses) if one.is_in_use]
    if addresses:
        first = min(addresses, key=lambda one: int(one.SupplierAddressId))
        found["address"] = {
            "street": first.AddressLine1,
            "postcode": first.PostalCode,
            "town": first.City,
            "country": _country(first.CountryCode),
        }
    if wire.is_set(document.OneTimeSupplierFlag, default=False):
        found["kind"] = "one_time"
    elif wire.words(document.SupplierTypeCode) == wire.EMPLOYEE:
        found["kind"] = "employee"
    if document.ParentSupplierId is not None:
        found["parent_id"] = text(document.ParentSupplierId)
    return found


def _supplier_status(document: wire.Supplier) -> SupplierStatus:
    if wire.words(document.Status) in ("INACTIVE", "DISABLED") or (
        document.InactiveDate and _is_over(document.InactiveDate, document.LastUpdateDate)
    ):
        return "inactive"
    return "draft" if wire.words(document.BusinessRelationshipCode) == "PROSPECTIVE" else "active"


def _is_over(inactive: str, updated: str | None) -> bool:
    """Say whether an inactive date had come when the row was last written: the row holds no later time."""
    ends = day(inactive, "$.InactiveDate")
    if ends is None:
        return False
    written = latest((updated,))
    return written is not None and ends <= written.date()


def _registrations(document: wire.Supplier) -> list[dict[str, str | None]]:
    """Return the supplier's numbers, each once."""
    first, second = document.TaxpayerId, document.TaxRegistrationNumber
    found: list[dict[str, str | None]] = []
    if first and first != second:
        found.append({"number": first, "country": _country(document.TaxpayerCountry)})
    if second:
        found.append({"number": second, "country": _country(document.TaxRegistrationCountryCode)})
    return found


def _site(site: wire.SupplierSite, options: Options) -> dict[str, Any]:
    external_id = str(site.SupplierSiteId)
    unit_id = _optional_text(site.ProcurementBUId)
    is_held = site.HoldAllNewPurchasingDocumentsFlag and wire.is_set(site.HoldAllNewPurchasingDocumentsFlag)
    is_inactive = wire.words(site.Status) == "INACTIVE" or (
        site.InactiveDate and _is_over(site.InactiveDate, site.LastUpdateDate)
    )
    return {
        "external_id": external_id,
        "code": site.SupplierSite or external_id,
        "business_unit": options.business_unit_name(unit_id) or site.ProcurementBU or unit_id,
        "is_purchasing": not is_held and wire.is_set(site.SitePurposePurchasingFlag, default=True),
        "is_active": not is_inactive,
    }


def supplier_bank_account(row: bytes, options: Options) -> Translated:
    document = _bank_account.decode(row)
    if not document.fingerprint:
        raise UntranslatableError("$.IBAN", "the account has neither an IBAN nor an account number")
    everybody = wire.rows(document.accountOwners)
    updated = latest((document.LastUpdateDate, *(one.LastUpdateDate for one in everybody)))
    owners = [one for one in everybody if _is_open(one.EndDate, updated)]
    owner = next(
        (one for one in owners if wire.is_set(one.PrimaryOwnerIndicator)), owners[0] if owners else None
    )
    record = SupplierBankAccount(
        number=text(document.BankAccountId),
        party_id=_optional_text(owner.AccountOwnerPartyIdentifier) if owner else None,
        fingerprint=document.fingerprint,
        masked=document.masked,
        country=_country(document.CountryCode),
        is_active=(owner is not None or not everybody) and _is_open(document.EndDate, updated),
        problem=document.problem,
        bic=document.SWIFTCode or None,
    )
    return Translated(text(document.BankAccountId), record, source_updated_at=updated)


def _is_open(ends: str | None, updated: datetime | None) -> bool:
    """Say whether something had not ended when it was changed last: a day that is still to come ends nothing yet."""
    end = day(ends, "$.EndDate")
    return end is None or updated is None or updated.date() < end


def ledger(row: bytes, options: Options) -> Translated:
    document = _ledger.decode(row)
    record = Ledger(
        number=document.LedgerName,
        name=document.LedgerName,
        currency=document.CurrencyCode,
        calendar=document.AccountingCalendar,
        chart=_optional_text(document.ChartOfAccountsStructureId),
        has_budgetary_control=wire.is_set(document.BudgetaryControlEnabledFlag),
    )
    return Translated(document.LedgerName, record)


def account_combination(row: bytes, options: Options) -> Translated:
    """Attribute names differ from pod to pod, so this row is read by the configured names."""
    document = wire.decode_any(row)
    if not isinstance(document, dict):
        raise UntranslatableError("$", "expected an object")
    number = _configured(document, options.combination_attribute)
    record = AccountCombination(
        number=number,
        chart=_optional_text(document.get(options.chart_attribute)),
        segments=tuple(number.split(options.segment_delimiter)),
        is_enabled=_configured_flag(document, options.enabled_attribute),
        starts_on=_configured_day(document, options.starts_on_attribute),
        ends_on=_configured_day(document, options.ends_on_attribute),
    )
    return Translated(_configured(document, options.combination_id_attribute), record)


def _configured(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if value is None or value == "" or isinstance(value, dict | list):
        raise UntranslatableError(
            f"$.{name}",
            "the attribute is missing; take its name from the resource's describe into the options",
        )
    return str(value)


def _configured_flag(document: Mapping[str, Any], name: str) -> bool:
    value = document.get(name)
    if value is not None and not isinstance(value, bool | str):
        raise UntranslatableError(f"$.{name}", "expected yes or no")
    return wire.is_set(value, default=True)


def _configured_day(document: Mapping[str, Any], name: str) -> date | None:
    value = document.get(name)
    return day(value if isinstance(value, str) else None, f"$.{name}")


def cost_centre(row: bytes, options: Options) -> Translated:
    document = _value.decode(row)
    record = CostCentre(
        number=document.Value,
        name=document.Description or document.Value,
        chart=document.ValueSetCode or options.cost_centre_value_set,
        is_active=wire.is_set(document.EnabledFlag, default=True),
        starts_on=day(document.StartDateActive, "$.StartDateActive"),
        ends_on=day(document.EndDateActive, "$.EndDateActive"),
    )
    return Translated(document.Value, record, source_updated_at=latest((document.LastUpdateDate,)))


def project(row: bytes, options: Options) -> Translated:
    document = _project.decode(row)
    status = document.ProjectStatus or "unknown"
    record = Project(
        number=document.ProjectNumber or text(document.ProjectId),
        name=document.ProjectName or document.ProjectNumber or text(document.ProjectId),
        status=status,
        starts_on=day(document.ProjectStartDate, "$.ProjectStartDate"),
        ends_on=day(document.ProjectFinishDate, "$.ProjectFinishDate"),
        is_active=wire.words(status) not in CLOSED_PROJECT_WORDS,
    )
    return Translated(text(document.ProjectId), record, source_updated_at=latest((document.LastUpdateDate,)))


def budget(row: bytes, options: Options) -> Translated:
    """Add up the balances of one configured query: budget rows, less what the other scenarios used."""
    document = _balances.decode(row)
    query = next((one for one in options.ledger_balances if one.name == document.query), None)
    if query is None:
        raise UntranslatableError("$.query", f"there is no ledger_balances query named {document.query!r}")
    amounts: list[Money] = []
    used: list[Money] = []
    for index, item in enumerate(document.items):
        path = f"$.items[{index}]"
        if item.Currency is not None and item.Currency != query.currency:
            raise UntranslatableError(f"{path}.Currency", f"asked for {query.currency}, got {item.Currency}")
        value = item.PeriodActivity if query.measure == "PeriodActivity" else item.EndingBalance
        amount = to_money(value or Decimal(0), query.currency, f"{path}.{query.measure}")
        is_budget = (item.Scenario or "").casefold() == query.budget_scenario.casefold()
        (amounts if is_budget else used).append(amount)
    amount = total(amounts, query.currency)
    record = Budget(
        number=query.name,
        name=query.title or query.name,
        legal_entity=query.legal_entity,
        period=query.period,
        cost_centre=query.cost_centre,
        account=query.account,
        project=query.project,
        amount=amount,
        remaining=amount - total(used, query.currency),
    )
    return Translated(query.name, record)


def _country(value: str | None) -> str | None:
    """Keep a country code; Oracle shows names in the same attribute on some pods, those are not kept."""
    return value.upper() if value and len(value) == 2 and value.isalpha() else None


def _optional_text(value: wire.Id | None) -> str | None:
    return None if value in (None, "") else str(value)


def _refused(entity: str, row: bytes, options: Options, path: str, reason: str) -> Untranslatable:
    """Name the document as well as it can be named; a bank account's text may hold its number."""
    key, number = _NAMES.get(entity, (options.combination_id_attribute, options.combination_attribute))
    try:
        document = wire.decode_any(row)
    except UNREADABLE:
        document = None
    found = document if isinstance(document, dict) else {}
    return Untranslatable(_scalar(found.get(key)), _scalar(found.get(number)), path, reason)


def _scalar(value: object) -> str | None:
    return str(value) if isinstance(value, str | int | Decimal) and value != "" else None


# A supplier and its parts are validated from dicts in one call: cheaper than model by model.

_supplier = msgspec.json.Decoder(wire.Supplier)
_bank_account = msgspec.json.Decoder(wire.BankAccount)
_ledger = msgspec.json.Decoder(wire.Ledger)
_value = msgspec.json.Decoder(wire.Value)
_project = msgspec.json.Decoder(wire.Project)
_balances = msgspec.json.Decoder(wire.Balances)

_NAMES = {
    "supplier": ("SupplierId", "SupplierNumber"),
    "supplier_bank_account": ("BankAccountId", "BankAccountId"),
    "ledger": ("LedgerName", "LedgerName"),
    "cost_centre": ("Value", "Value"),
    "project": ("ProjectId", "ProjectNumber"),
    "budget": ("query", "query"),
    "purchase_order": ("POHeaderId", "OrderNumber"),
    "requisition": ("RequisitionHeaderId", "Requisition"),
    "receipt": ("TransactionId", "ReceiptNumber"),
    "journal_entry": ("@id", "JournalName"),
    "import_job": ("ReqstId", "ReqstId"),
    "invoice": ("InvoiceId", "InvoiceNumber"),
    "payment": ("CheckId", "PaymentNumber"),
    "employee": ("PersonId", "PersonNumber"),
    "exchange_rate": ("ConversionDate", "ConversionDate"),
    "fiscal_period": ("PeriodNameId", "PeriodNameId"),
}
"""Key and number of each entity's rows."""

TRANSLATORS: Mapping[str, Callable[[bytes, Options], Translated]] = {
    "supplier": supplier,
    "supplier_bank_account": supplier_bank_account,
    "ledger": ledger,
    "account_combination": account_combination,
    "cost_centre": cost_centre,
    "project": project,
    "budget": budget,
    "purchase_order": inbound_order.purchase_order,
    "requisition": inbound_requisition.requisition,
    "receipt": inbound_receipt.receipt,
    "journal_entry": inbound_finance.journal_entry,
    "import_job": inbound_finance.import_job,
    "invoice": inbound_finance.invoice,
    "payment": inbound_finance.payment,
    "employee": inbound_finance.employee,
    "exchange_rate": inbound_finance.exchange_rate,
    "fiscal_period": inbound_finance.fiscal_period,
}

SHAPES: Mapping[str, type[msgspec.Struct]] = {
    "supplier": wire.Supplier,
    "supplier_bank_account": wire.BankAccount,
    "ledger": wire.Ledger,
    "cost_centre": wire.Value,
    "project": wire.Project,
    "budget": wire.Balances,
    "purchase_order": wire.Order,
    "requisition": wire_requisition.Requisition,
    "receipt": wire_receiving.Movement,
    "invoice": wire_finance.Invoice,
    "payment": wire_finance.Payment,
    "fiscal_period": wire_finance.PeriodStatus,
}
"""The documents by entity; a combination has none, its attributes are the customer's."""
