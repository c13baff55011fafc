"""A directory as it is read: every account once, whatever moves meanwhile, from good servers and poor ones."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Page, Translated, Untranslatable, WriteRequest
from adapters.errors import CredentialsError, ProtocolError, SettingsError, TransientError
from adapters.scim.client import Scim
from adapters.scim.simulator import Settings
from adapters.scim.simulator_filter import FilterError, parsed
from store.canonical.directory import DirectoryGroup, DirectoryUser
from tests.adapters.setup_scim import ScimWorld

DAY = timedelta(days=1)
USERS, GROUPS = "directory_user", "directory_group"


def pages(adapter: Scim, entity: str = USERS, position: str | None = None) -> list[Page]:
    async def collect() -> list[Page]:
        return [page async for page in adapter.read(entity, position)]

    return asyncio.run(collect())


def found(adapter: Scim, read: list[Page], entity: str = USERS) -> dict[str, Any]:
    """Return what was read by id; of what was read twice the last."""
    rows = [row for page in read for row in page.rows]
    translated = adapter.translate(entity, rows)
    assert not [one for one in translated if isinstance(one, Untranslatable)]
    return {str(one.external_id): one.record for one in translated if isinstance(one, Translated)}


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(filters="equal"),
        Settings(filters="ignored"),
        Settings(filters="none"),
        Settings(tells_abilities=False),
        Settings(rows_max=2),
        Settings(rows_max=1),
        Settings(manager="text", active="text"),
    ],
    ids=lambda one: f"{one.filters}-{one.rows_max}-{one.manager}-{one.tells_abilities}",
)
def test_every_server_shows_the_same_in_the_end(settings: Settings) -> None:
    """Filters that are known, refused, ignored; pages of one row; `active` as text: all accounts, and then what changed of them."""
    world = ScimWorld(settings=settings)
    made = world.add(7)
    world.simulator.put_user(made[1], "ann@nordwerk.example", manager=made[0], active=False)
    first = pages(world.adapter)
    everything = found(world.adapter, first)

    world.clock.advance(DAY)
    world.touch(made[3])
    world.simulator.put_user(made[4], "eve@nordwerk.example", active=False)
    then = found(world.adapter, pages(world.adapter, position=first[-1].position))

    assert set(made) == set(everything)
    assert (made[0], False) == (everything[made[1]].manager_id, everything[made[1]].is_active)
    assert everything[made[2]].is_active
    assert {made[3], made[4]} <= set(then)
    assert ("Has another job now", False) == (then[made[3]].title, then[made[4]].is_active)


def test_only_what_changed_is_asked_for_where_that_can_be_asked() -> None:
    """Of a thousand accounts, two rows cross the wire: those that changed within the overlap and since."""
    world = ScimWorld()
    made = world.add(1000)
    world.clock.advance(DAY)
    read = pages(world.adapter)
    world.clock.advance(DAY)
    world.touch(made[7])
    latest = pages(world.adapter, position=read[-1].position)
    world.clock.advance(DAY)

    again = pages(world.adapter, position=latest[-1].position)

    assert {made[7]} <= set(found(world.adapter, latest))
    assert {made[7]} == set(found(world.adapter, again))


@given(
    st.lists(st.tuples(st.sampled_from(["remove", "add", "touch"]), st.integers(0, 30)), max_size=3),
    st.integers(2, 9),
)
def test_whoever_was_there_all_the_time_is_read(meddling: list[tuple[str, int]], rows: int) -> None:
    """Accounts come and go between any two pages; nobody who stays is passed over, or the read says that it must be repeated."""
    world = ScimWorld(settings=Settings(rows_max=rows))
    made = world.add(30)
    stays = set(made)
    waiting = list(meddling)

    def meddle() -> None:
        if not waiting or world.request_count() < 3:
            return
        act, number = waiting.pop()
        world.clock.advance(timedelta(seconds=1))
        if act == "add":
            world.simulator.put_user(f"u-{number:05}a", f"new-{number}-{len(waiting)}@nordwerk.example")
        elif act == "touch" and made[number % 30] in stays:
            world.touch(made[number % 30])
        elif act == "remove" and made[number % 30] in stays:
            stays.discard(made[number % 30])
            world.simulator.remove(made[number % 30])

    world.before_each_request(meddle)
    read: dict[str, Any] | None = None
    with suppress(TransientError):
        read = found(world.adapter, pages(world.adapter))
    assert read is None or stays <= set(read)


def test_a_read_that_never_comes_to_rest_says_so() -> None:
    """Whoever deletes an account before every page has it read again at the next turn; what was read is kept."""
    world = ScimWorld(settings=Settings(rows_max=2))
    made = iter(world.add(30))
    world.before_each_request(lambda: world.simulator.remove(next(made)))

    with pytest.raises(TransientError, match="changed 3 times while it was read"):
        pages(world.adapter)


def test_rows_that_are_counted_and_never_shown_are_told() -> None:
    """A read that can't be whole says so with its two ways out; where the count is not trusted, it goes on."""
    world = ScimWorld(settings=Settings(hides=frozenset({"u-00002"}), rows_max=3))
    world.add(5)

    with pytest.raises(ProtocolError, match="says that it has 5 rows and shows 4"):
        pages(world.adapter)
    read = found(world.adapter, pages(world.connect(trusts_totals=False)))

    assert 4 == len(read)


