"""Policies at the workbench, by keys only: look, write, see what it would do, propose, decide, look back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import TextArea

from finsync_tui import actions
from finsync_tui import profile as profiles
from finsync_tui.governance.rules import standings
from finsync_tui.policies.files import read
from finsync_tui.screens import mapping_reading, policy_reading
from finsync_tui.screens.policies import PoliciesScreen
from finsync_tui.screens.policy_proposal import PolicyProposalScreen
from finsync_tui.screens.widgets.dialogs import MessageDialog
from finsync_tui.screens.widgets.edit_dialog import EditDialog
from finsync_tui.screens.widgets.impact_dialog import ImpactDialog
from finsync_tui.settings import Workspace
from store import open_store, proposals
from store.clock import VirtualClock
from store.proposals import Proposal
from tests.finsync_tui.governance.council import a_signer
from tests.finsync_tui.screens.driving import DESIGN, NARROW, opened, press, screen_text, settle, write
from tests.finsync_tui.screens.mapping_store import NOW, an_app
from tests.finsync_tui.screens.policy_store import ORDERS

pytestmark = pytest.mark.anyio
NEXT = "right_square_bracket"


@asynccontextmanager
async def desk(
    found: Workspace, who: str = "maria", size: tuple[int, int] = DESIGN
) -> AsyncIterator[Pilot[None]]:
    async with an_app(found, who).run_test(size=size, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "semicolon", "p")
        yield pilot


def said(pilot: Pilot[None]) -> str:
    return " ".join(str(note.message) for note in pilot.app._notifications)


def proposed(found: Workspace) -> list[Proposal]:
    with open_store(found.store_path, VirtualClock(NOW)) as store:
        return proposals.listed(store.db, kind="policy")


def asks_from(found: Workspace) -> str:
    """Return the amount from which the rule in force asks."""
    with open_store(found.store_path, VirtualClock(NOW)) as store:
        setup = standings(store.db, profiles.load(found), NOW.date())["orders"].setup
    assert setup is not None
    return setup.rules["large"].when.split('"')[1]


def agreed(found: Workspace, text: str) -> None:
    """Two others change the rules of orders meanwhile."""
    profile = profiles.load(found)
    maria, tom = (actions.acting(profile, "cli", os_account=name) for name in ("maria", "tom"))
    with open_store(found.store_path, VirtualClock(NOW)) as store:
        number = actions.propose_policy(
            store, profile, maria, "orders", "x", a_signer("maria"), setup=read(text)
        )
        actions.approve_policy(store, profile, tom, number, a_signer("tom"))


async def rewrite(pilot: Pilot[None], before: str, after: str) -> None:
    """Edit the text that is open."""
    dialog = pilot.app.screen
    assert isinstance(dialog, EditDialog)
    area = dialog.query_one(TextArea)
    area.load_text(area.text.replace(before, after))
    await settle(pilot)


async def test_policies_need_a_workspace(empty: Path) -> None:
    """A file alone has no profile: the screen says what is missing and how to make one."""
    async with opened(empty) as pilot:
        await press(pilot, "semicolon", "p")
        shown = screen_text(pilot)

    assert "NO_WORKSPACE" in shown


@pytest.mark.parametrize("size", [NARROW, DESIGN], ids=["80x24", "140x40"])
async def test_from_a_text_to_force_by_two_persons(ruled: Workspace, size: tuple[int, int]) -> None:
    """Maria writes, sees what it would do and proposes; Tom sees the same and signs; the rule is in force, and history says by whom."""
    async with desk(ruled, size=size) as pilot:
        await press(pilot, "j", "e")
        await rewrite(pilot, '"3000"', '"4000"')
        await press(pilot, "f2")
        impact = screen_text(pilot)
        await press(pilot, "enter")
        needs_reason = screen_text(pilot)
        await write(pilot, "the board said so")
        await press(pilot, "enter")
        told = said(pilot)
        await press(pilot, NEXT, "G", "A")
        own = said(pilot)
    (made,) = [one for one in proposed(ruled) if one.reason == "the board said so"]
    before = asks_from(ruled)

    async with desk(ruled, "tom", size) as pilot:
        await press(pilot, NEXT, "G", "A")
        signing = screen_text(pilot)
        await write(pilot, "seen")
        await press(pilot, "enter")
        approved = said(pilot)
        await press(pilot, "H")
        history = screen_text(pilot)

    assert "would go on" in impact
    assert "3,200.00 EUR" in impact
    assert "Reason is needed" in needs_reason
    assert f"Proposal {made.id} waits for a second person." in told
    assert "ROLE_MISSING" in own or "approver" in own
    assert ("maria", "3000", "4000") == (made.maker, before, asks_from(ruled))
    assert f"Approve proposal {made.id} of maria" in signing
    assert "orders is in force as version 3" in approved
    assert "maria, tom" in history


async def test_a_rejected_change_stays_with_what_was_said(ruled: Workspace) -> None:
    """A reason is needed; decided once, it can't be decided again."""
    async with desk(ruled, "tom") as pilot:
        await press(pilot, NEXT, "G", "R")
        await press(pilot, "enter")
        needed = screen_text(pilot)
        await write(pilot, "too many orders would pass")
        await press(pilot, "enter")
        await press(pilot, "A")
        again = said(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, PolicyProposalScreen)
        assert screen.dossier is not None
        decision = screen.dossier.row.decision

    assert "Reason is needed" in needed
    assert "too many orders would pass" == decision
    assert "was decided already: rejected by tom" in again
    assert "3000" == asks_from(ruled)


