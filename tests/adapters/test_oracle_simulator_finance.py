"""The simulated general ledger and Payables as a client meets them: strict files, jobs by the clock, rules of the real one."""

from __future__ import annotations

import base64
import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.oracle_fusion.gl_interface import archive
from adapters.oracle_fusion.outbound_journal import journal_import
from adapters.oracle_fusion.simulator_interface import read_lines
from store.canonical.journal import JournalEntry, JournalLine
from store.canonical.money import Money
from tests.adapters.oracle_finance import OTHER_ACCOUNT, a_finance_world, a_journal
from tests.adapters.oracle_pod import ACCOUNT, CHART, UNIT, Pod, a_pod, complaint

LEDGER = 300000000800001
GROUP = "100000000000001"
JOB = "/oracle/apps/ess/financials/generalLedger/programs/common,JournalImportLauncher"
OPTIONS = a_finance_world().parsed_options
SEGMENTS = {f"SEGMENT{n}": value for n, value in enumerate(ACCOUNT.split("-"), 1)}


def finance_pod(**changes: Any) -> Pod:
    pod = a_pod(**changes)
    pod.simulator.add_ledger("UK Ledger", "GBP", CHART, ledger_id=LEDGER)
    pod.simulator.add_employee("10042", "Berg, Jonas", units=[UNIT])
    return pod


def a_row(**changes: str) -> dict[str, str]:
    return {
        "STATUS": "NEW",
        "LEDGER_ID": str(LEDGER),
        "ACCOUNTING_DATE": "2026/02/03",
        "USER_JE_SOURCE_NAME": "Expenses",
        "USER_JE_CATEGORY_NAME": "Reimbursement",
        "CURRENCY_CODE": "GBP",
        "ACTUAL_FLAG": "A",
        **SEGMENTS,
        "REFERENCE1": "B1",
        "REFERENCE4": "J1",
        "GROUP_ID": GROUP,
        **changes,
    }


def balanced(**changes: str) -> list[dict[str, str]]:
    return [a_row(ENTERED_DR="10.00", **changes), a_row(ENTERED_CR="10.00", **changes)]


def a_request(raw: bytes, **changes: Any) -> dict[str, Any]:
    return {
        "OperationName": "importBulkData",
        "DocumentContent": base64.b64encode(raw).decode(),
        "ContentType": "zip",
        "FileName": "x.zip",
        "DocumentAccount": "fin$/generalLedger$/import$",
        "JobName": JOB,
        "ParameterList": f"1,ALL,{LEDGER},{GROUP},N,N,N",
        "CallbackURL": "#NULL",
        **changes,
    }


def submitted(pod: Pod, rows: list[dict[str, str]], **changes: Any) -> str:
    answer = pod.post("erpintegrations", a_request(archive(rows), **changes))
    assert 201 == answer.status_code, answer.text
    return str(answer.json()["ReqstId"])


def status(pod: Pod, request_id: str) -> str | None:
    rows = pod.items("erpintegrations", finder=f"ESSJobStatusRF;requestId={request_id}")
    return rows[0]["RequestStatus"] if rows else None


def log(pod: Pod, request_id: str) -> dict[str, str]:
    finder = f"ESSJobExecutionDetailsRF;requestId={request_id},fileType=ALL"
    (row,) = pod.items("erpintegrations", finder=finder)
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(row["DocumentContent"]))) as files:
        return {name: files.read(name).decode() for name in files.namelist()}


def test_two_jobs_follow_each_other() -> None:
    """The first loads the file and ends; the import is a request of its own, with a log of its own."""
    pod = finance_pod(import_delay_min=timedelta(minutes=16), import_delay_max=timedelta(minutes=16))
    request_id = submitted(pod, balanced())
    later = str(int(request_id) + 1)

    seen = []
    for _ in range(9):
        seen.append((status(pod, request_id), status(pod, later)))
        pod.clock.advance(timedelta(minutes=2))

    assert [
        ("WAIT", None),
        ("RUNNING", None),
        ("SUCCEEDED", "WAIT"),
        ("SUCCEEDED", "WAIT"),
        *[("SUCCEEDED", "RUNNING")] * 4,
        ("SUCCEEDED", "SUCCEEDED"),
    ] == seen
    assert {f"{request_id}.log", f"{later}.log", f"{later}.txt"} == set(log(pod, request_id))


