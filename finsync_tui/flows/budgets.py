"""What the known budgets lack for what is to be charged: by cost centre, account, project and period, as far as each states these.

A budget line that names an account bears what is charged to that account and nothing else; one that names none bears all.
Known are those of the file extract and those that the ERP shows; and where these budget nothing, those of the procurement
system, by its own codes. What that shows as remaining has been taken by its own documents already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from typing import Final, NamedTuple, Protocol

from finsync_tui.flows import dates, rates
from finsync_tui.flows.calendars import Calendars
from finsync_tui.flows.steps import Context
from finsync_tui.profile import LegalEntitySetup
from store import commitments, records
from store.canonical import periods
from store.canonical.budget import Budget
from store.canonical.keys import RecordKey
from store.canonical.money import Money
from store.canonical.purchasing import OrderDistribution
from store.records import Held

_STATED: Final = ("cost_centre", "account", "project")
"""What a budget may be given for."""
_Place = tuple[str | None, str | None, str | None]


class SourcePlace(NamedTuple):
    """Where a part is charged in the codes of its source: by these its source budgets."""

    companies: tuple[str, ...]
    """How the source may call the company: by its chart, or by its first segment."""
    codes: _Place


@dataclass(frozen=True, slots=True)
class Charge:
    """A part of a document as the ERP charges it."""

    amount_minor: int
    cost_centre: str | None = None
    account: str | None = None
    project: str | None = None
    period: str | None = None
    """The budget period that the document names; None: that of its day."""
    budget_on: date | None = None
    """The day that it counts on; None: today, within the period that it names."""
    source: SourcePlace | None = None

    @classmethod
    def of(
        cls,
        amount: Money,
        parts: Mapping[str, str],
        period: str | None,
        *,
        budget_on: date | None = None,
        source: SourcePlace | None = None,
    ) -> Charge:
        """Return the charge of a part by the segments of its account combination."""
        names = {name: parts.get(name) or None for name in _STATED}
        return cls(amount.amount_minor, period=period, budget_on=budget_on, source=source, **names)

    def over(self, amount_minor: int) -> Charge:
        """Return the same charge over another amount."""
        return replace(self, amount_minor=amount_minor)

    @property
    def place(self) -> _Place:
        return (self.cost_centre, self.account, self.project)


class Coded(Protocol):
    """A part of a line, as its source codes it."""

    @property
    def chart(self) -> str | None: ...
    @property
    def segments(self) -> tuple[str, ...]: ...


def source_place(setup: LegalEntitySetup, part: Coded, names: Mapping[str, str] | None = None) -> SourcePlace:
    """Return where a part is charged in its source's own codes; `names` are those of the segments that budgets call otherwise."""
    codes = {
        one.name: part.segments[one.source - 1] or None
        for one in setup.segments
        if one.source is not None and one.source <= len(part.segments)
    }
    companies = dict.fromkeys(one for one in (part.chart, setup.source_chart, *part.segments[:1]) if one)
    centre, account, project = (codes.get((names or {}).get(name, name)) for name in _STATED)
    return SourcePlace(tuple(companies), (centre, account, project))


class Line(Protocol):
    """A line of an order or a requisition."""

    @property
    def number(self) -> str: ...
    @property
    def distributions(self) -> tuple[OrderDistribution, ...]: ...


def days(context: Context, lines: Iterable[Line], stage: commitments.Stage) -> dict[str, date]:
    """Return the budget day of each part, by `line/part`: decided once, unless it names another period by now."""
    number = str(context.data["legal_entity"])
    calendars = Calendars(context.db, context.facts.profile.legal_entities)
    known = commitments.budget_days(context.db, context.workflow.document_key, stage)
    found = {}
    for line in lines:
        for place, part in enumerate(line.distributions, 1):
            before = known.get((line.number, place))
            day = before.within(part.period) if before is not None else None
            found[f"{line.number}/{part.number}"] = day or calendars.day(
                number, part.period, dates.today(context)
            )
    return found


