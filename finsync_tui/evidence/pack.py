"""Writing a pack of evidence: one zip file, a row at a time, so that a year takes no more memory than a day.

Everything is read in one transaction: what lies in a pack belongs to one moment. The file appears under its name when it is whole.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from heapq import merge
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from sqlite3 import Connection
from typing import IO, Final

from finsync_tui import reports, sealing, veil
from finsync_tui.actor import Actor
from finsync_tui.credentials import Secrets
from finsync_tui.evidence import verify
from finsync_tui.evidence.contents import PARTS, Question
from finsync_tui.evidence.scope import Scope
from finsync_tui.profile import Profile
from finsync_tui.sheets import drafted
from store import Store, archives, audit, checkpoints, proposals
from store.clock import text
from store.columns import encode
from store.errors import FileInTheWayError

FORMAT: Final = "finsync.evidence/1"
BATCH: Final = 500
CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Listed:
    """One file of a pack, as its manifest names it."""

    path: str
    about: str
    rows: int | None
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of the log that lies in a pack."""

    first: int
    last: int
    """One less than `first` where the days have no entry."""
    before: str
    """Hash of the entry before the first, as hexadecimal text."""
    head: str
    """Hash of the last."""


@dataclass(frozen=True, slots=True)
class Made:
    """A pack that was written."""

    path: Path
    sha256: str
    key: str
    log: Stretch
    files: tuple[Listed, ...]
    problem: str
    """What does not hold of the log in the store; empty: all of it holds."""
    archived: int = 0
    """Entries up to this one of the days asked for lie in archives, and not in here."""


