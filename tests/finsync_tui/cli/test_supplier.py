"""`finsync supplier`: who is the same, what people say of it, what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from finsync_tui.profile import Profile
from finsync_tui.profile.suppliers import Thresholds
from finsync_tui.suppliers import golden, identity, sweeping
from store import Store, audit, records, workflows
from store.canonical.keys import RecordKey
from store.canonical.supplier import SupplierAddress, SupplierBankAccount
from tests.builders import MONDAY, a_supplier
from tests.finsync_tui.cli.conftest import EVIL, Finsync

EXPENSES = """
[systems.concur]
adapter = "concur"
base_url = "http://127.0.0.1:9"
options = {vendor_currencies = {"*" = "GBP"}}
"""
HULL = SupplierAddress(postcode="HU1 1AA", town="Hull", country="GB")


@pytest.fixture
def suppliers(finsync: Finsync) -> Finsync:
    """Two of Coupa that are one, its twin in the ERP, and one with a hostile name."""
    with finsync.store() as store:
        put_suppliers(store)
    return finsync


def put_suppliers(store: Store) -> None:
    held: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
        "coupa": [
            ("1", "Harbour Paper Ltd", {}),
            ("2", "HARBOUR PAPER LIMITED", {}),
            ("3", EVIL, {"address": None, "country": None}),
        ],
        "oracle-emea": [("9", "Harbor Paper", {})],
    }
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
    golden.consolidate(store, Profile.model_validate({"systems": {}}), MONDAY)


def test_likely_duplicates_are_listed_with_their_evidence(suppliers: Finsync) -> None:
    """The likeliest first; a check exits with 3 while any waits. What is one supplier already waits for nothing."""
    checked = suppliers("supplier", "duplicates", "--check", "--json")
    found = checked.json
    within = suppliers("supplier", "duplicates", "--within", "coupa", "--json").json

    assert 3 == checked.code
    assert 2 == found["counts"]["open"] == len(found["pairs"])
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
        found = identity.identify(store.db, RecordKey("coupa", "1"), None, "oracle-emea", lambda *_: None)
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


def test_the_golden_record_says_where_each_field_comes_from(suppliers: Finsync) -> None:
    """By the key of a record or its own; what others say of a field, the records, and what it was before."""
    shown = suppliers("supplier", "show", "coupa:1")
    data = suppliers("supplier", "show", "coupa:1", "--json").json["golden"]
    own = suppliers("supplier", "show", data["key"], "--json").json["golden"]
    history = suppliers("supplier", "history", data["key"], "--json").json
    unknown = suppliers("supplier", "show", "golden:999")
    nonsense = suppliers("supplier", "history", "nonsense")

    name = next(one for one in data["fields"] if one["field"] == "name")
    assert ("coupa:1", "most_trusted") == (name["from"], name["rule"])
    assert [{"from": "oracle-emea:9", "value": "Harbor Paper"}] == name["others"]
    assert ["coupa:1", "oracle-emea:9"] == [one["record_key"] for one in data["records"]]
    assert data == own
    assert "oracle-emea:9 says Harbor Paper" in shown.out
    assert [(1, ["coupa:1", "oracle-emea:9"])] == [(v["version"], v["records"]) for v in history["versions"]]
    assert (1, 1) == (unknown.code, nonsense.code)
    assert "finsync supplier list" in nonsense.err


def test_a_profile_that_names_an_unknown_owner_or_field_is_told(suppliers: Finsync) -> None:
    """Before anything is read by it."""
    (profile,) = suppliers.path.parent.rglob("profile.toml")
    profile.write_text(
        profile.read_text()
        + """
[ownership]
supplier = "cupa"
"supplier.nmae" = "coupa"
"""
    )

    found = suppliers("profile", "check", "--json").json

    told = str(found)
    assert "there is no system 'cupa'" in told
    assert "a supplier has no field 'nmae'" in told


def test_a_double_is_merged_listed_and_parted_by_commands(suppliers: Finsync) -> None:
    """A preview changes nothing; a merge without a reason is refused; what is not merged yet can't be parted."""
    (profile,) = suppliers.path.parent.rglob("profile.toml")
    profile.write_text(profile.read_text() + EXPENSES)
    with suppliers.store() as store:
        put_vendors(store)
    preview = suppliers("supplier", "merge", "coupa:1", "coupa:2", "--preview")
    vendors = suppliers("supplier", "merge", "concur:V-1/MAIN", "concur:V-2/MAIN", "--preview", "--json").json
    data = suppliers("supplier", "merge", "coupa:1", "coupa:2", "--preview", "--json").json
    without = suppliers("supplier", "merge", "coupa:1", "coupa:2")
    none = suppliers("supplier", "merges", "--json").json
    made = suppliers("supplier", "merge", "coupa:1", "coupa:2", "--reason", "one VAT number", "--json").json
    (listed,) = suppliers("supplier", "merges", "--json").json
    early = suppliers("supplier", "unmerge", made["merge"], "--reason", "no")
    decided = suppliers("supplier", "decide-merge", made["merge"], "--reject", "--reason", "no")

    assert "coupa:1 stays" in preview.out
    assert ["coupa:2"] == [one["key"] for one in data["endings"]]
    assert [] == data["unrestored"]
    assert ["concur:V-2/MAIN"] == [one["supplier"] for one in vendors["unrestored"]]
    assert "means the same" in vendors["unrestored"][0]["shows"]
    assert [] == none
    assert (1, 1, 1) == (without.code, early.code, decided.code)
    assert ("merging", "coupa:2", made["workflow"]) == (listed["state"], listed["double"], listed["workflow"])
    assert "finsync workflow abort" in early.err


