"""The financial integration: reading the queue, taking a document out of it, telling what became of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapters import concur
from adapters.base import Adapter, Connection, Page, Receipt, WriteRequest
from adapters.concur import outbound
from adapters.concur.simulator_plan import EntryPlan
from adapters.errors import (
    AdapterError,
    OutcomeUnknownError,
    ProtocolError,
    RejectedError,
    SettingsError,
    TransientError,
)
from store.canonical.expense import ExpenseDocument
from tests.adapters.held_secrets import HeldSecrets
from tests.adapters.setup_concur import SYSTEM_ID, ConcurWorld, setup_concur
from tests.adapters.setups import fault
from tests.adapters.test_concur_inbound import FILES
from tests.adapters.test_promises import run
from tests.builders import a_clock

BASE = "https://us2.api.concursolutions.com"
NAME = "9a41c6e0b7a94c0d8c5b7f0d1e2a3b4c.expense.4E6593CB987D459C88FA"
ACKNOWLEDGE = WriteRequest("expense.acknowledge", "k", NAME, {"document_kind": "report"})
SUCCESS = WriteRequest(
    "expense.confirm_posting",
    "k",
    NAME,
    {"outcome": "success", "postings": [{"company": "US1", "number": "1", "posted_on": "2026-03-05"}]},
)
PAID = WriteRequest(
    "expense.confirm_payment",
    "k",
    NAME,
    {
        "status": "paid",
        "payments": [{"reference": "r/1", "paid_on": "2026-03-09", "amount": "119.00", "currency": "EUR"}],
    },
)


def documents(adapter: Adapter) -> list[Page]:
    async def walk() -> list[Page]:
        found = [page async for page in adapter.read("expense_document")]
        await adapter.aclose()
        return found

    return asyncio.run(walk())


def names(world: ConcurWorld, found: list[Page]) -> list[str]:
    rows = [row for page in found for row in page.rows]
    return [one.external_id or "" for one in world.adapter.translate("expense_document", rows)]


class Told:
    """A company that answers what a test says, and remembers what it was told."""

    def __init__(self, *answers: Any, shown: dict[str, Any] | None = None) -> None:
        self.answers = list(answers)
        self.shown = shown
        self.bodies: list[Any] = []
        self.asked: list[httpx.URL] = []
        connection = Connection(
            adapter="concur", base_url=BASE, requests_per_second=1e6, options={"system_id": "FUSION"}
        )
        secrets = HeldSecrets(
            "concur", dict.fromkeys(("client_id", "client_secret", "company_uuid", "request_token"), "x")
        )
        self.adapter = concur.connect(
            "concur", connection, secrets, a_clock(), transport=httpx.MockTransport(self._serve)
        )

    def _serve(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/oauth2"):
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3600, "geolocation": BASE})
        self.asked.append(request.url)
        if request.method == "GET" and "docId" in request.url.params:
            content = [self.shown] if self.shown else []
            return httpx.Response(200, json={"content": content, "page": {}})
        if request.content:
            self.bodies.append(json.loads(request.content, parse_float=Decimal))
        answer = self.answers.pop(0)
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)


def result(code: int | None, word: str = "FAILURE", **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "docId": NAME[:32],
            "code": code,
            "acknowledgeResult": word,
            "errorMessage": "as told",
            **more,
        }
    ]


def shown(status: str, system: str = "FUSION") -> dict[str, Any]:
    return {"id": NAME[:32], "docType": "expense", "docStatus": status, "erpSystemId": system, "document": {}}


# Reading


def test_the_whole_queue_is_read_page_by_page() -> None:
    """Each READY document once, the last page says so, and there is no position to go on from."""
    world = setup_concur()
    made = [world.a_document() for _ in range(60)]

    found = documents(world.adapter)

    assert sorted(made) == sorted(names(world, found))
    assert [25, 25, 10] == [len(page.rows) for page in found]
    assert [(None, False), (None, False), (None, True)] == [(p.position, p.is_last) for p in found]


def test_reading_takes_nothing_out_of_the_queue() -> None:
    """What was read comes again, to the byte, until it is acknowledged."""
    world = setup_concur()
    first, second = world.a_document(), world.a_document()

    before = documents(world.adapter)
    again = documents(world.adapter)
    run(world.adapter.write(world.acknowledge(first)))
    after = documents(world.adapter)

    assert before[0].rows == again[0].rows
    assert [second] == names(world, after)


def test_all_document_types_of_the_connection_are_read() -> None:
    """One queue after the other; only the last page of the last one is the last."""
    types = ["expense", "cashadvance", "reportobligation"]
    world = setup_concur(options={"document_types": types})
    world.a_document()
    world.simulator.issue_cash_advance("ana.ferrer@example.com", Decimal("300"), "EUR")

    found = documents(world.adapter)

    assert [False, False, True] == [page.is_last for page in found]
    assert ["expense", "cashadvance"] == [name.split(".")[1] for name in names(world, found)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem[7:40])
def test_published_files_are_read_as_answers(path: Any) -> None:
    """Both published envelopes: this is the older one."""
    body = path.read_bytes()
    if b"fIDocuments" not in body:
        pytest.skip("this one is published without an envelope")
    told = Told(httpx.Response(200, content=body, headers={"content-type": "application/json"}))

    (page,) = documents(told.adapter)

    (row,) = page.rows
    assert told.adapter.translate("expense_document", [row])[0].external_id is not None
    assert page.is_last


def test_next_links_are_not_followed() -> None:
    """Published links lack our path and name strange hosts: only their page number counts."""
    link = "https://evil.example.com/fi/v4/x?limit=25&page=1&size=25"
    told = Told(
        {"content": [shown("READY")], "links": [{"rel": "next", "href": link}], "page": {}},
        {"content": [], "links": [], "page": {}},
    )

    documents(told.adapter)

    assert ["us2.api.concursolutions.com"] * 2 == [url.host for url in told.asked]
    assert ["0", "1"] == [url.params["page"] for url in told.asked]
    assert "size" not in told.asked[1].params


@pytest.mark.parametrize(
    ("href", "words"),
    [
        ("/x?page=0", "pagination loop"),
        ("/x?size=25", "without a page number"),
        ("/x?page=-1", "page number"),
    ],
)
def test_a_page_that_leads_nowhere_is_noticed(href: str, words: str) -> None:
    """A link back to the same page, or to none, ends the read with what was read."""
    told = Told({"content": [shown("READY")], "links": [{"rel": "next", "href": href}], "page": {}})

    with pytest.raises(ProtocolError, match=words):
        documents(told.adapter)


def test_documents_are_read_afresh_in_any_state() -> None:
    """By their own name, or all of a report; one that a newer took the place of is not shown any more."""
    world = setup_concur()
    name = world.a_document()
    run(world.adapter.write(world.acknowledge(name)))
    report = name.rpartition(".")[2]

    by_name = run(world.adapter.read_many("expense_document", [name]))
    by_report = run(world.adapter.read_many("expense_document", [report, "0000000000000000FFFF", "../x"]))
    world.simulator.recall(report)
    newer = world.simulator.resubmit(report)
    after = run(world.adapter.read_many("expense_document", [name, world.name_of(report)]))

    for rows in (by_name, by_report):
        (found,) = world.adapter.translate("expense_document", rows)
        assert isinstance(found.record, ExpenseDocument)  # type: ignore[union-attr]
        assert ("acknowledged", SYSTEM_ID) == (found.record.status, found.record.claimed_system)  # type: ignore[union-attr]
    assert [newer] == [json.loads(row)["id"] for row in after]


# Writing, with the company behind it


def test_a_document_goes_its_whole_way() -> None:
    """Acknowledged, posted, paid: each is found afterwards, and telling it again changes nothing."""
    world = setup_concur()
    name = world.a_document()

    for make, status in (
        (world.acknowledge, "ACKNOWLEDGED"),
        (world.confirm, "POSTING_CONFIRMED_SUCCESS"),
        (world.pay, "PAYMENT_CONFIRMED_SUCCESS"),
    ):
        request = make(name)
        before = run(world.adapter.find(request))
        receipt = run(world.adapter.write(request))
        found = run(world.adapter.find(request))
        again = run(world.adapter.write(request))

        assert before is None
        assert not receipt.was_found
        assert found is not None
        assert found.was_found
        assert again.was_found
        assert status == world.status_of(name)
    document = world.simulator.document(name.partition(".")[0])
    assert (1, 1) == (len(document["confirmations"]), len(document["payments"]))
    assert "P_PAYC" == world.simulator.report(name.rpartition(".")[2])["payment_status"]


def test_a_failed_posting_carries_its_words() -> None:
    """What the employee reads: stored as an error is done; the recalled report comes back as another document."""
    world = setup_concur()
    name = world.a_document()
    run(world.adapter.write(world.acknowledge(name)))

    receipt = run(world.adapter.write(world.confirm(name, "error")))
    found = run(world.adapter.find(world.confirm(name, "error")))

    assert not receipt.was_found
    assert found is not None
    (told,) = world.simulator.document(name.partition(".")[0])["confirmations"]
    assert "No account is mapped for taxis." == told["messages"][0]["messageShortText"]
    assert run(world.adapter.find(world.confirm(name))) is None


def test_a_posting_whose_acknowledgement_never_arrived_acknowledges_first() -> None:
    """The acknowledgement is the lock: it comes before the confirmation, whoever lost it."""
    world = setup_concur()
    name = world.a_document()

    receipt = run(world.adapter.write(world.confirm(name)))

    assert not receipt.was_found
    assert "POSTING_CONFIRMED_SUCCESS" == world.status_of(name)
    assert SYSTEM_ID == world.simulator.document(name.partition(".")[0])["system"]


@pytest.mark.parametrize("step", ["acknowledge", "confirm"])
def test_a_recalled_report_is_said(step: str) -> None:
    """Between reading and telling somebody recalled it: nothing of it may stay posted."""
    world = setup_concur()
    name = world.a_document()
    if step == "confirm":
        run(world.adapter.write(world.acknowledge(name)))
    world.simulator.recall(name.rpartition(".")[2])

    with pytest.raises(RejectedError) as caught:
        run(world.adapter.write(getattr(world, step)(name)))

    assert "RECALLED" == caught.value.refusal.case_class
    assert name.rpartition(".")[2] in str(caught.value)


def test_a_document_that_somebody_else_took_is_said() -> None:
    """Another integration, or ours under another name: never posted twice."""
    world = setup_concur()
    name = world.a_document()
    other = world.connected(system_id="OTHER-ERP")
    run(other.write(world.acknowledge(name)))

    with pytest.raises(RejectedError, match="OTHER-ERP") as taken:
        run(world.adapter.write(world.acknowledge(name)))
    with pytest.raises(RejectedError, match="system_id") as confirmed:
        run(world.adapter.write(world.confirm(name)))

    assert "CLAIMED_BY_OTHER" == taken.value.refusal.case_class
    assert "CONFIGURATION" == confirmed.value.refusal.case_class
    assert run(world.adapter.find(world.acknowledge(name))) is None


def test_an_outcome_can_not_be_told_differently() -> None:
    """Posted once, failed now: a person has to look."""
    world = setup_concur()
    name = world.a_document()
    run(world.adapter.write(world.confirm(name)))

    with pytest.raises(RejectedError) as caught:
        run(world.adapter.write(world.confirm(name, "error")))

    assert "READ_BACK_DIFFERS" == caught.value.refusal.case_class


def test_a_payment_before_the_posting_waits() -> None:
    """It is told again later; nothing was stored."""
    world = setup_concur()
    name = world.a_document()
    run(world.adapter.write(world.acknowledge(name)))

    with pytest.raises(TransientError, match="not confirmed"):
        run(world.adapter.write(world.pay(name)))

    assert [] == world.simulator.document(name.partition(".")[0])["payments"]


def test_a_part_payment_is_told_again_because_it_shows_nowhere() -> None:
    """It can't be looked up, and Concur answers a reference that it knows: told twice, it counts once."""
    world = setup_concur()
    name = world.a_document()
    for request in (world.acknowledge(name), world.confirm(name), world.pay(name, "partly_paid")):
        run(world.adapter.write(request))

    shown = run(world.adapter.find(world.pay(name, "partly_paid")))
    again = run(world.adapter.write(world.pay(name, "partly_paid")))

    assert shown is None
    assert again.was_found
    assert 1 == len(world.simulator.document(name.partition(".")[0])["payments"])


