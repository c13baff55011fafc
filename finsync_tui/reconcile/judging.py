"""What two sides of one key say: equal, different, doubled, missing. Pure.

A hash only raises a suspicion; here every field is compared within its tolerance, and what is left is a difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import combinations, product
from typing import Any

from finsync_tui.profile.reconciliation import FieldSetup, MatchRule, Reconciliation, Tolerance
from finsync_tui.reconcile.rows import Value, step_of
from store.breaks import FieldDifference, Kind
from store.canonical.currency import exponent
from store.canonical.money import plain
from store.columns import encode, from_json
from store.comparison import Row

SHOWN_MAX = 20
"""So many ids of doubled records are named."""
HUNDREDTHS = 2
"""Decimals of most currencies."""
SUMMANDS_MAX, PARTS_MAX = 12, 5
"""Among so many rows so many that add up to one are looked for: some thousand sums."""
CROWDED = 500
"""More candidates of one side than this are told apart by no rule."""

Linked = Callable[[FieldSetup, str, str, Row], bool]
"""(link, source's key, target's key, target's row): are both the same thing?"""


@dataclass(frozen=True, slots=True)
class Found:
    """One difference, before anybody asks why."""

    kind: Kind
    key: str
    source: Row | None
    target: Row | None
    fields: tuple[FieldDifference, ...] = ()
    amount_minor: int = 0
    """At risk."""
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rows of one key are: differences, and rows that no key pairs."""

    found: tuple[Found, ...] = ()
    unpaired: tuple[tuple[bool, Row], ...] = ()
    """(is the target's, row)"""


def judge(
    definition: Reconciliation, sources: Sequence[Row], targets: Sequence[Row], linked: Linked
) -> Judged:
    """Compare all rows of one key."""
    if len(sources) + len(targets) == 1:
        return Judged((), _unpaired(definition, sources, targets))
    is_same = sorted(row.row_hash for row in sources) == sorted(row.row_hash for row in targets)
    if is_same and (len(sources) == 1 or definition.doubles == "ignore"):
        return Judged()  # what both hold twice is not the same: it is there once too often, on both sides
    found: list[Found] = []
    evidence = _parts(definition, sources, targets)
    sources, targets = _doubled(definition, sources, targets, found)
    if sources and targets:
        source, target = sources[0], targets[0]
        if len(sources) > 1 or len(targets) > 1:
            some = sources if definition.doubles == "ignore" else sources[:1]
            source, target = min(
                product(some[:SHOWN_MAX], targets[:SHOWN_MAX]),
                key=lambda p: (len(differences(definition, p[0], p[1], linked)), p[1].external_id, p[1].part),
            )
        found += compare(definition, source, target, linked, evidence)
        return Judged(tuple(found))
    return Judged(tuple(found), _unpaired(definition, sources, targets))


def _unpaired(
    definition: Reconciliation, sources: Sequence[Row], targets: Sequence[Row]
) -> tuple[tuple[bool, Row], ...]:
    """Return the first row of the only side that has any, and whether it is the target's."""
    if not sources and not targets:
        return ()
    row, is_target = (sources[0], False) if sources else (targets[0], True)
    is_many = definition.many == ("target" if is_target else "source")
    if is_many and definition.source.amount and row.amount_minor == 0:
        return ()  # a record and what took it back: together they are nothing
    return ((is_target, row),)


def compare(
    definition: Reconciliation,
    source: Row,
    target: Row,
    linked: Linked,
    evidence: Mapping[str, Any] | None = None,
) -> list[Found]:
    """Return the difference of a pair, if there is one."""
    shown = differences(definition, source, target, linked)
    if not shown:
        return []
    kinds = {one.name: one.kind for one in definition.fields}
    is_lag = all(kinds[one.field] == "status" for one in shown)
    is_money = all(kinds[one.field] == "money" for one in shown)
    kind: Kind = "status_lag" if is_lag else "field"
    return [
        Found(
            kind,
            source.key,
            source,
            target,
            tuple(shown),
            _at_risk(source, target, is_money=is_money),
            evidence or {},
        )
    ]


def _at_risk(source: Row, target: Row, *, is_money: bool) -> int:
    """Return what may be lost: what the amounts differ by, or all of it where more than the amount is another one."""
    whole = max(abs(source.amount_minor), abs(target.amount_minor))
    if source.currency != target.currency:
        return abs(source.amount_minor)  # a break has one currency: the source's
    return (is_money and abs(source.amount_minor - target.amount_minor)) or whole


def missing(definition: Reconciliation, row: Row, *, is_target: bool) -> Found | None:
    """Return what one side lacks; None where it need not have it."""
    if not row.is_expected or definition.expects in ("target" if is_target else "source", "neither"):
        return None
    kind: Kind = "missing_in_source" if is_target else "missing_in_target"
    return Found(
        kind, row.key, None if is_target else row, row if is_target else None, (), abs(row.amount_minor)
    )


def differences(
    definition: Reconciliation, source: Row, target: Row, linked: Linked
) -> list[FieldDifference]:
    """Return the fields that differ beyond their tolerance, as both sides show them."""
    sides = zip(definition.fields, values_of(source), values_of(target), strict=True)
    same = source.currency == target.currency
    return [
        FieldDifference(one.name, shown(one, have, source.currency), shown(one, other, target.currency))
        for one, have, other in sides
        if (have != other or (one.kind == "money" and not same))
        and one.is_compared
        and not _agree(one, have, other, source, target, linked)
    ]


def values_of(row: Row) -> list[Value]:
    found: list[Value] = from_json(row.fields)
    return found


def shown(one: FieldSetup, value: Value, currency: str) -> str | None:
    """Return a value as people read it."""
    if isinstance(value, int) and one.kind == "money" and currency:
        return f"{plain_amount(value, currency)} {currency}"
    return None if value is None else str(value)


def plain_amount(minor: int, currency: str) -> str:
    """Return an amount with its decimals: differences are compared as texts, so without separators.

    >>> plain_amount(1234567, "EUR"), plain_amount(-5, "EUR"), plain_amount(5, "JPY")
    ('12345.67', '-0.05', '5')
    """
    places = exponent(currency)
    whole, rest = divmod(abs(minor), 10**places)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole}.{rest:0{places}d}" if places else f"{sign}{whole}"


@dataclass(frozen=True, slots=True)
class Paired:
    """What a rule makes of rows of equal value."""

    pairs: list[tuple[tuple[Row, ...], tuple[Row, ...]]] = field(default_factory=list)
    unsure: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """By row: the keys of those that it may be one of. Nobody could say of which."""


def pair(
    definition: Reconciliation, rule: MatchRule, sources: Sequence[Row], targets: Sequence[Row]
) -> Paired:
    """Pair rows of equal value by a rule, where each is the only one that fits the other."""
    if len(sources) > CROWDED or len(targets) > CROWDED:
        return Paired()
    if rule.many is not None:
        return Paired(_sums(definition, rule, sources, targets))
    fits: dict[int, list[int]] = {
        n: [m for m, target in enumerate(targets) if _fits(definition, rule, source, target)]
        for n, source in enumerate(sources)
    }
    wanted: dict[int, list[int]] = {}
    for n, options in fits.items():
        for m in options:
            wanted.setdefault(m, []).append(n)
    certain = {n: options[0] for n, options in fits.items() if len(options) == 1 == len(wanted[options[0]])}
    unsure = {
        sources[n].id: tuple(targets[m].key for m in options[:SHOWN_MAX])
        for n, options in fits.items()
        if options and n not in certain
    }
    unsure |= {
        targets[m].id: tuple(sources[n].key for n in some[:SHOWN_MAX])
        for m, some in wanted.items()
        if some[0] not in certain
    }
    return Paired([((sources[n],), (targets[m],)) for n, m in certain.items()], unsure)


def combined(definition: Reconciliation, rows: Sequence[Row]) -> Row:
    """Return several rows as one: amounts and numbers add up, everything else must be the same."""
    if len(rows) == 1:
        return rows[0]
    columns = zip(*(values_of(row) for row in rows), strict=True)
    added = [_added(one, column) for one, column in zip(definition.fields, columns, strict=True)]
    return rows[0]._replace(fields=encode(added).decode(), amount_minor=sum(row.amount_minor for row in rows))


def match_value(definition: Reconciliation, rule: MatchRule, row: Row) -> str | None:
    """Return what a rule asks to be equal; None: the row does not say all of it."""
    named = dict(zip((one.name for one in definition.fields), values_of(row), strict=True))
    chosen = [named[name] for name in rule.on]
    if any(value in (None, "") for value in chosen):
        return None
    return encode([rule.name, row.currency, chosen]).decode()


def within(tolerance: Tolerance, currency: str, by_minor: int) -> bool:
    """Say whether an amount is no larger than a tolerance allows."""
    allowed = tolerance.get(currency, tolerance.get("default", Decimal(0)))
    return abs(by_minor) <= allowed.scaleb(exponent(currency) if currency else 0)


def is_rounding(tolerance: Tolerance, currency: str, by_minor: int) -> bool:
    """Say whether rounding may explain an amount. `default` is said in hundredths: so many smallest units where a currency has
    more decimals, and one unit where it has none.

    >>> default = {"default": Decimal("0.05")}
    >>> [is_rounding(default, *one) for one in (("EUR", 5), ("EUR", 6), ("KRW", 1), ("KRW", 2), ("KWD", 5), ("KWD", 50))]
    [True, False, True, False, True, False]
    """
    if currency in tolerance or not currency or exponent(currency) == HUNDREDTHS:
        return within(tolerance, currency, by_minor)
    hundredths = tolerance.get("default", Decimal(0)).scaleb(HUNDREDTHS)
    return abs(by_minor) <= (hundredths if exponent(currency) else min(hundredths, Decimal(1)))


def _doubled(
    definition: Reconciliation, sources: Sequence[Row], targets: Sequence[Row], found: list[Found]
) -> tuple[Sequence[Row], Sequence[Row]]:
    """Note what is doubled; rows that may be several are put together instead."""
    if definition.many == "source" and sources:
        sources = [combined(definition, sources)]
    if definition.many == "target" and targets:
        targets = [combined(definition, targets)]
    if definition.doubles == "break" and (len(sources) > 1 or len(targets) > 1):
        risk = sum(abs(row.amount_minor) for row in (*sources[1:], *targets[1:]))
        ids = [", ".join(row.external_id for row in rows[:SHOWN_MAX]) or None for rows in (sources, targets)]
        evidence = {"source_count": len(sources), "target_count": len(targets)}
        first_source, first_target = (rows[0] if rows else None for rows in (sources, targets))
        key = (first_source or first_target or sources[0]).key
        shown_ids = (FieldDifference("records", ids[0], ids[1]),)
        found.append(Found("duplicate", key, first_source, first_target, shown_ids, risk, evidence))
    return sources, targets


def _parts(definition: Reconciliation, sources: Sequence[Row], targets: Sequence[Row]) -> dict[str, Any]:
    """Say what the target's side is put together from, and which part is there once more than the source bears."""
    if definition.many != "target" or len(targets) < 2 or not sources:
        return {}
    over = sum(row.amount_minor for row in targets) - sum(row.amount_minor for row in sources)
    shown_parts = [[row.number, plain_amount(row.amount_minor, row.currency)] for row in targets[:SHOWN_MAX]]
    told: dict[str, Any] = {"parts": shown_parts, "part_count": len(targets)}
    newest = sorted(targets, key=lambda row: (row.changed_at or "", row.external_id, row.part))
    repeated = [row.number for row in newest if over and row.amount_minor == over]
    return told | ({"once_too_often": repeated[-1]} if repeated else {})


def _agree(one: FieldSetup, have: Value, other: Value, source: Row, target: Row, linked: Linked) -> bool:
    if have is None or other is None:
        return have is other or one.is_optional
    if one.kind == "link":
        return have == other or linked(one, str(have), str(other), target)
    if one.kind not in ("money", "number"):
        return have == other
    if one.at_most and (source.currency != target.currency or _is_within(have, other)):
        return True  # nobody converts here: what was paid in another currency can't be held against it
    if one.kind == "money" and not (
        isinstance(have, int) and isinstance(other, int) and source.currency == target.currency
    ):
        return False if source.currency != target.currency else have == other
    if one.kind == "money" and not one.tolerance_percent:
        return abs(int(have) - int(other)) <= step_of(one, source.currency)
    a, b = Decimal(have), Decimal(other)
    return abs(a - b) <= max(step_of(one, source.currency), abs(a) * one.tolerance_percent / 100)


def _is_within(have: Value, other: Value) -> bool:
    """Say whether the other is between nothing and this one."""
    most, amount = Decimal(have or 0), Decimal(other or 0)
    return min(most, Decimal(0)) <= amount <= max(most, Decimal(0))


def _added(one: FieldSetup, column: Sequence[Value]) -> Value:
    said = [value for value in column if value is not None]
    if not said:
        return None
    if one.kind == "money" and all(isinstance(value, int) for value in said):
        return sum(value for value in said if isinstance(value, int))
    if one.kind == "number":
        return plain(sum((Decimal(value) for value in said), Decimal(0)))
    return ", ".join(sorted({str(value) for value in said})) if len(set(said)) > 1 else said[0]


def _fits(definition: Reconciliation, rule: MatchRule, source: Row, target: Row) -> bool:
    if rule.amount and not within(rule.tolerance, source.currency, source.amount_minor - target.amount_minor):
        return False
    return rule.days is None or _close(definition, rule, source, target)


def _close(definition: Reconciliation, rule: MatchRule, *rows: Row) -> bool:
    """Say whether the dates of these rows lie within the days of a rule."""
    place = next(n for n, one in enumerate(definition.fields) if one.name == rule.date)
    said = [str(values_of(row)[place] or "") for row in rows]
    if not all(said):
        return False
    days = [date.fromisoformat(one[:10]) for one in said]
    return (max(days) - min(days)).days <= (rule.days or 0)


def _sums(
    definition: Reconciliation, rule: MatchRule, sources: Sequence[Row], targets: Sequence[Row]
) -> list[tuple[tuple[Row, ...], tuple[Row, ...]]]:
    """Pair one row with several that add up to it: all of them, else the only ones among them that do.

    What adds up in more than one way, or is wanted by two, is left alone: nobody could say which it is.
    """
    many, few = (sources, targets) if rule.many == "source" else (targets, sources)
    if len(few) == 1 and len(many) > 1 and _adds_up(definition, rule, few[0], many):
        return [(tuple(sources), tuple(targets))]
    many = [row for row in many if row.amount_minor]
    if len(many) > SUMMANDS_MAX or len(few) > SUMMANDS_MAX:
        return []
    fits = [
        [
            parts
            for count in range(1, PARTS_MAX + 1)
            for parts in combinations(many, count)
            if _adds_up(definition, rule, one, parts)
        ]
        for one in few
    ]
    wanted = Counter(part.id for some in fits for part in {row for parts in some for row in parts})
    found = [
        ((one,), some[0])
        for one, some in zip(few, fits, strict=True)
        if len(some) == 1 and len(some[0]) > 1 and all(wanted[part.id] == 1 for part in some[0])
    ]
    return [(parts, one) if rule.many == "source" else (one, parts) for one, parts in found]


def _adds_up(definition: Reconciliation, rule: MatchRule, one: Row, parts: Sequence[Row]) -> bool:
    by = sum(row.amount_minor for row in parts) - one.amount_minor
    return within(rule.tolerance, one.currency, by) and (
        rule.days is None or _close(definition, rule, *parts, one)
    )
