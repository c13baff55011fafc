"""Two changes of one table brought together, and a change that is dated: laws that hold for any tables."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from finsync_tui.mapping import MappingRow, Table
from finsync_tui.mapping.editing import errors, remarks, with_rule, without_rules
from finsync_tui.mapping.merge import dated, difference, merge
from finsync_tui.mapping.standing import body_of, rows_of
from finsync_tui.profile import Profile
from tests.finsync_tui.flows.desk import PROFILE
from tests.finsync_tui.governance.council import a_row

START = date(2026, 1, 1)
DAYS = st.integers(0, 60).map(lambda n: START + timedelta(days=n))
PROFILE_OF_ONE = Profile.model_validate(PROFILE)


@st.composite
def rules(draw: st.DrawFn) -> MappingRow:
    first, last = sorted((draw(DAYS), draw(DAYS)))
    return a_row(
        draw(st.sampled_from(["A", "AB", "A*", "*", "B"])),
        draw(st.sampled_from(["1", "2", "3", "="])),
        scope=draw(st.sampled_from(["", "DE01"])),
        priority=draw(st.integers(0, 1)),
        valid_from=draw(st.sampled_from([None, first])),
        valid_to=draw(st.sampled_from([None, last])),
    )


tables = (
    st.lists(rules(), max_size=6)
    .map(lambda rows: tuple(dict.fromkeys(rows)))
    .filter(lambda rows: not errors(remarks(PROFILE_OF_ONE, rows)))
)


def answers(rows: tuple[MappingRow, ...], on: date) -> list[str | None]:
    table = Table("t", 1, rows)
    found = [
        table.find(value, scope=s, on=on) for value in ("A", "AB", "ABC", "B", "X") for s in ("DE01", "US01")
    ]
    return [match.target if match else None for match in found]


@given(tables, tables, DAYS, DAYS)
def test_a_dated_change_decides_from_its_day_on_and_not_before(
    before: tuple[MappingRow, ...], after: tuple[MappingRow, ...], starts_on: date, on: date
) -> None:
    """Up to the day before everything means what it meant; from that day on, what the new rows say."""
    changed = dated(before, after, starts_on)

    assert answers(before if on < starts_on else after, on) == answers(changed, on)


@given(tables, tables)
def test_a_change_on_one_side_only_is_that_change(
    base: tuple[MappingRow, ...], changed: tuple[MappingRow, ...]
) -> None:
    """Whoever changed nothing takes the other's rows, without a conflict."""
    assert (changed, ()) == (merge(base, base, changed).rows, merge(base, base, changed).conflicts)
    assert (changed, ()) == (merge(base, changed, base).rows, merge(base, changed, base).conflicts)


@given(tables, tables, tables)
def test_a_merge_takes_every_value_from_a_side_that_changed_it(
    base: tuple[MappingRow, ...], ours: tuple[MappingRow, ...], theirs: tuple[MappingRow, ...]
) -> None:
    """All rules of one value come from one of both; where only one side changed them, from that side."""

    def group(rows: tuple[MappingRow, ...], key: tuple[str, str]) -> list[MappingRow]:
        return [row for row in rows if (row.scope, row.source) == key]

    merged = merge(base, ours, theirs)

    for key in {(row.scope, row.source) for row in (*base, *ours, *theirs)}:
        was, one, two, now = (group(rows, key) for rows in (base, ours, theirs, merged.rows))
        if key in merged.conflicts:
            assert one == now
        elif one == was:
            assert two == now
        else:
            assert one == now
            assert two in (was, one)


@given(tables, tables)
def test_a_difference_leads_from_one_table_to_the_other(
    before: tuple[MappingRow, ...], after: tuple[MappingRow, ...]
) -> None:
    """What went and what came account for everything."""
    gone, come = difference(before, after)

    assert set(after) == (set(before) - set(gone)) | set(come)


@given(tables)
def test_a_recorded_table_is_read_as_it_was(rows: tuple[MappingRow, ...]) -> None:
    """Nothing is lost on the way into the store and back."""
    assert rows == rows_of(body_of(rows))


def test_a_rule_takes_the_place_of_the_one_for_the_same_value() -> None:
    """Where it stood; other scopes and priorities stay."""
    rows = (a_row("A", "1"), a_row("B", "2"), a_row("B", "3", scope="DE01"))

    assert ["A1", "B9", "B3"] == [r.source + r.target for r in with_rule(rows, a_row("B", "9"))]
    assert ["A1", "B3"] == [r.source + r.target for r in without_rules(rows, "B", "")]


def test_what_is_wrong_with_a_row_is_named() -> None:
    """Each problem with its row; what only looks odd is a warning."""
    rows = (
        a_row(" A", "1"),
        a_row("B", ""),
        a_row("C", "1*"),
        a_row("D", "1", valid_from="2026-02-01", valid_to="2026-01-01"),
        a_row("E", "1", scope="XX99"),
        a_row("F", "1\u202e"),
        a_row("G", "1"),
        a_row("G", "1"),
    )

    found = [(one.row, one.severity) for one in remarks(PROFILE_OF_ONE, rows)]

    assert [
        (1, "error"),
        (2, "error"),
        (3, "error"),
        (4, "error"),
        (5, "warn"),
        (6, "error"),
        (8, "warn"),
    ] == found


def test_a_dated_rule_replaces_only_what_holds_on_its_days() -> None:
    """The rule that ended before it begins stays; the one for the same days goes."""
    old, now = a_row("B", "2", valid_to="2025-12-31"), a_row("B", "3", valid_from="2026-01-01")
    new = a_row("B", "9", valid_from="2026-02-01")

    assert [old, new] == list(with_rule([old, now], new))
