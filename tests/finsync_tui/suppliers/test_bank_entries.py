"""Bank accounts that somebody enters in the ERP, and not through us: noticed, held, shown to a second person, released."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.base import WriteRequest
from finsync_tui import actions
from finsync_tui.flows import supplier_bank_entry
from finsync_tui.flows import supplier_bank_waiting as waiting
from finsync_tui.flows.invoice import postings, unheld_there
from finsync_tui.flows.steps import Context, Done, Facts, Wait
from finsync_tui.suppliers import accounts, in_flight
from store import cases, crossrefs, findings, meta, outbox, records, systems, workflows
from store.canonical.supplier import SupplierBankAccount
from store.errors import NotAllowedError
from store.workflows import Workflow
from tests.adapters.oracle_finance import FinanceWorld, an_invoice
from tests.builders import MONDAY
from tests.finsync_tui.flows.desk import PROFILE, SOURCE, TARGET
from tests.finsync_tui.flows.expense_desk import ExpenseDesk
from tests.finsync_tui.suppliers.test_bank_changes import NEW, THIRD, Paid

READING = {
    **PROFILE["systems"],
    TARGET: {**PROFILE["systems"][TARGET], "options": {"reads_bank_accounts": True}},
}
UNTIL = "4712-12-31"


class Entered(Paid):
    """Oracle shows its bank accounts, and somebody there enters another one."""

    def __init__(self, **bank: Any) -> None:
        super().__init__(systems=READING, suppliers={"bank": bank})

    def enters(self, number: str = NEW) -> str:
        """Somebody gives the supplier an account in Oracle; it is read."""
        self.clock.advance(timedelta(minutes=5))
        world = self.oracle.simulator.world
        supplier = world.row("suppliers", int(self.oracle.supplier_id))
        assert supplier is not None
        self.oracle.simulator._bank_account(supplier, number, "DE")
        (row,) = [one for one in world.tables["externalBankAccounts"] if one.data.get("IBAN") == number]
        row.touch(self.clock.now())
        self.cycle()
        return str(row.data["BankAccountId"])

    def row(self, account: str) -> Any:
        found = self.oracle.simulator.world.row("externalBankAccounts", int(account))
        assert found is not None
        return found

    def changes_there(self, account: str, **data: Any) -> None:
        self.clock.advance(timedelta(minutes=5))
        row = self.row(account)
        row.data.update(data)
        row.touch(self.clock.now())
        self.cycle()

    def entry(self, account: str) -> Workflow:
        return workflows.of_document(self.store.db, f"{TARGET}:{account}")[-1]

    def evidence(self) -> dict[str, Any]:
        (case,) = self.store.db.execute(
            "SELECT evidence FROM exception_case WHERE ended_at IS NULL AND class LIKE 'BANK_ENTRY%'"
        ).fetchone()
        found: dict[str, Any] = json.loads(case)
        return found

    @property
    def supplier_key(self) -> str:
        return f"{TARGET}:{self.oracle.supplier_id}"


def test_what_was_there_before_needs_nobody() -> None:
    """The accounts of the first reading are as they are."""
    estate = Entered()
    estate.cycle()

    assert [] == estate.open_classes
    assert waiting.waiting(estate.store.db, estate.supplier_key) is None


def test_an_entered_account_is_held_shown_masked_and_released_by_two() -> None:
    """With old and new; documents that are not posted wait until both have agreed."""
    estate = Entered()

    account = estate.enters()
    held, evidence = (estate.open_classes, estate.entry(account).step), estate.evidence()
    waits = waiting.waiting(estate.store.db, estate.supplier_key)
    estate.confirm(estate.entry(account).id)
    once = estate.open_classes
    estate.approve(estate.entry(account).id)

    assert (["BANK_ENTRY_HELD"], "await_entry") == held
    assert (["DE…3000"], "DE…2051", [estate.supplier_key]) == (
        evidence["old"],
        evidence["new"],
        evidence["erp"],
    )
    assert waits == estate.entry(account).id
    assert ["BANK_ENTRY_HELD"] == once
    assert ("done", []) == (estate.entry(account).state, estate.open_classes)
    assert waiting.waiting(estate.store.db, estate.supplier_key) is None
    estate.cycle()
    assert [] == estate.open_classes


def test_a_refused_one_stays_held_until_it_has_ended_there() -> None:
    """Ending it is done in the ERP; reading that lets the documents go on."""
    estate = Entered()
    account = estate.enters()

    estate.refuse(estate.entry(account).id, "the supplier knows nothing of it")
    refused = (estate.open_classes, waiting.waiting(estate.store.db, estate.supplier_key) is not None)
    estate.changes_there(account, EndDate=str((estate.clock.now() - timedelta(days=1)).date()))

    assert (["BANK_ENTRY_REFUSED"], True) == refused
    assert [] == estate.open_classes
    assert waiting.waiting(estate.store.db, estate.supplier_key) is None
    (message,) = estate.store.db.execute("SELECT message FROM finding WHERE class='BANK_ENTRY'").fetchone()
    assert "was ended in oracle-emea" in message


def test_one_person_lets_none_go() -> None:
    """Neither by resolving or ignoring the exception nor by giving the process up."""
    estate = Entered()
    flow = estate.entry(estate.enters())
    (case,) = cases.live_for_document(estate.store.db, flow.document_key)

    for end in (actions.resolve, actions.ignore):
        with pytest.raises(NotAllowedError, match="nobody has agreed on"):
            end(estate.store, estate.who(), [case.id], "it is fine")
    with pytest.raises(NotAllowedError, match="nobody has agreed on"):
        actions.abort_workflow(estate.store, estate.who(), flow.id, "it is fine")

    assert waiting.waiting(estate.store.db, estate.supplier_key) == flow.id


def test_another_number_or_bank_in_an_account_that_is_there_is_held_too() -> None:
    """And goes on by itself when it is again what it was."""
    estate = Entered()
    world = estate.oracle.simulator.world
    (row,) = list(world.tables["externalBankAccounts"])
    account, was = str(row.data["BankAccountId"]), row.data["IBAN"]

    estate.changes_there(account, IBAN=THIRD)
    other = (estate.open_classes, estate.evidence()["old"])
    estate.changes_there(account, IBAN=was)

    assert (["BANK_ENTRY_HELD"], ["DE…3000"]) == other
    assert [] == estate.open_classes


def test_what_changes_nothing_about_the_payment_needs_nobody() -> None:
    """A currency, a note."""
    estate = Entered()
    (row,) = list(estate.oracle.simulator.world.tables["externalBankAccounts"])

    estate.changes_there(str(row.data["BankAccountId"]), CurrencyCode="USD")

    assert [] == estate.open_classes


def test_what_we_delivered_needs_nobody_once_more() -> None:
    """It was agreed on when it began at the origin; neither the new account nor the end of the old one is asked about."""
    estate = Entered()
    change = estate.changes(NEW)
    estate.confirm(change.id)
    estate.approve(change.id)

    estate.cycle(timedelta(days=2))
    estate.cycle()

    assert [NEW] == estate.paid_to()
    assert [] == estate.open_classes


def test_an_account_entered_in_both_places_is_held_all_the_same() -> None:
    """First in the ERP, then at the origin: that the ERP has it already proves nothing."""
    estate = Entered()
    account = estate.enters(NEW)

    estate.changes(NEW)

    assert "BANK_ENTRY_HELD" in estate.open_classes
    assert "await_entry" == estate.entry(account).step


def test_a_profile_may_note_it_only_or_not_look() -> None:
    """A company whose bank details are kept in the ERP."""
    noted, unseen = Entered(entered="note"), Entered(entered="off")
    noted.enters()
    unseen.enters()

    assert ([], []) == (noted.open_classes, unseen.open_classes)
    found = [
        one.store.db.execute("SELECT count(*) FROM finding WHERE class='BANK_ENTRY'").fetchone()[0]
        for one in (noted, unseen)
    ]
    assert [1, 0] == found


def test_who_entered_it_does_not_decide() -> None:
    """Where the ERP says who it was."""
    estate = Entered()
    flow = estate.entry(estate.enters())
    with estate.store.transaction() as db:
        db.execute("DROP TRIGGER record_version_no_update")
        db.execute(
            "UPDATE record_version SET changed_by='maria' WHERE system=? AND external_id=?",
            (TARGET, flow.document_key.partition(":")[2]),
        )

    with pytest.raises(NotAllowedError, match="changed these details"):
        estate.confirm(flow.id, by="maria")


class Owed(Entered):
    """An invoice of that supplier is posted in Oracle and not paid."""

    erp = FinanceWorld

    def __init__(self, **bank: Any) -> None:
        super().__init__(**bank)
        supplier = self.oracle.simulator.world.row("suppliers", int(self.oracle.supplier_id))
        assert supplier is not None
        number = str(supplier.data["SupplierNumber"])
        invoice = an_invoice("INV-1", supplier_number=number, reference=f"{SOURCE}:88")
        request = WriteRequest("invoice.create", "INV-1", None, {"invoice": invoice.model_dump(mode="json")})
        posted = asyncio.run(self.oracle.adapter.write(request)).external_id
        ours = an_invoice("INV-1", supplier_number=number, supplier_id=str(self.supplier))
        with self.store.transaction() as db:
            records.put_page(db, ours.entity, SOURCE, [records.Incoming("88", ours, b"{}")], MONDAY)
            crossrefs.link(
                db, ours.entity, f"{SOURCE}:88", TARGET, str(posted), number="INV-1", why="created", linked_at=MONDAY
            )  # fmt: skip
            started = workflows.start(
                db, flow="invoice_to_payment", kind="post", entity=ours.entity, document_key=f"{SOURCE}:88",
                document_number="INV-1", document_version=1, document_revision="1", step="await_payment", state="waiting",
                now=MONDAY,
            )  # fmt: skip
            data = {"payee": {"id": self.oracle.supplier_id}}
            workflows.save(
                db,
                int(started or 0),
                state="waiting",
                step="await_payment",
                data=data,
                now=MONDAY,
                target=TARGET,
            )

    def holds(self) -> list[tuple[str, bool]]:
        rows = self.oracle.simulator.world.tables["invoiceHolds"]
        return [(str(row.data["HoldName"]), bool(row.data.get("ReleaseName"))) for row in rows]


def test_what_is_posted_is_held_in_the_erp_until_two_have_agreed() -> None:
    """Under the name that the profile gives; the invoice says so in its own story."""
    estate = Owed(entered_hold="BANK DETAILS")

    account = estate.enters()
    held = estate.holds()
    estate.confirm(estate.entry(account).id)
    estate.approve(estate.entry(account).id)

    assert [("BANK DETAILS", False)] == held
    assert [("BANK DETAILS", True)] == estate.holds()
    (message,) = estate.store.db.execute(
        "SELECT message FROM finding WHERE class='BANK_DETAILS_CHANGING'"
    ).fetchone()
    assert "entered in the ERP" in message


def forge_release(estate: Owed, flow: Workflow) -> None:
    """Somebody writes a release into the file."""
    with estate.store.transaction() as db:
        (entry,) = [one for one in outbox.of_workflow(db, flow.id) if one.operation == "invoice.hold"]
        db.execute(
            "INSERT INTO outbox_entry(idempotency_key, system, operation, entity, document_key, document_number, workflow_id,"
            " priority, external_id, body, decided_at) SELECT 'forged', system, 'invoice.release', entity, document_key,"
            " document_number, workflow_id, priority, external_id, body, decided_at FROM outbox_entry WHERE id=?",
            (entry.entry_id,),
        )
        db.execute(
            "UPDATE workflow SET data=json_set(data, '$.accepted', json('true')) WHERE id=?", (flow.id,)
        )
        db.execute(
            "INSERT INTO delivery(entry_id, system, document_key, priority, state, next_at, changed_at) SELECT max(id), system,"
            " document_key, priority, 'pending', decided_at, decided_at FROM outbox_entry WHERE idempotency_key='forged'"
        )


@pytest.mark.parametrize("is_backdated", [False, True])
def test_a_forged_release_does_not_leave(is_backdated: bool) -> None:
    """Whoever writes it into the file lets nothing be paid: nobody has agreed on the account, whenever it is said to have been
    read first."""
    estate = Owed(entered_hold="BANK DETAILS")
    flow = estate.entry(estate.enters())
    forge_release(estate, flow)
    if is_backdated:
        with estate.store.transaction() as db:
            meta.set(db, f"bank_entries.since:{TARGET}", "2999-01-01T00:00:00.000000Z")

    estate.settle()

    assert [("BANK DETAILS", False)] == estate.holds()
    forged = [one for one in outbox.of_workflow(estate.store.db, flow.id) if one.idempotency_key == "forged"]
    assert ["refused"] == [one.state for one in forged]
    assert "nobody has confirmed it" in str(forged[0].message)


def test_what_is_held_because_of_two_accounts_goes_when_both_are_agreed_on() -> None:
    """One of them alone lets nothing go."""
    estate = Owed(entered_hold="BANK DETAILS")
    first, second = estate.enters(), estate.enters(THIRD)

    for account in (first, second):
        assert all(not is_released for _, is_released in estate.holds())
        estate.confirm(estate.entry(account).id)
        estate.approve(estate.entry(account).id)

    assert all(is_released for _, is_released in estate.holds())
    assert ("done", "done") == (estate.entry(first).state, estate.entry(second).state)


def test_an_account_that_is_again_what_it_was_frees_invoices_by_two_only() -> None:
    """That it was there first is what the file says; two sign it before what is held goes on."""
    estate = Owed(entered_hold="BANK DETAILS")
    (row,) = list(estate.oracle.simulator.world.tables["externalBankAccounts"])
    account, was = str(row.data["BankAccountId"]), row.data["IBAN"]
    estate.changes_there(account, IBAN=THIRD)

    estate.changes_there(account, IBAN=was)
    back = (estate.open_classes, all(not is_released for _, is_released in estate.holds()))
    estate.confirm(estate.entry(account).id)
    estate.approve(estate.entry(account).id)

    assert (["BANK_ENTRY_HELD"], True) == back
    assert all(is_released for _, is_released in estate.holds())
    assert [] == estate.open_classes


def test_an_account_that_is_refused_and_ended_lets_its_invoices_go() -> None:
    """The newer version of the account takes over what the one before had held."""
    estate = Owed(entered_hold="BANK DETAILS")
    account = estate.enters()
    estate.refuse(estate.entry(account).id)

    estate.changes_there(account, EndDate=str((estate.clock.now() - timedelta(days=1)).date()))

    assert [("BANK DETAILS", True)] == estate.holds()


def test_an_invoice_that_is_not_posted_waits() -> None:
    """Until the account was agreed on."""
    estate = Owed()
    flow = workflows.of_document(estate.store.db, f"{SOURCE}:88")[-1]
    facts = Facts(profile=estate.profile, tables={}, policy_version="p/1", mapping_version="")
    context = Context(estate.store.db, estate.clock.now(), facts, flow, {**flow.data, "target": TARGET})

    account = estate.enters()
    waits = postings.waits_for_supplier(context)
    estate.confirm(estate.entry(account).id)
    estate.approve(estate.entry(account).id)

    assert waits is not None
    assert f"bank change {estate.entry(account).id}" in waits.waiting_for
    assert postings.waits_for_supplier(context) is None


def test_an_invoice_that_was_on_its_way_is_not_validated() -> None:
    """It was sent when the account was entered: no hold could name it, and Oracle pays what is validated only."""
    estate = Owed()
    flow = workflows.of_document(estate.store.db, f"{SOURCE}:88")[-1]
    facts = Facts(profile=estate.profile, tables={}, policy_version="p/1", mapping_version="")
    context = Context(estate.store.db, estate.clock.now(), facts, flow, {**flow.data, "target": TARGET})
    account = estate.enters()

    first = postings.validate(context)
    estate.confirm(estate.entry(account).id)
    estate.approve(estate.entry(account).id)
    then = postings.validate(context)

    assert isinstance(first, Wait)
    assert isinstance(then, Done)


def test_every_posted_invoice_of_a_supplier_is_held() -> None:
    """However many documents are under way with it: lists that people read end somewhere, holds do not."""
    estate = Owed(entered_hold="BANK DETAILS")
    payee = {"payee": {"id": estate.oracle.supplier_id}}
    with estate.store.transaction() as db:
        db.execute(
            "UPDATE workflow SET state='done', ended_at=changed_at WHERE document_key=?", (f"{SOURCE}:88",)
        )
        for key in [*(f"old{n}" for n in range(in_flight.LIST_MAX)), "88"]:
            started = workflows.start(
                db, flow="invoice_to_payment", kind="post", entity="invoice", document_key=f"{SOURCE}:{key}",
                document_number=key, document_version=2, document_revision="1", step="await_payment", state="waiting", now=MONDAY,
            )  # fmt: skip
            workflows.save(
                db, int(started or 0), state="waiting", step="await_payment", data=payee, now=MONDAY, target=TARGET
            )  # fmt: skip

    estate.enters()

    assert [("BANK DETAILS", False)] == estate.holds(), "the newest of them, which is the only one in Oracle"


@pytest.mark.parametrize(
    ("posted_as", "holds"), [("invoice", [("BANK DETAILS", False)]), ("journal_entry", [])]
)
def test_an_expense_report_that_the_erp_has_as_an_invoice_is_held(
    posted_as: str, holds: list[tuple[str, bool]]
) -> None:
    """An employee is paid as a supplier; a journal is nothing that the ERP pays."""
    estate = Owed(entered_hold="BANK DETAILS")
    with estate.store.transaction() as db:
        db.execute("UPDATE crossref SET entity='expense_document' WHERE entity='invoice'")
        db.execute(
            "UPDATE workflow SET entity='expense_document', flow='expense_to_reimbursement',"
            " data=json_set(data, '$.posted_entity', ?) WHERE entity='invoice'", (posted_as,),
        )  # fmt: skip

    estate.enters()

    assert holds == estate.holds()


def is_asked_about(desk: ExpenseDesk) -> None:
    """Somebody has entered an account for the employee in the ERP."""
    desk.put(
        TARGET,
        "acc1",
        SupplierBankAccount(number="acc1", supplier_id="900", fingerprint="f" * 64, masked="DE…3000"),
    )
    with desk.store.transaction() as db:
        started = workflows.start(
            db, flow="supplier_bank_change", kind="change", entity="supplier_bank_account", document_key=f"{TARGET}:acc1",
            document_number="acc1", document_version=1, document_revision="", step="await_entry", state="held", now=desk.now,
        )  # fmt: skip
    assert started is not None


def is_agreed_on(desk: ExpenseDesk) -> None:
    with desk.store.transaction() as db:
        db.execute(
            "UPDATE workflow SET state='done', ended_at=changed_at WHERE entity='supplier_bank_account'"
        )
    desk.wait(hours=7)


def test_an_expense_report_waits_for_an_account_of_its_employee() -> None:
    """It is not posted, and one that was on its way is not validated, before two have agreed."""
    late, early = ExpenseDesk(), ExpenseDesk()
    is_asked_about(early)
    for desk in (late, early):
        desk.submit()
        desk.answer()
    is_asked_about(late)
    late.answer()
    steps = (late.workflow.step, early.workflow.step)
    sent = (list(late.sent), list(early.sent))
    for desk in (late, early):
        is_agreed_on(desk)

    assert ("validate", "request_posting") == steps
    assert "invoice.validate" not in sent[0]
    assert "invoice.create" not in sent[1]
    assert "invoice.validate" == late.sent[-1]
    assert "invoice.create" == early.sent[-1]


def test_an_invoice_that_has_waited_is_looked_at_anew() -> None:
    """A month may have closed meanwhile, and somebody may have typed a copy into the ERP: nothing of before is posted."""
    estate = Owed()
    flow = workflows.of_document(estate.store.db, f"{SOURCE}:88")[-1]
    facts = Facts(profile=estate.profile, tables={}, policy_version="p/1", mapping_version="")
    context = Context(estate.store.db, estate.clock.now(), facts, flow, {**flow.data, "target": TARGET})
    account = estate.enters()

    first = postings.request_posting(context)
    estate.confirm(estate.entry(account).id)
    estate.approve(estate.entry(account).id)
    then = postings.request_posting(context)

    assert isinstance(first, Wait)
    assert isinstance(then, Done)
    assert "route" == then.goto
    assert "has_waited" not in context.data, "once"


def test_a_hold_that_the_erp_refuses_lets_nothing_go() -> None:
    """One person ends nothing, invoices that are not posted wait, and whoever decides is told what is not held."""
    estate = Owed(entered_hold="BANK DETIALS")
    settings = estate.oracle.simulator.world.settings
    estate.oracle.simulator.world.settings = replace(settings, hold_names=frozenset(("BANK DETAILS",)))

    flow = estate.entry(estate.enters())

    (case,) = cases.live_for_document(estate.store.db, flow.document_key)
    assert ("BANK_ENTRY_HELD", ["INV-1"]) == (case.class_, estate.evidence()["unheld"])
    assert "does not hold the payment of INV-1" in case.cause
    assert flow.id == waiting.waiting(estate.store.db, estate.supplier_key)
    with pytest.raises(NotAllowedError, match="nobody has agreed on"):
        actions.resolve(estate.store, estate.who(), [case.id], "it is fine")


def test_a_hold_that_the_erp_refused_is_asked_for_again_with_a_retry() -> None:
    """Once for each look: the ERP's administrator has made the hold meanwhile, or has not."""
    estate = Owed(entered_hold="BANK DETAILS")
    world = estate.oracle.simulator.world
    world.settings = replace(world.settings, hold_names=frozenset(("OTHER",)))
    flow = estate.entry(estate.enters())

    def looks() -> list[str]:
        (case,) = cases.live_for_document(estate.store.db, flow.document_key)
        actions.retry(estate.store, estate.who(), [case.id])
        estate.cycle()
        sent = outbox.of_workflow(estate.store.db, flow.id)
        return [one.state for one in sent if one.operation == "invoice.hold"]

    still = looks()
    world.settings = replace(world.settings, hold_names=frozenset(("BANK DETAILS",)))
    then = looks()

    assert ["refused"] * 2 == still
    assert ["refused"] * 2 == then[:-1]
    assert then[-1] in ("delivered", "verified")
    assert [("BANK DETAILS", False)] == estate.holds()
    assert [] == estate.evidence()["unheld"]


