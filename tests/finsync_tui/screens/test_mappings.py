"""Mapping tables at the workbench, by keys only: look, write, see what it would do, propose, decide, look back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import tomlkit
import xlsxwriter
from textual.pilot import Pilot
from textual.widgets import Input, Static

from finsync_tui import actions
from finsync_tui import profile as profiles
from finsync_tui.mapping import files, standing
from finsync_tui.screens.exceptions import ExceptionsScreen
from finsync_tui.screens.mapping_table import MappingTableScreen
from finsync_tui.screens.mappings import MappingsScreen
from finsync_tui.screens.widgets.dialogs import MessageDialog
from finsync_tui.screens.widgets.impact_dialog import ImpactDialog
from finsync_tui.screens.widgets.rule_dialog import RuleDialog
from finsync_tui.screens.widgets.virtual_table import VirtualTable
from finsync_tui.settings import Workspace
from store import open_store, proposals
from store.clock import VirtualClock
from store.proposals import Proposal
from tests.finsync_tui.governance.council import TABLE, a_row, a_signer
from tests.finsync_tui.screens.driving import (
    DESIGN,
    NARROW,
    finish,
    opened,
    press,
    screen_text,
    settle,
    write,
)
from tests.finsync_tui.screens.mapping_store import NOW, an_app

pytestmark = pytest.mark.anyio
NEXT = "right_square_bracket"


@asynccontextmanager
async def desk(
    found: Workspace, who: str = "maria", size: tuple[int, int] = DESIGN, **changes: Any
) -> AsyncIterator[Pilot[None]]:
    async with an_app(found, who, **changes).run_test(size=size, notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "5")
        yield pilot


def said(pilot: Pilot[None]) -> str:
    return " ".join(str(note.message) for note in pilot.app._notifications)


def proposed(found: Workspace) -> list[Proposal]:
    with open_store(found.store_path, VirtualClock(NOW)) as store:
        return proposals.listed(store.db)


def in_force(found: Workspace, table: str = TABLE) -> list[str]:
    with open_store(found.store_path, VirtualClock(NOW)) as store:
        known = standing(store.db, profiles.load(found), table)
        assert known is not None
        return [f"{row.source}>{row.target}" for row in known.rows]


def agreed(found: Workspace, *more: str) -> None:
    """Somebody else changes the table meanwhile: tom proposes, and a second approver of the company approves."""
    profile = profiles.load(found)
    with open_store(found.store_path, VirtualClock(NOW)) as store:
        known = standing(store.db, profile, TABLE)
        assert known is not None
        maria, tom = (actions.acting(profile, "cli", os_account=name) for name in ("maria", "tom"))
        rows = (*known.rows, *(a_row(value, "450") for value in more))
        made = actions.propose_mapping(store, profile, maria, TABLE, rows, "x", signer=a_signer("maria"))
        actions.approve_mapping(store, profile, tom, made.proposal, a_signer("tom"))


async def test_tables_need_a_workspace(empty: Path) -> None:
    """A file alone has no profile: the screen says what is missing and how to make one."""
    async with opened(empty) as pilot:
        await press(pilot, "5")
        shown = screen_text(pilot)

    assert "NO_WORKSPACE" in shown
    assert "finsync demo" in shown


async def test_tables_are_found_opened_and_filtered(mapped: Workspace) -> None:
    """Words leave the lists and rules that hold them; a rule is found by what it is, whose it is and when it holds."""
    async with desk(mapped) as pilot:
        await press(pilot, "slash")
        await write(pilot, "cost")
        await press(pilot, "enter")
        tables = screen_text(pilot)
        await press(pilot, "enter", "slash")
        await write(pilot, "by:maria")
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, MappingTableScreen)
        mine = [row.rule.source for row in screen.rows.values() if row.id in screen.table.ids]
        await press(pilot, "escape", "slash")
        await write(pilot, "is:dated state:later|ended")
        await press(pilot, "enter")
        dated = [screen.rows[number].rule.valid_to for number in screen.table.ids]
        await press(pilot, "escape", "escape", "escape")
        back = isinstance(pilot.app.screen, MappingsScreen)

    assert "tax_code" not in tables
    assert "maria, tom" in tables
    assert ["440"] == mine
    assert 1 == len(dated)
    assert dated[0] is not None
    assert back


async def test_missing_values_lead_to_documents_and_to_the_editor(mapped: Workspace) -> None:
    """The most expensive first; enter shows who waits, n opens the editor with value, company and what it may mean."""
    async with desk(mapped) as pilot:
        await press(pilot, NEXT)
        listed = screen_text(pilot)
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, ExceptionsScreen)
        waiting = screen.table.row_count
        await press(pilot, "backspace", "n")
        editor = screen_text(pilot)

    assert listed.index("CC410") < listed.index("NYC-7") < listed.index("CC415") < listed.index(" 999 ")
    assert "43,213.50" in listed
    assert "The ERP knows 410 Marketing EMEA" in listed
    assert "proposal 2 waits" in listed
    assert 3 == waiting
    assert "3 documents wait" in editor
    assert "Muster GmbH" in editor
    assert editor.index("410  ") < editor.index("400  ")


async def test_a_rule_that_is_proposed_is_not_written_twice(mapped: Workspace) -> None:
    """m on an exception leads to the proposal that waits with its rule; where there is none, to the editor."""
    async with desk(mapped) as pilot:
        await press(pilot, NEXT, "j", "j", "enter", "m")
        waiting = screen_text(pilot)
        told = said(pilot)
        await press(pilot, "5", "g", "enter", "m")
        editor = pilot.app.screen

    assert "Proposal 2 · cost_centre" in waiting
    assert "fairs are booked on 415" in waiting
    assert "proposed already" in told
    assert isinstance(editor, RuleDialog)


async def test_an_approver_takes_the_impact_along(mapped: Workspace, tmp_path: Path) -> None:
    """Every document on its way that would change."""
    file = tmp_path / "impact.csv"
    async with desk(mapped, "tom") as pilot:
        await press(pilot, NEXT, NEXT, "enter", "E", *["backspace"] * 40)
        await write(pilot, str(file))
        await press(pilot, "enter")

    assert ["document", "PO-100304"] == [row.split(",")[0] for row in file.read_text().splitlines()]


async def test_a_rule_is_judged_while_it_is_typed_and_completed(mapped: Workspace) -> None:
    """What is wrong is said at each letter; arrows and tab complete from the ERP's values; enter waits for sense."""
    async with desk(mapped, size=NARROW) as pilot:
        await press(pilot, "j", "enter", "n")
        dialog = pilot.app.screen
        assert isinstance(dialog, RuleDialog)
        await press(pilot, "enter")
        empty = screen_text(pilot)
        await write(pilot, "CC777")
        await press(pilot, "tab")
        await write(pilot, "fairs")
        unknown = screen_text(pilot)
        await press(pilot, "down", "tab")
        taken = dialog.query_one("#target", Input).value
        await press(pilot, "shift+tab", "shift+tab", *["backspace"] * 5)
        await write(pilot, "410")
        clash = screen_text(pilot)
        await press(pilot, "tab", "tab", "tab")
        await write(pilot, "categroy=IT")
        condition = screen_text(pilot)
        await press(pilot, *["backspace"] * len("categroy=IT"), "tab")
        await write(pilot, "high")
        number = screen_text(pilot)
        await press(pilot, *["backspace"] * 4)
        await write(pilot, "5")
        await press(pilot, "tab")
        await write(pilot, "2026-13-01")
        day = screen_text(pilot)
        await press(pilot, "enter")
        still_there = pilot.app.screen is dialog
        await press(pilot, "escape")
        screen = pilot.app.screen
        assert isinstance(screen, MappingTableScreen)

    assert "write the value that documents carry" in empty
    assert "fairs is not known in any ERP" in unknown
    assert "415              Events and fairs" in unknown
    assert "415" == taken
    assert "a rule for 410 says = and this one 415" in clash
    assert "'categroy' is nothing that a rule can ask for" in condition
    assert "the priority is a whole number" in number
    assert "2026-13-01 is no day" in day
    assert still_there
    assert screen.draft.is_empty


