"""Each adapter's README has a table of its endpoints: read or write, and the test that shows it. It tells the truth."""

from __future__ import annotations

import asyncio
import re
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml

from tests.adapters import readmes
from tests.adapters.contract import OPENAPI_FOLDER, ContractChecker, checking_transport

TESTS: Final = Path(__file__).parent
SYSTEMS: Final = sorted(path.stem.removesuffix(".openapi") for path in OPENAPI_FOLDER.glob("*.openapi.yaml"))
OWN_APPS: Final = {"test_template.py", "test_simulation.py"}
"""They drive simulators that imitate no system."""
UNCALLED: Final = {
    "avatax": ("/api/v2", "/definitions/entityusecodes"),
    "concur": ("", "/events/v4/topics"),
    "coupa": ("/api", "/integration_history_records"),
    "oracle_fusion": ("/fscmRestApi/resources/11.13.18.05", "/expenseReports"),
}
"""Of each contract something that its adapter does not call, as its README says."""
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


def column(row: dict[str, str], beginning: str) -> str:
    return next(text for name, text in row.items() if name.startswith(beginning))


@every_system
def test_every_endpoint_says_whether_it_reads_or_writes_and_what_shows_it(system: str) -> None:
    """The columns are there and none of their cells is empty."""
    found = list(readmes.rows(system))

    assert found
    for row in found:
        assert {"endpoint", "read or write"} <= set(row), row
        assert column(row, "read or write"), row
        assert column(row, "test"), row


@every_system
def test_what_shows_an_endpoint_is_a_test_that_exists(system: str) -> None:
    """A test that was renamed is named anew; `*` stands for the rest of several names."""
    known = names_of_tests()
    for row in readmes.rows(system):
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
    known = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    unknown = [
        f"{method} {path}"
        for method, path in readmes.named(system)
        if not any(one == method and readmes.is_at(have, path) for one, have in known)
    ]

    assert [] == unknown


@every_system
def test_an_endpoint_that_the_table_lacks_is_called_by_no_adapter(system: str) -> None:
    """Wherever these tests let an adapter meet its simulator, what it calls is held against its table; so is what is asked here."""
    inner = httpx.ASGITransport(app=lambda scope, receive, send: None)
    checker = ContractChecker(OPENAPI_FOLDER / f"{system}.openapi.yaml")
    transport = checking_transport(inner, checker, system)
    base, path = UNCALLED[system]

    with pytest.raises(AssertionError, match=rf"README.md lacks GET .*{path.rpartition('/')[2]}"):
        asyncio.run(transport.handle_async_request(httpx.Request("GET", f"https://system.test{base}{path}")))


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
