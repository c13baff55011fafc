"""The command `finsync`, also as `python -m finsync_tui`."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Run the command line and end with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a plain locale shows ü as an escape, and goes on
    from finsync_tui import garbage

    garbage.begin()
    from finsync_tui import opening

    workbench = opening.understood(sys.argv[1:])
    if workbench is not None:
        sys.exit(opening.run(workbench))
    from finsync_tui.cli import run

    sys.exit(run())


if __name__ == "__main__":
    main()
