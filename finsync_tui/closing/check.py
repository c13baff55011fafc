"""Can a legal entity's period be closed? What is in the way, who has it, and since when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from sqlite3 import Connection
from typing import Final, Literal

from finsync_tui.closing import certificate, comparisons
from finsync_tui.closing.certificate import Standing
from finsync_tui.closing.comparisons import Lag, lags
from finsync_tui.profile import LegalEntitySetup, Profile
from store import closing
from store.canonical.currency import exponent
from store.closing import Accepted, Compared, Figure, Period
from store.errors import FinsyncError
from store.wording import counted

EXTRACT: Final = "extract"
SHOWN_MAX: Final = 6

State = Literal["future", "running", "open", "clean", "certified", "changed"]
"""Not begun; not over, and nothing in the way so far; something is in the way; nothing is; nothing was and it is certified; certified, and changed since."""


class UnknownPeriodError(FinsyncError):
    """There is no such legal entity or period."""

    code = "PERIOD_UNKNOWN"
    exit_code = 2

    @classmethod
    def entity(cls, number: str, known: Sequence[str]) -> UnknownPeriodError:
        return cls(
            f"there is no legal entity {number!r} in the profile. Known: {', '.join(sorted(known)) or 'none'}. "
            "Nothing was checked."
        )

    @classmethod
    def period(cls, name: str, ledger: str, known: Sequence[Period]) -> UnknownPeriodError:
        if not known:
            return cls(
                f"no fiscal period of {ledger} has been read, so nobody knows when {name!r} begins and ends. Nothing was "
                "checked. Let the ERP's periods be read, or give an extract of fiscal_period in the profile."
            )
        shown = ", ".join(one.name for one in known[:SHOWN_MAX])
        more = f" ... {known[-1].name}" if len(known) > SHOWN_MAX else ""
        return cls(
            f"{ledger} has no period {name!r}. Known: {shown}{more}, or by month: 2026-01. Nothing was checked."
        )


@dataclass(frozen=True, slots=True)
class CloseCheck:
    """What was found."""

    legal_entity: str
    name: str
    period: Period
    at: datetime
    figures: tuple[Figure, ...]
    unassigned: int
    """Documents of those days of which nobody knows whose they are."""
    left_over: int
    """Documents of earlier periods that are still under way."""
    compared: tuple[Compared, ...]
    """Control totals of both sides, from the newest comparisons: where both should hold the same."""
    was_compared: bool
    """Whether documents of these days were ever looked for: there may be none."""
    lags: tuple[Lag, ...]
    """Definitions that say nothing reliable about the period by now."""
    accepted: tuple[Accepted, ...]
    """Differences that people have explained or written off."""
    today: date
    """Where the company is."""
    standing: Standing
    """What the newest certificate is worth."""

    @property
    def obstacles(self) -> tuple[Figure, ...]:
        return tuple(one for one in self.figures if one.is_obstacle)

    @property
    def is_clean(self) -> bool:
        return not self.obstacles and not self.unassigned and not self.is_future

    @property
    def is_compared(self) -> bool:
        """Whether the differences of its documents are known: all were compared since it ended and they last changed."""
        return self.was_compared and not self.lags

    @property
    def is_future(self) -> bool:
        return self.today < self.period.starts_on

    @property
    def state(self) -> State:
        if self.is_future:
            return "future"
        if self.standing.is_valid:
            return "certified"
        if self.standing.certificate is not None:
            return "changed"
        if not self.is_clean:
            return "open"
        return "running" if self.today <= self.period.ends_on else "clean"

    def advice(self) -> tuple[str, ...]:
        """Return what a person should know before closing, in sentences."""
        found: list[str] = []
        name, last = self.period.name, self.period.ends_on
        if self.is_future:
            found.append(
                f"{name} begins on {self.period.starts_on.isoformat()}: nothing can be said about it yet."
            )
        elif self.today <= last:
            found.append(f"{name} runs until {last.isoformat()}: more documents may come.")
        if self.period.is_closed and self.obstacles:
            found.append(
                f"{name} is closed in the ERP with documents still under way. What is not posted there will be refused: let "
                "the period be opened again for it, or accrue it and have it booked in the next one."
            )
        elif self.period.is_open and self.period.is_payables_open is False and self.obstacles:
            found.append(
                f"{name} is closed for payables and open in the ledger: invoices of it will be refused, journals not."
            )
        if self.unassigned:
            found.append(
                f"{_documents(self.unassigned)} of those days can't be told to any company and may be of this one. "
                "See `finsync exceptions list`."
            )
        if not self.was_compared and not self.is_future:
            found.append(
                f"no reconciliation has compared documents of {name} yet, so nobody knows of breaks. `finsync reconcile` does."
            )
        if self.was_compared and not self.is_future:
            found += [f"{one.definition}: its {one.why}" for one in self.lags[:SHOWN_MAX]]
            if len(self.lags) > SHOWN_MAX:
                found.append(
                    f"{len(self.lags) - SHOWN_MAX} more definitions say nothing reliable about {name}."
                )
        if self.accepted:
            found.append(
                f"{counted(len(self.accepted), 'difference')} of {name} explained or written off ({_sums(self.accepted)}): in nobody's "
                "way, and a certificate names each."
            )
        if self.left_over:
            found.append(f"still under way: {_documents(self.left_over)} of earlier periods.")
        return tuple(found)


def _documents(count: int) -> str:
    return "1 document" if count == 1 else f"{count:,} documents"


def periods_of(db: Connection, setup: LegalEntitySetup) -> list[Period]:
    """Return the periods of a company's ledger; what the ERP itself says goes before an extract."""
    return closing.periods(db, setup.ledger, (EXTRACT, setup.target))


