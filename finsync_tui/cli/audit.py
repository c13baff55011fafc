"""`finsync audit`: who did what, and the proof that nobody changed it since."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from finsync_tui.cli._context import (
    FOUND_SOMETHING,
    JsonOption,
    LimitOption,
    ReasonOption,
    RevealOption,
    WorkspaceOption,
    actor,
    example,
    opened,
    reading,
    workspace_of,
)
from finsync_tui.cli._errors import UsageError
from finsync_tui.cli._output import moment, note, say, say_json, table
from finsync_tui.cli._queries import listed
from store import holdings
from store.canonical import privacy

if TYPE_CHECKING:
    from finsync_tui.sealing import Sealed

app = typer.Typer(name="audit", help="Who did what, and that nobody changed it since.", no_args_is_help=True)


@app.command(epilog=example("finsync audit verify", "finsync audit verify --key 9vW1Qd8...="))
def verify(
    keys: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="KEY",
            show_default=False,
            help="Compare the checkpoints with this public key (may be repeated) in place of the one that this account keeps.",
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Check every link of the audit chain and every signed checkpoint; ends with 3 when one does not hold."""
    from finsync_tui import sealing
    from finsync_tui.assembly import secrets_of
    from store import archives, audit

    secrets = secrets_of(workspace_of(workspace))
    with reading(workspace) as db:
        chain = audit.verify(db)
        sealed = sealing.check(db, secrets, keys or ())
        kept = archives.listed(db)
    found = sealing.together(chain, sealed)
    if json:
        say_json(
            {
                "is_intact": found.is_intact,
                "count": found.count,
                "first_bad_seq": found.first_bad_seq,
                "reason": found.reason,
                "head": found.head,
                "checkpoints": {
                    "count": sealed.count,
                    "signed_to": sealed.to or None,
                    "key": sealed.public,
                    "problem": sealed.problem or None,
                },
                "archives": [
                    {"first": one.first, "last": one.last, "file": one.file, "sha256": one.sha256}
                    for one in kept
                ],
            }
        )
    elif found.is_intact:
        say(f"intact: {found.count:,} entries; {_signed(sealed)}")
        for one in kept:
            note(
                f"entries {one.first:,} to {one.last:,} lie in {one.file} (SHA-256 {one.sha256}); verify.py checks them"
            )
    else:
        say(
            f"BROKEN at entry {found.first_bad_seq}: {found.reason}"
            + (f"; {sealed.problem}" if sealed.problem else "")
        )
        note(
            "Keep this file as it is and compare it with a backup made before. Where it is right so (an older copy was put "
            "back), a person says so: finsync audit accept --reason TEXT"
        )
    if not found.is_intact:
        raise typer.Exit(FOUND_SOMETHING)


def _signed(sealed: Sealed) -> str:
    if not sealed.count:
        return "none of them is signed yet" + (
            "" if sealed.public else ": there is no key here (`finsync doctor`)"
        )
    own = "" if sealed.public else ", with a key that this account does not keep: compare it with --key"
    return f"signed up to entry {sealed.to:,} by {sealed.count:,} checkpoints{own}"


