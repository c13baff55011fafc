"""Arbitrary valid things, for properties."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import strategies as st

from store.canonical.budget import Budget
from store.canonical.chart import AccountCombination
from store.canonical.money import Money, total
from store.canonical.organisation import CostCentre
from store.canonical.purchasing import OrderDistribution, OrderLine, PurchaseOrder
from store.canonical.record import CanonicalRecord
from store.canonical.supplier import Supplier, SupplierSite, TaxRegistration

AMOUNT_MAX = 10**15

names = st.text(min_size=1, max_size=40)
keys = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=12)
currencies = st.sampled_from(("EUR", "USD", "JPY", "BHD", "CLF"))
instants = st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 hypothesis adds it
days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
quantities = st.decimals(Decimal("-1e9"), Decimal("1e9"), places=20, allow_nan=False)


def moneys(currency: str | None = None) -> st.SearchStrategy[Money]:
    """Return amounts of one currency, or of any."""
    return st.builds(
        Money,
        amount_minor=st.integers(-AMOUNT_MAX, AMOUNT_MAX),
        currency=currencies if currency is None else st.just(currency),
    )


suppliers = st.builds(
    Supplier,
    number=names,
    name=names,
    status=st.sampled_from(("active", "inactive", "draft", "on_hold")),
    country=st.none() | st.sampled_from(("DE", "CH", "US")),
    party_id=st.none() | keys,
    tax_registrations=st.lists(st.builds(TaxRegistration, number=names, country=st.none()), max_size=3).map(
        tuple
    ),
    sites=st.lists(st.builds(SupplierSite, external_id=keys, code=names), max_size=2).map(tuple),
)
cost_centres = st.builds(
    CostCentre,
    number=names,
    name=names,
    is_active=st.booleans(),
    starts_on=st.none() | days,
    ends_on=st.none() | days,
)
account_combinations = st.builds(
    AccountCombination, number=names, segments=st.lists(keys, max_size=6).map(tuple)
)
budgets = st.builds(
    Budget, number=names, name=names, legal_entity=keys, period=keys, amount=moneys(), remaining=moneys()
)


@st.composite
def order_lines(draw: st.DrawFn, currency: str) -> OrderLine:
    """Return a line whose amount is split over its distributions."""
    amount = draw(moneys(currency))
    weights = draw(st.lists(st.integers(1, 100), min_size=1, max_size=4))
    return OrderLine(
        number=draw(keys),
        description=draw(names),
        quantity=draw(st.none() | quantities),
        unit_price=draw(st.none() | quantities),
        amount=amount,
        need_by_on=draw(st.none() | days),
        is_cancelled=draw(st.booleans()),
        distributions=tuple(
            OrderDistribution(number=str(number), account=draw(names), amount=part)
            for number, part in enumerate(amount.split(weights), 1)
        ),
    )


@st.composite
def purchase_orders(draw: st.DrawFn) -> PurchaseOrder:
    """Return an order whose lines add up."""
    currency = draw(currencies)
    lines = tuple(draw(st.lists(order_lines(currency), max_size=3)))
    return PurchaseOrder(
        number=draw(names),
        status=draw(st.sampled_from(("draft", "open", "closed", "cancelled"))),
        revision=draw(keys),
        supplier_id=draw(st.none() | keys),
        currency=currency,
        total=total((line.amount for line in lines if not line.is_cancelled), currency),
        target_number=draw(st.none() | keys),
        lines=lines,
    )


records: st.SearchStrategy[CanonicalRecord] = st.one_of(
    suppliers, cost_centres, account_combinations, budgets, purchase_orders()
)
"""A record of any of the main entities."""
