"""Why two sides differ, where several signs speak: the surest one first, and time mends nothing for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from decimal import Decimal
from typing import Any

import pytest

from adapters.base import Page, Translated
from finsync_tui.profile import Profile
from finsync_tui.profile.overlay import shipped
from finsync_tui.reconcile import running
from finsync_tui.reconcile.judging import is_rounding
from finsync_tui.settings import read_toml
from store import breaks, cases, outbox, workflows
from store.clock import text
from tests.builders import MONDAY, a_case, a_purchase_order, an_entry
from tests.finsync_tui.reconcile.desk import DAY, Desk, a_desk


@pytest.fixture
def desk() -> Iterable[Desk]:
    with a_desk() as made:
        yield made


def deliver(desk: Desk, key: str, state: str = "verified") -> None:
    with desk.store.transaction() as db:
        (entry_id,) = outbox.enqueue(
            db, [an_entry(document_key=key, system="erp", idempotency_key=key)], MONDAY
        )
        db.execute("UPDATE delivery SET state=? WHERE entry_id=?", (state, entry_id))


def change(desk: Desk, total: str = "99.00", by_days: int = 1, number: str = "1") -> None:
    """Somebody changes the ERP's order."""
    order = a_purchase_order(
        number=f"E{number}", reference=f"coupa:PO-{number}", supplier_id="700", total=total
    )
    desk.right.put(f"30{number}", order, MONDAY + by_days * DAY)


def under_way(desk: Desk, key: str = "coupa:1") -> None:
    with desk.store.transaction() as db:
        workflows.start(
            db, flow="requisition_to_pay", kind="create", entity="purchase_order", document_key=key,
            document_number="PO-1", document_version=1, document_revision="1", step="await_end", now=MONDAY, state="waiting",
        )  # fmt: skip


def in_exception(desk: Desk, class_: str, key: str = "coupa:1") -> None:
    with desk.store.transaction() as db:
        cases.open(db, a_case(document_key=key, class_=class_), MONDAY)


def found(desk: Desk) -> breaks.Break:
    (one,) = breaks.listed(desk.store.db)
    return one


@pytest.mark.parametrize("class_", [None, "READ_BACK_DIFFERS", "APPROVAL_DOUBTFUL"])
def test_a_change_by_hand_stays_one_whatever_the_engine_makes_of_it(desk: Desk, class_: str | None) -> None:
    """An unfinished process, and the exception that the change itself has raised, don't make it a matter of time."""
    deliver(desk, "coupa:1")
    under_way(desk)
    change(desk)
    if class_ is not None:
        in_exception(desk, class_)

    desk.run()

    assert ("manual_change", "ann") == (found(desk).class_, found(desk).evidence["changed_by"])
    assert class_ == found(desk).evidence.get("exception_class")


def test_whoever_changed_it_unnamed_did_it_by_hand(desk: Desk) -> None:
    """A system that does not say who: it was not us, or it would not be later than our last delivery."""
    deliver(desk, "coupa:1")
    change(desk)
    as_ever = desk.right.translate

    def translate(entity: str, rows: Any) -> Any:
        read = as_ever(entity, rows)
        return [Translated(one.external_id, one.record, None, one.source_updated_at, None) for one in read]

    desk.right.translate = translate  # type: ignore[method-assign]

    desk.run()

    assert ("manual_change", None) == (found(desk).class_, found(desk).evidence["changed_by"])


@pytest.mark.parametrize(
    ("class_", "expected"),
    [
        ("READ_BACK_DIFFERS", "unknown"),
        ("WRITE_BACK_IGNORED", "unknown"),
        ("PAYMENT_TWICE_POSSIBLE", "duplicate"),
        ("MAPPING_MISSING", "mapping"),
        ("APPROVAL_DOUBTFUL", "timing"),
    ],
)
def test_only_an_exception_that_keeps_it_waiting_is_a_matter_of_time(
    desk: Desk, class_: str, expected: str
) -> None:
    """Others say that a system does not hold what it was sent, or has it twice."""
    change(desk, by_days=-9)
    in_exception(desk, class_)

    desk.run()

    assert expected == found(desk).class_


