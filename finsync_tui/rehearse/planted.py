"""The trouble that is planted in the company, and the list of it that only the judge may see.

Each plant has a class, a subject and a time. Business trouble has to come out as an exception of that class for that
order, technical trouble as a finding; nothing else may. So the plants keep out of each other's way: one order has at
most one, and orders with a plant have no other history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

from adapters.simulation import Fault
from finsync_tui.rehearse import catalogue
from finsync_tui.rehearse.dice import dice
from finsync_tui.rehearse.invoice_shapes import Payables
from finsync_tui.rehearse.purchases import on_working_day, revised
from finsync_tui.rehearse.shapes import Change, Company, Order, Split, Supplier, SupplierPlant
from finsync_tui.rehearse.tax_ids import tax_id

Level = Literal["none", "typical", "storm"]

SOURCE: Final = "coupa"
BUSINESS: Final = {
    "SUPPLIER_UNKNOWN": 12,
    "SUPPLIER_AMBIGUOUS": 8,
    "ACCOUNT_INVALID": 10,
    "COST_CENTRE_INACTIVE": 8,
    "BUDGET_EXCEEDED": 12,
    "PERIOD_CLOSED": 8,
    "PAYLOAD_INVALID": 8,
    "TOTALS_DIFFER": 3,
    "MAPPING_MISSING": 8,
}
"""How many of each class at scale 1: they must come out as exceptions."""
TECHNICAL: Final = {
    "THROTTLED": 16,
    "OUTCOME_UNKNOWN": 10,
    "DUPLICATE_EVENT": 12,
    "STALE_VERSION": 8,
    "MAINTENANCE": 1,
}
"""Likewise: they must come out as findings, and nothing may come of them."""
LIES: Final = {"READ_BACK_DIFFERS": 4, "WRITE_BACK_IGNORED": 4}
"""Likewise: answers of success to what is never kept. They must come out as exceptions, within a cycle."""
LIE: Final = "lie-"
"""How the ids of such faults begin; the document's key follows."""
STORM: Final = {"UNAVAILABLE": 12}
"""Only in a storm: reads that fail once. They must show as failed reads."""
STORM_FACTOR: Final = 10
OUTGROWN: Final = "APPROVAL_STALE"
"""The finding about an order that a change has made larger than what its requisition was approved over."""
FINDINGS: Final = frozenset((*TECHNICAL, *STORM, OUTGROWN))

DEFECTS: Final = {
    "PAYLOAD_INVALID": ("line_number_missing", "price_is_a_list", "number_missing", "quantity_is_a_word"),
    "TOTALS_DIFFER": ("total_is_wrong",),
}
CLOSED_ON: Final = {"DE01": date(2026, 3, 31), "FR01": date(2026, 4, 30), "US01": date(2026, 2, 28)}
"""When each company's closing cost centre is closed."""
BUDGET_LEFT: Final = Decimal("100.00")
"""What the exhausted budgets have left in each period."""
_ENOUGH: Final = Decimal(300)
_CREATE: Final = r"/draftPurchaseOrders(\?|$)"
_ORDER_READ: Final = r"^/api/purchase_orders\?"
_ORDER_WRITE: Final = r"^/api/purchase_orders/{}(\?|$)"
_APPROVED_BY: Final = timedelta(days=4)
"""An ERP decides on an order within two days, and is asked every half a day."""
_CALM_DAYS: Final = 12
"""After so many days an order that met no trouble has long been written back."""


@dataclass(frozen=True, slots=True)
class Plant:
    """One planted trouble."""

    class_: str
    subject: str
    """The order's number, or the system."""
    key: str
    """The document's key, or the system."""
    system: str
    """Where it is planted."""
    at: datetime
    until: datetime | None = None
    about: Literal["order", "expense", "invoice", "supplier"] = "order"
    truth: str = ""
    """Of a supplier: its tax number."""


@dataclass(frozen=True, slots=True)
class Closure:
    """A period of one ledger that is closed early and opened again."""

    system: str
    ledger: str
    period: str
    closed_at: datetime
    opened_at: datetime


