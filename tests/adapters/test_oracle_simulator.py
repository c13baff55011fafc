"""The simulated pod's REST framework: paging, filters, shapes, versions, errors and the door (sheet, sections 2 to 4)."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from adapters.oracle_fusion.simulator_rows import opaque_key
from adapters.oracle_fusion.simulator_settings import CombinationNames
from adapters.simulation import Fault
from tests.adapters.oracle_pod import ACTION, BATCH, CHART, UNIT, Pod, a_pod, complaint, etag, own


def names(rows: list[dict[str, Any]], attribute: str = "Supplier") -> list[str]:
    return [str(row[attribute]) for row in rows]


def with_suppliers(pod: Pod, *added: str) -> Pod:
    for name in added:
        pod.simulator.add_supplier(name, units=[UNIT])
    return pod


class TestPaging:
    def test_the_default_page_is_25_and_more_is_said(self) -> None:
        """Without a limit a page holds 25 rows, and hasMore says that there are more."""
        pod = with_suppliers(a_pod(), *(f"Supplier {n:02}" for n in range(30)))

        page = pod.get("suppliers").json()

        assert (25, 25, 0, True) == (page["count"], page["limit"], page["offset"], page["hasMore"])
        assert "totalResults" not in page

    def test_the_limit_is_clamped_and_reported(self) -> None:
        """A limit above the pod's own is lowered, and the answer says to what."""
        pod = with_suppliers(a_pod(page_size_max=4), *(f"Supplier {n}" for n in range(5)))

        page = pod.get("suppliers", limit=1000, totalResults="true").json()

        assert (4, 4, True, 6) == (page["limit"], page["count"], page["hasMore"], page["totalResults"])

    def test_pages_by_offset_hold_each_row_once(self) -> None:
        """Walking by offset in the order of a key finds every row once."""
        pod = with_suppliers(a_pod(), *(f"Supplier {n}" for n in range(9)))

        seen: list[str] = []
        for offset in range(0, 10, 4):
            seen += names(pod.items("suppliers", limit=4, offset=offset, orderBy="SupplierId:asc"))

        assert 10 == len(seen) == len(set(seen))

    def test_totals_may_fail_on_large_tables(self) -> None:
        """A pod can answer 500 to totalResults, and the page comes without them."""
        pod = a_pod(has_totals=False)

        assert 500 == pod.get("suppliers", totalResults="true").status_code
        assert 200 == pod.get("suppliers").status_code

    @pytest.mark.parametrize(
        "params", [{"limit": "0"}, {"limit": "x"}, {"offset": "-1"}, {"frobnicate": "1"}]
    )
    def test_parameters_that_make_no_sense_are_refused(self, params: dict[str, str]) -> None:
        """A wrong or unknown query parameter is a 400."""
        assert 400 == a_pod().get("suppliers", is_judged=False, **params).status_code


