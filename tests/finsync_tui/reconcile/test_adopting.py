"""Adopting the target's value: whose it is, who has to agree, what is written where, and what is left alone."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from finsync_tui import actions
from finsync_tui.flows import agreed, runner
from finsync_tui.flows.counters import before_of
from finsync_tui.flows.registry import FLOWS
from finsync_tui.flows.steps import Facts
from finsync_tui.people import RoleMissingError
from finsync_tui.profile.overlay import shipped
from finsync_tui.settings import read_toml
from store import breaks, cases, glances, leases, outbox, reconciliations, records, workflows
from store.breaks import FieldDifference
from store.canonical.payables import Invoice
from store.errors import NotAllowedError
from tests.builders import MONDAY, a_break, a_reconcile_run
from tests.finsync_tui.flows.invoice_desk import an_invoice
from tests.finsync_tui.governance.council import Council, a_signer

NAMES = ("suppliers", "cost_centres", "projects", "expense_invoices")
OWNERS = {
    "supplier.status": "oracle-emea", "cost_centre": "oracle-emea", "project": "oracle-emea", "invoice": "oracle-emea",
}  # fmt: skip


class Desk(Council):
    """People, the shipped definitions, and an engine whose deliveries nobody answers."""

    def __init__(self, owners: dict[str, str] | None = None, **profile: Any) -> None:
        definitions = {
            name: read_toml(shipped() / "shared" / "reconciliations" / f"{name}.toml") for name in NAMES
        }
        super().__init__(
            reconciliations=definitions, ownership=OWNERS if owners is None else owners, **profile
        )

    def open(self, **changes: Any) -> int:
        """Let a run find that the ERP has a supplier inactive, unless it is said otherwise."""
        found = {
            "definition": "suppliers", "entity": "supplier", "key": "coupa:501", "kind": "status_lag",
            "document_key": "coupa:501", "document_number": "S-1", "source_id": "501", "target_id": "900",
            "fields": (FieldDifference("status", "active", "inactive"),),
        }  # fmt: skip
        with self.store.transaction() as db:
            run_id = reconciliations.begin(db, a_reconcile_run(), MONDAY)
            (break_id,) = breaks.open(db, run_id, [a_break(**found | changes)], MONDAY).new
        return break_id

    def adopt(self, number: int = 1, by: str = "maria", seen: actions.Seen | None = None) -> actions.Adopted:
        signer = a_signer(by)
        return actions.adopt_target(
            self.store, self.profile, self.who(by), number, "the ERP is right", signer, seen=seen
        )

    def approve_it(self, number: int = 1, by: str = "tom") -> None:
        actions.approve_adoption(self.store, self.profile, self.who(by), number, a_signer(by))

    def run(self) -> None:
        runner.advance(self.store, FLOWS, Facts(self.profile, {}, "p/1", "m/1"), self.store.clock)

    @property
    def sent(self) -> list[tuple[str, str, str | None, dict[str, Any]]]:
        return [
            (found.system, found.operation, found.external_id, json.loads(found.body))
            for (entry_id,) in self.store.db.execute("SELECT entry_id FROM delivery ORDER BY entry_id")
            if (found := outbox.get(self.store.db, entry_id)) is not None
        ]

    def stopped_by(self, token: int) -> str | None:
        """Return why the first delivery would not leave as it stands now."""
        with self.store.transaction() as db:
            (claimed,) = outbox.claim(db, "coupa", MONDAY, 1, token)
            db.execute("UPDATE delivery SET state='pending'")
        return agreed.problem(self.store.db, self.profile, claimed, MONDAY)

    @property
    def state(self) -> tuple[str, str | None]:
        one = breaks.get(self.store.db, 1)
        assert one is not None
        return one.state, one.fix


def test_an_adopted_value_is_written_to_its_source_once_two_agree() -> None:
    """Proposed by one nothing happens; approved by another the source is told, and the break waits for both sides to agree."""
    desk = Desk()
    desk.open()

    assert not desk.adopt().is_in_force
    desk.run()
    assert [] == desk.sent
    desk.approve_it()
    desk.run()

    body = {"status": "inactive", "before": {"status": "active"}}
    assert [("coupa", "supplier.change", "501", body)] == desk.sent
    assert ("open", "adopt") == desk.state
    assert [("maria", "break.adoption_proposed"), ("tom", "break.adopted")] == desk.noted[:2]


def test_an_adoption_of_what_somebody_changed_meanwhile_is_refused() -> None:
    """Who decided while a colleague wrote a note is told so; of what nobody touched it is done."""
    desk = Desk(governance={"adoption": "one"})
    number = desk.open()
    seen = glances.of_breaks(desk.store.db, [number])
    actions.comment_on_break(desk.store, desk.who("tom"), number, "the ERP is wrong here")

    with pytest.raises(NotAllowedError, match="somebody has written a note on it"):
        desk.adopt(seen=seen)
    with pytest.raises(NotAllowedError, match="somebody has written a note on it"):
        actions.write_off(
            desk.store, desk.profile, desk.who("maria"), number, "gone", a_signer("maria"), seen=seen
        )

    assert ("open", None) == desk.state
    assert desk.adopt(seen=glances.of_breaks(desk.store.db, [number])).is_in_force


def test_where_one_person_is_enough_the_engine_writes_at_once() -> None:
    """As the profile says; a value that is yes or no goes as such."""
    desk = Desk(governance={"adoption": "one"})
    desk.open(
        definition="cost_centres", entity="cost_centre", kind="field", document_key="coupa:31", source_id="31",
        fields=(FieldDifference("in use", "true", "false"),),
    )  # fmt: skip

    assert desk.adopt().is_in_force
    desk.run()

    body = {"is_active": False, "before": {"is_active": True}}
    assert [("coupa", "lookup_value.change", "31", body)] == desk.sent
    with pytest.raises(NotAllowedError, match="being adopted already"):
        desk.adopt()


@pytest.mark.parametrize(
    ("owners", "changes", "why"),
    [
        ({}, {}, "does not say who is master of supplier.status"),
        ({"supplier": "coupa"}, {}, "coupa is master of supplier.status"),
        (None, {"kind": "missing_in_target", "fields": ()}, "no value to adopt"),
        (None, {"fields": (FieldDifference("status", "active", None),)}, "says nothing of status"),
        (
            None,
            {"definition": "projects", "kind": "field", "fields": (FieldDifference("in use", "true", "false"),)},
            "nothing says how coupa is told its in use",
        ),
        (None, {"definition": "gone"}, "no definition"),
    ],
)  # fmt: skip
def test_what_the_target_is_not_master_of_is_not_adopted(
    owners: dict[str, str] | None, changes: dict[str, Any], why: str
) -> None:
    """It says why, and what helps; nothing is changed."""
    desk = Desk(owners, governance={"adoption": "one"})
    desk.open(**changes)

    with pytest.raises(NotAllowedError, match=why):
        desk.adopt()
    assert ("open", None) == desk.state


def test_what_was_decided_here_is_stored_anew() -> None:
    """No system is told: the record of the decision gets the ERP's value; an amount made of lines does not."""
    desk = Desk(governance={"adoption": "one"})
    with desk.store.transaction() as db:
        record = an_invoice(number="X-1")
        records.put_page(
            db,
            Invoice.entity,
            "finsync",
            [records.Incoming("concur:7", record, record.canonical_json())],
            MONDAY,
        )
    own = {
        "definition": "expense_invoices", "entity": "expense_document", "source_system": "finsync", "kind": "field",
        "document_key": "concur:7", "source_id": "concur:7",
    }  # fmt: skip
    desk.open(**own, fields=(FieldDifference("number", "X-1", "X-1a"),))
    other = desk.open(**own, key="2", fields=(FieldDifference("total", "100.00 EUR", "90.00 EUR"),))

    desk.adopt()
    desk.run()

    held = records.get(desk.store.db, Invoice, "finsync", "concur:7")
    assert held is not None
    assert ("X-1a", []) == (held.record.number, desk.sent)
    with pytest.raises(NotAllowedError, match="made of several values"):
        desk.adopt(other)


