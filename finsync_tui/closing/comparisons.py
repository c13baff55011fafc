"""Whether a period's documents have been compared since it ended and they last changed: else nobody knows of its breaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Final
from zoneinfo import ZoneInfo

from finsync_tui.profile import Profile
from finsync_tui.profile.reconciliation import Reconciliation
from finsync_tui.reconcile import connected
from store import closing, reconciliations, unreadable
from store.closing import Period
from store.reconciliations import Run
from store.unreadable import Unread

SHOWN_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Lag:
    """A definition that says nothing reliable about a period, and why."""

    definition: str
    why: str
    """Goes on after "its"."""


def lags(db: Connection, profile: Profile, legal_entity: str, period: Period) -> Iterator[Lag]:
    """Yield the definitions whose documents have a period and that were not compared as a certificate needs it.

    All of the period has to be read after its last day, and after the last change of its documents; no later run may have
    failed; and what is held of it must not be of records that can't be read any more. A definition of which a side has no connected system says nothing.
    """
    changed_at = closing.last_change(db, legal_entity, period.starts_on, period.ends_on)
    months = f"{period.starts_on:%Y-%m}", f"{period.ends_on:%Y-%m}"
    zone = ZoneInfo(profile.legal_entities[legal_entity].close.timezone)
    for name, definition in sorted(profile.reconciliations.items()):
        if not _has_period(definition):
            continue
        pairs = _pairs(db, profile, name)
        if not pairs and not connected.is_unconnected(db, name):
            yield Lag(name, "documents were never compared")
        for pair in pairs:
            last = reconciliations.last_ended(db, name, *pair)
            whole = reconciliations.last_whole(db, name, *pair, months)
            why = _why(last, whole, period, changed_at, zone)
            if why:
                yield Lag(name, why)
        unread = unreadable.of_period(db, name, legal_entity, months)
        if unread:
            yield Lag(name, _unread(unread))


def _unread(found: Sequence[Unread]) -> str:
    shown = ", ".join(f"{one.number} ({one.system})" for one in found[:SHOWN_MAX])
    more = " ..." if len(found) > SHOWN_MAX else ""
    return (
        f"records include {len(found)} that can't be read and count as they were read before: {shown}{more}"
    )


def was_any(db: Connection, profile: Profile, period: Period) -> bool:
    """Say whether any definition whose documents have a period has ever read all of it."""
    months = f"{period.starts_on:%Y-%m}", f"{period.ends_on:%Y-%m}"
    return any(
        reconciliations.last_whole(db, name, *pair, months) is not None
        for name, definition in profile.reconciliations.items()
        if _has_period(definition)
        for pair in _pairs(db, profile, name)
    )


def _has_period(definition: Reconciliation) -> bool:
    has_period = definition.source.period is not None or definition.target.period is not None
    return definition.is_enabled and has_period


def _pairs(db: Connection, profile: Profile, name: str) -> list[tuple[str, str]]:
    """Return the pairs that count: the newest one; each of its targets where they are compared one by one."""
    known = reconciliations.pairs(db, name)
    if profile.reconciliations[name].pairing == "together":
        return known[:1]
    return [pair for pair in known if pair[0] == known[0][0] and pair[1] in profile.systems] or known[:1]


def _why(
    last: Run | None, whole: Run | None, period: Period, changed_at: datetime | None, zone: ZoneInfo
) -> str:
    if last is not None and last.outcome != "complete":
        return f"last comparison {'failed' if last.outcome == 'failed' else 'was interrupted'}: {last.error}"
    if whole is None or whole.started_at.astimezone(zone).date() <= period.ends_on:
        return f"documents were not all compared since {period.name} ended"
    if changed_at is not None and whole.started_at < changed_at:
        return f"documents changed after they were all compared (run {whole.id})"
    return ""
