"""The engine without a face: one cycle, or on schedule until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from adapters.base import Health
from finsync_tui import garbage, schedule, sync
from finsync_tui import profile as profiles
from finsync_tui.assembly import CycleReport, Engine, connect, open_engine
from finsync_tui.profile import Schedule
from finsync_tui.settings import Workspace
from finsync_tui.stopping import Stop, StoppedError, listening
from store import faults
from store.clock import SystemClock
from store.errors import FinsyncError, NotFoundError, UnknownNameError
from store.reconciliations import Mode, Run
from store.wording import nearest

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger
    from apscheduler.triggers.interval import IntervalTrigger

IDLE_MAX = timedelta(seconds=5)
"""How long a person's action in another process waits at most until the engine sees it."""
MISFIRE_GRACE_S = 24 * 3600

Result = TypeVar("Result")
Log = Callable[[str, CycleReport], None]


CUT_SHORT = (
    "told to stop, the engine ended before the cycle was through. All that was read, decided and answered is kept, "
    "and the lease is given back; the next `finsync run` goes on from there, and looks up what it was sending."
)
READ_CUT = "told to stop, the read ended before it was through. The pages it had are kept; the next read goes on behind them."
FULL_READ_CUT = (
    "told to stop, the read ended before it was through. The pages it had are kept, and the watermarks stay where they "
    "were: nothing is skipped. The same command begins at the beginning again."
)


COMPARISON_CUT = (
    "told to stop, the comparison ended before it was through. What was compared is kept, breaks of everything else are as "
    "they were. The same command compares again."
)


class NoFullReadError(FinsyncError):
    """The system does not show everything it has of this entity, so there is no reading it from the beginning."""

    code = "NO_FULL_READ"
    exit_code = 2

    def __init__(self, system: str, entity: str) -> None:
        super().__init__(
            f"{system} shows {entity.replace('_', ' ')}s only until they are taken over, so they can't be read from the "
            f"beginning. Nothing was done; `finsync sync {system} {entity}` reads what waits there, and what was taken "
            "over in our name and is not here."
        )


def _run(workspace: Workspace, work: Coroutine[Any, Any, Result]) -> Result:
    with faults.worded(workspace.store_path):
        try:
            return asyncio.run(work)
        finally:
            garbage.go_on()


def run_once(workspace: Workspace) -> CycleReport:
    """Run one full cycle: every schedule, then everything that is due. Told to stop, it ends with a StoppedError."""

    async def once() -> CycleReport:
        stop = Stop()
        with listening(stop):
            async with open_engine(workspace, is_stopping=stop.is_asked) as engine:
                garbage.go_on()
                report = await stop.run(engine.cycle(sorted(engine.profile.schedules)))
        if report is None or report.is_stopped:
            raise StoppedError(CUT_SHORT)
        return report

    return _run(workspace, once())


def sync_now(
    workspace: Workspace,
    system: str,
    entity: str | None = None,
    *,
    is_full: bool = False,
    only: Sequence[str] = (),
) -> tuple[sync.Pulled, ...]:
    """Read one system's entities now (all that schedules name, or one): what changed, everything, or the documents of these ids.

    Told to stop, it ends with a StoppedError.
    """

    async def read() -> tuple[sync.Pulled, ...]:
        stop = Stop()
        with listening(stop):
            async with open_engine(workspace, is_stopping=stop.is_asked) as engine:
                garbage.go_on()
                wanted = _pulls(engine, system, entity)
                if is_full:
                    wanted = _from_the_beginning(engine, wanted, is_named=entity is not None)
                work = engine.read_again(wanted[0], only) if only else engine.pull(wanted)
                pulled = await stop.run(work)
        if pulled is None or stop.is_asked():
            raise StoppedError(FULL_READ_CUT if is_full else READ_CUT)
        return pulled

    return _run(workspace, read())


def reconcile_now(
    workspace: Workspace,
    scope: str | None = None,
    *,
    is_full: bool = False,
    periods: tuple[str, str] | None = None,
    by: str = "engine",
) -> list[Run]:
    """Read both sides afresh and compare them: one definition, all of one entity, or everything.

    Told to stop, it ends with a StoppedError.
    """

    from finsync_tui.reconcile.running import Asked  # loaded where something is to be compared

    async def compare() -> list[Run]:
        stop = Stop()
        with listening(stop):
            async with open_engine(workspace, is_stopping=stop.is_asked) as engine:
                names = _definitions(engine, scope)
                mode: Mode = "window" if periods is not None else "full" if is_full else "changes"
                runs = await stop.run(engine.reconcile(Asked(names, mode, periods, by)))
        if runs is None or stop.is_asked():
            raise StoppedError(COMPARISON_CUT)
        return runs

    return _run(workspace, compare())


def _definitions(engine: Engine, scope: str | None) -> tuple[str, ...]:
    known = {n: one for n, one in engine.profile.reconciliations.items() if one.is_enabled}
    found = tuple(sorted(n for n, one in known.items() if scope in (None, n, one.entity, one.flow)))
    if not found:
        raise NotFoundError(
            "reconciliation", scope or "any", f"Known: {', '.join(sorted(known)) or 'none in this profile'}."
        )
    return found


