"""How a command ends when something is wrong: one readable message, a stable code, never a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import TracebackType

from finsync_tui.cli._output import safe, say_json
from store.errors import FinsyncError

DEBUG_VARIABLE = "FINSYNC_DEBUG"
INTERRUPTED = 130


class UsageError(FinsyncError):
    """A command was called in a way that makes no sense."""

    code = "USAGE"
    exit_code = 2


def guarded(command: Callable[[], object], *, in_json: bool = False) -> int:
    """Run a command; return the exit code it ends with. With `in_json` stdout says what is wrong, too."""
    sys.excepthook = partial(_defect, in_json)
    try:
        command()
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
        if code == UsageError.exit_code and in_json:
            _say_json(
                UsageError.code, "the command line is not understood; stderr says what is wrong with it", code
            )
    except FinsyncError as error:
        code = _complain(error.code, str(error), error.exit_code, in_json=in_json)
    except BrokenPipeError:
        code = 0  # whoever read our output has seen enough
    except OSError as error:
        from finsync_tui.cli._refusals import sentence

        code = _complain("OS", sentence(error), 1, in_json=in_json)
    except KeyboardInterrupt:
        code = INTERRUPTED
    return _flushed(code)


def _complain(code: str, message: str, exit_code: int, *, in_json: bool) -> int:
    print(f"error {code}: {safe(message)}", file=sys.stderr)
    if in_json:
        _say_json(code, message, exit_code)
    return exit_code


def _say_json(code: str, message: str, exit_code: int) -> None:
    with suppress(BrokenPipeError):  # whoever read our output has seen enough
        say_json({"error": {"code": code, "message": message, "exit_code": exit_code}}, one_line=True)


def _flushed(code: int) -> int:
    """Write out what is buffered; a reader that has gone is no error, and must not become one at exit."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _defect(
    in_json: bool, kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
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
    if in_json:
        _say_json("DEFECT", f"{kind.__name__}: {str(error)[:500]}", 1)