def test_another_difference_than_was_signed_is_left_alone() -> None:
    """By the time the engine looks, the source shows something else."""
    desk = Desk(governance={"adoption": "one"})
    desk.open()
    desk.adopt()
    desk.sql("UPDATE reconcile_break SET fingerprint='other'")

    desk.run()

    (flow,) = workflows.of_document(desk.store.db, "coupa:501", "supplier")
    assert ("aborted", []) == (flow.state, desk.sent)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE workflow SET data=replace(data, 'inactive', 'blocked')",
        "UPDATE proposal SET checker='maria'",
        "UPDATE workflow SET data=json_set(data, '$.proposal', NULL)",
    ],
)
def test_writing_into_the_file_adopts_nothing(statement: str) -> None:
    """The engine checks both signatures over what it is about to write."""
    desk = Desk()
    desk.open()
    desk.adopt()
    desk.approve_it()
    desk.sql(statement)

    desk.run()

    assert [] == desk.sent
    (case,) = cases.live_for_document(desk.store.db, "coupa:501")
    assert "APPROVAL_INVALID" == case.class_


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE outbox_entry SET body=replace(body, 'inactive', 'draft')",
        "UPDATE outbox_entry SET external_id='502'",
        "UPDATE proposal SET checker='maria'",
        "UPDATE workflow SET step='compensate'",
    ],
)
def test_a_value_that_was_not_agreed_on_does_not_leave(statement: str) -> None:
    """What was decided is compared with what both signed when it is about to be sent; and nobody edits it on its way."""
    desk = Desk()
    desk.open()
    desk.adopt()
    desk.approve_it()
    desk.run()
    with pytest.raises(NotAllowedError, match="nobody edits that: give it up"):
        actions.replay_deliveries(desk.store, desk.who("maria"), [1], "typo", "{}")
    lease = leases.acquire(desk.store, "test:1:1", timedelta(days=365), MONDAY)
    before = desk.stopped_by(lease.token)

    for (name,) in desk.store.db.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
        desk.store.db.execute(f'DROP TRIGGER "{name}"')
    desk.sql(statement)

    assert before is None
    assert desk.stopped_by(lease.token) is not None


