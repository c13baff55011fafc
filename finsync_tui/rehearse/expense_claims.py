"""What employees claim over the year: reports of every kind that can be posted, and the cash advances behind some of them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from adapters.concur.simulator_plan import AdvanceUse, EntryPlan, PaymentKind, ReportPlan, Split
from finsync_tui.rehearse import catalogue as books
from finsync_tui.rehearse import expense_catalogue as catalogue
from finsync_tui.rehearse.dice import dice
from finsync_tui.rehearse.expense_catalogue import ExpenseType, Place
from finsync_tui.rehearse.expense_shapes import Advance, Claim, Employee, Expenses
from finsync_tui.rehearse.purchases import arrival, later
from finsync_tui.rehearse.shapes import LegalEntity

REPORT_COUNT: Final = 600
"""Reports a year at scale 1."""
LEAST: Final = 40
"""Fewer would leave no room for each kind of trouble."""
_WEIGHTS: Final = {"DE01": 40, "FR01": 25, "US01": 35}
_ENTRY_WEIGHTS: Final = (22, 24, 20, 14, 10, 6, 4)
_SPLIT_SHARE, _ABROAD_SHARE, _PERSONAL_SHARE = 0.15, 0.22, 0.08
_CREDIT_SHARE, _ALL_CREDIT_SHARE, _ONE_CARD_SHARE = 0.03, 0.015, 0.06
_ADVANCES_A_REPORT: Final = 1 / 30
_CALM: Final = timedelta(days=2)
"""Before the end of the year the last report is approved."""
_HUNDRED: Final = Decimal(100)


def build(
    seed: int,
    count: int,
    legal_entities: Mapping[str, LegalEntity],
    employees: Sequence[Employee],
    ends_at: datetime,
) -> Expenses:
    """Return all expenses of a year, nothing wrong with any of them."""
    chance = dice(seed, "claims")
    people = {one.number: one for one in employees}
    # Who owes more than is owed to them is one person a company: what the ERP nets would leave others waiting.
    travellers = {
        entity: [one for one in employees if one.legal_entity == entity and one.grade != "director"]
        for entity in legal_entities
    }
    debtors = {entity: found.pop() for entity, found in travellers.items()}
    frame = Expenses(people)
    claims: dict[str, Claim] = {}
    for n in range(1, count + 1):
        entity = chance.choices(list(legal_entities), [_WEIGHTS[one] for one in legal_entities])[0]
        claim = _claim(
            chance, frame, legal_entities[entity], chance.choice(travellers[entity]), seed, n, ends_at
        )
        if owed(claim) < 0:
            claim = _given_to(claim, frame, debtors[entity])
        claims[claim.report_id] = claim
    advances = _advances(chance, seed, claims, legal_entities, max(3, round(count * _ADVANCES_A_REPORT)))
    return Expenses(people, claims, advances)


def report_id(seed: int, n: int) -> str:
    """Return the id of the n-th report, in the form in which the expense tool writes them.

    >>> report_id(7, 1) == report_id(7, 1) != report_id(7, 2), len(report_id(7, 1))
    (True, 20)
    """
    return hashlib.sha256(f"{seed}/report/{n}".encode()).hexdigest()[:20].upper()


def approver_for(expenses: Expenses, employee: str, total: Decimal) -> str | None:
    """Return the nearest superior who may approve so much."""
    above = expenses.superiors(employee)
    return next((one.number for one in above if one.limit is not None and total <= one.limit), None)


def owed(claim: Claim) -> Decimal:
    """Return what the report brings its owner, before any advance: cash, less private charges on the company's card."""
    cash = sum((one.amount for one in claim.plan.entries if one.payment == "cash"), Decimal(0))
    if claim.legal_entity not in catalogue.NETS_PERSONAL:
        return cash
    return cash - sum((one.amount for one in claim.plan.entries if one.is_personal), Decimal(0))


def _given_to(claim: Claim, frame: Expenses, owner: Employee) -> Claim:
    plan = replace(claim.plan, employee=owner.login)
    approver = approver_for(frame, owner.number, claim.total)
    return replace(claim, employee=owner.number, plan=plan, approver=approver)


def _claim(
    chance: random.Random,
    frame: Expenses,
    company: LegalEntity,
    owner: Employee,
    seed: int,
    n: int,
    ends_at: datetime,
) -> Claim:
    submitted_at, approved_at = _times(chance, company, ends_at)
    place = _place(chance, company)
    entries = _entries(chance, company, place)
    plan = ReportPlan(
        employee=owner.login,
        name=f"{chance.choice(catalogue.JOURNEYS)} {place.city} {n:04}",
        entries=entries,
        report_id=report_id(seed, n),
        dated=submitted_at.date(),
    )
    found = Claim(report_id(seed, n), company.number, owner.number, plan, submitted_at, approved_at, None)
    return replace(found, approver=approver_for(frame, owner.number, found.total))


def _times(chance: random.Random, company: LegalEntity, ends_at: datetime) -> tuple[datetime, datetime]:
    """Return when a report is submitted and when its last approval is given, both at work and within the year."""
    while True:
        submitted_at = arrival(chance, company)
        approved_at = later(chance, submitted_at, chance.choice((0, 0, 1, 1, 2, 3, 6)), company)
        if submitted_at < approved_at < ends_at - _CALM and approved_at.weekday() < 5:
            return submitted_at, approved_at


def _place(chance: random.Random, company: LegalEntity) -> Place:
    if chance.random() < _ABROAD_SHARE:
        return chance.choice([one for one in catalogue.ABROAD if one.country != company.country])
    return chance.choice(catalogue.PLACES[company.number])


