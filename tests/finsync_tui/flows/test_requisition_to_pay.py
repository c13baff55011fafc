"""Requisition to pay, decision by decision."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from finsync_tui import actions, explain
from finsync_tui.actions import Actor
from finsync_tui.flows.rates import EXTRACT
from finsync_tui.profile import Profile
from store import cases, commitments, leases, outbox, workflows
from store.canonical.budget import Budget
from store.canonical.money import Money
from store.canonical.purchasing import FieldChange, OrderDistribution, OrderRevision, PurchaseOrder
from store.canonical.supplier import SupplierSite, TaxRegistration
from store.clock import instant
from store.errors import NotAllowedError
from tests.builders import (
    MONDAY,
    a_case,
    a_cost_centre,
    a_purchase_order,
    a_supplier,
    an_account_combination,
    an_order_line,
)
from tests.finsync_tui.flows.desk import PROFILE, SOURCE, TARGET, Desk

ANALYST = Actor("ana", "cli")


def the_erp_order(status: str = "open", **changes: Any) -> PurchaseOrder:
    return a_purchase_order(
        number="ERP-1", status=status, supplier_id="900", reference="coupa:PO-100234", revision="0", **changes
    )


def an_open_desk() -> Desk:
    """A desk whose order has become an open commitment in the ERP, written back and verified."""
    desk = Desk()
    desk.order(a_purchase_order())
    desk.answer()
    desk.answer()
    desk.erp_shows(the_erp_order())
    desk.answer()
    desk.read_back()
    return desk


def test_an_approved_order_becomes_a_commitment_and_its_number_comes_back() -> None:
    """Create, submit, wait for approval, write back, done only when both sides were read back."""
    desk = Desk()

    desk.order(a_purchase_order())
    steps = [desk.workflow.step]
    desk.answer()
    steps.append(desk.workflow.step)
    desk.answer()
    steps.append(desk.workflow.step)
    desk.erp_shows(the_erp_order("pending_approval"))
    steps.append(desk.workflow.step)
    desk.erp_shows(the_erp_order("open"))
    steps.append(desk.workflow.step)
    desk.answer()
    steps.append(desk.workflow.step)
    desk.read_back()

    waits = [
        "await_commitment",
        "await_submit",
        "await_approval",
        "await_approval",
        "await_write_back",
        "verify",
    ]
    assert waits == steps
    assert desk.workflow.state == "done"
    assert desk.sent == ["order.create", "order.submit", "order.write_back"]
    assert desk.body("order.write_back")["fields"] == {"erp_number": "ERP-1", "erp_status": "Open"}
    assert desk.exceptions == []


def test_a_step_that_is_over_keeps_until_when_it_had_to_be() -> None:
    """What was promised while it waited stands beside when it ended, so that a step can be seen to have been late."""
    desk = Desk()
    desk.order(a_purchase_order())
    desk.answer()
    desk.answer()
    desk.erp_shows(the_erp_order("pending_approval"))
    waited = desk.workflow

    desk.clock.advance(timedelta(days=9))
    desk.erp_shows(the_erp_order("open"))

    kept = {step.name: step for step in workflows.steps(desk.store.db, waited.id)}
    assert "await_approval" == waited.step
    assert waited.due_at is not None
    assert waited.due_at == kept[waited.step].due_at
    assert waited.due_at < kept[waited.step].ended_at
    assert None is kept["route"].due_at


def test_the_commitment_says_what_decided_it() -> None:
    """Accounts come from the mapping, metadata from the policy, totals from the order to the minor unit."""
    desk = Desk()

    desk.order(a_purchase_order(total="101.05"))

    asked = desk.body("order.create")["commitment"]
    assert asked["total"] == {"amount_minor": 10105, "currency": "EUR"}
    assert [d["charge_account"] for d in asked["lines"][0]["distributions"]] == ["01-420-7110-0000-000"]
    assert (asked["supplier_id"], asked["supplier_site_id"]) == ("900", "71")
    assert asked["policy"]["policy_version"] == "requisition_to_pay/1"
    assert asked["marker"] == "coupa:PO-100234"


def _an_unknown_supplier(desk: Desk) -> None:
    desk.put(SOURCE, "501", a_supplier(number="X-9", tax_registrations=(), sites=()))


def _two_suppliers(desk: Desk) -> None:
    desk.put(SOURCE, "501", a_supplier(number="X-9", sites=()))
    desk.put(TARGET, "901", a_supplier(number="S-1002"))


def _a_contradicting_tax_id(desk: Desk) -> None:
    desk.put(SOURCE, "501", a_supplier(tax_registrations=(TaxRegistration(number="DE136695976"),), sites=()))


def _an_inactive_supplier(desk: Desk) -> None:
    desk.put(TARGET, "900", a_supplier(status="inactive"))


def _a_supplier_without_a_site(desk: Desk) -> None:
    desk.put(TARGET, "900", a_supplier(sites=(SupplierSite(external_id="1", code="X", business_unit="FR"),)))


def _an_unmapped_cost_centre(desk: Desk) -> None:
    desk.rows = ()


def _an_inactive_cost_centre(desk: Desk) -> None:
    desk.put(TARGET, "cc420", a_cost_centre(is_active=False))


def _an_ended_cost_centre(desk: Desk) -> None:
    desk.put(TARGET, "cc420", a_cost_centre(ends_on="2025-12-31"))


def _a_disabled_combination(desk: Desk) -> None:
    desk.put(TARGET, "ac1", an_account_combination(is_enabled=False))


@pytest.mark.parametrize(
    ("trouble", "class_"),
    [
        (_an_unknown_supplier, "SUPPLIER_UNKNOWN"),
        (_two_suppliers, "SUPPLIER_AMBIGUOUS"),
        (_a_contradicting_tax_id, "SUPPLIER_AMBIGUOUS"),
        (_an_inactive_supplier, "SUPPLIER_INACTIVE"),
        (_a_supplier_without_a_site, "SUPPLIER_INACTIVE"),
        (_an_unmapped_cost_centre, "MAPPING_MISSING"),
        (_an_inactive_cost_centre, "COST_CENTRE_INACTIVE"),
        (_an_ended_cost_centre, "COST_CENTRE_INACTIVE"),
        (_a_disabled_combination, "ACCOUNT_INVALID"),
    ],
)
def test_trouble_is_found_before_anything_is_sent(trouble: Callable[[Desk], None], class_: str) -> None:
    """What our own knowledge shows to be wrong becomes an exception with the amount, and nothing leaves."""
    desk = Desk()
    trouble(desk)

    desk.order(a_purchase_order())

    assert [(class_, "open")] == desk.exceptions
    assert desk.sent == []
    row = desk.store.db.execute(
        "SELECT amount_minor, currency, legal_entity, cause, fix FROM v_exception"
    ).fetchone()
    assert tuple(row)[:3] == (10100, "EUR", "DE01")
    assert all(tuple(row)[3:])


def test_an_unknown_chart_is_a_missing_mapping() -> None:
    """An order of a company nobody configured waits for the profile."""
    desk = Desk()
    part = OrderDistribution(
        number="1", chart="XX Chart", account="1", segments=("1",), amount=an_order_line().amount
    )

    desk.order(a_purchase_order(lines=(an_order_line(distributions=(part,)),)))

    assert desk.exceptions == [("MAPPING_MISSING", "open")]


@pytest.mark.parametrize("class_", ["ACCOUNT_INVALID", "PERIOD_CLOSED", "BUDGET_EXCEEDED"])
def test_a_refusal_becomes_an_exception_of_its_class(class_: str) -> None:
    """What the ERP says no with decides the class."""
    desk = Desk()
    desk.order(a_purchase_order())

    desk.answer("refused", case_class=class_)

    assert [(class_, "open")] == desk.exceptions
    assert desk.workflow.state == "held"


def test_a_dead_letter_is_replayed_under_its_own_key() -> None:
    """Retrying what could not be reached sends the same decision again, looked up first by the outbox."""
    desk = Desk()
    desk.order(a_purchase_order())
    first = desk.answer("buried")
    (case_id,) = [row[0] for row in desk.store.db.execute("SELECT id FROM exception_case")]

    actions.retry(desk.store, ANALYST, [case_id])
    desk.run()
    again = desk.answer()

    assert desk.exceptions == [("DEAD_LETTER", "closed")]
    assert first.idempotency_key == again.idempotency_key
    assert desk.workflow.step == "await_submit"


def test_a_retry_after_a_refusal_decides_anew() -> None:
    """A fixed mapping is used; the new decision has a key of its own."""
    desk = Desk()
    desk.order(a_purchase_order())
    first = desk.answer("refused", case_class="ACCOUNT_INVALID")
    (case_id,) = [row[0] for row in desk.store.db.execute("SELECT id FROM exception_case")]

    actions.retry(desk.store, ANALYST, [case_id])
    desk.run()
    again = desk.answer()

    assert first.idempotency_key != again.idempotency_key
    assert desk.sent == ["order.create", "order.create", "order.submit"]


def test_an_approval_refused_for_budget_is_told_from_other_refusals() -> None:
    """The ERP's funds status decides the class."""
    desk = Desk()
    desk.order(a_purchase_order())
    desk.answer()
    desk.answer()

    desk.erp_shows(the_erp_order("rejected", funds_status="failed"))

    assert desk.exceptions == [("BUDGET_EXCEEDED", "open")]


