"""What is common to flows that people ask for: no document begins them, and no news of one reaches them."""

from __future__ import annotations

from collections.abc import Sequence

from finsync_tui.flows.usual import UsualFlow
from store.canonical.record import CanonicalRecord
from store.workflows import Workflow


class AskedFlow(UsualFlow):
    """The answers of such a flow to what documents may do."""

    def kind_of(self, record: CanonicalRecord, earlier: Sequence[Workflow]) -> str | None:
        return None

    def keeps(self, workflow: Workflow, kind: str) -> bool:
        return True
