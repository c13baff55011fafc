"""Invoice to payment under any order of answers, refusals, silence, crashes, news and people."""

from __future__ import annotations

import contextlib
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from finsync_tui import actions
from store.canonical.payables import Invoice, Payment
from store.errors import NotAllowedError
from tests.finsync_tui.flows.invoice_desk import (
    ANALYST,
    SOURCE,
    TARGET,
    InvoiceDesk,
    a_line,
    a_prepayment,
    an_invoice,
)

ANSWERS = ("deliver", "deliver", "deliver", "deliver", "pending", "refuse", "bury", "bury_unknown", "crash")
"""More good ones than would be fair: a walk is to get somewhere."""
READS = ("verify", "verify_posting", "verify_record")
STEPS_MAX = 45
HOLD = "Dispute"
PREPAYMENT = a_prepayment(amount="20")


class Walk:
    """One invoice, its order and its goods, pushed about; after every move the promises hold."""

    def __init__(self, *, is_prepaid: bool = False) -> None:
        self.desk = InvoiceDesk(dispute_hold=HOLD)
        self.desk.order()
        if is_prepaid:
            self.desk.tell(TARGET, PREPAYMENT.number, PREPAYMENT)
        self.payments: dict[str, str] = {}
        self.version = 0
        self.is_void = False
        self.desk.receive()
        self.tell()

    def tell(self, status: str = "approved") -> None:
        self.version += 1
        invoice = an_invoice(a_line("8"), status=status, description=f"as of {self.version}")
        self.is_void, self.is_disputed = status == "cancelled", status == "on_hold"
        self.desk.invoice(invoice)

    def moves(self) -> tuple[str, ...]:
        """What can happen now."""
        desk, flow = self.desk, self.desk.workflow
        found: list[str] = ["wait", "crash"]
        if desk.pending:
            found += ANSWERS
        if desk.open_cases:
            found += ["retry", "retry", "retry"]
        if flow.state == "waiting" and flow.step in READS:
            found += ["read", "read", "read", "read_gone"]
        if not self.is_void:
            found += ["void", "change"]
            if flow.ended_at is None:
                found += ["abort"]
        if self.is_posted():
            found += ["pay", "pay_part", "call_back", "hold", "release"]
            if not self.is_void:
                found += ["settle", "settle"] if self.is_disputed else ["dispute"]
        return tuple(found)

    def is_posted(self) -> bool:
        return bool(self.postings()) and any(one == "invoice.validate" for one in self.desk.sent)

    def move(self, name: str) -> None:
        desk = self.desk
        if name in ANSWERS and name != "crash":
            self._answer(name)
        elif name == "crash":
            desk.crash()
        elif name in ("read", "read_gone"):
            desk.read(is_gone=name == "read_gone")
        elif name == "retry":
            desk.retry()
        elif name == "wait":
            desk.wait(hours=2)
        elif name == "void":
            self.tell("cancelled")
        elif name in ("change", "settle"):
            self.tell()
        elif name == "dispute":
            self.tell("on_hold")
        elif name == "abort":
            live = next(one for one in desk.invoice_flows() if one.ended_at is None)
            with contextlib.suppress(NotAllowedError):
                actions.abort_workflow(desk.store, ANALYST, live.id, "entered twice")
                desk.run()
        elif name in ("pay", "pay_part"):
            number = f"P{len(self.payments) + 1}"
            self.payments[number] = "30" if name == "pay_part" else "80"
            desk.pay(number, self.payments[number])
        elif name == "call_back" and self.payments:
            number = sorted(self.payments)[-1]
            desk.pay(number, self.payments[number], status="voided")
        elif name in ("hold", "release"):
            (invoice,) = self.postings()
            holds = [one for one in invoice.holds if one != "Amount"] + ["Amount"] * (name == "hold")
            desk.erp_shows(status="on_hold" if holds else "approved", holds=tuple(holds))

    def _answer(self, name: str) -> None:
        desk = self.desk
        operation = desk.pending[0]
        is_paid = any(one.status in ("issued", "cleared") for one in self._payments())
        is_held = any("Amount" in one.holds for one in self.postings())
        if name in ("deliver", "pending") and operation == "invoice.cancel" and (is_paid or is_held):
            name = "refuse"  # one that is paid, or held for another reason than ours, can't be cancelled
        if name in ("deliver", "pending") and operation == "invoice.apply_prepayment":
            desk.answer(answer={"applied": "20.00"})
            return
        if name == "deliver" or (name == "pending" and operation != "invoice.validate"):
            desk.answer()
        elif name == "pending":
            desk.answer(is_pending=True)
        elif name == "refuse":
            desk.answer("refused", case_class="PERIOD_CLOSED")
        else:
            desk.answer("buried", is_unknown=name == "bury_unknown")

    def _payments(self) -> list[Payment]:
        return [
            one for want, one in self.desk.shown.items() if isinstance(one, Payment) and want.system == TARGET
        ]

    def postings(self) -> list[Invoice]:
        """What the ERP holds of the invoice and has not cancelled."""
        return [one for one in self._held() if one.status != "cancelled"]

    def _held(self) -> list[Invoice]:
        found = (one for want, one in self.desk.shown.items() if want.system == TARGET)
        return [one for one in found if isinstance(one, Invoice) and one.kind != "prepayment"]

    def check(self) -> None:
        """The promises about one invoice."""
        desk = self.desk
        assert len(self._held()) <= 1, "nothing is created twice"
        source = next(
            one for want, one in desk.shown.items() if want.system == SOURCE and isinstance(one, Invoice)
        )
        told = Counter(one.note for one in source.recorded_payments)
        assert all(count == 1 for count in told.values()), "a payment is told once"
        assert all(note.removeprefix("Void ") in told for note in told), "only what was told is taken back"
        taken = 8000 if self._is_relieved() else 0
        assert 10000 - taken == desk.open_minor, "open is ordered less invoiced"
        if all(one.state in ("aborted", "superseded") for one in desk.invoice_flows()):
            assert not self.postings(), "what was given up leaves nothing in force"
            assert not desk.prepaid, "nor a prepayment tied up"
        if (
            desk.workflow.state == "done"
            and desk.workflow.kind == "post"
            and "posting_entry" in desk.workflow.data
        ):
            assert source.target_status == "Posted", "the source knows at the end"
            made = sum(one.amount.amount_minor for one in source.recorded_payments)
            assert made >= 8000, "done is paid"

    def _is_relieved(self) -> bool:
        rows = self.desk.store.db.execute("SELECT count(*) FROM commitment_relief").fetchone()
        return bool(rows[0])


