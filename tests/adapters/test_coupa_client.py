"""The Coupa adapter against its simulator: what it asks, what it writes, and what it makes of a no."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from adapters import coupa
from adapters.answer import Answer
from adapters.base import Connection, Page, Receipt, Translated, WriteRequest
from adapters.coupa import failures, position, wire
from adapters.coupa.client import Coupa
from adapters.coupa.position import Position
from adapters.coupa.simulator import Settings
from adapters.errors import (
    AdapterError,
    CredentialsError,
    DuplicateError,
    ProtocolError,
    RejectedError,
    SettingsError,
)
from store.clock import VirtualClock
from tests.adapters.held_secrets import HeldSecrets
from tests.adapters.setups import START, CoupaWorld, fault

PUT = "purchase_order"


def a_read(world: CoupaWorld, entity: str, at: str | None = None) -> list[Page]:
    async def collect() -> list[Page]:
        return [page async for page in world.adapter.read(entity, at)]

    return asyncio.run(collect())


def records(world: CoupaWorld, entity: str, at: str | None = None) -> list[Translated]:
    found = [r for page in a_read(world, entity, at) for r in world.adapter.translate(entity, page.rows)]
    assert all(isinstance(r, Translated) for r in found), found
    return [r for r in found if isinstance(r, Translated)]


def write(world: CoupaWorld, request: WriteRequest) -> Receipt:
    return asyncio.run(world.adapter.write(request))


def queries(world: CoupaWorld, path: str) -> list[dict[str, str]]:
    """Return the queries that were sent to `path`."""
    return [
        dict(httpx.QueryParams(entry.path.partition("?")[2]))
        for entry in world.simulator.requests
        if entry.path.partition("?")[0] == path
    ]


def a_stub(handler: Any, **options: object) -> Coupa:
    """Return an adapter whose Coupa answers with `handler`, tokens excepted."""

    def door(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth2/token":
            return httpx.Response(200, json={"access_token": "t" * 20, "expires_in": 86399})
        answer: httpx.Response = handler(request)
        return answer

    connection = Connection(
        adapter="coupa",
        base_url="https://coupa.example.com",
        requests_per_second=1e6,
        pages_max=5,
        options={"token_settle_s": 0, **options},
    )
    adapter = coupa.connect(
        "coupa",
        connection,
        HeldSecrets("coupa", {name: f"secret-{name}" for name in ("client_id", "client_secret")}),
        VirtualClock(START),
        transport=httpx.MockTransport(door),
    )
    assert isinstance(adapter, Coupa)
    return adapter


def test_every_entity_of_the_manifest_is_read_as_the_contract_says() -> None:
    """Each entity has its path, its filter and its fields, and the answers of Coupa become records."""
    world = CoupaWorld(options={"reads_bank_accounts": True, "tax_code_path": "/api/tax_codes"})
    put = world.simulator.put
    world.add(1)
    put("invoices", world.an_invoice())
    world.simulator.receive("PO-1")
    lookup = put("lookups", {"name": "Cost Centre", "active": True})
    put("lookup_values", {"name": "420 Logistics", "external-ref-num": "420", "lookup": {"id": lookup["id"]}})
    put("departments", {"name": "Logistics North", "active": True})
    put("projects", {"name": "Warehouse", "status": "planned"})
    put("legal_entities", {"name": "Nordwerk GmbH", "abbreviation": "DE01"})
    put("tax_codes", {"code": "DE-19", "percentage": "19.0"})
    put(
        "budget_lines",
        {
            "period": {"name": "2026-Q1"},
            "segment-2": "420",
            "amount": "1000.00",
            "currency": {"code": "EUR"},
        },
    )
    put("approvals", {"approvable-type": "RequisitionHeader", "approvable-id": 9, "status": "approved"})
    put(
        "supplier_information",
        {
            "supplier-id": 1,
            "supplier-information-addresses": [{"id": 5, "iban-number": "DE89370400440532013000"}],
        },
    )

    chart = {"account": {"id": world.account["id"]}, "currency": {"code": "EUR"}}
    line = {"description": "Paper", "quantity": "4", "unit-price": "25.00", **chart}
    put("requisitions", {"req-title": "Paper", "currency": {"code": "EUR"}, "requisition-lines": [line]})
    put(
        "exchange_rates",
        {
            "from-currency": {"code": "EUR"},
            "to-currency": {"code": "USD"},
            "rate": "1.1",
            "rate-date": "2026-01-05",
        },
    )
    (order,) = world.simulator.documents("purchase_orders")
    world.simulator.revise_order(order["po-number"], {"ship-to-attention": "Ida"}, by="mjones")

    read = [c for c in coupa.MANIFEST.capabilities if "read" in c.directions]
    found = {c.entity: records(world, c.entity) for c in read}

    assert dict.fromkeys(found, 1) == {entity: len(rows) for entity, rows in found.items()}
    assert all(found[e][0].record.entity == e for e in found)


def test_a_read_asks_for_what_it_needs_and_no_more() -> None:
    """Keyset paging by id, the statuses that count, and an explicit list of fields."""
    world = CoupaWorld()
    world.add(51)

    a_read(world, "purchase_order")

    first, second = queries(world, "/api/purchase_orders")
    assert {"order_by": "id", "dir": "asc", "limit": "50", "id[gt]": "0"}.items() <= first.items()
    assert "50" == second["id[gt]"]
    assert "issued,soft_closed,closed,cancelled,canceled" == first["status[in]"]
    fields = json.loads(first["fields"])
    assert {"id", "po_number", "updated_at"} <= {f for f in fields if isinstance(f, str)}
    assert {"custom_fields": {}} in fields
    assert "updated_at[gt_or_eq]" not in first


def test_a_delta_asks_from_the_watermark_less_the_overlap() -> None:
    """The watermark is the greatest updated-at seen; ten minutes before it are asked for again."""
    world = CoupaWorld()
    world.add(1)
    world.clock.advance(timedelta(days=1))

    first = a_read(world, "purchase_order")[-1].position
    a_read(world, "purchase_order", first)

    assert {"since": "2026-01-05T09:00:00Z"} == json.loads(first or "")
    assert "2026-01-05T08:50:00Z" == queries(world, "/api/purchase_orders")[-1]["updated_at[gt_or_eq]"]


def test_lookups_are_read_as_they_are_with_their_values() -> None:
    """All of them, or those that are named; a value knows its list and where it stands in it."""
    options: list[dict[str, Any]] = [{}, {"lookups": ["Region"]}]
    found = []
    for some in options:
        world = CoupaWorld(options=some)
        put = world.simulator.put
        centres, regions = (
            put("lookups", {"name": name, "level-1-name": "Top"}) for name in ("Centre", "Region")
        )
        top = put(
            "lookup_values", {"name": "North", "external-ref-num": "N", "lookup": {"id": regions["id"]}}
        )
        put("lookup_values", {"name": "420", "external-ref-num": "420", "lookup": {"id": centres["id"]}})
        put(
            "lookup_values",
            {
                "name": "Bergen",
                "external-ref-num": "B",
                "lookup": {"id": regions["id"]},
                "parent": {"id": top["id"]},
                "active": False,
            },
        )
        found.append({one: [r.record for r in records(world, one)] for one in ("lookup", "lookup_value")})

    everything, regions_only = found
    assert ["Centre", "Region"] == [one.number for one in everything["lookup"]]
    assert ["N", "420", "B"] == [one.number for one in everything["lookup_value"]]
    assert [("Region", ("Top",))] == [(one.number, one.level_names) for one in regions_only["lookup"]]  # type: ignore[attr-defined]
    assert [("Region", "N", "N", None, True), ("Region", "B", "N-B", "N", False)] == [
        (one.lookup, one.number, one.code, one.parent, one.is_active)  # type: ignore[attr-defined]
        for one in regions_only["lookup_value"]
    ]


def test_orders_that_do_not_count_are_not_read() -> None:
    """Drafts and holds stay outside until they are issued; other statuses are a setting."""
    world = CoupaWorld(options={"order_statuses": ["buyer_hold"]})
    world.simulator.put("purchase_orders", world.an_order(status="buyer_hold"))
    world.simulator.put("purchase_orders", world.an_order(status="issued"))

    found = records(world, "purchase_order")

    assert ["on_hold"] == [r.record.status for r in found]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("entity", "option"),
    [
        ("tax_code", "tax_code_path"),
        ("cost_centre", "cost_centre_lookup"),
        ("supplier_bank_account", "reads_bank_accounts"),
    ],
)
def test_an_entity_that_needs_a_setting_names_it(entity: str, option: str) -> None:
    """What is not set up is refused with the option to set."""
    world = CoupaWorld(options={"cost_centre_lookup": None})

    with pytest.raises(SettingsError, match=option):
        a_read(world, entity)


def test_bank_accounts_leave_the_adapter_without_their_numbers() -> None:
    """Neither a read nor a read of named accounts shows a number."""
    world = CoupaWorld(options={"reads_bank_accounts": True})
    address = {"id": 5, "iban-number": "DE89370400440532013000"}
    world.simulator.put(
        "supplier_information", {"supplier-id": 1, "supplier-information-addresses": [address]}
    )

    (page,) = a_read(world, "supplier_bank_account")
    (found,) = records(world, "supplier_bank_account")
    again = asyncio.run(world.adapter.read_many("supplier_bank_account", [found.external_id, "9-9"]))

    assert list(page.rows) == again
    assert b"0532" not in b"".join(page.rows)


def test_a_write_back_sets_custom_fields_and_nothing_else() -> None:
    """The request holds only custom fields, so no new version is made and nothing is sent to the supplier."""
    world = CoupaWorld()
    request = world.a_write()
    before = world.simulator.order("PO-1")

    receipt = write(world, request)

    after = world.simulator.order("PO-1")
    assert {"cf-erp-po-number": "3001", "cf-erp-status": "Open"} == after["custom-fields"]
    assert before["version"] == after["version"]
    assert before["order-lines"] == after["order-lines"]
    assert ("1", "PO-1", "1") == (receipt.external_id, receipt.number, receipt.revision)


def test_a_field_that_coupa_ignores_is_told_by_name() -> None:
    """A custom field that is not API-editable is taken with a 200 and ignored: the echo tells."""
    editable = {PUT: frozenset({"cf-erp-status"})}
    world = CoupaWorld(settings=Settings(editable_fields=editable))
    request = world.a_write()

    with pytest.raises(RejectedError) as caught:
        write(world, request)

    refusal = caught.value.refusal
    assert "WRITE_BACK_IGNORED" == refusal.case_class
    assert ("cf-erp-po-number",) == refusal.codes
    assert "cf-erp-po-number shows nothing instead of '3001'" in refusal.message
    assert "API-editable" in refusal.message
    assert asyncio.run(world.adapter.find(request)) is None


def _order(
    version: int | None = 2, lines: tuple[int, ...] | None = (31, 32), number: int | None = None
) -> Any:
    rows = None if lines is None else [{"id": one} for one in lines]
    return {
        "id": 7, "po-number": "PO-7", "version": version, "order-lines": rows,
        "custom-fields": {"cf-erp-po-number": number},
    }  # fmt: skip


def _told(before: Any, answer: Any, after: Any = None) -> tuple[list[str], Any]:
    """Write a number to an order that is `before`, answers the write with `answer` and then is `after`."""
    shown, asked = [before, after], []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return httpx.Response(200, json=answer if request.method == "PUT" else shown.pop(0))

    request = WriteRequest("order.write_back", "k", "7", {"fields": {"erp_number": "300200"}})
    try:
        return asked, asyncio.run(a_stub(handler).write(request))
    except RejectedError as error:
        return asked, error.refusal


def test_an_answer_without_custom_fields_is_read_afresh() -> None:
    """An instance that answers with less than it was asked for is asked again before anything is
    concluded.
    """
    asked, receipt = _told(_order(), {"id": 7}, _order(number=300200))

    assert ["GET", "PUT", "GET"] == asked
    assert ("7", "PO-7", False) == (receipt.external_id, receipt.number, receipt.was_found)


def test_an_order_that_shows_it_already_is_left_alone() -> None:
    """What was written by an earlier attempt, or by a store that is gone, moves nothing again."""
    asked, receipt = _told(_order(number=300200), None)

    assert ["GET"] == asked
    assert receipt.was_found


@pytest.mark.parametrize(
    ("after", "moved"),
    [
        (_order(3, number=300200), "its version went from 2 to 3"),
        (_order(2, (31, 32, 40), 300200), "lines were added: 40"),
        (_order(2, (31,), 300200), "lines were taken away: 32"),
        (_order(3, (31, 40), 300200), "its version went from 2 to 3, lines were added: 40, lines were taken away: 32"),
    ],
)  # fmt: skip
def test_an_order_that_moved_with_its_number_is_told(after: Any, moved: str) -> None:
    """Coupa says yes to what made a version and sent the order again: an exception, and a retry finds the number there."""
    asked, refusal = _told(_order(), after)
    again, receipt = _told(after, None)

    assert (["GET", "PUT"], "READ_BACK_DIFFERS", moved) == (
        asked,
        refusal.case_class,
        refusal.details["moved"],
    )
    assert moved in refusal.message
    assert (["GET"], True) == (again, receipt.was_found)


def test_what_an_instance_does_not_show_is_not_held_against_it() -> None:
    """An answer without lines or version says nothing about them."""
    _, receipt = _told(_order(), _order(None, None, 300200))

    assert "7" == receipt.external_id


def test_a_write_back_to_an_order_that_is_gone_is_refused() -> None:
    """Nothing to write to is a business matter; nothing to find is nothing."""
    world = CoupaWorld()
    request = WriteRequest("order.write_back", "k", "999", {"fields": {"erp_number": "1"}})

    with pytest.raises(RejectedError, match="no order 999"):
        write(world, request)

    assert asyncio.run(world.adapter.find(request)) is None


def test_a_list_that_is_not_there_is_a_question_of_the_address() -> None:
    """A wrong base_url must not read as a document that somebody deleted."""
    gone = failures.classify(Answer(404, httpx.Headers(), b"", "coupa", "GET", "/x/api/purchase_orders"), "")
    one = failures.classify(Answer(404, httpx.Headers(), b"", "coupa", "GET", "/api/purchase_orders/7"), "")

    assert "Check base_url" in str(gone)
    assert "no such document" in str(one)


@pytest.mark.parametrize("external_id", [None, "", "../suppliers/1", "7?exported=true", "１"])
def test_an_id_that_is_none_is_never_sent(external_id: str | None) -> None:
    """An id goes into the path only when it is a number."""
    world = CoupaWorld()
    request = WriteRequest("order.write_back", "k", external_id, {"fields": {"erp_number": "1"}})
    count = world.request_count()

    with pytest.raises(SettingsError, match="not the id"):
        write(world, request)

    assert count == world.request_count()


def test_a_field_without_a_custom_field_is_a_matter_of_settings() -> None:
    """Which option is missing is told."""
    world = CoupaWorld(options={"custom_fields": {"erp_number": "cf-erp-po-number"}})

    with pytest.raises(SettingsError, match=r"erp_status.*custom_fields"):
        write(world, world.a_write())


def test_a_missing_secret_is_told_by_its_name() -> None:
    """The system that lacks a secret says which; the others go on."""
    world = CoupaWorld()
    del world.secrets["client_secret"]  # type: ignore[attr-defined]

    with pytest.raises(CredentialsError, match="client_secret"):
        a_read(world, "supplier")


def test_a_scope_the_client_lacks_is_explained() -> None:
    """The token request fails as a whole; the message speaks of scopes."""
    world = CoupaWorld(options={"scopes": ["core.weather.read"]})

    with pytest.raises(CredentialsError, match="scope"):
        a_read(world, "supplier")


def test_options_are_checked_and_not_repeated() -> None:
    """A wrong option is named; its value, which may be a secret, is not."""
    connection = Connection(
        adapter="coupa",
        base_url="https://x.example.com",
        options={"client_secret": "hush", "overlap_minutes": -1},
    )

    with pytest.raises(SettingsError) as caught:
        coupa.connect("coupa", connection, HeldSecrets("coupa", {}), VirtualClock(START))

    assert "options.client_secret" in str(caught.value)
    assert "options.overlap_minutes" in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_cache_that_repeats_a_page_is_noticed() -> None:
    """A proxy that ignores the query leads in a circle; what was read first is handed over."""
    rows = [{"id": n, "updated-at": "2026-01-05T09:00:00Z"} for n in range(1, 51)]
    adapter = a_stub(lambda _: httpx.Response(200, json=rows))
    found: list[Page] = []

    async def walk() -> None:
        async for page in adapter.read("supplier"):
            found.append(page)

    with pytest.raises(ProtocolError, match=r"pagination loop"):
        asyncio.run(walk())
    assert 1 == len(found)


def test_a_row_without_an_id_does_not_hold_up_its_page() -> None:
    """It is handed over for translation to refuse, and the walk goes on with the others' ids."""
    rows = [
        {"id": 1, "name": "A", "status": "active"},
        {"name": "nobody"},
        {"id": 3, "name": "C", "status": "active"},
    ]
    adapter = a_stub(lambda _: httpx.Response(200, json=rows))

    async def walk() -> list[Page]:
        return [page async for page in adapter.read("supplier")]

    (page,) = asyncio.run(walk())

    assert [True, False, True] == [
        isinstance(r, Translated) for r in adapter.translate("supplier", page.rows)
    ]


