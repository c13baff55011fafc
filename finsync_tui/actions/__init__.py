"""Everything a person may do. Both faces call this; each action is one transaction with its audit entry."""

from finsync_tui.actions.acting import Outcome, Seen, may
from finsync_tui.actions.adoptions import (
    Adopted,
    adopt_target,
    approve_adoption,
    is_adoption,
    reject_adoption,
    withdraw_adoption,
)
from finsync_tui.actions.bank_changes import approve_bank_change, confirm_bank_change, refuse_bank_change
from finsync_tui.actions.breaks import (
    assign_breaks,
    comment_on_break,
    reopen_breaks,
    reread_breaks,
    resend_breaks,
)
from finsync_tui.actions.closing import certificate_bytes, certify_period
from finsync_tui.actions.deliveries import (
    cancel_deliveries,
    hold_deliveries,
    release_deliveries,
    replay_deliveries,
)
from finsync_tui.actions.exception_write_offs import (
    approve_exception_write_off,
    reject_exception_write_off,
    withdraw_exception_write_off,
    write_off_exception,
)
from finsync_tui.actions.exceptions import (
    assign,
    comment,
    edit,
    ignore,
    resolve,
    retry,
    send_back,
    snooze,
)
from finsync_tui.actions.explanations import (
    approve_explanation,
    explain_breaks,
    is_explanation,
    reject_explanation,
    withdraw_explanation,
)
from finsync_tui.actions.mappings import (
    approve_mapping,
    from_profile,
    propose_mapping,
    rebased,
    reject_mapping,
    withdraw_mapping,
)
from finsync_tui.actions.policies import (
    approve_policy,
    propose_policy,
    put_policy_in_force,
    reject_policy,
    withdraw_policy,
)
from finsync_tui.actions.processes import abort_workflow, ask_read, pause_system, resume_system
from finsync_tui.actions.signing import key_of, signer_for, signer_of, write_off_signer
from finsync_tui.actions.supplier_merges import (
    approve_merge,
    merge_suppliers,
    part_suppliers,
    reject_merge,
    withdraw_merge,
)
from finsync_tui.actions.suppliers import Said, answer_suppliers
from finsync_tui.actions.write_offs import approve_write_off, reject_write_off, withdraw_write_off, write_off
from finsync_tui.actor import Actor
from finsync_tui.people import acting, known_now

__all__ = [
    "Actor",
    "Adopted",
    "Outcome",
    "Said",
    "Seen",
    "abort_workflow",
    "acting",
    "adopt_target",
    "answer_suppliers",
    "approve_adoption",
    "approve_bank_change",
    "approve_exception_write_off",
    "approve_explanation",
    "approve_mapping",
    "approve_merge",
    "approve_policy",
    "approve_write_off",
    "ask_read",
    "assign",
    "assign_breaks",
    "cancel_deliveries",
    "certificate_bytes",
    "certify_period",
    "comment",
    "comment_on_break",
    "confirm_bank_change",
    "edit",
    "explain_breaks",
    "from_profile",
    "hold_deliveries",
    "ignore",
    "is_adoption",
    "is_explanation",
    "key_of",
    "known_now",
    "may",
    "merge_suppliers",
    "part_suppliers",
    "pause_system",
    "propose_mapping",
    "propose_policy",
    "put_policy_in_force",
    "rebased",
    "refuse_bank_change",
    "reject_adoption",
    "reject_exception_write_off",
    "reject_explanation",
    "reject_mapping",
    "reject_merge",
    "reject_policy",
    "reject_write_off",
    "release_deliveries",
    "reopen_breaks",
    "replay_deliveries",
    "reread_breaks",
    "resend_breaks",
    "resolve",
    "resume_system",
    "retry",
    "send_back",
    "signer_for",
    "signer_of",
    "snooze",
    "withdraw_adoption",
    "withdraw_exception_write_off",
    "withdraw_explanation",
    "withdraw_mapping",
    "withdraw_merge",
    "withdraw_policy",
    "withdraw_write_off",
    "write_off",
    "write_off_exception",
    "write_off_signer",
]
