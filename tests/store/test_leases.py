"""Leases: one engine at a time, and late ones are harmless."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from store import leases
from store.errors import LeaseHeldError, LeaseLostError
from tests.builders import MONDAY, a_store

TTL = timedelta(seconds=60)


def a_dead_holder() -> str:
    """Return the holder id of a process of this machine that has ended."""
    script = "from store import leases; print(leases.holder_id())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_only_one_engine_holds_it() -> None:
    """A second engine is told who is at work and until when."""
    with a_store() as store:
        leases.acquire(store, "one", TTL, MONDAY)

        with pytest.raises(LeaseHeldError, match=r"one.*2026-01-05 08:01 UTC"):
            leases.acquire(store, "other", TTL, MONDAY + TTL - timedelta(seconds=1))


def test_a_lease_that_ran_out_is_taken_over_with_a_higher_token() -> None:
    """The token rises with every holder, so that late ones are told apart."""
    with a_store() as store:
        first = leases.acquire(store, "one", TTL, MONDAY)
        second = leases.acquire(store, "other", TTL, MONDAY + TTL)

        assert (1, 2) == (first.token, second.token)
        assert not leases.is_current(store.db, first.token)
        assert leases.is_current(store.db, second.token)
        assert leases.Lease("other", 2, MONDAY + 2 * TTL) == leases.current(store.db)


def test_renewing_moves_the_end() -> None:
    """An engine at work keeps the lease, even if it renews late, while nobody has taken it."""
    with a_store() as store:
        lease = leases.acquire(store, "one", TTL, MONDAY)
        with store.transaction() as db:
            renewed = leases.renew(db, lease, TTL, MONDAY + 2 * TTL)

        assert MONDAY + 3 * TTL == renewed.expires_at
        with pytest.raises(LeaseHeldError):
            leases.acquire(store, "other", TTL, MONDAY + 2 * TTL)


def test_a_lost_lease_can_not_be_renewed_or_released() -> None:
    """Whoever was taken over neither gets it back nor takes it from the new holder."""
    with a_store() as store:
        late = leases.acquire(store, "one", TTL, MONDAY)
        leases.acquire(store, "other", TTL, MONDAY + TTL)

        with store.transaction() as db:
            leases.release(db, late)
        with pytest.raises(LeaseLostError, match="lease 1"), store.transaction() as db:
            leases.renew(db, late, TTL, MONDAY + TTL)
        with pytest.raises(LeaseHeldError):
            leases.acquire(store, "third", TTL, MONDAY + TTL)


def test_a_released_lease_is_free_and_its_token_is_not_used_again() -> None:
    """After a clean stop the next engine starts at once, under a new token."""
    with a_store() as store:
        lease = leases.acquire(store, "one", TTL, MONDAY)
        with store.transaction() as db:
            leases.release(db, lease)

        assert 2 == leases.acquire(store, "other", TTL, MONDAY).token


def test_nobody_holds_a_new_store() -> None:
    """Before the first engine no token is current."""
    with a_store() as store:
        assert leases.current(store.db) is None
        assert not leases.is_current(store.db, 1)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells when a process started")
def test_a_dead_process_of_this_machine_loses_its_lease_at_once() -> None:
    """After a crash the next engine does not wait for the lease to run out."""
    with a_store() as store:
        leases.acquire(store, a_dead_holder(), TTL, MONDAY)

        assert 2 == leases.acquire(store, leases.holder_id(), TTL, MONDAY).token


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells when a process started")
def test_a_reused_process_id_does_not_pass_for_the_holder() -> None:
    """The start time tells our process from a dead one that had the same id."""
    host, _, process = leases.holder_id().partition(":")

    assert leases.is_dead(f"{host}:{process.partition(':')[0]}:1")


@pytest.mark.parametrize(
    "holder",
    ["elsewhere:1:1", "engine", "", "a:b:c", f"other/1:{os.getpid()}:1"],
    ids=["host", "word", "empty", "letters", "ours"],
)
def test_what_can_not_be_told_counts_as_alive(holder: str) -> None:
    """Another machine's, another container's or a nameless holder keeps its lease until it runs out."""
    assert not leases.is_dead(holder)


def test_we_are_alive() -> None:
    """This very process holds its lease."""
    assert not leases.is_dead(leases.holder_id())
    assert leases.is_alive(leases.holder_id())


LATER = MONDAY + timedelta(hours=8)


@pytest.mark.parametrize(
    ("holder", "now", "standing"),
    [
        ("elsewhere:1:1", MONDAY, "running"),
        ("elsewhere:1:1", LATER, "silent"),
        (leases.holder_id(), MONDAY, "running"),
        (leases.holder_id(), LATER, "silent"),
    ],
    ids=["far at work", "far asleep", "here at work", "here asleep"],
)
def test_an_engine_whose_lease_ran_out_is_silent_and_not_gone(
    holder: str, now: datetime, standing: leases.Standing
) -> None:
    """Its machine may have slept, or the clock was set: it renews the lease within seconds."""
    with a_store() as store:
        leases.acquire(store, holder, TTL, MONDAY)

        assert standing == leases.standing(leases.current(store.db), now)


def test_an_engine_that_gave_its_lease_back_is_gone() -> None:
    """So is one that never was."""
    with a_store() as store:
        assert "gone" == leases.standing(leases.current(store.db), MONDAY)
        lease = leases.acquire(store, "one", TTL, MONDAY)
        with store.transaction() as db:
            leases.release(db, lease)

        assert "gone" == leases.standing(leases.current(store.db), MONDAY)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells when a process started")
def test_what_is_left_of_a_dead_process_is_gone() -> None:
    """Though its parent has not taken note of its end, and its lease has years to run: the clock was set back."""
    script = "import sys; from store import leases; print(leases.holder_id()); sys.stdout.flush(); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        holder = process.stdout.readline().strip()
        lease = leases.Lease(holder, 1, MONDAY.replace(year=2099))
        before = leases.standing(lease, MONDAY)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

        assert ("running", "gone") == (before, leases.standing(lease, MONDAY))


def test_whoever_is_refused_learns_who_is_at_work() -> None:
    """Host, process, person and since when in words; nothing of how it is told apart from others."""
    with a_store() as store:
        leases.acquire(store, "books/4026531836:4711:99:ana:2026-01-05T08:30:00.000000Z", TTL, MONDAY)

        with pytest.raises(LeaseHeldError) as caught:
            leases.acquire(store, leases.holder_id(), TTL, MONDAY)

    assert "process 4711 of ana on books, at work since 2026-01-05 08:30 UTC;" in str(caught.value)
    assert "4026531836" not in str(caught.value)


@pytest.mark.parametrize("known", ["engine", "a:b:c", "books:7:1:ana:whenever", ""])
def test_what_a_holder_does_not_say_is_not_made_up(known: str) -> None:
    """An older engine's name, or somebody else's, is shown as far as it says anything."""
    assert "since" not in leases.words(known)


def test_our_own_name_says_since_when() -> None:
    """And is still told apart from dead ones."""
    known = leases.holder_id(MONDAY)
    found = leases.parted(known)

    assert found is not None
    assert (str(os.getpid()), MONDAY) == (found.pid, found.since)
    assert leases.is_alive(known)
