"""Journals: handed over as a file, imported on Oracle's own time, believed only when they can be read."""

from __future__ import annotations

import asyncio
import base64
import io
import zipfile
from collections.abc import Coroutine
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, TypeVar

import pytest

from adapters.base import Receipt, Translated
from adapters.errors import DuplicateError, OutcomeUnknownError, RejectedError, TransientError
from adapters.oracle_fusion.gl_interface import COLUMNS
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.outbound_journal import journal_import
from adapters.simulation import Fault
from store.canonical.journal import ImportJob, JournalEntry, JournalLine
from store.canonical.money import Money
from tests.adapters.oracle_finance import OTHER_ACCOUNT, FinanceWorld, a_finance_world, a_journal
from tests.adapters.setup_oracle import ACCOUNT

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def handed_over(world: FinanceWorld, journal: JournalEntry) -> str:
    """Hand a journal over; return the id of the import request."""
    receipt = run(world.adapter.write(world.journal_request(journal)))
    assert receipt.is_pending
    return str(receipt.answer["ReqstId"])


def confirmed(world: FinanceWorld, journal: JournalEntry, request_id: str) -> Receipt:
    return run(world.adapter.write(world.confirm(journal, request_id)))


def job(world: FinanceWorld, request_id: str) -> ImportJob:
    (found,) = world.adapter.translate("import_job", run(world.adapter.read_many("import_job", [request_id])))
    assert isinstance(found, Translated)
    assert isinstance(found.record, ImportJob)
    return found.record


def read(
    world: FinanceWorld, entity: str, position: str | None = None
) -> tuple[list[Translated], str | None]:
    async def walk() -> tuple[list[bytes], str | None]:
        rows: list[bytes] = []
        where = None
        async for page in world.adapter.read(entity, position):
            rows += page.rows
            where = page.position
        return rows, where

    rows, where = run(walk())
    results = world.adapter.translate(entity, rows)
    assert all(isinstance(one, Translated) for one in results), results
    return [one for one in results if isinstance(one, Translated)], where


def rows_of(world: FinanceWorld, journal: JournalEntry) -> list[dict[str, str]]:
    """Return the rows of the file that a journal becomes, by column."""
    body = journal_import(journal, "key", world.parsed_options)
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(body["DocumentContent"]))) as archive:
        text = archive.read("GlInterface.csv").decode()
    return [dict(zip(COLUMNS, line.split(","), strict=True)) for line in text.splitlines()]


def test_a_journal_is_pending_until_it_can_be_read() -> None:
    """The receipt names the request; the journal gets its id only when its batch is there, unchanged."""
    world, journal = a_finance_world(), a_journal()

    request_id = handed_over(world, journal)
    early = confirmed(world, journal, request_id)
    world.wait()
    late = confirmed(world, journal, request_id)

    assert (True, None) == (early.is_pending, early.external_id)
    ((found,), _) = read(world, "journal_entry")
    assert (False, found.external_id) == (late.is_pending, late.external_id)
    kept = {"legal_entity": "DE01", "period": "Jan-26"}
    assert journal.model_copy(update=kept) == found.record


def test_posting_is_a_change_of_the_same_journal() -> None:
    """A delta brings a batch again when it has been posted."""
    world, journal = a_finance_world(settings={"posts_journals_after": timedelta(days=1)}), a_journal()
    handed_over(world, journal)
    world.wait()
    ((unposted,), position) = read(world, "journal_entry")

    world.wait(60 * 25)
    ((posted,), _) = read(world, "journal_entry", position)

    assert unposted.external_id == posted.external_id
    assert ["unposted", "posted"] == [one.record.status for one in (unposted, posted)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("trouble", "case_class", "code"),
    [
        (lambda w: w.simulator.close_period("DE Ledger", "Jan-26"), "PERIOD_CLOSED", "EP01"),
        (lambda w: w.simulator.set_value("DE Account", "7310", is_enabled=False), "ACCOUNT_INVALID", "EF04"),
        (lambda w: w.simulator.add_cross_validation_rule("*-430-*-*-*", "no"), "ACCOUNT_INVALID", "EF04"),
        (lambda w: w.simulator.add_journal_category("Other"), "REJECTED", "EM01"),
        (lambda w: w.simulator.add_journal_source("Other"), "REJECTED", "EM11"),
    ],
    ids=["closed period", "disabled value", "forbidden combination", "unknown category", "unknown source"],
)
@pytest.mark.parametrize("status", ["SUCCEEDED", "WARNING", "ERROR"])
def test_an_import_without_a_journal_is_a_refusal(
    trouble: Any, case_class: str, code: str, status: str
) -> None:
    """Whatever the job calls itself, the log's codes say why there is no journal, and nothing of it came in."""
    world, journal = a_finance_world(settings={"import_status_on_errors": status}), a_journal()
    trouble(world)
    request_id = handed_over(world, journal)
    world.wait()

    with pytest.raises(RejectedError) as caught:
        confirmed(world, journal, request_id)
    seen = job(world, request_id)

    assert (case_class, (code,)) == (caught.value.refusal.case_class, caught.value.refusal.codes)
    assert ("failed", case_class, (code,)) == (seen.status, seen.case_class, seen.codes)
    assert [] == world.simulator.journals()