def test_a_change_order_changes_the_same_commitment() -> None:
    """The second version is a change of the ERP's order, not another one, and totals follow it."""
    desk = an_open_desk()

    desk.order(a_purchase_order(total="250.00", revision="2"))
    desk.answer()
    desk.answer()
    desk.erp_shows(the_erp_order("open", total="250.00"))
    desk.answer()
    desk.read_back()

    assert [desk.workflow.kind, desk.workflow.state] == ["change", "done"]
    assert "order.change" in desk.sent
    assert desk.sent.count("order.create") == 1
    assert [t.amount_minor for t in commitments.totals(desk.store.db)] == [25000]


def test_a_newer_version_takes_the_place_of_one_that_waits_for_a_person() -> None:
    """A corrected order ends the exception of its older version by itself."""
    desk = Desk()
    _an_unmapped_cost_centre(desk)
    desk.order(a_purchase_order())
    desk.rows = Desk().rows

    desk.order(a_purchase_order(total="99.00", revision="2"))

    assert desk.exceptions == [("MAPPING_MISSING", "closed")]
    assert [w.state for w in desk.workflows] == ["superseded", "waiting"]


def test_a_newer_version_waits_for_one_that_is_under_way() -> None:
    """What an ERP may be acting on is finished first."""
    desk = Desk()
    desk.order(a_purchase_order())
    desk.answer()

    desk.order(a_purchase_order(total="99.00", revision="2"))

    assert [w.step for w in desk.workflows] == ["await_submit", "route"]
    assert desk.workflow.waiting_for == "the version before"
    assert len(desk.sent) == 2


