"""How each system that ships a simulator is set up for the promises. `SETUPS` finds `setup_<adapter>` by
name.

A setup gives the promises a connected adapter and a hand on what is behind it, in words that all systems
share.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Protocol

import adapters
from adapters.base import Adapter, WriteRequest
from adapters.simulation import Fault, FaultPlan
from store.clock import VirtualClock
from tests.adapters.coupa_world import START, CoupaWorld, checker
from tests.adapters.oracle_finance import setup_oracle_invoices
from tests.adapters.oracle_receipts import setup_oracle_receipts
from tests.adapters.setup_avatax import setup_avatax  # noqa: F401  (found by its name)
from tests.adapters.setup_concur import setup_concur  # noqa: F401  (found by its name)
from tests.adapters.setup_coupa import setup_coupa_invoices
from tests.adapters.setup_oracle import setup_oracle_fusion  # noqa: F401  (found by its name)
from tests.adapters.setup_scim import setup_scim  # noqa: F401  (found by its name)
from tests.adapters.setup_workday import (
    setup_workday,  # noqa: F401  (found by its name)
    setup_workday_soap,
)


class World(Protocol):
    """What a promise may ask of the system behind an adapter."""

    adapter: Adapter
    clock: VirtualClock
    faults: FaultPlan
    entity: str
    """The entity whose documents the hands below make and change."""
    secrets: Mapping[str, str]
    read_path: str
    """Regular expression of the path by which `entity` is read."""
    write_path: str
    """Regular expression of the path that `a_write` writes to."""

    def add(self, count: int) -> list[str]:
        """Make documents; return their external ids."""
        ...

    def touch(self, external_id: str) -> None:
        """Change one document as a person would."""
        ...

    def before_each_request(self, hook: Callable[[], None] | None) -> None:
        """Call `hook` before each request is served: for changes between two pages."""
        ...

    def a_write(self) -> WriteRequest:
        """Return a write that the system accepts."""
        ...

    def effects(self, request: WriteRequest) -> int:
        """Count how often `request` has taken effect."""
        ...

    def end_tokens(self) -> None:
        """Make every token that is out worthless, where there are tokens."""
        ...

    def request_count(self) -> int:
        """Return how many requests were served."""
        ...


def setup_coupa(**settings: object) -> CoupaWorld:
    return CoupaWorld(**settings)  # type: ignore[arg-type]


def worlds() -> Mapping[str, Callable[..., World]]:
    """Return the setups of all adapters that ship a simulator, by adapter; some have a second kind of document."""
    here = sys.modules[__name__]
    found: dict[str, Callable[..., World]] = {
        name: getattr(here, f"setup_{name}") for name in adapters.names() if hasattr(here, f"setup_{name}")
    }
    return found | {
        "oracle_fusion invoices": setup_oracle_invoices,
        "oracle_fusion receipts": setup_oracle_receipts,
        "coupa invoices": setup_coupa_invoices,
        "workday soap": setup_workday_soap,
    }


def only_asks(world: World) -> bool:
    """Say whether `a_write` changes nothing in the system: an answer that was lost is then simply asked for again."""
    return getattr(world, "only_asks", False)


def effects_of_one(world: World) -> int:
    """Return how often a write that was done takes effect: once, and a question never."""
    return 0 if only_asks(world) else 1


def fault(kind: str, **changes: object) -> Fault:
    """Return a fault that strikes once, unless told otherwise."""
    return Fault(**{"id": kind, "kind": kind, **changes})  # type: ignore[arg-type]


__all__ = [
    "START",
    "CoupaWorld",
    "checker",
    "effects_of_one",
    "fault",
    "only_asks",
    "setup_coupa",
    "worlds",
]
