"""Does what holds now break whoever read what was released before, or what somebody kept a copy of?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from finsync_tui.contracts import EXTENSION, FACES, KINDS, Contract, Kind, all_contracts, names, released
from store.canonical.contracts import breaking_changes
from store.errors import FinsyncError


class KeptContractsError(FinsyncError):
    """A folder does not hold contracts that were kept."""

    code = "CONTRACT_FOLDER"
    exit_code = 2

    def __init__(self, folder: Path, problem: str) -> None:
        super().__init__(
            f"{folder} {problem}. Nothing was compared. Name a folder that `finsync contract export DIR` wrote."
        )


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that a reader would stumble over."""

    kind: str
    contract: str
    version: str
    message: str


def breaches() -> Iterator[Breach]:
    """Yield where a version breaks an earlier one of the same major, and where code says something else than was released."""
    for kind in KINDS:
        for name in names(kind):
            versions = released(kind, name)
            for (before, old), (after, new) in pairwise(versions.items()):
                if before.partition(".")[0] == after.partition(".")[0]:
                    yield from (Breach(kind, name, after, what) for what in _broken(kind, old, new))
    for one in all_contracts():
        if one.kind not in FACES and released(one.kind, one.name).get(one.version) != one.schema:
            yield Breach(
                one.kind, one.name, one.version, "what the code says was never released under this version"
            )
    yield from _views()


def breaches_of(versions: Sequence[Contract]) -> Iterator[Breach]:
    """Yield where a version of an extension breaks the one before it of the same major."""
    for before, after in pairwise(versions):
        if before.version.partition(".")[0] == after.version.partition(".")[0]:
            told = _broken(after.kind, dict(before.schema), dict(after.schema))
            yield from (Breach(after.kind, after.name, after.version, what) for what in told)


def _broken(kind: Kind, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return breaking_changes(old, new, is_only_told=kind not in ("entity", EXTENSION))


def _views() -> Iterator[Breach]:
    """Yield columns that were released and that the store's views do not have."""
    from store import memory_store
    from store.clock import SystemClock

    with memory_store(SystemClock()) as opened:
        for name in names("view"):
            (version, schema) = list(released("view", name).items())[-1]
            has = {row["name"] for row in opened.db.execute(f"SELECT name FROM pragma_table_info('{name}')")}  # noqa: S608
            for gone in sorted(set(schema["properties"]) - has):
                yield Breach("view", name, version, f"$.{gone} is gone")


def export(folder: Path, declared: Iterable[Contract] = ()) -> int:
    """Write each contract as it holds now, a file each; return how many. `declared`: the extensions of a profile."""
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for one in (*all_contracts(), *declared):
        text = json.dumps({"x-version": one.version, **one.schema}, indent=1, ensure_ascii=False)
        (folder / f"{one.kind}.{one.name.replace(' ', '_')}.json").write_text(text + "\n", encoding="utf-8")
        count += 1
    return count


def against(folder: Path, declared: Iterable[Contract] = ()) -> Iterator[Breach]:
    """Yield what would break a reader of the contracts that were kept in a folder."""
    if not folder.is_dir():
        raise KeptContractsError(folder, "is no folder")
    now = {f"{one.kind}.{one.name.replace(' ', '_')}": one for one in (*all_contracts(), *declared)}
    kept = sorted(folder.glob("*.json"))
    if not kept:
        raise KeptContractsError(folder, "holds no contract")
    for path in kept:
        old = _read(path, folder)
        found = now.get(path.stem)
        kind, _, name = path.stem.partition(".")
        if found is None:
            yield Breach(kind, name, str(old["x-version"]), "there is no such contract any more")
        else:
            yield from (Breach(kind, found.name, found.version, what) for what in _since(old, found))


def _since(old: dict[str, Any], found: Contract) -> list[str]:
    return _broken(found.kind, old, dict(found.schema))


def _read(path: Path, folder: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise KeptContractsError(folder, f"holds {path.name}, which is no JSON ({error})") from None
    if not isinstance(read, Mapping) or "x-version" not in read:
        raise KeptContractsError(folder, f"holds {path.name}, which is no contract")
    return dict(read)
