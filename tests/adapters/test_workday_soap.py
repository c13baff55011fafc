"""Workday's web services: windows, pages, faults, the log, and XML that is read with limits."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from adapters.base import Page
from adapters.errors import ProtocolError, RejectedError, TransientError
from adapters.workday.outbound import AsOf, Window, get_organizations, get_workers
from adapters.workday.safe_xml import DEPTH_MAX, UnsafeXmlError, parse
from adapters.workday.simulator import ORGANISATION_DOMAIN, Settings
from tests.adapters.setup_workday import START, WorkdayWorld, by_number, setup_workday, setup_workday_soap
from tests.adapters.setups import fault

AS_OF = AsOf(START, START.date())


def pages(world: WorkdayWorld, position: str | None = None, most: int = 10_000) -> list[Page]:
    async def collect() -> list[Page]:
        found: list[Page] = []
        walk = world.adapter.read("employee", position)
        async for page in walk:
            found.append(page)
            if len(found) == most:
                break
        await walk.aclose()  # type: ignore[attr-defined]
        await world.adapter.aclose()
        return found

    return asyncio.run(collect())


def test_both_doors_make_the_same_records() -> None:
    """But for what only one of them says: the next change, the code of an additional job."""
    told = []
    for setup in (setup_workday, setup_workday_soap):
        world = setup()
        ann = world.hire("21001", "Ann Example", world.top, preferred_name="Annie Example")
        world.hire("21002", "Ben Example", world.plant, worker_type="CONTINGENT")
        world.simulator.change(world.plant, "CHANGE", managers=(ann,), default_cost_centre=world.centre)
        world.settle()
        told.append(
            [
                one.model_dump_json(exclude=set(one.read_fields) | {"next_change_on", "further_cost_centres"})
                for entity in ("employee", "organisation", "cost_centre")
                for one in world.read(entity)[0]
            ]
        )

    by_report, by_soap = told
    assert 6 == len(by_report)
    assert by_report == by_soap


def test_additional_jobs_only_add_cost_centres() -> None:
    """The primary job says where somebody sits and who leads them."""
    world = setup_workday_soap()
    other = world.simulator.add_cost_centre("CC-4200", world.node)
    world.hire("21002", "Ben Example", world.plant, further_cost_centres=(other,))
    world.settle()

    (ben,), _ = world.read()

    assert ("CC-4100", ("CC-4200",)) == (ben.cost_centre, ben.further_cost_centres)


def test_what_is_personal_is_in_the_answer_and_in_no_row() -> None:
    """A birth date is sent with the names, and dropped by the parser."""
    world = setup_workday_soap()
    world.add(1)

    (page,) = pages(world)

    assert b"1984-05-17" not in page.rows[0]
    assert {"as_of_entry", "as_of_effective", "transport", "row", "resolved", "left_out"} == set(
        json.loads(page.rows[0])
    )


def test_all_pages_of_a_read_are_as_known_at_one_moment() -> None:
    """Also those that are read after an interruption, by another process, when much has changed."""
    world = setup_workday_soap()
    people = world.add(120)
    (first,) = pages(world, most=1)
    for one in people[60:]:
        world.touch(one)

    world.adapter = world.connected()
    rest = pages(world, first.position)

    rows = [json.loads(row) for page in (first, *rest) for row in page.rows]
    assert 120 == len(rows)
    assert 1 == len({(one["as_of_entry"], one["as_of_effective"]) for one in rows})
    assert {"changed@example.com"} != {one["row"]["Work_Email"] for one in rows[60:]}
    assert "changed@example.com" in {one.email for one in world.read(position=rest[-1].position)[0]}


def test_a_row_that_comes_twice_over_a_page_boundary_is_read_once() -> None:
    """The page after begins with the last row of the page before."""
    world = setup_workday_soap(settings=Settings(repeats_last_row=True))
    made = world.add(120)

    rows = [json.loads(row)["row"]["Worker_WID"] for page in pages(world) for row in page.rows]

    assert sorted(made) == sorted(rows)


def test_the_two_windows_are_asked_for_in_requests_of_their_own() -> None:
    """How they would combine in one is not known; both have both ends."""
    entered = get_workers("v41.2", AS_OF, page=1, count=5, window=Window("Updated", START, START))
    effective = get_workers(
        "v41.2", AS_OF, page=1, count=5, window=Window("Effective", AS_OF.effective, AS_OF.effective)
    )

    assert ("Updated_From" in entered, "Updated_Through" in entered, "Effective_From" in entered) == (
        True,
        True,
        False,
    )
    assert ("Effective_From" in effective, "Effective_Through" in effective, "Updated_" in effective) == (
        True,
        True,
        False,
    )


def test_inactive_organisations_are_always_asked_for() -> None:
    """Left out, they would look deleted."""
    asked = get_organizations("v41.2", AS_OF, ["COST_CENTER"], page=1, count=5)

    assert "<bsvc:Include_Inactive>true</bsvc:Include_Inactive>" in asked


def test_references_and_criteria_are_never_mixed() -> None:
    """How they combine is not known."""
    asked = get_workers("v41.2", AS_OF, page=1, count=5, wids=["a<b"], only_active=True)

    assert "a&lt;b" in asked
    assert "Request_Criteria" not in asked


def test_a_domain_that_is_missing_is_named_and_no_matter_of_time() -> None:
    """A processing fault that speaks of permission."""
    world = setup_workday_soap()
    world.simulator.allow([ORGANISATION_DOMAIN])

    with pytest.raises(RejectedError, match='domain "Worker Data: Public Worker Reports"'):
        world.read()


def test_a_request_that_is_not_valid_says_why() -> None:
    """A validation fault is for a person; here the count is more than a page may hold."""
    world = setup_workday_soap()
    from adapters.workday import soap

    body = get_workers("v41.2", AS_OF, page=0, count=5)
    door = world.adapter._door  # type: ignore[attr-defined]
    assert isinstance(door, soap.WebServices)

    with pytest.raises(RejectedError, match="Page must be 1 or more"):
        asyncio.run(door._call("Get_Workers", body))


def test_a_fault_that_says_nothing_of_the_caller_passes() -> None:
    """Throttling is a 500, too."""
    world = setup_workday_soap(settings=Settings(busy_count=1))
    made = world.add(1)

    with pytest.raises(TransientError, match="the service is busy"):
        world.read()

    assert len(made) == len(world.read()[0])


def test_a_500_without_a_soap_body_passes_as_well() -> None:
    """A page of HTML."""
    world = setup_workday_soap()
    world.faults.add(fault("unavailable", status=500, path=world.read_path))

    with pytest.raises(TransientError, match="web services failed"):
        world.read()


def test_everything_is_read_again_once_a_week() -> None:
    """A change that left no entry behind is found then."""
    world = setup_workday_soap()
    people = world.add(3)
    world.clock.advance(timedelta(hours=1))
    _, position = world.read()
    world.simulator.world.subjects[people[0]].events[0].payload["email"] = "silent@example.com"  # type: ignore[index]
    world.clock.advance(timedelta(days=6))
    unseen, position = world.read(position=position)
    world.clock.advance(timedelta(days=1))

    seen, _ = world.read(position=position)

    assert [] == unseen
    assert "silent@example.com" == by_number(seen)["21001"].email


def test_health_says_how_much_is_shown() -> None:
    """A person sees what a security group hides."""
    world = setup_workday_soap()
    world.add(12)

    health = asyncio.run(world.adapter.check_health())

    assert health.is_ok
    assert "12 active workers and 3 organisations are shown: does this look right?" in health.message


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "declares a document type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "declares a document type"),
        (b"<a>&x;</a>", "undefined entity"),
        (b"<a>" * (DEPTH_MAX + 1), "elements deep"),
        (b"<a><b></a>", "mismatched tag"),
        (b"<a>\xff</a>", "not well-formed"),
        (b"", "no element"),
        (b"<html><p>Please sign in</html>", "mismatched tag"),
    ],
)
def test_xml_that_no_answer_of_ours_needs_is_refused(document: bytes, complaint: str) -> None:
    """No entity is resolved, no file opened, nothing nested without end."""
    with pytest.raises(UnsafeXmlError, match=complaint):
        parse(document)


def test_xml_in_another_encoding_is_held_to_the_same() -> None:
    """A document type hidden in UTF-16 is one."""
    hidden = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'.encode(
        "utf-16"
    )

    with pytest.raises(UnsafeXmlError, match="declares a document type"):
        parse(hidden)


def test_an_answer_that_is_too_large_is_not_read() -> None:
    """Its size is bounded before it is parsed."""
    world = setup_workday_soap(answer_bytes_max=20_000)
    world.add(100)

    with pytest.raises(ProtocolError, match="larger than 20,000 bytes"):
        world.read()
