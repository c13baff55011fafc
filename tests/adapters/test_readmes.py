"""Each adapter's README has a table of its endpoints: read or write, and the test that shows it. It tells the truth."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

import adapters
from tests.adapters.contract import OPENAPI_FOLDER

ROOT: Final = Path(adapters.__file__).parent
TESTS: Final = Path(__file__).parent
SYSTEMS: Final = sorted(path.stem.removesuffix(".openapi") for path in OPENAPI_FOLDER.glob("*.openapi.yaml"))
OWN_APPS: Final = {"test_template.py", "test_simulation.py"}
"""They drive simulators that imitate no system."""
_METHOD: Final = r"(?:GET|POST|PUT|PATCH|DELETE)"
_ENDPOINT: Final = re.compile(rf"\b({_METHOD}(?:, {_METHOD})*) `([^`]+)`")
_NAMED: Final = re.compile(r"`?(test_\w+\*?(?:\.py)?|Test\w+)`?")

every_system = pytest.mark.parametrize("system", SYSTEMS)


@cache
def names_of_tests() -> frozenset[str]:
    """Return every test function, class and file of the adapters."""
    found: set[str] = set()
    for path in TESTS.glob("test_*.py"):
        found.add(path.name)
        found |= set(
            re.findall(r"^\s*(?:async )?(?:def|class) ([tT]est\w+)", path.read_text("utf-8"), re.MULTILINE)
        )
    return frozenset(found)


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


def column(row: dict[str, str], beginning: str) -> str:
    return next(text for name, text in row.items() if name.startswith(beginning))


@every_system
def test_every_endpoint_says_whether_it_reads_or_writes_and_what_shows_it(system: str) -> None:
    """The columns are there and none of their cells is empty."""
    found = list(rows(system))

    assert found
    for row in found:
        assert {"endpoint", "read or write"} <= set(row), row
        assert column(row, "read or write"), row
        assert column(row, "test"), row


@every_system
def test_what_shows_an_endpoint_is_a_test_that_exists(system: str) -> None:
    """A test that was renamed is named anew; `*` stands for the rest of several names."""
    known = names_of_tests()
    for row in rows(system):
        shown = column(row, "test")
        named = _NAMED.findall(shown)
        if not named:  # the middle of a file's name
            named = [f"test_{system}_{word.strip()}.py" for word in shown.split(",")]
        missing = [one for one in named if not any(fnmatch(name, one) for name in known)]

        assert [] == missing, row["endpoint"]


@every_system
def test_an_endpoint_of_the_table_is_one_of_the_contract(system: str) -> None:
    """Method and path are in the OpenAPI document that requests and answers are judged by."""
    document: dict[str, Any] = yaml.safe_load((OPENAPI_FOLDER / f"{system}.openapi.yaml").read_text("utf-8"))
    known = {(method.upper(), _bare(path)) for path, item in document["paths"].items() for method in item}
    unknown = [
        f"{method} {path}"
        for row in rows(system)
        for methods, path in _ENDPOINT.findall(row["endpoint"])
        if "..." not in path
        and not path.startswith("{")
        and "_path" not in path  # goes on with the one before
        for method in methods.split(", ")
        if not any(one == method and _is_at(have, _bare(path)) for one, have in known)
    ]

    assert [] == unknown


def _bare(path: str) -> str:
    """Return a path without its query and the names of its parameters."""
    return re.sub(r"{[^}]*}", "{}", path.partition("?")[0]).rstrip("/")


def _is_at(path: str, beginning_left_out: str) -> bool:
    """Say whether a path of the contract is the one named, which may leave out what all paths begin with."""
    have, named = path.split("/"), beginning_left_out.strip("/").split("/")
    return (
        len(have) >= len(named)
        and have[-len(named)] == named[0]
        and all(one in ("{}", other) for one, other in zip(have[-len(named) :], named, strict=True))
    )


def test_every_simulator_of_a_system_is_driven_through_the_contract() -> None:
    """Requests and answers are judged wherever an adapter meets its simulator in these tests."""
    files = {
        path.name: path.read_text("utf-8") for path in TESTS.glob("*.py") if path.name != Path(__file__).name
    }
    unjudged = [
        name
        for name, text in files.items()
        if "ASGITransport(" in text and "checking_transport(" not in text and name not in OWN_APPS
    ]

    assert [] == unjudged
