"""How much of the long checks a run does, and the hypothesis profiles that go with it.

`make test` runs the reduced counts, `make verify` the full ones; both print them.
"""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests import template

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from _pytest.terminal import TerminalReporter

    from store import events
    from store.canonical.event import Event


@dataclass(frozen=True, slots=True)
class Counts:
    """How often a long check tries."""

    name: str
    kills: int
    """Moments at which the engine is killed."""
    seeds: int
    """Seeds of a rehearsal."""
    tampers: int
    """Ways in which the audit log is tampered with."""
    examples: int
    """Examples of a property."""

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in asdict(self).items() if name != "name")


COUNTS = {
    "reduced": Counts("reduced", kills=10, seeds=1, tampers=25, examples=30),
    "full": Counts("full", kills=100, seeds=10, tampers=500, examples=300),
}


def _chosen() -> Counts:
    name = os.environ.get("FINSYNC_TEST_COUNTS", "reduced")
    if name not in COUNTS:
        raise pytest.UsageError(f"FINSYNC_TEST_COUNTS is {name!r}; it may be {' or '.join(COUNTS)}")
    return COUNTS[name]


for known in COUNTS.values():
    settings.register_profile(
        known.name,
        max_examples=known.examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


def pytest_configure() -> None:
    settings.load_profile(_chosen().name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the journeys: a minute each, they would keep one worker busy at the end while the others have nothing left."""
    items.sort(key=lambda item: "journeys" not in item.path.parts)


def pytest_collection_finish() -> None:
    """Leave what is loaded by now to the end, and look seldom for the rest: collecting is a fifth of a screen test's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Say at the end how much was tried, so that a short run is not taken for a full one."""
    counts = _chosen()
    more = "; make verify runs the full counts" if counts.name == "reduced" else ""
    terminalreporter.write_line(f"counts ({counts.name}): {counts}{more}")


@pytest.fixture(autouse=True, scope="session")
def _events_follow_their_contracts() -> Iterator[None]:
    """Hold every event that the program makes in any test against the contract of its type; those that tests make up are left alone."""
    from store import events
    from store.canonical import event_types

    append = events.append

    def held_against(db: sqlite3.Connection, made: Iterable[events.Fact | Event]) -> int:
        told = list(made)
        is_ours = sys._getframe(1).f_globals["__name__"].startswith("finsync_tui.")
        for one in told if is_ours else ():
            name = event_types.name_of(one.type)
            assert name in event_types.EVENTS, (
                f"no contract says what {one.type} tells: store/canonical/event_types.py"
            )
            assert None is event_types.problems(name, one.data), one
        return append(db, told)

    events.append = held_against
    yield
    events.append = append


@pytest.fixture(autouse=True, scope="session")
def _new_stores_are_copies() -> Iterator[None]:
    """A new store is a copy of one that was migrated; `migrated_anew` is for tests that are about migrating."""
    with template.copies():
        yield


@pytest.fixture
def migrated_anew() -> Iterator[None]:
    """Make new stores as a user's first start does, by all migrations."""
    with template.migrated():
        yield


@pytest.fixture(scope="session")
def counts() -> Counts:
    """How much of the long checks to do in this run."""
    return _chosen()
