"""Values that documents carry and no mapping table has a rule for, the most expensive first.

A stuck document names only the first value that is missing. Here each is decided again with tables that note what they
lack and go on, so that a second missing value shows before the first is mended. Nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from sqlite3 import Connection
from typing import Final

from finsync_tui.flows.registry import FLOWS
from finsync_tui.flows.steps import Context, Facts
from finsync_tui.governance.dated import current
from finsync_tui.impact import STEP
from finsync_tui.mapping import NOTHING, Given, Match, Table
from finsync_tui.mapping.conditions import Where
from finsync_tui.mapping.standing import Standing, standings
from finsync_tui.profile import Profile
from finsync_tui.releasing import missing
from store import cases, workflows
from store.canonical.currency import exponent

DOCUMENTS_MAX: Final = 20_000
"""Stuck documents that are decided again one by one; of the rest only the first missing value is known."""

Missing = tuple[str, str, str, Where]
"""Table, scope, value, and what the table's other columns ask about."""


@dataclass(slots=True)
class Gap:
    """One value without a rule."""

    table: str
    scope: str
    value: str
    given: Where = ()
    """What documents have in the table's other columns."""
    document_count: int = 0
    amounts: Counter[str] = field(default_factory=Counter)
    """Minor units by currency, of whole documents."""
    example: str = ""
    """Number of a document that carries it."""

    @property
    def weight(self) -> Decimal:
        """Its largest amount in whole units: for sorting, not for adding up."""
        return max(
            (Decimal(abs(a)).scaleb(-exponent(c)) for c, a in self.amounts.items()), default=Decimal(0)
        )


class _Noting(Table):
    """A table that notes what it lacks, and passes the value on."""

    def find(self, value: str, *, scope: str, on: date, given: Given = NOTHING) -> Match | None:
        match = super().find(value, scope=scope, on=on, given=given)
        if match is None:
            self.__dict__.setdefault("lacking", set()).add((self.name, scope, value, self.asked(given)))
            return Match(self.name, self.version, 0, value, value, given)
        return match

    def taken(self) -> set[Missing]:
        found: set[Missing] = self.__dict__.pop("lacking", set())
        return found


def gaps(db: Connection, profile: Profile, now: datetime, table: str | None = None) -> list[Gap]:
    """Return what is missing, in all tables or in one."""
    in_force = standings(db, profile)
    noting = {
        name: _Noting(name, one.version, one.rows, one.regions)
        for name, one in in_force.items()
        if name in _of_segments(profile)
    }
    tables = {**{name: one.table for name, one in in_force.items()}, **noting}
    facts = Facts(profile, tables, "", "", current(db, profile, now.date()))
    found: dict[Missing, Gap] = {}
    for count, (case_id, name, value, scope, given) in enumerate(missing(db)):
        case = cases.get(db, case_id)
        if case is None:
            continue
        asked = in_force[name].table.asked(given) if name in in_force else ()
        lacking: set[Missing] = {(name, scope, value, asked)}
        if case.workflow_id is not None and count < DOCUMENTS_MAX:
            lacking |= _lacking(db, facts, noting, case.workflow_id, now)
        for key in lacking:
            gap = found.setdefault(key, Gap(*key))
            gap.document_count += 1
            gap.example = gap.example or case.document_number
            if case.amount_minor is not None and case.currency is not None:
                gap.amounts[case.currency] += case.amount_minor
    wanted = [
        gap for gap in found.values() if table in (None, gap.table) and not _has_rule(in_force, gap, now)
    ]
    return sorted(
        wanted,
        key=lambda gap: (-gap.weight, -gap.document_count, gap.table, gap.scope, gap.value, gap.given),
    )


def _has_rule(in_force: Mapping[str, Standing], gap: Gap, now: datetime) -> bool:
    known = in_force.get(gap.table)
    if known is None:
        return False
    return known.table.find(gap.value, scope=gap.scope, on=now.date(), given=dict(gap.given)) is not None


def _lacking(
    db: Connection, facts: Facts, noting: Mapping[str, _Noting], workflow_id: int, now: datetime
) -> set[Missing]:
    workflow = workflows.get(db, workflow_id)
    if workflow is None or workflow.step != STEP or workflow.legal_entity not in facts.profile.legal_entities:
        return set()
    step = FLOWS[workflow.flow].steps(workflow.kind).get(STEP)
    if step is None:
        return set()
    step(Context(db, now, facts, workflow, dict(workflow.data), is_trial=True))
    return {one for table in noting.values() for one in table.taken()}


def _of_segments(profile: Profile) -> set[str]:
    """Return the tables that must have a rule for every value: those that fill a segment."""
    found: set[str] = set()
    for setup in profile.legal_entities.values():
        found |= {segment.table for segment in setup.segments if segment.table}
        if setup.expense is not None:
            found |= set(setup.expense.tables.values())
    return found
