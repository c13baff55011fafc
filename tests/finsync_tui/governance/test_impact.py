"""What a change would do, and what is missing: measured on documents, without writing anything."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from finsync_tui import impact as impact_of
from finsync_tui.gaps import gaps
from finsync_tui.impact import impact
from finsync_tui.mapping import MappingRow
from store import findings
from tests.builders import a_cost_centre, a_purchase_order, an_order_line
from tests.finsync_tui.flows.desk import TARGET, Desk
from tests.finsync_tui.governance.council import TABLE, a_row


def an_order(number: int, total: str, *centres: str) -> object:
    lines = []
    for i, centre in enumerate(centres, 1):
        line = an_order_line(total, number=str(i), external_id=f"{number}{i}")
        part = line.distributions[0].model_copy(
            update={"account": f"01-{centre}-7110", "segments": ("01", centre, "7110")}
        )
        lines.append(line.model_copy(update={"distributions": (part,)}))
    return a_purchase_order(number=f"PO-{number}", lines=tuple(lines))


def a_desk(*orders: tuple[int, str, tuple[str, ...]]) -> Desk:
    """A desk that knows cost centre 420 only, and has seen these orders."""
    desk = Desk()
    desk.profile = desk.profile.model_copy(update={"mappings": {TABLE: desk.rows}})
    for number, total, centres in orders:
        desk.order(an_order(number, total, *centres), str(number))  # type: ignore[arg-type]
    return desk


def measured(desk: Desk, *rows: MappingRow) -> dict[str, tuple[int, int]]:
    before = desk.store.db.total_changes
    found = impact(desk.store.db, desk.profile, TABLE, rows, desk.now)
    assert before == desk.store.db.total_changes
    return {one.outcome: (one.document_count, one.amount_minor) for one in found.totals}


def test_a_new_rule_releases_the_documents_that_wait_for_it() -> None:
    """With their money; those that lack something else as well stay stuck, and say what."""
    desk = a_desk((1, "100.00", ("430",)), (2, "50.00", ("430", "440")), (3, "70.00", ("420",)))
    rows = (*desk.rows, a_row("430", "420"))

    assert {"released": (1, 10000), "still_stuck": (1, 10000)} == measured(desk, *rows)
    found = impact(desk.store.db, desk.profile, TABLE, rows, desk.now)
    (stuck,) = [one for one in found.documents if one.outcome == "still_stuck"]
    assert "440" in stuck.cause
    assert [("430", None, "420", 2, {"EUR": 20000})] == [
        (v.value, v.before, v.after, v.document_count, v.amounts) for v in found.values
    ]


def test_a_changed_rule_charges_live_documents_elsewhere() -> None:
    """From what to what, account by account."""
    desk = a_desk((1, "100.00", ("420",)))

    found = impact(desk.store.db, desk.profile, TABLE, [a_row("420", "421")], desk.now)

    (one,) = found.documents
    assert ("changed", {"1/1": "01-420-7110-0000-000"}, {"1/1": "01-421-7110-0000-000"}) == (
        one.outcome,
        one.before,
        one.after,
    )


def test_a_rule_that_is_taken_out_would_hold_documents() -> None:
    """They would be stuck when they are decided again."""
    desk = a_desk((1, "100.00", ("420",)))

    assert {"newly_stuck": (1, 10000)} == measured(desk)


def test_documents_that_have_ended_are_counted_and_stay_as_they_are() -> None:
    """They would be charged elsewhere today; nobody changes them."""
    desk = a_desk((1, "100.00", ("420",)))
    desk.store.db.execute("UPDATE workflow SET state='done', ended_at=changed_at")

    assert {"decided": (1, 10000)} == measured(desk, a_row("420", "421"))


def test_what_waits_for_another_reason_is_not_listed() -> None:
    """Unless the change is what lets it go on."""
    desk = Desk()
    desk.rows = (a_row("420", "420"), a_row("430", "430"))
    desk.profile = desk.profile.model_copy(update={"mappings": {TABLE: desk.rows}})
    desk.put(TARGET, "cc430", a_cost_centre(number="430", is_active=False))
    desk.order(an_order(1, "100.00", "430"), "1")  # type: ignore[arg-type]

    assert [("COST_CENTRE_INACTIVE", "open")] == desk.exceptions
    assert {} == measured(desk, *desk.rows, a_row("440", "440"))
    assert {"released": (1, 10000)} == measured(desk, desk.rows[0], a_row("430", "420"))


def test_what_is_asked_about_is_only_read() -> None:
    """What a step would note is not kept while it is only tried: screens ask with a connection that can't write."""
    desk = Desk()
    desk.rows = (a_row("420", "420"), a_row("430", "430"))
    desk.profile = desk.profile.model_copy(update={"mappings": {TABLE: desk.rows}})
    desk.put(TARGET, "cc430", a_cost_centre(number="430", is_active=False))
    desk.order(an_order(1, "100.00", "430"), "1")  # type: ignore[arg-type]
    desk.order(an_order(2, "70.00", "440", "430"), "2")  # type: ignore[arg-type]
    desk.clock.advance(timedelta(days=1))  # the trouble names the day: it would be noted anew

    assert [("COST_CENTRE_INACTIVE", "open"), ("MAPPING_MISSING", "open")] == desk.exceptions
    desk.store.db.execute("PRAGMA query_only=ON")
    assert {"still_stuck": (1, 14000)} == measured(desk, *desk.rows, a_row("440", "420"))
    assert ["440"] == [one.value for one in gaps(desk.store.db, desk.profile, desk.now)]


