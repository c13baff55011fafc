"""Expense to reimbursement when the ERP or the expense tool says no, nothing, or something else later."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from finsync_tui import actions
from finsync_tui.actions import Actor
from finsync_tui.flows import looking
from store import crossrefs, outbox
from store.canonical.money import Money
from store.canonical.payables import Invoice, InvoiceLine
from store.errors import NotAllowedError
from tests.finsync_tui.flows.expense_desk import (
    DOCUMENT,
    SOURCE,
    TARGET,
    ExpenseDesk,
    a_card_expense,
    a_report,
    an_expense,
)

ANALYST = Actor("ana", "cli")
REQUEST = {"ReqstId": "4711"}


def a_locked_desk(**expense: object) -> ExpenseDesk:
    """A desk whose document is locked: its posting is asked for."""
    desk = ExpenseDesk(**expense)
    desk.submit()
    desk.answer()
    return desk


def a_posted_desk(**expense: object) -> ExpenseDesk:
    """A desk whose document is posted and read back: its confirmation is decided."""
    desk = ExpenseDesk(**expense)
    desk.post()
    return desk


def an_importing_desk() -> ExpenseDesk:
    """A desk whose journal the ERP has taken as a file; what became of it is asked for the first time."""
    desk = a_locked_desk(post_as="journal")
    desk.answer(is_pending=True, answer=REQUEST)
    return desk


def retry(desk: ExpenseDesk) -> None:
    actions.retry(desk.store, ANALYST, [desk.case_id])
    desk.run()


def send_back(desk: ExpenseDesk, reason: str = "please take the train next time") -> None:
    actions.send_back(desk.store, ANALYST, [desk.case_id], reason)
    desk.run()


def keys(desk: ExpenseDesk, operation: str) -> list[str]:
    rows = desk.store.db.execute(
        "SELECT idempotency_key FROM outbox_entry WHERE operation = ? ORDER BY id", (operation,)
    )
    return [row[0] for row in rows]


class TestPosting:
    @pytest.mark.parametrize("class_", ["ACCOUNT_INVALID", "PERIOD_CLOSED", "REJECTED"])
    def test_a_refusal_is_an_exception_of_its_class(self, class_: str) -> None:
        """What the ERP says no with decides the class; nothing is confirmed."""
        desk = a_locked_desk()

        desk.answer("refused", case_class=class_)

        assert [(class_, "open")] == desk.exceptions
        assert "expense.confirm_posting" not in desk.sent

    def test_a_retry_after_a_refusal_is_a_new_decision(self) -> None:
        """With a key of its own; the refused one is given up."""
        desk = a_locked_desk()
        desk.answer("refused", case_class="ACCOUNT_INVALID")

        retry(desk)
        desk.answers(2)
        desk.read()

        first, second = keys(desk, "invoice.create")
        assert first != second
        states = [
            d.state for d in outbox.of_document(desk.store.db, "expense_document", f"{SOURCE}:{DOCUMENT}")
        ]
        assert "await_confirmation" == desk.workflow.step
        assert "cancelled" == states[1]

    def test_a_refused_body_may_be_edited(self) -> None:
        """The exception knows its delivery."""
        desk = a_locked_desk()
        desk.answer("refused", case_class="REJECTED")
        body = json.dumps(desk.body("invoice.create"))

        actions.edit(desk.store, ANALYST, desk.case_id, body, "another text")
        desk.run()
        desk.answer()

        assert "await_validation" == desk.workflow.step

    def test_a_dead_letter_is_replayed_under_its_own_key(self) -> None:
        """The ERP could not be reached: the same decision goes again, looked up first by the delivery."""
        desk = a_locked_desk()
        first = desk.answer("buried", is_unknown=True)

        retry(desk)
        again = desk.answer()

        assert [("DEAD_LETTER", "closed")] == desk.exceptions
        assert first.idempotency_key == again.idempotency_key
        assert again.is_outcome_unknown

    def test_what_may_have_happened_goes_back_to_nobody(self) -> None:
        """Neither by policy nor by an analyst, until it was looked up."""
        desk = a_locked_desk(returned_at_once=["DEAD_LETTER", "REJECTED"])
        desk.answer("buried", is_unknown=True)

        with pytest.raises(NotAllowedError, match="nobody knows whether its delivery arrived"):
            send_back(desk)

        assert [("DEAD_LETTER", "open")] == desk.exceptions

    def test_a_validation_hold_is_validated_again(self) -> None:
        """The ERP has the invoice: a retry asks for nothing but its validation."""
        desk = a_locked_desk()
        desk.answer()
        desk.answer("refused", case_class="REJECTED")

        retry(desk)
        desk.answer()

        assert "verify_posting" == desk.workflow.step
        assert ["expense.acknowledge", "invoice.create", "invoice.validate", "invoice.validate"] == desk.sent

    def test_a_validation_that_takes_its_time_is_asked_for_again(self) -> None:
        """Some validate by a job of their own: a draft is not confirmed."""
        desk = a_locked_desk()
        desk.answer()

        desk.answer(is_pending=True)
        waits = desk.workflow.step
        desk.wait(minutes=3)
        desk.answer()

        assert ("await_validation", "verify_posting") == (waits, desk.workflow.step)


class TestReadBack:
    def test_nothing_is_confirmed_that_the_erp_does_not_show(self) -> None:
        """Delivered is not verified."""
        desk = a_locked_desk()
        desk.answers(2)

        desk.read(is_gone=True)

        assert [("READ_BACK_DIFFERS", "open")] == desk.exceptions
        assert "expense.confirm_posting" not in desk.sent

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"status": "cancelled"}, "status: expected in force, found cancelled"),
            ({"supplier_number": "E-999"}, "payee: expected E-100, found E-999"),
            (
                {
                    "total": Money.of("90", "EUR"),
                    "lines": (
                        InvoiceLine(number="1", amount=Money.of("90", "EUR"), account="01-420-664000"),
                    ),
                },
                "total: expected 100.00 EUR, found 90.00 EUR",
            ),
            (
                {"lines": (InvoiceLine(number="1", amount=Money.of("100", "EUR"), account="01-420-1"),)},
                "accounts: expected 01-420-664000 100.00 EUR, found 01-420-1 100.00 EUR",
            ),
        ],
    )
    def test_what_differs_is_named_and_not_confirmed(self, changes: dict[str, object], words: str) -> None:
        """Field by field, in words a person compares."""
        desk = a_locked_desk()
        desk.answers(2)
        desk.change(TARGET, "invoice", "INV1", **changes)

        desk.read()

        assert [("READ_BACK_DIFFERS", "open")] == desk.exceptions
        assert words in desk.cause
        assert "expense.confirm_posting" not in desk.sent

    def test_a_retry_reads_it_again_and_sends_nothing(self) -> None:
        """Corrected in the ERP, it is confirmed."""
        desk = a_locked_desk()
        desk.answers(2)
        shown = dict(desk.shown)
        desk.change(TARGET, "invoice", "INV1", supplier_number="E-999")
        desk.read()
        desk.shown = shown

        retry(desk)
        desk.read()

        assert "await_confirmation" == desk.workflow.step
        assert [
            "expense.acknowledge",
            "invoice.create",
            "invoice.validate",
            "expense.confirm_posting",
        ] == desk.sent

    def test_a_journal_that_failed_in_the_ledger_is_not_confirmed(self) -> None:
        """A successful import proves nothing."""
        desk = a_locked_desk(post_as="journal")
        desk.answer()
        desk.change(TARGET, "journal_entry", "J1", status="failed")

        desk.read()

        assert [("READ_BACK_DIFFERS", "open")] == desk.exceptions


class TestImport:
    def test_it_is_asked_for_until_there_is_a_journal(self) -> None:
        """Every two minutes one question, each under a key of its own; then it is linked and read back."""
        desk = an_importing_desk()

        desk.answer(is_pending=True)
        desk.wait(minutes=1)
        early = len(keys(desk, "journal.confirm"))
        desk.wait(minutes=1)
        desk.answer()
        desk.read()

        assert (1, 2) == (early, len(set(keys(desk, "journal.confirm"))))
        assert "4711" == desk.body("journal.confirm")["request_id"]
        link = crossrefs.get(desk.store.db, "expense_document", f"{SOURCE}:{DOCUMENT}", TARGET)
        assert link is not None
        assert ("J1", "await_confirmation") == (link.external_id, desk.workflow.step)

    def test_a_refused_import_is_imported_anew_after_a_retry(self) -> None:
        """Its earlier refusal is not met again."""
        desk = an_importing_desk()
        desk.answer("refused", case_class="ACCOUNT_INVALID")

        retry(desk)
        desk.answer(is_pending=True, answer={"ReqstId": "4712"})
        desk.answer()
        desk.read()

        assert [("ACCOUNT_INVALID", "closed")] == desk.exceptions
        assert "await_confirmation" == desk.workflow.step
        assert "4712" == desk.body("journal.confirm")["request_id"]

    def test_a_day_without_an_answer_needs_a_person(self) -> None:
        """Then it is looked at again after a retry, not given up, and nothing is imported twice."""
        desk = an_importing_desk()
        desk.answer(is_pending=True)
        desk.wait(minutes=3)
        with desk.store.transaction() as db:
            db.execute("UPDATE workflow SET data = json_set(data, '$.import_looks', ?)", (looking.LOOKS_MAX,))
        desk.answer(is_pending=True)
        desk.wait(minutes=3)
        held = desk.exceptions

        retry(desk)
        desk.wait(minutes=3)
        desk.answer()

        assert [("DEAD_LETTER", "open")] == held
        assert "verify_posting" == desk.workflow.step
        assert 1 == desk.sent.count("journal.create")

    def test_a_dead_question_is_asked_again(self) -> None:
        """The ERP could not be reached to say."""
        desk = an_importing_desk()
        desk.answer("buried")

        retry(desk)
        desk.answer()

        assert ("verify_posting", [("DEAD_LETTER", "closed")]) == (desk.workflow.step, desk.exceptions)

    def test_what_may_still_be_imported_is_known_before_it_goes_back(self) -> None:
        """An analyst gives up too early: the import is found, taken back, and only then the employee is told."""
        desk = an_importing_desk()
        desk.answer("buried")

        send_back(desk)
        asked = desk.workflow.step
        retry(desk)
        desk.answers(3)
        desk.read()

        assert "await_import" == asked
        assert ["journal.confirm", "journal.reverse", "expense.confirm_posting"] == desk.sent[2:]
        assert "aborted" == desk.workflow.state

    def test_what_was_not_imported_goes_back_without_a_reversal(self) -> None:
        """There is nothing to take back."""
        desk = an_importing_desk()
        desk.answer("refused", case_class="ACCOUNT_INVALID")

        send_back(desk)
        desk.answer()
        desk.read()

        assert [
            "expense.acknowledge",
            "journal.create",
            "journal.confirm",
            "expense.confirm_posting",
        ] == desk.sent
        assert "aborted" == desk.workflow.state


class TestConfirmation:
    def test_recalled_meanwhile_an_invoice_is_taken_back(self) -> None:
        """The expense tool has let it go: nothing of it stays posted, and nobody is told anything."""
        desk = a_posted_desk()

        desk.answer("refused", case_class="RECALLED")
        desk.answer()

        assert ("aborted", []) == (desk.workflow.state, desk.exceptions)
        assert ["expense.confirm_posting", "invoice.cancel"] == desk.sent[3:]

    def test_recalled_meanwhile_a_journal_is_reversed(self) -> None:
        """The same lines on the other side, under a name of its own; done only when that journal is there."""
        desk = a_posted_desk(post_as="journal")

        desk.answer("refused", case_class="RECALLED")
        desk.answer(is_pending=True, answer={"ReqstId": "9"})
        waits = desk.workflow.step
        desk.answer(external_id="J2")

        reversal = desk.body("journal.reverse")["journal"]
        assert ("await_undo", "aborted") == (waits, desk.workflow.state)
        assert "R-7001-9a41c6e0b7a9-R" == reversal["number"]
        sides = [(line["account"], line["side"]) for line in reversal["lines"]]
        assert [("01-420-664000", "credit"), ("01-000-330000", "debit")] == sides
        assert "9" == desk.body("journal.confirm")["request_id"]

    def test_a_reversal_is_of_what_was_posted_whatever_the_profile_says_by_now(self) -> None:
        """Accounts that changed since do not leave half of it behind."""
        desk = a_posted_desk(post_as="journal")
        desk.setup(post_as="journal", accounts={"employee": "339999"})

        desk.answer("refused", case_class="RECALLED")

        accounts = {line["account"] for line in desk.body("journal.reverse")["journal"]["lines"]}
        assert {"01-420-664000", "01-000-330000"} == accounts

    def test_a_refused_reversal_waits_for_an_analyst_and_is_tried_anew(self) -> None:
        """The period is closed: when it is open again, a retry takes it back."""
        desk = a_posted_desk(post_as="journal")
        desk.answer("refused", case_class="RECALLED")
        desk.answer("refused", case_class="PERIOD_CLOSED")

        retry(desk)
        desk.answer(external_id="J2")

        assert [("PERIOD_CLOSED", "closed")] == desk.exceptions
        assert "aborted" == desk.workflow.state

    @pytest.mark.parametrize("class_", ["CONFIGURATION", "REJECTED"])
    def test_another_refusal_is_told_anew_after_a_retry(self, class_: str) -> None:
        """Nothing is posted again."""
        desk = a_posted_desk()
        desk.answer("refused", case_class=class_)

        retry(desk)
        desk.answer()

        first, second = keys(desk, "expense.confirm_posting")
        assert first != second
        assert "await_payment" == desk.workflow.step
        assert 1 == desk.sent.count("invoice.create")

    def test_a_dead_confirmation_is_replayed(self) -> None:
        """Under its own key."""
        desk = a_posted_desk()
        desk.answer("buried", is_unknown=True)

        retry(desk)
        desk.answer()

        assert 1 == len(keys(desk, "expense.confirm_posting"))
        assert "await_payment" == desk.workflow.step

    def test_what_was_told_for_good_can_not_be_returned(self) -> None:
        """The expense tool takes one outcome of a document: the analyst reads why, and nothing changes."""
        desk = a_posted_desk(post_as="journal")
        desk.answer()
        desk.change(SOURCE, "expense_document", DOCUMENT, status="acknowledged")
        desk.read()

        with pytest.raises(NotAllowedError, match="retry looks it up first"):
            send_back(desk)

        assert [("READ_BACK_DIFFERS", "open")] == desk.exceptions
        assert 1 == desk.sent.count("expense.confirm_posting")

    def test_what_the_tool_does_not_show_is_told_again_under_its_own_key(self) -> None:
        """It had said yes, so it is looked up first; once it shows it, the document is done."""
        desk = a_posted_desk(post_as="journal")
        desk.answer()
        desk.change(SOURCE, "expense_document", DOCUMENT, status="acknowledged")
        desk.read()

        retry(desk)
        again = desk.answer()
        desk.change(SOURCE, "expense_document", DOCUMENT, status="posted")
        desk.read()

        assert again.is_outcome_unknown
        assert ("done", [("READ_BACK_DIFFERS", "closed")]) == (desk.workflow.state, desk.exceptions)
        assert 1 == desk.sent.count("expense.confirm_posting")

        assert ("done", [("READ_BACK_DIFFERS", "closed")]) == (desk.workflow.state, desk.exceptions)
        assert 1 == desk.sent.count("expense.confirm_posting")


class TestReturn:
    def test_the_employee_reads_which_expense_and_what_to_change(self) -> None:
        """Report, expense in its owner's words, the analyst's reason, the way out; the code stands beside, not alone."""
        desk = ExpenseDesk()
        desk.rows["cost_centre"] = (("000", "000"),)
        entry = an_expense("100", transaction_amount="17300", transaction_currency="JPY")
        desk.submit(a_report(entries=(a_card_expense("20", id="E0"), entry)))
        desk.answer()

        send_back(desk, "cost centre 420 is closed, take 430")
        desk.answer()
        desk.read()

        body = desk.body("expense.confirm_posting")
        (message,) = body["messages"]
        assert ("error", []) == (body["outcome"], body["postings"])
        assert "MAPPING_MISSING" == message["code"]
        assert message["text"].startswith(
            "Report R-7001 'Trip to Lyon', expense Hotel of 2025-12-30, 20 EUR: cost centre 420 is closed, take 430. Choose"
        )
        assert "E0" == message["entry_id"]
        assert ("aborted", [("MAPPING_MISSING", "resolved")]) == (desk.workflow.state, desk.exceptions)

    def test_it_is_over_only_when_the_tool_shows_it(self) -> None:
        """Told is not shown: the return is read back like a posting."""
        desk = a_locked_desk()
        desk.answer("refused", case_class="REJECTED")
        send_back(desk)
        desk.answer()
        desk.change(SOURCE, "expense_document", DOCUMENT, status="acknowledged")

        desk.read()

        assert ("REJECTED", "resolved") == desk.exceptions[0]
        assert ("READ_BACK_DIFFERS", "open") == desk.exceptions[1]

    def test_what_is_posted_is_taken_back_first(self) -> None:
        """All of it, or the employee hears nothing."""
        desk = a_locked_desk()
        desk.answers(2)
        desk.change(TARGET, "invoice", "INV1", supplier_number="E-999")
        desk.read()

        send_back(desk)
        before = desk.sent[3:]
        desk.answers(2)
        desk.read()

        assert ["invoice.cancel"] == before
        assert ["invoice.cancel", "expense.confirm_posting"] == desk.sent[3:]
        assert "aborted" == desk.workflow.state

    def test_what_can_not_be_taken_back_does_not_go_back(self) -> None:
        """However often an analyst tries: the ERP has to let it go first."""
        desk = a_locked_desk()
        desk.answers(2)
        desk.read(is_gone=True)
        send_back(desk)
        desk.answer("refused", case_class="REJECTED")

        send_back(desk)
        desk.answer("refused", case_class="REJECTED")

        assert "expense.confirm_posting" not in desk.sent
        assert "held" == desk.workflow.state

    def test_one_that_was_recalled_is_over(self) -> None:
        """Its sender has it back already."""
        desk = a_locked_desk()
        desk.answer("refused", case_class="REJECTED")
        send_back(desk)

        desk.answer("refused", case_class="RECALLED")

        assert "aborted" == desk.workflow.state

    def test_a_return_that_was_refused_is_told_anew(self) -> None:
        """After a retry, under a key of its own."""
        desk = a_locked_desk()
        desk.answer("refused", case_class="REJECTED")
        send_back(desk)
        desk.answer("refused", case_class="CONFIGURATION")

        retry(desk)
        desk.answer()
        desk.read()

        assert 2 == len(set(keys(desk, "expense.confirm_posting")))
        assert "aborted" == desk.workflow.state

    def test_a_refusal_of_the_erp_may_go_back_at_once(self) -> None:
        """Where the profile says so, in the ERP's own words."""
        desk = a_locked_desk(returned_at_once=["ACCOUNT_INVALID"])

        desk.answer("refused", case_class="ACCOUNT_INVALID")
        desk.answer()
        desk.read()

        assert ("aborted", []) == (desk.workflow.state, desk.exceptions)

    def test_a_retry_forgets_an_older_doubt(self) -> None:
        """The expense that was at fault before is not named when something else is the reason."""
        desk = ExpenseDesk()
        desk.rows["cost_centre"] = (("000", "000"),)
        desk.submit()
        desk.answer()
        desk.rows["cost_centre"] += (("420", "420"),)
        retry(desk)
        desk.answer("refused", case_class="PERIOD_CLOSED")

        send_back(desk)

        assert "" == desk.body("expense.confirm_posting")["messages"][0]["entry_id"]


