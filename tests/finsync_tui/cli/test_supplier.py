"""`finsync supplier`: who is the same, what people say of it, what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from finsync_tui.profile.suppliers import Thresholds
from finsync_tui.suppliers import identity, sweeping
from store import audit, records
from store.canonical.keys import RecordKey
from store.canonical.supplier import SupplierAddress
from tests.builders import MONDAY, a_supplier
from tests.finsync_tui.cli.conftest import EVIL, Finsync

HULL = SupplierAddress(postcode="HU1 1AA", town="Hull", country="GB")


@pytest.fixture
def suppliers(finsync: Finsync) -> Finsync:
    """Two of Coupa that are one, its twin in the ERP, and one with a hostile name."""
    held: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
        "coupa": [
            ("1", "Harbour Paper Ltd", {}),
            ("2", "HARBOUR PAPER LIMITED", {}),
            ("3", EVIL, {"address": None, "country": None}),
        ],
        "oracle-emea": [("9", "Harbor Paper", {})],
    }
    with finsync.store() as store:
        for system, rows in held.items():
            made = [
                records.Incoming(
                    n,
                    a_supplier(**{"number": f"N{n}", "name": name, "country": "GB", "address": HULL,
                                  "tax_registrations": (), **changes}),
                    f"{system}{n}".encode(),
                )
                for n, name, changes in rows
            ]  # fmt: skip
            with store.transaction() as db:
                records.put_page(db, "supplier", system, made, MONDAY)
        sweeping.sweep(store, Thresholds(), MONDAY)
    return finsync


def test_likely_duplicates_are_listed_with_their_evidence(suppliers: Finsync) -> None:
    """The likeliest first; a check exits with 3 while any waits."""
    checked = suppliers("supplier", "duplicates", "--check", "--json")
    found = checked.json
    within = suppliers("supplier", "duplicates", "--within", "coupa", "--json").json

    assert 3 == checked.code
    assert 3 == found["counts"]["open"] == len(found["pairs"])
    assert [("coupa:1", "coupa:2")] == [(p["one"], p["other"]) for p in within["pairs"]]
    assert "the same postcode HU11AA, the same town hull" in [
        e["what"] for e in within["pairs"][0]["evidence"]
    ]


def test_an_answer_is_kept_audited_and_never_asked_again(suppliers: Finsync) -> None:
    """Many at once, two by two; what is the same in the ERP is found by its documents from then on."""
    done = suppliers(
        "supplier", "same", "coupa:1", "oracle-emea:9", "coupa:2", "oracle-emea:9", "--reason", "one VAT number"
    )  # fmt: skip
    suppliers("supplier", "different", "coupa:1", "coupa:2", "--reason", "no")
    left = suppliers("supplier", "duplicates", "--check", "--json").json
    suppliers("supplier", "compare")
    again = suppliers("supplier", "duplicates", "--json").json

    assert "2 pairs are one supplier" in done.out
    assert {"open": 0, "likely": 0, "same": 2, "different": 1} == left["counts"] == again["counts"]
    with suppliers.store() as store:
        found = identity.identify(store.db, RecordKey("coupa", "1"), None, "oracle-emea")
        noted = store.db.execute(
            "SELECT count(*) FROM v_audit WHERE what LIKE 'supplier.found_%'"
        ).fetchone()[0]
        assert audit.verify(store.db).is_intact
    assert isinstance(found, identity.Identified)
    assert ("9", "person", 3) == (found.external_id, found.proof, noted)


def test_a_slip_in_an_answer_changes_nothing(suppliers: Finsync) -> None:
    """An unknown key, a pair of one, a lonely key, or no reason."""
    for arguments, code in (
        (["coupa:1", "coupa:77"], 1),
        (["coupa:1", "coupa:1"], 1),
        (["coupa:1"], 2),
        (["coupa:1", "coupa:2", "coupa:3"], 2),
    ):
        assert code == suppliers("supplier", "same", *arguments, "--reason", "x").code
    assert 1 == suppliers("supplier", "same", "coupa:1", "coupa:2").code

    assert 0 == suppliers("supplier", "duplicates", "--json").json["counts"]["same"]


def test_one_is_shown_with_what_is_wrong_and_who_it_may_be(suppliers: Finsync) -> None:
    """A hostile name can't steer the terminal."""
    shown = suppliers("supplier", "show", "coupa:1")
    data = suppliers("supplier", "show", "coupa:1", "--json").json
    listed = suppliers("supplier", "list", "acme")
    problems = suppliers("supplier", "check", "--system", "coupa", "--check", "--json").json

    assert "link: oracle-emea:9" in shown.out
    assert ["link", "link"] == [one["band"] for one in data["similar"]]
    assert "\x1b" not in listed.out
    assert "coupa:3" in listed.out
    assert ["SUPPLIER_INCOMPLETE"] * 3 == [one["class"] for one in problems]
