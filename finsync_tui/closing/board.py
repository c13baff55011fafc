"""All companies and periods at one glance: which can be closed, and what is in the way of the others."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from sqlite3 import Connection

from finsync_tui.closing import certificate
from finsync_tui.closing.check import State, periods_of
from finsync_tui.profile import Profile
from store import closing
from store.closing import Accepted, Certificate, Period, Reason


@dataclass(frozen=True, slots=True)
class Cell:
    """One company's period."""

    legal_entity: str
    period: Period
    state: State
    counts: Mapping[Reason, int]
    """Documents in the way, by reason."""

    @property
    def count(self) -> int:
        return sum(self.counts.values())


def board(db: Connection, profile: Profile, now: datetime) -> list[Cell]:
    """Return a cell for each company and period, in order of both. One pass over what is open; one over what is booked
    when any period has a certificate."""
    calendars = {number: periods_of(db, setup) for number, setup in sorted(profile.legal_entities.items())}
    counts = _counts(db, calendars)
    valid = _valid(db, closing.newest_certificates(db))
    today = {number: setup.day(now) for number, setup in profile.legal_entities.items()}
    return [
        Cell(
            number,
            period,
            _state(
                period,
                today[number],
                counts.get((number, period.starts_on)),
                valid.get((number, period.starts_on)),
            ),
            counts.get((number, period.starts_on), {}),
        )
        for number, periods in calendars.items()
        for period in periods
    ]


def _state(period: Period, today: date, counts: Mapping[Reason, int] | None, is_same: bool | None) -> State:
    if today < period.starts_on:
        return "future"
    if is_same is None:
        if counts:
            return "open"
        return "running" if today <= period.ends_on else "clean"
    return "certified" if is_same and not counts else "changed"


def _counts(db: Connection, calendars: Mapping[str, list[Period]]) -> dict[tuple[str, date], Counter[Reason]]:
    """Tell each accounting day with something open to the period it lies in."""
    starts = {number: [one.starts_on for one in periods] for number, periods in calendars.items()}
    found: dict[tuple[str, date], Counter[Reason]] = {}
    for one in closing.by_day(db):
        day, known = date.fromisoformat(one.accounting_on), starts.get(one.legal_entity, [])
        place = bisect_right(known, day) - 1
        if place >= 0 and day <= calendars[one.legal_entity][place].ends_on:
            found.setdefault((one.legal_entity, known[place]), Counter())[one.reason] += one.count
    return found


def _valid(db: Connection, newest: list[Certificate]) -> dict[tuple[str, date], bool]:
    """Say of each certified period whether its books still rest on the same documents, and whether it names all that was accepted."""
    if not newest:
        return {}
    first, last = min(one.starts_on for one in newest), max(one.ends_on for one in newest)
    spans = {(one.legal_entity, one.starts_on): one for one in newest}
    digests: dict[tuple[str, date], str] = {}
    for number, rows in groupby(closing.booked(db, None, first, last), key=lambda row: row[0]):
        mine = [one for one in newest if one.legal_entity == number]
        kept: dict[date, list[certificate.Booked]] = {one.starts_on: [] for one in mine}
        for row in rows:
            for one in mine:
                if one.starts_on.isoformat() <= row[3] <= one.ends_on.isoformat():
                    kept[one.starts_on].append(row)
        for starts_on, found in kept.items():
            digests[number, starts_on] = certificate.basis(found).digest
    nothing = certificate.basis(()).digest
    accepted: dict[tuple[str, date], list[Accepted]] = {}
    for number, day, difference in closing.accepted(db, None, first, last):
        for (entity, starts_on), one in spans.items():
            if entity == number and starts_on.isoformat() <= day <= one.ends_on.isoformat():
                accepted.setdefault((entity, starts_on), []).append(difference)
    return {
        key: digests.get(key, nothing) == one.digest and not certificate.unnamed(one, accepted.get(key, ()))
        for key, one in spans.items()
    }
