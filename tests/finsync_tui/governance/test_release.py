"""An approval reaches a running engine, and what waited for it goes on by itself."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from finsync_tui import actions
from finsync_tui import profile as profiles
from finsync_tui.assembly import Engine, open_engine
from finsync_tui.mapping import files
from finsync_tui.settings import Workspace, create_workspace
from store import open_store, records
from store.canonical.event import Event, event_type
from store.canonical.record import CanonicalRecord
from tests.builders import MONDAY, a_clock, a_cost_centre, a_purchase_order, a_supplier
from tests.finsync_tui.flows.desk import PROFILE, SOURCE, TARGET
from tests.finsync_tui.governance.council import PEOPLE, TABLE, a_row, a_signer


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A company with two people, a table that lacks cost centre 420, and an approved order that needs it."""
    made = create_workspace(tmp_path / "w", layers=("own",))
    layer = made.path / "profiles" / "own"
    (layer / "mappings").mkdir(parents=True)
    schedule = {"orders": {"system": SOURCE, "entities": ["purchase_order"], "every": "PT4H"}}
    settings = {**PROFILE, "people": PEOPLE, "schedules": schedule}
    (layer / "profile.toml").write_text(tomlkit.dumps(settings), encoding="utf-8")
    (layer / "mappings" / f"{TABLE}.csv").write_text(files.csv_text([a_row("999", "999")]), encoding="utf-8")
    with open_store(made.store_path, a_clock()) as store:
        for system, external_id, record in (
            (TARGET, "900", a_supplier()),
            (SOURCE, "501", a_supplier(sites=())),
            (TARGET, "cc420", a_cost_centre()),
            (SOURCE, "4711", a_purchase_order()),
        ):
            _put(store, system, external_id, record)
        event = Event(
            id="1",
            type=event_type("purchase_order", "approved"),
            source=SOURCE,
            subject=f"{SOURCE}:4711",
            time=MONDAY,
            data={},
        )
        with store.transaction() as db:
            from store import events

            events.append(db, [event])
    return made


def _put(store: Any, system: str, external_id: str, record: CanonicalRecord) -> None:
    with store.transaction() as db:
        incoming = records.Incoming(external_id, record, record.canonical_json())
        records.put_page(db, record.entity, system, [incoming], MONDAY)


def agree(workspace: Workspace) -> None:
    """Maria and Tom, each at their own keyboard, beside the engine."""
    profile = profiles.load(workspace)
    with open_store(workspace.store_path, a_clock()) as store:
        who = [actions.acting(profile, "cli", os_account=name) for name in ("maria", "tom")]
        made = actions.propose_mapping(
            store,
            profile,
            who[0],
            TABLE,
            [a_row("420", "420"), a_row("999", "999")],
            "new",
            signer=a_signer("maria"),
        )
        actions.approve_mapping(store, profile, who[1], made.proposal, a_signer("tom"))


def told(engine: Engine) -> tuple[list[str], list[str]]:
    """The order's state and step, and what the engine noted about its exception."""
    state = engine.store.db.execute("SELECT state, step FROM workflow").fetchone()
    noted = engine.store.db.execute(
        "SELECT what || ': ' || coalesce(why, '') FROM v_audit WHERE who='engine' AND what LIKE 'exception.%' ORDER BY seq"
    )
    return list(state), [row[0] for row in noted]


def test_an_approval_releases_what_waited_for_it(workspace: Workspace) -> None:
    """The engine takes the table at its next look, retries the document and says by which version."""

    async def run() -> tuple[tuple[list[str], list[str]], tuple[list[str], list[str]]]:
        async with open_engine(workspace, a_clock(), lambda *_: {}) as engine:
            await engine.settle()
            before = told(engine)
            agree(workspace)
            await engine.settle()
            return before, told(engine)

    before, after = asyncio.run(run())

    assert (["held", "resolve_accounts"], ["exception.opened: "]) == before
    assert ["waiting", "await_commitment"] == after[0]
    assert "exception.retried: mapping table cost_centre, version 2, has a rule for 420 now" == after[1][-1]


def test_an_approval_while_no_engine_runs_counts_when_one_starts(workspace: Workspace) -> None:
    """Nobody has to retry."""

    async def run() -> tuple[list[str], list[str]]:
        async with open_engine(workspace, a_clock(), lambda *_: {}) as engine:
            await engine.settle()
        agree(workspace)
        async with open_engine(workspace, a_clock(), lambda *_: {}) as engine:
            await engine.settle()
            return told(engine)

    assert ["waiting", "await_commitment"] == asyncio.run(run())[0]


