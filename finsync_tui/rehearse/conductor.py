"""Virtual time: the engine's clock moves from one moment at which something is due to the next; nothing sleeps.

The world (the simulators' process) is told the new time first, then the engine's own clock follows. An engine that is
killed in between starts again at the later of the two, so no moment is lived twice and no schedule is left out.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import httpx

from finsync_tui.assembly import Engine
from store.clock import VirtualClock, instant, text
from store.errors import FinsyncError

URL_VARIABLE = "FINSYNC_WORLD_URL"
TOKEN_VARIABLE = "FINSYNC_WORLD_CLOCK_TOKEN"  # noqa: S105  (a variable's name, no secret)
GRACE = timedelta(days=45)
"""How long after the last event of the world the engine goes on for answers that are still to come."""

STEP_S = 1.0
"""In a paced run, how many real seconds pass at most between two looks at the store."""


class WorldGoneError(FinsyncError):
    """The process with the simulators does not answer any more."""

    code = "WORLD_GONE"


@dataclass(frozen=True, slots=True)
class Moment:
    """What the world says of time."""

    now: datetime
    ends_at: datetime


class World(Protocol):
    """The world's clock, as the conductor needs it."""

    def read(self) -> Moment: ...

    def move(self, to: datetime) -> Moment: ...


def control_client(url: str, token: str, timeout_s: float) -> httpx.Client:
    """Return a client of the control channel; each call has a connection of its own.

    One that is kept would sooner or later be used at the very moment at which the world closes it as idle.
    """
    return httpx.Client(
        base_url=url,
        headers={"Authorization": f"Bearer {token}"},
        timeout=timeout_s,
        limits=httpx.Limits(max_keepalive_connections=0),
        trust_env=False,
    )


class RemoteWorld:
    """The world's clock over its control channel. The token opens nothing but the clock."""

    def __init__(self, url: str, token: str) -> None:
        self._client = control_client(url, token, timeout_s=60.0)

    def read(self) -> Moment:
        return self._moment("GET")

    def move(self, to: datetime) -> Moment:
        return self._moment("PUT", {"now": text(to)})

    def close(self) -> None:
        self._client.close()

    def _moment(self, method: str, body: dict[str, str] | None = None) -> Moment:
        try:
            answer = self._client.request(method, "/clock", json=body)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise WorldGoneError(
                f"the simulated systems do not answer ({type(error).__name__}). The workspace is kept as it is; "
                "start the demo again."
            ) from None
        found = answer.json()
        return Moment(instant(found["now"]), instant(found["ends_at"]))


async def conduct(
    engine: Engine, clock: VirtualClock, world: World, stop: asyncio.Event, pace: float | None = None
) -> int:
    """Run until the world has ended and nothing moves any more; return the number of cycles.

    `pace`: virtual seconds per real second, for people who watch. None: as fast as the work goes.
    """
    cycles = 0
    ends_at = world.move(clock.now()).ends_at
    while not stop.is_set():
        await engine.cycle(engine.due(clock.now()))
        cycles += 1
        now = clock.now()
        if (now >= ends_at and not engine.has_work()) or now >= ends_at + GRACE:
            break
        following = next_moment(engine, now)
        if following is None:
            break
        if pace is not None:  # in small steps, so that what a person does is seen within a second
            following = min(following, now + timedelta(seconds=pace * STEP_S))
            await _wait(stop, (following - now).total_seconds() / pace)
        if stop.is_set():
            break
        world.move(following)
        clock.advance_to(following)
    return cycles


def next_moment(engine: Engine, now: datetime) -> datetime | None:
    """Return the next moment at which anything is due. What was due until now has been tried."""
    moments = (engine.next_fire(), engine.next_due())
    return min((m for m in moments if m is not None and m > now), default=None)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