class TestFilters:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("Supplier = 'Anvil Co'", ["Anvil Co"]),
            ("Supplier='O''Neill & Sons'", ["O'Neill & Sons"]),
            ('Supplier = "Anvil Co"', ["Anvil Co"]),
            ("Supplier LIKE 'An*'", ["Anvil Co", "Antler GmbH"]),
            ("Supplier IN ('Anvil Co','Antler GmbH')", ["Anvil Co", "Antler GmbH"]),
            (
                "Supplier <> 'Anvil Co' and Supplier != 'Antler GmbH'",
                ["Harbor Office Supply Ltd", "O'Neill & Sons"],
            ),
            (
                "Supplier = 'Anvil Co' or (Supplier like 'O*' and SupplierId > 0)",
                ["Anvil Co", "O'Neill & Sons"],
            ),
            ("TaxpayerId IS NULL and not Supplier LIKE 'O*'", ["Anvil Co", "Antler GmbH"]),
            ("TaxpayerId IS NOT NULL", ["Harbor Office Supply Ltd"]),
            ("Supplier BETWEEN 'An' AND 'Av'", ["Anvil Co", "Antler GmbH"]),
            ("LastUpdateDate >= '2026-02-04T00:00:00+00:00'", ["Antler GmbH", "O'Neill & Sons"]),
            ("LastUpdateDate < '2026-02-04T10:00:00+01:00'", ["Harbor Office Supply Ltd", "Anvil Co"]),
        ],
    )
    def test_expressions_find_what_they_say(self, query: str, expected: list[str]) -> None:
        """From framework 2 on, q is an expression with and, or, not, lists, ranges, patterns and instants."""
        pod = with_suppliers(a_pod(), "Anvil Co")
        pod.clock.advance(timedelta(days=1))
        with_suppliers(pod, "Antler GmbH", "O'Neill & Sons")

        assert sorted(expected) == sorted(names(pod.items("suppliers", q=query)))

    def test_query_by_example_joins_with_semicolons(self) -> None:
        """In framework 1, the default, conditions are apart by semicolons, and quotes protect theirs."""
        pod = with_suppliers(a_pod(), "Anvil; and Co", "Anvil Co")
        pod.framework = None

        found = pod.items("suppliers", q="Supplier LIKE 'Anvil*';Supplier = 'Anvil; and Co'")

        assert ["Anvil; and Co"] == names(found)

    @pytest.mark.parametrize(
        ("framework", "query"),
        [("1", "SupplierId > 0 and SupplierId > 1"), ("4", "SupplierId > 0;SupplierId > 1")],
    )
    def test_each_framework_has_its_own_grammar(self, framework: str, query: str) -> None:
        """An expression is no query by example, and the other way round."""
        pod = a_pod()
        pod.framework = framework

        assert 400 == pod.get("suppliers", q=query).status_code

    @pytest.mark.parametrize(
        "query",
        [
            "Status = 'ACTIVE'",
            "Colour = 'red'",
            "Supplier = ",
            "Supplier = Anvil",
            "= 'x'",
            "SupplierId = 'x'",
            "Supplier LIKE",
            "(" * 60,
        ],
    )
    def test_what_cannot_be_asked_is_refused(self, query: str) -> None:
        """Unknown and non-queryable attributes and broken grammar are a 400, not an empty page."""
        assert 400 == a_pod().get("suppliers", q=query).status_code

    def test_rows_come_in_the_order_asked_for(self) -> None:
        """orderBy sorts by several attributes, nulls last."""
        pod = with_suppliers(a_pod(), "Bravo", "Alpha")

        found = names(pod.items("suppliers", orderBy="TaxpayerId:asc,Supplier:desc"))

        assert ["Harbor Office Supply Ltd", "Bravo", "Alpha"] == found
        assert 400 == pod.get("suppliers", orderBy="Status").status_code

    def test_a_finder_finds_by_key(self) -> None:
        """The PrimaryKey finder returns one row; an unknown finder is a 400."""
        pod = a_pod()

        assert ["Harbor Office Supply Ltd"] == names(
            pod.items("suppliers", finder=f"PrimaryKey;SupplierId={pod.supplier_id}")
        )
        assert 400 == pod.get("suppliers", finder="ByMood;Mood=good").status_code

    def test_a_delta_by_index_equals_a_delta_by_scan(self) -> None:
        """Finding by an indexed instant and by a condition that defeats the index gives the same rows."""
        pod = a_pod()
        for number in range(8):
            with_suppliers(pod, f"Supplier {number}")
            pod.clock.advance(timedelta(hours=1))
        since = "LastUpdateDate >= '2026-02-03T12:00:00+00:00'"

        fast, slow = (names(pod.items("suppliers", q=q)) for q in (since, f"({since}) or ({since})"))

        assert 5 == len(fast)
        assert sorted(slow) == sorted(fast)