class TestPayment:
    def test_each_payment_is_told_once_under_a_reference_of_the_erps(self) -> None:
        """Company, invoice, year and payment; told again it is the same."""
        desk = a_posted_desk()
        desk.answer()
        desk.pay()
        desk.pay(number="P1", cleared_on="2026-01-10")
        desk.answer()

        desk.pay(number="P1", cleared_on="2026-01-11")

        assert 1 == desk.sent.count("expense.confirm_payment")
        told = desk.body("expense.confirm_payment")
        assert ("paid", "100") == (told["status"], told["payments"][0]["amount"])
        assert "01/R-7001-9a41c6e0b7a9/2026/P1" == told["payments"][0]["reference"]

    def test_parts_are_told_as_parts(self) -> None:
        """The last one completes it, also when both were made before anything was told."""
        desk = a_posted_desk()
        desk.pay("P1", "40")
        desk.pay("P2", "60")
        desk.answer()

        first = desk.body("expense.confirm_payment")["status"]
        desk.answer()
        second = desk.body("expense.confirm_payment")["status"]
        desk.answer()
        desk.read()

        assert ("partly_paid", "paid", "done") == (first, second, desk.workflow.state)

    def test_a_part_leaves_it_waiting(self) -> None:
        """60 are still to come."""
        desk = a_posted_desk()
        desk.answer()
        desk.pay("P1", "40")

        desk.answer()

        assert "await_payment" == desk.workflow.step

    def test_a_void_after_a_part_is_a_reversal(self) -> None:
        """And then it waits for the next payment."""
        desk = a_posted_desk()
        desk.answer()
        desk.pay("P1", "40")
        desk.answer()

        desk.pay("P1", "40", status="voided", voided_on="2026-01-12")
        told = desk.body("expense.confirm_payment")
        desk.answer()

        assert "reversed" == told["status"]
        assert ("01/R-7001-9a41c6e0b7a9/2026/P1/void", "2026-01-12") == (
            told["payments"][0]["reference"],
            told["payments"][0]["paid_on"],
        )
        assert "await_payment" == desk.workflow.step

    def test_a_payment_voided_before_anything_was_told_is_no_news(self) -> None:
        """Nobody was told that it was made."""
        desk = a_posted_desk()
        desk.pay(status="voided")

        desk.answer()

        assert "await_payment" == desk.workflow.step
        assert "expense.confirm_payment" not in desk.sent

    def test_a_void_before_the_read_back_is_told(self) -> None:
        """Between payment and proof: it does not end as paid."""
        desk = a_posted_desk()
        desk.answer()
        desk.pay()
        desk.answer()

        desk.pay(status="voided")
        desk.answer()

        assert 2 == desk.sent.count("expense.confirm_payment")
        assert "await_payment" == desk.workflow.step

    def test_a_void_after_the_end_opens_it_again(self) -> None:
        """Told as a reversal; paid again, it is done again."""
        desk = ExpenseDesk()
        desk.finish()

        desk.pay(status="voided")
        reopened = desk.workflow.state, desk.body("expense.confirm_payment")["status"]
        desk.answer()
        desk.pay("P2")
        desk.answer()
        desk.read()

        assert ("waiting", "reversed") == reopened
        assert "done" == desk.workflow.state
        assert 3 == desk.sent.count("expense.confirm_payment")
        what = [row[0] for row in desk.store.db.execute("SELECT what FROM v_audit")]
        assert "workflow.reopened" in what

    def test_a_void_that_is_shown_again_opens_nothing(self) -> None:
        """It has been told."""
        desk = ExpenseDesk()
        desk.finish()
        desk.pay(status="voided")
        desk.answer()
        desk.pay("P2")
        desk.answer()
        desk.read()

        desk.pay(status="voided", voided_on="2026-01-13")

        assert "done" == desk.workflow.state

    def test_a_refused_payment_confirmation_is_told_anew_after_a_retry(self) -> None:
        """It is not told twice under one key."""
        desk = a_posted_desk()
        desk.answer()
        desk.pay()
        desk.answer("refused", case_class="REJECTED")

        retry(desk)
        desk.answer()
        desk.read()

        assert "done" == desk.workflow.state
        assert 2 == len(set(keys(desk, "expense.confirm_payment")))

    def test_a_payment_of_somebody_elses_invoice_is_no_news(self) -> None:
        """Only what pays this document wakes it."""
        desk = a_posted_desk()
        desk.answer()

        desk.pay(invoices=())

        assert "await_payment" == desk.workflow.step

    def test_an_invoice_that_is_cancelled_unpaid_needs_a_person(self) -> None:
        """The employee would wait for ever: told as posted, and nobody pays."""
        desk = a_posted_desk()
        desk.answer()
        (held,) = [one for one in desk.shown.values() if isinstance(one, Invoice)]

        desk.tell(TARGET, "INV1", held.model_copy(update={"status": "cancelled"}))

        assert [("READ_BACK_DIFFERS", "open")] == desk.exceptions
        assert f"was cancelled in {TARGET} after its posting was confirmed" in desk.cause
        assert "expense.confirm_payment" not in desk.sent

    def test_a_payment_that_is_late_is_seen(self) -> None:
        """The profile promises a time for it."""
        desk = a_posted_desk()

        desk.answer()

        assert desk.now + timedelta(days=14) == desk.workflow.due_at
