"""What the mapping screens show, read beside the event loop: tables, values without a rule, proposals.

Everything here runs in a reading thread and writes nothing. Texts that are shown have passed `safe_text`; rules stay as
they are beside them, because a person edits what is really there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from finsync_tui import actions, gaps, profile
from finsync_tui.impact import Impact, impact
from finsync_tui.mapping import MappingRow, Standing, Table, history, standing, standings
from finsync_tui.mapping.conditions import Where
from finsync_tui.mapping.standing import maker_refusal, rows_of
from finsync_tui.mapping.targets import known_targets
from finsync_tui.screens import mapping_drawing
from finsync_tui.screens.change_rows import ProposalRow, row_of, shown
from finsync_tui.screens.mapping_rules import Origin
from finsync_tui.screens.missing import MissingRule
from finsync_tui.screens.text import safe_text
from store import proposals, rulesets
from store.canonical.currency import comparable_sql
from store.causes import WAITS_FOR_RULE

if TYPE_CHECKING:
    from sqlite3 import Connection

    from finsync_tui.actions import Actor
    from finsync_tui.profile import Profile
    from finsync_tui.settings import Workspace
    from store.proposals import Proposal

DOCUMENTS_SHOWN = 12
VALUES_MAX = 2_000
LIKELY_MIN = 3
"""Shorter codes are in nearly every value."""
LIKELY_SHOWN = 3


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
    proposal: int = 0
    """The open proposal that has a rule for it; 0: none."""
    given: Where = ()
    """What documents have in the table's other columns."""


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


def name_of(found: Profile, person: Actor) -> str:
    """Return what the profile calls this person."""
    return actions.known_now(found, person).name


def mark(db: Connection) -> str:
    """Return a text that changes whenever a table, a proposal or a missing rule does: cheap enough for each look."""
    changed = db.execute(
        "SELECT (SELECT count(*) || '/' || count(decided_at) FROM proposal), (SELECT count(*) FROM ruleset_version),"  # noqa: S608
        f" (SELECT count(*) || '/' || coalesce(max(id), 0) FROM exception_case WHERE {WAITS_FOR_RULE} AND ended_at IS NULL)",
    ).fetchone()
    return " ".join(str(part) for part in changed)


def overview(
    db: Connection, workspace: Workspace, now: datetime, person: Actor, *, with_gaps: bool = True
) -> Overview:
    """Return what the Mappings screen lists; without the values that have no rule it is there at once."""
    found = profile.load(workspace)
    me = name_of(found, person)
    in_force = standings(db, found)
    changes = proposals.listed(db)
    lacking = _lacking(gaps.gaps(db, found, now) if with_gaps else [], changes, found.regions, now.date())
    rows = [_proposal(db, one, in_force, me) for one in shown(changes)]
    return Overview(
        mark=mark(db) if with_gaps else "",
        me=me,
        rule=found.mapping_rule,
        tables=tuple(
            _table(db, number, one, lacking, changes) for number, one in enumerate(in_force.values(), 1)
        ),
        gaps=tuple(lacking),
        waiting=tuple(one for one in rows if one.is_open),
        decided=tuple(one for one in reversed(rows) if not one.is_open),
    )


