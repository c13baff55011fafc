"""What a command printed with `--json`, held against its contract; or kept, so that contracts can be made of it.

Each test that runs a command in this process comes through here: hundreds of real answers, of good days and bad ones.
With `FINSYNC_LEARN=FOLDER` (`make contracts`) answers are written there and not judged.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import jsonschema_rs
import typer

from docs.shapes import undescribed
from finsync_tui import contracts
from finsync_tui.cli import app

LEARN_VARIABLE = "FINSYNC_LEARN"
REFUSAL = "error"
"""The contract of what any command prints when something is wrong."""
FORMS = {
    "contract show": "--changes",
    "explain": "--again",
    "hierarchy": "--check",
    "mapping list": "--proposals",
    "policy list": "--decisions",
    "profile show": "--explain",
    "events tail": "--follow",
    "supplier merge": "--preview",
    "close-check": "--entity",
}
"""Options with which a command answers another question: another contract."""


@cache
def commands_with_json() -> frozenset[str]:
    """Return the name of each command that has `--json`."""

    def below(command: object, path: tuple[str, ...]) -> list[str]:
        children = getattr(command, "commands", None)
        if children is not None:
            return [name for word, child in children.items() for name in below(child, (*path, word))]
        has_json = any("--json" in option.opts for option in getattr(command, "params", ()))
        return [" ".join(path)] if has_json else []

    return frozenset(below(typer.main.get_command(app), ()))


def command_of(words: Sequence[str]) -> str | None:
    """Return which command with `--json` a command line asks for."""
    names = (" ".join(words[:count]) for count in (3, 2, 1))
    return next((name for name in names if name in commands_with_json()), None)


def face_of(words: Sequence[str], answer: object) -> str:
    """Return the name of the contract that an answer has to follow."""
    if isinstance(answer, dict) and set(answer) == {"error"}:
        return REFUSAL
    name = command_of(words)
    assert name is not None
    if name == "report" and len(words) > 1 and not words[1].startswith("-"):
        return f"report {words[1]}"
    form = FORMS.get(name)
    return f"{name} {form}" if form in words else name


def answers(out: str) -> list[object]:
    """Return the JSON values that a command printed: one, or one a line where it follows something."""
    try:
        return [json.loads(out)]
    except ValueError:
        return [json.loads(line) for line in out.splitlines() if line.strip()]


def judge(words: Sequence[str], out: str) -> None:
    """Hold what was printed against the command's contract."""
    if "--json" not in words or not out.strip() or command_of(words) is None:
        return
    folder = os.environ.get(LEARN_VARIABLE)
    for answer in answers(out):
        face = face_of(words, answer)
        if folder:
            text = json.dumps({"face": face, "answer": answer})
            Path(folder, f"{uuid4().hex}.json").write_text(text, encoding="utf-8")
        else:
            assert [] == wrong(face, answer), (
                f"finsync {face}: another shape needs another version, `make contracts`"
            )


def wrong(face: str, answer: object) -> list[str]:
    """Return in what an answer differs from its contract."""
    schema = contracts.contract("command", face).schema
    errors = [
        f"{error.instance_path} {error.message[:300]}" for error in _validator(face).iter_errors(answer)
    ]
    return [*errors, *undescribed(schema, answer)]


@cache
def _validator(face: str) -> Any:
    return jsonschema_rs.validator_for(dict(contracts.contract("command", face).schema))
