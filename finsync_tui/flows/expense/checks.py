"""May it be posted, where, and on which accounts? Steps that decide before anything reaches the ERP."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from finsync_tui.flows import accounts, deriving, given, rates, ruled
from finsync_tui.flows.accounts import Resolved, Unresolved
from finsync_tui.flows.expense import approval, coding, known_report, posting, subject, totals, words
from finsync_tui.flows.expense.posting import Account
from finsync_tui.flows.steps import Answer, Context, Done, Hold
from finsync_tui.policies.asked import DoubtAsked
from finsync_tui.profile import LegalEntitySetup, business_units
from finsync_tui.profile.expense import ExpenseSetup
from finsync_tui.suppliers import identity
from store import findings, records
from store.canonical.budget import Budget
from store.canonical.expense import ExpenseDocument
from store.canonical.money import Money
from store.canonical.organisation import FiscalPeriod
from store.canonical.people import Employee
from store.canonical.supplier import Supplier, normal

EXTRACT = "extract"


def route(context: Context) -> Answer:
    """Which company's document is it, and which ERP keeps its books?"""
    document = subject.document(context)
    fitting = [
        number
        for number, setup in context.facts.profile.legal_entities.items()
        if setup.expense is not None and is_of(document, setup.expense)
    ]
    if len(fitting) != 1:
        told = f"ledger {document.ledger or 'none'}{_company_codes(context, document)}"
        what = (
            f"no company of the profile takes {told}" if not fitting else f"{told} fits {', '.join(fitting)}"
        )
        return Hold(
            "MAPPING_MISSING",
            f"{words.named(document)}: {what}",
            "Name the ledger, and the company code if several share it, in the expense part of one legal entity, then retry.",
            subject.source(context),
            {"ledger": document.ledger or "", "legal_entities": fitting},
        )
    setup = context.facts.profile.legal_entities[fitting[0]]
    assert setup.expense is not None
    for decided_before in ("return", "doubt", "payee", "period", "accounts"):
        context.data.pop(decided_before, None)
    context.data.update(
        legal_entity=fitting[0], target=setup.target, post_as=_post_as(document, setup.expense),
        accounting_on=_accounting_on(context, document).isoformat(),
    )  # fmt: skip
    return Done({"legal_entity": fitting[0], "target": setup.target, "posted_as": context.data["post_as"]})


def _company_codes(context: Context, document: ExpenseDocument) -> str:
    """Say which company codes the document has, where companies that share its ledger are told apart by them."""
    setups = [one.expense for one in context.facts.profile.legal_entities.values() if one.expense is not None]
    fields = {
        one.company_field for one in setups if one.company_field and (document.ledger or "") in one.ledgers
    }
    return "".join(f" with {field} {_code(document, field) or 'none'}" for field in sorted(fields))


def _code(document: ExpenseDocument, field: str) -> str | None:
    return document.codes.get(field) or document.employee_codes.get(field)


def is_of(document: ExpenseDocument, setup: ExpenseSetup) -> bool:
    if (document.ledger or "") not in setup.ledgers:
        return False
    if setup.company_field is None:
        return True
    return _code(document, setup.company_field) in setup.company_codes


def _post_as(document: ExpenseDocument, setup: ExpenseSetup) -> str:
    """A payables document is for what the ERP pays; whatever somebody else pays, or nobody, is a journal."""
    if document.kind != "report" or setup.post_as == "journal" or not setup.is_paid_by_erp:
        return "journal"
    is_paid_elsewhere = document.reimbursed_by not in (None, "payables") or any(
        entry.is_paid_by_tool for entry in document.entries
    )
    return "journal" if is_paid_elsewhere else "invoice"


def _accounting_on(context: Context, document: ExpenseDocument) -> date:
    """Book it when the last approval was given; without one, on the day it is decided."""
    return (document.approved_at or context.now).date()