def test_a_refused_journal_is_sent_again_under_the_same_names() -> None:
    """Once the period is open the same journal goes through; there is one of it."""
    world, journal = a_finance_world(), a_journal()
    world.simulator.close_period("DE Ledger", "Jan-26")
    first = handed_over(world, journal)
    world.wait()
    world.simulator.open_period("DE Ledger", "Jan-26")

    again = replace(world.journal_request(journal, body={"request_id": first}), idempotency_key="again")
    assert run(world.adapter.find(again)) is None
    receipt = run(world.adapter.write(again))
    world.wait()

    assert not confirmed(world, journal, receipt.answer["ReqstId"]).is_pending
    assert ["EXP-1"] == [one["number"] for one in world.simulator.journals()]


def test_a_lost_answer_is_looked_for_not_repeated() -> None:
    """While the import may be at work nobody sends again; when it has come it is linked."""
    world, journal = a_finance_world(), a_journal()
    world.faults.add(Fault(id="lost", kind="lost_answer", method="POST", path="/erpintegrations"))
    request = world.journal_request(journal)
    with pytest.raises(OutcomeUnknownError):
        run(world.adapter.write(request))
    unsure = replace(request, sent_at=world.clock.now())

    with pytest.raises(TransientError) as caught:
        run(world.adapter.find(unsure))
    world.wait()
    found = run(world.adapter.find(unsure))

    assert timedelta(minutes=60) == caught.value.retry_after
    assert found is not None
    assert found.was_found
    assert 1 == len(world.simulator.journals())


def test_what_never_arrived_is_sent_after_all() -> None:
    """When patience is over and there is no batch, nothing was done: it is free to go."""
    world, journal = a_finance_world(), a_journal()
    world.faults.add(Fault(id="reset", kind="reset", method="POST", path="/erpintegrations"))
    request = world.journal_request(journal)
    with pytest.raises(OutcomeUnknownError):
        run(world.adapter.write(request))
    unsure = replace(request, sent_at=world.clock.now())

    world.wait(61)

    assert run(world.adapter.find(unsure)) is None
    assert run(world.adapter.write(unsure)).is_pending


def test_a_running_import_that_is_known_is_not_repeated() -> None:
    """With the earlier request at hand its status decides, not the clock."""
    world, journal = a_finance_world(), a_journal()
    request_id = handed_over(world, journal)

    found = run(world.adapter.find(world.journal_request(journal, body={"request_id": request_id})))

    assert found is not None
    assert (True, request_id) == (found.is_pending, found.answer["ReqstId"])


def test_oracle_imports_the_same_file_twice_and_we_say_so() -> None:
    """The real trap: two batches of one name are an error that names both."""
    world, journal = a_finance_world(), a_journal()
    request = world.journal_request(journal)
    for _ in range(2):
        run(world.adapter.write(request))
    world.wait()

    with pytest.raises(DuplicateError, match="2 times"):
        run(world.adapter.find(request))

    assert 2 == len(world.simulator.journals())


def test_a_journal_that_is_there_is_not_sent() -> None:
    """A look comes before every hand-over."""
    world, journal = a_finance_world(), a_journal()
    handed_over(world, journal)
    world.wait()
    count = world.simulator.requests.count("POST", "erpintegrations")

    receipt = run(world.adapter.write(world.journal_request(journal)))

    assert (True, False) == (receipt.was_found, receipt.is_pending)
    assert count == world.simulator.requests.count("POST", "erpintegrations")


