"""Laws of what is promised: open = ordered - invoiced - cancelled, whatever comes in whichever order."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from store import commitments
from store.canonical.budget import Commitment, CommitmentDistribution
from store.canonical.money import Money
from store.commitments import Relief, Spent
from tests.builders import a_commitment, a_commitment_line, a_store

ERP: Any = {"legal_entity": "DE01", "system": "oracle-emea", "booked_on": date(2026, 1, 5)}
ORDERS = ("coupa:1", "coupa:2")
INVOICES = ("coupa:i1", "coupa:i2", "coupa:i3")
LINES = ("1", "2", "3")
minors = st.integers(-(10**7), 10**7)


def of(minor: int) -> Money:
    return Money(amount_minor=minor, currency="EUR")


@st.composite
def revisions(draw: st.DrawFn) -> Commitment:
    """Return an order of some of the lines, each on one to three cost centres, also with parts below zero."""
    lines = []
    for number in draw(st.lists(st.sampled_from(LINES), unique=True, min_size=1, max_size=3)):
        parts = draw(st.lists(minors, min_size=1, max_size=3))
        lines.append(
            a_commitment_line(
                str(of(sum(parts)).amount),
                number=number,
                distributions=tuple(
                    CommitmentDistribution(
                        number=str(n),
                        charge_account=f"01-{n}",
                        amount=of(minor),
                        cost_centre=str(n),
                        account="7110",
                    )
                    for n, minor in enumerate(parts, 1)
                ),
            )
        )
    return a_commitment(lines=tuple(lines))


reliefs = st.lists(
    st.builds(Relief, st.sampled_from(ORDERS), st.sampled_from(LINES), minors.map(of)), max_size=4
)
moves = st.one_of(
    st.tuples(st.just("order"), st.sampled_from(ORDERS), revisions()),
    st.tuples(st.just("end"), st.sampled_from(ORDERS), st.none()),
    st.tuples(st.just("invoice"), st.sampled_from(INVOICES), reliefs),
    st.tuples(st.just("void"), st.sampled_from(INVOICES), st.none()),
)


Moves = Sequence[tuple[str, str, Commitment | list[Relief] | None]]


def happen(
    db: sqlite3.Connection, happened: Moves
) -> tuple[dict[str, Commitment], dict[tuple[str, str], int]]:
    """Let it happen, each thing twice; return the orders that live and what was invoiced of each line."""
    ordered: dict[str, Commitment] = {}
    invoiced: dict[str, list[Relief]] = {}
    for what, key, value in happened:
        for _ in range(2):  # told twice, it changes nothing
            if isinstance(value, Commitment):
                commitments.replace(db, key, "oracle-emea", value)
                ordered[key] = value
            elif what == "end":
                commitments.drop(db, key)
                ordered.pop(key, None)
            elif isinstance(value, list):
                commitments.relieve(db, key, value, **ERP)
                invoiced[key] = value
            else:
                commitments.take_back(db, key)
                invoiced.pop(key, None)
    taken: dict[tuple[str, str], int] = defaultdict(int)
    for found in invoiced.values():
        for relief in found:
            taken[relief.order_key, relief.line] += relief.amount.amount_minor
    return ordered, taken


@given(happened=st.lists(moves, max_size=12))
def test_open_is_ordered_less_invoiced_of_what_lives(happened: Moves) -> None:
    """Orders, revisions, ends, re-openings, invoices, credit notes and voids, repeated and in any order: to the minor unit."""
    with a_store() as store, store.transaction() as db:
        ordered, taken = happen(db, happened)

        live = {
            (key, line.number): line.amount.amount_minor for key, one in ordered.items() for line in one.lines
        }
        expected = sum(live.values()) - sum(taken[key] for key in live)
        shown = db.execute("SELECT sum(amount_minor), sum(ordered_minor) FROM v_commitment").fetchone()

        assert expected == sum(one.amount_minor for one in commitments.totals(db))
        assert (expected, sum(live.values())) == tuple(value or 0 for value in shown)


def beyond(promised: int, invoiced: int) -> int:
    """Return what was invoiced beyond a promise, which is below zero where the order gives money back."""
    is_beyond = invoiced < promised if promised < 0 else invoiced > promised
    return invoiced - promised if is_beyond else 0


@given(happened=st.lists(moves, max_size=12))
def test_what_is_spent_uses_budgets_whoever_ends_the_order(happened: Moves) -> None:
    """used = ordered of live lines, or invoiced where that is more, + invoiced of ended lines + direct + requested."""
    with a_store() as store, store.transaction() as db:
        commitments.reserve(db, "coupa:r", "oracle-emea", "DE01", [a_commitment_line("7.00")])
        commitments.spend(db, "coupa:d", [Spent("01-1", "1", "7110", None, None, of(300))], **ERP)
        ordered, taken = happen(db, happened)

        used = 700 + 300
        for key, order in ordered.items():
            for line in order.lines:
                parts = [part.amount.amount_minor for part in line.distributions]
                shares = of(taken.pop((key, line.number), 0)).share(parts)
                used += sum(
                    minor + beyond(minor, share.amount_minor)
                    for minor, share in zip(parts, shares, strict=True)
                )
        used += sum(taken.values())  # of lines that live no more
        centres = db.execute("SELECT cost_centre, sum(used_minor) FROM v_commitment GROUP BY 1").fetchall()

        assert used == sum(minor for _, minor in centres)
        assert used == commitments.used_of(db, "DE01", "EUR", order="", requisition=None)
        for centre, minor in centres:
            if centre is not None:
                found = commitments.used_of(db, "DE01", "EUR", cost_centre=centre, order="", requisition=None)
                assert minor == found


def test_an_invoice_that_comes_after_the_end_is_spent_where_the_line_was_charged() -> None:
    """Not in other years; and not a second time, when the order whose line it is asks for its budget again."""
    with a_store() as store, store.transaction() as db:
        commitments.replace(db, "coupa:1", "oracle-emea", a_commitment("100.00"))
        commitments.drop(db, "coupa:1")
        commitments.relieve(db, "coupa:i", [Relief("coupa:1", "1", of(4000))], **ERP)

        def used(year: int, lines: Sequence[str] = (), order: str = "coupa:1") -> int:
            return commitments.used_of(
                db, "DE01", "EUR", cost_centre="420", bears=lambda _, day: day is not None and day.year == year, order=order,
                lines=lines, requisition=None,
            )  # fmt: skip

        assert (4000, 0) == (used(2026), used(2027))
        assert (0, 4000) == (used(2026, ["1"]), used(2026, ["1"], "coupa:2"))


def test_a_part_keeps_its_budget_day_through_later_versions() -> None:
    """Also over its end; of a part that names another period by now nobody knows one, until it is decided."""
    (line,) = a_commitment("100.00").lines
    (part,) = line.distributions

    def revision(**changes: object) -> Commitment:
        return a_commitment(
            lines=(line.model_copy(update={"distributions": (part.model_copy(update=changes),)}),)
        )

    with a_store() as store, store.transaction() as db:
        commitments.replace(db, "coupa:1", "oracle-emea", revision(budget_on=date(2026, 1, 5)))
        commitments.drop(db, "coupa:1")
        commitments.replace(db, "coupa:1", "oracle-emea", revision())
        kept = commitments.budget_days(db, "coupa:1", commitments.ORDER)
        commitments.replace(db, "coupa:1", "oracle-emea", revision(period="Feb-26"))

        assert {("1", 1): (part.period, date(2026, 1, 5))} == kept
        assert {} == {
            place: day
            for place, day in commitments.budget_days(db, "coupa:1", commitments.ORDER).items()
            if day.period == "Feb-26"
        }


@given(order=revisions(), cuts=st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_a_line_invoiced_in_full_leaves_nothing_on_any_account(order: Commitment, cuts: list[int]) -> None:
    """However many invoices share a line, together they take of each cost centre just what was ordered there."""
    with a_store() as store, store.transaction() as db:
        commitments.replace(db, "coupa:1", "oracle-emea", order)
        for number, line in enumerate(order.lines):
            for cut, part in enumerate(line.amount.split(cuts)):
                key = f"coupa:{number}/{cut}"
                commitments.relieve(db, key, [Relief("coupa:1", line.number, part)], **ERP)

        rows = db.execute("SELECT cost_centre, amount_minor FROM v_commitment").fetchall()

        zero = {line.number for line in order.lines if line.amount.amount_minor == 0}
        if not zero:  # a line whose parts cancel each other has nothing to share by
            assert {0} == {row[1] for row in rows}


def test_a_change_moves_what_was_invoiced_with_its_line() -> None:
    """An order re-coded to another cost centre promises the rest there; nothing is left, or missing, on the first."""
    with a_store() as store, store.transaction() as db:
        commitments.replace(db, "coupa:1", "oracle-emea", a_commitment("100.00"))
        commitments.relieve(db, "coupa:i", [Relief("coupa:1", "1", Money.of("40.00", "EUR"))], **ERP)
        (line,) = a_commitment("100.00").lines
        (part,) = line.distributions
        moved = line.model_copy(update={"distributions": (part.model_copy(update={"cost_centre": "430"}),)})

        commitments.replace(db, "coupa:1", "oracle-emea", a_commitment(lines=(moved,)))

        rows = db.execute("SELECT cost_centre, amount_minor FROM v_commitment").fetchall()
        assert [("430", 6000)] == [tuple(row) for row in rows]


def test_an_order_that_is_opened_again_finds_what_was_invoiced() -> None:
    """Closing takes all that is open; opening again brings back only the rest."""
    with a_store() as store, store.transaction() as db:
        commitments.replace(db, "coupa:1", "oracle-emea", a_commitment("100.00"))
        commitments.relieve(db, "coupa:i", [Relief("coupa:1", "1", Money.of("40.00", "EUR"))], **ERP)
        commitments.drop(db, "coupa:1")
        closed = commitments.totals(db)

        commitments.replace(db, "coupa:1", "oracle-emea", a_commitment("100.00"))

        assert [] == closed
        assert [6000] == [one.amount_minor for one in commitments.totals(db)]


def test_a_requisition_promises_until_orders_take_its_lines_over() -> None:
    """Its stage tells it from an order of the same key; what is taken over is promised by the order alone."""
    lines = (a_commitment_line("60.00"), a_commitment_line("40.00", number="2"))
    with a_store() as store, store.transaction() as db:
        commitments.reserve(db, "coupa:1", "oracle-emea", "DE01", lines)
        commitments.replace(db, "coupa:1", "oracle-emea", a_commitment("7.00"))
        commitments.relieve(db, "coupa:i", [Relief("coupa:1", "1", of(500))], **ERP)
        both = {one.stage: one.amount_minor for one in commitments.totals(db)}

        assert 1 == commitments.taken_over(db, "coupa:1", ["1"])
        assert 1 == commitments.taken_over(db, "coupa:1", ["1"])  # told again, it is the same

        left = {one.stage: one.amount_minor for one in commitments.totals(db)}
        shown = {row["stage"]: row["amount_minor"] for row in db.execute("SELECT * FROM v_commitment")}
        assert {"commitment": 10_000, "obligation": 200} == both
        assert {"commitment": 4000, "obligation": 200} == left == shown
        assert 4000 == commitments.used_of(
            db, "DE01", "EUR", cost_centre="420", order="coupa:1", requisition=None
        )
        assert 700 == commitments.used_of(
            db, "DE01", "EUR", cost_centre="420", order="coupa:9", requisition="coupa:1"
        )
        assert 0 == commitments.taken_over(db, "coupa:1", [])
        assert both == {one.stage: one.amount_minor for one in commitments.totals(db)}
        commitments.taken_over(db, "coupa:1", ["2"])
        commitments.drop(db, "coupa:1", commitments.REQUISITION)
        assert 0 == commitments.taken_over(db, "coupa:1", [])
        assert ["obligation"] == [one.stage for one in commitments.totals(db)]