def test_a_payment_is_reversed() -> None:
    """With its own reference; the document shows it."""
    world = setup_concur()
    name = world.a_document()
    run(world.adapter.write(world.confirm(name)))
    run(world.adapter.write(world.pay(name)))

    run(world.adapter.write(world.pay(name, "reversed", "DE01/300100045/88412/V")))

    assert "PAYMENT_CONFIRMED_REVERSED" == world.status_of(name)
    assert run(world.adapter.find(world.pay(name, "reversed"))) is not None


@pytest.mark.parametrize("kind", ["lost_answer", "reset", "truncated"])
@pytest.mark.parametrize("step", ["acknowledge", "confirm", "pay"])
def test_a_lost_answer_is_looked_up_at_every_step(step: str, kind: str) -> None:
    """Whatever the step, `find` tells whether it was done; then once is enough."""
    world = setup_concur()
    name = world.a_document()
    steps = ["acknowledge", "confirm", "pay"]
    for earlier in steps[: steps.index(step)]:
        run(world.adapter.write(getattr(world, earlier)(name)))
    request = getattr(world, step)(name)
    world.faults.add(fault(kind, method="POST", path="/transactions/"))

    with pytest.raises(OutcomeUnknownError):
        run(world.adapter.write(request))
    found = run(world.adapter.find(request))
    receipt = run(world.adapter.write(request))

    assert (kind != "reset") == (found is not None)
    assert receipt.was_found == (found is not None)
    document = world.simulator.document(name.partition(".")[0])
    assert (1, 1) >= (len(document["confirmations"]), len(document["payments"]))


