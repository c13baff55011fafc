"""Showing a system's administrators, in its own screens, our runs and the exceptions of its documents.

A run is begun where something was read or went wrong, tells what went wrong in it, and ends with its counts; an
exception that ends is resolved there. A run whose end was not taken is ended once more in a later cycle; what stays open there is said. All of it goes through the outbox, behind everything that is about a document, and
no document waits for it. Where each of them is stands in the store, so a crash at any point goes on from there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from sqlite3 import Connection
from typing import Any, Final

from adapters.base import Adapter, WriteRequest
from adapters.errors import AdapterError
from finsync_tui import bodies
from finsync_tui.profile import Profile
from store import Store, audit, cases, integrations, leases, outbox, systems
from store.canonical.keys import RecordKey, idempotency_key
from store.clock import Clock, text
from store.columns import from_json
from store.integrations import Run, Told
from store.outbox import UNFINISHED, Delivery

OPTION: Final = "integrations"
"""What a connection says that wants to be shown: by entity, the code of the integration in that system."""
RUN, ERROR = "integration_run", "integration_error"
PRIORITY: Final = outbox.PRIORITIES[-1]
AT_ONCE: Final = 100
"""So many exceptions are told or read back before documents have their turn again."""
TROUBLE: Final = "REJECTED"
END_AGAIN_AFTER: Final = timedelta(minutes=5)
AGAIN: Final = "again"
"""The revision under which a run is ended for the second time."""


def prepare(db: Connection, profile: Profile) -> None:
    """Note, when an engine starts, which systems show us and under which names."""
    for system, codes in _shown_by(profile).items():
        integrations.prepare(db, system, codes)


async def advance(
    store: Store, adapters: Mapping[str, Adapter], profile: Profile, clock: Clock, token: int
) -> int:
    """Go on by one step with everything that can; return how much moved. Nothing to say costs a few look-ups."""
    moved = 0
    for system, codes in _shown_by(profile).items():
        if integrations.is_quiet(store.db, system, codes, clock.now()):
            continue
        moved += await _read_back(store, adapters[system], clock, token)
        with store.transaction() as db:
            leases.check(db, token)
            moved += _Board(db, system, codes, clock).advance()
    return moved


def _shown_by(profile: Profile) -> dict[str, dict[str, str]]:
    return {
        name: {str(entity): str(code) for entity, code in setup.options[OPTION].items()}
        for name, setup in sorted(profile.systems.items())
        if setup.options.get(OPTION)
    }


class _Board:
    """One system's screens, within one transaction."""

    def __init__(self, db: Connection, system: str, codes: Mapping[str, str], clock: Clock) -> None:
        self._db = db
        self._system = system
        self._codes = codes
        self._now = clock.now()

    def advance(self) -> int:
        runs = integrations.open_runs(self._db, self._system)
        moved = self._resolve() + sum(self._go_on(run) for run in runs)
        moved += sum(self._end_again(run) for run in integrations.to_end(self._db, self._system, self._now))
        return moved if runs else moved + self._begin()

    def _begin(self) -> int:
        """Begin a run for each integration that has news. One at a time: what happens meanwhile is the next one's."""
        found = integrations.take_news(self._db, self._system, self._codes)
        for news in found:
            run = integrations.begin(self._db, self._system, news, self._now)
            entry_id = self._enqueue(
                "run.start",
                RUN,
                f"run-{run.id}",
                run.code,
                {"integration": run.code, "total": run.read_count},
            )
            integrations.move(self._db, run, "starting", self._now, entry_id=entry_id)
        return len(found)

    def _go_on(self, run: Run) -> int:
        if run.state == "telling":
            return self._tell(run)
        if run.state == "finished":
            return 0  # it is read back
        delivery = self._delivery(run.entry_id)
        if delivery.state in UNFINISHED:
            return 0
        if delivery.state not in ("delivered", "verified"):
            self._failed(run, delivery)
        elif run.state == "starting":
            integrations.move(self._db, run, "telling", self._now, external_id=delivery.external_id)
        else:
            integrations.move(self._db, run, "finished", self._now)
        return 1

    def _failed(self, run: Run, delivery: Delivery) -> None:
        """A run that was never begun is over; one whose end was not taken is open there, and is ended once more."""
        if run.external_id is None:
            self._trouble(run.code, delivery)
            integrations.move(self._db, run, "failed", self._now)
        else:
            self._left_open(run, delivery)
            integrations.leave_open(self._db, run, self._now, again_at=self._now + END_AGAIN_AFTER)

    def _end_again(self, run: Run) -> int:
        """End a run there that was left open, once; or note that it was ended after all, by that or by a person's replay."""
        asked = outbox.of_document(self._db, RUN, f"{self._system}:run-{run.id}")
        ends = [one for one in asked if one.operation == "run.finish"]
        done = next((one for one in ends if one.state in ("delivered", "verified")), None)
        if done is not None:
            integrations.move(self._db, run, "ended", self._now)
            self._end_trouble(run.code, f"run {run.external_id} was ended there by delivery {done.entry_id}")
            return 1
        body = from_json(ends[-1].body)
        entry_id = self._enqueue(
            "run.finish", RUN, f"run-{run.id}", run.code, body, AGAIN, external_id=run.external_id
        )
        integrations.leave_open(self._db, run, self._now, entry_id=entry_id)
        return 1

    def _tell(self, run: Run) -> int:
        """Tell the next exceptions of a run when the last have been told; end the run when there are none."""
        told = [self._delivery(one.entry_id) for one in integrations.told_in(self._db, run)]
        if any(one.state in UNFINISHED for one in told):
            return 0
        entries = []
        for one in integrations.untold(self._db, run, AT_ONCE):
            case = cases.get(self._db, one.case_id)
            assert case is not None, "an exception is never taken away"
            entry_id = self._enqueue(
                "run.error",
                ERROR,
                f"exception-{case.id}",
                case.document_number,
                _error(case, run),
                text(case.opened_at),
            )
            entries.append((entry_id, case.id))
        integrations.note_told(self._db, entries)
        if entries:
            return len(entries)
        refused = next((one for one in told if one.state not in ("delivered", "verified", "cancelled")), None)
        if refused is not None:
            self._trouble(run.code, refused)
        else:
            self._end_trouble(run.code, "a later run was shown as it is")
        body = {"processed": run.stored_count, "outcome": "failed" if run.is_read_failed else "auto"}
        entry_id = self._enqueue(
            "run.finish", RUN, f"run-{run.id}", run.code, body, external_id=run.external_id
        )
        integrations.move(self._db, run, "finishing", self._now, entry_id=entry_id)
        return 1

    def _resolve(self) -> int:
        """Say of exceptions that have ended, and were told, that they are over."""
        entries = []
        for one in integrations.over(self._db, self._system, "told", AT_ONCE):
            told = self._delivery(one.entry_id)
            case = cases.get(self._db, one.case_id)
            assert case is not None, "an exception is never taken away"
            entry_id = self._enqueue(
                "run.resolve_error", ERROR, f"exception-{case.id}", case.document_number, {}, text(case.opened_at),
                external_id=told.external_id,
            )  # fmt: skip
            entries.append((entry_id, case.id))
        integrations.note_resolving(self._db, entries)
        return len(entries)

    def _delivery(self, entry_id: int | None) -> Delivery:
        found = outbox.get(self._db, entry_id) if entry_id is not None else None
        assert found is not None, "an entry is never taken away"
        return found

    def _enqueue(
        self,
        operation: str,
        entity: str,
        name: str,
        number: str,
        body: Mapping[str, Any],
        revision: str = "1",
        *,
        external_id: str | None = None,
    ) -> int:
        """Decide to write, once. The moment in an exception's key tells it from one of an older copy of this store."""
        document = RecordKey(self._system, name)
        key = idempotency_key(self._system, operation, document, revision)
        entry = outbox.Entry(
            idempotency_key=key, system=self._system, operation=operation, entity=entity, document_key=str(document),
            document_number=number, body=json.dumps(body, sort_keys=True), priority=PRIORITY, external_id=external_id,
        )  # fmt: skip
        (entry_id,) = outbox.enqueue(self._db, [entry], self._now)
        what = audit.Entry(
            who="engine", what="outbox.enqueued", subject=str(document), after={"key": key, "entry": entry_id}
        )
        audit.record(self._db, [what], self._now)
        return entry_id

    def _trouble(self, code: str, delivery: Delivery) -> None:
        """Open an exception of our own, one an integration: it stops no document, but the screens there are incomplete."""
        case = cases.NewCase(
            class_=TROUBLE,
            entity=RUN,
            document_key=f"{self._system}:{code}",
            document_number=code,
            system=self._system,
            entry_id=delivery.entry_id,
            cause=f"{self._system} does not show integration {code} as it is: {delivery.operation} ended as {delivery.state}: "
            f"{delivery.message}",
            fix=f"Set the integration up in {self._system} under this code, or take it out of the connection's options; an "
            f"exception is told again with `finsync outbox replay {delivery.entry_id} --reason TEXT`, a run by the next one. No document "
            "waits for it.",
            evidence={"operation": delivery.operation},
        )
        cases.open(self._db, case, self._now)

    def _left_open(self, run: Run, delivery: Delivery) -> None:
        """Say which run stays open there, and what becomes of it."""
        case = cases.NewCase(
            class_=TROUBLE,
            entity=RUN,
            document_key=f"{self._system}:{run.code}",
            document_number=run.code,
            system=self._system,
            entry_id=delivery.entry_id,
            cause=f"run {run.external_id} of integration {run.code} stays open in {self._system}: {delivery.operation} ended as "
            f"{delivery.state}: {delivery.message}",
            fix=f"It is ended once more by itself in a later cycle. If this stays open, end the run in {self._system} by hand, or with "
            f"`finsync outbox replay {delivery.entry_id} --reason TEXT`. No document waits for it.",
            evidence={"operation": delivery.operation, "run": run.external_id},
        )
        cases.open(self._db, case, self._now)

    def _end_trouble(self, code: str, why: str) -> None:
        """Close our own exception of an integration, unless a run of it is still open there."""
        if integrations.left_open(self._db, self._system, code):
            return
        live = cases.live_ids(self._db, RUN, [f"{self._system}:{code}"], [TROUBLE])
        if live:
            cases.end(self._db, live, "closed", "engine", why, self._now)


