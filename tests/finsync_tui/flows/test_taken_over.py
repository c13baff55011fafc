"""Documents are marked at their source as taken over, where the connection says so."""

from __future__ import annotations

from finsync_tui.profile import Profile
from tests.finsync_tui.flows.invoice_desk import (
    SOURCE,
    InvoiceDesk,
    a_free_line,
    a_receipt,
    an_invoice,
    an_order,
)


def a_marking_desk() -> InvoiceDesk:
    desk = InvoiceDesk()
    systems = desk.profile.model_dump(mode="json", by_alias=True)
    systems["systems"][SOURCE]["options"] = {"export_flag": "mark"}
    desk.profile = Profile.model_validate(systems)
    return desk


def test_each_kind_of_document_is_marked_as_it_was_read() -> None:
    """After it was stored, once for each version, beside its process; what nobody reads by a queue is not marked."""
    desk = a_marking_desk()

    desk.tell(SOURCE, "4711", an_order())
    desk.invoice(an_invoice(a_free_line()))
    desk.tell(SOURCE, "R1", a_receipt())
    marks = {name: desk.bodies(f"{name}.mark_exported") for name in ("order", "invoice", "receipt")}
    plain = InvoiceDesk()
    plain.tell(SOURCE, "4711", an_order())

    assert {
        "order": [{"status": "open", "revision": an_order().revision}],
        "invoice": [{"status": "approved"}],
        "receipt": [{}],
    } == marks
    assert ["order.create"] == plain.pending


def test_the_process_does_not_wait_for_the_mark_and_verifies_it_at_its_end() -> None:
    """A mark that is refused stops nothing, and waits for nobody when the document is done."""
    desk = a_marking_desk()
    desk.invoice(an_invoice(a_free_line()))
    desk.answer("refused", case_class="REJECTED")
    desk.answers(2)
    desk.read()
    desk.answer()
    desk.pay()
    desk.answer()
    desk.read()

    states = dict(
        desk.store.db.execute(
            "SELECT operation, state FROM v_delivery WHERE operation LIKE '%mark_exported'"
        ).fetchall()
    )
    assert ("done", []) == (desk.step(), desk.exceptions)
    assert {"invoice.mark_exported": "cancelled"} == states


def test_a_mark_that_was_set_is_verified_with_its_document() -> None:
    """Nothing is left for a later look."""
    desk = a_marking_desk()
    desk.invoice(an_invoice(a_free_line()))
    desk.answers(3)
    desk.read()
    desk.answer()
    desk.pay()
    desk.answer()
    desk.read()

    rows = desk.store.db.execute("SELECT DISTINCT state FROM v_delivery").fetchall()
    assert ("done", ["verified"]) == (desk.step(), [row[0] for row in rows])


def test_a_given_up_document_leaves_its_mark() -> None:
    """It was taken over all the same; nothing is undone of it."""
    desk = a_marking_desk()
    desk.invoice(an_invoice(a_free_line()))
    desk.answer()

    desk.abort()

    assert ("aborted", []) == (desk.step(), desk.pending)
