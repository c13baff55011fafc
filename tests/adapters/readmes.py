"""The table of endpoints in each adapter's README: what it names, and which operations of the contract that is.

Methods stand before the paths that they are about; what is in brackets is an aside. A path may leave out what all begin with, or
its own beginning (`...`); one that begins with a parameter goes on where the path before it ended. What can be read as a list can
be read one by one and child by child: a GET of it stands for all that lies below.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import adapters

ROOT: Final = Path(adapters.__file__).parent
CALLS_FILE: Final = "FINSYNC_TEST_CALLS"
"""Environment variable: the file in which every call of an adapter is noted with the test that makes it."""
_METHOD: Final = r"(?:GET|POST|PUT|PATCH|DELETE)"
_ASIDE: Final = re.compile(r"\([^)]*\)")
_PIECE: Final = re.compile(rf"\b{_METHOD}(?:, {_METHOD})*\b|`[^`]+`")


def rows(system: str) -> Iterator[dict[str, str]]:
    """Yield the rows of the table below "Endpoints", by the names of its columns."""
    text = (ROOT / system / "README.md").read_text("utf-8")
    section = text.split("\n## Endpoints\n", 1)[1].split("\n## ", 1)[0]
    lines = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in section.splitlines()
        if line.startswith("|")
    ]
    header = [name.strip("| ") for name in lines[0]]
    for line in lines[2:]:
        yield dict(zip(header, [cell.strip("| ") for cell in line], strict=True))


@cache
def named(system: str) -> tuple[tuple[str, str], ...]:
    """Return every (method, path without names of parameters) that the table names."""
    return tuple(one for row in rows(system) for one in endpoints(row["endpoint"]))


def endpoints(cell: str) -> Iterator[tuple[str, str]]:
    """Yield what one cell names.

    >>> list(endpoints("GET, POST `/api/runs`; PUT `/{id}/run`, `.../finish` (`path_option`)"))
    [('GET', '/api/runs'), ('POST', '/api/runs'), ('PUT', '/api/runs/{}/run'), ('PUT', '/finish')]
    """
    methods: list[str] = []
    before = ""
    for piece in _PIECE.findall(_ASIDE.sub("", cell)):
        if not piece.startswith("`"):
            methods = piece.split(", ")
            continue
        path = bare(piece.strip("`").rpartition("...")[2])
        if path.startswith("/{}"):
            path = before + path
        before = path
        yield from ((method, path) for method in methods)


def bare(path: str) -> str:
    """Return a path without its query and the names of its parameters."""
    return re.sub(r"{[^}]*}", "{}", path.partition("?")[0]).rstrip("/")


def is_at(path: str, named_path: str) -> bool:
    """Say whether a path of the contract is the one named, which may leave out what all paths begin with."""
    have, want = bare(path).split("/"), named_path.strip("/").split("/")
    return len(have) >= len(want) and all(
        one in ("{}", other) or other == "{}" for one, other in zip(have[-len(want) :], want, strict=True)
    )


def is_named(system: str, method: str, path: str) -> bool:
    """Say whether the table names an operation of the contract."""
    return any(
        one == method and any(is_at(place, want) for place in (_above(path) if method == "GET" else (path,)))
        for one, want in named(system)
    )


def note_call(system: str, method: str, path: str) -> None:
    """Note that the test at work has its adapter call an operation, where somebody asks for that."""
    file, test = os.environ.get(CALLS_FILE), os.environ.get("PYTEST_CURRENT_TEST", "")
    if file is not None:
        with Path(file).open("a", encoding="utf-8") as notes:
            notes.write(f"{test.rpartition(' ')[0]}\t{system}\t{method}\t{path}\n")


def is_shown(method: str, want: str, calls: Iterable[tuple[str, str]]) -> bool:
    """Say whether one of these calls (method, path of the contract) is of the endpoint that a row names."""
    return any(
        one == method and any(is_at(place, want) for place in _asked(one, path)) for one, path in calls
    )


def _asked(method: str, path: str) -> Iterator[str]:
    """Yield a path, and of a GET the lists that it lies below."""
    yield path
    yield from (place for place in _above(path) if method == "GET" and not bare(place).endswith("{}"))


def _above(path: str) -> Iterator[str]:
    """Yield a path and what it lies below."""
    parts = path.split("/")
    for length in range(len(parts), 1, -1):
        yield "/".join(parts[:length])
