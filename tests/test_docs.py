"""The documentation says what the program does: complete, generated where it can be, without dead links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import adapters
from docs import make_cli, make_privacy, make_views
from docs.make_contracts import error_classes
from finsync_tui.cli import app
from store import memory_store
from store.case_classes import CASE_CLASSES, FINDING_CLASSES
from store.clock import SystemClock

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def first_cells(page: str, heading: str) -> set[str]:
    """Return what stands in backquotes in the first column of the table below a heading."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    section = text.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command that does something, with its name."""
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name, child in children.items():
        yield from commands(child, (*path, name))


COMMANDS = dict(commands(typer.main.get_command(app)))


def test_the_command_page_is_what_help_says() -> None:
    """When this fails: `make docs`."""
    assert make_cli.page() == make_cli.PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_an_example(path: tuple[str, ...]) -> None:
    """An example that names the command itself."""
    assert f"  finsync {' '.join(path)}" in (COMMANDS[path].epilog or "")


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_is_explained(path: tuple[str, ...]) -> None:
    """Nobody has to guess what an option does."""
    unexplained = [p.name for p in COMMANDS[path].params if not getattr(p, "help", None)]

    assert [] == unexplained


def test_every_error_code_is_documented_with_its_exit_code() -> None:
    """docs/errors.md lists exactly the codes there are."""
    found = {error.code: error.exit_code for error in error_classes()} | {"OS": 1, "DEFECT": 1}
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    documented = {
        code: int(exit) for code, exit in re.findall(r"^\| `([A-Z_]+)` \| (\d) \|", text, re.MULTILINE)
    }

    assert found == documented


def test_every_error_class_has_its_own_code() -> None:
    """A code means one thing."""
    classes = list(error_classes())

    assert len(classes) == len({error.code for error in classes})
    assert all(error.__doc__ and error.__name__.endswith("Error") for error in classes)


def test_every_exception_and_finding_class_is_documented() -> None:
    """docs/errors.md lists exactly the classes there are."""
    assert CASE_CLASSES == first_cells("errors.md", "Exceptions")
    assert FINDING_CLASSES == first_cells("errors.md", "Findings")


def test_code_opens_no_exception_of_an_undocumented_class() -> None:
    """Whatever the code hands to an exception or a finding as its class is in docs/errors.md."""
    used: set[str] = set()
    for folder in ("store", "adapters", "finsync_tui"):
        for file in (ROOT / folder).rglob("*.py"):
            used |= _classes_in(file.read_text(encoding="utf-8"))

    assert used
    assert set() == used - CASE_CLASSES - FINDING_CLASSES


def _classes_in(source: str) -> set[str]:
    places = (
        r'(?:class_=|case_class=|Hold\(\s*|Refusal\(\s*|Unresolved\(\s*|"case_class": )"([A-Z][A-Z_]{3,})"'
    )
    return set(re.findall(places, source))


def test_every_view_is_documented() -> None:
    """docs/store.md lists exactly the public views."""
    with memory_store(SystemClock()) as opened:
        views = {
            row["name"] for row in opened.db.execute("SELECT name FROM sqlite_schema WHERE type = 'view'")
        }

    text = (ROOT / "docs" / "store.md").read_text(encoding="utf-8")
    assert views == set(re.findall(r"^\| `(v_[a-z_]+)` \|", text, re.MULTILINE))


def test_every_column_of_every_view_is_explained() -> None:
    """docs/store.md lists the columns that the views have, each with its meaning, and no other (`make docs`)."""
    found = make_views.columns()

    assert make_views.page() == make_views.PAGE.read_text(encoding="utf-8")
    assert set() == make_views.unused(found)
    assert len(found) == make_views.section(found).count("| column | meaning |")


def test_the_inventory_of_the_privacy_page_is_the_stores_own() -> None:
    """Each place and each classified field, as `finsync audit inventory` lists them (`make docs`)."""
    assert make_privacy.page() == make_privacy.PAGE.read_text(encoding="utf-8")


def test_the_sql_in_the_store_page_runs() -> None:
    """Whoever copies a query gets an answer."""
    queries = re.findall(
        r"```sql\n(.*?)```", (ROOT / "docs" / "store.md").read_text(encoding="utf-8"), re.DOTALL
    )

    with memory_store(SystemClock()) as opened:
        answers = [opened.db.execute(query).fetchall() for query in queries]

    assert [[]] * len(queries) == answers
    assert len(queries) > 1


def test_every_write_operation_is_documented() -> None:
    """docs/operations.md lists exactly what adapters declare."""
    declared = {
        operation
        for name in adapters.names()
        for capability in adapters.manifest(name).capabilities
        for operation in capability.operations
    }
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

    documented = set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", text, re.MULTILINE))
    assert declared == documented


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file that is there."""
    links = re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text(encoding="utf-8"))

    assert [] == [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_named_in_pages_exist(page: Path) -> None:
    """Whatever a page tells people to type is a command, with options it has."""
    wrong = []
    for words in _typed(page.read_text(encoding="utf-8")):
        path = next((words[:n] for n in (3, 2, 1) if tuple(words[:n]) in COMMANDS), None)
        is_group = path is None and words and any(tuple(words) == known[: len(words)] for known in COMMANDS)
        if path is None:
            if not is_group and words[0] not in ("--help", "..."):
                wrong.append(" ".join(words))
            continue
        known = {opt for p in COMMANDS[tuple(path)].params for opt in p.opts}
        wrong += [f"{path} {w}" for w in words if w.startswith("--") and w not in known | {"--help"}]

    assert [] == wrong


def _typed(text: str) -> Iterator[list[str]]:
    """Yield the words after `finsync` of each command in a code block or in backquotes."""
    blocks = re.findall(r"^```(?:sh|text|console)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    for line in [*lines, *re.findall(r"`(finsync [^`]+)`", text)]:
        found = re.match(r"\s*(?:\$ )?(?:\.venv/bin/)?finsync ([^#]+)", line)
        if found:
            yield found[1].split()


def test_pages_are_about_no_particular_machine() -> None:
    """No path of the machine it was written on."""
    private = re.compile(r"(?<![\w.])/(work|root|tmp|home)/\w")

    assert [] == [page.name for page in PAGES if private.search(page.read_text(encoding="utf-8"))]
