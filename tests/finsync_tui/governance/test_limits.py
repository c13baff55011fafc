"""Rules of `write_off_limit`: how many persons it takes to give something up, beside and in place of the settings."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from finsync_tui import actions
from finsync_tui.governance import limits
from finsync_tui.people import KeyMissingError
from finsync_tui.policies import ruling
from finsync_tui.policies.files import read_file
from finsync_tui.policies.model import PolicySetup
from finsync_tui.reconcile import accepted
from store import breaks, cases, reconciliations
from store.errors import NotAllowedError
from tests.builders import MONDAY, a_break, a_case, a_reconcile_run
from tests.finsync_tui.governance.council import Council, a_signer

SHIPPED = read_file(Path(__file__).parents[3] / "profiles" / "controls" / "policies" / "write_offs.toml")
SETTINGS: dict[str, Any] = {"governance": {"write_off": "two", "write_off_below": {"EUR": "50.00"}}}


def limit(when: str, then: str, **changes: Any) -> dict[str, Any]:
    rule = {"when": when, "then": then, "why": "ours", **changes}
    return {"decides": "write_off_limit", "rules": {"own": rule}}


class Board(Council):
    """A company with the shipped policy, and one of its own where a test gives it."""

    def __init__(self, own: dict[str, Any] | None = None, **profile: Any) -> None:
        policies: dict[str, Any] = {"write_offs": SHIPPED.model_dump(mode="json")}
        super().__init__(policies=policies | ({"own": own} if own else {}), **{**SETTINGS, **profile})

    def differs(self, amount_minor: int | None, **changes: Any) -> int:
        """Let a run find one more difference."""
        key = str(1 + self.store.db.execute("SELECT count(*) FROM reconcile_break").fetchone()[0])
        with self.store.transaction() as db:
            run_id = reconciliations.begin(db, a_reconcile_run(), MONDAY)
            one = a_break(key=key, amount_minor=amount_minor, **changes)
            (break_id,) = breaks.open(db, run_id, [one], MONDAY).new
        return break_id

    def fails(self, amount_minor: int | None, **changes: Any) -> int:
        with self.store.transaction() as db:
            case = a_case(amount_minor=amount_minor, currency="EUR", workflow_id=None, **changes)
            return cases.open(db, case, MONDAY)

    def gives_up(self, break_id: int, by: str = "maria", *, signed: bool = True) -> bool:
        """Say whether one person was enough."""
        signer = a_signer(by) if signed else None
        return actions.write_off(self.store, self.profile, self.who(by), break_id, "gone", signer).is_in_force

    def explains(self, break_id: int) -> str:
        actions.explain_breaks(
            self.store, self.profile, self.who("maria"), [break_id], "so it is", a_signer("maria")
        )
        found = breaks.get(self.store.db, break_id)
        assert found is not None
        return found.state

    @property
    def unproven(self) -> int:
        """How many breaks the engine would open again."""
        return len(accepted.without_proof(self.store.db, self.profile, "orders", "coupa", "oracle-emea"))


@pytest.mark.parametrize(("amount_minor", "is_enough"), [(4_999, True), (5_000, False), (None, False)])
def test_what_is_shipped_decides_what_the_settings_say(amount_minor: int | None, is_enough: bool) -> None:
    """The limit itself takes two, and so does what has no amount; nothing is noted of a rule."""
    board = Board()

    assert is_enough is board.gives_up(board.differs(amount_minor))
    assert [] == board.store.db.execute("SELECT message FROM finding").fetchall()


def test_a_rule_decides_by_kind_and_exact_amount_whatever_the_limit_is() -> None:
    """9.00 is less than 10.00: as amounts, not as texts; below and above the setting's limit."""
    board = Board(
        limit(
            "given_up.kind == 'field' && has(given_up.amount) && given_up.amount.amount >= decimal('10.00')",
            "two",
        )
    )

    found = [board.gives_up(board.differs(minor, kind="field")) for minor in (900, 999, 1_000, 4_999)]
    other = board.gives_up(board.differs(4_999, kind="status_lag"))

    assert [True, True, False, False] == found
    assert other


def test_a_rule_lets_one_person_where_the_setting_asks_for_two() -> None:
    """Of its companies only, and the engine agrees with what was written off so."""
    board = Board(limit("true", "one", companies=["DE01"]))

    assert board.gives_up(board.differs(9_000, legal_entity="DE01"))
    assert not board.gives_up(board.differs(9_000, legal_entity="FR01"))
    assert 0 == board.unproven


def test_who_writes_the_state_into_the_file_has_written_nothing_off() -> None:
    """A rule that asks for two is asked again with each run."""
    board = Board(limit("true", "two"))
    board.differs(100)
    board.sql("UPDATE reconcile_break SET state='written_off', ended_at=opened_at")

    assert 1 == board.unproven