@dataclass(frozen=True)
class Scenario:
    """The company with its trouble in it: all that the world has to know."""

    company: Company
    plants: tuple[Plant, ...]
    faults: Mapping[str, tuple[Fault, ...]]
    """By system."""
    touches: tuple[tuple[str, datetime], ...]
    """Orders that somebody saves without changing anything."""
    stale: frozenset[str]
    """Orders whose revision is followed by the version before."""
    closures: tuple[Closure, ...]
    payables: Payables = field(default_factory=Payables)
    suppliers: tuple[SupplierPlant, ...] = ()
    """Those that turn up during the year."""


def plant(company: Company, level: Level, scale: float) -> Scenario:
    """Return the company with its planted trouble; the same company and level give the same scenario."""
    field_ = _Field(company, level)
    for class_, count in BUSINESS.items():
        for n in range(_scaled(count, scale, 2 if class_ == "BUDGET_EXCEEDED" else 1)):
            _BUSINESS_PLANTERS[class_](field_, class_, n)
    wanted = {} if level == "none" else TECHNICAL
    factor = STORM_FACTOR if level == "storm" else 1
    for class_, count in wanted.items():
        for n in range(_scaled(count * factor, scale, factor)):
            _TECHNICAL_PLANTERS[class_](field_, class_, n)
    if level == "storm":
        for class_, count in STORM.items():
            for n in range(_scaled(count, scale, 2)):
                _TECHNICAL_PLANTERS[class_](field_, class_, n)
    if level != "none":
        for class_, count in LIES.items():
            for _ in range(_scaled(count, scale, 1)):
                _lie(field_, class_)
    scenario = field_.scenario()
    return replace(scenario, plants=(*scenario.plants, *_outgrown(scenario.company)))


def _outgrown(company: Company) -> Iterator[Plant]:
    """Nobody plants these: people make orders larger all year, and each one has to be noticed once at least."""
    seen: set[str] = set()
    for change in sorted(company.changes, key=lambda one: (one.at, one.number)):
        order = company.orders[change.number]
        approved = sum((line.amount for line in order.lines), Decimal(0))
        is_more = sum((line.amount for line in change.lines), Decimal(0)) > approved
        if change.kind == "revise" and is_more and order.number not in seen:
            seen.add(order.number)
            yield Plant(OUTGROWN, order.number, f"{SOURCE}:{order.coupa_id}", SOURCE, change.at)


def _scaled(count: int, scale: float, least: int) -> int:
    return max(least, round(count * scale))


@dataclass
class _Field:
    """What is planted so far, and which orders are still free."""

    company: Company
    level: Level
    plants: list[Plant] = field(default_factory=list)
    orders: dict[str, Order] = field(default_factory=dict)
    suppliers: dict[str, Supplier] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    touches: list[tuple[str, datetime]] = field(default_factory=list)
    stale: set[str] = field(default_factory=set)
    closures: dict[tuple[str, date], Closure] = field(default_factory=dict)
    weeks: list[int] = field(default_factory=list)
    free: list[Order] = field(default_factory=list)

    def __post_init__(self) -> None:
        restless = {one.number for one in self.company.changes}
        self.chance = dice(self.company.seed, "planted")
        self.free = [one for one in self.company.orders.values() if one.number not in restless]
        self.chance.shuffle(self.free)
        self.weeks = list(
            range(3, 47, 4)
        )  # apart from each other, so that one window's queue is empty at the next
        self.chance.shuffle(self.weeks)

    def take(self, fits: Callable[[Order], bool] = lambda order: True) -> Order | None:
        """Return a free order that fits and is free no longer; None: there is none left."""
        for n, order in enumerate(self.free):
            if fits(order):
                return self.free.pop(n)
        return None

    def note(self, class_: str, order: Order, system: str, at: datetime | None = None) -> None:
        self.orders[order.number] = order
        key = f"{SOURCE}:{order.coupa_id}"
        self.plants.append(Plant(class_, order.number, key, system, at or order.issued_at))

    def target(self, order: Order) -> str:
        return self.company.legal_entities[order.legal_entity].system

    def add_fault(self, system: str, fault: Fault) -> None:
        self.faults.setdefault(system, []).append(fault)

    def scenario(self) -> Scenario:
        company = replace(
            self.company,
            orders={**self.company.orders, **self.orders},
            suppliers={**self.company.suppliers, **self.suppliers},
            changes=tuple(
                sorted((*self.company.changes, *self.changes), key=lambda one: (one.at, one.number))
            ),
        )
        return Scenario(
            company,
            tuple(sorted(self.plants, key=lambda one: (one.at, one.subject))),
            {system: tuple(found) for system, found in self.faults.items()},
            tuple(sorted(self.touches, key=lambda one: (one[1], one[0]))),
            frozenset(self.stale),
            tuple(sorted(self.closures.values(), key=lambda one: (one.closed_at, one.ledger))),
        )


