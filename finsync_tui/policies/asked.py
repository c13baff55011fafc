"""What rules are asked about that is no document: a step and how long it may take, a doubt, an account, a tolerance, a failed attempt, drift, what is given up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from pydantic import BaseModel, ConfigDict, TypeAdapter

from store.canonical.money import Money

DURATION_MAX: Final = timedelta(days=3660)
_SEGMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_/ ]{0,59}")
_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")
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


class DriftAsked(_Asked):
    """One field of a vendor's documents that no longer is as the adapter describes it."""

    system: str
    entity: str
    kind: str
    """`unknown` (it came), `vanished` or `retyped`"""
    field: str


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


class SegmentAsked(_Asked):
    """One segment of the account that a part of a document is charged to."""

    name: str
    """As the company's `segments` call it: `account`, `cost_centre` ..."""
    value: str
    """What its source says."""
    document: str = ""
    """`purchase_order`, `requisition`, `invoice` or `expense_document`"""
    currency: str = ""
    supplier: str | None = None
    """Its number in the system that the document comes from."""
    category: str | None = None
    """Of the line."""
    country: str | None = None
    """Where it is used: an invoice's ship-to country, an expense's country."""
    expense_type: str | None = None


class ToleranceAsked(_Asked):
    """How much an invoice may differ from its order."""

    kind: str
    """`price` or `quantity` of an order line, or `charges` (freight and the like) of the invoice"""
    line: str | None = None
    """Of the invoice: the first of those that name the order line. Charges have none."""
    order_number: str | None = None
    order_line: str | None = None
    category: str | None = None
    amount: Money | None = None
    """Of the line."""
    unit_price: Decimal | None = None
    quantity: Decimal | None = None


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


def segment_value(text: str) -> str:
    """Return the value of a segment that a rule gives; ValueError: there is none like that in any chart of accounts."""
    if not _SEGMENT.fullmatch(text):
        raise ValueError(f"{text!r} is no value of a segment; write it as the ERP does, or setting")
    return text


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may differ: where both are given both hold, so the smaller one counts."""

    percent: Decimal | None
    amount: Decimal | None


@lru_cache(maxsize=256)
def bounds(text: str) -> Bounds:
    """Return the tolerance that a rule gives; ValueError says what is wrong with it.

    >>> bounds("2%"), bounds("2.5% 10.00").amount
    (Bounds(percent=Decimal('2'), amount=None), Decimal('10.00'))
    """
    parts = text.split(" ")
    percents = [one.removesuffix("%") for one in parts if one.endswith("%")]
    amounts = [one for one in parts if not one.endswith("%")]
    if max(len(percents), len(amounts)) > 1 or not all(map(_NUMBER.fullmatch, [*percents, *amounts])):
        raise ValueError(f"{text!r} is no tolerance; write 2%, 10.00, or 2% 10.00 where both hold")
    percent, amount = (Decimal(one[0]) if one else None for one in (percents, amounts))
    if percent is not None and percent > 100:
        raise ValueError(f"{text!r} is more than 100%")
    return Bounds(percent, amount)


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