def test_succeeded_does_not_mean_that_anything_came_in() -> None:
    """The trap: both requests succeeded, the report has the errors, and there is no batch."""
    pod = finance_pod()
    pod.simulator.close_period("UK Ledger", "Feb-26")
    request_id = submitted(pod, balanced())
    pod.clock.advance(timedelta(hours=1))

    later = str(int(request_id) + 1)
    assert ("SUCCEEDED", "SUCCEEDED") == (status(pod, request_id), status(pod, later))
    assert "EP01" in log(pod, request_id)[f"{later}.txt"]
    assert [] == pod.items("journalBatches")


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([a_row(ENTERED_DR="10.00"), a_row(ENTERED_CR="9.99")], "EU02"),
        (balanced(SEGMENT3="9999"), "EF04"),
        (balanced(SEGMENT6="1"), "EF04"),
        (balanced(CURRENCY_CODE="EUR"), "EC03"),
        (balanced(CURRENCY_CODE="XXX"), "EC08"),
        (balanced(LEDGER_ID="7"), None),
        (balanced(GROUP_ID="7"), None),
        (balanced(ACTUAL_FLAG="B"), "EM04"),
        (balanced(ACCOUNTING_DATE="2027-01-01"), "EP01"),
    ],
)
def test_one_bad_row_keeps_the_whole_group_out(rows: list[dict[str, str]], code: str | None) -> None:
    """Rows of another group or ledger are not even looked at."""
    pod = finance_pod()
    request_id = submitted(pod, [*rows, *balanced(REFERENCE4="J2")] if code else rows)
    pod.clock.advance(timedelta(hours=1))

    report = log(pod, request_id)[f"{int(request_id) + 1}.txt"]

    assert [] == pod.items("journalBatches")
    assert (code or "Lines read: 0") in report


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("NEW,1\n", "has 2 columns instead of 150"),
        ("NEW" + "," * 149 + "\n", "doesn't end with END"),
        ("OLD" + "," * 148 + ",END\n", "status"),
        ("", "holds 0 rows"),
    ],
)
def test_a_file_that_cannot_be_loaded_ends_in_an_error(text: str, words: str) -> None:
    """The loader is strict about every row; the import never begins."""
    pod, content = finance_pod(), io.BytesIO()
    with zipfile.ZipFile(content, "w") as target:
        target.writestr("GlInterface.csv", text)
    request_id = str(pod.post("erpintegrations", a_request(content.getvalue())).json()["ReqstId"])
    pod.clock.advance(timedelta(hours=1))

    assert "ERROR" == status(pod, request_id)
    assert words in log(pod, request_id)[f"{request_id}.log"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ParameterList": "1,2,3"}, "FUN-720004"),
        ({"ParameterList": f"a,ALL,{LEDGER},{GROUP},N,N,N"}, "FUN-720004"),
        ({"DocumentContent": "bm90IGEgemlw"}, "FUN-720003"),
        ({"JobName": "Other"}, "FUN-720002"),
        ({"DocumentAccount": "fin$/payables$/import$"}, "FUN-720002"),
        ({"FileName": ""}, "27014"),
        ({"Surprise": "1"}, "25058"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(changes: dict[str, Any], code: str) -> None:
    """Refused at once, so no request id is given out."""
    pod = finance_pod()

    answer = pod.post("erpintegrations", a_request(archive(balanced()), **changes), is_judged=False)

    assert code == complaint(answer)[0]


def test_batches_are_read_changed_and_deleted_but_never_created() -> None:
    """GET, PATCH and DELETE, as documented; a posted batch stays."""
    pod = finance_pod(posts_journals_after=None)
    submitted(pod, [*balanced(), *balanced(REFERENCE1="B2", REFERENCE4="J2")])
    pod.clock.advance(timedelta(hours=1))
    first, second = pod.items("journalBatches", expand="journalHeaders.journalLines", orderBy="JeBatchId:asc")

    made = pod.post("journalBatches", {"BatchName": "X"}, is_judged=False)
    patched = pod.patch(f"journalBatches/{first['JeBatchId']}", {"ReversalPeriod": "Mar-26"})
    renamed = pod.patch(f"journalBatches/{first['JeBatchId']}", {"BatchName": "X"}, is_judged=False)
    pod.simulator.post_journal(first["JeBatchId"])
    kept = pod.call("DELETE", f"journalBatches/{first['JeBatchId']}")
    gone = pod.call("DELETE", f"journalBatches/{second['JeBatchId']}")

    assert [405, 200, 400, 400, 204] == [one.status_code for one in (made, patched, renamed, kept, gone)]
    assert ["P"] == [one["Status"] for one in pod.items("journalBatches")]
    (line, _) = first["journalHeaders"]["items"][0]["journalLines"]["items"]
    assert (ACCOUNT, 10.0) == (line["AccountCombination"], line["EnteredDr"])


def test_unfinished_imports_survive_a_restart() -> None:
    """A pod that is loaded goes on with the jobs it had."""
    pod = finance_pod()
    request_id = submitted(pod, balanced())
    state = pod.simulator.dump()
    pod.simulator = pod.another()
    pod.simulator.load(state)

    pod.clock.advance(timedelta(hours=3))

    assert "SUCCEEDED" == status(pod, request_id)
    assert ["posted"] == [one["status"] for one in pod.simulator.journals()]
    assert pod.simulator.dump() == _reloaded(pod).dump()


def _reloaded(pod: Pod) -> Any:
    other = pod.another()
    other.load(pod.simulator.dump())
    return other


def an_invoice(**changes: Any) -> dict[str, Any]:
    line = {"LineNumber": 1, "LineType": "Item", "LineAmount": "10.00", "DistributionCombination": ACCOUNT}
    return {
        "InvoiceNumber": "I-1",
        "InvoiceAmount": "10.00",
        "InvoiceDate": "2026-02-03",
        "BusinessUnit": "UK Operations",
        "Supplier": "Berg, Jonas",
        "SupplierSite": "OFFICE",
        "invoiceLines": [line],
        **changes,
    }


def a_created(pod: Pod, **changes: Any) -> dict[str, Any]:
    answer = pod.post("invoices", an_invoice(**changes))
    assert 201 == answer.status_code, answer.text
    return dict(answer.json())


def test_a_created_invoice_has_no_status_yet() -> None:
    """All statuses are null until it is validated, and the source is not the one that was sent."""
    body = a_created(finance_pod(), InvoiceSource="FINSYNC")

    names = (
        "ValidationStatus",
        "ApprovalStatus",
        "PaidStatus",
        "AmountPaid",
        "CanceledFlag",
        "InvoiceSource",
    )
    assert [None] * 6 == [body[name] for name in names]
    assert ("GBP", "10042") == (body["InvoiceCurrency"], body["SupplierNumber"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Supplier": "Nobody"}, "AP-810211"),
        ({"SupplierSite": "HOME"}, "AP-810291"),
        ({"BusinessUnit": "FR"}, "AP-810210"),
        ({"InvoiceCurrency": "EUR"}, "AP-810221"),
        ({"InvoiceType": "Bill"}, "AP-810222"),
        ({"AccountingDate": "2027-01-01"}, "AP-810230"),
        ({"InvoiceAmount": "10.001"}, "AP-810225"),
        ({"InvoiceNumber": None}, "27014"),
    ],
)
def test_what_payables_does_not_take(changes: dict[str, Any], code: str) -> None:
    """Required attributes, known names, open periods, exact amounts."""
    answer = finance_pod().post("invoices", an_invoice(**changes), is_judged=False)

    assert code == complaint(answer)[0]


def test_an_action_names_the_invoice_in_its_body() -> None:
    """By id or by number, supplier and unit; its answer is a sentence with a 200 in any case."""
    pod = finance_pod()
    body = a_created(pod, InvoiceAmount="11.00")
    by_name = {"InvoiceNumber": "I-1", "Supplier": "Berg, Jonas", "BusinessUnit": "UK Operations"}

    held = pod.act("invoices", "validateInvoice", {"InvoiceId": body["InvoiceId"]}).json()["result"]
    pod.patch(f"invoices/{body['InvoiceId']}", {"InvoiceAmount": "10.00"})
    free = pod.act("invoices", "validateInvoice", by_name).json()["result"]
    missing = pod.act("invoices", "validateInvoice", {"InvoiceId": 1})

    assert "Line variance" in held
    assert "The invoice was validated." == free
    assert 400 == missing.status_code
    (hold,) = pod.items("invoiceHolds", q="InvoiceNumber = 'I-1'")
    assert hold["ReleaseName"] is not None


def test_a_payment_is_voided_once_by_patch() -> None:
    """Only the two dates may be sent, both of them, and only once."""
    pod = finance_pod()
    invoice_id = a_created(pod)["InvoiceId"]
    pod.act("invoices", "validateInvoice", {"InvoiceId": invoice_id})
    payment = pod.simulator.pay(invoice_id)
    dates = {"VoidDate": "2026-02-10", "VoidAccountingDate": "2026-02-10"}
    path = f"payablesPayments/{payment}"

    half = pod.patch(path, {"VoidDate": "2026-02-10"}, is_judged=False)
    other = pod.patch(path, {"PaymentAmount": 1}, is_judged=False)
    first = pod.patch(path, dates)
    again = pod.patch(path, dates)

    assert [400, 400, 200, 400] == [one.status_code for one in (half, other, first, again)]
    assert "Voided" == first.json()["PaymentStatus"]
    assert "Unpaid" == pod.items("invoices")[0]["PaidStatus"]


def test_only_validated_invoices_are_paid_and_never_too_much() -> None:
    """The hand that pays keeps to the rules of the real one."""
    pod = finance_pod()
    invoice_id = a_created(pod)["InvoiceId"]

    with pytest.raises(ValueError, match="not validated"):
        pod.simulator.pay(invoice_id)
    pod.simulator.validate_invoice(invoice_id)
    with pytest.raises(ValueError, match="unpaid"):
        pod.simulator.pay(invoice_id, Money.of(11, "GBP").amount)


def test_people_live_under_the_other_root() -> None:
    """HCM resources are not found below the ERP's root, nor the other way round."""
    pod = finance_pod()
    root = "https://pod.test/hcmRestApi/resources/11.13.18.05"

    found = pod.get(f"{root}/publicWorkers", expand="assignments.managers")

    assert ["10042"] == [one["PersonNumber"] for one in found.json()["items"]]
    assert [404, 404] == [
        one.status_code
        for one in (pod.get("publicWorkers", is_judged=False), pod.get(f"{root}/suppliers", is_judged=False))
    ]


def test_periods_are_a_list_by_application() -> None:
    """The same period twice: in the general ledger and in Payables."""
    pod = finance_pod()
    pod.simulator.close_period("UK Ledger", "Feb-26", in_payables=True)

    rows = pod.items("accountingPeriodStatusLOV", q=f"LedgerId = {LEDGER} and PeriodNameId = 'Feb-26'")

    assert {101: "O", 200: "C"} == {row["ApplicationId"]: row["ClosingStatus"] for row in rows}


@st.composite
def journals(draw: st.DrawFn) -> JournalEntry:
    """Balanced journals of any currency, with names and texts that a CSV must quote."""
    currency = draw(st.sampled_from(["EUR", "JPY", "KWD"]))
    amounts = draw(st.lists(st.integers(1, 10**12), min_size=1, max_size=8))
    words = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
    lines = [
        JournalLine(
            number=str(n),
            account=draw(st.sampled_from([ACCOUNT, OTHER_ACCOUNT])),
            side="debit",
            amount=Money(amount_minor=value, currency=currency),
            description=draw(words),
        )
        for n, value in enumerate(amounts, 1)
    ]
    total = Money(amount_minor=sum(amounts), currency=currency)
    lines.append(JournalLine(number="0", account=ACCOUNT, side="credit", amount=total))
    return a_journal(currency=currency, lines=tuple(lines), description=draw(words))


@given(journal=journals())
@settings(deadline=None)
def test_what_is_written_is_what_is_read(journal: JournalEntry) -> None:
    """Written by one hand and read by the other, debits are credits are the total, to the last decimal."""
    body = journal_import(journal, "key", OPTIONS)

    lines = read_lines(base64.b64decode(body["DocumentContent"]))

    assert journal.total.amount == sum(line.debit for line in lines) == sum(line.credit for line in lines)
    assert [line.account for line in journal.lines] == ["-".join(line.segments) for line in lines]
    assert [line.description for line in journal.lines] == [line.text for line in lines]