# -- business trouble: becomes an exception -------------------------------------------------------------


def _supplier(field_: _Field, class_: str, n: int) -> None:
    """An order from a supplier that the ERP does not know, or has twice under one tax id."""
    order = field_.take()
    if order is None:
        return
    count = 0 if class_ == "SUPPLIER_UNKNOWN" else 2
    country = field_.company.legal_entities[order.legal_entity].country
    place = 1 + len(field_.suppliers)
    number = f"V-{90_000 + place}"
    supplier = Supplier(
        coupa_id=9_000 + place,
        number=number,
        name=f"{field_.chance.choice(catalogue.LAST_NAMES)} {'& Sons' if count else 'Trading'} {place} "
        f"{catalogue.LEGAL_FORMS[country][0]}",
        country=country,
        tax_id=tax_id(country, 5_000 + place),
        legal_entities=(order.legal_entity,),
        erp_numbers=tuple(f"{60_000 + 10 * place + twin}" for twin in range(count)),
    )
    field_.suppliers[number] = supplier
    field_.note(class_, replace(order, supplier=number), field_.target(order))


def _account(field_: _Field, class_: str, n: int) -> None:
    """An order charged to a combination that a cross-validation rule of the ERP forbids."""
    order = field_.take()
    if order is None:
        return
    centre, account = catalogue.FORBIDDEN
    split = Split(
        catalogue.source_centre(order.legal_entity, centre),
        catalogue.source_account(order.legal_entity, account),
        Decimal(100),
    )
    first = replace(order.lines[0], splits=(split,))
    field_.note(class_, replace(order, lines=(first, *order.lines[1:])), field_.target(order))


def _inactive(field_: _Field, class_: str, n: int) -> None:
    """An order charged to a cost centre that the ERP has closed some days before."""
    order = field_.take(lambda one: one.issued_at.date() > CLOSED_ON[one.legal_entity] + timedelta(days=3))
    if order is not None:
        field_.note(
            class_, charged_to(order, catalogue.CLOSING_CENTRE[order.legal_entity]), field_.target(order)
        )


def _budget(field_: _Field, class_: str, n: int) -> None:
    """An order for which the budget is not enough: the ERP says so at once, or when it is to be approved."""
    order = field_.take(lambda one: sum(line.amount for line in one.lines) >= _ENOUGH)
    if order is not None:
        centres = catalogue.TIGHT_CENTRE if n % 2 == 0 else catalogue.CAPPED_CENTRE
        field_.note(class_, charged_to(order, centres[order.legal_entity]), field_.target(order))


def _mapping(field_: _Field, class_: str, n: int) -> None:
    """An order charged to a cost centre that no mapping table knows."""
    order = field_.take()
    if order is not None:
        field_.note(class_, charged_to(order, catalogue.UNMAPPED_CENTRE), SOURCE)


def charged_to(order: Order, centre: str) -> Order:
    """Return the order charged to one cost centre of its company, by the name that the ERP has for it."""
    source = catalogue.source_centre(order.legal_entity, centre)
    lines = tuple(
        replace(line, splits=(Split(source, line.splits[0].account, Decimal(100)),)) for line in order.lines
    )
    return replace(order, lines=lines)