# Every published code, by itself


@pytest.mark.parametrize(
    ("request_", "code", "word", "expected", "case_class"),
    [
        (ACKNOWLEDGE, 99, "FAILURE", RejectedError, "CONFIGURATION"),
        (ACKNOWLEDGE, 102, "FAILURE", RejectedError, "RECALLED"),
        (ACKNOWLEDGE, 103, "FAILURE", TransientError, None),
        (ACKNOWLEDGE, 104, "FAILURE", RejectedError, "CONFIGURATION"),
        (ACKNOWLEDGE, 105, "FAILURE", RejectedError, "CONFIGURATION"),
        (SUCCESS, 112, "WAS_RECALLED", RejectedError, "RECALLED"),
        (SUCCESS, 112, "SUCCESS", RejectedError, "RECALLED"),  # by code, never by word
        (SUCCESS, 114, "FAILURE", TransientError, None),
        (SUCCESS, 115, "FAILURE", RejectedError, "CONFIGURATION"),
        (SUCCESS, 116, "FAILURE", RejectedError, "CONFIGURATION"),
        (SUCCESS, 198, "FAILURE", RejectedError, "REJECTED"),
        (SUCCESS, 199, "SYSTEM_ERROR_OCCURRED", OutcomeUnknownError, None),
        (SUCCESS, 777, "SUCCESS", TransientError, None),
        (SUCCESS, None, "WAS_RECALLED", RejectedError, "RECALLED"),
        (PAID, 298, "FAILURE", RejectedError, "REJECTED"),
        (PAID, 111, "NOT_POSTING_CONFIRMED", TransientError, None),
        (PAID, 298, "NOT_POSTING_CONFIRMED", TransientError, None),
        (PAID, None, "NOT_POSTING_CONFIRMED", TransientError, None),
    ],
)
def test_each_code_has_its_class(
    request_: WriteRequest, code: int | None, word: str, expected: type[AdapterError], case_class: str | None
) -> None:
    """One result a document, inside an answer of 200; its words are passed on."""
    told = Told(result(code, word))

    with pytest.raises(AdapterError, match="as told") as caught:
        run(told.adapter.write(request_))

    assert expected is type(caught.value)
    if case_class is not None:
        assert isinstance(caught.value, RejectedError)
        assert case_class == caught.value.refusal.case_class
    if code == 103:
        assert timedelta(minutes=15) == caught.value.retry_after  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("request_", "code", "word", "state"),
    [
        (ACKNOWLEDGE, 0, "FAILURE", None),  # by code, never by word
        (ACKNOWLEDGE, None, "SUCCESS", None),
        (ACKNOWLEDGE, 101, "FAILURE", "ACKNOWLEDGED"),
        (SUCCESS, 113, "FAILURE", "POSTING_CONFIRMED_SUCCESS"),
        (PAID, 213, "FAILURE", "PAYMENT_CONFIRMED_SUCCESS"),
        (PAID, 298, "NOOP", None),
        (PAID, None, "NOOP", None),
    ],
)
def test_a_code_that_says_done_is_done(
    request_: WriteRequest, code: int | None, word: str, state: str | None
) -> None:
    """A first time and a repeated one; the receipt knows which."""
    told = Told(result(code, word), shown=shown(state) if state else None)

    receipt: Receipt = run(told.adapter.write(request_))

    assert (code != 0 and word != "SUCCESS") == receipt.was_found


