"""The comparison inside the store, held against a naive one in Python, and its rules one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finsync_tui.reconcile.judging import Found
from tests.builders import a_clock, a_store
from tests.finsync_tui.reconcile.sides import PAYABLES, Bench, a_definition, an_invoice, told

NUMBER = {"name": "supplier and number", "on": ["supplier", "number"]}
AMOUNT = {
    "name": "amount and date",
    "on": ["supplier"],
    "amount": True,
    "tolerance": {"EUR": "0.02"},
    "days": 3,
    "date": "date",
}
SUM = {"name": "one to many", "on": ["supplier"], "many": "target", "tolerance": {"EUR": "0.02"}}
RULES = {"match": [NUMBER, AMOUNT, SUM]}

RECORDS = st.lists(
    st.builds(
        lambda n, mark, number, supplier, minor, day, status, currency: an_invoice(
            id=str(n), mark=f"left:{mark}", number=f"INV-{number}", supplier=f"S{supplier}", minor=minor,
            on=date(2026, 1, 29) + timedelta(days=day), status=status, currency=currency,
        ),
        st.integers(0, 30), st.integers(0, 9), st.integers(0, 3), st.integers(0, 2),
        st.sampled_from([0, 1, 2, 3, 4, 5, 6, 98, 100, 101, 102, 103, -2, -3, -1]),
        st.integers(0, 8), st.sampled_from(["open", "approved", "validated"]), st.sampled_from(["EUR", "EUR", "EUR", "JPY"]),
    ),
    max_size=14, unique_by=lambda r: r["id"],
)  # fmt: skip


def naive(left: list[Any], right: list[Any], rules: list[dict[str, Any]], many: str | None) -> Iterator[Any]:
    """Compare as one would by hand: no hashes, no SQL, no batches."""
    sides: dict[str, tuple[list[Any], list[Any]]] = defaultdict(lambda: ([], []))
    for n, records in enumerate((left, right)):
        for one in sorted(records, key=lambda r: r["id"]):
            sides[one["mark"]][n].append(one)
    alone: tuple[list[Any], list[Any]] = ([], [])
    for mark, (sources, targets) in sorted(sides.items()):
        if many == "target" and targets:
            targets = [_sum(targets)]
        if len(sources) > 1 or len(targets) > 1:
            yield "duplicate", mark, ("records",)
        if sources and targets:
            best = min((_differing(sources[0], t) for t in targets), key=len)
            if best:
                yield ("status_lag" if best == ("status",) else "field"), mark, best
        else:
            for n, some in enumerate((sources, targets)):
                alone[n].extend(r for r in some[:1] if not (many and n == 1 and r["minor"] == 0))
    for rule in rules:
        for sources, targets in _paired(alone[0], alone[1], rule):
            for n, some in enumerate((sources, targets)):
                alone[n][:] = [r for r in alone[n] if r not in some]
            differing = _differing(_sum(sources), _sum(targets))
            if differing:
                yield ("status_lag" if differing == ("status",) else "field"), sources[0]["mark"], differing
    yield from (("missing_in_target", r["mark"], ()) for r in alone[0])
    yield from (("missing_in_source", r["mark"], ()) for r in alone[1])


def _sum(records: list[Any]) -> Any:
    if len(records) == 1:
        return records[0]
    joined = {
        name: ", ".join(sorted({str(r[name]) for r in records})) for name in ("number", "supplier", "status")
    }
    words = {"approved": "open"} | {"validated": "open"}
    statuses = sorted({words.get(r["status"], r["status"]) for r in records})
    return {**records[0], **joined, "status": ", ".join(statuses), "minor": sum(r["minor"] for r in records)}


def _differing(source: Any, target: Any) -> tuple[str, ...]:
    found = [name for name in ("number", "supplier") if source[name] != target[name]]
    limit = {"EUR": 2, "JPY": 1}[source["currency"]]
    if source["currency"] != target["currency"] or abs(source["minor"] - target["minor"]) > limit:
        found.append("total")
    if _word(source, "approved") != _word(target, "validated"):
        found.append("status")
    return tuple(found)


def _word(record: Any, own: str) -> str:
    return "open" if record["status"] == own else str(record["status"])


def _sums(left: list[Any], right: list[Any], limit: int) -> list[tuple[list[Any], list[Any]]]:
    def adds_up(one: Any, parts: Any) -> bool:
        return abs(one["minor"] - sum(r["minor"] for r in parts)) <= limit

    if len(left) == 1 and len(right) > 1 and adds_up(left[0], right):
        return [(left, right)]
    some = [r for r in right if r["minor"]]
    if max(len(some), len(left)) > 12:
        return []
    fits = [[p for n in range(1, 6) for p in combinations(some, n) if adds_up(one, p)] for one in left]
    used = [{r["id"] for parts in ways for r in parts} for ways in fits]
    return [
        ([one], list(ways[0]))
        for one, ways, ids in zip(left, fits, used, strict=True)
        if len(ways) == 1 and len(ways[0]) > 1 and not any(ids & other for other in used if other is not ids)
    ]


def _paired(left: list[Any], right: list[Any], rule: dict[str, Any]) -> list[tuple[list[Any], list[Any]]]:
    def value(r: Any) -> tuple[Any, ...]:
        return (r["currency"], *(r[name] for name in rule["on"]))

    def fits(a: Any, b: Any) -> bool:
        if value(a) != value(b):
            return False
        if rule.get("amount") and abs(a["minor"] - b["minor"]) > (2 if a["currency"] == "EUR" else 0):
            return False
        return "days" not in rule or abs((a["on"] - b["on"]).days) <= rule["days"]

    if "many" in rule:
        found = []
        for v in dict.fromkeys(value(r) for r in left):
            a, b = [r for r in left if value(r) == v], [r for r in right if value(r) == v]
            found += _sums(a, b, 2 if v[0] == "EUR" else 0)
        return found
    return [
        ([a], [b])
        for a in left
        for b in right
        if [r for r in right if fits(a, r)] == [b] and [r for r in left if fits(r, b)] == [a]
    ]


@given(RECORDS, RECORDS, st.sampled_from([[], [NUMBER], [NUMBER, AMOUNT], [SUM], [NUMBER, AMOUNT, SUM]]))
def test_the_comparison_finds_what_a_naive_one_finds(left: Any, right: Any, rules: Any) -> None:
    """Tolerances, duplicates, statuses, other rules than the key, sums: the same differences, no more and no fewer."""
    with a_store() as store:
        bench = Bench(store, a_definition(match=rules))
        bench.read("source", left)
        bench.read("target", right)

        assert sorted(naive(left, right, rules, None)) == sorted(told(bench.everything()))


@given(RECORDS, RECORDS)
def test_several_rows_of_one_key_add_up_where_that_is_allowed(left: Any, right: Any) -> None:
    """An invoice that the ERP split is no duplicate when its parts make the whole."""
    with a_store() as store:
        bench = Bench(store, a_definition(many="target"))
        bench.read("source", [r for r in left if r["currency"] == "EUR"])
        bench.read("target", [r for r in right if r["currency"] == "EUR" and r["status"] != "approved"])

        left = [r for r in left if r["currency"] == "EUR"]
        right = [r for r in right if r["currency"] == "EUR" and r["status"] != "approved"]
        assert sorted(naive(left, right, [], "target")) == sorted(told(bench.everything()))


@given(RECORDS, RECORDS, RECORDS, RECORDS, st.sampled_from([[], [NUMBER], [NUMBER, AMOUNT, SUM]]))
def test_comparing_only_what_changed_finds_the_same(
    left: Any, right: Any, left_changes: Any, right_changes: Any, rules: Any
) -> None:
    """After changes on both sides: what was known and did not change, and what the run of changes says, is all there is."""
    with a_store() as store:
        bench = Bench(store, a_definition(match=rules))
        bench.read("source", left)
        bench.read("target", right)
        before = {(one.key, one.kind == "duplicate"): one for one in bench.everything()}

        bench.read("source", left_changes, is_full=False)
        bench.read("target", right_changes, is_full=False)
        comparing = bench.comparing()
        looked_at = set(_changed(store, comparing))
        after = {k: one for k, one in before.items() if k[0] not in looked_at}
        after |= {(one.key, one.kind == "duplicate"): one for one in bench.changes()}

        assert sorted(told(bench.everything())) == sorted(told(after.values()))


def _changed(store: Any, comparing: Any) -> Iterator[str]:
    from store import comparison

    yield from comparison.changed_keys(store.db, comparing.definition_id, comparing.target_label)


@given(RECORDS, RECORDS)
def test_control_totals_are_kept_with_the_rows(left: Any, right: Any) -> None:
    """However often rows change, a control total is the sum of what is there, by company, period and currency."""
    with a_store() as store:
        bench = Bench(store, a_definition())
        for some in (left, right, left[:5]):
            bench.read("source", some)
        bench.read("target", right)

        sums: dict[Any, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for n, records in enumerate((left[:5], right)):
            for one in records:
                group = sums[one["company"], f"{one['on']:%Y-%m}", one["currency"]]
                group[2 * n] += 1
                group[2 * n + 1] += one["minor"]
        found = bench.comparing().totals(store.db)
        assert {k: tuple(v) for k, v in sums.items()} == {
            (t.legal_entity, t.period, t.currency): (
                t.source_count, t.source_minor, t.target_count, t.target_minor,
            )
            for t in found
        }  # fmt: skip


def test_tolerated_differences_that_add_up_open_a_control_total() -> None:
    """Each invoice is two cents off, which is allowed; together it is a euro, which is not."""
    with a_store() as store:
        bench = Bench(store, a_definition(total_tolerance={"EUR": "0.50"}))
        bench.read("source", [an_invoice(id=str(n), mark=f"left:{n}", minor=100) for n in range(50)])
        bench.read("target", [an_invoice(id=str(n), mark=f"left:{n}", minor=98) for n in range(50)])

        (found,) = bench.everything()

    assert ("control_total", "DE01/2026-01/EUR", 100) == (found.kind, found.key, found.amount_minor)


def test_a_total_that_its_documents_explain_is_no_break_of_its_own() -> None:
    """One missing invoice is one break, not two."""
    with a_store() as store:
        bench = Bench(store, a_definition(total_tolerance={}))
        bench.read("source", [an_invoice()])
        bench.read("target", [])

        assert ["missing_in_target"] == [one.kind for one in bench.everything()]


def test_what_both_sides_hold_twice_is_a_duplicate_on_both() -> None:
    """A document that was doubled in one system and taken over twice agrees with its twin, and is there once too often."""
    with a_store() as store:
        bench = Bench(store, a_definition())
        twice = [an_invoice(id="1"), an_invoice(id="2")]
        bench.read("source", twice)
        bench.read("target", twice)

        (found,) = bench.everything()

    assert ("duplicate", 20000, {"source_count": 2, "target_count": 2}) == (
        found.kind,
        found.amount_minor,
        dict(found.evidence),
    )


def test_doubles_are_found_whatever_their_twins_say() -> None:
    """Both sides hold a key twice with two amounts that agree pair by pair; one side alone holds another twice alike."""
    with a_store() as store:
        bench = Bench(store, a_definition())
        twice = [an_invoice(id="1", minor=100), an_invoice(id="2", minor=999)]
        alike = [an_invoice(id=n, mark="left:2", minor=7) for n in ("3", "4")]
        bench.read("source", twice)
        bench.read("target", twice + alike)

        found = {(one.kind, one.key) for one in bench.everything()}
        bench.read("target", twice[:1] + alike[1:])
        bench.read("source", [*twice[:1], an_invoice(id="9", mark="left:2", minor=7)])

        assert {("duplicate", "left:1"), ("duplicate", "left:2"), ("missing_in_source", "left:2")} == found
        assert [] == bench.everything()


def test_a_window_tells_only_of_its_periods() -> None:
    """Differences of other months are left to other runs."""
    with a_store() as store:
        bench = Bench(store, a_definition())
        bench.read("source", [an_invoice(id=str(n), mark=str(n), on=date(2026, n, 1)) for n in (1, 2, 3)])
        bench.read("target", [])

        assert ["2", "3"] == [one.key for one in bench.everything(periods=("2026-02", "2026-03"))]


@pytest.mark.parametrize(
    ("changes", "at_risk"),
    [
        ({"minor": 10050}, 50),
        ({"minor": 10050, "supplier": "S2"}, 10050),
        ({"supplier": "S2"}, 10000),
        ({"minor": 9950, "number": "INV-2"}, 10000),
        ({"status": "cancelled"}, 10000),
        ({"minor": 90000, "currency": "USD"}, 10000),
    ],
)
def test_all_of_it_is_at_risk_where_more_than_the_amount_is_another_one(
    changes: dict[str, Any], at_risk: int
) -> None:
    """A cent more to another supplier is no difference of a cent: the whole invoice goes astray."""
    with a_store() as store:
        bench = Bench(store, a_definition())
        bench.read("source", [an_invoice()])
        bench.read("target", [an_invoice(**changes)])
        (found,) = bench.everything()

    assert at_risk == found.amount_minor


@pytest.mark.parametrize("tolerance", [{}, {"EUR": "0.02"}])
def test_as_many_cents_of_another_currency_are_a_difference(tolerance: dict[str, str]) -> None:
    """Equal numbers are no equal amounts, with or without a tolerance."""
    fields = [{"name": "total", "path": "total", "kind": "money", "tolerance": tolerance}]
    with a_store() as store:
        bench = Bench(store, a_definition(fields=fields))
        bench.read("source", [an_invoice(currency="GBP")])
        bench.read("target", [an_invoice(currency="USD")])
        (found,) = bench.everything()

    assert ("field", "100.00 GBP", "100.00 USD") == (
        found.kind,
        found.fields[0].source,
        found.fields[0].target,
    )


@pytest.mark.parametrize(("minor", "count"), [(10002, 0), (9998, 0), (10003, 1), (9997, 1)])
def test_a_tolerance_is_kept_to_the_cent(minor: int, count: int) -> None:
    """Two cents may differ, three may not, whichever side has more."""
    with a_store() as store:
        bench = Bench(store, a_definition())
        bench.read("source", [an_invoice()])
        bench.read("target", [an_invoice(minor=minor)])

        assert count == len(bench.everything())


@pytest.mark.parametrize(
    ("owed", "paid", "missing"),
    [
        ([100], [60, 40], 0),
        ([100], [60, 40, 999], 1),
        ([100, 50], [60, 40, 20, 30], 0),
        ([100, 777], [60, 40], 1),
        ([100], [60, 40, 55, 45], 5),
        ([100, 102], [60, 40, 42], 5),
        ([100], [100, 60, 40], 4),
    ],
)
def test_several_that_add_up_are_found_among_others(owed: list[int], paid: list[int], missing: int) -> None:
    """The only ones that do, whatever else the supplier has; what adds up in two ways, or is wanted twice, is left alone."""
    rule = {"name": "split", "on": ["supplier"], "many": "target"}
    fields = [{"name": "supplier", "path": "supplier"}, {"name": "total", "path": "total", "kind": "money"}]
    with a_store() as store:
        bench = Bench(store, a_definition(match=[rule], fields=fields))
        bench.read(
            "source", [an_invoice(id=f"{n}", mark=f"left:{n}", minor=one) for n, one in enumerate(owed)]
        )
        bench.read("target", [an_invoice(id=f"9{n}", mark=f"r{n}", minor=one) for n, one in enumerate(paid)])

        assert missing == len(bench.everything())


def test_what_a_rule_cannot_tell_apart_says_what_it_may_be() -> None:
    """Two bills and two postings of the same amount: each is missing, and names the others; a sole one is paired."""
    with a_store() as store:
        bench = Bench(store, a_definition(match=[AMOUNT]))
        bench.read(
            "source", [an_invoice(id=f"{n}", mark=f"left:{n}", supplier=s) for n, s in enumerate("AAB")]
        )
        bench.read("target", [an_invoice(id=f"9{n}", mark=f"r{n}", supplier=s) for n, s in enumerate("AAB")])

        found = {one.key: dict(one.evidence) for one in bench.everything()}

    assert {"left:0", "left:1", "r0", "r1"} == set(found)
    assert {"may_be": ("r0", "r1"), "by_rule": "amount and date"} == found["left:0"]
    assert ("left:0", "left:1") == found["r1"]["may_be"]


def test_control_totals_leave_out_what_the_other_side_need_not_have() -> None:
    """An ERP's invoice from elsewhere is no difference; once a rule pairs it, it counts. In runs of changes and windows, too."""
    elsewhere = an_invoice(id="9", mark="", number="X-9", minor=700)
    definition = a_definition(
        match=[{"name": "number", "on": ["number"]}],
        target=PAYABLES["target"] | {"expected": [{"path": "mark", "starts_with": "left:"}]},
        total_tolerance={},
    )
    with a_store(a_clock()) as store:
        bench = Bench(store, definition)
        bench.read("source", [an_invoice()])
        bench.read("target", [an_invoice(), elsewhere])

        def totals(found: list[Found], periods: tuple[str, str] | None = None) -> list[tuple[object, ...]]:
            assert [] == found
            shown = bench.comparing(periods).totals(store.db)
            return [(one.source_count, one.source_minor, one.target_count, one.target_minor) for one in shown]

        january = ("2026-01", "2026-01")
        seen = [
            totals(bench.everything()),
            totals(bench.changes()),
            totals(bench.everything(january), january),
        ]
        bench.read("source", [an_invoice(), an_invoice(id="8", mark="left:8", number="X-9", minor=700)])
        paired = totals(bench.changes())

    assert [[(1, 10000, 1, 10000)]] * 3 == seen
    assert [(2, 10700, 2, 10700)] == paired