def test_groups_hold_accounts_and_groups() -> None:
    """Members in order of kind and id, whatever order they come in; one whose kind is not said is known by its link."""
    world = ScimWorld()
    world.add(3)
    world.simulator.put_group(
        "g-1", "Approvers", [("User", "u-00002"), ("Group", "g-2"), ("User", "u-00000")]
    )
    world.simulator.put_group("g-2", "Controllers", [("User", "u-00001")])

    read = pages(world.adapter, GROUPS)
    groups = found(world.adapter, read, GROUPS)
    world.clock.advance(DAY)
    world.simulator.remove("u-00001")
    then = found(world.adapter, pages(world.adapter, GROUPS, read[-1].position), GROUPS)
    no_type = json.loads(read[0].rows[0]) | {
        "members": [{"value": "g-2", "$ref": "https://directory.test/scim/v2/Groups/g-2"}, {"value": "u-1"}]
    }
    (told,) = world.adapter.translate(GROUPS, [json.dumps(no_type).encode()])

    assert [("group", "g-2"), ("user", "u-00000"), ("user", "u-00002")] == [
        (one.kind, one.id) for one in groups["g-1"].members
    ]
    assert () == then["g-2"].members
    assert isinstance(told, Translated)
    assert isinstance(told.record, DirectoryGroup)
    assert ["group", "user"] == [one.kind for one in told.record.members]


def test_groups_are_read_by_id_too() -> None:
    """Afresh, with who is in them now."""
    world = ScimWorld()
    world.simulator.put_group("g-1", "Approvers", [("User", "u-1")])

    (row,) = asyncio.run(world.adapter.read_many(GROUPS, ["g-1", "g-2"]))

    assert ["u-1"] == [one["value"] for one in json.loads(row)["members"]]


def test_who_left_is_not_read_by_name_and_is_no_error() -> None:
    """What is asked for by id and is gone is left out; ids are never taken for paths."""
    world = ScimWorld()
    made = world.add(3)
    world.simulator.remove(made[1])

    rows = asyncio.run(world.adapter.read_many(USERS, [*made, "../Groups", "u-00000?x=1", made[0]]))

    assert [made[0], made[2]] == [json.loads(row)["id"] for row in rows]


def test_one_row_that_can_not_be_read_costs_no_other() -> None:
    """Without a login, with a time that is none: an exception each, and all others are read."""
    world = ScimWorld()
    made = world.add(4)
    held = world.simulator.users
    held.put({**held.at(made[0]), "meta": {"resourceType": "User", "lastModified": "yesterday"}})
    held.put({**held.at(made[1]), "userName": ""})
    adapter = world.connect(world.unjudged())

    read = pages(adapter)
    translated = adapter.translate(USERS, [row for page in read for row in page.rows])

    bad = [one for one in translated if isinstance(one, Untranslatable)]
    assert 4 == len(translated)
    assert {"$", "$.userName"} == {one.path for one in bad}
    assert {made[2], made[3]} == {one.external_id for one in translated if isinstance(one, Translated)}


