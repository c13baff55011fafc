"""A company's year, made once for all tests here, whichever worker comes first: it takes a minute of CPU."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator

import pytest

from finsync_tui import profile
from finsync_tui.rehearse.demo import Options, run_headless
from finsync_tui.reports import Question
from finsync_tui.settings import load_workspace
from store import engine


@pytest.fixture(scope="session")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Question]:
    """A store with orders, invoices, expenses, exceptions, breaks and comparisons, in two currencies."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "year"
    with (shared / "year.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            run_headless(Options(scale=0.01, workspace=shared / "making"))
            (shared / "making").rename(folder)
    of = load_workspace(folder)
    store = engine.open_in_its_time(of.store_path)
    yield Question(store.db, profile.load(of), store.clock.now(), asked_by="otto", workspace="year")
    store.close()
