"""The other writes: reports in the validation step, list values, people, event subscriptions. Each is looked up
before it is sent, and sent once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapters.base import WriteRequest
from adapters.concur.simulator_plan import EntryPlan
from adapters.errors import OutcomeUnknownError, RejectedError, SettingsError, TransientError
from tests.adapters.setup_concur import ANA, BEN, ConcurWorld, setup_concur
from tests.adapters.setups import fault
from tests.adapters.test_promises import run

LIST = "d6dfa9d1-2bd7-4b5d-9a3b-6e2f0f6c2a11"
LISTS = {"lists": {"cost_centres": {"list_id": LIST, "entity": "cost_centre"}}}
FIELDS = {"cost_centre_field": "orgUnit2", "legal_entity_field": "orgUnit1"}


def written(world: ConcurWorld) -> int:
    """Count what was sent to change something."""
    return sum(
        count
        for (method, path), count in world.simulator.requests.counts.items()
        if method in ("POST", "PUT", "PATCH", "DELETE")
        and not path.startswith("/oauth2")
        and ".search" not in path
    )


def does_once(world: ConcurWorld, request: WriteRequest) -> None:
    """Not found before, done, found after; asked again it sends nothing."""
    before = run(world.adapter.find(request))
    receipt = run(world.adapter.write(request))
    sent = written(world)
    after = run(world.adapter.find(request))
    again = run(world.adapter.write(request))

    assert before is None
    assert not receipt.was_found
    assert after is not None
    assert after.was_found
    assert again.was_found
    assert sent == written(world)


# Reports in the external validation step


def a_world_with_validation() -> ConcurWorld:
    return setup_concur(settings={"workflow": ("manager", "validation", "processor")})


def in_validation(world: ConcurWorld) -> str:
    """Return a report that its manager approved: it waits for us."""
    report = world.simulator.submit_report(world.plan())
    return world.simulator.approve_report(report, is_final=False)


def on_report(operation: str, report: str, **body: Any) -> WriteRequest:
    return WriteRequest(operation, f"concur/{operation}/{report}", report, body)


def test_a_report_is_approved_in_our_step_once() -> None:
    """It moves on to the next step; afterwards nothing is sent again."""
    world = a_world_with_validation()
    report = in_validation(world)

    does_once(world, on_report("report.approve", report, owner=ANA, comment="Ledger check passed"))

    assert "A_ACCO" == world.simulator.report(report)["approval_status"]


def test_a_report_is_sent_back_with_words_once() -> None:
    """The owner reads what to correct."""
    world = a_world_with_validation()
    report = in_validation(world)

    does_once(world, on_report("report.send_back", report, comment="Cost centre 4711 is closed"))

    found = world.simulator.report(report)
    assert "A_RESU" == found["approval_status"]
    assert any("4711" in text for text in found["comments"])


def test_a_report_that_went_elsewhere_is_left_alone() -> None:
    """Its owner took it back before we approved it: a person has to look, nothing is sent."""
    world = a_world_with_validation()
    report = in_validation(world)
    world.simulator.send_back_report(report)
    sent = written(world)

    with pytest.raises(RejectedError, match="back with its owner") as caught:
        run(world.adapter.write(on_report("report.approve", report, owner=ANA)))

    assert "VERSION_CONFLICT" == caught.value.refusal.case_class
    assert sent == written(world)


def test_only_our_own_step_is_approved() -> None:
    """The guard names the step: one of another integration is refused by Concur itself."""
    world = setup_concur(
        settings={"workflow": ("manager", "validation"), "validation_step_code": "TAXCHK"},
    )
    report = in_validation(world)

    with pytest.raises(RejectedError, match="expectedStepCode"):
        run(world.adapter.write(on_report("report.approve", report, owner=ANA)))

    assert "A_EXTV" == world.simulator.report(report)["approval_status"]


def test_a_report_that_is_being_worked_on_is_tried_later() -> None:
    """409: another operation runs on it."""
    world = a_world_with_validation()
    report = in_validation(world)
    world.simulator.lock_report(report)

    with pytest.raises(TransientError):
        run(world.adapter.write(on_report("report.approve", report, owner=ANA)))


def test_sending_back_without_words_is_not_sent() -> None:
    """The employee must know what to correct."""
    world = a_world_with_validation()
    report = in_validation(world)

    with pytest.raises(RejectedError, match="comment is missing"):
        run(world.adapter.write(on_report("report.send_back", report, owner=ANA)))


def test_a_comment_is_made_once_even_when_its_answer_is_lost() -> None:
    """A mark of the decision is in it; another decision with the same words is another comment."""
    world = setup_concur()
    report = world.add(1)[0]
    request = on_report("report.comment", report, text="Posted as 300100045")
    world.faults.add(fault("lost_answer", method="POST", path="/comments"))

    with pytest.raises(OutcomeUnknownError):
        run(world.adapter.write(request))
    again = run(world.adapter.write(request))
    other = run(world.adapter.write(replace(request, idempotency_key="another")))

    assert again.was_found
    assert not other.was_found
    comments = world.simulator.report(report)["comments"]
    assert 2 == len(comments)
    assert all(text.startswith("Posted as 300100045 [finsync ") for text in comments)


def test_an_exception_is_put_and_cleared_once() -> None:
    """On the report, visible to whom it concerns."""
    world = setup_concur()
    report = world.add(1)[0]

    does_once(world, on_report("report.exception", report, code="LEDGMAP", visibility="PROCESSOR"))
    held = list(world.simulator.report(report)["exceptions"])
    does_once(world, on_report("report.clear_exception", report, code="LEDGMAP"))

    assert ["LEDGMAP"] == held
    assert [] == world.simulator.report(report)["exceptions"]


@pytest.mark.parametrize(
    ("operation", "body", "words"),
    [
        ("report.comment", {}, "text is missing"),
        ("report.exception", {"code": "MUCHTOOLONG"}, "code"),
        ("report.exception", {"code": "A", "visibility": "NOBODY"}, "visibility"),
        ("report.exception", {"code": "A", "entry_id": "../x"}, "entry_id"),
    ],
)
def test_what_concur_would_refuse_is_not_sent(operation: str, body: Mapping[str, Any], words: str) -> None:
    """A person sees at once what is missing."""
    world = setup_concur()
    report = world.add(1)[0]

    with pytest.raises(RejectedError, match=words) as caught:
        run(world.adapter.write(on_report(operation, report, **body)))

    assert "PAYLOAD_INVALID" == caught.value.refusal.case_class
    assert 0 == written(world)


# List values


def a_world_with_a_list() -> ConcurWorld:
    world = setup_concur(options=LISTS)
    world.simulator.add_list("Cost centres", level_count=2, list_id=LIST)
    world.simulator.add_list_item(LIST, "4500", "Iberia")
    return world


def on_list(operation: str, external_id: str | None = None, **body: Any) -> WriteRequest:
    return WriteRequest(operation, f"concur/{operation}/x", external_id, {"list": "cost_centres", **body})


def values(world: ConcurWorld) -> dict[str, tuple[str, bool]]:
    return {one["code"]: (one["value"], not one["is_deleted"]) for one in world.simulator.list_items(LIST)}


def test_a_value_is_made_once_below_its_parent() -> None:
    """Known by the codes on the way to it; the parent's long code is Concur's to know."""
    world = a_world_with_a_list()

    does_once(world, on_list("list_item.create", code="CC210", name="Sales Iberia", parents=["4500"]))

    assert ("Sales Iberia", True) == values(world)["4500-CC210"]


def test_a_value_that_is_there_under_another_name_is_renamed() -> None:
    """A repeated code is not a second value."""
    world = a_world_with_a_list()

    does_once(world, on_list("list_item.create", code="4500", name="Iberia and Italy"))

    assert {"4500": ("Iberia and Italy", True)} == values(world)


def test_a_deleted_value_is_restored() -> None:
    """Making it again brings the old one back."""
    world = a_world_with_a_list()
    world.simulator.delete_list_item(LIST, "4500")

    does_once(world, on_list("list_item.create", code="4500", name="Iberia"))

    assert {"4500": ("Iberia", True)} == values(world)


def test_a_value_is_closed_and_opened() -> None:
    """`is_active` says whether it may be used."""
    world = a_world_with_a_list()

    does_once(world, on_list("list_item.change", code="4500", name="Iberia", is_active=False))
    closed = values(world)["4500"]
    does_once(world, on_list("list_item.change", code="4500", name="Iberia", is_active=True))

    assert [("Iberia", False), ("Iberia", True)] == [closed, values(world)["4500"]]


def test_a_value_is_taken_out_of_our_list_only() -> None:
    """Other lists that share it keep it."""
    world = a_world_with_a_list()
    other = world.simulator.add_list("Other")
    item = world.simulator.add_list_item(LIST, "4700", "Nordics", also_in=[other])

    does_once(world, on_list("list_item.delete", item))

    assert "4700" not in values(world)
    assert ["4700"] == [one["code"] for one in world.simulator.list_items(other) if not one["is_deleted"]]


def test_a_value_without_its_parent_says_so() -> None:
    """The parent has to be sent first."""
    world = a_world_with_a_list()

    with pytest.raises(RejectedError, match="9999"):
        run(world.adapter.write(on_list("list_item.create", code="X", name="X", parents=["9999"])))


def test_a_load_makes_a_list_hold_its_values() -> None:
    """New, renamed, restored and closed in one decision, parents first; afterwards nothing is sent."""
    world = a_world_with_a_list()
    world.simulator.add_list_item(LIST, "OLD", "Old name", parent_code="4500")
    world.simulator.add_list_item(LIST, "GONE", "Gone", parent_code="4500")
    world.simulator.add_list_item(LIST, "SHUT", "Shut", parent_code="4500")
    world.simulator.delete_list_item(LIST, "4500-GONE")
    items = [
        {"code": "4600", "name": "Italy"},
        {"code": "CC1", "name": "Rome", "parents": ["4600"]},
        {"code": "OLD", "name": "New name", "parents": ["4500"]},
        {"code": "GONE", "name": "Back", "parents": ["4500"]},
        {"code": "SHUT", "name": "Shut", "parents": ["4500"], "is_active": False},
    ]

    does_once(world, on_list("list_item.load", items=items))

    assert {
        "4500": ("Iberia", True),
        "4600": ("Italy", True),
        "4600-CC1": ("Rome", True),
        "4500-OLD": ("New name", True),
        "4500-GONE": ("Back", True),
        "4500-SHUT": ("Shut", False),
    } == values(world)


def test_what_a_load_could_not_do_is_named_the_rest_is_done() -> None:
    """One value too deep: the others stand, and the message names it."""
    world = a_world_with_a_list()
    world.simulator.add_list_item(LIST, "CC1", "Sales", parent_code="4500")
    items = [
        {"code": "4600", "name": "Italy"},
        {"code": "DEEP", "name": "Too deep", "parents": ["4500", "CC1"]},
    ]

    with pytest.raises(RejectedError, match="DEEP") as caught:
        run(world.adapter.write(on_list("list_item.load", items=items)))

    assert ("item.max.level.exceeded",) == caught.value.refusal.codes
    assert "4600" in values(world)


def test_a_bulk_call_too_many_waits_as_asked() -> None:
    """The list service says 429 and when to come back."""
    world = setup_concur(options=LISTS, settings={"list_bulk_per_minute": 1})
    world.simulator.add_list("Cost centres", list_id=LIST)
    run(world.adapter.write(on_list("list_item.load", items=[{"code": "1", "name": "One"}])))

    with pytest.raises(TransientError) as caught:
        run(world.adapter.write(on_list("list_item.load", items=[{"code": "2", "name": "Two"}])))

    assert caught.value.retry_after is not None
    assert timedelta() < caught.value.retry_after <= timedelta(minutes=2)


def test_a_list_that_nobody_named_is_refused() -> None:
    """Which list is meant is configuration."""
    world = a_world_with_a_list()

    with pytest.raises(SettingsError, match="cost_centres"):
        run(world.adapter.write(WriteRequest("list_item.create", "k", None, {"list": "other"})))


# People


def on_person(external_id: str | None, employee: Mapping[str, Any], **body: Any) -> WriteRequest:
    return WriteRequest("user.provision", "k", external_id, {"employee": employee, **body})


def provisioned(world: ConcurWorld, request: WriteRequest) -> None:
    """Ask, let Concur do it, look what became of it."""
    asked = run(world.adapter.write(request))
    assert asked.is_pending
    check = WriteRequest("user.check_provision", "k2", asked.answer["provision_id"], {})
    with pytest.raises(TransientError):
        run(world.adapter.write(check))
    assert run(world.adapter.find(check)) is None
    world.clock.advance(timedelta(minutes=2))
    run(world.adapter.write(check))
    assert run(world.adapter.find(check)) is not None


def test_a_move_reaches_directory_and_expense() -> None:
    """Manager by id, approver by number, cost centre in the field that drives expenses; asked again, nothing is sent."""
    world = setup_concur(options=FIELDS)
    eva = world.simulator.add_user(
        "eva@example.com",
        employee_number="100300",
        given_name="Eva",
        family_name="Lund",
        roles=["EXP_APPROVER"],
    )
    assert eva
    move = {
        "number": "100245",
        "login": ANA,
        "manager_number": "100300",
        "approver_number": "100300",
        "cost_centre": "CC-420",
        "legal_entity": "4600",
    }
    request = on_person(world.ana, move)

    assert run(world.adapter.find(request)) is None
    provisioned(world, request)
    found = run(world.adapter.find(request))
    sent = written(world)
    again = run(world.adapter.write(request))

    assert found is not None
    assert again.was_found
    assert sent == written(world)


def test_a_leaver_is_deactivated() -> None:
    """Never deleted: there are transactions."""
    world = setup_concur()
    leaver = {"number": "100245", "is_active": False, "ends_on": "2026-03-31"}

    provisioned(world, on_person(world.ana, leaver, fields=["is_active", "ends_on"]))

    assert not world.simulator.user(ANA)["active"]


def test_a_new_manager_gets_the_role_and_keeps_the_others() -> None:
    """Concur takes nobody as approver without it."""
    world = setup_concur()
    request = on_person(world.ana, {"number": "100245"}, roles=["EXP_APPROVER"])

    provisioned(world, request)

    assert run(world.adapter.find(request)) is not None


def test_a_new_person_is_made_once() -> None:
    """Identity, spend profile and approver in one request; found by login afterwards."""
    world = setup_concur(options=FIELDS)
    new = {
        "number": "100400",
        "login": "mia@example.com",
        "name": "Mia Holm",
        "country": "DE",
        "currency": "EUR",
        "starts_on": "2026-04-01",
        "manager_number": "100017",
        "approver_number": "100017",
        "cost_centre": "CC-210",
        "legal_entity": "4500",
    }
    request = on_person(None, new, given_name="Mia", family_name="Holm", ledger="DEFAULT")

    provisioned(world, request)
    again = run(world.adapter.write(request))

    assert again.was_found
    assert "100400" == again.number


def test_a_part_that_concur_refused_is_told() -> None:
    """An approver without the role: the identity stays, the message names the part."""
    world = setup_concur()
    world.simulator.add_user("no@example.com", employee_number="100500", given_name="No", family_name="Role")
    asked = run(world.adapter.write(on_person(world.ana, {"number": "100245", "approver_number": "100500"})))
    world.clock.advance(timedelta(minutes=2))

    with pytest.raises(RejectedError, match="Approver") as caught:
        run(world.adapter.write(WriteRequest("user.check_provision", "k", asked.answer["provision_id"], {})))

    assert "REJECTED" == caught.value.refusal.case_class


@pytest.mark.parametrize(
    ("employee", "body", "words"),
    [
        ({"number": "1", "login": "x@example.com"}, {}, "given_name"),
        ({"number": "100245", "login": ANA, "is_active": False}, {"fields": ["shoe_size"]}, "shoe_size"),
        ({"number": "100245", "login": ANA, "manager_number": "9"}, {}, "employee number 9"),
    ],
)
def test_a_person_that_lacks_something_is_not_sent(
    employee: Mapping[str, Any], body: Mapping[str, Any], words: str
) -> None:
    """It would fail later, where nobody looks."""
    world = setup_concur()

    with pytest.raises(RejectedError, match=words) as caught:
        run(world.adapter.write(on_person(None, employee, **body)))

    assert "PAYLOAD_INVALID" == caught.value.refusal.case_class
    assert 0 == written(world)


# Event subscriptions


def test_a_subscription_is_put_and_deleted_once() -> None:
    """With the application's own token; the same twice is one."""
    world = setup_concur()
    body = {"topic": "public.concur.financialintegration", "endpoint": "https://relay.example.com/concur"}

    does_once(world, WriteRequest("subscription.put", "k", "finsync-fis", body))
    does_once(world, WriteRequest("subscription.delete", "k", "finsync-fis", {}))


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("Finsync FIS", {}, SettingsError),
        ("fis", {"topic": "t", "endpoint": "http://plain.example.com"}, RejectedError),
        ("fis", {"endpoint": "https://relay.example.com"}, RejectedError),
    ],
)
def test_a_subscription_that_could_not_work_is_not_sent(
    name: str, body: Mapping[str, Any], expected: type[Exception]
) -> None:
    """Names are lower case, events go over https only."""
    world = setup_concur()

    with pytest.raises(expected):
        run(world.adapter.write(WriteRequest("subscription.put", "k", name, body)))


def test_a_report_of_many_lines_is_no_trouble() -> None:
    """The page that looks for a report's status may be far behind."""
    world = a_world_with_validation()
    rides = tuple(EntryPlan(amount=Decimal("1.00")) for _ in range(50))
    report = world.simulator.submit_report(world.plan(entries=rides))
    world.simulator.approve_report(report, by=BEN, is_final=False)
    world.add(60)

    receipt = run(world.adapter.write(on_report("report.approve", report)))

    assert not receipt.was_found
