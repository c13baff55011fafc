"""The verbs that a list and the detail of one of its rows share: what each does, and its key."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from finsync_tui.screens import verbs

CASE_VERBS = {
    "retry": verbs.RETRY,
    "resolve": verbs.RESOLVE,
    "ignore": verbs.IGNORE,
    "assign": verbs.ASSIGN,
    "comment": verbs.COMMENT,
    "snooze": verbs.SNOOZE,
    "edit": verbs.EDIT,
    "send_back": verbs.RETURN,
    "write_off": verbs.WRITE_OFF,
    "approve_case": verbs.APPROVE_CASE,
    "reject_case": verbs.REJECT_CASE,
    "withdraw_case": verbs.WITHDRAW_CASE,
}
CASE_BINDINGS: list[BindingType] = [
    Binding("r", "retry", "retry", id="queue.retry"),
    Binding("x", "resolve", "resolve…", id="queue.resolve"),
    Binding("a", "assign", "assign", id="queue.assign"),
    Binding("c", "comment", "comment", id="queue.comment"),
    Binding("i", "ignore", "ignore…", id="queue.ignore"),
    Binding("z", "snooze", "snooze…", id="queue.snooze"),
    Binding("e", "edit", "edit and retry…", id="queue.edit"),
    Binding("b", "send_back", "send back…", id="queue.send_back"),
    Binding("w", "write_off", "write off…", id="queue.write_off"),
    Binding("A", "approve_case", "approve write-off…", show=False, id="queue.approve"),
    Binding("R", "reject_case", "reject write-off…", show=False, id="queue.reject"),
    Binding("U", "withdraw_case", "withdraw own write-off…", show=False, id="queue.withdraw"),
]

BREAK_VERBS = {
    "assign_break": verbs.ASSIGN_BREAK,
    "comment_break": verbs.COMMENT_BREAK,
    "explain_break": verbs.EXPLAIN_BREAK,
    "resend_break": verbs.RESEND_BREAK,
    "reread_break": verbs.REREAD_BREAK,
    "adopt_break": verbs.ADOPT_BREAK,
    "reopen_break": verbs.REOPEN_BREAK,
    "write_off_break": verbs.WRITE_OFF_BREAK,
    "approve_break": verbs.APPROVE_BREAK,
    "reject_break": verbs.REJECT_BREAK,
    "withdraw_break": verbs.WITHDRAW_BREAK,
}
BREAK_BINDINGS: list[BindingType] = [
    Binding("x", "explain_break", "explain…", id="breaks.explain"),
    Binding("a", "assign_break", "assign", id="breaks.assign"),
    Binding("c", "comment_break", "comment", id="breaks.comment"),
    Binding("r", "resend_break", "send again…", id="breaks.resend"),
    Binding("w", "write_off_break", "write off…", id="breaks.write_off"),
    Binding("A", "approve_break", "approve…", id="breaks.approve"),
    Binding("R", "reject_break", "reject…", show=False, id="breaks.reject"),
    Binding("U", "withdraw_break", "withdraw own…", show=False, id="breaks.withdraw"),
    Binding("v", "reread_break", "read both sides again…", show=False, id="breaks.reread"),
    Binding("d", "adopt_break", "adopt the target's value…", show=False, id="breaks.adopt"),
    Binding("u", "reopen_break", "open again…", show=False, id="breaks.reopen"),
]

PAIR_VERBS = {
    "same_suppliers": verbs.SAME_SUPPLIERS,
    "different_suppliers": verbs.DIFFERENT_SUPPLIERS,
    "merge_suppliers": verbs.MERGE_SUPPLIERS,
}
PAIR_BINDINGS: list[BindingType] = [
    Binding("equals_sign", "same_suppliers", "same…", key_display="=", id="suppliers.same"),
    Binding(
        "exclamation_mark", "different_suppliers", "different…", key_display="!", id="suppliers.different"
    ),
    Binding("M", "merge_suppliers", "merge…", id="suppliers.merge"),
]

MERGE_VERBS = {
    "approve_merge": verbs.APPROVE_MERGE,
    "reject_merge": verbs.REJECT_MERGE,
    "withdraw_merge": verbs.WITHDRAW_MERGE,
    "part_suppliers": verbs.PART_SUPPLIERS,
}
MERGE_BINDINGS: list[BindingType] = [
    Binding("A", "approve_merge", "approve…", id="merges.approve"),
    Binding("R", "reject_merge", "reject…", id="merges.reject"),
    Binding("U", "withdraw_merge", "withdraw own…", show=False, id="merges.withdraw"),
    Binding("u", "part_suppliers", "undo…", id="merges.undo"),
]

BANK_VERBS = {
    "confirm_bank": verbs.CONFIRM_BANK,
    "approve_bank": verbs.APPROVE_BANK,
    "refuse_bank": verbs.REFUSE_BANK,
}
BANK_BINDINGS: list[BindingType] = [
    Binding("C", "confirm_bank", "confirm…", id="bank.confirm"),
    Binding("A", "approve_bank", "approve…", id="bank.approve"),
    Binding("R", "refuse_bank", "refuse…", id="bank.refuse"),
]

DELIVERY_VERBS = {
    "replay": verbs.REPLAY,
    "hold": verbs.HOLD,
    "release": verbs.RELEASE,
    "cancel": verbs.CANCEL,
}
DELIVERY_BINDINGS: list[BindingType] = [
    Binding("r", "replay", "replay…", id="outbox.replay"),
    Binding("w", "hold", "hold…", id="outbox.hold"),
    Binding("e", "release", "release…", id="outbox.release"),
    Binding("x", "cancel", "cancel…", id="outbox.cancel"),
]
