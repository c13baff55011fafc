"""What approved requisitions promise, and which order takes it over when."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from finsync_tui import actions
from finsync_tui.profile import Profile
from store import commitments, workflows
from store.canonical.budget import Budget
from store.canonical.purchasing import Requisition, RequisitionLine
from tests.builders import a_cost_centre
from tests.finsync_tui.flows.invoice_desk import ANALYST, PROFILE, SOURCE, TARGET, InvoiceDesk, an_order, eur

WISH = "4711"
"""Its id at the source, which is the order's, too: Coupa numbers both by themselves."""


def a_requisition(*order_lines: str | None, status: str = "approved", **changes: Any) -> Requisition:
    """Return a requisition of one line of 100 euros for each; each says which order line it became."""
    (part,) = an_order().lines[0].distributions
    lines = tuple(
        RequisitionLine(
            number=str(n), description="Desk", amount=eur("100"), order_line_id=became, distributions=(part,)
        )
        for n, became in enumerate(order_lines or (None,), 1)
    )
    fields: dict[str, Any] = {
        "number": WISH, "status": status, "currency": "EUR", "total": eur(str(100 * len(lines))), "lines": lines,
    }  # fmt: skip
    return Requisition(**fields | changes)


def its_order(quantity: str = "10", line_id: str = "L1", **changes: Any) -> Any:
    (line,) = an_order(quantity).lines
    fields = {"lines": (line.model_copy(update={"external_id": line_id}),), "requisition_id": WISH}
    return an_order(quantity, **fields | changes)


class Desk(InvoiceDesk):
    """A desk whose requisitions are read, too."""

    def setup(self, tax: Any = None, **invoice: Any) -> None:
        super().setup(tax, **invoice)
        flows = PROFILE["flows"] | {"requisition_commitment": {"source": SOURCE}}
        self.profile = Profile.model_validate(
            self.profile.model_dump(mode="json", by_alias=True) | {"flows": flows}
        )

    def wish(self, requisition: Requisition | None = None) -> None:
        self.tell(SOURCE, WISH, requisition or a_requisition())

    def give_up_order(self, key: str = "4711") -> None:
        """An analyst gives up an order that the ERP has issued; it is cancelled there."""
        actions.abort_workflow(self.store, ANALYST, self.order_flows(key)[-1].id, "entered twice")
        self.run()
        while self.pending:
            self.answer()

    @property
    def stages(self) -> dict[str, int]:
        """Minor units that are still promised, by stage."""
        return {one.stage: one.amount_minor for one in commitments.totals(self.store.db) if one.amount_minor}


def test_an_approved_requisition_promises_until_its_order_is_in_the_erp() -> None:
    """Pre-encumbrance, then obligation: never both, and never neither."""
    desk = Desk()

    desk.wish()
    seen = [desk.stages]
    desk.wish(a_requisition("L1", status="ordered"))
    desk.tell(SOURCE, "4711", its_order())
    seen.append(desk.stages)
    desk.answers(2)
    desk.erp_issues()
    seen.append(desk.stages)

    assert [{"commitment": 10_000}, {"commitment": 10_000}, {"obligation": 10_000}] == seen
    (row,) = desk.store.db.execute("SELECT DISTINCT stage, cost_centre, account FROM v_commitment").fetchall()
    assert ("obligation", "420", "7110") == tuple(row)


def test_a_requisition_that_is_read_after_its_order_does_not_promise_again() -> None:
    """Whatever is read first: what the order promises is not promised twice."""
    desk = Desk()
    desk.order(its_order())

    desk.wish(a_requisition("L1"))

    assert {"obligation": 10_000} == desk.stages


def test_an_order_takes_over_the_lines_that_became_it_and_no_others() -> None:
    """A requisition of two suppliers becomes two orders; what is not ordered yet is still requested."""
    desk = Desk()
    desk.wish(a_requisition("L1", None))

    desk.order(its_order())

    assert {"commitment": 10_000, "obligation": 10_000} == desk.stages


def test_a_line_that_a_change_takes_out_of_the_order_is_promised_by_nobody() -> None:
    """It was ordered and is wanted no more: the requisition does not ask for it again."""
    desk = Desk()
    (line,) = its_order().lines
    other = line.model_copy(update={"number": "2", "external_id": "L2"})
    desk.wish(a_requisition("L1", "L2", status="ordered"))
    desk.order(its_order(lines=(line, other)))
    before = desk.stages

    desk.order(its_order(lines=(other,), revision="2"))

    assert ({"obligation": 20_000}, {"obligation": 10_000}) == (before, desk.stages)


