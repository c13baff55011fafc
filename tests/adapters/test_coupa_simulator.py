"""The simulated Coupa, held against its contract: every answer below was judged by the OpenAPI document."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import pytest
from starlette.requests import Request

from adapters.coupa.simulator import CoupaSimulator, Settings
from adapters.coupa.simulator_models import MODELS
from adapters.coupa.simulator_resources import RESOURCES, SCOPES
from adapters.coupa.simulator_shapes import Resource
from adapters.simulation import Fault, FaultPlan
from store.clock import VirtualClock
from tests.adapters.contract import OPENAPI_FOLDER, ContractChecker, checking_transport

START: Final = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
CHECKER: Final = ContractChecker(OPENAPI_FOLDER / "coupa.openapi.yaml")


class Instance:
    """A simulated Coupa, and a caller with a token for all of it."""

    def __init__(self, settings: Settings | None = None, *faults: Fault) -> None:
        self.clock = VirtualClock(START)
        self.coupa = CoupaSimulator(
            self.clock,
            client_id="finsync",
            client_secret="s3cret",
            faults=FaultPlan(self.clock, faults),
            settings=settings,
        )
        self.headers = {"Accept": "application/json"}
        self.headers["Authorization"] = f"Bearer {self.new_token()['access_token']}"

    def new_token(self, scope: str = " ".join(sorted(SCOPES)), **form: str) -> dict[str, Any]:
        given = {
            "grant_type": "client_credentials",
            "client_id": "finsync",
            "client_secret": "s3cret",
            "scope": scope,
        }
        answer = self.call("POST", "/oauth2/token", data=given | form, headers={})
        assert answer.status_code == 200, answer.text
        token: dict[str, Any] = answer.json()
        return token

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        is_judged: bool = True,
        **request: Any,
    ) -> httpx.Response:
        return asyncio.run(self._call(method, path, headers, is_judged, request))

    async def _call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None,
        is_judged: bool,
        request: dict[str, Any],
    ) -> httpx.Response:
        inner = httpx.ASGITransport(self.coupa.app)
        transport = checking_transport(inner, CHECKER) if is_judged else inner
        async with httpx.AsyncClient(transport=transport, base_url="http://coupa") as client:
            sent = self.headers if headers is None else headers
            return await client.request(method, path, headers=dict(sent), **request)

    def get(self, path: str, **params: Any) -> Any:
        answer = self.call("GET", f"/api/{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ids(self, path: str, **params: Any) -> list[int]:
        return [row["id"] for row in self.get(path, fields='["id"]', **params)]

    def put(self, path: str, body: Any = None, status: int = 200, **params: Any) -> Any:
        answer = self.call("PUT", f"/api/{path}", json=body, params=params)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def post(self, path: str, body: Any, status: int = 201, **params: Any) -> Any:
        answer = self.call("POST", f"/api/{path}", json=body, params=params)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def sentences(self, answer: Any) -> list[str]:
        """Return the sentences of an error body."""
        return [sentence for part in answer["errors"].values() for sentence in part]


def an_order(number: str = "PO-1", **changes: Any) -> dict[str, Any]:
    """An issued order of one line, 40 boxes of paper at 12.50."""
    line = {
        "description": "Paper A4",
        "type": "OrderQuantityLine",
        "quantity": "40.000000",
        "price": "12.500000",
        "total": "500.00",
        "currency": {"code": "USD"},
        "account": {"code": "01-CC410-6100", "account-type": {"name": "US Chart"}},
    }
    return {
        "po-number": number,
        "currency": {"code": "USD"},
        "supplier": {"number": "V-1"},
        "order-lines": [line],
    } | changes


def a_company(settings: Settings | None = None, *faults: Fault) -> Instance:
    """An instance with a chart, two accounts, two suppliers, a lookup and people."""
    instance = Instance(settings, *faults)
    put = instance.coupa.put
    put("currencies", {"code": "USD", "decimals": 2, "enabled": True})
    put("currencies", {"code": "XXX", "decimals": 2, "active": False})
    put("account_types", {"name": "US Chart", "currency": {"code": "USD"}, "dynamic-flag": False})
    for centre in ("CC410", "CC420"):
        segments = {"segment-1": "01", "segment-2": centre, "segment-3": "6100"}
        put("accounts", {"account-type": {"name": "US Chart"}, **segments})
    put("suppliers", {"number": "V-1", "name": "Harbour Paper Ltd", "status": "active"})
    put("suppliers", {"number": "V-2", "name": "Quay Metals", "status": "inactive"})
    put("users", {"login": "mjones", "email": "mjones@example.com", "firstname": "Mary", "lastname": "Jones"})
    put("lookups", {"name": "Cost Centre", "active": True})
    return instance


def with_orders(count: int = 1, settings: Settings | None = None, *faults: Fault) -> Instance:
    """A company with so many orders, each changed a minute after the one before."""
    instance = a_company(settings, *faults)
    for n in range(1, count + 1):
        instance.clock.advance(timedelta(minutes=1))
        instance.coupa.put("purchase_orders", an_order(f"PO-{n}"), by="mjones")
    return instance


def later(instance: Instance) -> None:
    instance.clock.advance(timedelta(minutes=5))


# -- the door ------------------------------------------------------------------------------------------


def test_a_token_comes_for_form_or_basic_credentials() -> None:
    """Both ways to present the client lead to the same kind of token."""
    instance = Instance()
    basic = base64.b64encode(b"finsync:s3cret").decode()
    form = {"grant_type": "client_credentials", "scope": "core.supplier.read"}

    by_form = instance.new_token("core.supplier.read")
    by_basic = instance.call("POST", "/oauth2/token", data=form, headers={"Authorization": f"Basic {basic}"})

    assert {"bearer", 86399, "core.supplier.read"} == {*by_form.values()} - {by_form["access_token"]}
    assert 200 == by_basic.status_code
    assert len(by_form["access_token"]) > 500


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"scope": "core.payroll.read"}, 400, "invalid_scope"),
        ({"scope": ""}, 400, "invalid_scope"),
    ],
)
def test_a_wrong_token_request_is_refused(form: dict[str, str], status: int, error: str) -> None:
    """A bad secret is 401; a scope that the client lacks fails here, not later."""
    instance = Instance()
    good = {"grant_type": "client_credentials", "client_id": "finsync", "client_secret": "s3cret"}

    answer = instance.call(
        "POST", "/oauth2/token", data=good | {"scope": "core.user.read"} | form, headers={}
    )

    assert (status, error) == (answer.status_code, answer.json()["error"])


@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer a.b.c", "Basic Zm9vOmJhcg=="])
def test_a_stranger_is_refused(token: str) -> None:
    """No token, or none of ours, is 401."""
    instance = Instance()
    headers = {"Accept": "application/json", "Authorization": token}

    assert 401 == instance.call("GET", "/api/suppliers", headers=headers).status_code


def test_a_token_ends_when_its_time_is_over() -> None:
    """By the instance's own clock, a day after it was made."""
    instance = Instance()
    statuses = []

    for step in (timedelta(0), timedelta(seconds=86_398), timedelta(seconds=1)):
        instance.clock.advance(step)
        statuses.append(instance.call("GET", "/api/suppliers").status_code)

    assert [200, 200, 401] == statuses


