"""Supplier with sites and tax registrations, and the bank accounts suppliers are paid to."""

from __future__ import annotations

import hashlib
import hmac
import re
import string
from typing import ClassVar, Literal

from pydantic import Field

from store.canonical import tax_kinds
from store.canonical.record import CanonicalModel, CanonicalRecord

SupplierKind = Literal["company", "one_time", "employee"]
SupplierStatus = Literal["active", "inactive", "draft", "on_hold"]

_NOT_ALNUM = re.compile(r"[^0-9A-Z]")
_PUNCTUATION = str.maketrans("", "", string.punctuation + string.whitespace)


def normal(value: str) -> str:
    """Return an identifier in the form it is compared in: upper case, letters and digits only.

    >>> normal("de 811.234-567")
    'DE811234567'
    """
    shown = value.upper()
    if shown.isascii() and shown.isalnum():
        return shown
    shown = shown.translate(_PUNCTUATION)  # nearly always enough, and a third of an expression's cost
    return shown if shown.isascii() and shown.isalnum() else _NOT_ALNUM.sub("", shown)


class TaxRegistration(CanonicalModel):
    """A tax or VAT number and the country that issued it."""

    number: str = Field(description="The number as its authority gave it")
    country: str | None = Field(default=None, description="ISO 3166 alpha-2")


class SupplierSite(CanonicalModel):
    """A place the supplier is ordered from or paid at, valid for one business unit."""

    external_id: str = Field(description="Id of the site in its system")
    code: str = Field(description="What the system calls the site")
    business_unit: str | None = Field(
        default=None, description="Id or name of the procuring unit in its system"
    )
    is_purchasing: bool = Field(default=True, description="Orders may be placed there")
    is_active: bool = Field(default=True, description="Whether it may be used")


class SupplierAddress(CanonicalModel):
    """Where a supplier sits, as far as its system says."""

    street: str | None = Field(default=None, description="Street and house number, as one line")
    postcode: str | None = Field(default=None, description="Postal code")
    town: str | None = Field(default=None, description="Town")
    country: str | None = Field(default=None, description="ISO 3166 alpha-2")


class Supplier(CanonicalRecord):
    """A party we buy from, as one system knows it."""

    entity: ClassVar[str] = "supplier"
    contract: ClassVar[str] = "supplier/1.2"
    owner: ClassVar[str] = "procurement"

    name: str = Field(description="Registered name, as its system has it")
    status: SupplierStatus = Field(description="Whether anything may be bought from it")
    country: str | None = Field(default=None, description="ISO 3166 alpha-2")
    party_id: str | None = Field(
        default=None, description="Id of the party behind it, where the system has one"
    )
    tax_registrations: tuple[TaxRegistration, ...] = Field(
        default=(), description="Tax numbers, with the country of each"
    )
    sites: tuple[SupplierSite, ...] = Field(default=(), description="Where it is ordered from and paid")
    address: SupplierAddress | None = Field(default=None, description="Where it sits, where the system says")
    kind: SupplierKind = Field(
        default="company", description="Employees and one-time suppliers are nobody's duplicates"
    )
    parent_id: str | None = Field(default=None, description="External id of the supplier above it")

    def registrations(self) -> tuple[TaxRegistration, ...]:
        """Return the tax registrations, those of its own country first: few systems have a place for all."""
        return tuple(sorted(self.tax_registrations, key=lambda one: one.country not in (self.home, None)))

    @property
    def home(self) -> str | None:
        """The country it sits in, as far as anything says so."""
        return self.country or (self.address.country if self.address else None)

    def tax_keys(self) -> frozenset[str]:
        """Return its tax numbers as they are compared with another company's: with country and kind."""
        numbers = ((one.number, one.country or self.home) for one in self.tax_registrations)
        return frozenset(tax_kinds.key(number, country) for number, country in numbers if normal(number))

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        """Return what it is looked up by. Equal digits of two countries are found so, too: `tax_keys` tells them apart."""
        found = [("number", normal(self.number))] if self.number else []
        for registration in self.tax_registrations:
            pair = ("tax_id", normal(registration.number))
            if pair[1] and pair not in found:
                found.append(pair)
        if self.party_id:
            found.append(("party", self.party_id))
        return tuple(found)


