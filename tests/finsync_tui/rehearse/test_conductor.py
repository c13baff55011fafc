"""Virtual time: from one due moment to the next, none left out, and an end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from finsync_tui.assembly import Engine
from finsync_tui.rehearse.conductor import GRACE, Moment, RemoteWorld, WorldGoneError, conduct, next_moment
from store.clock import VirtualClock

START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(days=1)
EVERY = timedelta(hours=4)


@dataclass
class StillWorld:
    """A world's clock that only remembers where it was moved."""

    moves: list[datetime] = field(default_factory=list)

    def read(self) -> Moment:
        return Moment(START, END)

    def move(self, to: datetime) -> Moment:
        self.moves.append(to)
        return Moment(to, END)


@dataclass
class CountingEngine:
    """An engine with one schedule and a list of instants at which a retry is due."""

    clock: VirtualClock
    retries: list[datetime] = field(default_factory=list)
    works_until: datetime = START
    cycles: list[tuple[datetime, tuple[str, ...]]] = field(default_factory=list)
    last: datetime = START - EVERY
    stop: asyncio.Event | None = None

    def due(self, now: datetime) -> list[str]:
        return ["orders"] if self.last + EVERY <= now else []

    def next_fire(self) -> datetime:
        return self.last + EVERY

    def next_due(self) -> datetime | None:
        return min((one for one in self.retries if one > self.clock.now()), default=None)

    def has_work(self) -> bool:
        return self.clock.now() < self.works_until

    async def cycle(self, names: Sequence[str]) -> None:
        self.cycles.append((self.clock.now(), tuple(names)))
        if names:
            self.last = self.clock.now()
        if self.stop is not None:
            self.stop.set()


def run(engine: CountingEngine, world: StillWorld, pace: float | None = None) -> int:
    stop = asyncio.Event()

    async def go() -> int:
        return await conduct(cast("Engine", engine), engine.clock, world, stop, pace)

    if engine.stop is not None:
        engine.stop = stop
    return asyncio.run(go())


def test_every_slot_is_lived_once() -> None:
    """Each slot of the schedule until the end has one cycle, at its own instant; the world is there before the engine."""
    engine, world = CountingEngine(VirtualClock(START)), StillWorld()

    count = run(engine, world)

    slots = [START + n * EVERY for n in range(7)]
    assert [(slot, ("orders",)) for slot in slots] == engine.cycles
    assert slots == world.moves
    assert len(slots) == count


def test_retries_are_met_between_slots() -> None:
    """A retry that is due between two slots has a cycle of its own, which reads nothing."""
    retry = START + timedelta(minutes=30)
    engine = CountingEngine(VirtualClock(START), retries=[retry])

    run(engine, StillWorld())

    assert (retry, ()) == engine.cycles[1]


def test_goes_on_for_answers_that_are_to_come() -> None:
    """After the last event it goes on while anything is under way, and ends when nothing is."""
    late = END + timedelta(days=3)
    engine = CountingEngine(VirtualClock(START), works_until=late)

    run(engine, StillWorld())

    assert late == engine.clock.now()


def test_ends_even_when_something_waits_for_ever() -> None:
    """What never ends can't hold the rehearsal for longer than the grace."""
    engine = CountingEngine(VirtualClock(START), works_until=datetime.max.replace(tzinfo=UTC))

    run(engine, StillWorld())

    assert END + GRACE == engine.clock.now()


def test_stops_between_two_moments() -> None:
    """Told to stop in a cycle, it ends after that one and moves nothing further."""
    engine = CountingEngine(VirtualClock(START), stop=asyncio.Event())

    assert 1 == run(engine, StillWorld())
    assert START == engine.clock.now()


def test_paced_run_goes_in_small_steps() -> None:
    """With a pace the clock moves at most a real second's worth at a time, so that people's actions are seen."""
    engine, world = CountingEngine(VirtualClock(START)), StillWorld()

    run(engine, world, pace=3600.0 * 1000)

    steps = [later - earlier for earlier, later in zip(world.moves, world.moves[1:], strict=False)]
    assert max(steps) <= EVERY
    slow = CountingEngine(VirtualClock(START), stop=asyncio.Event())
    assert 1 == run(slow, StillWorld(), pace=1.0)


def test_next_moment_is_later_than_now() -> None:
    """What is due now has been tried: only later moments count; without any there is none."""
    engine: Any = CountingEngine(VirtualClock(START), retries=[START, START + timedelta(hours=1)])
    engine.last = START

    assert START + timedelta(hours=1) == next_moment(engine, START)


def test_says_when_the_world_is_gone() -> None:
    """Without the world's process the message says what to do, and nothing of the token."""
    world = RemoteWorld("http://127.0.0.1:9", "very-secret")

    with pytest.raises(WorldGoneError, match="start the demo again") as raised:
        world.read()

    assert "very-secret" not in str(raised.value)
    world.close()
