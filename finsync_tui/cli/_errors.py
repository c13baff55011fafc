"""How a command ends when something is wrong: one readable message, a stable code, never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import TracebackType

from finsync_tui.cli._output import safe
from store.errors import FinsyncError

DEBUG_VARIABLE = "FINSYNC_DEBUG"
INTERRUPTED = 130


class UsageError(FinsyncError):
    """A command was called in a way that makes no sense."""

    code = "USAGE"
    exit_code = 2


def guarded(command: Callable[[], object]) -> int:
    """Run a command; return the exit code it ends with."""
    sys.excepthook = _defect
    try:
        command()
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except FinsyncError as error:
        code = _complain(error.code, str(error), error.exit_code)
    except BrokenPipeError:
        code = 0  # whoever read our output has seen enough
    except OSError as error:
        from finsync_tui.cli._refusals import sentence

        code = _complain("OS", sentence(error), 1)
    except KeyboardInterrupt:
        code = INTERRUPTED
    return _flushed(code)


def _complain(code: str, message: str, exit_code: int) -> int:
    print(f"error {code}: {safe(message)}", file=sys.stderr)
    return exit_code


def _flushed(code: int) -> int:
    """Write out what is buffered; a reader that has gone is no error, and must not become one at exit."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _defect(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Say that finsync itself is wrong; the traceback, whose lines may show data, only when asked for."""
    if os.environ.get(DEBUG_VARIABLE):
        sys.__excepthook__(kind, error, trace)
        return
    print(
        f"error DEFECT: {kind.__name__}: {safe(str(error))[:500]}\n"
        "This is a defect in finsync; nothing half-done was kept. "
        f"Run it again with {DEBUG_VARIABLE}=1 to see where, and report that.",
        file=sys.stderr,
    )