def test_an_edited_row_never_reaches_a_running_engine(workspace: Workspace) -> None:
    """Somebody writes "approved" beside a proposal: the engine looks, refuses, says so, and goes on as before."""

    async def run() -> tuple[list[str], list[str]]:
        async with open_engine(workspace, a_clock(), lambda *_: {}) as engine:
            await engine.settle()
            agree(workspace)
            with open_store(workspace.store_path, a_clock()) as other:
                other.db.execute("DROP TRIGGER proposal_no_rewrite")
                other.db.execute('UPDATE proposal SET body=replace(body, \'"420","scope\', \'"666","scope\')')
            await engine.settle()
            found = engine.store.db.execute("SELECT message FROM finding WHERE class='MAPPING_UNTRUSTED'")
            return told(engine)[0], [row[0] for row in found]

    state, messages = asyncio.run(run())

    assert ["held", "resolve_accounts"] == state
    assert "proposal 1 is not in force" in messages[0]


def rules_of(workspace: Workspace, amount: str, then: str = "stop") -> None:
    """The layers' rule asks about orders over so much."""
    folder = workspace.path / "profiles" / "own" / "policies"
    folder.mkdir(exist_ok=True)
    rule = {"when": f"order.total.amount > decimal('{amount}')", "then": then, "why": "too much"}
    text = tomlkit.dumps({"decides": "order_check", "rules": {"large": rule}})
    (folder / "orders.toml").write_text(text, encoding="utf-8")


def agree_on_rules(workspace: Workspace, starts_on: date | None = None) -> None:
    profile = profiles.load(workspace)
    with open_store(workspace.store_path, a_clock()) as store:
        who = [actions.acting(profile, "cli", os_account=name) for name in ("maria", "tom")]
        made = actions.propose_policy(
            store, profile, who[0], "orders", "because", a_signer("maria"), starts_on=starts_on
        )
        actions.approve_policy(store, profile, who[1], made, a_signer("tom"))


def test_an_engine_goes_by_the_rules_that_two_have_signed(workspace: Workspace) -> None:
    """Whatever a file says: an edited one waits. Its approval reaches the engine while it runs, and what waited goes on."""
    agree(workspace)
    rules_of(workspace, "1")
    agree_on_rules(workspace)
    rules_of(workspace, "999999")

    async def run() -> tuple[list[str], tuple[list[str], list[str]]]:
        async with open_engine(workspace, a_clock(), lambda *_: {}) as engine:
            await engine.settle()
            before = told(engine)[0]
            agree_on_rules(workspace)
            await engine.settle()
            return before, told(engine)

    before, after = asyncio.run(run())

    assert ["held", "check_approval"] == before
    assert ["waiting", "await_commitment"] == after[0]
    assert "exception.retried: the rules in force, requisition_to_pay/2, let it pass now" == after[1][-1]


@pytest.mark.parametrize("then", ["stop", "ask"])
def test_other_rules_that_still_stop_it_keep_it_waiting(workspace: Workspace, then: str) -> None:
    """An engine answers no question of a rule: it stays where it is, with its exception."""
    agree(workspace)
    rules_of(workspace, "1", then=then)

    async def run() -> tuple[list[str], list[str]]:
        async with open_engine(workspace, a_clock(), lambda *_: {}) as engine:
            await engine.settle()
        rules_of(workspace, "2", then=then)
        async with open_engine(workspace, a_clock(), lambda *_: {}) as engine:
            await engine.settle()
            return told(engine)

    state, noted = asyncio.run(run())

    assert ["held", "check_approval"] == state
    assert 1 == len(noted)


def test_rules_end_on_their_day_while_an_engine_runs(workspace: Workspace) -> None:
    """Though the layers have had none for long: the day that was signed is the one that counts."""
    agree(workspace)
    rules_of(workspace, "1")
    agree_on_rules(workspace)
    (workspace.path / "profiles" / "own" / "policies" / "orders.toml").unlink()
    clock = a_clock()
    agree_on_rules(workspace, starts_on=clock.now().date() + timedelta(days=2))

    async def run() -> list[str]:
        async with open_engine(workspace, clock, lambda *_: {}) as engine:
            await engine.settle()
            before = told(engine)[0][0]
            clock.advance(timedelta(days=2))
            await engine.settle()
            return [before, told(engine)[0][0]]

    assert ["held", "waiting"] == asyncio.run(run())
