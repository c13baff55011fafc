"""The process behind one browser tab: `python -m finsync_tui.web.tab --workspace DIR [--read-only]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from finsync_tui.settings import load_workspace
from store.errors import FinsyncError


def main(arguments: list[str] | None = None) -> int:
    """Run the workbench on the driver that textual-serve has named in the environment."""
    parser = argparse.ArgumentParser(prog="finsync_tui.web.tab", description=__doc__)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--read-only", action="store_true")
    options = parser.parse_args(arguments)
    try:
        workspace = load_workspace(options.workspace)
    except FinsyncError as error:
        print(f"error {error.code}: {error}", file=sys.stderr)
        return error.exit_code
    from finsync_tui.screens.app import run

    run(workspace, is_read_only=options.read_only, face="web")
    return 0


if __name__ == "__main__":
    sys.exit(main())