class TestShapes:
    def test_children_come_only_when_asked_for(self) -> None:
        """Without expand a row has links to its children, not the children."""
        (supplier,) = a_pod().items("suppliers")

        assert "sites" not in supplier
        assert {"sites", "addresses", "contacts"} == {
            one["name"] for one in supplier["links"] if one["rel"] == "child"
        }

    def test_nested_children_are_expanded(self) -> None:
        """An expanded path brings every level on it."""
        pod = a_pod()

        (supplier,) = pod.items("suppliers", expand="sites.assignments")

        assert UNIT == supplier["sites"]["items"][0]["assignments"]["items"][0]["ClientBUId"]
        assert 400 == pod.get("suppliers", expand="plants").status_code

    def test_expand_all_brings_the_direct_children(self) -> None:
        """`all` stands for each child, not for what is below them."""
        (supplier,) = a_pod().items("suppliers", expand="all")

        assert supplier["sites"]["items"]
        assert [] == supplier["addresses"]["items"]
        assert "assignments" not in supplier["sites"]["items"][0]

    def test_fields_win_over_expand(self) -> None:
        """With both, only fields count."""
        pod = a_pod()

        (supplier,) = pod.items("suppliers", fields="SupplierId,Supplier", expand="sites", onlyData="true")

        assert {"SupplierId", "Supplier"} == set(supplier)

    def test_fields_reach_into_children(self) -> None:
        """`child:Attr` names attributes of a child."""
        pod = a_pod()

        (supplier,) = pod.items("suppliers", fields="Supplier;sites:SupplierSite", onlyData="true")

        assert {"Supplier", "sites"} == set(supplier)
        assert [{"SupplierSite": "MAIN"}] == supplier["sites"]["items"]
        assert 400 == pod.get("suppliers", fields="Suplier").status_code

    def test_links_can_be_left_out_or_chosen(self) -> None:
        """onlyData drops all links, `links` keeps the relations named."""
        pod = a_pod()

        bare = pod.get("suppliers", onlyData="true").json()
        (chosen,) = pod.items("suppliers", links="self")

        assert "links" not in bare
        assert "links" not in bare["items"][0]
        assert ["self"] == [one["rel"] for one in chosen["links"]]

    def test_links_write_the_port(self) -> None:
        """Hrefs carry the default port explicitly, and lead back to the row."""
        pod = a_pod()
        (supplier,) = pod.items("suppliers")

        assert own(supplier).startswith("https://pod.test:443/fscmRestApi/resources/11.13.18.05/suppliers/")
        assert pod.supplier_id == pod.get(own(supplier)).json()["SupplierId"]

    def test_links_can_show_a_configured_origin(self) -> None:
        """A pod behind a proxy shows its own origin."""
        pod = a_pod(origin="https://other.example:443")

        assert own(pod.items("suppliers")[0]).startswith("https://other.example:443/")

    def test_composite_keys_are_opaque(self) -> None:
        """Orders and value sets live under a hash, not under their id."""
        pod = a_pod()
        order = pod.create()

        assert opaque_key(order["POHeaderId"], 1) in own(order)
        assert 404 == pod.get(f"draftPurchaseOrders/{order['POHeaderId']}").status_code
        assert all("/valueSets/0002" in own(one) for one in pod.items("valueSets"))

    def test_instants_leave_out_milliseconds_that_are_none(self) -> None:
        """Both texts of an instant occur, with and without milliseconds."""
        pod = a_pod()
        (whole,) = names(pod.items("suppliers"), "LastUpdateDate")
        pod.clock.advance(timedelta(milliseconds=385))
        pod.simulator.set_supplier_active(pod.supplier_id, is_active=False)
        (broken,) = names(pod.items("suppliers"), "LastUpdateDate")

        assert ("2026-02-03T09:00:00+00:00", "2026-02-03T09:00:00.385+00:00") == (whole, broken)

    def test_expanded_children_can_be_cut_short(self) -> None:
        """A pod may show part of a child collection only, and says so."""
        pod = a_pod(expanded_rows_max=1)

        (cost_centres,) = pod.items("valueSets", q="ValueSetCode = 'UK Cost Center'", expand="values")

        assert (1, True) == (cost_centres["values"]["count"], cost_centres["values"]["hasMore"])


