"""Invoices matched to orders in Oracle: accounts and quantities from the order, holds, budgets, holds by hand, prepayments."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapters.base import Receipt as Done
from adapters.base import Translated, WriteRequest
from adapters.errors import OutcomeUnknownError, RejectedError
from adapters.simulation import Fault
from store.canonical.money import Money
from store.canonical.payables import Invoice, InvoiceLine
from tests.adapters.oracle_finance import an_invoice
from tests.adapters.oracle_receipts import ReceivingWorld
from tests.adapters.setup_oracle import ACCOUNT
from tests.builders import a_commitment_line

OTHER = "01-430-7310-0000-000"


def matched(
    world: ReceivingWorld, quantity: str = "10", price: str = "2.50", number: str = "M-1", **changes: Any
) -> Invoice:
    """Return an invoice for so many of the world's order line."""
    amount = Money.of(Decimal(quantity) * Decimal(price), "EUR")
    line = InvoiceLine(
        number="1",
        amount=amount,
        description="Desks",
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        order_number=world.order_number,
        order_line="1",
    )
    fields: dict[str, Any] = {
        "supplier_number": None,
        "supplier_name": "Muster Büromöbel GmbH",
        "total": amount,
        "reference": f"coupa:{number}",
        "lines": (line,),
    }
    return an_invoice(number, **{**fields, **changes})


def write(world: ReceivingWorld, operation: str, external_id: str | None = None, **body: Any) -> Done:
    request = WriteRequest(operation, f"{operation}/{external_id}/{body}", external_id, body)
    return asyncio.run(world.adapter.write(request))


def find(world: ReceivingWorld, operation: str, external_id: str, **body: Any) -> Done | None:
    return asyncio.run(world.adapter.find(WriteRequest(operation, "again", external_id, body)))


def created(world: ReceivingWorld, document: Invoice) -> str:
    return str(write(world, "invoice.create", invoice=document.model_dump(mode="json")).external_id)


def validated(world: ReceivingWorld, document: Invoice) -> str:
    invoice_id = created(world, document)
    write(world, "invoice.validate", invoice_id, number=document.number)
    return invoice_id


def refusal(
    world: ReceivingWorld, operation: str, external_id: str | None = None, **body: Any
) -> RejectedError:
    with pytest.raises(RejectedError) as caught:
        write(world, operation, external_id, **body)
    return caught.value


def read(world: ReceivingWorld, invoice_id: str) -> Invoice:
    (row,) = asyncio.run(world.adapter.read_many("invoice", [invoice_id]))
    (found,) = world.adapter.translate("invoice", [row])
    assert isinstance(found, Translated), found
    assert isinstance(found.record, Invoice)
    return found.record


def order(world: ReceivingWorld) -> Mapping[str, Any]:
    return next(one for one in world.simulator.orders() if one["number"] == world.order_number)


def test_a_matched_line_takes_its_account_from_the_order() -> None:
    """The invoice names no account; it comes back with order, line, quantity and the order's account."""
    world = ReceivingWorld()

    found = read(world, created(world, matched(world)))

    (line,) = found.lines
    assert (world.order_number, "1") == (line.order_number, line.order_line)
    assert (Decimal(10), Decimal("2.50"), ACCOUNT) == (line.quantity, line.unit_price, line.account)
    assert Decimal(10) == order(world)["lines"][0]["billed"]


def test_a_split_order_line_splits_its_invoice_in_the_same_proportion() -> None:
    """Parts add up to the line, to the minor unit."""
    world = ReceivingWorld()
    halves = a_commitment_line("250.01", quantity="1", unit_price="250.01", uom="EA").distributions[0]
    parts = (
        halves.model_copy(update={"number": "1", "amount": Money.of("100.00", "EUR"), "quantity": None}),
        halves.model_copy(
            update={
                "number": "2",
                "charge_account": OTHER,
                "amount": Money.of("150.01", "EUR"),
                "quantity": None,
            }
        ),
    )
    line = a_commitment_line("250.01", quantity="1", unit_price="250.01", uom="EA", distributions=parts)
    world.order_number = world.issue(lines=(line,))

    found = read(world, created(world, matched(world, "0.5", "250.00")))

    shown = {one.account: one.amount for one in found.lines[0].distributions}
    assert {ACCOUNT, OTHER} == set(shown)
    assert Money.of("125.00", "EUR") == sum(shown.values(), Money.of(0, "EUR"))


