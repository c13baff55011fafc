"""Moving the first years of the audit log into files that prove themselves, without breaking the chain.

An archive is a pack of nothing but log. It is written and checked, with the very file that an auditor would use, before one entry
leaves the store; what stays goes on from its last hash, and a signature says so.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import closing, redirect_stdout
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from sqlite3 import Connection

from finsync_tui import sealing
from finsync_tui.actor import Actor
from finsync_tui.credentials import Secrets
from finsync_tui.evidence import verify
from finsync_tui.evidence.pack import Stretch, write_log
from finsync_tui.evidence.scope import Scope
from finsync_tui.sheets import drafted
from store import Store, archives, audit, checkpoints, proposals
from store.archives import Archive
from store.clock import instant, text
from store.errors import FileInTheWayError, FinsyncError


class ArchiveError(FinsyncError):
    """The log stays as it is."""

    code = "ARCHIVE_REFUSED"

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}. Nothing left the log. {remedy}")


def archive(
    store: Store,
    secrets: Secrets,
    before: date,
    path: Path,
    *,
    who: Actor,
    reason: str,
    told: Callable[[str, int], object] = lambda path, rows: None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Archive | None:
    """Move the entries of the days before `before`, as far as they are signed, into a file; None: there are none to move.

    Raises ArchiveError where the log does not hold or the file does not, SecretPlaceError where nothing can be signed, and
    reports.StoppedError; until the file was checked nothing is removed.
    """
    if path.exists():
        raise FileInTheWayError(str(path))
    sealing.signed(secrets, b"")
    _clear(store)  # what an interrupted one left
    now = store.clock.now()
    sealing.seal(store, secrets, now, is_last=True)
    ends = datetime.combine(before, time(), UTC)
    with closing(store.reader()) as db:
        db.execute("BEGIN")
        _check(db, secrets)
        log = _stretch(db, ends)
        if log is None:
            return None
        first_day, until = _written_at(db, log.first), _written_at(db, log.last)
        scope = Scope(first_day.date(), until.date())
        with drafted(path) as draft:
            key, digest = write_log(
                db, secrets, scope, log, draft, now=now, who=who, reason=reason, told=told, is_stopped=is_stopped
            )  # fmt: skip
            _prove(draft, key)
    made = Archive(
        log.first, log.last, log.before, log.head, until, path.name, digest, store.clock.now(), who.name
    )
    _note(store, secrets, made, who, reason)
    _clear(store)
    return made


def _check(db: Connection, secrets: Secrets) -> None:
    found = sealing.together(audit.verify(db), sealing.check(db, secrets))
    if not found.is_intact:
        raise ArchiveError(
            f"the log does not hold at entry {found.first_bad_seq} ({found.reason})",
            "See `finsync audit verify`.",
        )


def _stretch(db: Connection, ends: datetime) -> Stretch | None:
    """Return the entries from the first that is here to the last signed one before a moment."""
    archived, head = archives.base(db)
    (last,) = db.execute(
        "SELECT max(c.seq) FROM audit_checkpoint c JOIN audit a ON a.seq=c.seq WHERE c.seq>? AND a.body ->> '$.at' < ?",
        (archived, text(ends)),
    ).fetchone()
    if last is None:
        return None
    before = head.hex() if head is not None else audit.FIRST_PREVIOUS.hex()
    return Stretch(archived + 1, last, before, str(checkpoints.hash_at(db, last)))


def _written_at(db: Connection, seq: int) -> datetime:
    return instant(db.execute("SELECT body ->> '$.at' FROM audit WHERE seq=?", (seq,)).fetchone()[0])


def _prove(path: Path, key: str) -> None:
    """Check the file as an auditor would."""
    said = io.StringIO()
    with redirect_stdout(said):
        code = verify.main([str(path), "--key", key])
    if code:
        raise ArchiveError(
            f"the file that was written does not hold: {said.getvalue().splitlines()[0]}",
            "Check the disk it lies on, and try another folder.",
        )


def _note(store: Store, secrets: Secrets, made: Archive, who: Actor, reason: str) -> None:
    """Sign and record where the entries lie now: from then on they may leave."""
    with store.transaction() as db:
        if archives.base(db)[0] != made.first - 1:
            raise ArchiveError(
                "somebody else has archived meanwhile", "The file that was written is not needed."
            )
        public, signature = sealing.signed(secrets, archives.statement(proposals.make_store_id(db), made))
        archives.append(db, replace(made, public=public, signature=signature))
        entry = audit.Entry(
            who=who.name, what="audit.archived", subject="audit", source=who.source, protected={audit.WORDS: reason},
            after={"first": made.first, "last": made.last, "file": made.file, "sha256": made.sha256},
        )  # fmt: skip
        audit.record(db, [entry], made.at)


def _clear(store: Store) -> None:
    while True:
        with store.transaction() as db:
            if not archives.clear(db):
                return
