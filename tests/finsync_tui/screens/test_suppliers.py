"""The Suppliers screen: pairs that may be one, side by side, answered many at once."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from finsync_tui.profile.suppliers import Thresholds
from finsync_tui.screens.suppliers import PairScreen, SuppliersScreen
from finsync_tui.screens.widgets.dialogs import AskDialog
from finsync_tui.suppliers import sweeping
from store import open_store, proposals, records, supplier_answers
from store.canonical.supplier import SupplierAddress
from store.proposals import NewProposal
from tests.builders import MONDAY, a_clock, a_supplier
from tests.finsync_tui.screens.driving import (
    DESIGN,
    NARROW,
    an_app,
    finish,
    press,
    screen_text,
    settle,
    write,
)
from tests.finsync_tui.screens.test_snapshots import SnapCompare, walk

pytestmark = pytest.mark.anyio
SAME, DIFFERENT = "equals_sign", "exclamation_mark"
HULL = SupplierAddress(postcode="HU1 1AA", town="Hull", country="GB")
NAMES = ("Harbour Paper Ltd", "HARBOUR PAPER LIMITED", "Harbor Paper \x1b[J")


@pytest.fixture
def twins(empty: Path) -> Path:
    """Three that may be one, the last with a name that would steer a terminal; of two somebody has spoken."""
    with open_store(empty, a_clock()) as store:
        made = [
            records.Incoming(
                str(n),
                a_supplier(number=f"N{n}", name=name, country="GB", address=HULL, tax_registrations=()),
                f"{n}".encode(),
            )
            for n, name in enumerate(NAMES, 1)
        ]
        with store.transaction() as db:
            records.put_page(db, "supplier", "coupa", made, MONDAY)
        sweeping.sweep(store, Thresholds(), MONDAY)
        with store.transaction() as db:
            supplier_answers.answer(
                db, "coupa:1", "coupa:2", "same", by="ana", at=MONDAY, reason="one VAT number"
            )
    return empty


@pytest.mark.parametrize("size", [NARROW, DESIGN], ids=["80x24", "140x40"])
def test_picture(snap_compare: SnapCompare, twins: Path, size: tuple[int, int]) -> None:
    """The queue, the likeliest first."""
    assert snap_compare(an_app(twins), terminal_size=size, run_before=partial(walk, keys=("semicolon", "u")))


@pytest.mark.parametrize("size", [NARROW, DESIGN], ids=["80x24", "140x40"])
def test_picture_of_a_pair(snap_compare: SnapCompare, twins: Path, size: tuple[int, int]) -> None:
    """Both sides, what differs in bold."""
    keys = ("semicolon", "u", "enter")
    assert snap_compare(an_app(twins), terminal_size=size, run_before=partial(walk, keys=keys))


async def test_a_pair_is_answered_on_its_own_page(twins: Path) -> None:
    """The same keys as in the list; said once, the other answer is still possible, the same one is not."""
    async with an_app(twins).run_test(size=DESIGN, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "semicolon", "u", "enter", SAME)
        assert isinstance(pilot.app.screen, AskDialog)
        await write(pilot, "one VAT number")
        await press(pilot, "enter")
        await finish(pilot)
        assert isinstance(pilot.app.screen, PairScreen)
        await press(pilot, SAME)
        assert "was said already" in screen_text(pilot)

    with open_store(twins, a_clock()) as store:
        assert ["one VAT number"] * 2 == [one.reason for one in supplier_answers.answers(store.db)]


async def test_a_pair_that_waits_for_a_second_person_says_so(twins: Path) -> None:
    """It stays in the queue, as asked of somebody else, with who has said that they are one."""
    with open_store(twins, a_clock()) as store, store.transaction() as db:
        proposals.propose(
            db,
            NewProposal(
                kind="supplier_same", name="same-coupa:1|coupa:2", base_version=0, base_digest="", body="{}", layer_version=0,
                reason="one VAT number", maker="maria", made_at=MONDAY, rule="two",
            ),
            None,
        )  # fmt: skip
    async with an_app(twins).run_test(size=DESIGN) as pilot:
        await settle(pilot)
        await press(pilot, "semicolon", "u")
        await finish(pilot)
        listed = screen_text(pilot)
        await press(pilot, "enter")
        await finish(pilot)
        page = screen_text(pilot)

    assert "second asked" in listed
    assert ("Said to be one by" in page, "maria" in page) == (True, True)


async def test_a_pair_that_is_gone_is_not_said_to_be_answered(twins: Path) -> None:
    """One of the two was compared anew while a person wrote their reason: they hear so, and nothing is kept."""
    async with an_app(twins).run_test(size=DESIGN, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "semicolon", "u", "space", "space", SAME)
        with open_store(twins, a_clock()) as store, store.transaction() as db:
            supplier_answers.forget_pairs(db, "coupa:1")
        await write(pilot, "one VAT number")
        await press(pilot, "enter")
        await finish(pilot)
        shown = screen_text(pilot)

    assert "1 said to be the same, 1 not" in shown
    assert "one of the two has changed; look again" in shown
    with open_store(twins, a_clock()) as store:
        assert [("coupa:2", "coupa:3")] == [
            (one.one, one.other)
            for one in supplier_answers.answers(store.db)
            if one.by == "ana" and one.at != MONDAY
        ]


async def test_of_two_persons_who_answer_one_pair_at_once_the_second_is_told(twins: Path) -> None:
    """The first one's answer stands; what the second says of the others is kept."""
    async with an_app(twins).run_test(size=DESIGN, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "semicolon", "u", "space", "space", SAME)
        with open_store(twins, a_clock()) as store, store.transaction() as db:
            supplier_answers.answer(
                db, "coupa:1", "coupa:3", "different", by="tom", at=MONDAY, reason="two families"
            )
        await write(pilot, "one VAT number")
        await press(pilot, "enter")
        await finish(pilot)
        shown = " ".join(screen_text(pilot).replace("│", " ").split())

    assert "1 said to be the same, 1 not" in shown
    assert "it has changed since you looked: it is different now, it was open" in shown
    with open_store(twins, a_clock()) as store:
        said = {(one.one, one.other): (one.answer, one.by) for one in supplier_answers.answers(store.db)}
    assert ("different", "tom") == said["coupa:1", "coupa:3"]
    assert ("same", "ana") == said["coupa:2", "coupa:3"]