@pytest.mark.parametrize(("status", "operation"), [("cancelled", "order.cancel"), ("closed", "order.close")])
def test_an_ended_order_ends_in_the_erp_too(status: str, operation: str) -> None:
    """Cancel and close follow the order, and the open commitment goes away."""
    desk = an_open_desk()

    desk.order(a_purchase_order(status=status, revision="2"))
    desk.answer()
    desk.erp_shows(the_erp_order(status))
    desk.answer()
    desk.read_back()

    assert desk.workflow.state == "done"
    assert operation in desk.sent
    assert commitments.totals(desk.store.db) == []
    assert status.capitalize() == desk.body("order.write_back")["fields"]["erp_status"]


def test_an_order_cancelled_before_it_was_sent_needs_nothing() -> None:
    """No commitment, nothing to cancel."""
    desk = Desk()
    _an_unmapped_cost_centre(desk)
    desk.order(a_purchase_order())

    desk.order(a_purchase_order(status="cancelled", revision="2"))

    assert [w.state for w in desk.workflows] == ["superseded", "done"]
    assert desk.sent == []


def test_a_refused_draft_is_taken_back_when_its_order_is_cancelled() -> None:
    """A draft the ERP never issued is discarded, not cancelled."""
    desk = Desk()
    desk.order(a_purchase_order())
    desk.answer()
    desk.answer("refused", case_class="BUDGET_EXCEEDED")

    desk.order(a_purchase_order(status="cancelled", revision="2"))

    assert desk.sent[-1] == "order.discard"
    assert desk.exceptions == [("BUDGET_EXCEEDED", "closed")]


def test_a_difference_at_read_back_is_an_exception() -> None:
    """Delivered is not verified: what the ERP holds decides."""
    desk = Desk()
    desk.order(a_purchase_order())
    desk.answer()
    desk.answer()
    desk.erp_shows(the_erp_order())
    desk.answer()

    desk.read_back(**{TARGET: [{"field": "total", "expected": "101.00 EUR", "found": "100.00 EUR"}]})

    assert desk.exceptions == [("READ_BACK_DIFFERS", "open")]


