"""`finsync demo`: a seeded company, simulated systems and the whole process, to watch or to measure."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from finsync_tui.cli._context import JsonOption, example
from finsync_tui.cli._output import Cell, facts, note, say, say_json, table


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
        int, typer.Option("--scale", metavar="N", min=1, max=100, help="So many times 2,000 orders.")
    ] = 1,
    faults: Annotated[
        Literal["none", "typical", "storm"], typer.Option("--faults", help="How badly the systems behave.")
    ] = "typical",
    speed: Annotated[
        int | None,
        typer.Option(
            "--speed",
            metavar="N",
            min=1,
            help="In the workbench, the clock runs so many times faster than real time.",
            show_default=False,
        ),
    ] = None,
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace", metavar="DIR", help="Keep the demo's workspace here.", show_default=False
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Run a seeded company's year against simulated systems.

    Opens the workbench on a running engine. Without a terminal, or with --headless or --json, it runs the year
    in virtual time and prints what was found; it ends with 1 when anything was doubled, lost, missed or
    found that is not there.
    """
    from finsync_tui.rehearse.demo import Options, run_headless, run_workbench

    chosen: dict[str, Any] = {"seed": seed, "scale": scale, "faults": faults, "workspace": workspace}
    if speed is not None:
        chosen["speed"] = speed
    options = Options(**chosen)
    if not (headless or json) and sys.stdin.isatty() and sys.stdout.isatty():
        from finsync_tui.cli.tui import tui

        run_workbench(options, lambda found: tui(found.path))
        return
    summary = run_headless(options, _show_day if sys.stderr.isatty() else None)
    if json:
        say_json(summary)
    else:
        _tell(summary)
    if not summary["is_good"]:
        raise typer.Exit(1)


def _show_day(day: str) -> None:
    """Say in place how far the company's year has come."""
    sys.stderr.write(f"\r{day} ")
    sys.stderr.flush()


def _tell(summary: dict[str, Any]) -> None:
    """Print the summary: the counts, planted beside found, the money of each company."""
    counts: dict[str, Cell] = {
        name.replace("_", " "): str(value) if isinstance(value, float) else value
        for name, value in summary.items()
        if isinstance(value, str | int | float) and name != "is_good"
    }
    say(facts(counts))
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
    if summary["totals"]:
        columns = list(summary["totals"][0])
        say()
        say(
            table(
                [name.replace("_", " ") for name in columns],
                [[row[name] for name in columns] for row in summary["totals"]],
                right=[name.replace("_", " ") for name in columns[2:]],
            )
        )
    note("everything adds up" if summary["is_good"] else "something does not add up")