def _table(
    db: Connection, number: int, one: Standing, lacking: Sequence[GapRow], changes: Sequence[Proposal]
) -> TableRow:
    recorded = rulesets.get(db, "mapping", one.name, one.version) if one.version else None
    return TableRow(
        id=number,
        name=safe_text(one.name, 64),
        version=one.version,
        row_count=len(one.rows),
        gap_count=sum(gap.table == one.name for gap in lacking),
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
    if one.emergency is not None:
        found.append(safe_text(one.emergency.words, 300))
    if one.layer_differs:
        found.append(
            "the profile's own table says something else by now; it waits until somebody proposes it"
        )
    if one.conflicts:
        values = ", ".join(safe_text(source, 40) for _, source in one.conflicts[:5])
        found.append(f"the profile's own table differs for {values}; what was applied here holds")
    return found


def _lacking(
    found: Sequence[gaps.Gap], changes: Sequence[Proposal], regions: Mapping[str, str], today: date
) -> list[GapRow]:
    """Return the values without a rule, each with the open proposal that has one."""
    proposed = _proposed(changes, regions)
    return [
        GapRow(
            number,
            gap.table,
            gap.scope,
            gap.value,
            gap.document_count,
            dict(sorted(gap.amounts.items())),
            safe_text(gap.example, 80),
            _waiting(proposed, MissingRule(gap.table, gap.value, gap.scope, gap.given), today),
            gap.given,
        )
        for number, gap in enumerate(found, 1)
    ]


def _proposed(changes: Sequence[Proposal], regions: Mapping[str, str]) -> list[Table]:
    """Return tables as open proposals would make them, each with the proposal's number as its version."""
    return [Table(one.name, one.id, rows_of(one.body), regions) for one in changes if one.state == "open"]


def _waiting(proposed: Sequence[Table], rule: MissingRule, today: date) -> int:
    return next(
        (
            table.version
            for table in proposed
            if table.name == rule.table
            and table.find(rule.value, scope=rule.scope, on=today, given=dict(rule.given)) is not None
        ),
        0,
    )


def waiting_proposal(db: Connection, workspace: Workspace, rule: MissingRule, now: datetime) -> int:
    """Return the open proposal that has a rule which is waited for; 0: nobody has proposed one."""
    proposed = _proposed(proposals.listed(db), profile.load(workspace).regions)
    return _waiting(proposed, rule, now.date())


@dataclass(frozen=True, slots=True)
class GapDossier:
    """What helps to write the rule for a value."""

    documents: tuple[tuple[str, int | None, str | None], ...]
    """Number, amount and currency, the largest first."""
    likely: tuple[tuple[str, str], ...]
    """Targets that the value contains, with their names."""


def gap(db: Connection, workspace: Workspace, row: GapRow) -> GapDossier:
    """Return the documents that wait for a value, and what it may mean."""
    found = db.execute(
        f"SELECT document_number, amount_minor, currency FROM exception_case WHERE {WAITS_FOR_RULE} AND ended_at IS NULL"  # noqa: S608
        " AND evidence->>'table'=? AND evidence->>'value'=? AND coalesce(evidence->>'scope', '')=?"
        f" ORDER BY abs(coalesce({comparable_sql()}, 0)) DESC, id LIMIT ?",
        (row.table, row.value, row.scope, DOCUMENTS_SHOWN),
    ).fetchall()
    known = known_targets(db, profile.load(workspace), row.table, row.scope)
    likely = [code for code in known if code == row.value or (len(code) >= LIKELY_MIN and code in row.value)]
    return GapDossier(
        tuple(
            (safe_text(number, 80), minor, safe_text(currency, 3) or None)
            for number, minor, currency in found
        ),
        tuple((safe_text(code, 60), safe_text(known[code], 80)) for code in likely[:LIKELY_SHOWN]),
    )


def _proposal(db: Connection, one: Proposal, in_force: Mapping[str, Standing], me: str) -> ProposalRow:
    known = in_force.get(one.name)
    base = rulesets.get(db, "mapping", one.name, one.base_version)
    made = history.change(rows_of(base.body) if base is not None else (), rows_of(one.body))
    changed = mapping_drawing.counted(len(made.added), len(made.removed))
    return row_of(one, known, changed, me)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table with everything that is needed to look at it and to change it."""

    mark: str
    name: str
    version: int
    rules: tuple[MappingRow, ...]
    origins: tuple[Origin, ...]
    targets: Mapping[str, str]
    """What the ERPs know in the place this table is for, with names; empty: nothing was read."""
    company_targets: Mapping[str, frozenset[str]]
    """The same by company."""
    companies: Mapping[str, str]
    missing: tuple[GapRow, ...]
    notes: tuple[str, ...]
    profile: Profile
    me: str

    @property
    def rule(self) -> str:
        return self.profile.mapping_rule

    def known_in(self, scope: str) -> frozenset[str]:
        """Return what the ERPs of one company, of a region, or of all companies know."""
        regions = self.profile.regions
        known = (
            values
            for company, values in self.company_targets.items()
            if scope in ("", company, regions.get(company))
        )
        return frozenset().union(*known)


def sheet(db: Connection, workspace: Workspace, name: str, now: datetime, person: Actor) -> Sheet:
    """Return one table as it is in force; a name without a table is an empty one that can be begun."""
    found = profile.load(workspace)
    known = standing(db, found, name) or Standing(name, (), "profile", None, is_signed=False, version=0)
    return Sheet(
        mark=mark(db),
        name=name,
        version=known.version,
        rules=known.rows,
        origins=tuple(_origin(one) for one in history.origins(db, known)),
        targets={
            safe_text(code, 200): safe_text(title, 80)
            for code, title in known_targets(db, found, name).items()
        },
        company_targets={
            number: frozenset(safe_text(code, 200) for code in known_targets(db, found, name, number))
            for number in found.legal_entities
        },
        companies={number: safe_text(setup.name, 60) for number, setup in found.legal_entities.items()},
        missing=_waited_for(db, known, now.date()),
        notes=tuple(notes(known)),
        profile=found,
        me=name_of(found, person),
    )


def _waited_for(db: Connection, known: Standing, today: date) -> tuple[GapRow, ...]:
    """Return the values that documents wait for in this table, the most awaited first, by what their exceptions say."""
    found = db.execute(
        "SELECT coalesce(evidence->>'scope', '') AS scope, evidence->>'value' AS value, count(*) AS documents,"  # noqa: S608
        f" max(document_number) AS example FROM exception_case WHERE {WAITS_FOR_RULE} AND ended_at IS NULL AND evidence->>'table'=?"
        " AND evidence->>'value' IS NOT NULL GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT ?",
        (known.name, VALUES_MAX),
    ).fetchall()
    return tuple(
        GapRow(number, known.name, scope, value, documents, {}, safe_text(example, 80))
        for number, (scope, value, documents, example) in enumerate(found, 1)
        if known.table.find(value, scope=scope, on=today) is None
    )


def _origin(one: history.Origin) -> Origin:
    made = one.proposal
    return Origin(
        one.version,
        one.since,
        safe_text(made.maker, 60) if made else "",
        safe_text(made.checker or "", 60) if made and made.rule == "two" else "",
    )


def rows_at(db: Connection, name: str, version: int) -> tuple[MappingRow, ...] | None:
    """Return the rules of a recorded version; None: there is none."""
    return history.rows_at(db, name, version)


def impact_of(
    db: Connection, workspace: Workspace, name: str, rows: Sequence[MappingRow], now: datetime
) -> Impact:
    """Return what these rules would change if they came into force now."""
    return impact(db, profile.load(workspace), name, rows, now)


@dataclass(frozen=True, slots=True)
class ProposalDossier:
    """One change with the tables before and after it."""

    row: ProposalRow
    base: tuple[MappingRow, ...]
    rows: tuple[MappingRow, ...]
    in_force: tuple[MappingRow, ...]
    problem: str
    """Why it is not what its maker signed; empty: it is."""
    replaces: int | None


def proposal(
    db: Connection, workspace: Workspace, number: int, now: datetime, person: Actor
) -> ProposalDossier | None:
    """Return everything about one proposal; None: there is none."""
    found = profile.load(workspace)
    one = proposals.get(db, number)
    if one is None or one.kind != "mapping":
        return None
    in_force = standings(db, found)
    known = in_force.get(one.name)
    problem = (
        maker_refusal(found, proposals.store_id(db), one)
        if one.state == "open" and found.mapping_rule == "two"
        else None
    )
    return ProposalDossier(
        row=_proposal(db, one, in_force, name_of(found, person)),
        base=history.rows_at(db, one.name, one.base_version) or (),
        rows=rows_of(one.body),
        in_force=known.rows if known is not None else (),
        problem=safe_text(problem or ""),
        replaces=one.replaces,
    )


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One recorded version of a table."""

    version: int
    recorded_at: datetime
    row_count: int
    added: int
    removed: int
    maker: str
    """Empty: the profile's own table, or several changes brought together."""
    checker: str
    reason: str
    comment: str
    is_in_force: bool
    rules: tuple[MappingRow, ...]


def versions(db: Connection, workspace: Workspace, name: str) -> tuple[tuple[VersionRow, ...], str]:
    """Return every version of a table, newest first, and how many people a change takes."""
    found = profile.load(workspace)
    known = standing(db, found, name)
    now = known.version if known is not None else 0
    lines = tuple(
        _version(line, history.rows_at(db, name, line.version) or (), now)
        for line in history.versions(db, name)
    )
    return lines, found.mapping_rule


def _version(line: history.VersionLine, rules: tuple[MappingRow, ...], now: int) -> VersionRow:
    made = line.proposal
    return VersionRow(
        version=line.version,
        recorded_at=line.recorded_at,
        row_count=line.row_count,
        added=line.added,
        removed=line.removed,
        maker=safe_text(made.maker, 60) if made else "",
        checker=safe_text(made.checker or "", 60) if made and made.rule == "two" else "",
        reason=safe_text(made.reason, 2_000) if made else "",
        comment=safe_text(made.decision or "", 2_000) if made and made.rule == "two" else "",
        is_in_force=line.version == now,
        rules=rules,
    )
