"""Submission, approval and funds in the simulated pod (sheet, sections 9.1 and 13)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.adapters.oracle_pod import (
    ACCOUNT,
    ACTION,
    Pod,
    a_distribution,
    a_line,
    a_pod,
    a_schedule,
    complaint,
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

    def test_the_outcome_is_there_at_its_very_instant(self) -> None:
        """An approval of one hour is over after one hour, not a moment before."""
        hour = timedelta(hours=1)
        pod = a_pod(approval_delay_min=hour, approval_delay_max=hour)
        order = pod.create()
        pod.submit(own(order))
        pod.clock.advance(hour - timedelta(microseconds=1))
        before = status(pod, order)[0]
        pod.clock.advance(timedelta(microseconds=1))

        assert ("PENDING APPROVAL", "OPEN") == (before, status(pod, order)[0])

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
