"""What others hold on to, as contracts: entities, events, what commands print with `--json`, the store's views, and codes.

Entities and events are models in `store.canonical`. The other faces have no model: what is released of them is data
(`released/<kind>/<name>-<version>.json`), made from what commands really print, the columns that the views have and the codes
that the code uses (`make contracts`), and tests hold all of these against it. A file that is there never changes.

>>> contract("command", "exceptions list").schema["type"]
'array'
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

from store.canonical.deprecation import Notice, notices
from store.errors import NotFoundError

Kind = Literal["entity", "event", "command", "view", "codes", "extension"]
EXTENSION: Final[Kind] = "extension"
"""What a region declares in its profile: it comes from there, and nothing of it is released here."""
KINDS: Final[tuple[Kind, ...]] = tuple(one for one in get_args(Kind) if one != EXTENSION)
FACES: Final[tuple[Kind, ...]] = ("command", "view", "codes")
"""Kinds whose released schemas lie here."""

RELEASED: Final = Path(__file__).with_name("released")

_FILE = re.compile(r"(?P<name>[a-z0-9_.-]+)-(?P<major>\d+)\.(?P<minor>\d+)\.json")


@dataclass(frozen=True, slots=True)
class Contract:
    """One face, in the version that holds now."""

    kind: Kind
    name: str
    version: str
    schema: Mapping[str, Any]

    @property
    def owner(self) -> str:
        """Who answers for it."""
        return str(self.schema["x-owner"])

    @property
    def description(self) -> str:
        """What it is, in a sentence."""
        return " ".join(str(self.schema.get("description", "")).split()).split(". ")[0].rstrip(".")

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What of it goes away, and when."""
        return tuple(notices(self.schema))


def released(kind: Kind, name: str) -> dict[str, dict[str, Any]]:
    """Return the released schemas of a contract by version, oldest first."""
    if kind in FACES:
        files = _files(kind).get(name, {})
        return {version: json.loads(path.read_text(encoding="utf-8")) for version, path in files.items()}
    from store.canonical import contracts, event_types

    return contracts.released(name) if kind == "entity" else event_types.released(name)


def names(kind: Kind) -> list[str]:
    """Return the names of the contracts of a kind."""
    if kind in FACES:
        return sorted(_files(kind))
    from store.canonical import contracts, event_types

    return list(contracts.CONTRACTS if kind == "entity" else event_types.EVENTS)


def contract(kind: Kind, name: str) -> Contract:
    """Return a contract in its newest version; an unknown name is an error."""
    if name not in names(kind):
        raise NotFoundError(f"{kind} contract", name, "See `finsync contract list`.")
    if kind in FACES:
        version, path = list(_files(kind)[name].items())[-1]
        return Contract(kind, name, version, json.loads(path.read_text(encoding="utf-8")))
    from store.canonical import contracts, event_types

    if kind == "entity":
        return Contract(kind, name, contracts.version(name), contracts.schema(name))
    return Contract(kind, name, event_types.EVENTS[name].version, event_types.schema(name))


def all_contracts() -> Iterator[Contract]:
    """Yield every contract, kind by kind."""
    for kind in KINDS:
        for name in names(kind):
            yield contract(kind, name)


@cache
def _files(kind: Kind) -> dict[str, dict[str, Path]]:
    """Return the released files of a kind by name and version, oldest version first."""
    found: dict[str, dict[tuple[int, int], Path]] = {}
    for path in (RELEASED / kind).glob("*.json"):
        match = _FILE.fullmatch(path.name)
        if match:
            name = match["name"].replace(".", " ")
            found.setdefault(name, {})[int(match["major"]), int(match["minor"])] = path
    return {
        name: {f"{major}.{minor}": paths[major, minor] for major, minor in sorted(paths)}
        for name, paths in sorted(found.items())
    }