async def test_marked_pairs_are_answered_at_once_and_remembered_as_examples(twins: Path) -> None:
    """One reason for both; each is kept with its person, and the next pair shows them."""
    app = an_app(twins)
    async with app.run_test(size=DESIGN, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "semicolon", "u")
        await finish(pilot)
        assert isinstance(pilot.app.screen, SuppliersScreen)
        assert "\x1b" not in screen_text(pilot)
        await press(pilot, "space", "space", DIFFERENT)
        await write(pilot, "two companies")
        await press(pilot, "enter")
        await finish(pilot)
        assert "none" in screen_text(pilot), "what is answered has left the queue"
        await press(pilot, "slash")
        await write(pilot, "different")
        await press(pilot, "enter")
        await press(pilot, "enter", "right_square_bracket", "right_square_bracket")
        await finish(pilot)
        assert isinstance(pilot.app.screen, PairScreen)
        shown = screen_text(pilot)

    with open_store(twins, a_clock()) as store:
        said = {(one.one, one.other): (one.answer, one.reason) for one in supplier_answers.answers(store.db)}
    assert {
        ("coupa:1", "coupa:3"): ("different", "two companies"),
        ("coupa:2", "coupa:3"): ("different", "two companies"),
    } == {pair: kept for pair, kept in said.items() if kept[0] == "different"}
    assert "two companies" in shown or "one VAT number" in shown