async def test_only_its_maker_takes_a_change_back(ruled: Workspace) -> None:
    """Maria withdraws hers; of Tom's, the screen says whose it is."""
    async with desk(ruled) as pilot:
        await press(pilot, NEXT, "enter", "w")
        other = said(pilot)
        await press(pilot, "n", "w")
        await write(pilot, "not now")
        await press(pilot, "enter")

    assert "only they can withdraw it" in other
    assert ["open", "withdrawn"] == [
        one.state for one in proposed(ruled) if one.name == "orders" and one.checker != "tom"
    ]


async def test_what_does_not_fit_is_said_and_what_was_written_is_kept(ruled: Workspace) -> None:
    """A text that is no policy says so at each letter; rules that fail their cases can't be proposed; the text is there again."""
    async with desk(ruled) as pilot:
        await press(pilot, "j", "e")
        await rewrite(pilot, "decides =", "decides")
        no_policy = screen_text(pilot)
        await press(pilot, "f2")
        assert isinstance(pilot.app.screen, EditDialog)
        await rewrite(pilot, "decides", "decides =")
        await rewrite(pilot, '"3000"', '"20000"')
        await press(pilot, "f2")
        assert isinstance(pilot.app.screen, ImpactDialog)
        failing = screen_text(pilot)
        await write(pilot, "because")
        await press(pilot, "enter")
        refused = screen_text(pilot)
        await press(pilot, "escape", "escape")
        await press(pilot, "e")
        assert isinstance(pilot.app.screen, EditDialog)
        kept = pilot.app.screen.query_one(TextArea).text

    assert "✕" in no_policy
    assert "line 1" in no_policy
    assert "orders.tests.ten-thousand" in failing
    assert "Wait until it is known" in refused
    assert "20000" in kept
    assert 4 == len(proposed(ruled))


async def test_a_text_that_is_overtaken_is_refused_and_kept(ruled: Workspace) -> None:
    """Two write at once: the second is told which version is in force, and finds the own text again, with both versions named."""
    async with desk(ruled) as pilot:
        await press(pilot, "j", "e")
        await rewrite(pilot, '"3000"', '"4000"')
        await press(pilot, "f2")
        agreed(ruled, ORDERS.replace('"3000"', '"6000"'))
        await write(pilot, "because")
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, MessageDialog)
        refused = screen_text(pilot)
        await press(pilot, "escape", "ctrl+r", "e")
        assert isinstance(pilot.app.screen, EditDialog)
        again = screen_text(pilot)
        kept = pilot.app.screen.query_one(TextArea).text

    assert "POLICY_OUTDATED" in refused
    assert "on version 2; 3 is in force meanwhile" in again
    assert "4000" in kept
    assert "6000" == asks_from(ruled)


async def test_an_old_version_is_proposed_again(ruled: Workspace) -> None:
    """= compares with now, B proposes; the change is that of the version, whoever made it."""
    agreed(ruled, ORDERS.replace('"3000"', '"6000"'))
    async with desk(ruled) as pilot:
        await press(pilot, "j", "H", "B")
        same = said(pilot)
        await press(pilot, "G", "equals_sign")
        compared = screen_text(pilot)
        await press(pilot, "B")
        await write(pilot, "too few questions")
        await press(pilot, "enter")
    last = proposed(ruled)[-1]

    assert "says what is in force" in same
    assert "to the one in force" in compared
    assert '"6000"' in compared
    assert "back to version 1: too few questions" == last.reason
    assert '\\"3000\\"' in last.body


