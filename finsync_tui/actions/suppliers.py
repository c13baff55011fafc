"""What people say about suppliers: that two are one, or that they are not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from finsync_tui import people
from finsync_tui.actions import second_person
from finsync_tui.actions.account_words import refuse_account_number
from finsync_tui.actions.acting import checked_reason, in_own_words
from finsync_tui.actor import Actor
from finsync_tui.flows import supplier_sameness as sameness
from finsync_tui.people import Signer
from finsync_tui.profile import Profile
from finsync_tui.suppliers import accounts, persons
from store import Store, audit, crossrefs, proposals, records, supplier_answers, workflows
from store.canonical.keys import RecordKey
from store.canonical.supplier import Supplier
from store.errors import NotAllowedError, NotFoundError
from store.proposals import Proposal
from store.supplier_answers import Answer

HINT = "`finsync supplier list` shows them by their keys, e.g. coupa:88."


@dataclass(frozen=True, slots=True)
class Said:
    """Of how many pairs a word counts now, and of how many it waits for a second person."""

    kept: int
    proposed: int


def answer_suppliers(
    store: Store,
    profile: Profile,
    actor: Actor,
    pairs: Sequence[tuple[str, str]],
    said: Answer,
    reason: str,
    signer: Signer | None = None,
    check: Callable[[Connection], None] | None = None,
) -> Said:
    """Keep for each pair of record keys that they are one supplier, or are not: all in one transaction, or none.

    That two are one takes as many persons as merging them: the first one's word waits until another says the same, both sign it.
    That they are not is anybody's word, signed where merges are, and ends one that waits and a link between them. An answer of yesterday may be given anew; both stay, the
    newer counts. Nothing changes in any system. `check` raises when the pairs stand otherwise than the person saw them.
    """
    people.require(actor.name, actor.roles, f"supplier.found_{said}")
    why, now, proposed = checked_reason(reason), store.clock.now(), 0
    with store.transaction() as db:
        if check is not None:
            check(db)
        for one, other in pairs:
            _check_pair(db, one, other, said)
            refuse_account_number(why, accounts.shown(db, one, other))
            open_ = sameness.waiting(db, one, other)
            if said == "different":
                _end(db, open_, actor, why, now)
                _end_links(db, actor, one, other, why, now)
                _keep(
                    db,
                    actor,
                    one,
                    other,
                    said,
                    why,
                    now,
                    _part(db, profile, actor, signer, one, other, why, now),
                )
            elif persons.to_join(db, profile, [(one, other)]) == "one":
                _keep(db, actor, one, other, said, why, now, None)
            elif open_ is None:
                _propose(db, profile, actor, signer, one, other, why, now)
                proposed += 1
            else:
                _agree(db, profile, actor, signer, one, other, open_, why, now)
    return Said(len(pairs) - proposed, proposed)


def _check_pair(db: Connection, one: str, other: str, said: Answer) -> None:
    if one == other:
        raise NotAllowedError(f"{one} is one supplier already. Name two different ones; nothing was kept.")
    kinds = set[str]()
    for key in (one, other):
        system, _, external_id = key.partition(":")
        held = records.get(db, Supplier, system, external_id)
        if held is None:
            raise NotFoundError("supplier", key, HINT)
        kinds.add(held.record.kind)
    if said == "same" and "one_time" in kinds:
        raise NotAllowedError(
            f"one of {one} and {other} is a one-time supplier: many stand under one name on purpose. Nothing was kept."
        )
    if said == "same" and len(kinds) > 1:
        raise NotAllowedError(
            f"one of {one} and {other} is an employee, the other is not: they are paid apart. Nothing was kept."
        )


def _part(
    db: Connection, profile: Profile, actor: Actor, signer: Signer | None, one: str, other: str, why: str, now: datetime
) -> int:  # fmt: skip
    return second_person.alone(
        db, profile, actor, signer, kind=sameness.DIFFERENT, what="a word that two suppliers are different",
        name=sameness.different_name(one, other), body=sameness.different_body(one, other), reason=why,
        rule=profile.supplier_merge_rule, now=now,
    )  # fmt: skip


def _propose(
    db: Connection, profile: Profile, actor: Actor, signer: Signer | None, one: str, other: str, why: str, now: datetime
) -> None:  # fmt: skip
    number = second_person.propose(
        db, profile, actor, signer, kind="supplier_same", what="a word that two suppliers are one",
        name=sameness.name_of(one, other), body=sameness.body_of(one, other), reason=why, now=now,
    )  # fmt: skip
    _note(db, actor, "supplier.same_proposed", one, other, why, now, number)


def _agree(
    db: Connection, profile: Profile, actor: Actor, signer: Signer | None, one: str, other: str, found: Proposal, why: str,
    now: datetime,
) -> None:  # fmt: skip
    """A second person says the same: both have signed it, and it counts."""
    if found.maker == actor.name:
        raise NotAllowedError(
            f"{actor.name} has said that already of {one} and {other}; a second person says it too. Nothing was kept."
        )
    people.require(actor.name, actor.roles, "supplier.same_approved")
    if signer is None:
        raise people.KeyMissingError(actor.name, "agreeing is signed", "Run `finsync people key` first.")
    second_person.approve(
        db, profile, actor, signer, found, what=f"{one} and {other}", body=sameness.body_of(one, other), comment=why,
        now=now, act="call one",
    )  # fmt: skip
    _keep(db, actor, one, other, "same", found.reason, now, found.id, by=found.maker)


def _end(db: Connection, open_: Proposal | None, actor: Actor, why: str, now: datetime) -> None:
    """Who says that they are different says no to a word that waits, or takes their own back."""
    if open_ is not None:
        state: proposals.State = "withdrawn" if open_.maker == actor.name else "rejected"
        proposals.decide(db, open_.id, state, by=actor.name, at_=now, decision=why)


def _end_links(db: Connection, actor: Actor, one: str, other: str, why: str, now: datetime) -> None:
    """Two that are different are not linked: documents of the one wait until it is known which supplier they go to."""
    for key, target in ((one, other), (other, one)):
        system, external_id = RecordKey.parse(target)
        link = crossrefs.get(db, Supplier.entity, key, system)
        if link is None or link.external_id != external_id:
            _refuse_both(db, key, target)
            continue
        if link.why in _NOT_ENDED:
            raise NotAllowedError(f"{key} is {target} by a link: {_NOT_ENDED[link.why]} Nothing was kept.")
        under_way = [w for w in workflows.of_document(db, key, Supplier.entity) if w.ended_at is None]
        if under_way:
            raise NotAllowedError(
                f"{key} is linked with {target}, and process {under_way[0].id} works with that link. Nothing was kept. Let it "
                f"end, or end it with `finsync workflow abort {under_way[0].id} --reason TEXT`; then say it again."
            )
        crossrefs.unlink(db, Supplier.entity, key, system)
        _note(db, actor, "supplier.link_ended", key, target, why, now, None)


def _refuse_both(db: Connection, one: str, other: str) -> None:
    """Two that one record stands for are one: first somebody says which of them that record is not."""
    theirs = {(link.system, link.external_id) for link in crossrefs.of(db, Supplier.entity, other)}
    for link in crossrefs.of(db, Supplier.entity, one):
        if (link.system, link.external_id) in theirs:
            both = f"{link.system}:{link.external_id}"
            raise NotAllowedError(
                f"{one} and {other} are both {both} by a link. Nothing was kept. Say first which of them it is not: "
                f"`finsync supplier different {other} {both}`."
            )


_NOT_ENDED: Final = {
    "created": "finsync made it there for it, so it is no other supplier.",
    "merged": "undo the merge first (`finsync supplier merges` shows it).",
}
"""Links that a word alone does not end."""


def _keep(
    db: Connection, actor: Actor, one: str, other: str, said: Answer, why: str, now: datetime, proposal: int | None,
    by: str | None = None,
) -> None:  # fmt: skip
    supplier_answers.answer(
        db, one, other, said, by=by or actor.name, at=now, reason=why, proposal_id=proposal
    )
    _note(db, actor, f"supplier.found_{said}", one, other, why, now, proposal)


def _note(
    db: Connection, actor: Actor, what: str, one: str, other: str, why: str, now: datetime, proposal: int | None
) -> None:  # fmt: skip
    first, second = supplier_answers.ordered(one, other)
    after: dict[str, object] = {"other": second}
    if proposal is not None:
        after["proposal"] = proposal
    entry = audit.Entry(
        who=actor.name,
        what=what,
        subject=first,
        source=actor.source,
        after=after,
        protected=in_own_words(why),
    )
    audit.record(db, [entry], now)
