"""What each version of a contract changed: worked out from the released schemas, so that no changelog can say something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from finsync_tui.contracts import EXTENSION, Kind, released
from store.canonical.contracts import breaking_changes
from store.canonical.schema_fields import fields
from store.wording import counted


@dataclass(frozen=True, slots=True)
class Release:
    """One version and what it changed."""

    version: str
    changes: tuple[str, ...]


def changelog(kind: Kind, name: str) -> list[Release]:
    """Return the versions of a contract, the newest first."""
    return changelog_of(kind, released(kind, name))


def changelog_of(kind: Kind, versions: Mapping[str, dict[str, Any]]) -> list[Release]:
    """Return what each of these schemas, by version and oldest first, changed: the newest first."""
    later = [
        Release(version, tuple(changes(old, new, kind)))
        for (_, old), (version, new) in pairwise(versions.items())
    ]
    first = [Release(next(iter(versions)), ("first release",))] if versions else []
    return [*first, *later][::-1]


def changes(old: dict[str, Any], new: dict[str, Any], kind: Kind = "entity") -> Iterator[str]:
    """Yield what is new, what is worded otherwise, what is said to go away, and what breaks."""
    before, after = dict(fields(old)), dict(fields(new))
    yield from (f"{path} came" for path in after if path not in before)
    for path in (path for path in after if path in before):
        if not before[path].get("deprecated") and after[path].get("deprecated"):
            yield f"{path} goes away from {after[path]['x-deprecation']['ends']}"
        if before[path].get("description") and before[path]["description"] != after[path].get("description"):
            yield f"{path} is described in other words"
        if added := set(before[path].get("enum", ())) - set(after[path].get("enum", ())):
            yield f"{path} does not say {', '.join(sorted(map(str, added)))} any more"
    fresh = sum(
        1
        for path in after
        if path in before and after[path].get("description") and not before[path].get("description")
    )
    if fresh:
        yield f"{counted(fresh, 'field')} {'is' if fresh == 1 else 'are'} described that {'was' if fresh == 1 else 'were'} not"
    yield from breaking_changes(old, new, is_only_told=kind not in ("entity", EXTENSION))
