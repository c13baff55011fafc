"""What texts advise people to type is accepted by the command line's own parser."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from finsync_tui.cli import app

ROOT = Path(__file__).parents[1]
COMMAND: Any = typer.main.get_command(app)
SOURCES = [
    file for part in ("store", "adapters", "finsync_tui") for file in sorted((ROOT / part).rglob("*.py"))
]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_ADVICE = re.compile(r"`finsync ([^`]+)`|^\s*finsync ([^`]+?)(?=\s{2,}|$)", re.MULTILINE)


def texts(file: Path) -> Iterator[str]:
    """Yield the texts of a module that people may see: its strings without docstrings, what is filled in as `1`."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    parts = [
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)
    ]  # docstrings speak to whoever reads the code
    parts += [id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values]
    for node in ast.walk(tree):
        if id(node) in parts:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "1" for part in node.values)


def advised(text: str) -> Iterator[list[str]]:
    """Yield the words after `finsync` of each command line in a text, with placeholders filled."""
    for found in _ADVICE.finditer(text):
        line = (found[1] or found[2]).replace("[", "").replace("]", "")
        try:
            words = shlex.split(line)
        except ValueError:  # a quotation that goes on elsewhere
            words = line.split()
        if words and (words[0] in COMMAND.commands or found[1]):
            yield [
                "1" if re.fullmatch(r"N|[A-Z][A-Z_:]+|\.\.\.", word) else word.split("|")[0] for word in words
            ]


def refusal(words: list[str], *, is_mention: bool = False) -> str:
    """Return why the parser refuses a command line; empty: it does not. A mention may be a command's bare name."""
    command, rest = COMMAND, list(words)
    while isinstance(command, click.Group | typer.core.TyperGroup) and rest and rest[0] in command.commands:
        command = command.commands[rest.pop(0)]
    if is_mention and not rest:
        return ""
    if hasattr(command, "commands"):
        return "" if rest in ([], ["--help"], ["--version"]) else f"no such command: {' '.join(words)}"
    try:
        with command.make_context("finsync", rest):
            return ""
    except Exception as error:  # noqa: BLE001  # typer may bring a click of its own
        said = getattr(error, "message", None) or str(error)
        is_file = "No such file" in said
        return "" if is_file or type(error).__name__ in ("Exit", "NoArgsIsHelpError") else f"{words}: {said}"


@pytest.mark.parametrize("file", ["store", "adapters", "finsync_tui"])
def test_what_a_message_advises_can_be_typed(file: str) -> None:
    """Causes, fixes, errors and hints: nothing is missing, nothing is unknown."""
    wrong = {
        f"{source.relative_to(ROOT)}: {why}"
        for source in SOURCES
        if source.relative_to(ROOT).parts[0] == file
        for text in texts(source)
        for words in advised(text)
        if (why := refusal(words))
    }

    assert set() == wrong


def test_what_a_page_advises_can_be_typed() -> None:
    """As it stands there; only a bare name is a mention, and none is in the remedies of docs/errors.md."""
    wrong = {
        f"{page.relative_to(ROOT)}: {why}"
        for page in PAGES
        for text in re.findall(r"`finsync [^`]+`", page.read_text(encoding="utf-8"))
        for words in advised(text)
        if (why := refusal(words, is_mention=page.name != "errors.md"))
    }

    assert set() == wrong


def test_an_incomplete_line_is_noticed() -> None:
    """The test itself can fail."""
    assert "reason" in refusal(["systems", "resume", "coupa"])
    assert refusal(["secrets", "set", "coupa"])
    assert refusal(["secrets", "stet", "coupa"])
    assert "" == refusal(["systems", "resume", "coupa", "--reason", "1"])