def test_drift_of_what_was_asked_is_noticed() -> None:
    """An attribute that an instance no longer shows, and one that it adds."""
    adapter = a_stub(lambda _: httpx.Response(200, json=[]))
    shown = {field.encode_name: None for field in msgspec.structs.fields(wire.Supplier)}
    row = {**shown, "id": 1, "name": "Harbour", "carbon-score": 3}
    del row["status"]

    found = adapter.drift("supplier", [json.dumps(row).encode()])

    assert ("unknown", "carbon-score") in [(d.kind, d.field) for d in found]
    assert ("vanished", "status") in [(d.kind, d.field) for d in found]


@pytest.mark.parametrize(
    ("status", "body", "expected", "case_class"),
    [
        (400, {"errors": {"user": ["Login has already been taken"]}}, DuplicateError, ""),
        (
            400,
            {"errors": {"order": ['Unable to find valid Supplier record for supplier with keys {"id"=>9}.']}},
            RejectedError,
            "MAPPING_MISSING",
        ),
        (
            400,
            {"errors": {"line": ["Segment 1 - Cost Center can't be blank"]}},
            RejectedError,
            "PAYLOAD_INVALID",
        ),
        (
            400,
            {"errors": {"x": ["Supplier status must be one of active."]}},
            RejectedError,
            "PAYLOAD_INVALID",
        ),
        (
            400,
            {"errors": {"warnings": ["slow"], "x": ["Billing account is closed"]}},
            RejectedError,
            "REJECTED",
        ),
        (404, {}, RejectedError, "REJECTED"),
        (406, {}, RejectedError, "REJECTED"),
    ],
)
def test_a_refusal_is_read_by_its_sentences(
    status: int, body: Mapping[str, Any], expected: type[AdapterError], case_class: str
) -> None:
    """Documented sentences have their class; others are passed on word for word."""
    answer = Answer(status, httpx.Headers(), b"", "coupa", "PUT", "/api/purchase_orders/7", True)

    found = failures.classify(answer, json.dumps(body))

    assert expected is type(found)
    if isinstance(found, RejectedError):
        assert case_class == found.refusal.case_class
    if "x" in body.get("errors", {}):
        assert body["errors"]["x"][0] in str(found)
        assert "slow" not in str(found)


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500])
def test_what_is_common_to_all_systems_is_left_to_the_transport(status: int) -> None:
    """Coupa's own reading says nothing about these."""
    answer = Answer(status, httpx.Headers(), b"", "coupa", "GET", "/", False)

    assert failures.classify(answer, "Forbidden") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<errors><error>No results match</error></errors>", ("No results match",)),
        ('{"errors": "plain"}', ("plain",)),
        ('{"errors": ["one", "two"]}', ("one", "two")),
        ('{"errors": null}', ()),
        ("", ()),
    ],
)
def test_refusals_come_in_several_forms(text: str, expected: tuple[str, ...]) -> None:
    """XML, a sentence, a list or nothing at all."""
    assert expected == failures.sentences(text)


