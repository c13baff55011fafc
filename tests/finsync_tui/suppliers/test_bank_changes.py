"""Changed bank details: held for two persons and for a while, then in the ERP; the number in no store on the way."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

import pytest

from adapters.base import BankDetails, WriteRequest
from adapters.coupa import bank
from finsync_tui import actions, people
from finsync_tui.actions.acting import checked_reason
from finsync_tui.flows import suppliers
from finsync_tui.flows.steps import Context, Facts
from finsync_tui.flows.supplier_bank_agreement import CHANGE
from finsync_tui.suppliers import accounts
from store import audit, crossrefs, outbox, records, supplier_forms, workflows
from store.calls import unpacked
from store.canonical.supplier import Supplier, SupplierBankAccount, fingerprint
from store.errors import NotAllowedError
from store.workflows import Workflow
from tests.adapters.held_secrets import ACCOUNT_KEY
from tests.adapters.setup_oracle import UNIT
from tests.builders import MONDAY, a_purchase_order
from tests.finsync_tui.flows.desk import SOURCE, TARGET
from tests.finsync_tui.suppliers.estate import Estate

OLD, NEW, THIRD = "DE89370400440532013000", "DE02120300000000202051", "DE02500105170137075030"
ENTITIES = (
    (TARGET, "supplier"), (TARGET, "supplier_bank_account"), (SOURCE, "supplier"), (SOURCE, "supplier_bank_account"),
)  # fmt: skip


class Paid(Estate):
    """One supplier that is paid in Oracle to the account that Coupa shows, too."""

    changer = "the supplier"

    def __init__(self, **profile: Any) -> None:
        super().__init__(ENTITIES, flows={"supplier_bank_change": {"source": SOURCE}}, **profile)
        self.supplier = self.coupa_supplier("Muster Büromöbel GmbH", number="V-7")
        self.show(OLD)
        self.read()
        with self.store.transaction() as db:
            crossrefs.link(
                db,
                "supplier",
                f"{SOURCE}:{self.supplier}",
                TARGET,
                self.oracle.supplier_id,
                why="created",
                linked_at=MONDAY,
            )
        self.settle()

    def show_nothing(self) -> None:
        """The supplier takes its account out of its profile."""
        self.coupa.simulator.put(
            "supplier_information",
            {
                "id": 900,
                "supplier-id": self.supplier,
                "status": "approved",
                "supplier-information-addresses": [],
            },
            by=self.changer,
        )

    def show(
        self, number: str, *more: tuple[str, bool], bic: str | None = None, is_active: bool = True
    ) -> None:
        """The supplier writes this account into its profile; `more` on addresses of their own, each active or not."""
        addresses = [
            {
                "id": 12 + place,
                "iban-number": shown,
                "country": {"code": "DE"},
                "active": is_active,
                "swift-code": bic,
            }
            for place, (shown, is_active) in enumerate(((number, is_active), *more))
        ]
        self.coupa.simulator.put(
            "supplier_information",
            {
                "id": 900,
                "supplier-id": self.supplier,
                "status": "approved",
                "supplier-information-addresses": addresses,
            },
            by=self.changer,
        )

    def changes(self, number: str = NEW) -> Workflow:
        """The profile is changed and read; return the process that this begins."""
        self.clock.advance(timedelta(minutes=5))
        self.show(number)
        self.cycle()
        return self.newest()

    def newest(self) -> Workflow:
        return workflows.of_document(self.store.db, f"{SOURCE}:900-12")[-1]

    def confirm(self, change: int, by: str = "maria") -> None:
        actions.confirm_bank_change(
            self.store, self.profile, self.who(by), change, "called back on the known number", self.signer(by)
        )
        self.settle()

    def approve(self, change: int, by: str = "tom") -> None:
        actions.approve_bank_change(self.store, self.profile, self.who(by), change, self.signer(by))
        self.settle()

    def refuse(self, change: int, why: str = "fraud", by: str = "maria") -> None:
        actions.refuse_bank_change(self.store, self.profile, self.who(by), change, why, self.signer(by))
        self.settle()

    def give_up(self, change: int) -> None:
        """Abort it; it ends when what was taken back was looked up."""
        actions.abort_workflow(self.store, self.who(), change, "wrong supplier")
        self.settle()
        self.cycle()
        self.cycle()

    def proposals(self) -> list[tuple[str, str]]:
        rows = self.store.db.execute("SELECT state, coalesce(decision, '') FROM proposal ORDER BY id")
        return [tuple(row) for row in rows]

    def paid_to(self) -> list[str]:
        """Return the numbers that Oracle would pay the supplier to now."""
        world, today = self.oracle.simulator.world, str(self.clock.now().date())
        party = world.row("suppliers", int(self.oracle.supplier_id)).data["SupplierPartyId"]  # type: ignore[union-attr]
        return sorted(
            str(row.data["IBAN"])
            for row in world.tables["externalBankAccounts"]
            for owner in row.of("accountOwners")
            if owner.data["AccountOwnerPartyIdentifier"] == party
            and str(owner.data["EndDate"] or "9999") > today
        )

    @property
    def sent(self) -> list[str]:
        return [row[0] for row in self.store.db.execute("SELECT operation FROM outbox_entry ORDER BY id")]


def test_what_the_erp_has_already_needs_nobody() -> None:
    """The first reading finds both systems agreed."""
    estate = Paid()

    assert ("done", []) == (estate.newest().state, estate.open_classes)


def test_a_change_is_held_confirmed_approved_cooled_off_and_delivered() -> None:
    """Two persons and two days; then Oracle pays to the new account, read back, and the old one has ended."""
    estate = Paid()
    change = estate.changes()
    held = (estate.open_classes, estate.paid_to(), estate.newest().step)
    (cause, evidence) = estate.store.db.execute(
        "SELECT cause, evidence FROM exception_case WHERE ended_at IS NULL"
    ).fetchone()
    estate.confirm(change.id)
    once = (estate.open_classes, estate.paid_to())
    estate.approve(change.id)
    cooling = (estate.open_classes, estate.newest().step, estate.sent)

    estate.cycle(timedelta(days=2))

    assert (["BANK_CHANGE_HELD"], [OLD], "await_approval") == held
    assert "DE…3000 until now" in cause
    assert '"new":"DE…2051"' in evidence
    assert once == (["BANK_CHANGE_HELD"], [OLD])
    assert ([], "cool_off", []) == cooling
    assert [NEW] == estate.paid_to()
    assert ("done", []) == (estate.newest().state, estate.open_classes)
    estate.cycle()
    theirs = accounts.of_supplier(estate.store.db, f"{TARGET}:{estate.oracle.supplier_id}")
    assert [fingerprint(NEW, ACCOUNT_KEY)] == [one.fingerprint for one in theirs]


def test_no_number_is_in_the_store_or_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Neither in a record, an outbox entry, an attempt, an event, an exception nor the audit log; nor in anything that our
    program, or a library it uses, says in its log, however much that is asked to say."""
    caplog.set_level(logging.DEBUG)
    estate = Paid()
    change = estate.changes()
    estate.confirm(change.id)
    estate.approve(change.id)
    estate.cycle(timedelta(days=2))
    estate.cycle()

    dump = "\n".join(estate.store.db.iterdump())
    payloads = b"\n".join(row[0] for row in estate.store.db.execute("SELECT payload FROM record_version"))
    dump += payloads.decode("utf-8", "replace")
    wire = [
        call
        for row in estate.store.db.execute("SELECT calls FROM attempt ORDER BY id")
        for call in unpacked(row[0])
    ]
    dump += "\n".join(f"{call.path} {call.body}" for call in wire)

    assert [NEW] == estate.paid_to()
    said = "\n".join(f"{one.getMessage()} {one.exc_text or ''}" for one in caplog.records)
    assert "POST" in {call.method for call in wire if '"***"' in call.body}
    assert "finsync.adapters" in {one.name for one in caplog.records}
    assert not [
        number for number in (OLD, NEW) for text in (dump, said) if number in text or number[4:] in text
    ]
    assert audit.verify(estate.store.db).is_intact