def find_period(db: Connection, profile: Profile, legal_entity: str, name: str) -> Period:
    """Return a period by the ERP's name for it, or by the month it begins in (2026-01)."""
    setup = setup_of(profile, legal_entity)
    known = periods_of(db, setup)
    wanted = name.strip().casefold()
    for one in known:
        if wanted in (one.name.casefold(), f"{one.starts_on:%Y-%m}"):
            return one
    raise UnknownPeriodError.period(name, setup.ledger, known)


def setup_of(profile: Profile, legal_entity: str) -> LegalEntitySetup:
    """Return a company's part of the profile."""
    setup = profile.legal_entities.get(legal_entity)
    if setup is None:
        raise UnknownPeriodError.entity(legal_entity, tuple(profile.legal_entities))
    return setup


def _sums(accepted: Sequence[Accepted]) -> str:
    sums: Counter[str] = Counter()
    for one in accepted:
        sums[one.currency or ""] += one.amount_minor or 0
    return (
        ", ".join(
            f"{Decimal(minor).scaleb(-exponent(currency)):,f} {currency}"
            for currency, minor in sorted(sums.items())
            if currency
        )
        or "no amount"
    )


def check(db: Connection, profile: Profile, legal_entity: str, period: Period, now: datetime) -> CloseCheck:
    """Look whether a period can be closed. Reads only."""
    first, last = period.starts_on, period.ends_on
    figures = tuple(closing.figures(db, legal_entity, first, last))
    unassigned = closing.unassigned(db, first, last)
    is_clean = not unassigned and not any(one.is_obstacle for one in figures)
    accepted = tuple(one for _, _, one in closing.accepted(db, legal_entity, first, last))
    one_sided = {name for name, one in profile.reconciliations.items() if one.expects != "both"}
    compared = tuple(
        one for one in closing.compared(db, legal_entity, first, last) if one.definition not in one_sided
    )
    return CloseCheck(
        legal_entity=legal_entity,
        name=setup_of(profile, legal_entity).name,
        period=period,
        at=now,
        figures=figures,
        unassigned=unassigned,
        left_over=closing.left_over(db, legal_entity, first),
        compared=compared,
        was_compared=bool(compared) or comparisons.was_any(db, profile, period),
        lags=tuple(lags(db, profile, legal_entity, period)),
        accepted=accepted,
        today=setup_of(profile, legal_entity).day(now),
        standing=certificate.standing(db, legal_entity, first, last, accepted, is_clean=is_clean),
    )
