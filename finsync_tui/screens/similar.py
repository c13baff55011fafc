"""How exceptions like this one ended before, and what that suggests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from finsync_tui.screens.missing import MissingRule
from finsync_tui.screens.queries import ExceptionRow
from finsync_tui.screens.text import safe_text
from finsync_tui.screens.verbs import RETURNING_FLOWS
from store import causes
from store.clock import instant

if TYPE_CHECKING:
    from sqlite3 import Connection

LOOKED_AT = 200
"""The newest so many of a class are looked at: older habits do not matter."""
SHOWN = 20
ENOUGH = 3
"""From so many on, what was done before is a suggestion."""

Way = Literal["retry", "edit", "replay", "return", "resolve", "write_off", "ignore", "itself"]
WORDS: dict[Way, str] = {
    "retry": "retried",
    "edit": "edited and sent",
    "replay": "sent again",
    "return": "sent back",
    "resolve": "settled outside",
    "write_off": "written off",
    "ignore": "ignored",
    "itself": "went away by itself",
}
ACTIONS: dict[Way, str] = {
    "retry": "retry",
    "edit": "edit",
    "replay": "retry",
    "return": "send_back",
    "resolve": "resolve",
    "ignore": "ignore",
}
RETURNED_CLASSES = frozenset(
    [
        "APPROVAL_LIMIT",
        "APPROVER_MISSING",
        "APPROVER_SELF",
        "COST_CENTRE_MISSING",
        "RECALLED",
        "TOTALS_DIFFER",
    ]
)
"""Only the document's owner can put these right."""


@dataclass(frozen=True, slots=True)
class Similar:
    """One case of the past."""

    id: int
    number: str
    way: Way
    is_same_cause: bool
    cause: str
    resolution: str
    ended_by: str
    ended_at: datetime
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What to do now: a screen's action, and why."""

    action: str
    title: str
    why: str


def cases(db: Connection, row: ExceptionRow) -> tuple[Similar, ...]:
    """Return ended cases of the same class, those of the same cause first, then the newest."""
    evidence = db.execute("SELECT evidence, legal_entity FROM v_exception WHERE id = ?", (row.id,)).fetchone()
    parts = causes.of_evidence(json.loads(evidence[0]), row.system, evidence[1]) if evidence else ()
    rows = db.execute(
        "SELECT id, document_number, state, system, legal_entity, evidence, cause, resolution, ended_by, ended_at, opened_at "
        "FROM v_exception WHERE class = ? AND ended_at IS NOT NULL AND id <> ? ORDER BY id DESC LIMIT ?",
        (row.class_, row.id, LOOKED_AT),
    ).fetchall()
    found = [
        Similar(
            id=old["id"],
            number=safe_text(old["document_number"], 80),
            way=way_of(old["state"], old["resolution"] or ""),
            is_same_cause=causes.of_evidence(json.loads(old["evidence"]), old["system"], old["legal_entity"])
            == parts,
            cause=safe_text(old["cause"], 300),
            resolution=safe_text(old["resolution"], 300),
            ended_by=safe_text(old["ended_by"], 60),
            ended_at=instant(old["ended_at"]),
            opened_at=instant(old["opened_at"]),
        )
        for old in rows
    ]
    return tuple(sorted(found, key=lambda one: not one.is_same_cause))


def way_of(state: str, resolution: str) -> Way:
    """Return how a case ended, from its last state and the words that the actions leave.

    >>> way_of("closed", "retried"), way_of("resolved", "sent back: no receipt"), way_of("closed", "the order was cancelled")
    ('retry', 'return', 'itself')
    >>> way_of("resolved", "written off: the supplier is gone"), way_of("resolved", "entered by hand")
    ('write_off', 'resolve')
    """
    if resolution == "retried":
        return "retry"
    if resolution.startswith("edited: "):
        return "edit"
    if resolution == "its delivery was replayed":
        return "replay"
    if resolution.startswith("sent back: "):
        return "return"
    if resolution.startswith("written off: "):
        return "write_off"
    return "resolve" if state == "resolved" else "ignore" if state == "ignored" else "itself"


def ways(found: Sequence[Similar]) -> list[tuple[Way, int]]:
    """Return how often each way was taken, the most frequent first."""
    return Counter(one.way for one in found).most_common()


def suggestion(
    row: ExceptionRow, found: Sequence[Similar], missing: MissingRule | None = None
) -> Suggestion | None:
    """Return what to do about a live exception: what helped before, else what its class calls for; None: nothing here."""
    if not row.is_live:
        return None
    if missing is not None:  # to retry helps only once the rule is there, and then it goes on by itself
        return Suggestion(
            "mapping",
            "write the rule",
            f"{safe_text(missing.table, 40)} has no rule for {safe_text(missing.value, 40)}",
        )
    same = [one for one in found if one.is_same_cause]
    known = same if len(same) >= ENOUGH else list(found)
    for way, count in ways(known):
        if count >= ENOUGH and count * 2 > len(known) and way in ACTIONS and _is_possible(ACTIONS[way], row):
            like = "with the same cause" if known is same else "of its class"
            return Suggestion(
                ACTIONS[way],
                _title(ACTIONS[way]),
                f"{count} of the last {len(known)} {like} were {WORDS[way]}",
            )
    if row.class_ in RETURNED_CLASSES and _is_possible("send_back", row):
        return Suggestion("send_back", _title("send_back"), "only its owner can put this right")
    if _is_possible("retry", row):
        return Suggestion("retry", _title("retry"), "as soon as the cause is gone")
    return None


def _is_possible(action: str, row: ExceptionRow) -> bool:
    if action == "edit":
        return row.entry_id is not None
    if action == "send_back":
        return row.flow in RETURNING_FLOWS
    if action == "retry":
        return row.workflow_id is not None or row.entity == "system"
    return True


def _title(action: str) -> str:
    return {"send_back": "send back", "edit": "edit and retry"}.get(action, action)
