"""What people do with mapping tables: propose a change, approve, reject or withdraw it.

Where the profile asks for two persons, both sign with their own keys; what is not signed by a maker and another checker is
never in force, however it came into the store. Where one is enough, a change is in force at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from sqlite3 import Connection

from finsync_tui import people
from finsync_tui.actions import emergencies
from finsync_tui.actions.acting import checked_reason, in_own_words, still_open
from finsync_tui.actor import Actor
from finsync_tui.mapping import emergencies as in_force_at_once
from finsync_tui.mapping import recording
from finsync_tui.mapping.editing import Remark, errors, remarks
from finsync_tui.mapping.emergencies import InForce
from finsync_tui.mapping.merge import Group, dated, difference, merge
from finsync_tui.mapping.standing import Standing, body_of, maker_refusal, refusal, rows_of
from finsync_tui.mapping.targets import unknown_targets
from finsync_tui.people import Signer
from finsync_tui.profile import MappingRow, Profile
from store import Store, audit, proposals, rulesets
from store.clock import text
from store.errors import FinsyncError, NotAllowedError
from store.proposals import NewProposal, Proposal

TABLE_CHARS_MAX = 64


class ProposalConflictError(FinsyncError):
    """The table changed since the change was made from it."""

    code = "PROPOSAL_CONFLICT"

    def __init__(
        self, table: str, base: int, now: int, groups: Sequence[Group] = (), proposal: int = 0
    ) -> None:
        self.groups = tuple(groups)
        shown = ", ".join(f"{source} ({scope or 'every scope'})" for scope, source in self.groups[:5])
        both = f" Both changed: {shown}{' ...' if len(self.groups) > 5 else ''}." if shown else ""
        whose = f"proposal {proposal}" if proposal else "this change"
        super().__init__(
            f"{whose} was made from version {base} of {table}, but version {now} is in force.{both} Nothing was changed and "
            f"neither change is lost: look at both with `finsync mapping diff {table}`, then make it anew on the newer version with "
            f"`finsync mapping propose {table} --rebase {proposal or 'ID'}`"
            + (", adding --mine where yours shall win." if shown else ".")
        )


class ProposalRefusedError(FinsyncError):
    """A proposal is not what its maker signed."""

    code = "PROPOSAL_REFUSED"

    def __init__(self, proposal: int, why: str) -> None:
        super().__init__(
            f"proposal {proposal} can't be approved: {why}. Nothing was changed; the proposal stays where it is to be looked "
            "at. Find out who wrote to the store, reject it, and have it proposed again."
        )


class TableInvalidError(FinsyncError):
    """The rows of a mapping table contradict each other or say something impossible."""

    code = "MAPPING_INVALID"
    exit_code = 2

    def __init__(self, table: str, found: Sequence[Remark]) -> None:
        self.remarks = tuple(found)
        first = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        super().__init__(
            f"{table}, row {first.row}: {first.message}{more}. Nothing was changed. Correct the rows and try again."
        )


@dataclass(frozen=True, slots=True)
class Proposed:
    """What became of a change."""

    proposal: int
    table: str
    version: int | None
    """The version it became at once; None: it waits for a second person."""
    remarks: tuple[Remark, ...]
    """What its maker should know; nothing of it is an error."""
    emergency: InForce | None = None
    """It is in force until somebody else has decided; None: it is not, or needs nobody else."""


@dataclass(frozen=True, slots=True)
class Approved:
    """A change that is in force now."""

    proposal: int
    table: str
    version: int


def propose_mapping(
    store: Store,
    profile: Profile,
    actor: Actor,
    table: str,
    rows: Sequence[MappingRow],
    reason: str,
    *,
    signer: Signer | None = None,
    base_version: int | None = None,
    starts_on: date | None = None,
    layer_version: int | None = None,
    replaces: int | None = None,
    emergency: bool = False,
) -> Proposed:
    """Propose these rows in place of those in force; where one person is enough, they are in force at once.

    `emergency`: they are in force at once where it takes two, until the second one's word or the end of the profile's time.
    `base_version` is the version the rows were made from, as the person saw it. `starts_on` dates the change. `signer`
    is the maker's key, needed where it takes two. `replaces` is the proposal that this one is made anew of.
    """
    people.require(actor.name, actor.roles, "mapping.proposed")
    reason = checked_reason(reason)
    _checked_name(table)
    now, rule = store.clock.now(), profile.mapping_rule
    if emergency:
        emergencies.require(actor, "mapping", rule)
        if starts_on is not None:
            raise NotAllowedError(
                "an emergency change is in force at once: no day can be named. Nothing was changed."
            )
    with store.transaction() as db:
        current = _in_force(db, profile, table, now, actor)
        if replaces is not None:
            emergencies.require_none(db, "mapping", table)
        if base_version is not None and base_version != current.version:
            raise ProposalConflictError(table, base_version, current.version)
        chosen = tuple(rows) if starts_on is None else dated(current.rows, rows, starts_on)
        notes = _checked_rows(db, profile, table, chosen)
        if body_of(chosen) == current.body and (rule == "one" or current.is_signed):
            raise NotAllowedError(f"these are the rows of {table} that are in force. Nothing was changed.")
        if emergency:
            emergencies.require_none(db, "mapping", table)
            emergencies.require_new(db, "mapping", table, body_of(chosen))
        change = NewProposal(
            name=table,
            base_version=current.version,
            base_digest=proposals.digest(current.body),
            body=body_of(chosen),
            layer_version=current.layer_version if layer_version is None else layer_version,
            reason=reason,
            maker=actor.name,
            made_at=now,
            rule=rule,
            effective_from=starts_on,
            replaces=replaces,
        )
        signature = _maker_signature(db, profile, signer, change) if rule == "two" else None
        number = proposals.propose(db, change, signature)
        if replaces is not None:
            proposals.decide(
                db, replaces, "superseded", by=actor.name, at_=now, decision=f"made anew as {number}"
            )
        gone, come = difference(current.rows, chosen)
        told = {"proposal": number, "base": current.version, "removed": len(gone), "added": len(come)}
        _note(db, actor, "mapping.proposed", table, reason, told, now)
        if emergency and signer is not None:
            version = rulesets.record_again(db, "mapping", table, change.body, now)
            known = emergencies.put_in_force(db, profile, signer, number, version, now)
            put = {"version": version, "digest": proposals.digest(change.body), "until": text(known.until)}
            _note(db, actor, "mapping.put_in_force", table, reason, {"proposal": number, **put}, now)
            return Proposed(number, table, version, notes, known)
        if rule == "two":
            return Proposed(number, table, None, notes)
        version = _apply(db, actor, change, number, now)
    return Proposed(number, table, version, notes)


def approve_mapping(
    store: Store, profile: Profile, actor: Actor, proposal_id: int, signer: Signer, comment: str = ""
) -> Approved:
    """Put another person's change into force, signed with the checker's key."""
    people.require(actor.name, actor.roles, "mapping.approved")
    now = store.clock.now()
    with store.transaction() as db:
        found = _open(db, proposal_id)
        if found.rule != "two" or profile.mapping_rule != "two":
            raise NotAllowedError(
                f"proposal {proposal_id} needs no second person, or the profile asks for none any more. Nothing was changed: "
                "reject it and propose it again."
            )
        if found.maker == actor.name:
            raise NotAllowedError(
                f"{actor.name} made proposal {proposal_id} and can't approve it too. Nothing was changed. Ask somebody else."
            )
        problem = maker_refusal(profile, proposals.store_id(db), found)
        if problem is not None:
            raise ProposalRefusedError(proposal_id, problem)
        checked_key(profile, signer, now)
        if signer.public == profile.people[found.maker].key:
            raise NotAllowedError("maker and checker have the same key. Nothing was changed.")
        current = _in_force(db, profile, found.name, now, actor)
        at_once = current.emergency is not None and current.emergency.proposal == found.id
        emergencies.require_none(db, "mapping", found.name, but=found.id)
        if not at_once and (current.version, proposals.digest(current.body)) != (
            found.base_version,
            found.base_digest,
        ):
            both = merge(_base_rows(db, found), current.rows, rows_of(found.body)).conflicts
            raise ProposalConflictError(found.name, found.base_version, current.version, both, proposal_id)
        _checked_rows(db, profile, found.name, rows_of(found.body))
        # an emergency change is approved as the version that has decided since
        version = current.version if at_once else rulesets.record(db, "mapping", found.name, found.body, now)
        if version <= found.base_version:  # adopted as it was: signed now, so it is a version of its own
            version = rulesets.record_again(db, "mapping", found.name, found.body, now)
        statement = proposals.decided_statement(
            proposals.store_id(db), found, checker=actor.name, decided_at=now, version=version
        )
        signature = signer.sign(statement)
        proposals.decide(
            db,
            found.id,
            "approved",
            by=actor.name,
            at_=now,
            decision=comment,
            signature=signature,
            version=version,
        )
        in_force_at_once.end(db, found, "approved", actor.name, now)
        again = proposals.get(db, found.id)
        problem = refusal(profile, proposals.store_id(db), again) if again is not None else "it is gone"
        if problem is not None:  # what the engine would refuse is refused here
            raise ProposalRefusedError(proposal_id, problem)
        told = {
            "proposal": found.id,
            "version": version,
            "maker": found.maker,
            "digest": proposals.digest(found.body),
            "signature": signature,
            **({"after_the_fact": True} if at_once else {}),
        }
        _note(db, actor, "mapping.approved", found.name, comment or found.reason, told, now)
    return Approved(found.id, found.name, version)


def reject_mapping(store: Store, actor: Actor, proposal_id: int, reason: str) -> None:
    """Say no to a change; it stays with what was said."""
    people.require(actor.name, actor.roles, "mapping.rejected")
    _end(store, actor, proposal_id, "rejected", checked_reason(reason))


def withdraw_mapping(store: Store, actor: Actor, proposal_id: int, reason: str) -> None:
    """Take back one's own change."""
    people.require(actor.name, actor.roles, "mapping.withdrawn")
    found = proposals.get(store.db, proposal_id)
    if found is not None and found.kind == "mapping" and found.maker != actor.name:
        raise NotAllowedError(
            f"proposal {proposal_id} is {found.maker}'s: only they can withdraw it. Nothing was changed. Reject it instead."
        )
    _end(store, actor, proposal_id, "withdrawn", checked_reason(reason))


