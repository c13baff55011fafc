"""Where a workspace lies and what its workspace.toml says.

A workspace is one folder: `workspace.toml`, the store `finsync.db`, optional own profile layers and extracts.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from store import files
from store.errors import FinsyncError
from store.wording import plain

FORMAT = 1
FILE_NAME = "workspace.toml"
STORE_NAME = "finsync.db"
FILE_BYTES_MAX = 1_000_000


class SettingsFileError(FinsyncError):
    """A configuration file can't be read or says something it may not."""

    code = "SETTINGS_FILE"
    exit_code = 2

    def __init__(self, path: Path, place: str, problem: str, remedy: str) -> None:
        super().__init__(f"{path}{f' at {place}' if place else ''}: {problem}. Nothing was changed. {remedy}")


class NoWorkspaceError(FinsyncError):
    """There is no workspace in that folder."""

    code = "NO_WORKSPACE"
    exit_code = 2

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"there is no finsync workspace in {path}. "
            "Make one with `finsync init`, try the product with `finsync demo`, or name another --workspace."
        )


class Workspace(BaseModel):
    """One workspace as configured; `path` is its folder."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    path: Path
    format: int = FORMAT
    name: str = Field(default="finsync", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    layers: tuple[str, ...] = Field(default=("shared",), min_length=1)
    group: str = ""
    is_durable: bool = Field(
        default=True, description="Wait for the disk at each commit; only a rehearsal may do without"
    )
    systems: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @property
    def store_path(self) -> Path:
        return self.path / STORE_NAME


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; what is wrong with it is said with file, line and remedy."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise SettingsFileError(
                path, "", "it is larger than 1 MB", "Configuration is small: is it the right file?"
            )
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsFileError(
            path, "", f"it is not valid TOML ({error})", "Correct that line and try again."
        ) from None
    except UnicodeDecodeError as error:
        raise SettingsFileError(
            path, f"byte {error.start}", "it is not UTF-8 text", "Save the file as UTF-8 and try again."
        ) from None
    except OSError as error:
        raise SettingsFileError(
            path,
            "",
            f"it can't be read ({error.strerror})",
            "Check that the file exists and its permissions.",
        ) from None


def validation_error(path: Path, error: ValidationError) -> SettingsFileError:
    """Word the first thing pydantic found as one sentence with its place."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return SettingsFileError(path, place, plain(first), "See docs/connect.md.")


def load_workspace(folder: Path) -> Workspace:
    """Read the workspace in `folder`."""
    path = folder.expanduser().resolve()
    file = path / FILE_NAME
    if not file.is_file():
        raise NoWorkspaceError(path)
    document = read_toml(file)
    found = document.get("format", FORMAT)
    if found != FORMAT:
        raise SettingsFileError(
            file,
            "format",
            f"format {found} is unknown to this version (it knows {FORMAT})",
            "Upgrade finsync.",
        )
    try:
        return Workspace.model_validate({**document, "path": path})
    except ValidationError as error:
        raise validation_error(file, error) from None


def create_workspace(
    folder: Path, *, name: str = "finsync", layers: tuple[str, ...] = ("shared",), group: str = ""
) -> Workspace:
    """Make a workspace folder with its workspace.toml. An existing one is never overwritten."""
    path = folder.expanduser().resolve()
    file = path / FILE_NAME
    if file.exists():
        raise SettingsFileError(file, "", "a workspace is there already", "Open it, or name an empty folder.")
    workspace = Workspace(path=path, name=name, layers=layers, group=group)
    files.prepare_folder(path, group or None)
    if not group:
        path.chmod(files.OWNER_FOLDER)
    import tomlkit  # only making a workspace writes TOML; every command would wait for it

    document = tomlkit.document()
    document.add(tomlkit.comment("A finsync workspace. What each line means: docs/connect.md"))
    for key, value in (("format", FORMAT), ("name", name), ("layers", list(layers)), ("group", group)):
        document[key] = value
    files.create_private(file, group or None)
    file.write_text(tomlkit.dumps(document), encoding="utf-8")
    return workspace
