"""Emergency changes: in force by one person's signature, until a second one's word or the end of the profile's time."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import timedelta
from typing import Any

import pytest
import tomlkit

from finsync_tui import actions
from finsync_tui import profile as profiles
from finsync_tui.actions.mappings import Proposed
from finsync_tui.assembly import open_engine
from finsync_tui.mapping import MappingRow, Standing, history
from finsync_tui.mapping.emergencies import InForce
from finsync_tui.people import RoleMissingError
from finsync_tui.settings import Workspace
from store import emergencies, open_store, records, rulesets
from store.errors import NotAllowedError
from tests.builders import MONDAY, a_clock, a_cost_centre
from tests.finsync_tui.flows.desk import TARGET
from tests.finsync_tui.governance.council import PEOPLE, TABLE, Council, a_person, a_row, a_signer
from tests.finsync_tui.governance.test_policy_changes import Board, large
from tests.finsync_tui.governance.test_release import workspace  # noqa: F401

STAFF: dict[str, Any] = {**PEOPLE, "maria": a_person("maria", "analyst", "emergency")}
DAY = timedelta(hours=24)
NEW = (a_row("420", "999"),)
OLD = [("420", "420")]


class Hurry(Council):
    """A company where Maria may put a change in force alone."""

    def __init__(self, **profile: Any) -> None:
        super().__init__(STAFF, **profile)

    def at_once(self, *rows: MappingRow, **more: Any) -> Proposed:
        return self.propose(*rows, emergency=True, **more)

    def later(self, by: timedelta) -> Standing:
        """The engine looks so much later."""
        self.store.clock.advance(by)  # type: ignore[attr-defined]
        return self.engine_starts()[TABLE]

    @property
    def ending(self) -> str | None:
        one = emergencies.get(self.store.db, 1)
        assert one is not None
        return one.ending


def test_it_is_in_force_at_once_and_says_whose_it_is() -> None:
    """Signed by its maker, noted, and shown as one person's until somebody else has approved it."""
    office = Hurry()
    done = office.at_once(*NEW)
    seen = office.table

    assert [("420", "999")] == office.rows
    assert (1, done.version, False) == (done.proposal, seen.version, seen.is_signed)
    assert seen.emergency is not None
    assert ("maria", MONDAY + DAY) == (seen.emergency.by, seen.emergency.until)
    assert "emergency change" in seen.emergency.words
    assert ("maria", "mapping.put_in_force") in office.noted
    assert [("EMERGENCY_IN_FORCE",)] == [
        tuple(r) for r in office.store.db.execute("SELECT class FROM finding")
    ]


def test_approved_afterwards_it_stays_as_the_version_that_decided() -> None:
    """Also after its time; nothing is recorded anew."""
    office = Hurry()
    done = office.at_once(*NEW)
    approved = office.approve(done)
    after = office.later(2 * DAY)

    assert (done.version, [("420", "999")]) == (approved.version, office.rows)
    assert after.is_signed
    assert after.emergency is None
    assert (done.version, "approved") == (after.version, office.ending)


@pytest.mark.parametrize("how", ["rejected", "withdrawn", "late"])
def test_what_nobody_agrees_to_is_undone(how: str) -> None:
    """The version before is in force again, as a version of its own, and both are named."""
    office = Hurry()
    done = office.at_once(*NEW)
    if how == "rejected":
        actions.reject_mapping(office.store, office.who("tom"), 1, "not so")
    elif how == "withdrawn":
        actions.withdraw_mapping(office.store, office.who("maria"), 1, "my mistake")
    after = office.later(DAY if how == "late" else timedelta())

    assert (OLD, how) == (office.rows, office.ending)
    assert (done.version or 0) + 1 == after.version
    assert after.emergency is None
    assert (
        "engine" if how == "late" else "tom" if how == "rejected" else "maria",
        "mapping.emergency_ended",
    ) in office.noted
    line = history.versions(office.store.db, TABLE)[1]
    assert line.proposal is not None
    assert (done.version, 1) == (line.version, line.proposal.id)


def test_a_minute_before_its_end_it_is_still_in_force() -> None:
    """The profile says how long it may wait."""
    office = Hurry(governance={"emergency_approval": "PT2H"})
    office.at_once(*NEW)

    assert office.later(timedelta(minutes=119)).emergency is not None
    assert office.later(timedelta(minutes=1)).emergency is None
    assert OLD == office.rows


