"""Several people at once: nobody overwrites unknowingly what somebody else has done meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from finsync_tui import actions
from finsync_tui.actions import Actor, Outcome, Seen
from store import breaks, cases, glances, reconciliations
from store.database import Store
from store.errors import NotAllowedError
from tests.builders import MONDAY, a_break, a_case, a_clock, a_reconcile_run, a_store

MARIA, TOM = Actor("maria", "tui"), Actor("tom", "web")
Act = Callable[[Store, int, Seen], Outcome]
ACTS: dict[str, Act] = {
    "assign": lambda store, case, seen: actions.assign(store, MARIA, [case], "maria", seen=seen),
    "resolve": lambda store, case, seen: actions.resolve(store, MARIA, [case], "settled", seen=seen),
    "ignore": lambda store, case, seen: actions.ignore(store, MARIA, [case], "small", seen=seen),
    "retry": lambda store, case, seen: actions.retry(store, MARIA, [case], seen=seen),
    "snooze": lambda store, case, seen: actions.snooze(
        store, MARIA, [case], MONDAY + timedelta(days=1), seen=seen
    ),
    "edit": lambda store, case, seen: actions.edit(store, MARIA, case, "{}", "typo", seen=seen),
    "send back": lambda store, case, seen: actions.send_back(store, MARIA, [case], "receipt", seen=seen),
}


@pytest.fixture
def store() -> Store:
    return a_store(a_clock())


def an_exception(store: Store, **changes: object) -> int:
    with store.transaction() as db:
        return cases.open(db, a_case(**changes), MONDAY)


def stands(store: Store, case: int) -> tuple[str, str | None]:
    found = cases.get(store.db, case)
    assert found is not None
    return found.state, found.owner


@pytest.mark.parametrize("act", ACTS)
def test_what_somebody_has_taken_meanwhile_is_not_taken_from_them(store: Store, act: str) -> None:
    """Maria looks, Tom assigns it to himself, Maria acts on what she saw: she is told who has it, and nothing changes."""
    case = an_exception(store)
    seen = glances.of_cases(store.db, [case])
    actions.assign(store, TOM, [case], "tom")

    with pytest.raises(
        NotAllowedError, match=r"it belongs to tom now, it belonged to nobody\. Look at it again"
    ):
        ACTS[act](store, case, seen)

    assert ("open", "tom") == stands(store, case)


@pytest.mark.parametrize("act", ["assign", "resolve", "ignore", "snooze"])
def test_who_has_looked_again_may_act(store: Store, act: str) -> None:
    """The check is against overwriting unknowingly: whoever knows may."""
    case = an_exception(store)
    actions.assign(store, TOM, [case], "tom")

    done = ACTS[act](store, case, glances.of_cases(store.db, [case]))

    assert (case,) == done.done


def test_a_note_is_read_before_it_is_overruled(store: Store) -> None:
    """Tom writes that the supplier calls back; Maria's resolution waits until she has seen that."""
    case = an_exception(store)
    seen = glances.of_cases(store.db, [case])
    actions.comment(store, TOM, case, "they call back at three")

    with pytest.raises(NotAllowedError, match="somebody has written a note on it"):
        actions.resolve(store, MARIA, [case], "gave up", seen=seen)

    assert ("open", None) == stands(store, case)


def test_the_first_of_two_resolutions_stays(store: Store) -> None:
    """The second is told who was first."""
    case = an_exception(store)
    seen = glances.of_cases(store.db, [case])
    actions.resolve(store, TOM, [case], "posted by hand", seen=seen)

    with pytest.raises(NotAllowedError, match="resolved by tom"):
        actions.resolve(store, MARIA, [case], "not needed", seen=seen)

    found = cases.get(store.db, case)
    assert found is not None
    assert "posted by hand" == found.resolution


def test_a_break_is_not_explained_over_somebodys_head(store: Store) -> None:
    """Tom has taken it, or written on it, since Maria looked: her explanation and her assignment are refused."""
    with store.transaction() as db:
        run = reconciliations.begin(db, a_reconcile_run(), MONDAY)
        taken, noted, free = breaks.open(db, run, [a_break(key=key) for key in ("1", "2", "3")], MONDAY).new
    seen = glances.of_breaks(store.db, [taken, noted, free])
    actions.assign_breaks(store, TOM, [taken], "tom")
    actions.comment_on_break(store, TOM, noted, "I have asked the bank")

    explained = actions.explain_breaks(store, None, MARIA, [taken, noted, free], "timing", seen=seen)
    with pytest.raises(NotAllowedError, match="it belongs to tom now"):
        actions.assign_breaks(store, MARIA, [taken], "maria", seen=seen)

    assert (free,) == explained.done
    assert [taken, noted] == [number for number, _ in explained.refused]


def test_the_same_trouble_seen_again_is_nothing_new(store: Store) -> None:
    """An engine that stops at it once more keeps nobody from acting; another cause does."""
    case = an_exception(store)
    seen = glances.of_cases(store.db, [case])
    an_exception(store)

    assigned = actions.assign(store, MARIA, [case], "maria", seen=seen)
    seen = glances.of_cases(store.db, [case])
    an_exception(store, cause="the period is closed")

    assert (case,) == assigned.done
    with pytest.raises(NotAllowedError, match="its trouble is another one now"):
        actions.resolve(store, MARIA, [case], "settled", seen=seen)


def test_of_many_only_those_are_left_that_somebody_has_changed(store: Store) -> None:
    """A bulk action does the rest, and names each that it left with what was done to it."""
    many = [an_exception(store, document_key=f"coupa:{n}") for n in range(4)]
    seen = glances.of_cases(store.db, many)
    actions.assign(store, TOM, [many[1]], "tom")
    actions.snooze(store, TOM, [many[2]], MONDAY + timedelta(days=2))

    outcome = actions.assign(store, MARIA, many, "maria", seen=seen)

    assert (many[0], many[3]) == outcome.done
    assert [many[1], many[2]] == [number for number, _ in outcome.refused]
    assert "it belongs to tom now" in outcome.refused[0][1]
    assert "it is snoozed now, it was open" in outcome.refused[1][1]
