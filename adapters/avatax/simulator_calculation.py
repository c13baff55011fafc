"""How the simulated AvaTax calculates a document: its lines, what each jurisdiction takes, and the payables' status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from adapters.avatax import simulator_rates as rates
from adapters.avatax.simulator_errors import Reason, Refused
from adapters.avatax.simulator_settings import Settings
from adapters.simulation import Document
from store.canonical.currency import exponent

_ZERO: Final = Decimal(0)
_DEFAULT_CODE: Final = "P0000000"


class Calculation:
    """One document, calculated."""

    def __init__(self, body: Mapping[str, Any], known_codes: Mapping[str, Any], settings: Settings) -> None:
        self._body = body
        self._known = known_codes
        self._settings = settings
        self._currency = body.get("currencyCode", "USD")
        self.messages: list[Document] = []
        self.lines = [self._line(number, line) for number, line in enumerate(body["lines"], 1)]
        self.calculated = sum((line["taxCalculated"] for line in self.lines), _ZERO)
        self.charged = self._charged()
        self.variance = self.calculated - self.charged

    def total(self, name: str) -> Decimal:
        return sum((line[name] for line in self.lines), _ZERO)

    def status(self) -> str:
        """Return the word of the product for accounts payable."""
        settings, body = self._settings, self._body
        if settings.forced_status:
            return settings.forced_status
        supplier = body["customerCode"]
        lines = body["lines"]
        if supplier in settings.trusted_suppliers:
            return "NoAccrualTrustedVendor"
        if settings.exempt_cost_centres and all(
            one.get("ref1") in settings.exempt_cost_centres for one in lines
        ):
            return "NoAccrualExemptedCostCenter"
        if settings.exempt_accounts and all(
            one.get("revenueAccount") in settings.exempt_accounts for one in lines
        ):
            return "NoAccrualExemptedGLAccount"
        if self.variance == 0:
            return "NoAccrualMatch"
        if abs(self.total("lineAmount")) < Decimal(settings.threshold):
            return "NoAccrualAmountThresholdNotMet"
        if supplier in settings.accrual_suppliers:
            return "AccruedVendor"
        if self.variance < 0:
            return "NoAccrualOvercharge"
        return "AccruedUndercharge" if settings.accrues else "NoAccrualUndercharge"

    def _charged(self) -> Decimal:
        given = _override(self._body)
        return (
            given
            if given is not None
            else sum((_override(one) or _ZERO for one in self._body["lines"]), _ZERO)
        )

    def _line(self, position: int, line: Mapping[str, Any]) -> Document:
        code = self._code(position, line)
        amount = _decimal(line["amount"])
        addresses = line.get("addresses") or self._body["addresses"]
        details: list[Document] = []
        is_exempt = bool(
            self._body.get("exemptionNo") or self._body.get("entityUseCode") or line.get("entityUseCode")
        )
        country = _ship_to(addresses)["country"]
        is_taxed = rates.is_taxed(code, country)
        if is_taxed and not is_exempt:
            details = self._details(code, amount, addresses)
        taxable = amount if details else _ZERO
        own = sum((one["taxCalculated"] for one in details if one["taxType"] != "Output"), _ZERO)
        net = sum((one["taxCalculated"] for one in details), _ZERO)
        percent = (
            rates.recoverable_percent(code) if any(one["taxType"] == "Input" for one in details) else None
        )
        recoverable = None if percent is None else self._rounded(own * percent / 100)
        return {
            "lineNumber": str(line.get("number") or position),
            "lineAmount": amount,
            "taxableAmount": taxable,
            "exemptAmount": amount if is_exempt and is_taxed else _ZERO,
            "isItemTaxable": is_taxed,
            "tax": net,
            "taxCalculated": net,
            "taxCode": code,
            "details": details,
            **(
                {}
                if percent is None or recoverable is None
                else {
                    "recoverabilityPercentage": percent,
                    "recoverableAmount": recoverable,
                    "nonRecoverableAmount": own - recoverable,
                }
            ),
        }

    def _code(self, position: int, line: Mapping[str, Any]) -> str:
        code = line.get("taxCode") or _DEFAULT_CODE
        if code in self._known:
            return str(code)
        place = f"lines[{position - 1}].taxCode"
        if self._settings.unknown_code == "error":
            raise Refused(400, Reason("GetTaxError", f"Tax code {code} is not known to this company.", place))
        self.messages.append(
            {
                "summary": "Tax code not found",
                "details": f"The tax code {code} is not known; {_DEFAULT_CODE} was used.",
                "refersTo": "TaxCode",
                "severity": "Warning",
                "source": "Avalara.AvaTax.Services.Tax",
            }
        )
        return _DEFAULT_CODE

    def _details(self, code: str, amount: Decimal, addresses: Mapping[str, Any]) -> list[Document]:
        ship_to = _ship_to(addresses)
        country = ship_to["country"]
        if country == "US":
            shares = rates.place_of(ship_to.get("postalCode", ""), ship_to.get("region", ""))
            return [
                self._detail(
                    "US",
                    share.name,
                    share.kind,
                    "Use",
                    share.tax_name,
                    share.rate,
                    amount,
                    ship_to.get("region"),
                )
                for share in shares
                if share.rate
            ]
        rate = rates.vat_rate(code, country)
        if rate is None:
            return []
        name = f"{country} VAT"
        given = [self._detail(country, country, "Country", "Input", name, rate, amount)]
        if self._is_reverse_charge(addresses):
            owed = self._detail(country, country, "Country", "Output", name, rate, amount)
            given.append(owed | {"tax": -owed["tax"], "taxCalculated": -owed["taxCalculated"]})
        return given

    def _detail(
        self, country: str, name: str, kind: str, tax_type: str, tax_name: str, rate: Decimal, amount: Decimal, region: str | None = None,
    ) -> Document:  # fmt: skip
        tax = self._rounded(amount * rate)
        return {
            "country": country,
            "region": region or country,
            "jurisName": name,
            "jurisdictionType": kind,
            "taxType": tax_type,
            "taxName": tax_name,
            "rate": rate,
            "taxableAmount": amount,
            "nonTaxableAmount": _ZERO,
            "exemptAmount": _ZERO,
            "tax": tax,
            "taxCalculated": tax,
            "liabilityType": "Seller",
        }

    def _is_reverse_charge(self, addresses: Mapping[str, Any]) -> bool:
        """A purchase by a business from a business in another member state, which charged no VAT."""
        countries = {_ship_to(addresses)["country"], _ship_from(addresses)["country"]}
        number = str(self._body.get("businessIdentificationNo", ""))
        return len(countries) == 2 and countries <= rates.EU and number[:2].isalpha() and self._charged() == 0

    def _rounded(self, amount: Decimal) -> Decimal:
        return amount.quantize(Decimal(1).scaleb(-exponent(self._currency)), ROUND_HALF_UP)


def _override(part: Mapping[str, Any]) -> Decimal | None:
    override = part.get("taxOverride")
    if not override or override.get("type") != "VendorChargedTax":
        return None
    return _decimal(override.get("taxAmount", 0))


def _decimal(value: object) -> Decimal:
    return Decimal(str(value))


def _ship_to(addresses: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = addresses.get("singleLocation") or addresses["shipTo"]
    return found


def _ship_from(addresses: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (
        addresses.get("singleLocation") or addresses.get("shipFrom") or addresses["shipTo"]
    )
    return found


def summary(lines: Sequence[Mapping[str, Any]]) -> list[Document]:
    """Return what each jurisdiction takes of the whole document."""
    found: dict[tuple[str, str, str], Document] = {}
    for line in lines:
        for detail in line["details"]:
            key = (detail["country"], detail["jurisName"], detail["taxType"])
            row = found.setdefault(
                key,
                {
                    "country": detail["country"],
                    "region": detail["region"],
                    "jurisName": detail["jurisName"],
                    "jurisType": detail["jurisdictionType"],
                    "taxType": detail["taxType"],
                    "taxName": detail["taxName"],
                    "rate": detail["rate"],
                    "taxable": _ZERO,
                    "tax": _ZERO,
                    "taxCalculated": _ZERO,
                },
            )
            for name, source in (
                ("taxable", "taxableAmount"),
                ("tax", "tax"),
                ("taxCalculated", "taxCalculated"),
            ):
                row[name] += detail[source]
    return list(found.values())