@given(choices=st.lists(st.integers(0, 10_000), min_size=5, max_size=STEPS_MAX), is_prepaid=st.booleans())
def test_the_promises_hold_whatever_happens(choices: list[int], is_prepaid: bool) -> None:
    """Never twice, never half, told once, promised to the minor unit; what is given up or voided leaves nothing."""
    walk = Walk(is_prepaid=is_prepaid)

    for choice in choices:
        moves = walk.moves()
        walk.move(moves[choice % len(moves)])
        walk.check()


@given(choices=st.lists(st.integers(0, 10_000), min_size=0, max_size=25), is_prepaid=st.booleans())
def test_whatever_happened_good_answers_end_it(choices: list[int], is_prepaid: bool) -> None:
    """However rough its way was: once the systems answer well and people retry, a voided invoice is out of the ERP."""
    walk = Walk(is_prepaid=is_prepaid)
    for choice in choices:
        moves = walk.moves()
        walk.move(moves[choice % len(moves)])
    if not walk.is_void:
        walk.tell("cancelled")
    for number in walk.payments:
        walk.desk.pay(number, walk.payments[number], status="voided")
    if walk.postings():
        walk.move("release")

    for _ in range(40):
        desk = walk.desk
        if desk.pending:
            walk.move("deliver")
        elif desk.open_cases:
            with contextlib.suppress(NotAllowedError):
                desk.retry()
        desk.read()
        if desk.workflow.ended_at is not None and not desk.pending and not desk.open_cases:
            break

    assert walk.desk.workflow.ended_at is not None
    assert ([], 10000, set()) == (walk.postings(), walk.desk.open_minor, walk.desk.prepaid)


@given(crashes=st.lists(st.booleans(), min_size=12, max_size=12))
def test_a_crash_between_any_two_steps_ends_in_the_same_state(crashes: list[bool]) -> None:
    """Killed before any answer, as often as it may be: what is asked, told and shown is the same."""
    plain, killed = Walk(), Walk()
    moves = ("deliver", "deliver", "read", "deliver", "pay", "deliver", "read")

    for n, move in enumerate(moves):
        plain.move(move)
        if crashes[n]:
            killed.desk.crash()
        killed.move(move)

    assert "done" == plain.desk.step() == killed.desk.step()
    assert plain.desk.shown == killed.desk.shown
    assert plain.desk.sent == killed.desk.sent


def test_a_walk_can_reach_every_end() -> None:
    """Its promises are not kept by standing still: paid, voided, given up."""
    ends = []
    for way in (
        ("deliver", "deliver", "read", "deliver", "pay", "deliver", "read"),
        ("deliver", "deliver", "read", "deliver", "void", "deliver", "deliver", "read"),
        ("deliver", "deliver", "read", "deliver", "abort", "deliver", "deliver"),
        ("deliver", "deliver", "read", "deliver", "dispute", "deliver", "deliver", "settle", "deliver", "deliver",
         "pay", "deliver", "read"),
        ("deliver", "deliver", "read", "deliver", "dispute", "deliver", "void", "deliver", "deliver", "deliver", "read"),
    ):  # fmt: skip
        walk = Walk()
        for move in way:
            walk.move(move)
            walk.check()
        ends.append((walk.desk.workflow.kind, walk.desk.step()))

    assert [
        ("post", "done"),
        ("void", "done"),
        ("post", "aborted"),
        ("post", "done"),
        ("void", "done"),
    ] == ends
