"""What a side's rows look up in the store: who a supplier is in the other system, and which document a record was made from."""

from __future__ import annotations

from sqlite3 import Connection
from typing import Final

from finsync_tui.profile import Profile
from finsync_tui.profile.reconciliation import FieldSetup, Reconciliation
from finsync_tui.reconcile.rows import Builder
from store import crossrefs, records
from store.canonical.keys import RecordKey
from store.comparison import Role, Row

NUMBER: Final = "number "
"""How a value begins that nobody is known by: the number as it stands there."""


def builder(
    db: Connection, definition: Reconciliation, role: Role, system: str, other: str, profile: Profile
) -> Builder:
    """Return what makes a side's rows; links are looked up in the store."""

    def resolve(link: FieldSetup, value: str, owner: str) -> str:
        by = link.source_by if role == "source" else link.target_by
        if by == "number":
            known = [e for s, e in records.by_number(db, str(link.entity), value) if s == system]
            value = known[0] if known else f"{NUMBER}{value}"
        key = f"{system}:{value}"
        setup = profile.legal_entities.get(owner)
        if role == "target" or setup is None:
            return key
        twin = crossrefs.get(db, str(link.entity), key, setup.target)
        return key if twin is None else f"{setup.target}:{twin.external_id}"

    def twin(entity: str, external_id: str) -> str | None:
        return crossrefs.find(db, entity, system, external_id)

    return Builder(definition, role, system, other, profile, resolve, twin)


def is_linked(db: Connection, link: FieldSetup, source: str, target: str, row: Row) -> bool:
    """Say whether two keys are one thing: linked since the rows were made, in whichever direction."""
    entity = str(link.entity)
    for one, other in ((source, target), (target, source)):
        key = RecordKey.parse(other) if ":" in other else None
        if key is None:
            continue
        found = crossrefs.get(db, entity, one, key.system)
        if found is not None and found.external_id == key.external_id:
            return True
    return False
