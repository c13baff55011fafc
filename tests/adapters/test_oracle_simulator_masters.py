"""Suppliers, segment values and look-ups in the simulated pod (sheet, sections 5, 6 and 9.3)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.adapters.oracle_pod import BUYER, CHART, ROOT, UNIT, Pod, a_pod, checker, complaint, own

HARBOUR = {
    "Supplier": "Quay Stationers",
    "BusinessRelationshipCode": "SPEND_AUTHORIZED",
    "TaxOrganizationTypeCode": "CORPORATION",
    "TaxpayerCountry": "GB",
    "TaxpayerId": "GB987654321",
    "addresses": [{"AddressName": "HQ", "CountryCode": "GB", "AddressLine1": "1 Quay St", "City": "Bristol"}],
}


def a_site(**changes: Any) -> dict[str, Any]:
    return {"ProcurementBUId": UNIT, "SupplierSite": "BRISTOL", "SitePurposePurchasingFlag": True, **changes}


def cost_centres(pod: Pod) -> str:
    """Return the address of the cost centre values: the key of a value set is opaque."""
    (found,) = pod.items("valueSets", q="ValueSetCode = 'UK Cost Center'")
    return f"{own(found)}/child/values"


class TestSuppliers:
    def test_a_supplier_is_created_with_its_children(self) -> None:
        """201 with Location, a generated number and party, and the children that were sent along."""
        pod = a_pod()

        answer = pod.post("suppliers", {**HARBOUR, "sites": [a_site(SupplierAddressName="HQ")]})
        (read,) = pod.items("suppliers", q="TaxpayerId = 'GB987654321'", expand="sites,addresses")

        assert 201 == answer.status_code
        assert own(answer.json()) == answer.headers["location"]
        assert read["SupplierNumber"].isdigit()
        assert ("ACTIVE", "Spend Authorized") == (read["Status"], read["BusinessRelationship"])
        assert (
            read["addresses"]["items"][0]["SupplierAddressId"]
            == read["sites"]["items"][0]["SupplierAddressId"]
        )

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"Supplier": "Harbor Office Supply Ltd"}, "POZ-2130001"),
            ({"SupplierNumber": "1001"}, "POZ-2130002"),
            ({"sites": [{"ProcurementBUId": 7, "SupplierSite": "X"}]}, "POZ-2130020"),
        ],
    )
    def test_names_and_numbers_are_unique_and_units_known(self, changes: dict[str, Any], code: str) -> None:
        """What exists already, or belongs nowhere, is a 400 and leaves nothing behind."""
        pod = a_pod()

        answer = pod.post("suppliers", {**HARBOUR, **changes})

        assert code == complaint(answer)[0]
        assert 1 == len(pod.items("suppliers"))

    def test_a_past_inactive_date_ends_a_supplier(self) -> None:
        """Status follows InactiveDate, and no order can be made any more."""
        pod = a_pod()
        (supplier,) = pod.items("suppliers")

        changed = pod.patch(own(supplier), {"InactiveDate": "2026-02-01"}).json()

        assert "INACTIVE" == changed["Status"]
        assert "PO-2055011" == complaint(pod.post("draftPurchaseOrders", pod.an_order()))[0]

    def test_an_order_can_go_to_a_site_made_by_rest(self) -> None:
        """A new site serves a unit once it is assigned to it."""
        pod = a_pod()
        supplier = pod.post("suppliers", HARBOUR).json()
        site = pod.post(f"{own(supplier)}/child/sites", a_site()).json()
        order = pod.an_order(SupplierId=supplier["SupplierId"])

        before = complaint(pod.post("draftPurchaseOrders", order))[0]
        pod.post(f"{own(site)}/child/assignments", {"ClientBUId": UNIT})

        assert "PO-2055014" == before
        assert "BRISTOL" == pod.post("draftPurchaseOrders", order).json()["SupplierSite"]

    def test_a_site_name_is_unique_in_its_unit(self) -> None:
        """The same site twice is refused."""
        pod = a_pod()
        (supplier,) = pod.items("suppliers")

        answers = [pod.post(f"{own(supplier)}/child/sites", a_site()) for _ in range(2)]

        assert 201 == answers[0].status_code
        assert "POZ-2130010" == complaint(answers[1])[0]

    @pytest.mark.parametrize(("moves", "expected"), [(True, 1), (False, 0)])
    def test_whether_a_changed_site_moves_its_supplier_is_a_setting(self, moves: bool, expected: int) -> None:
        """A child's change need not show in the parent's LastUpdateDate, but always in what is read."""
        pod = a_pod(moves_parent_with_child=moves)
        (supplier,) = pod.items("suppliers", expand="sites")
        pod.clock.advance(timedelta(hours=1))

        pod.patch(own(supplier["sites"]["items"][0]), {"Email": "orders@example.com"})
        delta = pod.items("suppliers", q="LastUpdateDate > '2026-02-03T09:00:00+00:00'")
        (read,) = pod.items("suppliers", expand="sites")

        assert expected == len(delta)
        assert "orders@example.com" == read["sites"]["items"][0]["Email"]

    def test_other_children_are_kept_too(self) -> None:
        """Addresses and contacts are added under the supplier."""
        pod = a_pod()
        (supplier,) = pod.items("suppliers")

        address = pod.post(f"{own(supplier)}/child/addresses", {"CountryCode": "GB", "City": "Bath"}).json()
        contact = pod.post(f"{own(supplier)}/child/contacts", {"LastName": "Quay"}).json()

        assert "Bath, GB" == address["FormattedAddress"]
        assert "Quay" == pod.get(own(contact)).json()["LastName"]

    def test_bank_accounts_name_their_owner(self) -> None:
        """A bank account is no child of a supplier; its owner is the supplier's party."""
        pod = a_pod()
        (supplier,) = pod.items("suppliers")

        (account,) = pod.items(
            "externalBankAccounts", q="IBAN = 'GB33BUKB20201555555555'", expand="accountOwners"
        )

        (owner,) = account["accountOwners"]["items"]
        assert supplier["SupplierPartyId"] == owner["AccountOwnerPartyIdentifier"]


