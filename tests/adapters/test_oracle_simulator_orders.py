"""Drafts in the simulated pod: what is created, refused, changed before submission (sheet, section 9.1)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.adapters.oracle_pod import (
    ACCOUNT,
    BUYER,
    CATEGORY,
    UNIT,
    a_distribution,
    a_line,
    a_pod,
    a_schedule,
    complaint,
    etag,
    first,
    own,
    split_line,
)

TREE = "lines.schedules.distributions"
OTHER = "01-430-7110-0000-000"


class TestCreation:
    def test_a_new_order_is_incomplete_and_otherwise_undecided(self) -> None:
        """201 with all attributes, most of them null; number and amounts come from the system."""
        order = a_pod().create()

        assert ("Incomplete", "INCOMPLETE", None) == (
            order["Status"],
            order["StatusCode"],
            order["FundsStatus"],
        )
        assert "100001" == order["OrderNumber"]
        assert 1100 == order["OrderedAmountBeforeAdjustments"]
        assert None is order["NoteToSupplier"]

    def test_amounts_are_exact_numbers_with_their_decimals(self) -> None:
        """Numbers on the wire are decimal, not binary: 0.1 x 3 is 0.30, and prices keep many decimals."""
        pod = a_pod()
        order = pod.create(lines=[a_line(quantity="3", price="0.1000000000000000001")])

        text = pod.get(own(order), expand="lines").text

        assert '"Price":0.1000000000000000001,' in text
        assert '"Amount":0.30,' in text

    def test_distributions_share_the_line_to_the_penny(self) -> None:
        """Three thirds of 100.00 are 33.33, 33.33 and 33.34."""
        pod = a_pod()
        third = "0.333333333333333"
        line = split_line(
            ACCOUNT, OTHER, ACCOUNT, quantity="1", price="100.00", sizes=[third, third, "0.333333333333334"]
        )

        pod.create(lines=[line])

        (order,) = pod.simulator.orders()
        assert ["33.33", "33.33", "33.34"] == [str(one["amount"]) for one in order["lines"][0]["accounts"]]
        assert Decimal("100.00") == order["total"]

    def test_names_stand_for_ids(self) -> None:
        """Names and e-mail addresses are taken in place of ids, and both are shown."""
        body = a_pod().an_order()
        for gone in ("SupplierId", "BuyerId", "DocumentStyleId", "RequisitioningBUId"):
            del body[gone]
        named = {
            "Supplier": "Harbor Office Supply Ltd",
            "SupplierSite": "MAIN",
            "BuyerEmail": "ann@example.com",
        }
        line = a_line(Category="Furniture")
        del line["CategoryId"]

        pod = a_pod()
        order = pod.post("draftPurchaseOrders", {**body, **named, "lines": [line]}).json()
        (shown,) = pod.items(f"{own(order)}/child/lines")

        assert (pod.supplier_id, BUYER, 1, UNIT) == (
            order["SupplierId"],
            order["BuyerId"],
            order["DocumentStyleId"],
            order["RequisitioningBUId"],
        )
        assert CATEGORY == shown["CategoryId"]

    def test_amount_lines_have_no_quantity(self) -> None:
        """A fixed price service is an amount, split by amounts."""
        pod = a_pod()
        rows = [a_distribution(1, Amount="60.00"), a_distribution(2, OTHER, Amount="40.00")]
        schedule = {"ScheduleNumber": 1, "Amount": "100.00", "distributions": rows}
        line = {
            "LineNumber": 1,
            "LineType": "Fixed Price Services",
            "Description": "Audit",
            "CategoryId": CATEGORY,
        }

        order = pod.create(lines=[{**line, "Amount": "100.00", "schedules": [schedule]}])

        assert 100 == order["OrderedAmountBeforeAdjustments"]
        assert "SUCCESS" == pod.submit(own(order)).json()["result"]

    def test_an_account_that_is_new_is_created_on_the_way(self) -> None:
        """A good combination that nobody used yet is inserted dynamically."""
        pod = a_pod()
        pod.create()

        (found,) = pod.items("accountCombinationsLOV", q=f"AccountCombination = '{ACCOUNT}'")

        assert ("Y", "420") == (found["EnabledFlag"], found["CostCenter"])

    def test_manual_numbers_are_unique_in_a_legal_entity(self) -> None:
        """With manual numbering a number is demanded, and a second order cannot have it."""
        pod = a_pod(order_numbering="manual")

        answers = [
            pod.post("draftPurchaseOrders", pod.an_order(**n))
            for n in ({}, {"OrderNumber": "C-1"}, {"OrderNumber": "C-1"})
        ]

        assert [400, 201, 400] == [one.status_code for one in answers]
        assert ("PO-2055030", True) == (complaint(answers[2])[0], "C-1" in complaint(answers[2])[1])

    def test_nothing_stops_the_same_mark_twice(self) -> None:
        """Oracle has no idempotency: the same order sent twice is there twice, as a real pod would have it."""
        pod = a_pod()

        pod.create()
        pod.create()

        assert 2 == len(pod.items("draftPurchaseOrders", q="NoteToReceiver = 'coupa:100234'"))


WRONG_HEADERS: list[tuple[dict[str, Any], str, str]] = [
    ({"BuyerId": 1}, "PO-2055001", "procurement agent"),
    ({"RequisitioningBUId": 7}, "PO-2055002", "requisitioning"),
    ({"DocumentStyleId": 9}, "PO-2055003", "document style"),
    ({"SupplierId": 7}, "PO-2055010", "isn't found"),
    ({"SupplierSiteId": 7}, "PO-2055013", "purchasing site"),
    ({"CurrencyCode": "XXX"}, "PO-2055020", "currency"),
    ({"OrderNumber": "C-1"}, "PO-2055031", "automatic"),
]
WRONG_LINES: list[tuple[dict[str, Any], str, str]] = [
    ({"LineType": "Barter"}, "PO-2055040", "line type"),
    ({"CategoryId": 7}, "PO-2055041", "category"),
    ({"UOMCode": "Zz"}, "PO-2055042", "unit of measure"),
    ({"Quantity": "0"}, "PO-2055044", "greater than zero"),
    ({"Price": "-1"}, "PO-2055044", "greater than zero"),
    ({"Price": None}, "27014", "Price"),
    ({"Quantity": "3"}, "PO-2055045", "add up to 2, not to 3"),
    ({"Amount": "1.00"}, "PO-2055047", "price times quantity (1100.00)"),
    (
        {"schedules": [a_schedule("2", distributions=[a_distribution(Quantity="1")])]},
        "PO-2055045",
        "distributions",
    ),
    ({"schedules": [a_schedule(), a_schedule()]}, "PO-2055043", "schedule number 1"),
]


class TestRefusedCreations:
    @pytest.mark.parametrize(("changes", "code", "words"), WRONG_HEADERS)
    def test_headers(self, changes: dict[str, Any], code: str, words: str) -> None:
        """A header that does not fit is refused with its reason, and nothing is kept."""
        pod = a_pod()

        found = complaint(pod.post("draftPurchaseOrders", pod.an_order(**changes)))

        assert code == found[0]
        assert words in found[1]
        assert [] == pod.simulator.orders()

    @pytest.mark.parametrize(("changes", "code", "words"), WRONG_LINES)
    def test_lines(self, changes: dict[str, Any], code: str, words: str) -> None:
        """A line that does not fit is refused with its reason."""
        pod = a_pod()

        found = complaint(pod.post("draftPurchaseOrders", pod.an_order(lines=[a_line(**changes)])))

        assert code == found[0]
        assert words in found[1]

    @pytest.mark.parametrize(
        ("account", "code", "words"),
        [
            ("01-999-7110-0000-000", "GL-781002", "999"),
            ("01-420-7110", "GL-781001", "5 segments, not 3"),
            ("02-420-7210-0000-000", "GL-781010", "Company 02 may not use 7210."),
        ],
    )
    def test_accounts_that_cannot_be(self, account: str, code: str, words: str) -> None:
        """Unknown values, wrong shapes and cross-validation violations name the account."""
        pod = a_pod()
        pod.simulator.add_cross_validation_rule("02-*-7210-*-*", "Company 02 may not use 7210.")
        line = split_line(account, quantity="1", price="10.00", sizes=["1"])

        found = complaint(pod.post("draftPurchaseOrders", pod.an_order(lines=[line])))

        assert code == found[0]
        assert account in found[1]
        assert words in found[1]

    def test_a_cost_centre_that_is_switched_off_or_over(self) -> None:
        """A disabled or end-dated value is told apart from an unknown one, and names its segment."""
        pod = a_pod()
        pod.simulator.set_value("UK Cost Center", "420", is_enabled=False)
        off = complaint(pod.post("draftPurchaseOrders", pod.an_order()))
        pod.simulator.set_value("UK Cost Center", "420", ends_on=date(2026, 2, 2))
        over = complaint(pod.post("draftPurchaseOrders", pod.an_order()))

        assert ("GL-781003", "GL-781004") == (off[0], over[0])
        assert "segment Cost Center is disabled" in off[1]
        assert "isn't active on 2026-02-03" in over[1]

    def test_a_combination_that_is_disabled(self) -> None:
        """A combination can be off although its values are good."""
        pod = a_pod()
        pod.simulator.add_combination(101, ACCOUNT, is_enabled=False)

        assert "GL-781005" == complaint(pod.post("draftPurchaseOrders", pod.an_order()))[0]

    def test_without_dynamic_insertion_a_combination_must_exist(self) -> None:
        """A chart can forbid new combinations."""
        pod = a_pod()
        segments = [(one, f"UK {one}") for one in ("Company", "Cost Center", "Account", "Product", "Project")]
        pod.simulator.add_chart(101, "UK Chart", segments, is_dynamic=False)

        missing = pod.post("draftPurchaseOrders", pod.an_order())
        pod.simulator.add_combination(101, ACCOUNT)

        assert "GL-781007" == complaint(missing)[0]
        assert 201 == pod.post("draftPurchaseOrders", pod.an_order()).status_code

    def test_suppliers_that_may_not_be_ordered_from(self) -> None:
        """Inactive, prospective, siteless and held suppliers are refused, each with its reason."""
        pod = a_pod()
        add = pod.simulator.add_supplier
        wrong = [
            add("Gone Ltd", units=[UNIT], is_active=False),
            add("New Ltd", units=[UNIT], is_authorized=False),
            add("Siteless Ltd"),
        ]

        codes = [complaint(pod.post("draftPurchaseOrders", pod.an_order(SupplierId=one)))[0] for one in wrong]
        (supplier,) = pod.items("suppliers", q=f"SupplierId={pod.supplier_id}", expand="sites")
        pod.patch(own(first(supplier, "sites")), {"HoldAllNewPurchasingDocumentsFlag": True})
        held = complaint(pod.post("draftPurchaseOrders", pod.an_order()))[0]

        assert ["PO-2055011", "PO-2055012", "PO-2055013", "PO-2055015"] == [*codes, held]

    def test_a_site_must_serve_the_requisitioning_unit(self) -> None:
        """A site without assignment for the unit that asks cannot be used."""
        pod = a_pod()
        pod.simulator.add_business_unit(77, "UK Retail", ledger="UK Ledger", legal_entity="UK02")

        assert (
            "PO-2055014" == complaint(pod.post("draftPurchaseOrders", pod.an_order(RequisitioningBUId=77)))[0]
        )

    def test_everything_wrong_with_a_payload_is_said_at_once(self) -> None:
        """Unknown, read-only, missing, too long and mistyped attributes come with their paths."""
        pod = a_pod()
        line = a_line(TotalAmount=1, UOMCode="TooLong", Quantity="two")
        body = {**pod.an_order(lines=[line], Status="Open"), "ProcurementBUId": None}

        details = pod.post("draftPurchaseOrders", body, is_judged=False).json()["o:errorDetails"]

        assert {
            "/ProcurementBUId": "27014",
            "/Status": "27008",
            "/lines/0/TotalAmount": "25058",
            "/lines/0/UOMCode": "27010",
            "/lines/0/Quantity": "25009",
        } == {one["o:errorPath"]: one["o:errorCode"] for one in details}

    def test_upsert_is_refused_for_orders(self) -> None:
        """An order is never matched by payload."""
        pod = a_pod()

        answer = pod.post(
            "draftPurchaseOrders", pod.an_order(), headers={"Upsert-Mode": "true"}, is_judged=False
        )

        assert 400 == answer.status_code

    def test_a_strict_pod_demands_the_documented_header(self) -> None:
        """BuyerId and DocumentStyleId can be mandatory, as documented."""
        pod = a_pod(has_strict_header=True)
        body = pod.an_order()
        del body["DocumentStyleId"]

        assert "DocumentStyleId" in complaint(pod.post("draftPurchaseOrders", body))[1]


class TestDraftChanges:
    def test_a_header_is_changed_in_place(self) -> None:
        """Only what is sent changes; a new supplier brings its own site."""
        pod = a_pod()
        order = pod.create()
        other = pod.simulator.add_supplier("Anvil Co", units=[UNIT], site="NORTH")

        changed = pod.patch(own(order), {"SupplierId": other}).json()

        assert ("Anvil Co", "NORTH") == (changed["Supplier"], changed["SupplierSite"])
        assert order["Description"] == changed["Description"]
        assert "PO-2055010" == complaint(pod.patch(own(order), {"SupplierId": 7}))[0]

    def test_every_level_can_be_grown_changed_and_cut(self) -> None:
        """Lines, schedules and distributions are posted, patched and deleted under their own addresses."""
        pod = a_pod()
        order = pod.create()
        line = pod.post(f"{own(order)}/child/lines", a_line(2, "1", "10.00")).json()
        (schedule,) = pod.items(f"{own(line)}/child/schedules")
        (row,) = pod.items(f"{own(schedule)}/child/distributions")

        pod.patch(own(row), {"Quantity": "0.4"})
        new = pod.post(
            f"{own(schedule)}/child/distributions", a_distribution(2, OTHER, Quantity="0.6")
        ).json()
        pod.patch(own(schedule), {"RequestedDeliveryDate": "2026-03-01"})
        (view,) = pod.simulator.orders()

        assert [Decimal("4.00"), Decimal("6.00")] == [one["amount"] for one in view["lines"][1]["accounts"]]
        assert 204 == pod.call("DELETE", own(new)).status_code
        assert 204 == pod.call("DELETE", own(line)).status_code
        assert ["1"] == [one["number"] for one in pod.simulator.orders()[0]["lines"]]

    def test_a_change_in_several_calls_is_judged_at_submission(self) -> None:
        """Between two calls a tree may not add up; submitted it must."""
        pod = a_pod()
        order = pod.get(own(pod.create()), expand=TREE).json()
        line = first(order, "lines")
        pod.patch(own(line), {"Quantity": "3"})
        refusal = complaint(pod.submit(own(order)))[0]
        for path in (("lines", "schedules"), ("lines", "schedules", "distributions")):
            pod.patch(own(first(order, *path)), {"Quantity": "3"})

        assert "PO-2055045" == refusal
        assert 200 == pod.submit(own(order)).status_code

    def test_changing_a_line_leaves_its_childrens_versions(self) -> None:
        """A client that read the whole tree can patch it level by level with the ETags it read."""
        pod = a_pod()
        order = pod.get(own(pod.create()), expand=TREE).json()
        nodes = [
            order,
            *(
                first(order, *path)
                for path in (("lines",), ("lines", "schedules"), ("lines", "schedules", "distributions"))
            ),
        ]
        bodies = [{"Description": "New"}, *[{"Quantity": "3"}] * 3]

        codes = [
            pod.patch(own(node), body, headers={"If-Match": f'"{etag(node)}"'}).status_code
            for node, body in zip(nodes, bodies, strict=True)
        ]

        assert [200, 200, 200, 200] == codes

    def test_a_header_patch_can_name_its_rows(self) -> None:
        """Rows below a header are known by key or number; new numbers are new rows."""
        pod = a_pod()
        order = pod.get(own(pod.create()), expand="lines").json()
        line = first(order, "lines")
        rows = [{"POLineId": line["POLineId"], "Description": "Desk, oak"}, a_line(2, "1", "10.00")]

        changed = pod.patch(f"{own(order)}?expand=lines", {"lines": rows}, is_judged=False).json()

        assert ["Desk, oak", "Standing desk"] == [one["Description"] for one in changed["lines"]["items"]]
        assert 1110 == changed["OrderedAmountBeforeAdjustments"]
        assert 400 == pod.patch(own(order), {"lines": [{"POLineId": 7}]}, is_judged=False).status_code

    def test_a_refused_change_has_no_effect(self) -> None:
        """One wrong row undoes the whole call."""
        pod = a_pod()
        order = pod.create()
        before = pod.get(own(order), expand=TREE).json()
        rows = [
            {"LineNumber": 1, "Description": "Other"},
            a_line(2, schedules=[a_schedule(distributions=[a_distribution(account="99-1-1-1-1")])]),
        ]

        answer = pod.patch(own(order), {"Description": "Other", "lines": rows})

        assert 400 == answer.status_code
        assert before == pod.get(own(order), expand=TREE).json()

    def test_only_what_was_never_issued_is_deleted(self) -> None:
        """An incomplete draft goes away; a pending or issued one does not."""
        pod = a_pod()
        draft, pending, issued = pod.create(), pod.create(), pod.issue()
        pod.submit(own(pending))

        answers = [pod.call("DELETE", own(one)).status_code for one in (draft, pending, issued)]

        assert [204, 400, 400] == answers
        assert 404 == pod.get(own(draft)).status_code

    def test_a_pending_order_cannot_be_changed(self) -> None:
        """While it waits for approval a document is closed to changes."""
        pod = a_pod()
        order = pod.create()
        pod.submit(own(order))

        assert "PO-2055071" == complaint(pod.patch(own(order), {"Description": "New"}))[0]
