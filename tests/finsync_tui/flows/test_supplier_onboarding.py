"""A supplier that is active at its source exists in each ERP, once, and its number comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from finsync_tui import actions
from finsync_tui.delivery import recording
from finsync_tui.flows import runner
from finsync_tui.flows.registry import FLOWS
from finsync_tui.flows.steps import Facts
from finsync_tui.profile import Profile
from finsync_tui.profile.suppliers import Thresholds
from finsync_tui.reconcile.read_back import Want
from finsync_tui.reconcile.suppliers import SupplierCheck
from finsync_tui.suppliers import sweeping
from store import cases, crossrefs, events, leases, outbox, records, supplier_answers, workflows
from store.canonical.event import Event, event_type
from store.canonical.supplier import (
    Supplier,
    SupplierAddress,
    SupplierBankAccount,
    SupplierSite,
    TaxRegistration,
)
from store.outbox import Attempt, Claim, Settlement
from store.workflows import Workflow
from tests.builders import MONDAY, a_clock, a_store, a_supplier
from tests.finsync_tui.flows.desk import PROFILE, SOURCE, TARGET
from tests.finsync_tui.flows.invoice_desk import ANALYST

KEY = f"{SOURCE}:501"
BERLIN = SupplierAddress(postcode="10115", town="Berlin", country="DE")
TAX = TaxRegistration(number="DE136695976", country="DE")


class SupplierDesk:
    """Reads suppliers in, runs the flow, and answers deliveries."""

    def __init__(self, **suppliers: Any) -> None:
        self.clock = a_clock()
        self.store = a_store(self.clock)
        flows = {"supplier_onboarding": {"source": SOURCE}}
        self.profile = Profile.model_validate(
            PROFILE | {"flows": flows, "suppliers": {"create_in": [TARGET], **suppliers}}
        )
        self.lease = leases.acquire(self.store, "test:1:1", timedelta(days=1), MONDAY)

    def put(self, system: str, external_id: str, **changes: Any) -> None:
        """A system shows a supplier: store it, compare it, tell the flow, run."""
        fields: dict[str, Any] = {"number": "", "address": BERLIN, "tax_registrations": (TAX,), "sites": ()}
        record = a_supplier(**fields | changes)
        with self.store.transaction() as db:
            (stored,) = records.put_page(
                db,
                "supplier",
                system,
                [records.Incoming(external_id, record, record.canonical_json())],
                self.clock.now(),
            )
        sweeping.sweep(self.store, Thresholds(), self.clock.now())
        word = {"active": "activated", "inactive": "deactivated"}.get(record.status, "changed")
        event = Event(
            id=f"{system}:{external_id}:v{stored.version}", type=event_type("supplier", word), source=system,
            subject=f"{system}:{external_id}", time=self.clock.now(), data={},
        )  # fmt: skip
        with self.store.transaction() as db:
            events.append(db, [event])
        self.run()

    def run(self) -> None:
        facts = Facts(profile=self.profile, tables={}, policy_version="p/1", mapping_version="")
        runner.advance(self.store, FLOWS, facts, self.clock)

    def deliver(
        self, external_id: str, number: str | None = None, state: str = "delivered", **receipt: Any
    ) -> Claim:
        """Let the one due delivery end so, as delivery records it; return what was sent."""
        now = self.clock.now()
        with self.store.transaction() as db:
            (claim,) = [c for s in (SOURCE, TARGET) for c in outbox.claim(db, s, now, 1, self.lease.token)]
            kept = {"number": number, **receipt}
            settled = Settlement(
                entry_id=claim.entry_id, state=state, external_id=external_id, receipt=kept,  # type: ignore[arg-type]
                attempt=Attempt(now, now, state), message="as the test says",
            )  # fmt: skip
            outbox.settle(db, self.lease.token, [settled], now)
            if state == "delivered":
                recording._link(db, claim, recording.Receipt(external_id, number), now)
            assert claim.workflow_id is not None
            workflows.wake(db, [claim.workflow_id], now)
        self.run()
        return claim

    def read_back(self, **differences: list[dict[str, str]]) -> None:
        flow = self.flow()
        with self.store.transaction() as db:
            data = {**flow.data, "read_back": {TARGET: [], **differences}}
            workflows.save(db, flow.id, state="running", step="verify", data=data, now=self.clock.now())
        self.run()

    def retry(self) -> None:
        flow = self.flow()
        step, is_new = FLOWS[flow.flow].replan_step(flow.kind, flow.step, "")
        with self.store.transaction() as db:
            cases.end_for_workflow(db, flow.id, "closed", "ana", "retried", self.clock.now())
            workflows.save(
                db,
                flow.id,
                state="running",
                step=step,
                data=flow.data,
                now=self.clock.now(),
                generation=flow.generation + is_new,
            )
        self.run()

    def say(self, other: str, answer: Any, one: str = KEY) -> None:
        with self.store.transaction() as db:
            supplier_answers.answer(db, one, other, answer, by="ana", at=self.clock.now())

    def flow(self, key: str = KEY) -> Workflow:
        return workflows.of_document(self.store.db, key)[-1]

    def onboard(self) -> None:
        """All the way to the end."""
        self.put(SOURCE, "501")
        self.deliver("900", "10042")
        self.deliver("71", "MAIN")
        self.deliver("501", "10042")
        self.read_back()

    @property
    def sent(self) -> list[str]:
        return [row[0] for row in self.store.db.execute("SELECT operation FROM outbox_entry ORDER BY id")]

    @property
    def held(self) -> list[str]:
        return [
            row[0] for row in self.store.db.execute("SELECT class FROM exception_case WHERE ended_at IS NULL")
        ]


def test_a_new_supplier_is_created_with_its_site_and_gets_its_number() -> None:
    """In the ERP once, then the number goes back, then both are read again."""
    desk = SupplierDesk()
    desk.put(SOURCE, "501")

    created = desk.deliver("900", "10042")
    site = desk.deliver("71", "MAIN")
    told = desk.deliver("501", "10042")
    desk.read_back()

    assert ["supplier.create", "supplier_site.create", "supplier.change"] == desk.sent
    assert (TARGET, None) == (created.system, created.external_id)
    assert '"DE136695976"' in created.body
    assert ("900", True) == (site.external_id, '"DE Operations"' in site.body)
    assert (SOURCE, "501", '{"number": "10042"}') == (told.system, told.external_id, told.body)
    link = crossrefs.get(desk.store.db, "supplier", KEY, TARGET)
    assert link is not None
    assert ("900", "10042") == (link.external_id, link.number)
    assert ("done", []) == (desk.flow().state, desk.held)


def test_our_own_number_read_back_is_no_news() -> None:
    """The source shows the number that we wrote: it is looked at, and nothing is sent."""
    desk = SupplierDesk()
    desk.onboard()
    desk.put(TARGET, "900", number="10042")
    before = desk.sent

    desk.put(SOURCE, "501", number="10042")

    assert ("change", "done") == (desk.flow().kind, desk.flow().state)
    assert before == desk.sent


def test_a_number_that_another_erps_supplier_bears_is_noted_and_not_asked_for_twice() -> None:
    """Two ERPs number alike: the second supplier gets none at the source, and is still done."""
    desk = SupplierDesk()
    desk.put(
        SOURCE,
        "400",
        number="10042",
        tax_registrations=(TaxRegistration(number="DE811234566", country="DE"),),
        status="draft",
    )
    with desk.store.transaction() as db:
        crossrefs.link(
            db,
            "supplier",
            f"{SOURCE}:400",
            "oracle-amer",
            "7",
            number="10042",
            why="created",
            linked_at=MONDAY,
        )
    desk.put(SOURCE, "501", name="Zenith Robotics")
    desk.deliver("900", "10042")
    desk.deliver("71", "MAIN")
    desk.read_back()

    told = desk.store.db.execute(
        "SELECT document_key FROM finding WHERE class='SUPPLIER_NUMBER_TAKEN'"
    ).fetchall()
    assert [KEY] == [row[0] for row in told]
    assert ("done", ["supplier.create", "supplier_site.create"]) == (desk.flow().state, desk.sent)


def test_one_that_the_erp_has_is_linked_and_not_created() -> None:
    """Its tax id proves it; its company's site is there."""
    desk = SupplierDesk()
    site = SupplierSite(external_id="71", code="B", business_unit="DE Operations")
    desk.put(TARGET, "900", number="10042", sites=(site,), name="Muster Bueromoebel")

    desk.put(SOURCE, "501")

    assert ["supplier.change"] == desk.sent
    assert "await_write_back" == desk.flow().step


