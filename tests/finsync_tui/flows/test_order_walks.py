"""Orders and their requisitions under any order of answers, refusals, silence, crashes, news and people."""

from __future__ import annotations

import contextlib
import json

from hypothesis import given
from hypothesis import strategies as st

from finsync_tui import actions
from store import outbox
from store.canonical.budget import Commitment
from store.canonical.purchasing import PurchaseOrder
from store.errors import NotAllowedError
from store.workflows import Workflow
from tests.finsync_tui.flows.invoice_desk import ANALYST, SOURCE, TARGET, an_order, issued
from tests.finsync_tui.flows.test_requisition_commitment import WISH, Desk, a_requisition

KEY = "4711"
ANSWERS = ("deliver", "deliver", "deliver", "deliver", "refuse", "bury", "bury_unknown", "crash")
"""More good ones than would be fair: a walk is to get somewhere."""
STEPS_MAX = 45


class Walk:
    """One order and its requisition, pushed about, and an ERP that does what it is asked."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.revision = 0
        self.status = "open"
        self.state: str | None = None
        """Of the ERP's order: draft, open, closed, cancelled; None: there is none."""
        self.asked: Commitment | None = None
        """What the ERP was asked to hold last, and holds when it is issued."""
        self.is_submitted = False
        self.held_minor = 0
        self.desk.wish(a_requisition("L1"))
        self.tell()

    def tell(self, status: str = "open") -> None:
        self.revision += 1
        self.status = status
        (line,) = an_order(str(5 + self.revision)).lines
        order = an_order(
            status=status, revision=str(self.revision), requisition_id=WISH,
            lines=(line.model_copy(update={"external_id": "L1"}),),
        )  # fmt: skip
        self.order = order
        self.desk.tell(SOURCE, KEY, order)

    @property
    def flow(self) -> Workflow:
        """The newest instance of the order."""
        return self.desk.order_flows(KEY)[-1]

    def moves(self) -> tuple[str, ...]:
        """What can happen now."""
        desk, flow = self.desk, self.flow
        found: list[str] = ["wait", "crash", "wish"]
        if desk.pending:
            found += ANSWERS
        if desk.open_cases:
            found += ["retry", "retry", "retry"]
        if self.is_submitted:
            found += ["issue", "issue", "issue", "reject", "ponder"]
        if flow.state == "waiting" and flow.step == "verify":
            found += ["read", "read", "read"]
        if self.status == "open":
            found += ["change", "cancel", "close"]
        elif self.status == "closed":
            found += ["reopen"]
        if flow.ended_at is None:
            found += ["abort"]
        return tuple(found)

    def move(self, name: str) -> None:
        desk = self.desk
        match name:
            case "deliver":
                self.deliver()
            case "refuse":
                desk.answer("refused", case_class="PERIOD_CLOSED")
            case "bury" | "bury_unknown":
                desk.answer("buried", is_unknown=name == "bury_unknown")
            case "crash":
                desk.crash()
            case "retry":
                desk.retry()
            case "wait":
                desk.wait(hours=2)
            case "read":
                desk.read()
            case "wish":
                desk.wish(a_requisition("L1", title=f"seen {self.revision}", status="ordered"))
            case "issue":
                self.issue()
            case "ponder":
                self.show("pending_approval")
            case "reject":
                self.is_submitted = False
                self.show("rejected")
            case "change" | "reopen":
                self.tell()
            case "cancel" | "close":
                self.tell({"cancel": "cancelled", "close": "closed"}[name])
            case "abort":
                live = next(one for one in desk.order_flows(KEY) if one.ended_at is None)
                with contextlib.suppress(NotAllowedError):
                    actions.abort_workflow(desk.store, ANALYST, live.id, "not wanted")
                    desk.run()

    def deliver(self) -> None:
        """The system does what it is asked; the ERP as an ERP does."""
        claim = self.desk.answer()
        body = json.loads(claim.body)
        match claim.operation:
            case "order.create":
                assert self.state in (None, "cancelled"), "an order is created once"
                self.state, self.asked = "draft", Commitment.model_validate(body["commitment"])
            case "order.change":
                assert not self.is_submitted, "what waits for its approval takes no change"
                self.asked = Commitment.model_validate(body["commitment"])
            case "order.submit":
                self.is_submitted = True
            case "order.discard":
                assert (self.state, self.is_submitted) == ("draft", False), "only a draft is discarded"
                self.state, self.is_submitted, self.held_minor = None, False, 0
            case "order.cancel":
                assert self.state != "draft", (
                    "what was never issued is discarded, once its approval was decided"
                )
                self.end("cancelled")
            case "order.close":
                self.end("closed")
            case "order.reopen":
                self.state = "open"
                self.show("open")

    def end(self, state: str) -> None:
        self.state, self.is_submitted = state, False
        self.show(state)

    def issue(self) -> None:
        assert self.asked is not None
        self.state, self.is_submitted, self.held_minor = "open", False, self.asked.total.amount_minor
        self.show("open")

    def show(self, status: str) -> None:
        """Sync reads the ERP's order."""
        assert self.asked is not None
        order: PurchaseOrder = issued(self.asked, "ERP-PO-1").model_copy(
            update={"status": status, "buyer": f"seen at {len(self.desk.sent)}/{self.revision}/{status}"}
        )
        self.desk.tell(TARGET, f"ERP-{KEY}", order)

    def check(self) -> None:
        """The promises about one order."""
        desk, flow = self.desk, self.flow
        created = [
            one for one in self.deliveries() if one.operation == "order.create" and one.state == "delivered"
        ]
        undone = [one for one in self.deliveries() if one.operation in ("order.discard", "order.cancel")]
        assert len(created) <= 1 + len(undone), "nothing is created twice"
        stages = desk.stages
        if flow.state == "done" and flow.kind in ("create", "change", "reopen"):
            assert {"obligation": self.order.total.amount_minor} == stages, (
                "promised by the order, and by it alone"
            )
            assert ("open", self.order.total.amount_minor) == (self.state, self.held_minor)
        if flow.state == "done" and flow.kind in ("cancel", "close"):
            assert {} == stages, "what has ended promises nothing"
            assert self.state in (None, "cancelled", "closed"), "nothing of it is open in the ERP"
        if (
            flow.state == "aborted"
            and len([one for one in desk.order_flows(KEY) if one.state != "superseded"]) == 1
        ):
            assert self.state in (None, "cancelled"), "what was given up leaves nothing in force"
            assert "obligation" not in stages

    def deliveries(self) -> list[outbox.Delivery]:
        return outbox.of_document(self.desk.store.db, "purchase_order", f"{SOURCE}:{KEY}")


