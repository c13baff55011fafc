"""The same document, asked again under the versions of its posting date, gives the same a year later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finsync_tui import as_posted
from finsync_tui.assembly import _facts
from finsync_tui.flows import runner
from finsync_tui.flows.registry import FLOWS
from finsync_tui.mapping import standings
from store import leases
from store.errors import NotAllowedError
from tests.builders import a_purchase_order
from tests.finsync_tui.flows.desk import Desk
from tests.finsync_tui.governance.council import Council, a_row

KEY = "coupa:4711"
CHANGE = st.one_of(
    st.tuples(
        st.just("mapping"), st.sampled_from(["420", "421", "499"]), st.sampled_from([None, -40, 0, 30, 200])
    ),
    st.tuples(st.just("tax"), st.sampled_from(["reverse charge", "standard", "exempt"]), st.none()),
    st.tuples(st.just("ledger"), st.sampled_from(["setting", "777", "888"]), st.none()),
    st.tuples(st.just("usual tax"), st.sampled_from(["usual", "another"]), st.none()),
    st.tuples(st.just("project"), st.sampled_from(["0000", "9999"]), st.none()),
)
"""Two persons map a cost centre elsewhere, at once or from a day on; a rule, a table of the profile, or a segment is changed."""


class Year(Desk):
    """An order is decided by what is in force that day, as the engine records it; people go on changing things."""

    def __init__(self) -> None:
        super().__init__()
        self.council = Council(store=self.store)
        self.company: dict[str, Any] = dict(
            self.profile.model_dump(mode="json", by_alias=True)["legal_entities"]["DE01"]
        )
        self.tax, self.usual, self.centre = "standard", "usual", "setting"
        self.renew()

    def renew(self) -> None:
        """Put what people have written into the profile."""
        rule = {"when": "order.total.amount >= decimal('0')", "then": self.tax, "why": "as it is taxed"}
        derived = {"when": "segment.name == 'cost_centre'", "then": self.centre, "why": "as it is charged"}
        self.council.extra = {
            "legal_entities": {"DE01": self.company},
            "policy": {"tax_treatment": {"default": self.usual}},
            "governance": {"policy": "one"},
            "policies": {
                "ledger": {"decides": "ledger_derivation", "rules": {"centres": derived}},
                **({"tax": {"decides": "order_tax", "rules": {"all": rule}}} if self.tax != "exempt" else {}),
            },
        }

    def run(self) -> None:
        leases.release(self.store.db, self.lease)
        self.lease = leases.acquire(self.store, "test:1:1", timedelta(days=1), self.now)
        facts = _facts(self.store, self.council.profile, self.clock, self.lease)
        runner.advance(self.store, FLOWS, facts, self.clock)

    def change(self, what: str, value: str, day: int | None) -> None:
        if what == "mapping":
            start = None if day is None else (self.now + timedelta(days=day)).date()
            rows = (a_row("420", value, valid_from=start),)
            if start is not None:
                rows = (a_row("420", "420", valid_to=start - timedelta(days=1)), *rows)
            if rows != standings(self.store.db, self.council.profile)["cost_centre"].rows:
                self.council.agreed(*rows)
        elif what == "tax":
            self.tax = value
        elif what == "ledger":
            self.centre = value
        elif what == "usual tax":
            self.usual = value
        else:
            self.company["segments"] = [
                {**one, "value": value} if one["name"] == "project" else one
                for one in self.company["segments"]
            ]
        self.renew()


def decided(year: Year) -> dict[str, str | None]:
    """Return what the flow decided and kept."""
    told: dict[str, str | None] = {
        f"account of {place}": parts["charge_account"]
        for place, parts in year.workflow.data["accounts"].items()
    }
    return told | {"tax treatment": year.workflow.data["policy"]["tax_treatment"]}


@given(
    before=st.lists(CHANGE, max_size=4),
    after=st.lists(CHANGE, min_size=1, max_size=6),
    days=st.integers(0, 60),
)
def test_a_year_later_the_same_versions_say_the_same(
    before: list[tuple[str, str, int | None]], after: list[tuple[str, str, int | None]], days: int
) -> None:
    """Whatever two persons have signed and the profile has become since, also under other rules of other days."""
    year = Year()
    for one in before:
        year.change(*one)
        year.run()
    year.clock.advance(timedelta(days=days))
    year.order(a_purchase_order(supplier_id="501"))
    then = decided(year)
    for one in after:
        year.clock.advance(timedelta(days=365) / len(after))
        year.change(*one)
        year.run()

    again = as_posted.of_order(year.store.db, KEY)

    assert then == {one.what: one.again for one in again.compared}
    assert all(one.is_same for one in again.compared)


def test_what_is_in_force_today_says_something_else() -> None:
    """Or the property above would hold of anything: the table, the rule and the segment have all changed."""
    year = Year()
    year.order(a_purchase_order(supplier_id="501"))
    then = decided(year)
    year.clock.advance(timedelta(days=365))
    for one in (("mapping", "499", None), ("tax", "reverse charge", None), ("project", "9999", None)):
        year.change(*one)
        year.run()
    year.put("coupa", "4712", a_purchase_order(number="PO-2", supplier_id="501"))
    today = as_posted.basis(year.store.db, _policy_now(year), f"cost_centre/{year.council.table.version}")
    again = as_posted.of_order(year.store.db, KEY)

    assert then == {one.what: one.again for one in again.compared}
    assert ("420", "499") == (
        again.compared[0].decided.split("-")[1],
        today.tables["cost_centre"].rows[0].target,
    )  # type: ignore[union-attr]
    assert "9999" == next(one.value for one in today.companies["DE01"].segments if one.name == "project")
    assert ["reverse charge"] == [
        one.then
        for one in today.judges["order_tax"].ask({"order": a_purchase_order()}, "DE01", "", year.now.date())
    ]


def _policy_now(year: Year) -> str:
    version = year.store.db.execute(
        "SELECT max(version) FROM ruleset_version WHERE kind='policy' AND name='requisition_to_pay'"
    )
    return f"requisition_to_pay/{version.fetchone()[0]}"


def test_a_version_that_somebody_rewrote_is_found() -> None:
    """What was decided then, and what is written there now."""
    year = Year()
    year.order(a_purchase_order(supplier_id="501"))
    for (name,) in year.store.db.execute("SELECT name FROM sqlite_schema WHERE type='trigger'").fetchall():
        year.store.db.execute(f"DROP TRIGGER {name}")
    year.store.db.execute(
        """UPDATE ruleset_version SET body=replace(body, '"target":"420"', '"target":"666"')"""
    )

    again = as_posted.of_order(year.store.db, KEY)

    wrong = [(one.what, one.decided, one.again) for one in again.compared if not one.is_same]
    assert [("account of 1/1", "01-420-7110-0000-000", "01-666-7110-0000-000")] == wrong


def test_an_order_that_was_never_decided_is_told() -> None:
    """Neither one that is not known nor one that waits before its accounts."""
    year = Year()

    with pytest.raises(NotAllowedError, match="no order whose accounts were decided"):
        as_posted.of_order(year.store.db, KEY)
