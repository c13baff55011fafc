"""Secrets: from an environment variable, a mounted secret file outside the workspace, or the OS keyring.

They are read when a connection needs them and never stored in the workspace, printed or put into an error. A
secret that a system changes with use (a rotating refresh token) is put back where it will be found next.
"""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from store.errors import FinsyncError

SECRET_BYTES_MAX = 64_000
FOLDER_VARIABLE = "FINSYNC_SECRETS_DIR"

Place = Literal["environment", "file", "keyring"]


class SecretMissingError(FinsyncError):
    """A secret that a connection needs is nowhere to be found."""

    code = "SECRET_MISSING"
    exit_code = 2

    def __init__(self, system: str, name: str, keyring_problem: str = "") -> None:
        super().__init__(
            f"the secret {name!r} of {system} is not set"
            + (f" (the keyring could not be asked: {keyring_problem})" if keyring_problem else "")
            + f". Set it with `finsync secrets set {system} {name}`, in the environment variable "
            f"{variable(system, name)}, or as the file {system}.{name} in the folder that {FOLDER_VARIABLE} names."
        )


class SecretPlaceError(FinsyncError):
    """The secret can't be kept or read where it should be."""

    code = "SECRET_PLACE"
    exit_code = 2


def is_inside(folder: Path, workspace: Path) -> bool:
    """Say whether a folder lies in a workspace, or is it."""
    return folder == workspace or workspace in folder.parents


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets of one workspace."""

    workspace_name: str
    workspace_path: Path
    own_folder: Path | None = None
    """The folder that this workspace names for its secrets, before the one that the environment names."""

    def get(self, system: str, name: str) -> str:
        """Return the secret, from the first place that has it. Raises SecretMissingError."""
        found = self.find(system, name)
        if found is None:
            raise SecretMissingError(system, name)
        return found[1]

    def find(self, system: str, name: str) -> tuple[Place, str] | None:
        """Return where the secret is and the secret."""
        if value := os.environ.get(variable(system, name)):
            return "environment", value
        if (value := self._from_file(system, name)) is not None:
            return "file", value
        if (value := self._from_keyring(system, name)) is not None:
            return "keyring", value
        return None

    def set(self, system: str, name: str, value: str) -> None:
        """Keep the secret in the OS keyring."""
        import keyring
        import keyring.errors

        try:
            keyring.set_password(self._service, f"{system}.{name}", value)
        except keyring.errors.KeyringError as error:
            raise SecretPlaceError(
                f"the OS keyring did not take the secret ({error}). Nothing was stored. On a machine without a "
                f"keyring use the environment variable {variable(system, name)} or {FOLDER_VARIABLE}."
            ) from None

    def put(self, system: str, name: str, value: str) -> Place:
        """Keep a secret that a system gave us where `find` looks first, whole or not at all.

        The mounted folder goes before the keyring, as it does when secrets are read. Raises SecretPlaceError, and
        then what was kept before is still there.
        """
        if os.environ.get(variable(system, name)):
            raise SecretPlaceError(
                f"{system} renews its secret {name!r} by itself, but the environment variable {variable(system, name)} "
                "stands before every other place and can't be rewritten. Nothing was stored. Unset it, and keep this "
                f"secret in the keyring or as a writable file in the folder that {FOLDER_VARIABLE} names."
            )
        root = self._folder()
        if root is None:
            try:
                self.set(system, name, value)
            except SecretPlaceError:
                raise SecretPlaceError(
                    f"{system} renews its secret {name!r} by itself, but there is no usable keyring to keep it in. Nothing "
                    f"was stored. Name a writable folder outside the workspace as {FOLDER_VARIABLE}."
                ) from None
            return "keyring"
        file = root / f"{system}.{name}"
        try:
            _replace(file, value)
        except OSError as error:
            if file.exists():
                raise SecretPlaceError(
                    f"{system} renews its secret {name!r} by itself, but {file} can't be rewritten "
                    f"({error.strerror or type(error).__name__}). The old one was kept. Mount the folder that "
                    f"{FOLDER_VARIABLE} names so that finsync may write to it, or take this one file out of it and "
                    "let the keyring hold it."
                ) from None
        else:
            return "file"
        try:
            self.set(system, name, value)
        except SecretPlaceError:
            raise SecretPlaceError(
                f"{system} renews its secret {name!r} by itself, but it can be kept nowhere: {root} is not writable "
                f"and there is no usable keyring. Nothing was stored. Mount a writable folder as {FOLDER_VARIABLE}."
            ) from None
        return "keyring"

    def remove(self, system: str, name: str) -> bool:
        """Take the secret out of the keyring; return whether it was there."""
        import keyring
        import keyring.errors

        try:
            keyring.delete_password(self._service, f"{system}.{name}")
        except keyring.errors.PasswordDeleteError:
            return False
        except keyring.errors.KeyringError as error:
            raise SecretPlaceError(
                f"the OS keyring could not be asked ({error}). Nothing was removed."
            ) from None
        return True

    @property
    def _service(self) -> str:
        return f"finsync:{self.workspace_name}"

    def _folder(self) -> Path | None:
        """Return the folder of mounted secrets, if one is named."""
        folder = self.own_folder or os.environ.get(FOLDER_VARIABLE)
        if not folder:
            return None
        root = Path(folder).resolve()
        if is_inside(root, self.workspace_path):
            raise SecretPlaceError(
                f"{'secrets_dir' if self.own_folder else FOLDER_VARIABLE} names a folder inside the workspace ({root}); backups and colleagues would get the "
                "secrets. Mount them somewhere else."
            )
        return root

    def _from_file(self, system: str, name: str) -> str | None:
        root = self._folder()
        if root is None:
            return None
        file = root / f"{system}.{name}"
        try:
            if not file.is_file():
                return None
            if file.stat().st_size > SECRET_BYTES_MAX:
                raise SecretPlaceError(f"the secret file {file} is larger than {SECRET_BYTES_MAX} bytes.")
            return file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise SecretPlaceError(
                f"the secret file {file} can't be read ({type(error).__name__})."
            ) from None

    def _from_keyring(self, system: str, name: str) -> str | None:
        import keyring
        import keyring.errors

        try:
            return keyring.get_password(self._service, f"{system}.{name}")
        except keyring.errors.NoKeyringError:
            return None
        except keyring.errors.KeyringError as error:
            raise SecretMissingError(system, name, str(error)) from None


def _replace(file: Path, value: str) -> None:
    """Write a file of our own eyes only beside the old one, then put it in its place in one step."""
    handle, beside = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # 0600 from the start
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(value)
            stream.flush()
            os.fsync(stream.fileno())
        Path(beside).replace(file)
    except BaseException:
        with suppress(OSError):
            Path(beside).unlink()
        raise
    _sync_folder(file.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut, where folders can be opened at all."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def variable(system: str, name: str) -> str:
    """Return the environment variable a secret may be in.

    >>> variable("oracle-emea", "password")
    'FINSYNC_SECRET_ORACLE_EMEA_PASSWORD'
    """
    return "FINSYNC_SECRET_" + re.sub(r"[^A-Z0-9]", "_", f"{system}_{name}".upper())
