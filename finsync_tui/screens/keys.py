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
]

BREAK_VERBS = {
    "assign_break": verbs.ASSIGN_BREAK,
    "comment_break": verbs.COMMENT_BREAK,
    "explain_break": verbs.EXPLAIN_BREAK,
}
BREAK_BINDINGS: list[BindingType] = [
    Binding("x", "explain_break", "explain…", id="breaks.explain"),
    Binding("a", "assign_break", "assign", id="breaks.assign"),
    Binding("c", "comment_break", "comment", id="breaks.comment"),
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
