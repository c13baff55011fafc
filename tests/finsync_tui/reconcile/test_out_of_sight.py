"""Records that are there though no row of them is held: what can't be read, and systems that come, go and change their names."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from adapters.base import Translated, Untranslatable
from finsync_tui.profile import Profile
from finsync_tui.profile.overlay import shipped
from finsync_tui.reconcile import connected, running
from finsync_tui.reconcile.running import Asked
from finsync_tui.settings import read_toml
from store import breaks, comparison, crossrefs, outbox, reconciliations, unreadable
from store.reconciliations import Run
from tests.builders import MONDAY, a_break, a_purchase_order, a_reconcile_run, an_entry
from tests.finsync_tui.reconcile.desk import DAY, Desk, Orders, a_desk

_ORDERS = read_toml(shipped() / "shared" / "reconciliations" / "orders.toml")


@pytest.fixture
def desk() -> Iterable[Desk]:
    with a_desk() as made:
        yield made


def shown(desk: Desk) -> list[tuple[int, str, str, str]]:
    return [
        (one.id, one.state, one.document_number, f"{one.source_system}/{one.target_system}")
        for one in breaks.listed(desk.store.db, state=None)
    ]


def run(desk: Desk, adapters: dict[str, Any], **changes: Any) -> Run:
    values = {"systems": {}, "reconciliations": {"orders": _ORDERS}} | changes
    (found,) = asyncio.run(
        running.reconcile(
            desk.store, adapters, Profile.model_validate(values), desk.clock, Asked(("orders",))
        )
    )
    return found


def verified(desk: Desk, key: str) -> None:
    """An order that was read back in the ERP once."""
    with desk.store.transaction() as db:
        outbox.enqueue(db, [an_entry(document_key=key, system="erp", idempotency_key=key)], MONDAY)
        db.execute("UPDATE delivery SET state='verified'")


def without_id(desk: Desk, external_id: str) -> None:
    """The target shows this record so broken that not even its id can be read."""
    as_ever = desk.right.translate

    def translate(entity: str, rows: Sequence[bytes]) -> list[Translated | Untranslatable]:
        return [
            Untranslatable(None, None, "$", "garbage")
            if isinstance(one, Translated) and one.external_id == external_id
            else one
            for one in as_ever(entity, rows)
        ]

    desk.right.translate = translate  # type: ignore[method-assign]


@pytest.mark.parametrize("mode", ["full", "changes"])
def test_a_record_without_a_readable_id_says_nothing_about_breaks(desk: Desk, mode: str) -> None:
    """Its side is not read whole: nothing is missing, nothing closes, and the run says why."""
    gone = desk.right.held.pop("301")
    desk.run()
    desk.right.put("301", gone)
    desk.right.put("302", desk.right.held["302"])
    without_id(desk, "302")

    failed = desk.run(mode)

    assert ("failed", [(1, "open", "PO-1", "coupa/erp")]) == (failed.outcome, shown(desk))
    assert "1 record of erp can't be read, not even their ids" in str(failed.error)
    assert 4 == comparison.count(desk.store.db, [2]), "the row that was held is held"
    del desk.right.translate
    desk.run(mode)
    assert [] == desk.open_breaks()


@pytest.mark.parametrize("side", ["left", "right"])
def test_what_was_never_read_and_cannot_be_is_not_missing(desk: Desk, side: str) -> None:
    """A record that its system shows and nobody can read is there, also when all rows were forgotten; read or gone, it counts."""
    verified(desk, "coupa:2")
    system: Orders = getattr(desk, side)
    known = "2" if side == "left" else "302"
    system.unreadable = frozenset({known})

    first = desk.run()
    with desk.store.transaction() as db:
        comparison.forget(db, 1)
    again = desk.run()
    assert ("complete", 0, "complete", 0, []) == (
        first.outcome, first.opened, again.outcome, again.opened, desk.open_breaks(),
    )  # fmt: skip

    order = system.held.pop(known)
    desk.run()
    assert 1 == len(desk.open_breaks()), "it is shown no more: it is missing"
    system.put(known, order)
    desk.run()
    assert 1 == len(desk.open_breaks()), "what was said of it stands while nobody can read it"
    system.unreadable = frozenset()
    desk.run()
    assert [] == desk.open_breaks()


def test_where_nobody_knows_whose_an_unreadable_record_is_what_is_missing_says_so(desk: Desk) -> None:
    """It is not said that somebody took away what was read back: the unreadable record may be it."""
    verified(desk, "coupa:2")
    with desk.store.transaction() as db:
        crossrefs.unlink(db, "purchase_order", "coupa:2", "erp")
    desk.right.unreadable = frozenset({"302"})

    desk.run()

    (found,) = breaks.listed(desk.store.db)
    assert ("missing_in_target", "unknown", "PO-2") == (found.kind, found.class_, found.document_number)
    assert "shows 1 record that can't be read: this may be one of them" in found.evidence["why"]


def test_breaks_follow_their_definition_to_other_systems(desk: Desk) -> None:
    """A second ERP is connected, the first is taken away, the other is renamed: age, explanation and number stay."""
    del desk.right.held["302"]
    desk.right.put(
        "303", a_purchase_order(number="E3", reference="coupa:PO-3", supplier_id="700", total="99")
    )
    one = {"coupa": desk.left, "erp": desk.right}
    run(desk, one)
    with desk.store.transaction() as db:
        breaks.explain(db, [2], "ann", "as agreed", MONDAY)
    two = one | {"erp2": Orders("erp2", "erp")}

    both = run(desk, two)

    assert ("full", 0, 0) == (both.mode, both.opened, both.closed)
    assert [
        (1, "open", "PO-2", "coupa/erp+erp2"), (2, "explained", "PO-3", "coupa/erp+erp2"),
    ] == shown(desk)  # fmt: skip
    assert "carried over" in [one.what for one in breaks.history(desk.store.db, 1)]

    desk.right.system = "erp3"  # what was erp is called otherwise now, with its links, and only it is left
    with desk.store.transaction() as db:
        db.execute("UPDATE crossref SET system='erp3' WHERE system='erp'")
    renamed = run(desk, {"coupa": desk.left, "erp3": desk.right})
    assert (0, [(1, "open", "PO-2", "coupa/erp3"), (2, "explained", "PO-3", "coupa/erp3")]) == (
        renamed.opened, shown(desk),
    )  # fmt: skip

    for n in (2, 3):
        agreeing = a_purchase_order(number=f"E{n}", reference=f"coupa:PO-{n}", supplier_id="700")
        desk.right.put(f"30{n}", agreeing, MONDAY + DAY)
    run(desk, {"coupa": desk.left, "erp3": desk.right})
    assert [] == [one.id for one in breaks.each(desk.store.db, state=None) if one.gone_at is None]


def test_where_two_breaks_tell_the_same_the_explained_one_stays(desk: Desk) -> None:
    """A store in which a changed set of systems has left two live breaks of one key ends one of them, saying why."""
    del desk.right.held["302"]
    desk.run()
    with desk.store.transaction() as db:
        breaks.explain(db, [1], "ann", "as agreed", MONDAY)
        db.execute(
            "INSERT INTO reconcile_break SELECT 9, definition, source_system, 'erp+erp2', entity, key, aspect, kind, class, 'open',"
            " document_number, document_key, source_id, target_id, legal_entity, period, currency, amount_minor, fields, evidence,"
            " fingerprint, owner, workflow_id, case_id, entry_id, opened_at, last_seen_at, seen_count, first_run_id, last_run_id,"
            " fix, changed_at, NULL, NULL, NULL, NULL, NULL FROM reconcile_break WHERE id=1"
        )

    desk.run()

    assert [(1, "explained", None), (9, "closed", "closed by itself: the same difference has another break")] == [
        (one.id, one.state, one.resolution if one.id == 9 else None) for one in breaks.each(desk.store.db, state=None)
    ]  # fmt: skip


def test_breaks_of_a_definition_that_is_removed_end(desk: Desk) -> None:
    """Nothing would ever look for them again; those of the others stay, and so does what was said of them."""
    desk.right.held.pop("300")
    desk.run()
    with desk.store.transaction() as db:
        run = reconciliations.begin(db, a_reconcile_run(definition="removed"), MONDAY)
        breaks.open(db, run, [a_break(definition="removed")], MONDAY)
    kept = Profile.model_validate({"systems": {}, "reconciliations": {"orders": _ORDERS}})

    running.end_removed(desk.store, kept, desk.clock.now())
    running.end_removed(desk.store, kept, desk.clock.now())

    (open_one,) = breaks.listed(desk.store.db)
    (ended,) = breaks.listed(desk.store.db, state="closed")
    assert "orders" == open_one.definition
    assert "closed by itself: its definition is in the profile no more" == ended.resolution
    noted = desk.store.db.execute(
        "SELECT count(*) FROM v_audit WHERE what='reconciliation.removed'"
    ).fetchone()
    assert 1 == noted[0]


def test_a_definition_without_a_connected_side_says_so(desk: Desk) -> None:
    """A period's certificate does not wait for it; once both sides are there it counts again."""
    adapters: Any = {"coupa": desk.left}
    profile = Profile.model_validate({"systems": {}, "reconciliations": {"orders": _ORDERS}})
    asyncio.run(running.reconcile(desk.store, adapters, profile, desk.clock, Asked(("orders",), "full")))
    without = connected.is_unconnected(desk.store.db, "orders")

    desk.run()

    assert without
    assert not connected.is_unconnected(desk.store.db, "orders")