def test_a_refused_change_leaves_the_erp_alone_and_flags_the_origin() -> None:
    """Also within the cooling-off time: the supplier objects, and its invoices are reviewed in Coupa from then on."""
    estate = Paid()
    change = estate.changes()
    estate.confirm(change.id)
    estate.approve(change.id)

    estate.refuse(change.id, "the supplier knows nothing of it")
    told = estate.newest()
    estate.cycle(timedelta(days=3))
    estate.cycle()

    assert ("waiting", "verify_flag") == (told.state, told.step)
    assert "verified" == outbox.of_workflow(estate.store.db, change.id)[0].state
    assert ([OLD], ["supplier.change"]) == (estate.paid_to(), estate.sent)
    assert estate.coupa_state(estate.supplier)["hold-invoices-for-ap-review"] is True
    assert "done" == estate.newest().state
    with pytest.raises(NotAllowedError, match="can't be decided any more"):
        estate.confirm(change.id)


def test_a_second_change_makes_what_was_approved_void() -> None:
    """Whoever changes the account again after the approval gets nothing through; the old one still ends in the end."""
    estate = Paid()
    first = estate.changes()
    estate.confirm(first.id)
    estate.approve(first.id)

    second = estate.changes(THIRD)
    estate.cycle(timedelta(days=3))
    between = (estate.paid_to(), estate.open_classes)
    estate.confirm(second.id)
    estate.approve(second.id)
    estate.cycle(timedelta(days=3))

    assert ([OLD], ["BANK_CHANGE_HELD"]) == between
    assert "superseded" == workflows.get(estate.store.db, first.id).state  # type: ignore[union-attr]
    assert [THIRD] == estate.paid_to()


