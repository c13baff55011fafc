"""Reconciliation from end to end over two systems of a few orders: fresh reads, breaks, what stops a run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta

import pytest

from adapters.base import Page
from adapters.errors import TransientError
from finsync_tui.profile import Profile
from finsync_tui.profile.overlay import shipped
from finsync_tui.reconcile import running
from finsync_tui.settings import read_toml
from store import (
    breaks,
    cases,
    crossrefs,
    events,
    findings,
    outbox,
    reconciliations,
    records,
    workflows,
)
from tests.builders import MONDAY, a_case, a_purchase_order, an_entry
from tests.finsync_tui.reconcile.desk import DAY, Desk, a_desk


@pytest.fixture
def desk() -> Iterable[Desk]:
    with a_desk() as made:
        yield made


def test_two_sides_that_agree_have_no_break(desk: Desk) -> None:
    """Keys by mark, suppliers by their link, statuses by their common word."""
    run = desk.run()

    assert ("complete", 4, 4, 0, []) == (
        run.outcome,
        run.source_rows,
        run.target_rows,
        run.opened,
        desk.open_breaks(),
    )


def test_what_is_as_it_was_is_not_decoded_again(desk: Desk) -> None:
    """In a full read neither, unless its own link, a link that is looked up, or what its system sends has changed."""

    def decoded() -> tuple[list[str], list[str]]:
        for side in (desk.left, desk.right):
            side.decoded.clear()
        desk.run()
        return desk.left.decoded, desk.right.decoded

    desk.left.is_keyed = desk.right.is_keyed = True
    everything = tuple(len(side) for side in decoded())
    nothing = tuple(map(list, decoded()))
    desk.right.put(
        "300", a_purchase_order(number="E0", reference="coupa:PO-0", supplier_id="700", total="99.00")
    )
    changed = tuple(map(list, decoded()))
    found = desk.open_breaks()
    with desk.store.transaction() as db:
        crossrefs.unlink(db, "purchase_order", "coupa:1", "erp")
    unlinked = tuple(map(list, decoded()))
    with desk.store.transaction() as db:
        crossrefs.link(db, "supplier", "coupa:99", "erp", "999", why="number", linked_at=MONDAY + DAY)
    another = tuple(map(list, decoded()))
    with desk.store.transaction() as db:
        crossrefs.link(db, "supplier", "coupa:88", "erp", "701", why="number", linked_at=MONDAY + DAY)
    linked = tuple(len(side) for side in decoded())
    others = len(desk.open_breaks())
    del desk.right.held["303"]
    desk.run()
    gone = [one for one in desk.open_breaks() if one[0] == "missing_in_target"]
    desk.right.put("303", a_purchase_order(number="E3", reference="coupa:PO-3", supplier_id="700"))
    desk.run()

    assert ((4, 4), ([], [])) == (everything, nothing)
    assert (([], ["300"]), ["field"]) == (changed, [kind for kind, _, _ in found])
    assert (([], ["301"]), ([], [])) == (unlinked, another)
    assert ((4, 4), 4) == (linked, others), "each order's supplier is another one now"
    assert ["PO-3"] == [number for _, _, number in gone]
    assert "missing_in_target" not in [kind for kind, _, _ in desk.open_breaks()], (
        "what came back is made anew"
    )


def test_what_differs_opens_a_break_with_its_event(desk: Desk) -> None:
    """A changed amount, a swapped supplier, a missing order, an order without its source: each once."""
    desk.right.put(
        "300", a_purchase_order(number="E0", reference="coupa:PO-0", supplier_id="700", total="99.00")
    )
    desk.right.put("301", a_purchase_order(number="E1", reference="coupa:PO-1", supplier_id="701"))
    del desk.right.held["302"], desk.left.held["3"]

    run = desk.run()

    assert 4 == run.opened
    found = breaks.listed(desk.store.db)
    assert ["field", "field", "missing_in_target", "missing_in_source"] == [one.kind for one in found]
    assert [("total",), ("supplier",), (), ()] == [tuple(f.field for f in one.fields) for one in found]
    assert 200 == found[0].amount_minor
    told = [one.event.type for one in events.tail(desk.store.db, 0, 10)]
    assert ["com.finsync.break.opened.v1"] * 4 == told


@pytest.mark.parametrize("status", ["pending_approval", "rejected", "on_hold"])
def test_an_order_whose_approval_stands_in_one_system_only_is_a_break(desk: Desk, status: str) -> None:
    """Approved at its source and waiting, refused or held in the ERP: the status alone differs."""
    desk.right.put(
        "300", a_purchase_order(number="E0", reference="coupa:PO-0", supplier_id="700", status=status)
    )

    desk.run()

    (found,) = breaks.listed(desk.store.db)
    (shown,) = found.fields
    assert ("status_lag", "PO-0", "status", status) == (
        found.kind, found.document_number, shown.field, str(shown.target),
    )  # fmt: skip


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_page_that_fails_opens_and_closes_nothing(desk: Desk, side: str) -> None:
    """A run that could not read a side whole says so; old breaks stay as they are, and no false ones appear."""
    order = desk.right.held.pop("302")
    desk.run()
    assert ["PO-2"] == [number for _, _, number in desk.open_breaks()]
    desk.right.put("302", order)
    getattr(desk, side).fails_after = 1

    run = desk.run()

    assert "failed" == run.outcome
    assert "can't be read" in str(run.error)
    assert ["PO-2"] == [number for _, _, number in desk.open_breaks()]
    getattr(desk, side).fails_after = None
    assert 1 == desk.run().closed
    assert [] == desk.open_breaks()


def test_a_run_that_was_cut_off_changes_nothing(desk: Desk) -> None:
    """The next one marks it as interrupted and finds everything."""

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    del desk.right.held["302"]
    desk.right.translate = cut  # type: ignore[assignment, method-assign]
    with pytest.raises(KeyboardInterrupt):
        desk.run()
    del desk.right.translate

    assert [] == desk.open_breaks()
    assert 1 == desk.run().opened
    first = reconciliations.get(desk.store.db, 1)
    assert first is not None
    assert "interrupted" == first.outcome


@pytest.mark.parametrize("looks", [1, 3, 8, 14, 40])
def test_a_run_that_is_told_to_stop_changes_no_break_and_comes_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    """Between two pages, or amid the comparison: it counts as interrupted, and the next one finds everything."""
    monkeypatch.setattr("store.database.STEPS_BETWEEN_LOOKS", 20)
    del desk.right.held["302"]
    asked = list[bool]()

    def is_stopping() -> bool:
        asked.append(True)
        return len(asked) >= looks

    cut = desk.run(is_stopping=is_stopping)
    before = desk.open_breaks()
    again = desk.run()

    assert ("interrupted", []) == (cut.outcome, before)
    assert ("complete", 1) == (again.outcome, again.opened)


def test_a_document_that_cannot_be_read_is_still_there(desk: Desk) -> None:
    """It keeps the row it had: nothing is missing because it does not fit its contract today."""
    desk.run()
    desk.right.unreadable = frozenset({"301"})

    assert 0 == desk.run().opened


def test_an_older_version_from_a_lagging_copy_opens_no_break(desk: Desk) -> None:
    """What the store holds newer is compared instead, and that the system showed the past is noted."""
    now_100 = a_purchase_order(number="PO-1", supplier_id="88", total="100.00")
    with desk.store.transaction() as db:
        newer = records.Incoming("1", now_100, b"{}", None, MONDAY)
        records.put_page(db, "purchase_order", "coupa", [newer], MONDAY)
    desk.left.put("1", a_purchase_order(number="PO-1", supplier_id="88", total="50.00"), MONDAY - DAY)
    desk.right.put(
        "301", a_purchase_order(number="E1", reference="coupa:PO-1", supplier_id="700", total="100.00")
    )

    assert 0 == desk.run().opened
    (found,) = findings.of_document(desk.store.db, "coupa:1")
    assert ("STALE_VERSION", "PO-1") == (found.class_, found.document_number)


def test_a_copy_that_shows_what_was_compared_before_opens_no_break(desk: Desk) -> None:
    """As it was at the last run, to the byte, and older than what sync has read since: it is not taken for unchanged."""
    desk.left.is_keyed = desk.right.is_keyed = True
    desk.run()
    order = a_purchase_order(number="PO-1", supplier_id="88", total="120.00")
    with desk.store.transaction() as db:
        newer = records.Incoming("1", order, b"{}", None, MONDAY + DAY)
        records.put_page(db, "purchase_order", "coupa", [newer], MONDAY + DAY)
    desk.right.put(
        "301", a_purchase_order(number="E1", reference="coupa:PO-1", supplier_id="700", total="120.00")
    )

    assert 0 == desk.run().opened
    (found,) = findings.of_document(desk.store.db, "coupa:1")
    assert ("STALE_VERSION", "PO-1") == (found.class_, found.document_number)


def test_a_run_of_changes_reads_from_where_the_last_one_ended(desk: Desk) -> None:
    """It finds what changed, leaves older breaks alone, and closes what was put right."""
    del desk.right.held["302"]
    desk.run()
    desk.clock.advance(DAY)
    desk.right.put(
        "300", a_purchase_order(number="E0", reference="coupa:PO-0", supplier_id="700", total="99.00"), MONDAY
    )

    run = desk.run("changes")

    assert [None, f"{MONDAY - 9 * DAY:%Y-%m-%d}"] == desk.right.asked
    assert (1, 0) == (run.opened, run.closed)
    assert {"PO-0", "PO-2"} == {number for _, _, number in desk.open_breaks()}


def test_a_class_is_given_with_its_evidence(desk: Desk) -> None:
    """An exception tells what is missing; a process under way is timing; a change after ours was made by hand."""
    for number in ("300", "301", "302"):
        del desk.right.held[number]
    desk.right.put(
        "303",
        a_purchase_order(number="E3", reference="coupa:PO-3", supplier_id="700", total="9.00"),
        MONDAY + DAY,
    )
    with desk.store.transaction() as db:
        cases.open(db, a_case(document_key="coupa:0", class_="MAPPING_MISSING"), MONDAY)
        workflows.start(
            db, flow="requisition_to_pay", kind="create", entity="purchase_order", document_key="coupa:1",
            document_number="PO-1", document_version=1, document_revision="1", step="await_submit", now=MONDAY, state="waiting",
        )  # fmt: skip
        entry = an_entry(document_key="coupa:3", system="erp", idempotency_key="3")
        (entry_id,) = outbox.enqueue(db, [entry], MONDAY)
        db.execute("UPDATE delivery SET state='delivered' WHERE entry_id=?", (entry_id,))

    desk.run()

    found = {one.document_number: one for one in breaks.listed(desk.store.db)}
    assert {"PO-0": "mapping", "PO-1": "timing", "PO-2": "unknown", "PO-3": "manual_change"} == {
        number: one.class_ for number, one in found.items()
    }
    assert "await_submit" == found["PO-1"].evidence["step"]
    assert "ann" == found["PO-3"].evidence["changed_by"]
    assert entry_id == found["PO-3"].entry_id


def test_what_was_delivered_is_verified_where_both_sides_agree(desk: Desk) -> None:
    """An answer of success is believed once the target shows the order as it should be; one that never happened is a break."""
    del desk.right.held["301"]
    with desk.store.transaction() as db:
        for n in (0, 1):
            entry = an_entry(
                document_key=f"coupa:{n}", system="erp", operation="order.create", idempotency_key=str(n)
            )
            outbox.enqueue(db, [entry], MONDAY)
        db.execute("UPDATE delivery SET state='delivered', external_id='30' || (entry_id - 1)")

    desk.run()

    assert ["verified", "delivered"] == [
        d.state for n in (0, 1) for d in outbox.of_documents(desk.store.db, [f"coupa:{n}"], ["erp"])
    ]
    (found,) = breaks.listed(desk.store.db)
    assert ("missing_in_target", "the target said yes, and it was never seen there") == (
        found.kind,
        found.evidence["why"],
    )


def test_rounding_duplicates_and_missing_master_data_have_classes_of_their_own(desk: Desk) -> None:
    """By the size of the difference, by the count of documents, by an exception, and by a link that leads nowhere."""
    desk.rounding = {"EUR": "0.05"}
    dear = a_purchase_order(number="E0", reference="coupa:PO-0", supplier_id="700", total="101.03")
    desk.right.put("300", dear, MONDAY - 9 * DAY)
    twin = a_purchase_order(number="E9", reference="coupa:PO-1", supplier_id="700")
    desk.right.put("309", twin, MONDAY - 9 * DAY)
    del desk.right.held["302"]
    other = a_purchase_order(number="E3", reference="coupa:PO-3", supplier_id="999")
    desk.right.put("303", other, MONDAY - 9 * DAY)
    with desk.store.transaction() as db:
        cases.open(db, a_case(document_key="coupa:2", class_="SUPPLIER_UNKNOWN"), MONDAY)

    desk.run()

    assert {
        ("field", "rounding", "PO-0"),
        ("duplicate", "duplicate", "PO-1"),
        ("missing_in_target", "missing_master_data", "PO-2"),
        ("field", "missing_master_data", "PO-3"),
    } == set(desk.open_breaks())


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("how", ["fails", "is cut off"])
@pytest.mark.parametrize("page", range(5))
def test_whatever_page_a_run_ends_at_it_says_nothing(desk: Desk, side: str, how: str, page: int) -> None:
    """Neither a false break nor a forgotten one, on either side, at the first page and at the last; the next run is right."""
    gone = desk.right.held.pop("302")
    desk.run()
    desk.right.put("302", gone)
    del desk.right.held["301"]
    reader = getattr(desk, side)
    whole = reader.read

    async def broken(entity: str, position: str | None = None) -> AsyncIterator[Page]:
        count = 0
        async for one in whole(entity, position):
            if count == page:
                break
            count += 1
            yield one
        raise KeyboardInterrupt if how == "is cut off" else TransientError(reader.system, "not now")

    reader.read = broken
    if how == "is cut off":
        with pytest.raises(KeyboardInterrupt):
            desk.run()
    else:
        assert "failed" == desk.run().outcome

    assert ["PO-2"] == [number for _, _, number in desk.open_breaks()]
    reader.read = whole
    assert (1, 1) == (desk.run().opened, desk.run().persisting)
    assert ["PO-1"] == [number for _, _, number in desk.open_breaks()]


def test_a_break_that_comes_and_goes_is_another_one_each_time(desk: Desk) -> None:
    """Each has its own age and its own end; what was explained of the first says nothing of the second."""
    order = desk.right.held["302"]
    for n in range(3):
        del desk.right.held["302"]
        desk.run()
        with desk.store.transaction() as db:
            breaks.explain(db, [n + 1], "ann", "known", MONDAY)
        desk.right.put("302", order)
        assert 1 == desk.run().closed

    found = breaks.listed(desk.store.db, state=None)
    assert [True] * 3 == [one.gone_at is not None for one in found]


def test_a_break_that_moves_to_another_class_says_so(desk: Desk) -> None:
    """It keeps its age and its owner; its history has from where to where, and why."""
    del desk.right.held["300"]
    with desk.store.transaction() as db:
        case = a_case(document_key="coupa:0", class_="MAPPING_MISSING")
        case_id = cases.open(db, case, MONDAY)
    desk.run()
    with desk.store.transaction() as db:
        cases.end(db, [getattr(case_id, "id", case_id)], "resolved", "ann", "done", MONDAY)

    desk.run()

    (one,) = breaks.listed(desk.store.db)
    told = [h.text for h in breaks.history(desk.store.db, one.id) if h.what == "classed"]
    assert ["mapping -> unknown: nothing that is known here explains it"] == told


def test_hostile_names_stay_words(desk: Desk) -> None:
    """A number with control characters, quotes and formulas is compared and kept as it is, and breaks nothing."""
    evil = "=cmd|' /C calc'!A0\x1b[2J\u202e'; DROP TABLE reconcile_break;--"
    desk.left.put("9", a_purchase_order(number=evil, supplier_id="88"), MONDAY - 9 * DAY)

    desk.run()

    assert [evil] == [one.document_number for one in breaks.listed(desk.store.db)]


def test_each_definition_runs_by_its_criticality_and_again_soon_after_a_failure(desk: Desk) -> None:
    """Changes by one rhythm, everything by another; what could not be read whole is tried again within the hour, and at once
    where somebody asks for it."""
    definition = read_toml(shipped() / "shared" / "reconciliations" / "orders.toml")
    rhythms = {"high": {"changes": "PT6H", "full": "P2D"}}
    profile = Profile.model_validate(
        {"systems": {}, "reconciliations": {"orders": definition}, "reconcile": {"rhythms": rhythms}}
    )

    def due(after: timedelta) -> list[str]:
        desk.clock.advance(after)
        return [one.mode for one in running.due(desk.store.db, profile, desk.clock.now())]

    hour = timedelta(hours=1)
    assert ["full"] == due(hour)
    desk.run("full")
    assert ([], ["changes"]) == (due(5 * hour), due(hour))
    desk.run("changes")
    assert ([], ["full"]) == (due(hour), due(2 * DAY))
    desk.right.fails_after = 1
    desk.run("full")
    assert ([], ["full"]) == (due(hour / 2), due(hour / 2))
    desk.run("full")
    assert [] == due(hour / 2)
    with desk.store.transaction() as db:
        running.ask(db, "orders")
    assert ["full"] == due(timedelta(0))
    desk.right.fails_after = None
    desk.run("full")
    assert [] == due(hour)
    with desk.store.transaction() as db:
        running.ask(db, "orders")
    assert ["full"] == due(hour)


def test_what_failed_is_tried_again_no_later_than_its_rhythm_has_it(desk: Desk) -> None:
    """The pause after a failure makes nothing rarer that is compared every few minutes."""
    definition = read_toml(shipped() / "shared" / "reconciliations" / "orders.toml")
    rhythms = {"high": {"changes": "PT10M", "full": "P2D"}}
    profile = Profile.model_validate(
        {"systems": {}, "reconciliations": {"orders": definition}, "reconcile": {"rhythms": rhythms}}
    )
    desk.right.fails_after = 1
    desk.run("full")

    desk.clock.advance(timedelta(minutes=10))

    assert ["full"] == [one.mode for one in running.due(desk.store.db, profile, desk.clock.now())]
