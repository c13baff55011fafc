"""`finsync secrets`: the credentials of the systems. Their values are never printed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from finsync_tui.cli._context import (
    FOUND_SOMETHING,
    JsonOption,
    WorkspaceOption,
    example,
    manifests,
    workspace_of,
)
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._output import note, safe, say, say_json, table

if TYPE_CHECKING:
    from adapters.base import Manifest
    from finsync_tui.expiry import Expiry
    from finsync_tui.settings import Workspace

app = typer.Typer(
    name="secrets",
    help="The credentials of the systems; their values are never printed.",
    no_args_is_help=True,
)

System = Annotated[str, typer.Argument(metavar="SYSTEM", help="Name of the system, e.g. oracle-emea.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the secret, e.g. password.")]


@app.command(
    "set",
    epilog=example(
        "finsync secrets set oracle-emea password", "pass show erp | finsync secrets set oracle-emea password"
    ),
)
def set_(system: System, name: Name, workspace: WorkspaceOption = None) -> None:
    """Keep a secret in the keyring: asked for, or read from stdin, never an argument that others could see."""
    from finsync_tui import account_key
    from finsync_tui.credentials import Secrets

    found = workspace_of(workspace)
    is_account_key = (system, name) == (account_key.PLACE, account_key.KEY)
    known = (name,) if is_account_key else _names(manifests(found), system)
    if name not in known:
        raise UsageError(f"{system} knows no secret {name!r}; it has {', '.join(known)}. Nothing was stored.")
    value = _ask(system, name) if sys.stdin.isatty() else sys.stdin.read().rstrip("\r\n")
    if not value:
        raise UsageError("the secret is empty. Nothing was stored.")
    if is_account_key and account_key.parsed(value) is None:
        raise UsageError(
            f"a key of bank accounts is {2 * account_key.BYTES} hexadecimal digits. Nothing was stored."
        )
    Secrets(found.name, found.path, found.secrets_dir).set(system, name, value)
    if is_account_key:
        note(
            f"{system}.{name} is in the keyring; `finsync doctor` says whether it is the one of this workspace"
        )
        return
    note(f"{system}.{name} is in the keyring; try it with `finsync secrets test {system}`")
    _tell_what_goes_on(found, [system])


def _ask(system: str, name: str) -> str:
    answer: str = typer.prompt(f"{system}.{name}", hide_input=True, err=True)
    return answer


@app.command("list", epilog=example("finsync secrets list"))
def list_(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List which secrets the systems need, and where each was found."""
    from finsync_tui import account_key, expiry, profile
    from finsync_tui.credentials import Secrets

    found = workspace_of(workspace)
    secrets = Secrets(found.name, found.path, found.secrets_dir)
    ends = {(one.system, one.name): one for one in expiry.expiries(profile.load(found))}
    listed: list[dict[str, str | bool | None]] = []
    for system, manifest in manifests(found).items():
        for name in (*manifest.credentials, *manifest.optional_credentials):
            place = secrets.find(system, name)
            is_needed = name in manifest.credentials
            listed.append(
                {
                    "system": system,
                    "name": name,
                    "is_needed": is_needed,
                    "place": place[0] if place else None,
                    "ends_on": _last_day(ends, system, name),
                }
            )
    if (place := secrets.find(account_key.PLACE, account_key.KEY)) is not None:
        listed.append(
            {
                "system": account_key.PLACE,
                "name": account_key.KEY,
                "is_needed": True,
                "place": place[0],
                "ends_on": None,
            }
        )
    if json:
        say_json(listed)
        return
    say(
        table(
            ["system", "secret", "needed", "where", "ends"],
            [
                [row["system"], row["name"], row["is_needed"], row["place"] or "not set", row["ends_on"]]
                for row in listed
            ],
        )
    )
    _tell_what_ends(found)


@app.command("test", epilog=example("finsync secrets test oracle-emea"))
def try_(
    system: Annotated[
        str | None, typer.Argument(metavar="SYSTEM", help="Only this system.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Try the credentials with one harmless call; ends with 3 when a system refuses them."""
    from finsync_tui.cli.adapters import tell_health

    found = workspace_of(workspace)
    well = tell_health(found, system, json=json)
    _tell_what_goes_on(found, [name for name, is_well in well.items() if is_well])
    _tell_what_ends(found)
    if not all(well.values()):
        raise typer.Exit(FOUND_SOMETHING)


@app.command(epilog=example("finsync secrets remove oracle-emea password"))
def remove(system: System, name: Name, workspace: WorkspaceOption = None) -> None:
    """Take a secret out of the keyring."""
    from finsync_tui.credentials import Secrets
    from store.errors import NotFoundError

    found = workspace_of(workspace)
    if not Secrets(found.name, found.path, found.secrets_dir).remove(system, name):
        raise NotFoundError(
            "secret in the keyring", f"{system}.{name}", "`finsync secrets list` shows where each is."
        )
    note(f"{safe(system)}.{safe(name)} is no longer in the keyring")


def _tell_what_goes_on(workspace: Workspace, names: list[str]) -> None:
    """Say of systems that wait for a secret what happens next: by itself, or by a person's word."""
    from store import cases, systems
    from store.database import open_reader

    if not workspace.store_path.exists():
        return
    with closing(open_reader(workspace.store_path)) as db:
        standings = {name: found.state for name in names if (found := systems.get(db, name)) is not None}
        waiting = cases.live_systems(db, "SECRET_MISSING")
    for name, state in standings.items():
        if state == "held":
            note(
                f"{safe(name)} is held: `finsync systems resume {name} --reason TEXT` lets the engine use it again"
            )
        elif state == "parked" and name in waiting:
            note(f"{safe(name)} waited for this: the engine goes on with it at its next cycle")


def _last_day(ends: Mapping[tuple[str, str], Expiry], system: str, name: str) -> str | None:
    one = ends.get((system, name))
    return str(one.ends_on) if one is not None else None


def _tell_what_ends(workspace: Workspace) -> None:
    """Say which secrets are near their end, and what to do about it."""
    from datetime import UTC

    from finsync_tui import expiry, profile
    from store.clock import SystemClock

    on = SystemClock().now().astimezone(UTC).date()
    for one in expiry.near(profile.load(workspace), on):
        note(f"{one.told(on)}: {one.remedy}")


def _names(manifests: dict[str, Manifest], system: str) -> tuple[str, ...]:
    from store.errors import UnknownNameError
    from store.wording import nearest

    if system not in manifests:
        raise UnknownNameError("system", system, nearest(system, manifests))
    manifest = manifests[system]
    return (*manifest.credentials, *manifest.optional_credentials)
