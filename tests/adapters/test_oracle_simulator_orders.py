"""Orders in the simulated pod: what is created, refused, submitted, approved, changed, cancelled (sheet, section 9)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.adapters.oracle_pod import (
    ACCOUNT,
    ACTION,
    BUYER,
    CATEGORY,
    UNIT,
    Pod,
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


def with_budget(pod: Pod, amount: str, **changes: Any) -> Pod:
    pod.simulator.add_budget("420", "Feb-26", Decimal(amount), "GBP", **changes)
    return pod


def status(pod: Pod, order: dict[str, Any]) -> tuple[str, str | None, str | None]:
    """Return status, change order's status and funds status of a draft as it is now."""
    found = pod.get(own(order)).json()
    return found["StatusCode"], found["ChangeOrderStatusCode"], found["FundsStatus"]


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


class TestApproval:
    def test_approval_comes_later_by_itself(self) -> None:
        """After submit the order is pending; when its time has come it is open, with funds, and in purchaseOrders."""
        pod = a_pod()
        order = pod.create()
        submitted = pod.submit(own(order)).json()
        pending = status(pod, order)
        before = pod.items("purchaseOrders", q=f"POHeaderId={order['POHeaderId']}")
        pod.clock.advance(timedelta(days=2))

        assert {"result": "SUCCESS"} == submitted
        assert ("PENDING APPROVAL", None, None) == pending
        assert [] == before
        assert ("OPEN", None, "Reserved") == status(pod, order)
        assert ("OPEN", 0, 1100) == tuple(
            pod.issued(order)[name] for name in ("StatusCode", "Revision", "Total")
        )

    def test_the_outcome_is_stamped_with_its_own_instant(self) -> None:
        """LastUpdateDate is when the approval ended, not when somebody looked; the delay is the seed's."""
        stamps = []
        for _ in range(2):
            pod = a_pod(seed=7)
            order = pod.create()
            pod.submit(own(order))
            pod.clock.advance(timedelta(days=40))
            stamps.append(pod.get(own(order)).json()["LastUpdateDate"])

        assert stamps[0] == stamps[1]
        assert "2026-02-03T09:10:00+00:00" <= stamps[0] <= "2026-02-05T09:00:00+00:00"

    def test_a_delta_finds_the_outcome(self) -> None:
        """Asking for what changed since the submission finds the approved order, expanded to its accounts."""
        pod = a_pod()
        pod.submit(own(pod.create()))
        pod.clock.advance(timedelta(days=2))

        (found,) = pod.items(
            "draftPurchaseOrders",
            q="LastUpdateDate > '2026-02-03T09:00:00+00:00'",
            expand=TREE,
            orderBy="LastUpdateDate:asc,POHeaderId:asc",
        )

        assert "OPEN" == found["StatusCode"]
        assert ACCOUNT == first(found, "lines", "schedules", "distributions")["POChargeAccount"]

    def test_bypassing_approval_opens_at_once(self) -> None:
        """The second documented parameter skips the wait."""
        pod = a_pod()
        order = pod.create()

        pod.submit(own(order), bypassApprovalFlag=True)

        assert "OPEN" == status(pod, order)[0]

    def test_the_older_action_form_works(self) -> None:
        """`name` and `parameters`, each parameter an object of its own; one combined object is a 400."""
        pod = a_pod()
        href = own(pod.create())
        flags = {"validateBeforeSubmitFlag": True, "bypassApprovalFlag": True}
        headers = {"content-type": ACTION}

        combined = pod.post(href, {"name": "submit", "parameters": [flags]}, headers=headers, is_judged=False)
        apart = pod.post(
            href, {"name": "submit", "parameters": [{k: v} for k, v in flags.items()]}, headers=headers
        )

        assert (400, {"result": "SUCCESS"}) == (combined.status_code, apart.json())

    def test_unknown_parameters_of_submit_are_refused(self) -> None:
        """Submit has exactly two parameters, both Boolean."""
        pod = a_pod()
        href = own(pod.create())

        assert 400 == pod.act(href, "submit", {"force": True}, is_judged=False).status_code
        assert 400 == pod.act(href, "submit", {"bypassApprovalFlag": "yes"}, is_judged=False).status_code

    def test_a_person_can_decide(self) -> None:
        """With approvals by hand nothing happens by itself."""
        pod = a_pod(is_approval_automatic=False)
        orders = [pod.create(), pod.create()]
        for order in orders:
            pod.submit(own(order))
        pod.clock.advance(timedelta(days=30))

        for order, is_approved in zip(orders, (True, False), strict=True):
            pod.simulator.decide(order["POHeaderId"], is_approved=is_approved)

        assert ["OPEN", "REJECTED"] == [status(pod, order)[0] for order in orders]

    def test_a_second_submit_is_refused(self) -> None:
        """Repeating the action is an error, not a second submission."""
        pod = a_pod()
        order = pod.create()
        pod.submit(own(order))

        code, text = complaint(pod.submit(own(order)))

        assert "PO-2055070" == code
        assert "Pending Approval" in text

    def test_a_closed_period_is_named(self) -> None:
        """Submitting in a closed accounting period fails until it is opened."""
        pod = a_pod()
        order = pod.create()
        pod.simulator.close_period("UK Ledger", "Feb-26")
        refusal = complaint(pod.submit(own(order)))
        pod.simulator.open_period("UK Ledger", "Feb-26")

        assert "PO-2055060" == refusal[0]
        assert "Feb-26" in refusal[1]
        assert 200 == pod.submit(own(order)).status_code

    def test_the_budget_date_decides_about_the_period(self) -> None:
        """A distribution's own budget date is checked, and a date outside all periods is no open one."""
        pod = a_pod()
        pod.simulator.close_period("UK Ledger", "Feb-26")
        rows = [[a_distribution(Quantity="2", BudgetDate=day)] for day in ("2026-03-05", "2027-01-01")]
        orders = [pod.create(lines=[a_line(schedules=[a_schedule(distributions=one)])]) for one in rows]

        assert 200 == pod.submit(own(orders[0])).status_code
        assert "PO-2055061" == complaint(pod.submit(own(orders[1])))[0]

    def test_refusals_can_come_as_results(self) -> None:
        """A pod may answer 200 with a result that is not SUCCESS."""
        pod = a_pod(submit_refusals="result")
        order = pod.create()
        pod.simulator.close_period("UK Ledger", "Feb-26")

        answer = pod.submit(own(order))

        assert 200 == answer.status_code
        assert answer.json()["result"].startswith("PO-2055060: The accounting period Feb-26")
        assert "INCOMPLETE" == status(pod, order)[0]

    def test_a_cost_centre_switched_off_meanwhile_stops_the_submission(self) -> None:
        """Accounts are validated again when the order is submitted; so is the supplier."""
        pod = a_pod()
        order = pod.create()
        pod.simulator.set_value("UK Cost Center", "420", is_enabled=False)
        account = complaint(pod.submit(own(order)))[0]
        pod.simulator.set_value("UK Cost Center", "420")
        pod.simulator.set_supplier_active(pod.supplier_id, is_active=False)

        assert ("GL-781003", "PO-2055011") == (account, complaint(pod.submit(own(order)))[0])

    def test_an_incomplete_tree_cannot_be_submitted(self) -> None:
        """Lines, schedules, distributions and accounts may be missing in a draft, not in a submission."""
        pod = a_pod()
        bare = {key: value for key, value in a_line().items() if key != "schedules"}
        trees = [
            [],
            [bare],
            [a_line(schedules=[a_schedule(distributions=[])])],
            [a_line(schedules=[a_schedule(distributions=[{"DistributionNumber": 1}])])],
        ]

        codes = [complaint(pod.submit(own(pod.create(lines=lines))))[0] for lines in trees]

        assert ["PO-2055050", "PO-2055051", "PO-2055052", "PO-2055053"] == codes

    def test_validation_lists_what_stands_against_a_submission(self) -> None:
        """validateDocument returns rows of text, none when all is well, and changes nothing."""
        pod = a_pod()
        order = pod.create()
        clean = pod.act(own(order), "validateDocument").json()["result"]
        pod.simulator.close_period("UK Ledger", "Feb-26")
        (found,) = pod.act(own(order), "validateDocument").json()["result"]

        assert [] == clean
        assert ("ERROR", "PO-2055060") == (found["MessageType"], found["MessageName"])
        assert "INCOMPLETE" == status(pod, order)[0]