async def test_a_draft_is_seen_undone_kept_and_proposed_after_its_impact(mapped: Workspace) -> None:
    """Edits stand beside the rules in force; nothing is saved before the impact was shown and a reason was given."""
    async with desk(mapped) as pilot:
        await press(pilot, "j", "enter", "P")
        nothing = said(pilot)
        await press(pilot, "n")
        await write(pilot, "CC410")
        await press(pilot, "tab")
        await write(pilot, "410")
        await press(pilot, "enter", "d")
        drafted = screen_text(pilot)
        await press(pilot, "u", "escape", "enter")
        again = screen_text(pilot)
        await press(pilot, "P")
        assert isinstance(pilot.app.screen, ImpactDialog)
        impact = screen_text(pilot)
        await press(pilot, "enter")
        asked = screen_text(pilot)
        before = len(proposed(mapped))
        await write(pilot, "410 is what they mean")
        await press(pilot, "enter")
        await finish(pilot)
        told = said(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, MappingTableScreen)
        left = screen.draft.is_empty

    last = proposed(mapped)[-1]
    assert "Nothing was changed yet" in nothing
    assert "draft +1 −1" in drafted
    assert "new in your draft" not in nothing
    assert "draft +1" in again
    assert "3  would go on" in impact
    assert "43,213.50 EUR" in impact
    assert "01-410-7110-0000-000" in impact
    assert "Reason is needed" in asked
    assert 4 == before
    assert f"Proposal {last.id} waits for a second person" in told
    assert ("maria", "open", "410 is what they mean") == (last.maker, last.state, last.reason)
    assert left


