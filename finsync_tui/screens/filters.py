"""The filter line's grammar: words, `field:value`, `field:>value`, a minus in front for "not". A word that is the name of
a state means that state.

Pure: text, the list's fields, the time and how the person writes days and amounts go in, an SQL condition comes out. What
can't be understood is said with its reason, and the list stays as it was.

>>> fields = (Field("owner", "owner"), Field("amount", "amount_minor", "money"), Field("number", "document_number"))
>>> found = parse("amount:>1000 -owner:ana", Grammar(fields, words=("document_number",)), now=datetime(2026, 1, 1))
>>> found.where, found.params
('amount_minor > minor_units(currency, ?) AND NOT coalesce(lower(owner) = ?, 0)', ('1000', 'ana'))
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from typing import Literal

from finsync_tui.screens.text import Format, number
from store.clock import text as instant_text

Kind = Literal["text", "money", "instant", "number", "flag"]
Param = str | int
WORD_MIN = 3
"""Shorter words match the beginning of the number only: anything else would match nearly everything."""
TERMS_MAX = 20

_COMPARISON = re.compile(r"^(<=|>=|<|>|=)?(.*)$", re.DOTALL)
_SPAN = re.compile(r"^(-?\d{1,6})(m|h|d|w)$")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "="}


@dataclass(frozen=True, slots=True)
class Field:
    """One thing a list can be filtered by. `is_age`: a larger value lies further back."""

    name: str
    column: str
    kind: Kind = "text"
    values: tuple[str, ...] = ()
    """The only values there are; empty: any."""
    is_age: bool = False
    within: str = "{}"
    """Where the column is one of another list: what holds of a row when the condition, in place of the braces, holds there."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a list understands."""

    fields: tuple[Field, ...]
    words: tuple[str, ...]
    """Columns a plain word is looked for in; the first is the number."""
    flags: tuple[tuple[str, str], ...] = ()
    """`is:<name>` and its condition; `:now` and `:me` may be used."""
    default: str = ""
    """What holds unless `state:` is named."""
    document: str = "document_key"
    """The column that names the document, by which it is found under its numbers in other systems."""
    related: tuple[str, ...] = ()
    """Conditions by which a plain word finds rows under what their documents are about; `:word` may be used."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a filter line means. `problem` is empty, or says what could not be understood."""

    text: str
    where: str
    params: tuple[Param, ...]
    terms: tuple[str, ...] = ()
    problem: str = ""


class FilterTermError(ValueError):
    """A term that can't be understood; its text says why."""


def parse(
    text: str,
    grammar: Grammar,
    *,
    now: datetime,
    me: str = "",
    form: Format = Format(),  # noqa: B008 frozen
) -> Parsed:
    """Return the condition of a filter line."""
    try:
        terms = shlex.split(text, posix=True)
    except ValueError:
        return Parsed(text, "", (), (), "a quotation mark is not closed")
    if len(terms) > TERMS_MAX:
        return Parsed(text, "", (), tuple(terms), f"more than {TERMS_MAX} terms")
    conditions: list[str] = []
    params: list[Param] = []
    names_state = False
    for term in terms:
        try:
            condition, values = _term(term, grammar, now, me, form)
        except FilterTermError as error:
            return Parsed(text, "", (), tuple(terms), str(error))
        names_state = (
            names_state or term.lstrip("-").startswith("state:") or _state(term, grammar) is not None
        )
        if condition:
            conditions.append(condition)
            params.extend(values)
    if grammar.default and not names_state:
        conditions.insert(0, grammar.default)
    return Parsed(text, " AND ".join(conditions) or "1", tuple(params), tuple(terms))


def _term(term: str, grammar: Grammar, now: datetime, me: str, form: Format) -> tuple[str, list[Param]]:
    is_negative = term.startswith("-") and len(term) > 1
    body = term[1:] if is_negative else term
    name, colon, value = body.partition(":")
    state = _state(term, grammar)
    if state is not None:
        condition, params = _text(state, body.lower())
    elif not colon or not name.isidentifier():
        condition, params = _word(body, grammar)
    elif name == "is":
        condition, params = _flag(value, grammar.flags, now, me)
    elif name == "state" and value == "all":
        condition, params = "", []
    else:
        field = _named(name, grammar.fields)
        condition, params = _field(field, value, now, form)
        condition = field.within.replace("{}", condition)
    if is_negative and condition:
        # coalesce: what is not known is not equal, so it belongs to the rest
        return f"NOT coalesce({condition}, 0)", params
    return condition, params


def _state(term: str, grammar: Grammar) -> Field | None:
    """Return the state's field when a plain word is the name of a state: `refused` means `state:refused`."""
    found = next((field for field in grammar.fields if field.name == "state"), None)
    return found if found is not None and term.removeprefix("-").lower() in found.values else None


def exactly(name: str, value: str) -> str:
    """Return the term that finds exactly this value, whatever signs are in it.

    >>> exactly("value", "410 | *"), exactly("class", "REJECTED")
    ("'value:=410 | *'", 'class:=REJECTED')
    """
    return shlex.quote(f"{name}:={value}")


