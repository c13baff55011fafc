"""What a change of rules about what a step finds would do: the step is taken again, and nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from finsync_tui import policy_impact
from finsync_tui.flows.registry import FLOWS, REPLAYED_AT, RULED_AT
from finsync_tui.governance.rules import body_of
from finsync_tui.policies.decisions import DECISIONS
from finsync_tui.policies.model import PolicySetup
from finsync_tui.policy_impact import Impact
from finsync_tui.profile import MappingRow
from tests.builders import a_purchase_order
from tests.finsync_tui.flows.desk import Desk
from tests.finsync_tui.flows.invoice_desk import (
    InvoiceDesk,
    a_free_line,
    a_line,
    a_receipt,
    an_invoice,
    an_order,
)
from tests.finsync_tui.flows.test_approval_state import TROUBLES, a_desk
from tests.finsync_tui.flows.test_ruled_settings import doubted, short

NAME = "own"


def rule(decides: str, when: str, then: str, **changes: Any) -> PolicySetup:
    return PolicySetup.model_validate(
        {"decides": decides, "rules": {"own": {"when": when, "then": then, "why": "ours", **changes}}}
    )


def with_rows(desk: InvoiceDesk) -> InvoiceDesk:
    """Give the profile the mapping tables that the desk goes by."""
    rows = {
        name: tuple(MappingRow(source=one, target=other) for one, other in pairs)
        for name, pairs in desk.rows.items()
    }
    desk.profile = desk.profile.model_copy(update={"mappings": rows})
    return desk


def tried(
    desk: InvoiceDesk | Desk, now: PolicySetup | None, then: PolicySetup | None, on: date | None = None
) -> Impact:
    """Return what the second text would change of the first, in a store that lets nothing be written."""
    profile = desk.profile.model_copy(update={"policies": {NAME: now} if now is not None else {}})
    desk.store.db.execute("PRAGMA query_only=ON")
    try:
        return policy_impact.impact(desk.store.db, profile, NAME, body_of(then), desk.now, on)
    finally:
        desk.store.db.execute("PRAGMA query_only=OFF")


def told(found: Impact) -> list[tuple[str, str, int | None]]:
    return [(one.outcome, one.document_number, one.amount_minor) for one in found.documents]


def invoiced(price: str, **changes: Any) -> InvoiceDesk:
    """Ten desks at 10.00 are ordered and there; they are invoiced at another price, where 2% are allowed."""
    desk = with_rows(InvoiceDesk())
    desk.order(an_order())
    desk.receive(a_receipt())
    desk.invoice(an_invoice(a_line("10", price), **changes))
    return desk


def test_a_wider_tolerance_releases_what_waits_with_its_money() -> None:
    """To the cent: 5% are enough, 4.99% are not, and the same as today changes nothing."""
    desk = invoiced("10.50")
    found = tried(desk, None, rule("invoice_tolerance", "true", "5%"))

    assert [("released", "INV-1", 10_500)] == told(found)
    assert [("EUR", 1, 10_500)] == [(t.currency, t.document_count, t.amount_minor) for t in found.totals]
    assert (("MATCH_PRICE",), ()) == (found.documents[0].before, found.documents[0].after)
    assert [] == told(tried(desk, None, rule("invoice_tolerance", "true", "4.99%")))
    assert [] == told(tried(desk, None, rule("invoice_tolerance", "true", "setting")))


def test_what_has_passed_is_counted_as_what_it_would_be_today() -> None:
    """It stays as it is."""
    desk = invoiced("10.10")
    found = tried(desk, None, rule("invoice_tolerance", "true", "0%"))

    assert [("past_held", "INV-1", 10_100)] == told(found)
    assert "10.1 a piece are invoiced" in found.documents[0].cause


def test_a_version_that_begins_later_says_nothing_of_what_is_posted_before() -> None:
    """By the posting date of each document."""
    desk = invoiced("10.50", accounting_on=date(2026, 1, 31))
    wider = rule("invoice_tolerance", "true", "5%")

    assert [] == told(tried(desk, None, wider, date(2026, 2, 1)))
    assert ["released"] == [one for one, *_ in told(tried(desk, None, wider, date(2026, 1, 31)))]


def test_severities_and_levels_are_replayed_at_the_same_step() -> None:
    """A difference that is only noted, and goods that nobody waits for."""
    dear, early = invoiced("10.50"), with_rows(InvoiceDesk())
    early.order(an_order())
    early.invoice(an_invoice(a_line()))

    assert ["released"] == [
        one for one, *_ in told(tried(dear, None, rule("invoice_mismatch", "true", "note")))
    ]
    found = tried(early, None, rule("invoice_match", "invoice.total.amount < decimal('100.01')", "two_way"))
    assert [("released", "INV-1", 10_000)] == told(found)


def test_another_derivation_charges_documents_elsewhere() -> None:
    """From which account to which; of what is posted already, as what it would be today."""
    desk = with_rows(InvoiceDesk())
    desk.invoice(an_invoice(a_free_line()))
    (found,) = tried(desk, None, rule("ledger_derivation", "segment.name == 'cost_centre'", "777")).documents

    assert ("past_changed", ("01-420-7110",), ("01-777-7110",)) == (found.outcome, found.before, found.after)
    assert "1/1: 01-777-7110 in place of 01-420-7110" == found.cause


def test_a_derivation_releases_what_waits_for_a_mapping_rule() -> None:
    """And taking the rule away stops what rests on it."""
    desk = Desk()
    desk.rows = ()
    desk.profile = desk.profile.model_copy(update={"mappings": {"cost_centre": ()}})
    desk.order(a_purchase_order())
    own = rule("ledger_derivation", "segment.name == 'cost_centre'", "777")

    assert ["released"] == [one for one, *_ in told(tried(desk, None, own))]
    assert ["newly_held"] == [one for one, *_ in told(tried(desk, own, None))]


def test_doubts_and_short_budgets_are_replayed() -> None:
    """An approver's limit, and a budget that does not suffice."""
    limit, budget = a_desk(), a_desk()
    doubted(TROUBLES[4][0], "limit", "block")(limit)
    short("absolute")(budget)

    assert ["released"] == [
        one for one, *_ in told(tried(limit, None, rule("approval_doubt", "doubt.kind == 'limit'", "note")))
    ]
    assert ["released"] == [
        one for one, *_ in told(tried(budget, None, rule("budget_short", "true", "advisory")))
    ]