class TestFrameworkVersions:
    def test_framework_1_is_the_default_and_shows_bare_children(self) -> None:
        """Without the header children are arrays and errors are text."""
        pod = a_pod()
        pod.framework = None

        (supplier,) = pod.items("suppliers", expand="sites")
        refusal = pod.get("suppliers", q="Colour = 'red'")

        assert isinstance(supplier["sites"], list)
        assert refusal.text.startswith("JBO-25058: Attribute Colour")
        assert refusal.headers["content-type"].startswith("text/plain")

    def test_framework_4_has_structured_errors(self) -> None:
        """From 4 on an error is JSON with details; the ADF type is used when it is accepted."""
        pod = a_pod()
        accept = "application/json, application/vnd.oracle.adf.error+json"

        plain = pod.get("suppliers", q="Colour = 'red'")
        typed = pod.call("GET", "suppliers", params={"q": "Colour = 'red'"}, headers={"Accept": accept})

        assert ("Bad Request", "400") == (plain.json()["title"], plain.json()["status"])
        assert "application/json" == plain.headers["content-type"]
        assert "application/vnd.oracle.adf.error+json" == typed.headers["content-type"]

    def test_framework_6_moves_links_into_the_context(self) -> None:
        """From 6 on key, ETag and links are in @context."""
        pod = a_pod()
        pod.framework = "6"

        (supplier,) = pod.items("suppliers")

        assert "links" not in supplier
        assert str(pod.supplier_id) == supplier["@context"]["key"]

    def test_framework_9_writes_ids_as_text(self) -> None:
        """In 9 ids are text, and text is understood in filters."""
        pod = a_pod()
        pod.framework = "9"

        (supplier,) = pod.items("suppliers", q=f"SupplierId = '{pod.supplier_id}'")

        assert str(pod.supplier_id) == supplier["SupplierId"]

    @pytest.mark.parametrize("version", ["0", "10", "x", ""])
    def test_other_versions_are_refused(self, version: str) -> None:
        """There are versions 1 to 9."""
        pod = a_pod()
        pod.framework = version

        assert 400 == pod.get("suppliers", is_judged=False).status_code

    def test_the_context_root_names_the_versions(self) -> None:
        """The root of the REST version says which framework versions there are."""
        found = a_pod().get("").json()["items"][0]["adf:extension"]

        assert ("1", "9") == (found["defaultFrameworkVersion"], found["allowedFrameworkVersions"][-1])


class TestDescribe:
    def test_a_resource_describes_its_attributes_and_children(self) -> None:
        """Describe says what may be queried, created and changed."""
        found = a_pod().get("suppliers/describe").json()["Resources"]["suppliers"]
        by_name = {one["name"]: one for one in found["attributes"]}

        assert not by_name["Status"]["queryable"]
        assert by_name["Supplier"]["mandatory"]
        assert "sites" in found["children"]

    def test_the_minimal_catalogue_has_names_only(self) -> None:
        """The whole catalogue is small in its minimal form."""
        found = a_pod().get("describe", metadataMode="minimal").json()["Resources"]

        assert {"suppliers", "draftPurchaseOrders", "ledgersLOV"} <= set(found)
        assert all("attributes" not in one for one in found.values())

    def test_combination_attributes_are_the_instances_own(self) -> None:
        """Names of account combination attributes are configuration, and describe shows them."""
        pod = a_pod(
            combination_names=CombinationNames(combination="ConcatSegments"), segment_attributes=("CO", "CC")
        )
        pod.simulator.add_combination(CHART, "01-420-7110-0000-000")

        (found,) = pod.items("accountCombinationsLOV", q="ConcatSegments = '01-420-7110-0000-000'")

        assert ("01", "420") == (found["CO"], found["CC"])


