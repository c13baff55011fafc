"""What the company orders over its year, and what becomes of each order later.

Prices have up to six decimals, but quantity times price is always whole cents: what the procurement system shows as a
line's total is what the ERP computes.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from finsync_tui.rehearse import catalogue
from finsync_tui.rehearse.catalogue import Commodity
from finsync_tui.rehearse.dice import dice
from finsync_tui.rehearse.shapes import Change, LegalEntity, Line, Order, Person, Split, Step, Supplier

FIRST_NUMBER = 100_001
FIRST_ORDER_ID = 700_001
YEAR = 2026
_HOLIDAYS = frozenset({(1, 1), (5, 1), (12, 24), (12, 25), (12, 26), (12, 31)})
_ENTITY_WEIGHTS = {"DE01": 40, "FR01": 25, "US01": 35}
_LINES_WEIGHTS = (50, 28, 14, 8)
_SPLIT_SHARE = 0.10
_REVISED_SHARE, _CANCELLED_SHARE, _CLOSED_SHARE = 0.15, 0.04, 0.30
_PERCENTS = (
    ("60", "40"),
    ("50", "50"),
    ("70", "30"),
    ("50", "30", "20"),
    ("33.3333333333", "33.3333333333", "33.3333333334"),
)
_CENT = Decimal("0.01")


def orders(
    seed: int,
    count: int,
    legal_entities: Sequence[LegalEntity],
    suppliers: Sequence[Supplier],
    people: Sequence[Person],
) -> list[Order]:
    """Return `count` orders in the order they were issued."""
    chance = dice(seed, "orders")
    weights = [_ENTITY_WEIGHTS[one.number] for one in legal_entities]
    buyers = chance.choices(list(legal_entities), weights, k=count)
    arrivals = sorted(
        ((arrival(chance, buyer), n, buyer) for n, buyer in enumerate(buyers)), key=lambda one: one[:2]
    )
    by_buyer = {
        one.number: [s for s in suppliers if one.number in s.legal_entities] for one in legal_entities
    }
    found = []
    for n, (issued_at, _, buyer) in enumerate(arrivals):
        requester = chance.choice(people)
        found.append(
            Order(
                number=str(FIRST_NUMBER + n),
                coupa_id=FIRST_ORDER_ID + n,
                legal_entity=buyer.number,
                supplier=chance.choice(by_buyer[buyer.number]).number,
                issued_at=issued_at,
                requester=requester.login,
                approvals=_approvals(
                    chance, issued_at, [one.login for one in people if one is not requester]
                ),
                lines=_lines(chance, buyer.number),
            )
        )
    return found


def changes(
    seed: int,
    placed: Sequence[Order],
    legal_entities: Mapping[str, LegalEntity],
    logins: Sequence[str],
    ends_at: datetime,
) -> tuple[Change, ...]:
    """Return what happens to orders later: revisions, cancellations, closes; in order of time."""
    chance = dice(seed, "changes")
    found: list[Change] = []
    for order in placed:
        found += _fate(chance, order, legal_entities[order.legal_entity], logins, ends_at)
    return tuple(sorted(found, key=lambda one: (one.at, one.number)))


def arrival(chance: random.Random, buyer: LegalEntity) -> datetime:
    """Return an instant in the business hours of the buyer's country."""
    while True:
        day = date(YEAR, 1, 1) + timedelta(days=chance.randrange(365))
        if is_working_day(day):
            return at_work(chance, day, buyer)


def is_working_day(day: date) -> bool:
    return day.weekday() < 5 and (day.month, day.day) not in _HOLIDAYS


def on_working_day(at: datetime) -> datetime:
    """Return the same time of the first working day from then on."""
    while not is_working_day(at.date()):
        at += timedelta(days=1)
    return at


def at_work(chance: random.Random, day: date, buyer: LegalEntity) -> datetime:
    minute = int(chance.triangular(8 * 60, 18 * 60, 10 * 60 + 30))
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(buyer.timezone)) + timedelta(
        minutes=minute, seconds=chance.randrange(60)
    )
    return local.astimezone(UTC)


def _approvals(chance: random.Random, issued_at: datetime, logins: Sequence[str]) -> tuple[Step, ...]:
    count = chance.choices((1, 2, 3), (45, 40, 15))[0]
    hours = sorted((chance.uniform(0.2, 60) for _ in range(count)), reverse=True)
    who = chance.sample(list(logins), count)
    return tuple(
        Step(login, (issued_at - timedelta(hours=ago)).replace(microsecond=0))
        for login, ago in zip(who, hours, strict=True)
    )


def _lines(chance: random.Random, buyer: str) -> tuple[Line, ...]:
    count = chance.choices((1, 2, 3, 4), _LINES_WEIGHTS)[0]
    return tuple(new_line(chance, buyer, n) for n in range(1, count + 1))


def new_line(chance: random.Random, buyer: str, number: int) -> Line:
    """Return a line for something that is bought, charged where it may be charged."""
    thing = chance.choice(catalogue.COMMODITIES)
    is_by_amount = thing.is_by_amount and chance.random() < 0.6
    quantity, price = (None, _amount(chance)) if is_by_amount else _priced(chance, thing)
    return Line(
        number=number,
        description=f"{chance.choice(thing.items)}",
        commodity=thing.name,
        uom=None if is_by_amount else chance.choice(thing.units),
        quantity=quantity,
        price=price,
        splits=_splits(chance, buyer, thing),
    )