def test_an_invoice_entered_by_hand_meanwhile_says_that_nothing_holds_it() -> None:
    """No process here is about it: whoever reads its story is told to have it stopped in the ERP."""
    estate = Owed(entered_hold="BANK DETAILS")
    flow = estate.entry(estate.enters())
    supplier = estate.oracle.simulator.world.row("suppliers", int(estate.oracle.supplier_id))
    assert supplier is not None
    typed = an_invoice("BY-HAND-1", supplier_number=str(supplier.data["SupplierNumber"])).model_copy(
        update={"reference": None}
    )
    with estate.store.transaction() as db:
        records.put_page(db, typed.entity, TARGET, [records.Incoming("990", typed, b"{}")], MONDAY)
        for _ in range(2):
            unheld_there.note(db, f"{TARGET}:990", MONDAY)
        paid = typed.model_copy(update={"number": "BY-HAND-2", "paid_status": "paid"})
        records.put_page(db, typed.entity, TARGET, [records.Incoming("991", paid, b"{}")], MONDAY)
        unheld_there.note(db, f"{TARGET}:991", MONDAY)

    (found,) = findings.of_document(estate.store.db, f"{TARGET}:990")
    assert ("BANK_DETAILS_CHANGING", f"(change {flow.id}): nothing holds its payment") == (
        found.class_, found.message[found.message.index("(change") : found.message.index("; have")],
    )  # fmt: skip
    assert [] == findings.of_document(estate.store.db, f"{TARGET}:991")


