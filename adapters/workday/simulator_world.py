"""A tenant as a list of events with two clocks: when each was entered, and from when it holds.

`visible(change, E, N)`: entered by N, effective by E, and neither rescinded nor corrected by N. The state of a subject as valid
on day E and known at moment N is all visible changes in order of effective day, then entry. Every door reads from this fold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from store.clock import Clock

Fields = dict[str, Any]

SUPERVISORY: Final = "SUPERVISORY"
COST_CENTRE: Final = "COST_CENTER"
HIERARCHY: Final = "COST_CENTER_HIERARCHY"
WORKER: Final = "WORKER"


@dataclass(frozen=True, slots=True)
class Event:
    """One entry. A rescind changes nothing by itself; a correction is a change that takes another's place."""

    wid: str
    entry: datetime
    effective: date
    subject: str
    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    rescinds: str | None = None
    corrects: str | None = None


@dataclass(slots=True)
class Subject:
    """A worker record or an organisation, and everything that was ever entered of it."""

    wid: str
    kind: str
    events: list[Event] = field(default_factory=list)


class World:
    """All subjects of a tenant."""

    def __init__(self, clock: Clock, time_zone: str) -> None:
        self.clock = clock
        self.zone = ZoneInfo(time_zone)
        self.subjects: dict[str, Subject] = {}
        self._count = 0

    def today(self, at: datetime | None = None) -> date:
        return (at or self.clock.now()).astimezone(self.zone).date()

    def new_wid(self, letter: str) -> str:
        """Return a new id: 32 hexadecimal digits."""
        self._count += 1
        return f"3f2a0c{letter}{self._count:025x}"

    def add(self, kind: str, event_kind: str, effective: date, payload: Mapping[str, Any]) -> str:
        """Enter a new subject by its first event; return its id."""
        wid = self.new_wid("a" if kind == WORKER else "b")
        self.subjects[wid] = Subject(wid, kind)
        self.enter(wid, event_kind, effective, payload)
        return wid

    def enter(
        self,
        subject: str,
        kind: str,
        effective: date,
        payload: Mapping[str, Any] | None = None,
        *,
        corrects: str | None = None,
    ) -> str:
        """Enter a change now; return the event's id."""
        event = Event(
            self.new_wid("e"),
            self.clock.now(),
            effective,
            subject,
            kind,
            dict(payload or {}),
            corrects=corrects,
        )
        self.subjects[subject].events.append(event)
        return event.wid

    def rescind(self, event_wid: str) -> None:
        """Take an event back, now."""
        event = self.event(event_wid)
        self.subjects[event.subject].events.append(
            Event(
                self.new_wid("e"),
                self.clock.now(),
                event.effective,
                event.subject,
                "RESCIND",
                rescinds=event_wid,
            )
        )

    def correct(self, event_wid: str, effective: date) -> str:
        """Move an event to another day, now; return the id of the event that takes its place."""
        event = self.event(event_wid)
        return self.enter(event.subject, event.kind, effective, event.payload, corrects=event_wid)

    def event(self, wid: str) -> Event:
        return next(one for subject in self.subjects.values() for one in subject.events if one.wid == wid)

    def of_kind(self, *kinds: str) -> Iterator[Subject]:
        """Walk subjects in order of their ids."""
        return (one for _, one in sorted(self.subjects.items()) if one.kind in kinds)

    def updated_at(self, subject: Subject, known_at: datetime) -> datetime:
        """Return when something was last entered of it: what a report calls last functionally updated."""
        return max(one.entry for one in subject.events if one.entry <= known_at)

    def state(self, wid: str, valid_on: date, known_at: datetime) -> Fields | None:
        """Return what is valid and known; None: nobody knows of it."""
        subject = self.subjects[wid]
        known = list(standing(subject.events, known_at))
        if not known:
            return None
        found: Fields = {"wid": wid, "kind": subject.kind}
        begun = [one for one in known if one.effective <= valid_on]
        if not begun:  # a future hire is shown, and not active
            first = min(known, key=_order)
            found |= dict(first.payload)
            found |= {"starts_on": first.effective, "is_future": True}
        for event in sorted(begun, key=_order):
            _apply(found, event)
        ends = [one.effective for one in known if one.kind in ("TERMINATE", "INACTIVATE")]
        if found.get("ended_on") is None and ends:
            found["announced_end"] = max(ends)  # shows as soon as it is entered
        later = [one.effective for one in known if one.effective > valid_on]
        found["next_change"] = min(later) if later else None
        found["is_active"] = _is_active(found, valid_on)
        return found


def standing(events: Iterable[Event], known_at: datetime) -> Iterator[Event]:
    """Yield the changes that were entered by then and not taken back or replaced by then."""
    known = [one for one in events if one.entry <= known_at]
    undone = {one.rescinds or one.corrects for one in known}
    return (one for one in known if one.rescinds is None and one.wid not in undone)


def _order(event: Event) -> tuple[date, datetime]:
    return event.effective, event.entry


def _apply(found: Fields, event: Event) -> None:
    found |= dict(event.payload)
    if event.kind in ("HIRE", "CREATE"):
        found |= {"starts_on": event.effective}
    elif event.kind in ("TERMINATE", "INACTIVATE"):
        found["ended_on"] = event.effective
    elif event.kind == "REACTIVATE":
        found["ended_on"] = None
    elif event.kind in ("LEAVE", "RETURN"):
        found["is_on_leave"] = event.kind == "LEAVE"


def _is_active(found: Fields, valid_on: date) -> bool:
    """A worker's last day is worked to its end; an organisation is inactive from the day itself."""
    if found.get("is_future"):
        return False
    ended_on = found.get("ended_on")
    if ended_on is None:
        return True
    return bool(valid_on <= ended_on) if found["kind"] == WORKER else bool(valid_on < ended_on)


__all__ = [
    "COST_CENTRE",
    "HIERARCHY",
    "SUPERVISORY",
    "WORKER",
    "Event",
    "Fields",
    "Subject",
    "World",
    "standing",
]
