"""A finance desk for flow tests: a store in memory, and words for what systems answer. No adapter takes part."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from finsync_tui.flows import runner
from finsync_tui.flows.registry import FLOWS
from finsync_tui.flows.steps import Facts
from finsync_tui.mapping import tables
from finsync_tui.policies.verdicts import Judging
from finsync_tui.profile import MappingRow, Profile
from store import Store, events, leases, outbox, records, workflows
from store.canonical.event import Event, event_type
from store.canonical.purchasing import PurchaseOrder
from store.canonical.record import CanonicalRecord
from store.outbox import Attempt, Claim, Settlement
from store.workflows import Workflow
from tests.builders import MONDAY, a_clock, a_cost_centre, a_store, a_supplier

SOURCE, TARGET = "coupa", "oracle-emea"

PROFILE: dict[str, Any] = {
    "systems": {
        SOURCE: {"adapter": "coupa", "base_url": "https://source.example"},
        TARGET: {"adapter": "oracle_fusion", "base_url": "https://target.example"},
    },
    "flows": {
        "requisition_to_pay": {"source": SOURCE, "due": {"await_approval": "P3D", "confirm_supplier": "P1D"}}
    },
    "legal_entities": {
        "DE01": {
            "name": "Muster GmbH",
            "currency": "EUR",
            "source_chart": "DE Chart",
            "target": TARGET,
            "ledger": "DE Ledger",
            "business_unit": "DE Operations",
            "segments": [
                {"name": "company", "from": 1},
                {"name": "cost_centre", "from": 2, "table": "cost_centre"},
                {"name": "account", "from": 3},
                {"name": "project", "value": "0000"},
                {"name": "future", "value": "000"},
            ],
        }
    },
}


class Desk:
    """Reads documents in, runs the flow, and answers deliveries as a test says."""

    def __init__(self) -> None:
        self.clock = a_clock()
        self.store: Store = a_store(self.clock)
        self.profile = Profile.model_validate(PROFILE)
        self.judges: Mapping[str, Judging] = {}
        self.rows = (MappingRow(source="420", target="420"),)
        self.lease = leases.acquire(self.store, "test:1:1", timedelta(days=1), MONDAY)
        self.put(TARGET, "900", a_supplier())
        self.put(SOURCE, "501", a_supplier(sites=()))
        self.put(TARGET, "cc420", a_cost_centre())

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def put(self, system: str, external_id: str, record: CanonicalRecord) -> int:
        """Store a record as sync would; return its version."""
        with self.store.transaction() as db:
            incoming = records.Incoming(external_id, record, record.canonical_json())
            (stored,) = records.put_page(db, record.entity, system, [incoming], self.now)
        return stored.version

    def order(self, order: PurchaseOrder, external_id: str = "4711") -> None:
        """The source shows this order: store it, tell the flow, run."""
        version = self.put(SOURCE, external_id, order)
        word = {"open": "approved", "cancelled": "cancelled", "closed": "closed"}.get(order.status, "changed")
        self._event(SOURCE, external_id, version, word)
        self.run()

    def erp_shows(self, order: PurchaseOrder, external_id: str = "3001") -> None:
        """The ERP's order was read: store it, wake who waits, run."""
        version = self.put(TARGET, external_id, order)
        self._event(TARGET, external_id, version, "reported")
        self.run()

    def run(self) -> None:
        facts = Facts(
            profile=self.profile,
            tables=tables({"cost_centre": self.rows}, {"cost_centre": 1}),
            policy_version="requisition_to_pay/1",
            mapping_version="cost_centre/1",
            judges=self.judges,
        )
        runner.advance(self.store, FLOWS, facts, self.clock)

    def answer(
        self,
        state: str = "delivered",
        *,
        external_id: str | None = "3001",
        is_unknown: bool = False,
        **receipt: Any,
    ) -> Claim:
        """Let the one due delivery end so; return what was sent."""
        claims: list[Claim] = []
        with self.store.transaction() as db:
            for system in (SOURCE, TARGET):
                claims += outbox.claim(db, system, self.now, 10, self.lease.token)
            (claim,) = claims
            outbox.settle(
                db,
                self.lease.token,
                [
                    Settlement(
                        entry_id=claim.entry_id,
                        state=state,  # type: ignore[arg-type]  # tests name any state
                        attempt=Attempt(self.now, self.now, state),
                        external_id=external_id,
                        receipt={"is_pending": True, **receipt},
                        message="as the test says",
                        is_outcome_unknown=is_unknown,
                    )
                ],
                self.now,
            )
            if state == "delivered" and claim.operation == "order.create":
                from store import crossrefs

                crossrefs.link(
                    db, "purchase_order", claim.document_key, claim.system, external_id or "", number="ERP-1",
                    revision=None, why="created", linked_at=self.now,
                )  # fmt: skip
            assert claim.workflow_id is not None
            workflows.wake(db, [claim.workflow_id], self.now)
        self.run()
        return claim

    def read_back(self, **differences: list[dict[str, str]]) -> None:
        """Reconcile has read both systems; no differences unless named."""
        workflow = self.workflow
        seen = {SOURCE: [], TARGET: [], **differences}
        with self.store.transaction() as db:
            workflows.save(
                db,
                workflow.id,
                state="running",
                step=workflow.step if workflow.step == "compensate" else "verify",
                data={**workflow.data, "read_back": seen},
                now=self.now,
            )
        self.run()

    @property
    def workflow(self) -> Workflow:
        """The newest instance."""
        return self.workflows[-1]

    @property
    def workflows(self) -> list[Workflow]:
        return workflows.of_document(self.store.db, f"{SOURCE}:4711")

    @property
    def exceptions(self) -> list[tuple[str, str]]:
        """(class, state) of every exception so far."""
        rows = self.store.db.execute("SELECT class, state FROM exception_case ORDER BY id")
        return [(row[0], row[1]) for row in rows]

    @property
    def sent(self) -> list[str]:
        """Every decision to write, in order."""
        return [row[0] for row in self.store.db.execute("SELECT operation FROM outbox_entry ORDER BY id")]

    def body(self, operation: str) -> dict[str, Any]:
        """What the last decision of that kind says."""
        row = self.store.db.execute(
            "SELECT body FROM outbox_entry WHERE operation = ? ORDER BY id DESC LIMIT 1", (operation,)
        ).fetchone()
        found: dict[str, Any] = json.loads(row[0])
        return found

    def _event(self, system: str, external_id: str, version: int, word: str) -> None:
        event = Event(
            id=f"{system}:purchase_order:{external_id}:v{version}",
            type=event_type("purchase_order", word),
            source=system,
            subject=f"{system}:{external_id}",
            time=self.now,
            data={},
        )
        with self.store.transaction() as db:
            events.append(db, [event])