async def test_a_draft_of_another_day_can_be_dropped(mapped: Workspace) -> None:
    """What was kept is there after a restart, u takes all of it back, and U brings it again."""
    async with desk(mapped) as pilot:
        await press(pilot, "j", "enter", "d", "j", "d")
        assert "draft −2" in screen_text(pilot)
    async with desk(mapped) as pilot:
        await press(pilot, "j", "enter")
        kept = screen_text(pilot)
        await press(pilot, "u")
        dropped = screen_text(pilot)
        await press(pilot, "U")
        again = screen_text(pilot)

    assert "draft −2" in kept
    assert "draft" not in dropped
    assert "draft −2" in again


async def test_what_would_break_is_shown(mapped: Workspace) -> None:
    """Taking a rule away that a document on its way needs is counted with its money."""
    async with desk(mapped) as pilot:
        await press(pilot, "j", "enter", "j", "d", "P")
        impact = screen_text(pilot)

    assert "1  would break" in impact
    assert "3,200.00 EUR" in impact


async def test_a_value_that_the_erp_does_not_know_is_said_to_whoever_signs(mapped: Workspace) -> None:
    """A slip of the pen would go on here and be refused there: maker and checker see it beside what would go on."""
    doubt = "▲ 411 is not known in any ERP, as far as it was read"
    async with desk(mapped) as pilot:
        await press(pilot, "j", "enter", "n")
        await write(pilot, "CC410")
        await press(pilot, "tab")
        await write(pilot, "411")
        await press(pilot, "enter", "P")
        made = screen_text(pilot)
        await write(pilot, "meant 410")
        await press(pilot, "enter")
        await finish(pilot)
    async with desk(mapped, "tom") as pilot:
        await press(pilot, NEXT, NEXT, "G", "enter")
        page = screen_text(pilot)
        await press(pilot, "A")
        asked = str(pilot.app.screen.query_one("#outcome", Static).visual)

    assert "meant 410" == proposed(mapped)[-1].reason
    assert "3  would go on" in made
    assert doubt in made
    assert "meant 410" in page
    assert doubt in page
    assert doubt in asked


