"""Secrets: from an environment variable, a mounted secret file outside the workspace, or the OS keyring.

They are read when a connection needs them and never stored, printed or put into an error.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from store.errors import FinsyncError

SECRET_BYTES_MAX = 64_000
FOLDER_VARIABLE = "FINSYNC_SECRETS_DIR"

Place = Literal["environment", "file", "keyring"]
Reader = Callable[[str], str]
"""Gives one system's secret by its name."""


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


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets of one workspace."""

    workspace_name: str
    workspace_path: Path

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

    def _from_file(self, system: str, name: str) -> str | None:
        folder = os.environ.get(FOLDER_VARIABLE)
        if not folder:
            return None
        root = Path(folder).resolve()
        if root == self.workspace_path or self.workspace_path in root.parents:
            raise SecretPlaceError(
                f"{FOLDER_VARIABLE} names a folder inside the workspace ({root}); backups and colleagues would get the "
                "secrets. Mount them somewhere else."
            )
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


def variable(system: str, name: str) -> str:
    """Return the environment variable a secret may be in.

    >>> variable("oracle-emea", "password")
    'FINSYNC_SECRET_ORACLE_EMEA_PASSWORD'
    """
    return "FINSYNC_SECRET_" + re.sub(r"[^A-Z0-9]", "_", f"{system}_{name}".upper())
