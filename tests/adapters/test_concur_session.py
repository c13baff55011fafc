"""Signing in at Concur: the first session, its renewal, where it moves to, and that nothing of it gets lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from adapters import concur
from adapters.base import Adapter, Connection
from adapters.concur.auth import trusted_base
from adapters.errors import (
    AdapterError,
    CredentialsError,
    ProtocolError,
    SettingsError,
    TransientError,
)
from store.clock import VirtualClock
from tests.adapters.held_secrets import HeldSecrets
from tests.adapters.setup_concur import BASE, ConcurWorld, setup_concur
from tests.adapters.setups import fault
from tests.adapters.test_promises import assert_speaks, pages, run

US = "https://us2.api.concursolutions.com"
EU = "https://eu2.api.concursolutions.com"
SUFFIX = ".api.concursolutions.com"
SECRETS = {
    "client_id": "app",
    "client_secret": "s3cr3t-value",
    "company_uuid": "c0",
    "request_token": "req-1",
}

Handler = Callable[[httpx.Request], httpx.Response]


class Company:
    """A token endpoint and an empty queue on several hosts, written down as they are asked."""

    def __init__(self, **token: Any) -> None:
        self.clock = VirtualClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
        self.held = HeldSecrets("concur", dict(SECRETS))
        self.asked: list[tuple[str, str]] = []
        """Host and grant of a token request, host and path of any other."""
        self.tokens: list[dict[str, Any] | httpx.Response] = []
        self.usual = {"access_token": "acc-1", "expires_in": "3600", "refresh_token": "ref-1", **token}
        self.on_queue: Handler = lambda _: httpx.Response(200, json={"content": [], "page": {}})
        self.bearers: list[str] = []

    def adapter(self, **options: Any) -> Adapter:
        connection = Connection(adapter="concur", base_url=US, requests_per_second=1e6, options=options)
        transport = httpx.MockTransport(self._serve)
        return concur.connect("concur", connection, self.held, self.clock, transport=transport)

    def _serve(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != "/oauth2/v0/token":
            self.asked.append((request.url.host, request.url.path.rpartition("/")[2]))
            self.bearers.append(request.headers["authorization"])
            return self.on_queue(request)
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        self.asked.append((request.url.host, form["grant_type"]))
        self.form = form
        found = self.tokens.pop(0) if self.tokens else {}
        return (
            found if isinstance(found, httpx.Response) else httpx.Response(200, json={**self.usual, **found})
        )

    def session(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.held.values["session"])
        return found


def read(adapter: Adapter) -> int:
    async def walk() -> int:
        count = 0
        async for page in adapter.read("expense_document"):
            count += len(page.rows)
        await adapter.aclose()
        return count

    return asyncio.run(walk())


def refusal(code: int, status: int = 400, **more: Any) -> httpx.Response:
    body = {"code": code, "error": "invalid_grant", "error_description": "No.", **more}
    return httpx.Response(status, json=body)


def test_the_first_session_comes_from_the_request_token() -> None:
    """The company grant, once; what came back is kept whole before the first call is made."""
    company = Company(geolocation=EU)
    company.on_queue = lambda _: httpx.Response(
        200, json={"content": [], "page": {}}, headers={"kept": company.held.values["session"]}
    )

    read(company.adapter())

    assert [("us2.api.concursolutions.com", "password"), ("eu2.api.concursolutions.com", "transactions")] == (
        company.asked
    )
    assert ("authtoken", "c0", "req-1") == tuple(
        company.form[n] for n in ("credtype", "username", "password")
    )
    assert ("ref-1", EU) == (company.session()["refresh_token"], company.session()["geolocation"])
    assert "req-1" not in company.held.values["session"]


def test_a_later_process_goes_on_with_what_was_kept() -> None:
    """At the address of last time, with the refresh token; the request token is not needed any more."""
    company = Company(geolocation=EU)
    read(company.adapter())
    del company.held.values["request_token"]
    company.tokens = [{"refresh_token": "ref-2", "access_token": "acc-2"}]

    read(company.adapter())

    assert ("eu2.api.concursolutions.com", "refresh_token") == company.asked[2]
    assert "ref-1" == company.form["refresh_token"]
    assert "ref-2" == company.session()["refresh_token"]


def test_a_renewal_moves_and_keeps_both_in_one_write() -> None:
    """Token and address never stand in the keyring apart from each other."""
    company = Company(geolocation=US)
    read(company.adapter())
    company.held.puts.clear()
    company.tokens = [{"refresh_token": "ref-2", "geolocation": f"{EU}/oauth2/v0/token"}]

    read(company.adapter())

    kept = [json.loads(text) for _, text in company.held.puts]
    assert [("ref-1", US), ("ref-2", EU)] == [(one["refresh_token"], one["geolocation"]) for one in kept]
    assert ("eu2.api.concursolutions.com", "transactions") == company.asked[-1]


def test_a_secret_that_is_not_set_is_said_before_anything_is_kept() -> None:
    """Whoever has set nothing yet is told what to set, not where a session could be kept."""
    company = Company()
    del company.held.values["client_id"]
    company.held.is_writable = False

    health = run(company.adapter().check_health())

    assert "client_id" in health.message
    assert [] == company.asked


def test_a_session_that_can_not_be_kept_is_not_asked_for() -> None:
    """A rotated token without a place would be lost: nothing is sent before it is known where it goes."""
    company = Company()
    company.held.is_writable = False

    with pytest.raises(CredentialsError, match="can't be kept"):
        read(company.adapter())

    assert [] == company.asked


def test_what_could_not_be_kept_after_all_is_kept_before_the_next_call() -> None:
    """The keyring breaks just when the token has come: the adapter holds it and sends nothing until it is kept."""
    company = Company()
    adapter = company.adapter()
    put, count = company.held.put, 0

    def breaks_once(name: str, value: str) -> None:
        nonlocal count
        count += 1
        if count == 2:
            raise CredentialsError("concur", "the keyring is locked")
        put(name, value)

    company.held.put = breaks_once  # type: ignore[method-assign]
    with pytest.raises(CredentialsError, match="locked"):
        read(adapter)
    asked_before = list(company.asked)
    read(adapter)

    assert [("us2.api.concursolutions.com", "password")] == asked_before
    assert "ref-1" == company.session()["refresh_token"]


def test_a_token_is_renewed_before_it_ends() -> None:
    """After five sixths of its hour, by the clock; text and number are both a lifetime."""
    company = Company()
    adapter = company.adapter()
    read(adapter)
    company.clock.advance(timedelta(minutes=49))
    read(adapter)
    company.clock.advance(timedelta(minutes=2))
    company.tokens = [{"access_token": "acc-2", "expires_in": 3600}]

    read(adapter)

    assert ["Bearer acc-1", "Bearer acc-1", "Bearer acc-2"] == company.bearers


@pytest.mark.parametrize("text", ["oops", "in maintenance"])
def test_a_door_that_is_away_does_no_harm_while_the_token_is_good(text: str) -> None:
    """It is asked early; until the token ends, work goes on with the one there is."""
    company = Company()
    adapter = company.adapter()
    read(adapter)
    company.clock.advance(timedelta(minutes=55))
    company.tokens = [httpx.Response(503, text=text)]

    read(adapter)

    assert ["Bearer acc-1", "Bearer acc-1"] == company.bearers


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_renewed_once(status: int) -> None:
    """The old services say 403 to an expired token; a second refusal is one."""
    company = Company()
    company.tokens = [{}, {"access_token": "acc-2"}]
    company.on_queue = lambda request: httpx.Response(
        200 if request.headers["authorization"] == "Bearer acc-2" else status,
        json={"content": [], "page": {}},
    )
    adapter = company.adapter()

    read(adapter)
    company.on_queue = lambda _: httpx.Response(status, json={"message": "No"})
    with pytest.raises(CredentialsError):
        read(adapter)

    assert ["acc-1", "acc-2", "acc-2", "acc-1"] == [one.removeprefix("Bearer ") for one in company.bearers]


def test_a_token_that_moves_us_in_the_middle_is_followed() -> None:
    """The call that was refused is sent again to the new address."""
    company = Company(geolocation=US)
    company.tokens = [{}, {"access_token": "acc-2", "geolocation": EU}]
    company.on_queue = lambda request: httpx.Response(
        200 if request.url.host.startswith("eu2") else 401, json={"content": [], "page": {}}
    )

    read(company.adapter())

    hosts = [host for host, what in company.asked if what == "transactions"]
    assert ["us2.api.concursolutions.com", "eu2.api.concursolutions.com"] == hosts


def test_a_principal_that_lives_elsewhere_is_asked_there_once() -> None:
    """Code 16 names the place; a second one ends it."""
    company = Company(geolocation=EU)
    company.tokens = [refusal(16, geolocation=EU)]
    read(company.adapter())

    other = Company()
    other.tokens = [refusal(16, geolocation=EU), refusal(16, geolocation=US)]
    with pytest.raises(CredentialsError, match="code 16"):
        read(other.adapter())

    assert ["us2.api.concursolutions.com", "eu2.api.concursolutions.com"] == [h for h, _ in company.asked[:2]]
    assert 2 == len(other.asked)


@pytest.mark.parametrize(
    "geolocation",
    [
        "https://evil.example.com",
        "https://us2.api.concursolutions.com.evil.example",
        "https://evil.example/.api.concursolutions.com",
        "http://us2.api.concursolutions.com",
        "https://user:pw@eu2.api.concursolutions.com",
        "https://eu2.api.concursolutions.com:8443",
        "https://evilapi.concursolutions.com",
        "http://127.0.0.1:8803",
        "javascript:alert(1)",
    ],
)
def test_only_data_centres_of_the_vendor_are_followed(geolocation: str) -> None:
    """The address is where the next secrets go. The token is kept with the old one, nothing is sent."""
    company = Company(geolocation=geolocation)

    with pytest.raises(ProtocolError, match="domain_suffix"):
        read(company.adapter())

    assert ("ref-1", US) == (company.session()["refresh_token"], company.session()["geolocation"])
    assert [("us2.api.concursolutions.com", "password")] == company.asked


def test_a_simulator_may_move_us_on_this_machine() -> None:
    """Loopback follows to loopback, and to nowhere else."""
    assert "http://127.0.0.1:9001" == trusted_base("http://127.0.0.1:9001/x", BASE, SUFFIX)
    assert "http://localhost:9001" == trusted_base("http://localhost:9001", BASE, SUFFIX)
    assert trusted_base("http://10.0.0.7", BASE, SUFFIX) is None
    assert trusted_base("https://evil.example.com", BASE, SUFFIX) is None


@pytest.mark.parametrize(
    ("code", "expected", "words"),
    [
        (5, CredentialsError, "24 hours"),
        (64, CredentialsError, "client secret"),
        (14, CredentialsError, "disabled"),
        (61, CredentialsError, "App Center"),
        (54, SettingsError, "scopes"),
        (60, SettingsError, "grant"),
        (106, ProtocolError, "parameter"),
        (4711, CredentialsError, "4711"),
    ],
)
def test_each_refusal_of_a_token_says_what_to_do(code: int, expected: type[AdapterError], words: str) -> None:
    """By its code, whatever its status; no secret is in the words."""
    company = Company()
    company.tokens = [refusal(code, 401)]

    with pytest.raises(expected, match=words) as caught:
        read(company.adapter())

    assert all(secret not in str(caught.value) for secret in ("s3cr3t-value", "req-1"))


@pytest.mark.parametrize("status", [500, 503])
def test_a_token_endpoint_that_is_away_is_tried_later(status: int) -> None:
    """Without a code it is trouble that passes; after a 503 in five minutes, as the vendor asks."""
    company = Company()
    company.tokens = [httpx.Response(status, text="oops")]

    with pytest.raises(TransientError) as caught:
        read(company.adapter())

    assert (timedelta(minutes=5) if status == 503 else None) == caught.value.retry_after


def test_a_worn_session_begins_anew_with_a_new_request_token_only() -> None:
    """The request token that made the session is not tried again; a new one is, by itself."""
    company = Company()
    read(company.adapter())
    company.tokens = [refusal(108)]
    with pytest.raises(CredentialsError, match="worn out"):
        read(company.adapter())
    asked = len(company.asked)

    company.held.values["request_token"] = "req-2"
    company.tokens = [refusal(108), {"refresh_token": "ref-9"}]
    read(company.adapter())

    assert 3 == asked  # first session, its call, and the one refresh that was refused
    assert "ref-9" == company.session()["refresh_token"]


def test_another_process_that_was_faster_is_no_trouble() -> None:
    """A refresh token that somebody else of ours used meanwhile is read again before anything is given up."""
    company = Company()
    read(company.adapter())

    company.tokens = [refusal(108), {"refresh_token": "ref-8"}]
    put = company.held.put

    def put_and_lose(name: str, value: str) -> None:
        put(name, value)
        if json.loads(value)["refresh_token"] == "ref-1":
            put(name, json.dumps({"refresh_token": "ref-7", "geolocation": US}))

    company.held.put = put_and_lose  # type: ignore[method-assign]
    read(company.adapter())

    assert "ref-7" == company.form["refresh_token"]
    assert "ref-8" == company.session()["refresh_token"]


def test_a_session_that_is_no_session_says_what_to_do() -> None:
    """Somebody put something else there: it is not sent anywhere, and not shown."""
    company = Company()
    company.held.values["session"] = "eyJhbGciOi.secret"

    with pytest.raises(CredentialsError, match="secrets remove") as caught:
        read(company.adapter())

    assert "eyJ" not in str(caught.value)
    assert [] == company.asked


def test_many_requests_at_once_wait_for_one_token() -> None:
    """Ten reads that begin together ask for a token once."""
    company = Company()
    adapter = company.adapter()

    async def work() -> None:
        async def one() -> None:
            async for _ in adapter.read("expense_document"):
                pass

        await asyncio.gather(*(one() for _ in range(10)))
        await adapter.aclose()

    asyncio.run(work())

    assert 1 == sum(what == "password" for _, what in company.asked)


def test_every_call_carries_its_own_correlation_id() -> None:
    """And the evidence of a failure holds it: the vendor's support asks for it first."""
    company = Company()
    seen: list[str] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["concur-correlationid"])
        return httpx.Response(500, json={"message": "boom"})

    company.on_queue = note
    adapter = company.adapter()
    errors = []
    for _ in range(2):
        with pytest.raises(TransientError) as caught:
            read(adapter)
        errors.append(caught.value)

    assert 2 == len(set(seen))
    assert seen == [error.answer.rpartition(": ")[2] for error in errors]