def check_systems(workspace: Workspace, names: Sequence[str] = ()) -> dict[str, Health]:
    """Try the credentials and one harmless read of each system, without the lease: safe beside a running engine."""

    async def check() -> dict[str, Health]:
        profile = profiles.load(workspace)
        for name in names:
            if name not in profile.systems:
                raise UnknownNameError("system", name, nearest(name, profile.systems))
        connected = connect(workspace, profile, SystemClock())
        try:
            wanted = list(names) or sorted(connected)
            found = await asyncio.gather(*(connected[name].check_health() for name in wanted))
            return dict(zip(wanted, found, strict=True))
        finally:
            for adapter in connected.values():
                await adapter.aclose()

    return asyncio.run(check())


def run_forever(
    workspace: Workspace, log: Log | None = None, started: Callable[[], None] | None = None
) -> None:
    """Run on the profile's schedules until SIGTERM or Ctrl-C; what was read, decided and answered is kept.

    `started` is called once the engine has the lease.
    """
    _run(workspace, _run_forever(workspace, log or _quiet, started))


@dataclass
class _Inbox:
    """Schedules that fired and were not run yet. A set: firing twice before a run is one run."""

    names: set[str]
    wake: asyncio.Event

    def put(self, name: str) -> None:
        self.names.add(name)
        self.wake.set()

    def take(self) -> list[str]:
        taken = sorted(self.names)
        self.names.clear()
        self.wake.clear()
        return taken


async def _run_forever(workspace: Workspace, log: Log, started: Callable[[], None] | None) -> None:
    stop = Stop()
    inbox = _Inbox(set(), asyncio.Event())
    with listening(stop):
        async with open_engine(workspace, is_stopping=stop.is_asked) as engine:
            if started is not None:
                started()
            garbage.go_on()
            await _keep_running(engine, stop, inbox, log)


async def _keep_running(engine: Engine, stop: Stop, inbox: _Inbox, log: Log) -> None:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler  # a single cycle needs no scheduler

    scheduler = AsyncIOScheduler(timezone="UTC")
    for schedule_name, rhythm in engine.profile.schedules.items():
        scheduler.add_job(
            inbox.put,
            _trigger(rhythm),
            args=[schedule_name],
            id=schedule_name,
            coalesce=True,
            misfire_grace_time=MISFIRE_GRACE_S,
        )
    scheduler.start()
    try:
        for overdue in engine.due(engine.clock.now()):
            inbox.put(overdue)
        while not stop.is_asked():
            names = inbox.take()
            report = await stop.run(engine.cycle(names) if names else engine.settle())
            if report is not None:
                log(", ".join(names), report)
            await stop.run(_sleep(engine, inbox), grace_s=0)
    finally:
        scheduler.shutdown(wait=False)


async def _sleep(engine: Engine, inbox: _Inbox) -> None:
    """Wait for a schedule, a due retry, or the time a person's action may take to be seen."""
    now = engine.clock.now()
    due = engine.next_due()
    pause = min(IDLE_MAX, max(due - now, timedelta(seconds=0.05)) if due else IDLE_MAX)
    try:
        await asyncio.wait_for(inbox.wake.wait(), pause.total_seconds())
    except TimeoutError:
        return


def _trigger(rhythm: Schedule) -> CronTrigger | IntervalTrigger:
    from apscheduler.triggers.interval import IntervalTrigger

    if rhythm.cron is not None:
        return schedule.trigger(rhythm.cron, rhythm.timezone)
    assert rhythm.every is not None
    return IntervalTrigger(
        seconds=int(rhythm.every.total_seconds()),
        start_date=datetime.fromisoformat("1970-01-01T00:00:00+00:00"),
    )


def _pulls(engine: Engine, system: str, entity: str | None) -> list[sync.Pull]:
    if system not in engine.profile.systems:
        raise UnknownNameError("system", system, nearest(system, engine.profile.systems))
    names = tuple(name for name, s in engine.profile.schedules.items() if s.system == system)
    found = schedule.pulls(engine.profile, names)
    if entity is None:
        return found
    wanted = [p for p in found if p.entity == entity]
    if wanted:
        return wanted
    readable = sorted(
        c.entity
        for c in engine.adapters[system].manifest.capabilities
        if "read" in c.directions and c.shows != "one"
    )
    if entity not in readable:
        raise UnknownNameError("entity", entity, f"{system} reads: {', '.join(readable)}.")
    return [schedule.pull(engine.profile, system, entity)]


def _from_the_beginning(engine: Engine, tasks: Sequence[sync.Pull], *, is_named: bool) -> list[sync.Pull]:
    """Return these reads as full ones; of a whole system, what has none is read as always."""
    found = []
    for task in tasks:
        capability = engine.adapters[task.system].manifest.capability(task.entity)
        shows_all = capability is None or capability.shows == "all"
        if is_named and not shows_all:
            raise NoFullReadError(task.system, task.entity)
        found.append(replace(task, is_full=shows_all))
    return found


def _quiet(names: str, report: CycleReport) -> None:
    """Log nothing."""
