"""Where a workspace lies and what its workspace.toml says.

A workspace is one folder: `workspace.toml`, the store `finsync.db`, optional own profile layers and extracts. These few lines
are checked by hand: every command reads them first, and the workbench before its first paint.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from store import files
from store.errors import FinsyncError

FORMAT = 1
FILE_NAME = "workspace.toml"
STORE_NAME = "finsync.db"
FILE_BYTES_MAX = 1_000_000
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_TEXT = "a text is needed"


class SettingsFileError(FinsyncError):
    """A configuration file can't be read or says something it may not."""

    code = "SETTINGS_FILE"
    exit_code = 2

    def __init__(self, path: Path, place: str, problem: str, remedy: str, *, line: int | None = None) -> None:
        self.path, self.line = path, line
        self.place, self.problem, self.remedy = place, problem, remedy
        spot = f"{f' line {line}' if line else ''}{f' at {place}' if place else ''}"
        super().__init__(f"{path}{spot}: {problem}. Nothing was changed. {remedy}")


class NoWorkspaceError(FinsyncError):
    """There is no workspace in that folder."""

    code = "NO_WORKSPACE"
    exit_code = 2

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"there is no finsync workspace in {path}. "
            "Make one with `finsync init`, try the product with `finsync demo`, or name another --workspace."
        )


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """One workspace as configured; `path` is its folder."""

    path: Path
    format: int = FORMAT
    name: str = "finsync"
    layers: tuple[str, ...] = ("shared",)
    group: str = ""
    is_durable: bool = True
    """Wait for the disk at each commit; only a rehearsal may do without."""
    secrets_dir: Path | None = None
    """A folder outside the workspace in which its secrets lie as files."""
    systems: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def store_path(self) -> Path:
        return self.path / STORE_NAME


def default_folder() -> Path:
    """Return where the workspace lies when nobody says: in the user's data folder."""
    import platformdirs

    return Path(platformdirs.user_data_dir("finsync"))


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; what is wrong with it is said with file, line and remedy."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise SettingsFileError(
                path, "", "it is larger than 1 MB", "Configuration is small: is it the right file?"
            )
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except RecursionError:
        raise SettingsFileError(
            path, "", "it is nested more deeply than any configuration", "Is it the right file?"
        ) from None
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


def wrong_with(document: Mapping[str, Any]) -> tuple[str, str]:
    """Return the place of the first thing that is wrong with a workspace's settings, and the end of a sentence about it."""
    for key, value in document.items():
        place, problem = _wrong(key, value)
        if problem:
            return place, problem
    return "", ""


def _wrong(key: str, value: Any) -> tuple[str, str]:
    match key, value:
        case ("name", str()) if not _NAME.fullmatch(value):
            return key, "up to 64 letters, digits and . _ - are possible, the first a letter or digit"
        case ("name" | "group" | "secrets_dir", str()) | ("is_durable", bool()) | ("format", _):
            return key, ""
        case ("name" | "group" | "secrets_dir", _):
            return key, _TEXT
        case ("is_durable", _):
            return key, "true or false is needed"
        case ("layers", []):
            return key, "at least 1 is needed"
        case ("layers", list()):
            bad = [number for number, layer in enumerate(value) if not isinstance(layer, str)]
            return (f"{key}.{bad[0]}", _TEXT) if bad else (key, "")
        case ("layers", _):
            return key, "a list is needed"
        case ("systems", dict()):
            tables = [name for name, system in value.items() if not isinstance(system, dict)]
            return (f"{key}.{tables[0]}", "a table is needed") if tables else (key, "")
        case ("systems", _):
            return key, "a table is needed"
    return key, "there is no such setting"


def load_workspace(folder: Path) -> Workspace:
    """Read the workspace in `folder`."""
    path = folder.expanduser().resolve()
    file = path / FILE_NAME
    if not file.is_file():
        raise NoWorkspaceError(path)
    document = read_toml(file)
    found = document.get("format", FORMAT)
    if not isinstance(found, int) or isinstance(found, bool):
        raise SettingsFileError(file, "format", "a whole number is needed", f"Write `format = {FORMAT}`.")
    if found != FORMAT:
        raise SettingsFileError(
            file,
            "format",
            f"format {found} is unknown to this version (it knows {FORMAT})",
            "Upgrade finsync.",
        )
    place, problem = wrong_with(document)
    if problem:
        raise SettingsFileError(file, place, problem, "See docs/connect.md.")
    for needed in ("format", "layers"):  # without them it may be anything, also a file that lost its content
        if needed not in document:
            raise SettingsFileError(
                file, needed, "it is missing", "Write what `finsync init` writes there; see docs/connect.md."
            )
    document["layers"] = tuple(document["layers"])
    if "secrets_dir" in document:
        document["secrets_dir"] = Path(document["secrets_dir"]).expanduser()
    return Workspace(path=path, **document)


def create_workspace(
    folder: Path, *, name: str = "finsync", layers: tuple[str, ...] = ("shared",), group: str = ""
) -> Workspace:
    """Make a workspace folder with its workspace.toml. An existing one is never overwritten.

    A folder that is there stays as open or closed as it is: it belongs to whoever made it.
    """
    path = folder.expanduser().resolve()
    file = path / FILE_NAME
    if file.exists():
        raise SettingsFileError(file, "", "a workspace is there already", "Open it, or name an empty folder.")
    workspace = Workspace(path=path, name=name, layers=layers, group=group)
    if path.exists():
        _may_become_one(path, group)
    files.prepare_folder(path, group or None)
    import tomlkit  # only making a workspace writes TOML; every command would wait for it

    document = tomlkit.document()
    document.add(tomlkit.comment("A finsync workspace. What each line means: docs/connect.md"))
    for key, value in (("format", FORMAT), ("name", name), ("layers", list(layers)), ("group", group)):
        document[key] = value
    files.create_private(file, group or None)
    file.write_text(tomlkit.dumps(document), encoding="utf-8")
    return workspace


def too_open(workspace: Workspace) -> str:
    """Return who else may look into a workspace's folder, as a sentence with its remedy; empty: nobody."""
    mode = stat.S_IMODE(workspace.path.stat().st_mode)
    allowed = 0o770 if workspace.group else 0o700
    if os.name != "posix" or not mode & 0o777 & ~allowed:
        return ""
    who = f"group {workspace.group}" if workspace.group else "you"
    return f"Others can look into {workspace.path} ({mode & 0o777:o}): chmod {allowed:o} lets in only {who}."


def _may_become_one(path: Path, group: str) -> None:
    """Refuse what is no folder, holds other things, or is not shared as it would have to be."""
    if not path.is_dir():
        raise SettingsFileError(path, "", "it is no folder", "Name an empty folder, or a new one.")
    others = sorted(one.name for one in path.iterdir() if not _is_ours(one.name))
    if others:
        raise SettingsFileError(
            path,
            "",
            f"the folder holds other things ({', '.join(others[:3])}{', ...' if len(others) > 3 else ''})",
            "Name an empty folder, or a new one.",
        )
    if group and not files.is_shared_folder(path, group):
        raise SettingsFileError(
            path,
            "",
            f"the folder is not shared with group {group}",
            f"Share it (chgrp {group}, chmod 2770), or name a new folder.",
        )


def _is_ours(name: str) -> bool:
    """Whether a file may be there before the workspace: hidden, or a part of one."""
    return name.startswith((".", STORE_NAME)) or name in ("profiles", "extracts", "keys.toml")