def test_a_likely_duplicate_is_asked_about_before_anything_is_created() -> None:
    """Of two names that are alike a person says whether they are one; then it goes on, and nobody is asked again."""
    desk = SupplierDesk()
    desk.put(TARGET, "900", number="10042", tax_registrations=(), address=None, name="Muster Büro-Möbel")
    desk.put(SOURCE, "501")
    before = (desk.held, desk.sent)

    desk.say(f"{TARGET}:900", "same")
    desk.retry()

    assert (["SUPPLIER_DUPLICATE_POSSIBLE"], []) == before
    assert ["supplier_site.create"] == desk.sent
    link = crossrefs.get(desk.store.db, "supplier", KEY, TARGET)
    assert link is not None
    assert ("900", "person") == (link.external_id, link.why)


def test_one_that_a_person_called_different_is_created() -> None:
    """A look-alike of another company stands in nobody's way twice."""
    desk = SupplierDesk()
    desk.put(TARGET, "900", number="10042", tax_registrations=(), address=None, name="Muster Büro-Möbel")
    desk.put(SOURCE, "501")

    desk.say(f"{TARGET}:900", "different")
    desk.retry()

    assert ["supplier.create"] == desk.sent
    assert "await_supplier" == desk.flow().step


def test_two_of_the_source_that_are_one_do_not_both_reach_the_erp() -> None:
    """The second is held while the first is still on its way, though the ERP shows neither yet."""
    desk = SupplierDesk()
    desk.put(SOURCE, "501")

    desk.put(
        SOURCE,
        "502",
        name="MUSTER BUEROMOEBEL GMBH",
        tax_registrations=(TaxRegistration(number="U13585627", country="AT"),),
    )

    assert ["supplier.create"] == desk.sent
    assert ("held", "match") == (desk.flow(f"{SOURCE}:502").state, desk.flow(f"{SOURCE}:502").step)


