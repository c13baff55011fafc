"""A workspace's own keys: `keys.toml` beside workspace.toml, one line a key.

    "queue.retry" = "f5"
    "table.down" = "j,down,n"

What stands before the = is the id that the help shows; what stands behind it takes the place of its keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

from textual.binding import Binding

FILE_NAME = "keys.toml"


def read(folder: Path) -> dict[str, str]:
    """Return the keys by id; no file is no keys. Raises SettingsFileError."""
    from finsync_tui.settings import SettingsFileError, read_toml

    path = folder / FILE_NAME
    if not path.exists():
        return {}
    found: dict[str, str] = {}
    for name, keys in _flat(read_toml(path)).items():
        if not isinstance(keys, str) or not keys.strip():
            raise SettingsFileError(path, name, 'keys are text, like "f5,ctrl+r"', "See docs/tour.md.")
        found[name] = keys.replace(" ", "")
    return found


def unknown(keys: Mapping[str, str], known: set[str]) -> list[str]:
    """Return what no key has, each with the nearest that there is.

    >>> unknown({"queue.retri": "f5"}, {"queue.retry", "queue.edit"})
    ['queue.retri (did you mean queue.retry?)']
    """
    found = []
    for name in sorted(keys.keys() - known):
        near = get_close_matches(name, known, n=1)
        found.append(f"{name} (did you mean {near[0]}?)" if near else name)
    return found


def known() -> set[str]:
    """Return the ids of all keys of the workbench. Imports every screen: not before somebody asks."""
    import finsync_tui.screens as package

    found: set[str] = set()
    for module in walk_packages(package.__path__, f"{package.__name__}."):
        for kind in vars(import_module(module.name)).values():
            bindings = vars(kind).get("BINDINGS", ()) if isinstance(kind, type) else ()
            found |= {one.id for one in bindings if isinstance(one, Binding) and one.id}
    return found


def _flat(table: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """`queue.retry = "f5"` without quotation marks is a table of a table: it means the same."""
    found: dict[str, object] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found