def rebased(store: Store, profile: Profile, actor: Actor, proposal_id: int, *, mine: bool = False) -> Rebase:
    """Return an open change as it would be on the version in force now. Where both changed the same value, `mine` lets
    the proposal win; without it that is a conflict.
    """
    with store.transaction() as db:
        found = _open(db, proposal_id)
        current = _in_force(db, profile, found.name, store.clock.now(), actor)
        base, rows = _base_rows(db, found), rows_of(found.body)
    merged = merge(base, current.rows, rows)
    if merged.conflicts and not mine:
        raise ProposalConflictError(
            found.name, found.base_version, current.version, merged.conflicts, proposal_id
        )
    if merged.conflicts:
        merged = merge(base, rows, current.rows)
    return Rebase(found.name, merged.rows, current.version, found.reason, found.id)


@dataclass(frozen=True, slots=True)
class Rebase:
    """A change made anew on a newer version, to be proposed with `replaces`."""

    table: str
    rows: tuple[MappingRow, ...]
    base_version: int
    reason: str
    replaces: int


@dataclass(frozen=True, slots=True)
class FromProfile:
    """What the profile's own table says now, brought together with the version in force."""

    rows: tuple[MappingRow, ...]
    base_version: int
    layer_version: int
    conflicts: tuple[Group, ...]
    """Values on which both differ; the version in force holds there."""


