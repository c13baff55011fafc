"""Which value of the ERP's accounts a part of a document gets by a rule of the company, in place of its mapping tables."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from finsync_tui.flows.steps import Context
from finsync_tui.mapping import Given
from finsync_tui.policies.asked import SegmentAsked
from finsync_tui.policies.verdicts import LEDGER_DERIVATION, SETTING, Judging, Verdict

Derive = Callable[[str, str, Given], Verdict | None]
"""By segment, what its source says, and what else is known; None: the mapping table decides. UndecidedError when a rule can't be asked."""


def of(context: Context, on: date) -> Derive | None:
    """Return who derives as of a document's posting date; None: nobody, and nothing is asked."""
    return _of(context, context.facts.judge(LEDGER_DERIVATION, on), on)


def of_today(context: Context, on: date) -> Derive | None:
    """Return who derives for what has no posting date: by the rules in force now, whose version is kept with it."""
    return _of(context, context.facts.judges.get(LEDGER_DERIVATION), on)


def _of(context: Context, judge: Judging | None, on: date) -> Derive | None:
    company = str(context.data["legal_entity"])
    return by(judge, company, context.facts.profile.regions.get(company, ""), on)


def by(judge: Judging | None, company: str, region: str, on: date) -> Derive | None:
    """Return who derives for a company by these rules. What is alike is asked once."""
    if judge is None:
        return None
    known: dict[tuple[object, ...], Verdict | None] = {}

    def derive(segment: str, value: str, given: Given) -> Verdict | None:
        key = (segment, value, *sorted(given.items()))
        if key not in known:
            named = {name: one for name, one in given.items() if name in SegmentAsked.model_fields}
            asked = SegmentAsked.model_validate({**named, "name": segment, "value": value})
            said = judge.ask({"segment": asked}, company, region, on)
            known[key] = said[0] if said and said[0].then != SETTING else None
        return known[key]

    return derive