@pytest.mark.parametrize(
    ("quantity", "price", "settings", "case_class", "hold"),
    [
        ("101", "2.50", {}, "MATCH_QUANTITY", "Quantity ordered"),
        ("10", "2.51", {}, "MATCH_PRICE", "Price"),
        ("10", "2.50", {"match_approval_level": "3 Way"}, "MATCH_RECEIPT", "Quantity received"),
    ],
)
def test_what_does_not_fit_the_order_is_held(
    quantity: str, price: str, settings: dict[str, Any], case_class: str, hold: str
) -> None:
    """Validation puts a hold of that name on it, and the refusal has its class."""
    world = ReceivingWorld(settings=settings)
    invoice_id = created(world, matched(world, quantity, price))

    error = refusal(world, "invoice.validate", invoice_id, number="M-1")

    assert case_class == error.refusal.case_class
    found = read(world, invoice_id)
    assert "on_hold" == found.status
    assert found.holds[0].startswith(f"{hold}: ")


def test_tolerances_of_the_pod_let_a_little_more_through() -> None:
    """Within tolerance there is no hold."""
    world = ReceivingWorld(settings={"quantity_tolerance_percent": 5, "price_tolerance_percent": 1})

    invoice_id = validated(world, matched(world, "104", "2.52"))

    assert "approved" == read(world, invoice_id).status


def test_a_receipt_makes_a_three_way_match_right() -> None:
    """What arrived meanwhile takes the hold off at the next validation."""
    world = ReceivingWorld(settings={"match_approval_level": "3 Way"})
    invoice_id = created(world, matched(world))
    refusal(world, "invoice.validate", invoice_id, number="M-1")

    world.simulator.receive(world.order_number, "1", Decimal(10))
    write(world, "invoice.validate", invoice_id, number="M-1")

    assert "approved" == read(world, invoice_id).status


def test_our_options_can_ask_for_a_three_way_match() -> None:
    """The order then carries it, whatever the pod's default is."""
    world = ReceivingWorld()
    unit = {**world._unit(), "match_approval_level": "3 Way"}
    world = ReceivingWorld(options={"business_units": {"DE Operations": unit}})
    invoice_id = created(world, matched(world))

    error = refusal(world, "invoice.validate", invoice_id, number="M-1")

    assert "MATCH_RECEIPT" == error.refusal.case_class


