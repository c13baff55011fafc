"""What is wrong with a supplier's data: what is missing, and which numbers can't be right. Pure.

Tax ids and VAT numbers are checked by python-stdnum, which knows the rules of each country; a country it does not know is
not judged. Bank accounts were checked where they were read, since their numbers go no further.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any, Final, NamedTuple

from finsync_tui.profile.suppliers import Required, SupplierPolicy
from finsync_tui.suppliers import bank_countries
from finsync_tui.suppliers.normal_form import NAMELESS, normalise
from store.canonical.supplier import Supplier, SupplierBankAccount, TaxRegistration, normal

_NUMBERS: Final = {  # modules of python-stdnum that say what a company of that country may give as its number
    "AT": "at.uid at.tin at.businessid", "AU": "au.abn au.acn", "BE": "be.vat", "BR": "br.cnpj br.cpf", "CA": "ca.bn",
    "CH": "ch.uid ch.vat", "CN": "cn.uscc", "CZ": "cz.dic", "DE": "de.vat de.stnr de.idnr", "DK": "dk.cvr",
    "ES": "es.nif es.cif", "FI": "fi.alv fi.ytunnus", "FR": "fr.tva fr.siren fr.siret", "GB": "gb.vat gb.utr", "GR": "gr.vat",
    "IE": "ie.vat", "IT": "it.iva it.codicefiscale", "JP": "jp.cn jp.in_", "MX": "mx.rfc", "NL": "nl.btw", "NO": "no.mva no.orgnr",
    "PL": "pl.nip pl.regon", "PT": "pt.nif", "RU": "ru.inn ru.ogrn", "SE": "se.vat se.orgnr", "US": "us.ein us.tin",
    "BG": "bg.vat", "CY": "cy.vat", "EE": "ee.kmkr ee.registrikood", "HR": "hr.oib", "HU": "hu.anum", "IN": "in_.gstin in_.pan",
    "LT": "lt.pvm", "LU": "lu.tva", "LV": "lv.pvn", "MT": "mt.vat", "RO": "ro.cf ro.cui", "SI": "si.ddv", "SK": "sk.dph",
    "TR": "tr.vkn tr.tckimlik",
}  # fmt: skip
_JUDGED: Final = {  # lengths of the numbers that these know; a register's number of another length is not judged
    "BG": (9, 10), "CY": (9,), "EE": (8, 9), "HR": (11,), "HU": (8,), "IN": (10, 15), "LT": (12,), "LU": (8,), "LV": (11,),
    "MT": (8,), "RO": (2, 3, 4, 5, 6, 7, 8, 9, 10), "SI": (8,), "SK": (10,), "TR": (10, 11),
}  # fmt: skip
_POSTCODES: Final = {
    "AT": r"\d{4}", "BE": r"\d{4}", "CH": r"\d{4}", "CZ": r"\d{3} ?\d{2}", "DE": r"\d{5}", "DK": r"\d{4}", "ES": r"\d{5}",
    "FI": r"\d{5}", "FR": r"\d{5}", "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", "GR": r"\d{3} ?\d{2}", "IT": r"\d{5}",
    "NL": r"\d{4} ?[A-Z]{2}", "PL": r"\d{2}-?\d{3}", "PT": r"\d{4}-?\d{3}", "SE": r"\d{3} ?\d{2}", "US": r"\d{5}(-\d{4})?",
}  # fmt: skip


class Problem(NamedTuple):
    """One thing that is wrong with a supplier."""

    class_: str
    """The stable code: see docs/errors.md."""
    field: str
    cause: str
    fix: str


def problems(
    supplier: Supplier, accounts: Sequence[SupplierBankAccount] = (), policy: SupplierPolicy | None = None
) -> list[Problem]:
    """Return what is missing or can't be right, in order of the fields. An inactive supplier has no problems."""
    if supplier.status == "inactive":
        return []
    required = policy.required_in(supplier.home) if policy is not None else ()
    found = [*_missing(supplier, accounts, required), *_tax(supplier), *_address(supplier)]
    for account in accounts:
        if account.is_active and account.problem:
            found.append(
                Problem(
                    "BANK_ACCOUNT_INVALID", "bank account", f"bank account {account.masked}: {account.problem}",
                    "Ask the supplier on a way that you know already, not by the letter that brought the number.",
                )
            )  # fmt: skip
    return found


