"""The Suppliers screen: pairs that may be one, side by side, answered many at once."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from finsync_tui.profile.suppliers import Thresholds
from finsync_tui.screens.suppliers import PairScreen, SuppliersScreen
from finsync_tui.suppliers import sweeping
from store import open_store, records, supplier_answers
from store.canonical.supplier import SupplierAddress
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
HULL = SupplierAddress(postcode="HU1 1AA", town="Hull", country="GB")
NAMES = ("Harbour Paper Ltd", "HARBOUR PAPER LIMITED", "Harbor Paper \x1b[2J")


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


async def test_marked_pairs_are_answered_at_once_and_remembered_as_examples(twins: Path) -> None:
    """One reason for both; each is kept with its person, and the next pair shows them."""
    app = an_app(twins)
    async with app.run_test(size=DESIGN, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "semicolon", "u")
        await finish(pilot)
        assert isinstance(pilot.app.screen, SuppliersScreen)
        assert "\x1b" not in screen_text(pilot)
        await press(pilot, "slash")
        await write(pilot, "is:open")
        await press(pilot, "enter", "space", "space", "d")
        await write(pilot, "two companies")
        await press(pilot, "enter")
        await finish(pilot)
        await press(pilot, "escape")
        await finish(pilot)
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