class TestBudget:
    """A reservation becomes expenditure as the order is invoiced; nothing counts twice."""

    def a_world(self, amount: str = "300", **settings: Any) -> ReceivingWorld:
        """A world whose order of 250.00 has reserved its funds."""
        world = ReceivingWorld(settings=settings)
        world.simulator.add_budget("420", "Jan-26", Decimal(amount), "EUR")
        world.order_number = world.issue()
        return world

    def left(self, world: ReceivingWorld) -> Decimal:
        (budget,) = world.simulator.world.books.budgets
        return budget.available()

    def test_an_invoice_relieves_its_order(self) -> None:
        """Ordered less invoiced stays reserved; what may still be spent does not change."""
        world = self.a_world()

        validated(world, matched(world, "40"))

        assert Decimal("150.00") == order(world)["obligation"]
        assert Decimal("50.00") == self.left(world)

    def test_cancelling_gives_it_back(self) -> None:
        """The order has its whole reservation again."""
        world = self.a_world()
        invoice_id = validated(world, matched(world, "40"))

        write(world, "invoice.cancel", invoice_id, number="M-1", reason="wrong")

        assert Decimal("250.00") == order(world)["obligation"]
        assert Decimal("50.00") == self.left(world)
        assert 0 == order(world)["lines"][0]["billed"]

    def test_a_credit_memo_reinstates_the_order(self) -> None:
        """What was credited is owed to the order again."""
        world = self.a_world()
        validated(world, matched(world, "40"))

        validated(world, matched(world, "-10", number="C-1", kind="credit_memo"))

        assert Decimal("175.00") == order(world)["obligation"]
        assert Decimal(30) == order(world)["lines"][0]["billed"]

    def test_a_price_above_the_order_needs_funds_of_its_own(self) -> None:
        """The difference is checked; what the budget lacks is a hold, and nothing moved."""
        world = self.a_world(amount="250", price_tolerance_percent=50)
        invoice_id = created(world, matched(world, "100", "3.00"))

        error = refusal(world, "invoice.validate", invoice_id, number="M-1")

        assert "BUDGET_EXCEEDED" == error.refusal.case_class
        assert Decimal("250.00") == order(world)["obligation"]
        world.simulator.raise_budget("420", "Jan-26", Decimal(50))
        write(world, "invoice.validate", invoice_id, number="M-1")
        assert (0, Decimal(0)) == (order(world)["obligation"], self.left(world))

    def test_three_invoices_relieve_the_whole_to_the_minor_unit(self) -> None:
        """However the parts round, nothing is left when everything is invoiced."""
        world = self.a_world()
        for number, quantity in (("A", "33.3"), ("B", "33.3"), ("C", "33.4")):
            validated(world, matched(world, quantity, number=number))

        assert 0 == order(world)["obligation"]

    def test_closing_releases_only_what_is_left(self) -> None:
        """What was invoiced is spent; the rest is free, and re-opening takes the rest again."""
        world = self.a_world()
        validated(world, matched(world, "40"))
        order_id = str(order(world)["po_header_id"])
        marker = order(world)["marker"]

        write(world, "order.close", order_id, marker=marker, reason="complete")
        assert Decimal("200.00") == self.left(world)
        write(world, "order.reopen", order_id, marker=marker, reason="more to come")

        assert Decimal("50.00") == self.left(world)
        assert "OPEN" == order(world)["status"]

    def test_the_budget_read_shows_it(self) -> None:
        """Encumbrance and expenditure are both off what is left."""
        query = {
            "name": "Facilities Jan-26",
            "legal_entity": "DE01",
            "ledger": "DE Ledger",
            "period": "Jan-26",
            "currency": "EUR",
            "account_combination": ACCOUNT,
        }
        world = ReceivingWorld(options={"ledger_balances": [query]})
        world.simulator.add_budget("420", "Jan-26", Decimal(300), "EUR", ledger="DE Ledger")
        world.order_number = world.issue()
        validated(world, matched(world, "40"))

        (row,) = asyncio.run(world.adapter.read_many("budget", ["Facilities Jan-26"]))
        (found,) = world.adapter.translate("budget", [row])

        assert isinstance(found, Translated)
        assert Money.of("50.00", "EUR") == found.record.remaining  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("changes", "case_class"),
    [
        ({"order_number": "999"}, "MATCH_ORDER"),
        ({"order_line": "7"}, "MATCH_ORDER"),
    ],
)
def test_an_invoice_for_no_order_of_the_supplier_is_refused(changes: dict[str, Any], case_class: str) -> None:
    """The order must be issued, of this supplier, and have that line."""
    world = ReceivingWorld()
    wanted = matched(world)
    lines = tuple(one.model_copy(update=changes) for one in wanted.lines)

    error = refusal(
        world, "invoice.create", invoice=wanted.model_copy(update={"lines": lines}).model_dump(mode="json")
    )

    assert case_class == error.refusal.case_class
    assert [] == world.simulator.invoices()


