"""Does an expression fit the contracts? Its kinds are worked out over the tree that the language's own parser makes.

CEL itself would notice a wrong name only when a document reaches it, and compares texts with numbers without a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from celpy.celparser import CELParseError, CELParser
from lark import Token, Tree

from finsync_tui.policies.functions import FUNCTIONS, METHODS, Function
from finsync_tui.policies.kinds import DAY, DECIMAL, FLAG, MOMENT, TEXT, WHOLE, Kind
from finsync_tui.policies.words import a, hint
from store.wording import nearest

LENGTH_MAX: Final = 2_000
DEPTH_MAX: Final = 40
_ORDERED: Final = (WHOLE, DECIMAL, DAY, MOMENT, TEXT)
_QUANTIFIERS: Final = ("exists", "all", "exists_one")
_SIGNS: Final = {
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "eq": "==",
    "ne": "!=",
    "in": "in",
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "mod": "%",
}
_MERE_STEPS: Final = frozenset(
    (
        "expr",
        "conditionalor",
        "conditionaland",
        "relation",
        "addition",
        "multiplication",
        "unary",
        "member",
        "primary",
    )
)
"""Levels of the grammar that say nothing by themselves when they have one part."""
_INSTEAD: Final = {"+": "plus(a, b)", "-": "minus(a, b)", "*": "times(a, b)"}
_NAME: Final = re.compile(r"[A-Za-z_]\w*")


class ExpressionError(ValueError):
    """An expression that does not fit, and the line and column in it where that shows, from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Checked:
    """What an expression gives, and which fields it uses: `("order", "lines", "amount")`."""

    kind: Kind
    used: frozenset[tuple[str, ...]]


def check(text: str, variables: Mapping[str, Kind], gives: Kind = FLAG) -> Checked:
    """Work out what an expression gives; ExpressionError where it does not fit the documents or `gives`."""
    if len(text) > LENGTH_MAX:
        raise ExpressionError(
            f"it has {len(text):,} characters; a rule has at most {LENGTH_MAX:,}. Make several rules of it"
        )
    if _nesting(text) > DEPTH_MAX:
        raise ExpressionError(f"its brackets are nested more than {DEPTH_MAX} deep")
    try:
        tree = CELParser().parse(text)
    except CELParseError as error:
        raise ExpressionError(
            "it is no expression from here on", error.line or 1, error.column or 1
        ) from None
    checker = _Checker(variables)
    try:
        found = checker.kind(tree, _Scope({name: (kind, (name,)) for name, kind in variables.items()}))
    except RecursionError:
        raise ExpressionError("it is too long a chain; make several rules of it") from None
    if found != gives:
        raise ExpressionError(f"it gives {a(found)}, and a rule needs {a(gives)}")
    checker.refuse_unguarded()
    return Checked(found, frozenset(checker.used))


@dataclass(frozen=True, slots=True)
class _Scope:
    """What names mean: their kind, and the path of fields that they stand for."""

    names: Mapping[str, tuple[Kind, tuple[str, ...]]]

    def with_name(self, name: str, kind: Kind, path: tuple[str, ...]) -> _Scope:
        return _Scope({**self.names, name: (kind, path)})


