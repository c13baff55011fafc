"""What lines cost and which accounts bear it, for every document of Coupa's that has lines. Pure.

A line's `total` counts where it is exact money; where Coupa left it unrounded, or out, it is quantity times price,
rounded once for the line. A split coding takes its stated amounts where they add up to the line, else its
percentages, so that the parts always add up. Numbers that contradict each other are refused: their reason begins
with "totals".
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from adapters.coupa import wire
from adapters.coupa.inbound_parts import EXACT, Unfit, exact_minor, number, segments
from adapters.coupa.options import Options
from store.canonical.currency import exponent
from store.canonical.money import Money, plain

PERCENT = Decimal(100)
PERCENT_SLACK = Decimal("0.01")
"""Percentages are cut to ten places; three thirds are not quite a hundred."""


class Unit(NamedTuple):
    """A document's currency and its smallest unit. Amounts are counted in it until the record is validated."""

    currency: str
    places: int
    smallest: Decimal

    def money(self, minor: int) -> dict[str, Any]:
        return {"amount_minor": minor, "currency": self.currency}

    def shown(self, minor: int) -> str:
        return str(Money(amount_minor=minor, currency=self.currency))


@lru_cache(maxsize=256)
def unit_of(code: str) -> Unit:
    places = exponent(code)
    return Unit(code, places, Decimal(1).scaleb(-places))


def common_unit(header: wire.Coded | None, lines: Iterable[tuple[str, wire.Coded | None]], what: str) -> Unit:
    """Return the one currency of a document; `lines` are places and currencies, `what` is the document in words."""
    code = header.code if header else None
    for place, currency in lines:
        own = currency.code if currency else None
        if code is not None and own is not None and own != code:
            raise Unfit(
                f"{place}.currency.code",
                f"the line is in {own}, the {what} in {code}; a document in two currencies has no total",
            )
        code = code or own
    if not code:
        raise Unfit("$.currency.code", f"the {what} names no currency")
    return unit_of(code)


def line_number(line_num: str | int | None, sub_line_num: str | int | None, path: str) -> str:
    text = str(line_num) if line_num is not None else ""
    if not text.strip():
        raise Unfit(f"{path}.line-num", "the line has no number")
    sub = str(sub_line_num) if sub_line_num is not None else ""
    return f"{text}.{sub}" if sub and sub != "0" else text


def check_numbers(numbers: Iterable[tuple[str, str]]) -> None:
    """Refuse a document of which two lines have one number: by it they are matched, taxed and charged. By path."""
    seen: set[str] = set()
    for path, one in numbers:
        if one in seen:
            raise Unfit(f"{path}.line-num", f"two lines have the number {one}")
        seen.add(one)


class Priced(NamedTuple):
    """What a line says about its price."""

    quantity: Decimal | None
    price: Decimal | None
    total: Decimal | None
    is_by_amount: bool


def line_amount(line: Priced, unit: Unit, path: str) -> int:
    """Return what the line costs in minor units."""
    quantity, price, total = line.quantity, line.price, line.total
    if quantity is not None and price is not None:
        product: Decimal | None = EXACT.multiply(quantity, price)
    else:
        product = price if line.is_by_amount else None
    if total is None:
        if product is None:
            raise Unfit(f"{path}.total", "the line has neither a total nor quantity and price")
        return _rounded(product, unit)
    number(total, f"{path}.total")
    if product is not None and abs(total - product) > unit.smallest:
        how = f"{plain(quantity)} x {plain(price)}" if quantity and price else "the price"
        raise Unfit(
            f"{path}.total",
            f"totals: the line says {plain(total)} {unit.currency}, but {how} makes {plain(product)}",
        )
    minor = exact_minor(total, unit.places)
    if minor is not None:
        return minor
    if total == product:  # unrounded on both sides, such as 3 x 11.1117: rounded here, once
        return _rounded(total, unit)
    raise Unfit(
        f"{path}.total",
        f"totals: {plain(total)} {unit.currency} has more decimals than the currency ({unit.places})",
    )


def minor_units(amount: Decimal, unit: Unit, path: str) -> int:
    """Return a stated amount in minor units, or say that it is none of this currency."""
    minor = exact_minor(number(amount, path), unit.places)
    if minor is None:
        raise Unfit(
            path,
            f"totals: {plain(amount)} {unit.currency} has more decimals than the currency ({unit.places})",
        )
    return minor


