"""Which version of each mapping table is in force, and why.

    people decide together (two): the newest version that a second person signed and whose signature fits; a table that
      has none is in force as the profile's own table says. A later change of that table waits to be proposed. What one
      person put in force in an emergency stands above both while it waits for the second one.
    one is enough: the newest version that was applied, with what the profile's own table changed since; a table that was
      never changed here is in force as the profile says.

Signatures are checked every time, against what the store holds now: a row that was written into the file, or edited
there later, is not in force. It is named as a problem instead, and the version before it stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from sqlite3 import Connection
from typing import Final, Literal

from finsync_tui import people
from finsync_tui.mapping import emergencies
from finsync_tui.mapping.emergencies import InForce
from finsync_tui.mapping.merge import Group, merge
from finsync_tui.mapping.resolve import Table
from finsync_tui.profile import MappingRow, Profile
from store import emergencies as stored_emergencies
from store import proposals, rulesets
from store.proposals import Kind, Proposal, Rule

LAYER = "mapping/"
"""The profile's own tables are recorded under this prefix, apart from the tables in force."""
ACTS: Final[Mapping[str, tuple[str, str]]] = {
    "mapping": ("mapping.proposed", "mapping.approved"),
    "policy": ("policy.proposed", "policy.approved"),
    "write_off": ("break.write_off_proposed", "break.written_off"),
    "explanation": ("break.explanation_proposed", "break.explanation_approved"),
    "exception_write_off": ("exception.write_off_proposed", "exception.written_off"),
    "adoption": ("break.adoption_proposed", "break.adopted"),
    "supplier_same": ("supplier.found_same", "supplier.same_approved"),
    "supplier_different": ("supplier.found_different", "supplier.found_different"),
    "supplier_merge": ("supplier.merge_proposed", "supplier.merge_approved"),
    "bank_change": ("bank_change.confirmed", "bank_change.approved"),
    "bank_refusal": ("bank_change.refused", "bank_change.refused"),
    "rollback": ("profile.rollback_proposed", "profile.rollback_approved"),
}
"""What a maker and a checker of each kind of proposal must be allowed to do."""


@dataclass(frozen=True)
class Standing:
    """One table as it is in force."""

    name: str
    rows: tuple[MappingRow, ...]
    source: Literal["profile", "proposal"]
    proposal: Proposal | None
    """The change that made it, when one did."""
    is_signed: bool
    version: int
    """As recorded; 0: not recorded yet."""
    regions: Mapping[str, str] = field(default_factory=dict)
    """The region of each company."""
    layer_rows: tuple[MappingRow, ...] = ()
    layer_version: int = 0
    """The recorded version of the profile's own table that the rows take account of."""
    layer_differs: bool = False
    """The profile's own table has changed since, and nobody has proposed that yet."""
    problems: tuple[str, ...] = ()
    conflicts: tuple[Group, ...] = field(default=())
    """Values that both an applied change and the profile's own table say differently; the applied change holds."""
    emergency: InForce | None = None
    """One person put it in force at once, and the second one's word is missing."""

    @cached_property
    def table(self) -> Table:
        return Table(self.name, self.version, self.rows, self.regions)

    @property
    def body(self) -> str:
        return body_of(self.rows)


def body_of(rows: tuple[MappingRow, ...]) -> str:
    """Return rows as versions are recorded."""
    return "\n".join(row.model_dump_json() for row in rows)


def rows_of(body: str) -> tuple[MappingRow, ...]:
    """Return the rows of a recorded version."""
    return tuple(MappingRow.model_validate_json(line) for line in body.splitlines())


def standings(db: Connection, profile: Profile) -> dict[str, Standing]:
    """Return every table as it is in force. Writes nothing."""
    made: dict[str, list[Proposal]] = {}
    for proposal in proposals.decided(db):
        made.setdefault(proposal.name, []).append(proposal)
    weigh = _two if profile.mapping_rule == "two" else _one
    at_once = stored_emergencies.live(db, "mapping") if profile.mapping_rule == "two" else {}
    names = {*profile.mappings, *made, *at_once}
    return {name: weigh(db, profile, name, made.get(name, [])) for name in sorted(names)}


def standing(db: Connection, profile: Profile, name: str) -> Standing | None:
    """Return one table as it is in force; None: there is no such table."""
    made = [one for one in proposals.decided(db) if one.name == name]
    is_two = profile.mapping_rule == "two"
    is_new = name not in profile.mappings and not made
    if is_new and not (is_two and name in stored_emergencies.live(db, "mapping")):
        return None
    return (_two if is_two else _one)(db, profile, name, made)


def disagreement(
    db: Connection, profile: Profile, rule: Rule, number: int | None, *, kind: Kind, name: str, body: str, what: str
) -> str | None:  # fmt: skip
    """Say why those whom the profile asks have not agreed on exactly this; None: they have, or one person is enough.

    `number`: of the proposal by which they are said to have; `what` it is about.
    """
    if rule == "one":
        return None
    found = proposals.get(db, number) if number is not None else None
    if found is None or found.kind != kind or found.name != name or found.state != "approved":
        return "nobody else approved it"
    if found.body != body:
        return f"what was approved is another {what}"
    return refusal(profile, proposals.store_id(db), found)