def test_tokens_can_end_early_and_begin_late() -> None:
    """Knobs for what real instances do: end a token before its time, and not know a fresh one yet."""
    instance = Instance(Settings(token_age_min_s=5.0, token_expires_after_s=60.0))
    statuses = []

    for seconds in (0, 5, 54, 1):
        instance.clock.advance(timedelta(seconds=seconds))
        statuses.append(instance.call("GET", "/api/suppliers").status_code)

    assert [401, 200, 200, 401] == statuses


def test_ended_tokens_are_worthless_and_new_ones_are_not() -> None:
    """Ending all tokens asks the caller for a new one, nothing more."""
    instance = Instance()

    instance.coupa.end_tokens()

    assert 401 == instance.call("GET", "/api/suppliers").status_code
    instance.headers["Authorization"] = f"Bearer {instance.new_token()['access_token']}"
    assert 200 == instance.call("GET", "/api/suppliers").status_code


def test_a_scope_opens_its_resource_and_right_only() -> None:
    """A read scope reads, does not write, and says nothing about other resources."""
    instance = a_company()
    token = instance.new_token("core.supplier.read")["access_token"]
    headers = {**instance.headers, "Authorization": f"Bearer {token}"}

    read = instance.call("GET", "/api/suppliers", headers=headers)
    write = instance.call("PUT", "/api/suppliers/1", headers=headers, json={"website": "x"})
    other = instance.call("GET", "/api/users", headers=headers)

    assert [200, 403, 403] == [read.status_code, write.status_code, other.status_code]


def test_json_must_be_asked_for_by_name() -> None:
    """Without a JSON Accept header the answer is 406, or XML where the instance is set so."""
    strict, loose = Instance(), Instance(Settings(unacceptable="xml"))

    refused = strict.call("GET", "/api/suppliers", headers={**strict.headers, "Accept": "*/*"})
    mixed = strict.call("POST", "/api/suppliers", content="x", is_judged=False)
    stub = loose.call("GET", "/api/suppliers", headers={**loose.headers, "Accept": "*/*"}, is_judged=False)

    assert [406, 406] == [refused.status_code, mixed.status_code]
    assert "xml" in stub.headers["content-type"]


@pytest.mark.parametrize(
    "path", ["/api/unicorns", "/api/purchase_orders/999", "/api/purchase_orders/999/issue"]
)
def test_what_is_not_there_is_404(path: str) -> None:
    """Unknown resources and ids are 404 and not JSON."""
    instance = with_orders()
    method = "PUT" if path.endswith("issue") else "GET"

    answer = instance.call(method, path, is_judged="unicorns" not in path)

    assert 404 == answer.status_code
    assert "json" not in answer.headers["content-type"]


@pytest.mark.parametrize("path", ["suppliers/1", "purchase_orders/1", "purchase_order_lines/1"])
def test_nothing_can_be_deleted(path: str) -> None:
    """DELETE does not exist: records are made inactive."""
    assert 405 == with_orders().call("DELETE", f"/api/{path}", is_judged=False).status_code


def test_too_many_requests_are_throttled() -> None:
    """Beyond the burst the answer is 429 with the configured advice."""
    instance = Instance(Settings(requests_per_second=0.001, burst=2, retry_after_s=3))

    answers = [instance.call("GET", "/api/suppliers") for _ in range(3)]

    assert [200, 200, 429] == [answer.status_code for answer in answers]
    assert "3" == answers[2].headers["retry-after"]


# -- reading collections ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(RESOURCES))
def test_every_resource_lists_and_shows_nothing_when_empty(path: str) -> None:
    """An empty result is 200 and a bare empty array."""
    assert [] == Instance().get(path, **{"id[gt]": "100"})


@pytest.mark.parametrize(("limit", "count"), [(None, 50), ("500", 50), ("50", 50), ("7", 7)])
def test_a_page_has_at_most_fifty_rows(limit: str | None, count: int) -> None:
    """`limit` lowers the page, never raises it; more is capped and not refused."""
    instance = with_orders(60)
    params = {} if limit is None else {"limit": limit}

    answer = instance.call("GET", "/api/purchase_orders", params=params, is_judged=limit != "500")

    assert count == len(answer.json())


def test_offset_counts_records_from_zero() -> None:
    """Pages by offset neither overlap nor skip, and the last is short."""
    instance = with_orders(60)

    pages = [instance.ids("purchase_orders", offset=offset, limit=25) for offset in (0, 25, 50, 75)]

    assert [25, 25, 10, 0] == [len(page) for page in pages]
    assert list(range(1, 61)) == [one for page in pages for one in page]


def test_keyset_paging_is_complete_by_id_and_by_time() -> None:
    """`id[gt]` and `updated_at[gt_or_eq]`, each with its order, walk everything."""
    instance = with_orders(60)
    by_id: list[int] = []
    while page := instance.ids("purchase_orders", **{"id[gt]": str(by_id[-1] if by_id else 0)}):
        by_id += page

    since = (START + timedelta(minutes=31)).isoformat()
    recent = instance.ids("purchase_orders", **{"updated_at[gt_or_eq]": since, "order_by": "updated_at"})

    assert list(range(1, 61)) == by_id
    assert list(range(31, 61)) == recent


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"po_number": "PO-3"}, [3]),
        ({"po-number": "PO-3"}, [3]),
        ({"po_number[contains]": "O-1"}, [1, 10, 11, 12]),
        ({"po_number[starts_with]": "PO-1"}, [1, 10, 11, 12]),
        ({"po_number[ends_with]": "2"}, [2, 12]),
        ({"id[gt]": "10"}, [11, 12]),
        ({"id[lt]": "3"}, [1, 2]),
        ({"id[gt_or_eq]": "11", "id[lt_or_eq]": "11"}, [11]),
        ({"id[not_eq]": "1", "id[lt]": "4"}, [2, 3]),
        ({"id[in]": "12,3,3,99"}, [3, 12]),
        ({"id[not_in]": "1,2,3,4,5,6,7,8,9"}, [10, 11, 12]),
        ({"status[in]": "issued,closed", "id[lt]": "3"}, [1, 2]),
        ({"status": "draft"}, []),
        ({"exported": "false", "id[lt]": "3"}, [1, 2]),
        ({"exported": "true"}, []),
        ({"ship_to_attention[blank]": "true", "id": "4"}, [4]),
        ({"po_number[blank]": "true"}, []),
        ({"supplier[number]": "V-1", "id[lt]": "3"}, [1, 2]),
        ({"supplier[name][starts_with]": "Quay"}, []),
        ({"order_lines[account][code]": "01-CC410-6100", "id": "2"}, [2]),
        ({"order_lines[account][code]": "01-CC420-6100"}, []),
        ({"order_lines[price][gt]": "12.4", "id": "2"}, [2]),
        ({"order_lines[price]": "12.5", "id": "2"}, [2]),
        ({"custom_fields[cf_region][in]": "EMEA,AMER"}, [7]),
        ({"updated_at[gt]": "2026-03-02T17:11:00Z"}, [7, 12]),
        ({"updated_at[gt]": "2026-03-02T09:11:00-08:00"}, [7, 12]),
        ({"updated_at[gt]": "2026-03-02T17:11:00.500Z"}, [7, 12]),
        ({"updated_at[gt_or_eq]": "2026-03-02T17:12:00.001Z"}, []),
        ({"updated_at[gt]": "2026-03-03"}, []),
        ({"updated_at[lt]": "2026-03-02T17:02:00Z"}, [1]),
    ],
)
def test_filters_choose_what_they_say(filters: dict[str, str], expected: list[int]) -> None:
    """Every operator, dashes or underscores, through associations of one and of many."""
    instance = with_orders(12)
    order = instance.coupa.order("PO-7")
    instance.coupa.put("purchase_orders", order | {"custom-fields": {"cf-region": "EMEA"}})

    assert expected == instance.ids("purchase_orders", **filters)


