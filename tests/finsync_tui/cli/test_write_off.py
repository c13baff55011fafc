"""`finsync exceptions write-off`: one person below the limit, two above it, each step signed and in the audit log."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from finsync_tui import actions
from finsync_tui.actions.mappings import ProposalRefusedError
from finsync_tui.people import KeyMissingError, RoleMissingError
from store import cases
from store.cases import ExceptionCase
from store.errors import NotAllowedError
from tests.builders import MONDAY, a_case
from tests.finsync_tui.cli.conftest import Finsync
from tests.finsync_tui.governance.council import Council, a_signer

LIMIT: dict[str, Any] = {"governance": {"write_off_below": {"EUR": "50.00"}}}


def opened(council: Council, amount_minor: int | None) -> int:
    with council.store.transaction() as db:
        return cases.open(db, a_case(amount_minor=amount_minor, currency="EUR", workflow_id=None), MONDAY)


def now(council: Council, case_id: int) -> ExceptionCase:
    found = cases.get(council.store.db, case_id)
    assert found is not None
    return found


def propose(council: Council, case_id: int, by: str = "maria", signed: bool = True) -> bool:
    signer = a_signer(by) if signed else None
    return actions.write_off_exception(
        council.store, council.profile, council.who(by), case_id, "gone", signer
    ).is_in_force


def approve(council: Council, case_id: int, by: str = "tom") -> None:
    actions.approve_exception_write_off(
        council.store, council.profile, council.who(by), case_id, a_signer(by)
    )


def test_above_the_limit_it_takes_a_second_person() -> None:
    """It stays open until somebody else signs; nobody approves their own, nor without the role."""
    council = Council(**LIMIT)
    case_id = opened(council, 5_000)

    with pytest.raises(KeyMissingError):
        propose(council, case_id, signed=False)
    assert not propose(council, case_id)
    assert ("open", False) == (now(council, case_id).state, now(council, case_id).is_written_off)
    with pytest.raises(NotAllowedError, match="waits for a second person already"):
        propose(council, case_id, by="tom")
    with pytest.raises(RoleMissingError):
        approve(council, case_id, by="maria")
    approve(council, case_id)

    found = now(council, case_id)
    assert ("resolved", True, "tom", "written off: gone") == (
        found.state, found.is_written_off, found.ended_by, found.resolution,
    )  # fmt: skip
    assert [("maria", "exception.write_off_proposed"), ("tom", "exception.written_off")] == council.noted


@pytest.mark.parametrize(("amount_minor", "is_enough"), [(4_999, True), (5_000, False), (None, False)])
def test_below_the_limit_one_person_may(amount_minor: int | None, is_enough: bool) -> None:
    """The limit itself takes two, and so does what has no amount."""
    council = Council(**LIMIT)
    case_id = opened(council, amount_minor)

    assert is_enough is propose(council, case_id)


@pytest.mark.parametrize("end", [actions.resolve, actions.ignore])
def test_who_may_not_write_off_alone_may_not_resolve_either(end: Any) -> None:
    """Where the company says so; below the limit, and where it says nothing, one person may."""
    governance = LIMIT["governance"] | {"resolve": "two"}
    strict, lenient = Council(governance=governance), Council(**LIMIT)

    def ended(council: Council, amount_minor: int | None) -> bool:
        case_id = opened(council, amount_minor)
        with contextlib.suppress(NotAllowedError):
            end(council.store, council.who("maria"), [case_id], "settled", profile=council.profile)
        return now(council, case_id).ended_at is not None

    assert (True, False, False) == tuple(ended(strict, amount) for amount in (4_999, 5_000, None))
    assert ended(lenient, 5_000)
    case_id = opened(strict, 5_000)
    with pytest.raises(NotAllowedError, match="write it off with your reason"):
        end(strict.store, strict.who("maria"), [case_id], "settled", profile=strict.profile)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE exception_case SET amount_minor = 9999999", "UPDATE proposal SET maker = 'otto'"],
)
def test_what_was_changed_since_is_not_given_up(statement: str) -> None:
    """Both signatures are over the document and its amount as they are."""
    council = Council(**LIMIT)
    case_id = opened(council, 5_000)
    propose(council, case_id)
    council.sql(statement)

    with pytest.raises(ProposalRefusedError):
        approve(council, case_id)

    assert "open" == now(council, case_id).state


def test_a_rejected_one_can_be_proposed_again() -> None:
    """The no stays with its reason, as a note."""
    council = Council(**LIMIT)
    case_id = opened(council, 5_000)
    propose(council, case_id, by="tom")
    with pytest.raises(NotAllowedError, match="can't approve it too"):
        approve(council, case_id)

    actions.reject_exception_write_off(council.store, council.who("tom"), case_id, "not yet")

    assert "write-off rejected: not yet" == cases.notes(council.store.db, case_id)[-1].text
    assert not propose(council, case_id)


def test_only_its_maker_withdraws_a_write_off() -> None:
    """Without the approver's role: it stays open with the reason, and is free to be proposed again."""
    council = Council(**LIMIT)
    case_id = opened(council, 5_000)
    propose(council, case_id)
    with pytest.raises(NotAllowedError, match="only they can withdraw it"):
        actions.withdraw_exception_write_off(council.store, council.who("tom"), case_id, "no")

    actions.withdraw_exception_write_off(council.store, council.who("maria"), case_id, "a slip")

    assert "write-off withdrawn: a slip" == cases.notes(council.store.db, case_id)[-1].text
    assert ("maria", "exception.write_off_withdrawn") == council.noted[-1]
    with pytest.raises(NotAllowedError, match="is not proposed"):
        approve(council, case_id)
    assert not propose(council, case_id)


def test_the_command_gives_up_what_was_held(finsync: Finsync) -> None:
    """Without people one is enough: amount and state are said, the held work ends, the list knows it."""
    done = finsync("exceptions", "write-off", 1, "--reason", "the supplier is gone", "--json")
    again = finsync("exceptions", "write-off", 1, "--reason", "again")
    wrong = finsync("exceptions", "write-off", 2, "--approve", "--reject")

    assert (0, 1, 2) == (done.code, again.code, wrong.code)
    assert {
        "exception": 1,
        "state": "written_off",
        "proposal": None,
        "amount": "1204.50",
        "currency": "EUR",
    } == done.json
    assert [1] == [
        row["id"] for row in finsync("exceptions", "list", "--state", "written_off", "--json").json
    ]
    assert [] == finsync("exceptions", "list", "--state", "waiting", "--json").json
    assert "aborted" == finsync("workflow", "show", 1, "--json").json["state"]


def test_the_commands_ask_the_profile_how_many_it_takes(finsync: Finsync) -> None:
    """Neither resolves nor ignores what takes two; the exception stays open, and is told how to go on."""
    layer = finsync.path / "profiles" / "own" / "profile.toml"
    asked = '\n[governance]\nwrite_off = "two"\nresolve = "two"\n'
    layer.write_text(layer.read_text(encoding="utf-8") + asked, encoding="utf-8")

    for noun in ("resolve", "ignore"):
        refused = finsync("exceptions", noun, 1, "--reason", "settled")
        assert 1 == refused.code
        assert "finsync exceptions write-off" in refused.err
    refused = finsync("workflow", "abort", 1, "--reason", "settled")
    assert (1, True) == (refused.code, "exception 1 ends with it" in refused.err)
    assert "open" == finsync("exceptions", "show", 1, "--json").json["state"]
