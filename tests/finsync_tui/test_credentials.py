"""Where secrets come from, and that they stay out of what people see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring.backend
import keyring.backends.fail
import keyring.errors
import pytest

from finsync_tui.credentials import SecretMissingError, SecretPlaceError, Secrets


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring that lives as long as a test."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError(username)


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secrets]:
    """The secrets of a workspace beside an empty keyring."""
    monkeypatch.delenv("FINSYNC_SECRETS_DIR", raising=False)
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring())
    yield Secrets("books", tmp_path / "workspace")
    keyring.set_keyring(before)


def test_the_environment_goes_before_file_and_keyring(
    secrets: Secrets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Headless use overrides what a person once typed in."""
    secrets.set("coupa", "client_secret", "from keyring")
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    (mounted / "coupa.client_secret").write_text("from file\n")

    found = [secrets.find("coupa", "client_secret")]
    monkeypatch.setenv("FINSYNC_SECRETS_DIR", str(mounted))
    found.append(secrets.find("coupa", "client_secret"))
    monkeypatch.setenv("FINSYNC_SECRET_COUPA_CLIENT_SECRET", "from environment")
    found.append(secrets.find("coupa", "client_secret"))

    assert found == [("keyring", "from keyring"), ("file", "from file"), ("environment", "from environment")]


def test_a_missing_secret_says_how_to_set_it(secrets: Secrets) -> None:
    """All three ways are named, for exactly this secret."""
    with pytest.raises(SecretMissingError) as caught:
        secrets.get("oracle-emea", "password")

    for part in (
        "finsync secrets set oracle-emea password",
        "FINSYNC_SECRET_ORACLE_EMEA_PASSWORD",
        "oracle-emea.password",
    ):
        assert part in str(caught.value)


def test_secret_files_inside_the_workspace_are_refused(
    secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup of the workspace must not carry credentials."""
    inside = secrets.workspace_path / "secrets"
    inside.mkdir(parents=True)
    monkeypatch.setenv("FINSYNC_SECRETS_DIR", str(inside))

    with pytest.raises(SecretPlaceError, match="inside the workspace"):
        secrets.get("coupa", "client_id")


def test_two_workspaces_do_not_share_secrets(secrets: Secrets) -> None:
    """Test and production keep theirs apart in one keyring."""
    secrets.set("coupa", "client_id", "test's")

    assert Secrets("other", secrets.workspace_path).find("coupa", "client_id") is None


def test_a_removed_secret_is_gone(secrets: Secrets) -> None:
    """Removing says whether there was one."""
    secrets.set("coupa", "client_id", "x")

    answers = [secrets.remove("coupa", "client_id"), secrets.remove("coupa", "client_id")]

    assert answers == [True, False]


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of mounted secrets outside the workspace."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    monkeypatch.setenv("FINSYNC_SECRETS_DIR", str(folder))
    return folder


def test_a_renewed_secret_is_kept_where_it_is_found_next(
    secrets: Secrets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the keyring; in headless use as a file that nobody else may read, with nothing left beside it."""
    places = [secrets.put("concur", "session", "first")]
    found = [secrets.get("concur", "session")]
    folder = tmp_path / "mounted"
    folder.mkdir()
    monkeypatch.setenv("FINSYNC_SECRETS_DIR", str(folder))
    for value in ("second", "third"):
        places.append(secrets.put("concur", "session", value))
        found.append(secrets.get("concur", "session"))

    assert ["keyring", "file", "file"] == places
    assert ["first", "second", "third"] == found
    assert ["concur.session"] == [path.name for path in folder.iterdir()]
    assert 0o600 == (folder / "concur.session").stat().st_mode & 0o777


def test_a_renewed_secret_that_the_environment_hides_is_refused(
    secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would be put could never be found again, so it is said before anything is lost."""
    monkeypatch.setenv("FINSYNC_SECRET_CONCUR_SESSION", "from environment")

    with pytest.raises(SecretPlaceError, match="can't be rewritten") as caught:
        secrets.put("concur", "session", "renewed")

    assert "FINSYNC_SECRET_CONCUR_SESSION" in str(caught.value)
    assert "renewed" not in str(caught.value)


def _refuse(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_a_read_only_mount_is_no_place_for_a_renewed_secret(
    secrets: Secrets, mounted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file there would hide the keyring, so it stops; without one the keyring keeps the secret."""
    monkeypatch.setattr("finsync_tui.credentials.tempfile.mkstemp", _refuse)

    place = secrets.put("concur", "session", "renewed")
    (mounted / "concur.session").write_text("mounted")
    with pytest.raises(SecretPlaceError, match="can't be rewritten") as caught:
        secrets.put("concur", "session", "lost")

    assert "keyring" == place
    assert "mounted" == secrets.get("concur", "session")
    assert "lost" not in str(caught.value)


def test_without_any_place_a_renewed_secret_is_refused_with_the_remedy(
    secrets: Secrets, mounted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container with read-only secrets and no keyring is told to mount a writable folder."""
    monkeypatch.setattr("finsync_tui.credentials.tempfile.mkstemp", _refuse)
    keyring.set_keyring(keyring.backends.fail.Keyring())

    with pytest.raises(SecretPlaceError, match="kept nowhere"):
        secrets.put("concur", "session", "renewed")


def test_a_write_that_fails_leaves_the_old_secret(
    secrets: Secrets, mounted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk in the middle of a write costs neither the old secret nor leaves half of the new one."""
    secrets.put("concur", "session", "old")
    monkeypatch.setattr("finsync_tui.credentials.os.fsync", _refuse)

    with pytest.raises(SecretPlaceError, match="The old one was kept"):
        secrets.put("concur", "session", "new")

    assert "old" == secrets.get("concur", "session")
    assert ["concur.session"] == [path.name for path in mounted.iterdir()]
