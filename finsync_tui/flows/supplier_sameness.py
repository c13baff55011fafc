"""Whether those whom the profile asks have agreed that two suppliers are one: what was signed, and what stands in the file.

A word that two suppliers are one lets documents be paid to the other, as a merge does. So it takes as many persons as merging them,
and the engine checks their signatures each time it goes by such a word.

That two are different is one person's word, signed by them. Unsigned it still keeps the two apart, but lets nobody create the one
beside the other: somebody is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from sqlite3 import Connection
from typing import Final

from finsync_tui.flows.steps import Context
from finsync_tui.mapping.standing import maker_refusal, refusal
from finsync_tui.profile import Profile
from finsync_tui.suppliers import merging, persons
from store import proposals, supplier_answers, supplier_merges
from store.columns import encode, from_json
from store.proposals import Proposal
from store.supplier_answers import ordered

KIND: Final = "supplier_same"
DIFFERENT: Final = "supplier_different"


def name_of(one: str, other: str) -> str:
    return supplier_answers.PROPOSED + "|".join(ordered(one, other))


def body_of(one: str, other: str) -> str:
    """Return what both persons sign."""
    first, second = ordered(one, other)
    return encode({"one": first, "other": second, "said": "same"}).decode()


def different_name(one: str, other: str) -> str:
    return "supplier-different:" + "|".join(ordered(one, other))


def different_body(one: str, other: str) -> str:
    """Return what whoever says that two are different signs."""
    first, second = ordered(one, other)
    return encode({"one": first, "other": second, "said": "different"}).decode()


def is_different(db: Connection, profile: Profile, one: str, other: str) -> bool:
    """Say whether the word that two are different, which stands in the file, is signed where the profile asks for that."""
    if profile.supplier_merge_rule == "one":
        return True
    number = supplier_answers.agreed_by(db, one, other, "different")
    found = proposals.get(db, number) if number is not None else None
    return (
        found is not None
        and (found.kind, found.state, found.body) == (DIFFERENT, "approved", different_body(one, other))
        and maker_refusal(profile, proposals.store_id(db), found) is None
    )


def waiting(db: Connection, one: str, other: str) -> Proposal | None:
    """Return the word of one person that waits for a second; None: there is none."""
    found = proposals.listed(db, state="open", name=name_of(one, other), kind=KIND)
    return found[-1] if found else None


def problem(db: Connection, profile: Profile, one: str, other: str) -> str | None:
    """Say why the word that two are one does not count as it stands in the file; None: it does, or one person is enough."""
    if persons.to_join(db, profile, [(one, other)]) == "one":
        return None
    number = supplier_answers.agreed_by(db, one, other)
    found = proposals.get(db, number) if number is not None else None
    if found is None or found.state != "approved":
        return "nobody else approved it"
    if not _says(found, one, other):
        return "what was approved is about others"
    return refusal(profile, proposals.store_id(db), found)


def doubted(profile: Profile) -> Callable[[Connection, str, str], str | None]:
    """Return the same for whoever has no instance at hand: golden records, for example."""

    def of_pair(db: Connection, one: str, other: str) -> str | None:
        return problem(db, profile, one, other)

    return of_pair


def doubt(context: Context) -> Callable[[str, str], str | None]:
    """Return what says why a person's word does not count."""
    return partial(problem, context.db, context.facts.profile)


def _says(found: Proposal, one: str, other: str) -> bool:
    if found.kind == supplier_merges.ENTITY:
        return ordered(one, other) in {ordered(*pair) for pair in merging.pairs(from_json(found.body))}
    return found.kind == KIND and found.body == body_of(one, other)
