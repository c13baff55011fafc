"""The parts of a batch request (contract sheet, section 2.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapters.oracle_fusion.simulator_messages import refused

METHODS: Final = {"get": "GET", "create": "POST", "update": "PATCH", "delete": "DELETE"}
RESOURCES: Final = frozenset({"suppliers"})
"""Resources whose batch support is documented."""


@dataclass(frozen=True, slots=True)
class Part:
    """One operation of a batch."""

    id: str
    path: str
    operation: str
    payload: Mapping[str, Any] | None

    @property
    def method(self) -> str:
        return METHODS[self.operation]


def read_parts(body: Mapping[str, Any]) -> list[Part]:
    """Read the parts; the whole batch is refused when one cannot be done."""
    parts = body.get("parts")
    if not isinstance(parts, list):
        raise refused("BAD_JSON", reason="parts is missing")
    return [_part(one) for one in parts]


def _part(one: object) -> Part:
    if not isinstance(one, dict) or not all(
        isinstance(one.get(name), str) for name in ("id", "path", "operation")
    ):
        raise refused("BAD_JSON", reason="a part needs id, path and operation")
    resource = one["path"].strip("/").partition("/")[0]
    if one["operation"] not in METHODS or resource not in RESOURCES:
        raise refused("NOT_IN_BATCH", operation=f"{one['operation']} of {resource}")
    payload = one.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise refused("BAD_JSON", reason="a payload is an object")
    return Part(one["id"], one["path"], one["operation"], payload)