def test_details_that_changed_behind_the_approval_are_never_sent() -> None:
    """What is sent is asked of Coupa at that moment, and compared with what both persons signed."""
    estate = Paid()
    change = estate.changes()
    estate.confirm(change.id)
    estate.approve(change.id)
    estate.clock.advance(timedelta(days=2))
    estate.show(THIRD)  # and nobody has read it yet

    estate.settle()

    assert ([OLD], ["BANK_CHANGE_OUTDATED"]) == (estate.paid_to(), estate.open_classes)


def test_writing_into_the_file_lets_nothing_through() -> None:
    """An approval that is not signed by a second person is none."""
    estate = Paid()
    change = estate.changes()
    estate.confirm(change.id)
    estate.store.db.execute("DROP TRIGGER IF EXISTS proposal_no_update")
    estate.store.db.execute(
        "UPDATE proposal SET state='approved', checker='tom', decided_at=made_at, signature=maker_signature, version=1"
    )
    with estate.store.transaction() as db:
        workflows.wake(db, [change.id], estate.clock.now())
        workflows.save(
            db, change.id, state="running", step="await_approval", data=estate.newest().data, now=MONDAY
        )

    estate.cycle(timedelta(days=3))

    assert ([OLD], []) == (estate.paid_to(), estate.sent)
    assert "BANK_CHANGE_HELD" in estate.open_classes


def test_the_maker_can_not_approve_and_an_impossible_number_goes_nowhere() -> None:
    """And what nobody confirmed can't be approved."""
    estate = Paid()
    wrong = estate.changes("DE02120300000000202052")
    invalid = estate.open_classes
    change = estate.changes()
    with pytest.raises(NotAllowedError, match="comes first"):
        estate.approve(change.id)
    estate.confirm(change.id, by="tom")

    with pytest.raises(NotAllowedError, match="can't approve it too"):
        estate.approve(change.id, by="tom")

    assert ["BANK_ACCOUNT_INVALID"] == invalid
    assert "superseded" == workflows.get(estate.store.db, wrong.id).state  # type: ignore[union-attr]
    assert [OLD] == estate.paid_to()


