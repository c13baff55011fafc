"""`finsync doctor`: is this machine, this workspace and its configuration fit for work?"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from finsync_tui.cli._context import FOUND_SOMETHING, JsonOption, WorkspaceOption, example, folder, manifests
from finsync_tui.cli._output import say, say_json, table
from store.errors import FinsyncError

if TYPE_CHECKING:
    import sqlite3

    from finsync_tui.mapping.emergencies import InForce
    from finsync_tui.profile import Profile
    from finsync_tui.settings import Workspace

FREE_BYTES_MIN = 1_000_000_000
"""Below this much free disk a growing store is at risk."""

OPEN_FILES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked at."""

    what: str
    state: Literal["ok", "warn", "bad"]
    found: str
    remedy: str = ""


def register(app: typer.Typer) -> None:
    app.command("doctor", epilog=example("finsync doctor"))(doctor)


def doctor(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Look at machine, workspace, configuration, secrets and store; ends with 3 when something is wrong."""
    looks = list(examine(folder(workspace)))
    if json:
        say_json([asdict(look) for look in looks])
    else:
        say(table(["", "what", "found", "remedy"], [[k.state, k.what, k.found, k.remedy] for k in looks]))
    if any(look.state == "bad" for look in looks):
        raise typer.Exit(FOUND_SOMETHING)


def examine(path: Path) -> Iterator[Look]:
    """Yield what was looked at, from the machine to the store; later looks need the earlier ones."""
    from finsync_tui.settings import load_workspace

    yield from _machine(path)
    try:
        workspace = load_workspace(path)
    except FinsyncError as error:
        yield _refused("workspace", error)
        return
    yield Look("workspace", "ok", f"{workspace.name} in {workspace.path}")
    yield from _caught(_permissions, workspace)
    yield from _caught(_configuration, workspace)
    if _is_read(workspace):
        yield from _caught(_people, workspace)
        yield from _caught(_secrets, workspace)
        yield from _caught(_expiries, workspace)
    else:
        remedy = "Correct the configuration, then run `finsync doctor` again."
        yield Look("people, secrets", "warn", "not looked at: the configuration can't be read", remedy)
    yield from _caught(_store, workspace)
    yield from _caught(_seals, workspace)
    yield from _caught(_account_key, workspace)
    yield from _caught(_engine, workspace)


def _machine(path: Path) -> Iterator[Look]:
    import sqlite3  # only its version number: what opens files is the store

    from store.database import SQLITE_MIN

    yield Look("python", "ok", f"{platform.python_version()} ({sys.platform})")
    is_new = sqlite3.sqlite_version_info >= SQLITE_MIN
    yield Look(
        "sqlite",
        "ok" if is_new else "bad",
        sqlite3.sqlite_version,
        "" if is_new else "Use a newer Python build.",
    )
    there = next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
    free = shutil.disk_usage(there).free
    enough = free >= FREE_BYTES_MIN
    yield Look(
        "disk", "ok" if enough else "warn", f"{free / 1e9:,.1f} GB free", "" if enough else "Make room."
    )


def _permissions(workspace: Workspace) -> Iterator[Look]:
    from finsync_tui.settings import too_open
    from store import files

    if workspace.group:
        files.is_shared_folder(workspace.path, workspace.group)  # a group that is not there is said
    if not os.access(workspace.path, os.W_OK | os.X_OK):
        yield Look(
            "permissions",
            "bad",
            f"you can't write to {workspace.path}",
            "Give yourself the right to write there, or mount it writable: the store is there.",
        )
    elif problem := too_open(workspace):
        yield Look("permissions", "warn", "the folder is open to others", problem)
    else:
        yield Look("permissions", "ok", f"the folder is {stat.S_IMODE(workspace.path.stat().st_mode):o}")
    yield from _open_files(workspace)


def _open_files(workspace: Workspace) -> Iterator[Look]:
    """Name files that others can read: the store, its copies, exports, secrets."""
    from finsync_tui.openness import open_files

    found = open_files(workspace)
    for one in found[:OPEN_FILES_SHOWN]:
        who = f"you and group {workspace.group}" if one.closed == 0o660 else "you"
        remedy = f"chmod {one.closed:o} {shlex.quote(str(one.path))} lets in only {who}."
        yield Look("permissions", "warn", f"others can read {one.path} ({one.mode:o})", remedy)
    rest = len(found) - OPEN_FILES_SHOWN
    if rest > 0:
        yield Look("permissions", "warn", f"others can read {rest:,} more files", "chmod these too.")


def _caught(part: Callable[[Workspace], Iterator[Look]], workspace: Workspace) -> Iterator[Look]:
    """Yield a part's looks; when it can't be looked at, that is what was found."""
    try:
        yield from part(workspace)
    except FinsyncError as error:
        yield _refused(part.__name__.strip("_"), error)


def _refused(what: str, error: FinsyncError) -> Look:
    """Show an error as what was found and what to do; most say both in one text."""
    from finsync_tui.settings import SettingsFileError

    if isinstance(error, SettingsFileError):
        line = f" line {error.line}" if error.line else ""
        at = f" at {error.place}" if error.place else ""
        return Look(what, "bad", f"{error.path}{line}{at}: {error.problem}", error.remedy)
    return Look(what, "bad", str(error), "Do what it says, then run `finsync doctor` again.")


def _is_read(workspace: Workspace) -> bool:
    """Say whether the layers make a profile, whatever else is wrong with it."""
    from finsync_tui import profile

    try:
        profile.load(workspace)
    except FinsyncError:
        return False
    return True


def _configuration(workspace: Workspace) -> Iterator[Look]:
    from finsync_tui import profile

    problems = profile.check(workspace)
    for problem in problems:
        line = f" line {problem.line}" if problem.line else ""
        spot = f" (in {problem.file}{line})" if problem.file else ""
        yield Look(problem.place, "bad", f"{problem.message}{spot}", problem.remedy)
    if not problems:
        yield Look("configuration", "ok", f"layers {', '.join(workspace.layers)}")


def _people(workspace: Workspace) -> Iterator[Look]:
    from finsync_tui import people, profile

    found = profile.load(workspace)
    if not found.people:
        yield Look("people", "ok", "nobody is listed: everybody who can open the workspace may do everything")
        return
    who = people.who_is(found, os_account=people.account())
    listed = f"{len(found.people)} listed; a mapping change takes {found.mapping_rule}"
    if who.is_listed:
        yield Look(
            "people",
            "ok",
            f"{listed}; you are {who.name} ({', '.join(sorted(who.roles or ())) or 'no role'})",
        )
    else:
        yield Look(
            "people",
            "warn",
            f"{listed}; {who.account} is not among them",
            "You may look. Ask an administrator.",
        )
    yield from _unsigned(workspace, found)


def _unsigned(workspace: Workspace, found: Profile) -> Iterator[Look]:
    """Name tables that one person can change by editing a file, and changes in the store that are refused."""
    from store.database import open_reader

    if not workspace.store_path.exists():
        return
    from contextlib import closing

    from finsync_tui.mapping import standings

    with closing(open_reader(workspace.store_path)) as db:
        yield from _rules(db, found)
        if found.mapping_rule == "one":
            return
        tables = standings(db, found).values()
    for one in tables:
        yield from _emergency(f"mapping {one.name}", "mapping", one.emergency)
        for problem in one.problems:
            yield Look(
                f"mapping {one.name}",
                "bad",
                problem,
                "Find out who wrote to the store; propose the change again.",
            )
        if one.layer_differs:
            remedy = f"`finsync mapping propose {one.name} --from-profile --reason TEXT`, and let another approve it"
            found_so = "the profile's own table says something else than is in force"
            yield Look(f"mapping {one.name}", "warn", found_so, remedy)
    bare = [one.name for one in tables if not one.is_signed and one.emergency is None]
    if bare:
        remedy = (
            f"`finsync mapping propose {bare[0]} --from-profile --reason TEXT`, and let another approve it"
        )
        yield Look(
            "mappings",
            "warn",
            f"never signed, so the profile's files decide alone: {', '.join(bare)}",
            remedy,
        )


def _emergency(what: str, noun: str, one: InForce | None) -> Iterator[Look]:
    """Name rules that one person alone stands for, and until when."""
    if one is not None:
        yield Look(
            what, "warn", one.words, f"Somebody else: finsync {noun} approve {one.proposal}, or reject."
        )


def _rules(db: sqlite3.Connection, found: Profile) -> Iterator[Look]:
    """Name the company's own rules that nobody signed, those that are refused, and those whose layers say something else."""
    if found.policy_rule == "one":
        return
    from finsync_tui.governance.rules import standings
    from store.clock import SystemClock

    for one in standings(db, found, SystemClock().now().date()).values():
        yield from _emergency(f"policy {one.name}", "policy", one.emergency)
        for problem in one.problems:
            remedy = "Find out who wrote to the store; propose the change again."
            yield Look(f"policy {one.name}", "bad", problem, remedy)
        propose = f"`finsync policy propose {one.name} --reason TEXT`, and let another approve it"
        if one.layer_differs:
            yield Look(
                f"policy {one.name}", "warn", "the layers say something else than is in force", propose
            )
        elif not one.is_signed and one.emergency is None:
            yield Look(
                f"policy {one.name}", "warn", "never signed, so the profile's files decide alone", propose
            )


def _secrets(workspace: Workspace) -> Iterator[Look]:
    from finsync_tui.credentials import Secrets

    secrets = Secrets(workspace.name, workspace.path, workspace.secrets_dir)
    for system, manifest in manifests(workspace).items():
        missing = [name for name in manifest.credentials if secrets.find(system, name) is None]
        if missing:
            remedy = f"finsync secrets set {system} {missing[0]}"
            yield Look(f"secrets of {system}", "bad", f"not set: {', '.join(missing)}", remedy)
        else:
            yield Look(f"secrets of {system}", "ok", "all set")


def _expiries(workspace: Workspace) -> Iterator[Look]:
    from datetime import UTC

    from finsync_tui import expiry, profile
    from store.clock import SystemClock

    on = SystemClock().now().astimezone(UTC).date()
    for one in expiry.near(profile.load(workspace), on):
        state: Literal["bad", "warn"] = "bad" if one.has_ended(on) else "warn"
        yield Look(f"secrets of {one.system}", state, one.told(on), one.remedy)


def _engine(workspace: Workspace) -> Iterator[Look]:
    """Say which engine works here; nothing when none does."""
    from contextlib import closing

    from store import leases
    from store.clock import SystemClock
    from store.database import open_reader

    if not workspace.store_path.exists():
        return
    with closing(open_reader(workspace.store_path)) as db:
        lease = leases.current(db)
    standing = leases.standing(lease, SystemClock().now())
    if lease is None or standing == "gone":
        return
    if standing == "silent" and not leases.is_alive(lease.holder):
        remedy = "Nothing, if it ended: the next engine takes over. If it works elsewhere, look at its clock and network."
        yield Look("engine", "warn", f"no sign of life: {leases.words(lease.holder)}", remedy)
    else:
        yield Look("engine", "ok", f"at work here: {leases.words(lease.holder)}")


def _seals(workspace: Workspace) -> Iterator[Look]:
    """Say up to where the audit log is signed; nothing while there is no store."""
    from contextlib import closing

    from finsync_tui import sealing
    from finsync_tui.assembly import secrets_of
    from store import audit
    from store.database import open_reader

    if not workspace.store_path.exists():
        return
    with closing(open_reader(workspace.store_path)) as db:
        found, (count, _) = sealing.check(db, secrets_of(workspace)), audit.head(db)
    if found.problem:
        remedy = "Compare it with a backup. Where it is right so: finsync audit accept --reason TEXT"
        yield Look("audit log", "bad", found.problem, remedy)
    elif found.count:
        yield Look("audit log", "ok", f"signed up to entry {found.to:,} of {count:,}")
    elif count:
        remedy = (
            "The engine signs it where it can keep a key: in a keyring, or in a writable folder outside the workspace that "
            "FINSYNC_SECRETS_DIR names."
        )
        yield Look("audit log", "warn", f"none of its {count:,} entries is signed", remedy)


def _account_key(workspace: Workspace) -> Iterator[Look]:
    """Say whether bank accounts can be compared with those that were read before; nothing where none were."""
    from contextlib import closing

    from finsync_tui import account_key
    from finsync_tui.assembly import secrets_of
    from store.database import open_reader

    if not workspace.store_path.exists():
        return
    with closing(open_reader(workspace.store_path)) as db:
        known = account_key.marked(db)
    if known is None:
        return
    problem = account_key.problem(known, secrets_of(workspace))
    if problem:
        remedy = "Give this account the key that the engine had; an analyst's account needs none."
        yield Look("bank accounts", "bad" if problem == account_key.OTHER else "warn", problem, remedy)
    else:
        yield Look("bank accounts", "ok", "the key that they are compared under is here")


def _store(workspace: Workspace) -> Iterator[Look]:
    from store import backup

    if not workspace.store_path.exists():
        yield Look("store", "warn", "there is none yet", "`finsync store create` makes it.")
        return
    problems = backup.check(workspace.store_path)
    for problem in problems:
        # what is wrong with the whole file names its own remedy
        remedy = "" if problem.kind == "file" else "Keep a copy, then restore the last good backup."
        yield Look("store", "bad", problem.message, remedy)
    if not problems:
        yield Look("store", "ok", f"sound, {workspace.store_path.stat().st_size:,} bytes")