async def test_home_leads_to_the_changes_that_wait(mapped: Workspace) -> None:
    """Counted among what waits for a second person; enter opens their list, whatever was shown of Mappings before."""
    async with desk(mapped, "tom") as pilot:
        await press(pilot, "enter", "1")
        table = pilot.app.screen.query_one("#work", VirtualTable)
        rows = [table.row_at(n) for n in range(table.row_count)]
        place, line = next(
            (n, row) for n, row in enumerate(rows) if row is not None and row.label == "mapping changes"
        )
        table.focus()
        table.move_to(place)
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, MappingsScreen)
        shown = (screen.tab, screen.table.row_count)

    waiting = sum(one.state == "open" for one in proposed(mapped))
    assert ("Waiting", waiting) == shown
    assert waiting == line.count


async def test_nobody_approves_their_own_change(mapped: Workspace) -> None:
    """Tom may approve, but not what he made: the screen says so before he tries; maria's change he signs."""
    async with desk(mapped, "tom") as pilot:
        await press(pilot, NEXT, NEXT, "enter")
        own = screen_text(pilot)
        await press(pilot, "A")
        refused = said(pilot)
        await press(pilot, "n", "A")
        asked = screen_text(pilot)
        await press(pilot, "enter")
        await finish(pilot)
        done = screen_text(pilot)

    decided = next(one for one in proposed(mapped) if one.id == 4)
    assert "You made proposal 2: somebody else with the role approver has to approve it." in own
    assert "You made proposal 2" in refused
    assert "Approve proposal 4 of maria" in asked
    assert "● approved" in done
    assert ("approved", "tom") == (decided.state, decided.checker)
    assert "DE07>VST07A" in in_force(mapped, "tax_code")


async def test_an_emergency_change_says_so_and_is_approved_afterwards(mapped: Workspace) -> None:
    """The table's frame and the proposal name who put it in force and until when; another signs it with A."""
    path = mapped.path / "profiles" / "own" / "profile.toml"
    settings = tomlkit.parse(path.read_text(encoding="utf-8"))
    settings["people"]["maria"]["roles"] = ["analyst", "emergency"]  # type: ignore[index]
    path.write_text(tomlkit.dumps(settings), encoding="utf-8")
    profile = profiles.load(mapped)
    with open_store(mapped.store_path, VirtualClock(NOW)) as store:
        known = standing(store.db, profile, "account")
        assert known is not None
        put = actions.propose_mapping(
            store, profile, actions.acting(profile, "cli", os_account="maria"), "account",
            (*known.rows, a_row("7999", "7110")), "all stuck", signer=a_signer("maria"), emergency=True,
        )  # fmt: skip
    async with desk(mapped, "tom") as pilot:
        tables = screen_text(pilot)
        await press(pilot, NEXT, NEXT, "G", "enter")
        proposal = screen_text(pilot)
        await press(pilot, "A")
        await press(pilot, "enter")
        await finish(pilot)
        done = screen_text(pilot)

    decided = next(one for one in proposed(mapped) if one.id == put.proposal)
    assert "in force by maria alone" in tables
    assert "An emergency change: maria put it in force alone" in proposal
    assert "● approved" in done
    assert ("approved", "tom", put.version) == (decided.state, decided.checker, decided.version)
    assert "7999>7110" in in_force(mapped, "account")


async def test_a_change_is_rejected_with_a_reason_and_one_s_own_is_withdrawn(mapped: Workspace) -> None:
    """R asks why; w is for one's own; what was decided is decided."""
    async with desk(mapped, "tom") as pilot:
        await press(pilot, NEXT, NEXT, "j", "R", "enter")
        asked = screen_text(pilot)
        await write(pilot, "VST07A does not exist")
        await press(pilot, "enter")
        await finish(pilot)
        await press(pilot, "R")
        again = said(pilot)
        await press(pilot, "p", "w")
        await write(pilot, "made by mistake")
        await press(pilot, "enter")
        await finish(pilot)
        await press(pilot, "escape", NEXT)
        decided = screen_text(pilot)

    states = {one.id: (one.state, one.decision) for one in proposed(mapped)}
    assert "Reason is needed" in asked
    assert "Proposal 4 was decided already: rejected by tom." in again
    assert ("rejected", "VST07A does not exist") == states[4]
    assert ("withdrawn", "made by mistake") == states[2]
    assert "VST07A does not exist" in decided


