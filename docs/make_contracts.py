"""Release the contracts of the faces that changed, and write the page that lists all fields of all contracts.

`make contracts` runs the tests that print JSON with `FINSYNC_LEARN`, then this with that folder. A file that was released is never
touched: what changed gets a new version, a minor one when it only adds, a major one with `--major` on purpose.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, Final

import jsonschema_rs

import adapters
import finsync_tui
import store
from docs import make_views
from docs.shapes import Schema, shape, undescribed, unsaid, widened
from finsync_tui import contracts
from finsync_tui.contracts import Kind
from store import memory_store
from store.canonical import event_types
from store.canonical.contracts import breaking_changes
from store.canonical.contracts import write_missing as write_entities
from store.canonical.deprecation import DEPRECATED, marked, unannounced
from store.case_classes import CASE_CLASSES, FINDING_CLASSES
from store.clock import SystemClock
from store.errors import FinsyncError

OWNER: Final[dict[Kind, str]] = {"command": "platform", "view": "platform", "codes": "platform"}
FREE: Final = re.compile(
    r"profile show|contract show|demo\..*|.*\.(evidence|detail|data|plans|receipt)|profile show --explain\[\]\.value|profile diff\[\]\.(one|other)"
    r"|policy diff\[\]\.(in_force|other)|audit log\[\]\.body|outbox show\.(body|edited_body)|.*\.value|explain\..*\.(decided|payload)"
)
"""Where anything may stand: what a system, a profile or a process says in its own words."""
MAPS: Final = re.compile(
    r".*\.(where|given|waits_for|amounts)|store info\.rows|status\.(flows|deliveries)|adapters list\[\]\.credentials_by"
    r"|supplier history\.versions\[\]\.fields"
)
"""Where keys are data: names of columns, flows, tables, currencies."""
KNOWN: Final = re.compile(
    r".*\.(id|seq|state|class|code|exit_code|message|name|table|policy|count|what|kind|at|place)"
)
"""What is never null where it stands."""
SQL_TYPES: Final = {"INTEGER": "integer", "TEXT": "string", "REAL": "number"}
CODES: Final = {
    "errors": "What ends a command: code, and the exit code that goes with it.",
    "exceptions": "Classes of what waits for a person.",
    "findings": "Classes of what was noticed and handled without a person.",
}


ERRORS: Final = Path(__file__).with_name("errors.md")
_MEANING: Final = re.compile(r"^\| `([A-Z_]+)` \|(?: \d \|)? ([^|]+?) \|", re.MULTILINE)
_LINK: Final = re.compile(r"\[([^\]]+)\]\([^)]+\)")
"""What a code means stands once, on the page that people read."""


class RefusedError(Exception):
    """A change breaks readers, and nobody was told or nobody said that it is meant."""


def views() -> dict[str, Schema]:
    """Return the schema of a row of each view: its columns, of which any may be null."""
    with memory_store(SystemClock()) as opened:
        return {
            name: {
                "description": f"A row of {name}.",
                "type": "object",
                "properties": {
                    row["name"]: _column(name, row["name"], row["type"])
                    for row in opened.db.execute(f"PRAGMA table_info({name})")
                },
            }
            for name in make_views.columns()
        }


def _column(view: str, name: str, declared: str) -> Schema:
    """Return what a column holds; of one that is computed SQLite declares no type."""
    said = {"description": make_views.meaning(view, name)}
    return said | ({"type": ["null", SQL_TYPES[declared]]} if declared in SQL_TYPES else {})


def codes() -> dict[str, Schema]:
    """Return the codes that the code uses, as the properties of an object."""
    errors = {one.code: {"const": one.exit_code} for one in error_classes()}
    errors |= {"OS": {"const": 1}, "DEFECT": {"const": 1}}
    page = _LINK.sub(r"\1", ERRORS.read_text(encoding="utf-8"))
    meanings = dict(_MEANING.findall(page))
    found: dict[str, Mapping[str, Schema]] = {
        "errors": errors,
        "exceptions": {name: {} for name in CASE_CLASSES},
        "findings": {name: {} for name in FINDING_CLASSES},
    }
    return {
        name: {
            "description": CODES[name],
            "type": "object",
            "properties": {code: {"description": meanings.get(code, ""), **of[code]} for code in sorted(of)},
        }
        for name, of in found.items()
    }


def error_classes() -> Iterator[type[FinsyncError]]:
    """Yield every error class of the program."""
    for package in (store, adapters, finsync_tui):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                import_module(module.name)
    todo: list[type[FinsyncError]] = [FinsyncError]
    while todo:
        found = todo.pop()
        todo += found.__subclasses__()
        if found.__module__.split(".")[0] in ("store", "adapters", "finsync_tui"):
            yield found


def commands(folder: Path) -> dict[str, Schema]:
    """Return what commands print, as far as what is released does not say it already."""
    seen: dict[str, list[object]] = defaultdict(list)
    for path in folder.glob("*.json"):
        told = json.loads(path.read_text(encoding="utf-8"))
        seen[told["face"]].append(told["answer"])
    made: dict[str, Schema] = {}
    refused = _refused(seen)
    for name, answers in sorted(seen.items()):
        released = contracts.released("command", name)
        newest = list(released.values())[-1] if released else {}
        if not newest or any(_differs(newest, answer) for answer in answers):
            learned = shape(answers, name, free=FREE, maps=MAPS, known=KNOWN)
            if {"done", "refused"} <= set(learned.get("properties", ())):
                learned["properties"]["refused"] = refused
            made[name] = {"description": _says(name), **unsaid(widened(learned, newest))}
    return made


def _refused(seen: Mapping[str, Sequence[object]]) -> Schema:
    """Return what actions say of what they did not do: all say it in one way, and few tests have each refuse something."""
    told = [
        one["refused"]
        for answers in seen.values()
        for one in answers
        if isinstance(one, dict) and "refused" in one
    ]
    return shape(told, "refused", known=KNOWN)


def _differs(schema: Schema, answer: object) -> bool:
    return not _validator(json.dumps(schema)).is_valid(answer) or any(undescribed(schema, answer))


@cache
def _validator(schema: str) -> Any:
    return jsonschema_rs.validator_for(json.loads(schema))


def _says(name: str) -> str:
    if name == "error":
        return "What any command prints when something is wrong."
    return f"What `finsync {name} --json` prints."


def release(kind: Kind, name: str, body: Schema, on: date, *, is_major: bool = False) -> Path | None:
    """Write a new version if it says something else than the last one; a change that breaks readers is refused.

    With `is_major` it is written, unless something goes that nobody was told of.
    """
    body = marked(body, DEPRECATED.get(f"{kind} {name}", ()))
    versions = contracts.released(kind, name)
    before = list(versions.values())[-1] if versions else None
    if before is None:
        version = "1.0"
    else:
        if _said(before) == body:
            return None
        major, minor = map(int, list(versions)[-1].split("."))
        broken = breaking_changes(before, body, is_only_told=True)
        if broken and not is_major:
            raise RefusedError(
                f"{kind} {name}: {'; '.join(broken)}. Nothing was written for it. If it has to be, announce it first "
                "(store/canonical/deprecation.py); then --major."
            )
        sudden = unannounced(before, body, on)
        if broken and sudden:
            raise RefusedError(
                f"{kind} {name}: nobody was told that {', '.join(sudden)} would go. Nothing was written for it."
            )
        version = f"{major + 1}.0" if broken else f"{major}.{minor + 1}"
    path = contracts.RELEASED / kind / f"{name.replace(' ', '.')}-{version}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:finsync:schema:{kind}:{name.replace(' ', '.')}:{version}",
        "x-owner": OWNER[kind],
    }
    path.write_text(json.dumps(head | body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _said(schema: Schema) -> Schema:
    return {name: part for name, part in schema.items() if name not in ("$schema", "$id", "x-owner")}


def main(arguments: list[str]) -> None:
    """Release what changed."""
    is_major, on = "--major" in arguments, SystemClock().now().date()
    folders = [Path(one) for one in arguments if not one.startswith("-")]
    made: list[tuple[Kind, dict[str, Schema]]] = [("view", views()), ("codes", codes())]
    made += [("command", commands(folder)) for folder in folders]
    written: list[Path | None] = []
    refused = []
    for kind, found in made:
        for name, body in found.items():
            try:
                written.append(release(kind, name, body, on, is_major=is_major))
            except RefusedError as error:
                refused.append(str(error))
    for path in [*written, *write_entities(), *event_types.write_missing()]:
        if path is not None:
            print(path.name)
    if refused:
        sys.exit("\n".join(refused))


if __name__ == "__main__":
    main(sys.argv[1:])
