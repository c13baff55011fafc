"""Which values a table's target knows: for completing what is typed, and for a warning about what is not there.

Taken from the account combinations and cost centres that were read from the ERP. Where none were read, nothing is known and
nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection

from finsync_tui.mapping.editing import Remark
from finsync_tui.mapping.resolve import SAME
from finsync_tui.profile import LegalEntitySetup, MappingRow, Profile

NATURAL_TABLES = ("expense_account", "tax_account", "owed_tax_account")
"""Tables whose targets are natural accounts, whatever segment they stand in for."""


def known_targets(db: Connection, profile: Profile, table: str, scope: str = "") -> dict[str, str]:
    """Return the values that the ERPs of these companies (one, those of a region, or all) know in the place this table is for,
    with their names."""
    found: dict[str, str] = {}
    for number, setup in profile.legal_entities.items():
        if scope in ("", number, profile.regions.get(number)):
            for segment in sorted(_segments(setup, table)):
                found |= _values(db, setup, segment)
    return dict(sorted(found.items()))


def unknown_targets(db: Connection, profile: Profile, table: str, rows: Sequence[MappingRow]) -> list[Remark]:
    """Return a warning for each row whose target no ERP of its scope knows."""
    cache: dict[str, dict[str, str]] = {}
    found: list[Remark] = []
    for number, row in enumerate(rows, 1):
        target = row.target if row.target != SAME else ("" if "*" in row.source else row.source)
        if not target:
            continue
        known = cache.get(row.scope)
        if known is None:
            known = cache[row.scope] = known_targets(db, profile, table, row.scope)
        if known and target not in known:
            found.append(Remark("warn", number, unknown(target, row.scope)))
    return found


def unknown(target: str, scope: str) -> str:
    """Say that a value is not there, as far as anybody knows."""
    place = f"the ERP of {scope}" if scope else "any ERP"
    return f"{target} is not known in {place}, as far as it was read"


def _segments(setup: LegalEntitySetup, table: str) -> set[str]:
    """Return the names of the segments of a company that this table fills."""
    found = {segment.name for segment in setup.segments if segment.table == table}
    if setup.expense is not None:
        found |= {name for name, one in setup.expense.tables.items() if one == table}
        if table in NATURAL_TABLES:
            found.add(setup.expense.account_segment)
    if setup.invoice is not None and table in ("tax_account", "owed_tax_account"):
        found.add(setup.invoice.account_segment)
    return found


def _values(db: Connection, setup: LegalEntitySetup, segment: str) -> dict[str, str]:
    place = next((i for i, one in enumerate(setup.segments) if one.name == segment), None)
    if place is None:
        return {}
    rows = db.execute(
        "SELECT DISTINCT json_extract(v.body, ?) FROM record r JOIN record_version v ON v.id=r.version_id"
        " WHERE r.entity='account_combination' AND r.system=?",
        (f"$.segments[{place}]", setup.target),
    )
    found = {str(value): "" for (value,) in rows if value}
    if segment == "cost_centre":
        named = db.execute(
            "SELECT r.number, json_extract(v.body, '$.name') FROM record r JOIN record_version v ON v.id=r.version_id"
            " WHERE r.entity='cost_centre' AND r.system=?",
            (setup.target,),
        )
        found |= {str(number): str(name or "") for number, name in named}
    return found
