"""What persons agreed on is what leaves: nobody edits it on its way, and a body that is another one is never sent."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from adapters.simulation import Fault
from finsync_tui import actions
from finsync_tui.flows import supplier_bank_agreement as agreement
from finsync_tui.flows.registry import FLOWS, SIGNED_WRITES
from finsync_tui.flows.supplier_bank_agreement import CHANGE
from store import outbox, records, supplier_merges, systems, workflows
from store.canonical.supplier import fingerprint, masked
from store.errors import NotAllowedError
from tests.adapters.held_secrets import ACCOUNT_KEY
from tests.builders import MONDAY, a_purchase_order
from tests.finsync_tui.flows.desk import SOURCE, TARGET
from tests.finsync_tui.suppliers.estate import Estate
from tests.finsync_tui.suppliers.test_bank_changes import NEW, OLD, THIRD, Paid
from tests.finsync_tui.suppliers.test_merging import Twice


def _outdated() -> tuple[Paid, int, int, str]:
    """An approved change whose origin shows another account by the time it is sent: the exception, its delivery, and
    a body that names that account."""
    estate = Paid()
    change = estate.changes()
    estate.confirm(change.id)
    estate.approve(change.id)
    estate.clock.advance(timedelta(days=2))
    estate.show(THIRD)
    estate.settle()
    case_id, entry_id = estate.store.db.execute(
        "SELECT id, entry_id FROM exception_case WHERE ended_at IS NULL"
    ).fetchone()
    body = json.loads(outbox.get(estate.store.db, entry_id).body)  # type: ignore[union-attr]
    body["account"] |= {"fingerprint": fingerprint(THIRD, ACCOUNT_KEY), "masked": masked(THIRD)}
    return estate, case_id, entry_id, json.dumps(body)


def test_one_person_can_not_edit_signed_bank_details() -> None:
    """Neither through the exception nor through the delivery; both say what to do instead, and the ERP keeps what it has."""
    estate, case_id, entry_id, body = _outdated()

    with pytest.raises(
        NotAllowedError, match=r"nobody edits that: have the details corrected at their origin"
    ):
        actions.edit(estate.store, estate.who(), case_id, body, "typo")
    with pytest.raises(NotAllowedError, match=r"nobody edits that.*bank-list.*Nothing was changed"):
        actions.replay_deliveries(estate.store, estate.who(), [entry_id], "typo", body)
    estate.settle()

    assert ([OLD], ["BANK_CHANGE_OUTDATED"]) == (estate.paid_to(), estate.open_classes)


def test_a_signed_delivery_may_be_sent_again_as_it_was_decided() -> None:
    """Once the origin shows again what was signed, it goes."""
    estate, _, entry_id, _ = _outdated()
    estate.show(NEW)

    actions.replay_deliveries(estate.store, estate.who(), [entry_id], "the origin was put right")
    estate.settle()

    assert [NEW] == estate.paid_to()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE delivery SET edited_body=json_set((SELECT body FROM outbox_entry WHERE id=entry_id), {third})",
        "UPDATE outbox_entry SET body=json_set(body, {third})",
        "UPDATE outbox_entry SET body=json_set(body, '$.ends', json_array())",
        "UPDATE outbox_entry SET body=json_set(body, '$.on', '2031-01-01')",
        "UPDATE outbox_entry SET body='[]'",
        """UPDATE outbox_entry SET body='{{"account": {{}}}}'""",
        "UPDATE outbox_entry SET workflow_id=NULL",
        "UPDATE workflow SET flow='supplier_onboarding'",
        "UPDATE workflow SET step='compensate'",
        "UPDATE proposal SET checker='maria'",
        "UPDATE proposal SET decided_at='2026-01-01T00:00:00Z'",
    ],
)
def test_bank_details_that_somebody_wrote_into_the_file_never_leave(statement: str) -> None:
    """The body, its edit, its process, its approval: whatever is another one, Oracle pays to the old account."""
    estate = Paid()
    change = estate.changes()
    estate.confirm(change.id)
    estate.approve(change.id)
    with estate.store.transaction() as db:
        systems.pause(db, TARGET, "weekend", estate.clock.now())
    estate.clock.advance(timedelta(days=2))
    estate.settle()
    third = (
        f"'$.account.fingerprint', '{fingerprint(THIRD, ACCOUNT_KEY)}', '$.account.masked', '{masked(THIRD)}'"
    )
    for (name,) in estate.store.db.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
        estate.store.db.execute(f'DROP TRIGGER "{name}"')
    estate.store.db.execute("PRAGMA foreign_keys=OFF")
    estate.store.db.execute(statement.format(third=third))
    if "account" in statement:
        estate.show(THIRD)

    with estate.store.transaction() as db:
        systems.resume(db, TARGET, "monday", estate.clock.now())
    estate.settle()

    (state, message) = estate.store.db.execute("SELECT state, message FROM delivery").fetchone()
    assert [OLD] == estate.paid_to()
    assert state in ("refused", "cancelled")
    assert "it is not what persons agreed on" in message


def test_a_change_that_has_not_cooled_off_does_not_leave() -> None:
    """Whatever let it out: a policy that asks for more time by now, or a hand in the file."""
    estate = Paid()
    change = estate.changes()
    estate.confirm(change.id)
    estate.approve(change.id)
    with estate.store.transaction() as db:
        systems.pause(db, TARGET, "weekend", estate.clock.now())
    estate.clock.advance(timedelta(days=2))
    estate.settle()
    bank = estate.profile.suppliers.bank.model_copy(update={"cooling_off": timedelta(days=9)})
    suppliers = estate.profile.suppliers.model_copy(update={"bank": bank})
    estate.profile = estate.profile.model_copy(update={"suppliers": suppliers})

    with estate.store.transaction() as db:
        systems.resume(db, TARGET, "monday", estate.clock.now())
    estate.settle()

    (message,) = estate.store.db.execute("SELECT message FROM delivery").fetchone()
    assert [OLD] == estate.paid_to()
    assert "it has not cooled off before" in message


def test_an_approval_that_was_written_over_while_it_cooled_off_asks_for_nothing() -> None:
    """Both signatures are looked at again when the time is over, before anything is put into the outbox."""
    estate = Paid()
    change = estate.changes()
    estate.confirm(change.id)
    estate.approve(change.id)
    for (name,) in estate.store.db.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
        estate.store.db.execute(f'DROP TRIGGER "{name}"')
    estate.store.db.execute("UPDATE proposal SET checker='maria'")

    estate.cycle(timedelta(days=3))

    assert ([], [OLD]) == (estate.sent, estate.paid_to())


def test_what_is_signed_of_an_account_names_its_bank() -> None:
    """One number at two banks is two accounts."""
    estate = Paid()
    change = estate.changes()
    account = agreement.account_of(estate.store.db, change)

    elsewhere = account.model_copy(update={"terms": "of another bank"})

    assert agreement.body_of(change, account) != agreement.body_of(change, elsewhere)


def test_a_refused_body_is_an_exception_of_its_own_and_is_confirmed_anew() -> None:
    """A retry decides from what the origin shows, and asks both persons again."""
    estate = Paid()
    change = estate.changes()
    estate.confirm(change.id)
    estate.approve(change.id)
    with estate.store.transaction() as db:
        systems.pause(db, TARGET, "weekend", estate.clock.now())
    estate.clock.advance(timedelta(days=2))
    estate.settle()
    estate.store.db.execute("UPDATE delivery SET edited_body='{}'")
    with estate.store.transaction() as db:
        systems.resume(db, TARGET, "monday", estate.clock.now())
    estate.settle()
    held = estate.open_classes
    (case_id,) = estate.store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL").fetchone()

    actions.retry(estate.store, estate.who(), [case_id])
    estate.settle()
    again = (estate.open_classes, estate.paid_to())
    estate.confirm(change.id)
    estate.approve(change.id)
    estate.cycle(timedelta(days=2))

    assert ["WRITE_NOT_AGREED"] == held
    assert (["BANK_CHANGE_HELD"], [OLD]) == again
    assert ([NEW], []) == (estate.paid_to(), estate.open_classes)


def test_taking_a_delivered_change_back_sends_only_what_takes_it_back() -> None:
    """Whoever writes another account into the undoing gets nothing through."""
    estate = Paid(governance={"bank_change": "one"}, suppliers={"bank": {"cooling_off": "PT0S"}})
    change = estate.changes()
    actions.confirm_bank_change(estate.store, estate.profile, estate.who(), change.id, "called back")
    estate.deliver()
    with estate.store.transaction() as db:
        systems.pause(db, TARGET, "weekend", estate.clock.now())
    actions.abort_workflow(estate.store, estate.who(), change.id, "wrong supplier")
    estate.settle()
    estate.store.db.execute(
        "UPDATE delivery SET edited_body=(SELECT json_set(body, '$.ends', json_array()) FROM outbox_entry WHERE id=entry_id)"
        " WHERE state='pending'"
    )

    with estate.store.transaction() as db:
        systems.resume(db, TARGET, "monday", estate.clock.now())
    estate.settle()
    stopped = (estate.open_classes, estate.paid_to())
    (case_id,) = estate.store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL").fetchone()
    actions.retry(estate.store, estate.who(), [case_id])
    estate.settle()

    assert (["WRITE_NOT_AGREED"], [NEW]) == stopped
    assert ([OLD], []) == (estate.paid_to(), estate.open_classes)


class Waiting(Twice):
    """A merge that was approved, and waits until an order with the double has ended."""

    def __init__(self) -> None:
        super().__init__()
        self.innocent = self.coupa_supplier("Innocent Third Ltd", number="V-9")
        self.cycle()
        order = a_purchase_order(supplier_id=str(self.double))
        with self.store.transaction() as db:
            records.put_page(db, order.entity, SOURCE, [records.Incoming("4711", order, b"{}")], MONDAY)
            self.order = workflows.start(
                db, flow="requisition_to_pay", kind="create", entity=order.entity, document_key=f"{SOURCE}:4711",
                document_number="PO-1", document_version=1, document_revision="1", step="await_approval",
                state="waiting", now=MONDAY,
            )  # fmt: skip
        self.merge_id = self.merged()

    def end_the_wait(self) -> None:
        assert self.order is not None
        with self.store.transaction() as db:
            workflows.save(db, self.order, state="done", step="verify", data={}, now=MONDAY, ended=True)
        self.cycle(timedelta(hours=7))

    def write(self, **plan: Any) -> None:
        """Somebody with the file changes the plan of the merge."""
        merge = supplier_merges.get(self.store.db, self.merge_id)
        assert merge is not None
        changed = json.dumps({**merge.plan_data, **plan})
        self.store.db.execute("UPDATE supplier_merge SET plan=?", (changed,))

    def status(self, supplier_id: int) -> str:
        return str(self.coupa_state(supplier_id)["status"])


def test_a_plan_that_was_changed_while_documents_were_waited_for_ends_nobody() -> None:
    """Both signatures are checked again when the wait is over."""
    estate = Waiting()
    merge = supplier_merges.get(estate.store.db, estate.merge_id)
    assert merge is not None
    endings = [one | {"key": f"{SOURCE}:{estate.innocent}"} for one in merge.plan_data["endings"][:1]]
    estate.write(endings=endings)

    estate.end_the_wait()

    assert ["APPROVAL_INVALID"] == estate.open_classes
    assert ["active", "active"] == [estate.status(one) for one in (estate.innocent, estate.double)]


def test_a_double_is_not_ended_for_one_that_went_inactive_meanwhile() -> None:
    """Nobody would be left to order from."""
    estate = Waiting()
    document = estate.coupa.simulator.document("suppliers", estate.kept)
    estate.coupa.simulator.put("suppliers", {**document, "status": "inactive"})
    estate.cycle()

    estate.end_the_wait()

    assert ["MERGE_OUTDATED"] == estate.open_classes
    assert "active" == estate.status(estate.double)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("supplier", "json_array()"),
        ("name", "'Another Name Ltd'"),
        ("status", "'draft'"),
        ("fields", "json_array('name')"),
    ],
)
def test_the_end_of_a_double_changes_nothing_else_of_it(field: str, value: str) -> None:
    """A body that says more than was agreed on is not sent, and asked anew after a retry."""
    estate = Waiting()
    with estate.store.transaction() as db:
        systems.pause(db, SOURCE, "weekend", estate.clock.now())
    estate.end_the_wait()
    estate.store.db.execute(
        f"UPDATE delivery SET edited_body=(SELECT json_set(body, '$.{field}', {value}) FROM outbox_entry WHERE id=entry_id)"
    )
    with estate.store.transaction() as db:
        systems.resume(db, SOURCE, "monday", estate.clock.now())
    estate.settle()
    stopped = (estate.open_classes, estate.status(estate.double))
    (case_id,) = estate.store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL").fetchone()
    with pytest.raises(NotAllowedError, match="propose another"):
        actions.edit(estate.store, estate.who(), case_id, "{}", "typo")

    actions.retry(estate.store, estate.who(), [case_id])
    estate.settle()

    assert (["WRITE_NOT_AGREED"], "active") == stopped
    assert ("inactive", "merged", []) == (
        estate.status(estate.double), estate.state(estate.merge_id), estate.open_classes,
    )  # fmt: skip


def test_a_merge_that_would_change_other_things_by_now_is_proposed_anew() -> None:
    """The second person approves what was planned, not what it has become."""
    estate = Twice()
    made = estate.merge()
    document = estate.coupa.simulator.document("suppliers", estate.double)
    estate.clock.advance(timedelta(minutes=5))
    estate.coupa.simulator.put("suppliers", {**document, "status": "inactive"})
    estate.cycle()

    with pytest.raises(NotAllowedError, match="other things by now"):
        actions.approve_merge(
            estate.store, estate.profile, estate.who("tom"), made.merge, estate.signer("tom")
        )

    assert "proposed" == estate.state(made.merge)


def test_flows_that_people_sign_say_so() -> None:
    """Each with what to do instead of editing; a write that always takes persons belongs to one of them."""
    estate = Estate()
    with estate.store.transaction() as db:
        started = workflows.start(
            db, flow="x", kind="x", entity="x", document_key="x:1", document_number="1", document_version=1,
            document_revision="", step="x", now=MONDAY,
        )  # fmt: skip
    any_workflow = workflows.get(estate.store.db, started or 0)
    assert any_workflow is not None

    signed = {name: flow.anew(any_workflow) for name, flow in FLOWS.items() if flow.is_signed}

    assert {"supplier_bank_change", "supplier_merge", "break_adoption"} == set(signed)
    assert all("finsync" in words for words in signed.values())
    assert {CHANGE: "supplier_bank_change"} == dict(SIGNED_WRITES)


def test_a_merge_that_a_system_refused_is_given_up_and_not_resolved() -> None:
    """Links and answers would stay joined for ever: the message says what takes them back."""
    estate = Waiting()
    with estate.store.transaction() as db:
        systems.pause(db, SOURCE, "weekend", estate.clock.now())
    estate.end_the_wait()
    estate.store.db.execute("UPDATE delivery SET edited_body='{\"supplier\": {}}'")
    with estate.store.transaction() as db:
        systems.resume(db, SOURCE, "monday", estate.clock.now())
    estate.settle()
    (case_id, workflow_id) = estate.store.db.execute(
        "SELECT id, workflow_id FROM exception_case WHERE ended_at IS NULL"
    ).fetchone()

    for act in (actions.resolve, actions.ignore):
        with pytest.raises(NotAllowedError, match=f"`finsync workflow abort {workflow_id} --reason TEXT`"):
            act(estate.store, estate.who(), [case_id], "done by hand")
    actions.abort_workflow(estate.store, estate.who(), workflow_id, "done by hand")
    estate.settle()

    assert ("given_up", "active", []) == (
        estate.state(estate.merge_id), estate.status(estate.double), estate.open_classes,
    )  # fmt: skip


def test_bank_details_that_the_erp_did_not_keep_are_told_again_after_a_retry() -> None:
    """Somebody has brought the old account back before it was read: what was agreed on is sent once more, and nobody is
    asked anew."""
    estate = Paid()
    change = estate.changes()
    estate.confirm(change.id)
    estate.approve(change.id)
    estate.clock.advance(timedelta(days=2))
    estate.deliver()
    for account in estate.oracle.simulator.world.tables["externalBankAccounts"]:
        for owner in account.of("accountOwners"):
            owner.data["EndDate"] = None
        account.rendered.clear()
    estate.settle()
    held = (estate.open_classes, estate.paid_to())
    (case_id,) = estate.store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL").fetchone()

    actions.retry(estate.store, estate.who(), [case_id])
    estate.settle()

    assert (["READ_BACK_DIFFERS"], sorted((NEW, OLD))) == held
    assert ([NEW], [], "done") == (estate.paid_to(), estate.open_classes, estate.newest().state)
    assert 1 == len(estate.sent)


def test_the_end_of_a_double_that_its_system_did_not_keep_is_told_again_after_a_retry() -> None:
    """It said yes and shows the double active: the same is sent once more."""
    estate = Waiting()
    estate.oracle.faults.add(
        Fault(id="lie", kind="unsaved", path=f"/suppliers/{estate.erp_double}", method="PATCH")
    )
    estate.end_the_wait()
    held = (estate.open_classes, estate.oracle_state(estate.erp_double)["Status"])
    (case_id,) = estate.store.db.execute("SELECT id FROM exception_case WHERE ended_at IS NULL").fetchone()

    actions.retry(estate.store, estate.who(), [case_id])
    estate.settle()

    assert (["READ_BACK_DIFFERS"], "ACTIVE") == held
    assert ("INACTIVE", "merged", []) == (
        estate.oracle_state(estate.erp_double)["Status"], estate.state(estate.merge_id), estate.open_classes,
    )  # fmt: skip