def test_an_answer_about_another_document_is_no_answer() -> None:
    """200 without a result for ours: it may have been done, so it is looked up."""
    told = Told([{"docId": "0" * 32, "code": 0, "acknowledgeResult": "SUCCESS"}])

    with pytest.raises(OutcomeUnknownError):
        run(told.adapter.write(ACKNOWLEDGE))


def test_the_worst_of_several_results_counts() -> None:
    """A payment confirmation has one for each reference; telling it again is harmless to those that worked."""
    told = Told(result(0, "SUCCESS") + result(298, "FAILURE", errorMessage="clearingDate is wrong"))

    with pytest.raises(RejectedError, match="clearingDate is wrong"):
        run(told.adapter.write(PAID))


# What is sent


def test_a_posting_is_sent_as_published() -> None:
    """Numbers as text, long words in two parts, nothing of the clock: the same decision is the same bytes."""
    told = Told(result(0, "SUCCESS"), result(0, "SUCCESS"))
    messages = [{"code": "ACCT-01", "text": "x" * 1400, "entry_id": "0F3C"}]
    request = WriteRequest("expense.confirm_posting", "k", NAME, {"outcome": "error", "messages": messages})

    run(told.adapter.write(request))
    run(told.adapter.write(request))

    assert told.bodies[0] == told.bodies[1]
    (sent,) = told.bodies[0]["postingConfirmations"]
    (message,) = sent["systemMessages"]
    assert ("error", []) == (sent["overallPostingStatusCode"], sent["postingDocs"])
    assert (1300, 100) == (len(message["messageShortText"]), len(message["messageLongText"]))
    assert ("0F3C", "ACCT-01", "EN") == (
        message["concurTransactionLineItemId"],
        message["messageId"],
        message["messageLanguage"],
    )