def test_who_may_and_who_may_approve() -> None:
    """It takes the role, the profile must ask for two, and nobody approves their own."""
    office = Hurry()
    with pytest.raises(RoleMissingError, match="emergency"):
        office.at_once(*NEW, by="tom")
    with pytest.raises(NotAllowedError, match="a reason is needed"):
        actions.propose_mapping(
            office.store,
            office.profile,
            office.who("maria"),
            TABLE,
            NEW,
            " ",
            signer=a_signer("maria"),
            emergency=True,
        )
    office.at_once(*NEW)
    with pytest.raises(RoleMissingError):
        office.approve(1, by="maria")
    both = Hurry()
    both.people = {**STAFF, "tom": a_person("tom", "approver", "emergency")}
    both.at_once(*NEW, by="tom")
    with pytest.raises(NotAllowedError, match="can't approve it too"):
        both.approve(1)
    alone = Hurry(governance={"mapping": "one"})
    with pytest.raises(NotAllowedError, match="one person is enough"):
        alone.at_once(*NEW)

    assert OLD == alone.rows


def test_while_it_waits_nothing_else_is_decided_about_the_table() -> None:
    """No second emergency, no other approval, no rebasing: its second person comes first."""
    office = Hurry()
    other = office.propose(a_row("420", "421"))
    office.at_once(*NEW)

    with pytest.raises(NotAllowedError, match="nobody has approved yet"):
        office.at_once(a_row("420", "777"))
    with pytest.raises(NotAllowedError, match="nobody has approved yet"):
        office.approve(other)
    with pytest.raises(NotAllowedError, match="nobody has approved yet"):
        office.propose(a_row("420", "777"), replaces=2)


def test_what_was_refused_is_not_put_in_force_again() -> None:
    """Not the same rules; it takes two from then on."""
    office = Hurry()
    office.at_once(*NEW)
    office.later(DAY)

    with pytest.raises(NotAllowedError, match="can't be put in force at once again"):
        office.at_once(*NEW)
    office.agreed(*NEW)

    assert [("420", "999")] == office.rows


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE proposal SET body=replace(body, '999', '666')",
        "UPDATE proposal SET maker='tom'",
        "UPDATE emergency SET put_at='2026-01-05T20:00:00.000000Z'",
        "UPDATE emergency SET version=version+1",
        "UPDATE emergency SET signature=''",
        "UPDATE emergency SET step_before=step_before+1",
        "UPDATE emergency SET ended_at=NULL, ending=NULL, proposal_id=2",
    ],
)
def test_writing_into_the_file_puts_nothing_in_force(statement: str) -> None:
    """Not other rows, not another maker, not more time, not an ordinary proposal."""
    office = Hurry()
    office.at_once(*NEW)
    if "proposal_id=2" in statement:
        office.propose(a_row("420", "555"))
    for (name,) in office.store.db.execute(
        "SELECT name FROM sqlite_schema WHERE type='trigger' AND tbl_name='emergency'"
    ).fetchall():
        office.store.db.execute(f"DROP TRIGGER {name}")

    office.sql(statement)
    found = office.table

    assert OLD == office.rows
    assert "is not in force" in found.problems[0]


@pytest.mark.parametrize("column", ["put_at", "version", "signature", "step_before"])
def test_the_store_refuses_to_rewrite_it(column: str) -> None:
    """Who writes with another program is stopped at the row already."""
    office = Hurry()
    office.at_once(*NEW)

    with pytest.raises(sqlite3.IntegrityError, match="never rewritten"):
        office.store.db.execute(f"UPDATE emergency SET {column}={column} || '1'")


def test_a_row_that_somebody_wrote_is_none() -> None:
    """An open proposal with a row beside it that its maker did not sign."""
    office = Hurry()
    office.propose(*NEW)
    with office.store.transaction() as db:
        emergencies.put(
            db, 1, put_at=MONDAY, version=2, step_before=0, signature=a_signer("tom").sign(b"yes")
        )

    assert OLD == office.rows
    assert "did not sign that it is in force" in office.table.problems[0]


def test_who_lost_the_role_before_had_none_and_who_loses_it_later_had_it() -> None:
    """As with every signature, the day of the act counts."""
    office = Hurry()
    office.at_once(*NEW)
    office.people = {**STAFF, "maria": a_person("maria", "analyst")}
    never = office.rows
    earlier = {
        "until": MONDAY + timedelta(minutes=1),
        "roles": ["analyst", "emergency"],
        "key": STAFF["maria"]["key"],
    }
    office.people = {**STAFF, "maria": a_person("maria", "analyst", before=[earlier])}

    assert (OLD, [("420", "999")]) == (never, office.rows)


