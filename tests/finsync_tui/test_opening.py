"""`finsync tui` opened without the command line: what it understands by itself, and what it leaves alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from finsync_tui import opening
from finsync_tui.opening import Opening
from finsync_tui.screens import app
from finsync_tui.settings import Workspace, create_workspace
from store.errors import StoreError


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace, and a terminal to open it on."""
    monkeypatch.delenv("FINSYNC_WORKSPACE", raising=False)
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    return create_workspace(tmp_path / "w")


def test_the_plain_ways_of_opening_are_understood(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A named folder, in any order with reading only, or the folder of the environment."""
    folder = str(workspace.path)

    assert Opening(workspace, False) == opening.understood(["tui", "--workspace", folder])
    assert Opening(workspace, True) == opening.understood(["tui", "--read-only", "--workspace", folder])
    monkeypatch.setenv("FINSYNC_WORKSPACE", folder)
    assert Opening(workspace, True) == opening.understood(["tui", "--read-only"])


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["status"],
        ["tui", "--help"],
        ["tui", "--read-onyl"],
        ["tui", "--workspace"],
        ["tui", "--workspace", "--read-only"],
        ["tui", "--workspace", "/nowhere/at/all"],
    ],
)
def test_everything_else_is_left_to_the_command_line(workspace: Workspace, arguments: list[str]) -> None:
    """Help, slips and missing workspaces are answered where they are answered for every command."""
    assert opening.understood(arguments) is None


def test_without_a_terminal_the_command_line_says_what_to_use_instead(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe shows no screen."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)

    assert opening.understood(["tui", "--workspace", str(workspace.path)]) is None


def test_what_goes_wrong_ends_like_any_other_command(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A code, a sentence and an exit code, no traceback."""

    def fail(*_: object, **__: object) -> None:
        raise StoreError("the disk is gone. Nothing was changed.")

    monkeypatch.setattr(app, "run", fail)

    assert opening.run(Opening(workspace, False)) == 1
    assert f"error {StoreError.code}: the disk is gone. Nothing was changed." in capsys.readouterr().err