def test_who_else_holds_an_invoice_is_found_by_an_index() -> None:
    """Of all that was ever sent, only what holds this invoice is read."""
    estate = Owed(entered_hold="BANK DETAILS")
    flow = estate.entry(estate.enters())
    asked: list[str] = []
    estate.store.db.set_trace_callback(asked.append)
    supplier_bank_entry._held_for_another(estate.store.db, estate.profile, flow.document_key, (TARGET, "1"))
    estate.store.db.set_trace_callback(None)

    (sql,) = [one for one in asked if "DISTINCT document_key" in one]
    plan = " ".join(row[3] for row in estate.store.db.execute(f"EXPLAIN QUERY PLAN {sql}"))
    assert "outbox_entry_hold" in plan, plan


def test_a_hold_that_is_still_being_sent_lets_nothing_go() -> None:
    """Oracle is in maintenance: nobody is asked yet, and neither is anything posted nor given up by one person."""
    estate = Owed(entered_hold="BANK DETAILS")
    with estate.store.transaction() as db:
        systems.park(db, TARGET, estate.clock.now() + timedelta(days=1), "maintenance", estate.clock.now())

    flow = estate.entry(estate.enters())

    assert "await_holds" == flow.step
    assert flow.id == waiting.waiting(estate.store.db, estate.supplier_key)
    with pytest.raises(NotAllowedError, match="nobody has agreed on"):
        actions.abort_workflow(estate.store, estate.who(), flow.id, "it is fine")


