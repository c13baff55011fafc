"""What a person may do, in words: what the dialog asks, what will happen, what can't be undone.

`acting` does it; this only describes, so that it can be shown before anything is imported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from finsync_tui.screens import signs
from finsync_tui.screens.break_queries import BreakRow
from finsync_tui.screens.queries import DeliveryRow, ExceptionRow, WorkflowRow

Name = Literal[
    "retry",
    "resolve",
    "ignore",
    "assign",
    "comment",
    "snooze",
    "return",
    "edit",
    "write_off",
    "approve_case",
    "reject_case",
    "withdraw_case",
    "replay",
    "hold",
    "release",
    "cancel",
    "abort",
    "pause",
    "resume",
    "run_now",
    "assign_break",
    "comment_break",
    "explain_break",
    "resend_break",
    "reread_break",
    "adopt_break",
    "reopen_break",
    "write_off_break",
    "approve_break",
    "reject_break",
    "withdraw_break",
    "certify",
    "same_suppliers",
    "different_suppliers",
    "merge_suppliers",
    "approve_merge",
    "reject_merge",
    "withdraw_merge",
    "part_suppliers",
    "confirm_bank",
    "approve_bank",
    "refuse_bank",
    "reveal",
]


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing to do. `prompt` empty: nothing is asked but whether."""

    name: Name
    title: str
    past: str
    consequence: str
    prompt: str = ""
    is_needed: bool = True
    """Whether the prompt must be answered."""
    is_plain: bool = False
    """A change that stays here: no sums, no warning."""
    empty: str = "nobody"
    """What an empty answer means, where it need not be given."""
    button: str = ""
    """What the key that does it is called, where its title says more."""