class TestSegmentValues:
    def test_values_are_read_behind_an_opaque_key(self) -> None:
        """Cost centres are the values of a value set, found by its code."""
        pod = a_pod()

        found = pod.items(cost_centres(pod), orderBy="Value:asc")

        assert [("420", "Y"), ("430", "Y")] == [(one["Value"], one["EnabledFlag"]) for one in found]

    def test_a_value_is_created_once(self) -> None:
        """A value that exists is refused, or changed when upsert is asked for."""
        pod = a_pod()
        place, body = cost_centres(pod), {"Value": "440", "Description": "Logistics"}

        answers = [
            pod.post(place, body),
            pod.post(place, body),
            pod.post(place, {**body, "EnabledFlag": "N"}, headers={"Upsert-Mode": "true"}),
        ]

        assert [201, 400, 200] == [one.status_code for one in answers]
        assert "FND-2870" == complaint(answers[1])[0]
        assert "N" == answers[2].json()["EnabledFlag"]

    def test_a_value_is_changed_and_deleted(self) -> None:
        """Switching a value off stops accounts that use it; a deleted one does not exist."""
        pod = a_pod()
        value = next(one for one in pod.items(cost_centres(pod)) if one["Value"] == "420")

        pod.patch(own(value), {"EnabledFlag": "N"})
        off = complaint(pod.post("draftPurchaseOrders", pod.an_order()))[0]
        assert 204 == pod.call("DELETE", own(value)).status_code
        gone = complaint(pod.post("draftPurchaseOrders", pod.an_order()))[0]

        assert ("GL-781003", "GL-781002") == (off, gone)

    def test_a_flag_is_y_or_n(self) -> None:
        """EnabledFlag is text with two values."""
        pod = a_pod()

        answer = pod.post(cost_centres(pod), {"Value": "441", "EnabledFlag": "X"}, is_judged=False)

        assert "25009" == complaint(answer)[0]