def test_a_requisition_that_was_not_read_since_it_was_ordered_promises_nothing_twice() -> None:
    """The ERP holds its order, and its source's requisition still reads as approved: one promise, not two."""
    desk = Desk()
    desk.wish()
    desk.order(its_order())

    assert {"obligation": 10_000} == desk.stages


def test_a_source_that_links_no_lines_says_by_its_status_that_all_is_ordered() -> None:
    """Then the order takes over the whole requisition, and before that what it is alike to."""
    desk = Desk()
    desk.wish(a_requisition(None, None))
    desk.order(its_order())
    before = desk.stages

    desk.wish(a_requisition(None, None, status="ordered"))

    assert {"commitment": 10_000, "obligation": 10_000} == before
    assert {"obligation": 10_000} == desk.stages


@pytest.mark.parametrize("status", ["withdrawn", "rejected", "cancelled", "pending_approval"])
def test_a_requisition_that_is_given_up_or_asked_anew_promises_nothing(status: str) -> None:
    """It is out of the commitments with the next read, and back when it is approved again."""
    desk = Desk()
    desk.wish()

    desk.wish(a_requisition(status=status))
    given_up = desk.stages
    desk.wish()

    assert {} == given_up
    assert {"commitment": 10_000} == desk.stages


def test_an_order_that_ends_before_the_erp_has_it_takes_its_requisition_with_it() -> None:
    """Nobody will ever buy it: it is not promised for ever."""
    desk = Desk()
    desk.wish(a_requisition("L1", status="ordered"))
    desk.wish(a_requisition("L1"))
    desk.tell(SOURCE, "4711", its_order(status="cancelled"))

    assert {} == desk.stages


def test_an_order_that_is_given_up_gives_the_promise_back_to_its_requisition() -> None:
    """Approved money does not vanish from the books with an abort: it is requested again, by the same accounts, until the
    order comes anew."""
    desk = Desk()
    desk.wish(a_requisition("L1", None, status="ordered"))
    desk.wish(a_requisition("L1", None))
    where = "SELECT DISTINCT stage, cost_centre, account FROM v_commitment"
    requested = desk.stages, [tuple(row) for row in desk.store.db.execute(where)]
    desk.tell(SOURCE, "4711", its_order())
    desk.answers(2)
    desk.erp_issues()
    ordered = desk.stages

    desk.give_up_order()
    given_up = desk.stages, [tuple(row) for row in desk.store.db.execute(where)]
    desk.order(its_order("5", revision="2"))

    assert {"commitment": 20_000} == requested[0]
    assert {"commitment": 10_000, "obligation": 10_000} == ordered
    assert requested == given_up
    assert {"commitment": 10_000, "obligation": 5_000} == desk.stages


@pytest.mark.parametrize(("ends_as", "left"), [("cancelled", 0), ("closed", 0)])
def test_what_a_given_up_order_gave_back_ends_with_the_order_at_its_source(ends_as: str, left: int) -> None:
    """Nobody will buy it: it is promised by nobody, as if the order had never reached the ERP."""
    desk = Desk()
    desk.wish(a_requisition(status="ordered"))
    desk.wish(a_requisition())
    desk.wish(a_requisition("L1", status="ordered"))
    desk.tell(SOURCE, "4711", its_order())
    desk.answers(2)
    desk.erp_issues()
    desk.give_up_order()
    before = desk.stages

    desk.tell(SOURCE, "4711", its_order(status=ends_as, revision="2"))

    assert ({"commitment": 10_000}, left) == (before, desk.stages.get("commitment", 0))


@pytest.mark.parametrize("status", ["withdrawn", "rejected", "cancelled"])
def test_a_requisition_that_was_given_up_meanwhile_gets_nothing_back(status: str) -> None:
    """Only what is still approved is promised again."""
    desk = Desk()
    desk.wish(a_requisition("L1"))
    desk.tell(SOURCE, "4711", its_order())
    desk.answers(2)
    desk.erp_issues()
    desk.wish(a_requisition("L1", status=status))

    desk.give_up_order()

    assert {} == desk.stages