@pytest.mark.parametrize(
    "params",
    [
        {"colour": "blue"},
        {"supplier[colour]": "blue"},
        {"status[like]": "x"},
        {"supplier": "V-1"},
        {"id": "one"},
        {"updated_at[gt]": "yesterday"},
        {"updated_at[contains]": "2026"},
        {"updated_at[blank]": "true"},
        {"order_by": "colour"},
        {"order_by": "order_lines"},
        {"fields": "id,po_number"},
        {"fields": '{"id":'},
        {"return_object": "none"},
    ],
)
def test_a_query_that_makes_no_sense_is_400(params: dict[str, str]) -> None:
    """Unknown attributes, bad values and bad shapes are refused with a sentence, not ignored."""
    instance = with_orders()

    answer = instance.call("GET", "/api/purchase_orders", params=params)

    assert 400 == answer.status_code
    assert instance.sentences(answer.json())


@pytest.mark.parametrize(
    "params", [{"exported": "maybe"}, {"limit": "0"}, {"limit": "x"}, {"offset": "-1"}, {"dir": "up"}]
)
def test_a_page_that_makes_no_sense_is_400(params: dict[str, str]) -> None:
    """What the contract would not let us send is refused by the instance too."""
    answer = Instance().call("GET", "/api/purchase_orders", params=params, is_judged=False)

    assert 400 == answer.status_code


def test_order_and_direction() -> None:
    """Rows sort by any plain attribute, both ways; numbers as numbers."""
    instance = with_orders(11)

    assert [11, 10, 9] == instance.ids("purchase_orders", order_by="updated_at", dir="desc", limit=3)
    assert [1, 10, 11] == instance.ids("purchase_orders", order_by="po_number", limit=3)
    assert [11, 10] == instance.ids("purchase_orders", dir="desc", limit=2)


def test_users_filter_by_status_although_the_attribute_is_active() -> None:
    """A documented oddity."""
    instance = a_company()
    instance.coupa.put("users", {"login": "left", "active": False})

    assert ["left"] == [row["login"] for row in instance.get("users", status="inactive")]


def test_exchange_rates_have_a_known_hole() -> None:
    """Filtering by both currencies' codes finds nothing, though such rates are there."""
    instance = a_company()
    instance.coupa.put("currencies", {"code": "EUR"})
    rate = {"from-currency": {"code": "USD"}, "to-currency": {"code": "EUR"}, "rate": "0.9"}
    instance.coupa.put("exchange_rates", rate | {"rate-date": "2026-03-01"})

    assert [1] == instance.ids("exchange_rates", **{"from_currency[code]": "USD"})
    assert [] == instance.ids("exchange_rates", **{"from_currency[code]": "USD", "to_currency[code]": "EUR"})


# -- the shape of answers ----------------------------------------------------------------------------------


def test_fields_shape_the_answer_at_every_depth() -> None:
    """Only what was asked for comes, in dash-case, nulls included, references live."""
    instance = with_orders()
    fields: list[Any] = [
        "id",
        "po_number",
        "ship_to_attention",
        "unheard_of",
        {"supplier": ["number", "tax_id"]},
        {"custom_fields": {}},
        {"order_lines": ["line_num", {"account": ["code", {"account_type": ["name"]}]}]},
    ]

    (order,) = instance.get("purchase_orders", fields=json.dumps(fields))

    account = {"code": "01-CC410-6100", "account-type": {"name": "US Chart"}}
    assert {
        "id": 1,
        "po-number": "PO-1",
        "ship-to-attention": None,
        "supplier": {"number": "V-1", "tax-id": None},
        "custom-fields": {},
        "order-lines": [{"line-num": "1", "account": account}],
    } == order


def test_references_show_what_they_mean_now() -> None:
    """A renamed supplier has its new name on orders that were encoded before."""
    instance = with_orders()
    fields = '[{"supplier":["name"]}]'
    assert [{"supplier": {"name": "Harbour Paper Ltd"}}] == instance.get("purchase_orders", fields=fields)

    instance.put("suppliers/1", {"name": "Harbour Paper AG"})

    assert [{"supplier": {"name": "Harbour Paper AG"}}] == instance.get("purchase_orders", fields=fields)


def test_whole_documents_have_text_decimals_and_times_in_the_instances_zone() -> None:
    """Decimals are text, times carry the configured offset and whole seconds."""
    instance = with_orders(1, Settings(utc_offset=timedelta(hours=5, minutes=30)))

    order = instance.get("purchase_orders/1")

    assert "2026-03-02T22:31:00+05:30" == order["updated-at"]
    assert ("40.000000", "12.500000", "500.00") == tuple(
        order["order-lines"][0][name] for name in ("quantity", "price", "total")
    )
    assert {"id": 2, "login": "mjones"}.items() <= order["updated-by"].items()


@pytest.mark.parametrize(
    ("return_object", "present", "absent"),
    [("limited", {"id"}, {"po-number"}), ("shallow", {"id", "po-number", "supplier"}, {"order-lines"})],
)
def test_return_object_names_a_size(return_object: str, present: set[str], absent: set[str]) -> None:
    """`limited` is the id, `shallow` the order's own attributes and references."""
    (order,) = with_orders().get("purchase_orders", return_object=return_object)

    assert present <= order.keys()
    assert not absent & order.keys()


def test_a_write_can_be_answered_without_a_body() -> None:
    """`return_object=none` says yes and nothing else."""
    instance = with_orders()

    assert instance.put("purchase_orders/1", {"ship-to-attention": "Ida"}, return_object="none") is None
    assert "Ida" == instance.get("purchase_orders/1")["ship-to-attention"]


def test_supplier_profiles_leave_nulls_out() -> None:
    """The supplier's own profile omits what it has no value for."""
    instance = a_company()
    address = {"kind": "RTA", "iban-number": "DE89370400440532013000", "country": {"code": "DE"}}
    instance.coupa.put(
        "supplier_information", {"supplier-id": 1, "supplier-information-addresses": [address]}
    )

    (profile,) = instance.get("supplier_information", supplier_id=1)

    assert None not in profile.values()
    assert "DE89370400440532013000" == profile["supplier-information-addresses"][0]["iban-number"]


# -- writing in general --------------------------------------------------------------------------------------


def test_a_supplier_is_created_and_read_back() -> None:
    """201 with the stored record: id, stamps, author, defaults; null associations left out."""
    instance = a_company()

    made = instance.post("suppliers", {"name": "New Co", "number": "V-9", "po_method": "email"})

    assert (3, "draft", "email") == (made["id"], made["status"], made["po-method"])
    assert "finsync-api" == made["created-by"]["login"]
    assert "payment-term" not in made
    assert [3] == instance.ids("suppliers", number="V-9")


