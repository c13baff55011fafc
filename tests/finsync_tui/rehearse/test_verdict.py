"""The comparison at the end: each way in which a rehearsal can fail is seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from finsync_tui.rehearse.evidence import AuditCheck, Case, Evidence, Noticed, Promised
from finsync_tui.rehearse.invoice_report import InvoiceReport, SourceReceipt, TargetCommitment
from finsync_tui.rehearse.planted import Plant
from finsync_tui.rehearse.report import Report, SourceOrder, TargetOrder, plants_from_json, plants_to_json
from finsync_tui.rehearse.verdict import Verdict, judge, to_json

AT = datetime(2026, 5, 4, 9, tzinfo=UTC)


def a_source(n: int = 1, **changes: object) -> SourceOrder:
    order = SourceOrder(f"coupa:{n}", f"10000{n}", "DE01", "EUR", "issued", 10_000, f"9{n}")
    return replace(order, **changes)  # type: ignore[arg-type]


def a_target(n: int = 1, **changes: object) -> TargetOrder:
    order = TargetOrder("oracle-emea", f"coupa:10000{n}", f"9{n}", "open", "EUR", 10_000)
    return replace(order, **changes)  # type: ignore[arg-type]


def a_plant(class_: str = "SUPPLIER_UNKNOWN", n: int = 2) -> Plant:
    return Plant(class_, f"10000{n}", f"coupa:{n}", "oracle-emea", AT)


def a_window() -> Plant:
    return Plant("MAINTENANCE", "oracle-emea", "oracle-emea", "oracle-emea", AT, AT + timedelta(days=1))


def a_case(class_: str = "SUPPLIER_UNKNOWN", n: int = 2, *, is_open: bool = True) -> Case:
    return Case(class_, f"coupa:{n}", f"10000{n}", is_open, "purchase_order")


def a_finding(class_: str, n: int | None = None, at: datetime = AT) -> Noticed:
    key, number = (None, None) if n is None else (f"coupa:{n}", f"10000{n}")
    return Noticed(class_, "oracle-emea", key, number, at)


def verdict(
    *,
    plants: tuple[Plant, ...] = (),
    sources: tuple[SourceOrder, ...] = (a_source(),),
    targets: tuple[TargetOrder, ...] = (a_target(),),
    cases: tuple[Case, ...] = (),
    findings: tuple[Noticed, ...] = (),
    failed_reads: tuple[Noticed, ...] = (),
    live: frozenset[str] = frozenset(),
    audit: AuditCheck = AuditCheck(True, 10, None),  # noqa: B008  (frozen)
    errors: tuple[str, ...] | None = None,
) -> Verdict:
    in_force = [one for one in targets if one.status == "open"]
    promised = tuple(Promised("DE01", one.currency, one.total_minor) for one in in_force)
    evidence = Evidence(len(sources), cases, findings, failed_reads, live, 5, AT, audit, promised=promised)
    left = tuple(TargetCommitment(one.marker, one.currency, one.total_minor) for one in in_force)
    shown = tuple(f"{one.key} {one.class_}" for one in cases if one.is_open) if errors is None else errors
    report = Report(AT, sources, targets, invoices=InvoiceReport(commitments=left), source_errors=shown)
    return judge(plants, report, evidence)


@pytest.mark.parametrize(
    ("errors", "wrong"),
    [
        (("coupa:2 SUPPLIER_UNKNOWN",), ()),
        ((), ("not in coupa: coupa:2 SUPPLIER_UNKNOWN",)),
        (("coupa:2 SUPPLIER_UNKNOWN",) * 2, ("only in coupa: coupa:2 SUPPLIER_UNKNOWN",)),
        (
            ("coupa:2 REJECTED",),
            ("only in coupa: coupa:2 REJECTED", "not in coupa: coupa:2 SUPPLIER_UNKNOWN"),
        ),
    ],
)
def test_what_coupa_shows_is_what_is_open_here(errors: tuple[str, ...], wrong: tuple[str, ...]) -> None:
    """An exception that its administrators do not see, see twice, or see although it is over."""
    sources = (a_source(), a_source(2, erp_number=None))
    ended = a_case("REJECTED", is_open=False)
    unread = Case("PAYLOAD_INVALID", "coupa:unread-1", "unread-1", True, "purchase_order")
    own = Case("REJECTED", "oracle-emea:7", "7", True, "invoice")

    found = verdict(plants=(a_plant(),), sources=sources, cases=(a_case(), ended), errors=errors)
    others = verdict(plants=(a_plant(),), sources=sources, cases=(a_case(), unread, own), errors=errors)

    assert (wrong, wrong) == (found.misshown, others.misshown)
    assert not wrong or not found.is_good
    assert len(errors) == to_json(found)["shown"]


def test_all_well() -> None:
    """An order that is posted and written back is done: nothing is missed, false, twice or lost."""
    found = verdict()

    assert found.is_good
    assert (1, 1, 1) == (found.orders_read, found.commitments_created, found.written_back)
    assert (10_000, 10_000, 0) == (
        found.totals[0].came_in,
        found.totals[0].posted,
        found.totals[0].difference,
    )


def test_planted_and_found() -> None:
    """A planted trouble with an exception of its class for its order is found; its money is in exception."""
    found = verdict(
        plants=(a_plant(),), sources=(a_source(), a_source(2, erp_number=None)), cases=(a_case(),)
    )

    assert found.is_good
    assert {"SUPPLIER_UNKNOWN": 1} == found.planted == found.found == found.exceptions
    assert (20_000, 10_000, 10_000) == (
        found.totals[0].came_in,
        found.totals[0].posted,
        found.totals[0].in_exception,
    )


@pytest.mark.parametrize(
    ("case", "missed", "false"),
    [
        (None, 1, 0),
        (a_case("REJECTED"), 1, 1),
        (a_case(n=3), 1, 1),
    ],
)
def test_missed_and_false(case: Case | None, missed: int, false: int) -> None:
    """No exception, one of another class, or one for another order: missed, and the others are false finds."""
    found = verdict(plants=(a_plant(),), cases=(case,) if case else ())

    assert (missed, false) == (len(found.missed), len(found.false_finds))
    assert not found.is_good


def test_finding_without_a_plant_is_false() -> None:
    """Technical trouble that nobody planted is a false find, unless it is of a kind that is never planted."""
    found = verdict(findings=(a_finding("THROTTLED", 1), a_finding("DRIFT", 1)))

    assert ["THROTTLED 100001"] == [str(one) for one in found.false_finds]


def test_a_stale_approval_beside_a_closed_account_is_the_same_trouble() -> None:
    """Of its own order, and no proof that the exception was found; of another order it is false."""
    plants = (a_plant("COST_CENTRE_INACTIVE"),)
    case = a_case("COST_CENTRE_INACTIVE")

    found = verdict(plants=plants, cases=(case,), findings=(a_finding("APPROVAL_STALE", 2),))
    other = verdict(plants=plants, cases=(case,), findings=(a_finding("APPROVAL_STALE", 3),))
    missed = verdict(plants=plants, findings=(a_finding("APPROVAL_STALE", 2),))

    assert [] == list(found.false_finds)
    assert ["APPROVAL_STALE 100003"] == [str(one) for one in other.false_finds]
    assert ["COST_CENTRE_INACTIVE 100002"] == [str(one) for one in missed.missed]


def test_many_findings_of_one_window_are_one_find() -> None:
    """A maintenance window is found once, however often the ERP was tried in it; one outside it is false."""
    inside = [a_finding("MAINTENANCE", at=AT + timedelta(hours=h)) for h in (1, 2, 3)]

    found = verdict(plants=(a_window(),), findings=tuple(inside))
    assert found.is_good
    assert {"MAINTENANCE": 1} == found.found

    late = verdict(
        plants=(a_window(),), findings=(*inside, a_finding("MAINTENANCE", at=AT + timedelta(days=3)))
    )
    assert ["MAINTENANCE oracle-emea"] == [str(one) for one in late.false_finds]


def test_failed_read_belongs_to_an_outage() -> None:
    """A read that failed while the system was planted to fail is that outage, found."""
    outage = Plant("UNAVAILABLE", "oracle-emea", "oracle-emea", "oracle-emea", AT, AT + timedelta(days=1))

    assert verdict(plants=(outage,), failed_reads=(a_finding("UNAVAILABLE"),)).is_good
    assert not verdict(failed_reads=(a_finding("UNAVAILABLE"),)).is_good


def test_twice_in_an_erp() -> None:
    """Two orders with one marker are a duplicate, whatever their states."""
    found = verdict(targets=(a_target(), a_target(number="95", status="draft")))

    assert ("coupa:100001",) == found.duplicates
    assert not found.is_good


@pytest.mark.parametrize(
    ("source", "targets"),
    [
        (a_source(), ()),
        (a_source(), (a_target(status="draft"),)),
        (a_source(), (a_target(total_minor=9_999),)),
        (a_source(), (a_target(status="closed"),)),
        (a_source(status="closed"), (a_target(),)),
        (a_source(status="cancelled"), (a_target(),)),
    ],
)
def test_lost(source: SourceOrder, targets: tuple[TargetOrder, ...]) -> None:
    """An order that the ERP does not hold as it should, and that is no exception either, is lost."""
    found = verdict(sources=(source,), targets=targets)

    assert ("coupa:1",) == found.lost
    assert not found.is_good


def test_work_in_flight_is_not_done() -> None:
    """An order that something is still done for counts as lost at the end: the rehearsal ended too early."""
    assert ("coupa:1",) == verdict(live=frozenset({"coupa:1"})).lost


def test_cancelled_money_is_accounted_for() -> None:
    """A cancelled order is done when the ERP holds nothing of it, or holds it cancelled."""
    for targets in ((), (a_target(status="cancelled"),)):
        found = verdict(sources=(a_source(status="cancelled"),), targets=targets)
        assert found.is_good
        assert 10_000 == found.totals[0].cancelled


def test_other_amount_in_the_erp_shows_in_the_totals() -> None:
    """What the ERP holds is counted as the ERP holds it: a cent less is a cent of difference."""
    assert 1 == verdict(targets=(a_target(total_minor=9_999),)).totals[0].difference


def test_broken_audit_is_not_good() -> None:
    """A verdict on a store whose audit chain is broken is a bad one."""
    assert not verdict(audit=AuditCheck(False, 10, "edited")).is_good


def test_closed_exception_still_counts_as_found() -> None:
    """An exception that a person has resolved was found all the same, and its order has to be done."""
    found = verdict(plants=(a_plant(n=1),), cases=(a_case(n=1, is_open=False),))

    assert found.is_good
    assert 10_000 == found.totals[0].posted


def test_json_has_what_scripts_hold_on_to() -> None:
    """The JSON form has the documented members; amounts are decimal text."""
    shown = to_json(verdict(plants=(a_plant(),), cases=(a_case(),), sources=(a_source(), a_source(2))))

    needed = [
        "orders_read",
        "commitments_created",
        "written_back",
        "exceptions",
        "planted",
        "found",
        "duplicates",
        "lost",
        "totals",
    ]
    assert not set(needed) - set(shown)
    assert {"legal_entity": "DE01", "currency": "EUR", "in": "200.00", "posted": "100.00"}.items() <= shown[
        "totals"
    ][0].items()
    assert (0, 0, 0) == (shown["duplicates"], shown["lost"], shown["false_finds"])


def test_what_went_wrong_is_said() -> None:
    """People read what was missed, false, twice and lost by name."""
    bad = verdict(
        plants=(a_plant(),),
        cases=(a_case("REJECTED", 3),),
        targets=(a_target(), a_target()),
        live=frozenset({"coupa:1"}),
    )

    problems = "\n".join(bad.problems)

    for line in (
        "planted and not found: SUPPLIER_UNKNOWN 100002",
        "found and not planted: REJECTED 100003",
        "twice: coupa:100001",
        "lost: coupa:1",
    ):
        assert line in problems


def test_orders_that_something_arrived_for_are_read_again() -> None:
    """Coupa counts on an order what arrives; that it is read again without a change is nobody's trouble."""
    again = Noticed("DUPLICATE_EVENT", "coupa", "coupa:1", "100001", AT)
    receipt = SourceReceipt("coupa:9", "100001/1", "DE01", "EUR", "4", 4_000)
    evidence = Evidence(1, (), (again,), (), frozenset(), 5, AT, AuditCheck(True, 10, None))

    without = judge((), Report(AT, (a_source(),), (a_target(),)), evidence)
    with_one = judge(
        (), Report(AT, (a_source(),), (a_target(),), invoices=InvoiceReport((receipt,))), evidence
    )

    assert ["DUPLICATE_EVENT 100001"] == [str(one) for one in without.false_finds]
    assert () == with_one.false_finds


def test_report_and_plants_survive_json() -> None:
    """What the judge fetches from the world is what the world sent."""
    report = Report(AT, (a_source(),), (a_target(),))
    plants = (a_plant(), a_window())

    assert report == Report.from_json(report.to_json())
    assert plants == plants_from_json(plants_to_json(plants))