def _entries(chance: random.Random, company: LegalEntity, place: Place) -> tuple[EntryPlan, ...]:
    count = chance.choices(range(1, len(_ENTRY_WEIGHTS) + 1), _ENTRY_WEIGHTS)[0]
    is_all_credit = chance.random() < _ALL_CREDIT_SHARE
    one_card: PaymentKind | None = "company_card" if chance.random() < _ONE_CARD_SHARE else None
    found = [
        entry(
            chance, company, place, chance.choice(catalogue.TYPES), payment=one_card, is_credit=is_all_credit
        )
        for _ in range(1 if is_all_credit else count)
    ]
    if not is_all_credit and chance.random() < _PERSONAL_SHARE:
        found.append(_personal(chance, company, place))
    return tuple(found)


def entry(
    chance: random.Random,
    company: LegalEntity,
    place: Place,
    kind: ExpenseType,
    *,
    payment: PaymentKind | None = None,
    is_credit: bool = False,
) -> EntryPlan:
    """Return one expense: what it cost there, what it costs here, who bears it."""
    spent, amount = _amounts(chance, company, place, kind, is_credit or chance.random() < _CREDIT_SHARE)
    how = payment or chance.choices(*zip(*catalogue.PAYMENTS, strict=True))[0]
    splits, centre = _splits(chance, company)
    return EntryPlan(
        expense_type=kind.code,
        expense_name=kind.name,
        amount=amount,
        account=catalogue.account(company.number, kind.account),
        payment=how,
        taxes=catalogue.taxes(company.country, place, kind.code, amount, company.currency),
        splits=splits,
        codes={catalogue.CENTRE_FIELD: centre},
        transaction_amount=spent,
        transaction_currency=place.currency,
        exchange_rate=catalogue.rate(place.currency, company.currency),
        clearing_account=catalogue.CARD_CODE if how == "company_card" else None,
        vendor=chance.choice(kind.vendors),
        city=place.city,
        country=place.country,
        receipt_type="T",
    )


def _amounts(
    chance: random.Random, company: LegalEntity, place: Place, kind: ExpenseType, is_credit: bool
) -> tuple[Decimal, Decimal]:
    """Return what was spent there and what that is in the company's currency: money of each, never nothing."""
    rate = catalogue.rate(place.currency, company.currency)
    here = Decimal(int(chance.triangular(kind.lowest * 100, kind.highest * 100, kind.lowest * 130))).scaleb(
        -2
    )
    spent = catalogue.whole(here / rate, place.currency)
    amount = here if place.currency == company.currency else catalogue.whole(spent * rate, company.currency)
    sign = -1 if is_credit else 1
    return sign * spent, sign * amount


def _personal(chance: random.Random, company: LegalEntity, place: Place) -> EntryPlan:
    """A private charge on a card of the company."""
    kind = catalogue.TYPES[chance.choice((3, 6, 9))]
    spent, amount = _amounts(chance, company, place, kind, False)
    return EntryPlan(
        expense_type=kind.code,
        expense_name=kind.name,
        amount=amount,
        account=catalogue.account(company.number, kind.account),
        payment="company_card",
        is_personal=True,
        codes={
            catalogue.CENTRE_FIELD: books.source_centre(
                company.number, chance.choice(books.regular_centres())
            )
        },
        transaction_amount=spent,
        transaction_currency=place.currency,
        exchange_rate=catalogue.rate(place.currency, company.currency),
        clearing_account=catalogue.CARD_CODE,
        city=place.city,
        country=place.country,
        receipt_type="N",
    )


def _splits(chance: random.Random, company: LegalEntity) -> tuple[tuple[Split, ...], str]:
    centre = books.source_centre(company.number, chance.choice(books.regular_centres()))
    if chance.random() >= _SPLIT_SHARE:
        return (), centre
    percents = chance.choice(catalogue.SPLITS)
    centres = chance.sample(books.regular_centres(), len(percents))
    return tuple(
        Split(
            percentage=Decimal(percent),
            codes={catalogue.CENTRE_FIELD: books.source_centre(company.number, one)},
        )
        for one, percent in zip(centres, percents, strict=True)
    ), centre


# -- cash advances -------------------------------------------------------------------------------------


def _advances(
    chance: random.Random,
    seed: int,
    claims: dict[str, Claim],
    legal_entities: Mapping[str, LegalEntity],
    count: int,
) -> dict[str, Advance]:
    """Give some travellers cash before their journey, and let their report settle it: all, or with cash given back."""
    found: dict[str, Advance] = {}
    fitting = [one for one in claims.values() if owed(one) >= 40 and one.submitted_at.month > 1]
    for n, claim in enumerate(chance.sample(fitting, min(count, len(fitting))), 1):
        company = legal_entities[claim.legal_entity]
        used = Decimal(int(owed(claim) * Decimal("0.6")))
        returned = Decimal(chance.choice((0, 0, 15, 40)))
        advance_id = hashlib.sha256(f"{seed}/advance/{n}".encode()).hexdigest()[:32].upper()
        issued_at = claim.submitted_at - timedelta(days=chance.randint(6, 20))
        while issued_at.weekday() > 4:
            issued_at -= timedelta(days=1)
        found[advance_id] = Advance(
            advance_id, claim.employee, claim.legal_entity, used + returned, company.currency, issued_at
        )
        uses = [AdvanceUse(advance_id=advance_id, amount=used)]
        if returned:
            uses.append(
                AdvanceUse(
                    advance_id=advance_id,
                    amount=returned,
                    is_return=True,
                    is_listed=n % 2 == 0,
                    transaction_type=1,
                )
            )
        claims[claim.report_id] = replace(claim, plan=replace(claim.plan, advances=tuple(uses)))
    return found