def test_a_time_out_and_a_503_wait_five_minutes() -> None:
    """Unless the answer names another time."""
    company = Company()
    waits = []

    def slow(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    for answer in (
        slow,
        lambda _: httpx.Response(503, json={"message": "later"}),
        lambda _: httpx.Response(503, headers={"retry-after": "7"}),
        lambda _: httpx.Response(429, headers={"retry-after": "9"}),
        lambda _: httpx.Response(500),
    ):
        company.on_queue = answer
        with pytest.raises(TransientError) as caught:
            read(company.adapter())
        waits.append(caught.value.retry_after)

    minutes = timedelta(minutes=5)
    assert [minutes, minutes, timedelta(seconds=7), timedelta(seconds=9), None] == waits


def test_deprecation_is_told_by_the_health_check() -> None:
    """What an endpoint warns of is remembered once, and said where an administrator looks."""
    company = Company()
    company.on_queue = lambda _: httpx.Response(
        200,
        json={"content": [], "page": {}},
        headers={"x-api-warn": "v4 ends", "Sunset": "Tue, 03 Nov 2026 00:00:00 GMT"},
    )

    health = run(company.adapter().check_health())

    assert health.is_ok
    assert "v4 ends; sunset Tue, 03 Nov 2026" in health.message


# With the whole company behind it


def test_a_company_in_another_data_centre_is_found_from_the_global_entry() -> None:
    """The simulator refuses the wrong host with code 16; every later call goes where it points."""
    world = setup_concur(settings={"geolocation": "http://127.0.0.1:9999", "answers_elsewhere": True})

    health = run(world.adapter.check_health())

    assert health.is_ok, health.message
    assert {"127.0.0.1:8803": 1, "127.0.0.1:9999": 2} == {
        host.removeprefix("http://"): count for host, count in world.simulator.hosts.items()
    }


@pytest.mark.parametrize("rotates", [True, False])
def test_processes_hand_the_session_on(rotates: bool) -> None:
    """Whether refresh tokens rotate or not: ten processes one after the other need one request token."""
    world = setup_concur(settings={"request_token_life_s": 24 * 3600, "rotates_refresh_token": rotates})
    pages(world)
    world.clock.advance(timedelta(days=3))

    for _ in range(10):
        world.clock.advance(timedelta(hours=2))
        assert run(world.connected().check_health()).is_ok


def test_a_session_that_ended_says_how_to_begin_again() -> None:
    """After six months without use the request token is worn, too: a new one starts again by itself."""
    world = setup_concur(settings={"request_token_life_s": 24 * 3600})
    pages(world)
    world.simulator.end_refresh_tokens()
    world.clock.advance(timedelta(days=2))

    with pytest.raises(CredentialsError, match="request_token") as caught:
        pages(world)
    world.secrets["request_token"] = world.simulator.renew_request_token("at-request-token-2")
    health = run(world.adapter.check_health())

    assert health.is_ok, health.message
    assert_speaks(world, caught.value)


def test_a_lost_token_answer_is_only_a_token_more(caplog: pytest.LogCaptureFixture) -> None:
    """The door is read, not written: a lost answer is tried later, and no secret is logged."""
    caplog.set_level("DEBUG")
    world: ConcurWorld = setup_concur()
    world.faults.add(fault("lost_answer", path="^/oauth2"))

    with pytest.raises(TransientError):
        pages(world)
    pages(world)

    assert all(value not in caplog.text for name, value in world.secrets.items() if name != "client_id")
