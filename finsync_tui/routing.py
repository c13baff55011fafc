"""Whom an exception goes to: the role that answers for its cause, and after a time the deputy.

    a missing rule               the mapping table
    a rule of the company        the policy
    a payload that does not fit  the contract
    a system that does not answer, refuses us, or gave up on a delivery      the system
    everything else              the flow that holds the document

It goes there once; where nobody answered for its cause then, it goes to whom the profile names later. It escalates when nobody has taken it within the time that the profile says: the deputy's role has it then.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final, cast

from finsync_tui.profile import Profile
from finsync_tui.profile.owners import Kind, Owned, contract_names, owned
from store import Store, audit, cases, workflows
from store.cases import ExceptionCase
from store.causes import RULE_CLASSES
from store.columns import chunks

ENGINE: Final = "engine"
BATCH: Final = 500
"""Exceptions that are routed in one transaction."""
_OF_CONTRACTS: Final = frozenset(["PAYLOAD_INVALID", "TOTALS_DIFFER", "DOCUMENT_UNSUPPORTED"])
_OF_SYSTEMS: Final = frozenset(
    [
        "DEAD_LETTER", "CREDENTIALS_REFUSED", "SECRET_MISSING", "READ_FAILED", "WRITE_BACK_IGNORED", "VERSION_CONFLICT",
        "READ_BACK_DIFFERS", "CONFIGURATION", "CLAIMED_BY_OTHER", "REJECTED",
    ]
)  # fmt: skip


def route(store: Store, profile: Profile, now: datetime) -> int:
    """Send new exceptions to the role that answers for their cause, and those that nobody took to the deputy; return how many."""
    if not _has_owners(profile):
        return 0
    count = 0
    named_since = [one for one in cases.causes_of_nobody(store.db) if _owned(profile, one).owner]
    waiting = [*cases.unrouted(store.db), *cases.of_nobody(store.db, named_since)]
    for some in chunks(waiting, BATCH):
        with store.transaction() as db:
            count += sum(_route(db, profile, one, now) for one in some)
    overdue = cases.untaken(store.db, now - profile.governance.escalates_after)
    for some in chunks(overdue, BATCH):
        with store.transaction() as db:
            count += sum(_escalate(db, profile, one, now) for one in some)
    return count


def cause_of(case: ExceptionCase, flow: str | None, profile: Profile) -> tuple[Kind, str]:
    """Return what an exception is about, so that who answers for that has it.

    A name that the profile does not know leads to the next wider thing that it does.
    """
    told = case.evidence
    if case.class_ == "EMERGENCY_REVERTED" and told.get("kind") in ("mapping", "policy"):
        return cast("Kind", told["kind"]), str(told.get("name", ""))
    if told.get("table") and case.class_ in RULE_CLASSES:
        return "mapping", str(told["table"])
    rule = _rule(told)
    if rule and case.class_ in ("POLICY_HELD", "POLICY_UNDECIDED"):
        return "policy", rule.partition("/")[0]
    if case.class_ in _OF_CONTRACTS and case.entity in contract_names():
        return "contract", case.entity
    if case.entity == "system" or (case.class_ in _OF_SYSTEMS and case.system in profile.systems):
        return "system", case.system
    return ("flow", flow) if flow is not None else ("system", case.system)


def owner_of(profile: Profile, kind: Kind, name: str) -> Owned:
    """Return who answers for one thing."""
    policy = profile.policies.get(name) if kind == "policy" else None
    return owned(
        profile.owners, kind, name, (policy.owner, policy.deputy) if policy is not None else ("", "")
    )


def _owned(profile: Profile, cause: str) -> Owned:
    """Return who answers for a cause as an exception keeps it: `flow requisition_to_pay`."""
    word, _, name = cause.partition(" ")
    return owner_of(profile, cast("Kind", word), name)


def _has_owners(profile: Profile) -> bool:
    return not profile.owners.is_empty or any(one.owner for one in profile.policies.values())


def _rule(told: Mapping[str, Any]) -> str:
    rules = told.get("rules")
    if isinstance(rules, list) and rules and isinstance(rules[0], dict):
        return str(rules[0].get("rule", ""))
    return str(told.get("rule", ""))


def _route(db: Connection, profile: Profile, case_id: int, now: datetime) -> bool:
    case = cases.get(db, case_id)
    if case is None or case.ended_at is not None:
        return False
    workflow = workflows.get(db, case.workflow_id) if case.workflow_id is not None else None
    kind, name = cause_of(case, workflow.flow if workflow is not None else None, profile)
    found = owner_of(profile, kind, name)
    cases.route(db, case_id, role=found.owner, cause=f"{kind} {name}", at=now)
    return bool(found.owner)


def _escalate(db: Connection, profile: Profile, case_id: int, now: datetime) -> bool:
    case = cases.get(db, case_id)
    if case is None or case.ended_at is not None or case.routed_for is None:
        return False
    found = _owned(profile, case.routed_for)
    if not found.deputy:
        return False
    cases.escalate(db, case_id, role=found.deputy, at=now)
    why = f"nobody of {case.owner_role or 'its owners'} took it"
    entry = audit.Entry(
        who=ENGINE, what="exception.escalated", subject=case.document_key, why=why,
        before={"role": case.owner_role}, after={"exception": case_id, "role": found.deputy, "for": case.routed_for},
    )  # fmt: skip
    audit.record(db, [entry], now)
    return True
