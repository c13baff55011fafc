"""What the mapping screens show, read beside the event loop: tables, values without a rule, proposals.

Everything here runs in a reading thread and writes nothing. Texts that are shown have passed `safe_text`; rules stay as
they are beside them, because a person edits what is really there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from finsync_tui import actions, gaps, profile
from finsync_tui.mapping import MappingRow, Standing, history, standing, standings
from finsync_tui.mapping.standing import rows_of
from finsync_tui.mapping.targets import known_targets
from finsync_tui.releasing import MISSING
from finsync_tui.screens.mapping_rules import Origin
from finsync_tui.screens.text import safe_text
from store import proposals, rulesets

if TYPE_CHECKING:
    from sqlite3 import Connection

    from finsync_tui.profile import Profile
    from finsync_tui.settings import Workspace
    from store.proposals import Proposal

DECIDED_SHOWN = 500
"""The newest so many decided proposals are listed; a table's versions have them all."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One table as it is in force."""

    id: int
    name: str
    version: int
    row_count: int
    gap_count: int
    waiting_count: int
    maker: str
    """Empty: the profile's own table."""
    checker: str
    since: datetime | None
    is_signed: bool
    notes: tuple[str, ...]
    """What somebody should know: refused changes, a profile that says something else."""
    rules: tuple[MappingRow, ...]


