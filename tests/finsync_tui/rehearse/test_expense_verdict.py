"""The judgement of expenses: each way in which a rehearsal can fail is seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from finsync_tui.rehearse.evidence import AuditCheck, Case, Evidence, Noticed
from finsync_tui.rehearse.expense_report import ExpenseReport, Posting, SourceDocument
from finsync_tui.rehearse.expense_verdict import ExpenseVerdict, judge, to_json
from finsync_tui.rehearse.planted import Plant

AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
IDS = {n: f"{n}" * 32 for n in (1, 2, 3)}


def a_document(n: int = 1, **changes: object) -> SourceDocument:
    document = SourceDocument(
        IDS[n], f"R{n}", "expense", f"Oslo {n}", "DE01", "EUR", "PAYMENT_CONFIRMED_SUCCESS", 11_900, 4_000, True,
        (f"RN{n}-x",), 0, (("CP", f"pay/{n}", 4_000),),
    )  # fmt: skip
    return replace(document, **changes)  # type: ignore[arg-type]


def a_posting(n: int = 1, **changes: object) -> Posting:
    posting = Posting(
        "oracle-emea", f"9{n}", "invoice", f"RN{n}-x", f"concur:RN{n}-{IDS[n][:12]}", True, False, "EUR", 4_000, 4_000,
        11_900, 4_000, ((f"7{n}", 4_000),),
    )  # fmt: skip
    return replace(posting, **changes)  # type: ignore[arg-type]


def a_journal(n: int = 1, **changes: object) -> Posting:
    journal = a_posting(
        n, system="oracle-amer", kind="journal", debit_minor=11_900, credit_minor=11_900, paid=()
    )
    return replace(journal, **changes)  # type: ignore[arg-type]


def key(n: int) -> str:
    return f"concur:{IDS[n]}.expense.R{n}"


def a_plant(class_: str = "ACCOUNT_MISSING", n: int = 2) -> Plant:
    return Plant(class_, f"Oslo {n}", f"R{n}", "concur", AT, about="expense")


def a_case(class_: str = "ACCOUNT_MISSING", n: int = 2, *, is_open: bool = True) -> Case:
    return Case(class_, key(n), f"RN{n}", is_open)


def a_finding(class_: str, n: int | None = None, system: str = "concur") -> Noticed:
    return Noticed(class_, system, None if n is None else key(n), None if n is None else f"RN{n}", AT)


def verdict(
    *,
    plants: tuple[Plant, ...] = (),
    documents: tuple[SourceDocument, ...] = (a_document(),),
    postings: tuple[Posting, ...] = (a_posting(),),
    cases: tuple[Case, ...] = (),
    findings: tuple[Noticed, ...] = (),
    returned: tuple[Case, ...] = (),
    reversed_: tuple[Case, ...] = (),
    live: frozenset[str] = frozenset(),
) -> ExpenseVerdict:
    evidence = Evidence(
        0, cases, findings, (), live, 5, AT, AuditCheck(True, 1, None), len(documents), returned, reversed_
    )
    return judge(plants, ExpenseReport(documents, postings), evidence)


def test_all_well() -> None:
    """A report that is posted, confirmed and paid is done."""
    found = verdict()

    assert found.is_good
    assert (1, 1, 1, 1) == (found.reports_in, found.posted, found.confirmed, found.paid)
    assert (11_900, 11_900, 0) == (
        found.totals[0].came_in,
        found.totals[0].posted,
        found.totals[0].difference,
    )


def test_a_journal_pays_nobody() -> None:
    """A report that is posted as a journal is done when it is confirmed."""
    document = a_document(status="POSTING_CONFIRMED_SUCCESS", paid=())

    assert verdict(documents=(document,), postings=(a_journal(),)).is_good


def test_planted_and_found() -> None:
    """A planted trouble is found by an exception of its class for a document of its report; its money waits there."""
    found = verdict(
        plants=(a_plant(),),
        documents=(a_document(), a_document(2, status="ACKNOWLEDGED", posted_as=(), paid=())),
        cases=(a_case(),),
    )

    assert found.is_good
    assert {"ACCOUNT_MISSING": 1} == found.compared.found == found.exceptions
    assert 11_900 == found.totals[0].in_exception


def test_found_by_coming_back() -> None:
    """A trouble that goes back to the employee at once is found, too, and its money is returned."""
    back = a_document(2, status="POSTING_CONFIRMED_FAILURE", posted_as=(), paid=(), refused_count=1)

    found = verdict(
        plants=(a_plant("COST_CENTRE_MISSING"),),
        documents=(a_document(), back),
        returned=(a_case("COST_CENTRE_MISSING", is_open=False),),
    )

    assert found.is_good
    assert (1, 11_900) == (found.returned, found.totals[0].returned)


@pytest.mark.parametrize("case", [None, a_case("REJECTED"), a_case(n=3)])
def test_missed(case: Case | None) -> None:
    """No exception, one of another class, or one for another report: the plant is missed."""
    found = verdict(plants=(a_plant(),), cases=(case,) if case else ())

    assert ["ACCOUNT_MISSING Oslo 2"] == [str(one) for one in found.compared.missed]
    assert bool(case) == bool(found.compared.false_finds)
    assert not found.is_good


def test_what_belongs_to_orders_is_left_to_them() -> None:
    """Cases and findings of orders are no false finds here; those of the expense tool itself are."""
    theirs = Noticed("THROTTLED", "oracle-emea", "coupa:7", "100001", AT)

    assert verdict(findings=(theirs,), cases=(Case("BUDGET_EXCEEDED", "coupa:7", "100001", True),)).is_good
    assert not verdict(findings=(a_finding("THROTTLED", 1),)).is_good
    assert not verdict(findings=(a_finding("MAINTENANCE"),)).is_good


def test_a_window_explains_its_findings() -> None:
    """A maintenance window of the expense tool is found once, however often it was tried."""
    window = Plant("MAINTENANCE", "concur", "concur", "concur", AT, AT + timedelta(days=1), about="expense")

    assert verdict(plants=(window,), findings=(a_finding("MAINTENANCE"), a_finding("MAINTENANCE"))).is_good


@pytest.mark.parametrize(
    ("document", "posting"),
    [
        (a_document(), None),
        (a_document(), a_posting(is_live=False)),
        (a_document(), a_posting(charged_minor=11_899)),
        (a_document(), a_posting(owed_minor=3_999)),
        (a_document(posted_as=()), a_posting()),
        (a_document(posted_as=("other",)), a_posting()),
        (a_document(paid=()), a_posting()),
        (a_document(paid=()), a_posting(paid=())),
        (a_document(), a_posting(paid=(), voided=("71",))),
        (a_document(), a_posting(debit_minor=4_001)),
    ],
)
def test_lost(document: SourceDocument, posting: Posting | None) -> None:
    """A document that is not posted, confirmed and paid as it should be, and that is no exception either, is lost."""
    found = verdict(documents=(document,), postings=(posting,) if posting else ())

    assert 1 == len(found.lost)
    assert not found.is_good


def test_recalled_and_taken_back() -> None:
    """A recalled document is accounted for when the ERP holds nothing of it, or holds it reversed."""
    document = a_document(status="RECALLED", posted_as=(), paid=())
    reversal = a_journal(number="RN1-x-R", external_id="92", is_reversal=True)

    for postings in ((), (a_posting(is_live=False, paid=()),), (a_journal(), reversal)):
        assert verdict(documents=(document,), postings=postings).is_good
    assert verdict(documents=(document,), postings=(a_journal(),)).lost


def test_paid_again_after_a_reversal() -> None:
    """A payment that was called back and made again stands once: told, taken back, told again."""
    document = a_document(paid=(("CP", "pay/1", 4_000), ("RE", "pay/1/void", 4_000), ("CP", "pay/2", 4_000)))
    posting = a_posting(paid=(("72", 4_000),), voided=("71",))

    found = verdict(
        plants=(a_plant("PAYMENT_REVERSED", 1),),
        documents=(document,),
        postings=(posting,),
        reversed_=(a_case("PAYMENT_REVERSED", 1, is_open=False),),
    )

    assert found.is_good
    assert 1 == found.paid


@pytest.mark.parametrize(
    ("document", "postings"),
    [
        (a_document(), (a_posting(), a_posting(external_id="92"))),
        (a_document(posted_as=("RN1-x", "RN1-x")), (a_posting(),)),
        (a_document(paid=(("CP", "pay/1", 4_000), ("CP", "pay/1", 4_000))), (a_posting(),)),
        (a_document(paid=(("CP", "pay/1", 4_000), ("CP", "pay/9", 4_000))), (a_posting(),)),
    ],
)
def test_doubled(document: SourceDocument, postings: tuple[Posting, ...]) -> None:
    """Posted twice, confirmed twice, or a payment told twice: each is seen."""
    assert verdict(documents=(document,), postings=postings).doubled


def test_work_in_flight_is_not_done() -> None:
    """A document that something is still done for counts as lost at the end."""
    assert verdict(live=frozenset({key(1)})).lost


def test_json_has_what_scripts_hold_on_to() -> None:
    """The JSON form has the documented members; amounts are decimal text."""
    shown = to_json(verdict())

    needed = {
        "reports_in", "posted", "confirmed", "paid", "returned", "exceptions", "planted", "found", "false_finds",
        "doubled", "lost", "totals",
    }  # fmt: skip
    assert needed <= set(shown)
    assert {
        "legal_entity": "DE01",
        "currency": "EUR",
        "in": "119.00",
        "posted": "119.00",
        "in_exception": "0.00",
        "returned": "0.00",
        "in_flight": "0.00",
        "difference": "0.00",
    } == shown["totals"][0]


def test_what_went_wrong_is_said() -> None:
    """People read what was missed, false, twice and lost by name."""
    bad = verdict(
        plants=(a_plant(),),
        cases=(a_case("REJECTED", 3),),
        postings=(a_posting(), a_posting(external_id="92")),
    )

    problems = "\n".join(bad.problems)

    for line in (
        "planted and not found: ACCOUNT_MISSING Oslo 2",
        "found and not planted: REJECTED RN3",
        "twice: posted 2 times",
        "lost: Oslo 1",
    ):
        assert line in problems
