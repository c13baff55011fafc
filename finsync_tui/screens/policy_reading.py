"""What the policy screens show, read beside the event loop: rules in force, cases and how they end, changes that wait.

Everything here runs in a reading thread and writes nothing. Texts that are shown have passed `safe_text`; bodies stay as
they are beside them, because they are compared and proposed as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from zlib import crc32

from finsync_tui import actions, policy_impact, profile
from finsync_tui.governance import history
from finsync_tui.governance.rules import (
    KIND,
    Standing,
    body_at,
    first_day,
    recorded_name,
    setup_of,
    standings,
)
from finsync_tui.mapping.standing import maker_refusal
from finsync_tui.policies.difference import Difference, differences
from finsync_tui.policies.model import PolicySetup
from finsync_tui.screens.change_rows import ProposalRow, row_of, shown
from finsync_tui.screens.text import safe_text
from store import proposals, rulesets

if TYPE_CHECKING:
    from sqlite3 import Connection

    from finsync_tui.actions import Actor
    from finsync_tui.policy_impact import Impact
    from finsync_tui.profile import Profile
    from finsync_tui.settings import Workspace
    from store.proposals import Proposal


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One policy as it is in force."""

    id: int
    name: str
    decides: str
    """Empty: it has no rules any more."""
    version: int
    rule_count: int
    case_count: int
    waiting_count: int
    maker: str
    """Empty: what the layers say."""
    checker: str
    since: datetime | None
    owner: str
    deputy: str
    starts_on: str
    """The day from which a signed change is in force; empty: none waits for its day."""
    notes: tuple[str, ...]
    """What somebody should know: refused changes, layers that say something else."""
    setup: PolicySetup | None
    body: str
    layer_body: str

    @property
    def is_to_propose(self) -> bool:
        """Whether the layers say what two persons have not signed."""
        return not self.checker or self.body != self.layer_body


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the Policies screen lists."""

    rule: str
    policies: tuple[PolicyRow, ...]
    waiting: tuple[ProposalRow, ...]
    decided: tuple[ProposalRow, ...]


def overview(db: Connection, workspace: Workspace, now: datetime, person: Actor) -> Overview:
    """Return what the Policies screen lists."""
    found = profile.load(workspace)
    me = actions.known_now(found, person).name
    known = standings(db, found, now.date())
    changes = proposals.listed(db, kind=KIND)
    rows = [_proposal(db, one, known, me) for one in shown(changes)]
    return Overview(
        rule=found.policy_rule,
        policies=tuple(
            _policy(db, one, sum(p.name == one.name and p.state == "open" for p in changes))
            for one in known.values()
        ),
        waiting=tuple(one for one in rows if one.is_open),
        decided=tuple(one for one in reversed(rows) if not one.is_open),
    )


def number_of(name: str) -> int:
    """Return the number by which lists know a policy: the same while it has its name."""
    return crc32(name.encode())


def _policy(db: Connection, one: Standing, waiting: int) -> PolicyRow:
    recorded = rulesets.get(db, KIND, recorded_name(one.name), one.version) if one.version else None
    setup = one.setup
    return PolicyRow(
        id=number_of(one.name),
        name=safe_text(one.name, 64),
        decides=safe_text(setup.decides, 40) if setup else "",
        version=one.version,
        rule_count=sum(rule.is_enabled for rule in setup.rules.values()) if setup else 0,
        case_count=len(setup.tests) if setup else 0,
        waiting_count=waiting,
        maker=safe_text(one.proposal.maker, 60) if one.proposal else "",
        checker=safe_text(one.proposal.checker or "", 60) if one.proposal else "",
        since=recorded.recorded_at if recorded else None,
        owner=safe_text(setup.owner, 40) if setup else "",
        deputy=safe_text(setup.deputy, 40) if setup else "",
        starts_on=one.upcoming[0].effective_from or "" if one.upcoming else "",
        notes=tuple(notes(one)),
        setup=setup,
        body=one.body,
        layer_body=one.layer_body,
    )


def counted(changes: int) -> str:
    """Return how much changes.

    >>> counted(1), counted(2), counted(0)
    ('1 part', '2 parts', 'nothing')
    """
    return f"{changes:,} part{'s' * (changes != 1)}" if changes else "nothing"


def notes(one: Standing) -> list[str]:
    """Return what somebody should know about a policy."""
    found = [safe_text(problem) for problem in one.problems]
    if one.emergency is not None:
        found.append(safe_text(one.emergency.words, 300))
    if one.layer_differs:
        found.append("the layers say something else; it waits until somebody proposes it")
    found += [
        f"proposal {change.id} is signed and in force from {change.effective_from} on"
        for change in one.upcoming
    ]
    return found


def _proposal(db: Connection, one: Proposal, known: Mapping[str, Standing], me: str) -> ProposalRow:
    now = known.get(one.name)
    base = rulesets.get(db, KIND, recorded_name(one.name), one.base_version)
    changed = counted(len(differences(base.body if base is not None else "", one.body)))
    return row_of(one, now, changed, me)


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case that stands beside the rules, and how it ended."""

    name: str
    company: str
    on: date
    expected: tuple[str, ...]
    said: tuple[str, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class FieldRow:
    """What a rule may name."""

    name: str
    kind: str
    may_be_missing: bool


@dataclass(frozen=True, slots=True)
class PolicyDossier:
    """One policy with everything that is needed to look at it and to propose another."""

    row: PolicyRow
    cases: tuple[CaseRow, ...]
    untested: tuple[str, ...]
    fields: tuple[FieldRow, ...]
    to_layer: tuple[Difference, ...]
    """What the layers say otherwise than is in force."""
    rule: str


def policy(db: Connection, workspace: Workspace, number: int, now: datetime) -> PolicyDossier | None:
    """Return one policy by its number; None: there is none."""
    found = profile.load(workspace)
    known = standings(db, found, now.date()).values()
    one = next((one for one in known if number_of(one.name) == number), None)
    if one is None:
        return None
    waiting = sum(p.name == one.name for p in proposals.listed(db, state="open", kind=KIND))
    setup = one.setup
    named = {one.name: setup} if setup is not None else {}
    return PolicyDossier(
        row=_policy(db, one, waiting),
        cases=tuple(cases(one.name, setup, found)),
        untested=_untested(named),
        fields=tuple(_fields(setup, found)),
        to_layer=differences(one.body, one.layer_body),
        rule=found.policy_rule,
    )


def cases(name: str, setup: PolicySetup | None, found: Profile) -> list[CaseRow]:
    """Run the cases of a policy; rules that do not fit are named instead."""
    from finsync_tui.policies import ruling, testing  # the parser of expressions costs a quarter of a second

    if setup is None:
        return []
    try:
        ended = {one.case: one for one in testing.run({name: setup}, found.ruled.companies, found.extending)}
    except ruling.PoliciesError as error:
        ended = {}
        why = safe_text(error)
    else:
        why = ""
    return [
        CaseRow(
            safe_text(key, 80),
            safe_text(case.company, 40),
            case.on,
            tuple(safe_text(rule, 60) for rule in case.expects),
            tuple(safe_text(rule, 60) for rule in ended[key].said) if key in ended else (),
            safe_text(ended[key].problem) if key in ended else why,
        )
        for key, case in sorted(setup.tests.items())
    ]


def _untested(named: Mapping[str, PolicySetup]) -> tuple[str, ...]:
    from finsync_tui.policies import testing

    return tuple(safe_text(one.partition("/")[2], 60) for one in testing.untested(named))


def _fields(setup: PolicySetup | None, found: Profile) -> list[FieldRow]:
    from finsync_tui.policies.decisions import extended
    from finsync_tui.policies.kinds import leaves

    decision = extended(found.extending).get(setup.decides) if setup is not None else None
    if decision is None:
        return []
    return [
        FieldRow(name, str(field.kind), field.may_be_missing)
        for variable, kind in decision.variables.items()
        for name, field in leaves(variable, kind)
    ]


def impact_of(
    db: Connection,
    workspace: Workspace,
    name: str,
    body: str,
    now: datetime,
    starts_on: date | None = None,
    examples: int = policy_impact.EXAMPLES_MAX,
) -> Impact:
    """Return what this text of a policy would change if it came into force now, or on its day."""
    from finsync_tui.actions.policies import PolicyInvalidError, check_policy
    from finsync_tui.policies.ruling import PoliciesError

    found = profile.load(workspace)
    check_policy(found, standings(db, found, now.date()), name, body)
    try:
        return policy_impact.impact(db, found, name, body, now, starts_on, examples)
    except PoliciesError as error:
        first = error.found[0]
        raise PolicyInvalidError(name, first.place, first.message, len(error.found) - 1) from None


@dataclass(frozen=True, slots=True)
class ProposalDossier:
    """One change with the rules before and after it."""

    row: ProposalRow
    base: str
    body: str
    in_force: str
    cases: tuple[CaseRow, ...]
    starts_on: date | None
    problem: str
    """Why it is not what its maker signed; empty: it is."""


def proposal(
    db: Connection, workspace: Workspace, number: int, now: datetime, person: Actor
) -> ProposalDossier | None:
    """Return everything about one proposal; None: there is none."""
    found = profile.load(workspace)
    one = proposals.get(db, number)
    if one is None or one.kind != KIND:
        return None
    known = standings(db, found, now.date())
    current = known.get(one.name)
    is_signed_by_two = one.state == "open" and found.policy_rule == "two"
    problem = maker_refusal(found, proposals.store_id(db), one) if is_signed_by_two else None
    return ProposalDossier(
        row=_proposal(db, one, known, actions.known_now(found, person).name),
        base=body_at(db, found, one.name, one.base_version) or "",
        body=one.body,
        in_force=current.body if current is not None else "",
        cases=tuple(cases(one.name, setup_of(one.body), found)),
        starts_on=first_day(one) if one.effective_from else None,
        problem=safe_text(problem or ""),
    )


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One recorded version of a policy."""

    version: int
    recorded_at: datetime
    rule_count: int
    again_of: int | None
    changed: tuple[Difference, ...]
    maker: str
    """Empty: what the layers said."""
    checker: str
    starts_on: str
    reason: str
    comment: str
    is_in_force: bool
    body: str


@dataclass(frozen=True, slots=True)
class Versions:
    """All versions of a policy, the newest first."""

    rule: str
    version: int
    """The one in force, as it is recorded newest."""
    body: str
    rows: tuple[VersionRow, ...]


def versions(db: Connection, workspace: Workspace, name: str, now: datetime) -> Versions:
    """Return every version of a policy."""
    found = profile.load(workspace)
    current = standings(db, found, now.date()).get(name)
    version = current.version if current is not None else 0
    rows = tuple(_version(one, version) for one in history.lines(db, name))
    return Versions(found.policy_rule, version, current.body if current is not None else "", rows)


def _version(one: history.Line, now: int) -> VersionRow:
    made = one.proposal
    setup = setup_of(one.body)
    return VersionRow(
        version=one.version,
        recorded_at=one.recorded_at,
        rule_count=len(setup.rules) if setup is not None else 0,
        again_of=one.again_of,
        changed=one.changed,
        maker=safe_text(made.maker, 60) if made else "",
        checker=safe_text(made.checker or "", 60) if made else "",
        starts_on=made.effective_from or "" if made else "",
        reason=safe_text(made.reason, 2_000) if made else "",
        comment=safe_text(made.decision or "", 2_000) if made else "",
        is_in_force=one.version == now,
        body=one.body,
    )