def from_profile(store: Store, profile: Profile, actor: Actor, table: str) -> FromProfile:
    """Return the profile's own changes over what is in force, to be proposed with its `layer_version`."""
    with store.transaction() as db:
        current = _in_force(db, profile, table, store.clock.now(), actor)
        known = rulesets.get(db, "profile", f"mapping/{table}", current.layer_version)
        newest = rulesets.current(db, "profile", f"mapping/{table}")
    base = rows_of(known.body) if known is not None else ()
    merged = merge(base, current.rows, current.layer_rows)
    return FromProfile(
        merged.rows, current.version, newest.version if newest is not None else 0, merged.conflicts
    )


def _in_force(db: Connection, profile: Profile, table: str, now: datetime, actor: Actor) -> Standing:
    found = recording.record(db, profile, now, by=actor.name).get(table)
    return found or Standing(table, (), "profile", None, is_signed=False, version=0)


def _open(db: Connection, proposal_id: int) -> Proposal:
    return still_open(db, proposal_id, "mapping", "`finsync mapping list --proposals` shows them.")


def _end(store: Store, actor: Actor, proposal_id: int, state: proposals.State, reason: str) -> None:
    now = store.clock.now()
    with store.transaction() as db:
        found = _open(db, proposal_id)
        proposals.decide(db, proposal_id, state, by=actor.name, at_=now, decision=reason)
        in_force_at_once.end(db, found, "withdrawn" if state == "withdrawn" else "rejected", actor.name, now)
        _note(db, actor, f"mapping.{state}", found.name, reason, {"proposal": proposal_id}, now)


