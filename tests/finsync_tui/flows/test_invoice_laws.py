"""Laws of matching, of splitting tax and freight, and of what is posted."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finsync_tui.flows.invoice import matching, taking
from finsync_tui.profile.invoice import MatchPolicy, Tolerance
from store.canonical.money import Money
from store.canonical.payables import Invoice, InvoiceLine
from tests.finsync_tui.flows.invoice_desk import (
    InvoiceDesk,
    a_free_line,
    a_line,
    a_receipt,
    a_tax_line,
    an_invoice,
    an_order,
)

ORDERED = 10
KEYS = ("I1", "I2", "I3", "I4")
FEW = KEYS[:2]
quantities = st.integers(1, 12)
moves = st.one_of(
    st.tuples(st.just("invoice"), st.sampled_from(FEW), quantities),
    st.tuples(st.just("credit"), st.sampled_from(KEYS[2:]), st.integers(1, 4)),
    st.tuples(st.just("void"), st.sampled_from(FEW), st.just(0)),
    st.tuples(st.just("dispute"), st.sampled_from(FEW), st.just(0)),
    st.tuples(st.just("receive"), st.just(""), st.integers(-3, 8)),
    st.tuples(st.just("deliver"), st.just(""), st.just(0)),
    st.tuples(st.just("read"), st.just(""), st.just(0)),
)


class Line:
    """One order line, and everything that can happen to it."""

    def __init__(self) -> None:
        self.desk = InvoiceDesk(match={"quantity": {"percent": "0"}}, duplicates={"same_amount": "off"})
        self.desk.order(an_order(str(ORDERED)))
        self.count = 0
        self.documents: dict[str, Invoice] = {}

    def happen(self, what: str, key: str, size: int) -> None:
        desk = self.desk
        self.count += 1
        known = self.documents.get(key)
        if what in ("invoice", "credit"):
            sign = -1 if what == "credit" else 1
            document = an_invoice(
                a_line(str(sign * size)),
                number=f"N-{key}",
                kind="credit_memo" if sign < 0 else "standard",
                description=f"as of {self.count}",
            )
            if known is None or (known.kind == document.kind and known.status != "cancelled"):
                self._tell(key, document)
        elif what in ("void", "dispute") and known is not None and known.status != "cancelled":
            self._tell(key, known.model_copy(update={"status": "cancelled" if what == "void" else "on_hold"}))
        elif what == "receive" and size:
            kind = "receipt" if size > 0 else "correction"
            desk.tell(
                "coupa", f"R{self.count}", a_receipt(str(size), f"R{self.count}", kind=kind, original_id=None)
            )
        elif what == "deliver" and desk.pending:
            desk.answer()
        elif what == "read":
            desk.read()

    def _tell(self, key: str, document: Invoice) -> None:
        self.documents[key] = document
        self.desk.tell("coupa", key, document)

    def matched(self) -> Decimal:
        """What the invoices that got past the match take of the line, in all."""
        total = Decimal(0)
        for key in self.documents:
            rows = self.desk.store.db.execute(
                "SELECT document_version FROM workflow WHERE document_key=? AND state NOT IN ('aborted')"
                " AND kind='post' AND (ended_at IS NULL OR json_extract(data, '$.validation_entry') IS NOT NULL)"
                " AND json_extract(data, '$.orders') IS NOT NULL ORDER BY id DESC LIMIT 1",
                (f"coupa:{key}",),
            ).fetchall()
            voids = self.desk.store.db.execute(
                "SELECT 1 FROM workflow WHERE document_key=? AND kind='void'", (f"coupa:{key}",)
            ).fetchall()
            if rows and not voids:
                total += self.quantity(key, rows[0][0])
        return total

    def quantity(self, key: str, version: int) -> Decimal:
        from store import records

        held = records.get_version(self.desk.store.db, Invoice, "coupa", key, version)
        assert held is not None
        return sum((line.quantity or Decimal(0) for line in held.record.lines), Decimal(0))

    def waiting(self) -> list[tuple[str, str]]:
        rows = self.desk.store.db.execute(
            "SELECT document_key, state FROM workflow WHERE flow='invoice_to_payment' AND step='match' AND ended_at IS NULL"
        )
        return [(row[0], row[1]) for row in rows]


@given(has_goods=st.booleans(), happened=st.lists(moves, max_size=25))
def test_never_is_more_matched_than_was_ordered(
    has_goods: bool, happened: Sequence[tuple[str, str, int]]
) -> None:
    """Whatever comes, changes, is disputed or voided in whichever order: all that was matched fits the order line."""
    line = Line()
    if has_goods:
        line.happen("receive", "", ORDERED)

    for what, key, size in happened:
        line.happen(what, key, size)
        assert line.matched() <= ORDERED


def test_an_invoice_that_comes_back_finds_what_was_matched_meanwhile() -> None:
    """Disputed, and approved again for more than is left: the later invoice, which went on, keeps what it took."""
    line = Line()
    line.happen("invoice", "I1", 6)
    line.happen("dispute", "I1", 0)
    line.happen("receive", "", ORDERED)
    line.happen("invoice", "I2", 4)
    went_on = line.matched()

    line.happen("invoice", "I1", 7)

    assert (4, 4) == (went_on, line.matched())
    assert [("coupa:I1", "held")] == line.waiting()
    assert [("MATCH_QUANTITY", "open")] == line.desk.exceptions


def test_of_two_that_do_not_fit_together_the_first_goes_on_though_it_was_changed() -> None:
    """A new version does not send an invoice to the end of the line, and the two never wait for each other."""
    line = Line()
    line.happen("invoice", "I1", 6)
    line.happen("invoice", "I2", 6)
    line.happen("invoice", "I1", 7)

    line.happen("receive", "", ORDERED)

    assert 7 == line.matched()
    assert [("coupa:I2", "held")] == line.waiting()


@given(sizes=st.lists(st.integers(1, 10), min_size=2, max_size=4))
def test_of_invoices_of_one_line_some_always_goes_on(sizes: list[int]) -> None:
    """When all goods are there and nothing else blocks, the first that fits is never kept waiting by a later one."""
    line = Line()
    for n, size in enumerate(sizes):
        line.happen("invoice", KEYS[n], size)
    line.happen("receive", "", ORDERED)

    stuck = {key for key, _ in line.waiting()}

    taken = 0
    expected = set()
    for n, size in enumerate(
        sizes
    ):  # in order of arrival, each counts what came before it, whether that fits or not
        taken += size
        if taken > ORDERED:
            expected.add(f"coupa:{KEYS[n]}")
    assert expected == stuck


@given(
    quantity=st.integers(1, 1000),
    amount=st.integers(1, 10**9),
    cuts=st.lists(st.integers(1, 99), min_size=1, max_size=6),
)
def test_parts_by_value_never_come_to_more_than_the_whole(
    quantity: int, amount: int, cuts: list[int]
) -> None:
    """An order of pieces that is invoiced by amounts, in any parts, is invoiced in full and never beyond."""
    whole = Money(amount_minor=amount, currency="EUR")
    order_line = an_order().lines[0].model_copy(update={"quantity": Decimal(quantity), "amount": whole})
    parts = [
        a_line().model_copy(update={"quantity": None, "unit_price": None, "amount": part})
        for part in whole.split(cuts)
    ]

    taken = taking.taken(parts, order_line, is_credit=False)

    assert Decimal(quantity) - Decimal("1e-9") <= taken <= Decimal(quantity)


@given(
    difference=st.decimals("-100", "100", places=4),
    percent=st.integers(0, 100),
    amount=st.none() | st.integers(0, 100),
)
def test_a_tolerance_is_symmetric_and_a_wider_one_allows_no_less(
    difference: Decimal, percent: int, amount: int | None
) -> None:
    """What may be too much may be too little; nothing that was allowed is refused by a wider tolerance."""
    tolerance = Tolerance(percent=Decimal(percent), amount=None if amount is None else Decimal(amount))
    wider = Tolerance(percent=Decimal(min(percent + 1, 100)), amount=tolerance.amount)

    fits = matching.within(difference, Decimal(50), tolerance)

    assert fits == matching.within(-difference, Decimal(50), tolerance)
    assert not fits or matching.within(difference, Decimal(50), wider)


def test_prices_are_compared_on_what_is_invoiced_not_on_what_is_credited() -> None:
    """A credit of a part of the price is no other price; it gives back value, and no pieces."""
    order_line = an_order().lines[0]
    credit = an_invoice(
        a_line("-10", "0.5").model_copy(update={"amount": Money.of("-5", "EUR")}), kind="credit_memo"
    )
    ordered = matching.Ordered("PO-1", "EUR", "open", order_line, Decimal(10), Decimal(10), Decimal(100))

    found = matching.mismatches(credit, {("PO-1", "1"): ordered}, MatchPolicy(), needs_order=False)

    assert [] == found
    assert 0 == taking.taken(credit.lines, order_line, is_credit=True)


amounts = st.integers(-(10**7), 10**7).filter(bool).map(lambda minor: str(Decimal(minor) / 100))
shares = st.sampled_from(("0", "33.3", "50", "100"))


@st.composite
def documents(draw: st.DrawFn) -> Invoice:
    """Return an invoice, or credit note, of items with and without order, taxes and charges of either sign."""
    lines: list[InvoiceLine] = []
    for n in range(draw(st.integers(1, 4))):
        amount = draw(amounts)
        if draw(st.booleans()):
            lines.append(a_free_line(amount, str(n), draw(st.sampled_from(("420", "430")))))
        else:
            line = a_line(number=str(n))
            lines.append(line.model_copy(update={"amount": Money.of(amount, "EUR")}))
    for n in range(draw(st.integers(0, 2))):
        of = draw(st.none() | st.sampled_from([line.number for line in lines]))
        lines.append(a_tax_line(draw(amounts), number=f"T{n}", reference=of))
    for n in range(draw(st.integers(0, 2))):
        charge = a_tax_line(draw(amounts), number=f"C{n}")
        kind = draw(st.sampled_from(("freight", "other")))
        lines.append(charge.model_copy(update={"kind": kind, "tax_code": None}))
    total = sum(line.amount.amount_minor for line in lines)
    return an_invoice(*lines, kind="credit_memo" if total < 0 else "standard")


@given(document=documents(), recovers=shares, freight=st.none() | st.just("680000"))
def test_what_is_posted_comes_to_the_total(document: Invoice, recovers: str, freight: str | None) -> None:
    """Promise 4: whatever comes back of the tax and wherever freight goes, no minor unit is lost or made."""
    off = dict.fromkeys(
        (
            "undercharged",
            "overcharged",
            "needs_review",
            "unknown_code",
            "not_taxable",
            "exempt",
            "reverse_charge",
        ),
        "off",
    )
    tax = {"severity": off, "countries": {"DE": {"recovery": [{"percent": recovers}]}}}
    desk = InvoiceDesk(tax=tax, match={"level": "none"}, freight_account=freight)
    desk.order()

    desk.invoice(document)

    assert [] == desk.exceptions
    if desk.sent:
        asked = desk.posted
        assert document.total == asked.total
        assert document.total.amount_minor == sum(line.amount.amount_minor for line in asked.lines)
        assert all(line.account or line.order_number for line in asked.lines)


@given(document=documents(), recovers=shares, currency=st.sampled_from(("JPY", "KWD")))
def test_currencies_of_no_or_three_decimals_lose_nothing_either(
    document: Invoice, recovers: str, currency: str
) -> None:
    """Promise 4 in yen and dinar: what is posted is what is owed, in minor units of the currency's own size."""
    lines = [line.model_copy(update={"reference": None}) for line in document.lines if not line.order_number]
    if not any(line.kind == "item" for line in lines):
        return
    total = sum(line.amount.amount_minor for line in lines)
    owed = an_invoice(*lines, kind="credit_memo" if total < 0 else "standard").model_dump_json()
    invoice = Invoice.model_validate_json(owed.replace('"EUR"', f'"{currency}"'))
    off = dict.fromkeys(("undercharged", "overcharged", "needs_review", "unknown_code", "not_taxable"), "off")
    off |= dict.fromkeys(("exempt", "reverse_charge"), "off")
    tax = {"severity": off, "countries": {"DE": {"recovery": [{"percent": recovers}]}}}
    desk = InvoiceDesk(tax=tax, match={"level": "none"})

    desk.invoice(invoice)

    assert [] == desk.exceptions
    assert (invoice.total, currency) == (desk.posted.total, desk.posted.currency)
    assert total == sum(line.amount.amount_minor for line in desk.posted.lines)