def _error(case: cases.ExceptionCase, run: Run) -> dict[str, Any]:
    what = f"{case.entity.replace('_', ' ')} {case.document_number}"
    return {
        "integration": run.code,
        "run_id": run.external_id,
        "entity": case.entity,
        "document_id": RecordKey.parse(case.document_key).external_id,
        "code": case.class_,
        "message": f"Exception {case.id} of finsync, {what}: {case.cause} To do: {case.fix}",
    }


# -- reading back ------------------------------------------------------------------------------------------


async def _read_back(store: Store, adapter: Adapter, clock: Clock, token: int) -> int:
    """Look again at runs that have ended and exceptions that were resolved; what is there as it was told is verified.

    A system that can't be asked now is asked the next time.
    """
    if not systems.is_open(store.db, adapter.system, clock.now()):
        return 0
    runs = [one for one in integrations.open_runs(store.db, adapter.system) if one.state == "finished"]
    resolving = integrations.over(store.db, adapter.system, "resolving", AT_ONCE)
    told = [one for run in runs for one in integrations.told_in(store.db, run)]
    entries = [run.entry_id for run in runs] + [one.entry_id for one in told]
    entries += [one.resolve_entry_id for one in resolving]
    try:
        seen = await _seen(store, adapter, [entry_id for entry_id in entries if entry_id is not None])
    except AdapterError:
        return 0
    ended = [one for one in resolving if _has_ended(store.db, one)]
    if not runs and not ended:
        return 0
    with store.transaction() as db:
        leases.check(db, token)
        for run in runs:
            started = f"{adapter.system}:run-{run.id}"
            seen |= {one.entry_id for one in outbox.of_document(db, RUN, started) if run.entry_id in seen}
            integrations.move(db, run, "ended", clock.now())
        outbox.mark_verified(db, sorted(seen), clock.now())
        integrations.note_done(db, [one.case_id for one in ended])
    return len(runs) + len(ended)


def _has_ended(db: Connection, one: Told) -> bool:
    delivery = outbox.get(db, one.resolve_entry_id or 0)
    return delivery is not None and delivery.state not in UNFINISHED


async def _seen(store: Store, adapter: Adapter, entry_ids: Sequence[int]) -> set[int]:
    """Return the deliveries whose effect is there."""
    found = set()
    for entry_id in entry_ids:
        delivery = outbox.get(store.db, entry_id)
        if delivery is None or delivery.state != "delivered":
            continue
        request = WriteRequest(
            operation=delivery.operation,
            idempotency_key=delivery.idempotency_key,
            external_id=delivery.external_id,
            body=from_json(bodies.to_send(delivery.operation, delivery.body, delivery.edited_body)),
        )
        if await adapter.find(request) is not None:
            found.add(entry_id)
    return found