def check_total(stated: Decimal | None, minor: int, unit: Unit, path: str, what: str) -> None:
    """Refuse a document whose stated total is not what its lines add up to."""
    if stated is None:
        return
    if abs(number(stated, path).scaleb(unit.places) - minor) >= 1:
        raise Unfit(path, f"totals: the {what} says {plain(stated)}, its lines add up to {unit.shown(minor)}")


def distributions(
    account: wire.AccountRef | None,
    allocations: list[wire.Allocation] | None,
    period: wire.Period | None,
    minor: int,
    unit: Unit,
    path: str,
    options: Options,
) -> tuple[dict[str, Any], ...]:
    """Return which accounts carry a line. None at all is for the flow to judge: the document is readable."""
    if allocations:
        place = f"{path}.account-allocations"
        parts = shares(allocations, minor, unit, place)
        return tuple(
            [
                _distribution(n, part.account, share, part.period or period, unit, options, place)
                for n, (part, share) in enumerate(zip(allocations, parts, strict=True), 1)
            ]
        )
    if account is None:
        return ()
    return (_distribution(0, account, minor, period, unit, options, f"{path}.account"),)


def _rounded(amount: Decimal, unit: Unit) -> int:
    return int(amount.scaleb(unit.places).to_integral_value(ROUND_HALF_UP))


def _distribution(
    n: int,
    account: wire.AccountRef | None,
    minor: int,
    period: wire.Period | None,
    unit: Unit,
    options: Options,
    path: str,
) -> dict[str, Any]:
    """Return one part of a line; `n` counts from 1, and 0 is the whole of it."""
    place = f"{path}[{n - 1}].account" if n else path
    if account is None:
        raise Unfit(place, "a part of the line names no account")
    try:
        parts = segments(account, options.segment_count)
    except Unfit as unfit:
        raise Unfit(place + unfit.path.removeprefix("$"), unfit.reason) from None
    text = account.code or "-".join(parts)
    if not text:
        raise Unfit(place, "the account has neither a code nor segments")
    return {
        "number": str(n or 1),
        "chart": account.account_type.name if account.account_type else None,
        "account": text,
        "segments": parts,
        "amount": unit.money(minor),
        "period": period.name if period else None,
    }


def shares(allocations: list[wire.Allocation], minor: int, unit: Unit, path: str) -> list[int]:
    """Divide a line over its allocations, without losing or making a minor unit."""
    stated = [
        number(a.amount, f"{path}[{n}].amount") for n, a in enumerate(allocations) if a.amount is not None
    ]
    if len(stated) == len(allocations):
        whole = [exact_minor(amount, unit.places) for amount in stated]
        exact = [share for share in whole if share is not None]
        if len(exact) == len(whole) and sum(exact) == minor:
            return exact
        added = sum(stated, Decimal(0))
        # Each part may be off by less than a minor unit, which is rounding; more is a contradiction.
        if abs(added.scaleb(unit.places) - minor) > len(stated):
            raise Unfit(
                path, f"totals: the allocations add up to {plain(added)}, the line costs {unit.shown(minor)}"
            )
    percents = [number(a.pct, path) for a in allocations if a.pct is not None]
    if len(percents) == len(allocations):
        added = sum(percents, Decimal(0))
        if abs(added - PERCENT) <= PERCENT_SLACK:
            return _split(minor, unit, percents, path)
        if len(stated) < len(allocations):
            raise Unfit(path, f"totals: the percentages add up to {plain(added)}, not to 100")
    if len(stated) == len(allocations):
        return _split(minor, unit, [abs(amount) for amount in stated], path)
    if len(allocations) == 1:
        return [minor]
    raise Unfit(path, "the parts of the line state neither all amounts nor all percentages")


def _split(minor: int, unit: Unit, weights: list[Decimal], path: str) -> list[int]:
    if minor == 0:
        return [0] * len(weights)
    if any(weight < 0 for weight in weights) or not any(weights):
        raise Unfit(path, "totals: the line costs something, but its parts take no sensible share of it")
    shares = Money(amount_minor=minor, currency=unit.currency).split(weights)
    return [share.amount_minor for share in shares]
