"""`finsync demo`: a seeded company, simulated systems and the whole process, to watch or to measure."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from finsync_tui.cli._context import JsonOption, example, folder_named
from finsync_tui.cli._output import Cell, facts, grouped, note, say, say_json, table

if TYPE_CHECKING:
    from finsync_tui.settings import Workspace

PROBLEMS_MAX: Final = 40
WHOSE: Final = ("flow", "legal_entity", "currency")
"""Columns of totals that are no amounts."""


def register(app: typer.Typer) -> None:
    app.command("demo", epilog=example("finsync demo", "finsync demo --headless --seed 7 --json"))(demo)


def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="Run to the end and print the summary.")
    ] = False,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, help="The company and its troubles follow from it.")
    ] = 7,
    scale: Annotated[
        float,
        typer.Option(
            "--scale",
            metavar="N",
            min=0.01,
            max=100,
            help="So many times 2,000 orders and 600 expense reports, and the troubles planted in them. Headless, 1 "
            "takes 4 to 7 minutes on two cores; the days of the year stay, so 0.1 takes more than a tenth of that.",
        ),
    ] = 1,
    faults: Annotated[
        Literal["none", "typical", "storm"], typer.Option("--faults", help="How badly the systems behave.")
    ] = "typical",
    edits: Annotated[
        int,
        typer.Option(
            "--edits",
            metavar="N",
            min=0,
            max=100,
            help="At the end, so many changes of each kind are made in the systems behind finsync's back, for a "
            "reconciliation to find.",
        ),
    ] = 0,
    speed: Annotated[
        float | None,
        typer.Option(
            "--speed",
            metavar="N",
            min=1,
            help="In the workbench, the clock runs so many times faster than ours; without it, a year takes a "
            "good twelve minutes.",
            show_default=False,
        ),
    ] = None,
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace",
            parser=folder_named,
            metavar="DIR",
            help="Keep the demo's workspace here.",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Run a seeded company's year against simulated systems.

    Opens the workbench on a running engine. Without a terminal, or with --headless or --json, it runs the year
    in virtual time and prints what was found; it ends with 1 when anything was doubled, lost, missed or
    found that is not there.
    """
    from finsync_tui.rehearse.demo import SPEED, Options, run_headless, run_workbench

    options = Options(
        seed=seed, scale=scale, faults=faults, workspace=workspace, speed=speed or SPEED, edits=edits
    )
    if not (headless or json) and sys.stdin.isatty() and sys.stdout.isatty():
        note("starting the company and its systems ...")
        run_workbench(options, _show)
        return
    summary = run_headless(options, _months())
    if json:
        say_json(summary)
    else:
        _tell(summary)
    if not summary["is_good"]:
        raise typer.Exit(1)


def _show(workspace: Workspace) -> None:
    from finsync_tui.rehearse import staff
    from finsync_tui.screens.app import run

    sign_in = (workspace.secrets_dir or workspace.path) / staff.NOTE
    note(f"you are {staff.ANALYST}, the analyst; how to sign in as a second person: {sign_in}")
    run(workspace)
    note(f"how to sign in as a second person: {sign_in}")
    note(f"the demo's workspace stays until the next demo: finsync status --workspace {workspace.path}")


def _months() -> Callable[[str], None]:
    """Return what tells how far the year is: a line a month, on stderr, so that a log shows that it goes on."""
    told = ""

    def tell(day: str) -> None:
        nonlocal told
        if day[:7] != told:
            told = day[:7]
            note(f"the company is in {told}")

    return tell


def _tell(summary: dict[str, Any]) -> None:
    """Print the summary: the counts, planted beside found, the money of each company, and what does not add up."""
    from finsync_tui.rehearse.supplier_verdict import summary as suppliers_told

    counts: dict[str, Cell] = {
        name.replace("_", " "): str(value) if isinstance(value, float) else value
        for name, value in summary.items()
        if isinstance(value, str | int | float) and name != "is_good"
    }
    counts["audit log"] = f"{summary['audit']['entries']:,} entries, " + (
        "intact" if summary["audit"]["is_intact"] else "BROKEN"
    )
    say(facts(counts))
    _tell_part(summary)
    for part in ("expenses", "invoices"):
        say()
        say(facts({name.replace("_", " "): value for name, value in _counts(summary[part])}))
        _tell_part(summary[part])
    _tell_money(summary["invoices"]["commitments"])
    say()
    say(suppliers_told(summary["suppliers"]))
    lies = summary["lies"]
    say()
    say(
        facts(
            {
                "answers of success to what never happened": lies["told"],
                "of them found": lies["found"],
                "of them within one cycle": lies["within_a_cycle"],
                "the slowest, in hours": f"{lies['slowest_hours']:g}",
            }
        )
    )
    if "edits" in summary:
        _tell_edits(summary["edits"])
    if summary["is_good"]:
        note("everything adds up")
        return
    for problem in summary["problems"][:PROBLEMS_MAX]:
        note(f"✕ {problem}")
    if len(summary["problems"]) > PROBLEMS_MAX:
        note(f"and {len(summary['problems']) - PROBLEMS_MAX} more; --json names all")
    note("something does not add up: see above")


def _counts(part: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield what is counted of a kind of documents."""
    for name, value in part.items():
        if isinstance(value, int) and name != "is_good":
            yield name, value


def _tell_part(part: dict[str, Any]) -> None:
    """Print what was planted in one kind of documents beside what was found, and its money."""
    _tell_troubles(part)
    _tell_money(part["totals"])


def _tell_edits(edits: dict[str, Any]) -> None:
    """Print what was changed behind finsync's back, beside what the reconciliation found of it."""
    say()
    say(
        table(
            ["behind its back", "planted", "found", "recall"],
            [[one["kind"], one["planted"], one["found"], f"{one['recall']:.2f}"] for one in edits["kinds"]],
            right=["planted", "found", "recall"],
        )
    )
    say()
    say(
        table(
            ["class", "planted", "found", "precision", "recall"],
            [
                [
                    one["class"].replace("_", " "),
                    one["planted"],
                    one["found"],
                    f"{one['precision']:.2f}",
                    f"{one['recall']:.2f}",
                ]
                for one in edits["classes"]
            ],
            right=["planted", "found", "precision", "recall"],
        )
    )


def _tell_troubles(summary: dict[str, Any]) -> None:
    """Print each class of trouble, planted beside found."""
    classes = sorted({*summary["planted"], *summary["found"], *summary["exceptions"]})
    if classes:
        say()
        say(
            table(
                ["trouble", "planted", "found"],
                [[name, summary["planted"].get(name, 0), summary["found"].get(name, 0)] for name in classes],
                right=["planted", "found"],
            )
        )


def _tell_money(totals: list[dict[str, str]]) -> None:
    """Print amounts by whose they are: the columns of text first, then the money."""
    if totals:
        columns = list(totals[0])
        whose = [name for name in columns if name in WHOSE]
        say()
        say(
            table(
                [name.replace("_", " ") for name in columns],
                [[row[name] if name in whose else grouped(row[name]) for name in columns] for row in totals],
                right=[name.replace("_", " ") for name in columns if name not in whose],
            )
        )
