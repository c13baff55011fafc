"""An invoice, or an expense document, asked again under the versions of its posting date gives the same a year later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finsync_tui import as_posted
from finsync_tui.assembly import _facts
from finsync_tui.flows import runner
from finsync_tui.flows.registry import FLOWS
from finsync_tui.mapping import standings
from store import leases, workflows
from store.errors import NotAllowedError
from tests.finsync_tui.flows import expense_desk, invoice_desk
from tests.finsync_tui.governance.council import TABLE, Council, a_row

CHANGE = st.one_of(
    st.tuples(st.just("mapping"), st.sampled_from(["420", "421", "499"])),
    st.tuples(st.just("ledger"), st.sampled_from(["setting", "777", "888"])),
    st.tuples(st.just("project"), st.sampled_from(["0000", "9999"])),
)
"""Two persons map a cost centre elsewhere, a rule derives another one, a segment of the company gets another value."""


class _Year:
    """Documents are decided by what is in force that day, as the engine records it; people go on changing things."""

    def begin(self, company: dict[str, Any], base: dict[str, Any], rows: Any) -> None:
        self.council = Council(store=self.store)
        self.council.own = {
            name: tuple(a_row(source, target) for source, target in pairs) for name, pairs in rows.items()
        }
        segments = [*company["segments"], {"name": "project", "value": "0000"}]
        self.company, self.base = {**company, "segments": segments}, base
        self.centre = "setting"
        self.renew()

    def renew(self) -> None:
        """Put what people have written into the profile."""
        derived = {"when": "segment.name == 'cost_centre'", "then": self.centre, "why": "as it is charged"}
        self.council.extra = {
            **self.base,
            "legal_entities": {"DE01": self.company},
            "governance": {"policy": "one"},
            "policies": {"ledger": {"decides": "ledger_derivation", "rules": {"centres": derived}}},
        }

    def run(self) -> None:
        if not hasattr(self, "council"):
            return
        leases.release(self.store.db, self.lease)
        self.lease = leases.acquire(self.store, "test:1:1", timedelta(days=1000), self.now)
        facts = _facts(self.store, self.council.profile, self.clock, self.lease)
        while runner.advance(self.store, FLOWS, facts, self.clock).is_progress:
            pass

    def alter(self, what: str, value: str) -> None:
        self.clock.advance(timedelta(days=60))
        if what == "mapping":
            rest = [
                row
                for row in standings(self.store.db, self.council.profile)[TABLE].rows
                if row.source != "420"
            ]
            rows = (a_row("420", value), *rest)
            if rows != standings(self.store.db, self.council.profile)[TABLE].rows:
                self.council.agreed(*rows)
        elif what == "ledger":
            self.centre = value
        else:
            self.company["segments"][-1] = {"name": "project", "value": value}
        self.renew()
        self.run()


class Invoices(_Year, invoice_desk.InvoiceDesk):  # type: ignore[misc]
    entity = "invoice"

    def __init__(self) -> None:
        super().__init__()
        company = invoice_desk.PROFILE["legal_entities"]["DE01"]
        self.begin(company, {**invoice_desk.PROFILE, "tax": self.profile.tax}, invoice_desk.ROWS)

    def decide(self) -> str:
        self.invoice(invoice_desk.an_invoice(invoice_desk.a_free_line(), invoice_desk.a_tax_line()))
        return "coupa:I1"


class Expenses(_Year, expense_desk.ExpenseDesk):  # type: ignore[misc]
    entity = "expense_document"

    def __init__(self) -> None:
        super().__init__()
        self.begin(expense_desk.PROFILE["legal_entities"]["DE01"], expense_desk.PROFILE, expense_desk.ROWS)

    def decide(self) -> str:
        self.submit(expense_desk.a_report())
        while not self.workflow.data.get("accounts"):
            self.answer()
        return str(self.workflow.document_key)


def decided(year: Any, key: str) -> dict[str, str]:
    (flow,) = workflows.of_document(year.store.db, key, year.entity)
    return {f"account of {place.rstrip('/')}": account for place, account in flow.data["accounts"].items()}


@pytest.mark.parametrize("kind", [Invoices, Expenses])
@settings(max_examples=15)
@given(before=st.lists(CHANGE, max_size=3), after=st.lists(CHANGE, min_size=1, max_size=6))
def test_a_year_later_the_same_versions_say_the_same(
    kind: type[Invoices] | type[Expenses], before: list[tuple[str, str]], after: list[tuple[str, str]]
) -> None:
    """Whatever two persons have signed, and the rules and the profile have become, before and since."""
    year = kind()
    for one in before:
        year.alter(*one)
    key = year.decide()
    then = decided(year, key)
    for one in after:
        year.alter(*one)

    again = as_posted.of_document(year.store.db, year.entity, key, year.council.profile)

    assert then
    assert then == {one.what: one.again for one in again.compared}
    assert all(one.is_same for one in again.compared)


@pytest.mark.parametrize("kind", [Invoices, Expenses])
def test_what_is_in_force_today_says_something_else(kind: type[Invoices] | type[Expenses]) -> None:
    """Or the property above would hold of anything: what was decided under other versions is another account, and is told as one."""
    year = kind()
    key = year.decide()
    then = decided(year, key)
    for one in (("mapping", "499"), ("project", "9999")):
        year.alter(*one)
    now = _facts(year.store, year.council.profile, year.clock, year.lease).versions
    (flow,) = workflows.of_document(year.store.db, key, year.entity)
    workflows.save(
        year.store.db, flow.id, state=flow.state, step=flow.step, data={**flow.data, "decided_by": now}, due_at=None, now=year.now
    )  # fmt: skip

    today = as_posted.of_document(year.store.db, year.entity, key, year.council.profile)

    assert then == {one.what: one.decided for one in today.compared}
    assert not all(one.is_same for one in today.compared)
    assert all("9999" in (one.again or "") for one in today.compared)


def test_what_was_never_decided_here_is_said() -> None:
    """An invoice that an earlier finsync coded has no versions to be asked by."""
    year = Invoices()

    with pytest.raises(NotAllowedError, match="no invoice whose accounts were decided here"):
        as_posted.of_document(year.store.db, "invoice", "coupa:I9", year.council.profile)
