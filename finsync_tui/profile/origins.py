"""Where each setting comes from, and what differs between two sets of layers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from finsync_tui.profile.overlay import layer_folders, merge, read_mapping, sources
from finsync_tui.profile.places import where
from finsync_tui.settings import Workspace

_CREDENTIALS = re.compile(r"(?<=//)[^/@]*@")


@dataclass(frozen=True, slots=True)
class Origin:
    """A setting, the file that says it, and the line there."""

    place: str
    value: object
    file: Path | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that two sets of layers don't say alike. None: one of them says nothing of it."""

    place: str
    one: object | None
    other: object | None


def without_credentials(address: str) -> str:
    """Return an address for people. `profile check` refuses credentials in one; until then they are not shown around.

    >>> without_credentials("https://ana:geheim@coupa.example.com/api")
    'https://***@coupa.example.com/api'
    """
    return _CREDENTIALS.sub("***@", address)


def origins(workspace: Workspace, part: str | None = None) -> list[Origin]:
    """Return every setting that a layer makes, in order of place. What nobody says has its default and is not there."""
    read = sources(workspace)
    found = [
        Origin(place, value, *where(read, place))
        for place, value in sorted(_leaves(_merged(workspace)))
        if part is None or place == part or place.startswith(f"{part}.")
    ]
    return [*found, *(one for one in _tables(workspace) if part in (None, "mappings"))]


def differences(one: Workspace, layers: tuple[str, ...], other: tuple[str, ...]) -> list[Difference]:
    """Return what two sets of layers of a workspace say otherwise, in order of place; of mapping tables, row by row."""
    return between(replace(one, layers=layers), replace(one, layers=other))


def between(one: Workspace, other: Workspace) -> list[Difference]:
    """Return what two workspaces' profiles say otherwise, in order of place; of mapping tables, row by row."""
    first, second = _said(one), _said(other)
    return [
        Difference(place, first.get(place), second.get(place))
        for place in sorted(first.keys() | second.keys())
        if first.get(place) != second.get(place)
    ]


def _said(workspace: Workspace) -> dict[str, object]:
    return dict(_leaves(_merged(workspace))) | dict(_rows(workspace))


def _merged(workspace: Workspace) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for source in sources(workspace):
        merged = merge(merged, source.document)
    return merged


def _leaves(document: Mapping[str, Any], below: str = "") -> Iterator[tuple[str, object]]:
    """Yield each value with its place. A list is one value: layers replace it whole."""
    for key, value in document.items():
        place = f"{below}.{key}" if below else str(key)
        if isinstance(value, Mapping):
            yield from _leaves(value, place)
        else:
            yield place, without_credentials(value) if isinstance(value, str) else value


def _tables(workspace: Workspace) -> Iterator[Origin]:
    for folder in layer_folders(workspace):
        for file in sorted((folder / "mappings").glob("*.csv")):
            yield Origin(f"mappings.{file.stem}", f"{len(read_mapping(file))} rows", file, None)


def _rows(workspace: Workspace) -> Iterator[tuple[str, object]]:
    for folder in layer_folders(workspace):
        for file in sorted((folder / "mappings").glob("*.csv")):
            for row in read_mapping(file):
                said = row.model_dump(mode="json", exclude_defaults=True)
                target = said.pop("target")
                conditions = ", ".join(f"{name}={value}" for name, value in row.where)
                named = [
                    said[name] for name in ("scope", "priority", "valid_from", "valid_to") if name in said
                ]
                kept = ", ".join(str(one) for one in (row.source, *named, *filter(None, [conditions])))
                yield f"mappings.{file.stem}[{kept}]", target
