"""Changes of the company's own rules: proposed from the layers, signed by two, in force on their day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from finsync_tui import actions
from finsync_tui.actions.mappings import ProposalRefusedError
from finsync_tui.actions.policies import PolicyConflictError, PolicyInvalidError, PolicyOutdatedError
from finsync_tui.governance import rules
from finsync_tui.governance.history import lines
from finsync_tui.governance.recording import record
from finsync_tui.governance.rules import Standing, standings
from finsync_tui.people import KeyMissingError, RoleMissingError
from finsync_tui.policies.files import read_file
from finsync_tui.policies.model import PolicySetup
from finsync_tui.policies.testing import run
from store import rulesets
from store.errors import NotAllowedError, NotFoundError
from tests.finsync_tui.governance.council import Council, a_signer


def large(amount: str, **changes: Any) -> dict[str, Any]:
    """Return a policy that asks about orders of so much."""
    rule = {"when": f"order.total.amount > decimal('{amount}')", "then": "ask", "why": f"more than {amount}"}
    return {"decides": "order_check", "rules": {"large": {**rule, **changes}}}


class Board(Council):
    """A company whose layers have a policy `orders`."""

    def __init__(self, *args: Any, **profile: Any) -> None:
        super().__init__(*args, policies={"orders": large("1000")}, **profile)

    def layers(self, policy: dict[str, Any] | None) -> None:
        """Somebody edits the layers."""
        self.extra["policies"] = {} if policy is None else {"orders": policy}

    def asks_over(self, later: int = 0) -> str:
        """Return the amount over which the rule in force asks, so many days later; empty: no rule is in force."""
        on = self.store.clock.now().date() + timedelta(days=later)
        setup = standings(self.store.db, self.profile, on)["orders"].setup
        return "" if setup is None else setup.rules["large"].why.removeprefix("more than ")

    def suggest(self, by: str = "maria", **more: Any) -> int:
        signer = more.pop("signer", a_signer(by))
        return actions.propose_policy(
            self.store, self.profile, self.who(by), "orders", "because", signer, **more
        )

    def agree(self, proposal: int, by: str = "tom", **more: Any) -> int:
        signer = more.pop("signer", a_signer(by))
        return actions.approve_policy(self.store, self.profile, self.who(by), proposal, signer).version

    def recorded(self) -> Standing:
        with self.store.transaction() as db:
            return record(db, self.profile, self.store.clock.now())["orders"]


def test_the_layers_decide_until_two_have_signed_and_no_longer() -> None:
    """A later change of the layers waits until it is proposed and approved."""
    board = Board()
    before = board.asks_over()
    board.agree(board.suggest())
    board.layers(large("5000"))
    waiting = board.recorded()
    proposal = board.suggest()
    proposed = board.asks_over()
    board.agree(proposal)

    assert ("1000", "1000", "5000") == (before, proposed, board.asks_over())
    assert waiting.layer_differs
    assert not board.recorded().layer_differs
    classes = [row[0] for row in board.store.db.execute("SELECT class FROM finding ORDER BY id")]
    assert ["POLICY_DIFFERS"] == classes
    assert [
        ("maria", "policy.proposed"), ("tom", "policy.approved"), ("engine", "policy.differs"),
        ("maria", "policy.proposed"), ("tom", "policy.approved"),
    ] == [one for one in board.noted if one[1] != "policy.recorded"]  # fmt: skip


def test_where_one_person_is_enough_the_layers_decide() -> None:
    """Nothing is proposed then, and every text that was in force stays as a version."""
    board = Board({})
    first = board.recorded().version
    board.layers(large("5000"))
    second = board.recorded().version

    with pytest.raises(NotAllowedError, match="one person is enough"):
        board.suggest()

    assert ("5000", 1, 2) == (board.asks_over(), first, second)
    assert 2 == len(rulesets.versions(board.store.db, "policy", "rules/orders"))


def test_maker_and_checker_are_two_persons_with_roles_and_keys() -> None:
    """Nobody approves their own change, an analyst approves none, and nobody signs with another key."""
    board = Board()
    proposal = board.suggest(by="tom")

    with pytest.raises(NotAllowedError, match="can't approve it too"):
        board.agree(proposal)
    with pytest.raises(RoleMissingError):
        board.agree(proposal, by="maria")
    with pytest.raises(RoleMissingError):
        board.suggest(by="vera")
    with pytest.raises(KeyMissingError):
        board.suggest(signer=None)

    own = board.suggest()
    with pytest.raises(KeyMissingError):
        board.agree(own, signer=a_signer("tom", "stolen"))
    assert not board.recorded().is_signed


@pytest.mark.parametrize(
    ("statement", "asks_over"),
    [
        ("UPDATE proposal SET body=replace(body, '5000', '9000')", "1000"),
        ("UPDATE proposal SET effective_from='2020-01-01'", "1000"),
        ("UPDATE proposal SET checker='maria', maker='tom'", "1000"),
        (
            "INSERT INTO ruleset_version(kind, name, version, digest, body, recorded_at) SELECT kind, name, version + 9, digest,"
            " replace(body, '5000', '9000'), recorded_at FROM ruleset_version WHERE kind='policy'",
            "5000",
        ),
    ],
)
def test_writing_into_the_file_changes_no_rule(statement: str, asks_over: str) -> None:
    """What is not what two signed is not in force: the version before it is, or what the layers say, and it is named."""
    board = Board()
    board.layers(large("5000"))
    board.agree(board.suggest())
    board.layers(large("1000"))

    board.sql(statement)

    assert asks_over == board.asks_over()
    assert ("proposal SET" in statement) == bool(board.recorded().problems)


def test_a_rule_that_does_not_fit_or_fails_its_case_is_not_proposed() -> None:
    """Nor is an old version that does not fit any more: what is signed is checked, wherever it comes from."""
    board = Board()
    board.layers(large("1000", when="order.totl.amount > decimal('1')"))
    with pytest.raises(PolicyInvalidError, match=r"orders\.rules\.large\.when"):
        board.suggest()

    failing = large("1000") | {"tests": {"small": {"on": "2026-05-04", "given": {}, "expects": ["large"]}}}
    board.layers(failing)
    with pytest.raises(PolicyInvalidError, match=r"orders\.tests\.small"):
        board.suggest()
    with pytest.raises(NotFoundError):
        board.suggest(version=99)
    assert 0 == board.store.db.execute("SELECT count(*) FROM proposal").fetchone()[0]


def test_any_version_can_be_in_force_again() -> None:
    """Whatever the layers say by then; it is a version of its own, signed by two."""
    board = Board()
    first = board.agree(board.suggest())
    board.layers(large("5000"))
    second = board.agree(board.suggest())

    again = board.agree(board.suggest(version=first))

    assert "1000" == board.asks_over()
    assert first < second < again
    assert board.recorded().layer_differs


def test_a_change_may_begin_on_a_later_day() -> None:
    """Until then the rules before it are in force; the version that is recorded newest is always the one that decides."""
    board = Board()
    board.agree(board.suggest())
    board.layers(large("5000"))
    start = board.store.clock.now().date() + timedelta(days=10)
    board.agree(board.suggest(starts_on=start))

    assert ("1000", "1000", "5000") == (board.asks_over(), board.asks_over(9), board.asks_over(10))
    waiting = board.recorded()
    assert (False, [start.isoformat()]) == (
        waiting.layer_differs,
        [p.effective_from for p in waiting.upcoming],
    )
    newest = rulesets.current(board.store.db, "policy", "rules/orders")
    assert newest is not None
    assert newest.body == waiting.body
    board.store.clock.advance(timedelta(days=10))  # type: ignore[attr-defined]
    assert board.recorded().version > waiting.version


def test_a_day_that_is_past_is_no_beginning() -> None:
    """Neither when it is proposed nor, if nobody approved it in time, when it is approved."""
    board = Board()
    with pytest.raises(NotAllowedError, match="not to come any more"):
        board.suggest(starts_on=date(2026, 1, 1))
    late = board.suggest(starts_on=board.store.clock.now().date() + timedelta(days=2))
    board.store.clock.advance(timedelta(days=3))  # type: ignore[attr-defined]

    with pytest.raises(NotAllowedError, match="nobody approved it before"):
        board.agree(late)


def test_two_who_change_the_same_rules_lose_nothing() -> None:
    """The second approval is shown the conflict, and nothing changes."""
    board = Board()
    board.agree(board.suggest())
    board.layers(large("5000"))
    one = board.suggest()
    board.layers(large("7000"))
    other = board.suggest()
    board.agree(one)

    with pytest.raises(PolicyConflictError, match="neither change is lost"):
        board.agree(other)
    assert "5000" == board.asks_over()


def test_rules_end_by_two_persons_as_well() -> None:
    """Taken out of the layers, signed rules stay until their end is proposed and approved."""
    board = Board()
    board.agree(board.suggest())
    board.layers(None)
    kept = board.asks_over()
    board.agree(board.suggest())

    assert ("1000", "") == (kept, board.asks_over())


def test_a_change_can_be_refused_or_taken_back() -> None:
    """It stays with what was said, and is decided once."""
    board = Board()
    refused, withdrawn = board.suggest(), board.suggest()
    actions.reject_policy(board.store, board.who("tom"), refused, "not yet")
    with pytest.raises(NotAllowedError, match="only they can withdraw it"):
        actions.withdraw_policy(board.store, board.who("tom"), withdrawn, "mine")
    actions.withdraw_policy(board.store, board.who("maria"), withdrawn, "a mistake")

    for number in (refused, withdrawn):
        with pytest.raises(NotAllowedError, match="was decided already"):
            board.agree(number)
    assert not board.recorded().is_signed


def test_a_signature_of_somebody_who_left_counts_no_more_than_it_should() -> None:
    """What was signed before stays good while they are listed; taken out, the rules fall back and it is said."""
    board = Board()
    board.layers(large("5000"))
    board.agree(board.suggest())
    board.layers(large("1000"))
    board.people = {name: one for name, one in board.people.items() if name != "tom"}

    assert "1000" == board.asks_over()
    assert "tom, who approved it, is not listed" in board.recorded().problems[0]
    assert ["POLICY_UNTRUSTED"] == [row[0] for row in board.store.db.execute("SELECT class FROM finding")]


def test_a_proposal_that_was_edited_is_not_approved() -> None:
    """It is not what its maker signed."""
    board = Board()
    number = board.suggest()
    board.sql("UPDATE proposal SET body=replace(body, '1000', '9000')")

    with pytest.raises(ProposalRefusedError):
        board.agree(number)


def test_a_change_that_takes_the_place_of_a_waiting_one_says_so() -> None:
    """What begins no sooner than a newer one never comes into force; what begins sooner still has its days."""
    board = Board()
    board.agree(board.suggest())
    today = board.store.clock.now().date()

    def later(amount: str, days: int) -> tuple[int, ...]:
        board.layers(large(amount))
        number = board.suggest(starts_on=today + timedelta(days=days))
        done = actions.approve_policy(board.store, board.profile, board.who("tom"), number, a_signer("tom"))
        return done.replaces

    replaced = [later("2000", 20), later("3000", 30), later("4000", 10)]
    board.layers(large("9000"))
    number = board.suggest()
    days = [board.asks_over(n) for n in (9, 10, 20, 30)]
    at_once = actions.approve_policy(board.store, board.profile, board.who("tom"), number, a_signer("tom"))

    assert [(), (), (2, 3)] == replaced
    assert ["1000", "4000", "4000", "4000"] == days
    assert (4,) == at_once.replaces
    assert {"9000"} == {board.asks_over(n) for n in (0, 10, 20, 30)}


def test_a_signed_text_that_an_upgrade_cannot_read_falls_back_and_can_be_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No engine dies of it: the version before is in force, and it is named."""
    board = Board()
    board.agree(board.suggest())
    board.layers(large("5000"))
    board.agree(board.suggest())
    as_ever = rules.setup_of

    def stricter(body: str) -> Any:
        if "5000" in body:
            raise ValueError("a field that there is no more")
        return as_ever(body)

    monkeypatch.setattr(rules, "setup_of", stricter)
    board.layers(large("1000", why="more than 1000, still"))

    assert "1000" == board.asks_over()
    assert "this version of finsync can't read it" in board.recorded().problems[0]
    board.agree(board.suggest())
    assert "1000, still" == board.asks_over()


