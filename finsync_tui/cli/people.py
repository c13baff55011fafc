"""`finsync people`: who works here, what each may do, and their signing keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from finsync_tui.cli._context import (
    FOUND_SOMETHING,
    JsonOption,
    WorkspaceOption,
    example,
    opened,
    reading,
    workspace_of,
)
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._output import Cell, facts, note, safe, say, say_json, table
from store.clock import text

if TYPE_CHECKING:
    from finsync_tui.people.sign_ins import SignIns
    from finsync_tui.settings import Workspace

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


@app.command(epilog=example("finsync people invite tom", "finsync people invite tom --hours 4"))
def invite(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whom: their name in the profile.")],
    hours: Annotated[
        int, typer.Option("--hours", metavar="N", min=1, max=24 * 14, help="The code is good for so long.")
    ] = 48,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Print a code with which this person chooses a passphrase for the web, once."""
    from datetime import timedelta

    from finsync_tui import actions, profile
    from finsync_tui.actions.sign_ins import invite as invite_to

    at = workspace_of(workspace)
    found = profile.load(at)
    who = actions.acting(found, "cli")
    with opened(workspace) as store:
        code = invite_to(store, found, _sign_ins(at), who, name, timedelta(hours=hours))
    login = found.people[name].web_login
    if json:
        say_json({"name": name, "web_login": login, "code": code, "hours": hours})
        return
    say(code)
    note(
        f"give this code to {safe(name)}, and to nobody else. Within {hours} hours they open /join at the address of "
        f"`finsync web`, and sign in as {safe(login)} from then on; it works once"
    )


@app.command(epilog=example("finsync people revoke tom"))
def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose: their name in the profile.")],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Take a person's web sign-in away; open workbenches of theirs are closed within seconds."""
    from finsync_tui import actions, profile
    from finsync_tui.actions.sign_ins import revoke as revoke_from

    at = workspace_of(workspace)
    who = actions.acting(profile.load(at), "cli")
    with opened(workspace) as store:
        revoke_from(store, _sign_ins(at), who, name)
    if json:
        say_json({"name": name, "is_revoked": True})
    else:
        say(f"{safe(name)} can't sign in to the web any more")
        note("what they approved stays good; for their roles and key, see docs/governance.md")


def _sign_ins(at: Workspace) -> SignIns:
    from finsync_tui.credentials import Secrets
    from finsync_tui.people.sign_ins import SignIns

    return SignIns(Secrets(at.name, at.path, at.secrets_dir))


@app.command(epilog=example("finsync people whoami"))
def whoami(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Say who you are here, what you may do, and whether you can sign."""
    from finsync_tui import people, profile
    from finsync_tui.credentials import Secrets

    at = workspace_of(workspace)
    found = profile.load(at)
    who = people.who_is(found, os_account=people.account())
    try:
        public = people.signer(Secrets(at.name, at.path, at.secrets_dir), who.name).public
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
    secrets = Secrets(at.name, at.path, at.secrets_dir)
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


@app.command(epilog=example("finsync people duties", "finsync people duties --json"))
def duties(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List people whose roles allow what should lie in two hands; ends with 3 when the profile does not say why."""
    from dataclasses import asdict

    from finsync_tui import profile
    from finsync_tui.governance.duties import conflicts

    found = list(conflicts(profile.load(workspace_of(workspace))))
    if json:
        say_json([asdict(one) for one in found])
    elif found:
        say(
            table(
                ["person", "roles", "could", "accepted"],
                [
                    [one.person, ", ".join(one.roles), "; ".join(one.duties), one.accepted or "no"]
                    for one in found
                ],
            )
        )
    open_ones = sum(not one.accepted for one in found)
    note(f"{len(found)} people with duties that belong apart; {open_ones} not accepted")
    if open_ones:
        raise typer.Exit(FOUND_SOMETHING)


@app.command(epilog=example("finsync people directory", "finsync people directory --check --json"))
def directory(
    check: Annotated[
        bool, typer.Option("--check", help="End with 3 when profile and directory differ.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Hold the people of the profile against the accounts and groups of the directory, as it was read last."""
    from dataclasses import asdict

    from finsync_tui import profile
    from finsync_tui.governance.directory import compare

    found = profile.load(workspace_of(workspace))
    if found.directory is None:
        raise UsageError(
            "the profile names no directory: add [directory] with the system it is read from (docs/governance.md). "
            "Nothing was done."
        )
    system = found.directory.system
    with reading(workspace) as db:
        seen = compare(db, found, found.directory)
    if json:
        findings = [{**asdict(one), "remedy": one.remedy} for one in seen.findings]
        people = [asdict(one) for one in seen.standings]
        say_json(
            {"system": system, "read_at": text(seen.read_at) if seen.read_at else None, "people": people,
             "findings": findings}
        )  # fmt: skip
    else:
        rows: list[list[Cell]] = [
            [one.person, one.login, _account(one.is_active), ", ".join(one.listed), ", ".join(one.given)]
            for one in seen.standings
        ]
        say(table(["person", "login", "account", "roles in the profile", "roles by groups"], rows))
        for one in seen.findings:
            say(
                f"{one.code} {safe(one.person)}: {safe(one.what)}. {one.remedy.capitalize()}".replace(
                    " :", ":"
                )
            )
    when = f"read {text(seen.read_at)}" if seen.read_at else f"never read: `finsync sync {safe(system)}`"
    note(f"{len(seen.findings)} differences between the profile and {safe(system)}, {when}")
    if check and (seen.findings or seen.read_at is None):
        raise typer.Exit(FOUND_SOMETHING)


def _account(is_active: bool | None) -> str:
    return "none" if is_active is None else "on" if is_active else "off"