def _period(field_: _Field, class_: str, n: int) -> None:
    """An urgent order on a Saturday, when the ledger's period is closed over the weekend.

    On a weekend, because no other order may reach that ledger while the period is closed.
    """
    order = field_.take(lambda one: 1 < one.issued_at.month < 12 and _is_quiet(field_, one))
    if order is None:
        return
    noon = _saturday_noon(order)
    saturday = noon.date()
    moved = noon - timedelta(minutes=field_.chance.randint(0, 170))
    buyer = field_.company.legal_entities[order.legal_entity]
    field_.closures[buyer.ledger, saturday] = Closure(
        buyer.system,
        buyer.ledger,
        period_name(saturday),
        noon - timedelta(hours=6),
        noon + timedelta(hours=24),
    )
    shift = moved - order.issued_at
    steps = tuple(replace(step, at=step.at + shift) for step in order.approvals)
    field_.note(class_, replace(order, issued_at=moved, approvals=steps), buyer.system)


def _saturday_noon(order: Order) -> datetime:
    day = order.issued_at.date()
    saturday = day + timedelta(days=(5 - day.weekday()) % 7)
    return order.issued_at.replace(
        year=saturday.year, month=saturday.month, day=saturday.day, hour=12, minute=0, second=0
    )


def _is_quiet(field_: _Field, order: Order) -> bool:
    """Whether no change of the same company can wait into the order's weekend for an approval of the order before it."""
    noon, company = _saturday_noon(order), field_.company
    return not any(
        company.orders[one.number].legal_entity == order.legal_entity
        and noon - _APPROVED_BY < company.orders[one.number].issued_at
        and one.at < noon + timedelta(hours=24)
        for one in company.changes
    )


def _payload(field_: _Field, class_: str, n: int) -> None:
    """An order whose document is damaged."""
    order = field_.take(lambda one: one.lines[0].quantity is not None)
    if order is not None:
        defects = DEFECTS[class_]
        field_.note(class_, replace(order, defect=defects[n % len(defects)]), SOURCE)


# -- technical trouble: becomes a finding ---------------------------------------------------------------


def _throttled(field_: _Field, class_: str, n: int) -> None:
    """The ERP asks to come back later when the order is created."""
    order = field_.take()
    if order is None:
        return
    field_.note(class_, order, field_.target(order))
    wait_s = field_.chance.choice((30, 60, 120, 900))
    fault = Fault(
        f"throttle-{order.number}",
        "throttle",
        "POST",
        _CREATE,
        f"{SOURCE}:{order.number}",
        retry_after_s=wait_s,
    )
    field_.add_fault(field_.target(order), fault)


def _unknown_outcome(field_: _Field, class_: str, n: int) -> None:
    """No answer comes when the order is created: saved and lost first of all, in a storm not saved, too."""
    order = field_.take()
    if order is None:
        return
    field_.note(class_, order, field_.target(order))
    body = f"{SOURCE}:{order.number}"
    variants = (
        Fault(f"lost-{order.number}", "lost_answer", "POST", _CREATE, body),
        Fault(f"reset-{order.number}", "reset", "POST", _CREATE, body),
        Fault(f"bad-gateway-{order.number}", "unavailable", "POST", _CREATE, body, status=502),
    )
    field_.add_fault(field_.target(order), variants[n % 3 if field_.level == "storm" else 0])


def _lie(field_: _Field, class_: str) -> None:
    """A system says yes and gives a number, and nothing of it is kept: an order in the ERP, its number in the procurement system."""
    order = field_.take()
    if order is None:
        return
    key = f"{SOURCE}:{order.coupa_id}"
    name = f"{LIE}{key}"
    if class_ == "READ_BACK_DIFFERS":
        fault = Fault(name, "unsaved", "POST", _CREATE, f"{SOURCE}:{order.number}")
        system = field_.target(order)
    else:
        fault = Fault(name, "unsaved", "PUT", _ORDER_WRITE.format(order.coupa_id))
        system = SOURCE
    field_.add_fault(system, fault)
    field_.note(class_, order, system)


