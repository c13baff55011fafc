"""Was the document approved by somebody who may, by the hierarchy and limits as they are now?

Until an HR system is connected, the hierarchy is the one that the expense tool's and the ERP's own people show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from finsync_tui.profile.expense import ExpenseSetup
from store.canonical.expense import ExpenseDocument
from store.canonical.money import Money
from store.canonical.people import Employee

CHAIN_MAX = 25
"""So many superiors are looked at: more is a circle or a fantasy."""

Doubt = Literal["self_approval", "missing", "stale", "limit", "delegate", "limit_unknown"]
CLASSES: dict[Doubt, str] = {
    "self_approval": "APPROVER_SELF",
    "missing": "APPROVER_MISSING",
    "stale": "APPROVER_STALE",
    "limit": "APPROVAL_LIMIT",
    "delegate": "APPROVED_BY_DELEGATE",
    "limit_unknown": "APPROVAL_LIMIT_UNKNOWN",
}

People = Callable[[str], Employee | None]
"""Return the person with an employee number, or None."""
Convert = Callable[[Money, str], Money | None]
"""Return an amount in another currency, or None where no rate is known."""


def unconverted(_: Money, __: str) -> Money | None:
    """Know no rate."""
    return None


@dataclass(frozen=True, slots=True)
class Problem:
    """One doubt about the approval, in words."""

    doubt: Doubt
    cause: str
    fix: str


def problems(
    document: ExpenseDocument,
    setup: ExpenseSetup,
    people: People,
    on: date,
    convert: Convert = unconverted,
) -> list[Problem]:
    """Return the doubts about who approved the document, gravest first."""
    return list(_problems(document, setup, people, on, convert))


def _problems(
    document: ExpenseDocument, setup: ExpenseSetup, people: People, on: date, convert: Convert
) -> Iterator[Problem]:
    approver = document.approver_id
    if not approver:
        yield Problem(
            "missing",
            f"nobody is named who approved report {document.number}",
            "Ask the expense tool's administrator how it was released; return it, or retry when the approver shows.",
        )
        return
    if approver == document.employee_id:
        yield Problem(
            "self_approval",
            f"{document.employee_name or document.employee_id} approved their own report {document.number}",
            "Return it to the employee so that their manager approves it.",
        )
        return
    person = people(approver)
    if person is None or not person.is_employed_on(on):
        why = "is not known" if person is None else "does not work here any more"
        yield Problem(
            "stale",
            f"{person.name if person else f'employee {approver}'}, who approved report {document.number}, {why}",
            "Correct the approver in the expense tool and return the report, or bring the people up to date and retry.",
        )
        return
    if approver not in setup.processors:
        yield from _standing(document, person, people)
    yield from _limit(document, person, convert)


def _standing(document: ExpenseDocument, approver: Employee, people: People) -> Iterator[Problem]:
    """Is the approver above the employee, or somebody who may stand in for one who is?"""
    chain = list(superiors(document.employee_id, people))
    if not chain or any(one.number == approver.number for one in chain):
        return  # nobody knows better than the expense tool
    for one in chain:
        if approver.number in one.delegates:
            yield Problem(
                "delegate",
                f"{approver.name} approved report {document.number} for {one.name}",
                "Nothing to do: a delegate may.",
            )
            return
    yield Problem(
        "stale",
        f"{approver.name} approved report {document.number}, but is neither above "
        f"{document.employee_name or document.employee_id} nor a delegate of {chain[0].name}, who is",
        "If the hierarchy is right, return the report so that it is approved again; if not, correct it and retry.",
    )


def _limit(document: ExpenseDocument, approver: Employee, convert: Convert) -> Iterator[Problem]:
    """Compare in the currency of the limit."""
    limit = approver.limit_of("expense")
    if limit is None:
        return
    takes = document.control_total
    compared = takes if limit.currency == takes.currency else convert(takes, limit.currency)
    if compared is None:
        yield Problem(
            "limit_unknown",
            f"report {document.number} takes {takes}; {approver.name} may approve up to {limit}, and no one exchange "
            f"rate of {takes.currency} to {limit.currency} is known",
            "Read exchange rates from the ERP, or name the kind that counts in the profile (rate_kind), then retry.",
        )
    elif compared.amount_minor > limit.amount_minor:
        shown = str(takes) if compared is takes else f"{takes}, that is {compared}"
        yield Problem(
            "limit",
            f"report {document.number} takes {shown}; {approver.name} may approve up to {limit}",
            "Return it so that somebody with a higher limit approves it, or correct the limit and retry.",
        )


def superiors(employee_number: str, people: People) -> Iterator[Employee]:
    """Yield who stands above a person, nearest first: the expense approver if named, else the manager."""
    seen = {employee_number}
    person = people(employee_number)
    while person is not None and len(seen) <= CHAIN_MAX:
        number = person.approver_number or person.manager_number
        if number is None or number in seen:
            return
        seen.add(number)
        person = people(number)
        if person is not None:
            yield person
