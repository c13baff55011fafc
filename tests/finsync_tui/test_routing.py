"""An exception goes to the role that answers for its cause, and to the deputy when nobody takes it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from finsync_tui.profile import Profile
from finsync_tui.profile.owners_check import everything, owner_problems, unanswered
from finsync_tui.routing import route
from store import Store, audit, cases, workflows
from store.cases import ExceptionCase, NewCase
from tests.builders import MONDAY, a_clock, a_store
from tests.finsync_tui.flows.desk import PROFILE, TARGET
from tests.finsync_tui.governance.council import a_row

DAYS = timedelta(days=1)
OWNERS: dict[str, Any] = {
    "default": {"owner": "finance", "deputy": "controlling"},
    "flows": {"requisition_to_pay": {"owner": "procurement", "deputy": "finance"}},
    "systems": {TARGET: {"owner": "erp-team", "deputy": "finance"}},
    "contracts": {"purchase_order": {"owner": "master-data", "deputy": "procurement"}},
    "mappings": {"cost_centre": {"owner": "controlling", "deputy": "finance"}},
}
POLICY = {
    "decides": "order_check", "owner": "cio", "deputy": "procurement",
    "rules": {"large": {"when": "order.total.amount > decimal('1')", "then": "ask", "why": "large"}},
}  # fmt: skip


def a_profile(**changes: Any) -> Profile:
    mappings = {"cost_centre": (a_row("420", "420"),)}
    return Profile.model_validate(
        {**PROFILE, "owners": OWNERS, "policies": {"orders": POLICY}, "mappings": mappings, **changes}
    )


class Office:
    """A store with exceptions, and an engine that routes them."""

    def __init__(self, **changes: Any) -> None:
        self.clock = a_clock()
        self.store: Store = a_store(self.clock)
        self.profile = a_profile(**changes)
        self.count = 0

    def stuck(
        self,
        class_: str,
        *,
        system: str = "coupa",
        flow: str = "",
        entity: str = "purchase_order",
        **told: Any,
    ) -> int:
        self.count += 1
        key = f"coupa:{self.count}"
        with self.store.transaction() as db:
            held = (
                workflows.start(
                    db, flow=flow, kind="create", entity=entity, document_key=key, document_number=key, document_version=1,
                    document_revision="1", step="route", now=MONDAY,
                )
                if flow
                else None
            )  # fmt: skip
            case = NewCase(
                class_=class_, entity=entity, document_key=key, document_number=key, system=system, cause="c", fix="f",
                workflow_id=held, evidence=told,
            )  # fmt: skip
            return cases.open(db, case, self.clock.now())

    def look(self, later: timedelta = timedelta()) -> int:
        self.clock.advance(later)
        return route(self.store, self.profile, self.clock.now())

    def case(self, case_id: int) -> ExceptionCase:
        found = cases.get(self.store.db, case_id)
        assert found is not None
        return found

    @property
    def noted(self) -> list[str]:
        assert audit.verify(self.store.db).is_intact
        return [row[0] for row in self.store.db.execute("SELECT what FROM v_audit ORDER BY seq")]


@pytest.mark.parametrize(
    ("class_", "given", "role", "cause"),
    [
        ("MAPPING_MISSING", {"flow": "requisition_to_pay", "table": "cost_centre"}, "controlling", "mapping cost_centre"),
        ("MAPPING_MISSING", {"flow": "requisition_to_pay", "table": "tax"}, "finance", "mapping tax"),
        ("ACCOUNT_MISSING", {"flow": "requisition_to_pay", "table": "cost_centre"}, "controlling", "mapping cost_centre"),
        ("POLICY_HELD", {"flow": "requisition_to_pay", "rules": [{"rule": "orders/large"}]}, "cio", "policy orders"),
        ("POLICY_UNDECIDED", {"rule": "orders/large"}, "cio", "policy orders"),
        ("PAYLOAD_INVALID", {}, "master-data", "contract purchase_order"),
        ("CREDENTIALS_REFUSED", {"system": TARGET, "entity": "system"}, "erp-team", f"system {TARGET}"),
        ("DEAD_LETTER", {"system": TARGET, "flow": "requisition_to_pay"}, "erp-team", f"system {TARGET}"),
        ("SUPPLIER_UNKNOWN", {"system": TARGET, "flow": "requisition_to_pay"}, "procurement", "flow requisition_to_pay"),
        ("BUDGET_EXCEEDED", {"flow": "requisition_commitment"}, "finance", "flow requisition_commitment"),
        ("EMERGENCY_REVERTED", {"kind": "mapping", "name": "cost_centre"}, "controlling", "mapping cost_centre"),
    ],
)  # fmt: skip
def test_it_goes_to_the_owner_of_its_cause(class_: str, given: dict[str, Any], role: str, cause: str) -> None:
    """The table, the policy, the contract, the system, else the flow; what is not named has the default's owner."""
    office = Office()
    case = office.stuck(class_, **given)

    assert 1 == office.look()
    assert (role, cause, MONDAY) == (
        office.case(case).owner_role, office.case(case).routed_for, office.case(case).routed_at
    )  # fmt: skip
    assert 0 == office.look(), "it goes there once"