CENTRES = st.sampled_from(["400", "420", "430", "440"])
ROWS = st.lists(
    st.builds(a_row, CENTRES | st.sampled_from(["4*", "430..440"]), st.sampled_from(["420", "421", "999"])),
    max_size=4,
)


@settings(max_examples=12)
@given(st.lists(st.lists(CENTRES, min_size=1, max_size=2), min_size=1, max_size=5), ROWS)
def test_documents_that_tell_the_step_the_same_are_decided_once_and_alike(
    orders: list[list[str]], rows: list[MappingRow]
) -> None:
    """Any orders, some twice under other numbers, under any rows: what one is decided to is what each would be by itself."""
    doubled = [*orders, *orders]
    desk = a_desk(*((number, "100.00", tuple(centres)) for number, centres in enumerate(doubled, 1)))

    with patch.object(impact_of, "_question", lambda *_: None):
        singly = impact(desk.store.db, desk.profile, TABLE, rows, desk.now)
    together = impact(desk.store.db, desk.profile, TABLE, rows, desk.now)

    assert singly == together
    assert together.is_complete


def test_of_a_hundred_equal_orders_one_is_decided() -> None:
    """All of them are named, whatever their number."""
    desk = a_desk(*((number, "100.00", ("430",)) for number in range(1, 101)))
    asked: list[int] = []
    decide = impact_of._decided_again

    def counting(*call: Any) -> Any:
        asked.append(1)
        return decide(*call)

    with patch.object(impact_of, "_decided_again", counting):
        found = impact(desk.store.db, desk.profile, TABLE, [*desk.rows, a_row("430", "420")], desk.now)

    assert (100, 1) == (len(found.documents), len(asked))


def test_the_most_expensive_is_so_in_any_currency() -> None:
    """500,000 yen come before 9,000.00 euros, which are more smallest units: among values, documents, and what is asked at all."""
    desk = a_desk((1, "9000.00", ("420",)), (2, "30.00", ("430",)))
    for table in ("workflow", "exception_case"):
        desk.store.db.execute(
            f"UPDATE {table} SET amount_minor=500000, currency='JPY' WHERE document_number='PO-2'"
        )
    rows = [a_row("420", "421"), a_row("430", "420")]

    whole = impact(desk.store.db, desk.profile, TABLE, rows, desk.now)
    first = impact(desk.store.db, desk.profile, TABLE, rows, desk.now, limit=1)

    assert [{"JPY": 500_000}, {"EUR": 900_000}] == [dict(one.amounts) for one in whole.values]
    assert ["PO-2", "PO-1"] == [one.document_number for one in whole.documents]
    assert (["PO-2"], False) == ([one.document_number for one in first.documents], first.is_complete)


def test_a_new_value_that_the_erp_does_not_know_is_doubted() -> None:
    """The ERP of the rule's company or region, or any; rows that were there before are nobody's question now."""
    desk = a_desk()
    desk.rows = (a_row("400", "400"),)
    setup = desk.profile.legal_entities["DE01"].model_copy(update={"region": "EMEA"})
    changes = {"legal_entities": {"DE01": setup}, "mappings": {TABLE: desk.rows}}
    desk.profile = desk.profile.model_copy(update=changes)
    new = [a_row("1", "421", scope=scope) for scope in ("", "DE01", "EMEA", "US01")]
    known = [a_row("2", "420", scope=scope) for scope in ("", "DE01", "EMEA", "US01")]

    found = impact(desk.store.db, desk.profile, TABLE, (*desk.rows, *new, *known), desk.now)

    assert ["any ERP", "the ERP of DE01", "the ERP of EMEA"] == [
        one.removeprefix("421 is not known in ").removesuffix(", as far as it was read")
        for one in found.doubts
    ]