class TestFunds:
    def test_an_absolute_budget_can_stop_the_submission(self) -> None:
        """A budget that is checked at submission refuses the order and says what is left."""
        pod = with_budget(a_pod(), "1500", checked_at="submit")
        pod.issue()
        second = pod.create()

        code, text = complaint(pod.submit(own(second)))

        assert "XCC-110010" == code
        assert "1100.00 GBP requested, 400.00 GBP available" in text
        assert "INCOMPLETE" == status(pod, second)[0]

    def test_an_absolute_budget_can_reject_at_approval(self) -> None:
        """A budget that is checked at approval lets the submission pass and rejects the order later."""
        pod = with_budget(a_pod(), "1500")
        pod.issue()
        second = pod.create()

        answer = pod.submit(own(second))
        pod.clock.advance(timedelta(days=3))

        assert {"result": "SUCCESS"} == answer.json()
        assert ("REJECTED", None, "Failed") == status(pod, second)
        assert [] == pod.items("purchaseOrders", q=f"POHeaderId={second['POHeaderId']}")

    def test_a_rejected_order_can_be_mended_and_sent_again(self) -> None:
        """With more budget the same document is submitted once more."""
        pod = with_budget(a_pod(), "1000")
        order = pod.create()
        pod.submit(own(order))
        pod.clock.advance(timedelta(days=3))
        pod.simulator.raise_budget("420", "Feb-26", Decimal(500))

        pod.submit(own(order))
        pod.clock.advance(timedelta(days=3))

        assert ("OPEN", None, "Reserved") == status(pod, order)

    def test_an_advisory_budget_only_warns(self) -> None:
        """Without absolute control the order is reserved with a warning."""
        pod = with_budget(a_pod(), "10", is_absolute=False)

        order = pod.issue()

        assert "Reserved - warning" == order["FundsStatus"]

    def test_a_budget_counts_only_its_own(self) -> None:
        """Other cost centres, periods and currencies do not touch a budget."""
        pod = with_budget(a_pod(), "1")
        line = split_line(OTHER, quantity="1", price="10.00", sizes=["1"])

        other_centre = pod.issue(lines=[line])
        other_currency = pod.issue(CurrencyCode="EUR")
        pod.clock.advance(timedelta(days=28))
        other_period = pod.issue()

        assert {"Reserved"} == {one["FundsStatus"] for one in (other_centre, other_currency, other_period)}

    def test_checking_funds_reserves_nothing(self) -> None:
        """checkFunds shows how it would end, and leaves the budget as it was."""
        pod = with_budget(a_pod(), "1500")
        order, other = pod.create(), pod.create()

        good = pod.act(own(order), "checkFunds").json()["result"]
        pod.submit(own(other), bypassApprovalFlag=True)
        bad = pod.act(own(order), "checkFunds").json()["result"]

        assert "SUCCESS" == good
        assert bad.startswith("XCC-110010: Insufficient funds")
        assert "Failed" == status(pod, order)[2]

    def test_a_ledger_without_control_reserves_nothing(self) -> None:
        """Without budgetary control the funds status says that it does not apply."""
        pod = with_budget(a_pod(), "1")
        pod.simulator.add_ledger("UK Ledger", "GBP", 101, has_budgetary_control=False)

        assert "Not reserved - not applicable" == pod.issue()["FundsStatus"]

    def test_balances_show_budget_and_reservation(self) -> None:
        """ledgerBalances wants all five variables, and shows amount and use by scenario."""
        pod = with_budget(a_pod(), "5000")
        pod.issue()
        finder = f"AccountBalanceFinder;accountCombination={ACCOUNT},mode=Detail,accountingPeriod=Feb-26,currency=GBP"

        rows = pod.items("ledgerBalances", finder=f"{finder},ledgerName=UK Ledger")
        refusal = complaint(pod.get("ledgerBalances", finder=finder))

        assert {"Budget": 5000, "Encumbrance": 1100} == {
            one["Scenario"]: one["PeriodActivity"] for one in rows
        }
        assert "ledgerName" in refusal[1]
        assert 400 == pod.get("ledgerBalances").status_code


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