T0 = datetime(2026, 1, 5, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("start", "server", "seen", "expected"),
    [
        (None, T0, [T0 - HOUR], T0 - HOUR),
        (None, T0, [T0 + HOUR], T0),
        (T0 - HOUR, T0, [], T0 - HOUR),
        (T0, T0 + HOUR, [T0 - HOUR], T0),
        (None, None, [T0, T0 + HOUR], T0 + HOUR),
        (None, T0, [], None),
    ],
    ids=["seen", "never beyond the server", "nothing new", "never back", "no Date", "empty"],
)
def test_the_next_read_begins_where_this_one_is_sure(
    start: datetime | None, server: datetime | None, seen: list[datetime], expected: datetime | None
) -> None:
    """The greatest updated-at seen, never beyond the server's clock at the first page, never before the last
    start.
    """
    at = Position(since=start).begun(server, seen).advanced(50, seen)

    assert expected == at.completed().since
    assert 0 == at.completed().after_id


def test_a_position_survives_the_store() -> None:
    """What is written is what is read."""
    at = Position(T0, 17, T0 + HOUR, T0)

    assert at == position.parse("coupa", at.to_text())
    assert Position() == position.parse("coupa", None)


def test_a_foreign_position_is_refused() -> None:
    """A position that another adapter wrote is not guessed at."""
    with pytest.raises(SettingsError, match="reading position"):
        position.parse("coupa", '["x"]')