walks = st.lists(st.integers(0, 10_000), min_size=5, max_size=STEPS_MAX)


@given(choices=walks)
def test_the_promises_hold_whatever_happens(choices: list[int]) -> None:
    """Created once, promised by requisition or order to the minor unit; what is given up or ended leaves nothing."""
    walk = Walk()

    for choice in choices:
        moves = walk.moves()
        walk.move(moves[choice % len(moves)])
        walk.check()


@given(choices=st.lists(st.integers(0, 10_000), max_size=25))
def test_whatever_happened_good_answers_end_it(choices: list[int]) -> None:
    """Once the systems answer well and people retry, a cancelled order is open nowhere and promises nothing."""
    walk = Walk()
    for choice in choices:
        moves = walk.moves()
        walk.move(moves[choice % len(moves)])
    walk.tell("cancelled")  # also when a person gave an earlier cancellation up: that was for them to say

    for _ in range(60):
        desk = walk.desk
        if desk.pending:
            walk.move("deliver")
        elif walk.is_submitted:
            walk.move("issue")
        elif desk.open_cases:
            with contextlib.suppress(NotAllowedError):
                desk.retry()
        desk.read()
        has_ended = all(one.ended_at is not None for one in desk.order_flows(KEY))
        if has_ended and not desk.pending and not desk.open_cases:
            break

    assert walk.flow.ended_at is not None
    assert walk.state in (None, "cancelled", "closed")
    assert {} == walk.desk.stages


@given(crashes=st.lists(st.booleans(), min_size=6, max_size=6))
def test_a_crash_before_any_step_ends_in_the_same_state(crashes: list[bool]) -> None:
    """Killed before any answer, as often as it may be: what is asked, promised and written is the same."""
    plain, killed = Walk(), Walk()

    for n, move in enumerate(("deliver", "deliver", "issue", "deliver", "wish", "read")):
        plain.move(move)
        if crashes[n]:
            killed.desk.crash()
        killed.move(move)

    ends = [(one.flow.state, one.state, one.desk.stages, one.desk.all_sent) for one in (plain, killed)]
    assert ends[0] == ends[1]
    assert ("done", "open") == ends[0][:2]


def test_a_version_that_is_given_up_before_it_began_undoes_what_the_ones_before_had_made() -> None:
    """It took the place of one whose order the ERP has issued, and knows nothing of that order but that it is there."""
    walk = Walk()

    for move in ("deliver", "deliver", "change", "issue", "refuse", "abort", "deliver"):
        walk.move(move)
        walk.check()

    assert ("aborted", "cancelled") == (walk.flow.state, walk.state)
    assert {"commitment": 10_000} == walk.desk.stages