@app.command(epilog=example('finsync audit accept --reason "the backup of 1 March was put back"'))
def accept(reason: ReasonOption, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Take the audit log as it stands for the one to be guarded from now on; what did not hold is recorded in it."""
    from finsync_tui import people, sealing
    from finsync_tui.actions.acting import checked_reason
    from finsync_tui.assembly import secrets_of

    who = actor(workspace)
    people.require(who.name, who.roles, "audit.accepted")
    with opened(workspace) as store:
        sealed = sealing.accept(
            store, secrets_of(workspace_of(workspace)), who.name, checked_reason(reason), store.clock.now()
        )
    if json:
        say_json({"signed_to": sealed.to, "key": sealed.public})
    else:
        say(f"signed up to entry {sealed.to:,}; what did not hold before is in the log (audit.accepted)")


@app.command(
    epilog=example(
        'finsync audit export --from 2026-01-01 --to 2026-03-31 --output q1.zip --reason "audit of the first quarter"',
        'finsync audit export --from 2026-03-01 --to 2026-03-31 --entity DE01 --output de01.zip --reason "ticket 81"',
    )
)
def export(
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="The zip file to write.")],
    reason: ReasonOption,
    first: Annotated[
        datetime,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="The first day, UTC."),
    ],
    last: Annotated[
        datetime | None,
        typer.Option(
            "--to",
            formats=["%Y-%m-%d"],
            metavar="DAY",
            help="The last day; without it, today.",
            show_default=False,
        ),
    ] = None,
    entity: Annotated[
        str, typer.Option("--entity", metavar="LE", help="Only documents of this legal entity.")
    ] = "",
    documents: Annotated[
        list[str] | None,
        typer.Option(
            "--document",
            metavar="KEY",
            help="Only this document, as coupa:100234 (may be repeated).",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there already.")] = False,
    reveal: RevealOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Write a pack of evidence: the log, what it speaks of, and a file that checks all of it with Python alone."""
    from finsync_tui import evidence, people, profile, revealing
    from finsync_tui.actions.acting import checked_reason
    from finsync_tui.assembly import secrets_of

    who = actor(workspace)
    people.require(who.name, who.roles, "audit.exported")
    if reveal:
        revealing.require(profile.load(workspace_of(workspace)), who)
    with opened(workspace) as store:
        made = evidence.write(
            store,
            profile.load(workspace_of(workspace)),
            secrets_of(workspace_of(workspace)),
            evidence.Scope(first.date(), (last or store.clock.now()).date(), entity, tuple(documents or ())),
            output,
            who=who,
            reason=checked_reason(reason),
            replaces=force,
            shows_people=reveal,
            told=_tell_progress,
        )
    _end_progress()
    if json:
        say_json(
            {
                "path": str(made.path),
                "sha256": made.sha256,
                "key": made.key,
                "first_entry": made.log.first,
                "last_entry": made.log.last,
                "files": [
                    {"path": one.path, "rows": one.rows, "bytes": one.bytes, "sha256": one.sha256}
                    for one in made.files
                ],
                "problem": made.problem or None,
                "archived_to": made.archived or None,
            }
        )
    else:
        say(
            f"{made.path}: entries {made.log.first:,} to {made.log.last:,}, {len(made.files)} files\n"
            f"SHA-256 {made.sha256}\nkey     {made.key}"
        )
        note(
            "Give the key on another way than the pack. To check it: python3 -I verify.py, which lies in it."
        )
    if made.archived:
        note(
            f"Entries up to {made.archived:,} lie in archives: give these, too, where the days begin before (`finsync audit verify` names them)."
        )
    if made.problem:
        note(
            f"The log does not hold, and the pack shows it: {made.problem}. `finsync audit verify` says more."
        )


def _tell_progress(path: str, rows: int) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{path}: {rows:,}   ^C stops, and leaves nothing behind", end="", file=sys.stderr)


def _end_progress() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)