def test_the_health_check_reads_one_id() -> None:
    """A token and the smallest possible read."""
    world = CoupaWorld()

    health = asyncio.run(world.adapter.check_health())

    assert health.is_ok
    assert [{"limit": "1", "fields": '["id"]'}] == queries(world, "/api/purchase_orders")


def test_a_slow_page_times_out_as_transient() -> None:
    """A fault that strikes a page in the middle keeps the pages before it."""
    world = CoupaWorld()
    world.add(60)
    world.faults.add(fault("unavailable", path=r"id\[gt\]=50"))
    found: list[Page] = []

    async def walk() -> None:
        async for page in world.adapter.read("purchase_order"):
            found.append(page)

    with pytest.raises(AdapterError):
        asyncio.run(walk())

    assert [50] == [len(page.rows) for page in found]


def test_the_fields_asked_for_are_those_described() -> None:
    """Segments beyond those the charts use are not asked for."""
    asked = wire.asked_fields(wire.Account, 3)

    assert {"segment_1", "segment_2", "segment_3"} == {f for f in asked if str(f).startswith("segment")}
    assert {"account_type": ["name"]} in asked


def test_deleted_lines_come_when_they_are_asked_for() -> None:
    """A line that was removed is a cancelled one; without the option it is gone."""
    world = CoupaWorld(options={"shows_deleted_lines": True})
    plain = CoupaWorld()
    for one in (world, plain):
        order = one.simulator.put(PUT + "s", one.an_order())
        line = order["order-lines"][0]["id"]
        extra = {"type": "OrderQuantityLine", "quantity": "1", "price": "7.00", "currency": {"code": "EUR"}}
        one.simulator.revise_order("PO-1", {"order-lines": [extra]}, "amy")
        one.simulator.revise_order("PO-1", {"order-lines": [{"id": line, "_delete": True}]}, "amy")

    (shown,), (hidden,) = records(world, PUT), records(plain, PUT)

    assert [True, False] == [line.is_cancelled for line in shown.record.lines]
    assert [False] == [line.is_cancelled for line in hidden.record.lines]
    assert shown.record.total == hidden.record.total


