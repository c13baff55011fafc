"""The command `finsync`, also as `python -m finsync_tui`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end with its exit code."""
    from finsync_tui.cli import run

    sys.exit(run())


if __name__ == "__main__":
    main()