@app.command(
    epilog=example(
        'finsync audit archive --before 2020-01-01 --output audit-2019.zip --reason "ten years are over"'
    )
)
def archive(
    before: Annotated[
        datetime,
        typer.Option(
            "--before",
            formats=["%Y-%m-%d"],
            metavar="DAY",
            help="Entries of the days before this one, UTC, as far as they are signed.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="The zip file to write.")],
    reason: ReasonOption,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Move old entries of the log into a file that proves itself; the chain goes on from its last hash."""
    from finsync_tui import evidence, people
    from finsync_tui.actions.acting import checked_reason
    from finsync_tui.assembly import secrets_of

    who = actor(workspace)
    people.require(who.name, who.roles, "audit.archived")
    with opened(workspace) as store:
        made = evidence.archive(
            store,
            secrets_of(workspace_of(workspace)),
            before.date(),
            output,
            who=who,
            reason=checked_reason(reason),
            told=_tell_progress,
        )
    _end_progress()
    if json:
        found = None
        if made is not None:
            found = {
                "path": str(output),
                "sha256": made.sha256,
                "first_entry": made.first,
                "last_entry": made.last,
            }
        say_json({"archive": found})
    elif made is None:
        say(f"nothing to archive: no signed entry is older than {before:%Y-%m-%d}")
    else:
        say(f"{output}: entries {made.first:,} to {made.last:,} left the log\nSHA-256 {made.sha256}")
        note(
            "Keep the file as long as the law asks for it: nothing here holds these entries any more. To check it: python3 -I verify.py"
        )


@app.command(epilog=example('finsync audit erase 4711 --reason "request of 12 March, GDPR Art. 17"'))
def erase(
    entry: Annotated[
        int, typer.Argument(metavar="ENTRY", min=1, help="Its number, as `audit log` shows it.")
    ],
    reason: ReasonOption,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Erase for good what a person wrote in an entry; the log stays whole, and says who erased it."""
    from finsync_tui import people
    from finsync_tui.actions.acting import checked_reason
    from store import audit, erasures

    who = actor(workspace)
    people.require(who.name, who.roles, "audit.erased")
    with opened(workspace) as store, store.transaction() as db:
        values = audit.protected_values(db, entry)
        names = sorted(values)
        author = audit.author(db, entry)
        count = audit.erase_protected(
            db, entry, names, who=who.name, why=checked_reason(reason), at=store.clock.now()
        )
        places = sum(erasures.words(db, author, written) for written in values.values())
        signed = sum(erasures.signed_words(db, author, written) for written in values.values())
    if json:
        say_json({"entry": entry, "erased": names if count else [], "places": places, "signed": signed})
    elif count:
        say(f"entry {entry}: {', '.join(names)} erased; the entry itself and its hash are as they were")
        if places:
            say(f"the same words erased in {places:,} exceptions, comments, breaks or decisions")
        if signed:
            note(
                f"{signed:,} changes that were signed with these words keep them: without, nobody could check the signature."
            )
        note("Backups and packs of evidence that were made before still hold it.")
    else:
        say(f"entry {entry} holds nothing that can be erased")


KindOption = Annotated[
    Literal["personal", "bank"],
    typer.Option("--class", help="personal: names, logins, e-mail; bank: what is kept of accounts."),
]


@app.command(epilog=example("finsync audit retention"))
def retention(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Say how long the profile keeps fields of people and bank accounts, and of how many records some are due to be erased."""
    from finsync_tui import profile
    from finsync_tui import retention as retaining

    found = profile.load(workspace_of(workspace))
    with opened(workspace) as store, closing(store.reader()) as db:
        due = retaining.waiting(db, found, store.clock.now())
    rows = [
        (entity, kind, found.privacy.retention[entity][kind].days, count)
        for (entity, kind), count in due.items()
    ]
    if json:
        say_json([dict(zip(("entity", "class", "days", "due_count"), row, strict=True)) for row in rows])
    else:
        say(
            table(
                ["entity", "class", "days", "due"],
                [list(row) for row in rows],
                right=["days", "due"],
            )
        )
        note("The engine erases what is due once a day, under [privacy.retention] in the profile.")


@app.command(
    epilog=example(
        'finsync audit forget workday:10077 --entity employee --reason "request of 12 March, GDPR Art. 17"'
    )
)
def forget(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The record's key, as workday:10077.")],
    entity: Annotated[str, typer.Option("--entity", metavar="ENTITY", help="What it is, as employee.")],
    reason: ReasonOption,
    kind: KindOption = "personal",
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Erase for good what names a person in all versions of a record and in what was done with it; a digest of each value stays."""
    from finsync_tui import people
    from finsync_tui import retention as retaining
    from finsync_tui.actions.acting import checked_reason
    from finsync_tui.assembly import secrets_of
    from store import erasures
    from store.canonical.keys import RecordKey
    from store.errors import NotFoundError

    who = actor(workspace)
    people.require(who.name, who.roles, retaining.WHAT)
    with opened(workspace) as store:
        found = erasures.newest(store.db, entity, *RecordKey.parse(key)) if ":" in key else None
        if found is None:
            raise NotFoundError(entity.replace("_", " "), key, "Give its key system:id.")
        made = retaining.erase_now(
            store, secrets_of(workspace_of(workspace)), entity, found, kind, who.name, checked_reason(reason),
            store.clock.now(),
        )  # fmt: skip
    if json:
        say_json(
            {"key": key, "entity": entity, "class": kind, "through_version": made.through, "values": made.count, "entry": made.audit_seq}
        )  # fmt: skip
        return
    say(
        f"{key}: {made.count:,} values erased in versions up to {made.through}; their digests are in entry {made.audit_seq:,}"
    )
    note(
        "Its system still shows them where it has not erased them itself: a change there is read again. Backups and packs that were "
        "made before still hold them."
    )


@app.command(epilog=example('finsync audit prove workday:10077 --value "Ada Marlow"'))
def prove(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The record's key, as workday:10077.")],
    value: Annotated[str, typer.Option("--value", metavar="TEXT", help="What it is said to have held.")],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Say in which entries a known value was erased from a record; ends with 3 when it was in none."""
    from finsync_tui import retention as retaining
    from finsync_tui.assembly import secrets_of

    with reading(workspace) as db:
        found = retaining.proves(db, secrets_of(workspace_of(workspace)), key, value)
    if json:
        say_json([{"entry": seq, "field": name} for seq, name in found])
    else:
        for seq, name in found:
            say(f"entry {seq:,}: {name}")
        note(
            f"{len(found)} places"
            if found
            else "not among what was erased here, or its key of digests is not here"
        )
    if not found:
        raise typer.Exit(FOUND_SOMETHING)


@app.command(epilog=example("finsync audit inventory", "finsync audit inventory --class personal --json"))
def inventory(
    kind: Annotated[
        str | None,
        typer.Option(
            "--class",
            metavar="CLASS",
            help=f"Only fields of this class: {', '.join(privacy.CLASSES)}.",
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List where data of people and bank details is kept, why, and how it ends; and which fields of records have it."""
    from store.canonical import contracts

    if kind is not None and kind not in privacy.CLASSES:
        raise UsageError(f"{kind!r} is no class of fields; there are {', '.join(privacy.CLASSES)}")
    fields = [
        {"entity": entity, "field": path, "class": one}
        for entity in sorted(contracts.CONTRACTS)
        for path, one in privacy.classes(entity).items()
        if (one == kind if kind else one != "none")
    ]
    with reading(workspace) as db:
        rows = {
            one.place: db.execute(f"SELECT count(*) FROM {one.place}").fetchone()[0]  # noqa: S608
            for one in holdings.HOLDINGS
            if one.columns
        }
    if json:
        places = [
            {**asdict(one), "columns": one.columns.split(), "rows": rows.get(one.place)}
            for one in holdings.HOLDINGS
        ]
        say_json({"places": places, "fields": fields})
        return
    say(
        table(
            ["place", "rows", "holds", "why", "until"],
            [
                [one.place, rows.get(one.place, ""), ", ".join(one.holds), one.why, one.ends]
                for one in holdings.HOLDINGS
            ],
        )
    )
    say()
    say(
        table(
            ["entity", "class", "fields"],
            [
                [entity, one, " ".join(found)]
                for entity in sorted(contracts.CONTRACTS)
                for one in privacy.CLASSES
                if (one == kind if kind else one != "none") and (found := privacy.fields(entity, one))
            ],
        )
    )


@app.command(epilog=example("finsync audit log --subject coupa:100234"))
def log(
    subject: Annotated[
        str | None,
        typer.Option(
            "--subject", metavar="SUBJECT", help="Only about this, e.g. a document's key.", show_default=False
        ),
    ] = None,
    who: Annotated[
        str | None,
        typer.Option("--who", metavar="PERSON", help="Only by this person or part.", show_default=False),
    ] = None,
    what: Annotated[
        str | None, typer.Option("--what", metavar="ACT", help="Only this kind of act.", show_default=False)
    ] = None,
    limit: LimitOption = 50,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List audit entries, the newest first."""
    from json import loads

    with reading(workspace) as db:
        found = listed(db, "v_audit", {"subject": subject, "who": who, "what": what}, "seq DESC", limit)
    if json:
        say_json([{**row, "body": loads(row["body"])} for row in found.rows])
    elif found.rows:
        say(
            table(
                ["seq", "at", "who", "what", "subject", "why"],
                [
                    [r["seq"], moment(r["at"]), r["who"], r["what"], r["subject"], r["why"]]
                    for r in found.rows
                ],
                right=["seq"],
            )
        )
    note(f"{len(found.rows):,} of {found.total:,} entries")