def test_resolving_ends_the_held_work_without_sending_it() -> None:
    """What a person settled outside is not delivered later by surprise."""
    desk = Desk()
    desk.order(a_purchase_order())
    desk.answer("buried")
    (case_id,) = [row[0] for row in desk.store.db.execute("SELECT id FROM exception_case")]

    actions.resolve(desk.store, ANALYST, [case_id], "entered by hand")
    desk.run()

    assert desk.exceptions == [("DEAD_LETTER", "resolved")]
    assert desk.workflow.state == "aborted"
    states = [row[0] for row in desk.store.db.execute("SELECT state FROM delivery")]
    assert states == ["cancelled"]


def test_the_same_version_starts_nothing_twice() -> None:
    """Events may come again; instances do not."""
    desk = Desk()
    desk.order(a_purchase_order())

    desk.order(a_purchase_order())

    assert len(desk.workflows) == 1
    assert desk.sent == ["order.create"]


def test_an_order_on_hold_waits_without_an_instance() -> None:
    """Only an issued order is a commitment."""
    desk = Desk()

    desk.order(a_purchase_order(status="on_hold"))

    assert desk.workflows == []


def test_a_write_that_a_crash_cut_off_is_not_superseded() -> None:
    """Nobody knows whether the ERP has the order: the newer version waits, the delivery stays to be looked up."""
    desk = Desk()
    desk.order(a_purchase_order())
    with desk.store.transaction() as db:
        outbox.claim(db, TARGET, desk.now, 10, desk.lease.token)
    later = leases.acquire(desk.store, "test:2:2", timedelta(days=1), MONDAY + timedelta(days=2))
    with desk.store.transaction() as db:
        outbox.recover(db, later.token, desk.now)
        held = desk.workflow
        workflows.save(db, held.id, state="held", step=held.step, data=held.data, now=desk.now)

    desk.order(a_purchase_order(total="99.00", revision="2"))

    assert ["held", "waiting"] == [w.state for w in desk.workflows]
    (delivery,) = outbox.of_document(desk.store.db, "purchase_order", f"{SOURCE}:4711")
    assert ("pending", True) == (delivery.state, delivery.is_outcome_unknown)


def test_a_dead_letter_that_may_have_arrived_keeps_its_order_from_ending_unseen() -> None:
    """The ERP may hold the order: a cancellation waits until somebody has looked, instead of finding nothing to do."""
    desk = Desk()
    desk.order(a_purchase_order())
    desk.answer("buried", external_id=None, is_unknown=True)

    desk.order(a_purchase_order(status="cancelled", revision="2"))

    assert [("DEAD_LETTER", "open")] == desk.exceptions
    assert ["held", "waiting"] == [w.state for w in desk.workflows]


def test_nobody_gives_up_a_write_that_may_have_happened() -> None:
    """Cancelling it or aborting its workflow is refused with the reason; a known dead letter may be cancelled."""
    unknown, known = Desk(), Desk()
    unknown.order(a_purchase_order())
    unknown.answer("buried", external_id=None, is_unknown=True)
    known.order(a_purchase_order())
    known.answer("buried", external_id=None)

    with pytest.raises(NotAllowedError, match="may have happened"):
        actions.cancel_deliveries(unknown.store, ANALYST, [1], "not wanted")
    with pytest.raises(NotAllowedError, match="nobody knows"):
        actions.abort_workflow(unknown.store, ANALYST, unknown.workflow.id, "not wanted")
    outcome = actions.cancel_deliveries(known.store, ANALYST, [1], "not wanted")

    assert (1,) == outcome.done


def test_what_may_have_happened_is_settled_by_a_person_and_never_ignored() -> None:
    """Ignoring is refused; resolving is a person's word that they looked, and the audit log names the write."""
    desk = Desk()
    desk.order(a_purchase_order())
    desk.answer("buried", external_id=None, is_unknown=True)
    (case_id,) = [row[0] for row in desk.store.db.execute("SELECT id FROM exception_case")]

    with pytest.raises(NotAllowedError, match="nobody knows whether its delivery arrived"):
        actions.ignore(desk.store, ANALYST, [case_id], "not wanted")
    actions.resolve(desk.store, ANALYST, [case_id], "entered by hand, see ticket 7")

    assert [("DEAD_LETTER", "resolved")] == desk.exceptions
    body = desk.store.db.execute(
        "SELECT body FROM v_audit WHERE what = 'delivery.settled_outside' AND why = 'entered by hand, see ticket 7'"
    ).fetchone()
    assert b'"outcome":"unknown"' in body[0]


