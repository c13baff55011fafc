"""The rules of one table as a list that can be filtered and sorted like any other, with a person's draft beside it.

The rules are not in the store as rows, so the filter's condition runs over them as JSON: the same words, the same grammar.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, Literal

from finsync_tui.mapping import MappingRow
from finsync_tui.screens import queries
from finsync_tui.screens.filters import Field, Grammar, Parsed
from finsync_tui.screens.mapping_drawing import source_words, target_words, validity
from finsync_tui.screens.queries import Listing, Sort
from finsync_tui.screens.text import safe_text
from store.clock import text as instant_text

if TYPE_CHECKING:
    from sqlite3 import Connection, Row

State = Literal["now", "later", "ended"]
Change = Literal["", "+", "−"]
STATES: Final = ("now", "later", "ended")


@dataclass(frozen=True, slots=True)
class Origin:
    """Who put a rule where it is, and when."""

    version: int
    since: datetime | None
    maker: str
    """Empty: the profile's own table."""
    checker: str


UNKNOWN: Final = Origin(0, None, "", "")


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule as the list shows it."""

    id: int
    rule: MappingRow
    change: Change
    """What the draft does to it."""
    state: State
    origin: Origin
    target_name: str
    """What the ERP calls the target; empty: it is not known there, or has no name."""
    is_known: bool
    """Whether the ERP knows the target, as far as it was read; True where nothing was read."""
    document_key: str = ""
    amount_minor: int | None = None
    currency: str | None = None

    @property
    def number(self) -> str:
        return f"{source_words(self.rule, 60)} → {target_words(self.rule)}"


def state_of(rule: MappingRow, today: date) -> State:
    """Return whether a rule holds today."""
    if rule.valid_from is not None and today < rule.valid_from:
        return "later"
    return "ended" if rule.valid_to is not None and rule.valid_to < today else "now"


def together(
    rows: Sequence[MappingRow], draft: Sequence[MappingRow]
) -> Iterator[tuple[MappingRow, Change, int | None]]:
    """Yield each rule in force and each of the draft once, in the draft's order, with its place among those in force.

    >>> a, b, c = (MappingRow(source=name, target="1") for name in "abc")
    >>> [(one.source, change) for one, change, _ in together([a, b], [a, c])]
    [('a', ''), ('c', '+'), ('b', '−')]
    """
    left = Counter(draft)
    kept: list[tuple[MappingRow, int, bool]] = []
    for place, row in enumerate(rows):
        stays = left[row] > 0
        left[row] -= stays
        kept.append((row, place, stays))
    waiting = iter(kept)
    stay = Counter(row for row, _, stays in kept if stays)
    for row in draft:
        if not stay[row]:
            yield row, "+", None
            continue
        stay[row] -= 1
        for known, place, stays in waiting:
            yield known, "" if stays else "−", place
            if stays:
                break
    yield from ((known, "" if stays else "−", place) for known, place, stays in waiting)


def found(
    db: Connection, rows: Mapping[int, RuleRow], parsed: Parsed, sort: Sort, *, is_reversed: bool
) -> array[int]:
    """Return the ids of the rules that a filter finds, in order."""
    packed = json.dumps([_packed(row) for row in rows.values()])
    with_rules = replace(parsed, params=(packed, *parsed.params))
    return queries.ids(db, RULES, with_rules, sort, is_reversed=is_reversed)


def _packed(row: RuleRow) -> list[str | int | None]:
    rule, origin = row.rule, row.origin
    return [
        row.id,
        safe_text(rule.source, 200),
        safe_text(rule.target, 200),
        row.target_name,
        safe_text(rule.scope, 60),
        rule.priority,
        rule.valid_from.isoformat() if rule.valid_from else None,
        rule.valid_to.isoformat() if rule.valid_to else None,
        row.state,
        origin.version,
        instant_text(origin.since) if origin.since else None,
        origin.maker or "profile",
        origin.checker,
        row.change,
        int(row.is_known),
        validity(rule),
    ]


_COLUMNS = (
    "id", "source", "target", "name", "scope", "priority", "valid_from", "valid_to", "state", "version", "since", "maker",
    "checker", "change", "is_known", "validity",
)  # fmt: skip
_FIELDS = ", ".join(f"value->>{place} AS {name}" for place, name in enumerate(_COLUMNS))
_VIEW = f"(SELECT {_FIELDS} FROM json_each(?))"  # noqa: S608 put together from constants


def _no_row(row: Row) -> RuleRow:
    raise NotImplementedError("rules are made from the table in force, not from the store's rows")


RULES: Listing[RuleRow] = Listing(
    name="rules",
    view=_VIEW,
    select="",
    make=_no_row,
    grammar=Grammar(
        fields=(
            Field("from", "source"),
            Field("to", "target"),
            Field("for", "scope"),
            Field("scope", "scope"),
            Field("priority", "priority", "number"),
            Field("state", "state", values=STATES),
            Field("by", "maker"),
            Field("checked", "checker"),
            Field("version", "version", "number"),
            Field("age", "since", "instant", is_age=True),
        ),
        words=("source", "target", "name"),
        flags=(
            ("changed", "change <> ''"),
            ("dated", "validity <> 'always'"),
            ("unknown", "is_known = 0"),
            ("wild", "source LIKE '%*%'"),
        ),
        document="''",
    ),
    sorts=(
        Sort("place", "place in the table", "id"),
        Sort("from", "from", "source"),
        Sort("to", "to", "target"),
        Sort("for", "company", "scope"),
        Sort("priority", "priority", "priority"),
        Sort("since", "last change", "since"),
        Sort("by", "who", "maker"),
    ),
    has_money=False,
)
