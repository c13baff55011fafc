"""Reads both sides afresh and compares. Delivery is not believed until this has seen it."""

from finsync_tui.reconcile.compare import Difference, commitment_differences, write_back_differences
from finsync_tui.reconcile.read_back import Verified, verify

__all__ = ["Difference", "Verified", "commitment_differences", "verify", "write_back_differences"]