def test_an_order_that_may_exist_is_looked_up_whatever_was_resolved() -> None:
    """After a crash that left no attempt behind, the next version's create is looked up before it is sent."""
    desk = Desk()
    desk.order(a_purchase_order())
    with desk.store.transaction() as db:
        outbox.claim(db, TARGET, desk.now, 10, desk.lease.token)
    later = leases.acquire(desk.store, "test:2:2", timedelta(days=1), MONDAY + timedelta(days=2))
    with desk.store.transaction() as db:
        outbox.recover(db, later.token, desk.now)
        held = desk.workflow
        workflows.save(db, held.id, state="held", step=held.step, data=held.data, now=desk.now)
        case_id = cases.open(db, a_case(workflow_id=held.id, document_key=held.document_key), desk.now)
    actions.resolve(desk.store, ANALYST, [case_id], "it is not in the ERP")

    desk.order(a_purchase_order(total="99.00", revision="2"))

    (_, new) = outbox.of_document(desk.store.db, "purchase_order", f"{SOURCE}:4711")
    assert ("order.create", "pending") == (new.operation, new.state)
    assert outbox.was_tried_before(desk.store.db, new.entry_id)


def test_a_refused_delivery_that_was_decided_anew_is_no_trouble_any_more() -> None:
    """A retry that decides anew takes the old decision's place; replaying that one is refused."""
    desk = Desk()
    desk.order(a_purchase_order())
    desk.answer("refused", external_id=None, case_class="ACCOUNT_INVALID")
    (case_id,) = [row[0] for row in desk.store.db.execute("SELECT id FROM exception_case")]

    actions.retry(desk.store, ANALYST, [case_id])
    desk.run()

    old, new = outbox.of_document(desk.store.db, "purchase_order", f"{SOURCE}:4711")
    assert ("cancelled", "pending") == (old.state, new.state)
    with pytest.raises(NotAllowedError, match="a later decision"):
        actions.replay_deliveries(desk.store, ANALYST, [old.entry_id], "once more")


def test_nothing_of_an_ended_instance_is_replayed() -> None:
    """What it did would be followed by nobody, and could undo something newer."""
    desk = Desk()
    desk.order(a_purchase_order())
    desk.answer("refused", external_id=None, case_class="PERIOD_CLOSED")
    desk.order(a_purchase_order(total="99.00", revision="2"))

    with pytest.raises(NotAllowedError, match="a later decision for its document has taken its place"):
        actions.replay_deliveries(desk.store, ANALYST, [1], "once more")


def test_the_story_of_one_instant_is_told_in_the_order_it_happened() -> None:
    """Read, approved, decided, sent, linked: also where the clock showed the same time for all of it."""
    desk = Desk()
    desk.order(a_purchase_order())
    desk.answer()

    lines = explain.story(desk.store.db, f"{SOURCE}:4711").lines

    assert {desk.now} == {instant(line.at) for line in lines}
    kinds = list(dict.fromkeys(line.kind for line in lines))
    assert ["record", "event", "step", "attempt", "crossref"] == kinds


def test_the_story_names_the_payload_of_each_version() -> None:
    """By a digest that anybody can make again of the payload, the ERP's document included."""
    desk = Desk()
    order = a_purchase_order()
    desk.order(order)
    desk.order(changed := a_purchase_order(total="99.00", revision="2"))
    desk.answer()
    desk.erp_shows(shown := a_purchase_order(number="ERP-1"))

    told = explain.story(desk.store.db, f"{SOURCE}:4711").to_json()

    assert [
        (SOURCE, 1, sha256(order.canonical_json()).hexdigest()),
        (SOURCE, 2, sha256(changed.canonical_json()).hexdigest()),
        (TARGET, 1, sha256(shown.canonical_json()).hexdigest()),
    ] == [(one["system"], one["version"], one["sha256"]) for one in told["payloads"]]


