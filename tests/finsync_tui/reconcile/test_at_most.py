"""Several payments against one invoice: less is on its way, more is too much, and the one too many is named."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from finsync_tui.reconcile.classing import classify
from finsync_tui.reconcile.judging import Found
from store.breaks import NewBreak
from tests.builders import MONDAY, a_store
from tests.finsync_tui.reconcile.sides import PAYABLES, Bench, a_definition, an_invoice

PAID: dict[str, Any] = {
    "many": "target",
    "expects": "neither",
    "fields": [{"name": "paid", "path": "total", "kind": "money", "at_most": True}],
}


def a_bench(owed: int, *paid: int, currency: str = "EUR") -> Bench:
    bench = Bench(a_store(), a_definition(**PAID))
    bench.read("source", [an_invoice(minor=owed)])
    bench.read(
        "target",
        [
            an_invoice(id=f"p{n}", number=f"PAY-{n}", minor=minor, currency=currency)
            for n, minor in enumerate(paid, 1)
        ],
    )
    return bench


def broken(bench: Bench) -> list[NewBreak]:
    with bench.store.transaction() as db:
        found: list[Found] = list(bench.comparing().everything(db))
        return list(classify(db, bench.comparing(), found, MONDAY, frozenset()))


@pytest.mark.parametrize(
    ("owed", "paid"), [(100, ()), (100, (40,)), (100, (40, 60)), (-100, (-100,)), (-100, (-30,)), (0, ())]
)
def test_what_is_paid_in_part_or_not_at_all_is_no_difference(owed: int, paid: tuple[int, ...]) -> None:
    """Nothing, a part, all of it in parts, a credit that was taken."""
    assert [] == broken(a_bench(owed, *paid))


@pytest.mark.parametrize(
    ("owed", "paid", "over"),
    [(100, (100, 100), 100), (100, (33, 67, 33), 33), (0, (100,), 100), (-100, (-100, -100), 100)],
)
def test_more_than_is_owed_is_a_break_of_what_was_paid_too_much(
    owed: int, paid: tuple[int, ...], over: int
) -> None:
    """Twice under two numbers, a part twice, something for an invoice that is cancelled."""
    (one,) = broken(a_bench(owed, *paid))

    assert ("field", over, ["paid"]) == (one.kind, one.amount_minor, [f.field for f in one.fields])


def test_the_payment_too_many_is_named() -> None:
    """Without it no more is paid than is owed: a duplicate, with all payments as evidence."""
    (one,) = broken(a_bench(100, 33, 67, 33))

    assert "duplicate" == one.class_
    assert "PAY-3" == one.evidence["once_too_often"]
    assert [["PAY-1", "0.33"], ["PAY-2", "0.67"], ["PAY-3", "0.33"]] == one.evidence["parts"]


def test_an_overpayment_is_no_duplicate() -> None:
    """One payment that is too high may be a typing error."""
    (one,) = broken(a_bench(100, 110))

    assert "unknown" == one.class_


def test_what_was_paid_in_another_currency_is_not_held_against_it() -> None:
    """Nobody converts here."""
    assert [] == broken(a_bench(100, 900, currency="JPY"))


def test_only_amounts_and_numbers_have_a_most() -> None:
    """A definition that says otherwise is refused."""
    with pytest.raises(ValidationError, match="at_most"):
        a_definition(fields=[*PAYABLES["fields"], {"name": "x", "path": "number", "at_most": True}])
