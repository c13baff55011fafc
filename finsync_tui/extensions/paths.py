"""Places in a payload: `custom-fields.cf-split-payment`, `invoiceDff[0].split`, `customData[id=custom7].value`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

Step = str | int | tuple[str, str]
"""A name, a place in a list from 0, or the first of a list whose field says a word."""
_STEP: Final = re.compile(
    r"(?:^|\.)(?P<name>[^.\[\]=]+)|\[(?P<place>\d{1,4})\]|\[(?P<field>[^.\[\]=]+)=(?P<word>[^\[\]=]+)\]"
)


@lru_cache(maxsize=1_024)
def steps(path: str) -> tuple[Step, ...]:
    """Return the steps of a path; ValueError when it is none.

    >>> steps("customData[id=custom7].value"), steps("invoiceDff[0].split")
    (('customData', ('id', 'custom7'), 'value'), ('invoiceDff', 0, 'split'))
    """
    found: list[Step] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            break
        if match["name"] is not None:
            found.append(match["name"])
        elif match["place"] is not None:
            found.append(int(match["place"]))
        else:
            found.append((match["field"], match["word"]))
        at = match.end()
    if at < len(path) or not found or not isinstance(found[0], str):
        raise ValueError(f"{path!r} is no path; write custom-fields.cf-split or customData[id=custom7].value")
    return tuple(found)


def value_at(payload: Any, path: str) -> Any:
    """Return what stands at a path; None: nothing."""
    for step in steps(path):
        if isinstance(step, str):
            payload = payload.get(step) if isinstance(payload, Mapping) else None
        elif not isinstance(payload, list):
            return None
        elif isinstance(step, int):
            payload = payload[step] if step < len(payload) else None
        else:
            field, word = step
            payload = next(
                (one for one in payload if isinstance(one, Mapping) and str(one.get(field)) == word), None
            )
        if payload is None:
            return None
    return payload


def put_at(payload: dict[str, Any], path: str, value: Any) -> None:
    """Put a value at a path, making what is missing on its way."""
    here: Any = payload
    way = steps(path)
    for step, after in zip(way, (*way[1:], None), strict=True):
        fresh: Any = {} if isinstance(after, str) else []
        here = _below(here, step, value if after is None else fresh, is_last=after is None)


def _below(here: Any, step: Step, fresh: Any, *, is_last: bool) -> Any:
    if isinstance(step, str):
        if is_last or here.get(step) is None:
            here[step] = fresh
        return here[step]
    if isinstance(step, int):
        here.extend({} for _ in range(step + 1 - len(here)))
        if is_last or not here[step]:
            here[step] = fresh
        return here[step]
    field, word = step
    found = next((one for one in here if str(one.get(field)) == word), None)
    if found is None:
        found = {field: word}
        here.append(found)
    return found