@dataclass(frozen=True, slots=True)
class GapRow:
    """One value that documents carry and no rule is for."""

    id: int
    table: str
    scope: str
    value: str
    document_count: int
    amounts: Mapping[str, int]
    example: str


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """One change, and what became of it."""

    id: int
    table: str
    state: str
    maker: str
    made_at: datetime
    reason: str
    base_version: int
    version_now: int
    added: int
    removed: int
    starts_on: str
    decided_by: str
    decided_at: datetime | None
    decision: str
    became: int | None
    rule: str
    is_mine: bool

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def is_outdated(self) -> bool:
        """Whether the table changed since the change was made from it."""
        return self.is_open and self.base_version != self.version_now


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the Mappings screen lists."""

    mark: str
    me: str
    rule: str
    tables: tuple[TableRow, ...]
    gaps: tuple[GapRow, ...]
    waiting: tuple[ProposalRow, ...]
    decided: tuple[ProposalRow, ...]


def name_of(found: Profile, account: str) -> str:
    """Return what the profile calls the person with that account."""
    return actions.acting(found, "tui", os_account=account).name


def mark(db: Connection) -> str:
    """Return a text that changes whenever a table, a proposal or a missing rule does: cheap enough for each look."""
    changed = db.execute(
        "SELECT (SELECT count(*) || '/' || count(decided_at) FROM proposal), (SELECT count(*) FROM ruleset_version),"
        " (SELECT count(*) || '/' || coalesce(max(id), 0) FROM exception_case WHERE class=? AND ended_at IS NULL)",
        (MISSING,),
    ).fetchone()
    return " ".join(str(part) for part in changed)


def overview(db: Connection, workspace: Workspace, now: datetime, account: str) -> Overview:
    """Return what the Mappings screen lists."""
    found = profile.load(workspace)
    me = name_of(found, account)
    in_force = standings(db, found)
    missing = [_gap(number, one) for number, one in enumerate(gaps.gaps(db, found, now), 1)]
    changes = proposals.listed(db)
    rows = [_proposal(db, one, in_force, me) for one in _shown(changes)]
    return Overview(
        mark=mark(db),
        me=me,
        rule=found.mapping_rule,
        tables=tuple(
            _table(db, number, one, missing, changes) for number, one in enumerate(in_force.values(), 1)
        ),
        gaps=tuple(missing),
        waiting=tuple(one for one in rows if one.is_open),
        decided=tuple(one for one in reversed(rows) if not one.is_open),
    )


def _shown(changes: Sequence[Proposal]) -> list[Proposal]:
    decided = [one.id for one in changes if one.state != "open"]
    old = set(decided[:-DECIDED_SHOWN])
    return [one for one in changes if one.id not in old]


def _table(
    db: Connection, number: int, one: Standing, missing: Sequence[GapRow], changes: Sequence[Proposal]
) -> TableRow:
    recorded = rulesets.get(db, "mapping", one.name, one.version) if one.version else None
    return TableRow(
        id=number,
        name=safe_text(one.name, 64),
        version=one.version,
        row_count=len(one.rows),
        gap_count=sum(gap.table == one.name for gap in missing),
        waiting_count=sum(change.name == one.name and change.state == "open" for change in changes),
        maker=safe_text(one.proposal.maker, 60) if one.proposal else "",
        checker=safe_text(one.proposal.checker or "", 60)
        if one.proposal and one.proposal.rule == "two"
        else "",
        since=recorded.recorded_at if recorded else None,
        is_signed=one.is_signed,
        notes=tuple(notes(one)),
        rules=one.rows,
    )


def notes(one: Standing) -> list[str]:
    """Return what somebody should know about a table."""
    found = [safe_text(problem) for problem in one.problems]
    if one.layer_differs:
        found.append(
            "the profile's own table says something else by now; it waits until somebody proposes it"
        )
    if one.conflicts:
        values = ", ".join(safe_text(source, 40) for _, source in one.conflicts[:5])
        found.append(f"the profile's own table differs for {values}; what was applied here holds")
    return found


def _gap(number: int, gap: gaps.Gap) -> GapRow:
    return GapRow(
        number,
        gap.table,
        gap.scope,
        gap.value,
        gap.document_count,
        dict(sorted(gap.amounts.items())),
        safe_text(gap.example, 80),
    )


def _proposal(db: Connection, one: Proposal, in_force: Mapping[str, Standing], me: str) -> ProposalRow:
    known = in_force.get(one.name)
    base = rulesets.get(db, "mapping", one.name, one.base_version)
    made = history.change(rows_of(base.body) if base is not None else (), rows_of(one.body))
    return ProposalRow(
        id=one.id,
        table=one.name,
        state=one.state,
        maker=safe_text(one.maker, 60),
        made_at=one.made_at,
        reason=safe_text(one.reason, 2_000),
        base_version=one.base_version,
        version_now=known.version if known is not None else 0,
        added=len(made.added),
        removed=len(made.removed),
        starts_on=one.effective_from or "",
        decided_by=safe_text(one.checker or "", 60),
        decided_at=one.decided_at,
        decision=safe_text(one.decision or "", 2_000),
        became=one.version,
        rule=one.rule,
        is_mine=one.maker == me,
    )


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table with everything that is needed to look at it and to change it."""

    name: str
    version: int
    rules: tuple[MappingRow, ...]
    origins: tuple[Origin, ...]
    targets: Mapping[str, str]
    """What the ERPs know in the place this table is for, with names; empty: nothing was read."""
    companies: Mapping[str, str]
    missing: tuple[GapRow, ...]
    notes: tuple[str, ...]
    rule: str
    me: str


def sheet(db: Connection, workspace: Workspace, name: str, now: datetime, account: str) -> Sheet:
    """Return one table as it is in force; a name without a table is an empty one that can be begun."""
    found = profile.load(workspace)
    known = standing(db, found, name) or Standing(name, (), "profile", None, is_signed=False, version=0)
    return Sheet(
        name=name,
        version=known.version,
        rules=known.rows,
        origins=tuple(_origin(one) for one in history.origins(db, known)),
        targets={
            safe_text(code, 200): safe_text(title, 80)
            for code, title in known_targets(db, found, name).items()
        },
        companies={number: safe_text(setup.name, 60) for number, setup in found.legal_entities.items()},
        missing=tuple(_gap(n, one) for n, one in enumerate(gaps.gaps(db, found, now, name), 1)),
        notes=tuple(notes(known)),
        rule=found.mapping_rule,
        me=name_of(found, account),
    )


def _origin(one: history.Origin) -> Origin:
    made = one.proposal
    return Origin(
        one.version,
        one.since,
        safe_text(made.maker, 60) if made else "",
        safe_text(made.checker or "", 60) if made and made.rule == "two" else "",
    )
