"""Goods receipts and payments told in any order, and repeated: the ERP holds, and the source is told, what happened."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finsync_tui.reconcile.read_back import Want
from store.canonical.payables import Invoice
from store.canonical.purchasing import Receipt
from tests.finsync_tui.flows.invoice_desk import SOURCE, InvoiceDesk, a_free_line, a_receipt, an_invoice

sizes = st.integers(1, 9)


@st.composite
def arrivals(draw: st.DrawFn) -> list[Receipt]:
    """Return what arrived for one order line: receipts, what of each went back, some of it voided afterwards."""
    found = []
    for n in range(1, draw(st.integers(1, 3)) + 1):
        came = draw(sizes)
        found.append(a_receipt(str(came), number=f"R{n}"))
        back = draw(st.integers(0, came))
        if back:
            found.append(a_receipt(str(-back), number=f"B{n}", kind="return", original_id=f"R{n}"))
    return found


@given(documents=arrivals(), choices=st.lists(st.integers(0, 99), max_size=30), voided=st.integers(0, 9))
def test_the_erp_has_received_what_arrived_less_what_went_back(
    documents: list[Receipt], choices: list[int], voided: int
) -> None:
    """In whichever order receipts, returns, voids, their repetition and the order itself become known."""
    desk = InvoiceDesk()
    news = [*documents, *documents]
    last = documents[voided % len(documents)]
    if not any(one.original_id == last.number for one in documents):
        news.append(last.model_copy(update={"status": "voided"}))
    waiting: list[Receipt | None] = list(news)
    if news[-1].status == "voided":  # a source shows it received before it shows it void
        waiting = [one for one in news if one is not None]
    order_at = choices[0] % len(waiting) if choices else 0
    told: dict[str, Receipt] = {}
    for n, document in enumerate(_shuffled(waiting, choices)):
        if n == order_at:
            desk.order()
        assert document is not None
        known = told.get(document.number)
        if known is not None and known.status == "voided":
            continue  # an older version is not shown after a newer one
        told[document.number] = document
        desk.tell(SOURCE, document.number, document)
        _settle(desk)
    _settle(desk)

    wanted = sum((one.quantity or Decimal(0) for one in told.values() if one.status != "voided"), Decimal(0))
    assert wanted == desk.received()
    assert [] == desk.open_cases


def _shuffled(documents: Sequence[Receipt | None], choices: Sequence[int]) -> list[Receipt | None]:
    left = list(documents)
    found = []
    for choice in choices:
        if left:
            found.append(left.pop(choice % len(left)))
    return [*found, *left]


def _settle(desk: InvoiceDesk) -> None:
    for _ in range(12):
        if desk.pending:
            desk.answer()
        desk.read()
        if not desk.pending:
            return


moves = st.lists(
    st.tuples(
        st.sampled_from(("P1", "P2", "P3")),
        st.sampled_from(("issued", "cleared", "elsewhere", "voided")),
        st.booleans(),
    ),
    max_size=14,
)


@given(news=moves)
def test_the_source_knows_each_payment_once_and_each_void_once(news: list[tuple[str, str, bool]]) -> None:
    """Payments, clearings, voids and reissues in any order, told at once or together, and payments that are applied to another
    invoice and back: what is recorded is what is paid."""
    desk = InvoiceDesk()
    desk.post(an_invoice(a_free_line("100")))
    state: dict[str, str] = {}
    amounts = {"P1": "60", "P2": "30", "P3": "10"}
    for number, status, is_answered in news:
        if state.get(number) == "voided":
            continue  # a void is final: money that is paid again is another payment
        state[number] = status
        of = "E99" if status == "elsewhere" else "ERP-I1"
        desk.pay(number, amounts[number], status="issued" if status == "elsewhere" else status, of=of)
        if is_answered:
            _settle(desk)
    _settle(desk)

    invoice = desk.shown[Want(SOURCE, Invoice.entity, "I1")]
    assert isinstance(invoice, Invoice)
    notes = [one.note for one in invoice.recorded_payments]
    live = sum(int(amounts[one]) * 100 for one, status in state.items() if status in ("issued", "cleared"))
    assert len(notes) == len(set(notes))
    assert live == sum(one.amount.amount_minor for one in invoice.recorded_payments)
    assert [] == desk.exceptions