def twin_of(estate: Entered) -> Any:
    """The supplier's party is a second supplier in Oracle."""
    estate.clock.advance(timedelta(minutes=5))
    simulator = estate.oracle.simulator
    row = simulator.world.row(
        "suppliers", int(simulator.add_supplier("Muster Büromöbel Nord GmbH", number="V-8"))
    )
    own = simulator.world.row("suppliers", int(estate.oracle.supplier_id))
    assert row is not None
    assert own is not None
    row.data["SupplierPartyId"] = own.data["SupplierPartyId"]
    simulator.world.tables["suppliers"].put(row)
    row.touch(estate.clock.now())
    return row


@pytest.mark.parametrize("is_first", [True, False])
def test_an_account_of_a_party_holds_all_suppliers_that_it_is(is_first: bool) -> None:
    """Whether the other one was there when the account was entered or came later."""
    estate = Owed(entered_hold="BANK DETAILS")
    if is_first:
        twin_of(estate)
        estate.cycle()
    flow = estate.entry(estate.enters())
    if not is_first:
        twin_of(estate)
        estate.cycle()

    found = {
        waiting.waiting(estate.store.db, one)
        for one in accounts.owners_of(estate.store.db, flow.document_key)
    }

    assert 2 == len(accounts.owners_of(estate.store.db, flow.document_key))
    assert {flow.id} == found
    if is_first:
        assert accounts.owners_of(estate.store.db, flow.document_key) == estate.evidence()["erp"]


