"""Which version of each policy is in force, and why.

    one is enough: what the profile's layers say.
    people decide together (two): the newest version that a second person signed, whose signature fits and whose day has
      come; a policy that has none is in force as the layers say. A later change of the layers waits to be proposed.

Signatures are checked every time, against what the store holds now: a row that was written into the file, or edited there
later, is not in force. It is named as a problem instead, and the version before it stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from sqlite3 import Connection
from typing import Final

from finsync_tui.mapping import emergencies
from finsync_tui.mapping.emergencies import InForce
from finsync_tui.mapping.standing import maker_refusal, refusal
from finsync_tui.policies.model import PolicySetup
from finsync_tui.profile import Profile
from store import emergencies as stored_emergencies
from store import proposals, rulesets
from store.columns import encode
from store.proposals import Proposal

KIND: Final = "policy"
LAYER: Final = "policy/"
"""What the layers say is recorded under this prefix, apart from what is in force."""
_RULES: Final = "rules/"


@dataclass(frozen=True, slots=True)
class Standing:
    """One policy as it is in force."""

    name: str
    body: str
    """Canonical JSON; empty: there are no such rules."""
    layer_body: str
    """What the layers say now."""
    proposal: Proposal | None = None
    """The change that two persons signed, or one in an emergency; None: the layers decide."""
    version: int = 0
    """As recorded; 0: not recorded yet."""
    layer_version: int = 0
    upcoming: tuple[Proposal, ...] = ()
    """Signed, and in force on a later day; the next first."""
    problems: tuple[str, ...] = ()
    emergency: InForce | None = None
    """One person put it in force at once, and the second one's word is missing."""

    @property
    def setup(self) -> PolicySetup | None:
        return setup_of(self.body)

    @property
    def is_signed(self) -> bool:
        return self.proposal is not None and self.emergency is None

    @property
    def layer_differs(self) -> bool:
        """The layers say something else than what is in force, or will be."""
        bodies = {self.body, *(one.body for one in self.upcoming)}
        return self.is_signed and self.layer_body not in bodies


def recorded_name(name: str) -> str:
    """Return the name under which versions of a policy are recorded."""
    return f"{_RULES}{name}"


def body_of(setup: PolicySetup | None) -> str:
    """Return a policy as versions are recorded: what is not said is left out, so that only what is meant counts."""
    return "" if setup is None else encode(setup.model_dump(mode="json", exclude_defaults=True)).decode()


def setup_of(body: str) -> PolicySetup | None:
    """Return the policy of a recorded version; None: it has no rules any more."""
    return PolicySetup.model_validate_json(body) if body else None


def first_day(change: Proposal) -> date:
    """Return the first day on which a change is in force; of one without a day, one that is long past."""
    return date.fromisoformat(change.effective_from) if change.effective_from else date.min


def standings(
    db: Connection, profile: Profile, on: date, *, known_at: datetime | None = None
) -> dict[str, Standing]:
    """Return every policy as it is in force on a day. Writes nothing.

    `known_at`: as it was then, whatever was decided later about that day.
    """
    layers = {name: body_of(one) for name, one in profile.policies.items()}
    signed: dict[str, list[Proposal]] = {}
    if profile.policy_rule == "two":
        for name in stored_emergencies.live(db, KIND):
            signed.setdefault(name, [])
        for one in proposals.decided(db, KIND):
            if known_at is None or one.decided_at is None or one.decided_at <= known_at:
                signed.setdefault(one.name, []).append(one)
    return {
        name: _weigh(db, profile, name, layers.get(name, ""), signed.get(name, []), on, known_at)
        for name in sorted({*layers, *signed})
    }


def next_day(found: Iterable[Standing]) -> date | None:
    """Return the next day from which other rules are in force; None: none is known of."""
    return min((first_day(one.upcoming[0]) for one in found if one.upcoming), default=None)


def body_at(db: Connection, profile: Profile, name: str, version: int) -> str | None:
    """Return what an earlier version said; None: there is none. Of one that two persons signed it is what they signed."""
    for one in proposals.decided(db, KIND):
        if (one.name, one.version) == (name, version) and refusal(
            profile, proposals.store_id(db), one
        ) is None:
            return one.body
    found = rulesets.get(db, KIND, recorded_name(name), version)
    return None if found is None else found.body


def in_force(found: Iterable[Standing]) -> dict[str, PolicySetup]:
    """Return the rules that are asked."""
    return {one.name: setup for one in found if (setup := one.setup) is not None}


def governed(profile: Profile, found: Mapping[str, Standing]) -> Profile:
    """Return the profile with the rules in force in place of those of the layers."""
    return profile.model_copy(update={"policies": in_force(found.values())})


def _weigh(
    db: Connection,
    profile: Profile,
    name: str,
    layer: str,
    signed: list[Proposal],
    on: date,
    known_at: datetime | None,
) -> Standing:
    problems: list[str] = []
    upcoming: list[Proposal] = []
    chosen: Proposal | None = None
    at_once = _at_once(db, profile, name, problems)
    if at_once is not None and known_at is not None and known_at < at_once.put_at:
        at_once = None
    for one in signed:  # the newest version first
        problem = refusal(profile, proposals.store_id(db), one)
        if problem is not None:
            problems.append(f"proposal {one.id} is not in force: {problem}")
        elif (misfit := _misfit(one.body)) is not None:
            problems.append(f"proposal {one.id} is not in force: {misfit}")
        elif first_day(one) > on:
            # what begins no sooner than a newer one never comes into force
            if not upcoming or first_day(one) < first_day(upcoming[0]):
                upcoming.insert(0, one)
        else:
            chosen = one
            break
    known = rulesets.current(db, "profile", LAYER + name)
    newest = rulesets.current(db, KIND, recorded_name(name))
    if (
        at_once is not None
    ):  # above what is signed; what waits for its day waits on, and comes should this be refused
        chosen = proposals.get(db, at_once.proposal)
    body = layer if chosen is None else chosen.body
    recorded = newest.version if newest is not None and newest.digest == proposals.digest(body) else 0
    return Standing(
        name,
        body,
        layer,
        chosen,
        version=recorded,
        layer_version=known.version if known is not None else 0,
        upcoming=tuple(upcoming),
        problems=tuple(problems),
        emergency=at_once,
    )


def _at_once(db: Connection, profile: Profile, name: str, problems: list[str]) -> InForce | None:
    """Return how one person put a policy in force; None: nobody did, or not as it stands there now."""
    waiting = stored_emergencies.live(db, KIND).get(name) if profile.policy_rule == "two" else None
    if waiting is None:
        return None
    change, one = waiting
    store_id = proposals.store_id(db)
    problem = (
        maker_refusal(profile, store_id, change)
        or emergencies.refusal(profile, store_id, change, one)
        or _misfit(change.body)
    )
    if problem is not None:
        problems.append(f"emergency change {change.id} is not in force: {problem}")
        return None
    return emergencies.in_force(profile, change, one)


def _misfit(body: str) -> str | None:
    """Say why a signed text can't be read any more, as after an upgrade; None: it can."""
    try:
        setup_of(body)
    except ValueError as error:
        return f"this version of finsync can't read it ({str(error).splitlines()[0]})"
    return None
