"""What a validation found, in words for people: pydantic's own speak of inputs and tuples.

>>> plain({"type": "extra_forbidden", "msg": "Extra inputs are not permitted"})
'there is no such setting'
>>> plain({"type": "value_error", "msg": "Value error, the parts do not add up"})
'the parts do not add up'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_PLAIN = {
    "extra_forbidden": "there is no such setting",
    "missing": "it is missing",
    "string_type": "a text is needed",
    "bool_type": "true or false is needed",
    "bool_parsing": "true or false is needed",
    "int_type": "a whole number is needed",
    "int_parsing": "a whole number is needed",
    "int_from_float": "a whole number is needed",
    "float_type": "a number is needed",
    "float_parsing": "a number is needed",
    "decimal_parsing": "a number is needed",
    "tuple_type": "a list is needed",
    "list_type": "a list is needed",
    "dict_type": "a table is needed",
    "model_type": "a table is needed",
    "time_delta_parsing": "a span of time is needed, such as PT15M or P3D",
    "time_delta_type": "a span of time is needed, such as PT15M or P3D",
    "string_too_short": "it may not be empty",
}


def counted(count: int, one: str, many: str = "") -> str:
    """Return how many there are of something, in words.

    >>> counted(1, "record"), counted(2_000, "record"), counted(0, "entry", "entries")
    ('1 record', '2,000 records', '0 entries')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that somebody may have meant, as the end of a sentence; else all there are.

    >>> nearest("erp_staus", ["erp_number", "erp_status"]), nearest("x", ["b", "a"])
    ("did you mean 'erp_status'?", 'known: a, b')
    """
    from difflib import get_close_matches  # needed only by who mistyped

    names = sorted(known)
    if close := get_close_matches(name, names, n=1):
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(names) or 'none'}"


def plain(problem: Mapping[str, Any]) -> str:
    """Return one entry of a ValidationError's `errors()` as the end of a sentence."""
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "too_short":
        return f"at least {context.get('min_length', 1)} is needed"
    if kind in ("literal_error", "enum"):
        return f"it may be {context.get('expected', 'something else')}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return _PLAIN.get(kind, message[:1].lower() + message[1:])
