"""Can this period be closed, and what is to be accrued if it is? Reads the store; writes only certificates."""

from finsync_tui.closing.accrual import AccrualLine, Bearer
from finsync_tui.closing.board import Cell, board
from finsync_tui.closing.check import CloseCheck, UnknownPeriodError, check, find_period, periods_of, setup_of
from finsync_tui.closing.proposal import Proposal, propose

__all__ = [
    "AccrualLine",
    "Bearer",
    "Cell",
    "CloseCheck",
    "Proposal",
    "UnknownPeriodError",
    "board",
    "check",
    "find_period",
    "periods_of",
    "propose",
    "setup_of",
]