@pytest.mark.parametrize("amount", ["119.00", "0.1", "100000", "12345678901234.567", "-35.00"])
def test_an_amount_is_sent_digit_by_digit(amount: str) -> None:
    """A JSON number that never was a float; the date in the one form that Concur understands."""
    told = Told(result(0, "SUCCESS"))
    payments = [{"reference": "r/1", "paid_on": "2026-03-09", "amount": amount, "currency": "EUR"}]

    run(
        told.adapter.write(
            WriteRequest("expense.confirm_payment", "k", NAME, {"status": "paid", "payments": payments})
        )
    )

    (sent,) = told.bodies[0]["processingConfirmation"]
    (detail,) = sent["clearingDetails"]
    assert Decimal(amount) == detail["clearingAmount"]
    assert ("CP", "2026-03-09T00:00:00.000Z") == (sent["processingStatusCode"], detail["clearingDate"])


@pytest.mark.parametrize(
    ("operation", "body", "words"),
    [
        ("expense.confirm_posting", {}, "outcome"),
        ("expense.confirm_posting", {"outcome": "success"}, "postings"),
        ("expense.confirm_posting", {"outcome": "success", "postings": [{"number": "1"}]}, "company"),
        (
            "expense.confirm_posting",
            {
                "outcome": "success",
                "postings": [{"company": "x" * 33, "number": "1", "posted_on": "2026-01-01"}],
            },
            "longer than 32",
        ),
        ("expense.confirm_payment", {"status": "gone"}, "status"),
        ("expense.confirm_payment", {"status": "paid"}, "payments"),
        (
            "expense.confirm_payment",
            {"status": "paid", "payments": [{"paid_on": "2026-01-01", "amount": 1.5, "currency": "EUR"}]},
            "float",
        ),
    ],
)
def test_a_decision_that_lacks_something_is_not_sent(
    operation: str, body: dict[str, Any], words: str
) -> None:
    """It would be refused; a person sees at once what is missing."""
    told = Told()

    with pytest.raises(RejectedError, match=words) as caught:
        run(told.adapter.write(WriteRequest(operation, "k", NAME, body)))

    assert "PAYLOAD_INVALID" == caught.value.refusal.case_class
    assert [] == told.asked


@pytest.mark.parametrize("name", [None, "", "9a41", "a.expense", "a.b.c", "../x.expense.y", "a.expense.b/c"])
def test_only_names_of_documents_are_taken(name: str | None) -> None:
    """Whatever else stands there never gets into a path."""
    told = Told()

    with pytest.raises(SettingsError, match="not the id"):
        run(told.adapter.write(WriteRequest("expense.acknowledge", "k", name, {})))

    assert [] == told.asked


def test_a_decision_is_never_changed_by_shaping_it() -> None:
    """Pure: the same body may be shaped twice."""
    body = dict(SUCCESS.body)
    make: Callable[[], dict[str, Any]] = lambda: outbound.posting("d", "s", body, "EN")  # noqa: E731

    assert make() == make()
    assert body == SUCCESS.body


def test_a_credit_is_read_with_its_sign() -> None:
    """What the employee owes the company comes negative."""
    world = setup_concur()
    world.a_document(world.plan(entries=(EntryPlan(amount=Decimal("-12.50")),)))

    (found,) = world.adapter.translate("expense_document", documents(world.adapter)[0].rows)

    assert Decimal("-12.50") == found.record.entries[0].allocations[0].journal[0].gross  # type: ignore[union-attr]
