"""`finsync demo`: a seeded company, simulated systems and the whole process, to watch or to measure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from finsync_tui.cli._context import JsonOption, example


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
        int,
        typer.Option(
            "--speed", metavar="N", min=1, help="Workbench: how many times faster than real the clock runs."
        ),
    ] = 0,
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace", metavar="DIR", help="Keep the demo's workspace here.", show_default=False
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Run a seeded company's year against simulated systems.

    Opens the workbench on a running engine. Without a terminal, or with --headless or --json, it runs the year in virtual
    time and prints what was found.
    """
