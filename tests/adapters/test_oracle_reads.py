"""What reads do when a pod does not behave: pages that shift, rows without ids, children cut short, foreign links."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from adapters import oracle_fusion
from adapters.base import Adapter, Connection, Page, WriteRequest
from adapters.broken import in_row
from adapters.errors import (
    AdapterError,
    CredentialsError,
    ProtocolError,
    RejectedError,
    SettingsError,
    TransientError,
)
from tests.adapters.held_secrets import HeldSecrets
from tests.adapters.oracle_builders import OPTIONS
from tests.builders import MONDAY, a_clock

Handler = Callable[[httpx.Request], httpx.Response]


def a_pod(handler: Handler, **options: object) -> Adapter:
    connection = Connection(
        adapter="oracle_fusion",
        base_url="https://pod.example.com",
        requests_per_second=1e6,
        options={**OPTIONS.model_dump(exclude_defaults=True), "page_size": 2, **options},
    )
    return oracle_fusion.connect(
        "oracle-emea",
        connection,
        HeldSecrets(
            "oracle-emea",
            {name: f"the-{name}-value" for name in ("user", "password", "client_id", "client_secret")},
        ),
        a_clock(),
        transport=httpx.MockTransport(handler),
    )


def collection(rows: list[Any], *, has_more: bool = False, **more: object) -> httpx.Response:
    body = {"items": rows, "count": len(rows), "hasMore": has_more, "limit": 2, "offset": 0, **more}
    return httpx.Response(200, json=body, headers={"Date": format_datetime(MONDAY, usegmt=True)})


def read(adapter: Adapter, entity: str, position: str | None = None) -> list[Page]:
    async def walk() -> list[Page]:
        found = [page async for page in adapter.read(entity, position)]
        await adapter.aclose()
        return found

    return asyncio.run(walk())


def keyed(ids: list[int]) -> Handler:
    """Serve suppliers with these ids as `SupplierId > n` and the page size ask for them."""

    def serve(request: httpx.Request) -> httpx.Response:
        found = re.search(r"SupplierId > (\d+)", request.url.params.get("q", ""))
        rest = [one for one in ids if one > (int(found[1]) if found else 0)]
        return collection([{"SupplierId": one, "Supplier": "X"} for one in rest[:2]], has_more=len(rest) > 2)

    return serve


def test_a_walk_asks_for_what_comes_after_the_last_id() -> None:
    """No offset, so nothing that moves can hide anything."""
    asked: list[httpx.QueryParams] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params)
        return keyed([3, 5, 7])(request)

    pages = read(a_pod(serve), "supplier")

    assert [2, 1] == [len(page.rows) for page in pages]
    assert [None, "SupplierId > 5"] == [one.get("q") for one in asked]
    assert {("SupplierId:asc", "0", "sites,addresses", "true")} == {
        (one["orderBy"], one["offset"], one["expand"], one["onlyData"]) for one in asked
    }


def test_a_read_resumes_after_its_last_id_with_its_filter() -> None:
    """Half a walk goes on where it stopped, under the same condition."""
    asked: list[str] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["q"])
        return keyed([3, 5, 7])(request)

    position = '{"since":"2026-01-04T10:00:00+00:00","after":5,"until":"2026-01-05T08:00:00+00:00"}'
    pages = read(a_pod(serve), "supplier", position)

    assert ["LastUpdateDate >= '2026-01-04T09:50:00+00:00' and SupplierId > 5"] == asked
    assert '{"since":"2026-01-04T10:00:00+00:00"}' == pages[-1].position


def test_every_request_names_its_framework_version_and_error_form() -> None:
    """A default version of 1 would change filters, children and errors."""
    seen: list[httpx.Headers] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return keyed([3])(request)

    read(a_pod(serve), "supplier")

    assert "4" == seen[0]["REST-Framework-Version"]
    assert "application/vnd.oracle.adf.error+json" in seen[0]["Accept"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (collection([{"SupplierId": 5}, {"SupplierId": 3}]), "not in order"),
        (collection([], has_more=True), "no rows"),
    ],
)
def test_a_page_that_does_not_get_on_stops_the_read(answer: httpx.Response, reason: str) -> None:
    """A pagination loop ends with a message instead of never."""
    with pytest.raises(ProtocolError, match=reason):
        read(a_pod(lambda _: answer), "supplier")


def test_a_filter_that_is_ignored_is_noticed() -> None:
    """A proxy that serves the first page again and again does not keep us busy for ever."""
    with pytest.raises(ProtocolError, match="pagination loop"):
        read(a_pod(lambda _: collection([{"SupplierId": 3}, {"SupplierId": 5}], has_more=True)), "supplier")


def test_an_empty_page_may_have_no_items() -> None:
    """The member is left out when there is nothing, and that is no error."""
    answer = httpx.Response(200, json={"count": 0, "hasMore": False, "limit": 25, "offset": 0})

    pages = read(a_pod(lambda _: answer), "supplier")

    assert [([], True)] == [(list(page.rows), page.is_last) for page in pages]


def test_a_row_without_an_id_is_handed_on() -> None:
    """It becomes an exception with its payload; its neighbours are read."""
    rows = [{"Supplier": "Nameless"}, {"SupplierId": 5, "Supplier": "X"}]

    pages = read(a_pod(lambda _: collection(rows)), "supplier")

    assert rows == [json.loads(row) for row in pages[0].rows]


def test_invalid_text_in_a_row_is_refused_with_the_row_and_elsewhere_with_the_page() -> None:
    """Rows stay bytes, so the page is looked at as a whole."""
    content = b'{"items":[{"SupplierId":1,"Supplier":"\xff"}],"count":1,"hasMore":false,"limit":2,"offset":0}'

    (page,) = read(a_pod(lambda _: httpx.Response(200, content=content)), "supplier")
    broken = in_row(page.rows[0])

    assert broken is not None
    assert ("$.Supplier", b'{"SupplierId":1,"Supplier":"\xff"}') == (broken.path, broken.row)
    content = content.replace(b"\xff", b"").replace(b'"count"', b'"c\xff"')
    with pytest.raises(ProtocolError, match="UTF-8 at byte 44"):
        read(a_pod(lambda _: httpx.Response(200, content=content)), "supplier")


def test_pages_by_offset_overlap_by_a_row() -> None:
    """The row before the page proves that nothing slipped past between two pages."""
    rows = [{"LedgerName": f"L{i}", "CurrencyCode": "EUR"} for i in range(5)]
    offsets: list[int] = []

    def serve(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params["offset"])
        offsets.append(start)
        return collection(rows[start : start + 2], has_more=start + 2 < len(rows))

    pages = read(a_pod(serve), "ledger")

    assert rows == [json.loads(row) for page in pages for row in page.rows]
    assert [0, 1, 2, 3] == offsets


def test_a_row_that_goes_away_between_two_pages_restarts_the_read() -> None:
    """Its neighbour would have moved into the page that was read already."""
    rows = [{"LedgerName": f"L{i}", "CurrencyCode": "EUR"} for i in range(5)]

    def serve(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params["offset"])
        answer = collection(rows[start : start + 2], has_more=start + 2 < len(rows))
        if start == 0:
            del rows[0]
        return answer

    with pytest.raises(TransientError, match="starts again"):
        read(a_pod(serve), "ledger")


def test_an_entity_without_queryable_ids_is_read_by_offset_with_its_delta() -> None:
    """The filter on time stays, the position moves at the end only."""
    rows = [{"ProjectId": i, "LastUpdateDate": "2026-01-05T07:00:00+00:00"} for i in range(1, 4)]
    asked: list[str | None] = []

    def serve(request: httpx.Request) -> httpx.Response:
        start = int(request.url.params["offset"])
        asked.append(request.url.params.get("q"))
        return collection(rows[start : start + 2], has_more=start + 2 < len(rows))

    since = '{"since":"2026-01-04T10:00:00+00:00"}'
    pages = read(a_pod(serve, offset_entities=["project"]), "project", since)

    assert {"LastUpdateDate >= '2026-01-04T09:50:00+00:00'"} == set(asked)
    assert [None, '{"since":"2026-01-05T07:00:00+00:00"}'] == [pages[0].position, pages[-1].position]
    assert 3 == sum(len(page.rows) for page in pages)


def test_children_cut_short_are_read_to_the_end() -> None:
    """An expanded answer with the first sites only is completed from the child's own address."""
    sites = [{"SupplierSiteId": i, "SupplierSite": f"S{i}"} for i in range(1, 6)]
    link = {
        "rel": "self",
        "href": "https://pod.example.com:443/fscmRestApi/resources/11.13.18.05/suppliers/7",
    }
    head = {"SupplierId": 7, "Supplier": "X", "sites": {"items": sites[:2], "hasMore": True, "count": 2}}

    def serve(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/suppliers/7/child/sites"):
            start = int(request.url.params["offset"])
            return collection(sites[start : start + 2], has_more=start + 2 < len(sites))
        has_links = request.url.params.get("links") == "self"
        return collection([{**head, "links": [link]} if has_links else head])

    adapter = a_pod(serve)
    pages = read(adapter, "supplier")

    whole = json.loads(pages[0].rows[0])
    assert sites == whole["sites"]
    assert "links" not in whole


def test_a_link_to_another_origin_is_not_followed() -> None:
    """Credentials go to the configured system only."""
    link = {"rel": "self", "href": "https://evil.example.net/suppliers/7"}
    head = {"SupplierId": 7, "Supplier": "X", "sites": {"items": [], "hasMore": True}, "links": [link]}
    hosts: set[str] = set()

    def serve(request: httpx.Request) -> httpx.Response:
        hosts.add(request.url.host)
        return collection([head])

    with pytest.raises(ProtocolError, match=r"evil\.example\.net"):
        read(a_pod(serve), "supplier")

    assert {"pod.example.com"} == hosts


def test_bank_accounts_are_read_only_when_allowed() -> None:
    """Account numbers never reach a page; without the option nothing is asked at all."""
    row = {
        "BankAccountId": 7,
        "IBAN": "DE89370400440532013000",
        "accountOwners": [{"AccountOwnerPartyIdentifier": 9}],
    }

    with pytest.raises(SettingsError, match="reads_bank_accounts"):
        read(a_pod(lambda _: collection([row])), "supplier_bank_account")
    pages = read(a_pod(lambda _: collection([row]), reads_bank_accounts=True), "supplier_bank_account")

    assert b"370400440532013000" not in pages[0].rows[0]
    assert 7 == json.loads(pages[0].rows[0])["BankAccountId"]


@pytest.mark.parametrize(
    ("value_sets", "options", "reason"),
    [
        ([], {}, "names 0 value sets"),
        ([{"ValueSetCode": "Other", "links": []}], {}, "names 0 value sets"),
        ([], {"cost_centre_value_set": None}, "without cost_centre_value_set"),
    ],
)
def test_cost_centres_need_their_value_set(
    value_sets: list[Any], options: dict[str, Any], reason: str
) -> None:
    """A wrong name is a matter of configuration, said before anything is read."""
    with pytest.raises(SettingsError, match=reason):
        read(a_pod(lambda _: collection(value_sets), **options), "cost_centre")


def test_the_address_of_a_value_set_is_looked_up_once_and_again_after_it_failed() -> None:
    """One that was made anew under the same code has another key: the read after the failed one finds it."""
    lookups: list[str] = []
    keys = ["OLD"]

    def serve(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/valueSets"):
            lookups.append(keys[0])
            href = f"https://pod.example.com:443/fscmRestApi/resources/11.13.18.05/valueSets/{keys[0]}"
            link = {"rel": "self", "href": href, "name": "valueSets", "kind": "item"}
            return collection([{"ValueSetId": 1, "ValueSetCode": "DE Cost Centre", "links": [link]}])
        if f"/{keys[0]}/" not in request.url.path:
            return httpx.Response(404, text="not here")
        return collection([{"Value": "410", "Description": "Fleet"}])

    async def four_reads() -> list[int | None]:
        adapter, ends = a_pod(serve), list[int | None]()
        for key in ("OLD", "OLD", "NEW", "NEW"):
            keys[0] = key
            try:
                ends.append(sum([len(page.rows) async for page in adapter.read("cost_centre")]))
            except AdapterError:
                ends.append(None)
        await adapter.aclose()
        return ends

    assert [1, 1, None, 1] == asyncio.run(four_reads())
    assert ["OLD", "NEW"] == lookups


def test_ids_asked_for_are_never_part_of_the_filters_grammar() -> None:
    """Only digits go into a filter by number, and texts are quoted."""
    asked: list[str] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["q"])
        return collection([])

    adapter = a_pod(serve)
    asyncio.run(adapter.read_many("supplier", ["1", "2) or (1=1", "2", "1"]))
    asyncio.run(adapter.read_many("ledger", ["O'Neill"]))

    assert ["SupplierId IN (1,2)", "LedgerName IN ('O''Neill')"] == asked


def test_a_foreign_position_is_a_matter_of_settings() -> None:
    """It is refused with the remedy instead of being guessed at."""
    with pytest.raises(SettingsError, match="sync oracle-emea ENTITY --full"):
        read(a_pod(keyed([1])), "supplier", "2026-01-01")


@pytest.mark.parametrize(
    "options",
    [
        {"auth": "carrier pigeon"},
        {"page_size": 0},
        {"unheard_of": 1},
        {"refusals": [{"pattern": "(", "case_class": "REJECTED"}]},
        {"auth": "client_credentials"},
    ],
)
def test_wrong_options_are_named_before_anything_is_sent(options: dict[str, Any]) -> None:
    """A typing error in a profile is found when the adapter is put together."""
    with pytest.raises(SettingsError):
        a_pod(lambda _: collection([]), **options)


def test_health_says_what_is_wrong() -> None:
    """No ledger in sight means no data access, although the login is right."""
    well = asyncio.run(a_pod(lambda _: collection([{"LedgerName": "DE Ledger"}])).check_health())
    blind = asyncio.run(a_pod(lambda _: collection([])).check_health())
    away = asyncio.run(a_pod(lambda _: httpx.Response(503, text="maintenance retry")).check_health())

    assert (True, False, False) == (well.is_ok, blind.is_ok, away.is_ok)
    assert "data access" in blind.message
    assert "maintenance" in away.message


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, b"JBO-25058: no such attribute", RejectedError),
        (403, b"Forbidden", CredentialsError),
        (404, b"gone", RejectedError),
    ],
)
def test_a_refused_read_keeps_oracles_words(status: int, body: bytes, error: type[AdapterError]) -> None:
    """A read that Oracle refuses says why, in its own words."""
    with pytest.raises(error) as refused:
        read(a_pod(lambda _: httpx.Response(status, content=body)), "supplier")

    assert body.decode() in str(refused.value)


def test_an_id_that_is_none_is_refused_unsent() -> None:
    """An order without a usable id cannot be looked for."""

    def serve(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"sent {request.url}")

    adapter = a_pod(serve)
    request = WriteRequest("order.submit", "k", "1 or 1=1", {"marker": "coupa:1"})

    with pytest.raises(RejectedError, match="not the id of an order"):
        asyncio.run(adapter.write(request))
