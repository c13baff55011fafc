"""What people do with policies: propose what the layers, an earlier version or a text of their own say; approve, reject or
withdraw it.

Both sign with their own keys; what is not signed by a maker and another checker is never in force, however it came into the
store. Where one person is enough, the layers decide and nothing is proposed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from sqlite3 import Connection

from finsync_tui import people
from finsync_tui.actions import emergencies, second_person
from finsync_tui.actions.acting import checked_reason, in_own_words, still_open
from finsync_tui.actor import Actor
from finsync_tui.governance import recording
from finsync_tui.governance.rules import (
    KIND,
    Standing,
    body_at,
    body_of,
    first_day,
    in_force,
    recorded_name,
    setup_of,
)
from finsync_tui.mapping import emergencies as in_force_at_once
from finsync_tui.mapping.emergencies import InForce
from finsync_tui.people import Signer
from finsync_tui.policies.model import PolicySetup
from finsync_tui.profile import Profile
from store import Store, audit, proposals, rulesets
from store.clock import text
from store.errors import FinsyncError, NotAllowedError, NotFoundError
from store.proposals import Proposal

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,59}")
"""How a policy is named: as the file that it could be."""


class PolicyInvalidError(FinsyncError):
    """The rules do not fit the contracts, or do not pass their own cases."""

    code = "POLICY_INVALID"
    exit_code = 2

    def __init__(self, name: str, place: str, message: str, more: int) -> None:
        also = f" (and {more} more)" if more else ""
        super().__init__(
            f"{name} can't be in force: {place}: {message}{also}. Nothing was changed. Correct the rules, or the case: "
            "`finsync policy check` and `finsync policy test` say what is wrong."
        )


class PolicyConflictError(FinsyncError):
    """The policy changed since the change was made from it."""

    code = "POLICY_CONFLICT"

    def __init__(self, found: Proposal, version: int) -> None:
        super().__init__(
            f"proposal {found.id} was made from version {found.base_version} of {found.name}, but version {version} is in "
            f"force. Nothing was changed and neither change is lost: look at both with `finsync policy diff {found.name} "
            f"--proposal {found.id}`, bring them together, and propose that."
        )


class PolicyOutdatedError(FinsyncError):
    """The policy changed while somebody wrote another text for it."""

    code = "POLICY_OUTDATED"

    def __init__(self, name: str, base: int, version: int) -> None:
        super().__init__(
            f"the text was written from version {base} of {name}, but version {version} is in force. Nothing was changed and the "
            f"text is kept: look at what changed with `finsync policy diff {name} --version {base}`, and write it anew."
        )


@dataclass(frozen=True, slots=True)
class ApprovedPolicy:
    """A change that is in force, or will be."""

    proposal: int
    policy: str
    version: int
    effective_from: date | None
    replaces: tuple[int, ...] = ()
    """Signed changes that waited for their day, and never come into force now."""


def propose_policy(
    store: Store,
    profile: Profile,
    actor: Actor,
    name: str,
    reason: str,
    signer: Signer | None,
    *,
    version: int | None = None,
    setup: PolicySetup | None = None,
    base_version: int | None = None,
    starts_on: date | None = None,
) -> int:
    """Propose what the layers say of a policy, an earlier `version` of it, or `setup`; return the number of the proposal.

    `starts_on`: the first day on which it is in force. `base_version`: the version that the person looked at, as it was in
    force then. A policy that the layers have no more is proposed to end; one that nobody has is begun by a `setup`.
    """
    return _propose(store, profile, actor, name, reason, signer, version, setup, base_version, starts_on)[0]


def put_policy_in_force(
    store: Store,
    profile: Profile,
    actor: Actor,
    name: str,
    reason: str,
    signer: Signer | None,
    *,
    version: int | None = None,
    setup: PolicySetup | None = None,
    base_version: int | None = None,
) -> InForce:
    """Put what the layers say of a policy, an earlier version of it, or `setup`, in force at once: somebody else has to approve
    it within the profile's time, or the rules before it are in force again.
    """
    emergencies.require(actor, "policy", profile.policy_rule)
    known = _propose(
        store, profile, actor, name, reason, signer, version, setup, base_version, None, is_emergency=True
    )[1]
    assert known is not None, "an emergency is in force or was refused"
    return known


def _propose(
    store: Store,
    profile: Profile,
    actor: Actor,
    name: str,
    reason: str,
    signer: Signer | None,
    version: int | None,
    setup: PolicySetup | None,
    base_version: int | None,
    starts_on: date | None,
    *,
    is_emergency: bool = False,
) -> tuple[int, InForce | None]:
    people.require(actor.name, actor.roles, "policy.proposed")
    reason = checked_reason(reason)
    now = store.clock.now()
    if profile.policy_rule == "one":
        raise NotAllowedError(
            "one person is enough for policies here, so what the layers say is in force. Nothing was changed."
        )
    if starts_on is not None and starts_on <= now.date():
        raise NotAllowedError(
            f"{starts_on} is not to come any more: without a day it is in force once it is approved. Nothing was changed."
        )
    with store.transaction() as db:
        known = recording.record(db, profile, now, by=actor.name)
        current = known.get(name)
        if current is None:
            if setup is None or not _NAME.fullmatch(name):
                raise NotFoundError("policy", name, f"Known: {', '.join(known) or 'none'}.")
            current = Standing(name, "", "")
        if base_version is not None and base_version != current.version:
            raise PolicyOutdatedError(name, base_version, current.version)
        if setup is not None:
            body = body_of(setup)
        else:
            body = current.layer_body if version is None else _recorded(db, profile, name, version)
        check_policy(profile, known, name, body)
        if body == current.body and current.is_signed and not current.upcoming:
            raise NotAllowedError(f"these are the rules of {name} that are in force. Nothing was changed.")
        if is_emergency:
            emergencies.require_none(db, "policy", name)
            emergencies.require_new(db, "policy", name, body)
        number = second_person.propose(
            db, profile, actor, signer, kind=KIND, what="a change of rules", name=name, body=body, reason=reason, now=now,
            base=second_person.Base(
                current.version, proposals.digest(current.body), current.layer_version, starts_on
            ),
        )  # fmt: skip
        told = {"proposal": number, "base": current.version, "digest": proposals.digest(body)}
        _note(db, actor, "policy.proposed", name, reason, told, now)
        if not is_emergency or signer is None:
            return number, None
        becomes = rulesets.record_again(db, KIND, recorded_name(name), body, now)
        at_once = emergencies.put_in_force(db, profile, signer, number, becomes, now)
        told = {
            "proposal": number,
            "version": becomes,
            "digest": proposals.digest(body),
            "until": text(at_once.until),
        }
        _note(db, actor, "policy.put_in_force", name, reason, told, now)
    return number, at_once


def approve_policy(
    store: Store, profile: Profile, actor: Actor, proposal_id: int, signer: Signer, comment: str = ""
) -> ApprovedPolicy:
    """Put another person's change into force, signed with the checker's key."""
    people.require(actor.name, actor.roles, "policy.approved")
    now = store.clock.now()
    with store.transaction() as db:
        found = _open(db, proposal_id)
        if profile.policy_rule != "two":
            raise NotAllowedError(
                "the profile asks for no second person any more, so what the layers say is in force. Nothing was changed: "
                "reject the proposal."
            )
        known = recording.record(db, profile, now, by=actor.name)
        current = known.get(found.name)
        version = current.version if current is not None else 0
        body = current.body if current is not None else ""
        at_once = (
            current is not None and current.emergency is not None and current.emergency.proposal == found.id
        )
        emergencies.require_none(db, "policy", found.name, but=found.id)
        if not at_once and (version, proposals.digest(body)) != (found.base_version, found.base_digest):
            raise PolicyConflictError(found, version)
        starts_on = first_day(found)
        if found.effective_from is not None and starts_on <= now.date():
            raise NotAllowedError(
                f"proposal {found.id} was to be in force from {found.effective_from} on, and nobody approved it before. "
                "Nothing was changed: reject it, and have it proposed without a day, or for another one."
            )
        check_policy(profile, known, found.name, found.body)
        # an emergency change is approved as the version that has decided since
        becomes = (
            version
            if at_once
            else rulesets.record_again(db, KIND, recorded_name(found.name), found.body, now)
        )
        second_person.approve(
            db, profile, actor, signer, found, what=f"proposal {found.id}", body=found.body, comment=comment, now=now,
            act="change the rules by", version=becomes,
        )  # fmt: skip
        in_force_at_once.end(db, found, "approved", actor.name, now)
        if starts_on > now.date() and current is not None:
            # recorded to have its number; until its day the rules before it are in force, and say so
            rulesets.record_again(db, KIND, recorded_name(found.name), current.body, now)
        replaces = tuple(
            one.id for one in (current.upcoming if current is not None else ()) if first_day(one) >= starts_on
        )
        told = {
            "proposal": found.id,
            "version": becomes,
            "maker": found.maker,
            "from": str(found.effective_from or ""),
            "replaces": list(replaces),
            **({"after_the_fact": True} if at_once else {}),
        }
        _note(db, actor, "policy.approved", found.name, comment or found.reason, told, now)
    return ApprovedPolicy(
        found.id, found.name, becomes, starts_on if found.effective_from else None, replaces
    )


def reject_policy(store: Store, actor: Actor, proposal_id: int, reason: str) -> None:
    """Say no to a change; it stays with what was said."""
    people.require(actor.name, actor.roles, "policy.rejected")
    _end(store, actor, proposal_id, "rejected", checked_reason(reason))


def withdraw_policy(store: Store, actor: Actor, proposal_id: int, reason: str) -> None:
    """Take back one's own change."""
    people.require(actor.name, actor.roles, "policy.withdrawn")
    found = proposals.get(store.db, proposal_id)
    if found is not None and found.kind == KIND and found.maker != actor.name:
        raise NotAllowedError(
            f"proposal {proposal_id} is {found.maker}'s: only they can withdraw it. Nothing was changed. Reject it instead."
        )
    _end(store, actor, proposal_id, "withdrawn", checked_reason(reason))