def test_a_credit_beyond_what_was_billed_is_refused() -> None:
    """The billed quantity of an order never falls below zero."""
    world = ReceivingWorld()
    validated(world, matched(world, "4"))
    wanted = matched(world, "-5", number="C-1", kind="credit_memo")

    error = refusal(world, "invoice.create", invoice=wanted.model_dump(mode="json"))

    assert "MATCH_QUANTITY" == error.refusal.case_class


def test_an_invoice_with_credits_on_it_is_not_cancelled() -> None:
    """That too would bring the billed quantity below zero."""
    world = ReceivingWorld()
    invoice_id = validated(world, matched(world, "4"))
    validated(world, matched(world, "-3", number="C-1", kind="credit_memo"))

    error = refusal(world, "invoice.cancel", invoice_id, number="M-1", reason="wrong")

    assert "MATCH_QUANTITY" == error.refusal.case_class


class TestHolds:
    """A hold stops an invoice until it is released; both can be asked for twice."""

    def test_a_hold_is_put_on_and_released(self) -> None:
        """By name; the invoice then may be paid again."""
        world = ReceivingWorld()
        invoice_id = validated(world, matched(world))
        body = {"number": "M-1", "name": "Audit", "reason": "Ask the buyer"}

        write(world, "invoice.hold", invoice_id, **body)
        held = read(world, invoice_id)
        again = write(world, "invoice.hold", invoice_id, **body)
        write(world, "invoice.release", invoice_id, **body)

        assert ("on_hold", ("Audit: Ask the buyer",)) == (held.status, held.holds)
        assert again.was_found
        assert ("approved", ()) == (read(world, invoice_id).status, read(world, invoice_id).holds)

    def test_a_lost_answer_leaves_one_hold(self) -> None:
        """The hold is found by its name."""
        world = ReceivingWorld()
        invoice_id = validated(world, matched(world))
        world.faults.add(Fault(id="lost", kind="lost_answer", path="/invoiceHolds$", method="POST"))
        body = {"number": "M-1", "name": "Audit", "reason": ""}

        with pytest.raises(OutcomeUnknownError):
            write(world, "invoice.hold", invoice_id, **body)
        found = find(world, "invoice.hold", invoice_id, **body)

        assert found is not None
        assert ["Audit"] == world.simulator.invoices()[0]["holds"]
        assert find(world, "invoice.release", invoice_id, **body) is None

    def test_a_match_hold_that_was_released_by_hand_stays_released(self) -> None:
        """Validation does not put it on again."""
        world = ReceivingWorld()
        invoice_id = created(world, matched(world, "10", "2.60"))
        refusal(world, "invoice.validate", invoice_id, number="M-1")

        write(world, "invoice.release", invoice_id, number="M-1", name="Price", reason="agreed")
        write(world, "invoice.validate", invoice_id, number="M-1")

        assert "approved" == read(world, invoice_id).status

    def test_a_hold_that_only_a_correction_takes_off_is_not_released(self) -> None:
        """Oracle says no, in words."""
        world = ReceivingWorld()
        invoice_id = created(world, matched(world))
        world.simulator.close_period("DE Ledger", "Jan-26", in_payables=True)
        refusal(world, "invoice.validate", invoice_id, number="M-1")

        error = refusal(world, "invoice.release", invoice_id, number="M-1", name="", reason="")

        assert "by hand" in error.message


