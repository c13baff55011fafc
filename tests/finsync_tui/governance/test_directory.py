"""The people of a profile held against a directory that was read over SCIM: what differs is said, and gives nobody a role."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Translated
from finsync_tui.governance.directory import Comparison, compare
from finsync_tui.people import who_is
from finsync_tui.profile import Profile
from finsync_tui.profile.check import problems
from store import Store, directories, memory_store, records, watermarks
from store.canonical.directory import DirectoryGroup, GroupMember
from tests.adapters.setup_scim import ScimWorld
from tests.builders import a_clock

ROLES = {"approvers": "approver", "analysts": "analyst"}


class Office:
    """A directory, a store that it is read into, and a profile."""

    def __init__(self, people: dict[str, dict[str, object]], **governance: object) -> None:
        self.world = ScimWorld(clock=a_clock())
        self.store: Store = memory_store(self.world.clock)
        self.profile = Profile.model_validate(
            {
                "systems": {"directory": {"adapter": "scim", "base_url": "https://directory.test/scim/v2"}},
                "directory": {"system": "directory", "roles": ROLES},
                "people": people,
                "governance": governance,
            }
        )
        self.world.simulator.put_group("g-approvers", "Approvers")
        self.world.simulator.put_group("g-analysts", "Analysts")

    def account(self, id: str, login: str, **changes: object) -> None:
        self.world.simulator.put_user(id, login, **changes)

    def group(self, id: str, name: str, members: Sequence[tuple[str, str]]) -> None:
        self.world.simulator.put_group(id, name, members)

    def read(self) -> None:
        """Read the directory into the store, as the engine does."""
        adapter, now = self.world.adapter, self.world.clock.now()

        async def pull(entity: str) -> None:
            mark = watermarks.get(self.store.db, "directory", entity)
            async for page in adapter.read(entity, mark.position if mark else None):
                rows = zip(page.rows, adapter.translate(entity, page.rows), strict=True)
                found = [
                    records.Incoming(one.external_id, one.record, row)
                    for row, one in rows
                    if isinstance(one, Translated)
                ]
                with self.store.transaction() as db:
                    records.put_page(db, entity, "directory", found, now)
                    watermarks.advance(db, "directory", entity, page.position, page.is_last, now)

        for entity in ("directory_user", "directory_group"):
            asyncio.run(pull(entity))

    def compared(self) -> Comparison:
        assert self.profile.directory is not None
        return compare(self.store.db, self.profile, self.profile.directory)

    def said(self) -> list[tuple[str, str]]:
        return [(one.code, one.person) for one in self.compared().findings]


def test_whose_profile_and_directory_agree_is_no_finding() -> None:
    """By the web sign-in, by the e-mail, or by the account of the operating system; case means nothing."""
    office = Office(
        {
            "ana": {"web_login": "Ana@nordwerk.example", "roles": ["analyst"]},
            "tom": {"web_login": "t.berg@nordwerk.example", "roles": ["approver"]},
            "eve": {"os_account": "eve", "roles": ["analyst"]},
        }
    )
    office.account("1", "ana@nordwerk.example")
    office.account("2", "tb", emails=[{"value": "T.Berg@nordwerk.example", "primary": True}])
    office.account("3", "EVE@nordwerk.example")
    office.group("g-analysts", "Analysts", [("User", "1"), ("Group", "g-shift")])
    office.group("g-shift", "Night shift", [("User", "3")])
    office.group("g-approvers", "Approvers", [("User", "2")])
    office.read()

    found = office.compared()

    assert () == found.findings
    assert ["ana", "eve", "tom"] == [one.person for one in found.standings]
    assert [("Analysts",), ("Analysts > Night shift",), ("Approvers",)] == [
        one.ways for one in found.standings
    ]
    assert office.world.clock.now() == found.read_at


@pytest.mark.parametrize(
    ("person", "login", "is_active", "groups", "expected"),
    [
        ({"roles": ["analyst"]}, "ana", False, ["g-analysts"], ["ACCOUNT_OFF"]),
        ({"roles": []}, "ana", False, ["g-analysts"], []),
        ({"roles": ["analyst"]}, "another", True, [], ["ACCOUNT_MISSING"]),
        ({"roles": ["analyst"]}, "ana", True, [], ["ROLE_NOT_IN_DIRECTORY"]),
        ({"roles": []}, "ana", True, ["g-analysts"], ["ROLE_NOT_LISTED"]),
        ({"roles": ["analyst", "approver"]}, "ana", True, ["g-analysts", "g-approvers"], ["DUTIES"]),
    ],
)
def test_each_difference_has_its_name(
    person: dict[str, object], login: str, is_active: bool, groups: list[str], expected: list[str]
) -> None:
    """One account in each standing that it can have beside the profile."""
    office = Office({"ana": {"os_account": "ana", **person}})
    office.account("1", login, active=is_active)
    for one in groups:
        office.group(one, one.removeprefix("g-").title(), [("User", "1")])
    office.read()

    assert [(code, "ana") for code in expected] == office.said()


def test_what_the_company_lives_with_is_no_finding() -> None:
    """The reason stands in the profile, as for duties that the profile itself gives."""
    office = Office(
        {"ana": {"os_account": "ana", "roles": ["analyst", "approver"]}},
        duties_accepted={"ana": "two in all"},
    )
    office.account("1", "ana")
    for one in ("g-analysts", "g-approvers"):
        office.group(one, one.removeprefix("g-").title(), [("User", "1")])
    office.read()

    assert [] == office.said()


def test_a_member_whom_the_profile_does_not_list_is_told_and_may_nothing() -> None:
    """The directory gives nobody a role: what was read lies in the store, where anybody could write it."""
    office = Office({"ana": {"os_account": "ana", "roles": ["analyst"]}})
    office.account("1", "ana")
    office.account("2", "mallory")
    office.account("3", "gone", active=False)
    office.group("g-analysts", "Analysts", [("User", "1")])
    office.group("g-approvers", "Approvers", [("User", "2"), ("User", "3"), ("User", "nobody")])
    office.read()

    assert [("NOT_LISTED", "mallory")] == office.said()
    assert frozenset() == who_is(office.profile, os_account="mallory").roles


def test_two_accounts_that_fit_one_person_are_told() -> None:
    """Nobody guesses which one it is."""
    office = Office({"ana": {"os_account": "ana", "roles": ["analyst"]}})
    office.account("1", "ana@nordwerk.example")
    office.account("2", "ana@old.example")
    office.read()

    (finding,) = office.compared().findings

    assert "ACCOUNT_AMBIGUOUS" == finding.code
    assert "ana@nordwerk.example or ana@old.example" in finding.what


def test_a_group_that_is_not_there_gives_nothing_and_is_told() -> None:
    """A slip in its name would silently take everybody's roles away."""
    office = Office({})
    office.world.simulator.remove("g-approvers")
    office.read()

    assert [("GROUP_MISSING", "")] == office.said()


