"""What is wrong with the way a profile has expenses posted, found offline."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from finsync_tui.profile.expense import RETURNABLE, ExpenseSetup
from finsync_tui.profile.model import LegalEntitySetup, Profile
from finsync_tui.profile.problem import Problem

FLOW = "expense_to_reimbursement"


def expense_problems(profile: Profile) -> Iterator[Problem]:
    """Yield what does not fit together, company by company and between companies."""
    found = {
        number: setup.expense for number, setup in profile.legal_entities.items() if setup.expense is not None
    }
    flow = profile.flows.get(FLOW)
    if flow is not None and flow.is_enabled and not found:
        yield Problem(
            f"flows.{FLOW}",
            "no company says how its expenses are posted",
            "Add an `expense` table to a legal entity (docs/connect.md), or set is_enabled = false.",
        )
    for number, expense in found.items():
        place = f"legal_entities.{number}.expense"
        yield from _segments(profile, profile.legal_entities[number], expense, place)
        yield from _itself(expense, place)
    for (number, one), (other_number, other) in combinations(found.items(), 2):
        shared = sorted(set(one.ledgers) & set(other.ledgers))
        if shared and not _are_told_apart(one, other):
            yield Problem(
                f"legal_entities.{other_number}.expense.ledgers",
                f"documents of ledger {shared[0] or 'none'!r} may be those of {number} as well",
                "Give both the same company_field, and each its own company_codes.",
            )


def _are_told_apart(one: ExpenseSetup, other: ExpenseSetup) -> bool:
    if one.company_field is None or one.company_field != other.company_field:
        return False
    return not set(one.company_codes) & set(other.company_codes)


def _itself(expense: ExpenseSetup, place: str) -> Iterator[Problem]:
    if (expense.company_field is None) != (not expense.company_codes):
        missing = "company_field" if expense.company_field is None else "company_codes"
        yield Problem(
            f"{place}.{missing}",
            "company_field and company_codes only work together",
            "Name the field that says which company it is, and the codes there that mean this one; or neither.",
        )
    for class_ in sorted(set(expense.returned_at_once) - RETURNABLE):
        yield Problem(
            f"{place}.returned_at_once",
            f"{class_} is nothing that an employee could do something about",
            f"Take it out. These can go back at once: {', '.join(sorted(RETURNABLE))}.",
        )


def _segments(
    profile: Profile, setup: LegalEntitySetup, expense: ExpenseSetup, place: str
) -> Iterator[Problem]:
    segments = {segment.name: segment for segment in setup.segments}
    names = ", ".join(segments) or "none"
    for key in ("cost_centre_segment", "account_segment"):
        name = getattr(expense, key)
        if name not in segments:
            yield Problem(f"{place}.{key}", f"there is no segment {name!r}", f"Segments: {names}.")
        elif segments[name].value is not None:
            yield Problem(
                f"{place}.{key}",
                f"segment {name!r} has a fixed value, so every line would get the same",
                "Let it come `from` the source's account.",
            )
    for name, table in expense.tables.items():
        if name not in segments:
            yield Problem(f"{place}.tables.{name}", f"there is no segment {name!r}", f"Segments: {names}.")
        if table not in profile.mappings:
            yield Problem(
                f"{place}.tables.{name}",
                f"there is no mapping table {table!r}",
                f"Add mappings/{table}.csv to a layer.",
            )
    for name in expense.values:
        if name not in segments:
            yield Problem(f"{place}.values.{name}", f"there is no segment {name!r}", f"Segments: {names}.")
    known = {expense.cost_centre_segment, expense.account_segment, *expense.values}
    for segment in setup.segments:
        if segment.source is not None and segment.source > 1 and segment.name not in known:
            yield Problem(
                f"{place}.values.{segment.name}",
                f"an expense has a company, a cost centre and an account, but nothing for segment {segment.name!r}",
                f'Say what it is for expenses: values = {{ {segment.name} = "0000" }}.',
            )