def test_an_unfinished_process_explains_a_difference_only_for_a_while(desk: Desk) -> None:
    """What we have changed ourselves and never put right: on its way for a day, then nobody knows."""
    desk.right.own_login = "ann"
    deliver(desk, "coupa:1")
    under_way(desk)
    change(desk)
    classes = []
    for days in (0, 2):
        desk.clock.advance(days * DAY)
        desk.run()
        classes.append(found(desk).class_)

    assert ["timing", "unknown"] == classes


def test_what_its_process_has_not_sent_yet_is_on_its_way(desk: Desk) -> None:
    """However long that takes: its exceptions and its age say more."""
    del desk.right.held["301"]
    under_way(desk)
    desk.clock.advance(30 * DAY)

    desk.run()

    assert ("missing_in_target", "timing") == (found(desk).kind, found(desk).class_)


def test_a_change_by_hand_within_rounding_says_who_and_when(desk: Desk) -> None:
    """It is still no more than rounding, and somebody did it."""
    desk.rounding = {"EUR": "0.05"}
    deliver(desk, "coupa:1")
    change(desk, total="101.03")

    desk.run()

    evidence = found(desk).evidence
    assert ("rounding", "ann", "the amounts differ by no more than rounding does") == (
        found(desk).class_, evidence["changed_by"], evidence["why"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("currency", "minor", "is_one"),
    [
        ("EUR", 5, True), ("EUR", 6, False), ("JPY", 1, True), ("JPY", 2, False), ("KRW", 1, True), ("KRW", 2, False),
        ("KWD", 5, True), ("KWD", 6, False),
    ],
)  # fmt: skip
def test_rounding_is_a_few_of_the_smallest_units_of_any_currency(
    currency: str, minor: int, is_one: bool
) -> None:
    """Five cents, five fils, one won: not fifty fils, and not nothing."""
    tolerance = {"default": Decimal("0.05"), "JPY": Decimal(1)}

    assert is_one == is_rounding(tolerance, currency, minor)
    assert not is_rounding({}, currency, 1)


def test_what_is_newer_than_what_was_told_was_not_among_it(desk: Desk) -> None:
    """Where several things of one document are told one by one, a yes of before says nothing of what came later."""
    del desk.right.held["301"]
    deliver(desk, "coupa:1", "delivered")
    desk.left.put("1", a_purchase_order(number="PO-1", supplier_id="88"), MONDAY + 5 * DAY)
    desk.clock.advance(9 * DAY)
    why = []
    for proves in (["order.create"], []):
        desk.changes = {"proves": proves}
        desk.run()
        why.append(found(desk).evidence["why"])

    assert [
        "the target said yes, and it was never seen there",
        "nothing that is known here explains it",
    ] == why


def test_a_delivery_whose_document_still_differs_is_not_verified(desk: Desk) -> None:
    """Though the target shows it, and also when a person has explained the difference; once both agree it is."""
    with desk.store.transaction() as db:
        entry = an_entry(document_key="coupa:1", system="erp", operation="order.create", idempotency_key="1")
        outbox.enqueue(db, [entry], MONDAY)
        db.execute("UPDATE delivery SET state='delivered', external_id='301'")
    change(desk, by_days=-9)
    states = []

    def look() -> None:
        desk.run()
        states.extend(one.state for one in outbox.of_documents(desk.store.db, ["coupa:1"], ["erp"]))

    look()
    with desk.store.transaction() as db:
        breaks.explain(db, [1], "ann", "as agreed", MONDAY)
    look()
    change(desk, total="101.00")
    look()

    assert ["delivered", "delivered", "verified"] == states


def test_a_draft_that_waits_in_the_target_was_taken_out_by_nobody(desk: Desk) -> None:
    """The ERP keeps an order as a draft until it is submitted: in exception before that, it is not gone. Afterwards it is."""
    deliver(desk, "coupa:1")  # its creation is read back
    draft = a_purchase_order(number="E1", reference="coupa:PO-1", supplier_id="700", status="draft")
    desk.right.put("301", draft)
    classes = []
    desk.run()
    classes.append(found(desk).class_)
    in_exception(desk, "BUDGET_EXCEEDED")
    desk.run()
    classes.append(found(desk).class_)
    with desk.store.transaction() as db:
        entry = an_entry(document_key="coupa:1", system="erp", operation="order.submit", idempotency_key="s")
        (entry_id,) = outbox.enqueue(db, [entry], MONDAY)
        db.execute("UPDATE delivery SET state='verified' WHERE entry_id=?", (entry_id,))
    desk.run()
    classes.append(found(desk).class_)

    assert ["unknown", "timing", "manual_change"] == classes
    assert "it was read back there, and is gone" == found(desk).evidence["why"]


def test_a_double_that_was_stopped_is_missing_for_that_time_only(desk: Desk) -> None:
    """The exception keeps it from the target: there is nothing there twice."""
    del desk.right.held["301"]
    in_exception(desk, "INVOICE_DUPLICATE")

    desk.run()

    assert ("missing_in_target", "timing") == (found(desk).kind, found(desk).class_)


def test_only_what_was_delivered_before_a_run_is_verified_by_it(desk: Desk) -> None:
    """What is delivered while the sides are read was not seen: the next run sees it."""

    def state() -> str:
        (one,) = outbox.of_documents(desk.store.db, ["coupa:1"], ["erp"])
        return one.state

    read = desk.right.read

    async def read_then_deliver(entity: str, position: str | None = None) -> AsyncIterator[Page]:
        async for page in read(entity, position):
            yield page
        desk.clock.advance(DAY)
        with desk.store.transaction() as db:
            entry = an_entry(
                document_key="coupa:1", system="erp", operation="order.close", idempotency_key="1"
            )
            (entry_id,) = outbox.enqueue(db, [entry], desk.clock.now())
            values = (text(desk.clock.now()), entry_id)
            db.execute(
                "UPDATE delivery SET state='delivered', external_id='301', changed_at=? WHERE entry_id=?",
                values,
            )

    desk.right.read = read_then_deliver  # type: ignore[method-assign]
    desk.run()
    first = state()
    desk.right.read = read  # type: ignore[method-assign]
    desk.run()

    assert ("delivered", "verified") == (first, state())


def test_a_change_of_what_is_not_compared_is_not_verified_by_comparing(desk: Desk) -> None:
    """Both sides agree in all that is compared here; the accounts that an order's change may be about are not."""
    with desk.store.transaction() as db:
        for operation in ("order.create", "order.change"):
            entry = an_entry(
                document_key="coupa:1", system="erp", operation=operation, idempotency_key=operation
            )
            outbox.enqueue(db, [entry], MONDAY)
        db.execute("UPDATE delivery SET state='delivered', external_id='301'")

    desk.run()

    found_ = outbox.of_documents(desk.store.db, ["coupa:1"], ["erp"])
    assert {"order.create": "verified", "order.change": "delivered"} == {
        one.operation: one.state for one in found_
    }


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_delivery_whose_document_nobody_can_read_now_is_not_verified(desk: Desk, side: str) -> None:
    """The row of an earlier read says how it was. Once it can be read again it is verified."""
    desk.run()
    with desk.store.transaction() as db:
        entry = an_entry(document_key="coupa:1", system="erp", operation="order.close", idempotency_key="1")
        outbox.enqueue(db, [entry], MONDAY)
        db.execute("UPDATE delivery SET state='delivered', external_id='301'")
    states = []
    for unread in (frozenset({"1" if side == "left" else "301"}), frozenset[str]()):
        getattr(desk, side).unreadable = unread
        desk.clock.advance(DAY)
        desk.run()
        (one,) = outbox.of_documents(desk.store.db, ["coupa:1"], ["erp"])
        states.append(one.state)

    assert ["delivered", "verified"] == states


def test_what_explains_an_open_break_is_asked_again_in_runs_of_changes(desk: Desk) -> None:
    """Nothing of its document has changed; its process has ended meanwhile."""
    del desk.right.held["301"]
    under_way(desk)
    desk.run()
    first = found(desk).class_
    with desk.store.transaction() as db:
        workflows.save(db, 1, state="aborted", step="await_end", data={}, now=MONDAY, ended=True)

    run = desk.run("changes")

    assert ("timing", "unknown") == (first, found(desk).class_)
    assert (0, 1, 0) == (run.opened, run.persisting, run.closed)


def test_a_break_whose_other_side_cannot_be_read_stays_in_a_run_of_changes(desk: Desk) -> None:
    """Its record is there again, in words that nobody understands: nobody knows whether they agree."""
    record = desk.right.held.pop("301")
    desk.run()
    desk.right.unreadable = frozenset({"301"})
    desk.right.put("301", record, MONDAY)
    hidden = desk.run("changes").closed, len(breaks.listed(desk.store.db))
    desk.right.unreadable = frozenset()
    desk.right.put("301", record, MONDAY + DAY)

    assert ((0, 1), 1) == (hidden, desk.run("changes").closed)


def test_a_document_that_changed_a_moment_ago_is_on_its_way(desk: Desk) -> None:
    """Nothing has taken it up yet: that is a matter of time for a day, and then nobody knows."""
    desk.left.put("9", a_purchase_order(number="PO-9", supplier_id="88"), MONDAY)
    classes = []
    for days in (0, 2):
        desk.clock.advance(days * DAY)
        desk.run()
        classes.append((found(desk).class_, found(desk).evidence["why"]))

    assert [
        ("timing", "it changed a moment ago"),
        ("unknown", "nothing that is known here explains it"),
    ] == classes


@pytest.mark.parametrize("was_sent", [True, False])
def test_a_flow_that_is_done_and_sent_something_has_not_decided_against_it(
    desk: Desk, was_sent: bool
) -> None:
    """What it sent has to be there; what it ended without sending need not."""
    del desk.right.held["301"]
    under_way(desk)
    with desk.store.transaction() as db:
        workflows.save(db, 1, state="done", step="await_end", data={}, now=MONDAY, ended=True)
    if was_sent:
        deliver(desk, "coupa:1")

    assert int(was_sent) == desk.run().opened


def test_a_change_at_the_moment_of_our_own_delivery_is_ours(desk: Desk) -> None:
    """Only what is later was made by hand."""
    deliver(desk, "coupa:1")
    change(desk, by_days=0)
    desk.run()
    same = found(desk).class_
    change(desk, by_days=1)
    desk.run()

    assert ("unknown", "manual_change") == (same, found(desk).class_)


@pytest.mark.parametrize("mode", ["changes", "window"])
def test_what_was_asked_to_be_read_again_is_so_only_by_a_full_run(desk: Desk, mode: str) -> None:
    """A run of changes, or of some months, leaves the request as it is."""
    desk.run()
    definition = read_toml(shipped() / "shared" / "reconciliations" / "orders.toml")
    profile = Profile.model_validate({"systems": {}, "reconciliations": {"orders": definition}})
    with desk.store.transaction() as db:
        running.ask(db, "orders")

    def due() -> list[str]:
        return [one.mode for one in running.due(desk.store.db, profile, desk.clock.now())]

    desk.run(mode, periods=("2026-01", "2026-01"))
    before = due()
    desk.run("full")

    assert (["full"], []) == (before, due())
