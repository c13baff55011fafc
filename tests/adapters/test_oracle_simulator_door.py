"""Who gets into the simulated pod, what it refuses, and what survives a restart (sheet, sections 3 and 4)."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from adapters.simulation import Fault
from tests.adapters.oracle_pod import ACTION, BATCH, Pod, a_pod, complaint, own


def names(rows: list[dict[str, Any]], attribute: str = "Supplier") -> list[str]:
    return [str(row[attribute]) for row in rows]


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