def test_what_can_not_be_right_is_corrected_first() -> None:
    """A wrong VAT number and a wrong IBAN hold it; the corrected version goes on by itself."""
    desk = SupplierDesk()
    account = SupplierBankAccount(number="x", supplier_id="501", fingerprint="f", masked="DE…3001", problem="the check digits are wrong")  # fmt: skip
    with desk.store.transaction() as db:
        records.put_page(db, "supplier_bank_account", SOURCE, [records.Incoming("a", account, b"a")], MONDAY)
    desk.put(SOURCE, "501", tax_registrations=(TaxRegistration(number="DE136695977", country="DE"),))
    (case,) = cases.of_document(desk.store.db, KEY)
    with desk.store.transaction() as db:
        good = account.model_copy(update={"problem": None})
        records.put_page(db, "supplier_bank_account", SOURCE, [records.Incoming("a", good, b"b")], MONDAY)

    desk.put(SOURCE, "501")

    assert "TAX_ID_INVALID" == case.class_
    assert "bank account DE…3001: the check digits are wrong" in case.cause
    assert ([], ["supplier.create"]) == (desk.held, desk.sent)


@pytest.mark.parametrize("kind", ["employee", "one_time"])
def test_employees_and_one_time_suppliers_are_left_alone(kind: str) -> None:
    """They come to the ERP another way, or not at all."""
    desk = SupplierDesk()

    desk.put(SOURCE, "501", kind=kind)

    assert ("done", []) == (desk.flow().state, desk.sent)


def test_a_supplier_that_ends_at_its_source_ends_in_the_erp_and_comes_back() -> None:
    """Only its status follows: what the ERP knows of it stays."""
    desk = SupplierDesk()
    desk.onboard()
    desk.put(TARGET, "900", number="10042", name="Muster (as the ERP has it)")

    desk.put(SOURCE, "501", number="10042", status="inactive")
    ended = desk.deliver("900", "10042")
    desk.read_back()
    desk.put(SOURCE, "501", number="10042", status="active")
    back = desk.deliver("900", "10042")
    desk.read_back()

    assert ["onboard", "deactivate", "activate"] == [
        w.kind for w in workflows.of_document(desk.store.db, KEY)
    ]
    assert '"status": "inactive"' in ended.body
    assert "as the ERP has it" in ended.body
    assert '"inactive_on": "2026-01-05"' in ended.body
    assert '"status": "active"' in back.body
    assert "done" == desk.flow().state