def test_payments_under_way_are_told() -> None:
    """The story of an order of that supplier says that its bank details are changing, and what became of it."""
    estate = Paid()
    order = a_purchase_order(supplier_id=str(estate.supplier))
    with estate.store.transaction() as db:
        records.put_page(db, order.entity, SOURCE, [records.Incoming("4711", order, b"{}")], MONDAY)
        workflows.start(
            db, flow="requisition_to_pay", kind="create", entity=order.entity, document_key=f"{SOURCE}:4711",
            document_number="PO-1", document_version=1, document_revision="1", step="await_approval", state="waiting",
            now=MONDAY,
        )  # fmt: skip
    change = estate.changes()
    estate.refuse(change.id, "fraud")

    told = estate.store.db.execute(
        "SELECT message FROM finding WHERE document_key=? AND class='BANK_DETAILS_CHANGING' ORDER BY id",
        (f"{SOURCE}:4711",),
    ).fetchall()

    assert ["changing", "refused"] == [
        next(w for w in ("changing", "refused") if w in row[0]) for row in told
    ]


def test_what_was_delivered_can_be_given_up() -> None:
    """Aborted before it was read back: the old account is the supplier's again, and the new one has ended."""
    estate = Paid(governance={"bank_change": "one"}, suppliers={"bank": {"cooling_off": "PT0S"}})
    change = estate.changes()
    actions.confirm_bank_change(estate.store, estate.profile, estate.who(), change.id, "called back")
    estate.deliver()
    delivered = estate.paid_to()

    estate.give_up(change.id)

    assert [NEW] == delivered
    assert ("aborted", [OLD]) == (estate.newest().state, estate.paid_to())
    states = [(one.state, one.ended_at is None) for one in outbox.of_workflow(estate.store.db, change.id)]
    assert [("delivered", False), ("verified", False)] == states, (
        "the change was overtaken by what took it back"
    )


def test_accounts_that_hang_on_a_party_are_its_suppliers() -> None:
    """Oracle keeps accounts on the party: the golden record, the comparison and the view know them as the supplier's."""
    estate = Paid(ownership={"supplier.bank_accounts": TARGET})
    key = f"{TARGET}:{estate.oracle.supplier_id}"

    (value, record_key) = estate.store.db.execute(
        "SELECT f.value, f.record_key FROM v_supplier_field f JOIN v_supplier_record r ON r.supplier_id=f.supplier_id"
        " WHERE f.field='bank_accounts' AND r.record_key=?",
        (key,),
    ).fetchone()
    form = supplier_forms.get(estate.store.db, TARGET, estate.oracle.supplier_id)

    assert key == record_key
    assert f'"fingerprint":"{fingerprint(OLD, ACCOUNT_KEY)}"' in value
    assert form is not None
    assert fingerprint(OLD, ACCOUNT_KEY) in form.accounts.split()
    shown = estate.store.db.execute(
        "SELECT masked FROM v_supplier_account WHERE record_key=?", (key,)
    ).fetchall()
    assert ["DE…3000"] == [row[0] for row in shown]


def test_an_account_that_is_read_later_brings_its_partys_supplier_to_comparison() -> None:
    """Also when only the account is new."""
    estate = Paid()
    change = estate.changes()
    estate.confirm(change.id)
    estate.approve(change.id)
    estate.cycle(timedelta(days=2))
    estate.cycle()

    form = supplier_forms.get(estate.store.db, TARGET, estate.oracle.supplier_id)

    assert form is not None
    assert fingerprint(NEW, ACCOUNT_KEY) in form.accounts.split()