def check_policy(profile: Profile, known: Mapping[str, Standing], name: str, body: str) -> None:
    """Raise PolicyInvalidError where the rules in force would not fit with this one among them."""
    from finsync_tui.policies import ruling, testing  # the parser of expressions costs a quarter of a second

    setup = setup_of(body)
    policies = {**in_force(known.values())}
    policies.pop(name, None)
    if setup is not None:
        policies[name] = setup
    misfits = ruling.misfits(policies, profile.ruled.companies, profile.extending)
    if misfits:
        raise PolicyInvalidError(name, misfits[0].place, misfits[0].message, len(misfits) - 1)
    failed = [one for one in testing.run(policies, profile.ruled.companies, profile.extending) if one.problem]
    if failed:
        first = failed[0]
        raise PolicyInvalidError(name, f"{first.policy}.tests.{first.case}", first.problem, len(failed) - 1)


def _recorded(db: Connection, profile: Profile, name: str, version: int) -> str:
    found = body_at(db, profile, name, version)
    if found is None:
        raise NotFoundError(
            f"version of {name}", str(version), f"`finsync policy history {name}` shows them."
        )
    return found


def _open(db: Connection, proposal_id: int) -> Proposal:
    return still_open(db, proposal_id, KIND, "`finsync policy proposals` shows them.")


def _end(store: Store, actor: Actor, proposal_id: int, state: proposals.State, reason: str) -> None:
    now = store.clock.now()
    with store.transaction() as db:
        found = _open(db, proposal_id)
        proposals.decide(db, proposal_id, state, by=actor.name, at_=now, decision=reason)
        in_force_at_once.end(db, found, "withdrawn" if state == "withdrawn" else "rejected", actor.name, now)
        _note(db, actor, f"policy.{state}", found.name, reason, {"proposal": proposal_id}, now)


def _note(
    db: Connection, actor: Actor, what: str, name: str, why: str, after: Mapping[str, object], now: datetime
) -> None:
    people.require(actor.name, actor.roles, what)
    entry = audit.Entry(
        who=actor.name, what=what, subject=f"policy:{name}", after=after, source=actor.source,
        protected=in_own_words(why),
    )  # fmt: skip
    audit.record(db, [entry], now)
