"""What the company's own rules say of a document, and what that does to it (docs/policies.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from finsync_tui.flows.steps import Context, Facts, Hold
from finsync_tui.policies.asked import StepAsked, duration
from finsync_tui.policies.verdicts import ASK, NOTE, SETTING, STOP, Judging, UndecidedError, Verdict
from store import findings
from store.canonical.keys import RecordKey
from store.workflows import Workflow

STEP_DUE = "step_due"
PASSED = "passed_rules"
"""Rules that a person has let the document pass, by name."""


def check(context: Context, decision: str, documents: Mapping[str, object], what: str) -> Hold | None:
    """Ask the rules of a check; return what stops the document. `what` names it: `order PO-1`.

    `stop` holds it as long as the rule says yes. `ask` holds it once: whoever retries it has looked, and lets it pass.
    """
    found = _ask(context, decision, documents, what)
    if isinstance(found, Hold):
        return found
    passed = list(context.data.get(PASSED, []))
    stopping = [
        one
        for one in found
        if one.then == STOP or (one.then == ASK and seen(one.rule, context.workflow) not in passed)
    ]
    if not stopping:
        _note(context, [one for one in found if one.then == NOTE])
        return None
    asking = [seen(one.rule, context.workflow) for one in stopping if one.then == ASK]
    if len(asking) == len(stopping):  # else a retry is for what stops it, and nobody has looked at these
        context.data[PASSED] = [*passed, *asking]
    first = stopping[0]
    more = f" ({len(stopping) - 1} more rules say so, too)" if len(stopping) > 1 else ""
    usual = (
        "Compare it, then retry: it goes on."
        if first.then == ASK
        else "Correct it at its source, then retry."
    )
    return Hold(
        "POLICY_HELD",
        f"{what}: {first.why} [{first.rule}]{more}",
        first.fix or usual,
        _source(context),
        {
            "rules": [{"rule": one.rule, "then": one.then, "why": one.why} for one in stopping],
            "policy_version": context.facts.policy_version,
        },
    )


def first(
    context: Context, decision: str, documents: Mapping[str, object], what: str
) -> Verdict | Hold | None:
    """Return what the first rule that says yes decides; None: none of them does."""
    found = _ask(context, decision, documents, what)
    if isinstance(found, Hold):
        return found
    return found[0] if found else None


def settled(context: Context, decision: str, documents: Mapping[str, object], what: str) -> str | Hold | None:
    """Return what a rule decides in place of a plain setting of the profile; None: the setting does."""
    if decision not in context.facts.judges:
        return None
    found = first(context, decision, documents, what)
    if found is None or isinstance(found, Hold):
        return found
    return None if found.then == SETTING else found.then


def posted(
    context: Context, decision: str, documents: Mapping[str, object], what: str, on: date
) -> Verdict | Hold | None:
    """Return what a rule decides in place of a plain setting about a document that is posted on a day; None: the setting does.

    The rules of that day count, whenever it is decided: a document that waited is decided as one that did not.
    """
    found = _said(context, context.facts.judge(decision, on), documents, what, on)
    if isinstance(found, Hold):
        return found
    return found[0] if found and found[0].then != SETTING else None


def promised(facts: Facts, step: StepAsked, company: str, now: datetime) -> timedelta | None:
    """Return how long a rule gives a step; None: none does, and the flow's setting counts.

    A rule that can't be asked decides nothing: whether something is late keeps no document from going on.
    """
    judge = facts.judges[STEP_DUE]
    try:
        found = judge.ask({"step": step}, company, facts.profile.regions.get(company, ""), now.date())
    except UndecidedError:
        return None
    return duration(found[0].then) if found and found[0].then != SETTING else None


def _ask(
    context: Context, decision: str, documents: Mapping[str, object], what: str
) -> Sequence[Verdict] | Hold:
    return _said(context, context.facts.judges.get(decision), documents, what, context.now.date())


def _said(
    context: Context, judge: Judging | None, documents: Mapping[str, object], what: str, on: date
) -> Sequence[Verdict] | Hold:
    if judge is None:
        return []
    company = str(context.data["legal_entity"])
    region = context.facts.profile.regions.get(company, "")
    try:
        return judge.ask(documents, company, region, on)
    except UndecidedError as error:
        return Hold(
            "POLICY_UNDECIDED",
            f"{what}: {error}",
            "Correct the rule (`finsync policy check`, `finsync policy test`), then retry.",
            _source(context),
            {"rule": error.rule, "reason": error.reason, "policy_version": context.facts.policy_version},
        )


def seen(rule: str, workflow: Workflow) -> str:
    """Return what a person lets pass: this rule, for this version of the document."""
    return f"{rule}@{workflow.document_version}"


def _source(context: Context) -> str:
    return RecordKey.parse(context.workflow.document_key).system


def _note(context: Context, noted: Sequence[Verdict]) -> None:
    if context.is_trial:
        return
    flow = context.workflow
    findings.append(
        context.db,
        [
            findings.Finding(
                class_="POLICY_NOTED",
                severity="info",
                system=_source(context),
                entity=flow.entity,
                document_key=flow.document_key,
                document_number=flow.document_number,
                message=f"{one.why} [{one.rule}]",
                noticed_at=context.now,
            )
            for one in noted
        ],
    )
