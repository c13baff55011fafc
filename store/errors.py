"""FinsyncError, the root of every error we raise, and the kinds the store itself raises.

Every class has a stable `code` (a contract, listed in docs/errors.md) and words its own message:
what happened, what was kept, what to do now.
"""

from __future__ import annotations

from typing import ClassVar


class FinsyncError(Exception):
    """Something went wrong that a person can act on."""

    code: ClassVar[str] = "FINSYNC"
    exit_code: ClassVar[int] = 1
    """What a command ends with when this error reaches it: 1 failed, 2 wrong usage or configuration."""


class FileInTheWayError(FinsyncError):
    """A file that would be written is there already."""

    code = "FILE_EXISTS"
    exit_code = 2

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} is there already. Nothing was written. Name another file, or add --force to the command."
        )


class StoreError(FinsyncError):
    """The workspace file could not be used."""

    code = "STORE"


class NotAWorkspaceError(StoreError):
    """The file is not a finsync store."""

    code = "STORE_NOT_A_STORE"
    exit_code = 2

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"{path} is not a finsync store ({reason}). Nothing was changed. "
            "Name another --workspace, or restore the file from a backup."
        )


class StoreMissingError(StoreError):
    """The workspace's file is gone, or nothing is in it."""

    code = "STORE_MISSING"
    exit_code = 2

    def __init__(self, path: str, what: str) -> None:
        super().__init__(
            f"{path} {what}. Nothing was made in its place: records, exceptions and audit log would be gone without a word. "
            "Copy the last backup there; or, to begin anew with an empty store, `finsync store create`."
        )


class NewerStoreError(StoreError):
    """The file was written by a newer finsync than this one."""

    code = "STORE_NEWER"
    exit_code = 2

    def __init__(self, path: str, unknown: str) -> None:
        super().__init__(
            f"{path} was written by a newer finsync (it holds migration {unknown!r}, which this version "
            "does not know). Nothing was changed. Upgrade finsync, or open a backup made before the upgrade."
        )


class StoreBusyError(StoreError):
    """Another process held the file for longer than we wait."""

    code = "STORE_BUSY"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} was kept busy by another program for longer than we wait. Nothing was changed. "
            "Try again; if it lasts, find the program that holds the file open."
        )


class StoreFullError(StoreError):
    """There is no room left on the disk."""

    code = "STORE_FULL"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"there is no room left for {path}. The last change was not made, everything before it is safe. "
            "Free disk space and start again."
        )


class StoreAccessError(StoreError):
    """The file or its folder may not be read or written."""

    code = "STORE_ACCESS"
    exit_code = 2

    def __init__(self, path: str, reason: str, remedy: str = "") -> None:
        usual = "Check that you may read and write the file and its folder, or name another --workspace."
        super().__init__(f"{path} can't be used ({reason}). Nothing was changed. {remedy or usual}")


class StoreDamagedError(StoreError):
    """The file is damaged."""

    code = "STORE_DAMAGED"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"{path} is damaged ({reason}). Keep the file as it is, run `finsync store check` on a copy, "
            "and restore the last good backup."
        )


class StoreTooOldError(StoreError):
    """Python's SQLite library is too old."""

    code = "STORE_SQLITE_TOO_OLD"
    exit_code = 2

    def __init__(self, found: str, needed: str) -> None:
        super().__init__(
            f"this Python brings SQLite {found}; finsync needs {needed} or later. Use a newer Python."
        )


class LeaseLostError(StoreError):
    """Another engine took over; whatever this one was about to record is refused."""

    code = "LEASE_LOST"


class LeaseHeldError(StoreError):
    """Another engine is at work in this workspace."""

    code = "LEASE_HELD"

    def __init__(self, holder: str, until: str) -> None:
        super().__init__(
            f"another engine works in this workspace: {holder}; its lease runs until {until}. Nothing was started. "
            "Ask that engine to read with `finsync systems run-now SYSTEM`, or stop it first; a crashed engine's lease ends by itself."
        )


class GivenUpError(FinsyncError):
    """Told to stop amid a piece of work: nothing of that piece was kept, and it is done anew next time."""

    code = "GIVEN_UP"

    def __init__(self, what: str) -> None:
        super().__init__(f"told to stop; {what}")


class NotFoundError(FinsyncError):
    """There is no such thing in this workspace."""

    code = "NOT_FOUND"

    def __init__(self, kind: str, name: str, hint: str = "") -> None:
        super().__init__(f"there is no {kind} {name!r} in this workspace." + (f" {hint}" if hint else ""))


class UnknownNameError(FinsyncError):
    """The configuration knows no system or entity of that name: wrong usage."""

    code = "UNKNOWN_NAME"
    exit_code = 2

    def __init__(self, kind: str, name: str, hint: str) -> None:
        super().__init__(f"there is no {kind} {name!r}. Nothing was done; {hint}")


class NotAllowedError(FinsyncError):
    """The thing exists, but this may not be done to it now."""

    code = "NOT_ALLOWED"