async def test_a_file_goes_out_and_comes_back(ruled: Workspace, tmp_path: Path) -> None:
    """What is exported can be imported; a file that is there stays, and the layers can be proposed as they are."""
    file = tmp_path / "orders.toml"
    async with desk(ruled) as pilot:
        await press(pilot, "j", "enter", "E", *["backspace"] * 20)
        await write(pilot, str(file))
        await press(pilot, "enter")
        file.write_text(file.read_text().replace('"3000"', '"3500"'))
        await press(pilot, "E", *["backspace"] * 20)
        await write(pilot, str(file))
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, MessageDialog)
        await press(pilot, "escape", "I")
        await write(pilot, str(file))
        await press(pilot, "enter")
        await write(pilot, "as in the file")
        await press(pilot, "enter", "escape", "k", "P")
        await write(pilot, "as it is")
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, PoliciesScreen)
    made = {one.reason: one.name for one in proposed(ruled)}

    assert "orders" == made["as in the file"]
    assert "invoices" == made["as it is"]


async def test_an_approver_takes_the_impact_along(ruled: Workspace, tmp_path: Path) -> None:
    """Every document that would change, with its amount; a file that is there stays."""
    file = tmp_path / "impact.csv"
    async with desk(ruled, "tom") as pilot:
        await press(pilot, NEXT, "enter", "E", *["backspace"] * 40)
        await write(pilot, str(file))
        await press(pilot, "enter")
        told = said(pilot)
        await press(pilot, "E", *["backspace"] * 40)
        await write(pilot, str(file))
        await press(pilot, "enter")
        refused = screen_text(pilot)
    header, *rows = file.read_text().splitlines()

    assert "2 documents written to" in told
    assert header.startswith("document,document_key,state,outcome")
    assert ["PO-100302", "PO-100309"] == [row.split(",")[0] for row in rows]
    assert rows[0].endswith(",41202.10,EUR")
    assert "a file is there already" in refused


async def test_who_may_only_look_is_told_why(ruled: Workspace) -> None:
    """Vera sees rules, cases and fields; nothing opens that would write."""
    async with desk(ruled, "vera") as pilot:
        await press(pilot, "j", "enter", NEXT)
        cases = screen_text(pilot)
        await press(pilot, NEXT)
        fields = screen_text(pilot)
        await press(pilot, "e")
        refused = said(pilot)
        depth = len(pilot.app.screen_stack)

    assert "ten-thousand" in cases
    assert "passed" in cases
    assert "order.total.amount" in fields
    assert "viewer" in refused
    assert 2 == depth


async def test_an_emergency_change_is_shown_as_in_force_and_still_to_be_approved(ruled: Workspace) -> None:
    """It is not outdated by itself: the version in force is its own."""
    file = ruled.path / "profiles" / "own" / "profile.toml"
    file.write_text(file.read_text().replace('["analyst"]', '["analyst", "emergency"]', 1))
    profile = profiles.load(ruled)
    maria = actions.acting(profile, "cli", os_account="maria")
    with open_store(ruled.store_path, VirtualClock(NOW)) as store:
        actions.put_policy_in_force(
            store,
            profile,
            maria,
            "orders",
            "no order passes",
            a_signer("maria"),
            setup=read(ORDERS.replace('"3000"', '"9000"')),
        )
    async with desk(ruled, "tom") as pilot:
        listed = screen_text(pilot)
        await press(pilot, NEXT, "G")
        waiting = screen_text(pilot)
        await press(pilot, "A")
        await write(pilot, "right")
        await press(pilot, "enter")

    assert "in force by its maker alone" in waiting
    assert "▲" in listed
    (own,) = [line for line in waiting.splitlines() if "no order passes" in line and "│ ‖" in line]
    assert "outdated" not in own
    assert "9000" == asks_from(ruled)


def test_a_change_of_rules_is_never_read_as_one_of_a_table(ruled: Workspace) -> None:
    """Both have numbers of one series: each screen shows only what is its own."""
    maria = actions.acting(profiles.load(ruled), "cli", os_account="maria")
    with open_store(ruled.store_path, VirtualClock(NOW)) as store:
        kinds = {one.id: one.kind for one in proposals.every(store.db)}
        as_table = {
            number for number in kinds if mapping_reading.proposal(store.db, ruled, number, NOW, maria)
        }
        as_rules = {
            number for number in kinds if policy_reading.proposal(store.db, ruled, number, NOW, maria)
        }

    assert {"mapping", "policy"} == set(kinds.values())
    assert {number for number, kind in kinds.items() if kind == "mapping"} == as_table
    assert {number for number, kind in kinds.items() if kind == "policy"} == as_rules