def without_last(text: str) -> str:
    """Return a filter without its last term.

    >>> without_last("class:REJECTED 'value:=410 a'")
    'class:REJECTED'
    """
    try:
        terms = shlex.split(text, posix=True)
    except ValueError:
        return " ".join(text.split()[:-1])
    return " ".join(shlex.quote(term) if " " in term or "'" in term else term for term in terms[:-1])


def _named(name: str, fields: Iterable[Field]) -> Field:
    known = {field.name: field for field in fields}
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]}:?" if near else f"; there are {', '.join(known)}"
    raise FilterTermError(f"there is no field {name}{hint}")


def _flag(value: str, flags: tuple[tuple[str, str], ...], now: datetime, me: str) -> tuple[str, list[Param]]:
    known = dict(flags)
    if value not in known:
        raise FilterTermError(f"is: may be {', '.join(known)}, not {value or 'empty'}")
    condition = known[value]
    params: list[Param] = []
    for placeholder in re.findall(r":now|:me", condition):
        params.append(instant_text(now) if placeholder == ":now" else me)
    return re.sub(r":now|:me", "?", condition), params


def _word(word: str, grammar: Grammar) -> tuple[str, list[Param]]:
    columns = grammar.words
    if len(word) < WORD_MIN:
        return f"{columns[0]} LIKE ? ESCAPE '\\'", [_like(word) + "%"]
    likes = [f"{column} LIKE ? ESCAPE '\\'" for column in columns]
    params: list[Param] = ["%" + _like(word) + "%"] * len(columns)
    # Any number another system knows the document by, its ERP number first of all; a range uses the index.
    twins = f"{grammar.document} IN (SELECT document_key FROM crossref WHERE number >= ? AND number < ?)"  # noqa: S608
    likes.append(twins)
    params += [word, word + "\uffff"]
    for condition in grammar.related:
        likes.append(condition.replace(":word", "?"))
        params += [word] * condition.count(":word")
    return f"({' OR '.join(likes)})", params


def _like(word: str) -> str:
    escaped = re.sub(r"([\\%_])", r"\\\1", word)
    return escaped.replace("*", "%")


def _field(field: Field, value: str, now: datetime, form: Format) -> tuple[str, list[Param]]:
    if not value:
        raise FilterTermError(f"{field.name}: needs a value")
    if field.kind == "text":
        return _text(field, value)
    match = _COMPARISON.match(value)
    sign, rest = (match.group(1) or "=", match.group(2)) if match else ("=", value)
    if field.kind == "instant":
        return _instant(field, sign, rest, now, form)
    wanted = number(rest, form)
    if wanted is None:
        like = f"1{form.thousands}234{form.decimal}50" if field.kind == "money" else "12"
        raise FilterTermError(f"{field.name}: {rest or 'nothing'} is not a number like {like}")
    if wanted.adjusted() > 15:
        raise FilterTermError(f"{field.name}: {rest} is too large")
    if field.kind == "money":
        # The amount is bound as decimal text: a float would not find 616.18 among 61618 cents.
        return f"{field.column} {sign} minor_units(currency, ?)", [f"{wanted:f}"]
    if wanted != wanted.to_integral_value():
        raise FilterTermError(f"{field.name}: {rest} is not a whole number")
    return f"{field.column} {sign} ?", [int(wanted)]


def _text(field: Field, value: str) -> tuple[str, list[Param]]:
    if value in ("-", "none"):
        return f"coalesce({field.column}, '') = ''", []
    if value.startswith("=") and not field.values:
        return f"{field.column} = ?", [value[1:]]  # exactly so, whatever signs are in it
    options = value.split("|")
    if field.values:
        for option in options:
            if option not in field.values:
                raise FilterTermError(
                    f"{field.name}: may be {', '.join(field.values)}, not {option or 'empty'}"
                )
    parts: list[str] = []
    params: list[Param] = []
    for option in options:
        if "*" in option:
            parts.append(f"{field.column} LIKE ? ESCAPE '\\'")
            params.append(_like(option))
        else:
            parts.append(f"lower({field.column}) = ?")
            params.append(option.lower())
    return (parts[0] if len(parts) == 1 else f"({' OR '.join(parts)})"), params


def _instant(field: Field, sign: str, value: str, now: datetime, form: Format) -> tuple[str, list[Param]]:
    """`due:<2d` is due within two days; `opened:>3d` was opened more than three days ago; whole days of the person's time
    zone, too: `due:<=2026-03-31` has all of that day."""
    found = _SPAN.match(value)
    if found:
        delta = int(found.group(1)) * _UNITS[found.group(2)]
        point = now - delta if field.is_age else now + delta
        return f"{field.column} {_FLIPPED[sign] if field.is_age else sign} ?", [instant_text(point)]
    try:
        day = date.fromisoformat(value)
        begins, ends = (
            instant_text(datetime.combine(one, datetime.min.time(), form.zone).astimezone(UTC))
            for one in (day, day + timedelta(days=1))
        )
    except (ValueError, OverflowError):
        raise FilterTermError(
            f"{field.name}: {value or 'nothing'} is neither a span (4h, 2d) nor a date"
        ) from None
    if sign == "=":
        return f"({field.column} >= ? AND {field.column} < ?)", [begins, ends]
    is_after = sign.startswith(">")
    return f"{field.column} {'>=' if is_after else '<'} ?", [begins if sign in (">=", "<") else ends]
