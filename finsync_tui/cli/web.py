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
    as_me: Annotated[
        bool,
        typer.Option(
            "--as-me",
            help="Where people sign in as themselves: print an address with a token too. Whoever has it acts as this "
            "machine's account that started the server.",
        ),
    ] = False,
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
    """Serve the workbench to a browser on this machine.

    Where the profile lists people with a web_login, each signs in as themselves. Otherwise the address that it prints has
    a token: whoever has it is you.
    """
    from finsync_tui import profile
    from finsync_tui.credentials import Secrets
    from finsync_tui.people.sign_ins import SignIns
    from finsync_tui.web.door import door, is_loopback
    from store.clock import SystemClock

    found = workspace_of(workspace)
    signs_in = any(person.web_login for person in profile.load(found).people.values())
    if not is_loopback(host) and not expose:
        raise UsageError(
            f"{host} can be reached from other machines. Nothing was started. Add --expose if that is meant, and put a proxy "
            "that encrypts in front of it; or leave it and use an SSH tunnel."
        )
    if public_url is not None and not public_url.startswith(("https://", "http://")):
        raise UsageError(
            f"{public_url!r} is no address of a web page. Write it like https://finsync.example."
        )
    encrypts = public_url is not None and public_url.startswith("https://")
    if signs_in and not encrypts and not (is_loopback(host) and public_url is None):
        raise UsageError(
            "passphrases would travel unencrypted. Nothing was started. People sign in over this machine's own address, or "
            "behind a proxy that encrypts: name it with --public-url https://..."
        )
    try:
        from finsync_tui.web.gate import Gate
        from finsync_tui.web.server import WebServer, serve
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the browser needs a part that is not installed ({error.name}). Nothing was started. "
            "Install it with `pip install 'finsync[web]'`; `finsync tui` does without."
        ) from None
    takes_token = as_me or not signs_in
    way_in = door(host, port, public_url, takes_token=takes_token)
    gate = (
        Gate(found, SignIns(Secrets(found.name, found.path, found.secrets_dir)), SystemClock())
        if signs_in
        else None
    )
    command = [sys.executable, "-m", "finsync_tui.web.tab", "--workspace", str(found.path)]
    server = WebServer(
        command + (["--read-only"] if read_only else []), way_in, host, port, gate=gate, sessions_max=sessions
    )

    def told() -> None:
        if signs_in:
            say(f"{way_in.origin}/sign-in")
            note(
                "people sign in there as themselves; `finsync people invite NAME` lets them choose a passphrase at /join"
            )
        if takes_token:
            say(way_in.address)
            note("open this address in a browser; it is good until Ctrl-C ends the server")

    serve(server, told)
