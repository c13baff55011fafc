"""What the simulated AvaTax refuses before it calculates anything."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from adapters.avatax.simulator_errors import Reason, Refused, required
from adapters.avatax.simulator_rates import COUNTRIES
from adapters.avatax.simulator_settings import Settings

TYPES: Final = frozenset({"PurchaseOrder", "PurchaseInvoice"})
"""The types that this simulator calculates."""
INCLUDES: Final = frozenset(
    {
        "Lines",
        "Details",
        "AccountPayableSalesTaxDetails",
        "Summary",
        "Addresses",
        "SummaryOnly",
        "LinesOnly",
        "TaxDetailsByTaxType",
        "ForceTimeout",
    }
)
OVERRIDES: Final = frozenset(
    {
        "None",
        "TaxAmount",
        "Exemption",
        "TaxDate",
        "AccruedTaxAmount",
        "DeriveTaxable",
        "OutOfHarbor",
        "TaxAmountByTaxType",
        "VendorChargedTax",
    }
)
MEMBERS: Final = frozenset(
    [
        "type",
        "companyCode",
        "code",
        "date",
        "customerCode",
        "purchaseOrderNo",
        "referenceCode",
        "currencyCode",
        "exchangeRate",
        "entityUseCode",
        "exemptionNo",
        "businessIdentificationNo",
        "isSellerImporterOfRecord",
        "deliveryTerms",
        "addresses",
        "taxOverride",
        "lines",
        "commit",
        "debugLevel",
    ]
)
LINE_MEMBERS: Final = frozenset(
    [
        "number",
        "quantity",
        "amount",
        "taxCode",
        "itemCode",
        "description",
        "hsCode",
        "revenueAccount",
        "ref1",
        "ref2",
        "taxIncluded",
        "entityUseCode",
        "exemptionCode",
        "addresses",
        "taxOverride",
        "parameters",
    ]
)
OVERRIDE_MEMBERS: Final = frozenset(["type", "taxAmount", "taxDate", "reason", "taxAmountByTaxTypes"])
_WITH_AMOUNT: Final = ("TaxAmount", "AccruedTaxAmount", "VendorChargedTax")
_LENGTHS: Final = {"code": 50, "customerCode": 50, "purchaseOrderNo": 50, "businessIdentificationNo": 25}
_LINE_LENGTHS: Final = {
    "number": 50,
    "taxCode": 25,
    "itemCode": 50,
    "revenueAccount": 50,
    "ref1": 250,
    "ref2": 250,
}


def includes(text: str | None) -> frozenset[str]:
    """Return the parts that an answer is to have."""
    asked = frozenset((text or "Summary,Addresses").split(","))
    for one in sorted(asked - INCLUDES):
        raise Refused(400, Reason("InvalidQueryValue", f"{one} is no value of $include.", "$include"))
    return asked


def check(body: Any, settings: Settings) -> None:
    """Raise Refused unless a body can be calculated."""
    if not isinstance(body, dict):
        raise Refused(400, Reason("JsonFormatError", "The body is not a transaction."))
    for name in ("type", "companyCode", "date", "customerCode"):
        if not body.get(name):
            raise required(name)
    if body["type"] not in TYPES:
        raise Refused(400, Reason("InvalidEnumValue", f"{body['type']} is no type of document here.", "type"))
    if body["companyCode"] not in settings.companies:
        raise Refused(
            404, Reason("EntityNotFoundError", f"Company {body['companyCode']} was not found.", "companyCode")
        )
    _check_members(body, MEMBERS, "")
    _check_date(body["date"])
    _check_lengths(body, _LENGTHS, "")
    _check_override(body, "taxOverride")
    lines = body.get("lines")
    if not isinstance(lines, list) or not lines:
        raise Refused(400, Reason("MissingLine", "A transaction has at least one line.", "lines"))
    if len(lines) > settings.lines_max:
        raise Refused(400, Reason("RequestTooLarge", f"More than {settings.lines_max} lines.", "lines"))
    if body.get("addresses"):
        _check_addresses(body["addresses"], "addresses")
    for position, line in enumerate(lines):
        _check_line(line, position, has_addresses=bool(body.get("addresses")))
        if body.get("taxOverride") and line.get("taxOverride"):
            both = "A tax override of the document and one of a line can't be combined."
            raise Refused(400, Reason("GetTaxError", both, f"lines[{position}].taxOverride"))
    _check_numbers(lines)


def _check_numbers(lines: Sequence[Mapping[str, Any]]) -> None:
    """Lines are known by their numbers; those without one are counted."""
    seen: set[str] = set()
    for position, line in enumerate(lines):
        number = str(line.get("number") or position + 1)
        if number in seen:
            reason = f"Line number {number} is there twice."
            raise Refused(400, Reason("GetTaxError", reason, f"lines[{position}].number"))
        seen.add(number)


def _check_members(part: Mapping[str, Any], known: frozenset[str], place: str) -> None:
    for name in part:
        if name not in known:
            raise Refused(
                400, Reason("JsonFormatError", f"There is no member {place}{name}.", f"{place}{name}")
            )


def _check_line(line: Any, position: int, *, has_addresses: bool) -> None:
    place = f"lines[{position}]"
    if not isinstance(line, dict):
        raise Refused(400, Reason("JsonFormatError", f"{place} is no line.", place))
    _check_members(line, LINE_MEMBERS, f"{place}.")
    amount = line.get("amount")
    if amount is None or isinstance(amount, bool | str):
        raise required(f"{place}.amount")
    _check_lengths(line, _LINE_LENGTHS, f"{place}.")
    _check_override(line, f"{place}.taxOverride")
    if line.get("addresses"):
        _check_addresses(line["addresses"], f"{place}.addresses")
    elif not has_addresses:
        raise Refused(400, Reason("MissingAddress", "A transaction needs an address.", "addresses"))


def _check_addresses(addresses: Mapping[str, Any], place: str) -> None:
    if not addresses.get("singleLocation") and not addresses.get("shipTo"):
        raise Refused(400, Reason("MissingAddress", "A destination is missing.", f"{place}.shipTo"))
    for kind, address in addresses.items():
        where = f"{place}.{kind}"
        country = address.get("country", "US")
        if country not in COUNTRIES:
            raise Refused(400, Reason("InvalidCountry", f"{country} is no country.", f"{where}.country"))
        if country == "US" and not (
            address.get("postalCode") or (address.get("city") and address.get("region"))
        ):
            raise Refused(
                400,
                Reason("InvalidAddress", "An address needs a postal code, or a city and a region.", where),
            )
        if country == "US" and not re.fullmatch(r"\d{5}(-\d{4})?", address.get("postalCode", "00000")):
            raise Refused(
                400, Reason("InvalidAddress", "The postal code is not valid.", f"{where}.postalCode")
            )


def _check_date(text: object) -> None:
    try:
        date.fromisoformat(str(text)[:10])
    except ValueError:
        raise Refused(400, Reason("DateFormatError", f"{text} is no date.", "date")) from None


def _check_lengths(part: Mapping[str, Any], lengths: Mapping[str, int], place: str) -> None:
    for name, length in lengths.items():
        if len(str(part.get(name) or "")) > length:
            reason = f"Field {place}{name} is longer than {length} characters."
            raise Refused(400, Reason("StringLengthError", reason, f"{place}{name}"))


def _check_override(part: Mapping[str, Any], place: str) -> None:
    override = part.get("taxOverride")
    if override is None:
        return
    _check_members(override, OVERRIDE_MEMBERS, f"{place}.")
    if override.get("type") not in OVERRIDES:
        raise Refused(
            400, Reason("InvalidEnumValue", f"{override.get('type')} is no override.", f"{place}.type")
        )
    if override["type"] != "None" and not override.get("reason"):
        raise required(f"{place}.reason")
    if override["type"] in _WITH_AMOUNT and override.get("taxAmount") is None:
        raise required(f"{place}.taxAmount")