def test_read_only_and_unknown_attributes_are_ignored_without_a_word() -> None:
    """The answer is 200 and the record as it was; not even its time of change moves."""
    instance = with_orders()
    before = instance.get("purchase_orders/1")
    later(instance)

    instance.put("purchase_orders/1", {"status": "closed", "colour": "blue", "id": 7, "version": 9})

    assert before == instance.get("purchase_orders/1")


def test_an_accounts_code_cannot_be_written() -> None:
    """The documented example: PUT of `code` answers 200 and changes nothing."""
    instance = a_company()

    answer = instance.put("accounts/1", {"code": "99-XX", "name": "Paper North"})

    assert ("01-CC410-6100", "Paper North") == (answer["code"], answer["name"])


@pytest.mark.parametrize("reference", [{"code": "USD"}, {"id": 1}, {"id": 1, "code": "USD"}])
def test_a_reference_resolves_by_any_of_its_keys(reference: dict[str, Any]) -> None:
    """By code, by id, or by both when both match."""
    instance = with_orders()

    answer = instance.put("purchase_orders/1", {"currency": reference})

    assert {"id": 1, "code": "USD", "decimals": 2} == answer["currency"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            {"currency": {"code": "EUR"}},
            'Unable to find valid Currency record for currency with keys {"code"=>"EUR"}. '
            'Possible keys are ["id", "code"]. Please verify your xml.',
        ),
        (
            {"supplier": {"number": "V-1", "id": 2}},
            'Unable to find valid Supplier record for supplier with keys {"number"=>"V-1", "id"=>2}. '
            'Possible keys are ["id", "number", "name"]. Please verify your xml.',
        ),
        (
            {"supplier": {"number": "V-2"}},
            'Unable to find valid Supplier record for supplier with keys {"number"=>"V-2"}. '
            'Possible keys are ["id", "number", "name"]. Please verify your xml.',
        ),
        (
            {
                "order-lines": [
                    {"id": 1, "account": {"code": "01-CC410-6100", "account-type": {"name": "EU"}}}
                ]
            },
            "Unable to find valid Account record for account with keys",
        ),
    ],
)
def test_a_reference_that_means_nothing_is_400(body: dict[str, Any], sentence: str) -> None:
    """Unknown, contradicting and inactive references fail with the documented text; nothing changes."""
    instance = with_orders()
    before = instance.get("purchase_orders/1")

    answer = instance.put("purchase_orders/1", body, status=400)

    assert instance.sentences(answer)[0].startswith(sentence)
    assert before == instance.get("purchase_orders/1")


@pytest.mark.parametrize(
    ("path", "body", "sentences"),
    [
        ("suppliers", {"name": "Harbour Paper Ltd"}, ["Name has already been taken"]),
        ("suppliers", {"name": "X", "number": "V-1"}, ["Number has already been taken"]),
        ("suppliers", {"number": "V-7"}, ["Name can't be blank"]),
        (
            "suppliers",
            {"name": "X", "status": "gone"},
            ["Supplier status must be one of active, inactive, onboarding."],
        ),
        (
            "suppliers",
            {"name": "X", "po-method": "fax"},
            ["PO method must be one of cxml, xml, email, integration, prompt or buy_online."],
        ),
        ("suppliers", {"name": "X", "po-email": "nobody"}, ["Supplier email is not a valid email address."]),
        (
            "users",
            {"login": "mjones", "email": "mjones@example.com", "firstname": "M", "lastname": "J"},
            ["Login has already been taken", "Email has already been taken"],
        ),
        (
            "accounts",
            {"account-type": {"name": "US Chart"}, "segment-1": "01", "segment-3": "6100"},
            ["Segment 2 can't be blank"],
        ),
        (
            "accounts",
            {"account-type": {"id": 1}, "segment-1": "01", "segment-2": "CC410", "segment-3": "6100"},
            ["Code has already been taken"],
        ),
        ("departments", {}, ["Name can't be blank"]),
        ("integrations", {"code": "X", "name": "X", "direction": "up"}, None),
    ],
)
def test_a_create_that_breaks_a_rule_is_400(
    path: str, body: dict[str, Any], sentences: list[str] | None
) -> None:
    """Duplicates, blanks and wrong words come back as human sentences, and nothing is created."""
    instance = a_company()
    before = len(instance.coupa.documents(path))

    answer = instance.post(path, body, status=400)

    assert sentences in (None, instance.sentences(answer))
    assert before == len(instance.coupa.documents(path))


@pytest.mark.parametrize("content", [b"{", b"[]", b'"text"', b"\xff"])
def test_a_body_that_is_no_record_is_400(content: bytes) -> None:
    """Arrays, scalars and broken JSON are refused."""
    instance = a_company()
    headers = {**instance.headers, "Content-Type": "application/json"}

    answer = instance.call("PUT", "/api/suppliers/1", content=content, headers=headers, is_judged=False)

    assert 400 == answer.status_code


@pytest.mark.parametrize(
    "body",
    [
        {"order-lines": [{"id": 1, "quantity": "many"}]},
        {"order-lines": [{"id": 1, "quantity": True}]},
        {"order-lines": [{"id": 99, "quantity": "1"}]},
        {"order-lines": [{"id": 1, "need-by-date": "soon"}]},
        {"order-lines": {"id": 1}},
        {"currency": "USD"},
        {"custom-fields": "x"},
        {"acknowledged-flag": "perhaps"},
        {"payment-method": {"code": "x"}},
    ],
)
def test_values_of_the_wrong_kind_are_400(body: dict[str, Any]) -> None:
    """A write with a value that cannot be one is refused as a whole."""
    instance = with_orders()
    before = instance.get("purchase_orders/1")

    answer = instance.call("PUT", "/api/purchase_orders/1", json=body, is_judged=False)

    assert 400 == answer.status_code
    assert before == instance.get("purchase_orders/1")


def test_patch_is_put() -> None:
    """PATCH is an alias."""
    instance = a_company()

    answer = instance.call("PATCH", "/api/suppliers/1", json={"website": "https://example.com"})

    assert "https://example.com" == answer.json()["website"]


def test_custom_fields_are_merged_and_only_editable_ones_are_taken() -> None:
    """A field that is not flagged API-editable keeps its value, and the answer is 200 all the same."""
    editable = {"purchase_order": frozenset({"cf-erp-po-number"})}
    instance = with_orders(1, Settings(editable_fields=editable))
    order = instance.coupa.order("PO-1")
    instance.coupa.put("purchase_orders", order | {"custom-fields": {"cf-region": "EMEA"}})

    answer = instance.put(
        "purchase_orders/1", {"custom-fields": {"cf-erp-po-number": "300200", "cf-region": "AMER"}}
    )

    assert {"cf-region": "EMEA", "cf-erp-po-number": "300200"} == answer["custom-fields"]


def test_remit_to_addresses_are_kept_by_code() -> None:
    """An address is added once per code, changed by its id, and seen on its supplier."""
    instance = a_company()

    made = instance.post("suppliers/1/addresses", {"remit-to-code": "MAIN", "city": "Hull"})
    again = instance.post("suppliers/1/addresses", {"remit-to-code": "MAIN"}, status=400)
    changed = instance.put(f"suppliers/1/addresses/{made['id']}", {"city": "York"})

    assert ["Remit to code has already been taken"] == instance.sentences(again)
    assert ("MAIN", "York") == (changed["remit-to-code"], changed["city"])
    assert ["York"] == [row["city"] for row in instance.get("suppliers/1")["remit-to-addresses"]]
    assert [made["id"]] == [row["id"] for row in instance.get("suppliers/1/addresses")]


