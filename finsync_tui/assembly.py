"""The one place where parts are put together: workspace, profile, secrets, adapters, lease, engine."""

from __future__ import annotations

import asyncio
import math
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import adapters as adapter_packages
from adapters.base import Adapter, Connection
from adapters.errors import CredentialsError, SecretUnsetError
from finsync_tui import (
    account_key,
    credentials,
    delivery,
    policy,
    reconcile,
    routing,
    schedule,
    showing,
    sync,
)
from finsync_tui import profile as profiles
from finsync_tui.flows import runner, supplier_sameness
from finsync_tui.flows.registry import FLOWS
from finsync_tui.flows.steps import Facts
from finsync_tui.governance import judging
from finsync_tui.mapping import Table, recording
from finsync_tui.policies.verdicts import DRIFT, RETRY, Judging
from finsync_tui.profile import Profile, ProfileProblemsError
from finsync_tui.settings import Workspace
from finsync_tui.stopping import IsStopping, never
from finsync_tui.suppliers import golden, sweeping
from store import (
    Store,
    audit,
    breaks,
    cases,
    checkpoints,
    emergencies,
    engine,
    leases,
    meta,
    open_store,
    outbox,
    proposals,
    requests,
    rulesets,
    systems,
    workflows,
)
from store.clock import Clock, SystemClock, instant, text

if TYPE_CHECKING:
    from finsync_tui.reconcile.running import Asked
    from store.reconciliations import Run

LEASE_TTL = timedelta(seconds=60)
HEARTBEAT_S = 10.0
RENEWED_FRESH_S = 1.0
"""A lease that was renewed so lately is only asked after: rounds may follow each other within milliseconds."""
MAPPINGS_SEEN = "mapping.in_force"
"""Where the versions are noted that waiting documents were last tried with."""
RULES_SEEN = "policy.in_force"
"""Where the version of the rules is noted that waiting documents were last tried with."""
REREADS_MAX = 200
"""Documents that are read afresh by their ids at a time."""
ROUNDS_MAX = 1000
"""Bound on decide-deliver-verify rounds within one cycle; each round needs progress to go on."""


@dataclass(frozen=True, slots=True)
class CycleReport:
    """What one cycle did."""

    at: datetime
    pulled: tuple[sync.Pulled, ...] = ()
    advanced: runner.Advanced = field(default_factory=runner.Advanced)
    delivered: delivery.Delivered = field(default_factory=delivery.Delivered)
    verified: int = 0
    left_alone: tuple[str, ...] = ()
    """Systems that were to be read and are held or parked."""
    is_stopped: bool = False
    """True when it was told to stop before it was through; the next one goes on from there."""

    @property
    def rows_read(self) -> int:
        return sum(p.rows_read for p in self.pulled)

    @property
    def errors(self) -> tuple[str, ...]:
        return tuple(p.error for p in self.pulled if p.error)


