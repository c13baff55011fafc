"""What exceptions wait for together: 412 documents may wait for one rule of one mapping table.

A cause is the class and the one thing that its evidence names: a rule that is missing (table, value and scope), else a cost
centre, an account, a supplier or an employee, else a period of a company, else an order; without any of them the system where
it showed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from store.clock import instant, text

LIVE = "ended_at IS NULL"
RULE_CLASSES = ("MAPPING_MISSING", "ACCOUNT_MISSING")
"""Classes of exceptions that wait for a rule of a mapping table, where their evidence names the table."""
WAITS_FOR_RULE = f"class IN {RULE_CLASSES} AND evidence->>'table' IS NOT NULL"
THINGS = ("cost_centre", "account", "supplier", "employee")
"""What evidence may name, the first of them that it does."""
NAMES = ("table", "value", "scope", *THINGS, "period", "entity", "order", "system")

_TABLE = "json_extract(evidence, '$.table')"
_PERIOD = "json_extract(evidence, '$.period')"
_ORDER = "json_extract(evidence, '$.order')"
_THINGS = [f"json_extract(evidence, '$.{name}')" for name in THINGS]


def _without(thing: str, *before: str) -> str:
    """Return what is taken where the evidence names none of those before it."""
    return f"CASE WHEN coalesce({', '.join(before)}, NULL) IS NULL THEN {thing} END"


_PARTS = (
    _TABLE,
    f"CASE WHEN {_TABLE} IS NOT NULL THEN json_extract(evidence, '$.value') END",
    f"CASE WHEN {_TABLE} IS NOT NULL THEN json_extract(evidence, '$.scope') END",
    *(_without(thing, _TABLE, *_THINGS[:place]) for place, thing in enumerate(_THINGS)),
    _without(_PERIOD, _TABLE, *_THINGS),
    f"CASE WHEN {_PERIOD} IS NOT NULL AND coalesce({_TABLE}, {', '.join(_THINGS)}) IS NULL THEN legal_entity END",
    _without(_ORDER, _TABLE, *_THINGS, _PERIOD),
    _without("system", _TABLE, *_THINGS, _PERIOD, _ORDER),
)


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that many documents wait for."""

    class_: str
    parts: tuple[tuple[str, str], ...]
    """What tells it from others of its class: names of `NAMES` with their values."""
    count: int
    overdue_count: int
    oldest_at: datetime
    amounts: Mapping[str, int]
    """Money at stake in minor units, by currency."""
    example: str
    """One document's cause in words, and what to do about it."""
    fix: str


def waiting(
    db: sqlite3.Connection, now: datetime, *, where: str = LIVE, params: Sequence[str | int] = ()
) -> list[Cause]:
    """Return the causes of the exceptions that `where` (a condition on `v_exception`) selects, the widest first."""
    columns = ", ".join(f"{part} AS part_{place}" for place, part in enumerate(_PARTS))
    names = ", ".join(f"part_{place}" for place in range(len(_PARTS)))
    rows = db.execute(
        f"SELECT class, {names}, currency, count(*), coalesce(sum(due_at <= ?), 0), min(opened_at), sum(amount_minor),"
        f" min(cause), min(fix) FROM (SELECT *, {columns} FROM v_exception WHERE {where})"
        f" GROUP BY class, {names}, currency",
        (text(now), *params),
    ).fetchall()
    found: dict[tuple[object, ...], Cause] = {}
    for class_, *rest in rows:
        values, (currency, count, overdue, oldest, minor, example, fix) = (
            rest[: len(NAMES)],
            rest[len(NAMES) :],
        )
        parts = tuple((name, str(v)) for name, v in zip(NAMES, values, strict=True) if v is not None)
        amounts = {currency: minor} if currency is not None and minor is not None else {}
        cause = Cause(class_, parts, count, overdue, instant(oldest), amounts, example, fix)
        known = found.get((class_, parts))
        found[class_, parts] = cause if known is None else _joined(known, cause)
    return sorted(found.values(), key=lambda cause: (-cause.count, cause.class_, cause.parts))


def of_evidence(
    evidence: Mapping[str, object], system: str, legal_entity: str | None = None
) -> tuple[tuple[str, str], ...]:
    """Return the parts of one exception's cause, as `waiting` has them."""
    names: tuple[str, ...]
    if evidence.get("table") is not None:
        names = ("table", "value", "scope")
    else:
        names = next(((name,) for name in (*THINGS, "period", "order") if evidence.get(name) is not None), ())
    parts = tuple((name, str(evidence[name])) for name in names if evidence.get(name) is not None)
    if names == ("period",) and legal_entity is not None:
        return (*parts, ("entity", legal_entity))
    return parts or (("system", system),)


def _joined(one: Cause, other: Cause) -> Cause:
    return replace(
        one,
        count=one.count + other.count,
        overdue_count=one.overdue_count + other.overdue_count,
        oldest_at=min(one.oldest_at, other.oldest_at),
        amounts={**one.amounts, **other.amounts},
    )