def refusal(profile: Profile, store_id: str, proposal: Proposal) -> str | None:
    """Say why a decided change must not be in force under the rule of two; None: everything fits."""
    checker, decided_at, version = proposal.checker, proposal.decided_at, proposal.version
    if proposal.rule != "two" or proposal.signature is None:
        return "no second person signed it"
    if checker is None or decided_at is None or version is None or version <= proposal.base_version:
        return "its row does not say who approved what when"
    if checker == proposal.maker:
        return f"{checker} approved their own change"
    problem = maker_refusal(profile, store_id, proposal)
    if problem is not None:
        return problem
    person = profile.people.get(checker)
    if person is None:
        return f"{checker}, who approved it, is not listed"
    roles, key = person.standing_at(decided_at)
    if not people.may(frozenset(roles), ACTS[proposal.kind][1]):
        return f"{checker} had not the role approver"
    if key is None or key == profile.people[proposal.maker].standing_at(proposal.made_at)[1]:
        return f"{checker} had no key of their own"
    statement = proposals.decided_statement(
        store_id, proposal, checker=checker, decided_at=decided_at, version=version
    )
    if not people.is_signed_by(key, statement, proposal.signature):
        return f"the signature is not {checker}'s over what is written there now: it was edited, forged, or their key is another"
    return None


def maker_refusal(profile: Profile, store_id: str, proposal: Proposal) -> str | None:
    """Say why a change is not its maker's; None: it is."""
    maker = profile.people.get(proposal.maker)
    if maker is None:
        return f"{proposal.maker}, who made it, is not listed"
    roles, key = maker.standing_at(proposal.made_at)
    if not people.may(frozenset(roles), ACTS[proposal.kind][0]):
        return f"{proposal.maker} may not propose changes"
    statement = proposals.made_statement(store_id, proposal)
    if key is None or not people.is_signed_by(key, statement, proposal.maker_signature):
        return f"it is not signed by {proposal.maker} as it stands there now: it was edited, forged, or their key is another"
    return None


def _two(db: Connection, profile: Profile, name: str, made: list[Proposal]) -> Standing:
    store_id = proposals.store_id(db)
    problems: list[str] = []
    at_once = _at_once(db, profile, store_id, name, problems)
    if at_once is not None:
        return at_once
    own = profile.mappings.get(name, ())
    layer = rulesets.current(db, "profile", LAYER + name)
    newest = rulesets.current(db, "mapping", name)
    for proposal in made:
        problem = refusal(profile, store_id, proposal)
        if problem is not None:
            problems.append(f"proposal {proposal.id} is not in force: {problem}")
            continue
        problems += _unsigned(newest, proposal)
        return Standing(
            name,
            rows_of(proposal.body),
            "proposal",
            proposal,
            is_signed=True,
            version=_version(newest, proposal.body),
            regions=profile.regions,
            layer_rows=own,
            layer_version=proposal.layer_version,
            layer_differs=_differs(db, name, proposal.layer_version, own),
            problems=tuple(problems),
        )
    return Standing(
        name,
        own,
        "profile",
        None,
        is_signed=False,
        version=_version(newest, body_of(own)),
        regions=profile.regions,
        layer_rows=own,
        layer_version=layer.version if layer is not None else 0,
        problems=tuple(problems),
    )


def _at_once(
    db: Connection, profile: Profile, store_id: str, name: str, problems: list[str]
) -> Standing | None:
    """Return a table as one person put it in force; None: nobody did, or not as it stands there now."""
    waiting = stored_emergencies.live(db, "mapping").get(name)
    if waiting is None:
        return None
    change, one = waiting
    problem = maker_refusal(profile, store_id, change) or emergencies.refusal(profile, store_id, change, one)
    if problem is not None:
        problems.append(f"emergency change {change.id} is not in force: {problem}")
        return None
    own = profile.mappings.get(name, ())
    return Standing(
        name,
        rows_of(change.body),
        "proposal",
        change,
        is_signed=False,
        version=_version(rulesets.current(db, "mapping", name), change.body),
        regions=profile.regions,
        layer_rows=own,
        layer_version=change.layer_version,
        emergency=emergencies.in_force(profile, change, one),
    )


def _unsigned(newest: rulesets.Ruleset | None, signed: Proposal) -> list[str]:
    """Name a recorded version above the newest signed one that says something else."""
    if newest is None or signed.version is None or newest.version <= signed.version:
        return []
    if newest.digest == proposals.digest(signed.body):
        return []
    return [f"version {newest.version} is not in force: nobody signed it"]


def _one(db: Connection, profile: Profile, name: str, made: list[Proposal]) -> Standing:
    own = profile.mappings.get(name, ())
    layer = rulesets.current(db, "profile", LAYER + name)
    newest = rulesets.current(db, "mapping", name)
    layer_version = layer.version if layer is not None else 0
    if newest is None or not any(one.state == "approved" for one in made):
        return Standing(
            name, own, "profile", None, is_signed=False, version=_version(newest, body_of(own)),
            regions=profile.regions, layer_rows=own, layer_version=layer_version,
        )  # fmt: skip
    in_force = rows_of(newest.body)
    merged = merge(rows_of(layer.body) if layer is not None else (), in_force, own)
    last = made[0]
    return Standing(
        name,
        merged.rows,
        "proposal",
        last,
        is_signed=False,
        version=_version(newest, body_of(merged.rows)),
        regions=profile.regions,
        layer_rows=own,
        layer_version=layer_version,
        conflicts=merged.conflicts,
    )


def _version(newest: rulesets.Ruleset | None, body: str) -> int:
    """Return the recorded version of a body; 0: it is not the newest recorded one."""
    return newest.version if newest is not None and newest.digest == proposals.digest(body) else 0


def _differs(db: Connection, name: str, layer_version: int, own: tuple[MappingRow, ...]) -> bool:
    known = rulesets.get(db, "profile", LAYER + name, layer_version)
    return (known.digest if known is not None else proposals.digest("")) != proposals.digest(body_of(own))
