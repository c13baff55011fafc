"""Which record's value of each field is the supplier's. Pure.

The system that owns a field wins when it has a value; else the field's rule picks among those that have one: the most
trusted system, the newest, the most complete. What is equal by the rule is decided by the others, so that the same
records always give the same supplier.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from finsync_tui.profile.suppliers import GOLDEN_FIELDS, Rule, SupplierPolicy
from store.canonical.keys import RecordKey
from store.golden_suppliers import Newest

ONLY_VALUE: Final = "only value"
_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})


class Candidate(NamedTuple):
    """One record's value of one field."""

    key: str
    version: int
    value: Any
    is_active: bool
    trust: int
    """Smaller is more trusted."""
    changed_at: str
    filled: int
    """How much of it is there."""


def survive(
    members: Sequence[Newest],
    accounts: Mapping[str, Sequence[Mapping[str, Any]]],
    policy: SupplierPolicy,
    ownership: Mapping[str, str],
) -> dict[str, dict[str, Any]]:
    """Return the fields of the one supplier: value, the record it is from and its version, and the rule that said so."""
    found: dict[str, dict[str, Any]] = {}
    if len(members) == 1:  # most are: nothing to rank
        (only,) = members
        values = {field: _value(field, only, accounts) for field in GOLDEN_FIELDS}
        return {
            field: {"value": value, "from": only.key, "version": only.version, "rule": ONLY_VALUE}
            for field, value in values.items()
            if value not in _NOTHING
        }
    for field in GOLDEN_FIELDS:
        ranked, rule = ranking(field, members, accounts, policy, ownership)
        if ranked:
            first = ranked[0]
            found[field] = {"value": first.value, "from": first.key, "version": first.version, "rule": rule}
    return found


def ranking(
    field: str,
    members: Sequence[Newest],
    accounts: Mapping[str, Sequence[Mapping[str, Any]]],
    policy: SupplierPolicy,
    ownership: Mapping[str, str],
) -> tuple[list[Candidate], str]:
    """Return all that have a value for a field, the one that counts first, and by which rule it does."""
    systems = {one.key: RecordKey.parse(one.key).system for one in members}
    trusted = trust_order(policy, ownership, list(systems.values()))
    have = [
        Candidate(
            one.key, one.version, value, one.body.get("status") == "active", trusted[systems[one.key]], one.changed_at,
            _filled(value),
        )
        for one in members
        if (value := _value(field, one, accounts)) not in _NOTHING
    ]  # fmt: skip
    owner = ownership.get(f"supplier.{field}") or ownership.get("supplier")
    rule = policy.survivorship.get(field, policy.rule)
    owned = [one for one in have if systems[one.key] == owner]
    rest = [one for one in have if systems[one.key] != owner]
    ranked = [*sorted(owned, key=_ORDER[rule]), *sorted(rest, key=_ORDER[rule])]
    if len(ranked) < 2:
        return ranked, ONLY_VALUE
    return ranked, f"owner {owner}" if owned else rule


def trust_order(
    policy: SupplierPolicy, ownership: Mapping[str, str], systems: Sequence[str]
) -> dict[str, int]:
    """Return how far down each system is trusted: as the profile lists them, then its masters and ERPs, then the rest."""
    created_in = [one for several in policy.create_by_country.values() for one in several]
    named = dict.fromkeys(
        [*policy.trust, *filter(None, [ownership.get("supplier")]), *policy.create_in, *created_in]
    )
    return {name: place for place, name in enumerate(dict.fromkeys([*named, *sorted(set(systems))]))}


def _value(field: str, one: Newest, accounts: Mapping[str, Sequence[Mapping[str, Any]]]) -> Any:
    body = one.body
    if field == "bank_accounts":
        return [dict(account) for account in accounts.get(one.key, ())]
    if field == "parent":
        parent = body.get("parent_id")
        return f"{RecordKey.parse(one.key).system}:{parent}" if parent else None
    if field == "address":
        return {name: part for name, part in (body.get("address") or {}).items() if part}
    if field == "country":
        return body.get("country") or (body.get("address") or {}).get("country")
    return body.get(field)


def _filled(value: Any) -> int:
    if isinstance(value, Mapping):
        return sum(1 for part in value.values() if part)
    return len(value) if isinstance(value, list) else 1


class _Last(str):
    """Text that sorts the other way round: the newest instant first."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)


_ORDER: Final[Mapping[Rule, Callable[[Candidate], Any]]] = {
    "most_trusted": lambda one: (not one.is_active, one.trust, -one.filled, _Last(one.changed_at), one.key),
    "newest": lambda one: (_Last(one.changed_at), one.trust, -one.filled, one.key),
    "most_complete": lambda one: (-one.filled, not one.is_active, one.trust, _Last(one.changed_at), one.key),
}
