"""The process behind one browser tab: `python -m finsync_tui.web.tab --workspace DIR [--read-only]`.

For somebody who has signed in there come their sign-in name and the end of a pipe that holds their key: neither
arguments nor environment of a process are the place for it.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from finsync_tui.settings import Workspace, load_workspace
from store.errors import FinsyncError

if TYPE_CHECKING:
    from finsync_tui.actions import Actor

KEY_BYTES = 32


def main(arguments: list[str] | None = None) -> int:
    """Run the workbench on the driver that textual-serve has named in the environment."""
    parser = argparse.ArgumentParser(prog="finsync_tui.web.tab", description=__doc__)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--read-only", action="store_true")
    parser.add_argument("--web-login", default="")
    parser.add_argument("--key-from", type=int)
    options = parser.parse_args(arguments)
    try:
        workspace = load_workspace(options.workspace)
        person = _person(workspace, options.web_login, options.key_from) if options.web_login else None
    except FinsyncError as error:
        print(f"error {error.code}: {error}", file=sys.stderr)
        return error.exit_code
    from finsync_tui.screens.app import run

    return run(workspace, is_read_only=options.read_only, face="web", person=person)


def _person(workspace: Workspace, web_login: str, key_from: int | None) -> Actor:
    """Return who has signed in, with the key that came through the pipe."""
    from finsync_tui import actions, people, profile

    raw = b""
    if key_from is not None:
        with os.fdopen(key_from, "rb") as pipe:
            raw = pipe.read(KEY_BYTES + 1)
    known = profile.load(workspace)
    name = people.who_is(known, web_login=web_login).name
    held = people.signer_from(name, raw) if len(raw) == KEY_BYTES else None
    return actions.acting(known, "web", web_login=web_login, held=held)


if __name__ == "__main__":
    sys.exit(main())