def test_each_adopted_field_becomes_what_it_was() -> None:
    """Given up, every field of a change gets its own value back; one that nobody knows stays."""
    body = {
        "name": "A",
        "is_active": False,
        "number": "7",
        "before": {"name": "B", "is_active": True, "number": None},
    }

    assert {"name": "B", "is_active": True} == before_of(body)


def test_nobody_approves_their_own_adoption() -> None:
    """Nor does somebody without the role; what is rejected or withdrawn leaves the break open."""
    desk = Desk()
    desk.open()
    desk.adopt(by="tom")

    with pytest.raises(NotAllowedError, match="can't approve it too"):
        desk.approve_it()
    with pytest.raises(RoleMissingError):
        desk.approve_it(by="maria")
    with pytest.raises(NotAllowedError, match="waits for a second person already"):
        actions.write_off(desk.store, desk.profile, desk.who("maria"), 1, "gone", a_signer("maria"))
    actions.withdraw_adoption(desk.store, desk.who("tom"), 1, "wrong one")
    desk.adopt()
    actions.reject_adoption(desk.store, desk.who("tom"), 1, "it is needed")

    assert ("open", None) == desk.state
    assert ["adoption withdrawn: wrong one", "adoption rejected: it is needed"] == [
        one.text for one in breaks.history(desk.store.db, 1) if one.what == "commented"
    ]
