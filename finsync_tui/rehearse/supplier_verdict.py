"""What became of the suppliers that turned up: judged by what the ERPs hold, not by what finsync says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from finsync_tui.rehearse.evidence import Evidence
from finsync_tui.rehearse.planted import Plant
from finsync_tui.rehearse.report import Report, TargetSupplier
from store.canonical.supplier import normal

QUESTION: Final = "SUPPLIER_DUPLICATE_POSSIBLE"


@dataclass(frozen=True, slots=True)
class SupplierVerdict:
    """By kind: how many were planted, and how many ended as they should."""

    planted: Mapping[str, int]
    right: Mapping[str, int]
    wrong: tuple[str, ...]
    asked: int
    """Of how many a person was asked."""

    @property
    def is_good(self) -> bool:
        return not self.wrong


def judge(plants: Sequence[Plant], report: Report, evidence: Evidence) -> SupplierVerdict:
    """Compare each planted supplier with what its ERP holds under its name and its tax number."""
    asked = {one.key for one in evidence.cases if one.class_ == QUESTION and one.entity == "supplier"}
    planted: dict[str, int] = {}
    right: dict[str, int] = {}
    wrong: list[str] = []
    for one in plants:
        planted[one.class_] = planted.get(one.class_, 0) + 1
        problem = _problem(one, report, is_asked=one.key in asked)
        if problem is None:
            right[one.class_] = right.get(one.class_, 0) + 1
        else:
            wrong.append(f"{one.class_} {one.key} {one.subject}: {problem}")
    return SupplierVerdict(planted, right, tuple(wrong), len(asked & {one.key for one in plants}))


def _problem(one: Plant, report: Report, *, is_asked: bool) -> str | None:
    """Say what is wrong with how a planted supplier ended; None: nothing."""
    problem = _vendor_problem(one, report, is_asked=is_asked)
    if problem is not None:
        return problem
    named = [each for each in report.suppliers if each.name == one.subject]
    numbered = [each for each in report.suppliers if normal(each.tax_id) == normal(one.truth)]
    number = report.supplier_numbers.get(one.key, "")
    if one.class_ == "double_by_name_in_expenses":
        return None if len(numbered) == 1 else f"{len(numbered)} suppliers in the ERPs bear its tax number"
    if one.class_ in ("new", "look_alike", "double_in_expenses"):
        return _apart(one, named, numbered, number, is_asked=is_asked)
    if one.class_ == "double_by_name":
        if named or numbered:
            return "a second supplier was made"
        return None if is_asked else "nobody was asked"
    if named:
        return "a second supplier was made under its own name"
    return None if len(numbered) == 1 else f"{len(numbered)} suppliers in the ERPs bear its tax number"


def _vendor_problem(one: Plant, report: Report, *, is_asked: bool) -> str | None:
    """Say what is wrong with it in the expense tool: never twice, and what was there before is not made anew."""
    named = [each for each in report.vendors if each.name == one.subject]
    numbered = [each for each in report.vendors if normal(each.tax_id) == normal(one.truth)]
    if len(named) > 1 or len(numbered) > 1:
        return "there is a second vendor in the expense tool"
    if one.class_ == "double_in_expenses" and named:
        return "a second vendor was made in the expense tool under its own name"
    if one.class_ == "double_by_name_in_expenses":
        if named or numbered:
            return "a second vendor was made in the expense tool"
        return None if is_asked else "nobody was asked about its vendor"
    is_made = any(each.name == one.subject for each in report.suppliers)
    if one.class_ in ("new", "look_alike") and is_made and not named and not is_asked:
        return "it was never made in the expense tool"
    return None


def _apart(
    one: Plant,
    named: Sequence[TargetSupplier],
    numbered: Sequence[TargetSupplier],
    number: str,
    *,
    is_asked: bool,
) -> str | None:
    if len(named) > 1 or len(numbered) > 1:
        return "it was made more than once"
    if named:
        is_own = named[0].system == one.system and named[0].number == number and named == numbered
        return None if is_own else "it does not bear the number of its own supplier in the ERP"
    if one.class_ == "look_alike" and is_asked and not number:
        return None  # a question is no merge
    return "it was never made" if not number else "it was taken for another supplier"


def to_json(verdict: SupplierVerdict) -> dict[str, Any]:
    return {
        "is_good": verdict.is_good,
        "planted": dict(verdict.planted),
        "right": dict(verdict.right),
        "wrong": list(verdict.wrong),
        "asked": verdict.asked,
    }


def summary(result: Mapping[str, Any]) -> str:
    """Return the verdict in words, from its JSON form."""
    planted, right = result["planted"], result["right"]
    names = {
        "new": "new suppliers made once, their number back",
        "double_by_tax_id": "doubles of suppliers in the ERP, caught before a second one",
        "double_by_name": "doubles under another name, asked about before a second one",
        "double_of_new": "doubles of new ones, caught before a second one",
        "look_alike": "look-alikes that are other companies, not merged",
        "double_in_expenses": "doubles of vendors in the expense tool, linked with them",
        "double_by_name_in_expenses": "doubles of vendors under another name, asked about before a second one",
    }
    lines = ["Suppliers that turned up:"]
    lines += [
        f"  {right.get(kind, 0):>4} of {planted[kind]:<4}{names[kind]}" for kind in names if kind in planted
    ]
    return "\n".join(lines)
