"""A desk for reconciliations: a store, two systems of a few orders that agree, and a shipped definition."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from adapters.base import Capability, Manifest, Page, Translated, Untranslatable
from adapters.errors import TransientError
from finsync_tui.profile import Profile
from finsync_tui.profile.overlay import shipped
from finsync_tui.reconcile import running
from finsync_tui.reconcile.running import Asked
from finsync_tui.settings import read_toml
from finsync_tui.stopping import IsStopping, never
from store import Store, breaks, crossrefs, reconciliations
from store.canonical.record import CanonicalRecord
from store.clock import VirtualClock
from tests.builders import MONDAY, a_clock, a_purchase_order, a_store

DAY = timedelta(days=1)


@dataclass
class Orders:
    """A system that holds orders: what an adapter needs to be read, and nothing else."""

    system: str
    role: str
    held: dict[str, CanonicalRecord] = field(default_factory=dict)
    changed: dict[str, Any] = field(default_factory=dict)
    fails_after: int | None = None
    unreadable: frozenset[str] = frozenset()
    own_login: str | None = "finsync"
    entity: str = "purchase_order"
    asked: list[str | None] = field(default_factory=list)
    is_keyed: bool = False
    """Paging reads the ids of rows, so that it is known which one a row is before it is decoded."""
    decoded: list[str] = field(default_factory=list)

    @property
    def manifest(self) -> Manifest:
        capability = Capability(entity=self.entity, directions=("read",), has_delta=True)
        return Manifest(
            name=self.system,
            title=self.system,
            roles=(self.role,),
            capabilities=(capability,),
            credentials=(),
        )

    def put(self, external_id: str, order: CanonicalRecord, at: Any = MONDAY) -> None:
        self.held[external_id] = order
        self.changed[external_id] = at

    async def read(self, entity: str, position: str | None = None) -> AsyncIterator[Page]:
        self.asked.append(position)
        since = position or ""
        rows = sorted(i for i in self.held if f"{self.changed[i]:%Y-%m-%d}" > since)
        for n, external_id in enumerate(rows):
            if self.fails_after is not None and n >= self.fails_after:
                raise TransientError(self.system, "the page can't be read")
            yield self.page(external_id)
        newest = max((f"{one:%Y-%m-%d}" for one in self.changed.values()), default="1")
        yield Page([], newest, is_last=True)

    def page(self, external_id: str) -> Page:
        sent = f"{external_id}|{self.held[external_id].content_hash().hex()}".encode()
        return Page([sent], None, is_last=False, keys=[external_id] if self.is_keyed else None)

    def translate(self, entity: str, rows: Sequence[bytes]) -> list[Translated | Untranslatable]:
        named = [row.decode().partition("|")[0] for row in rows]
        self.decoded += named
        return [
            Untranslatable(one, None, "$", "bad")
            if one in self.unreadable
            else Translated(one, self.held[one], None, self.changed[one], "ann")
            for one in named
        ]


@dataclass
class Desk:
    """A store, two systems and a shipped definition: that of orders unless it is said otherwise."""

    store: Store
    clock: VirtualClock
    left: Orders
    right: Orders
    rounding: dict[str, str] = field(default_factory=dict)
    name: str = "orders"
    changes: dict[str, Any] = field(default_factory=dict)
    """Of the definition."""

    def run(self, mode: Any = "full", is_stopping: IsStopping = never, **asked: Any) -> reconciliations.Run:
        definition = read_toml(shipped() / "shared" / "reconciliations" / f"{self.name}.toml")
        definition["classes"] |= {"rounding": self.rounding}
        changed = {self.name: definition | self.changes}
        profile = Profile.model_validate({"systems": {}, "reconciliations": changed})
        adapters: Any = {"coupa": self.left, "erp": self.right}
        wanted = Asked((self.name,), mode, **asked)
        (run,) = asyncio.run(
            running.reconcile(self.store, adapters, profile, self.clock, wanted, is_stopping)
        )
        return run

    def open_breaks(self) -> list[tuple[str, str, str]]:
        return [(one.kind, one.class_, one.document_number) for one in breaks.listed(self.store.db)]


@contextmanager
def a_desk() -> Iterator[Desk]:
    """Yield a desk whose four orders agree."""
    clock = a_clock()
    with a_store(clock) as store:
        made = Desk(store, clock, Orders("coupa", "procurement"), Orders("erp", "erp"))
        for n in range(4):
            number = f"PO-{n}"
            made.left.put(f"{n}", a_purchase_order(number=number, supplier_id="88"), MONDAY - 9 * DAY)
            twin = a_purchase_order(number=f"E{n}", reference=f"coupa:{number}", supplier_id="700")
            made.right.put(f"30{n}", twin, MONDAY - 9 * DAY)
            with store.transaction() as db:
                crossrefs.link(
                    db, "purchase_order", f"coupa:{n}", "erp", f"30{n}", why="created", linked_at=MONDAY
                )
        with store.transaction() as db:
            crossrefs.link(db, "supplier", "coupa:88", "erp", "700", why="number", linked_at=MONDAY)
        yield made
