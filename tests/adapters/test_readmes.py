"""Each adapter's README has a table of its endpoints: read or write, and the test that shows it. It tells the truth."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml

from tests.adapters import readmes
from tests.adapters.contract import OPENAPI_FOLDER, ContractChecker, checking_transport
from tests.conftest import Counts

TESTS: Final = Path(__file__).parent
SYSTEMS: Final = sorted(path.stem.removesuffix(".openapi") for path in OPENAPI_FOLDER.glob("*.openapi.yaml"))
OWN_APPS: Final = {"test_template.py", "test_simulation.py"}
"""They drive simulators that imitate no system."""
UNCALLED: Final = {
    "avatax": ("/api/v2", "/definitions/entityusecodes"),
    "concur": ("", "/events/v4/topics"),
    "coupa": ("/api", "/integration_history_records"),
    "oracle_fusion": ("/fscmRestApi/resources/11.13.18.05", "/expenseReports"),
    "workday": ("/ccx/api/v1/acme", "/workers"),
    "scim": ("/scim/v2", "/ResourceTypes"),
}
"""Of each contract something that its adapter does not call, as its README says."""
_DEFINED: Final = re.compile(r"^\s*(?:async )?(?:def|class) ([tT]est\w+)", re.MULTILINE)
_NAMED: Final = re.compile(r"`?(test_\w+\*?(?:\.py)?|Test\w+)`?")

every_system = pytest.mark.parametrize("system", SYSTEMS)


@cache
def names_of_tests() -> frozenset[str]:
    """Return every test function, class and file of the adapters."""
    found: set[str] = set()
    for path in TESTS.glob("test_*.py"):
        found.add(path.name)
        found |= set(_DEFINED.findall(path.read_text("utf-8")))
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


@every_system
def test_what_shows_an_endpoint_has_its_adapter_call_it(system: str, tmp_path: Path, counts: Counts) -> None:
    """The tests that a row names are run, and what they let the adapter call is held against the row's endpoints.

    With the full counts only: these tests run once more for it.
    """
    if counts.name != "full":
        pytest.skip("the tests of the tables are run a second time with the full counts only")
    calls = calls_by_test(system, tmp_path)
    unshown = []
    for row in readmes.rows(system):
        made = [call for test, found in calls.items() if is_of_row(system, row, test) for call in found]
        unshown += [
            f"{method} {path} is not called by {column(row, 'test')}"
            for method, path in readmes.endpoints(row["endpoint"])
            if not readmes.is_shown(method, path, made)
        ]

    assert [] == unshown


def calls_by_test(system: str, folder: Path) -> dict[str, set[tuple[str, str]]]:
    """Run the tests of an adapter once more; return what each lets it call, by file and names."""
    notes = folder / "calls.txt"
    asked = [
        path.name
        for path in sorted(TESTS.glob("test_*.py"))
        for text in [path.read_text("utf-8")]
        if path.name != Path(__file__).name
        and any(
            is_of_row(system, row, f"{path.name}::{name}")
            for row in readmes.rows(system)
            for name in ("", *_DEFINED.findall(text))
        )
    ]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *asked]
    environment = {**os.environ, readmes.CALLS_FILE: str(notes)}
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_CURRENT_TEST", "PYTEST_ADDOPTS"):
        environment.pop(name, None)
    subprocess.run(command, cwd=TESTS, env=environment, check=True, capture_output=True)
    found: dict[str, set[tuple[str, str]]] = {}
    for line in notes.read_text("utf-8").splitlines():
        test, adapter, method, path = line.split("\t")
        if adapter == system:
            found.setdefault(test, set()).add((method, path))
    return found


def is_of_row(system: str, row: dict[str, str], test: str) -> bool:
    """Say whether a row names a test, by its file, its class or itself; `test` is what pytest calls it."""
    file, *names = test.split("/")[-1].split("::")
    names = [name.partition("[")[0] for name in names]
    shown = column(row, "test")
    named = _NAMED.findall(shown)
    if not named:
        named = [f"test_{system}_{word.strip()}.py" for word in shown.split(",")]
    if "the promises" in shown:
        named.append("test_promises.py")
    return any(fnmatch(one, name) for one in (file, *names) for name in named)


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