async def test_a_change_made_on_an_older_version_is_never_applied_over_it(mapped: Workspace) -> None:
    """The proposal says that the table changed, A refuses, M makes it anew with both changes in it."""
    agreed(mapped, "CC999")
    async with desk(mapped, "tom") as pilot:
        await press(pilot, NEXT, NEXT)
        listed = screen_text(pilot)
        await press(pilot, "enter")
        outdated = screen_text(pilot)
        await press(pilot, "M")
        anew = screen_text(pilot)
        await press(pilot, "enter")
        await finish(pilot)

    found = {one.id: one for one in proposed(mapped)}
    last = found[max(found)]
    assert "outdated" in listed
    assert "On version 2, but 3 is in force" in outdated
    assert "Neither change is lost" in outdated
    assert "Proposal 2 anew on version 3" in anew
    assert ("superseded", 2, 3) == (found[2].state, last.replaces, last.base_version)
    assert '"CC999"' in last.body
    assert '"CC415"' in last.body


async def test_a_draft_under_which_the_table_changed_says_so_and_merges(mapped: Workspace) -> None:
    """P refuses; M brings both together; what both changed is named, and the version in force holds."""
    async with desk(mapped) as pilot:
        await press(pilot, "j", "enter", "d", "n")
        await write(pilot, "CC999")
        await press(pilot, "tab")
        await write(pilot, "410")
        await press(pilot, "enter")
        agreed(mapped, "CC999")
        await press(pilot, "ctrl+r")
        outdated = screen_text(pilot)
        await press(pilot, "P")
        refused = said(pilot)
        await press(pilot, "M")
        merged = said(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, MappingTableScreen)
        rules = [f"{row.source}>{row.target}" for row in screen.rules]

    assert "version 3 is in force meanwhile, your draft is on 2" in outdated
    assert "The table has changed under your draft" in refused
    assert "Both changed CC999: the version in force holds there." in merged
    assert "CC999>450" in rules
    assert "410>=" not in rules


async def test_versions_are_compared_and_gone_back_to(mapped: Workspace) -> None:
    """Below a version stands what it changed; = compares with now; B proposes the old rules with their impact."""
    async with desk(mapped) as pilot:
        await press(pilot, "j", "H")
        newest = screen_text(pilot)
        await press(pilot, "j", "equals_sign")
        compared = screen_text(pilot)
        await press(pilot, "B")
        asked = screen_text(pilot)
        await write(pilot, "the move was called off")
        await press(pilot, "enter")
        await finish(pilot)

    last = proposed(mapped)[-1]
    assert "What version 2 changed since version 1" in newest
    assert "+  440" in newest
    assert "tom said checked with the controller" in newest
    assert "From version 1 to the one in force" in compared
    assert "Go back to version 1 of cost_centre" in asked
    assert "back to version 1: the move was called off" == last.reason
    assert '"440","target":"="' not in last.body


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
async def test_a_table_goes_to_a_file_and_comes_back_as_a_proposal(
    mapped: Workspace, tmp_path: Path, suffix: str
) -> None:
    """A file that is there stays; what comes back is shown with its impact before it is proposed."""
    file = tmp_path / f"centres.{suffix}"
    async with desk(mapped) as pilot:
        await press(pilot, "j", "E")
        field = pilot.app.screen.query_one(Input)
        field.value = str(file)
        await press(pilot, "enter")
        await finish(pilot)
        written = files.read(file)
        await press(pilot, "E")
        pilot.app.screen.query_one(Input).value = str(file)
        await press(pilot, "enter")
        await finish(pilot)
        in_the_way = pilot.app.screen
        assert isinstance(in_the_way, MessageDialog)
        refused = screen_text(pilot)
        await press(pilot, "escape", "I")
        files.write(file, TABLE, (*written, a_row("CC410", "410")), replaces=True)
        await write(pilot, str(file))
        await press(pilot, "enter")
        await settle(pilot)
        impact = screen_text(pilot)
        await write(pilot, "from the controller's list")
        await press(pilot, "enter")
        await finish(pilot)

    assert 8 == len(written)
    assert "FILE_EXISTS" in refused
    assert "Import 9 rules into cost_centre" in impact
    assert "3  would go on" in impact
    assert "from the controller's list" == proposed(mapped)[-1].reason