# -- purchase orders --------------------------------------------------------------------------------------------


def state_of(order: Mapping[str, Any]) -> tuple[int, int, bool]:
    return order["version"], order["internal-revision"], order["exported"]


def exported(instance: Instance) -> None:
    instance.put("purchase_orders/1", exported="true")
    later(instance)


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ({"id": 1, "quantity": "41"}, (2, 1, False)),
        ({"id": 1, "price": "12.51"}, (2, 1, False)),
        ({"description": "Toner", "quantity": "1", "price": "80"}, (2, 1, False)),
        ({"id": 1, "_delete": True}, (2, 1, False)),
        (
            {"id": 1, "account": {"code": "01-CC420-6100", "account-type": {"name": "US Chart"}}},
            (1, 1, True),
        ),
        ({"id": 1, "custom-fields": {"cf-note": "x"}}, (1, 0, True)),
        ({"id": 1, "quantity": "40"}, (1, 0, True)),
    ],
)
def test_line_edits_make_versions_by_who_sees_them(row: dict[str, Any], state: tuple[int, int, bool]) -> None:
    """Quantity, price, new and deleted lines reach the supplier; accounts stay inside; equal values are nothing."""
    instance = with_orders()
    exported(instance)

    answer = instance.put("purchase_orders/1", {"order-lines": [row]})

    assert state == state_of(answer)


def test_a_line_without_id_is_added_and_its_neighbours_stay() -> None:
    """Rows merge: what is not named is not touched, totals follow quantity and price."""
    instance = with_orders()

    answer = instance.put(
        "purchase_orders/1", {"order-lines": [{"description": "Toner", "quantity": 3, "price": 7}]}
    )

    lines = [(line["line-num"], line["description"], line["total"]) for line in answer["order-lines"]]
    assert [("1", "Paper A4", "500.00"), ("2", "Toner", "21.00")] == lines


def test_deleted_lines_show_only_when_asked_for() -> None:
    """A deleted line leaves the order, and comes back marked with show_deleted_lines."""
    instance = with_orders()
    instance.put("purchase_orders/1", {"order-lines": [{"id": 1, "_delete": True}]})

    plain = instance.get("purchase_orders", fields='[{"order_lines":["id"]}]')
    full = instance.get(
        "purchase_orders", fields='[{"order_lines":["id","status"]}]', show_deleted_lines="true"
    )

    assert [{"order-lines": []}] == plain
    assert [{"order-lines": [{"id": 1, "status": "deleted"}]}] == full
    assert [] == instance.get("purchase_order_lines")


def test_a_split_line_shares_its_new_total() -> None:
    """Shares follow their percentage, and the last takes what rounding leaves."""
    instance = a_company()
    chart = {"account-type": {"name": "US Chart"}}
    split = [
        {"pct": "33.3333333333", "account": {"code": "01-CC410-6100", **chart}},
        {"pct": "66.6666666667", "account": {"code": "01-CC420-6100", **chart}},
    ]
    line = {"quantity": "1", "price": "100", "total": "100.00", "account-allocations": split}
    instance.coupa.put("purchase_orders", an_order() | {"order-lines": [line]})

    answer = instance.put("purchase_orders/1", {"order-lines": [{"id": 3, "price": "100.01"}]})

    shares = [one["amount"] for one in answer["order-lines"][0]["account-allocations"]]
    assert ["33.3400", "66.6700"] == shares
    assert "100.01" == answer["order-lines"][0]["total"]


def test_a_write_back_of_custom_fields_touches_nothing_else() -> None:
    """The ERP number moves the time of change and its author; version, revision and flag stay."""
    instance = with_orders()
    exported(instance)

    answer = instance.put("purchase_orders/1", {"custom-fields": {"cf-erp-po-number": "300200"}})

    assert (1, 0, True) == state_of(answer)
    assert ("2026-03-02T09:06:00-08:00", "finsync-api") == (
        answer["updated-at"],
        answer["updated-by"]["login"],
    )


def test_a_write_back_leaves_lines_as_they_are_right_or_wrong() -> None:
    """A total that differs and a line that is none are neither repaired nor a reason to refuse."""
    instance = a_company()
    order = an_order()
    order["order-lines"][0]["total"] = "499.99"
    instance.coupa.put("purchase_orders", order)
    instance.coupa.put("purchase_orders", an_order("PO-2") | {"order-lines": ["not a line"]})
    fields = '["version",{"custom_fields":{}}]'

    answers = [
        instance.put(f"purchase_orders/{n}", {"custom-fields": {"cf-erp-po-number": "3"}}, fields=fields)
        for n in (1, 2)
    ]

    assert [{"version": 1, "custom-fields": {"cf-erp-po-number": "3"}}] * 2 == answers
    assert "499.99" == instance.coupa.order("PO-1")["order-lines"][0]["total"]
    assert ["not a line"] == instance.coupa.order("PO-2")["order-lines"]
    instance.put("purchase_orders/2", {"order-lines": [{"description": "x"}]}, status=400)


def test_an_edit_reprices_the_edited_line_only() -> None:
    """The neighbour with the wrong total keeps it."""
    instance = a_company()
    order = an_order()
    order["order-lines"] = [{**order["order-lines"][0], "total": total} for total in ("500.00", "1.00")]
    instance.coupa.put("purchase_orders", order)

    answer = instance.put("purchase_orders/1", {"order-lines": [{"id": 1, "quantity": "50"}]})

    assert ["625.00", "1.00"] == [line["total"] for line in answer["order-lines"]]


@pytest.mark.parametrize("body", [None, {"ship-to-attention": "Ida"}])
def test_marking_exported_ignores_everything_else(body: dict[str, Any] | None) -> None:
    """By query parameter the flag is set and other attributes of the request are lost."""
    instance = with_orders()
    later(instance)

    answer = instance.put(
        "purchase_orders/1",
        body,
        exported="true",
        fields='["id","exported","ship_to_attention","updated_at"]',
    )

    assert {"id": 1, "exported": True, "ship-to-attention": None} == {
        name: answer[name] for name in ("id", "exported", "ship-to-attention")
    }
    assert "2026-03-02T09:01:00-08:00" == answer["updated-at"]
    assert [] == instance.ids("purchase_orders", exported="false")


def test_marking_works_in_the_body_and_may_move_the_time_of_change() -> None:
    """The body form does the same; whether `updated-at` moves is a setting, for nobody knows."""
    instance = with_orders(1, Settings(marking_moves_updated_at=True))
    later(instance)

    answer = instance.put("purchase_orders/1", {"exported": True})

    assert (True, "2026-03-02T09:06:00-08:00") == (answer["exported"], answer["updated-at"])
    assert answer["last-exported-at"] == answer["updated-at"]


