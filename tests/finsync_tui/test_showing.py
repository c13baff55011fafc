"""Our runs and the exceptions of Coupa's documents in Coupa's own screens."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from adapters.base import Adapter, Receipt, WriteRequest
from adapters.coupa.options import Options
from adapters.errors import AdapterError, Refusal, RejectedError, TransientError
from finsync_tui import delivery, showing
from finsync_tui.profile import Profile
from store import cases, leases, outbox, runs, systems
from store.cases import NewCase
from tests.adapters.coupa_world import CoupaWorld
from tests.adapters.setups import fault
from tests.builders import a_store

CODES = {"purchase_order": "FINSYNC_PO", "invoice": "FINSYNC_AP"}
SCOPES = [*Options().scopes, "core.integration.read", "core.integration.write"]


class Office:
    """An engine's part that shows, before a Coupa in which two integrations are set up."""

    def __init__(
        self, codes: Mapping[str, str] = CODES, known: tuple[str, ...] = ("FINSYNC_PO", "FINSYNC_AP")
    ) -> None:
        options: dict[str, Any] = {"scopes": SCOPES, "own_login": "finsync-api", "integrations": dict(codes)}
        self.coupa = CoupaWorld(options=options)
        self.adapter: Any = self.coupa.adapter
        for code in known:
            self.set_up(code)
        self.clock = self.coupa.clock
        self.store = a_store(self.clock)
        self.profile = Profile.model_validate(
            {
                "systems": {
                    "coupa": {"adapter": "coupa", "base_url": "http://coupa.test", "options": options}
                },
                "retry": {"default": {"attempts_max": 3, "delay_first": "PT10S"}},
            }
        )
        self.lease = leases.acquire(self.store, "test:1:1", timedelta(days=9), self.clock.now())
        with self.store.transaction() as db:
            showing.prepare(db, self.profile)

    def set_up(self, code: str) -> None:
        self.coupa.simulator.put("integrations", {"code": code, "name": code, "direction": "from_coupa"})

    def reads(
        self, entity: str = "purchase_order", *, changed: int = 3, refused: int = 0, outcome: Any = "done"
    ) -> None:
        with self.store.transaction() as db:
            run_id = runs.begin(db, "coupa", entity, self.clock.now())
            runs.end(db, run_id, self.clock.now(), outcome, 1, changed + refused, changed, refused)

    def opens(
        self, entity: str = "purchase_order", key: str = "coupa:1", class_: str = "ACCOUNT_INVALID"
    ) -> int:
        case = NewCase(
            class_=class_, entity=entity, document_key=key, document_number="PO-1", system="oracle-emea",
            cause="account 01-999 is closed.", fix="Map it.",
        )  # fmt: skip
        with self.store.transaction() as db:
            return cases.open(db, case, self.clock.now())

    def ends(self, *case_ids: int) -> None:
        with self.store.transaction() as db:
            cases.end(db, case_ids, "resolved", "amy", "mapped", self.clock.now())

    def settle(self) -> int:
        """Deliver and go on until nothing moves, as an engine does; return how often something did."""

        async def all_of_it() -> int:
            adapters, rounds = {"coupa": self.adapter}, 0
            while True:
                sent = await delivery.deliver_due(
                    self.store, adapters, self.profile, self.clock, self.lease.token
                )
                moved = sent.sent or await showing.advance(
                    self.store, adapters, self.profile, self.clock, self.lease.token
                )
                if not moved:
                    return rounds
                rounds += 1
                assert rounds < 100, "it goes round in circles"

        return asyncio.run(all_of_it())

    def tell_and_resolve(self, *case_ids: int) -> None:
        self.settle()
        self.ends(*case_ids)
        self.settle()

    def restart(self) -> None:
        """Another engine takes over."""
        with self.store.transaction() as db:
            leases.release(db, self.lease)
        self.lease = leases.acquire(self.store, "test:2:2", timedelta(days=9), self.clock.now())
        with self.store.transaction() as db:
            delivery.recover(db, self.lease.token, self.clock.now())

    @property
    def runs(self) -> list[tuple[str, str, int | None, int | None]]:
        """Of every run in Coupa: integration, status, records, records processed."""
        return [
            (
                one["integration"]["code"],
                one["status"],
                one.get("total-records"),
                one.get("records-processed"),
            )
            for one in self.coupa.simulator.documents("integration_runs")
        ]

    @property
    def errors(self) -> list[tuple[str, int, bool]]:
        """Of every error in Coupa: class, document, whether it is resolved."""
        return [
            (one["responses"][0]["response-code"], one["document-id"], bool(one["resolved"]))
            for one in self.coupa.simulator.documents("integration_errors")
        ]

    @property
    def states(self) -> list[tuple[str, str]]:
        rows = self.store.db.execute("SELECT operation, state FROM v_delivery ORDER BY id")
        return [(row[0], row[1]) for row in rows]

    @property
    def cause(self) -> str:
        (row,) = self.store.db.execute("SELECT cause FROM v_exception WHERE entity='integration_run'")
        return str(row[0])

    def troubles(self, state: str = "open") -> list[str]:
        rows = self.store.db.execute(
            "SELECT document_key FROM v_exception WHERE entity='integration_run' AND state=?", (state,)
        )
        return [row[0] for row in rows]


