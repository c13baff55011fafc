"""Which rows of a page need not be decoded again: what their rows were made of is what it was when they were made.

A row is made of what its system sent, of links that the store holds, and of the profile. All of it is in one digest for each
record of a side; where that is the same, its rows stay as they are, and only are seen. When a link that a definition looks up
goes, or leads elsewhere, all of that side is made anew once. A new link changes no row that is compared by then: comparing asks
for it. What is looked up by a number that nobody is known by yet is made anew each time, and so is what sync has read otherwise
since: it may have changed back, or come from a copy that lags behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from importlib.metadata import version
from sqlite3 import Connection
from typing import Final

from adapters.base import Page
from finsync_tui.reconcile.links import NUMBER
from finsync_tui.reconcile.rows import Builder
from store import comparison, crossrefs, meta, records
from store.canonical import contracts
from store.canonical.record import raw_digest
from store.clock import text
from store.columns import encode, from_json
from store.comparison import NewRow, Side

DIGEST_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Made:
    """One side, and what its rows are made of beside what its system sends."""

    side: Side
    mark: bytes
    twins: tuple[str, ...]
    """Entities by which a record's own document is looked up."""
    system: str

    def digests(self, db: Connection, held: Mapping[str, bytes]) -> dict[str, bytes]:
        """Return what the rows of these records are made of, by external id; `held`: digests of what was sent."""
        links: dict[str, list[str]] = {}
        for entity in self.twins:
            for external_id, key in crossrefs.find_many(db, entity, self.system, list(held)).items():
                links.setdefault(external_id, []).append(key)
        return {
            external_id: blake2b(
                b"\0".join((digest, self.mark, *(one.encode() for one in links.get(external_id, ())))),
                digest_size=DIGEST_BYTES,
            ).digest()
            for external_id, digest in held.items()
        }


def made(db: Connection, side: Side, builder: Builder, now: datetime) -> Made:
    """Return what a side's rows are made of now, and keep up to when links were looked at."""
    setup, definition, profile = builder.setup, builder.definition, builder.profile
    how = setup.document
    own = how.entities if how is not None and how.entities else ()
    looked_up = {str(one.entity) for one in definition.fields if one.kind == "link" and one.entity}
    twins: tuple[str, ...] = ()
    by_path: set[str] = set()
    if how is not None and how.path is not None:
        by_path = {*(own or (setup.entity,))}  # by another id than the record's own: nothing tells which
    elif (how is None or how.key is None) and (own or builder.role == "target"):
        twins = own or (definition.refers_to or definition.source.entity,)
    connection = profile.systems.get(builder.system)
    mark = {
        "program": version("finsync"),
        "contract": contracts.version(setup.entity),
        "other": builder.other,
        "connection": None
        if connection is None
        else connection.model_dump(mode="json", exclude={"base_url"}),
        "legal_entities": {
            name: one.model_dump(mode="json") for name, one in sorted(profile.legal_entities.items())
        },
        "extensions": [
            one.model_dump(mode="json", by_alias=True)
            for one in profile.extending
            if one.entity == setup.entity
        ],
        "links": [[entity, _generation(db, side, entity, now)] for entity in sorted(looked_up)],
        "documents": [[entity, *crossrefs.state(db, entity)] for entity in sorted(by_path)],
    }
    return Made(side, blake2b(encode(mark), digest_size=DIGEST_BYTES).digest(), twins, builder.system)


def _generation(db: Connection, side: Side, entity: str, now: datetime) -> int:
    """Return how often links that were there when this side was read have gone or come to lead elsewhere since."""
    name = f"compared.{side.id}.{entity}"
    before = from_json(meta.get(db, name) or "null")
    number = 0
    if before is not None:
        is_same = crossrefs.digest_until(db, entity, before["until"]) == before["digest"]
        number = int(before["generation"]) + (not is_same)
    told = {"until": text(now), "digest": crossrefs.digest_until(db, entity, text(now)), "generation": number}
    meta.set(db, name, encode(told).decode())
    return number


def is_settled(rows: Sequence[NewRow]) -> bool:
    """Say whether all that these rows look up was found."""
    return not any(f":{NUMBER}" in row.fields for row in rows)


def split(
    db: Connection, entity: str, sides: Sequence[Made], page: Page
) -> tuple[Page, list[str], list[dict[str, bytes]]]:
    """Return the page with only what has to be decoded, the ids of the rest, and of each side what its rows are made of.

    What one side needs is decoded for all that share the walk. A page without ids is decoded whole, and nothing is known of it.
    """
    if page.keys is None or not sides:
        return page, [], [{} for _ in sides]
    held = {key: raw_digest(row) for key, row in zip(page.keys, page.rows, strict=True)}
    if len(held) != len(page.rows):
        return page, [], [{} for _ in sides]
    digests = [one.digests(db, held) for one in sides]
    same = set(held)
    for one, now in zip(sides, digests, strict=True):
        same &= comparison.unchanged(db, one.side, now)
    same -= records.otherwise(db, entity, sides[0].system, {key: held[key] for key in same})
    rows = [row for key, row in zip(page.keys, page.rows, strict=True) if key not in same]
    kept = [key for key in page.keys if key in same]
    return Page(rows, page.position, page.is_last), kept, digests