@pytest.mark.parametrize("auth", ["bearer", "basic", "client_credentials"])
def test_each_way_in_is_tried(auth: str) -> None:
    """With the right secret there is an answer; with another it stops at the door and says which secret to look at."""
    good, bad = ScimWorld(options={"auth": auth}), ScimWorld(options={"auth": auth}, has_right_secret=False)
    good.add(2)

    health = asyncio.run(good.adapter.check_health())
    refused = asyncio.run(bad.adapter.check_health())

    assert health.is_ok
    assert "2 accounts" in health.message
    assert not refused.is_ok
    with pytest.raises(CredentialsError):
        pages(bad.adapter)


def test_nothing_is_ever_written() -> None:
    """Whatever is asked, no request leaves."""
    world = ScimWorld()
    ask = WriteRequest("user.change", "k", "u-1", {})

    for act in (world.adapter.write, world.adapter.find):
        with pytest.raises(SettingsError, match="only ever read"):
            asyncio.run(act(ask))
    with pytest.raises(SettingsError, match="directory_user and directory_group"):
        world.adapter.translate("employee", [])
    assert 0 == world.request_count()
    assert world.adapter.own_login is None


def test_a_token_that_is_asked_for_needs_its_place() -> None:
    """Said when the connection is made, before anything is sent."""
    with pytest.raises(SettingsError, match="token_url"):
        ScimWorld(options={"auth": "client_credentials", "token_url": None})


def test_which_address_is_an_accounts() -> None:
    """The primary one, else the one for work, else the first; a name is put together where none is shown."""
    adapter = ScimWorld().adapter
    rows = [
        {"id": "1", "userName": "a", "emails": [{"value": "h@x.example", "type": "home"}, {"value": "w@x.example", "type": "Work"}]},
        {"id": "2", "userName": "b", "emails": [{"value": "h@x.example"}, {"value": "p@x.example", "primary": "True"}]},
        {"id": "3", "userName": "c", "emails": [{"type": "work"}], "name": {"givenName": "Ann", "familyName": "Lee"}},
    ]  # fmt: skip

    users = [
        one.record
        for one in adapter.translate(USERS, [json.dumps(row).encode() for row in rows])
        if isinstance(one, Translated) and isinstance(one.record, DirectoryUser)
    ]

    assert ["w@x.example", "p@x.example", None] == [one.email for one in users]
    assert ["a", "b", "Ann Lee"] == [one.name for one in users]


@pytest.mark.parametrize(
    ("filter_", "names"),
    [
        ('userName eq "ANN"', ["ann"]),
        ('userName sw "a" and active eq true', ["ann"]),
        ('not (userName eq "ann") or title pr', ["ann", "bob"]),
        ('meta.lastModified gt "2026-01-05T09:00:00Z"', ["bob"]),
        ('meta.lastModified ge "2026-01-05T10:00:00+01:00"', ["ann", "bob"]),
        ('title co "oo" and (active eq false or active eq true)', ["ann"]),
    ],
)
def test_filters_are_the_protocols(filter_: str, names: list[str]) -> None:
    """Names and text have no case, times are compared as times, and the usual words bind as usual."""
    rows: list[dict[str, Any]] = [
        {"userName": "ann", "active": True, "title": "Bookkeeper", "meta": {"lastModified": "2026-01-05T09:00:00Z"}},
        {"userName": "bob", "active": False, "meta": {"lastModified": "2026-01-05T09:00:01Z"}},
    ]  # fmt: skip

    test = parsed(filter_)

    assert names == [row["userName"] for row in rows if test(row)]


@pytest.mark.parametrize(
    "filter_", ["", "userName", "userName eq", 'userName zz "a"', '(userName eq "a"', "eq eq eq", '"a" eq 1',
                "(" * 50 + "a pr" + ")" * 50, "userName eq bare"]
)  # fmt: skip
def test_a_filter_that_is_none_is_refused(filter_: str) -> None:
    """As a good server refuses it."""
    with pytest.raises(FilterError):
        parsed(filter_)
