"""`finsync web`: the workbench in a browser."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from finsync_tui.cli._context import WorkspaceOption, example, workspace_of
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._output import note, say

PORT = 8087


def register(app: typer.Typer) -> None:
    app.command("web", epilog=example("finsync web", "finsync web --read-only --port 9000"))(web)


def web(
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=1, max=65535, help="Where it listens.")
    ] = PORT,
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="ADDRESS", help="Another address than this machine's own; needs --expose."
        ),
    ] = "127.0.0.1",
    expose: Annotated[
        bool,
        typer.Option(
            "--expose",
            help="Let other machines reach it. What is shown travels unencrypted unless a proxy encrypts it.",
        ),
    ] = False,
    public_url: Annotated[
        str | None,
        typer.Option(
            "--public-url",
            metavar="URL",
            help="How browsers know a proxy in front of it.",
            show_default=False,
        ),
    ] = None,
    sessions: Annotated[
        int,
        typer.Option(
            "--sessions", metavar="N", min=1, max=100, help="At most so many workbenches at a time."
        ),
    ] = 8,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Look only: nothing can be changed from it.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Serve the workbench to a browser on this machine. The address it prints has a token: whoever has it is you."""
    from finsync_tui.web.door import door, is_loopback

    found = workspace_of(workspace)
    if not is_loopback(host) and not expose:
        raise UsageError(
            f"{host} can be reached from other machines. Nothing was started. Add --expose if that is meant, and put a proxy "
            "that encrypts in front of it; or leave it and use an SSH tunnel."
        )
    if public_url is not None and not public_url.startswith(("https://", "http://")):
        raise UsageError(
            f"{public_url!r} is no address of a web page. Write it like https://finsync.example."
        )
    try:
        from finsync_tui.web.server import WebServer, serve
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the browser needs a part that is not installed ({error.name}). Nothing was started. "
            "Install it with `pip install 'finsync[web]'`; `finsync tui` does without."
        ) from None
    way_in = door(host, port, public_url)
    command = [sys.executable, "-m", "finsync_tui.web.tab", "--workspace", str(found.path)]
    server = WebServer(
        command + (["--read-only"] if read_only else []), way_in, host, port, sessions_max=sessions
    )

    def told() -> None:
        say(way_in.address)
        note("open this address in a browser; it is good until Ctrl-C ends the server")

    serve(server, told)
