"""Reads both sides afresh and compares. Delivery is not believed until this has seen it."""

from finsync_tui.reconcile.checks import CHECKS
from finsync_tui.reconcile.compare import Difference, commitment_differences, write_back_differences
from finsync_tui.reconcile.held import look_again
from finsync_tui.reconcile.proving import Proven, prove
from finsync_tui.reconcile.read_back import Check, Found, Seen, Verified, Want, verify

__all__ = [
    "CHECKS",
    "Check",
    "Difference",
    "Found",
    "Proven",
    "Seen",
    "Verified",
    "Want",
    "commitment_differences",
    "look_again",
    "prove",
    "verify",
    "write_back_differences",
]
