"""`finsync people`: who works here, what each may do, and their signing keys."""

from __future__ import annotations

from typing import Annotated

import typer

from finsync_tui.cli._context import JsonOption, WorkspaceOption, example, workspace_of
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._output import Cell, facts, note, safe, say, say_json, table

app = typer.Typer(
    name="people", help="Who works here, what each may do, and their signing keys.", no_args_is_help=True
)


@app.command("list", epilog=example("finsync people list"))
def list_(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List the people of the profile."""
    from finsync_tui import profile

    found = profile.load(workspace_of(workspace))
    if json:
        say_json(
            [
                {"name": name, "os_account": p.os_account or None, "web_login": p.web_login or None,
                 "roles": list(p.roles), "has_key": p.key is not None}
                for name, p in found.people.items()
            ]
        )  # fmt: skip
        return
    if found.people:
        lines: list[list[Cell]] = [
            [name, p.os_account, p.web_login, ", ".join(p.roles), p.key is not None]
            for name, p in found.people.items()
        ]
        say(table(["name", "account", "web sign-in", "roles", "key"], lines))
    else:
        note("the profile lists nobody: everybody who can open the workspace may do everything")
    rule = found.mapping_rule
    note(f"a change of a mapping table takes {rule} person{'s' * (rule == 'two')}")


@app.command(epilog=example("finsync people whoami"))
def whoami(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Say who you are here, what you may do, and whether you can sign."""
    from finsync_tui import people, profile
    from finsync_tui.credentials import Secrets

    at = workspace_of(workspace)
    found = profile.load(at)
    who = people.who_is(found, os_account=people.account())
    try:
        public = people.signer(Secrets(at.name, at.path), who.name).public
    except people.KeyMissingError:
        public = None
    person = found.people.get(who.name) if who.is_listed else None
    fits = public is not None and person is not None and person.key == public
    may = sorted(what for what in people.ALLOWED if people.may(who.roles, what))
    if json:
        say_json(
            {"name": who.name, "account": who.account, "is_listed": who.is_listed, "may": may,
             "roles": None if who.roles is None else sorted(who.roles), "key": public, "key_is_listed": fits}
        )  # fmt: skip
        return
    roles = "everything, because nobody is listed" if who.roles is None else ", ".join(sorted(who.roles))
    key = (
        "none here"
        if public is None
        else "here, and listed"
        if fits
        else "here, but not the one in the profile"
    )
    say(facts({"name": who.name, "account": who.account, "roles": roles, "signing key": key}))
    if who.roles is not None:
        say(facts({"may": ", ".join(may) or "look"}))


@app.command(epilog=example("finsync people key", "finsync people key --show"))
def key(
    show: Annotated[
        bool, typer.Option("--show", help="Only print the public half of the key there is.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Make another in place of the one there is.")
    ] = False,
    name: Annotated[
        str | None,
        typer.Option(
            "--name", metavar="NAME", help="Name in the profile, before it lists you.", show_default=False
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Make your signing key, keep it in your keyring, and print the line for the profile."""
    from finsync_tui import people, profile
    from finsync_tui.credentials import Secrets

    at = workspace_of(workspace)
    found = profile.load(at)
    who = people.who_is(found, os_account=people.account())
    if name is not None and who.is_listed and name != who.name:
        raise UsageError(f"you are {who.name} here, not {name}. Nothing was done.")
    owner = name or who.name
    secrets = Secrets(at.name, at.path)
    if show:
        public, place = people.signer(secrets, owner).public, None
    else:
        public, place = people.make_key(secrets, owner, replaces=replace)
    if json:
        say_json({"name": owner, "key": public, "place": place})
        return
    say(f'key = "{public}"')
    if place is not None:
        note(
            f"the private half is in the {place}; an administrator puts the line above under [people.{safe(owner)}]"
        )