def check_totals(context: Context) -> Answer:
    """Does every part add up, to the minor unit? A test document goes no further."""
    document = subject.document(context)
    setup = subject.expense_setup(context)
    if document.is_test:
        cause = f"{words.named(document)} is a test"
        if setup.test_documents == "return":
            context.data["return"] = {"class": "TEST_DOCUMENT", "cause": cause, "entry_id": None}
            return Done({"is_test": True}, goto="return_document")
        return subject.stop(
            context,
            "TEST_DOCUMENT",
            cause,
            "Return it, or resolve it; it is never posted.",
            subject.source(context),
        )
    wrong = totals.problems(document)
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        return subject.stop(
            context,
            "TOTALS_DIFFER",
            f"{words.named(document)}: {wrong[0].text}{more}",
            "Return it, so that it is saved and submitted again.",
            subject.source(context),
            {"problems": [one.text for one in wrong[:20]]},
            entry_id=wrong[0].entry_id,
        )
    try:
        lines = posting.lines(document, setup)
    except posting.PostingError as error:
        return subject.stop(
            context, "PAYLOAD_INVALID", f"{words.named(document)}: {error}",
            "Ask the expense tool's administrator what that payment type means, and name it in the options of the system.",
            subject.source(context), entry_id=error.entry_id,
        )  # fmt: skip
    told = {
        "total": str(document.control_total),
        "is_stated": document.total is not None,
        "lines": len(lines),
    }
    differing = known_report.note_differences(context, document)
    return Done(told | {"differs_from_report": differing} if differing else told)


def check_approval(context: Context) -> Answer:
    """Was it approved by somebody who may, as the hierarchy and limits are now?"""
    document = subject.document(context)
    setup = subject.expense_setup(context)
    stopped = ruled.check(context, "expense_check", {"document": document}, words.named(document))
    if stopped is not None:
        return stopped
    if document.kind != "report":
        return Done({"note": "only reports are approved by a person"}, is_skipped=True)

    def people(number: str) -> Employee | None:
        for system in (subject.source(context), subject.target(context)):
            held = records.find_by_number(context.db, Employee, system, number)
            if held is not None:
                return held.record
        return None

    systems = (subject.target(context), subject.source(context), EXTRACT)
    approved_on = (document.approved_at or context.now).date()

    def convert(amount: Money, currency: str) -> Money | None:
        return rates.converted(context.db, systems, amount, currency, approved_on, setup.approval.rate_kind)

    doubts = approval.problems(document, setup, people, context.now.date(), convert)
    for doubt in doubts:
        severity = _severity(context, setup, doubt, words.named(document))
        if isinstance(severity, Hold):
            return severity
        if severity in (
            "block",
            "recheck",
        ):  # the expense tool shows an approval once: nothing is to be waited for
            return subject.stop(
                context, approval.CLASSES[doubt.doubt], doubt.cause, doubt.fix, subject.source(context),
                {"approver": document.approver_id or "", "employee": document.employee_id},
            )  # fmt: skip
        if severity == "note" and not context.is_trial:
            findings.append(context.db, [_finding(context, approval.CLASSES[doubt.doubt], doubt.cause)])
    return Done({"approver": document.approver_id, "noted": [doubt.cause for doubt in doubts]})


def _severity(context: Context, setup: ExpenseSetup, doubt: approval.Problem, what: str) -> str | Hold:
    """Return what a doubt does: as a rule of the company says, else as its settings do."""
    flow = context.workflow
    amount = (
        Money(amount_minor=flow.amount_minor, currency=flow.currency)
        if flow.amount_minor is not None and flow.currency
        else None
    )
    asked = DoubtAsked(kind=doubt.doubt, entity=flow.entity, amount=amount)
    return ruled.settled(context, "approval_doubt", {"doubt": asked}, what) or str(
        getattr(setup.approval, doubt.doubt)
    )


def _payees(context: Context, number: str, target: str) -> list[str]:
    """Return the suppliers with an employee's number: the employees among them, where the ERP says which are."""
    ids = records.twins(context.db, "supplier", "number", number, target)
    held = records.get_many(context.db, Supplier, target, ids)
    people = [one for one in ids if one in held and held[one].record.kind == "employee"]
    return people or list(ids)