class TestLookUps:
    @pytest.mark.parametrize(
        ("resource", "query", "attribute", "expected"),
        [
            ("ledgersLOV", "LedgerName = 'UK Ledger'", "CurrencyCode", "GBP"),
            ("chartOfAccountsLOV", f"StructureInstanceId = {CHART}", "Name", "UK Chart"),
            ("procurementAgents", f"AgentId = {BUYER} and ProcurementBUId = {UNIT}", "Agent", "Buyer, Ann"),
            ("procurementBusinessUnitsLOV", f"ProcurementBUId = {UNIT}", "ProcurementBU", "UK Operations"),
            ("procurementPersonsLOV", f"PersonId = {BUYER}", "DisplayName", "Buyer, Ann"),
            ("purchasingDocumentStylesLOV", "StyleId = 1", "StatusCode", "ACTIVE"),
            ("projects", "ProjectNumber = 'P-1'", "ProjectName", "Mill"),
            ("payablesPaymentTerms", "name = '30 Net'", "enabledFlag", True),
        ],
    )
    def test_reference_data_can_be_found(
        self, resource: str, query: str, attribute: str, expected: object
    ) -> None:
        """Each look-up resource is queryable and its item can be read by its link."""
        pod = a_pod()
        pod.simulator.put("projects", {"ProjectNumber": "P-1", "ProjectName": "Mill"})
        terms = [{"sequenceNumber": 1, "duePercent": 100, "days": 30}]
        pod.simulator.put(
            "payablesPaymentTerms",
            {"name": "30 Net", "enabledFlag": True, "payablesPaymentTermsLines": terms},
        )

        (found,) = pod.items(resource, q=query)

        assert expected == found[attribute]
        assert expected == pod.get(own(found)).json()[attribute]

    def test_payment_terms_have_lines(self) -> None:
        """Payment terms write their names in camel case, lines too."""
        pod = a_pod()
        lines = [{"sequenceNumber": 1, "duePercent": 100, "days": 30}]
        pod.simulator.put("payablesPaymentTerms", {"name": "30 Net", "payablesPaymentTermsLines": lines})

        (found,) = pod.items("payablesPaymentTerms", expand="payablesPaymentTermsLines")

        assert 30 == found["payablesPaymentTermsLines"]["items"][0]["days"]

    def test_putting_a_row_again_replaces_it(self) -> None:
        """The scene can change any row; its version goes up."""
        pod = a_pod()
        row = pod.simulator.put("projects", {"ProjectNumber": "P-1", "ProjectStatus": "Active"})

        again = pod.simulator.put(
            "projects", {"ProjectId": row.id, "ProjectNumber": "P-1", "ProjectStatus": "Closed"}
        )

        assert ["Closed"] == [one["ProjectStatus"] for one in pod.items("projects")]
        assert 2 == again.version


def test_the_openapi_copy_is_sound() -> None:
    """Every reference resolves and every schema compiles."""
    checker().check_all_schemas()


def test_the_openapi_copy_covers_what_the_simulator_offers() -> None:
    """Each resource the pod describes can be read in the contract."""
    pod = a_pod()
    resources = set(pod.get("describe", metadataMode="minimal").json()["Resources"])
    paths = {operation.path for operation in checker()._operations if operation.method == "GET"}

    missing = {one for one in resources if not any(path.startswith(f"{ROOT}/{one}") for path in paths)}

    assert set() == missing


def test_the_openapi_copy_names_each_operation_once_and_all_path_parameters() -> None:
    """Operation ids are unique, and every placeholder of a path is declared."""
    operations = checker()._operations

    declared = {
        one.name: {str(parameter["name"]) for parameter in one.parameters_in("path")} for one in operations
    }

    assert len(operations) == len(declared)
    assert {one.name: set(re.findall(r"{(.+?)}", one.path)) for one in operations} == declared
