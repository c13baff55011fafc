"""Would a report be posted as it is? Its steps: read it, find its company, judge it, approve it or send it back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from finsync_tui.flows import accounts, deriving, given, outgoing, reading_back
from finsync_tui.flows.accounts import Unresolved
from finsync_tui.flows.expense import checks, coding, posting, subject, words
from finsync_tui.flows.expense.known_report import DETAIL
from finsync_tui.flows.expense.posting import Account
from finsync_tui.flows.steps import Answer, Context, Done, Finish, Hold, Wait
from finsync_tui.profile.expense import ExpenseSetup
from store.canonical.expense import ExpenseEntry, ExpenseReport

NAMED_MAX: Final = 5
"""So many problems are told in one comment."""
_MOVED: Final = "it left the validation step meanwhile"


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a report would not be posted."""

    class_: str
    cause: str
    fix: str
    entry_id: str | None = None


def read_report(context: Context) -> Answer:
    """Read it with its expenses: the list shows its header only."""
    if not context.data.get("read_back"):
        return Wait("the report's expenses")
    context.data["read_back"] = None
    kept = context.data.get(DETAIL)
    if kept is None:
        return Finish("aborted", {"note": "the expense tool does not show it any more"})
    report = ExpenseReport.model_validate(kept)
    if report.approval_status != "in_validation":
        return Finish("aborted", {"note": _MOVED})
    if report.entries is None:
        return Hold(
            "CONFIGURATION",
            f"report {_name(report)} was read without its expenses, so it can't be judged",
            "Set report_detail of the system to v4 or v3, then retry.",
            subject.source(context),
        )
    return Done({"expenses": len(report.entries)})


def route(context: Context) -> Answer:
    """Which company's report is it?"""
    report = _report(context)
    companies = context.facts.profile.legal_entities
    fitting = [
        number for number, one in companies.items() if one.expense is not None and _is_of(report, one.expense)
    ]
    if len(fitting) != 1:
        told = f"ledger {report.ledger or 'none'}"
        what = (
            f"no company of the profile takes {told}" if not fitting else f"{told} fits {', '.join(fitting)}"
        )
        return Hold(
            "MAPPING_MISSING",
            f"report {_name(report)}: {what}",
            "Name the ledger, and the company code if several share it, in the expense part of one legal entity, then retry.",
            subject.source(context),
            {"ledger": report.ledger or "", "legal_entities": fitting},
        )
    setup = companies[fitting[0]]
    assert setup.expense is not None
    context.data.update(
        legal_entity=fitting[0], target=setup.target, post_as=setup.expense.post_as,
        accounting_on=context.now.date().isoformat(),
    )  # fmt: skip
    return Done({"legal_entity": fitting[0]})


def _is_of(report: ExpenseReport, setup: ExpenseSetup) -> bool:
    if (report.ledger or "") not in setup.ledgers:
        return False
    return setup.company_field is None or report.codes.get(setup.company_field) in setup.company_codes


def check_report(context: Context) -> Answer:
    """Is there an account and an open cost centre for each part, and is the period open?"""
    report, setup = _report(context), subject.expense_setup(context)
    found = list(problems(context, report))
    if not found:
        return Done({"problems": []})
    told = [one.cause for one in found]
    stays = next((one for one in found if one.class_ not in setup.returned_at_once), None)
    if stays is not None:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        return Hold(
            stays.class_, f"report {_name(report)}: {stays.cause}{more}", stays.fix, subject.source(context),
            {"problems": told[:20]},
        )  # fmt: skip
    context.data["problems"] = [[one.class_, one.cause, one.entry_id] for one in found[:NAMED_MAX]]
    return Done({"problems": told[:20]}, goto="return_report")


