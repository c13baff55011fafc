"""Who leads whom, as HR has it on one day: from organisations and who sits in them. Pure.

A worker sits in an organisation and is led by its managers; a manager sits in the organisation above the one that he or she leads.
Where an organisation has nobody who can act, the nearest one above it does. The tree of organisations and the chain of managers
can differ: when a manager moves, the organisation stays where it is until somebody moves it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from store.canonical.organisation import Organisation
from store.canonical.people import Employee

DEPTH_MAX: Final = 30
Source = Literal["manager_chain", "org_tree"]


@dataclass(frozen=True, slots=True)
class Approver:
    """Who decides for a worker, and by which way that was found."""

    number: str | None
    """Employee number; None: nobody up to the top."""
    candidates: tuple[str, ...] = ()
    """All who lead that organisation together; the first by number is the default."""
    path: tuple[str, ...] = ()
    """Organisations that were looked at, from the worker's own upwards."""


@dataclass(frozen=True, slots=True)
class Irregularity:
    """What is not as it should be in a hierarchy."""

    kind: Literal["uncoupled", "vacant", "cycle", "no_approver", "two_active", "unknown_parent"]
    subject: str
    """Number of the organisation or the worker."""
    detail: str


class Hierarchy:
    """One company's people and supervisory organisations as of a day."""

    def __init__(
        self,
        employees: Iterable[Employee],
        organisations: Iterable[Organisation],
        *,
        skips_on_leave: bool = False,
    ) -> None:
        self.organisations = {one.number: one for one in organisations if one.kind == "supervisory"}
        self._skips_on_leave = skips_on_leave
        self._employees: dict[str, Employee] = {}
        self._doubles: set[str] = set()
        for one in employees:
            held = self._employees.get(one.number)
            if held is not None and held.is_active and one.is_active:
                self._doubles.add(one.number)
            if held is None or one.is_active:
                self._employees[one.number] = one
        self._members: dict[str, list[str]] = defaultdict(list)
        for number, one in sorted(self._employees.items()):
            if one.is_active and one.org_unit is not None:
                self._members[one.org_unit].append(number)
        self._below: dict[str, list[str]] = defaultdict(list)
        for name, unit in sorted(self.organisations.items()):
            if unit.parent is not None:
                self._below[unit.parent].append(name)

    def employee(self, number: str) -> Employee | None:
        """Return the record of a person that counts: of several with one number the active one."""
        return self._employees.get(number)

    def members(self, organisation: str) -> list[Employee]:
        """Return who sits in an organisation and is active, by number."""
        return [self._employees[number] for number in self._members.get(organisation, ())]

    def in_cost_centre(self, cost_centre: str) -> list[Employee]:
        """Return who is active and charged to a cost centre, by number."""
        return [
            one
            for _, one in sorted(self._employees.items())
            if one.is_active and one.cost_centre == cost_centre
        ]

    def below(self, organisation: str | None) -> list[Organisation]:
        """Return the organisations directly below one, by number; None: those at the top."""
        if organisation is not None:
            return [self.organisations[name] for name in self._below.get(organisation, ())]
        tops = (one for _, one in sorted(self.organisations.items()))
        return [one for one in tops if one.parent is None or one.parent not in self.organisations]

    def managers(self, organisation: str) -> list[str]:
        """Return who can act for an organisation, by number."""
        unit = self.organisations.get(organisation)
        return sorted(number for number in unit.managers if self._can_act(number)) if unit is not None else []

    def approver(self, number: str) -> Approver:
        """Return who decides for a worker."""
        worker = self._employees.get(number)
        return self._nearest(worker.org_unit if worker is not None else None, {number})

    def chain(self, number: str, source: Source = "manager_chain") -> list[Approver]:
        """Return who decides for a worker, who for those, and so on, each person once."""
        found: list[Approver] = []
        seen = {number}
        here = self.approver(number)
        while here.number is not None and here.number not in seen and len(found) < DEPTH_MAX:
            found.append(here)
            seen |= {here.number}
            if source == "manager_chain":
                here = self.approver(here.number)
            else:
                unit = self.organisations.get(here.path[-1])
                here = self._nearest(unit.parent if unit is not None else None, seen)
        return found

    def irregularities(self) -> list[Irregularity]:
        """Return everything that is not as it should be, in a stable order."""
        return sorted(self._irregularities(), key=lambda one: (one.kind, one.subject))

    def _irregularities(self) -> Iterator[Irregularity]:
        for number in self._doubles:
            yield Irregularity("two_active", number, "two records of this number are active at the same time")
        for name, unit in self.organisations.items():
            if not unit.is_active:
                continue
            cycle = self._cycle(name)
            if cycle:
                yield Irregularity("cycle", name, " below ".join(cycle))
                continue
            if unit.parent is not None and unit.parent not in self.organisations:
                yield Irregularity("unknown_parent", name, f"{unit.parent}, which it is below, is not shown")
            managers = self.managers(name)
            if not managers and self._members.get(name):
                yield Irregularity("vacant", name, f"nobody leads its {len(self._members[name])} members")
            for manager in managers:
                own = self._employees[manager].org_unit
                if unit.parent is not None and own != unit.parent:
                    yield Irregularity(
                        "uncoupled", name, f"{manager} leads it and sits in {own}, not in {unit.parent}"
                    )
        for number, worker in self._employees.items():
            is_top = worker.org_unit is not None and self._leads_the_top(number)
            if worker.is_active and not is_top and self.approver(number).number is None:
                yield Irregularity("no_approver", number, "nobody up to the top can decide for them")

    def _nearest(self, organisation: str | None, without: set[str]) -> Approver:
        path: list[str] = []
        while organisation is not None and organisation not in path and len(path) < DEPTH_MAX:
            path.append(organisation)
            candidates = tuple(one for one in self.managers(organisation) if one not in without)
            if candidates:
                return Approver(candidates[0], candidates, tuple(path))
            unit = self.organisations.get(organisation)
            organisation = unit.parent if unit is not None else None
        return Approver(None, (), tuple(path))

    def _can_act(self, number: str) -> bool:
        one = self._employees.get(number)
        return one is not None and one.is_active and not (self._skips_on_leave and one.status == "on_leave")

    def _cycle(self, name: str) -> list[str]:
        """Return the way from an organisation back to itself; empty: there is none."""
        path = [name]
        while True:
            unit = self.organisations.get(path[-1])
            if unit is None or unit.parent is None:
                return []
            path.append(unit.parent)
            if unit.parent == name:
                return path
            if unit.parent in path[:-1] or len(path) > len(self.organisations) + 1:
                return []  # the cycle is further up, and told there

    def _leads_the_top(self, number: str) -> bool:
        return any(number in one.managers for one in self.below(None))
