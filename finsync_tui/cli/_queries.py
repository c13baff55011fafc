"""What lists and `status` read, from the store's public views."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import TYPE_CHECKING, Any

from finsync_tui import veil
from finsync_tui.cli._errors import UsageError

if TYPE_CHECKING:
    import sqlite3

Row = dict[str, Any]
"""One row of a view as JSON prints it: amounts as decimal text beside their currency."""

_JSON_COLUMNS = ("evidence", "fields", "detail", "data", "receipt")


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows that are shown and how many there are."""

    rows: list[Row]
    total: int


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which exceptions are meant."""

    classes: Sequence[str] = ()
    state: str = "live"
    owner: str | None = None
    system: str | None = None
    min_amount: str | None = None
    role: str | None = None


def row_of(row: sqlite3.Row | Mapping[str, Any], *, shows_people: bool = False) -> Row:
    """Return a view's row with its amount as decimal text and its JSON columns read, people hidden in these."""
    found: Row = dict(row)
    if "amount_minor" in found:
        minor, currency = found.pop("amount_minor"), found.pop("currency")
        found |= {"amount": amount(minor, currency), "currency": currency}
        if "decided_amount_minor" in found:
            found["decided_amount"] = amount(found.pop("decided_amount_minor"), currency)
    for name in _JSON_COLUMNS:
        if isinstance(found.get(name), str):
            read = json.loads(found[name])
            found[name] = read if shows_people else veil.of_value(read)
    for name, value in found.items():
        if name.startswith("is_") and isinstance(value, int):
            found[name] = bool(value)  # SQLite has no truth values of its own
    return found


def amount(minor: int | None, currency: str | None) -> str | None:
    """Return an amount of minor units as decimal text."""
    if minor is None or currency is None:
        return None
    from store.canonical.currency import exponent

    return f"{Decimal(minor).scaleb(-exponent(currency)):f}"


def money(row: Row) -> str | None:
    """Return a listed row's amount as people read it."""
    return f"{Decimal(row['amount']):,f} {row['currency']}" if row.get("amount") is not None else None


def cases(db: sqlite3.Connection, wanted: CaseFilter, limit: int | None = None) -> Listing:
    """Return the exceptions that are meant, the most urgent first."""
    _known_classes(db, wanted.classes)
    where, values = _case_conditions(wanted)
    floor = _decimal(wanted.min_amount) if wanted.min_amount is not None else None
    found = (
        row_of(row)
        for row in db.execute(
            f"SELECT * FROM v_exception WHERE {where} ORDER BY due_at IS NULL, due_at, id",  # noqa: S608
            values,
        )
    )
    if floor is not None:
        found = (row for row in found if row["amount"] is not None and abs(Decimal(row["amount"])) >= floor)
    return _limited(found, limit)


def _known_classes(db: sqlite3.Connection, classes: Sequence[str]) -> None:
    """Refuse a class that there is not: an empty list would say that nothing of it is stuck."""
    from store.case_classes import CASE_CLASSES
    from store.wording import nearest

    asked = {name.upper() for name in classes} - CASE_CLASSES
    if not asked:
        return
    own = {
        row[0] for row in db.execute("SELECT DISTINCT class FROM v_exception")
    }  # a connection may name its own
    for name in sorted(asked - own):
        near = nearest(name, CASE_CLASSES | own)
        raise UsageError(f"there is no exception class {name!r}. Nothing was done; {near}")


def _case_conditions(wanted: CaseFilter) -> tuple[str, list[str]]:
    parts, values = ["1"], list[str]()
    if wanted.state == "live":
        parts.append("ended_at IS NULL")
    elif wanted.state == "waiting":
        parts.append("write_off_maker IS NOT NULL")
    elif wanted.state == "written_off":
        parts.append("is_written_off = 1")
    elif wanted.state != "all":
        parts.append("state = ?")
        values.append(wanted.state)
    if wanted.classes:
        parts.append(f"class IN ({', '.join('?' * len(wanted.classes))})")
        values += [name.upper() for name in wanted.classes]
    for column, value in (("owner", wanted.owner), ("system", wanted.system), ("owner_role", wanted.role)):
        if value is not None:
            parts.append(f"{column} = ?")
            values.append(value)
    return " AND ".join(parts), values


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise UsageError(f"{text!r} is not an amount. Write it like 1000 or 1000.50.") from None
    if not value.is_finite():
        raise UsageError(f"{text!r} is not an amount. Write it like 1000 or 1000.50.")
    return value


def listed(
    db: sqlite3.Connection,
    view: str,
    conditions: Mapping[str, str | None],
    order: str,
    limit: int | None,
    *,
    also: str = "1",
) -> Listing:
    """Return rows of a view whose columns have the values that are given; None: any. `also`: one more condition."""
    given = {column: value for column, value in conditions.items() if value is not None}
    where = " AND ".join([also, *(f"{column} = ?" for column in given)])
    # View, columns and order are this program's own words, values are bound.
    query = f"SELECT * FROM {view} WHERE {where} ORDER BY {order}"  # noqa: S608
    return _limited((row_of(row) for row in db.execute(query, list(given.values()))), limit)


def _limited(rows: Iterator[Row], limit: int | None) -> Listing:
    shown = list(islice(rows, limit))
    return Listing(shown, len(shown) + sum(1 for _ in rows))


def one(db: sqlite3.Connection, view: str, identifier: int, *, shows_people: bool = False) -> Row | None:
    """Return the view's row with that id."""
    found = db.execute(f"SELECT * FROM {view} WHERE id = ?", (identifier,)).fetchone()  # noqa: S608
    return row_of(found, shows_people=shows_people) if found else None


def rows(db: sqlite3.Connection, query: str, *values: object) -> list[Row]:
    return [row_of(row) for row in db.execute(query, values)]