class TestConcurrency:
    def test_the_etag_is_the_change_indicator(self) -> None:
        """Header and self link carry the same text, and it changes with the row."""
        pod = a_pod()
        (before,) = pod.items("suppliers")

        answer = pod.patch(own(before), {"Alias": "Harbour"})

        assert answer.headers["etag"].strip('"') == etag(answer.json()) != etag(before)

    def test_an_unchanged_row_is_not_sent_again(self) -> None:
        """If-None-Match with the present ETag gives 304 and no body."""
        pod = a_pod()
        (supplier,) = pod.items("suppliers")
        headers = {"If-None-Match": f'"{etag(supplier)}"'}

        same = pod.call("GET", own(supplier), headers=headers)
        pod.patch(own(supplier), {"Alias": "Harbour"})
        changed = pod.call("GET", own(supplier), headers=headers)

        assert (304, b"", 200) == (same.status_code, same.content, changed.status_code)

    def test_a_stale_change_is_refused(self) -> None:
        """If-Match with an old ETag is a 412 and changes nothing."""
        pod = a_pod()
        (supplier,) = pod.items("suppliers")
        headers = {"If-Match": f'"{etag(supplier)}"'}

        first_one = pod.patch(own(supplier), {"Alias": "One"}, headers=headers)
        second = pod.patch(own(supplier), {"Alias": "Two"}, headers=headers)

        assert (200, 412) == (first_one.status_code, second.status_code)
        assert "One" == pod.get(own(supplier)).json()["Alias"]