def test_an_account_that_another_address_still_shows_does_not_end() -> None:
    """A supplier has it on two addresses and closes one of them: it is paid as before, and nobody is asked."""
    estate = Paid()
    for is_active in (True, False):
        estate.clock.advance(timedelta(minutes=5))
        estate.show(OLD, (OLD, is_active))
        estate.cycle()

    changes = workflows.of_document(estate.store.db, f"{SOURCE}:900-13")

    assert [("done", 1), ("done", 2)] == [(one.state, one.document_version) for one in changes]
    assert ([OLD], [], []) == (estate.paid_to(), estate.open_classes, estate.sent)


def test_one_account_on_two_addresses_is_asked_about_once() -> None:
    """The second address waits for what becomes of the first, and finds it done."""
    estate = Paid()
    estate.clock.advance(timedelta(minutes=5))
    estate.show(NEW, (NEW, True))
    estate.cycle()
    (first,) = (w for w in workflows.of_document(estate.store.db, f"{SOURCE}:900-12") if w.ended_at is None)
    held = estate.open_classes

    estate.confirm(first.id)
    estate.approve(first.id)
    estate.cycle(timedelta(days=2))
    estate.cycle(timedelta(hours=1))

    (second,) = workflows.of_document(estate.store.db, f"{SOURCE}:900-13")
    assert ["BANK_CHANGE_HELD"] == held
    assert ("done", []) == (second.state, estate.open_classes)
    assert ([NEW], 1) == (estate.paid_to(), len(estate.sent))


def test_giving_up_leaves_what_somebody_had_entered_by_hand() -> None:
    """The ERP had the new account before the delivery came: only what the delivery did is undone."""
    estate = Paid(governance={"bank_change": "one"}, suppliers={"bank": {"cooling_off": "PT0S"}})
    change = estate.changes()
    by_hand = {"supplier": estate.oracle.supplier_id, "on": str(estate.clock.now().date()), "ends": []}
    details = BankDetails(NEW, is_iban=True, country="DE")
    asyncio.run(estate.adapters[TARGET].write(WriteRequest(CHANGE, "hand", None, by_hand, private=details)))
    actions.confirm_bank_change(estate.store, estate.profile, estate.who(), change.id, "called back")
    estate.deliver()
    delivered = estate.paid_to()

    estate.give_up(change.id)

    assert [NEW] == delivered
    assert ("aborted", [NEW, OLD]) == (estate.newest().state, estate.paid_to())


class Unplaced(Paid):
    """Its supplier is not linked with anybody in Oracle yet, and has an account that Oracle does not have."""

    def __init__(self, **profile: Any) -> None:
        super().__init__(**profile)
        with self.store.transaction() as db:
            crossrefs.unlink(db, "supplier", f"{SOURCE}:{self.supplier}", TARGET)
        (self.number,) = self.store.db.execute(
            "SELECT number FROM record WHERE entity='supplier' AND system=? AND external_id=?",
            (TARGET, self.oracle.supplier_id),
        ).fetchone()
        document = self.coupa.simulator.document("suppliers", self.supplier)
        self.coupa.simulator.put("suppliers", {**document, "number": self.number})
        self.changes()
        self.early = (self.newest().state, self.open_classes)