class TestChangeOrders:
    def test_a_change_shows_in_the_draft_first(self) -> None:
        """Changing an issued order opens a change order; what is in force stays as it is."""
        pod = a_pod()
        order = pod.issue()

        changed = pod.patch(own(order), {"Description": "New"}).json()

        assert ("INCOMPLETE", "INCOMPLETE") == (changed["StatusCode"], changed["ChangeOrderStatusCode"])
        assert changed["VersionId"] > order["VersionId"]
        assert ("OPEN", 0, "Coupa PO 100234") == tuple(
            pod.issued(order)[n] for n in ("StatusCode", "Revision", "Description")
        )

    def test_an_approved_change_is_the_next_revision(self) -> None:
        """Submitted and approved, the change is in force and the revision goes up."""
        pod = with_budget(a_pod(), "5000")
        order = pod.issue()
        pod.post(f"{own(order)}/child/lines", a_line(2, "1", "10.00"))

        pod.submit(own(order))
        pending = status(pod, order)
        pod.clock.advance(timedelta(days=3))

        assert ("PENDING CHANGE APPROVAL", "PENDING APPROVAL", None) == pending
        assert ("OPEN", None, "Reserved") == status(pod, order)
        assert (1, 1110) == tuple(pod.issued(order)[name] for name in ("Revision", "Total"))
        assert Decimal("3890.00") == pod.simulator.world.books.budgets[0].available()

    def test_a_change_beyond_the_budget_leaves_what_is_in_force(self) -> None:
        """A rejected change order changes neither the issued order nor its reservation."""
        pod = with_budget(a_pod(), "1500")
        order = pod.issue()
        pod.post(f"{own(order)}/child/lines", a_line(2, "1", "900.00"))

        pod.submit(own(order))
        pod.clock.advance(timedelta(days=3))

        assert ("REJECTED", "REJECTED", "Failed") == status(pod, order)
        assert ("OPEN", 0, 1100) == tuple(pod.issued(order)[n] for n in ("StatusCode", "Revision", "Total"))
        assert Decimal("400.00") == pod.simulator.world.books.budgets[0].available()

    def test_a_change_counts_in_the_month_it_was_first_reserved(self) -> None:
        """What was reserved in February stays there when the order is changed in March."""
        pod = with_budget(a_pod(), "5000")
        order = pod.issue()
        pod.clock.advance(timedelta(days=28))
        pod.simulator.close_period("UK Ledger", "Feb-26")
        pod.patch(own(order), {"Description": "New"})

        pod.submit(own(order))
        pod.clock.advance(timedelta(days=3))

        assert "OPEN" == status(pod, order)[0]
        assert Decimal("3900.00") == pod.simulator.world.books.budgets[0].available()

    @pytest.mark.parametrize(
        ("is_submitted", "action"), [(True, "cancelChangeOrder"), (False, "deleteChangeOrder")]
    )
    def test_a_change_can_be_abandoned(self, is_submitted: bool, action: str) -> None:
        """A pending change is cancelled, an incomplete one deleted; the tree in force comes back, newer than any."""
        pod = a_pod()
        order = pod.issue()
        line = first(order, "lines")
        changed = pod.patch(own(line), {"Description": "Other"}).json()
        if is_submitted:
            pod.submit(own(order))

        wrong = "deleteChangeOrder" if is_submitted else "cancelChangeOrder"
        refusal = complaint(pod.act(own(order), wrong))[0]
        assert 200 == pod.act(own(order), action).status_code
        pod.clock.advance(timedelta(days=5))
        back = pod.get(own(order), expand=TREE).json()

        assert "PO-2055075" == refusal
        assert ("OPEN", None) == (back["StatusCode"], back["ChangeOrderStatusCode"])
        assert "Standing desk" == first(back, "lines")["Description"]
        assert etag(first(back, "lines")) not in (etag(line), etag(changed))
        assert 0 == pod.issued(order)["Revision"]

    def test_an_issued_line_is_cancelled_not_deleted(self) -> None:
        """Cancelling a line takes its amount away when the change is approved; deleting it is refused."""
        pod = with_budget(a_pod(), "5000")
        order = pod.issue(lines=[a_line(1), a_line(2, "1", "10.00")])
        line = first(order, "lines")

        refusal = complaint(pod.call("DELETE", own(line)))[0]
        pod.patch(own(line), {"CancelFlag": True, "CancelUnfulfilledDemandFlag": True})
        pod.submit(own(order))
        pod.clock.advance(timedelta(days=3))
        issued = pod.issued(order)

        assert "PO-2055073" == refusal
        assert 10 == issued["Total"]
        assert ["CANCELED", "OPEN"] == [one["StatusCode"] for one in issued["lines"]["items"]]
        assert Decimal("4990.00") == pod.simulator.world.books.budgets[0].available()

    def test_cancelling_every_line_cancels_the_order(self) -> None:
        """An order without a live line is cancelled."""
        pod = a_pod()
        order = pod.issue()

        pod.patch(own(first(order, "lines")), {"CancelFlag": True})
        pod.submit(own(order))
        pod.clock.advance(timedelta(days=3))

        assert ("CANCELED", 0) == tuple(pod.issued(order)[name] for name in ("StatusCode", "Total"))

    def test_a_line_never_issued_is_deleted_not_cancelled(self) -> None:
        """CancelFlag is for lines in force."""
        pod = a_pod()
        order = pod.get(own(pod.create()), expand="lines").json()

        assert "PO-2055074" == complaint(pod.patch(own(first(order, "lines")), {"CancelFlag": True}))[0]


