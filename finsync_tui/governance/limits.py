"""How many persons it takes to give something up: as a rule in force says, else as the profile's settings do.

What was given up is asked about again under the rules of its moment: a limit that is lowered later opens nothing again.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from sqlite3 import Connection
from typing import Final, Literal, cast

from finsync_tui.governance.judging import judges
from finsync_tui.governance.rules import KIND, first_day, in_force, standings
from finsync_tui.policies.asked import GivenUpAsked
from finsync_tui.policies.verdicts import SETTING, WRITE_OFF_LIMIT, Judging, UndecidedError
from finsync_tui.profile import Profile
from store import emergencies, findings, proposals
from store.breaks import Break
from store.canonical.money import Money
from store.cases import ExceptionCase

Act = Literal["write_off", "explain", "resolve"]
_NO_DAY: Final = date.min


@dataclass(frozen=True, slots=True)
class Taken:
    """How many persons it takes, and which rule says so; None: the settings do."""

    persons: Literal["one", "two"]
    rule: str | None = None
    why: str = ""


class Limits:
    """The limits of one store: what is asked for many is made ready once."""

    def __init__(self, db: Connection, profile: Profile) -> None:
        self._db = db
        self._profile = profile
        self._moments = sorted(_changes(db)) if profile.policy_rule == "two" else []
        self._judges: dict[int, Judging | None] = {}

    def of_break(self, one: Break, act: Act, at: datetime) -> Taken:
        """Say how many persons it takes to write a break off, or to explain it, at a moment."""
        return self._of("break", act, one.kind, one, at)

    def of_exception(self, case: ExceptionCase, act: Act, at: datetime) -> Taken:
        """Say how many persons it takes to end an exception without its document."""
        return self._of("exception", act, case.class_, case, at)

    def _of(self, of: str, act: Act, kind: str, one: Break | ExceptionCase, at: datetime) -> Taken:
        setting = Taken(self._profile.write_off_takes(one.amount_minor, one.currency))
        judge = self._judge(at)
        if judge is None:
            return setting
        amount = (
            Money(amount_minor=one.amount_minor, currency=one.currency)
            if one.amount_minor is not None and one.currency
            else None
        )
        asked = GivenUpAsked(of=of, act=act, kind=kind, entity=one.entity, amount=amount)
        company = one.legal_entity or ""
        region = self._profile.regions.get(company, "")
        try:
            said = judge.ask({"given_up": asked}, company, region, at.date())
        except UndecidedError as error:  # who can't be told what is allowed asks somebody else
            return Taken("two", error.rule, error.reason)
        if not said or said[0].then == SETTING:
            return setting
        return Taken(cast("Literal['one', 'two']", said[0].then), said[0].rule, said[0].why)

    def _judge(self, at: datetime) -> Judging | None:
        span = bisect_right(self._moments, at)
        if span not in self._judges:
            found = in_force(standings(self._db, self._profile, at.date(), known_at=at).values())
            limits = {name: one for name, one in found.items() if one.decides == WRITE_OFF_LIMIT}
            self._judges[span] = judges(limits).get(WRITE_OFF_LIMIT)
        return self._judges[span]


def of_break(db: Connection, profile: Profile, one: Break, act: Act, now: datetime) -> Taken:
    """Say how many persons it takes for one break, and keep which rule says so."""
    taken = Limits(db, profile).of_break(one, act, now)
    note_break(db, taken, one, now)
    return taken


def of_exception(db: Connection, profile: Profile, case: ExceptionCase, act: Act, now: datetime) -> Taken:
    """Say how many persons it takes for one exception, and keep which rule says so."""
    taken = Limits(db, profile).of_exception(case, act, now)
    _note(db, taken, case.system, case.entity, case.document_key, case.document_number, now)
    return taken


def note_break(db: Connection, taken: Taken, one: Break, now: datetime) -> None:
    """Keep which rule says how many persons a break takes, where one does."""
    _note(db, taken, one.source_system, one.entity, one.document_key, one.document_number, now)


def _note(
    db: Connection, taken: Taken, system: str, entity: str, key: str | None, number: str, now: datetime
) -> None:
    """`finsync explain` shows it with the document."""
    if taken.rule is None:
        return
    persons = "one person" if taken.persons == "one" else "two persons"
    findings.append(
        db,
        [
            findings.Finding(
                class_="POLICY_NOTED",
                severity="info",
                system=system,
                entity=entity,
                document_key=key,
                document_number=number,
                message=f"giving it up takes {persons}: {taken.why} [{taken.rule}]",
                noticed_at=now,
            )
        ],
    )


def _changes(db: Connection) -> set[datetime]:
    """Return when other rules came into force, or may have."""
    decided = proposals.decided(db, KIND)
    days = {day for one in decided if (day := first_day(one)) != _NO_DAY}
    return (
        {datetime.combine(day, time(), UTC) for day in days}
        | {one.decided_at for one in decided if one.decided_at is not None}
        | {one.put_at for _, one in emergencies.live(db, KIND).values()}
    )
