"""Adapters, one folder a system: found by folder or by entry point, imported when used.

A third party's package names its folder under the entry point group `finsync.adapters`; such a folder has
the same files as ours and its `manifest.toml` is read without importing it.
"""

from __future__ import annotations

import sys
import tomllib
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from pydantic import BaseModel, ValidationError

# httpx has a command line, which brings rich and pygments along: a quarter of what importing httpx costs. Said to be
# absent, it is left out, as it is where those packages are not installed.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

from adapters.base import Connect, Manifest  # noqa: E402
from adapters.errors import SettingsError  # noqa: E402

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINT_GROUP = "finsync.adapters"
MANIFEST_FILE = "manifest.toml"

_HERE = Path(__file__).parent


class AdapterModule(Protocol):
    """What an adapter package exports."""

    MANIFEST: Manifest
    Options: type[BaseModel]
    connect: Connect


def names() -> list[str]:
    """Return the names of all adapters there are, ours first come by folder."""
    return sorted({*_folders(), *_installed()})


def manifest(name: str) -> Manifest:
    """Read an adapter's manifest without importing the adapter."""
    path = _folder(name) / MANIFEST_FILE
    try:
        return Manifest.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise SettingsError(name, f"the manifest {path} cannot be read: {error}") from None


@cache
def load(name: str) -> AdapterModule:
    """Import one adapter."""
    from adapters.libraries import keep_quiet  # brings logging along: whoever only reads manifests needs none

    keep_quiet()
    _folder(name)
    module = f"{__name__}.{name}" if _is_ours(name) else _installed()[name].value.partition(":")[0]
    return cast("AdapterModule", import_module(module))


def _folders() -> list[str]:
    """Return our own adapters: folders with a manifest. `_template` can be loaded, but is no system."""
    return [
        path.parent.name for path in sorted(_HERE.glob(f"*/{MANIFEST_FILE}")) if path.parent.name[0] != "_"
    ]


def _is_ours(name: str) -> bool:
    return name.isidentifier() and (_HERE / name / MANIFEST_FILE).is_file()


@cache
def _installed() -> dict[str, EntryPoint]:
    from importlib.metadata import (
        entry_points,
    )  # looks through all that is installed: whoever uses ours only need not

    return {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}


def _folder(name: str) -> Path:
    if _is_ours(name):
        return _HERE / name
    point = _installed().get(name)
    spec = find_spec(point.value.partition(":")[0]) if point else None
    if spec is None or spec.origin is None:
        raise SettingsError(name, f"there is no such adapter. There are: {', '.join(names())}")
    return Path(spec.origin).parent
