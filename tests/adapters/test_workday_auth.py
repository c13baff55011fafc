"""Signing in at Workday: user and password, a refresh token that may be replaced, an assertion that we sign."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters import workday
from adapters.base import Connection
from adapters.errors import CredentialsError, SettingsError
from adapters.workday.simulator import Settings
from tests.adapters.setup_workday import WorkdayWorld

ROTATING = Settings(rotates_refresh_token=True)


@pytest.mark.parametrize("transport", ["raas", "soap"])
@pytest.mark.parametrize("auth", ["basic", "refresh_token", "jwt_bearer"])
def test_each_way_in_opens_each_door(transport: str, auth: str) -> None:
    """A password by HTTP or in the envelope, a token as a header for both."""
    world = WorkdayWorld(transport=transport, auth=auth)
    world.add(1)

    records, _ = world.read()

    assert 1 == len(records)
    assert (auth != "basic") == bool(world.simulator.requests.count("POST", "/token$"))


def test_a_refresh_token_that_came_back_is_stored_before_its_access_token_is_used() -> None:
    """When it can't be stored nothing else is asked, and the next try stores it first instead of asking with the old one."""
    world = WorkdayWorld(settings=ROTATING)
    world.add(1)
    world.held.is_writable = False

    with pytest.raises(CredentialsError, match="can't be kept"):
        world.read()
    asked = world.simulator.requests.count("GET", "FINSYNC")
    world.held.is_writable = True
    world.simulator.end_tokens()
    records, _ = world.read()

    assert 0 == asked
    assert 1 == len(records)
    assert world.simulator.door.refresh_token == world.held.values["refresh_token"]
    assert ["sim-rt-1", "sim-rt-2"] == [value for name, value in world.held.puts if name == "refresh_token"]


def test_a_refresh_token_is_used_again_by_the_next_process() -> None:
    """The one that came back last is the one that works."""
    world = WorkdayWorld(settings=ROTATING)
    world.add(1)
    world.read()
    world.clock.advance(timedelta(hours=2))

    records, _ = world.read(adapter=world.connected())

    assert 1 == len(records)


def test_a_token_lives_as_long_as_it_says() -> None:
    """It is asked for once, and again shortly before it ends."""
    world = WorkdayWorld()
    world.add(1)
    world.read()
    world.clock.advance(timedelta(minutes=45))
    world.read()
    once = world.simulator.requests.count("POST", "/token$")
    world.clock.advance(timedelta(minutes=10))
    world.read()

    assert (1, 2) == (once, world.simulator.requests.count("POST", "/token$"))


@pytest.mark.parametrize("auth", ["refresh_token", "jwt_bearer"])
def test_a_token_that_ends_early_is_no_trouble_by_web_services_either(auth: str) -> None:
    """They refuse it with a fault, not with 401."""
    world = WorkdayWorld(transport="soap", auth=auth)
    world.add(1)
    world.read()
    world.end_tokens()

    records, _ = world.read()

    assert 1 == len(records)
    assert 2 == world.simulator.requests.count("POST", "/token$")


def test_a_refused_token_names_what_to_check() -> None:
    """No secret is in it."""
    world = WorkdayWorld()
    world.secrets["refresh_token"] = "another-refresh-token"

    with pytest.raises(
        CredentialsError, match=r"refused us \(400\).*refresh token was not revoked"
    ) as caught:
        world.read()

    assert "another-refresh-token" not in str(vars(caught.value))


def test_an_assertion_for_another_audience_is_refused() -> None:
    """Which one a tenant expects is an option."""
    world = WorkdayWorld(auth="jwt_bearer", settings=Settings(audience="wd2"))
    world.add(1)

    with pytest.raises(CredentialsError, match="audience"):
        world.read()
    records, _ = world.read(adapter=world.connected(audience="wd2"))

    assert 1 == len(records)


def test_a_private_key_that_is_none_is_said_before_anything_is_asked() -> None:
    """And nothing of it is repeated."""
    world = WorkdayWorld(auth="jwt_bearer")
    world.secrets["private_key"] = "no key at all"

    with pytest.raises(CredentialsError, match="private_key is no RSA key") as caught:
        world.read()

    assert "no key at all" not in str(caught.value)
    assert 0 == world.request_count()


def test_a_password_that_soap_refuses_is_not_tried_again() -> None:
    """An integration user may be locked by it."""
    world = WorkdayWorld(transport="soap", auth="basic", has_right_secret=False)

    with pytest.raises(CredentialsError, match="invalid username or password"):
        world.read()

    assert 1 == world.request_count()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "options.tenant"),
        ({"tenant": "acme", "time_zone": "Mars/Olympus"}, "is no time zone"),
        ({"tenant": "acme/../other", "time_zone": "UTC"}, "options.tenant"),
        ({"tenant": "acme", "time_zone": "UTC", "auth": "refresh_token"}, "needs token_url"),
        ({"tenant": "acme", "time_zone": "UTC", "auth": "jwt_bearer", "token_url": "x"}, "token_url must be"),
        ({"tenant": "acme", "time_zone": "UTC", "password": "x"}, "options.password"),
    ],
)
def test_wrong_options_are_named(options: dict[str, str], complaint: str) -> None:
    """Before anything is sent."""
    world = WorkdayWorld()
    connection = Connection(adapter="workday", base_url="https://wd.example.com", options=options)

    with pytest.raises(SettingsError, match=complaint):
        workday.connect("workday", connection, world.held, world.clock)
