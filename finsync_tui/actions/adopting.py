"""What has to be changed so that a source has the target's value, and whether it may be. Pure, but for looking up a record.

The ownership matrix decides: only a value whose master is the target may be adopted. Each field's definition says how its
source is told; what was decided here is stored anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from sqlite3 import Connection
from typing import Any, Final

from finsync_tui.flows.break_adoption import OWN, changed_record
from finsync_tui.profile import Profile
from finsync_tui.profile.reconciliation import FieldSetup, Reconciliation
from store import records
from store.breaks import Break, FieldDifference
from store.canonical.contracts import CONTRACTS
from store.canonical.keys import RecordKey
from store.columns import encode

_WORDS: Final[Mapping[str, bool]] = {"true": True, "false": False}


def plan(db: Connection, profile: Profile, one: Break) -> str | dict[str, Any]:
    """Return what would be changed where, as JSON values; or, as text, why nothing may be."""
    definition = profile.reconciliations.get(one.definition)
    if definition is None:
        return f"the profile has no definition {one.definition!r} any more"
    if one.kind not in ("field", "status_lag") or one.source_id is None:
        return f"it has no value to adopt ({one.kind.replace('_', ' ')})"
    system = _source_of(one)
    fields = {field.name: field for field in definition.fields}
    changes = []
    for difference in one.fields:
        field = fields.get(difference.field)
        if field is None:
            return f"{one.definition} compares no {difference.field} any more"
        change = _change(profile, definition, one, system, field, difference)
        if isinstance(change, str):
            return change
        changes.append(change)
    if system == OWN:
        problem = _does_not_hold(db, definition, one, changes)
        if problem is not None:
            return problem
    return {
        "break": one.id,
        "definition": one.definition,
        "fingerprint": one.fingerprint,
        "system": system,
        "entity": definition.source.entity,
        "external_id": one.source_id,
        "document": one.document_number,
        "changes": changes,
    }


def body_of(planned: Mapping[str, Any]) -> str:
    """Return what people sign: which record of which system gets which value."""
    return encode(planned).decode()


def told(one: Break) -> str:
    """Say which values would be adopted."""
    return ", ".join(f"{f.field} {f.target}" for f in one.fields)


def _change(
    profile: Profile,
    definition: Reconciliation,
    one: Break,
    system: str,
    field: FieldSetup,
    difference: FieldDifference,
) -> str | dict[str, Any]:
    path = field.path_of("source")
    name = f"{definition.source.entity}.{path}"
    master = profile.ownership.get(name) or profile.ownership.get(definition.source.entity)
    if master is None:
        return (
            f'the profile does not say who is master of {name}. `[ownership]` with "{name}" = '
            f'"{one.target_system}" lets its value count; `finsync breaks explain N --reason ...` settles the difference as it stands'
        )
    if master not in one.target_system.split("+"):
        return f"{master} is master of {name}, so the value of {one.target_system} is not adopted"
    if difference.target is None:
        return f"{one.target_system} says nothing of {difference.field}"
    value = _source_word(field, difference.target)
    before = None if difference.source is None else _source_word(field, difference.source)
    if value is None:
        return f"{difference.target!r} is more than one word of {system}; set {difference.field} there"
    if system == OWN:
        if "." in path or field.take != "one" or field.kind == "money":
            return f"{difference.field} is made of several values; it can't be adopted as one"
        return {"field": path, "body": {"value": _typed(value)}}
    if field.adopt is None:
        return f"nothing says how {system} is told its {difference.field}; correct it there, then read both sides again"
    name = field.adopt.field
    body = {name: _typed(value), "before": {name: None if before is None else _typed(before)}}
    return {"field": path, "operation": field.adopt.operation, "body": body}


def _source_of(one: Break) -> str:
    """Return the one system of the source's side whose record it is."""
    systems = one.source_system.split("+")
    if len(systems) == 1 or one.document_key is None:
        return systems[0]
    named = RecordKey.parse(one.document_key).system
    return named if named in systems else systems[0]


def _source_word(field: FieldSetup, common: str) -> str | None:
    """Return what the source calls it; None: it has more than one word for it."""
    own = [word for word, shared in field.source_values.items() if shared == common]
    if not own:
        return common
    return own[0] if len(own) == 1 else None


def _typed(value: str) -> str | bool:
    return _WORDS.get(value, value)


def _does_not_hold(
    db: Connection, definition: Reconciliation, one: Break, changes: list[dict[str, Any]]
) -> str | None:
    held = records.get(db, CONTRACTS[definition.source.entity], OWN, str(one.source_id))
    if held is None:
        return f"nothing is stored here of {one.source_id} any more"
    values = {change["field"]: change["body"]["value"] for change in changes}
    if changed_record(held.record, values) is None:
        return f"what was decided here would not hold together with {told(one)}"
    return None