def test_the_story_of_an_order_tells_what_its_source_says_was_changed() -> None:
    """Also what came and went between two reads: who, and what of which field."""
    desk = Desk()
    desk.order(a_purchase_order())
    revision = OrderRevision(
        number="4711/2.5", order_id="4711", revision="2", changed_at=MONDAY - timedelta(days=1), changed_by="mjones",
        changes=(FieldChange(field="price", before="12.00", after="13.00"), FieldChange(field="ship-to", after="Ida")),
    )  # fmt: skip
    desk.put(SOURCE, "77", revision)
    desk.put(SOURCE, "78", revision.model_copy(update={"number": "9/1", "order_id": "9"}))

    lines = explain.story(desk.store.db, f"{SOURCE}:4711", shows_people=True).lines
    hidden = explain.story(desk.store.db, f"{SOURCE}:4711").lines

    told = [(one.what, one.detail) for one in lines if one.kind == "revision"]
    assert not [one for one in hidden if "mjones" in one.what], (
        "who it was is for those whose role shows people"
    )
    assert [("version 2 made by mjones", "price: 12.00 -> 13.00; ship-to: nothing -> Ida")] == told
    assert "revision" == lines[0].kind, "it is told where it happened"


class TestFundsCheck:
    """Where the ERP checks funds it is asked before the order is submitted; elsewhere the known budgets are."""

    def desk(self, control: str = "advisory") -> Desk:
        desk = Desk()
        entity = PROFILE["legal_entities"]["DE01"] | {"funds_check": "erp", "budget_control": control}
        desk.profile = Profile.model_validate(PROFILE | {"legal_entities": {"DE01": entity}})
        return desk

    @pytest.mark.parametrize(
        ("funds", "noted"), [("passed", []), ("not_applicable", []), ("warning", ["BUDGET_LOW"])]
    )
    def test_budgets_that_bear_it_or_only_warn_let_it_go_on(self, funds: str, noted: list[str]) -> None:
        """An advisory budget is noted; the submission follows by itself."""
        desk = self.desk()
        desk.order(a_purchase_order())
        desk.answer()

        desk.answer(answer={"funds": funds})

        assert ["order.create", "order.check_funds", "order.submit"] == desk.sent
        assert noted == [row[0] for row in desk.store.db.execute("SELECT class FROM finding")]

    def test_an_absolute_budget_stops_it_before_anybody_is_asked_to_approve(self) -> None:
        """Nothing was submitted; when there is money, a retry asks anew, and the same draft goes on."""
        desk = self.desk()
        desk.order(a_purchase_order())
        desk.answer()
        desk.answer("refused", case_class="BUDGET_EXCEEDED")
        stopped = (desk.workflow.step, desk.exceptions, desk.sent)
        watched = desk.store.db.execute("SELECT figure, reason, document_count, amount_minor FROM v_watch")
        assert [("budget_failed", "await_funds", 1, 10_100)] == [tuple(row) for row in watched]

        actions.retry(desk.store, ANALYST, [1])
        desk.run()
        desk.answer()  # the draft is what it should be
        desk.answer(answer={"funds": "passed"})

        assert ("await_funds", [("BUDGET_EXCEEDED", "open")]) == stopped[:2]
        assert "order.submit" not in stopped[2]
        assert "await_submit" == desk.workflow.step
        assert 1 == desk.sent.count("order.create")

    def test_the_known_budgets_are_not_asked_where_the_erp_is(self) -> None:
        """A synced budget may be old: it stops nothing that the ERP itself can judge."""
        desk = self.desk("absolute")
        budget = Budget(
            number="DE01/420/2026", name="420", legal_entity="DE01", period="2026", cost_centre="420",
            amount=Money.of("1", "EUR"), remaining=Money.of("1", "EUR"),
        )  # fmt: skip
        desk.put(EXTRACT, budget.number, budget)

        desk.order(a_purchase_order())

        assert ["order.create"] == desk.sent
        assert [] == desk.exceptions

    def test_a_given_up_order_takes_nothing_back_of_a_question(self) -> None:
        """A funds check leaves nothing behind: only the draft is discarded."""
        desk = self.desk()
        desk.order(a_purchase_order())
        desk.answer()
        desk.answer("refused", case_class="BUDGET_EXCEEDED")

        actions.abort_workflow(desk.store, ANALYST, desk.workflow.id, "no money")
        desk.run()
        desk.answer()
        waits = desk.workflow.waiting_for
        desk.read_back()

        assert ["order.create", "order.check_funds", "order.discard"] == desk.sent
        assert ("read-back", "aborted") == (waits, desk.workflow.state)