RETRY = Verb(
    "retry",
    "Retry",
    "retried",
    "The held work is decided anew, with today's mappings and master data, and goes on. What it writes to a finance "
    "system can't be taken back from here. A write whose outcome is unknown is looked up first, never sent blindly.",
)
RESOLVE = Verb(
    "resolve",
    "Resolve",
    "resolved",
    "It was settled outside: the held work ends and nothing is delivered for this version of the document. If nobody "
    "knows whether a write arrived, this is your word that you have looked in the system.",
    prompt="Reason",
)
IGNORE = Verb(
    "ignore",
    "Ignore",
    "ignored",
    "The document is not delivered in this version; a new version is looked at anew.",
    prompt="Reason",
)
REVEAL = Verb(
    "reveal",
    "Show people of",
    "shown",
    "Names, logins and e-mail of the people in it are shown to you, here, until you go on to another. That you saw them is noted in "
    "the audit log, with your reason.",
    prompt="Reason",
    is_plain=True,
    button="show",
)
SAME_SUPPLIERS = Verb(
    "same_suppliers",
    "Same supplier",
    "said to be the same",
    "Documents of one find the other from now on, and nobody is asked again. Nothing changes in any system: a merge does.",
    prompt="Reason",
)
DIFFERENT_SUPPLIERS = Verb(
    "different_suppliers",
    "Different suppliers",
    "said to be different",
    "Nobody is asked about them again, and they are never taken for one, whatever they score.",
    prompt="Reason",
)
MERGE_SUPPLIERS = Verb(
    "merge_suppliers",
    "Merge",
    "merging: the engine goes on with it",
    "The double becomes inactive in its system once what is under way with it has ended, and documents find the one that stays. "
    "It can be undone (; then l): every system becomes what it was. Where the profile asks for two persons, your key signs it.",
    prompt="Why they are one",
    button="merge",
)
APPROVE_MERGE = Verb(
    "approve_merge",
    "Approve",
    "approved: the engine merges them",
    "Your key signs what is listed here. The engine makes the double inactive in its system; it can be undone afterwards (u).",
    prompt="Comment",
    is_needed=False,
    empty="none",
    button="approve",
)
REJECT_MERGE = Verb(
    "reject_merge",
    "Reject",
    "rejected",
    "Nothing is merged; what you said stays with it.",
    prompt="Reason",
    button="reject",
)
WITHDRAW_MERGE = Verb(
    "withdraw_merge",
    "Withdraw",
    "withdrawn",
    "Nothing is merged; it can be proposed again.",
    prompt="Reason",
    button="withdraw",
)
PART_SUPPLIERS = Verb(
    "part_suppliers",
    "Undo",
    "being undone: the engine goes on with it",
    "In every system, and in finsync's links, it becomes exactly what it was before the merge.",
    prompt="Reason",
    button="undo",
)
CONFIRM_BANK = Verb(
    "confirm_bank",
    "Confirm",
    "confirmed",
    "You say, signed, that the supplier itself has confirmed the new account. Ask on a number you knew before, never on one that came "
    "with the change.",
    prompt="How you asked, and whom",
    button="confirm",
)
APPROVE_BANK = Verb(
    "approve_bank",
    "Approve",
    "approved: it cools off now",
    "Your key signs that payments go to the new account after the cooling-off time. Until then it can be refused.",
    prompt="Comment",
    is_needed=False,
    empty="none",
    button="approve",
)
REFUSE_BANK = Verb(
    "refuse_bank",
    "Refuse",
    "refused: the ERPs keep what they have",
    "Nothing is sent: the ERPs keep the account they have, and the supplier's invoices are flagged for review where they come from.",
    prompt="Reason",
    button="refuse",
)
ASSIGN = Verb("assign", "Assign", "assigned", "", prompt="Owner", is_needed=False, is_plain=True)
COMMENT = Verb("comment", "Comment", "commented", "", prompt="Comment", is_plain=True)
SNOOZE = Verb(
    "snooze",
    "Snooze",
    "put aside",
    "It leaves the queue and comes back by itself. Its due time stays as it is.",
    prompt="Until, like 4h, 2d, tomorrow, monday, 2026-03-20 14:00",
    is_plain=True,
)
RETURN = Verb(
    "return",
    "Send back",
    "sent back",
    "The document goes back to its owner, who reads the reason; what was posted of it is taken back. It comes again when "
    "its owner submits it again.",
    prompt="What its owner has to do",
)
EDIT = Verb(
    "edit",
    "Edit and retry",
    "edited",
    "The edited body is sent in place of the refused one; the original decision stays beside it. What the system does then "
    "can't be taken back from here.",
    prompt="Reason",
)
WRITE_OFF = Verb(
    "write_off",
    "Write off",
    "written off",
    "The document is given up, and its money with it: the held work ends and nothing of it is delivered. This can't be undone. "
    "Where the profile asks for two persons, your key signs the proposal, and it stays open until somebody else approves it.",
    prompt="Reason",
)
APPROVE_CASE = Verb(
    "approve_case",
    "Approve the write-off of",
    "written off",
    "Your key signs that this document is given up, and its money with it: the held work ends and nothing of it is delivered. "
    "This can't be undone.",
    prompt="Comment",
    is_needed=False,
    empty="none",
    button="approve",
)
REJECT_CASE = Verb(
    "reject_case",
    "Reject what is proposed for",
    "not approved: it stays open",
    "It stays open, with what you said as a comment. Its maker can propose it again.",
    prompt="Reason",
    button="reject",
)
WITHDRAW_CASE = Verb(
    "withdraw_case",
    "Withdraw the write-off of",
    "not written off: it stays open",
    "It stays open, with what you said as a comment. It can be proposed again.",
    prompt="Reason",
    button="withdraw",
)
RETURNING_FLOWS = frozenset(["expense_to_reimbursement", "expense_validation"])
"""Flows whose documents can go back to their owner."""
REPLAY = Verb(
    "replay",
    "Replay",
    "sent again",
    "The same decision is sent again, with the same key. What the system does then can't be taken back from here.",
    prompt="Reason",
)
HOLD = Verb("hold", "Hold", "held", "They stay here until somebody releases them.", prompt="Reason")
RELEASE = Verb(
    "release",
    "Release",
    "released",
    "They are sent as soon as it is their turn. What the system does then can't be taken back from here.",
    prompt="Reason",
)
CANCEL = Verb("cancel", "Cancel", "cancelled", "They are never sent. This can't be undone.", prompt="Reason")
ABORT = Verb(
    "abort",
    "Abort",
    "aborted",
    "The workflow is given up. What it has done in other systems is undone there, newest first; its steps show what "
    "was undone and what stays.",
    prompt="Reason",
)
PAUSE = Verb(
    "pause", "Pause", "paused", "Nothing is read from it or written to it; its queue stays.", prompt="Reason"
)
RESUME = Verb(
    "resume", "Resume", "resumed", "It is read and written again, its queue first.", prompt="Reason"
)

