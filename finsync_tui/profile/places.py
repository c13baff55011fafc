"""Where a setting stands: in which layer's file, on which line.

Layers are merged before they are checked, so what is found wrong knows only its place (`systems.coupa.timeout_s`). The file
that says it is the last one that goes as deep as the place does.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

_HEADER = re.compile(r"\s*(\[\[?)(.+?)\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)


@dataclass(frozen=True, slots=True)
class Source:
    """One file that was merged, as the part of a profile that it fills."""

    file: Path
    document: dict[str, Any]
    below: str = ""
    """Where in the profile the file's own first level stands."""


def where(sources: Iterable[Source], place: str) -> tuple[Path | None, int | None]:
    """Return the file that says what stands at `place`, or most of it, and the line there."""
    best, depth_max = None, 0
    for source in sources:
        depth = _depth(source.document, place)
        if depth > 0 and depth >= depth_max:
            best, depth_max = source, depth
    if best is None:
        return None, None
    return best.file, line_of(best.file.read_text(encoding="utf-8"), _inside(place, best.below) or "")


def line_of(text: str, place: str) -> int | None:
    """Return the line of a TOML text that says what stands at `place`, or the nearest table around it.

    >>> line_of('a = 1\\n[b."c d"]\\ne = 2\\n', "b.c d.e")
    3
    >>> line_of('a = 1\\n[b."c d"]\\ne = 2\\n', "b.c d.f")
    2
    """
    lines = _first_lines(text)
    path = place
    while path:
        if path in lines:
            return lines[path]
        path = path.rpartition(".")[0]
    return None


@lru_cache(maxsize=64)  # as many files as a profile has: each of its settings is looked for in them
def _first_lines(text: str) -> Mapping[str, int]:
    """Return by whole path the first line that begins it."""
    found: dict[str, int] = {}
    for number, path in _lines(text):
        found.setdefault(path, number)
    return found


def _lines(text: str) -> Iterable[tuple[int, str]]:
    """Yield the lines that begin a table or a value, each with the whole path of what it begins."""
    table, counts = "", dict[str, int]()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _joined(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = f"{table}.{counts[table]}"
            yield number, table
        elif key := _KEY.match(line):
            yield number, ".".join(part for part in (table, _joined(key[1])) if part)


def _joined(key: str) -> str:
    """Return a key as TOML writes it with its quotes taken off: `b."c d"` is `b.c d`."""
    try:
        level: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        return key
    parts = []
    while isinstance(level, dict):
        ((part, level),) = level.items()
        parts.append(part)
    return ".".join(parts)


def _inside(place: str, path: str) -> str | None:
    """Return the rest of a place below `path`; None where it is not below it."""
    if not path or place == path:
        return "" if place == path else place
    return place[len(path) + 1 :] if place.startswith(f"{path}.") else None


def _depth(document: Any, place: str) -> int:
    """Return how many letters of a place a document knows."""
    if isinstance(document, list):
        number, _, rest = place.partition(".")
        is_there = number.isdecimal() and int(number) < len(document)
        return len(number) + 1 + _depth(document[int(number)], rest) if is_there else 0
    if not isinstance(document, dict) or not place:
        return 0
    steps = [key for key in document if _inside(place, str(key)) is not None and key]
    return max((len(key) + 1 + _depth(document[key], _inside(place, key) or "") for key in steps), default=0)
