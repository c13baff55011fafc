"""Of which days and of which documents evidence is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from finsync_tui.sheets import one_line
from store.clock import text
from store.columns import encode
from store.errors import FinsyncError


class ScopeError(FinsyncError):
    """No evidence can be given of what was asked for."""

    code = "EVIDENCE_SCOPE"
    exit_code = 2

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}. Nothing was written. {remedy}")


@dataclass(frozen=True, slots=True)
class Scope:
    """Days, both included, and the documents: of one legal entity, those that are named, or all. Raises ScopeError.

    The audit log, its checkpoints, rules and people are those of the days, whatever the documents: a log from which entries were
    left out could not be checked.
    """

    first: date
    last: date
    legal_entity: str = ""
    documents: tuple[str, ...] = ()
    """Document keys, as `coupa:100234`."""

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ScopeError(f"{self.first} is after {self.last}", "Name the earlier day with --from.")
        if self.legal_entity and self.documents:
            raise ScopeError("a legal entity and documents are named", "Name one or the other.")

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.first, time(), UTC)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return datetime.combine(self.last, time(), UTC) + timedelta(days=1)

    def parameters(self) -> dict[str, Any]:
        """Return what the queries of `contents` ask for."""
        return {
            "begins": text(self.begins),
            "ends": text(self.ends),
            "legal_entity": self.legal_entity,
            "documents": encode(list(self.documents)).decode(),
            "is_all": not (self.legal_entity or self.documents),
        }

    def words(self) -> str:
        of = self.legal_entity or ", ".join(one_line(key, 80) for key in self.documents[:5])
        more = f" and {len(self.documents) - 5} more" if len(self.documents) > 5 else ""
        return f"{self.first} to {self.last}" + (f", documents of {of}{more}" if of else "")
