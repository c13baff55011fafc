"""The rehearsed company, made from a seed: the same seed and scale, the same company to the last cent.

Nothing is wrong in it yet; `planted` puts the trouble in.

>>> company = build(seed=7, scale=0.01)
>>> len(company.orders), len(company.expenses.claims), sorted(company.legal_entities)
(20, 40, ['DE01', 'FR01', 'US01'])
"""

from __future__ import annotations

import random
from datetime import UTC, datetime

from finsync_tui.rehearse import catalogue, expense_claims, expense_people
from finsync_tui.rehearse.dice import dice
from finsync_tui.rehearse.purchases import changes, orders
from finsync_tui.rehearse.shapes import Company, Person, Supplier
from finsync_tui.rehearse.tax_ids import tax_id

STARTS_AT = datetime(2026, 1, 1, tzinfo=UTC)
ENDS_AT = datetime(2027, 1, 1, tzinfo=UTC)
ORDER_COUNT = 2000
"""Orders a year at scale 1."""

_SUPPLIER_COUNTS = (
    ("DE", ("DE01",), 140),
    ("FR", ("FR01",), 100),
    ("DE", ("DE01", "FR01"), 20),
    ("US", ("US01",), 140),
)
"""Country, who buys from them, how many."""
_OTHER_NUMBER_SHARE = 0.2
"""Of suppliers whose number in the ERP is another than in Coupa: the tax id has to tell who they are."""
_PEOPLE_COUNT = 30
_FIRST_SUPPLIER_ID = 1001


def build(seed: int, scale: float = 1.0) -> Company:
    """Return the company of that seed; `scale` multiplies its orders and expense reports."""
    if scale <= 0:
        raise ValueError("a company without orders has nothing to rehearse")
    count = max(1, round(ORDER_COUNT * scale))
    legal_entities = {one.number: one for one in catalogue.LEGAL_ENTITIES}
    suppliers = {one.number: one for one in _suppliers(dice(seed, "suppliers"))}
    people = {one.login: one for one in _people(dice(seed, "people"))}
    placed = orders(
        seed, count, tuple(legal_entities.values()), tuple(suppliers.values()), tuple(people.values())
    )
    return Company(
        seed=seed,
        starts_at=STARTS_AT,
        ends_at=ENDS_AT,
        legal_entities=legal_entities,
        cost_centres=catalogue.cost_centres(),
        accounts=catalogue.accounts(),
        suppliers=suppliers,
        people=people,
        orders={one.number: one for one in placed},
        changes=changes(seed, placed, legal_entities, tuple(people), ENDS_AT),
        expenses=expense_claims.build(
            seed,
            max(expense_claims.LEAST, round(expense_claims.REPORT_COUNT * scale)),
            legal_entities,
            expense_people.employees(seed),
            ENDS_AT,
        ),
    )


def _suppliers(chance: random.Random) -> list[Supplier]:
    pairs = [
        f"{first} {second}" for first in catalogue.SUPPLIER_FIRST for second in catalogue.SUPPLIER_SECOND
    ]
    chance.shuffle(pairs)
    found: list[Supplier] = []
    for country, buyers, count in _SUPPLIER_COUNTS:
        for _ in range(count):
            n = len(found)
            number = f"V-{10_001 + n}"
            is_other = chance.random() < _OTHER_NUMBER_SHARE
            found.append(
                Supplier(
                    coupa_id=_FIRST_SUPPLIER_ID + n,
                    number=number,
                    name=f"{pairs[n]} {chance.choice(catalogue.LEGAL_FORMS[country])}",
                    country=country,
                    tax_id=tax_id(country, n + 1),
                    legal_entities=buyers,
                    erp_numbers=(f"{40_001 + n}" if is_other else number,),
                )
            )
    return found


def _people(chance: random.Random) -> list[Person]:
    names = [(first, last) for first in catalogue.FIRST_NAMES for last in catalogue.LAST_NAMES]
    found: dict[str, Person] = {}
    for first, last in chance.sample(names, len(names)):
        login = f"{first[0]}{last}".lower()
        if login not in found:
            department = catalogue.DEPARTMENTS[len(found) % len(catalogue.DEPARTMENTS)]
            found[login] = Person(login, first, last, department, f"E{1001 + len(found)}")
        if len(found) == _PEOPLE_COUNT:
            break
    return list(found.values())