def countries(supplier: Supplier, accounts: Iterable[SupplierBankAccount]) -> list[Problem]:
    """Return the active accounts whose countries can't be so together, or that are in another one than their supplier."""
    return [
        Problem(
            "BANK_COUNTRY_DIFFERS", "bank account", f"bank account {account.masked}: {'; '.join(said)}",
            "Ask the supplier on a way that you know already why it is so, or have it corrected where it is maintained.",
        )
        for account in accounts
        if account.is_active and (said := bank_doubts(account, supplier.home))
    ]  # fmt: skip


def bank_doubts(account: SupplierBankAccount, home: str | None) -> list[str]:
    """Return what speaks against the countries of an account."""
    away = bank_countries.abroad(account, home)
    return [*bank_countries.impossible(account), *([away] if away else [])]


def _missing(
    supplier: Supplier, accounts: Sequence[SupplierBankAccount], required: Collection[Required]
) -> Iterable[Problem]:
    address = supplier.address
    wanted: list[tuple[str, object]] = [
        ("name", has_name(supplier.name)),
        ("country", supplier.country or (address and address.country)),
    ]
    if supplier.kind == "company":
        wanted += [
            ("tax id", supplier.tax_registrations),
            ("address", address and (address.postcode or address.town)),
        ]
        more = {
            "street": address and address.street,
            "postcode": address and address.postcode,
            "town": address and address.town,
            "vat_number": any(_is_vat(one, supplier.home) for one in supplier.tax_registrations),
            "bank_account": any(one.is_active for one in accounts),
        }
        wanted += [(name.replace("_", " "), more[name]) for name in required]
    missing = [what for what, value in wanted if not value]
    if missing:
        yield Problem(
            "SUPPLIER_INCOMPLETE",
            missing[0],
            f"it has no {', no '.join(missing)}",
            "Complete it where it is maintained.",
        )


def has_name(name: str) -> bool:
    """Say whether a name names anybody: signs alone do not, nor does a legal form alone.

    >>> has_name("..."), has_name(" GmbH "), has_name("株式会社"), has_name("SAS AB")
    (False, False, False, True)
    """
    return not NAMELESS.issuperset(normalise(name).text.split())


def _is_vat(one: TaxRegistration, home: str | None) -> bool:
    """Say whether a number is written as a VAT number: with its country before it, Greece's being EL."""
    country = one.country or home
    return country is not None and normal(one.number).startswith("EL" if country == "GR" else country)


def _tax(supplier: Supplier) -> Iterable[Problem]:
    for one in supplier.tax_registrations:
        country = one.country or supplier.home
        if country and not is_tax_number(one.number, country):
            yield Problem(
                "TAX_ID_INVALID", "tax id", f"{one.number} is no tax or VAT number of {country}: length or check digit",
                "Compare it with an invoice or the register, and correct it where it is maintained.",
            )  # fmt: skip


def _address(supplier: Supplier) -> Iterable[Problem]:
    address = supplier.address
    country = (address.country if address else None) or supplier.country
    rule = _POSTCODES.get(country or "")
    if address and address.postcode and rule and not re.fullmatch(rule, address.postcode.strip().upper()):
        yield Problem(
            "POSTCODE_INVALID", "address", f"{address.postcode} is no postcode of {country}",
            "Correct the postcode, or the country.",
        )  # fmt: skip


def is_tax_number(number: str, country: str) -> bool:
    """Say whether a company of that country may have this number; True where no rule is known.

    >>> is_tax_number("DE 136 695 976", "DE"), is_tax_number("DE136695977", "DE"), is_tax_number("any", "AQ")
    (True, False, True)
    >>> is_tax_number("12892312-2-41", "HU"), is_tax_number("HU12892313", "HU"), is_tax_number("000000000", "US")
    (True, False, False)
    """
    names = _NUMBERS.get("GR" if country == "EL" else country)
    if names is None:
        return True
    shown = normal(number)
    if not shown.strip("0"):
        return False
    bare = shown[2:] if shown[:2] in (country, "EL" if country == "GR" else country) else shown
    if country == "HU" and len(bare) == 11:
        shown = bare = bare[:8]  # with the kind of taxation and the district
    if country in _JUDGED and len(bare) not in _JUDGED[country]:
        return True
    return any(_module(name).is_valid(text) for name in names.split() for text in {shown, bare})


@lru_cache(maxsize=64)
def _module(name: str) -> Any:
    return import_module(f"stdnum.{name}")
