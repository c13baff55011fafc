"""Extensions as contracts: their JSON Schema, the version in force, and what a later version may not do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from finsync_tui.extensions.model import ExtensionField, ExtensionSetup

_TYPES: Final[Mapping[str, Mapping[str, Any]]] = {
    "text": {"type": "string"},
    "code": {"type": "string"},
    "decimal": {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
    "date": {"type": "string", "format": "date"},
    "boolean": {"type": "boolean"},
    "money": {
        "type": "object",
        "properties": {
            "amount_minor": {"type": "integer", "description": "Whole minor units"},
            "currency": {"type": "string", "description": "ISO 4217"},
        },
        "required": ["amount_minor", "currency"],
        "additionalProperties": False,
    },
}  # fmt: skip


def in_force(versions: Iterable[ExtensionSetup]) -> dict[str, ExtensionSetup]:
    """Return the newest version of each extension, by name."""
    return {one.name: one for one in sorted(versions, key=lambda one: (one.name, one.order))}


def schema(setup: ExtensionSetup) -> dict[str, Any]:
    """Return the JSON Schema of what a record keeps under the extension's name."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:finsync:schema:extension:{setup.name}:{setup.version}",
        "x-contract": f"{setup.name}/{setup.version}",
        "x-owner": setup.owner,
        "x-extends": setup.entity,
        "description": setup.description,
        "type": "object",
        "properties": {name: _field(one) for name, one in sorted(setup.fields.items())},
        "required": sorted(name for name, one in setup.fields.items() if one.is_required),
        "additionalProperties": False,
    }


def _field(one: ExtensionField) -> dict[str, Any]:
    return {
        "description": one.meaning,
        "x-kind": one.kind,
        **_TYPES[one.kind],
        **({"enum": sorted(one.codes)} if one.codes else {}),
        **({"pattern": f"^(?:{one.pattern})$"} if one.pattern else {}),
    }


def breaches(versions: Iterable[ExtensionSetup]) -> Iterator[tuple[ExtensionSetup, str]]:
    """Yield which version of an extension breaks an earlier one, and how: only a new major version may."""
    from store.canonical.contracts import (
        breaking_changes,
    )  # all shapes there are: loaded where extensions are compared

    of: dict[str, list[ExtensionSetup]] = {}
    for one in sorted(versions, key=lambda one: (one.name, one.order)):
        of.setdefault(one.name, []).append(one)
    for known in of.values():
        for old, new in pairwise(known):
            if old.order[0] != new.order[0]:
                continue
            if old.entity != new.entity:
                yield new, f"it extends {new.entity}, and {old.version} extended {old.entity}"
            for what in breaking_changes(schema(old), schema(new)):
                yield new, f"{what}: a reader of {old.version} would stumble over it"
