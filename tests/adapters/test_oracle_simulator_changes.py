"""Change orders and issued orders in the simulated pod (sheet, sections 9.2 and 9.3)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.adapters.oracle_pod import (
    Pod,
    a_line,
    a_pod,
    complaint,
    etag,
    first,
    own,
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

    def test_a_change_needs_only_the_difference(self) -> None:
        """What the order holds already is not asked for again."""
        pod = with_budget(a_pod(), "1500", checked_at="submit")
        order = pod.issue()
        pod.post(f"{own(order)}/child/lines", a_line(2, "1", "400.00"))

        answer = pod.submit(own(order))

        assert 200 == answer.status_code
        assert Decimal("0.00") == pod.simulator.world.books.budgets[0].available()

    def test_a_refused_change_gives_back_what_it_reserved(self) -> None:
        """Funds that a submission took go back to what was in force when a person says no."""
        pod = with_budget(a_pod(is_approval_automatic=False), "1500", checked_at="submit")
        order = pod.create()
        pod.submit(own(order), bypassApprovalFlag=True)
        pod.post(f"{own(order)}/child/lines", a_line(2, "1", "400.00"))
        pod.submit(own(order))

        pod.simulator.decide(order["POHeaderId"], is_approved=False)

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