def problems(context: Context, report: ExpenseReport) -> Iterator[Problem]:
    """Yield what would stop the report when it is posted, each reason once."""
    setup, target = subject.company(context), subject.target(context)
    on = date.fromisoformat(context.data["accounting_on"])
    known = coding.Coding(
        setup, subject.expense_setup(context), context.facts.tables, str(context.data["legal_entity"]), on,
        given.of_report(report), deriving.of(context, on),
    )  # fmt: skip
    seen: set[tuple[str, str]] = set()
    for entry in report.entries or ():
        if entry.is_personal:
            continue  # nothing of it is charged to a cost centre
        for account in _accounts(entry, subject.expense_setup(context)):
            found = coding.resolve(known, account)
            wrong = (
                found if isinstance(found, Unresolved) else accounts.refusal(context.db, target, found, on)
            )
            if wrong is not None and (wrong.class_, wrong.cause) not in seen:
                seen.add((wrong.class_, wrong.cause))
                yield Problem(wrong.class_, wrong.cause, wrong.fix, entry.id)
    period = checks.check_period(context)
    if isinstance(period, Hold):
        yield Problem(period.class_, period.cause, period.fix)


def _accounts(entry: ExpenseEntry, setup: ExpenseSetup) -> Iterator[Account]:
    """Yield where the parts of an expense would go, before any mapping."""
    country = entry.country or ""
    for allocation in entry.allocations:
        centre = posting.cost_centre(entry, allocation, setup)
        for line in allocation.journal:
            yield Account("expense", line.account_code, centre, entry.type_code, country)
        for tax in allocation.taxes:
            if tax.reclaim:
                yield Account(
                    "tax",
                    country=tax.country or country,
                    tax_code=tax.code or "",
                    reclaim_code=tax.reclaim_code or "",
                )


def approve(context: Context) -> Answer:
    """Let it go on to its next approver."""
    return _decide(context, "approve", {"comment": ""})


def return_report(context: Context) -> Answer:
    """Give it back to its owner with what to change, in words; an analyst's reason comes first."""
    report = _report(context)
    reason = context.data.get("return")
    told = (
        [(reason["class"], reason["cause"], reason.get("entry_id"))]
        if reason
        else context.data.get("problems", [])
    )
    text = "\n".join(words.message(report, class_, cause, entry_id) for class_, cause, entry_id in told)
    context.data["is_returned"] = True
    answer = _decide(context, "send_back", {"comment": text})
    return Done(answer.detail, goto="await_decision")


def _decide(context: Context, what: str, body: dict[str, Any]) -> Done:
    entry_id = outgoing.enqueue(
        context,
        subject.source(context),
        f"report.{what}",
        {"owner": _report(context).owner_login or "", **body},
        external_id=subject.external_id(context),
        priority=outgoing.PRIORITY_STATUS,
    )
    context.data["decision_entry"] = entry_id
    return Done({"entry": entry_id, "decision": what})


def await_decision(context: Context) -> Answer:
    """Wait until it is taken. A report that went elsewhere meanwhile is nobody's work any more."""
    answer = outgoing.await_delivery(context, int(context.data["decision_entry"]))
    if isinstance(answer, Hold) and answer.class_ == "VERSION_CONFLICT":
        return Finish("aborted", {"note": _MOVED})
    return answer


def verify(context: Context) -> Answer:
    """Done only when the expense tool, read afresh, shows that it moved."""
    read_back = reading_back.take(context)
    if not read_back:
        return Wait("read-back")
    source = subject.source(context)
    differences = read_back.get(source) or []
    if differences:
        return Hold(
            "READ_BACK_DIFFERS",
            f"{source} does not show what it was told: {reading_back.told(differences)}",
            f"Look at the report in {source}; retry reads it again.",
            source,
            {"differences": differences},
        )
    entries = outgoing.mark_verified(context)
    if context.data.get("is_returned"):
        return Finish("aborted", {"note": "sent back to its owner", "verified": entries})
    return Finish("done", {"verified": entries})


def moved_on(context: Context) -> Answer:
    """It left the step while an analyst was to look: somebody decided it in the expense tool."""
    return Finish("aborted", {"note": _MOVED})


def _report(context: Context) -> ExpenseReport:
    return ExpenseReport.model_validate(context.data[DETAIL])


def _name(report: ExpenseReport) -> str:
    return report.report_number or report.title or report.number