RUN_NOW = Verb(
    "run_now",
    "Read now",
    "the engine was asked to read it",
    "A running engine reads it within seconds, by all its schedules; what it finds goes its usual way. Without an engine it "
    "is read when one starts.",
    is_plain=True,
)

ASSIGN_BREAK = Verb("assign_break", "Assign", "assigned", "", prompt="Owner", is_needed=False, is_plain=True)
COMMENT_BREAK = Verb("comment_break", "Comment", "commented", "", prompt="Comment", is_plain=True)
EXPLAIN_BREAK = Verb(
    "explain_break",
    "Explain",
    "explained",
    "It is as it should be, and leaves the queue. Nothing changes in either system; another difference of the same document "
    "opens it again. Where a write-off takes two persons, another one has to explain it, too.",
    prompt="Why it is as it should be",
)
RESEND_BREAK = Verb(
    "resend_break",
    "Send again",
    "its process begins anew with the engine's next cycle",
    "The process of the document begins anew: it looks in the target first and makes nothing twice. What it then writes to "
    "the target can't be taken back from here.",
    prompt="Reason",
)
REREAD_BREAK = Verb(
    "reread_break",
    "Read again",
    "both sides are read afresh with the engine's next cycle",
    "Both sides are read and compared afresh with the engine's next cycle. Nothing changes in either system; what agrees by "
    "then closes itself.",
)
ADOPT_BREAK = Verb(
    "adopt_break",
    "Adopt the target's value",
    "the engine writes the target's value to the source",
    "The source gets the target's value, where the profile says that the target is its master: the engine writes it with its "
    "next cycle and compares both sides again. Where the profile asks for two persons, your key signs the proposal first.",
    prompt="Why the target is right",
    button="adopt",
)
REOPEN_BREAK = Verb(
    "reopen_break",
    "Open again",
    "open again",
    "What was explained or written off is open again, and counts as unexplained when a period is closed. Nothing changes in "
    "either system.",
    prompt="Reason",
)
WRITE_OFF_BREAK = Verb(
    "write_off_break",
    "Write off",
    "written off",
    "The difference is accepted as a loss; nothing is written to either system: book the loss in the ledger. Where the "
    "profile asks for two persons, your key signs the proposal, and it stays open until somebody else approves it.",
    prompt="Reason",
)
APPROVE_BREAK = Verb(
    "approve_break",
    "Approve what is proposed for",
    "approved",
    "Your key signs it as it stands here. Of a write-off each comparison checks both signatures, and nothing is written to "
    "either system; an adopted value is written to the source.",
    prompt="Comment",
    is_needed=False,
    empty="none",
    button="approve",
)
REJECT_BREAK = Verb(
    "reject_break",
    "Reject what is proposed for",
    "not approved: it stays open",
    "It stays open, with what you said in its history. Its maker can propose it again.",
    prompt="Reason",
    button="reject",
)
WITHDRAW_BREAK = Verb(
    "withdraw_break",
    "Withdraw what you proposed for",
    "withdrawn: it stays open",
    "It stays open, with what you said in its history. It can be proposed again.",
    prompt="Reason",
    button="withdraw",
)
CERTIFY = Verb(
    "certify",
    "Certify",
    "certified",
    "A certificate is kept and noted in the audit log: nothing was in the way, and which documents the books rest on. It shows "
    "when any of them changes later.",
    is_plain=True,
)