def _amount(chance: random.Random) -> Decimal:
    return Decimal(int(chance.lognormvariate(7.3, 0.9) * 100) + 5000).scaleb(-2)


def _priced(chance: random.Random, thing: Commodity) -> tuple[Decimal, Decimal]:
    """Return a quantity and a price whose product is whole cents and above zero."""
    decimals = chance.choices((2, 3, 4, 6), (80, 8, 8, 4))[0]
    if decimals > 2:  # cheap things, many of them
        quantity = Decimal(chance.randint(1, 20) * 10 ** (decimals - 2))
        price = Decimal(chance.randint(10 ** (decimals - 2), 10**decimals)).scaleb(-decimals)
        return quantity, price
    price = Decimal(chance.randint(thing.price_from * 100, thing.price_to * 100)).scaleb(-2)
    if thing.units == ("HR",) and chance.random() < 0.5:  # half hours, at prices that can be halved
        return Decimal(chance.randint(1, 160)) / 2, price - price % Decimal("0.02") + Decimal("0.02")
    return Decimal(chance.randint(1, 40)), price


def is_exact(line: Line) -> bool:
    return line.amount > 0 and line.amount % _CENT == 0


def _splits(chance: random.Random, buyer: str, thing: Commodity) -> tuple[Split, ...]:
    account = catalogue.source_account(buyer, thing.account)
    allowed = [one for one in catalogue.regular_centres() if (one, thing.account) != catalogue.FORBIDDEN]
    if chance.random() >= _SPLIT_SHARE:
        return (Split(catalogue.source_centre(buyer, chance.choice(allowed)), account, Decimal(100)),)
    percents = chance.choice(_PERCENTS)
    centres = chance.sample(allowed, len(percents))
    return tuple(
        Split(catalogue.source_centre(buyer, centre), account, Decimal(percent))
        for centre, percent in zip(centres, percents, strict=True)
    )


def _fate(
    chance: random.Random, order: Order, buyer: LegalEntity, logins: Sequence[str], ends_at: datetime
) -> list[Change]:
    """Return what becomes of one order. The chances are drawn for every order, so that none depends on another."""
    draw, by = chance.random(), chance.choice(logins)
    is_revised = draw < _REVISED_SHARE
    is_cancelled = _REVISED_SHARE <= draw < _REVISED_SHARE + _CANCELLED_SHARE
    is_closed = not is_cancelled and chance.random() < _CLOSED_SHARE
    found: list[Change] = []
    last_at, lines = order.issued_at, order.lines
    highest = len(lines)
    if is_cancelled:
        days = chance.choice((0, 1, 3, 10, 20))
        found.append(Change(order.number, later(chance, order.issued_at, days, buyer), "cancel", by))
    for _ in range(chance.choices((1, 2), (75, 25))[0] if is_revised else 0):
        last_at = later(chance, last_at, chance.randint(1, 25), buyer)
        lines = revised(chance, order.legal_entity, lines, highest)
        highest = max(highest, *(one.number for one in lines))
        found.append(Change(order.number, last_at, "revise", by, lines))
    if is_closed:
        at = later(chance, last_at, chance.randint(20, 120), buyer)
        if at >= ends_at:  # what is still open is cleared up at the end of the year
            at = at_work(chance, date(YEAR, 12, chance.choice((28, 29, 30))), buyer)
        found.append(Change(order.number, at, "close", by))
    return [
        one
        for one in found
        if order.issued_at < one.at < ends_at and (one.kind == "revise" or one.at > last_at)
    ]


def later(chance: random.Random, after: datetime, days: int, buyer: LegalEntity) -> datetime:
    """Return an instant so many days later, at work; on the same day an hour later."""
    if days == 0:
        return after + timedelta(minutes=chance.randint(20, 90))
    return at_work(chance, on_working_day(after + timedelta(days=days)).date(), buyer)


def revised(chance: random.Random, buyer: str, lines: tuple[Line, ...], highest: int) -> tuple[Line, ...]:
    """Return the lines after a revision: more or fewer of something, another price, a line more or less.

    `highest` is the highest line number there ever was: a dropped line's number is not used again.
    """
    kinds: list[str] = ["more", "price", "add"] + (["drop"] if len(lines) > 1 else [])
    kind = chance.choice(kinds)
    at = chance.randrange(len(lines))
    line = lines[at]
    if kind == "add":
        return (*lines, new_line(chance, buyer, highest + 1))
    if kind == "drop":
        return lines[:at] + lines[at + 1 :]
    changed = replace(line, price=line.price * 2)
    if line.quantity is not None and kind == "more":
        changed = replace(line, quantity=line.quantity * chance.randint(2, 4))
    elif (
        line.quantity is not None
        and line.quantity % 2 == 0
        and is_exact(replace(line, quantity=line.quantity / 2))
    ):
        changed = replace(line, quantity=line.quantity / 2)
    return (*lines[:at], changed, *lines[at + 1 :])