def test_a_run_shows_what_was_read_and_what_went_wrong() -> None:
    """With class, number, cause and our own number; all of it is read back in the end."""
    office = Office()
    office.reads(changed=3, refused=1)
    case_id = office.opens()

    office.settle()

    (noted,) = office.coupa.simulator.documents("integration_errors")
    assert [("FINSYNC_PO", "errored", 4, 3)] == office.runs
    assert [("ACCOUNT_INVALID", 1, False)] == office.errors
    assert ("OrderHeader", 1) == (noted["document-type"], noted["integration-run"]["id"])
    message = noted["responses"][0]["response-message"]
    assert message.startswith(
        f"Exception {case_id} of finsync, purchase order PO-1: account 01-999 is closed."
    )
    assert [("run.start", "verified"), ("run.error", "verified"), ("run.finish", "verified")] == office.states


def test_a_cycle_without_news_shows_nothing() -> None:
    """An idle read, a read of something that is not shown, and a system that names no integration."""
    office, plain = Office(), Office(codes={})
    office.reads(changed=0)
    office.reads("supplier")
    plain.reads()
    plain.opens()

    assert (0, 0) == (office.settle(), plain.settle())

    assert ([], []) == (office.runs, plain.runs)
    assert (0, 0) == (office.settle(), plain.settle())


def test_what_was_shown_is_not_shown_again() -> None:
    """The second look at the same reads and exceptions sends nothing."""
    office = Office()
    office.reads()
    office.opens()
    office.settle()
    calls = office.coupa.simulator.requests.total_count

    assert 0 == office.settle()

    assert calls == office.coupa.simulator.requests.total_count


def test_an_exception_that_ends_is_resolved_there() -> None:
    """In no run: the one it was told in has long ended. One that comes back is an error of its own."""
    office = Office()
    first = office.opens()
    office.settle()

    office.ends(first)
    office.settle()
    office.opens()
    office.settle()

    assert [("ACCOUNT_INVALID", 1, True), ("ACCOUNT_INVALID", 1, False)] == office.errors
    assert [("FINSYNC_PO", "errored", 0, 0)] * 2 == office.runs
    assert {"verified"} == {state for _, state in office.states}


def test_an_exception_that_ended_before_it_was_told_is_not_told() -> None:
    """Nobody there need ever know."""
    office = Office()
    office.ends(office.opens())
    office.reads()

    office.settle()

    assert ([], ["successful"]) == (office.errors, [status for _, status, _, _ in office.runs])


def test_only_documents_of_the_system_itself_are_shown() -> None:
    """Not what another system sent, what could not be read at all, or what is about the system as a whole."""
    office = Office()
    for key in ("concur:1", "coupa:unread-12ab", "coupa:purchase_order", "coupa:", "coupa2:7"):
        office.opens(key=key)
    office.opens("system", "coupa")

    office.settle()

    assert ([], []) == (office.errors, office.runs)


def test_each_integration_has_its_own_run() -> None:
    """Orders under one code, invoices under another."""
    office = Office()
    office.reads("invoice", changed=2)
    office.reads()
    office.opens("invoice", "coupa:7", "TAX_MISMATCH")

    office.settle()

    assert [("FINSYNC_AP", "errored", 2, 2), ("FINSYNC_PO", "successful", 3, 3)] == office.runs
    assert [("TAX_MISMATCH", 7, False)] == office.errors


