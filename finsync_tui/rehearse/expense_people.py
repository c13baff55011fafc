"""The employees of the rehearsed company: three countries, each with its own ladder of approvers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from finsync_tui.rehearse import catalogue
from finsync_tui.rehearse.dice import dice
from finsync_tui.rehearse.expense_shapes import Employee, Grade

FIRST_NUMBER: Final = 4001
COUNTS: Final = {"DE01": 40, "FR01": 25, "US01": 35}
_HEADS: Final = 3
_MANAGERS: Final = {"DE01": 6, "FR01": 4, "US01": 5}
LIMITS: Final[dict[Grade, Decimal | None]] = {
    "director": Decimal(100_000),
    "head": Decimal(15_000),
    "manager": Decimal(3_000),
    "staff": None,
}


def names(seed: int) -> list[tuple[str, str]]:
    """Return all names there are, in the order in which people get them."""
    found = [(first, last) for first in catalogue.FIRST_NAMES for last in catalogue.LAST_NAMES]
    dice(seed, "employees").shuffle(found)
    return found


def employees(seed: int) -> list[Employee]:
    """Return everybody, superiors before those below them."""
    left = iter(enumerate(names(seed), FIRST_NUMBER))
    found: list[Employee] = []
    for entity, count in COUNTS.items():
        own = [(f"E{number}", first, last) for number, (first, last) in (next(left) for _ in range(count))]
        grades: list[Grade] = ["director", *["head"] * _HEADS, *["manager"] * _MANAGERS[entity]]  # type: ignore[list-item]
        grades += ["staff"] * (count - len(grades))
        by_grade = {
            grade: [one[0] for one, held in zip(own, grades, strict=True) if held == grade]
            for grade in ("director", "head", "manager", "staff")
        }
        for n, ((number, first, last), grade) in enumerate(zip(own, grades, strict=True)):
            found.append(
                Employee(
                    number=number,
                    first_name=first,
                    last_name=last,
                    legal_entity=entity,
                    grade=grade,
                    superior=_superior(grade, n, by_grade),
                    limit=LIMITS[grade],
                    delegates=_delegates(number, by_grade[grade]) if grade in ("head", "manager") else (),
                )
            )
    return found


def _superior(grade: Grade, n: int, by_grade: dict[str, list[str]]) -> str | None:
    above = {
        "director": [],
        "head": by_grade["director"],
        "manager": by_grade["head"],
        "staff": by_grade["manager"],
    }
    found = above[grade]
    return found[n % len(found)] if found else None


def _delegates(number: str, peers: Sequence[str]) -> tuple[str, ...]:
    """The next of the same grade stands in."""
    return (peers[(peers.index(number) + 1) % len(peers)],)