def test_extra_fields_are_asked_for_and_are_no_drift() -> None:
    """They are kept with what was read, by whichever spelling they were named, and mean nothing here."""
    world = CoupaWorld(options={"extra_fields": {"invoice": ["payment-method"]}})
    world.simulator.put("invoices", world.an_invoice(**{"payment-method": "wire"}))

    (page,) = a_read(world, "invoice")

    assert "wire" == json.loads(page.rows[0])["payment-method"]
    assert "payment_method" in json.loads(queries(world, "/api/invoices")[0]["fields"])
    assert [] == list(world.adapter.drift("invoice", page.rows))


def test_receipts_are_read_by_type_where_types_are_named() -> None:
    """Stock movements need not be read."""
    world = CoupaWorld(options={"receipt_types": ["ReceivingQuantityConsumption"]})
    world.add(1)
    receipt = world.simulator.receive("PO-1", quantity="2")
    world.simulator.give_back(receipt["id"], "1")

    assert ["receipt"] == [one.record.kind for one in records(world, "receipt")]


def test_a_window_of_receipts_shows_what_was_moved_in_its_days() -> None:
    """By Coupa's own date, a day more on each side; an entity without such a date is refused."""
    world = CoupaWorld()
    order = world.simulator.put("purchase_orders", world.an_order())
    first = world.simulator.receive(order["po-number"], quantity="1")
    world.clock.advance(timedelta(days=20))
    second = world.simulator.receive(order["po-number"], quantity="1")
    today = world.clock.now().date()

    async def walk(entity: str, begins: int, ends: int) -> list[int]:
        days = (today - timedelta(days=begins), today - timedelta(days=ends))
        pages = world.adapter.read_window(entity, *days)
        return [json.loads(row)["id"] for page in [one async for one in pages] for row in page.rows]

    def ids(begins: int, ends: int) -> list[int]:
        return asyncio.run(walk("receipt", begins, ends))

    assert ([first["id"], second["id"]], [first["id"]], [second["id"]], []) == (
        ids(30, 0), ids(40, 15), ids(10, 0), ids(400, 300),
    )  # fmt: skip
    with pytest.raises(SettingsError):
        asyncio.run(walk("supplier", 30, 0))