class TestPrepayments:
    """Money paid in advance pays an invoice when it is applied to it."""

    def a_prepayment(self, world: ReceivingWorld) -> None:
        line = InvoiceLine(
            number="1", amount=Money.of("20.00", "EUR"), description="Advance", account=ACCOUNT
        )
        wanted = matched(
            world, number="PP-1", kind="prepayment", total=Money.of("20.00", "EUR"), lines=(line,)
        )
        world.simulator.pay(int(validated(world, wanted)))

    def test_a_prepayment_is_applied_once_and_can_be_taken_off(self) -> None:
        """The invoice is partly paid by it; its lines still add up to what is owed."""
        world = ReceivingWorld()
        self.a_prepayment(world)
        invoice_id = validated(world, matched(world))
        body = {"number": "M-1", "prepayment_number": "PP-1"}

        write(
            world,
            "invoice.apply_prepayment",
            invoice_id,
            **body,
            amount=Money.of("15.00", "EUR").model_dump(mode="json"),
        )
        applied = read(world, invoice_id)
        again = write(world, "invoice.apply_prepayment", invoice_id, **body)
        write(world, "invoice.unapply_prepayment", invoice_id, **body)

        assert ("partly_paid", Money.of("15.00", "EUR")) == (applied.paid_status, applied.paid)
        assert (1, True) == (len(applied.lines), again.was_found)
        assert Decimal("15.00") == Decimal(again.answer["applied"])
        assert "unpaid" == read(world, invoice_id).paid_status

    def test_an_invoice_with_a_prepayment_is_not_cancelled(self) -> None:
        """It has to be taken off first."""
        world = ReceivingWorld()
        self.a_prepayment(world)
        invoice_id = validated(world, matched(world))
        write(world, "invoice.apply_prepayment", invoice_id, number="M-1", prepayment_number="PP-1")

        error = refusal(world, "invoice.cancel", invoice_id, number="M-1", reason="wrong")

        assert "prepayment" in error.message

    def test_a_prepayment_that_is_not_paid_is_not_applied(self) -> None:
        """Oracle answers with a sentence and a 200; the invoice read afterwards shows nothing."""
        world = ReceivingWorld()
        invoice_id = validated(world, matched(world))

        error = refusal(world, "invoice.apply_prepayment", invoice_id, number="M-1", prepayment_number="PP-9")

        assert "isn't found" in error.message


def test_a_reissued_payment_is_a_void_and_a_new_one() -> None:
    """Both come with the next read; the invoice is paid once."""
    world = ReceivingWorld()
    invoice_id = validated(world, matched(world))
    first = world.simulator.pay(int(invoice_id))
    second = world.simulator.reissue(first, on=date(2026, 1, 9))

    rows = asyncio.run(world.adapter.read_many("payment", [str(first), str(second)]))

    found = {one.external_id: one.record for one in world.adapter.translate("payment", rows)}  # type: ignore[union-attr]
    assert ["voided", "issued"] == [found[str(one)].status for one in (first, second)]  # type: ignore[union-attr, index]
    assert "paid" == read(world, invoice_id).paid_status


def test_a_missing_rate_holds_an_invoice_in_another_currency() -> None:
    """And the rates of a configured pair are read."""
    pair = {"from_currency": "USD", "to_currency": "EUR", "days": 10}
    world = ReceivingWorld(options={"exchange_rates": [pair]})
    world.simulator.add_rate("USD", "EUR", date(2026, 1, 2), Decimal("0.91"))
    plain = matched(world, currency="USD", total=Money.of("9.00", "USD"), lines=())
    line = InvoiceLine(number="1", amount=Money.of("9.00", "USD"), description="Service", account=ACCOUNT)
    invoice_id = created(world, plain.model_copy(update={"lines": (line,)}))

    error = refusal(world, "invoice.validate", invoice_id, number="M-1")

    assert "No rate" in error.message
    world.simulator.add_rate("USD", "EUR", date(2026, 1, 5), Decimal("0.92"))
    write(world, "invoice.validate", invoice_id, number="M-1")
    (page,) = asyncio.run(_pages(world))
    numbers = [one.external_id for one in world.adapter.translate("exchange_rate", page)]
    assert ["USD/EUR/2026-01-02/Corporate", "USD/EUR/2026-01-05/Corporate"] == numbers
    assert page[1:] == asyncio.run(world.adapter.read_many("exchange_rate", [str(numbers[1]), "x"]))


async def _pages(world: ReceivingWorld) -> list[list[bytes]]:
    return [list(page.rows) async for page in world.adapter.read("exchange_rate")]