def test_a_read_that_failed_is_a_failed_run() -> None:
    """Its administrators see that we could not read."""
    office = Office()
    office.reads(changed=0, outcome="failed")

    office.settle()

    assert [("FINSYNC_PO", "failed", 0, 0)] == office.runs


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("path", ["integration_runs", "integration_errors"])
@pytest.mark.parametrize("kind", ["lost_answer", "reset"])
def test_nothing_is_shown_twice_when_an_answer_is_lost(kind: Any, path: str, method: str) -> None:
    """Whatever call is lost, and whether it was heard or not: one run, one error, resolved in the end."""
    office = Office()
    office.coupa.faults.add(fault(kind, method=method, path=path))
    case_id = office.opens()
    office.settle()
    office.clock.advance(timedelta(hours=1))
    office.settle()
    office.ends(case_id)
    office.settle()
    office.clock.advance(timedelta(hours=1))

    office.settle()

    assert ([("FINSYNC_PO", "errored", 0, 0)], [("ACCOUNT_INVALID", 1, True)]) == (office.runs, office.errors)
    assert {"verified"} == {state for _, state in office.states}


class _KilledError(Exception):
    """The engine is no more."""


class _Dying:
    """An adapter whose engine dies at a call: before the system has acted, or when it has."""

    def __init__(self, adapter: Adapter, survived: int, *, has_acted: bool) -> None:
        self.system = adapter.system
        self._adapter, self._left, self._has_acted = adapter, survived, has_acted

    async def write(self, request: WriteRequest) -> Receipt:
        if self._left == 0 and not self._has_acted:
            raise _KilledError
        receipt = await self._adapter.write(request)
        if self._left == 0:
            raise _KilledError
        self._left -= 1
        return receipt

    async def find(self, request: WriteRequest) -> Receipt | None:
        return await self._adapter.find(request)


@pytest.mark.parametrize("has_acted", [False, True])
@pytest.mark.parametrize("survived", range(6))
def test_an_engine_that_dies_goes_on_where_it_was(survived: int, has_acted: bool) -> None:
    """At any of its calls: what it was sending is looked up, nothing is shown twice or forgotten."""
    office = Office()
    office.reads()
    both = [office.opens(), office.opens(key="coupa:2")]
    whole, office.adapter = office.adapter, _Dying(office.adapter, survived, has_acted=has_acted)

    with pytest.raises(_KilledError):
        office.tell_and_resolve(*both)
    office.adapter = whole
    office.restart()
    office.tell_and_resolve(*both)

    assert [("FINSYNC_PO", "errored", 3, 3)] == office.runs
    assert [("ACCOUNT_INVALID", 1, True), ("ACCOUNT_INVALID", 2, True)] == office.errors
    assert {"verified"} == {state for _, state in office.states}


def test_maintenance_is_waited_for_and_holds_up_no_document() -> None:
    """What happened meanwhile comes in the run that waits or in the next; documents go first when it is over."""
    office = Office()
    office.reads()
    with office.store.transaction() as db:
        systems.park(db, "coupa", office.clock.now() + timedelta(hours=2), "maintenance", office.clock.now())
    office.settle()
    office.opens()
    office.reads()
    office.settle()
    waiting = list(office.states)
    office.clock.advance(timedelta(hours=3))

    office.settle()

    assert [("run.start", "pending")] == waiting
    assert [("FINSYNC_PO", "successful", 3, 3), ("FINSYNC_PO", "errored", 3, 3)] == office.runs
    assert {outbox.PRIORITIES[-1]} == {
        row[0] for row in office.store.db.execute("SELECT priority FROM outbox_entry")
    }


def test_an_integration_that_is_not_set_up_is_an_exception_of_its_own() -> None:
    """It is said once, stops nothing, and ends by itself when a later run is shown; nothing that waited is lost."""
    office = Office(known=())
    office.opens()
    office.settle()
    office.reads()
    office.settle()
    said = office.troubles()

    office.set_up("FINSYNC_PO")
    office.reads()
    office.settle()

    assert ["coupa:FINSYNC_PO"] == said
    assert ([], ["coupa:FINSYNC_PO"]) == (office.troubles(), office.troubles("closed"))
    assert ([("FINSYNC_PO", "errored", 3, 3)], [("ACCOUNT_INVALID", 1, False)]) == (
        office.runs,
        office.errors,
    )


