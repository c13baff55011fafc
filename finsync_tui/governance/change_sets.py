"""Whether a change set from another environment may be applied here: who stands for it, and whether it still fits."""

from __future__ import annotations

from collections.abc import Iterator
from sqlite3 import Connection

from finsync_tui import people
from finsync_tui.profile import Profile
from finsync_tui.profile.change_set import ChangeSet, digest, now
from finsync_tui.settings import Workspace
from store import change_sets
from store.clock import text

MADE = "profile.change_set_made"
APPROVED = "profile.change_set_approved"


def refusal(profile: Profile, store_id: str, found: ChangeSet) -> str | None:
    """Say why nobody, or not everybody who has to, stands for a change set here; None: they do."""
    if found.target != store_id:
        return f"it was made for another workspace ({found.target_name})"
    if profile.profile_rule == "one":
        return None
    problem = maker_refusal(profile, found)
    if problem is not None:
        return problem
    return None if checker(profile, found) is not None else _why_unapproved(profile, found)


def maker_refusal(profile: Profile, found: ChangeSet) -> str | None:
    """Say why a change set is not its maker's; None: it is."""
    person = profile.people.get(found.maker)
    if person is None:
        return f"{found.maker}, who made it, is not listed here"
    roles, key = person.standing_at(found.made_at)
    if not people.may(frozenset(roles), MADE):
        return f"{found.maker} may not make change sets here"
    if key is None or not people.is_signed_by(key, found.made_statement(), found.maker_signature):
        return f"it is not signed by {found.maker} as it stands there now: it was edited, forged, or their key is another"
    return None


def checker(profile: Profile, found: ChangeSet) -> str | None:
    """Return who has approved it with the right role and a key of their own; None: nobody has."""
    makers_key = (
        profile.people[found.maker].standing_at(found.made_at)[1] if found.maker in profile.people else None
    )
    for one in found.approvals:
        person = profile.people.get(one.checker)
        if person is None or one.checker == found.maker:
            continue
        roles, key = person.standing_at(one.approved_at)
        statement = found.approved_statement(one.checker, text(one.approved_at), one.comment)
        if (
            people.may(frozenset(roles), APPROVED)
            and key is not None
            and key != makers_key
            and people.is_signed_by(key, statement, one.signature)
        ):
            return one.checker
    return None


def _why_unapproved(profile: Profile, found: ChangeSet) -> str:
    if not found.approvals:
        return "nobody else has approved it"
    names = ", ".join(sorted({one.checker for one in found.approvals}))
    return f"the approval of {names} does not count: another person than its maker, with the role approver and their listed key"


def moved(workspace: Workspace, found: ChangeSet) -> Iterator[str]:
    """Yield the files that are not any more as they were when the change set was made, and not as it would have them."""
    for one in found.files:
        if digest(now(workspace, one.path)) not in (one.before, one.after):
            yield one.path


def used_up(workspace: Workspace, db: Connection, found: ChangeSet) -> str | None:
    """Say why its signatures are good for nothing more here; None: it was never applied, or something stopped it midway."""
    done = change_sets.newest(db, found.digest)
    if done is None:
        return None
    if done.rolled_back_at is not None:
        return f"it was rolled back here as change set {done.id} by {done.rolled_back_by}: make it anew and have it approved"
    if not done.is_written:
        return None
    if any(digest(now(workspace, one.path)) != one.after for one in found.files):
        return f"it was applied here as change set {done.id}, and its files changed since: make it anew and have it approved"
    return f"it is applied already, as change set {done.id}"
