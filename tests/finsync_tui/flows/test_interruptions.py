"""Interrupted at each of its steps in turn a process ends in the same state; given up at any, it leaves no orphan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Any

import pytest

from finsync_tui import actions
from finsync_tui.flows.registry import FLOWS
from finsync_tui.flows.steps import Answer, Context, Step
from store.errors import NotAllowedError
from tests.conftest import Counts
from tests.finsync_tui.flows.buying_processes import BUYING
from tests.finsync_tui.flows.invoice_desk import ANALYST
from tests.finsync_tui.flows.processes import PROCESSES, Process

ALL: tuple[type[Process], ...] = (*PROCESSES, *BUYING)
BY_NAME = {one.__name__: one for one in ALL}


class KilledError(BaseException):
    """The engine's process has died."""


class Killer:
    """Lets engines die within steps of its choice: after the step's work and before anything of it is kept."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, process: type[Process]) -> None:
        self.seen: dict[tuple[str, str], None] = {}
        """Steps and what they answered: done, wait, hold or finish."""
        self.victims: set[tuple[str, str]] = set()
        """Each dies once."""
        for flow in FLOWS.values():
            if flow.model.entity == process.entity:
                monkeypatch.setattr(flow, "steps", self._lethal(flow.steps))

    def walk(self, process: Process, victims: Iterable[tuple[str, str]]) -> None:
        """Let it go its way; after each death another engine takes over, which may die in its turn."""
        self.victims = set(victims)
        for name in process.moves:
            move: Callable[[], None] | None = partial(process.move, name)
            while move is not None:
                try:
                    move()
                    move = None
                except KilledError:
                    move = process.crash
        assert set() == self.victims, "every victim has died"

    def _lethal(self, steps: Callable[[str], Mapping[str, Step]]) -> Callable[[str], Mapping[str, Step]]:
        def wrapped(kind: str) -> Mapping[str, Step]:
            return {name: self._around(name, step) for name, step in steps(kind).items()}

        return wrapped

    def _around(self, name: str, step: Step) -> Step:
        def run(context: Context) -> Answer:
            answer = step(context)
            what = (name, type(answer).__name__)
            self.seen[what] = None
            if what in self.victims:
                self.victims.remove(what)
                raise KilledError(what)
            return answer

        return run


def _each() -> list[Any]:
    return [
        pytest.param(
            process, n, id=f"{process.__name__}-{n}-{process.moves[n] if n < len(process.moves) else 'end'}"
        )
        for process in ALL
        for n in range(process.begins_after, len(process.moves) + 1)
    ]


def _walk(process: Process, *, before: Callable[[int], None]) -> Process:
    for n, name in enumerate(process.moves):
        before(n)
        process.move(name)
    before(len(process.moves))
    return process


@cache
def _plain(name: str) -> tuple[str, object]:
    """State and end of one that nobody disturbs."""
    walked = _walk(BY_NAME[name](), before=lambda n: None)
    return walked.state(), walked.end()


@pytest.mark.parametrize("process", ALL, ids=lambda one: one.__name__)
def test_interrupted_between_any_two_steps_it_ends_in_the_same_state(
    process: type[Process], counts: Counts
) -> None:
    """Told once, under the same keys and with the same words; held outside to the minor unit; no trouble is left.

    Between all of them in one way; with the full counts also at each place in a way of its own.
    """
    places = range(len(process.moves) + 1)

    for interrupted in (places, *(((n,) for n in places) if counts.name == "full" else ())):
        killed = process()
        _walk(killed, before=lambda n, killed=killed, at=interrupted: killed.crash() if n in at else None)  # type: ignore[misc]

        assert (interrupted, "done", killed.end()) == (interrupted, *_plain(process.__name__))


@pytest.mark.parametrize("process", ALL, ids=lambda one: one.__name__)
def test_interrupted_within_each_of_its_steps_in_turn_it_ends_in_the_same_state(
    process: type[Process], monkeypatch: pytest.MonkeyPatch, counts: Counts
) -> None:
    """Whatever a step had decided when its engine died is decided once by the next one, and told under the same keys.

    All its steps in one way; with the full counts also each step in a way of its own.
    """
    plain = _plain(process.__name__)
    killer = Killer(monkeypatch, process)
    undisturbed = process()
    killer.seen.clear()  # what led to where the process begins is none of its steps
    killer.walk(undisturbed, ())
    steps = tuple(killer.seen)

    for victims in (steps, *(((one,) for one in steps) if counts.name == "full" else ())):
        killed = process()
        killer.walk(killed, victims)

        assert (victims, *plain) == (victims, killed.state(), killed.end())


def test_every_step_of_buying_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """No step of an order, a receipt, an invoice or a requisition is left out of the ways above."""
    for entity in ("purchase_order", "receipt", "invoice", "requisition"):
        seen: set[str] = set()
        for process in (one for one in ALL if one.entity == entity):
            with monkeypatch.context() as patch:
                killer = Killer(patch, process)
                killer.walk(process(), ())
            seen.update(name for name, _ in killer.seen)

        flows = [flow for flow in FLOWS.values() if flow.model.entity == entity]
        kinds = ("create", "cancel", "reopen", "post", "void", "recall", "receive", "reserve", "release")
        wanted = {name for flow in flows for kind in kinds for name in flow.steps(kind)}
        assert (entity, set()) == (entity, wanted - seen)


@pytest.mark.parametrize(("process", "at"), _each())
@pytest.mark.parametrize("is_killed", [False, True], ids=["", "killed"])
def test_given_up_at_any_step_it_leaves_no_orphan(process: type[Process], at: int, is_killed: bool) -> None:
    """What was done outside is undone, also when the engine dies at each undoing; what is done or paid can't be given up."""
    given_up = process()
    for name in given_up.moves[:at]:
        given_up.move(name)
    is_paid = any(name.startswith("pay") for name in given_up.moves[:at])
    if given_up.state() == "done" or is_paid or process.is_ending:
        with pytest.raises(NotAllowedError):
            actions.abort_workflow(given_up.desk.store, ANALYST, given_up.flow_id(), "entered twice")
        return
    actions.abort_workflow(given_up.desk.store, ANALYST, given_up.flow_id(), "entered twice")
    given_up.desk.run()

    given_up.decide()
    for _ in range(20):
        if is_killed:
            given_up.crash()
        if not given_up.pending():
            break
        given_up.undo()

    assert "aborted" == given_up.state()
    assert given_up.is_clean(), given_up.held()
    assert [] == given_up.pending()