class TestIssuedOrders:
    def test_lines_show_no_accounts(self) -> None:
        """purchaseOrders has lines, but no schedules or distributions below them."""
        pod = a_pod()
        issued = pod.issued(pod.issue())

        assert 1100 == first(issued, "lines")["Ordered"]
        assert "POChargeAccount" not in str(issued)
        assert 400 == pod.get("purchaseOrders", expand="lines.schedules").status_code
        assert 400 == pod.get("purchaseOrders", q="RequesterDisplayName = 'x'").status_code

    def test_cancelling_gives_the_funds_back_once(self) -> None:
        """Cancel ends the order and releases its funds; a second cancel is refused."""
        pod = with_budget(a_pod(), "5000")
        issued = pod.issued(pod.issue())

        answers = [pod.act(own(issued), "cancel", {"cancelReason": "not needed"}) for _ in range(2)]

        assert {"result": "SUCCESS"} == answers[0].json()
        assert "PO-2055080" == complaint(answers[1])[0]
        assert ("CANCELED", 0) == tuple(pod.issued(issued)[name] for name in ("StatusCode", "Total"))
        assert Decimal("5000.00") == pod.simulator.world.books.budgets[0].available()

    def test_closing_and_reopening(self) -> None:
        """A closed order releases its funds, cannot be closed or cancelled again, and can be reopened."""
        pod = with_budget(a_pod(), "1500")
        issued = pod.issued(pod.issue())
        href = own(issued)

        assert 200 == pod.act(href, "close", {"closeReason": "done"}).status_code
        closed = ("CLOSED", pod.simulator.world.books.budgets[0].available())
        assert "PO-2055081" == complaint(pod.act(href, "close"))[0]
        assert "PO-2055080" == complaint(pod.act(href, "cancel"))[0]
        assert 200 == pod.act(href, "reopen").status_code
        assert "PO-2055084" == complaint(pod.act(href, "reopen"))[0]

        assert ("CLOSED", Decimal("1500.00")) == closed
        assert ("OPEN", 1100) == tuple(pod.issued(issued)[name] for name in ("StatusCode", "Total"))
        assert Decimal("400.00") == pod.simulator.world.books.budgets[0].available()

    def test_reopening_needs_funds(self) -> None:
        """What was released may have been spent meanwhile."""
        pod = with_budget(a_pod(), "1500")
        issued = pod.issued(pod.issue())
        pod.act(own(issued), "close")
        pod.issue()

        assert "XCC-110010" == complaint(pod.act(own(issued), "reopen"))[0]

    def test_holding(self) -> None:
        """A hold needs a reason, stops changes, and is taken off once."""
        pod = a_pod()
        order = pod.issue()
        href = own(pod.issued(order))

        assert 400 == pod.act(href, "hold", {}, is_judged=False).status_code
        assert 200 == pod.act(href, "hold", {"holdReason": "audit"}).status_code
        assert "PO-2055071" == complaint(pod.patch(own(order), {"Description": "New"}))[0]
        assert "PO-2055082" == complaint(pod.act(href, "hold", {"holdReason": "again"}))[0]
        assert 200 == pod.act(href, "removeHold", {"removeHoldReason": "done"}).status_code
        assert "PO-2055083" == complaint(pod.act(href, "removeHold"))[0]

    def test_a_change_under_way_stops_cancel_and_close(self) -> None:
        """First the change order is finished or given up."""
        pod = a_pod()
        order = pod.issue()
        href = own(pod.issued(order))
        pod.patch(own(order), {"Description": "New"})

        assert "PO-2055076" == complaint(pod.act(href, "cancel"))[0]
        assert "PO-2055076" == complaint(pod.act(href, "close"))[0]

    def test_the_life_cycle_shows_what_was_ordered(self) -> None:
        """Nothing is received or paid in this simulator: what is ordered is unpaid."""
        pod = a_pod()
        order = pod.issue()

        found = pod.get(f"purchaseOrderLifeCycleDetails/{order['POHeaderId']}", expand="receipts").json()

        assert (1100, 1100, 0) == (found["OrderedAmount"], found["UnpaidAmount"], found["PaidAmount"])
        assert [] == found["receipts"]["items"]
        assert 404 == pod.get("purchaseOrderLifeCycleDetails/7").status_code

    def test_the_view_says_what_is_in_force_and_what_waits(self) -> None:
        """orders() shows the issued order, and the change order beside it."""
        pod = a_pod()
        order = pod.issue()
        pod.post(f"{own(order)}/child/lines", a_line(2, "1", "10.00"))

        (view,) = pod.simulator.orders()

        assert ("coupa:100234", "OPEN", 0, "GBP") == (
            view["marker"],
            view["status"],
            view["revision"],
            view["currency"],
        )
        assert (Decimal("1100.00"), Decimal("1110.00"), "INCOMPLETE") == (
            view["total"],
            view["draft_total"],
            view["change_status"],
        )
