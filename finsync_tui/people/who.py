"""Who acts: the account of the operating system this process runs under, or a personal sign-in to the web."""

from __future__ import annotations

from dataclasses import dataclass

from finsync_tui.people.roles import Roles
from finsync_tui.profile import Profile, Staff

SIGNED_OUT = 77
"""How a workbench in a browser ends whose person signed out: the server ends their session with it."""


@dataclass(frozen=True, slots=True)
class Who:
    """A person as the profile knows them."""

    name: str
    """Their name in the profile; the account's name when nobody is listed, or this account is not."""
    account: str
    roles: Roles | None
    """None: nobody is listed, everybody may do everything. Empty: people are listed, but not this one."""
    is_listed: bool


def who_is(profile: Profile | Staff, *, os_account: str = "", web_login: str = "") -> Who:
    """Return who that account or sign-in is. Exactly one of both is given."""
    asked = web_login or os_account
    if not profile.people and not web_login:  # a web sign-in is somebody only by being listed
        return Who(asked, asked, None, is_listed=False)
    for name, person in profile.people.items():
        known = person.web_login if web_login else person.os_account
        if known and known == asked:
            return Who(name, asked, frozenset(person.roles), is_listed=True)
    return Who(asked, asked, frozenset(), is_listed=False)
