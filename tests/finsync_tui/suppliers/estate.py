"""Coupa and Oracle, simulated, behind their real adapters and their contracts; and the engine's parts that suppliers need."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from adapters.base import Adapter
from adapters.coupa.options import Options
from finsync_tui import actions, delivery, reconcile, schedule, sync
from finsync_tui.actions import Actor
from finsync_tui.flows import runner, supplier_sameness
from finsync_tui.flows.registry import FLOWS
from finsync_tui.flows.steps import Facts
from finsync_tui.people import Signer
from finsync_tui.profile import Profile
from finsync_tui.suppliers import golden, sweeping
from store import Store, leases
from store.clock import VirtualClock
from tests.adapters.coupa_world import START, CoupaWorld
from tests.adapters.setup_oracle import UNIT, OracleWorld
from tests.builders import MONDAY, a_store
from tests.finsync_tui.flows.desk import PROFILE, SOURCE, TARGET
from tests.finsync_tui.governance.council import PEOPLE, a_signer

ROUNDS_MAX = 30
ENTITIES = ((TARGET, "supplier"), (SOURCE, "supplier"))


class Estate:
    """Both systems and one store, in virtual time."""

    erp: type[OracleWorld] = OracleWorld

    def __init__(
        self,
        entities: Sequence[tuple[str, str]] = ENTITIES,
        people: Mapping[str, Any] = PEOPLE,
        **profile: Any,
    ) -> None:
        self.clock = VirtualClock(START)
        scopes = (*Options().scopes, "core.supplier.write")
        self.coupa = CoupaWorld(clock=self.clock, options={"reads_bank_accounts": True, "scopes": scopes})
        self.oracle = self.erp(clock=self.clock, options={"reads_bank_accounts": True})
        self.adapters: dict[str, Adapter] = {SOURCE: self.coupa.adapter, TARGET: self.oracle.adapter}
        self.store: Store = a_store(self.clock)
        self.entities = entities
        self.profile = Profile.model_validate({**PROFILE, "flows": {}, "people": dict(people), **profile})
        self.lease = leases.acquire(self.store, "test:1:1", timedelta(days=365), MONDAY)

    def who(self, name: str = "maria") -> Actor:
        return actions.acting(self.profile, "cli", os_account=name)

    def signer(self, name: str = "maria") -> Signer:
        return a_signer(name)

    def read(self) -> None:
        """Read what changed, compare and consolidate."""

        async def pull() -> None:
            for system, entity in self.entities:
                task = schedule.pull(self.profile, system, entity)
                await sync.pull(self.store, self.adapters[system], task, self.clock)

        asyncio.run(pull())
        sweeping.sweep(self.store, self.profile.suppliers.thresholds, self.clock.now())
        golden.consolidate(
            self.store, self.profile, self.clock.now(), doubt=supplier_sameness.doubted(self.profile)
        )

    def settle(self) -> None:
        """Decide, deliver and read back until nothing moves."""

        async def work() -> None:
            for _ in range(ROUNDS_MAX):
                facts = Facts(profile=self.profile, tables={}, policy_version="p/1", mapping_version="")
                moved = runner.advance(self.store, FLOWS, facts, self.clock)
                sent = await delivery.deliver_due(
                    self.store, self.adapters, self.profile, self.clock, self.lease.token
                )
                read = await reconcile.verify(self.store, self.adapters, reconcile.CHECKS, self.clock)
                golden.consolidate(
                    self.store, self.profile, self.clock.now(), doubt=supplier_sameness.doubted(self.profile)
                )
                if not (moved.is_progress or sent.sent or read.read):
                    return
            raise AssertionError("it does not come to rest")

        asyncio.run(work())

    def deliver(self) -> None:
        """Decide and deliver once, and read nothing back."""
        facts = Facts(profile=self.profile, tables={}, policy_version="p/1", mapping_version="")
        runner.advance(self.store, FLOWS, facts, self.clock)
        asyncio.run(
            delivery.deliver_due(self.store, self.adapters, self.profile, self.clock, self.lease.token)
        )

    def cycle(self, later: timedelta = timedelta(minutes=5)) -> None:
        """One cycle of the engine, after a while."""
        self.clock.advance(later)
        self.read()
        self.settle()
        asyncio.run(reconcile.prove(self.store, self.adapters, self.clock))

    # -- hands in the systems

    def coupa_supplier(self, name: str, **changes: Any) -> int:
        document: dict[str, Any] = {
            "name": name, "status": "active", "tax-id": None,
            "primary-address": {"city": "Hull", "postal-code": "HU1 1AA", "country": {"code": "GB"}},
        }  # fmt: skip
        return int(self.coupa.simulator.put("suppliers", {**document, **changes})["id"])

    def oracle_supplier(self, name: str, **changes: Any) -> int:
        return self.oracle.simulator.add_supplier(name, units=[UNIT], country="GB", **changes)

    def coupa_state(self, supplier_id: int) -> dict[str, Any]:
        """Return what Coupa holds of a supplier, its stamps left out."""
        document = self.coupa.simulator.document("suppliers", supplier_id)
        return {name: value for name, value in document.items() if not name.startswith("updated-")}

    def oracle_state(self, supplier_id: int) -> dict[str, Any]:
        row = self.oracle.simulator.world.row("suppliers", supplier_id)
        assert row is not None
        return {name: value for name, value in row.data.items() if not name.startswith("LastUpdate")}

    @property
    def open_classes(self) -> list[str]:
        """Return the classes of the exceptions that wait for somebody."""
        rows = self.store.db.execute("SELECT class FROM exception_case WHERE ended_at IS NULL ORDER BY id")
        return [row[0] for row in rows]