def test_a_late_mark_falls_on_the_newer_version() -> None:
    """The race the sheet warns of: a revision between read and mark is marked unread."""
    instance = with_orders()
    read = instance.get("purchase_orders/1")
    instance.coupa.revise_order("PO-1", {"order-lines": [{"line-num": "1", "price": "13"}]}, by="mjones")

    marked = instance.put("purchase_orders/1", exported="true")

    assert (1, 2, True) == (read["version"], marked["version"], marked["exported"])


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("issue", "draft", "issued"),
        ("issue_without_send", "buyer_hold", "issued"),
        ("ignore_window_and_issue", "supplier_window_hold", "issued"),
        ("release_from_buyer_hold", "buyer_hold", "issued"),
        ("cancel", "issued", "cancelled"),
        ("close", "soft_closed", "closed"),
        ("reopen", "soft_closed", "issued"),
        ("issue", "issued", None),
        ("reopen", "closed", None),
        ("cancel", "closed", None),
        ("close", "cancelled", None),
        ("ignore_window_and_issue", "draft", None),
    ],
)
def test_order_actions_check_the_state(action: str, before: str, after: str | None) -> None:
    """An action moves an order from the states it fits, clears the export flag, and is 400 from others."""
    instance = a_company()
    instance.coupa.put("purchase_orders", an_order(status=before, exported=True))

    answer = instance.put(f"purchase_orders/1/{action}", status=200 if after else 400)

    kept = instance.get("purchase_orders/1")
    assert (after or before, after is None) == (kept["status"], kept["exported"])
    assert ("errors" in answer) is (after is None)


@pytest.mark.parametrize(("body", "status"), [({"_cancel": True}, "canceled"), ({"_close": True}, "closed")])
def test_old_actions_by_body_and_the_other_spelling(body: dict[str, Any], status: str) -> None:
    """`_cancel` and `_close` act too; an instance may spell cancelled with one l."""
    instance = with_orders(1, Settings(cancelled_word="canceled"))

    assert status == instance.put("purchase_orders/1", body)["status"]


def test_lines_of_a_closed_order_cannot_be_changed() -> None:
    """Line edits on closed orders are refused, custom fields are not."""
    instance = with_orders()
    instance.put("purchase_orders/1/close")

    instance.put("purchase_orders/1", {"order-lines": [{"id": 1, "quantity": "1"}]}, status=400)

    assert {"cf-x": "1"} == instance.put("purchase_orders/1", {"custom-fields": {"cf-x": "1"}})[
        "custom-fields"
    ]


def test_order_lines_are_a_resource_of_their_own() -> None:
    """Lines list by their order, show by id, and close for receiving."""
    instance = with_orders(3)

    assert [2] == [line["id"] for line in instance.get("purchase_order_lines", order_header_id=2)]
    assert [1, 2, 3] == instance.ids("purchase_order_lines")
    closed = instance.put("purchase_order_lines/2/soft_close_for_receiving")
    assert "soft_closed_for_receiving" == closed["status"] == instance.get("purchase_order_lines/2")["status"]
    instance.put("purchase_order_lines/2/soft_close_for_receiving", status=400)
    assert "created" == instance.put("purchase_order_lines/2/reopen_for_receiving")["status"]


def test_revisions_say_what_changed() -> None:
    """Each revision lists the changed attributes as from and to."""
    instance = with_orders()
    instance.coupa.revise_order("PO-1", {"ship-to-attention": "Ida"}, by="mjones")

    (revision,) = instance.get("purchase_order_revisions", purchase_order_id=1)

    assert {"from": None, "to": "Ida"} == revision["changes"]["ship-to-attention"]
    assert {"from": 1, "to": 2} == revision["changes"]["version"]


def test_issuing_takes_the_budget_and_cancelling_gives_it_back() -> None:
    """An issued order leaves an adjustment on its budget line; a cancelled one reverses it."""
    instance = budgeted("600.00")

    instance.put("purchase_orders/1/issue")
    after_issue = instance.get("budget_lines/1")["remaining"]
    instance.put("purchase_orders/1/cancel")

    assert ("100.0000", "600.0000") == (after_issue, instance.get("budget_lines/1")["remaining"])
    adjustments = instance.get("budget_lines/1/budget_line_adjustments")
    assert ["-500.0000", "500.0000"] == [one["amount"] for one in adjustments]
    assert {"type": "OrderLine", "id": 1, "order-header-id": 1} == adjustments[0]["adjuster"]


def test_a_hard_budget_stops_an_order() -> None:
    """With `error-on-overrun` the order is not issued and nothing is taken."""
    instance = budgeted("499.99")

    answer = instance.put("purchase_orders/1/issue", status=400)

    assert ["Budget Office is exceeded"] == instance.sentences(answer)
    assert ("draft", "499.9900") == (
        instance.get("purchase_orders/1")["status"],
        instance.get("budget_lines/1")["remaining"],
    )


def budgeted(amount: str) -> Instance:
    """A draft order of 500.00 whose cost centre has a budget."""
    instance = a_company()
    order = an_order(status="draft")
    order["order-lines"][0]["period"] = {"name": "FY26-Q1"}
    instance.coupa.put("purchase_orders", order)
    budget = {"period": {"name": "FY26-Q1"}, "segment-2": "CC410", "description": "Office"}
    instance.post("budget_lines", budget | {"amount": amount, "error-on-overrun": True})
    return instance


# -- accounts, lookups, budgets, approvals, integrations ----------------------------------------------------------


def test_a_dynamic_chart_makes_no_accounts_by_hand() -> None:
    """Accounts of a dynamic chart appear with their first use."""
    instance = a_company()
    instance.coupa.put("account_types", {"name": "EU Chart", "dynamic-flag": True})

    answer = instance.post("accounts", {"account-type": {"name": "EU Chart"}, "segment-1": "02"}, status=400)

    assert ["Account cannot be created in a dynamic chart of accounts"] == instance.sentences(answer)


def test_lookup_values_form_a_hierarchy() -> None:
    """Code and depth follow from the parents, also when a parent's number changes."""
    instance = a_company()
    lookup = {"lookup": {"name": "Cost Centre"}}
    top = instance.post("lookup_values", {"name": "Operations", "external-ref-num": "OPS", **lookup})
    parent = {"parent": {"external-ref-code": "OPS"}}
    leaf = instance.post("lookup_values", {"name": "North", "external-ref-num": "CC410", **lookup, **parent})

    instance.put(f"lookup_values/{top['id']}", {"external-ref-num": "OP2"})

    assert ("OPS", 1) == (top["external-ref-code"], top["depth"])
    assert ("OPS-CC410", 2) == (leaf["external-ref-code"], leaf["depth"])
    assert "OP2-CC410" == instance.get(f"lookup_values/{leaf['id']}")["external-ref-code"]
    assert 1 == instance.get(f"lookup_values/{top['id']}")["children-count"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"parent": {"external-ref-code": "NOPE"}}, "Parent unable to find matching parent."),
        ({"external-ref-num": "CC410"}, "External ref num has already been taken"),
    ],
)
def test_a_lookup_value_needs_its_parent_and_its_own_number(body: dict[str, Any], sentence: str) -> None:
    """A missing parent and a taken number are 400."""
    instance = a_company()
    value = {"lookup": {"name": "Cost Centre"}}
    instance.post("lookup_values", {"name": "North", "external-ref-num": "CC410", **value})

    answer = instance.post(
        "lookup_values", {"name": "South", "external-ref-num": "CC420", **value, **body}, status=400
    )

    assert [sentence] == instance.sentences(answer)


