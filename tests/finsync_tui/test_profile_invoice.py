"""What `profile check` says about invoice set-ups."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from finsync_tui.profile import MappingRow, Profile
from finsync_tui.profile.check import problems
from tests.finsync_tui.flows.invoice_desk import INVOICE, PROFILE


def a_profile(**changes: Any) -> Profile:
    entity = PROFILE["legal_entities"]["DE01"] | {"invoice": INVOICE} | changes.pop("entity", {})
    rows = (MappingRow(source="*", target="154500"),)
    fields = (
        PROFILE
        | {"legal_entities": {"DE01": entity}, "mappings": {"cost_centre": rows, "tax_account": rows}}
        | changes
    )
    return Profile.model_validate(fields)


def places(profile: Profile) -> set[str]:
    return {one.place for one in problems(profile, Path())}


def off(*names: str) -> dict[str, Any]:
    return PROFILE["flows"] | {name: {"source": "coupa", "is_enabled": False} for name in names}


def test_a_complete_setup_has_no_problem() -> None:
    """Orders, receipts, invoices, and an account for tax."""
    assert set() == places(a_profile())


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"entity": {"invoice": None}}, "flows.invoice_to_payment"),
        (
            {"entity": {"invoice": INVOICE | {"account_segment": "natural"}}},
            "legal_entities.DE01.invoice.account_segment",
        ),
        ({"mappings": {"cost_centre": (MappingRow(source="*", target="="),)}}, "mappings.tax_account"),
        ({"flows": off("goods_receipt")}, "legal_entities.DE01.invoice.posts_receipts"),
        ({"flows": off("requisition_to_pay")}, "flows.invoice_to_payment"),
        (
            {"flows": PROFILE["flows"] | {"invoice_to_payment": {"source": "avatax"}}},
            "flows.invoice_to_payment.source",
        ),
        (
            {
                "entity": {
                    "segments": [
                        *PROFILE["legal_entities"]["DE01"]["segments"],
                        {"name": "project", "from": 4},
                    ]
                }
            },
            "legal_entities.DE01.invoice.account_segment",
        ),
    ],
)
def test_what_does_not_fit_together_is_named(changes: dict[str, Any], place: str) -> None:
    """With its place, before anything runs."""
    assert place in places(a_profile(**changes))


def test_a_flow_that_is_off_is_not_looked_at() -> None:
    """A set-up may be prepared before it is switched on."""
    flows = off("goods_receipt", "invoice_to_payment")

    assert set() == places(
        a_profile(flows=flows, mappings={"cost_centre": (MappingRow(source="*", target="="),)})
    )
