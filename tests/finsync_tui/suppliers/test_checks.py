"""What is missing or can't be right in a supplier's data is said with what to do."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from adapters.coupa import bank
from finsync_tui.profile.suppliers import SupplierPolicy
from finsync_tui.suppliers import bank_countries, checks
from finsync_tui.suppliers.checks import is_tax_number, problems
from store.canonical.supplier import (
    Supplier,
    SupplierAddress,
    SupplierBankAccount,
    TaxRegistration,
    account_problem,
)
from tests.adapters.held_secrets import ACCOUNT_KEY
from tests.builders import a_supplier

BERLIN = SupplierAddress(postcode="10115", town="Berlin", country="DE")


def a_whole_supplier(**changes: Any) -> Supplier:
    fields: dict[str, Any] = {
        "address": BERLIN,
        "tax_registrations": (TaxRegistration(number="DE136695976", country="DE"),),
    }
    return a_supplier(**fields | changes)


@pytest.mark.parametrize(
    ("changes", "classes"),
    [
        ({}, []),
        ({"tax_registrations": ()}, ["SUPPLIER_INCOMPLETE"]),
        ({"address": None}, ["SUPPLIER_INCOMPLETE"]),
        ({"name": ".. -"}, ["SUPPLIER_INCOMPLETE"]),
        (
            {"address": None, "country": None, "tax_registrations": (), "kind": "employee"},
            ["SUPPLIER_INCOMPLETE"],
        ),
        ({"address": None, "tax_registrations": (), "kind": "one_time"}, []),
        ({"tax_registrations": (TaxRegistration(number="DE136695977"),)}, ["TAX_ID_INVALID"]),
        ({"tax_registrations": (TaxRegistration(number="anything", country="AQ"),)}, []),
        (
            {"country": None, "tax_registrations": (TaxRegistration(number="garbage"),)},
            ["TAX_ID_INVALID"],
        ),
        ({"address": BERLIN.model_copy(update={"postcode": "1011"})}, ["POSTCODE_INVALID"]),
        ({"status": "inactive", "address": None, "tax_registrations": ()}, []),
    ],
)
def test_what_is_wrong_has_a_class_a_cause_and_a_fix(changes: dict[str, Any], classes: list[str]) -> None:
    """Employees and one-time suppliers need less; an inactive supplier needs nothing."""
    found = problems(a_whole_supplier(**changes))

    assert classes == [one.class_ for one in found]
    assert all(one.cause and one.fix for one in found)


@pytest.mark.parametrize(
    ("number", "country", "is_right"),
    [
        ("GB 980 7806 84", "GB", True),
        ("GB 802 311 781", "GB", False),
        ("IT 00743110157", "IT", True),
        ("EL 094259216", "GR", True),
        ("94-2404110", "US", True),
        ("5.3", "US", False),
        ("00-0000000", "US", False),
        ("HU12892312", "HU", True),
        ("12892313-2-41", "HU", False),
        ("RO18547290", "RO", True),
        ("RO18547291", "RO", False),
        ("SK2022749619", "SK", True),
        ("12345678", "SK", True),
        ("27AAPFU0939F1ZV", "IN", True),
        ("27AAPFU0939F1ZX", "IN", False),
        ("", "DE", False),
        ("\x1b[2J", "FR", False),
    ],
)
def test_tax_numbers_follow_the_rules_of_their_country(number: str, country: str, is_right: bool) -> None:
    """With or without the country before it, spaces and dots; hostile text is simply wrong."""
    assert is_right == is_tax_number(number, country)


@pytest.mark.parametrize(
    ("iban", "bic", "problem"),
    [
        ("DE89 3704 0044 0532 0130 00", "COBADEFFXXX", None),
        ("DE89 3704 0044 0532 0130 01", None, "the check digits of the IBAN are wrong"),
        ("DE89 3704 0044 0532", None, "the IBAN has the wrong length for its country"),
        ("DE89 3704 0044 0532 0130 00", "COBA", "the BIC has the wrong length for its country"),
        ("\x00", None, None),
        (None, None, None),
    ],
)
def test_an_account_is_judged_without_repeating_it(
    iban: str | None, bic: str | None, problem: str | None
) -> None:
    """What is said holds no digit of the number."""
    found = account_problem(iban, bic)

    assert problem == found or (iban == "\x00" and found is not None)
    assert not any(letter.isdigit() for letter in found or "")


def test_a_bad_account_reaches_the_store_as_a_problem_and_never_as_a_number() -> None:
    """It is found in the client, where the number is taken out."""
    profile = b"""{"id": 31, "supplier-id": 88, "supplier-information-addresses":
        [{"id": 77, "iban-number": "DE89370400440532013001", "active": true}]}"""

    (row,) = bank.redacted([profile], ACCOUNT_KEY)

    assert b"0532013001" not in row
    assert "the check digits of the IBAN are wrong" == msgspec.json.decode(row)["problem"]
    account = SupplierBankAccount(
        number="x", fingerprint="f", masked="DE…3001", problem="the check digits are wrong"
    )
    assert ["BANK_ACCOUNT_INVALID"] == [one.class_ for one in problems(a_whole_supplier(), [account])]


def an_account(masked: str, country: str | None, bic: str | None) -> SupplierBankAccount:
    return SupplierBankAccount(number="x", fingerprint="f" * 64, masked=masked, country=country, bic=bic)


@pytest.mark.parametrize(
    ("masked", "country", "bic", "said"),
    [
        ("DE…3000", "DE", "COBADEFFXXX", []),
        ("DE…3000", "DE", "BNPAFRPPXXX", ["its IBAN is of DE, its bank code BNPAFRPPXXX of FR"]),
        ("DE…3000", "CH", None, ["its IBAN is of DE, its bank is said to be in CH"]),
        ("FR…0606", "RE", "BNPARERXXXX", []),
        ("GB…6819", "JE", "NWBKGB2L", []),
        ("…5678", "GB", "NWBKGB2L", []),
        ("…5678", "GB", "DEUTDEFF", ["its bank code DEUTDEFF is of DE, its bank is said to be in GB"]),
        ("…5678", "DE", None, ["it is in DE and has no IBAN"]),
        ("…5678", "US", "CHASUS33", []),
    ],
)
def test_countries_of_an_account_that_can_not_be_so_together(
    masked: str, country: str | None, bic: str | None, said: list[str]
) -> None:
    """Of its IBAN, its bank code and its bank; territories have the IBAN of their country."""
    assert said == bank_countries.impossible(an_account(masked, country, bic))


def test_an_account_abroad_is_told() -> None:
    """The usual sign of a fraud, and no error."""
    ours, theirs = an_account("DE…3000", "DE", None), an_account("LT…1000", "LT", "REVOLT21XXX")
    supplier = a_supplier(name="Muster GmbH", country="DE")

    assert [] == checks.countries(supplier, [ours])
    (found,) = checks.countries(supplier, [ours, theirs])
    assert ("BANK_COUNTRY_DIFFERS", "bank account LT…1000: it is in LT, and its supplier in DE") == (
        found.class_,
        found.cause,
    )


def test_what_a_country_requires_is_the_profiles_to_say() -> None:
    """Beside what every company needs."""
    policy = SupplierPolicy.model_validate(
        {"required": {"*": ["street"], "DE": ["vat_number", "bank_account"]}}
    )
    supplier = a_whole_supplier(tax_registrations=(TaxRegistration(number="143/302/38122", country="DE"),))

    (found,) = checks.problems(supplier, (), policy)

    assert "it has no street, no vat number, no bank account" == found.cause
    assert [] == [one for one in checks.problems(supplier) if one.class_ == "SUPPLIER_INCOMPLETE"]


@pytest.mark.parametrize("name", ["GmbH", " Ltd ", "---", "   ", "株式会社", "(株)", "有限会社", "股份有限公司", "股份", "公司", "주식회사", "株式会社 株式会社",
                                  "Kabushiki Kaisha", "GmbH & Co. KG", "Co., Ltd."])  # fmt: skip
def test_a_legal_form_or_signs_alone_are_no_name(name: str) -> None:
    (found,) = problems(a_whole_supplier(name=name))

    assert ("SUPPLIER_INCOMPLETE", "it has no name") == (found.class_, found.cause)


@pytest.mark.parametrize(
    "name", ["SAS AB", "EG A/S", "AO", "CO2 GmbH", "KK", "キヤノン株式会社", "株式会社公文"]
)
def test_short_names_are_names(name: str) -> None:
    assert [] == problems(a_whole_supplier(name=name))