def find_payee(context: Context) -> Answer:
    """Whom does the ERP pay? Only a payables document needs to know."""
    document = subject.document(context)
    if context.data["post_as"] == "invoice":
        lines = posting.lines(document, subject.expense_setup(context))
        if posting.owed_to_employee(lines) == 0:
            context.data["post_as"] = "journal"  # a payables document of nothing pays nobody
    if context.data["post_as"] != "invoice":
        return Done({"note": "a journal has no payee"}, is_skipped=True)
    target = subject.target(context)
    ids = _payees(context, normal(document.employee_id), target)
    held = records.get(context.db, Supplier, target, ids[0]) if len(ids) == 1 else None
    name = document.employee_name or document.employee_id
    if held is None:
        return subject.stop(
            context,
            "EMPLOYEE_UNKNOWN",
            f"{name} (employee {document.employee_id}) is no payee in {target}" if not ids
            else f"employee {document.employee_id} is {len(ids)} payees in {target}",
            f"Create the employee as a supplier in {target} under their employee number, then retry.",
            target,
            {"employee": document.employee_id},
        )  # fmt: skip
    setup = subject.company(context)
    units = business_units.words(context.facts.profile, setup.target, setup.business_unit)
    site = identity.purchasing_site(held.record, units)
    if held.record.status != "active":
        return subject.stop(
            context, "SUPPLIER_INACTIVE", f"payee {held.record.number} {held.record.name} is not active in {target}",
            f"Activate them in {target}, then retry.", target,
        )  # fmt: skip
    context.data["payee"] = {
        "id": ids[0],
        "number": held.record.number,
        "name": held.record.name,
        "site": site.code if site else None,
    }
    return Done({"payee": f"{target}:{ids[0]}", "number": held.record.number})


def resolve_accounts(context: Context) -> Answer:
    """Which account combination does each line go to, and would the ERP take it?"""
    document, target = subject.document(context), subject.target(context)
    on = date.fromisoformat(context.data["accounting_on"])
    resolved: dict[str, str] = {}
    rules: list[dict[str, object]] = []
    derived: dict[str, None] = {}
    for key, entry_id, found in needed(context, document, on):
        wrong = found if isinstance(found, Unresolved) else accounts.refusal(context.db, target, found, on)
        if wrong is not None or isinstance(found, Unresolved):
            assert wrong is not None
            place = subject.source(context) if isinstance(found, Unresolved) else target
            return subject.stop(
                context, wrong.class_, f"{words.named(document)}: {wrong.cause}", wrong.fix, place, wrong.evidence,
                entry_id=entry_id,
            )  # fmt: skip
        resolved[key] = found.charge_account
        rules += [one for one in map(accounts.told, found.matches) if one not in rules]
        derived.update(dict.fromkeys(found.ruled))
    context.data.update(accounts=resolved, decided_by=context.facts.versions)
    by_policy = {accounts.BY_POLICY: list(derived)} if derived else {}
    told = {key.rstrip("/"): found for key, found in resolved.items()}
    return Done({"accounts": told, "rules": rules, **by_policy})


def needed(
    context: Context, document: ExpenseDocument, on: date
) -> Iterator[tuple[str, str | None, Resolved | Unresolved]]:
    """Yield each account that the posting needs, once, with the entry that needs it first; whether the ERP would take it is another
    question."""
    setup = subject.expense_setup(context)
    known = coding.Coding(
        subject.company(context), setup, context.facts.tables, str(context.data["legal_entity"]), on,
        given.of_expenses(document), deriving.of(context, on),
    )  # fmt: skip
    told: set[str] = set()
    for line in posting.lines(document, setup):
        key = account_key(line.account)
        if key not in told:
            told.add(key)
            yield key, line.entry_id, coding.resolve(known, line.account)


