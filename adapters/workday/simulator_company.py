"""A company of some hundred people to read: a hierarchy of five levels, and what goes wrong in real ones.

Everything follows from the number of workers; nothing is drawn by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from adapters.workday.simulator import WorkdaySimulator

SPAN: Final = 8
"""So many sit in one organisation, and so many organisations are below one."""
_FIRST: Final = ("Ada", "Ben", "Cem", "Dana", "Eli", "Fay", "Gus", "Ida", "Jon", "Kim", "Lea", "Max", "Noa")
_LAST: Final = (
    "Adler",
    "Brandt",
    "Costa",
    "Dumas",
    "Ekman",
    "Fabre",
    "Greco",
    "Horn",
    "Ibsen",
    "Jansen",
    "Klein",
)


@dataclass(frozen=True, slots=True)
class Company:
    """What was made, by ids: what a test or a demo asks about."""

    top: str
    organisations: tuple[str, ...]
    workers: tuple[str, ...]
    leavers: tuple[str, ...]
    rehired: tuple[str, ...]
    reorganised: tuple[str, ...]
    acquired: tuple[str, ...]
    circle: tuple[str, str]
    """Two organisations below each other."""
    reorganisation_on: date


def build(simulator: WorkdaySimulator, workers: int = 800) -> Company:
    """Put a company into an empty tenant."""
    today = simulator.world.today()
    began = date(today.year - 3, 1, 1)
    operations = simulator.add_node("CCH-ALL")
    centres = [simulator.add_cost_centre(f"CC-{4100 + n}", operations, code=str(4100 + n)) for n in range(12)]
    top = simulator.add_organisation("SUP-1", default_company="DE01", effective=began)
    units = [top]
    while len(units) * SPAN < workers:
        above = units[(len(units) - 1) // SPAN]
        units.append(simulator.add_organisation(f"SUP-{len(units) + 1}", superior=above, effective=began))
    people = [
        simulator.hire(
            str(20000 + n),
            f"{_FIRST[n % len(_FIRST)]} {_LAST[n % len(_LAST)]}",
            organisation=units[n % len(units)],
            cost_centre=centres[n % len(centres)],
            company="DE01",
            effective=began,
            worker_type="CONTINGENT" if n % 25 == 24 else "EMPLOYEE",
        )
        for n in range(workers)
    ]
    lead = _leaders(units, people)
    for unit, manager in lead.items():
        simulator.change(unit, "CHANGE", effective=began, managers=(manager,))
    spare = [one for one in people if one not in set(lead.values())]
    return Company(
        top,
        tuple(units),
        tuple(people),
        leavers=_left(simulator, spare[:10], today),
        rehired=_rehired(simulator, spare[10:15], today, top),
        reorganised=_reorganised(simulator, spare[15:75], today),
        acquired=_acquired(simulator, top, today),
        circle=_circle(simulator, began),
        reorganisation_on=_first_of_next_month(today),
    )


def _leaders(units: list[str], people: list[str]) -> dict[str, str]:
    """Return who leads each organisation: somebody who sits in the one above it."""
    count = len(units)
    found = {units[0]: people[0]}
    for n in range(1, count):
        above = (n - 1) // SPAN
        found[units[n]] = people[above + count * ((n - 1) % SPAN)]
    return found


def _left(simulator: WorkdaySimulator, some: list[str], today: date) -> tuple[str, ...]:
    for one in some:
        simulator.terminate(one, today - timedelta(days=5))
    return tuple(some)


def _rehired(simulator: WorkdaySimulator, some: list[str], today: date, top: str) -> tuple[str, ...]:
    """Let some leave and come back after a gap: a second record of the same number."""
    for one in some:
        simulator.terminate(one, today - timedelta(days=90))
    numbers = [simulator.world.subjects[one].events[0].payload["worker_id"] for one in some]
    return tuple(
        simulator.hire(number, "Back Again", organisation=top, company="DE01", effective=today)
        for number in numbers
    )


def _reorganised(simulator: WorkdaySimulator, some: list[str], today: date) -> tuple[str, ...]:
    day = _first_of_next_month(today)
    new = simulator.add_organisation("SUP-NEW", superior=None)
    for one in some:
        simulator.change(one, "REORGANIZATION", effective=day, organisation=new)
    return tuple(some)


def _acquired(simulator: WorkdaySimulator, top: str, today: date) -> tuple[str, ...]:
    """People of a company that was bought: hired for a day ahead, into an organisation of their own."""
    unit = simulator.add_organisation("SUP-ACQ", superior=top, default_company="FR01")
    return tuple(
        simulator.hire(
            str(90000 + n),
            f"Acquired {n}",
            organisation=unit,
            company="FR01",
            effective=today + timedelta(days=7),
        )
        for n in range(25)
    )


def _circle(simulator: WorkdaySimulator, began: date) -> tuple[str, str]:
    one = simulator.add_organisation("SUP-LOOP-1", effective=began)
    other = simulator.add_organisation("SUP-LOOP-2", superior=one, effective=began)
    simulator.change(one, "CHANGE", effective=began, superior=other)
    return one, other


def _first_of_next_month(today: date) -> date:
    return (today.replace(day=1) + timedelta(days=32)).replace(day=1)
