"""What others than the owner can read of a workspace."""

from __future__ import annotations

import grp
import os
from pathlib import Path

import pytest

from finsync_tui.openness import open_files
from finsync_tui.settings import Workspace


def _file(path: Path, mode: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x", encoding="utf-8")
    path.chmod(mode)
    return path


def test_store_copies_exports_and_secrets_that_others_can_read_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with the mode that closes it; what is closed, configuration and links are no news."""
    monkeypatch.delenv("FINSYNC_SECRETS_DIR", raising=False)
    books, secrets = tmp_path / "books", tmp_path / "secrets"
    names = ("backups/old.db", "export.csv", "finsync.db-shm", "finsync.db-wal")
    expected = [_file(books / name, 0o644) for name in names] + [
        _file(secrets / "coupa.client_secret", 0o640)
    ]
    for closed in (books / "finsync.db", secrets / "coupa.client_id"):
        _file(closed, 0o600)
    for harmless in ("workspace.toml", "keys.toml", "profiles/own/profile.toml"):
        _file(books / harmless, 0o644)
    (books / "link.csv").symlink_to(_file(tmp_path / "elsewhere", 0o644))

    found = open_files(Workspace(path=books, secrets_dir=secrets))

    assert sorted(expected) == sorted(one.path for one in found)
    assert {0o600} == {one.closed for one in found}


def test_a_shared_workspaces_group_may_read_all_but_the_secrets(tmp_path: Path) -> None:
    """Others still may not, nor another group."""
    books, secrets = tmp_path / "books", tmp_path / "secrets"
    _file(books / "finsync.db", 0o660)
    _file(books / "export.csv", 0o664)
    _file(secrets / "coupa.client_secret", 0o660)
    group = grp.getgrgid(os.getgid()).gr_name

    found = open_files(Workspace(path=books, secrets_dir=secrets, group=group))

    assert [("export.csv", 0o660), ("coupa.client_secret", 0o600)] == [
        (one.path.name, one.closed) for one in found
    ]
