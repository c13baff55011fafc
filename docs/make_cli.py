"""Write docs/cli.md from what `--help` says. `make docs` runs it; tests/test_docs.py says when the page is stale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from finsync_tui import contracts
from finsync_tui.cli import app

PAGE = Path(__file__).with_name("cli.md")
WIDTH = 96
INTRODUCTION = """\
# Commands

<!-- Written by `python -m docs.make_cli` from --help; do not edit. -->

Every command works without a terminal. Data goes to stdout, talk about it to stderr.

- `--workspace DIR` names the workspace; without it `FINSYNC_WORKSPACE`, else the folder `finsync` in the
  user's data folder.
- `--json` prints one JSON object or list. Keys stay; new ones may come. Amounts, prices and rates are
  decimal text beside a `currency`, instants are ISO 8601 in UTC, what is not known is `null`. With
  `events tail --follow` and `run`, each line is one object.
- Exit codes: 0 done (open exceptions are daily business), 1 failed, 2 wrong usage or configuration, 3 a check
  that was asked for found something, 130 interrupted.
- An error is one line on stderr, `error CODE: what happened, what was kept, what to do now`. The codes are in
  [errors.md](errors.md). With `--json` stdout has it, too: `{"error": {"code": ..., "message": ..., "exit_code": ...}}`.
  What the command line itself has wrong is told as usage on stderr, and is `USAGE` there.
- Actions on several exceptions or deliveries do what they can: what was refused is listed with its reason, and
  the exit code is 1 only when nothing was done.
"""

JSON_NOTE = "Generated from the [contracts](contracts.md), which have the types: `finsync contract show NAME`. A key in brackets is not always there."
ACTIONS = "Commands that act on exceptions, deliveries or workflows print `done` (ids) and `refused` (a list of `id`, `reason`)."


def page() -> str:
    """Return the whole page."""
    root = typer.main.get_command(app)
    context = root.context_class(root, info_name="finsync", terminal_width=WIDTH, max_content_width=WIDTH)
    parts = [INTRODUCTION, _shapes(), *(_section(name, text) for name, text in _helps(root, context))]
    return "\n".join(parts)


def _shapes() -> str:
    rows = "\n".join(
        f"| `{name}` | {keys} |"
        for name in contracts.names("command")
        if (keys := _keys(contracts.contract("command", name).schema))
        not in ("", "done, refused (id, reason)")
    )
    return f"## What --json prints\n\n{ACTIONS} {JSON_NOTE}\n\n| command | keys |\n| --- | --- |\n{rows}\n"


def _keys(schema: Mapping[str, Any], depth: int = 1) -> str:
    """Return the keys of an object, or of each object of a list; those of what is in it in parentheses."""
    parts = schema.get("items", schema)
    required = parts.get("required", ())
    told = []
    for name, part in parts.get("properties", {}).items():
        inner = _keys(part, depth - 1) if depth else ""
        said = f"{name} ({inner})" if inner else name
        told.append(said if name in required else f"[{said}]")
    return ", ".join(told)


def _helps(command: Any, context: Any) -> Iterator[tuple[str, str]]:
    """Yield each command's full name and its help, groups before what is in them."""
    yield context.command_path, command.get_help(context)
    for name in getattr(command, "commands", {}):
        child = command.commands[name]
        below = child.context_class(
            child, info_name=name, parent=context, terminal_width=WIDTH, max_content_width=WIDTH
        )
        yield from _helps(child, below)


def _section(name: str, text: str) -> str:
    body = "\n".join(line.rstrip() for line in text.splitlines())
    return f"## {name}\n\n```text\n{body}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}")