def against_case(verb: Verb, row: ExceptionRow | None, me: str = "") -> str:
    """Return why this can't be done to that exception by this person; empty: it can."""
    if row is None:
        return "There is no exception here."
    if verb.name != "comment" and not row.is_live:
        return f"{row.number} has ended already ({row.state})."
    if verb.name == "edit" and row.entry_id is None:
        return "Only a refused or dead delivery can be edited; correct the document at its source instead."
    if verb.name == "return" and row.flow not in RETURNING_FLOWS:
        return f"{row.system} takes no document back: correct it there, or resolve the exception."
    if verb.name == "write_off" and row.write_off_maker:
        return f"{row.write_off_maker} has proposed to write off {row.number} already: somebody else approves it (A)."
    if verb.name in ("approve_case", "reject_case", "withdraw_case") and not row.write_off_maker:
        return f"Nobody has proposed to write off {row.number} (w does)."
    if verb.name == "approve_case" and row.write_off_maker == me:
        return f"You proposed to write off {row.number}: somebody else has to approve it."
    if verb.name == "withdraw_case" and row.write_off_maker != me:
        return f"{row.write_off_maker} proposed to write off {row.number}: only they withdraw it; an approver rejects it (R)."
    return ""


def against_delivery(verb: Verb, row: DeliveryRow | None) -> str:
    """Return why this can't be done to that delivery; empty: it can."""
    if row is None:
        return "There is no delivery here."
    allowed = {
        "replay": ("buried", "refused", "held"),
        "hold": ("pending",),
        "release": ("held",),
        "cancel": ("pending", "held", "refused", "buried"),
    }[verb.name]
    if row.state not in allowed:
        is_now, *may_be = (signs.of(signs.DELIVERY, state).word for state in (row.state, *allowed))
        return (
            f"{row.number} is {is_now}; {verb.title.lower()} is for deliveries that are: {', '.join(may_be)}."
        )
    if verb.name == "cancel" and row.is_outcome_unknown:
        return f"Nobody knows yet whether {row.number} arrived: it is looked up first and can't be cancelled."
    return ""


_FOR_OPEN = frozenset(["explain_break", "resend_break", "reread_break", "adopt_break", "write_off_break"])
_FOR_WAITING = frozenset(["approve_break", "reject_break", "withdraw_break"])
_RESENT = frozenset(["missing_in_target", "field", "status_lag"])


def against_break(verb: Verb, row: BreakRow | None, me: str = "") -> str:
    """Return why this can't be done to that break by this person; empty: it can."""
    if row is None:
        return "There is no break here."
    state, kind = row.state.replace("_", " "), row.kind.replace("_", " ")
    if verb.name in _FOR_OPEN and row.state != "open":
        return f"{row.number} is {state} already."
    if verb.name == "resend_break" and row.kind not in _RESENT:
        return f"Sending again mends no {kind}: {row.number} is not sent again."
    if verb.name == "adopt_break" and row.kind not in ("field", "status_lag"):
        return f"{row.number} has no value to adopt ({kind})."
    if verb.name in ("write_off_break", "adopt_break") and row.maker:
        return f"{row.maker} has proposed to {row.proposed_act} {row.number} already: somebody else approves it (A)."
    if verb.name == "reopen_break" and (
        row.state not in ("explained", "written_off") or row.gone_at is not None
    ):
        why = "both sides agree by now" if row.gone_at is not None else f"it is {state}"
        return f"Only what was explained or written off, and is still there, is opened again: {row.number}: {why}."
    if verb.name == "explain_break" and row.explanation_maker == me and me:
        return f"You have explained {row.number} already: it waits for another person to explain it, too."
    if verb.name in _FOR_WAITING and not row.maker:
        return f"Nobody has proposed anything for {row.number} (w writes off, d adopts, x explains)."
    if verb.name == "approve_break" and row.maker == me:
        return f"You proposed to {row.proposed_act} {row.number}: somebody else has to approve it."
    if verb.name == "withdraw_break" and row.maker != me:
        return f"{row.maker} proposed to {row.proposed_act} {row.number}: only they withdraw it; an approver rejects it (R)."
    return ""


def against_workflow(verb: Verb, row: WorkflowRow | None) -> str:
    """Return why this can't be done to that workflow; empty: it can."""
    if row is None:
        return "There is no workflow here."
    return "" if row.is_live else f"{row.number} has ended already ({row.state})."