def charges(context: Context, lines: Iterable[Line], on: Mapping[str, date]) -> Iterator[Charge]:
    """Yield what lines charge, part by part, by the accounts that were found for them."""
    setup = context.facts.profile.legal_entities[str(context.data["legal_entity"])]
    for line in lines:
        for part in line.distributions:
            name = f"{line.number}/{part.number}"
            if name in context.data["accounts"]:
                yield Charge.of(
                    part.amount, context.data["accounts"][name], part.period, budget_on=on[name],
                    source=source_place(setup, part),
                )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shortage:
    """One budget that does not suffice, or that nobody can compare with what it is to bear."""

    label: str
    wanted: Money
    left: Money | None
    """In the currency of the budget; None: what it has to bear, or bears, is in another one, and no one rate is known."""
    unknown: str = ""
    """Between which currencies no rate is known."""

    def __str__(self) -> str:
        left = f"{self.left} are left" if self.left is not None else f"and {self.unknown}"
        return f"{self.label}: the order takes {self.wanted}, {left}"

    @property
    def standing(self) -> str:
        """Say how it stands, after its name."""
        return (
            f"has {self.left} left by now"
            if self.left is not None
            else f"can't be compared with it: {self.unknown}"
        )


@dataclass(frozen=True, slots=True)
class Bearer:
    """A budget that bears a charge, and where that is in the ERP's codes."""

    system: str
    external_id: str
    budget: Budget
    place: _Place
    is_of_source: bool

    def __str__(self) -> str:
        """Say which budget it is, by what it states."""
        names = zip(("cost centre", "account", "project"), self.place, strict=True)
        shown = ", ".join(f"{name} {value}" for name, value in names if value) or self.budget.name
        return shown if periods.is_year(self.budget.period) else f"{shown} in {self.budget.period}"


def bearers(
    context: Context, charges: Iterable[Charge], currency: str, *, on: date
) -> list[tuple[Bearer, int]]:
    """Return the budgets that bear charges, in whichever currency, each with what it is to bear in minor units of the charges'."""
    calendars = Calendars(context.db, context.facts.profile.legal_entities)
    number = str(context.data["legal_entity"])
    wanted: dict[tuple[str, str], tuple[Bearer, int]] = {}
    for charge in _together(charges):
        day = charge.budget_on or calendars.day(number, charge.period, on)
        for bearer in _bearing(context, calendars, replace(charge, budget_on=day)):
            key = (bearer.system, bearer.external_id)
            wanted[key] = (bearer, wanted.get(key, (bearer, 0))[1] + charge.amount_minor)
    return list(wanted.values())


def shortages(
    context: Context,
    charges: Iterable[Charge],
    currency: str,
    *,
    on: date,
    order: str = "",
    lines: Collection[str] = (),
    requisition: str | None = None,
) -> list[Shortage]:
    """Return the budgets that do not bear the charges, by their labels.

    What is in another currency than a budget counts by the rate of the day; where no one rate is known, that is said: it may not
    suffice. What orders and requisitions have promised since a budget was read is taken off, all but this order's and its
    requisition's, and what invoices have spent that nothing promises: two don't spend the same money. `lines` are those of
    this order that are charged now: what was invoiced of its others is spent.
    """
    calendars = Calendars(context.db, context.facts.profile.legal_entities)
    number = str(context.data["legal_entity"])
    found = []
    for bearer, minor in bearers(context, charges, currency, on=on):
        used = commitments.used(
            context.db, number, **dict(zip(_STATED, bearer.place, strict=True)), order=order, lines=lines,
            requisition=requisition, bears=_bears(calendars, number, bearer.budget.period),
        )  # fmt: skip
        wanted = Money(amount_minor=minor, currency=currency)
        try:
            free = _free(context, bearer, wanted, used, on)
        except _NoRateError as error:
            found.append(Shortage(str(bearer), wanted, None, str(error)))
            continue
        if free is not None:
            found.append(Shortage(str(bearer), wanted, free))
    return sorted(found, key=lambda one: one.label)