def test_a_limit_that_is_lowered_later_opens_nothing_again() -> None:
    """What was given up is asked about as of its day; what is given up from then on takes two."""
    board = Board(limit("true", "one", valid_to=MONDAY.date().isoformat()))
    first = board.differs(9_000)
    assert board.gives_up(first)
    board.store.clock.advance(timedelta(days=1))  # type: ignore[attr-defined]

    assert 0 == board.unproven
    assert not board.gives_up(board.differs(9_000))


def test_a_new_version_says_nothing_of_what_was_given_up_before() -> None:
    """Two persons sign a stricter version: it holds from then on, also without a day of its own."""
    board = Board(limit("true", "one"))
    first = actions.propose_policy(
        board.store, board.profile, board.who("maria"), "own", "because", a_signer("maria")
    )
    actions.approve_policy(board.store, board.profile, board.who("tom"), first, a_signer("tom"))
    board.store.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
    assert board.gives_up(board.differs(9_000))
    board.store.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
    board.extra["policies"]["own"] = limit("true", "two")
    assert board.gives_up(board.differs(9_000)), "the layers alone change nothing"
    board.store.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]
    second = actions.propose_policy(
        board.store, board.profile, board.who("maria"), "own", "because", a_signer("maria")
    )
    actions.approve_policy(board.store, board.profile, board.who("tom"), second, a_signer("tom"))
    board.store.clock.advance(timedelta(hours=1))  # type: ignore[attr-defined]

    assert not board.gives_up(board.differs(9_000))
    assert 0 == board.unproven


def test_the_rule_is_kept_with_the_document_and_in_the_log() -> None:
    """`finsync explain` says which rule let one person, or asked for two."""
    board = Board(limit("true", "two"))
    case_id = board.fails(100)
    with pytest.raises(KeyMissingError):
        actions.write_off_exception(board.store, board.profile, board.who("maria"), case_id, "gone", None)
    done = actions.write_off_exception(
        board.store, board.profile, board.who("maria"), case_id, "gone", a_signer("maria")
    )
    case = cases.get(board.store.db, case_id)
    assert case is not None

    assert not done.is_in_force
    (told,) = board.store.db.execute("SELECT message, document_key FROM finding").fetchall()
    assert ("giving it up takes two persons: ours [own/own]", case.document_key) == tuple(told)
    (body,) = board.store.db.execute(
        "SELECT body FROM v_audit WHERE what='exception.write_off_proposed'"
    ).fetchone()
    assert b'"rule":"own/own"' in body


def test_explaining_follows_the_same_rules() -> None:
    """A rule may tell explaining from writing off."""
    board = Board(limit("given_up.act == 'explain'", "one"))

    assert "explained" == board.explains(board.differs(9_000))
    assert not board.gives_up(board.differs(9_000))


@pytest.mark.parametrize("end", [actions.resolve, actions.ignore])
def test_resolving_is_asked_about_where_the_company_asks_for_two(end: Any) -> None:
    """`resolve = "two"`: then a rule says of which exceptions one person may, whatever the limit is."""
    board = Board(
        limit("given_up.kind == 'PERIOD_CLOSED' && given_up.act == 'resolve'", "two"),
        governance={**SETTINGS["governance"], "resolve": "two"},
    )
    lenient = Board(limit("given_up.kind == 'PERIOD_CLOSED'", "two"))

    with pytest.raises(NotAllowedError, match=r"the rule own/own \(ours\) asks for two persons"):
        end(
            board.store,
            board.who("maria"),
            [board.fails(100, class_="PERIOD_CLOSED")],
            "x",
            profile=board.profile,
        )
    other = board.fails(100, class_="ACCOUNT_INVALID", document_key="coupa:9")
    assert end(board.store, board.who("maria"), [other], "x", profile=board.profile).done
    small = lenient.fails(100, class_="PERIOD_CLOSED")
    assert end(lenient.store, lenient.who("maria"), [small], "x", profile=lenient.profile).done


def test_no_rule_is_read_where_all_of_them_leave_it_to_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody judges: a limit costs what it did without policies."""
    board = Board()
    one = breaks.get(board.store.db, board.differs(100))
    assert one is not None
    found = limits.Limits(board.store.db, board.profile)
    monkeypatch.setattr("finsync_tui.policies.deciding.Judge.ask", None)

    assert "one" == found.of_break(one, "write_off", MONDAY).persons


def test_a_wrong_field_is_found_by_the_check() -> None:
    """With its place and the nearest name."""
    own = PolicySetup.model_validate(limit("given_up.amout.amount < decimal('5')", "one"))

    (found,) = ruling.misfits({"own": own}, {})

    assert ("own.rules.own.when", True) == (found.place, "amount" in found.message)