def test_a_document_that_carries_two_changed_values_counts_once() -> None:
    """Its money is at stake once, however many of its values change."""
    desk = Desk()
    desk.rows = (a_row("420", "420"), a_row("430", "430"))
    desk.profile = desk.profile.model_copy(update={"mappings": {TABLE: desk.rows}})
    desk.order(an_order(1, "100.00", "420", "430"), "1")  # type: ignore[arg-type]
    desk.store.db.execute("UPDATE workflow SET state='done', ended_at=changed_at")

    assert {"decided": (1, 20000)} == measured(desk, a_row("420", "1"), a_row("430", "2"))


def test_a_change_that_no_document_is_about_changes_nothing() -> None:
    """Other values, other companies, and rules for a day that is still to come."""
    desk = a_desk((1, "100.00", ("420",)))
    rows = (
        *desk.rows,
        a_row("999", "1"),
        a_row("420", "7", scope="US01"),
        a_row("420", "7", valid_from="2027-01-01", priority=1),
    )

    assert {} == measured(desk, *rows)


def test_gaps_are_listed_with_the_most_expensive_first() -> None:
    """A second missing value of a stuck document shows before the first is mended."""
    desk = a_desk((1, "10.00", ("430", "440")), (2, "900.00", ("450",)), (3, "5.00", ("420",)))

    found = gaps(desk.store.db, desk.profile, desk.now)

    assert [("450", 1, {"EUR": 90000}), ("430", 1, {"EUR": 2000}), ("440", 1, {"EUR": 2000})] == [
        (one.value, one.document_count, dict(one.amounts)) for one in found
    ]
    assert [(TABLE, "DE01")] == list({(one.table, one.scope) for one in found})


def test_a_gap_that_a_rule_closes_is_none() -> None:
    """Documents that only wait for their retry are not asked about again."""
    desk = a_desk((1, "10.00", ("430",)))
    desk.profile = desk.profile.model_copy(update={"mappings": {TABLE: (a_row("4*", "="),)}})

    assert [] == gaps(desk.store.db, desk.profile, desk.now)


def test_a_condition_concerns_only_the_documents_that_meet_it() -> None:
    """Live ones are decided again, ended ones judged by what was noted of them when they were decided."""
    desk = a_desk((1, "100.00", ("420",)), (2, "50.00", ("420",)), (3, "30.00", ("430",)))
    desk.store.db.execute(
        "UPDATE workflow SET state='done', ended_at=changed_at WHERE document_number='PO-2'"
    )
    euro = a_row("420", "421", where=(("currency", "EUR"),))
    dollar = a_row("420", "421", where=(("currency", "USD"),))
    wanted = a_row("430", "420", where=(("currency", "EUR"), ("document", "purchase_order")))

    assert {"changed": (1, 10000), "decided": (1, 5000)} == measured(desk, *desk.rows, euro)
    assert {} == measured(desk, *desk.rows, dollar)
    assert {"released": (1, 3000)} == measured(desk, *desk.rows, wanted)


def test_a_value_is_missing_once_for_each_of_what_the_table_asks_about() -> None:
    """A rule with conditions is missing for those who don't meet them; each gap says what its documents have."""
    desk = a_desk((1, "100.00", ("430",)))
    rows = (*desk.rows, a_row("430", "420", where=(("currency", "USD"),)))
    profile = desk.profile.model_copy(update={"mappings": {TABLE: rows}})

    (gap,) = gaps(desk.store.db, profile, desk.now)

    assert ("430", (("currency", "EUR"),), 1) == (gap.value, gap.given, gap.document_count)


def test_a_default_that_answers_is_noted() -> None:
    """A rule for everything else may hide a rule that somebody forgot."""
    desk = Desk()
    desk.rows = (*desk.rows, a_row("*", "420"))

    desk.order(an_order(1, "100.00", "430", "430"), "1")  # type: ignore[arg-type]

    noted = [one for one in findings.of_document(desk.store.db, "coupa:1") if one.class_ == "MAPPING_DEFAULT"]
    assert [
        "no rule of the mapping table cost_centre is for 430; its rule for everything else made it 420"
    ] == [one.message for one in noted]
