"""Every published financial document, from the expense tool's own words to what is posted.

`expense_samples` holds the journal of each, derived by hand from the documents and the published use cases; a sample
is changed only by somebody who has derived it again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.base import Translated
from adapters.concur import inbound
from adapters.concur.options import Options
from finsync_tui.flows.expense import posting, totals
from finsync_tui.flows.expense.posting import Line
from finsync_tui.profile.expense import ExpenseSetup
from store.canonical.expense import ExpenseDocument
from store.canonical.money import Money
from tests.builders import a_supplier
from tests.finsync_tui.flows.expense_desk import EXPENSE, SOURCE, TARGET, ExpenseDesk

PUBLISHED = Path(__file__).parents[2] / "adapters" / "concur_fis"
JOURNALS = sorted((Path(__file__).parent / "expense_samples").glob("*.journal.json"))
FUNDS_CHECK = "fundsCheck"
PERSONAL = "815EF4FB5B4448A9B09E"
SETUP = ExpenseSetup.model_validate(
    EXPENSE | {"accounts": EXPENSE["accounts"] | {"non_deductible_tax": "640000"}}
)
CENTRE_FIELDS = {"DEFAULT": "custom4", "GP": "custom2", "SAP": "custom2", "PSM_OP_DE": "custom4"}
"""Which field of an allocation holds the cost centre in the company that each ledger is from."""


def published(name: str) -> tuple[str, ExpenseDocument]:
    """Return the published document whose file is called so, as the adapter reads it, with its external id."""
    (path,) = (path for path in PUBLISHED.glob("*.json") if name in path.name)
    envelope = msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])
    row = path.read_bytes()
    if "fIDocuments" in envelope:
        (row,) = (bytes(one) for one in msgspec.json.decode(envelope["fIDocuments"], type=list[msgspec.Raw]))
    (found,) = inbound.translate(
        "expense_document", [row], Options(payment_types={"1003": "individual_card"})
    )
    assert isinstance(found, Translated)
    assert isinstance(found.record, ExpenseDocument)
    return found.external_id, found.record.model_copy(update={"status": "ready"})


def shown(line: Line, currency: str) -> dict[str, str]:
    """Return a line as a sample writes it."""
    amount = str(Money(amount_minor=abs(line.amount_minor), currency=currency).amount)
    account = line.account.code or line.account.tax_code or line.account.reclaim_code
    return {
        "role": line.account.role,
        "account": account,
        "debit" if line.amount_minor > 0 else "credit": amount,
    }


def in_order(lines: list[dict[str, str]]) -> list[dict[str, str]]:
    return sorted(lines, key=json.dumps)


@pytest.fixture(params=JOURNALS, ids=lambda path: path.name.partition(".journal")[0])
def sample(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A journal that somebody has derived by hand."""
    found: dict[str, Any] = json.loads(request.param.read_text())
    return found


def test_each_published_document_that_is_posted_has_its_journal() -> None:
    """None is forgotten; the funds check alone posts nothing."""
    names = [json.loads(path.read_text())["document"] for path in JOURNALS]
    files = [path.name for path in PUBLISHED.glob("*.json")]

    without = [file for file in files if not any(name in file for name in names)]

    assert len(names) == len(set(names)) == 15
    assert 1 == len(without)
    assert FUNDS_CHECK in without[0]


def test_its_totals_hold(sample: dict[str, Any]) -> None:
    """Within one minor unit, as the tool states them."""
    _, document = published(sample["document"])

    stated = str(document.total.amount) if document.total is not None else None
    assert sample["control_total"] == stated
    assert [] == totals.problems(document)


def test_what_is_posted_is_the_reviewed_journal(sample: dict[str, Any]) -> None:
    """Account by account and to the minor unit; debits are credits."""
    _, document = published(sample["document"])

    lines = posting.lines(document, SETUP)

    assert 0 == sum(line.amount_minor for line in lines)
    assert sample["currency"] == document.currency
    assert in_order(sample["lines"]) == in_order([shown(line, document.currency) for line in lines])


def a_desk(document: ExpenseDocument) -> ExpenseDesk:
    """A desk of the company that the document is from: its own field for cost centres, every code mapped."""
    desk = ExpenseDesk(
        ledgers=["DEFAULT", "GP", "SAP", "PSM_OP_DE", ""],
        cost_centre_field=CENTRE_FIELDS[document.ledger or "DEFAULT"],
        accounts={"non_deductible_tax": "640000"},
        approval={"missing": "note"},
    )
    desk.rows |= dict.fromkeys(("cost_centre", "account"), (("*", "="),)) | {
        "tax_account": (("*/*", "154500"),)
    }
    desk.put(TARGET, "901", a_supplier(number=document.employee_id, sites=()))
    return desk


