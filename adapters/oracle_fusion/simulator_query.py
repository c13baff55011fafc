"""The `q` language: query by example in framework 1, expressions from framework 2 (contract sheet, section 2.4).

>>> find = parse("LastUpdateDate >= '2026-01-01' and Number IN (1,2)", CATALOGUE_OF_DOCTEST, framework=4)
>>> find.accepts({"LastUpdateDate": "2026-02-01T00:00:00.000+00:00", "Number": Decimal(2)})
True
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final, NoReturn

from adapters.oracle_fusion.simulator_messages import refused
from adapters.oracle_fusion.simulator_resource import Resource, resource
from adapters.oracle_fusion.simulator_rows import UPDATED, Data, Row, Table, Value, stamp

CATALOGUE_OF_DOCTEST: Final = resource("things", "Thing", "Id", "Id:id Number:number LastUpdateDate:instant")
DEPTH_MAX: Final = 50
WORDS: Final = ("AND", "OR", "NOT", "LIKE", "IN", "BETWEEN", "IS", "NULL")

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    | (?P<op><>|!=|<=|>=|=|<|>|\(|\)|,)
    | (?P<word>[^\s'"<>=!(),;]+)
    )""",
    re.VERBOSE,
)
_ORDER: Final[dict[str, Callable[[int], bool]]] = {
    "=": lambda sign: sign == 0,
    "!=": lambda sign: sign != 0,
    "<>": lambda sign: sign != 0,
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
}


@dataclass(frozen=True, slots=True)
class Hint:
    """Something every accepted row fulfils, by which rows can be found without a scan."""

    attribute: str
    values: tuple[Value, ...] = ()
    """The attribute is one of these."""
    at_least: str | None = None
    """The attribute, an instant, is this or later."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed condition."""

    accepts: Callable[[Data], bool]
    hints: tuple[Hint, ...] = ()


EVERYTHING: Final = Filter(lambda _: True)


def parse(query: str | None, of: Resource, *, framework: int) -> Filter:
    """Read `q`; raise the system's own 400 when it cannot be read or asks for what may not be asked."""
    if query is None or not query.strip():
        return EVERYTHING
    if framework == 1:
        parts = [_Parser(part, query, of, is_example=True).whole() for part in _split(query) if part.strip()]
        return _all(parts)
    return _Parser(query, query, of, is_example=False).whole()


def select(table: Table, wanted: Filter) -> list[Row]:
    """Return the rows that fulfil a filter, by index where one helps."""
    return [row for row in _candidates(table, wanted) if wanted.accepts(row.data)]


def _candidates(table: Table, wanted: Filter) -> Iterable[Row]:
    for hint in wanted.hints:
        if hint.values and hint.attribute == table.resource.key:
            found = (table.get(value) for value in dict.fromkeys(hint.values))
            return [row for row in found if row is not None]
        if hint.values and table.is_indexed(hint.attribute):
            return [row for value in dict.fromkeys(hint.values) for row in table.find(hint.attribute, value)]
    for hint in wanted.hints:
        if hint.at_least is not None and hint.attribute == UPDATED:
            return table.changed_since(hint.at_least)
    return table


def sort(rows: list[Row], order_by: str | None, of: Resource) -> list[Row]:
    """Return rows in the order of an `orderBy` text; nulls come last, ties keep their order."""
    if not order_by:
        return rows
    for part in reversed(order_by.split(",")):
        name, _, way = part.strip().partition(":")
        if way.lower() not in ("", "asc", "desc"):
            raise refused("BAD_PARAMETER", value=order_by, parameter="orderBy")
        _attribute(of, name)
        known = [row for row in rows if row.data.get(name) is not None]
        known.sort(key=lambda row, name=name: row.data[name], reverse=way.lower() == "desc")  # type: ignore[misc]
        rows = known + [row for row in rows if row.data.get(name) is None]
    return rows


def _split(query: str) -> list[str]:
    """Cut a query by example at its semicolons, those inside quotes excepted."""
    return re.findall(r"""(?:'(?:[^']|'')*'|"(?:[^"]|"")*"|[^;'"]|['"])+""", query)


def _all(parts: Sequence[Filter]) -> Filter:
    if len(parts) == 1:
        return parts[0]
    tests = tuple(part.accepts for part in parts)
    return Filter(
        lambda data: all(test(data) for test in tests), tuple(hint for part in parts for hint in part.hints)
    )


def _attribute(of: Resource, name: str) -> str:
    found = of.attributes.get(name)
    if found is None:
        raise refused("UNKNOWN_ATTRIBUTE", attribute=name, entity=of.name)
    if not found.is_queryable:
        raise refused("NOT_QUERYABLE", attribute=name, resource=of.name)
    return name


