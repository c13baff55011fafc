"""The system's documents: the fields we read or write, under the system's own names."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class CostCentre(msgspec.Struct, rename="camel"):
    """One cost centre as the system sends it."""

    id: int
    code: str | None = None
    title: str | None = None
    is_closed: bool = False
    changed_at: Instant | None = None


class Order(msgspec.Struct, rename="camel"):
    """What an order says of itself after a write."""

    id: int
    erp_number: str | None = None