def test_accounts_follow_a_supplier_that_a_document_was_the_first_to_find() -> None:
    """Its order says by a number who it is in Oracle: nobody has onboarded it, and its account is asked about all the same."""
    estate = Unplaced()
    order = a_purchase_order(supplier_id=str(estate.supplier))
    with estate.store.transaction() as db:
        records.put_page(db, order.entity, SOURCE, [records.Incoming("4711", order, b"{}")], MONDAY)
        started = workflows.start(
            db, flow="requisition_to_pay", kind="create", entity=order.entity, document_key=f"{SOURCE}:4711",
            document_number="PO-1", document_version=1, document_revision="1", step="route", state="waiting", now=MONDAY,
        )  # fmt: skip
        live = workflows.get(db, started or 0)
        assert live is not None
        facts = Facts(profile=estate.profile, tables={}, policy_version="p/1", mapping_version="")
        theirs = records.get(db, Supplier, TARGET, estate.oracle.supplier_id)
        assert theirs is not None
        unit = theirs.record.sites[0].business_unit
        setup = estate.profile.legal_entities["DE01"].model_copy(update={"business_unit": unit})
        found = suppliers.confirm(
            Context(db, estate.clock.now(), facts, live, {}),
            setup,
            str(estate.supplier),
            estate.number,
            "Muster",
        )

    estate.settle()

    assert isinstance(found, suppliers.Confirmed), found
    assert ("done", []) == estate.early
    assert ["BANK_CHANGE_HELD"] == estate.open_classes


def test_an_erp_that_gets_the_supplier_while_a_change_is_under_way_is_asked_about_after_it() -> None:
    """What was approved is for the ERPs that people saw; the one that came later is confirmed for itself."""
    estate = Paid()
    change = estate.changes()
    estate.confirm(change.id)
    estate.approve(change.id)
    second = estate.oracle_supplier("Muster Büromöbel GmbH (II)", number="V-9")
    estate.adapters["oracle-us"] = estate.adapters[TARGET]
    systems_of = {**estate.profile.systems, "oracle-us": estate.profile.systems[TARGET]}
    estate.profile = estate.profile.model_copy(update={"systems": systems_of})
    with estate.store.transaction() as db:
        crossrefs.link(
            db,
            "supplier",
            f"{SOURCE}:{estate.supplier}",
            "oracle-us",
            str(second),
            why="created",
            linked_at=MONDAY,
        )

    estate.cycle(timedelta(days=2))

    assert [NEW] == estate.paid_to()
    assert ["BANK_CHANGE_HELD"] == estate.open_classes
    assert [f"oracle-us:{second}"] == [one["supplier"] for one in estate.newest().data["plans"]]


def test_a_flag_that_its_origin_does_not_show_is_told_again() -> None:
    """Coupa said yes and has nothing: the refusal has not ended before it was seen there."""
    estate = Paid()
    change = estate.changes()
    estate.refuse(change.id)
    document = estate.coupa.simulator.document("suppliers", estate.supplier)
    estate.coupa.simulator.put("suppliers", {**document, "hold-invoices-for-ap-review": False})
    estate.cycle()
    estate.cycle()
    held = (estate.newest().state, estate.open_classes)
    (case,) = estate.store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL").fetchone()

    actions.retry(estate.store, estate.who(), [case])
    for _ in range(3):
        estate.cycle()

    assert ("held", ["READ_BACK_DIFFERS"]) == held
    assert estate.coupa_state(estate.supplier)["hold-invoices-for-ap-review"] is True
    assert ("done", []) == (estate.newest().state, estate.open_classes)


def test_a_refusal_that_is_given_up_takes_its_flag_back() -> None:
    """Refused by mistake, and aborted before it was looked at: invoices go as before, and that is read back."""
    estate = Paid()
    change = estate.changes()
    estate.refuse(change.id)
    flagged = estate.coupa_state(estate.supplier)["hold-invoices-for-ap-review"]

    estate.give_up(change.id)

    assert (True, False) == (flagged, estate.coupa_state(estate.supplier)["hold-invoices-for-ap-review"])
    states = [one.state for one in outbox.of_workflow(estate.store.db, change.id)]
    assert ("aborted", "verified") == (estate.newest().state, states[-1])