async def test_a_file_that_can_not_be_taken_is_reported_and_changes_nothing(
    mapped: Workspace, tmp_path: Path
) -> None:
    """Each bad cell by its name, and what to do."""
    file = tmp_path / "centres.xlsx"
    with xlsxwriter.Workbook(str(file)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["from", "to"])
        sheet.write_row(1, 0, [420, 430])
    before = (in_force(mapped), len(proposed(mapped)))
    async with desk(mapped) as pilot:
        await press(pilot, "j", "I")
        await write(pilot, str(file))
        await press(pilot, "enter")
        await finish(pilot)
        reported = pilot.app.screen
        assert isinstance(reported, MessageDialog)
        report = str(reported.query_one("#message Static", Static).content)
        shown = screen_text(pilot)

    assert "SHEET_UNREADABLE" in shown
    assert "A2 is the number 420; B2 is the number 430" in report
    assert "give the columns the format Text" in report
    assert before == (in_force(mapped), len(proposed(mapped)))


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
async def test_an_exported_table_that_is_imported_again_is_no_change(
    mapped: Workspace, tmp_path: Path, suffix: str
) -> None:
    """Nothing to propose: a cost centre keeps its leading zero."""
    agreed(mapped, "0420")
    file = tmp_path / f"centres.{suffix}"
    async with desk(mapped) as pilot:
        await press(pilot, "j", "E")
        pilot.app.screen.query_one(Input).value = str(file)
        await press(pilot, "enter")
        await finish(pilot)
        await press(pilot, "I")
        await write(pilot, str(file))
        await press(pilot, "enter")
        await settle(pilot)
        impact = screen_text(pilot)

    assert "0420" in [row.source for row in files.read(file)]
    assert "No rule changes." in impact


async def test_who_only_looks_changes_nothing(mapped: Workspace) -> None:
    """A viewer's verbs are dim with the role that it takes; a read-only workbench refuses all of them."""
    async with desk(mapped, "vera") as pilot:
        await press(pilot, "j", "enter", "n", "d")
        role = said(pilot)
    async with desk(mapped, is_read_only=True) as pilot:
        await press(pilot, "j", "enter", "n", "I", "escape", NEXT, "n")
        read_only = said(pilot)
        await press(pilot, NEXT, "R")

    assert "vera has the role viewer" in role
    assert 3 <= read_only.count("read-only")
    assert 4 == len(proposed(mapped))


async def test_without_a_key_nothing_is_proposed(
    mapped: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dialog says what is missing and how to get it; the draft stays."""
    (tmp_path / "none").mkdir()
    monkeypatch.setenv("FINSYNC_SECRETS_DIR", str(tmp_path / "none"))
    async with desk(mapped) as pilot:
        await press(pilot, "j", "enter", "d", "P")
        await write(pilot, "no longer used")
        await press(pilot, "enter")
        await finish(pilot)
        shown = screen_text(pilot)
        await press(pilot, "escape")
        screen = pilot.app.screen
        assert isinstance(screen, MappingTableScreen)
        kept = not screen.draft.is_empty

    assert "SIGNING_KEY" in shown
    assert "finsync people key" in shown
    assert kept
    assert 4 == len(proposed(mapped))