class _Checker:
    def __init__(self, variables: Mapping[str, Kind]) -> None:
        self._variables = variables
        self.used: set[tuple[str, ...]] = set()
        self._guarded: set[tuple[str, ...]] = set()
        self._optional: dict[tuple[str, ...], Tree[Token]] = {}

    def refuse_unguarded(self) -> None:
        """Refuse the use of what may be missing where nothing asks whether it is there."""
        for path, tree in self._optional.items():
            if path not in self._guarded:
                shown = ".".join(_tokens(tree))
                raise _at(tree, f"{shown} may be missing: ask for it first, has({shown}) && ...")

    def kind(self, tree: Tree[Token] | Token, scope: _Scope) -> Kind:
        """Return what a part of the expression gives."""
        return self._of(tree, scope)[0]

    def _of(self, tree: Tree[Token] | Token, scope: _Scope) -> tuple[Kind, tuple[str, ...] | None]:
        """Return what a part gives, and the path of fields that it is, if it is one."""
        assert isinstance(tree, Tree), "a token stands only where its tree looks for it"
        parts = [one for one in tree.children if one is not None]
        if len(parts) == 1 and isinstance(parts[0], Tree) and tree.data in _MERE_STEPS:
            return self._of(parts[0], scope)
        handler: Callable[..., Any] | None = getattr(self, f"_{tree.data}", None)
        if handler is None:
            raise _at(tree, f"{_words(tree.data)} can't be used in a rule")
        found = handler(tree, parts, scope)
        return found if isinstance(found, tuple) else (found, None)

    def _expr(self, tree: Tree[Token], parts: list[Any], scope: _Scope) -> Kind:
        if len(parts) != 3:
            raise _at(tree, "a choice is written a ? b : c")
        self._must(parts[0], FLAG, scope, "before the question mark")
        kinds = [self.kind(one, scope) for one in parts[1:]]
        if kinds[0] != kinds[1]:
            raise _at(tree, f"one side of the choice gives {a(kinds[0])}, the other {a(kinds[1])}")
        return kinds[0]

    def _conditionalor(self, tree: Tree[Token], parts: list[Any], scope: _Scope) -> Kind:
        return self._all_flags(parts, scope, "||")

    def _conditionaland(self, tree: Tree[Token], parts: list[Any], scope: _Scope) -> Kind:
        return self._all_flags(parts, scope, "&&")

    def _all_flags(self, parts: list[Any], scope: _Scope, sign: str) -> Kind:
        for one in parts:
            self._must(one, FLAG, scope, f"beside {sign}")
        return FLAG

    def _unary(self, tree: Tree[Token], parts: list[Any], scope: _Scope) -> Kind:
        sign, operand = parts
        kind = self.kind(operand, scope)
        wanted = FLAG if sign.data == "unary_not" else WHOLE
        if kind != wanted:
            shown = "!" if wanted is FLAG else "-"
            instead = "; write decimal('-10.00') or minus(a, b)" if kind == DECIMAL else ""
            raise _at(tree, f"{shown} stands before {a(kind)}{instead}")
        return kind

    def _relation(self, tree: Tree[Token], parts: list[Any], scope: _Scope) -> Kind:
        (sign, left), (_, right) = self._sides(parts, scope)
        if sign == "in":
            if right.name != "list" or right.item != left or left not in _ORDERED:
                raise _at(tree, f"{a(left)} can't be in {a(right)}")
            return FLAG
        if left != right:
            raise _at(tree, f"{a(left)} is compared with {a(right)}{hint(left, right)}")
        if left not in _ORDERED and not (sign in ("==", "!=") and left == FLAG):
            raise _at(tree, f"{a(left)} can't be compared by {sign}")
        return FLAG

    def _addition(self, tree: Tree[Token], parts: list[Any], scope: _Scope) -> Kind:
        return self._arithmetic(tree, parts, scope)

    def _multiplication(self, tree: Tree[Token], parts: list[Any], scope: _Scope) -> Kind:
        return self._arithmetic(tree, parts, scope)

    def _arithmetic(self, tree: Tree[Token], parts: list[Any], scope: _Scope) -> Kind:
        (sign, left), (_, right) = self._sides(parts, scope)
        if left == right == WHOLE or (left == right == TEXT and sign == "+"):
            return left
        instead = f"; write {_INSTEAD[sign]}" if DECIMAL in (left, right) and sign in _INSTEAD else ""
        raise _at(tree, f"{a(left)} {sign} {a(right)} can't be computed{instead}")

    def _sides(self, parts: list[Any], scope: _Scope) -> tuple[tuple[str, Kind], tuple[str, Kind]]:
        first, second = parts
        sign = _SIGNS[first.data.rsplit("_", 1)[1]]
        return (sign, self.kind(first.children[0], scope)), (sign, self.kind(second, scope))

    def _paren_expr(self, tree: Tree[Token], parts: list[Any], scope: _Scope) -> Kind:
        return self.kind(parts[0], scope)

    def _ident(self, tree: Tree[Token], parts: list[Any], scope: _Scope) -> Any:
        name = str(parts[0])
        if name not in scope.names:
            raise _at(tree, f"there is no {name}; known: {', '.join(scope.names)}")
        kind, path = scope.names[name]
        self.used.add(path)
        return kind, path

    def _member_dot(self, tree: Tree[Token], parts: list[Any], scope: _Scope) -> Any:
        below, name = parts[0], str(parts[1])
        kind, path = self._of(below, scope)
        if kind.name != "fields":
            raise _at(tree, f"{a(kind)} has no field {name}")
        field = kind.field(name)
        if field is None:
            raise _at(
                tree,
                f"there is no field {name}: {nearest(name, kind.fields)}",
            )
        if path is None:
            return field.kind, None
        whole = (*path, name)
        self.used.add(whole)
        if field.may_be_missing:
            self._optional.setdefault(whole, tree)
        return field.kind, whole

    def _member_dot_arg(self, tree: Tree[Token], parts: list[Any], scope: _Scope) -> Any:
        below, name, *given = parts
        arguments = _arguments(given)
        kind, path = self._of(below, scope)
        if kind.name == "list":
            return self._macro(tree, kind, path, str(name), arguments, scope)
        method = METHODS.get(str(name))
        if method is None:
            raise _at(tree, f"there is no {name}() of {a(kind)}; known: {', '.join(METHODS)}")
        self._call(tree, str(name), method, [kind, *(self.kind(one, scope) for one in arguments)])
        return method.gives

    def _macro(
        self,
        tree: Tree[Token],
        kind: Kind,
        path: tuple[str, ...] | None,
        name: str,
        arguments: list[Tree[Token]],
        scope: _Scope,
    ) -> Any:
        """One of CEL's macros over a list: `lines.exists(l, l.amount.amount > decimal('5'))`."""
        if name == "size" and not arguments:
            return WHOLE
        if name not in (*_QUANTIFIERS, "map", "filter"):
            raise _at(
                tree, f"there is no {name}() of a list; known: {', '.join((*_QUANTIFIERS, 'map', 'filter'))}"
            )
        if len(arguments) != 2:
            raise _at(tree, f"it is written {name}(x, ...)")
        variable = _only_name(arguments[0])
        if variable is None or variable in scope.names:
            raise _at(tree, f"the first in {name}() is a new name for one of the list, such as x")
        assert kind.item is not None
        inner = scope.with_name(variable, kind.item, path if path is not None else (variable,))
        found, inside = self._of(arguments[1], inner)
        if name == "map":
            return Kind("list", found), inside
        if found != FLAG:
            raise _at(tree, f"{name}() asks of each whether it is so, and {a(found)} says neither yes nor no")
        return (kind, path) if name == "filter" else FLAG

    def _ident_arg(self, tree: Tree[Token], parts: list[Any], scope: _Scope) -> Any:
        name, *given = parts
        arguments = _arguments(given)
        if name == "has":
            return self._has(tree, arguments, scope)
        if name == "size":
            if len(arguments) != 1 or self.kind(arguments[0], scope).name not in ("list", "text"):
                raise _at(tree, "size() takes one list or text")
            return WHOLE
        function = FUNCTIONS.get(str(name))
        if function is None:
            raise _at(tree, f"there is no {name}(); known: has, size, {', '.join(FUNCTIONS)}")
        self._call(tree, str(name), function, [self.kind(one, scope) for one in arguments])
        self._try_literal(tree, str(name), arguments, function)
        return function.gives

    def _has(self, tree: Tree[Token], arguments: list[Tree[Token]], scope: _Scope) -> Kind:
        if len(arguments) != 1:
            raise _at(tree, "has() takes one field")
        known = dict(self._optional)
        _, path = self._of(arguments[0], scope)
        if path is None or len(path) < 2:
            raise _at(tree, "has() takes a field, such as has(order.buyer)")
        if path not in known:
            self._optional.pop(path, None)  # asking is no use
        self._guarded.add(path)
        return FLAG

    def _call(self, tree: Tree[Token], name: str, function: Function, given: list[Kind]) -> None:
        if tuple(given) != function.takes:
            takes = ", ".join(a(one) for one in function.takes)
            got = ", ".join(a(one) for one in given) or "nothing"
            raise _at(tree, f"{name}() takes {takes}; it is given {got}")

    def _try_literal(
        self, tree: Tree[Token], name: str, arguments: list[Tree[Token]], function: Function
    ) -> None:
        """A number or day that is written down must be one now, not when a document comes."""
        written = _only_literal(arguments[0]) if len(arguments) == 1 else None
        if written is None or function.compute is None or function.takes != (TEXT,):
            return
        try:
            function.compute(written[1:-1])
        except ValueError as error:
            raise _at(tree, str(error)) from None

    def _literal(self, tree: Tree[Token], parts: list[Any], scope: _Scope) -> Kind:
        token = parts[0]
        match token.type:
            case "STRING_LIT" | "MLSTRING_LIT":
                return TEXT
            case "INT_LIT":
                return WHOLE
            case "BOOL_LIT":
                return FLAG
            case "FLOAT_LIT":
                raise _at(tree, f"{token} is no exact number; write decimal('{token}')")
        raise _at(tree, f"{token} can't be used in a rule")

    def _list_lit(self, tree: Tree[Token], parts: list[Any], scope: _Scope) -> Kind:
        kinds = [self.kind(one, scope) for one in _arguments(parts)]
        if not kinds or any(one != kinds[0] for one in kinds):
            raise _at(tree, "a list has at least one value, and all of one kind")
        return Kind("list", kinds[0])

    def _must(self, tree: Any, wanted: Kind, scope: _Scope, where: str) -> None:
        found = self.kind(tree, scope)
        if found != wanted:
            raise _at(tree, f"{a(wanted)} is needed {where}, and this is {a(found)}")


