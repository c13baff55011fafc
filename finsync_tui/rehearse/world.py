"""The world's process: `python -m finsync_tui.rehearse.world --company-seed N --scale N --faults LEVEL --state-dir DIR`.

It hosts the simulated systems and keeps their state while engines come and go. When it is ready it prints one line of
JSON with the addresses and what opens them. It ends when its standard input ends, which is when its parent does, and on
SIGTERM; then it writes its state down, and a world started on the same folder goes on from there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, get_args

import uvicorn
from starlette.types import ASGIApp

from adapters.simulation import loopback_config
from finsync_tui.rehearse import (
    control,
    editing,
    expense_planted,
    expense_reading,
    expense_timeline,
    invoice_plan,
    invoice_planted,
    invoice_reading,
    invoice_timeline,
    supplier_planted,
    systems,
)
from finsync_tui.rehearse.company import build
from finsync_tui.rehearse.editing import Edit
from finsync_tui.rehearse.expense_catalogue import SOURCE as EXPENSE_SOURCE
from finsync_tui.rehearse.parent import tie_to_parent
from finsync_tui.rehearse.planted import SOURCE, Level, Plant, Scenario, plant
from finsync_tui.rehearse.report import Report
from finsync_tui.rehearse.systems import Secrets, Systems
from finsync_tui.rehearse.timeline import Event, events
from finsync_tui.rehearse.tripwire import Tripwire
from store.clock import VirtualClock, instant, text

STATE_NAME: Final = "world.json"
CONTROL: Final = "control"
LATER: Final = timedelta(hours=1)
"""How long after the last thing that happened somebody edits."""
BEFORE: Final = timedelta(days=600)
"""How long before its first order the company set its systems up."""


@dataclass
class World:
    """The systems of one scenario, their clock, and what is still to happen."""

    scenario: Scenario
    clock: VirtualClock
    systems: Systems
    events: tuple[Event, ...]
    applied_count: int = 0
    tripwire: Tripwire = field(default_factory=Tripwire)

    @property
    def starts_at(self) -> datetime:
        return self.scenario.company.starts_at

    @property
    def ends_at(self) -> datetime:
        return self.scenario.company.ends_at

    @property
    def plants(self) -> tuple[Plant, ...]:
        return self.scenario.plants

    def now(self) -> datetime:
        return self.clock.now()

    def move(self, to: datetime) -> None:
        """Let happen what happens until `to`, each at its own instant. An earlier instant changes nothing."""
        while self.applied_count < len(self.events) and self.events[self.applied_count].at <= to:
            event = self.events[self.applied_count]
            self.clock.advance_to(event.at)
            event.act(self.systems)
            self.applied_count += 1
        self.clock.advance_to(to)

    def report(self) -> Report:
        company = self.scenario.company
        found = systems.report(self.systems, company, self.clock)
        return replace(
            found,
            expenses=expense_reading.report(self.systems, company),
            invoices=invoice_reading.report(self.systems, company),
        )

    def edit(self, seed: int, each: int) -> list[Edit]:
        """Let a hand change what the systems hold, an hour from now, behind finsync's back."""
        self.clock.advance(LATER)
        return editing.edit(self.systems, seed, each)

    def dump(self) -> dict[str, Any]:
        return {"now": text(self.now()), "applied_count": self.applied_count, "systems": self.systems.dump()}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from `dump()`."""
        self.clock.advance_to(instant(state["now"]))
        self.systems.load(state["systems"])
        self.applied_count = state["applied_count"]


def make(seed: int, scale: float, level: Level, keys: Secrets, state: dict[str, Any] | None = None) -> World:
    """Return the world of that seed, on its first day or where `state` says."""
    ordered = expense_planted.plant(plant(build(seed, scale), level, scale), level, scale)
    billed = invoice_planted.plant(invoice_plan.plan(ordered, scale), level, scale)
    scenario = supplier_planted.plant(billed, scale)
    clock = VirtualClock(scenario.company.starts_at - BEFORE)
    found = (
        *events(scenario),
        *expense_timeline.events(scenario),
        *invoice_timeline.events(scenario),
        *supplier_planted.events(scenario),
    )
    happenings = sorted(found, key=lambda one: one.at)
    made = World(scenario, clock, systems.make(scenario, clock, keys), tuple(happenings))
    if state is None:
        supplier_planted.fill(scenario, made.systems)
        systems.fill(made.systems, scenario, clock)
    else:
        made.load(state)
    return made


class _Server(uvicorn.Server):
    """A server among others in one loop: signals are the process's affair."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def main(arguments: list[str] | None = None) -> int:
    """Serve a world until told to stop; return the exit code."""
    parser = argparse.ArgumentParser(prog="finsync_tui.rehearse.world", description=__doc__)
    parser.add_argument("--company-seed", type=int, required=True)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--faults", choices=get_args(Level), default="typical")
    parser.add_argument("--state-dir", type=Path, default=None, help="where the state is kept between worlds")
    options = parser.parse_args(arguments)
    file = options.state_dir / STATE_NAME if options.state_dir else None
    state = json.loads(file.read_bytes()) if file is not None and file.is_file() else None
    keys = Secrets(*(secrets.token_urlsafe(24) for _ in range(4)))
    world = make(options.company_seed, options.scale, options.faults, keys, state)
    asyncio.run(serve(world, keys))
    if file is not None:
        _write(file, world.dump())
    return 0


async def serve(world: World, keys: Secrets) -> None:
    """Serve all systems and the control channel on ports that the OS chooses; return when told to stop."""
    clock_token, judge_token = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    wire = world.tripwire.around
    apps: dict[str, ASGIApp] = {
        SOURCE: wire(world.systems.coupa.app),
        EXPENSE_SOURCE: wire(world.systems.concur.app),
        **{name: wire(erp.app) for name, erp in world.systems.erps.items()},
        CONTROL: control.app(world, clock_token=clock_token, judge_token=judge_token),
    }
    sockets = {name: _socket() for name in apps}
    servers = {name: _Server(loopback_config(app)) for name, app in apps.items()}
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tie_to_parent(stop)
    async with asyncio.TaskGroup() as group:
        for name, server in servers.items():
            group.create_task(server.serve(sockets=[sockets[name]]))
        urls = {name: f"http://127.0.0.1:{one.getsockname()[1]}" for name, one in sockets.items()}
        _announce(
            {
                "urls": {name: url for name, url in urls.items() if name != CONTROL},
                "control_url": urls[CONTROL],
                "clock_token": clock_token,
                "judge_token": judge_token,
                "secrets": asdict(keys),
            }
        )
        await stop.wait()
        for server in servers.values():
            server.should_exit = server.force_exit = True


def _socket() -> socket.socket:
    """Return a socket that listens already: who connects before its server runs waits, and is not refused."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", 0))
    made.listen(128)
    return made


def _announce(ready: dict[str, Any]) -> None:
    with suppress(BrokenPipeError):  # the parent is gone already; standard input says so, too
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()


def _write(file: Path, state: dict[str, Any]) -> None:
    """Replace the state as a whole: half of one would be none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.touch(mode=0o600)  # it holds what the systems hold
    fresh.write_text(json.dumps(state), encoding="utf-8")
    fresh.replace(file)


if __name__ == "__main__":
    sys.exit(main())
