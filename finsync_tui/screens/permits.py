"""Who somebody is to the profile, and which keys a person's roles allow: asked of the profile once, in a reading thread, to draw the others dim.

What counts is what the act itself asks again in its transaction.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finsync_tui.actor import Actor

ACTS = {
    "retry": "exception.retried",
    "resolve": "exception.resolved",
    "ignore": "exception.ignored",
    "comment": "exception.commented",
    "assign": "exception.assigned",
    "snooze": "exception.snoozed",
    "send_back": "exception.returned",
    "write_off": "exception.write_off_proposed",
    "approve_case": "exception.written_off",
    "reject_case": "exception.write_off_rejected",
    "withdraw_case": "exception.write_off_withdrawn",
    "edit": "exception.edited",
    "replay": "delivery.replayed",
    "hold": "delivery.held",
    "release": "delivery.released",
    "cancel": "delivery.cancelled",
    "abort": "workflow.aborted",
    "pause": "system.paused",
    "resume": "system.resumed",
    "run_now": "system.read_asked",
    "assign_break": "break.assigned",
    "comment_break": "break.commented",
    "explain_break": "break.explained",
    "resend_break": "break.resend_asked",
    "reread_break": "break.reread_asked",
    "adopt_break": "break.adoption_proposed",
    "reopen_break": "break.reopened",
    "write_off_break": "break.write_off_proposed",
    "approve_break": "break.written_off",
    "reject_break": "break.write_off_rejected",
    "withdraw_break": "break.write_off_withdrawn",
    "certify": "period.certified",
    "same_suppliers": "supplier.found_same",
    "different_suppliers": "supplier.found_different",
    "merge_suppliers": "supplier.merge_proposed",
    "approve_merge": "supplier.merge_approved",
    "reject_merge": "supplier.merge_rejected",
    "withdraw_merge": "supplier.merge_withdrawn",
    "part_suppliers": "supplier.parted",
    "confirm_bank": "bank_change.confirmed",
    "approve_bank": "bank_change.approved",
    "refuse_bank": "bank_change.refused",
    "mapping": "mapping.proposed",
    "rule_new": "mapping.proposed",
    "rule_edit": "mapping.proposed",
    "rule_remove": "mapping.proposed",
    "propose": "mapping.proposed",
    "import_rules": "mapping.proposed",
    "restore": "mapping.proposed",
    "anew": "mapping.proposed",
    "approve": "mapping.approved",
    "reject": "mapping.rejected",
    "withdraw": "mapping.withdrawn",
    "edit_policy": "policy.proposed",
    "propose_policy": "policy.proposed",
    "import_policy": "policy.proposed",
    "restore_policy": "policy.proposed",
    "approve_policy": "policy.approved",
    "reject_policy": "policy.rejected",
    "withdraw_policy": "policy.withdrawn",
}
"""A screen's action, and what the audit log calls it."""


def known(path: Path, person: Actor) -> tuple[Actor, dict[str, str]]:
    """Return the person as the profile knows them, and the actions that they may not do, each with the reason; none
    where the profile lists nobody.
    """
    from finsync_tui import people, profile
    from finsync_tui.settings import FILE_NAME, load_workspace
    from store.errors import FinsyncError

    if not (path.parent / FILE_NAME).is_file():
        return person, {}
    try:
        actor = people.known_now(profile.load_people(load_workspace(path.parent)), person)
    except FinsyncError:
        return person, {}  # whoever acts is told what is wrong with the profile
    found: dict[str, str] = {}
    for action, what in ACTS.items():
        try:
            people.require(actor.name, actor.roles, what)
        except people.RoleMissingError as error:
            found[action] = str(error)
    return actor, found
