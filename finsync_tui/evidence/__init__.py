"""Evidence that an auditor can check alone: a pack of the audit log and of all that it speaks of, and the file that checks it."""

from finsync_tui.evidence.archiving import ArchiveError, archive
from finsync_tui.evidence.pack import Made, write
from finsync_tui.evidence.scope import Scope, ScopeError

__all__ = ["ArchiveError", "Made", "Scope", "ScopeError", "archive", "write"]