def test_lookup_values_filter_by_their_lookup() -> None:
    """The cost centres are the values of one lookup."""
    instance = a_company()
    instance.coupa.put("lookups", {"name": "Region"})
    for lookup, name in (("Cost Centre", "North"), ("Region", "EMEA")):
        instance.coupa.put("lookup_values", {"name": name, "lookup": {"name": lookup}})

    assert ["North"] == [
        row["name"] for row in instance.get("lookup_values", **{"lookup[name]": "Cost Centre"})
    ]


def test_a_budget_line_is_set_absolutely_and_adjusted_by_delta() -> None:
    """`amount` overwrites, `adjust` adds every time; period and segments cannot change."""
    instance = a_company()
    budget = {"period": {"name": "FY26-Q1"}, "segment-2": "CC410"}
    instance.post("budget_lines", {**budget, "amount": "1000"})
    instance.post("budget_lines", {**budget, "amount": "1"}, status=400)

    for _ in range(2):
        instance.put("budget_lines/1/adjust", {"adjustment-amount": "-100", "description": "outside"})
    instance.post("budget_lines/1/budget_line_adjustments", {"adjustment_amount": "50"})
    line = instance.put("budget_lines/1", {"amount": "2000", "segment-2": "CC999"})

    assert ("2000.0000", "1850.0000", "CC410") == (line["amount"], line["remaining"], line["segment-2"])
    assert ["-100.0000", "-100.0000", "50.0000"] == [
        row["amount"] for row in instance.get("budget_line_adjustments", budget_line_id=1)
    ]


def test_only_a_pending_approval_can_be_acted_on() -> None:
    """Approve, hold and reject change a pending approval once."""
    instance = a_company()
    for n, holdable in ((1, False), (2, False), (3, True)):
        instance.coupa.put(
            "approvals",
            {
                "approvable-type": "RequisitionHeader",
                "approvable-id": n,
                "status": "pending_approval",
                "holdable": holdable,
            },
        )

    approved = instance.put("approvals/1/approve")
    rejected = instance.put("approvals/2/reject", reason="too dear")
    instance.put("approvals/1/reject", status=400)
    instance.put("approvals/2/hold", status=400)

    assert ("approved", "finsync-api") == (approved["status"], approved["approved-by"]["login"])
    assert ("rejected", "too dear") == (rejected["status"], rejected["note"])
    assert "on_hold" == instance.put("approvals/3/hold")["status"]
    assert [2] == instance.ids("approvals", approvable_type="RequisitionHeader", approvable_id=2)


def test_a_run_records_history_and_errors() -> None:
    """Runs move through their states, history shows on the order, open errors spoil a finish."""
    instance = with_orders()
    instance.post("integrations", {"code": "FINSYNC_PO", "name": "finsync", "direction": "from_coupa"})
    run = instance.post("integration_runs", {"integration": {"code": "FINSYNC_PO"}})
    instance.put("integration_runs/1/run", {"total-records": 1})
    record = {"document-type": "OrderHeader", "document-id": 1, "integration": {"code": "FINSYNC_PO"}}

    instance.post(
        "integration_history_records",
        {**record, "external-id": "o-1", "responses": [{"response-code": "Success-0"}]},
    )
    instance.post("integration_errors/create_alert", {**record, "integration-run-id": 1})
    spoiled = instance.put("integration_runs/1/finish")
    instance.put("integration_errors/1/resolve")
    finished = instance.put("integration_runs/1/finish")

    assert ["pending", "errored", "successful"] == [run["status"], spoiled["status"], finished["status"]]
    assert [1] == instance.ids("integration_history_records", external_id="o-1", resolved="false")
    order = instance.get("purchase_orders/1")
    assert ["o-1"] == [one["external-id"] for one in order["current-integration-history-records"]]


@pytest.mark.parametrize(
    ("before", "action"),
    [
        ((), "success"),
        ((), "finish"),
        ((), "pause"),
        (("run", "success"), "run"),
        (("run", "success"), "fail"),
        (("run", "fail"), "success"),
        (("run", "fail"), "finish"),
    ],
)
def test_a_run_ends_once_and_not_before_it_began(before: tuple[str, ...], action: str) -> None:
    """What is pending can't end well, and what has ended stays as it ended."""
    instance = with_orders()
    instance.post("integrations", {"code": "FINSYNC_PO", "name": "finsync", "direction": "from_coupa"})
    instance.post("integration_runs", {"integration": {"code": "FINSYNC_PO"}})
    for one in before:
        instance.put(f"integration_runs/1/{one}")
    was = instance.get("integration_runs/1")["status"]

    refused = instance.put(f"integration_runs/1/{action}", status=400)

    assert f"Integration run cannot {action} from status {was}" in str(refused)
    assert was == instance.get("integration_runs/1")["status"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"document-type": "Nonsense"}, "Document type must be one of"),
        ({"contact-alert-type": "Loud"}, "Contact alert type must be one of"),
    ],
)
def test_errors_and_history_are_about_what_coupa_knows(changes: dict[str, Any], sentence: str) -> None:
    """Types of documents and of alerts are lists."""
    instance = with_orders()
    record = {"document-type": "OrderHeader", "document-id": 1, **changes}

    refused = instance.call("POST", "/api/integration_history_records", json=record, is_judged=False)

    assert 400 == refused.status_code
    assert sentence in refused.text


def test_a_failed_document_alerts_and_is_resolved() -> None:
    """create_alert is a history record of status Error; resolve and unresolve turn its flag."""
    instance = with_orders()
    alert = instance.post(
        "integration_history_records/create_alert", {"document-type": "OrderHeader", "document-id": 1}
    )

    states = [
        instance.put(f"integration_history_records/{alert['id']}/{action}")["resolved"]
        for action in ("resolve", "unresolve")
    ]

    assert "Error" == alert["status"]
    assert [True, False] == states


def test_exchange_rates_are_unique_per_day_and_positive() -> None:
    """A second rate for the same pair and day is 400, as is one that is not a number above zero."""
    instance = a_company()
    instance.coupa.put("currencies", {"code": "EUR"})
    rate = {"from-currency": {"code": "USD"}, "to-currency": {"code": "EUR"}, "rate-date": "2026-03-01"}

    made = instance.post("exchange_rates", {**rate, "rate": "0.91"})

    assert ("0.910000000", "2026-02-28T16:00:00-08:00") == (made["rate"], made["rate-date"])
    instance.post("exchange_rates", {**rate, "rate": "0.92"}, status=400)
    instance.post("exchange_rates", {**rate, "rate": "-1", "rate-date": "2026-03-02"}, status=400)
    assert "0.930000000" == instance.put("exchange_rates/1", {"rate": "0.93"})["rate"]


# -- what people do inside ---------------------------------------------------------------------------------------


def test_put_keeps_bad_data_as_it_is() -> None:
    """Trouble can be planted: what could never be posted can still be there, and is served."""
    instance = a_company()
    order = an_order(supplier={"name": "Nobody we know"})
    order["order-lines"][0]["price"] = "12,50"
    order["order-lines"].append("not a line")

    instance.coupa.put("purchase_orders", order)

    served = instance.call("GET", "/api/purchase_orders/1", is_judged=False).json()
    assert ("12,50", "not a line") == (served["order-lines"][0]["price"], served["order-lines"][1])
    assert {"name": "Nobody we know"} == served["supplier"]


