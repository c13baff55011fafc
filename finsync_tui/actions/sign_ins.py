"""Who lets whom sign in to the web, and what is noted of it. The sign-ins themselves lie among the host's secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from finsync_tui import people
from finsync_tui.actions.acting import note_action
from finsync_tui.actor import Actor
from finsync_tui.people.sign_ins import VALID_FOR, SignInError, SignIns
from finsync_tui.profile import Profile
from store import Store, audit
from store.clock import SystemClock, text
from store.errors import NotFoundError


def invite(
    store: Store,
    profile: Profile,
    sign_ins: SignIns,
    actor: Actor,
    name: str,
    valid_for: timedelta = VALID_FOR,
) -> str:
    """Return a code with which a listed person may choose a passphrase, once.

    Their present sign-in, if there is one, holds until they use it.
    """
    people.require(actor.name, actor.roles, "person.invited")
    person = profile.people.get(name)
    if person is None:
        raise NotFoundError("person", name, "`finsync people list` shows those of the profile.")
    if not person.web_login:
        raise SignInError(
            f"the profile gives {name} no web_login",
            f'Have a line like web_login = "{name}" put under [people.{name}].',
        )
    with store.transaction() as db:
        real_now = SystemClock().now()  # an invitation runs out in the world's time, in a rehearsal too
        told: dict[str, object] = {"web_login": person.web_login, "until": text(real_now + valid_for)}
        note_action(store, db, actor, "person.invited", f"person:{name}", "", told)
        return sign_ins.invite(name, real_now, valid_for)


def revoke(store: Store, sign_ins: SignIns, actor: Actor, name: str) -> None:
    """Take a person's sign-in and invitation away; whoever is signed in as them is signed out within seconds."""
    people.require(actor.name, actor.roles, "person.revoked")
    with store.transaction() as db:
        note_action(store, db, actor, "person.revoked", f"person:{name}", "", {})
        if not sign_ins.revoke(name):
            raise NotFoundError("sign-in of", name, "`finsync people list` shows who has one.")


Deed = Literal["joined", "signed_in", "signed_out", "refused"]


def note_sign_in(store: Store, name: str, deed: Deed, *, why: str = "", key: str | None = None) -> None:
    """Note in the audit log what became of a person's sign-in; `key` is the public half of a new key."""
    after = {"key": key} if key is not None else {}
    entry = audit.Entry(
        who=name, what=f"person.{deed}", subject=f"person:{name}", why=why, after=after, source="web"
    )
    with store.transaction() as db:
        audit.record(db, [entry], store.clock.now())
