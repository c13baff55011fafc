"""Everything a person may do. Both faces call this; each action is one transaction with its audit entry."""

from finsync_tui.actions.acting import Actor, Outcome
from finsync_tui.actions.deliveries import (
    cancel_deliveries,
    hold_deliveries,
    release_deliveries,
    replay_deliveries,
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
from finsync_tui.actions.processes import abort_workflow, pause_system, resume_system

__all__ = [
    "Actor",
    "Outcome",
    "abort_workflow",
    "assign",
    "cancel_deliveries",
    "comment",
    "edit",
    "hold_deliveries",
    "ignore",
    "pause_system",
    "release_deliveries",
    "replay_deliveries",
    "resolve",
    "resume_system",
    "retry",
    "send_back",
    "snooze",
]
