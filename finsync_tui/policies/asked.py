"""What rules are asked about that is no document: a step and how long it may take, a doubt, a failed attempt, what is given up."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Final

from pydantic import BaseModel, ConfigDict, TypeAdapter

from store.canonical.money import Money

DURATION_MAX: Final = timedelta(days=3660)
_DURATION: Final = TypeAdapter(timedelta)


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class StepAsked(_Asked):
    """One step of one document's process."""

    flow: str
    name: str
    kind: str
    """`create`, `change` ...: what the process does with the document."""
    entity: str
    amount: Money | None = None
    """Of the document."""


class DoubtAsked(_Asked):
    """A doubt about an approval."""

    kind: str
    """`limit`, `approver` ...: as in the profile's approval settings."""
    entity: str
    amount: Money | None = None
    """Of the document that was approved."""


class MismatchAsked(_Asked):
    """What does not fit between an invoice and its order."""

    kind: str
    """`price`, `quantity`, `receipt`, `charges`, `supplier` ..."""
    line: str


class GivenUpAsked(_Asked):
    """What somebody would give up: a break, or an exception with its document."""

    of: str
    """`break` or `exception`"""
    act: str
    """`write_off`, `explain` or `resolve`; `resolve` also stands for ignoring, and for aborting its workflow"""
    kind: str
    """Of a break `field`, `missing_in_target` ...; of an exception its class"""
    entity: str
    amount: Money | None = None
    """At risk. What has none has no limit that it could be below."""


class AttemptAsked(_Asked):
    """An attempt at a delivery that failed, and may be made again."""

    system: str
    """Which could not be reached, or did not answer well."""
    operation: str
    """`order.create`, `invoice.update` ..."""
    entity: str
    failure: str
    """`transient`, `unknown`, `protocol` or `conflict`"""
    status: int | None = None
    """Of the answer, where there was one."""
    number: int
    """From 1: how many attempts are spent with it."""
    amount: Money | None = None
    """Of the document."""


@lru_cache(maxsize=256)  # rules say the same few again and again
def duration(text: str) -> timedelta:
    """Return the time that a rule gives, in ISO 8601; ValueError says what is wrong with it.

    >>> duration("PT4H"), duration("P3D")
    (datetime.timedelta(seconds=14400), datetime.timedelta(days=3))
    """
    found = _DURATION.validate_python(text) if text.startswith("P") else None
    if found is None or found <= timedelta(0):
        raise ValueError(f"{text!r} is no duration; write PT4H or P3D")
    if found > DURATION_MAX:
        raise ValueError(f"{text!r} is longer than {DURATION_MAX.days} days")
    return found
