"""What makes a record carry the values of regional extensions: given by whoever knows the declarations."""

from __future__ import annotations

from collections.abc import Callable

from store.canonical.record import CanonicalRecord


class UnfitExtensionError(ValueError):
    """A payload does not say what a declared extension needs: where in it, and what is wrong there."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


Extend = Callable[[CanonicalRecord, bytes], CanonicalRecord]
"""Returns a record with the extensions' values of the payload that it was read from; raises UnfitExtensionError."""