def test_what_nobody_takes_goes_to_the_deputy_in_time() -> None:
    """Once, noted in the audit log; the time is the profile's."""
    office = Office(governance={"escalates_after": "P3D"})
    case = office.stuck("MAPPING_MISSING", table="cost_centre")
    office.look()
    before = office.look(3 * DAYS - timedelta(minutes=1))
    escalated = office.look(timedelta(minutes=1))
    after = office.look(30 * DAYS)
    found = office.case(case)

    assert (0, 1, 0) == (before, escalated, after)
    assert ("finance", MONDAY + 3 * DAYS) == (found.owner_role, found.escalated_at)
    assert ["exception.escalated"] == office.noted


def test_what_somebody_took_put_aside_or_ended_does_not_escalate() -> None:
    """Only what nobody looks at."""
    office = Office()
    taken, aside, ended, left = (
        office.stuck("SUPPLIER_UNKNOWN", flow="requisition_to_pay") for _ in range(4)
    )
    office.look()
    with office.store.transaction() as db:
        cases.assign(db, [taken], "maria", MONDAY)
        cases.snooze(db, [aside], MONDAY + 90 * DAYS, MONDAY)
        cases.end(db, [ended], "resolved", "maria", "done", MONDAY)
    count = office.look(9 * DAYS)

    assert 1 == count
    assert [None, None, None] == [office.case(one).escalated_at for one in (taken, aside, ended)]
    assert "finance" == office.case(left).owner_role


def test_without_owners_nothing_is_routed_and_nothing_is_lost() -> None:
    """Until the profile says who answers; then what waits goes there, too."""
    office = Office(owners={}, policies={})
    case = office.stuck("SUPPLIER_UNKNOWN", flow="requisition_to_pay")
    without = office.look()
    office.profile = a_profile()

    assert (0, None) == (without, office.case(case).routed_at)
    assert 1 == office.look()


def test_what_went_to_nobody_goes_to_owners_that_are_named_later() -> None:
    """And to their deputy, in the time that begins then; what still nobody owns stays as it was."""
    office = Office(owners={"flows": OWNERS["flows"]}, policies={})
    later, never = (
        office.stuck("CREDENTIALS_REFUSED", system=TARGET, entity="system"),
        office.stuck("READ_FAILED"),
    )
    alone = office.look(9 * DAYS), office.case(later).owner_role, office.look()
    office.profile = a_profile(owners={"systems": OWNERS["systems"]}, policies={})
    named = office.look(DAYS), office.case(later).owner_role, office.case(later).routed_at, office.look()
    escalated = office.look(9 * DAYS), office.case(later).owner_role

    assert (0, "", 0) == alone
    assert (1, "erp-team", MONDAY + 10 * DAYS, 0) == named
    assert (1, "finance") == escalated
    assert ("", MONDAY + 9 * DAYS) == (office.case(never).owner_role, office.case(never).routed_at)


def test_the_check_names_owners_of_nothing_and_the_strict_one_what_nobody_owns() -> None:
    """With what may have been meant, and with the role that nobody has."""
    wrong = a_profile(owners={**OWNERS, "mappings": {"cost_center": OWNERS["default"]}})
    bare = a_profile(owners={"flows": OWNERS["flows"]})
    people = {"maria": {"os_account": "maria", "roles": ["analyst"], "answers_for": ["cio", "finance"]}}
    staffed = a_profile(people=people, owners={"default": OWNERS["default"]})

    assert [("owners.mappings.cost_center", "Did you mean 'cost_centre'?")] == [
        (one.place, one.remedy) for one in owner_problems(wrong)
    ]
    assert "nobody answers for the system coupa" in next(iter(unanswered(bare))).message
    assert ["controlling", "procurement"] == [one.message.split("'")[1] for one in unanswered(staffed)]
    assert [] == list(unanswered(a_profile()))
    kinds = {one.kind for one in everything(a_profile()) if one.owner and one.deputy}
    assert {"flow", "system", "contract", "mapping", "policy"} == kinds


def test_owner_and_deputy_are_two_roles() -> None:
    """One role can't stand in for itself."""
    with pytest.raises(ValueError, match="the same role"):
        a_profile(owners={"default": {"owner": "finance", "deputy": "finance"}})