def test_a_batch_of_our_name_with_other_amounts_is_left_alone() -> None:
    """Found is not enough: it must be the same journal."""
    world = a_finance_world()
    handed_over(world, a_journal())
    world.wait()

    with pytest.raises(RejectedError) as caught:
        run(world.adapter.write(world.journal_request(a_journal(amount="120.00"))))

    assert "READ_BACK_DIFFERS" == caught.value.refusal.case_class


def test_a_name_that_begins_like_ours_is_not_ours() -> None:
    """EXP-1 is not found by looking for EXP, and neither the other way round."""
    world = a_finance_world()
    handed_over(world, a_journal("EXP-11"))
    world.wait()

    assert run(world.adapter.find(world.journal_request(a_journal("EXP-1")))) is None


def test_a_reversal_goes_the_same_way() -> None:
    """The opposite journal under a name of its own, next to the first."""
    world, journal = a_finance_world(), a_journal()
    handed_over(world, journal)
    turned = tuple(
        line.model_copy(update={"side": "credit" if line.side == "debit" else "debit"})
        for line in journal.lines
    )
    opposite = journal.model_copy(update={"number": "EXP-1-R", "batch": "concur:EXP-1-R", "lines": turned})

    receipt = run(world.adapter.write(world.journal_request(opposite, "journal.reverse")))
    world.wait()

    assert receipt.is_pending
    sums = [
        (one["number"], one["lines"][0]["debit"], one["lines"][0]["credit"])
        for one in world.simulator.journals()
    ]
    assert [
        ("EXP-1", Money.of("119.00", "EUR").amount, None),
        ("EXP-1-R", None, Money.of("119.00", "EUR").amount),
    ] == sorted(sums, key=lambda one: one[0])


def test_a_disabled_combination_is_refused_before_anything_is_sent() -> None:
    """What can be known at once need not be learnt from a log."""
    world = a_finance_world()
    world.simulator.add_combination(101, OTHER_ACCOUNT, ends_on=date(2025, 12, 31))

    with pytest.raises(RejectedError) as caught:
        run(world.adapter.write(world.journal_request(a_journal())))

    assert "ACCOUNT_INVALID" == caught.value.refusal.case_class
    assert OTHER_ACCOUNT in caught.value.refusal.message
    assert 0 == world.simulator.requests.count("POST", "erpintegrations")


def test_new_combinations_are_refused_where_the_options_say_so() -> None:
    """A chart without dynamic insertion takes only what exists."""
    world = a_finance_world(options={"account_check": "known"})

    with pytest.raises(RejectedError, match=OTHER_ACCOUNT):
        run(world.adapter.write(world.journal_request(a_journal())))


def test_the_file_is_the_same_every_time() -> None:
    """Byte for byte, so that what was sent can be proven."""
    options = a_finance_world().parsed_options

    one, other = (journal_import(a_journal(), "key", options) for _ in range(2))

    assert one == other
    assert one["ParameterList"] != journal_import(a_journal(), "another", options)["ParameterList"]


def test_the_file_has_what_the_layout_asks_for() -> None:
    """Names, group, segments and one amount a row, each in its place."""
    first, second = rows_of(a_finance_world(), a_journal(description='Taxi "blue"'))

    assert ("NEW", "2026/01/05", "Expenses", "Reimbursement") == (
        first["STATUS"],
        first["ACCOUNTING_DATE"],
        first["USER_JE_SOURCE_NAME"],
        first["USER_JE_CATEGORY_NAME"],
    )
    assert ("concur:EXP-1", "EXP-1") == (first["REFERENCE1"], first["REFERENCE4"])
    assert ACCOUNT.split("-") == [first[f"SEGMENT{n}"] for n in range(1, 6)]
    assert ("119.00", "", "", "119.00") == (
        first["ENTERED_DR"],
        first["ENTERED_CR"],
        second["ENTERED_DR"],
        second["ENTERED_CR"],
    )
    assert first["GROUP_ID"] == second["GROUP_ID"]


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "1190"), ("KWD", "119.005"), ("USD", "119.50")])
def test_other_currencies_carry_their_rate_and_their_decimals(currency: str, amount: str) -> None:
    """A journal in another currency than the ledger's is converted by Oracle, at the configured rate type."""
    world, journal = a_finance_world(), a_journal(amount=amount, currency=currency)

    request_id = handed_over(world, journal)
    world.wait()
    confirmed(world, journal, request_id)

    (made,) = world.simulator.journals()
    assert (currency, Money.of(amount, currency).amount) == (made["currency"], made["total"])


