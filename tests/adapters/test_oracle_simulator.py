"""The simulated pod's REST framework: paging, filters, shapes, versions, describe (sheet, section 2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from adapters.oracle_fusion.simulator_rows import opaque_key
from adapters.oracle_fusion.simulator_settings import CombinationNames
from tests.adapters.oracle_pod import CHART, UNIT, Pod, a_pod, etag, own


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