class Rules(Board):
    """The same for policies."""

    def __init__(self) -> None:
        super().__init__(STAFF)

    def at_once(self, **more: Any) -> InForce:
        return actions.put_policy_in_force(
            self.store,
            self.profile,
            self.who("maria"),
            "orders",
            "no order passes",
            a_signer("maria"),
            **more,
        )


def test_rules_in_an_emergency_go_the_same_way() -> None:
    """In force at once, approved as the version it was, or the rules before it again."""
    board = Rules()
    board.agree(board.suggest())
    board.layers(large("5000"))
    put = board.at_once()
    while_waiting = board.asks_over()
    actions.reject_policy(board.store, board.who("tom"), put.proposal, "too much")
    rejected = board.asks_over()
    with pytest.raises(NotAllowedError, match="can't be put in force at once again"):
        board.at_once()
    board.layers(large("6000"))
    again = board.at_once()
    version = board.agree(again.proposal)
    board.store.clock.advance(2 * DAY)  # type: ignore[attr-defined]

    assert ("5000", "1000", "6000") == (while_waiting, rejected, board.asks_over())
    assert again.version == version == board.recorded().version
    assert board.recorded().is_signed


def test_rules_that_nobody_approved_in_time_end() -> None:
    """The first version that was ever signed here, or the layers, count again."""
    board = Rules()
    board.agree(board.suggest())
    board.layers(large("5000"))
    board.at_once()
    board.store.clock.advance(DAY)  # type: ignore[attr-defined]
    found = board.recorded()

    assert ("1000", None) == (board.asks_over(), found.emergency)
    assert ("engine", "policy.emergency_ended") in board.noted


def test_an_emergency_stands_before_a_change_that_waits_for_its_day() -> None:
    """Refused, the dated change comes on its day; approved, it takes its place, and the approver is told."""
    board = Rules()
    board.agree(board.suggest())
    board.layers(large("5000"))
    board.agree(board.suggest(starts_on=MONDAY.date() + timedelta(days=3)))
    board.layers(large("6000"))
    put = board.at_once()
    told = actions.approve_policy(board.store, board.profile, board.who("tom"), put.proposal, a_signer("tom"))

    assert (2,) == told.replaces
    assert "6000" == board.asks_over(later=9)


@pytest.mark.parametrize("raised", [False, True], ids=["as it was signed", "raised in the file"])
def test_documents_that_were_decided_under_it_are_named(workspace: Workspace, raised: bool) -> None:  # noqa: F811
    """What was committed stays committed; who would be charged elsewhere by now waits for a person. Nobody leaves documents out
    by raising the step from which they are looked at: the maker signed it.
    """
    layer = workspace.path / "profiles" / "own" / "profile.toml"
    settings = tomlkit.parse(layer.read_text(encoding="utf-8"))
    settings["people"]["maria"]["roles"] = ["analyst", "emergency"]  # type: ignore[index]
    layer.write_text(tomlkit.dumps(settings), encoding="utf-8")
    clock = a_clock()
    profile = profiles.load(workspace)
    with open_store(workspace.store_path, clock) as store, store.transaction() as db:
        centre = a_cost_centre(number="430")
        records.put_page(
            db, "cost_centre", TARGET, [records.Incoming("cc430", centre, centre.canonical_json())], MONDAY
        )

    async def run() -> dict[str, Any]:
        async with open_engine(workspace, clock, lambda *_: {}) as engine:
            await engine.settle()
            with open_store(workspace.store_path, clock) as other:
                actions.propose_mapping(
                    other, profile, actions.acting(profile, "cli", os_account="maria"), TABLE,
                    [a_row("420", "430"), a_row("999", "999")], "all stuck", signer=a_signer("maria"), emergency=True,
                )  # fmt: skip
            await engine.settle()
            db = engine.store.db
            before = tuple(db.execute("SELECT state, step FROM workflow").fetchone())
            sent = db.execute("SELECT count(*) FROM outbox_entry").fetchone()[0]
            if raised:
                with engine.store.transaction() as writing:
                    writing.execute("DROP TRIGGER emergency_no_rewrite")
                    writing.execute("UPDATE emergency SET step_before=1000000")
            clock.advance(DAY)
            await engine.settle()
            found = dict(
                db.execute("SELECT * FROM exception_case WHERE class='EMERGENCY_REVERTED'").fetchone()
            )
            return {
                "before": before,
                "after": tuple(db.execute("SELECT state, step FROM workflow").fetchone()),
                "sent": (sent, db.execute("SELECT count(*) FROM outbox_entry").fetchone()[0]),
                "case": found,
                "findings": [
                    r[0] for r in db.execute("SELECT class FROM finding WHERE document_key='coupa:4711'")
                ],
                "view": dict(db.execute("SELECT ending, found_count FROM v_emergency").fetchone()),
                "versions": [one.version for one in rulesets.versions(db, "mapping", TABLE)],
            }

    told = asyncio.run(run())

    assert ("waiting", "await_commitment") == told["before"] == told["after"], (
        "what was committed keeps its meaning"
    )
    assert (1, 1) == told["sent"]
    assert {"ending": "late", "found_count": 1} == told["view"]
    assert ["EMERGENCY_DECIDED"] == told["findings"]
    assert [1, 2, 3] == told["versions"]
    assert "420 became 430, and there is no rule for it now" in told["case"]["cause"]
    assert ("coupa:4711", None) == (told["case"]["document_key"], told["case"]["workflow_id"])


