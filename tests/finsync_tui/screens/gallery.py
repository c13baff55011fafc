"""Every screen and dialog there is: in which store it has something to show, the keys that lead there, the states it can be in.

A new screen fails a test until it stands here with its pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NEXT = "right_square_bracket"
DATA, EMPTY, ERROR, LOADING = STATES = ("data", "empty", "error", "loading")


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One screen or dialog. `store` is the fixture that fills it; `keys` lead from Home, the last one opens it."""

    store: str
    keys: tuple[str, ...]
    states: tuple[str, ...] = STATES


ASKS = (DATA,)
"""A question is asked of what was read: it reads nothing itself."""
STANDS = (DATA,)
"""What is shown is no reading of the store."""
OF_A_ROW = (DATA, ERROR, LOADING)
"""One thing of a list: without it there is nothing to open."""
FIRST = ("2", "slash", "=PO-100200", "enter")
BREAK = ("4", "slash", "=INV-4401", "enter")
BOARD = ("4", "t", "less_than_sign")

GALLERY: Mapping[str, Exhibit] = {
    "ExceptionsScreen": Exhibit("filled", ("2",)),
    "ExceptionDetailScreen": Exhibit("filled", (*FIRST, "enter"), OF_A_ROW),
    "CausesScreen": Exhibit("filled", ("2", "number_sign")),
    "WorkflowsScreen": Exhibit("filled", ("3",)),
    "WorkflowDetailScreen": Exhibit("filled", ("3", "enter"), OF_A_ROW),
    "DeliveriesScreen": Exhibit("filled", ("6",)),
    "DeliveryDetailScreen": Exhibit("filled", ("6", "enter"), OF_A_ROW),
    "AuditScreen": Exhibit("worked", ("7",)),
    "AuditDetailScreen": Exhibit("worked", ("7", "enter"), OF_A_ROW),
    "SystemsScreen": Exhibit("filled", ("8",)),
    "EventsScreen": Exhibit("filled", ("semicolon", "v")),
    "EventDetailScreen": Exhibit("filled", ("semicolon", "v", "enter"), OF_A_ROW),
    "FindingsScreen": Exhibit("filled", ("semicolon", "f")),
    "FindingDetailScreen": Exhibit("filled", ("semicolon", "f", "enter"), OF_A_ROW),
    "SettingsScreen": Exhibit("filled", ("semicolon", "t"), STANDS),
    # one comes back to it from a screen that has its pictures, and what it showed stays while it reads: it reads at the start
    "HomeScreen": Exhibit("filled", ("8", "1"), (DATA, EMPTY, ERROR)),
    "ReconciliationScreen": Exhibit("broken", ("4",)),
    "BreakDetailScreen": Exhibit("broken", (*BREAK, "enter"), OF_A_ROW),
    "BreakClassesScreen": Exhibit("broken", ("4", "number_sign")),
    "ReconcileRunsScreen": Exhibit("broken", ("4", "o")),
    "CloseBoardScreen": Exhibit("broken", ("4", "t")),
    "CloseItemsScreen": Exhibit("broken", (*BOARD, "enter"), OF_A_ROW),
    "ReportsScreen": Exhibit("broken", ("semicolon", "o", "enter"), (DATA, LOADING)),
    "MappingsScreen": Exhibit("mapped", ("5",)),
    "MappingTableScreen": Exhibit("mapped", ("5", "j", "enter"), OF_A_ROW),
    "VersionsScreen": Exhibit("mapped", ("5", "j", "H"), OF_A_ROW),
    "SuppliersScreen": Exhibit("books", ("semicolon", "u")),
    "PairScreen": Exhibit("books", ("semicolon", "u", "enter"), OF_A_ROW),
    "GoldenScreen": Exhibit("books", ("semicolon", "g")),
    "GoldenDetailScreen": Exhibit("books", ("semicolon", "g", "slash", "=N1", "enter", "enter"), OF_A_ROW),
    "MergesScreen": Exhibit("books", ("semicolon", "l")),
    "MergeScreen": Exhibit("books", ("semicolon", "l", "enter"), OF_A_ROW),
    "BankChangesScreen": Exhibit("books", ("semicolon", "b")),
    "BankChangeScreen": Exhibit("books", ("semicolon", "b", "enter"), OF_A_ROW),
    "PoliciesScreen": Exhibit("ruled", ("semicolon", "p")),
    "PolicyScreen": Exhibit("ruled", ("semicolon", "p", "j", "enter"), OF_A_ROW),
    "PolicyVersionsScreen": Exhibit("ruled", ("semicolon", "p", "j", "H"), OF_A_ROW),
    "AskDialog": Exhibit("filled", ("2", "x"), ASKS),
    "PickDialog": Exhibit("filled", ("2", "s"), ASKS),
    "ViewsDialog": Exhibit("filled", ("2", "f"), ASKS),
    "KeysDialog": Exhibit("filled", ("2", "question_mark"), ASKS),
    "MessageDialog": Exhibit("filled", ("2", "slash", "=class:PAYLOAD*", "enter", "r", "enter"), ASKS),
    "EditDialog": Exhibit("filled", ("2", "slash", "=DEAD_LETTER", "enter", "e"), ASKS),
    "JumpDialog": Exhibit("filled", ("semicolon",), ASKS),
    "RuleDialog": Exhibit("mapped", ("5", "j", "enter", "n"), ASKS),
    "ImpactDialog": Exhibit("mapped", ("5", "j", "enter", "d", "P", "enter"), ASKS),
    # the tab of the mappings that was seen last is the one that is shown again, so this comes last
    "ProposalScreen": Exhibit("mapped", ("5", NEXT, NEXT, "enter"), OF_A_ROW),
    "PolicyProposalScreen": Exhibit("ruled", ("semicolon", "p", NEXT, "enter"), OF_A_ROW),
}
