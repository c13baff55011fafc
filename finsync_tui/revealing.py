"""Showing what is hidden of people: who may, and the entry that says they did."""

from __future__ import annotations

from finsync_tui.actor import Actor
from finsync_tui.profile import Profile
from store import Store, audit
from store.errors import FinsyncError

REVEALED = "privacy.revealed"


class NotRevealedError(FinsyncError):
    """Names, logins and e-mail of people are for roles that the profile names."""

    code = "NOT_REVEALED"

    def __init__(self, actor: Actor, roles: tuple[str, ...]) -> None:
        for_whom = " or ".join(roles) if roles else "nobody"
        super().__init__(
            f"{actor.name} may not see people's names, logins and e-mail here: that is for {for_whom} (`reveals_people_to` under "
            "[privacy]). Nothing was shown. Ask without --reveal, or somebody who has the role."
        )


def require(profile: Profile | None, actor: Actor) -> None:
    """Raise NotRevealedError unless the person may see what is hidden of others. A store on its own has no profile that names roles."""
    roles = profile.privacy.reveals_people_to if profile is not None else ()
    if actor.roles is not None and not actor.roles & frozenset(roles):
        raise NotRevealedError(actor, roles)


def reveal(store: Store, profile: Profile | None, actor: Actor, subject: str, reason: str) -> None:
    """Record that a person saw what is hidden of others, before they see it. Raises NotRevealedError."""
    require(profile, actor)
    entry = audit.Entry(
        who=actor.name,
        what=REVEALED,
        subject=subject,
        after={"classes": ["personal"]},
        source=actor.source,
        protected={audit.WORDS: reason},
    )
    with store.transaction() as db:
        audit.record(db, [entry], store.clock.now())