class TestTheDoor:
    def test_wrong_credentials_are_refused(self) -> None:
        """A wrong password, or none, is a 401."""
        pod = a_pod()
        pod.auth = ("finsync", "wrong")
        wrong = pod.get("suppliers").status_code
        pod.auth = None

        assert (401, 401) == (wrong, pod.get("suppliers").status_code)

    @pytest.mark.parametrize(
        "form",
        [
            {"grant_type": "client_credentials", "scope": "fusion"},
            {"grant_type": "password", "scope": "fusion", "username": "finsync", "password": "s3cret"},
        ],
    )
    def test_a_token_opens_the_door_until_it_ends(self, form: dict[str, str]) -> None:
        """The token endpoint gives a bearer token that is good for an hour, and in a restarted pod too."""
        pod = a_pod()
        token = self._token(pod, form).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        pod.auth = None

        fresh = pod.call("GET", "suppliers", headers=headers).status_code
        pod.simulator = pod.another()
        restarted = pod.call("GET", "suppliers", headers=headers).status_code
        pod.clock.advance(timedelta(hours=1))
        late = pod.call("GET", "suppliers", headers=headers).status_code

        assert (200, 200, 401) == (fresh, restarted, late)

    def test_a_forged_token_is_refused(self) -> None:
        """A token whose end was moved does not pass, nor does one that is none."""
        pod = a_pod()
        token = self._token(pod, {"grant_type": "client_credentials"}).json()["access_token"]
        head, claims, signature = token.split(".")
        pod.auth = None

        for forged in (f"{head}.{claims}x.{signature}", "abc", ".."):
            headers = {"Authorization": f"Bearer {forged}"}
            assert 401 == pod.call("GET", "suppliers", headers=headers).status_code

    def test_the_token_endpoint_says_why_not(self) -> None:
        """Wrong client, user, scope and grant are told apart."""
        pod = a_pod(scopes=("fusion",))
        ask = {"grant_type": "client_credentials", "scope": "fusion"}

        answers = [
            self._token(pod, ask, client=("client", "wrong")),
            self._token(pod, {**ask, "grant_type": "password", "username": "finsync", "password": "no"}),
            self._token(pod, {**ask, "scope": "moon"}),
            self._token(pod, {**ask, "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}),
        ]

        assert [401, 401, 400, 400] == [one.status_code for one in answers]
        assert ["invalid_client", "invalid_grant", "invalid_scope", "unsupported_grant_type"] == [
            one.json()["error"] for one in answers
        ]

    def test_a_missing_privilege_is_a_403(self) -> None:
        """A resource the user may not use is forbidden, with a reason."""
        answer = a_pod(denied_resources=frozenset({"projects"})).get("projects")

        assert 403 == answer.status_code
        assert "privilege" in answer.json()["o:errorDetails"][0]["detail"]

    def _token(
        self, pod: Pod, form: dict[str, str], client: tuple[str, str] = ("client", "client-s3cret")
    ) -> Any:
        pod.auth = client
        return pod.call("POST", "/oauth2/v1/token", data=form)


class TestErrors:
    def test_unknown_addresses_are_plain_404s(self) -> None:
        """An unknown resource, key, child or action is a 404 in plain text."""
        pod = a_pod()
        (supplier,) = pod.items("suppliers")

        for path in (
            "nothings",
            "suppliers/1",
            f"{own(supplier)}/child/plants",
            f"{own(supplier)}/child/sites/1",
        ):
            answer = pod.get(path, is_judged=False)
            assert (404, "text/plain; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
        assert 404 == pod.act(own(pod.create()), "explode", is_judged=False).status_code

    def test_verbs_that_do_not_fit_are_405s(self) -> None:
        """A list of values cannot be written, PUT is not offered, a supplier is never deleted."""
        pod = a_pod()
        (supplier,) = pod.items("suppliers")

        for method, path in (("POST", "ledgersLOV"), ("PUT", "suppliers"), ("DELETE", own(supplier))):
            answer = pod.call(method, path, is_judged=False)
            assert 405 == answer.status_code
            assert "GET" in answer.headers["allow"]

    def test_media_types_are_negotiated(self) -> None:
        """An Accept that nothing fits is a 406, a Content-Type that does not fit is a 415."""
        pod = a_pod()
        href = own(pod.create())

        xml = pod.call("GET", "suppliers", headers={"Accept": "application/xml"})
        text = pod.call(
            "POST", "suppliers", content=b"{}", headers={"content-type": "text/csv"}, is_judged=False
        )
        action = pod.post(f"{href}/action/submit", {}, is_judged=False)

        assert (406, 415, 415) == (xml.status_code, text.status_code, action.status_code)

    @pytest.mark.parametrize("body", [b"{", b"[]", b"\xff\xfe{}", b"", b'{"Supplier": NaN}'])
    def test_broken_bodies_are_400s(self, body: bytes) -> None:
        """What is not a JSON object is refused in words."""
        headers = {"content-type": "application/json"}

        answer = a_pod().call("POST", "suppliers", content=body, headers=headers, is_judged=False)

        assert 400 == answer.status_code

    def test_a_busy_pod_says_when_to_come_back(self) -> None:
        """Above its rate the pod answers 429 with Retry-After."""
        pod = a_pod(requests_per_second=0.001, burst_count=1)

        answers = [pod.get("suppliers"), pod.get("suppliers")]

        assert [200, 429] == [one.status_code for one in answers]
        assert 1 <= int(answers[1].headers["retry-after"])

    def test_faults_strike_the_pod(self) -> None:
        """A maintenance window answers 503 with the word, and ends by itself."""
        pod = a_pod()
        pod.faults.add(Fault("window", "maintenance", ends_at=pod.clock.now() + timedelta(hours=4)))

        away = pod.get("suppliers")
        pod.clock.advance(timedelta(hours=4))

        assert 503 == away.status_code
        assert "maintenance" in away.text.lower()
        assert 200 == pod.get("suppliers").status_code


class TestBatch:
    def test_all_parts_are_done(self) -> None:
        """Parts run one after the other, and each answers."""
        pod = a_pod()
        parts = [
            {"id": "p1", "path": "/suppliers", "operation": "create", "payload": {"Supplier": "Anvil Co"}},
            {
                "id": "p2",
                "path": f"/suppliers/{pod.supplier_id}",
                "operation": "update",
                "payload": {"Alias": "H"},
            },
        ]

        answer = self._send(pod, parts)

        assert ["p1", "p2"] == [one["id"] for one in answer.json()["parts"]]
        assert {"Harbor Office Supply Ltd", "Anvil Co"} == set(names(pod.items("suppliers")))

    def test_one_failing_part_undoes_all(self) -> None:
        """A part that is refused rolls back the ones before it, and it alone is reported."""
        pod = a_pod()
        body = {"Supplier": "Anvil Co"}
        parts = [
            {"id": f"p{n}", "path": "/suppliers", "operation": "create", "payload": body} for n in (1, 2)
        ]

        code, text = complaint(self._send(pod, parts))

        assert "POZ-2130001" == code
        assert "Anvil Co" in text
        assert ["Harbor Office Supply Ltd"] == names(pod.items("suppliers"))

    def test_orders_are_not_enabled_for_batch(self) -> None:
        """Only the supplier model is documented for batches."""
        pod = a_pod()
        parts = [
            {"id": "p1", "path": "/draftPurchaseOrders", "operation": "create", "payload": pod.an_order()}
        ]

        assert 400 == self._send(pod, parts).status_code

    def _send(self, pod: Pod, parts: list[dict[str, Any]]) -> Any:
        return pod.post("", {"parts": parts}, headers={"content-type": BATCH})


class TestState:
    def test_a_restarted_pod_goes_on_where_it_was(self) -> None:
        """State survives as JSON: rows, orders, approvals under way, budgets, counters, ETags."""
        pod = a_pod()
        before = pod.issue()
        pod.submit(own(pod.create(NoteToReceiver="coupa:2")))
        state = json.loads(json.dumps(pod.simulator.dump()))

        pod.simulator = pod.another()
        pod.simulator.load(state)
        again = pod.get(own(before), expand="lines.schedules.distributions").json()
        pod.clock.advance(timedelta(days=3))

        assert before == again
        assert ["OPEN", "OPEN"] == [one["status"] for one in pod.simulator.orders()]
        assert pod.create()["OrderNumber"] == str(int(before["OrderNumber"]) + 2)

    def test_a_state_of_another_version_is_refused(self) -> None:
        """A dump that this simulator does not understand is not half-loaded."""
        pod = a_pod()
        state = pod.simulator.dump()
        state["world"]["version"] = 99

        with pytest.raises(ValueError, match="version 99"):
            pod.another().load(state)

    def test_two_instances_are_apart(self) -> None:
        """What is put into one instance is not in the other."""
        emea, amer = a_pod(), a_pod()
        emea.create()

        assert (1, 0) == (len(emea.simulator.orders()), len(amer.simulator.orders()))

    def test_requests_are_logged(self) -> None:
        """The log counts what was asked, refused or not."""
        pod = a_pod()
        pod.get("suppliers")
        pod.call("POST", "ledgersLOV", headers={"content-type": ACTION}, is_judged=False)

        assert 2 == pod.simulator.requests.total_count
        assert 1 == pod.simulator.requests.count("GET", "suppliers$")

    def test_a_row_the_scene_misspells_is_noticed(self) -> None:
        """Putting an attribute that does not exist is the scene's bug and raises."""
        with pytest.raises(ValueError, match="Colour"):
            a_pod().simulator.put("projects", {"ProjectNumber": "P1", "Colour": "red"})

    def test_dates_may_be_put_as_dates(self) -> None:
        """The scene may use Python's dates; the wire shows ISO text."""
        pod = a_pod()
        pod.simulator.put("projects", {"ProjectNumber": "P1", "ProjectStartDate": date(2026, 1, 1)})

        assert "2026-01-01" == pod.items("projects")[0]["ProjectStartDate"]