def test_a_refusal_counts_signed() -> None:
    """Written into the file it stops nothing; nobody refuses without a key of their own, and a retry does not forget it."""
    estate = Paid()
    change = estate.changes()
    estate.confirm(change.id)
    estate.approve(change.id)
    with pytest.raises(people.KeyMissingError):
        actions.refuse_bank_change(estate.store, estate.profile, estate.who(), change.id, "no")
    data = {**estate.newest().data, "refused": {"by": "otto", "reason": "forged"}}
    with estate.store.transaction() as db:
        workflows.save(db, change.id, state="running", step="cool_off", data=data, now=estate.clock.now())
    estate.cycle(timedelta(days=2))

    assert ([NEW], "done") == (estate.paid_to(), estate.newest().state)


def test_what_was_confirmed_and_never_decided_is_closed_with_the_reason() -> None:
    """By a newer version of the account, and by giving the change up."""
    estate = Paid()
    estate.confirm(estate.changes().id)
    second = estate.changes(THIRD)
    estate.confirm(second.id)
    before = estate.proposals()

    estate.give_up(second.id)

    assert ["superseded", "open"] == [state for state, _ in before]
    assert "took its place" in before[0][1]
    assert ("superseded", "given up: wrong supplier") == estate.proposals()[1]


def test_another_bank_code_of_a_known_account_takes_two_and_is_entered_by_hand() -> None:
    """Oracle changes no account that is there by its interface: once agreed on, a person does, and it is read back."""
    estate = Paid()

    def name_bank(code: str) -> None:
        (row,) = estate.oracle.simulator.world.tables["externalBankAccounts"]
        row.data["SWIFTCode"] = code
        row.rendered.clear()
        estate.clock.advance(timedelta(minutes=1))
        row.touch(estate.clock.now())
        estate.cycle()

    def show_bank(code: str) -> Workflow:
        estate.clock.advance(timedelta(minutes=5))
        estate.show(OLD, bic=code)
        estate.cycle()
        return estate.newest()

    name_bank("COBADEFF")
    same = (show_bank("COBADEFFXXX").state, estate.open_classes)
    change = show_bank("COBADEFF370")
    (cause,) = estate.store.db.execute("SELECT cause FROM exception_case WHERE ended_at IS NULL").fetchone()
    estate.confirm(change.id)
    estate.approve(change.id)
    estate.cycle(timedelta(days=2))
    by_hand = (estate.open_classes, estate.sent)
    name_bank("COBADEFF370")
    (case,) = estate.store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL").fetchone()
    actions.retry(estate.store, estate.who(), [case])
    estate.cycle()

    assert ("done", []) == same
    assert "another bank code for account DE…3000 (COBADEFF becomes COBADEFF370)" in cause
    assert (["BANK_CODE_BY_HAND"], []) == by_hand
    assert ("done", [], [OLD]) == (estate.newest().state, estate.open_classes, estate.paid_to())


@pytest.mark.parametrize("changer", ["tom", "Maria@harbour.example"])
def test_who_changed_the_details_at_their_origin_decides_nothing(changer: str) -> None:
    """Neither confirms nor approves; two others do."""
    estate = Paid()
    estate.changer = changer
    change = estate.changes()

    if changer == "tom":
        estate.confirm(change.id)
    with pytest.raises(NotAllowedError, match="changed these details at their origin"):
        estate.approve(change.id) if changer == "tom" else estate.confirm(change.id)

    estate.cycle(timedelta(days=5))
    assert [OLD] == estate.paid_to()


def test_whose_account_it_is_and_that_it_was_refused_is_said() -> None:
    """Whoever decides reads that another supplier is paid to it, and in which change it was refused."""
    estate = Paid()
    friend = estate.oracle.simulator.add_supplier(
        "Fraud Friend Ltd", units=[UNIT], country="DE", bank_accounts=[NEW]
    )
    estate.read()
    first = estate.changes()
    estate.refuse(first.id)
    estate.changes(OLD)

    again = estate.changes()

    cause, evidence = estate.store.db.execute(
        "SELECT cause, evidence FROM exception_case WHERE ended_at IS NULL AND class='BANK_CHANGE_HELD'"
    ).fetchone()
    assert again.id != first.id
    assert f"it is the account of {TARGET}:{friend}, too" in cause
    assert f"refused before (bank change {first.id}" in cause
    assert '"changed_by":"the supplier"' in evidence