def test_one_of_two_orders_that_is_given_up_gives_back_its_own_lines_only() -> None:
    """The other order goes on promising what it took over."""
    desk = Desk()
    desk.wish(a_requisition("L1", "L2"))
    desk.order(its_order())
    desk.tell(SOURCE, "4712", its_order(line_id="L2", number="PO-2"))
    desk.answers(2)
    desk.erp_issues("4712")
    both = desk.stages

    desk.give_up_order("4712")

    assert ({"obligation": 20_000}, {"commitment": 10_000, "obligation": 10_000}) == (both, desk.stages)


def test_what_can_not_be_coded_is_counted_without_its_cost_centre() -> None:
    """Nothing stops a requisition: the missing rule is noted, and its order will be held for it."""
    desk = Desk()
    desk.rows["cost_centre"] = (("000", "000"),)

    desk.wish()

    assert {"commitment": 10_000} == desk.stages
    assert [(None, None)] == [
        tuple(row) for row in desk.store.db.execute("SELECT cost_centre, account FROM v_commitment")
    ]
    assert "MAPPING_MISSING" in desk.noted
    assert [] == desk.exceptions


@pytest.mark.parametrize(
    ("approver", "limit", "expected"),
    [
        ("boss", None, []),
        ("boss", "99.99", ["APPROVAL_LIMIT"]),
        ("k.lind", None, ["APPROVER_SELF"]),
        ("stranger", None, ["APPROVER_STALE"]),
    ],
)
def test_a_requisitions_approval_that_does_not_hold_is_noted(
    approver: str, limit: str | None, expected: list[str]
) -> None:
    """By hierarchy, limit and who asked; it counts all the same, and its order is where policy may stop it."""
    desk = Desk()
    desk.person("1", "k.lind", manager_number="2")
    desk.person("2", "boss", approval_limit=eur(limit) if limit else None)
    desk.person("9", "stranger")
    desk.approve(approver, WISH, "requisition")
    kinds = {"APPROVER_SELF": "self_approval", "APPROVER_STALE": "hierarchy", "APPROVAL_LIMIT": "limit"}
    setup = desk.profile.model_dump(mode="json", by_alias=True)
    setup["legal_entities"]["DE01"]["order_approval"] |= dict.fromkeys(kinds.values(), "off")
    setup["legal_entities"]["DE01"]["order_approval"] |= {kinds[one]: "block" for one in expected}
    desk.profile = Profile.model_validate(setup)

    desk.wish(a_requisition(requester="k.lind"))

    assert ({"commitment": 10_000}, expected, []) == (desk.stages, desk.noted, desk.exceptions)


def test_a_line_that_is_not_coded_yet_goes_on_counting_on_its_day() -> None:
    """It was approved in January; a new version in February takes nothing of February's budgets."""
    desk = Desk()
    coded, open_line = a_requisition(None, None).lines
    lines = (coded, open_line.model_copy(update={"distributions": ()}))
    desk.wish(a_requisition(None, None, lines=lines))
    desk.clock.advance(timedelta(days=31))

    desk.wish(a_requisition(None, None, lines=lines, requester="k.lind"))

    days = desk.store.db.execute("SELECT line_number, budget_on FROM commitment_line ORDER BY 1").fetchall()
    assert [("1", "2026-01-05"), ("2", "2026-01-05")] == [tuple(row) for row in days]


def test_a_requisition_of_no_company_is_noted_and_counted_nowhere() -> None:
    """A line without an account names no chart of accounts."""
    desk = Desk()
    (line,) = a_requisition().lines

    desk.wish(a_requisition(lines=(line.model_copy(update={"distributions": ()}),)))

    assert {} == desk.stages
    assert ["MAPPING_MISSING"] == desk.noted


def test_the_order_of_what_is_read_makes_no_difference() -> None:
    """Requisition approved, ordered, order issued by the ERP: told in any order, the same is promised at the end."""
    ends = []
    for moves in itertools.permutations(("approved", "ordered", "order")):
        if moves.index("ordered") < moves.index("approved"):
            continue  # an older version that comes late is not taken in
        desk = Desk()
        for move in moves:
            if move == "order":
                desk.order(its_order())
            else:
                desk.wish(a_requisition("L1" if move == "ordered" else None, status=move))
        ends.append(desk.stages)

    assert [{"obligation": 10_000}] * 3 == ends


def test_a_known_budget_counts_what_other_requisitions_promise() -> None:
    """An order's own requisition is not counted against it; somebody else's is."""
    desk = Desk()
    desk.wish()

    free = commitments.used_of(
        desk.store.db, "DE01", "EUR", cost_centre="420", order=f"{SOURCE}:1", requisition=f"{SOURCE}:{WISH}"
    )
    other = commitments.used_of(
        desk.store.db, "DE01", "EUR", cost_centre="420", order=f"{SOURCE}:1", requisition=None
    )

    assert (0, 10_000) == (free, other)


