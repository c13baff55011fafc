"""What one person may do alone or two do together, whatever it is about: asked, approved, rejected, withdrawn.

A matter says how its things are found, what of them is signed, and what happens once it is decided; the way there is here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Generic, Protocol, TypeVar

from finsync_tui import people
from finsync_tui.actions import second_person
from finsync_tui.actions.acting import Seen, checked_reason, note_action, overtaken
from finsync_tui.actor import Actor
from finsync_tui.governance.limits import Taken
from finsync_tui.people import Signer
from finsync_tui.profile import Profile
from store import Store, proposals
from store.errors import NotAllowedError
from store.glances import Glance
from store.proposals import Kind, Proposal


class Thing(Protocol):
    """What a matter may be about: it names the proposal by which it waits."""

    @property
    def id(self) -> int: ...

    @property
    def proposal_id(self) -> int | None: ...


T = TypeVar("T", bound=Thing)


@dataclass(frozen=True, slots=True)
class Acts:
    """What each part is called in the audit log; who may do it follows from that."""

    proposed: str
    done: str
    rejected: str
    withdrawn: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of it."""

    proposal: int | None
    """None: one person was enough."""
    is_in_force: bool


@dataclass(frozen=True, slots=True)
class Matter(Generic[T]):
    """One kind of decision about one kind of thing."""

    kind: Kind
    noun: str
    """Of the thing: break, exception."""
    act: str
    """What is done to it: write off, adopt."""
    act_done: str
    """written off, adopted"""
    what: str
    """a write-off, an adoption"""
    command: str
    """Without the program's name: breaks write-off."""
    acts: Acts
    get: Callable[[Connection, int], T]
    """Return the thing while it may still be decided about; else raise."""
    glances: Callable[[Connection, Iterable[int]], Mapping[int, Glance]]
    """Return how things stand now, for who saw them before."""
    name: Callable[[int], str]
    takes: Callable[[Connection, Profile, T, datetime], Taken]
    body: Callable[[Connection, Profile, T], str]
    """What is signed; raises where it can't be done at all."""
    subject: Callable[[T], str]
    told: Callable[[T], dict[str, object]]
    keep: Callable[[Connection, T, int, str, str, datetime], None]
    """(thing, proposal, who, reason): note by which proposal it waits."""
    note: Callable[[Connection, T, str, str, datetime], object]
    """(thing, who, words): write into its history."""
    finish: Callable[[Store, Connection, Actor, T, str, Proposal | None, str, datetime], None]
    """(thing, reason, proposal, what was signed): do it."""

    def ask(
        self, store: Store, profile: Profile, actor: Actor, number: int, reason: str, signer: Signer | None,
        seen: Seen | None = None,
    ) -> Decided:  # fmt: skip
        """Do it; where it takes two persons, keep it for the second. `seen`: how it stood when the person decided."""
        people.require(actor.name, actor.roles, self.acts.proposed)
        reason = checked_reason(reason)
        now = store.clock.now()
        with store.transaction() as db:
            one = self.get(db, number)
            changed = overtaken(seen, self.glances(db, [number]), number) if seen else None
            if changed is not None:
                raise NotAllowedError(f"{self.noun} {number}: {changed}. Nothing was changed.")
            waiting = second_person.open_on(db, one.proposal_id)
            if waiting is not None:
                raise NotAllowedError(
                    f"{self.noun} {number} waits for a second person already (proposal {waiting.id} of {waiting.maker}). "
                    "Nothing was changed."
                )
            body = self.body(db, profile, one)
            taken = self.takes(db, profile, one, now)
            if taken.persons == "one":
                self.finish(store, db, actor, one, reason, None, body, now)
                # Where one person is enough, whoever may propose may do it.
                self._log(store, db, actor, self.acts.proposed, one, reason, None, taken)
                return Decided(None, is_in_force=True)
            found = second_person.propose(
                db, profile, actor, signer, kind=self.kind, what=self.what, name=self.name(number), body=body,
                reason=reason, now=now,
            )  # fmt: skip
            self.keep(db, one, found, actor.name, reason, now)
            self._log(store, db, actor, self.acts.proposed, one, reason, found, taken)
        return Decided(found, is_in_force=False)

    def approve(
        self, store: Store, profile: Profile, actor: Actor, number: int, signer: Signer, comment: str = ""
    ) -> Decided:
        """Approve another person's, signed with the checker's key; what would not stand later is refused here."""
        people.require(actor.name, actor.roles, self.acts.done)
        now = store.clock.now()
        with store.transaction() as db:
            one, found = self._waiting(db, number)
            body = self.body(db, profile, one)
            second_person.approve(
                db, profile, actor, signer, found, what=f"{self.noun} {number}", body=body, comment=comment, now=now,
                act=self.act,
            )  # fmt: skip
            self.finish(store, db, actor, one, found.reason, found, body, now)
            self._log(store, db, actor, self.acts.done, one, comment or found.reason, found.id)
        return Decided(found.id, is_in_force=True)

    def reject(self, store: Store, actor: Actor, number: int, reason: str) -> None:
        """Say no; the thing stays as it is, the proposal stays with what was said."""
        people.require(actor.name, actor.roles, self.acts.rejected)
        reason = checked_reason(reason)
        now = store.clock.now()
        with store.transaction() as db:
            one, found = self._waiting(db, number)
            proposals.decide(db, found.id, "rejected", by=actor.name, at_=now, decision=reason)
            self.note(db, one, actor.name, f"{self._short} rejected: {reason}", now)
            self._log(store, db, actor, self.acts.rejected, one, reason, found.id)

    def withdraw(self, store: Store, actor: Actor, number: int, reason: str) -> None:
        """Take one's own back before anybody decided; the proposal stays with the reason."""
        people.require(actor.name, actor.roles, self.acts.withdrawn)
        reason = checked_reason(reason)
        now = store.clock.now()
        with store.transaction() as db:
            one, found = self._waiting(db, number)
            second_person.withdraw(
                db, actor, found, what=f"{self.noun} {number}", command=self._line(number), reason=reason,
                now=now, noun=self._short,
            )  # fmt: skip
            self.note(db, one, actor.name, f"{self._short} withdrawn: {reason}", now)
            self._log(store, db, actor, self.acts.withdrawn, one, reason, found.id)

    @property
    def _short(self) -> str:
        return self.what.partition(" ")[2]

    def _line(self, number: int) -> str:
        """What is typed for it."""
        return f"finsync {self.command} {number}"

    def _waiting(self, db: Connection, number: int) -> tuple[T, Proposal]:
        one = self.get(db, number)
        found = second_person.waiting(db, one.proposal_id, self.kind)
        if found is None:
            raise NotAllowedError(
                f"{self.noun} {number} is not proposed to be {self.act_done}. Nothing was changed. "
                f"`{self._line(number)} --reason ...` does."
            )
        return one, found

    def _log(
        self, store: Store, db: Connection, actor: Actor, what: str, one: T, why: str, proposal: int | None,
        taken: Taken | None = None,
    ) -> None:  # fmt: skip
        by_rule = {"rule": taken.rule} if taken is not None and taken.rule is not None else {}
        note_action(
            store,
            db,
            actor,
            what,
            self.subject(one),
            why,
            {**self.told(one), "proposal": proposal, **by_rule},
        )