@pytest.mark.parametrize(
    "said", [f"called back: {NEW}", "they said DE02 1203 0000 0000 2020 51 on the phone"]
)
def test_an_account_number_in_a_reason_is_refused(said: str) -> None:
    """It would be kept for ever; a telephone number is no account."""
    estate = Paid()
    change = estate.changes()

    for act in (actions.confirm_bank_change, actions.refuse_bank_change):
        with pytest.raises(NotAllowedError, match="an account number stands in these words"):
            act(estate.store, estate.profile, estate.who(), change.id, said, estate.signer())
    actions.confirm_bank_change(
        estate.store, estate.profile, estate.who(), change.id, "called +49 221 4711 0815", estate.signer()
    )

    assert [("open", "")] == estate.proposals()


def test_an_iban_in_any_reason_is_refused_and_what_only_looks_like_one_is_not() -> None:
    """Whatever is decided: reasons of exceptions, breaks and mappings are asked for in the same way."""
    with pytest.raises(NotAllowedError, match="an account number stands in these words"):
        checked_reason(f"paid to {OLD} by hand")

    kept = "order GB12 3456 7890 1234 of 2026-01-05, VAT DE136695976, tel. +49 221 4711 0815"
    assert kept == checked_reason(kept)


def test_an_entry_that_vanishes_from_the_profile_has_ended_there() -> None:
    """Deleted, not deactivated: it is held like any change, and says who changed the profile; two let it end in Oracle."""
    estate = Paid()
    estate.clock.advance(timedelta(minutes=5))
    estate.changer = "jo@muster.example"

    estate.show_nothing()
    estate.cycle()
    (cause, evidence) = estate.store.db.execute(
        "SELECT cause, evidence FROM exception_case WHERE ended_at IS NULL"
    ).fetchone()
    held = records.get(estate.store.db, SupplierBankAccount, SOURCE, "900-12")
    estate.cycle()
    versions = held.version if held is not None else 0
    estate.confirm(estate.newest().id)
    estate.approve(estate.newest().id)
    estate.cycle(timedelta(days=2))

    assert "the end of account DE…3000, which was deleted at its origin" in cause
    assert '"changed_by":"jo@muster.example"' in evidence
    assert held is not None
    assert (False, True, versions) == (held.record.is_active, held.record.is_deleted, 2)
    assert [] == estate.paid_to()
    assert [] == estate.open_classes


def test_a_deactivated_entry_is_no_deleted_one() -> None:
    estate = Paid()
    estate.clock.advance(timedelta(minutes=5))

    estate.show(OLD, is_active=False)
    estate.cycle()

    (cause,) = estate.store.db.execute("SELECT cause FROM exception_case WHERE ended_at IS NULL").fetchone()
    assert "which was deactivated at its origin" in cause


def test_what_can_not_be_read_is_not_gone() -> None:
    """A profile that is broken shows nothing, and says nothing of what it had."""
    profile = b'{"id": 900, "supplier-information-addresses": "none"}'
    shown = b'{"id": 901, "supplier-information-addresses": []}'
    silent = b'{"id": 902}'

    assert ["901"] == list(bank.wholes([profile, shown, silent]))


def test_an_account_in_another_country_than_its_supplier_is_told_or_held() -> None:
    """Whoever decides sees it; where the profile says so, it waits until it was corrected."""
    told, held = Paid(), Paid(suppliers={"bank": {"countries": "hold"}})
    for estate in (told, held):
        estate.changes(NEW)

    (cause,) = told.store.db.execute("SELECT cause FROM exception_case WHERE ended_at IS NULL").fetchone()
    assert "it is in DE, and its supplier in GB" in cause
    assert ["BANK_COUNTRY_DIFFERS"] == sorted(set(held.open_classes))
