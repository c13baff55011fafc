"""What was planted against what was found: each plant by class and document, or by class, system and time. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from finsync_tui.rehearse.evidence import Case, Noticed
from finsync_tui.rehearse.planted import Plant

NOTICED_LATE = timedelta(hours=1)
"""How long after the end of a window something may still be noticed that belongs to it."""


_RESTS_ON: Final = {"APPROVAL_STALE": ("COST_CENTRE_INACTIVE", "ACCOUNT_INVALID")}
"""What is noted beside an exception, because the approval of its document rests on the same trouble."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One trouble by class and subject: planted and missed, or found and not planted."""

    class_: str
    subject: str

    def __str__(self) -> str:
        return f"{self.class_} {self.subject}"


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of all plants."""

    planted: dict[str, int]
    found: dict[str, int]
    missed: tuple[Mark, ...]
    false_finds: tuple[Mark, ...]

    @property
    def problems(self) -> list[str]:
        """What was missed and what was found too much, in words."""
        return [
            *(f"planted and not found: {one}" for one in self.missed),
            *(f"found and not planted: {one}" for one in self.false_finds),
        ]


def compare(plants: Sequence[Plant], cases: Iterable[Case], noticed: Iterable[Noticed]) -> Compared:
    """Return which plants were found, which were not, and what was found beside them."""
    pool = _Pool(plants)
    false_cases = [Mark(one.class_, one.number) for one in cases if not pool.explain_case(one)]
    false_findings = [Mark(one.class_, one.number or one.system) for one in noticed if not pool.explain(one)]
    return Compared(
        planted=counted(one.class_ for one in plants),
        found=counted(one.class_ for n, one in enumerate(plants) if n in pool.found),
        missed=tuple(Mark(one.class_, one.subject) for n, one in enumerate(plants) if n not in pool.found),
        false_finds=tuple(dict.fromkeys((*false_cases, *false_findings))),
    )


def counted(classes: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(classes).items()))


@dataclass
class _Pool:
    """The plants, and which of them something was found of."""

    plants: Sequence[Plant]
    found: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._by_class: dict[str, list[tuple[int, Plant]]] = {}
        for n, one in enumerate(self.plants):
            self._by_class.setdefault(one.class_, []).append((n, one))

    def explain_case(self, case: Case) -> bool:
        return self._explain(case.class_, lambda plant: plant.key == case.key)

    def explain(self, noticed: Noticed) -> bool:
        if self._explain(noticed.class_, lambda plant: _is_seen_in(plant, noticed)):
            return True
        also = _RESTS_ON.get(noticed.class_, ())
        return any(plant.key == noticed.key for class_ in also for _, plant in self._by_class.get(class_, ()))

    def _explain(self, class_: str, fits: Callable[[Plant], bool]) -> bool:
        hits = [n for n, plant in self._by_class.get(class_, ()) if fits(plant)]
        self.found.update(hits[:1])
        return bool(hits)


def _is_seen_in(plant: Plant, noticed: Noticed) -> bool:
    if plant.until is None:
        return plant.key == noticed.key
    is_in_time = plant.at <= noticed.at <= plant.until + NOTICED_LATE
    return plant.system == noticed.system and is_in_time