def test_a_system_that_is_not_connected_counts_as_not_read(desk: Desk) -> None:
    """While the profile has it, the run fails and says which; once the profile has it no more, its breaks end in those words."""
    desk.right.put(
        "303", a_purchase_order(number="E3", reference="coupa:PO-3", supplier_id="700", total="99")
    )
    two = {"coupa": desk.left, "erp": desk.right, "erp2": Orders("erp2", "erp")}
    run(desk, two)
    left = {"coupa": desk.left, "erp2": two["erp2"]}
    systems = {
        name: {"adapter": "oracle_fusion", "base_url": "https://erp.example"} for name in ("erp", "erp2")
    }

    away = run(desk, left, systems=systems)
    assert ("failed", [(1, "open", "PO-3", "coupa/erp+erp2")]) == (away.outcome, shown(desk))
    assert "erp can't be asked now" in str(away.error)

    parted = run(desk, left)
    assert ("complete", 0) == (parted.outcome, parted.opened), "what only erp held is missing nowhere"
    (found,) = breaks.listed(desk.store.db, state=None)
    assert ("closed", "closed by itself: its systems are compared no more") == (found.state, found.resolution)


def test_breaks_with_a_target_that_is_compared_no_more_end(desk: Desk) -> None:
    """Where each target is compared by itself, those of one that went end and say so; the others stay."""
    definition = read_toml(shipped() / "shared" / "reconciliations" / "orders.toml") | {"pairing": "each"}
    del desk.right.held["302"]
    other = Orders("erp2", "erp", dict(desk.right.held), dict(desk.right.changed))
    profile = Profile.model_validate({"systems": {}, "reconciliations": {"orders": definition}})

    def go(adapters: Any) -> None:
        asyncio.run(running.reconcile(desk.store, adapters, profile, desk.clock, Asked(("orders",))))

    go({"coupa": desk.left, "erp": desk.right, "erp2": other})
    before = [row for row in shown(desk) if row[1] == "open"]
    go({"coupa": desk.left, "erp": desk.right})

    assert {"coupa/erp", "coupa/erp2"} == {row[3] for row in before}
    assert {("open", "coupa/erp"), ("closed", "coupa/erp2")} == {(row[1], row[3]) for row in shown(desk)}


def test_what_cannot_be_read_any_more_counts_as_before_and_is_named(desk: Desk) -> None:
    """Its rows stay, and whoever relies on them is told; read again, also in the very words of before, it is named no more."""
    desk.left.is_keyed = desk.right.is_keyed = True
    desk.run()
    order = desk.right.held["302"]

    def named() -> list[tuple[str, str, str | None]]:
        return [
            (one.system, one.external_id, one.number) for one in unreadable.listed(desk.store.db, ["orders"])
        ]

    desk.right.put(
        "302", a_purchase_order(number="E2", reference="coupa:PO-2", supplier_id="700", total="1.00")
    )
    desk.right.unreadable = frozenset({"302"})
    opened, lost = desk.run().opened, named()
    desk.right.put("302", order, MONDAY + DAY)
    desk.run("changes")

    assert (0, [("erp", "302", "E2")], []) == (opened, lost, named())