class SupplierBankAccount(CanonicalRecord):
    """A bank account of a supplier: fingerprint and last characters only, the number stays in its system."""

    entity: ClassVar[str] = "supplier_bank_account"
    contract: ClassVar[str] = "supplier_bank_account/1.6"
    owner: ClassVar[str] = "treasury"

    supplier_id: str | None = Field(default=None, description="External id of the supplier, where known")
    party_id: str | None = Field(
        default=None, description="External id of the party, where that is the owner"
    )
    fingerprint: str = Field(
        description="HMAC-SHA-256 of the normalised IBAN or account number, under the workspace's own key"
    )
    masked: str = Field(description="What may be shown: country and last four characters")
    country: str | None = Field(default=None, description="ISO 3166 alpha-2 of the bank's country")
    is_active: bool = Field(default=True, description="Whether it is paid to")
    problem: str | None = Field(
        default=None,
        description="Why number or bank code can't be right, found where the number was still known",
    )
    terms: str | None = Field(
        default=None,
        description="The same of number, bank code and country together, where its system tells all that a payment needs",
    )
    bic: str | None = Field(default=None, description="Code of the bank, which names no account")
    is_deleted: bool = Field(
        default=False, description="Its system shows it no more: deleted there, not only deactivated"
    )

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        found = [("bank_account", self.fingerprint)]
        if self.supplier_id:
            found.append(("supplier", self.supplier_id))
        if self.party_id:
            found.append(("owner_party", self.party_id))
        return tuple(found)


def fingerprint(account_number: str, key: bytes) -> str:
    """Return what two systems can compare without either number being stored: under the workspace's key, as there are few
    enough numbers of a country's accounts to try them all."""
    return keyed(hashlib.sha256(normal(account_number).encode()).hexdigest(), key)


def keyed(plain: str, key: bytes) -> str:
    """Return the fingerprint of an account whose plain SHA-256 is known: stores of older versions hold nothing else of it."""
    return hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()


def is_same_bank(bic: str, other: str) -> bool:
    """Say whether two bank codes name one bank and branch: a head office may be written with eight characters.

    >>> is_same_bank("COBADEFF", "cobadeffxxx"), is_same_bank("COBADEFF", "COBADEFF370")
    (True, False)
    """
    one, two = (normal(code).ljust(11, "X") for code in (bic, other))
    return one == two


def terms(account_number: str, bic: str | None, country: str | None, key: bytes) -> str:
    """Return what stands for an account with its bank: an account number alone means another account at another bank.

    >>> terms("12345678", "BARCGB22", "GB", b"key") == terms("12345678", "NWBKGB2L", "GB", b"key")
    False
    """
    told = "|".join((normal(account_number), normal(bic or ""), normal(country or "")))
    return keyed(hashlib.sha256(told.encode()).hexdigest(), key)


def masked(account_number: str) -> str:
    """Return the part of an account number that may be seen.

    >>> masked("DE89 3704 0044 0532 0130 00"), masked("000123456789")
    ('DE…3000', '…6789')
    """
    shown = normal(account_number)
    country = (
        shown[:2] if shown[:2].isalpha() else ""
    )  # an IBAN's; the first digits of other numbers are digits of the account
    return f"{country}…{shown[-4:]}" if len(shown) > 8 else "…"


def account_problem(iban: str | None, bic: str | None = None) -> str | None:
    """Return why an IBAN or BIC can't be right, without repeating it; None when nothing speaks against them.

    >>> account_problem("DE89 3704 0044 0532 0130 01"), account_problem("DE89 3704 0044 0532 0130 00", "COBADEFFXXX")
    ('the check digits of the IBAN are wrong', None)
    """
    from schwifty import BIC, IBAN
    from schwifty import exceptions as wrong

    for what, number, make in (("IBAN", iban, IBAN), ("BIC", bic, BIC)):
        if not number:
            continue
        try:
            make(normal(number))
        except (wrong.InvalidChecksumDigits, wrong.InvalidBBANChecksum):
            return f"the check digits of the {what} are wrong"
        except wrong.InvalidLength:
            return f"the {what} has the wrong length for its country"
        except wrong.InvalidCountryCode:
            return f"the {what} names no country that has one"
        except wrong.SchwiftyException:
            return f"the {what} is not built as its country's are"
    return None