@dataclass(slots=True)
class _Parser:
    """Recursive descent over one expression."""

    source: str
    shown: str
    of: Resource
    is_example: bool
    tokens: list[tuple[str, str]] = field(default_factory=list)
    place: int = 0
    depth: int = 0

    def whole(self) -> Filter:
        end = 0
        while end < len(self.source.rstrip()):
            match = _TOKEN.match(self.source, end)
            if match is None:
                self._fail(f"unexpected {self.source[end:].strip()[:10]!r}")
            kind = match.lastgroup or ""
            self.tokens.append((kind, match.group(kind)))
            end = match.end()
        found = self._condition() if self.is_example else self._either()
        if self.place < len(self.tokens):
            self._fail(f"unexpected {self.tokens[self.place][1]!r}")
        return found

    def _either(self) -> Filter:
        parts = [self._both()]
        while self._takes("OR"):
            parts.append(self._both())
        if len(parts) == 1:
            return parts[0]
        tests = tuple(part.accepts for part in parts)
        return Filter(lambda data: any(test(data) for test in tests))

    def _both(self) -> Filter:
        parts = [self._single()]
        while self._takes("AND"):
            parts.append(self._single())
        return _all(parts)

    def _single(self) -> Filter:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            self._fail("too deeply nested")
        if self._takes("NOT"):
            inner = self._single()
            found = Filter(lambda data: not inner.accepts(data))
        elif self._takes("("):
            found = self._either()
            self._demand(")")
        else:
            found = self._condition()
        self.depth -= 1
        return found

    def _condition(self) -> Filter:
        kind, name = self._next()
        if kind != "word" or name.upper() in WORDS:
            self._fail(f"an attribute is expected instead of {name!r}")
        _attribute(self.of, name)
        if self._takes("IS"):
            is_null = not self._takes("NOT")
            self._demand("NULL")
            return Filter(lambda data: (data.get(name) is None) == is_null)
        is_negated = self._takes("NOT")
        if self._takes("LIKE"):
            found = self._like(name)
        elif self._takes("IN"):
            found = self._in(name)
        elif self._takes("BETWEEN"):
            found = self._between(name)
        else:
            found = self._comparison(name)
        if not is_negated:
            return found
        return Filter(lambda data: data.get(name) is not None and not found.accepts(data))

    def _like(self, name: str) -> Filter:
        """`*` stands for any text; so does `%`, which clients of other Oracle products write."""
        _, text = self._literal()
        pattern = re.compile(".*".join(re.escape(part) for part in re.split(r"[*%]", text)), re.DOTALL)
        return Filter(
            lambda data: data.get(name) is not None and pattern.fullmatch(str(data[name])) is not None
        )

    def _in(self, name: str) -> Filter:
        self._demand("(")
        values = [self._value(name)]
        while self._takes(","):
            values.append(self._value(name))
        self._demand(")")
        members = frozenset(values)
        return Filter(lambda data: _comparable(data.get(name)) in members, (Hint(name, tuple(values)),))

    def _between(self, name: str) -> Filter:
        low = self._value(name)
        self._demand("AND")
        high = self._value(name)
        hints = (Hint(name, at_least=low),) if isinstance(low, str) else ()
        return Filter(
            lambda data: _sign(data.get(name), low) in (0, 1) and _sign(data.get(name), high) in (0, -1),
            hints,
        )

    def _comparison(self, name: str) -> Filter:
        kind, operator = self._next()
        if kind != "op" or operator not in _ORDER:
            self._fail(f"an operator is expected instead of {operator!r}")
        value = self._value(name)
        fits = _ORDER[operator]
        hints: tuple[Hint, ...] = ()
        if operator == "=":
            hints = (Hint(name, (value,)),)
        elif operator in (">", ">=") and isinstance(value, str):
            hints = (Hint(name, at_least=value),)

        def accepts(data: Data) -> bool:
            sign = _sign(data.get(name), value)
            return sign is not None and fits(sign)

        return Filter(accepts, hints)

    def _value(self, name: str) -> Value:
        kind, text = self._literal()
        return _typed(self.of, name, text, kind == "text", self._fail)

    def _literal(self) -> tuple[str, str]:
        kind, text = self._next()
        if kind == "text":
            quote = text[0]
            return kind, text[1:-1].replace(quote * 2, quote)
        if kind != "word" or text.upper() in WORDS:
            self._fail(f"a value is expected instead of {text!r}")
        return kind, text

    def _next(self) -> tuple[str, str]:
        if self.place >= len(self.tokens):
            self._fail("it ends too early")
        self.place += 1
        return self.tokens[self.place - 1]

    def _takes(self, word: str) -> bool:
        if self.place < len(self.tokens):
            kind, text = self.tokens[self.place]
            if kind != "text" and text.upper() == word:
                self.place += 1
                return True
        return False

    def _demand(self, word: str) -> None:
        if not self._takes(word):
            self._fail(f"{word} is expected")

    def _fail(self, reason: str) -> NoReturn:
        raise refused("BAD_QUERY", query=self.shown, reason=reason)


def _typed(of: Resource, name: str, text: str, is_quoted: bool, fail: Callable[[str], NoReturn]) -> Value:
    """Read a literal as the attribute's kind."""
    kind = of.attributes[name].kind
    try:
        if kind in ("id", "number", "whole"):
            return Decimal(text)
        if kind == "flag":
            return {"true": True, "false": False}[text.lower()]
        if kind == "date":
            return date.fromisoformat(text[:10]).isoformat()
        if kind == "instant":
            at = datetime.fromisoformat(text)
            return stamp(at if at.tzinfo else at.replace(tzinfo=UTC))
    except (InvalidOperation, ValueError, KeyError):
        fail(f"{text!r} is no value for {name}")
    if not is_quoted:
        fail(f"the text {text!r} is not quoted")
    return text


def _comparable(value: Value) -> Value:
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _sign(have: Value, want: Value) -> int | None:
    """Return -1, 0 or 1; None when there is nothing to compare."""
    value = _comparable(have)
    if value is None or want is None:
        return None
    return (value > want) - (value < want)  # type: ignore[operator]