def test_the_largest_come_first_and_the_rest_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody takes some for all."""
    monkeypatch.setattr(policy_impact, "REPLAYED_MAX", 1)
    desk = Desk()
    desk.profile = desk.profile.model_copy(update={"mappings": {"cost_centre": desk.rows}})
    for number, total in (("1", "101.00"), ("2", "9.00"), ("3", "300.00"), ("4", "300.00")):
        desk.order(a_purchase_order(number=f"PO-{number}", total=total), number)
    found = tried(desk, None, rule("ledger_derivation", "segment.name == 'cost_centre'", "777"))

    monkeypatch.undo()
    every = tried(desk, None, rule("ledger_derivation", "segment.name == 'cost_centre'", "777"))

    assert (["PO-3", "PO-4", "PO-1", "PO-2"], 4, 0) == (
        [one.document_number for one in every.documents], every.asked, every.left_out,
    )  # fmt: skip
    assert (["PO-3"], 1, 3) == ([one.document_number for one in found.documents], found.asked, found.left_out)


def test_every_step_that_is_replayed_is_one_of_its_flow() -> None:
    """And what is decided about documents is either asked of all, or replayed."""
    places: Mapping[str, tuple[tuple[str, str], ...]] = REPLAYED_AT
    missing = [
        (flow, step)
        for steps in places.values()
        for flow, step in steps
        if not any(step in FLOWS[flow].steps(kind) for kind in ("create", "post", "change"))
    ]

    assert [] == missing
    assert {
        "drift",
        "step_due",
        "retry",
        "write_off_limit",
    } == DECISIONS.keys() - RULED_AT.keys() - places.keys()
