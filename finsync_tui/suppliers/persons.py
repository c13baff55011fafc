"""How many persons it takes to say that suppliers are one: looked up in the store, never in what is to be agreed on.

Whatever makes two suppliers one - a merge, or a person's word - may let documents of the one be paid to accounts of the other.
Then it takes as many persons as changed bank details do.
"""

from __future__ import annotations

from collections.abc import Iterable
from sqlite3 import Connection

from finsync_tui.profile import Profile
from finsync_tui.suppliers import accounts
from store.proposals import Rule


def to_join(db: Connection, profile: Profile, pairs: Iterable[tuple[str, str]]) -> Rule:
    """Return how many persons it takes that the two of each pair are one, as the store holds their accounts now."""
    if profile.supplier_merge_rule == "two" or profile.bank_change_rule == "one":
        return profile.supplier_merge_rule
    is_moving = any(accounts.paid_to(db, one) != accounts.paid_to(db, other) for one, other in sorted(pairs))
    return "two" if is_moving else "one"


def at_most(profile: Profile) -> Rule:
    """Return how many persons it can take, whichever suppliers they are."""
    return "two" if "two" in (profile.supplier_merge_rule, profile.bank_change_rule) else "one"
