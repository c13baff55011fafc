"""Profiles to start from: copied into a new workspace as a layer of its own, where they are edited. Nobody's address is in them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tomlkit

from finsync_tui.profile.overlay import FILE_NAME, shipped
from finsync_tui.settings import FILE_NAME as WORKSPACE_FILE
from finsync_tui.settings import Workspace
from store.errors import FinsyncError

FOLDER: Final = "starting"
LAYER: Final = "own"
LAYERS: Final = ("shared", "controls", LAYER)
_EXTRACTS: Final = "extracts"
_ABOUT: Final = re.compile(r"^# A profile to start from: (.+)$", re.MULTILINE)


class UnknownStartError(FinsyncError):
    """No profile to start from has that name."""

    code = "START_UNKNOWN"
    exit_code = 2

    def __init__(self, name: str) -> None:
        known = ", ".join(one.name for one in starts())
        super().__init__(f"there is no profile {name!r} to start from. Nothing was made. There are: {known}.")


@dataclass(frozen=True, slots=True)
class Start:
    """One profile to start from."""

    name: str
    about: str
    folder: Path


def starts() -> list[Start]:
    """Return the profiles that come with finsync to start from, by name."""
    found = []
    for folder in sorted((shipped() / FOLDER).iterdir()):
        about = _ABOUT.search((folder / FILE_NAME).read_text(encoding="utf-8"))
        found.append(Start(folder.name, about.group(1).rstrip(".") if about else "", folder))
    return found


def find(name: str) -> Start:
    """Return the profile of that name. Raises UnknownStartError."""
    for one in starts():
        if one.name == name:
            return one
    raise UnknownStartError(name)


def copy_into(workspace: Workspace, start: Start, addresses: Mapping[str, str]) -> None:
    """Copy a profile into a workspace that was just made, and note where its systems are."""
    layer = workspace.path / "profiles" / LAYER
    shutil.copytree(start.folder, layer, ignore=shutil.ignore_patterns(_EXTRACTS))
    if (start.folder / _EXTRACTS).is_dir():
        shutil.copytree(start.folder / _EXTRACTS, workspace.path / _EXTRACTS)
    if addresses:
        file = workspace.path / WORKSPACE_FILE
        document = tomlkit.parse(file.read_text(encoding="utf-8"))
        document["systems"] = {name: {"base_url": url} for name, url in addresses.items()}
        file.write_text(tomlkit.dumps(document), encoding="utf-8")


def systems_of(start: Start) -> list[str]:
    """Return the systems whose addresses its user has to name."""
    own = tomlkit.parse((start.folder / FILE_NAME).read_text(encoding="utf-8")).unwrap()
    below = tomlkit.parse((shipped() / "shared" / FILE_NAME).read_text(encoding="utf-8")).unwrap()
    return sorted({*own.get("systems", {}), *below.get("systems", {})})
