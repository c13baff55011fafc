"""What most flows answer to what may happen to them: each says only where it differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from sqlite3 import Connection
from typing import Any

from finsync_tui.flows.steps import Context
from finsync_tui.profile import Profile
from store.canonical.event import Event
from store.outbox import Claim
from store.workflows import Workflow


class UsualFlow:
    """A flow whose instances nothing special happens to; what each answer means stands with `Flow`."""

    returns_at: str | None = None
    rechecks: frozenset[str] = frozenset()
    under_way: frozenset[str] = frozenset()
    settled_at: frozenset[str] = frozenset()
    is_followed_behind = False
    is_signed = False
    undoes_itself = False
    undoing_is_read_back = False
    repeatable: frozenset[str] = frozenset()

    def settled(self, db: Connection, workflow: Workflow) -> Mapping[str, Any]:
        return workflow.data

    def goes_on(self, db: Connection, workflow: Workflow) -> str | None:
        return None

    def keeps(self, workflow: Workflow, kind: str) -> bool:
        return False

    def notices(self, db: Connection, profile: Profile, event: Event, now: datetime) -> None:
        """What happens elsewhere is no news to it."""

    def waits_for(self, db: Connection, event: Event) -> Sequence[str]:
        return ()

    def reopens_at(self, db: Connection, event: Event, workflow: Workflow) -> str | None:
        return None

    def refuses_return(self, db: Connection, workflow: Workflow) -> str | None:
        return None

    def anew(self, workflow: Workflow) -> str:
        return "Correct the document at its source."

    def disagreement(
        self, db: Connection, profile: Profile, workflow: Workflow, write: Claim, now: datetime
    ) -> str | None:
        return None

    def refuses_end(self, workflow: Workflow) -> str | None:
        return None

    def stopped(self, db: Connection, workflow: Workflow, why: str, now: datetime) -> None:
        """Nothing of it waits for anybody but itself."""

    def give_up(self, context: Context) -> None:
        """Nothing of it is in this store that its deliveries don't undo."""