def test_an_edited_old_version_is_not_what_two_sign_again() -> None:
    """What is proposed of a version that two have signed is what they signed."""
    board = Board()
    first = board.agree(board.suggest())
    board.layers(large("5000"))
    board.agree(board.suggest())
    board.sql("UPDATE ruleset_version SET body=replace(body, '1000', '9000') WHERE kind='policy'")

    board.agree(board.suggest(version=first))

    assert "1000" == board.asks_over()


def test_a_text_of_ones_own_is_proposed_and_one_that_is_outdated_is_not() -> None:
    """Two who write from one version lose nothing: the later is told which version is in force."""
    board = Board()
    first = board.recorded().version
    mine, theirs = (PolicySetup.model_validate(large(amount)) for amount in ("2000", "3000"))
    board.agree(board.suggest(setup=theirs, base_version=first))

    with pytest.raises(PolicyOutdatedError, match=f"version {first} of orders, but version {first + 1}"):
        board.suggest(setup=mine, base_version=first)

    assert "3000" == board.asks_over()
    assert board.recorded().layer_differs
    board.agree(board.suggest(setup=mine, base_version=first + 1))
    assert "2000" == board.asks_over()


def test_a_policy_that_no_layer_has_is_begun_by_a_text() -> None:
    """It takes two as well, under a name that a file could have, and its beginning may lie ahead."""
    board = Board()
    setup = PolicySetup.model_validate(large("9"))
    signer = a_signer("maria")

    def begin(name: str, **more: Any) -> int:
        who = board.who("maria")
        return actions.propose_policy(
            board.store, board.profile, who, name, "because", signer, setup=setup, **more
        )

    for name in ("", "Orders", "../orders", "a b"):
        with pytest.raises(NotFoundError):
            begin(name)
    later = board.store.clock.now().date() + timedelta(days=5)
    board.agree(begin("assets"))
    board.agree(begin("cars", starts_on=later))

    known = standings(board.store.db, board.profile, board.store.clock.now().date())
    then = standings(board.store.db, board.profile, later)
    assert [True, False] == [known[name].setup is not None for name in ("assets", "cars")]
    assert then["cars"].setup == setup