def _arguments(given: list[Any]) -> list[Tree[Token]]:
    return [one for part in given for one in part.children if one is not None]


def _tokens(tree: Tree[Token] | Token) -> Iterator[Token]:
    if isinstance(tree, Token):
        yield tree
        return
    for one in tree.children:
        if one is not None:
            yield from _tokens(one)


def _only_name(tree: Tree[Token]) -> str | None:
    tokens = list(_tokens(tree))
    is_name = len(tokens) == 1 and tokens[0].type == "IDENT" and _NAME.fullmatch(tokens[0]) is not None
    return str(tokens[0]) if is_name else None


def _only_literal(tree: Tree[Token]) -> str | None:
    tokens = list(_tokens(tree))
    return str(tokens[0]) if len(tokens) == 1 and tokens[0].type == "STRING_LIT" else None


def _at(tree: Tree[Token] | Token, message: str) -> ExpressionError:
    first = next(_tokens(tree), None)
    if first is None:
        return ExpressionError(message)
    return ExpressionError(message, first.line or 1, first.column or 1)


def _words(rule: str) -> str:
    return {"map_lit": "a map", "member_index": "a place in a list", "member_object": "an object"}.get(
        rule, f"this ({rule})"
    )


def _nesting(text: str) -> int:
    depth = deepest = 0
    for one in text:
        depth += (one in "([{") - (one in ")]}")
        deepest = max(deepest, depth)
    return deepest
