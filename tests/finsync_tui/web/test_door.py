"""The command: where it listens, what it says when something is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from finsync_tui.cli import run
from finsync_tui.settings import create_workspace
from finsync_tui.web.door import ClosedDoorError, door


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = create_workspace(tmp_path / "w").path
    with (path / "workspace.toml").open("a") as file:
        file.write('[systems.coupa]\nbase_url = "http://127.0.0.1:9"\n')
    return path


def test_other_machines_are_let_in_only_on_purpose(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An address that others can reach is refused without --expose, before anything is started."""
    code = run(["web", "--host", "0.0.0.0", "--workspace", str(folder)])

    assert 2 == code
    assert "0.0.0.0 can be reached from other machines. Nothing was started." in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--host", "0.0.0.0", "--expose"],
        ["--host", "192.168.1.4", "--expose", "--public-url", "http://finsync.example"],
        ["--public-url", "http://finsync.example"],
    ],
    ids=["to-all", "by-a-plain-name", "behind-a-plain-proxy"],
)
def test_passphrases_never_travel_in_plain_text(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
) -> None:
    """Where people sign in, an address beyond this machine is refused unless a proxy encrypts; nothing is started."""
    started: list[object] = []
    monkeypatch.setattr("finsync_tui.web.server.serve", lambda *args, **named: started.append(args))
    office = create_workspace(tmp_path / "office", layers=("own",)).path
    (office / "profiles" / "own").mkdir(parents=True)
    (office / "profiles" / "own" / "profile.toml").write_text(
        '[people.tom]\nweb_login = "tom"\nroles = ["approver"]\n', encoding="utf-8"
    )

    code = run(["web", *arguments, "--workspace", str(office)])

    said = capsys.readouterr().err
    assert (2, []) == (code, started)
    assert "passphrases would travel unencrypted. Nothing was started." in said
    assert "--public-url https://" in said


def test_a_missing_part_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra there is one sentence, not a traceback."""
    monkeypatch.setitem(sys.modules, "finsync_tui.web.server", None)

    code = run(["web", "--workspace", str(folder)])

    said = capsys.readouterr().err
    assert 2 == code
    assert "pip install 'finsync[web]'" in said


def test_behind_a_proxy_only_its_name_counts() -> None:
    """Cookies travel encrypted there, and this machine's own names are not answered to."""
    way_in = door("127.0.0.1", 8087, "https://finsync.example")

    way_in.check_name("finsync.example")
    way_in.check_origin("https://finsync.example")
    with pytest.raises(ClosedDoorError):
        way_in.check_name("127.0.0.1:8087")
    with pytest.raises(ClosedDoorError):
        way_in.check_origin("http://finsync.example")
    assert way_in.address.startswith("https://finsync.example/?token=")


def test_each_start_has_a_token_of_its_own_and_does_not_print_it() -> None:
    """Neither in a traceback nor in a log."""
    one, other = door("127.0.0.1", 1), door("127.0.0.1", 1)

    assert one.token != other.token
    assert one.session != one.token
    assert one.token not in repr(one)
    assert one.session not in repr(one)
