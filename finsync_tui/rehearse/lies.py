"""Answers of success to what was not kept, and when an exception said so: each within one cycle of the engine. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from finsync_tui.rehearse.evidence import Case
from finsync_tui.rehearse.planted import LIES
from finsync_tui.rehearse.report import Lie
from store.clock import text

CYCLE: Final = timedelta(hours=12)
"""How often the demo's engine reads its sources."""


@dataclass(frozen=True, slots=True)
class FoundOut:
    """One lie, and how long it stood."""

    lie: Lie
    after: timedelta | None
    """None: nobody has noticed."""

    @property
    def is_in_time(self) -> bool:
        return self.after is not None and self.after <= CYCLE

    def __str__(self) -> str:
        how = "never found" if self.after is None else f"found after {self.after}"
        return f"{self.lie.document} in {self.lie.system} at {text(self.lie.told_at)}: {how}"


def found_out(
    lies: Sequence[Lie], cases: Iterable[Case], document_of: Callable[[str], str]
) -> tuple[FoundOut, ...]:
    """Return when each lie was found out. `document_of` names the document that an exception's key is about."""
    opened: dict[str, list[Case]] = {}
    for case in cases:
        if case.class_ in LIES and case.opened_at is not None:
            opened.setdefault(document_of(case.key), []).append(case)
    found = []
    for lie in lies:
        later = [
            case.opened_at - lie.told_at
            for case in opened.get(lie.document, ())
            if case.opened_at is not None and case.opened_at >= lie.told_at
        ]
        found.append(FoundOut(lie, min(later, default=None)))
    return tuple(found)


def to_json(found: Sequence[FoundOut]) -> dict[str, Any]:
    """Return the score as JSON values."""
    waits = [one.after for one in found if one.after is not None]
    return {
        "told": len(found),
        "found": len(waits),
        "within_a_cycle": sum(one.is_in_time for one in found),
        "slowest_hours": max(waits, default=timedelta()) / timedelta(hours=1),
        "late": [str(one) for one in found if not one.is_in_time],
    }
