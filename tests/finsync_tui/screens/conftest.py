"""One filled store a session; each test works on a copy of its own."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from math import inf
from pathlib import Path

import pytest
import textual.app
from textual import pilot
from textual.screen import Screen

from finsync_tui.screens import app as workbench
from finsync_tui.screens import text
from finsync_tui.settings import Workspace, load_workspace
from tests.finsync_tui.screens import (
    break_store,
    filled_store,
    mapping_store,
    policy_store,
    supplier_store,
    write_off_store,
)
from tests.finsync_tui.screens.driving import in_thread, paint_at_rest, until_idle


@pytest.fixture
def anyio_backend() -> str:
    """Textual runs on asyncio."""
    return "asyncio"


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same picture on every machine."""
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setenv("FINSYNC_ASCII", "0")
    for name in ("NO_COLOR", "TEXTUAL_THEME", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _no_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing happens because time passes: a test says when the store is looked at again."""
    monkeypatch.setattr(pilot, "wait_for_idle", until_idle)
    monkeypatch.setattr(textual.app, "wait_for_idle", until_idle)
    monkeypatch.setattr(Screen, "_compositor_refresh", paint_at_rest)
    monkeypatch.setattr(asyncio.BaseEventLoop, "run_in_executor", in_thread)
    for name in ("POLL_S", "TICK_S", "RETRY_S", "PROGRESS_S"):
        monkeypatch.setattr(workbench, name, inf)


@pytest.fixture(autouse=True)
def _plain_numbers() -> Iterator[None]:
    """A person's format of numbers and times ends with their test."""
    text.use(text.Format())
    yield
    text.use(text.Format())


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled_store.filled(tmp_path_factory.mktemp("screens") / "finsync.db")


@pytest.fixture
def filled(_template: Path, tmp_path: Path) -> Path:
    """A busy afternoon: 30 live exceptions, 76 workflows, 106 deliveries, three systems."""
    path = tmp_path / "finsync.db"
    shutil.copy(_template, path)
    return path


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A store in which nothing happened yet."""
    return filled_store.empty(tmp_path / "finsync.db")


@pytest.fixture
def worked(filled: Path) -> Path:
    """The same afternoon after the engine and two people have left traces in the audit log."""
    return filled_store.worked(filled)


@pytest.fixture
def workspace(filled: Path, tmp_path: Path) -> Workspace:
    """The same afternoon in a workspace whose profile knows its systems."""
    return filled_store.workspace(filled, tmp_path / "w")


@pytest.fixture
def broken(filled: Path, tmp_path: Path) -> Workspace:
    """The same afternoon with seven breaks, four comparisons, and two companies' periods to close."""
    return break_store.workspace(filled, tmp_path / "w")


@pytest.fixture
def shared_out(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The same breaks in a company with people; maria and tom have their keys."""
    monkeypatch.setenv("FINSYNC_SECRETS_DIR", str(mapping_store.keys(tmp_path / "keys", "maria", "tom")))
    return write_off_store.workspace(filled, tmp_path / "w")


@pytest.fixture
def books(empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A company with a supplier twice, a merge and two changes of bank details; maria and tom have their keys."""
    monkeypatch.setenv("FINSYNC_SECRETS_DIR", str(mapping_store.keys(tmp_path / "keys", "maria", "tom")))
    return supplier_store.workspace(empty, tmp_path / "w")


@pytest.fixture(scope="session")
def _ruled_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return policy_store.workspace(tmp_path_factory.mktemp("policies") / "w").path


@pytest.fixture
def ruled(_ruled_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A company with policies; maria and tom have their keys."""
    shutil.copytree(_ruled_template, tmp_path / "w")
    monkeypatch.setenv("FINSYNC_SECRETS_DIR", str(mapping_store.keys(tmp_path / "keys", "maria", "tom")))
    return load_workspace(tmp_path / "w")


@pytest.fixture(scope="session")
def _mapped_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mapping_store.workspace(tmp_path_factory.mktemp("mappings") / "w").path


@pytest.fixture
def mapped(_mapped_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A company whose tables lack values; maria and tom have their keys."""
    shutil.copytree(_mapped_template, tmp_path / "w")
    monkeypatch.setenv("FINSYNC_SECRETS_DIR", str(mapping_store.keys(tmp_path / "keys", "maria", "tom")))
    return load_workspace(tmp_path / "w")
