"""Who judges as of a day: a document goes by the rules that were, or will be, in force on its posting date."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import date
from sqlite3 import Connection

from finsync_tui.governance.judging import judges
from finsync_tui.governance.rules import KIND, first_day, in_force, standings
from finsync_tui.policies.verdicts import Judging
from finsync_tui.profile import Profile
from store import proposals

AsOf = Callable[[date], Mapping[str, Judging]]


def current(db: Connection, profile: Profile, on: date) -> Mapping[str, Judging]:
    """Return who judges by the rules that are in force on a day, for whoever asks without an engine."""
    if not profile.policies and not proposals.decided(db, KIND):
        return {}
    return judges(in_force(standings(db, profile, on).values()), profile.extending)


def as_of(db: Connection, profile: Profile, today: date, now: Mapping[str, Judging]) -> AsOf | None:
    """Return who judges on each day, `now` being those of today. None: no version begins on a day of its own."""
    if profile.policy_rule == "one":
        return None
    days = sorted({first_day(one) for one in proposals.decided(db, KIND)} - {date.min})
    if not days:
        return None
    made = {bisect_right(days, today): now}

    def on(day: date) -> Mapping[str, Judging]:
        span = bisect_right(days, day)
        if span not in made:
            made[span] = judges(in_force(standings(db, profile, day).values()), profile.extending)
        return made[span]

    return on