def a_budget(amount: str) -> Budget:
    return Budget(
        number="B-1", name="Office", legal_entity="DE01", period="FY2026", cost_centre="420", amount=eur(amount),
        remaining=eur(amount),
    )  # fmt: skip


def with_policy(desk: Desk, **basis: str) -> Desk:
    setup = desk.profile.model_dump(mode="json", by_alias=True)
    setup["legal_entities"]["DE01"]["requisition_approval"] = basis
    desk.profile = Profile.model_validate(setup)
    return desk


def test_a_requisition_on_a_budget_that_does_not_bear_it_has_a_stale_basis() -> None:
    """It is counted and noted; the order that follows is checked by itself."""
    desk = Desk()
    desk.put("extract", "b", a_budget("50"))

    desk.wish()

    assert ({"commitment": 10_000}, ["APPROVAL_STALE"], []) == (desk.stages, desk.noted, desk.exceptions)


def test_a_requisition_does_not_stand_in_its_own_way() -> None:
    """What it promises already is not taken off the budget that it is held against, nor once an order took it over."""
    desk = Desk()
    desk.put("extract", "b", a_budget("100"))
    desk.wish()
    desk.order(its_order())

    desk.wish(a_requisition("L1", status="ordered"))

    assert [] == desk.noted


def test_a_requisition_on_a_budget_that_became_smaller_has_a_stale_basis() -> None:
    """Although the rest would suffice."""
    desk = Desk()
    desk.put("extract", "b", a_budget("1000"))
    desk.clock.advance(timedelta(days=1))
    desk.approve("boss", WISH, "requisition", decided_at=desk.now)
    desk.clock.advance(timedelta(days=1))
    desk.put("extract", "b", a_budget("400"))

    desk.wish()

    assert "APPROVAL_STALE" in desk.noted


def test_a_requisition_on_an_account_that_was_closed_since_has_a_stale_basis() -> None:
    """It is counted without its cost centre, and both is said."""
    desk = Desk()
    desk.put(TARGET, "cc420", a_cost_centre(is_active=False))

    desk.wish()

    assert ({"commitment": 10_000}, ["COST_CENTRE_INACTIVE", "APPROVAL_STALE"]) == (desk.stages, desk.noted)


def test_a_requisition_is_held_for_its_approval_where_the_company_says_so() -> None:
    """What it promises is counted all the same; retried when the budget was raised, it is done."""
    desk = with_policy(Desk(), budget="block")
    desk.put("extract", "b", a_budget("50"))
    desk.wish()
    held, promised = list(desk.exceptions), desk.stages
    desk.put("extract", "b", a_budget("500"))

    desk.retry()

    assert ([("APPROVAL_STALE", "open")], {"commitment": 10_000}) == (held, promised)
    assert ([("APPROVAL_STALE", "closed")], {"commitment": 10_000}) == (desk.exceptions, desk.stages)
    assert "done" == workflows.of_document(desk.store.db, f"{SOURCE}:{WISH}", "requisition")[-1].state


def test_a_requisition_is_looked_at_again_for_a_day_where_the_company_says_so() -> None:
    """Then a person has to; one that is withdrawn meanwhile waits for nobody, and promises nothing."""
    desk = with_policy(Desk(), budget="recheck")
    desk.put("extract", "b", a_budget("50"))
    desk.wish()
    first = list(desk.exceptions)
    desk.wait(days=1, hours=1)
    later = list(desk.exceptions)

    desk.wish(a_requisition(status="withdrawn"))

    assert ([], [("APPROVAL_STALE", "open")]) == (first, later)
    assert ([("APPROVAL_STALE", "closed")], {}) == (desk.exceptions, desk.stages)


def test_a_held_requisition_that_is_given_up_promises_nothing() -> None:
    """Its source may say something new of it later."""
    desk = with_policy(Desk(), budget="block")
    desk.put("extract", "b", a_budget("50"))
    desk.wish()
    (held,) = workflows.of_document(desk.store.db, f"{SOURCE}:{WISH}", "requisition")

    actions.abort_workflow(desk.store, ANALYST, held.id, "not wanted")
    desk.run()

    assert ({}, []) == (desk.stages, desk.open_cases)