def submitted(name: str) -> ExpenseDesk:
    external_id, document = published(name)
    desk = a_desk(document)
    desk.submit(document, external_id)
    desk.answer()
    return desk


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("B1041655B4CE4171BDAA", "journal.create"),  # the company has paid: nobody is owed
        ("473498AF26AE45A094A6", "invoice.create"),
        ("F071FADEA6B142DD884A", "invoice.create"),
        ("0EE74C75C9344DEA942F", "invoice.create"),
        ("2519BED4A22B43C4B8E7", "journal.create"),
        ("0C45F960C3064ED88C39", "journal.create"),
        ("2E6DA12BB8B87D468BD666383E44033D", "journal.create"),
        ("CashAdvanceID-30D6B657B6A50946AC6C2DAB537C8CD9", "journal.create"),
        ("52F40A7F26D74F1AAFFB", "invoice.create"),  # a credit memo: the employee owes 85
        ("7E141428931340B990A3", "invoice.create"),
        ("9AAA32338A264AC1908E", "journal.create"),
        ("15298B27B5FC4EBC98B3", "invoice.create"),  # a credit memo, too
        (PERSONAL, "invoice.create"),
    ],
)
def test_it_is_posted_confirmed_and_done(name: str, operation: str) -> None:
    """A journal where nobody is owed or something else pays, else a payables document; confirmed after it was read back."""
    desk = submitted(name)

    desk.answer()
    if desk.workflow.step == "await_validation":
        desk.answer()
    desk.read()

    assert [] == [class_ for class_, _ in desk.exceptions]
    assert operation in desk.sent
    assert "await_confirmation" == desk.workflow.step
    assert "success" == desk.body("expense.confirm_posting")["outcome"]


@pytest.mark.parametrize("name", ["641C4F998328438284A2", "CDFDE0F4CACE4426A913"])
def test_one_without_a_cost_centre_waits_for_an_analyst(name: str) -> None:
    """Two of the published documents have no codes in their allocations: nothing is guessed, nothing is posted."""
    desk = submitted(name)

    assert [("COST_CENTRE_MISSING", "open")] == desk.exceptions
    assert ["expense.acknowledge"] == desk.sent


def test_a_funds_check_is_answered_and_posts_nothing() -> None:
    """Its own way: taken, answered, shown."""
    desk = submitted(FUNDS_CHECK)
    desk.answer()
    desk.read()

    assert ("funds", "done") == (desk.workflow.kind, desk.workflow.state)
    assert ["expense.acknowledge", "expense.confirm_posting"] == desk.sent
    assert "reportobligation" == desk.body("expense.confirm_posting")["document_kind"]


def _without_account(document: ExpenseDocument, *, is_personal: bool) -> ExpenseDocument:
    """Return the document with empty account codes on one expense, as one published document has them."""
    entries = list(document.entries)
    index = next(i for i, entry in enumerate(entries) if entry.is_personal == is_personal)
    (part,) = entries[index].allocations
    journal = tuple(line.model_copy(update={"account_code": ""}) for line in part.journal)
    entries[index] = entries[index].model_copy(
        update={"allocations": (part.model_copy(update={"journal": journal}),)}
    )
    return document.model_copy(update={"entries": tuple(entries)})


def test_an_empty_account_is_an_exception_that_names_the_expense() -> None:
    """Nothing is posted of a document that lacks one account."""
    external_id, document = published(PERSONAL)
    desk = a_desk(document)

    desk.submit(_without_account(document, is_personal=False), external_id)
    desk.answer()

    assert [("ACCOUNT_MISSING", "open")] == desk.exceptions
    assert document.entries[0].id == desk.workflow.data["doubt"]["entry_id"]
    assert [f"{SOURCE}:{external_id}"] == [
        row[0] for row in desk.store.db.execute("SELECT document_key FROM exception_case")
    ]


def test_a_personal_pair_needs_no_account() -> None:
    """Its lines cancel each other: the document goes on as if they had one."""
    external_id, document = published(PERSONAL)
    desk = a_desk(document)

    desk.submit(_without_account(document, is_personal=True), external_id)
    desk.answer()

    assert [] == desk.exceptions
    assert "await_posting" == desk.workflow.step
