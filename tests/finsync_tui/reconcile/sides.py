"""Two sides to compare, without any system: records as plain mappings, and a definition made for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from finsync_tui.profile import Profile
from finsync_tui.profile.reconciliation import Reconciliation
from finsync_tui.reconcile.comparing import Comparison
from finsync_tui.reconcile.judging import Found
from finsync_tui.reconcile.rows import Builder, Read
from store import Store, comparison
from store.canonical.money import Money
from store.comparison import Role

PAYABLES: dict[str, Any] = {
    "title": "Invoices",
    "entity": "invoice",
    "source": {
        "systems": ["left"],
        "entity": "invoice",
        "key": "{mark}",
        "legal_entity": {"path": "company"},
        "period": "on",
        "currency": "currency",
        "amount": "total",
    },
    "target": {
        "systems": ["right"],
        "entity": "invoice",
        "key": "{mark}",
        "legal_entity": {"path": "company"},
        "period": "on",
        "currency": "currency",
        "amount": "total",
    },
    "fields": [
        {"name": "number", "path": "number"},
        {"name": "supplier", "path": "supplier"},
        {"name": "total", "path": "total", "kind": "money", "tolerance": {"EUR": "0.02", "JPY": "1"}},
        {"name": "date", "path": "on", "kind": "date", "is_compared": False},
        {
            "name": "status",
            "path": "status",
            "kind": "status",
            "source_values": {"approved": "open"},
            "target_values": {"validated": "open"},
        },
    ],
    "total_tolerance": {"default": "1000000"},
}


def a_definition(**changes: Any) -> Reconciliation:
    return Reconciliation.model_validate(PAYABLES | changes)


def an_invoice(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": "1",
        "mark": "left:1",
        "number": "INV-1",
        "supplier": "S1",
        "company": "DE01",
        "currency": "EUR",
        "minor": 10000,
        "on": date(2026, 1, 10),
        "status": "open",
    } | changes
    return found | {"total": Money(amount_minor=found["minor"], currency=found["currency"])}


@dataclass
class Bench:
    """A store that holds both sides of one definition."""

    store: Store
    definition: Reconciliation
    run: int = 0

    def side(self, role: Role) -> comparison.Side:
        number, _ = comparison.define(self.store.db, "invoices", "1")
        return comparison.side(self.store.db, number, role, "left" if role == "source" else "right")

    def read(self, role: Role, records: Iterable[Mapping[str, Any]], *, is_full: bool = True) -> None:
        """Let a side be read: all of it, or what changed."""
        self.run += 1
        builder = Builder(
            self.definition, role, "left" if role == "source" else "right", "left", Profile(systems={}),
            lambda link, value, owner: value, lambda entity, external_id: None,
        )  # fmt: skip
        read: Any = {r["id"]: builder.rows(Read(r["id"], r)) for r in records}  # type: ignore[arg-type]
        with self.store.transaction() as db:
            side = self.side(role)
            comparison.put_records(db, side, read, run_id=self.run, targets=["right"])
            if is_full:
                comparison.sweep(db, side, run_id=self.run, targets=["right"])

    def comparing(self, periods: tuple[str, str] | None = None) -> Comparison:
        return Comparison(
            "invoices",
            self.definition,
            [self.side("source")],
            [self.side("target")],
            lambda *_: False,
            periods,
        )

    def everything(self, periods: tuple[str, str] | None = None) -> list[Found]:
        comparing = self.comparing(periods)
        with self.store.transaction() as db:
            found = list(comparing.everything(db))
            found += comparing.unexplained(db, comparing.totals(db))
            comparison.clean(db, comparing.definition_id, "right")
        return found

    def changes(self) -> list[Found]:
        comparing = self.comparing()
        with self.store.transaction() as db:
            found = list(comparing.changes(db, comparing.changed_keys(db)))
            comparison.clean(db, comparing.definition_id, "right")
        return found


def told(found: Iterable[Found]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield kind, key and differing fields of each."""
    for one in found:
        yield one.kind, one.key, tuple(difference.field for difference in one.fields)