@pytest.mark.parametrize(
    ("source", "target", "is_same"), [(10000, 11100, False), (11100, 10000, True), (-10000, -11000, True)]
)
def test_a_tolerance_in_percent_is_one_of_the_sources_amount(source: int, target: int, is_same: bool) -> None:
    """Ten percent of what was decided, not of what came of it."""
    total = {"name": "total", "path": "total", "kind": "money", "tolerance_percent": "10"}
    with a_store() as store:
        bench = Bench(store, a_definition(fields=[total]))
        bench.read("source", [an_invoice(minor=source)])
        bench.read("target", [an_invoice(minor=target)])

        assert is_same == (bench.everything() == [])


@pytest.mark.parametrize(("minor", "is_pair"), [(5002, True), (5003, False)])
def test_parts_add_up_within_the_tolerance_of_their_rule(minor: int, is_pair: bool) -> None:
    """Two cents are allowed, and no more: one invoice here, two there."""
    total = {"name": "total", "path": "total", "kind": "money", "tolerance": {"EUR": "0.02"}}
    fields = [{"name": "supplier", "path": "supplier"}, total]
    with a_store() as store:
        bench = Bench(store, a_definition(fields=fields, match=[SUM]))
        bench.read("source", [an_invoice(mark="a", minor=10000)])
        bench.read(
            "target", [an_invoice(id=str(n), mark=f"b{n}", minor=one) for n, one in enumerate((5000, minor))]
        )

        assert is_pair == (bench.everything() == [])


def test_what_says_no_amount_is_missing_though_several_rows_may_add_up() -> None:
    """Only an amount can be nothing together."""
    source, target = (
        {n: v for n, v in PAYABLES[side].items() if n != "amount"} for side in ("source", "target")
    )
    with a_store() as store:
        bench = Bench(store, a_definition(many="target", source=source, target=target))
        bench.read("source", [])
        bench.read("target", [an_invoice()])

        assert ["missing_in_source"] == [kind for kind, _, _ in told(bench.everything())]


def test_a_total_names_what_the_sides_count_apart() -> None:
    """Moved to another company in one system, in nothing else: both companies' totals differ, and say by which document."""
    with a_store() as store:
        bench = Bench(store, a_definition(total_tolerance={}))
        bench.read("source", [an_invoice(), an_invoice(id="2", mark="left:2", number="INV-2")])
        bench.read(
            "target", [an_invoice(), an_invoice(id="2", mark="left:2", number="INV-2", company="FR01")]
        )

        found = bench.everything()

    assert [("DE01/2026-01/EUR", ["INV-2"]), ("FR01/2026-01/EUR", ["INV-2"])] == [
        (one.key, one.evidence["counted_apart"]) for one in found
    ]
