"""Who acts: found in the profile as it is now, before each act."""

from __future__ import annotations

from typing import Literal

from finsync_tui.actor import Actor
from finsync_tui.actor import account as this_account
from finsync_tui.people.keys import Signer
from finsync_tui.people.who import who_is
from finsync_tui.profile import Profile, Staff


def acting(
    profile: Profile | Staff,
    source: Literal["cli", "tui", "web"],
    *,
    os_account: str = "",
    web_login: str = "",
    held: Signer | None = None,
) -> Actor:
    """Return who acts: a web sign-in, else the account of the operating system that this process runs under."""
    account = "" if web_login else (os_account or this_account())
    who = who_is(profile, os_account=account, web_login=web_login)
    key = held if held is not None and web_login and held.name == who.name else None
    return Actor(who.name, source, who.roles, account, web_login, key)


def known_now(profile: Profile | Staff, actor: Actor) -> Actor:
    """Return the same person as the profile knows them now."""
    return acting(
        profile,
        "tui" if actor.source == "engine" else actor.source,
        os_account="" if actor.web_login else actor.account or actor.name,
        web_login=actor.web_login,
        held=actor.held,
    )
