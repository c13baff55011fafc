"""The write that neutralises another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Counter:
    """The write that neutralises another."""

    operation: str
    body: Mapping[str, Any]
    external_id: str | None
    then: Counter | None = None
    """What has to follow it before it counts."""
