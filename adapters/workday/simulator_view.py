"""A tenant as one reader sees it: as valid on a day, as known at a moment, and no further than the reader may look."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from adapters.workday.simulator_world import SUPERVISORY, WORKER, Fields, Subject, World

DEPTH_MAX: Final = 60
WORKER_DOMAIN: Final = "Worker Data: Public Worker Reports"
ORGANISATION_DOMAIN: Final = "Reports: Organization"


@dataclass(frozen=True, slots=True)
class Reader:
    """What the security group of an integration user lets it see."""

    domains: frozenset[str] = frozenset({WORKER_DOMAIN, ORGANISATION_DOMAIN})
    only_below: str | None = None
    """Id of a supervisory organisation: workers elsewhere are left out, and nothing says so."""


@dataclass(slots=True)
class View:
    """The fold of all subjects at one (day, moment), each made once."""

    world: World
    valid_on: date
    known_at: datetime
    reader: Reader = field(default_factory=Reader)
    _states: dict[str, Fields | None] = field(default_factory=dict)

    def state(self, wid: str) -> Fields | None:
        if wid not in self._states:
            self._states[wid] = self.world.state(wid, self.valid_on, self.known_at)
        return self._states[wid]

    def workers(self) -> list[Fields]:
        """Return every worker record that may be seen, in order of its id."""
        return [state for one in self.world.of_kind(WORKER) if (state := self._shown(one)) is not None]

    def organisations(self, *kinds: str) -> list[Fields]:
        """Return organisations in order of their ids."""
        return [state for one in self.world.of_kind(*kinds) if (state := self._shown(one)) is not None]

    def managers(self, organisation: Fields) -> list[Fields]:
        """Return who leads an organisation now: who has left does not."""
        found = [self.state(wid) for wid in organisation.get("managers", ())]
        return [one for one in found if one is not None and one["is_active"]]

    def chain(self, worker: Fields) -> list[Fields]:
        """Return the organisations from the top of the company down to the one a worker sits in."""
        found: list[Fields] = []
        at = worker.get("organisation")
        while at is not None and len(found) < DEPTH_MAX:
            organisation = self.state(at)
            if organisation is None or organisation in found:
                break
            found.append(organisation)
            at = organisation.get("superior")
        return found[::-1]

    def manager(self, worker: Fields) -> Fields | None:
        """Return the direct manager: of the nearest organisation that has one, and never the worker."""
        for organisation in reversed(self.chain(worker)):
            others = [one for one in self.managers(organisation) if one["wid"] != worker["wid"]]
            if others:
                return others[0]
        return None

    def _shown(self, subject: Subject) -> Fields | None:
        state = self.state(subject.wid)
        below = self.reader.only_below
        if state is None or below is None:
            return state
        if subject.kind == WORKER:
            return state if any(one["wid"] == below for one in self.chain(state)) else None
        if subject.kind == SUPERVISORY:
            return state if self._is_below(subject.wid, below) else None
        return state

    def _is_below(self, wid: str, top: str) -> bool:
        at: str | None = wid
        for _ in range(DEPTH_MAX):
            if at == top:
                return True
            state = self.state(at) if at is not None else None
            at = state.get("superior") if state is not None else None
        return False
