"""Moving what one environment's layers say to another: made and approved as a signed file, and applied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from sqlite3 import Connection

from finsync_tui import people, profile
from finsync_tui.actions.acting import checked_reason, note_action
from finsync_tui.actions.mappings import checked_key
from finsync_tui.actions.second_person import required
from finsync_tui.actor import Actor
from finsync_tui.governance import change_sets as trust
from finsync_tui.governance import rules
from finsync_tui.mapping import standings
from finsync_tui.people import Signer
from finsync_tui.profile import Problem, Profile
from finsync_tui.profile.change_set import (
    Approval,
    ChangeSet,
    changes,
    layers,
    now,
    staged,
    texts,
    write,
)
from finsync_tui.profile.origins import Difference, between
from finsync_tui.settings import Workspace
from store import Store, change_sets, proposals
from store.clock import text
from store.errors import FinsyncError, NotAllowedError

SUBJECT = "profile:files"


class ChangeSetRefusedError(FinsyncError):
    """Nobody, or not everybody who has to, stands for the change set here, or they did for an application that is over."""

    code = "CHANGE_SET_REFUSED"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the change set can't be applied: {why}. Nothing was changed. `finsync profile promote show FILE` says what it lacks."
        )


class ChangeSetConflictError(FinsyncError):
    """Files changed here since the change set was made, or since it was applied."""

    code = "CHANGE_SET_CONFLICT"

    def __init__(self, paths: Sequence[str], what: str, remedy: str) -> None:
        shown = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
        super().__init__(
            f"{shown}: changed here since {what}. Nothing was changed and nothing is lost: {remedy}"
        )


class ChangeSetProblemsError(FinsyncError):
    """The profile would not be usable with the change set."""

    code = "CHANGE_SET_PROBLEMS"

    def __init__(self, found: Sequence[Problem]) -> None:
        first = found[0]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        super().__init__(
            f"the profile would not be usable at {first.place}: {first.message}{more}. Nothing was changed. "
            "`finsync profile promote apply FILE --dry-run` lists everything."
        )


@dataclass(frozen=True, slots=True)
class Made:
    """A change set, and what stays behind."""

    change_set: ChangeSet
    left_out: tuple[str, ...]
    """Layers that the target's workspace.toml does not name."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What applying a change set would do; nothing was done."""

    differences: tuple[Difference, ...]
    """What the profile says now, and would say."""
    problems: tuple[Problem, ...]
    moved: tuple[str, ...]
    """Files that changed here since it was made."""
    refusal: str | None
    waiting: tuple[str, ...]
    """Tables and policies that two persons have signed here: their files' changes wait to be proposed."""

    @property
    def is_possible(self) -> bool:
        return not (self.problems or self.moved or self.refusal)


def make_change_set(
    source: Workspace, target: Workspace, store: Store, actor: Actor, reason: str, signer: Signer | None
) -> Made:
    """Return what the source's layers say otherwise than the target's, signed. `store` is the target's, `actor` and `signer`
    are as the target's profile knows them.
    """
    people.require(actor.name, actor.roles, trust.MADE)
    reason = checked_reason(reason)
    known = profile.load(target)
    moving, left_out = layers(source, target)
    found = changes(texts(target, moving), texts(source, moving))
    if not found:
        raise NotAllowedError(
            f"the layers that both have ({', '.join(moving) or 'none'}) say the same. Nothing was made."
        )
    with store.transaction() as db:
        made = ChangeSet(
            source=source.name, target=proposals.make_store_id(db), target_name=target.name, maker=actor.name,
            made_at=store.clock.now(), reason=reason, files=found,
        )  # fmt: skip
        if known.profile_rule == "two":
            own = required(actor, signer, "a change set")
            checked_key(known, own, made.made_at)
            made = made.model_copy(update={"maker_signature": own.sign(made.made_statement())})
        note_action(store, db, actor, trust.MADE, SUBJECT, reason, told_of(made))
    return Made(made, tuple(left_out))