def put_vendors(store: Store) -> None:
    """Two vendors of the expense tool that do not say whether they are approved."""
    rows = [
        records.Incoming(
            f"{code}/MAIN", a_supplier(number=code, name="Quay Paper", country="GB"), b'{"VendorCode":"%s"}' % code.encode()
        )
        for code in ("V-1", "V-2")
    ]  # fmt: skip
    with store.transaction() as db:
        records.put_page(db, "supplier", "concur", rows, MONDAY)
    golden.consolidate(store, Profile.model_validate({"systems": {}}), MONDAY)


def put_bank_change(store: Store) -> int:
    """Hold another account of a supplier that the ERP has, and have an invoice of it under way."""
    account = SupplierBankAccount(number="x", supplier_id="1", fingerprint="f" * 64, masked="GB…3000")
    with store.transaction() as db:
        records.put_page(db, "supplier_bank_account", "coupa", [records.Incoming("a", account, b"a")], MONDAY)
        plans = [{"supplier": "oracle-emea:9", "adds": True, "ends": [], "old": ["GB…1111"]}]
        change = workflows.start(
            db, flow="supplier_bank_change", kind="change", entity="supplier_bank_account", document_key="coupa:a",
            document_number="GB…3000", document_version=1, document_revision="", step="await_approval", state="held",
            data={"supplier": "coupa:1", "plans": plans}, now=MONDAY,
        )  # fmt: skip
        workflows.start(
            db, flow="invoice_to_payment", kind="create", entity="invoice", document_key="coupa:77",
            document_number="INV-77", document_version=1, document_revision="", step="await_payment", state="waiting",
            target="oracle-emea", amount_minor=120_450, currency="EUR", data={"supplier_id": "9"}, now=MONDAY,
        )  # fmt: skip
    assert change is not None
    return change


def test_held_bank_details_are_listed_shown_and_refused_by_commands(suppliers: Finsync) -> None:
    """Masked; with what is under way; a check exits with 3 while one waits; one person is enough where nobody is listed."""
    with suppliers.store() as store:
        change = put_bank_change(store)
    listed = suppliers("supplier", "bank-list", "--check", "--json")
    shown = suppliers("supplier", "bank-show", change)
    early = suppliers("supplier", "bank-approve", change)
    silent = suppliers("supplier", "bank-confirm", change)
    confirmed = suppliers("supplier", "bank-confirm", change, "--reason", "called back", "--json").json
    again = suppliers("supplier", "bank-confirm", change, "--reason", "called back")
    refused = suppliers("supplier", "bank-refuse", change, "--reason", "fraud", "--json").json

    assert 3 == listed.code
    assert [("coupa:1", ["GB…1111"], "GB…3000")] == [(o["supplier"], o["old"], o["new"]) for o in listed.json]
    assert "GB…3000" in shown.out
    assert "under way: invoice INV-77, 1,204.50 EUR (await_payment)" in shown.out
    assert (2, 1, 1) == (early.code, silent.code, again.code)
    assert ("approved", "refused") == (confirmed["state"], refused["state"])


def test_two_are_shown_side_by_side_with_what_was_said_of_pairs_like_them(suppliers: Finsync) -> None:
    """What differs, what speaks for them, and an answered pair of the same kind as an example."""
    before = suppliers("supplier", "pair", "coupa:1", "coupa:2", "--json").json
    suppliers("supplier", "same", "coupa:1", "oracle-emea:9", "--reason", "one VAT number")
    data = suppliers("supplier", "pair", "coupa:1", "coupa:2", "--json").json
    shown = suppliers("supplier", "pair", "coupa:1", "coupa:2")

    assert [] == before["examples"]
    assert [("coupa:1", "oracle-emea:9", "same", "one VAT number")] == [
        (e["one"], e["other"], e["answer"], e["reason"]) for e in data["examples"]
    ]
    assert ["key", "number", "name"] == [one["field"] for one in data["fields"] if one["differs"]]
    assert data["evidence"]
    assert "like coupa:1 and oracle-emea:9" in shown.out


def test_the_figures_of_duplicates_are_printed(suppliers: Finsync) -> None:
    """By system and by legal entity, as the report has them."""
    with suppliers.store() as store, store.transaction() as db:
        db.execute("UPDATE golden_member SET legal_entities='[\"DE01\"]' WHERE system='oracle-emea'")
    rows = {one["name"]: one for one in suppliers("supplier", "quality", "--json").json}
    shown = suppliers("supplier", "quality").out
    reported = suppliers("report", "supplier-quality", "--json").json

    assert ("system", "legal entity") == (rows["coupa"]["scope"], rows["DE01"]["scope"])
    assert (0, 0, 0) == (rows["DE01"]["prevented"], rows["DE01"]["found"], rows["DE01"]["asked"])
    assert "prevented" in shown
    assert reported == list(rows.values())


def test_the_quality_report_counts_by_system_and_legal_entity(suppliers: Finsync, tmp_path: Path) -> None:
    """Pairs that wait, likely ones, and merges."""
    suppliers("supplier", "merge", "coupa:1", "coupa:2", "--reason", "one VAT number")
    suppliers("report", "supplier-quality", "--format", "json", "--output", tmp_path / "q.json")

    shown = suppliers("supplier", "quality", "--json").json
    rows = {one["name"]: one for one in json.loads((tmp_path / "q.json").read_text())}
    assert (3, 1) == (rows["coupa"]["records"], rows["oracle-emea"]["open"])
    assert 0 == rows["coupa"]["prevented"]
    assert {(one["scope"], one["name"]) for one in rows.values()} <= {
        (one["scope"], one["name"]) for one in shown
    }