@dataclass
class Engine:
    """One running engine. All of its state that matters is in the store; losing this object loses nothing."""

    workspace: Workspace
    profile: Profile
    store: Store
    clock: Clock
    adapters: Mapping[str, Adapter]
    lease: leases.Lease
    facts: Facts
    cycle_count: int = 0
    is_stopping: IsStopping = never
    """Asked between two pages, documents and deliveries."""
    decided: str = ""
    """What had been decided about proposals when `facts` was made."""
    renewed_at_s: float = -math.inf
    """When the lease was last renewed, by the event loop's clock."""

    def due(self, now: datetime) -> list[str]:
        """Return the schedules that should have run by now. Several missed runs of one are one run."""
        return [name for name in sorted(self.profile.schedules) if self._next_fire(name, now) <= now]

    def next_fire(self) -> datetime | None:
        """Return when the next schedule runs."""
        now = self.clock.now()
        return min((self._next_fire(name, now) for name in self.profile.schedules), default=None)

    def next_due(self) -> datetime | None:
        """Return when something waits to be done without a schedule: a retry, a timer, a parked system."""
        open_systems = [
            name for name in self.adapters if systems.is_open(self.store.db, name, self.clock.now())
        ]
        moments = [
            outbox.next_due(self.store.db, open_systems),
            workflows.next_wake(self.store.db),
            systems.next_until(self.store.db, self.clock.now()),
        ]
        return min((m for m in moments if m is not None), default=None)

    def has_work(self) -> bool:
        """True while any instance runs or waits, or any delivery is pending: something may still change by itself."""
        return (
            workflows.has_live(self.store.db)
            or outbox.next_due(self.store.db, list(self.adapters)) is not None
        )

    async def cycle(self, names: Sequence[str]) -> CycleReport:
        """Read what these schedules name, then decide, deliver and verify until nothing more moves."""
        now = self.clock.now()
        self._try_missing_secrets()
        self._report("working")
        wanted = schedule.pulls(self.profile, tuple(names))
        pulled = await self._pull(wanted)
        left_alone = tuple(sorted({task.system for task in wanted} - {each.system for each in pulled}))
        if self.is_stopping():  # these schedules have not run: the next engine runs them
            return CycleReport(now, pulled, is_stopped=True)
        with self.store.transaction() as db:
            cases.wake_snoozed(db, now)
            for name in names:
                meta.set(db, f"schedule.{name}", text(now))
        await reconcile.look_again(self.store, self.adapters, self.clock)
        report = await self.settle()
        await reconcile.prove(self.store, self.adapters, self.clock)
        if self.profile.reconciliations or breaks.live_definitions(self.store.db):
            from finsync_tui.reconcile import running  # loaded where something is to be compared

            running.end_removed(self.store, self.profile, now)
            for asked in running.due(self.store.db, self.profile, self.clock.now()):
                if self.is_stopping():
                    break
                await self.reconcile(asked)
        if self.profile.privacy.retention:
            from finsync_tui import retention  # loaded where anything ends

            retention.erase_due(
                self.store, self.profile, secrets_of(self.workspace), self.clock.now(), self.is_stopping
            )
        self.seal()
        self.cycle_count += 1
        self._report("idle")
        return replace(
            report,
            at=now,
            pulled=pulled + report.pulled,
            left_alone=left_alone,
            is_stopped=self.is_stopping(),
        )

    def seal(self, *, is_last: bool = False) -> None:
        """Sign the audit log's end, when it is time for it."""
        if self.has_unsigned():
            from finsync_tui import sealing  # loaded where there is something to sign

            sealing.seal(self.store, secrets_of(self.workspace), self.clock.now(), is_last=is_last)

    def has_unsigned(self) -> bool:
        """Say whether the audit log has entries that no checkpoint covers."""
        last = checkpoints.newest(self.store.db)
        return audit.head(self.store.db)[0] > (last.seq if last is not None else 0)

    async def pull(self, pulls: Sequence[sync.Pull]) -> tuple[sync.Pulled, ...]:
        """Read these now, outside any schedule."""
        self._report("working")
        self._try_missing_secrets()
        return await self._pull(pulls)

    async def reconcile(self, asked: Asked) -> list[Run]:
        """Read both sides afresh and compare them."""
        from finsync_tui.reconcile import running

        self._renew()
        return await running.reconcile(
            self.store, self.adapters, self.profile, self.clock, asked, self.is_stopping
        )

    async def settle(self) -> CycleReport:
        """Decide, deliver and verify until nothing moves at this instant."""
        pulled = (*await self._pull_asked(), *await self._reread())
        advanced, delivered, verified = runner.Advanced(), delivery.Delivered(), 0
        for _ in range(ROUNDS_MAX):
            self._renew()
            self._refresh()
            moved = runner.advance(self.store, FLOWS, self.facts, self.clock, self.is_stopping)
            sent = await delivery.deliver_due(
                self.store, self.adapters, self.profile, self.clock, self.lease.token, self.is_stopping,
                self.facts.judges.get(RETRY),
            )  # fmt: skip
            if self.is_stopping():
                advanced, delivered = advanced + moved, delivered + sent
                break
            golden.consolidate(
                self.store,
                self.profile,
                self.clock.now(),
                self.is_stopping,
                supplier_sameness.doubted(self.profile),
            )
            read = await reconcile.verify(self.store, self.adapters, reconcile.CHECKS, self.clock)
            advanced, delivered, verified = advanced + moved, delivered + sent, verified + read.read
            if moved.is_progress or sent.sent or read.read:
                continue
            if not await showing.advance(
                self.store, self.adapters, self.profile, self.clock, self.lease.token
            ):
                break
        routing.route(self.store, self.facts.profile, self.clock.now())
        return CycleReport(
            self.clock.now(), pulled, advanced, delivered, verified, is_stopped=self.is_stopping()
        )

    async def read_again(self, task: sync.Pull, external_ids: Sequence[str]) -> tuple[sync.Pulled, ...]:
        """Read these documents afresh, wherever they stand in their system: in its queue, or taken out of it."""
        self._renew()
        if not systems.is_open(self.store.db, task.system, self.clock.now()):
            return ()
        now = self.clock.now()
        asked = [requests.Reread(task.system, task.entity, one, 0, now) for one in external_ids]
        return (await sync.reread(self.store, self.adapters[task.system], task, asked, self.clock),)

    def _try_missing_secrets(self) -> None:
        """Use a system again that a secret was missing for: somebody may have set it meanwhile."""
        waiting = cases.live_systems(self.store.db, sync.UNSET)
        if waiting:
            with self.store.transaction() as db:
                for name in waiting:
                    systems.unpark(db, name, self.clock.now())

    async def _pull_asked(self) -> tuple[sync.Pulled, ...]:
        """Read what people asked for since the last look, by the schedules of those systems."""
        asked = requests.reads(self.store.db)
        if not asked:
            return ()
        wanted = {request.system for request in asked}
        names = tuple(name for name, rhythm in self.profile.schedules.items() if rhythm.system in wanted)
        pulled = await self.pull(schedule.pulls(self.profile, names))
        if self.is_stopping():
            return pulled  # the wish stays
        with self.store.transaction() as db:
            for request in asked:
                requests.done(db, request)
        return pulled

    async def _reread(self) -> tuple[sync.Pulled, ...]:
        """Read afresh what could not be read, when it is asked for or its time has come."""
        wanted: dict[tuple[str, str], list[requests.Reread]] = {}
        for asked in requests.documents(self.store.db, self.clock.now(), REREADS_MAX):
            if asked.system in self.adapters and systems.is_open(
                self.store.db, asked.system, self.clock.now()
            ):
                wanted.setdefault((asked.system, asked.entity), []).append(asked)
        found: list[sync.Pulled] = []
        for (system, entity), some in sorted(wanted.items()):
            if self.is_stopping():
                break
            task = schedule.pull(self.profile, system, entity)
            found.append(await sync.reread(self.store, self.adapters[system], task, some, self.clock))
        return tuple(found)

    async def _pull(self, pulls: Sequence[sync.Pull]) -> tuple[sync.Pulled, ...]:
        if self.profile.extracts:
            from finsync_tui import extracts  # loaded where there are any

            extracts.read(self.store, self.profile, self.workspace.path, self.clock)
        found: list[sync.Pulled] = []
        for task in pulls:
            if self.is_stopping():
                return tuple(found)
            if systems.is_open(self.store.db, task.system, self.clock.now()):
                found.append(
                    await sync.pull(
                        self.store,
                        self.adapters[task.system],
                        task,
                        self.clock,
                        self.is_stopping,
                        self.facts.judges.get(DRIFT),
                    )
                )
        sweeping.sweep(self.store, self.profile.suppliers.thresholds, self.clock.now())
        golden.consolidate(
            self.store,
            self.profile,
            self.clock.now(),
            self.is_stopping,
            supplier_sameness.doubted(self.profile),
        )
        return tuple(found)

    def _next_fire(self, name: str, now: datetime) -> datetime:
        last = meta.get(self.store.db, f"schedule.{name}")
        if last is None:
            return now  # a schedule that never ran is due at once
        return schedule.next_fire(self.profile.schedules[name], instant(last))

    def _refresh(self) -> None:
        """Take a mapping table or rules that came into force meanwhile: one small question a round, mostly answered with no."""
        decided = proposals.mark(self.store.db)
        now, begins_on, ends_at = self.clock.now(), self.facts.rules_change_on, self.facts.emergency_until
        is_time = (begins_on is not None and begins_on <= now.date()) or (
            ends_at is not None and ends_at <= now
        )
        if decided != self.decided or is_time:
            self.facts = _facts(self.store, self.profile, self.clock, self.lease)
            self.decided = decided

    def _renew(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self.renewed_at_s < RENEWED_FRESH_S:
            leases.check(self.store.db, self.lease.token)
            return
        _renew(self.store, self.lease)
        self.renewed_at_s = now_s

    def _report(self, state: engine.State) -> None:
        with self.store.transaction() as db:
            engine.report(
                db,
                state=state,
                holder=self.lease.holder,
                clock_at=self.clock.now(),
                is_virtual=not isinstance(self.clock, SystemClock),
                cycle_count=self.cycle_count,
                doing=None,
                now=SystemClock().now(),
            )


Connector = Callable[[Workspace, Profile, Clock], dict[str, Adapter]]


@asynccontextmanager
async def open_engine(
    workspace: Workspace,
    clock: Clock | None = None,
    connector: Connector | None = None,
    is_stopping: IsStopping = never,
) -> AsyncIterator[Engine]:
    """Check the profile, open store and adapters, take the lease; give everything back at the end.

    `connector` makes the adapters: by default over the network, in tests and rehearsals within the process.
    """
    found = profiles.check(workspace)
    if found:
        raise ProfileProblemsError(found)
    profile = profiles.load(workspace)
    clock = clock or SystemClock()
    store = open_store(
        workspace.store_path,
        clock,
        group=workspace.group or None,
        durable=workspace.is_durable,
        creates=False,
    )
    try:
        lease = leases.acquire(store, leases.holder_id(SystemClock().now()), LEASE_TTL, SystemClock().now())
        connected: dict[str, Adapter] = {}
        try:
            # before the tables are read: what comes in between is read again
            decided = proposals.mark(store.db)
            account_key.prepare(store, profile, secrets_of(workspace), clock.now())
            facts = _facts(store, profile, clock, lease)
            with store.transaction() as db:
                sync.begin_anew(db)
                showing.prepare(db, profile)
                delivery.recover(db, lease.token, clock.now())
                previous = engine.get(db)
            connected = (connector or connect)(workspace, profile, clock)
            running = Engine(
                workspace, profile, store, clock, connected, lease, facts,
                is_stopping=is_stopping, decided=decided,
            )  # fmt: skip
            running.cycle_count = previous.cycle_count if previous else 0
            beat = asyncio.create_task(_heartbeat(running))
            try:
                yield running
            finally:
                beat.cancel()
                with suppress(asyncio.CancelledError):
                    await beat
                running._report("stopped")
                running.seal(is_last=True)
        finally:
            for adapter in connected.values():
                await adapter.aclose()
            with store.transaction() as db:
                leases.release(db, lease)
    finally:
        store.close()


def secrets_of(workspace: Workspace) -> credentials.Secrets:
    return credentials.Secrets(workspace.name, workspace.path, workspace.secrets_dir)


def connect(workspace: Workspace, profile: Profile, clock: Clock) -> dict[str, Adapter]:
    """Make an adapter for each configured system. Nothing is called yet; secrets are read when first needed."""
    secrets = secrets_of(workspace)
    return {
        name: adapter_packages.load(connection.adapter).connect(
            name, connection, SystemSecrets(name, secrets, _needed(connection)), clock
        )
        for name, connection in profile.systems.items()
    }


def _needed(connection: Connection) -> tuple[str, ...]:
    """Return the names of the secrets that a connection with these options needs."""
    return adapter_packages.manifest(connection.adapter).for_options(connection.options).credentials


@dataclass(frozen=True, slots=True)
class SystemSecrets:
    """One system's secrets as its adapter asks for them."""

    system: str
    secrets: credentials.Secrets
    needed: tuple[str, ...] = ()
    """What this connection can't do without: of what is missing all is said at once."""

    def __call__(self, name: str) -> str:
        try:
            return self.secrets.get(self.system, name)
        except credentials.SecretMissingError as error:
            others = [one for one in self.needed if one != name and self._is_missing(one)]
            also = f" Not set either: {', '.join(others)}." if others else ""
            raise SecretUnsetError(self.system, f"{error}{also}", [name, *others]) from None
        except credentials.SecretPlaceError as error:
            raise CredentialsError(self.system, str(error)) from None

    def _is_missing(self, name: str) -> bool:
        try:
            return self.secrets.find(self.system, name) is None
        except credentials.SecretMissingError:  # the keyring can't be asked
            return True

    def account_key(self) -> bytes:
        try:
            return account_key.get(self.secrets)
        except account_key.AccountKeyError as error:
            raise CredentialsError(self.system, str(error)) from None

    def put(self, name: str, value: str) -> None:
        try:
            self.secrets.put(self.system, name, value)
        except credentials.SecretPlaceError as error:
            raise CredentialsError(self.system, str(error)) from None


def _facts(store: Store, profile: Profile, clock: Clock, lease: leases.Lease) -> Facts:
    """Record the rules as they are in force, so that every decision can name their version.

    What waited for a rule that a version has now goes on: approved while no engine ran, or written into the profile.
    """
    now = clock.now()
    with store.transaction() as db:
        in_force = recording.record(db, profile, now)
        if any(one.secrets_end or one.client_certificate for one in profile.systems.values()):
            from finsync_tui import expiry  # loaded where a last day is known

            expiry.note(db, profile, now)
        layers = profile
        profile, rules_change_on = _governed(db, profile, now)
        policy_version = rulesets.record(db, "policy", policy.NAME, policy.text(profile), now)
    found = {name: one.table for name, one in in_force.items()}
    versions = ",".join(f"{name}/{table.version}" for name, table in found.items())
    if meta.get(store.db, MAPPINGS_SEEN) != versions:
        from finsync_tui import releasing  # loaded when a mapping has changed

        releasing.release_mapped(store, found, now, lambda: _renew(store, lease))
        with store.transaction() as db:
            meta.set(
                db, MAPPINGS_SEEN, versions
            )  # last: whoever is killed before releases the rest next time
    judges = judging.judges(profile.policies, profile.extending)
    _look_at_reverted(store, profile, found, judges, now)
    rules = f"{policy.NAME}/{policy_version}"
    seen = meta.get(store.db, RULES_SEEN)
    if seen != rules:
        if seen is not None:
            from finsync_tui import releasing_ruled  # loaded when the rules have changed

            releasing_ruled.release_ruled(
                store, judges, profile.regions, rules, now, lambda: _renew(store, lease)
            )
        with store.transaction() as db:
            meta.set(db, RULES_SEEN, rules)  # last, as above
    return Facts(
        profile=profile, tables=found, policy_version=rules, mapping_version=versions, judges=judges,
        rules_change_on=rules_change_on, emergency_until=_emergency_until(store.db, profile),
        judges_on=_judges_on(store.db, layers, now, judges),
    )  # fmt: skip


def _judges_on(
    db: sqlite3.Connection, layers: Profile, now: datetime, judges: Mapping[str, Judging]
) -> Callable[[date], Mapping[str, Judging]] | None:
    if not proposals.decided(db, "policy"):
        return None
    from finsync_tui.governance.dated import as_of  # loaded where two have signed rules

    return as_of(db, layers, now.date(), judges)


def _look_at_reverted(
    store: Store,
    profile: Profile,
    tables: Mapping[str, Table],
    judges: Mapping[str, Judging],
    now: datetime,
) -> None:
    """Name the documents that were decided by what one person had put in force and nobody else agreed to."""
    if emergencies.live(store.db, "policy"):
        from finsync_tui import reverting

        with store.transaction() as db:
            reverting.note_taken(db)
    if not (emergencies.unlooked(store.db, "mapping") or emergencies.unlooked(store.db, "policy")):
        return
    from finsync_tui import reverting  # loaded when there are any

    with store.transaction() as db:
        reverting.look(db, tables, judges, profile, now)


def _emergency_until(db: sqlite3.Connection, profile: Profile) -> datetime | None:
    """Return when the first change ends that one person put in force at once; None: there is none."""
    waiting = [*emergencies.live(db, "mapping").values(), *emergencies.live(db, "policy").values()]
    return min((one.put_at + profile.governance.emergency_approval for _, one in waiting), default=None)


def _governed(db: sqlite3.Connection, profile: Profile, now: datetime) -> tuple[Profile, date | None]:
    """Return the profile with the company's own rules as they are in force, and the day from which they are others."""
    if not profile.policies and not proposals.decided(db, "policy") and not emergencies.live(db, "policy"):
        return profile, None
    from finsync_tui.governance import rules  # loaded where there are rules
    from finsync_tui.governance.recording import record

    found = record(db, profile, now)
    return rules.governed(profile, found), rules.next_day(found.values())


def _renew(store: Store, lease: leases.Lease) -> None:
    with store.transaction() as db:
        leases.renew(db, lease, LEASE_TTL, SystemClock().now())


async def _heartbeat(running: Engine) -> None:
    """Keep the lease while a long cycle runs."""
    while True:
        await asyncio.sleep(HEARTBEAT_S)
        running._renew()
