"""Where a table's versions and rows come from. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

from finsync_tui.mapping.merge import difference
from finsync_tui.mapping.standing import LAYER, Standing, rows_of
from finsync_tui.profile import MappingRow
from store import emergencies, proposals, rulesets
from store.proposals import Proposal


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One recorded version of a table."""

    version: int
    recorded_at: datetime
    row_count: int
    added: int
    removed: int
    proposal: Proposal | None
    """The change that made it; None: the profile's own table, or several changes brought together."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Since when a row is in force, and who put it there."""

    version: int
    """0: the profile says so, and no version was recorded yet."""
    since: datetime | None
    proposal: Proposal | None
    """None: the profile's own table."""


@dataclass(frozen=True, slots=True)
class Change:
    """What differs between two versions."""

    removed: tuple[MappingRow, ...]
    added: tuple[MappingRow, ...]


def versions(db: Connection, name: str) -> list[VersionLine]:
    """Return every recorded version of a table, newest first."""
    made = _made(db, name)
    found: list[VersionLine] = []
    before: tuple[MappingRow, ...] = ()
    for one in rulesets.versions(db, "mapping", name):
        rows = rows_of(one.body)
        gone, come = difference(before, rows)
        found.append(
            VersionLine(one.version, one.recorded_at, len(rows), len(come), len(gone), made.get(one.version))
        )
        before = rows
    return found[::-1]


def rows_at(db: Connection, name: str, version: int) -> tuple[MappingRow, ...] | None:
    """Return the rows of a recorded version; None: there is none."""
    known = rulesets.get(db, "mapping", name, version)
    return rows_of(known.body) if known is not None else None


def change(before: Sequence[MappingRow], after: Sequence[MappingRow]) -> Change:
    """Return what differs."""
    gone, come = difference(before, after)
    return Change(tuple(gone), tuple(come))


def origins(db: Connection, found: Standing) -> list[Origin]:
    """Return for each row in force since which version it is there, in the table's order.

    A row that went and came back counts from when it came back. One that the profile's own table has said all the time is
    the profile's, whoever brought other rows along.
    """
    made = _made(db, found.name)
    since: dict[str, Origin] = {}
    own: set[str] = set()
    layers = rulesets.versions(db, "profile", LAYER + found.name)
    for one in rulesets.versions(db, "mapping", found.name):
        while layers and layers[0].recorded_at <= one.recorded_at:
            own = set(layers.pop(0).body.splitlines())
        proposal = made.get(one.version)
        lines = set(one.body.splitlines())
        since = {line: known for line, known in since.items() if line in lines}
        for line in lines - since.keys():
            since[line] = Origin(one.version, one.recorded_at, None if line in own else proposal)
    fresh = Origin(0, None, None)
    return [since.get(row.model_dump_json(), fresh) for row in found.rows]


def _made(db: Connection, name: str) -> dict[int, Proposal]:
    made = {one.version: change for change, one in emergencies.of_name(db, "mapping", name)}
    for change in proposals.listed(db, state="approved", name=name):
        if change.version is not None:
            made[change.version] = change
    return made