def test_cases_with_days_are_signed_and_hold() -> None:
    """The shipped policies have them; a recorded version keeps days as text."""
    controls = Path(__file__).parents[3] / "profiles" / "controls" / "policies"
    board = Board()
    for file in sorted(controls.glob("*.toml")):
        setup = read_file(file)
        number = actions.propose_policy(
            board.store,
            board.profile,
            board.who("maria"),
            file.stem,
            "because",
            a_signer("maria"),
            setup=setup,
        )
        board.agree(number)

        held = standings(board.store.db, board.profile, board.store.clock.now().date())[file.stem].setup
        assert held is not None
        cases = run({file.stem: held}, {})
        assert len(setup.tests) == len(cases)
        assert [] == [one.problem for one in cases if one.problem]


def test_a_version_that_is_recorded_again_is_no_change_of_its_own() -> None:
    """Of a change that begins later, the version that two signed is the change; what goes on until then, and its day, are not."""
    board = Board()
    board.agree(board.suggest())
    board.layers(large("5000"))
    board.agree(board.suggest(starts_on=board.store.clock.now().date() + timedelta(days=10)))
    board.store.clock.advance(timedelta(days=10))  # type: ignore[attr-defined]
    board.recorded()

    found = [(one.version, len(one.changed), one.again_of) for one in lines(board.store.db, "orders")]

    assert [(5, 0, 3), (4, 0, 2), (3, 2, None), (2, 0, None), (1, 4, None)] == found