def approve_change_set(
    target: Workspace, store: Store, actor: Actor, found: ChangeSet, signer: Signer, comment: str = ""
) -> ChangeSet:
    """Return another person's change set with one's own approval; what would not count later is refused here."""
    people.require(actor.name, actor.roles, trust.APPROVED)
    known = profile.load(target)
    if actor.name == found.maker:
        raise NotAllowedError(
            f"{actor.name} made the change set and can't approve it too. Nothing was changed. Ask somebody else."
        )
    with store.transaction() as db:
        problem = trust.maker_refusal(known, found)
        if found.target != proposals.store_id(db):
            problem = f"it was made for another workspace ({found.target_name})"
        if problem is not None:
            raise ChangeSetRefusedError(problem)
        moment = store.clock.now()
        checked_key(known, signer, moment)
        statement = found.approved_statement(actor.name, text(moment), comment)
        approval = Approval(
            checker=actor.name, approved_at=moment, comment=comment, signature=signer.sign(statement)
        )
        done = found.model_copy(update={"approvals": (*found.approvals, approval)})
        problem = trust.refusal(known, proposals.store_id(db), done)
        if problem is not None:
            raise ChangeSetRefusedError(problem)
        note_action(store, db, actor, trust.APPROVED, SUBJECT, comment, told_of(done))
    return done


def try_change_set(target: Workspace, db: Connection, found: ChangeSet, today: date) -> Trial:
    """Say what applying a change set would do, and what keeps it from that. Writes nothing."""
    known = profile.load(target)
    wanted = {one.path: one.text for one in found.files}
    with staged(target, wanted) as beside:
        problems = tuple(at_home(one, beside, target) for one in profile.check(beside))
        differences = () if problems else tuple(between(target, beside))
    return Trial(
        differences,
        problems,
        tuple(trust.moved(target, found)),
        trust.refusal(known, proposals.store_id(db), found) or trust.used_up(target, db, found),
        tuple(_waiting(db, known, found, today)),
    )


def apply_change_set(target: Workspace, store: Store, actor: Actor, found: ChangeSet) -> int:
    """Write the files of a change set that everybody who has to stands for; return its number here.

    What was there before is kept first, so that whatever stops it midway, applying it again finishes it, or it is rolled back.
    Each is applied once: what people signed was said of one moment.
    """
    people.require(actor.name, actor.roles, "profile.promoted")
    trial = try_change_set(target, store.db, found, store.clock.now().date())
    if trial.refusal is not None:
        raise ChangeSetRefusedError(trial.refusal)
    if trial.moved:
        raise ChangeSetConflictError(
            trial.moved, "it was made", "make the change set anew on what is here now, and have it approved."
        )
    if trial.problems:
        raise ChangeSetProblemsError(trial.problems)
    moment = store.clock.now()
    with store.transaction() as db:
        used_up = trust.used_up(target, db, found)
        if used_up is not None:
            raise ChangeSetRefusedError(used_up)
        begun = change_sets.newest(db, found.digest)
        if begun is not None:
            number = begun.id
        else:
            new = change_sets.NewApplied(
                digest=found.digest, body=found.model_dump_json(),
                before={one.path: now(target, one.path) for one in found.files}, source=found.source,
                maker=found.maker, checker=trust.checker(profile.load(target), found), reason=found.reason,
                applied_by=actor.name,
            )  # fmt: skip
            number = change_sets.add(db, new, moment)
        told = {"change_set": number, **told_of(found), **({} if begun is None else {"finishes": True})}
        note_action(store, db, actor, "profile.promoted", SUBJECT, found.reason, told)
    write(target, {one.path: one.text for one in found.files})
    with store.transaction() as db:
        change_sets.written(db, number)
    return number


def _waiting(db: Connection, known: Profile, found: ChangeSet, today: date) -> Iterator[str]:
    """Yield the tables and policies whose files' changes come into force only once two persons have signed them here."""
    tables = standings(db, known)
    policies = rules.standings(db, known, today)
    for one in found.files:
        *_, part, name = ("", *one.path.split("/"))
        stem = name.rpartition(".")[0]
        table, policy = tables.get(stem), policies.get(stem)
        if (
            part == "mappings"
            and table is not None
            and table.proposal is not None
            and known.mapping_rule == "two"
        ):
            yield f"mapping {stem}"
        elif part == "policies" and policy is not None and policy.proposal is not None:
            yield f"policy {stem}"


def at_home(problem: Problem, beside: Workspace, target: Workspace) -> Problem:
    """Return a problem of the trial with the file where it would stand."""
    return Problem(
        problem.place,
        problem.message.replace(str(beside.path), str(target.path)),
        problem.remedy,
        problem.file.replace(str(beside.path), str(target.path)),
        problem.line,
    )


def told_of(found: ChangeSet) -> dict[str, object]:
    return {
        "digest": found.digest,
        "source": found.source,
        "maker": found.maker,
        "files": [one.path for one in found.files],
    }