def test_a_directory_that_was_never_read_is_not_taken_for_an_empty_one() -> None:
    """It says that it was not read to its end."""
    assert Office({}).compared().read_at is None


def test_who_was_moved_is_found_with_the_next_read() -> None:
    """A delta of groups brings the members as they are."""
    office = Office({"ana": {"os_account": "ana", "roles": ["analyst"]}})
    office.account("1", "ana")
    office.group("g-analysts", "Analysts", [("User", "1")])
    office.read()
    before = office.said()
    office.world.clock.advance(timedelta(days=1))
    office.group("g-analysts", "Analysts", [])
    office.read()

    assert ([], [("ROLE_NOT_IN_DIRECTORY", "ana")]) == (before, office.said())


@pytest.mark.parametrize(
    ("system", "adapter", "told"),
    [
        ("directory", "scim", []),
        ("dir", "scim", ["no system 'dir'"]),
        ("directory", "coupa", ["is no directory"]),
    ],
)
def test_a_profile_that_names_no_directory_is_told(system: str, adapter: str, told: list[str]) -> None:
    """Before anything is read."""
    profile = Profile.model_validate(
        {
            "systems": {"directory": {"adapter": adapter, "base_url": "https://directory.test/scim/v2"}},
            "directory": {"system": system},
        }
    )

    found = [one.message for one in problems(profile, Path()) if one.place == "directory.system"]

    assert len(told) == len(found)
    assert all(words in message for words, message in zip(told, found, strict=True))


IDS = st.integers(0, 7).map(str)


@given(
    st.dictionaries(
        IDS, st.lists(st.tuples(st.sampled_from(["user", "group"]), IDS), max_size=4), max_size=8
    ),
    IDS,
)
def test_whoever_belongs_to_a_group_is_found_once_whatever_holds_what(
    edges: dict[str, list[tuple[str, str]]], start: str
) -> None:
    """Groups in groups, in circles, and groups that are gone: the members are those that can be reached, by ways that are there."""
    held = {
        id: DirectoryGroup(
            number=f"G{id}",
            members=tuple(GroupMember(id=m, kind=kind) for kind, m in members),  # type: ignore[arg-type]
        )
        for id, members in edges.items()
    }

    def reached(group: str, seen: frozenset[str]) -> set[str]:
        if group in seen or group not in edges:
            return set()
        mine = {m for kind, m in edges[group] if kind == "user"}
        return mine.union(*(reached(m, seen | {group}) for kind, m in edges[group] if kind == "group"))

    found = list(directories.members(held, start))

    assert sorted(reached(start, frozenset())) == sorted(one.account for one in found)
    for one in found:
        names = [name.removeprefix("G") for name in one.path]
        assert start == names[0]
        assert all(("group", inner) in edges[outer] for outer, inner in pairwise(names))
        assert ("user", one.account) in edges[names[-1]]
