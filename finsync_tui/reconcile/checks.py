"""Which step of which flow waits for which reading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from finsync_tui.reconcile.orders import OrderCheck
from finsync_tui.reconcile.read_back import Check

CHECKS: Final[Mapping[tuple[str, str], Check]] = {("requisition_to_pay", "verify"): OrderCheck()}