class _NoRateError(Exception):
    """Nobody can say what an amount is in the currency of a budget."""


def _free(context: Context, bearer: Bearer, wanted: Money, used: Mapping[str, int], on: date) -> Money | None:
    """Return what a budget has left, in its own currency, where that is less than what is wanted; None: it suffices."""
    budget = bearer.budget
    own = budget.remaining.currency
    minor = _in(context, wanted, own, on)
    taken = sum(_in(context, Money(amount_minor=size, currency=one), own, on) for one, size in used.items())
    left = budget.remaining.amount_minor + (minor if bearer.is_of_source else 0)
    free = min(left, budget.amount.amount_minor - taken)
    return Money(amount_minor=free, currency=own) if minor > free else None


def _in(context: Context, amount: Money, currency: str, on: date) -> int:
    """Return an amount in the currency of a budget, in minor units."""
    found = rates.of_document(context, amount, currency, on)
    if found is None:
        raise _NoRateError(f"no one rate from {amount.currency} to {currency} is known for {on}")
    return found.amount_minor


def _bears(calendars: Calendars, legal_entity: str, budget_period: str) -> commitments.Bears:
    return lambda period, day: calendars.is_within(legal_entity, budget_period, period, day)


def _together(charges: Iterable[Charge]) -> Iterator[Charge]:
    """Add up what is charged alike."""
    sums: dict[Charge, int] = {}
    for one in charges:
        place = replace(one, amount_minor=0)
        sums[place] = sums.get(place, 0) + one.amount_minor
    for place, minor in sums.items():
        yield replace(place, amount_minor=minor)


def _bearing(context: Context, calendars: Calendars, charge: Charge) -> Iterator[Bearer]:
    """Yield every budget that what is charged there counts against.

    A budget of the source is mostly the same money as one of the file or the ERP once more: it counts where these budget
    nothing at its place in its time.
    """
    number = str(context.data["legal_entity"])
    source = RecordKey.parse(context.workflow.document_key).system
    systems = (rates.EXTRACT, str(context.data["target"]))
    for chosen in product(*((True, False) if one else (False,) for one in charge.place)):
        place = _chosen(charge.place, chosen)
        own = [one for system in systems for one in _at(context, system, number, place)]
        for held in own:
            if calendars.is_within(number, held.record.period, charge.period, charge.budget_on):
                yield Bearer(held.system, held.external_id, held.record, place, is_of_source=False)
        if charge.source is None or source in systems or not _is_coded(charge.source.codes, chosen):
            continue
        taken = [held.record.period for held in own]
        codes = _chosen(charge.source.codes, chosen)
        shown = [one for name in charge.source.companies for one in _at(context, source, name, codes)]
        for held in shown:
            period = held.record.period
            is_copy = any(calendars.overlap(number, period, one) for one in taken)
            if not is_copy and calendars.is_within(number, period, charge.period, charge.budget_on):
                yield Bearer(held.system, held.external_id, held.record, place, is_of_source=True)


def _is_coded(codes: _Place, chosen: Sequence[bool]) -> bool:
    """Say whether the source itself codes all that is chosen: what a profile adds, it can't budget by."""
    return all(code is not None for code, is_stated in zip(codes, chosen, strict=True) if is_stated)


def _chosen(place: Sequence[str | None], chosen: Sequence[bool]) -> _Place:
    centre, account, project = (
        one if is_stated else None for one, is_stated in zip(place, chosen, strict=True)
    )
    return (centre, account, project)


def _at(context: Context, system: str, company: str, place: _Place) -> Iterator[Held[Budget]]:
    """Yield the budgets that a system gives for just that place."""
    value = Budget.place(company, *place)
    for external_id in records.twins(context.db, Budget.entity, "charged", value, system):
        held = records.get(context.db, Budget, system, external_id)
        if held is not None:
            yield held