def _duplicate(field_: _Field, class_: str, n: int) -> None:
    """Somebody saves the order again without changing it."""
    last_day = (field_.company.ends_at - timedelta(days=_CALM_DAYS + 8)).date()
    order = field_.take(lambda one: one.issued_at.date() < last_day)
    if order is not None:
        at = order.issued_at + timedelta(days=_CALM_DAYS + field_.chance.randint(0, 7), minutes=7)
        field_.touches.append((order.number, at))
        field_.note(class_, order, SOURCE, at)


def _stale(field_: _Field, class_: str, n: int) -> None:
    """The order is changed, and after the change the version before arrives once more."""
    last_day = (field_.company.ends_at - timedelta(days=_CALM_DAYS + 8)).date()
    order = field_.take(lambda one: one.issued_at.date() < last_day)
    if order is None:
        return
    at = order.issued_at + timedelta(days=_CALM_DAYS + field_.chance.randint(0, 7))
    lines = revised(field_.chance, order.legal_entity, order.lines, len(order.lines))
    field_.changes.append(Change(order.number, at, "revise", order.requester, lines))
    field_.stale.add(order.number)
    field_.note(class_, order, SOURCE, at)


def _maintenance(field_: _Field, class_: str, n: int) -> None:
    """One ERP is away for a day."""
    if not field_.weeks:
        return
    day = date.fromisocalendar(field_.company.starts_at.year, field_.weeks.pop(), 2)
    starts_at = on_working_day(field_.company.starts_at.replace(month=day.month, day=day.day, hour=6))
    ends_at = starts_at + timedelta(days=1)
    systems = field_.company.systems
    system = systems[n % len(systems)]
    field_.add_fault(system, Fault(f"maintenance-{n}", "maintenance", starts_at=starts_at, ends_at=ends_at))
    field_.plants.append(Plant(class_, system, system, system, starts_at, ends_at))


def _unavailable(field_: _Field, class_: str, n: int) -> None:
    """The procurement system fails once while orders are read."""
    days = (field_.company.ends_at - field_.company.starts_at).days - 10
    at = field_.company.starts_at + timedelta(days=5 + (n * 37 + field_.company.seed) % days, hours=9)
    fault = Fault(
        f"unavailable-{n}",
        "unavailable",
        "GET",
        _ORDER_READ,
        starts_at=at,
        status=field_.chance.choice((500, 502, 504)),
    )
    field_.add_fault(SOURCE, fault)
    field_.plants.append(Plant(class_, SOURCE, SOURCE, SOURCE, at, at + timedelta(days=1)))


_Planter = Callable[[_Field, str, int], None]
_BUSINESS_PLANTERS: Final[Mapping[str, _Planter]] = {
    "SUPPLIER_UNKNOWN": _supplier,
    "SUPPLIER_AMBIGUOUS": _supplier,
    "ACCOUNT_INVALID": _account,
    "COST_CENTRE_INACTIVE": _inactive,
    "BUDGET_EXCEEDED": _budget,
    "PERIOD_CLOSED": _period,
    "PAYLOAD_INVALID": _payload,
    "TOTALS_DIFFER": _payload,
    "MAPPING_MISSING": _mapping,
}
_TECHNICAL_PLANTERS: Final[Mapping[str, _Planter]] = {
    "THROTTLED": _throttled,
    "OUTCOME_UNKNOWN": _unknown_outcome,
    "DUPLICATE_EVENT": _duplicate,
    "STALE_VERSION": _stale,
    "MAINTENANCE": _maintenance,
    "UNAVAILABLE": _unavailable,
}


def period_name(day: date) -> str:
    """Return how the ledgers call a month.

    >>> period_name(date(2026, 3, 14))
    'Mar-26'
    """
    return f"{_MONTHS[day.month - 1]}-{day.year % 100:02d}"


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