def test_what_arrived_and_is_not_invoiced_is_accrued() -> None:
    """At the order's price, until an invoice takes it."""
    world = ReceivingWorld()
    world.simulator.receive(world.order_number, "1", Decimal(12))
    validated(world, matched(world, "10"))

    (found,) = world.simulator.accruals()

    assert (Decimal(2), Decimal("5.00")) == (found["size"], found["amount"])


def test_all_of_it_survives_a_dump() -> None:
    """A pod that is loaded goes on with what was billed, held, received and spent."""
    world = ReceivingWorld()
    world.simulator.receive(world.order_number, "1", Decimal(12))
    invoice_id = validated(world, matched(world, "10"))
    state = world.simulator.dump()

    other = ReceivingWorld()
    other.simulator.load(state)

    assert world.simulator.orders() == other.simulator.orders()
    assert world.simulator.receipts() == other.simulator.receipts()
    write(other, "invoice.cancel", invoice_id, number="M-1", reason="wrong")
    assert 0 == other.simulator.orders()[0]["lines"][0]["billed"]
    assert timedelta() == other.clock.now() - world.clock.now()


class TestFunds:
    """A funds check asks and takes nothing."""

    def test_a_check_passes_warns_or_is_refused_in_words(self) -> None:
        """Absolute budgets refuse, advisory ones warn; each time nothing is reserved."""
        world = ReceivingWorld()
        draft = world.add_order(world.commitment())
        marker = world.order(draft)["marker"]

        outcomes = [write(world, "order.check_funds", draft, marker=marker).answer["funds"]]
        world.simulator.add_budget("420", "Jan-26", Decimal(1), "EUR", is_absolute=False, name="Advisory")
        outcomes.append(write(world, "order.check_funds", draft, marker=marker).answer["funds"])
        world.simulator.add_budget("420", "Jan-26", Decimal(1), "EUR", name="Absolute")
        error = refusal(world, "order.check_funds", draft, marker=marker)

        assert ["passed", "warning"] == outcomes
        assert "BUDGET_EXCEEDED" == error.refusal.case_class
        assert 0 == world.order(draft)["obligation"]

    def test_an_issued_order_without_a_change_asks_for_no_funds(self) -> None:
        """A revision that changes nothing in the ERP leaves nothing to check: that is no refusal."""
        world = ReceivingWorld()
        order_id, marker = str(order(world)["po_header_id"]), order(world)["marker"]

        answer = write(world, "order.check_funds", order_id, marker=marker).answer

        assert "not_applicable" == answer["funds"]

    def test_a_cancelled_order_is_not_reopened(self) -> None:
        """Only what was closed is."""
        world = ReceivingWorld()
        order_id, marker = str(order(world)["po_header_id"]), order(world)["marker"]
        assert write(world, "order.reopen", order_id, marker=marker).was_found
        write(world, "order.cancel", order_id, marker=marker, reason="")

        assert "cannot be re-opened" in refusal(world, "order.reopen", order_id, marker=marker).message
        assert find(world, "order.reopen", order_id, marker=marker) is None


def test_an_order_is_not_changed_to_less_than_was_billed() -> None:
    """What was received or invoiced stays ordered; the submission is refused with its class."""
    world = ReceivingWorld()
    commitment = world.commitment(
        lines=(a_commitment_line("250.00", quantity="100", unit_price="2.50", uom="EA"),)
    )
    key = world.add_order(commitment)
    held = world.simulator.world.orders[int(key)]
    world.simulator.lifecycle.act(held.draft, "submit", {"bypassApprovalFlag": True})
    world.order_number = held.number
    validated(world, matched(world, "40"))
    less = a_commitment_line("75.00", quantity="30", unit_price="2.50", uom="EA")
    smaller = commitment.model_copy(update={"lines": (less,), "total": less.amount})

    asyncio.run(world.adapter.write(world.change(key, smaller)))
    error = refusal(world, "order.submit", key, marker=commitment.marker, number="")

    assert "MATCH_QUANTITY" == error.refusal.case_class
    assert Decimal(40) == order(world)["lines"][0]["billed"]
