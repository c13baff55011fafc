"""What may be there though no row of it is held: records that can't be read, and those of systems that are connected no more.

A document whose twin is out of sight is not missing. Where nobody knows whose an unreadable record is, any document may be its
twin, and what is missing says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from sqlite3 import Connection
from typing import Literal

from finsync_tui.profile.reconciliation import Reconciliation
from store import comparison, crossrefs, unreadable
from store.comparison import Role, Row, Side

Hidden = Literal["unreadable", "parted"]


@dataclass(frozen=True, slots=True)
class Sight:
    """What of a definition's sides is there and out of sight."""

    entity: str = ""
    """By which a target's records are linked to documents."""
    unreadable: Mapping[Role, frozenset[str]] = field(default_factory=dict)
    """Documents whose record on that side can't be read."""
    nameless: Mapping[Role, int] = field(default_factory=dict)
    """How many records of that side can't be read, and nobody knows whose they are."""
    parted: Mapping[Role, tuple[str, ...]] = field(default_factory=dict)
    """Systems that were that side once."""

    def hides(self, db: Connection, row: Row, *, is_target: bool) -> Hidden | None:
        """Say why the twin of a row may be there, though the other side has none."""
        key = row.document_key
        if key is None:
            return None
        other: Role = "source" if is_target else "target"
        if key in self.unreadable.get(other, ()):
            return "unreadable"
        systems = self.parted.get(other, ())
        if is_target:
            return "parted" if key.partition(":")[0] in systems else None
        linked = any(crossrefs.get(db, self.entity, key, system) for system in systems)
        return "parted" if linked else None

    def nameless_beside(self, *, is_target: bool) -> int:
        """Return how many unreadable records of the other side may be any row's twin."""
        return self.nameless.get("source" if is_target else "target", 0)


def sight(
    db: Connection, definition: Reconciliation, sources: Sequence[Side], targets: Sequence[Side]
) -> Sight:
    """Look at what is out of sight beside these sides."""
    entity = definition.refers_to or definition.source.entity
    documents: dict[Role, frozenset[str]] = {}
    nameless: dict[Role, int] = {}
    parted: dict[Role, tuple[str, ...]] = {}
    sides: tuple[tuple[Role, Sequence[Side]], ...] = (("source", sources), ("target", targets))
    for role, some in sides:
        found: set[str] = set()
        count = 0
        for side in some:
            ids = unreadable.unknown(db, side.id)
            known = (
                {one: f"{side.system}:{one}" for one in ids}
                if role == "source"
                else crossrefs.find_many(db, entity, side.system, ids)
            )
            found.update(known.values())
            count += len(ids) - len(known)
        documents[role], nameless[role] = frozenset(found), count
        if definition.pairing == "together" or role == "source":
            parted[role] = comparison.parted(db, some[0].definition_id, role, [one.system for one in some])
    return Sight(entity, documents, nameless, parted)