def test_an_account_of_nobody_is_held_once_its_party_is_a_supplier() -> None:
    """However much later; that nobody has it is said once."""
    estate = Entered()
    world = estate.oracle.simulator.world
    row = twin_of(estate)
    row.data["SupplierPartyId"] = 77_001
    world.tables["suppliers"].put(row)
    estate.oracle.simulator._bank_account(row, NEW, "DE")
    world.tables["suppliers"].remove(row)
    estate.cycle()
    (entered,) = [one for one in world.tables["externalBankAccounts"] if one.data.get("IBAN") == NEW]
    account = str(entered.data["BankAccountId"])
    for _ in range(9):
        estate.cycle(timedelta(days=1))
    alone = (estate.entry(account).state, estate.open_classes)

    estate.clock.advance(timedelta(minutes=5))
    world.tables["suppliers"].put(row)
    row.touch(estate.clock.now())
    estate.cycle()
    at_once = waiting.waiting(estate.store.db, f"{TARGET}:{row.id}")
    estate.cycle(timedelta(days=1))

    assert ("waiting", []) == alone
    told = estate.store.db.execute("SELECT count(*) FROM finding WHERE class='BANK_ENTRY'").fetchone()
    assert (1,) == tuple(told)
    assert at_once == estate.entry(account).id
    assert ["BANK_ENTRY_HELD"] == estate.open_classes
