"""What of a contract goes away: since when it is said, from when it may be gone, and what to use in its place.

A contract, or a field of one, is marked in its schema: `"deprecated": true` and `"x-deprecation": {"since", "ends", "instead"}`.
A mark only adds, so it takes a minor version; what was not marked in the last version of a major may not be gone in the next.
Of entities and events a model's field says it (`mark`), of the other faces `DEPRECATED`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from store.canonical.schema_fields import fields
from store.errors import FinsyncError

NOTICE_MIN: Final = timedelta(days=180)
"""How long something stays after it was said to go."""


_STEP = re.compile(r"\[\]|\.[^.\[]+")


class DeprecationError(FinsyncError):
    """A contract says wrongly what of it goes away."""

    code = "CONTRACT_DEPRECATION"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that goes away."""

    path: str
    since: date
    ends: date
    """The first day on which it may be gone."""
    instead: str

    def __post_init__(self) -> None:
        if self.ends - self.since < NOTICE_MIN:
            raise DeprecationError(
                f"{self.path} is said on {self.since} to end on {self.ends}: that is less than {NOTICE_MIN.days} days. "
                "Give whoever reads it more time."
            )
        if not self.instead.strip():
            raise DeprecationError(
                f"{self.path} goes away, and nothing says what to use in its place. Name it."
            )


DEPRECATED: Final[Mapping[str, tuple[Notice, ...]]] = {}
"""What goes away of commands, views and codes, by kind and name (`view v_break`)."""


def mark(notice: Notice) -> dict[str, Any]:
    """Return what stands in the schema of what goes away; for a field of a model, its `json_schema_extra`."""
    said = {"since": f"{notice.since}", "ends": f"{notice.ends}", "instead": notice.instead}
    return {"deprecated": True, "x-deprecation": said}


def marked(schema: Mapping[str, Any], going: Iterable[Notice]) -> dict[str, Any]:
    """Return a schema in which each part that goes away says so; one that is not there is an error."""
    found: dict[str, Any] = dict(schema)
    for notice in going:
        found = _marked(found, _STEP.findall(notice.path), notice)
    return found


def _marked(part: Mapping[str, Any], steps: list[str], notice: Notice) -> dict[str, Any]:
    if not steps:
        return {**part, **mark(notice)}
    step, rest = steps[0], steps[1:]
    if step == "[]" and "items" in part:
        return {**part, "items": _marked(part["items"], rest, notice)}
    properties = part.get("properties", {})
    if step[1:] not in properties:
        raise DeprecationError(
            f"{notice.path} is said to go away, and there is no such thing. Correct the path."
        )
    return {**part, "properties": {**properties, step[1:]: _marked(properties[step[1:]], rest, notice)}}


def notices(schema: Mapping[str, Any]) -> Iterator[Notice]:
    """Yield what a schema says of itself and of its fields."""
    for path, part in fields(schema):
        said = part.get("x-deprecation")
        if said is not None:
            yield Notice(
                path, date.fromisoformat(said["since"]), date.fromisoformat(said["ends"]), said["instead"]
            )


def unannounced(old: Mapping[str, Any], new: Mapping[str, Any] | None, on: date) -> list[str]:
    """Return what the next major version takes away that the last one had not announced, or not for long enough.

    `new` is None where the whole contract is gone.
    """
    said = {notice.path: notice for notice in notices(old)}

    def may_go(path: str) -> bool:
        return any(
            (path == one or path.startswith((f"{one}.", f"{one}["))) and notice.ends <= on
            for one, notice in said.items()
        )

    gone = {"$"} if new is None else {path for path, _ in fields(old)} - {path for path, _ in fields(new)}
    return sorted(path for path in gone if not may_go(path))
