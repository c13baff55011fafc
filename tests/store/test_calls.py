"""What is kept of the calls of an attempt comes back as it was."""

from __future__ import annotations

import pytest

from store.calls import CALLS_MAX, PACKED_FROM, Call, packed, unpacked

SMALL = [Call("GET", "/api/orders/1", 200), Call("PUT", "/api/orders/1", None, '{"status":"Büro"}')]
LARGE = [Call("POST", "/api/orders", 201, "x" * 4_000)] * CALLS_MAX


@pytest.mark.parametrize("calls", [SMALL, LARGE])
def test_few_calls_and_many_come_back(calls: list[Call]) -> None:
    """Few are kept as they are, many are packed: reading tells which by itself."""
    kept = packed(calls)

    assert kept is not None
    assert tuple(calls) == unpacked(kept)
    assert len(kept) < PACKED_FROM


def test_no_calls_are_nothing() -> None:
    """An attempt without any, or of an older version, has none."""
    assert packed([]) is None
    assert () == unpacked(None)