def _apply(db: Connection, actor: Actor, change: NewProposal, number: int, now: datetime) -> int:
    version = rulesets.record(db, "mapping", change.name, change.body, now)
    proposals.decide(
        db, number, "approved", by=actor.name, at_=now, decision="one person is enough", version=version
    )
    told = {"proposal": number, "version": version, "digest": proposals.digest(change.body)}
    _note(db, actor, "mapping.applied", change.name, change.reason, told, now)
    return version


def _base_rows(db: Connection, found: Proposal) -> tuple[MappingRow, ...]:
    known = rulesets.get(db, "mapping", found.name, found.base_version)
    return rows_of(known.body) if known is not None else ()


def _maker_signature(db: Connection, profile: Profile, signer: Signer | None, change: NewProposal) -> str:
    if signer is None or signer.name != change.maker:
        raise people.KeyMissingError(
            change.maker,
            "a change that takes two persons is signed by its maker",
            "Run `finsync people key` first.",
        )
    checked_key(profile, signer, change.made_at)
    return signer.sign(proposals.made_statement(proposals.make_store_id(db), change))


def checked_key(profile: Profile, signer: Signer, now: datetime) -> None:
    person = profile.people.get(signer.name)
    key = person.standing_at(now)[1] if person is not None else None
    if key != signer.public:
        raise people.KeyMissingError(
            signer.name,
            "the key here is not the one that the profile lists" if key else "the profile lists no key",
            f'Have an administrator put this line under [people.{signer.name}]: key = "{signer.public}"',
        )


def _checked_rows(
    db: Connection, profile: Profile, table: str, rows: Sequence[MappingRow]
) -> tuple[Remark, ...]:
    found = remarks(profile, rows)
    wrong = errors(found)
    if wrong:
        raise TableInvalidError(table, wrong)
    return (*found, *unknown_targets(db, profile, table, rows))


def _checked_name(table: str) -> None:
    if not table or len(table) > TABLE_CHARS_MAX or not table.replace("_", "").replace("-", "").isalnum():
        raise NotAllowedError(
            f"{table!r} is no name for a mapping table: letters, digits, - and _ only. Nothing was changed."
        )


def _note(
    db: Connection, actor: Actor, what: str, table: str, why: str, after: Mapping[str, object], now: datetime
) -> None:
    people.require(actor.name, actor.roles, what)
    entry = audit.Entry(
        who=actor.name,
        what=what,
        subject=f"mapping:{table}",
        after=after,
        source=actor.source,
        protected=in_own_words(why),
    )
    audit.record(db, [entry], now)