def test_the_end_of_a_merged_double_leaves_the_supplier_that_stays_alone() -> None:
    """Two of the source are one in the ERP: when one of them ends, the other still stands for it."""
    desk = SupplierDesk()
    desk.onboard()
    desk.put(SOURCE, "502", number="10042")
    desk.put(TARGET, "900", number="10042")

    with desk.store.transaction() as db:
        crossrefs.link(db, "supplier", f"{SOURCE}:502", TARGET, "900", why="merged", linked_at=MONDAY)
    desk.put(SOURCE, "501", number="10042", status="inactive")

    assert ("deactivate", "done") == (desk.flow().kind, desk.flow().state)
    assert ["supplier.create", "supplier_site.create", "supplier.change"] == desk.sent[:3]
    assert not [1 for row in desk.store.db.execute("SELECT body FROM outbox_entry") if "inactive" in row[0]]


def test_what_was_created_is_made_inactive_when_it_is_given_up() -> None:
    """A supplier can't be deleted in an ERP; one that was there before stays as it was."""
    desk = SupplierDesk()
    desk.put(SOURCE, "501")
    desk.deliver("900", "10042")
    desk.deliver("71", "MAIN", state="refused", case_class="REJECTED")
    flow = desk.flow()
    with desk.store.transaction() as db:
        cases.end_for_workflow(db, flow.id, "closed", "ana", "aborted", MONDAY)
        data = {**flow.data, "abort": {"by": "ana", "reason": "not ours"}}
        workflows.save(db, flow.id, state="running", step="compensate", data=data, now=MONDAY)
    desk.run()

    undone = desk.deliver("900", "10042")

    assert ("supplier.change", "900") == (undone.operation, undone.external_id)
    assert '"status": "inactive"' in undone.body
    assert "aborted" == desk.flow().state


def test_a_site_made_at_a_supplier_that_was_there_is_closed_when_it_is_given_up() -> None:
    """The supplier stays as it was; our site leaves no way to order from it."""
    desk = SupplierDesk()
    desk.put(SOURCE, "501")
    desk.deliver("900", "10042", was_found=True)
    desk.deliver("71", "MAIN")

    actions.abort_workflow(desk.store, ANALYST, desk.flow().id, "not ours")
    desk.run()
    undone = desk.deliver("71", "MAIN")

    assert ("supplier_site.close", "900") == (undone.operation, undone.external_id)
    assert '"code": "MAIN"' in undone.body
    assert ("aborted", "supplier_site.close") == (desk.flow().state, desk.sent[-1])


def test_read_back_sees_what_differs() -> None:
    """Missing, another status, another tax id, another number at the source."""
    desk = SupplierDesk()
    desk.put(SOURCE, "501")
    desk.deliver("900", "10042")
    desk.deliver("71", "MAIN")
    desk.deliver("501", "10042")
    check, flow = SupplierCheck(), desk.flow()
    erp, source = check.wants(desk.store.db, flow)

    def seen(**found: Supplier) -> dict[str, list[str]]:
        shown = {want: found[name] for name, want in (("erp", erp), ("source", source)) if name in found}
        differences = check.see(desk.store.db, flow, shown).differences
        return {system: [one.field for one in some] for system, some in differences.items()}

    right = a_supplier(tax_registrations=(TAX,))
    assert Want(TARGET, "supplier", "900") == erp
    assert {TARGET: [], SOURCE: []} == seen(erp=right, source=a_supplier(number="10042"))
    assert {TARGET: ["supplier"], SOURCE: ["number"]} == seen(source=a_supplier(number="7"))
    other = a_supplier(status="inactive", tax_registrations=(TaxRegistration(number="1"),))
    assert ["status", "tax id"] == seen(erp=other)[TARGET]
