"""What is common to flows that people ask for: no document begins them, and no news of one reaches them."""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection

from store.canonical.event import Event
from store.canonical.record import CanonicalRecord
from store.workflows import Workflow


class AskedFlow:
    """The answers of such a flow to what documents and events may do."""

    returns_at: str | None = None
    rechecks = frozenset[str]()

    def kind_of(self, record: CanonicalRecord, earlier: Sequence[Workflow]) -> str | None:
        return None

    def keeps(self, workflow: Workflow, kind: str) -> bool:
        return True

    def waits_for(self, db: Connection, event: Event) -> Sequence[str]:
        return ()

    def reopens_at(self, db: Connection, event: Event, workflow: Workflow) -> str | None:
        return None

    def refuses_return(self, db: Connection, workflow: Workflow) -> str | None:
        return None