def ruled(amount: str) -> str:
    return (
        'decides = "order_check"\n[rules.large]\n'
        f'when = "order.total.amount > decimal(\'{amount}\')"\nthen = "stop"\nwhy = "more than {amount}"\n'
    )


def test_documents_that_passed_its_rules_are_named(workspace: Workspace) -> None:  # noqa: F811
    """What the rules that are in force again would have stopped waits for a person; the commitment stays."""
    own = workspace.path / "profiles" / "own"
    settings = tomlkit.parse((own / "profile.toml").read_text(encoding="utf-8"))
    settings["people"]["maria"]["roles"] = ["analyst", "emergency"]  # type: ignore[index]
    (own / "profile.toml").write_text(tomlkit.dumps(settings), encoding="utf-8")
    (own / "mappings" / f"{TABLE}.csv").write_text("from,to\n420,420\n", encoding="utf-8")
    (own / "policies").mkdir()
    rules = own / "policies" / "orders.toml"
    clock = a_clock()

    def at_desk(act: Any) -> Any:
        profile = profiles.load(workspace)
        with open_store(workspace.store_path, clock) as store:
            return act(
                store,
                profile,
                *(actions.acting(profile, "cli", os_account=name) for name in ("maria", "tom")),
            )

    rules.write_text(ruled("1"), encoding="utf-8")
    number = at_desk(
        lambda s, p, maria, _: actions.propose_policy(s, p, maria, "orders", "as it is", a_signer("maria"))
    )
    at_desk(lambda s, p, _, tom: actions.approve_policy(s, p, tom, number, a_signer("tom")))
    rules.write_text(ruled("1000000"), encoding="utf-8")

    async def run() -> dict[str, Any]:
        async with open_engine(workspace, clock, lambda *_: {}) as engine:
            await engine.settle()
            db = engine.store.db
            stopped = tuple(db.execute("SELECT state, step FROM workflow").fetchone())
            put = at_desk(
                lambda s, p, maria, _: actions.put_policy_in_force(
                    s, p, maria, "orders", "all stuck", a_signer("maria")
                )
            )
            await engine.settle()
            passed = tuple(db.execute("SELECT state, step FROM workflow").fetchone())
            at_desk(lambda s, _, __, tom: actions.reject_policy(s, tom, put.proposal, "not so"))
            await engine.settle()
            return {
                "stopped": stopped,
                "passed": passed,
                "after": tuple(db.execute("SELECT state, step FROM workflow").fetchone()),
                "cause": db.execute(
                    "SELECT cause FROM exception_case WHERE class='EMERGENCY_REVERTED'"
                ).fetchone()[0],
                "found": db.execute("SELECT found_count FROM v_emergency").fetchone()[0],
            }

    told = asyncio.run(run())

    assert ("held", "check_approval") == told["stopped"]
    assert ("waiting", "await_commitment") == told["passed"] == told["after"]
    assert "its rules said nothing, and would say stop (orders/large)" in told["cause"]
    assert 1 == told["found"]
