"""`finsync people directory`: the people of the profile held against the directory, by command."""

from __future__ import annotations

from datetime import timedelta

import pytest

from store import records, watermarks
from store.canonical.directory import DirectoryGroup, DirectoryUser, GroupMember
from store.clock import text
from tests.builders import MONDAY
from tests.finsync_tui.cli.conftest import EVIL, Finsync

DIRECTORY = """
[systems.directory]
adapter = "scim"
base_url = "http://127.0.0.1:9/scim/v2"

[directory]
system = "directory"

[directory.roles]
"Approvers" = "approver"

[people.ana]
os_account = "ana"
roles = ["approver"]

[people.tom]
os_account = "tom"
roles = ["analyst"]
"""


@pytest.fixture
def office(finsync: Finsync) -> Finsync:
    """A profile of two people and a directory that knows one of them, whose account is off, and somebody else."""
    (profile,) = finsync.path.parent.rglob("profile.toml")
    profile.write_text(profile.read_text() + DIRECTORY)
    return finsync


def read(office: Finsync) -> None:
    users = [("1", "ana", False, "Ana"), ("2", "mallory", True, EVIL)]
    members = tuple(GroupMember(id=one, kind="user") for one, _, _, _ in users)
    with office.store() as store, store.transaction() as db:
        records.put_page(
            db,
            "directory_user",
            "directory",
            [
                records.Incoming(
                    id, DirectoryUser(number=id, login=login, name=name, is_active=on), id.encode()
                )
                for id, login, on, name in users
            ],
            MONDAY,
        )
        records.put_page(
            db,
            "directory_group",
            "directory",
            [records.Incoming("g", DirectoryGroup(number="Approvers", members=members), b"g")],
            MONDAY,
        )
        for entity, days in (("directory_user", 0), ("directory_group", 1)):
            watermarks.advance(db, "directory", entity, "p", True, MONDAY + timedelta(days=days))


def test_what_differs_is_listed_with_what_to_do(office: Finsync) -> None:
    """With `--check` it ends with 3; names that a terminal would obey are shown as text."""
    read(office)

    shown = office("people", "directory")
    checked = office("people", "directory", "--check", "--json")

    found = checked.json
    assert (0, 3) == (shown.code, checked.code)
    assert [("ACCOUNT_OFF", "ana"), ("ACCOUNT_MISSING", "tom"), ("NOT_LISTED", "mallory")] == [
        (one["code"], one["person"]) for one in found["findings"]
    ]
    assert text(MONDAY) == found["read_at"]
    assert ["ana", "tom", "mallory"] == [one["person"] for one in found["people"]]
    assert "ACCOUNT_OFF ana: the account ana is off, and the profile still says approver" in shown.out
    assert "\x1b[2J" not in shown.out + shown.err
    assert all(one["remedy"] for one in found["findings"])


def test_a_directory_that_was_never_read_does_not_pass(office: Finsync) -> None:
    """Nothing was compared with anything, and it says how to read it."""
    checked = office("people", "directory", "--check")

    assert 3 == checked.code
    assert "finsync sync directory" in checked.err


def test_without_a_directory_it_says_what_is_missing(finsync: Finsync) -> None:
    """A wrong use, with the page that helps."""
    said = finsync("people", "directory")

    assert 2 == said.code
    assert "[directory]" in said.err