def test_put_replaces_and_keeps_the_first_stamps() -> None:
    """A second put of the same id keeps when and by whom it was created."""
    instance = a_company()
    first = instance.coupa.put("suppliers", {"name": "A"}, by="mjones")
    later(instance)

    second = instance.coupa.put("suppliers", {"id": first["id"], "name": "B"})

    assert first["created-at"] == second["created-at"] < second["updated-at"]
    assert first["created-by"] == second["created-by"] != second["updated-by"]


def test_a_buyers_change_is_a_new_version() -> None:
    """revise_order: version and internal revision rise, the flag falls, the buyer is named."""
    instance = with_orders()
    exported(instance)

    order = instance.coupa.revise_order(
        "PO-1", {"order-lines": [{"line-num": "1", "quantity": "60"}]}, by="mjones"
    )

    assert (2, 1, False) == state_of(order)
    assert ("750.00", "mjones", "2026-03-02T09:06:00-08:00") == (
        order["order-lines"][0]["total"],
        order["updated-by"]["login"],
        order["updated-at"],
    )


def test_a_touch_changes_the_time_only() -> None:
    """touch_order: the duplicate event."""
    instance = with_orders()
    before = instance.coupa.order("PO-1")
    later(instance)

    after = instance.coupa.touch_order("PO-1", by="mjones")

    assert {"updated-at"} == {name for name, value in after.items() if before[name] != value}


def test_a_status_change_is_not_a_version() -> None:
    """set_order_status: the supplier's version stays, the internal one rises, the flag falls."""
    instance = with_orders()
    exported(instance)

    order = instance.coupa.set_order_status("PO-1", "cancelled", by="mjones")

    assert ("cancelled", (1, 1, False)) == (order["status"], state_of(order))


def a_lagging_instance() -> tuple[Instance, dict[str, str]]:
    """An instance whose order was revised and then asked to be served stale, and how to poll it."""
    instance = with_orders(3)
    instance.coupa.revise_order("PO-2", {"order-lines": [{"line-num": "1", "price": "13"}]}, by="mjones")
    later(instance)
    instance.coupa.touch_order("PO-2", by="mjones")
    instance.coupa.serve_stale("PO-2")
    return instance, {
        "fields": '["id","version","updated_at"]',
        "updated_at[gt_or_eq]": "2026-03-02T17:05:00Z",
    }


def test_a_stale_version_comes_once_after_the_new_one() -> None:
    """Polling sees version 2, then version 1 with its old time, then version 2 again."""
    instance, poll = a_lagging_instance()

    reads = [instance.get("purchase_orders", **poll) for _ in range(3)]

    assert [[2], [1], [2]] == [[row["version"] for row in rows] for rows in reads]
    assert reads[1][0]["updated-at"] < reads[0][0]["updated-at"]


def test_a_stale_version_comes_even_when_the_poll_has_moved_on() -> None:
    """The replica replays the old row to a poll that no longer covers the new one."""
    instance, poll = a_lagging_instance()
    instance.get("purchase_orders", **poll)
    later(instance)

    rows = instance.get("purchase_orders", **(poll | {"updated_at[gt]": "2026-03-03T00:00:00Z"}))

    assert [(2, 1)] == [(row["id"], row["version"]) for row in rows]


def test_only_polls_see_stale_versions() -> None:
    """A read by id, or before the new version was seen, is right."""
    instance, poll = a_lagging_instance()

    assert [2] == [row["version"] for row in instance.get("purchase_orders", id=2, fields='["version"]')]
    assert 2 == instance.get("purchase_orders", **poll)[0]["version"]
    assert 2 == instance.get("purchase_orders/2")["version"]
    assert [2] == [row["version"] for row in instance.get("purchase_orders", id=2, fields='["version"]')]


def test_an_unchanged_order_has_nothing_stale() -> None:
    """Asking for an earlier version of an order that has none is a mistake of the planner."""
    with pytest.raises(ValueError, match="PO-1"):
        with_orders().coupa.serve_stale("PO-1")


def test_something_can_change_between_two_pages() -> None:
    """The hook runs before a request is served: a record moves while somebody pages."""
    instance = with_orders(3)

    def change(request: Request) -> None:
        if request.query_params.get("offset") == "2":
            instance.coupa.put("purchase_orders", instance.coupa.order("PO-1") | {"status": "closed"})

    instance.coupa.on_request = change

    pages = [instance.ids("purchase_orders", status="issued", offset=offset, limit=2) for offset in (0, 2)]

    assert [[1, 2], []] == pages


def test_a_restarted_instance_goes_on_where_it_was() -> None:
    """Documents, tokens, faults, what is stale and what comes next survive dump and load."""
    instance, poll = a_lagging_instance()
    instance.get("purchase_orders", **poll)
    state = json.loads(json.dumps(instance.coupa.dump()))
    again = Instance()
    again.clock.advance_to(instance.clock.now())

    again.coupa.load(state)

    again.headers = instance.headers
    for resource in RESOURCES:
        assert instance.coupa.documents(resource) == again.coupa.documents(resource)
    assert [1] == [row["version"] for row in again.get("purchase_orders", **poll)]
    assert 4 == again.coupa.put("purchase_orders", an_order("PO-4"))["id"]
    assert 4 == again.coupa.order("PO-4")["order-lines"][0]["id"]


def test_a_lost_answer_has_been_acted_on() -> None:
    """The write took effect although the connection dropped; the next read shows it."""
    fault = Fault("f1", "lost_answer", method="PUT", path="/api/purchase_orders/1$", body="300200")
    instance = with_orders(1, None, fault)

    with pytest.raises(httpx.ReadError):
        instance.put("purchase_orders/1", {"custom-fields": {"cf-erp-po-number": "300200"}})

    assert {"cf-erp-po-number": "300200"} == instance.get("purchase_orders/1")["custom-fields"]
    assert ["f1"] == [one.fault_id for one in instance.coupa.faults.applied]


def test_requests_are_logged_with_counts() -> None:
    """The log has method, path and the instance's time of each request."""
    instance = with_orders()
    instance.get("purchase_orders", id=1)
    instance.get("purchase_orders/1")

    last = list(instance.coupa.requests)[-1]

    assert ("GET", "/api/purchase_orders/1", START + timedelta(minutes=1)) == (
        last.method,
        last.path,
        last.at,
    )
    assert 2 == instance.coupa.requests.count("GET", "purchase_orders")


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=lambda one: str(one.path))
def test_everything_that_is_served_is_in_the_contract(resource: Resource) -> None:
    """Each verb and action of each resource has its operation in the OpenAPI document."""
    one = f"/api/{resource.path}/1"
    served = {
        "index": ("GET", f"/api/{resource.path}"),
        "show": ("GET", one),
        "create": ("POST", f"/api/{resource.path}"),
        "update": ("PUT", one),
    }
    calls = [served[verb] for verb in resource.verbs] + [("PUT", f"{one}/{a}") for a in resource.actions]

    unknown = [call for call in calls if not CHECKER.knows(*call)]

    assert [] == unknown


def test_every_reference_in_the_models_leads_somewhere() -> None:
    """Each association names a model that exists."""
    targets = {attribute.model for model in MODELS.values() for attribute in model.attributes.values()}

    assert targets - {""} <= MODELS.keys()
    assert {resource.model for resource in RESOURCES.values()} <= MODELS.keys()
