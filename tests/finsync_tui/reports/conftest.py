"""A company's year, read once for all tests here."""

from __future__ import annotations

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
    folder = tmp_path_factory.mktemp("year") / "w"
    run_headless(Options(scale=0.01, workspace=folder))
    of = load_workspace(folder)
    store = engine.open_in_its_time(of.store_path)
    yield Question(store.db, profile.load(of), store.clock.now(), asked_by="otto", workspace="year")
    store.close()