class _Closed:
    """An adapter whose system takes no end of a run."""

    def __init__(self, adapter: Adapter, error: AdapterError) -> None:
        self.system = adapter.system
        self._adapter, self._error = adapter, error

    async def write(self, request: WriteRequest) -> Receipt:
        if request.operation == "run.finish":
            raise self._error
        return await self._adapter.write(request)

    async def find(self, request: WriteRequest) -> Receipt | None:
        return await self._adapter.find(request)


def a_run_left_open(error: AdapterError) -> tuple[Office, Adapter]:
    """Coupa does not take the end of a run; return the adapter with which it does again."""
    office = Office()
    whole, office.adapter = office.adapter, _Closed(office.adapter, error)
    office.reads()
    for _ in range(3):  # as often as a delivery is tried
        office.settle()
        office.clock.advance(timedelta(minutes=1))
    office.settle()
    return office, whole


REFUSED = RejectedError("coupa", Refusal("REJECTED", "no such run"))
AWAY = TransientError("coupa", "it did not answer")


@pytest.mark.parametrize(("error", "state"), [(REFUSED, "refused"), (AWAY, "buried")])
def test_a_run_whose_end_was_not_taken_is_ended_in_a_later_cycle_once(
    error: AdapterError, state: str
) -> None:
    """Its exception says that it stays open there, and closes when it was ended."""
    office, whole = a_run_left_open(error)
    said, open_there = office.cause, office.runs
    office.adapter = whole

    office.clock.advance(timedelta(minutes=6))
    office.settle()
    office.settle()

    assert f"stays open in coupa: run.finish ended as {state}" in said
    assert [("FINSYNC_PO", "running", 3, None)] == open_there
    assert [("FINSYNC_PO", "successful", 3, 3)] == office.runs
    assert ([], ["coupa:FINSYNC_PO"]) == (office.troubles(), office.troubles("closed"))
    assert ["run.start", "run.finish", "run.finish"] == [operation for operation, _ in office.states]


@pytest.mark.parametrize("entry_id", [2, 3])
def test_a_run_that_coupa_never_takes_the_end_of_is_ended_by_a_person(entry_id: int) -> None:
    """It is tried twice and never again by itself; a later run does not hide it; replayed, it is over."""
    office, whole = a_run_left_open(REFUSED)
    for _ in range(3):
        office.clock.advance(timedelta(minutes=6))
        office.settle()
    tried = [state for operation, state in office.states if operation == "run.finish"]
    office.adapter = whole
    office.reads(changed=5)
    office.settle()
    said = office.troubles()

    with office.store.transaction() as db:
        outbox.replay(db, [entry_id], office.clock.now())
    office.settle()

    assert (["refused", "refused"], ["coupa:FINSYNC_PO"]) == (tried, said)
    assert [("FINSYNC_PO", "successful", 3, 3), ("FINSYNC_PO", "successful", 5, 5)] == office.runs
    assert [] == office.troubles()


def test_exceptions_are_told_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents have their turn between; the run ends when all have been told."""
    monkeypatch.setattr(showing, "AT_ONCE", 2)
    office = Office()
    told = [office.opens(key=f"coupa:{n}") for n in range(1, 6)]
    office.settle()

    office.ends(*told)
    office.settle()

    assert [("ACCOUNT_INVALID", n, True) for n in range(1, 6)] == office.errors
    assert 1 == len(office.runs)
    assert {"verified"} == {state for _, state in office.states}


def test_what_is_live_is_told_when_showing_is_begun() -> None:
    """A company that turns it on sees what stands open, and not the reads of the years before."""
    office = Office(codes={})
    office.reads(changed=1000)
    office.opens()
    office.profile.systems["coupa"].options["integrations"] = dict(CODES)
    with office.store.transaction() as db:
        showing.prepare(db, office.profile)

    office.settle()

    assert ([("FINSYNC_PO", "errored", 0, 0)], [("ACCOUNT_INVALID", 1, False)]) == (
        office.runs,
        office.errors,
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"integrations": {"mood": "X"}, "scopes": SCOPES}, "no errors of mood"),
        ({"integrations": {"invoice": " "}, "scopes": SCOPES}, "by its code"),
        ({"integrations": {"invoice": "X"}}, "core.integration.write"),
    ],
)
def test_what_cannot_be_shown_is_a_wrong_option(options: Mapping[str, Any], said: str) -> None:
    """Said when the profile is checked, not in the middle of a night."""
    with pytest.raises(ValueError, match=said):
        Options(**options)