@dataclass(slots=True)
class _Zip:
    """A zip file that is being written, and what was written."""

    file: zipfile.ZipFile
    now: datetime
    told: Callable[[str, int], object]
    is_stopped: Callable[[], bool]
    files: list[Listed] = field(default_factory=list)

    def lines(self, path: str, about: str, rows: Iterable[bytes]) -> None:
        """Write lines; `told` hears of each batch."""
        self._write(path, about, (row + b"\n" for row in rows), is_rows=True)

    def whole(self, path: str, about: str, parts: Iterable[bytes]) -> None:
        self._write(path, about, parts, is_rows=False)

    def _write(self, path: str, about: str, parts: Iterable[bytes], *, is_rows: bool) -> None:
        digest, size, count = sha256(), 0, 0
        with self.open(path) as file:
            for part in parts:
                file.write(part)
                digest.update(part)
                size += len(part)
                count += 1
                if count % BATCH == 0:
                    self.told(path, count)
                    if self.is_stopped():
                        raise reports.StoppedError
        self.told(path, count)
        self.files.append(Listed(path, about, count if is_rows else None, size, digest.hexdigest()))

    def open(self, path: str) -> IO[bytes]:
        moment = self.now
        about = zipfile.ZipInfo(
            path, (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
        )
        about.compress_type = zipfile.ZIP_DEFLATED
        about.external_attr = 0o600 << 16
        return self.file.open(about, "w", force_zip64=True)


def write(
    store: Store,
    profile: Profile,
    secrets: Secrets,
    scope: Scope,
    path: Path,
    *,
    who: Actor,
    reason: str,
    replaces: bool = False,
    shows_people: bool = False,
    told: Callable[[str, int], object] = lambda path, rows: None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Made:
    """Write a pack and record that it was given out; what names or reaches people is hidden in documents unless it is to be shown.
    Raises SecretPlaceError where nothing can be signed, and reports.StoppedError;
    then no file is left behind."""
    if path.exists() and not replaces:
        raise FileInTheWayError(str(path))
    now = store.clock.now()
    sealing.signed(secrets, b"")  # before the work of an hour, not after it
    sealing.seal(store, secrets, now, is_last=True)
    with closing(store.reader()) as db, drafted(path, replaces=replaces) as draft:
        db.execute("BEGIN")
        problem = _problem_of(db, secrets)
        log = _stretch(db, scope)
        archived = _archived(db, scope)
        with zipfile.ZipFile(draft, "w", allowZip64=True) as file:
            made = _Zip(file, now, told, is_stopped)
            _write_all(made, db, profile, scope, log, shows_people=shows_people)
            key = _finish(
                made, db, secrets, scope, log, who, reason, hidden=() if shows_people else ("personal",)
            )
        digest = _digest(draft)
    with store.transaction() as db:
        entry = audit.Entry(
            who=who.name, what="audit.exported", subject="audit", source=who.source, protected={audit.WORDS: reason},
            after={
                "sha256": digest, "scope": scope.words(), "first": log.first, "last": log.last,
                **({"revealed": ["personal"]} if shows_people else {}),
            },
        )  # fmt: skip
        audit.record(db, [entry], store.clock.now())
    return Made(path, digest, key, log, tuple(made.files), problem, archived)


def _archived(db: Connection, scope: Scope) -> int:
    """Return the last entry of the days that may lie in an archive: their days end with its last entry's."""
    kept = archives.listed(db)
    return kept[-1].last if kept and kept[-1].until >= scope.begins else 0


def _problem_of(db: Connection, secrets: Secrets) -> str:
    """Say what does not hold of the log: evidence of a log that was changed is given too, and shows it."""
    chain = audit.verify(db)
    sealed = sealing.check(db, secrets)
    if not chain.is_intact:
        return f"entry {chain.first_bad_seq} is {chain.reason}"
    return sealed.problem


def _stretch(db: Connection, scope: Scope) -> Stretch:
    """Return the entries of the days, and those after them up to the next signed one, so that the last ones are covered too."""
    asked = scope.parameters()
    first, last = db.execute(
        "SELECT min(seq), max(seq) FROM audit WHERE body ->> '$.at' >= :begins AND body ->> '$.at' < :ends",
        asked,
    ).fetchone()
    if first is None:
        newest = db.execute(
            "SELECT coalesce(max(seq), :archived) FROM audit WHERE body ->> '$.at' < :begins",
            {**asked, "archived": archives.base(db)[0]},
        ).fetchone()[0]
        first, last = newest + 1, newest
    else:
        signed = db.execute("SELECT min(seq) FROM audit_checkpoint WHERE seq >= ?", (last,)).fetchone()[0]
        last = signed if signed is not None and checkpoints.hash_at(db, signed) is not None else last
    before = checkpoints.hash_at(db, first - 1) or audit.FIRST_PREVIOUS.hex()
    return Stretch(first, last, before, checkpoints.hash_at(db, last) or before)


def write_log(
    db: Connection,
    secrets: Secrets,
    scope: Scope,
    log: Stretch,
    path: Path,
    *,
    now: datetime,
    who: Actor,
    reason: str,
    told: Callable[[str, int], object],
    is_stopped: Callable[[], bool],
) -> tuple[str, str]:
    """Write a pack of nothing but a stretch of the log; return the key it is signed with and the file's SHA-256."""
    with zipfile.ZipFile(path, "w", allowZip64=True) as file:
        made = _Zip(file, now, told, is_stopped)
        _write_log(made, db, log)
        key = _finish(made, db, secrets, scope, log, who, reason)
    return key, _digest(path)


def _write_all(
    made: _Zip, db: Connection, profile: Profile, scope: Scope, log: Stretch, *, shows_people: bool
) -> None:
    _write_log(made, db, log)
    question = Question(db, profile, scope)
    for part in PARTS:
        rows = part.rows(question)
        if part.is_of_documents and not shows_people:
            rows = (veil.of_row(row, str(row.get("entity") or "")) for row in rows)
        made.lines(part.path, part.about, (encode(row) for row in rows))
    _write_reports(made, reports.Question(db, profile, made.now), scope)


def _write_log(made: _Zip, db: Connection, log: Stretch) -> None:
    made.whole("README.txt", "what this is, and how to check it", [_resource("README.txt")])
    made.whole("verify.py", "checks all of it, with Python alone", [_resource("verify.py")])
    made.lines(
        verify.LOG,
        "who did what: number, hash and the very bytes that were hashed, parted by tabs",
        _entries(db, log),
    )
    made.lines(verify.WORDS, "what people wrote, beside the log", _words(db, log))
    made.lines(verify.CHECKPOINTS, "where the log was signed", _checkpoints(db, log))
    made.lines(verify.ARCHIVES, "where earlier entries lie that the store has no more", _archives(db))


def _write_reports(made: _Zip, question: reports.Question, scope: Scope) -> None:
    """Write the reports: of the days and the company where they can be, the others as they are at this moment."""
    with tempfile.TemporaryDirectory() as folder:
        for one in reports.REPORTS:
            if one.is_of_period:
                continue
            path = Path(folder) / f"{one.name}.csv"
            asked = question
            if "entity" in one.narrowed_by:
                asked = replace(asked, legal_entity=scope.legal_entity)
            if "days" in one.narrowed_by:
                asked = reports.of_days(one, asked, scope.first, scope.last)
            reports.write(
                one,
                asked,
                path,
                told=partial(made.told, f"reports/{path.name}"),
                is_stopped=made.is_stopped,
            )
            made.whole(f"reports/{path.name}", one.about, _chunks(path))
            path.unlink()


def _entries(db: Connection, log: Stretch) -> Iterator[bytes]:
    rows = db.execute(
        "SELECT seq, hash, body FROM audit WHERE seq BETWEEN ? AND ? ORDER BY seq", (log.first, log.last)
    )
    return (b"%d\t%s\t%s" % (seq, digest.hex().encode(), body) for seq, digest, body in rows)


def _words(db: Connection, log: Stretch) -> Iterator[bytes]:
    """Yield what people wrote, and of what was erased by law which entry says so, in order of the log."""
    rows = db.execute(
        "SELECT seq, name, salt, value FROM audit_protected WHERE seq BETWEEN ? AND ? ORDER BY seq, name",
        (log.first, log.last),
    )
    kept = ({"seq": seq, "name": name, "salt": salt.hex(), "value": value} for seq, name, salt, value in rows)
    gone = [
        {"seq": seq, "name": name, "erased_by": by}
        for (seq, name), by in sorted(audit.erased(db).items())
        if log.first <= seq <= log.last
    ]
    return (encode(one) for one in merge(kept, gone, key=lambda one: (one["seq"], one["name"])))


def _checkpoints(db: Connection, log: Stretch) -> Iterator[bytes]:
    for one, _ in checkpoints.with_hashes(db):
        if log.first - 1 <= one.seq <= log.last:
            yield encode({**asdict(one), "at": text(one.at)})


def _archives(db: Connection) -> Iterator[bytes]:
    store_id = proposals.store_id(db)
    for one in archives.listed(db):
        yield encode(
            {
                **asdict(one),
                "at": text(one.at),
                "until": text(one.until),
                "text": archives.statement(store_id, one).decode(),
            }
        )


def _finish(
    made: _Zip,
    db: Connection,
    secrets: Secrets,
    scope: Scope,
    log: Stretch,
    who: Actor,
    reason: str,
    *,
    hidden: tuple[str, ...] = (),
) -> str:
    """Write the manifest and its signature; return the public half of the key."""
    key = sealing.public_key(secrets)
    manifest = encode(
        {
            "format": FORMAT,
            "product": f"finsync {version('finsync')}",
            "store": proposals.store_id(db),
            "made_at": text(made.now),
            "made_by": who.name,
            "reason": reason,
            "scope": {
                "from": scope.first.isoformat(), "to": scope.last.isoformat(), "legal_entity": scope.legal_entity,
                "documents": scope.documents,
            },
            "hidden": hidden,
            "key": key,
            "log": asdict(log),
            "files": [asdict(one) for one in made.files],
        }
    )  # fmt: skip
    public, signature = sealing.signed(secrets, manifest)
    for path, content in ((verify.MANIFEST, manifest), (verify.SIGNATURE, signature.encode())):
        with made.open(path) as file:
            file.write(content)
    return public


def _resource(name: str) -> bytes:
    return (files("finsync_tui.evidence") / name).read_bytes()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _digest(path: Path) -> str:
    digest = sha256()
    for chunk in _chunks(path):
        digest.update(chunk)
    return digest.hexdigest()