@pytest.mark.parametrize(
    ("changes", "case_class"),
    [
        ({"ledger": "FR Ledger"}, "MAPPING_MISSING"),
        ({"batch": "x" * 51}, "PAYLOAD_INVALID"),
        ({"batch": "a*"}, "PAYLOAD_INVALID"),
        ({"number": "x" * 61}, "PAYLOAD_INVALID"),
        ({"source": ""}, "PAYLOAD_INVALID"),
        ({"lines": ()}, "PAYLOAD_INVALID"),
    ],
)
def test_what_cannot_be_expressed_is_refused(changes: dict[str, Any], case_class: str) -> None:
    """A name that would be cut, a ledger that is not set up: a person decides."""
    world = a_finance_world()

    with pytest.raises(RejectedError) as caught:
        run(world.adapter.write(world.journal_request(a_journal(**changes))))

    assert case_class == caught.value.refusal.case_class


def test_journals_are_read_by_source_and_by_id() -> None:
    """Other people's journals are not read where the options name our source."""
    world = a_finance_world(options={"journal_sources": ["Expenses"]})
    handed_over(world, a_journal("EXP-1"))
    handed_over(world, a_journal("EXP-2", source="Payroll"))
    world.wait()

    (found, _) = read(world, "journal_entry")
    again = run(world.adapter.read_many("journal_entry", [found[0].external_id, "1-2", "nonsense"]))

    assert ["EXP-1"] == [one.record.number for one in found]
    assert [found[0].external_id] == [
        one.external_id
        for one in world.adapter.translate("journal_entry", again)
        if isinstance(one, Translated)
    ]


def test_a_pod_may_call_its_attributes_otherwise() -> None:
    """Names that the contract sheet does not know are options."""
    world = a_finance_world()
    row = (
        b'{"HeaderKey":2,"JournalName":"A","LedgerName":"L","CurrencyCode":"EUR","AccountingDate":"2026-01-05",'
        b'"Lines":[{"No":1,"Account":"01","EnteredDr":1},{"No":2,"Account":"02","EnteredCr":1.00}],'
        b'"@batch":{"JeBatchId":1,"BatchName":"B","UserJeSourceName":"S"}}'
    )
    names = {
        "JeHeaderId": "HeaderKey",
        "journalLines": "Lines",
        "JeLineNumber": "No",
        "AccountCombination": "Account",
    }
    other = a_finance_world(options={"journal_attributes": names})

    (unknown,) = world.adapter.translate("journal_entry", [row])
    (found,) = other.adapter.translate("journal_entry", [row])

    assert not isinstance(unknown, Translated)
    assert isinstance(found, Translated)
    assert ("1-2", 2) == (found.external_id, len(found.record.lines))  # type: ignore[attr-defined]


def test_an_unknown_request_is_said_to_be_unknown() -> None:
    """Neither running nor failed: Oracle does not know it."""
    world, journal = a_finance_world(), a_journal()

    assert "unknown" == job(world, "1").status
    with pytest.raises(RejectedError, match="not known to Oracle"):
        confirmed(world, journal, "1")


def test_many_small_lines_are_exact() -> None:
    """Many lines of a cent come back as they went."""
    cent = Money.of("0.01", "EUR")
    lines = tuple(
        JournalLine(number=str(n), account=ACCOUNT, side="debit" if n % 2 else "credit", amount=cent)
        for n in range(1, 201)
    )
    world, journal = a_finance_world(settings={"expanded_rows_max": 50}), a_journal(lines=lines)

    request_id = handed_over(world, journal)
    world.wait()
    confirmed(world, journal, request_id)
    ((found,), _) = read(world, "journal_entry")

    assert lines == found.record.lines  # type: ignore[attr-defined]


def test_options_are_strict() -> None:
    """A ledger without its ids is no configuration."""
    with pytest.raises(ValueError, match="data_access_set_id"):
        Options.model_validate({"ledgers": {"UK": {"ledger_id": 1, "currency": "GBP"}}})