def account_key(account: Account) -> str:
    """Return the name under which an account's combination is kept with the instance."""
    parts = (
        account.role,
        account.code,
        account.cost_centre,
        account.expense_type,
        account.country,
        account.tax_code,
        account.reclaim_code,
    )
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def check_period(context: Context) -> Answer:
    """Is the accounting period open, as far as the ERP's calendar is known?

    What may be posted since an earlier store took it over is for the ERP to say: its period may have closed after that.
    """
    setup, target = subject.company(context), subject.target(context)
    on = date.fromisoformat(context.data["accounting_on"])
    period = _period(context, target, setup, on)
    if period is None:
        return Done({"period": "not known; the ERP decides"})
    if not period.is_open and not subject.may_be_posted(context):
        return subject.stop(
            context,
            "PERIOD_CLOSED",
            f"{on.isoformat()} lies in {period.name}, which is closed in {setup.ledger}",
            f"Open {period.name} in {target} and retry; the document keeps its date.",
            target,
            {"period": period.name, "accounting_on": on.isoformat()},
        )
    context.data["period"] = period.name
    return Done({"period": period.name})


def _period(context: Context, target: str, setup: LegalEntitySetup, on: date) -> FiscalPeriod | None:
    """Return the ledger's period of a day, the payables' own for an invoice; the ERP's calendar before an extract."""
    wanted = "payables" if context.data["post_as"] == "invoice" else None
    found: dict[str | None, FiscalPeriod] = {}
    for system in (EXTRACT, target):
        for month in (on.replace(day=1) - timedelta(days=1), on):  # a period may begin in the month before
            name = f"{setup.ledger}/{month:%Y-%m}"
            for external_id in records.twins(context.db, "fiscal_period", "month", name, system):
                held = records.get(context.db, FiscalPeriod, system, external_id)
                if held is not None and held.record.starts_on <= on <= held.record.ends_on:
                    found[held.record.subledger] = held.record
    return found.get(wanted) or found.get(None)


def check_funds(context: Context) -> Answer:
    """Is there money for what is about to be spent? Answered from the budgets that are known; nothing is posted."""
    document = subject.document(context)
    setup = subject.expense_setup(context)
    if document.instruction == "release":
        return Done({"note": "nothing is reserved here, so nothing has to be released"})
    wrong = totals.too_large(document)
    if wrong:
        return subject.stop(
            context,
            "TOTALS_DIFFER",
            f"{words.named(document)}: {wrong[0].text}",
            "Return it, so that it is corrected and submitted again.",
            subject.source(context),
            {"problems": [one.text for one in wrong[:20]]},
            entry_id=wrong[0].entry_id,
        )
    wanted: dict[str, Decimal] = defaultdict(Decimal)
    for entry in document.entries:
        for allocation in entry.allocations:
            centre = posting.cost_centre(entry, allocation, setup)
            wanted[centre] += sum((line.gross for line in allocation.journal), totals.ZERO)
    short = [
        text
        for centre, amount in sorted(wanted.items())
        if (text := _shortage(context, document, centre, amount)) is not None
    ]
    if short:
        context.data["return"] = {"class": "BUDGET_EXCEEDED", "cause": "; ".join(short), "entry_id": None}
        return Done({"short": short}, goto="return_document")
    return Done({"short": []})


def _shortage(context: Context, document: ExpenseDocument, centre: str, amount: Decimal) -> str | None:
    """Say what a cost centre lacks; None when its budget is large enough, not known, or in another currency."""
    setup = subject.expense_setup(context)
    target_centre = centre
    own = {one.name: one.table for one in subject.company(context).segments} | setup.tables
    table = own.get(setup.cost_centre_segment) or ""
    scope = str(context.data["legal_entity"])
    if table in context.facts.tables:
        known = given.of_expenses(document)
        match = context.facts.tables[table].find(centre, scope=scope, on=context.now.date(), given=known)
        target_centre = match.target if match else centre
    number = f"{scope}/{target_centre}/{context.now.year}"
    held = records.find_by_number(context.db, Budget, EXTRACT, number)
    if held is None or held.record.remaining.currency != document.currency:
        return None
    takes = Money.of(amount, document.currency, "half_even")
    if takes.amount_minor <= held.record.remaining.amount_minor:
        return None
    return f"cost centre {centre}: {takes} are asked for, {held.record.remaining} are left"


def _finding(context: Context, class_: str, message: str) -> findings.Finding:
    return findings.Finding(
        class_=class_,
        severity="info",
        system=subject.source(context),
        entity=subject.ENTITY,
        document_key=context.workflow.document_key,
        document_number=context.workflow.document_number,
        message=message,
        noticed_at=context.now,
    )
