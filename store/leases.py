"""One engine at a time: a lease for a while, and a fencing token that makes a late holder harmless.

The token rises each time the lease changes hands. Whatever an engine records, it names its token, in the same
transaction; an engine that was taken over is refused there, however late it wakes up. Leases count by the machine's
own clock, also in rehearsals.
"""

from __future__ import annotations

import getpass
import os
import socket
import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from store.clock import instant, text
from store.database import Store
from store.errors import LeaseHeldError, LeaseLostError

Standing = Literal["running", "silent", "gone"]

NAME = "engine"

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

_PROC = Path("/proc")
_ENDED = ("Z", "X")  # states of a process that has ended and was not taken note of by its parent
_START_TICKS = 19  # place of the start time in /proc/<pid>/stat, counted after the command's closing bracket


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to deliver, for a while."""

    holder: str
    token: int
    expires_at: datetime


def acquire(store: Store, holder: str, ttl: timedelta, now: datetime) -> Lease:
    """Take the lease when it is free, has run out, or its holder is a dead process on this machine."""
    expires_at = now + ttl
    with store.transaction() as db:
        held = current(db)
        if held is not None and held.expires_at > now and not is_dead(held.holder):
            raise LeaseHeldError(words(held.holder), _minute(held.expires_at))
        (token,) = db.execute(
            "INSERT INTO lease(name, holder, token, expires_at) VALUES (?,?,1,?)"
            " ON CONFLICT(name) DO UPDATE SET holder=excluded.holder, token=token+1, expires_at=excluded.expires_at"
            " RETURNING token",
            (NAME, holder, text(expires_at)),
        ).fetchone()
    return Lease(holder, token, expires_at)


def renew(db: sqlite3.Connection, lease: Lease, ttl: timedelta, now: datetime) -> Lease:
    """Hold on to the lease. One that ran out is renewed too, as long as nobody else has taken it."""
    cursor = db.execute(
        "UPDATE lease SET expires_at=? WHERE name=? AND token=?", (text(now + ttl), NAME, lease.token)
    )
    if cursor.rowcount == 0:
        raise lost(lease.token)
    return replace(lease, expires_at=now + ttl)


def release(db: sqlite3.Connection, lease: Lease) -> None:
    """Give the lease back. Its token stays, so that the next one is higher; somebody else's is left alone."""
    db.execute("UPDATE lease SET expires_at=? WHERE name=? AND token=?", (text(_LONG_AGO), NAME, lease.token))


def current(db: sqlite3.Connection) -> Lease | None:
    """Return the lease as it stands, whether it has run out or not; None: there never was one."""
    row = db.execute("SELECT holder, token, expires_at FROM lease WHERE name=?", (NAME,)).fetchone()
    return None if row is None else Lease(row[0], row[1], instant(row[2]))


def is_current(db: sqlite3.Connection, token: int) -> bool:
    """Say whether nobody has taken over since this token was given."""
    return db.execute("SELECT 1 FROM lease WHERE name=? AND token=?", (NAME, token)).fetchone() is not None


def check(db: sqlite3.Connection, token: int) -> None:
    """Refuse to go on under a token that is not the lease's any more."""
    if not is_current(db, token):
        raise lost(token)


def lost(token: int) -> LeaseLostError:
    """Return the error that says so."""
    return LeaseLostError(
        f"another engine has taken over since lease {token} was given. Nothing was recorded under it. "
        "Let the other engine work, or stop it and start this one again."
    )


def standing(lease: Lease | None, now: datetime) -> Standing:
    """Say how the holder of a lease is, as far as that can be told from here.

    | standing | it means |
    | --- | --- |
    | running | the lease runs, and its holder is not known to be dead |
    | silent | it ran out and was not given back: the holder is busy, its machine slept, the clock was set, or it died far away |
    | gone | given back, or held by a process of this machine that lives no more |
    """
    if lease is None or lease.expires_at == _LONG_AGO or is_dead(lease.holder):
        return "gone"
    return "running" if lease.expires_at > now else "silent"


def holder_id(since: datetime | None = None) -> str:
    """Return who this process is: `host:pid:start`, where host includes the container it runs in.

    With `since`, also whose it is and since when it is at work, for people: `host:pid:start:user:since`.
    """
    pid = os.getpid()
    known = f"{_host()}:{pid}:{_start_of(pid) or 0}"
    return known if since is None else f"{known}:{_user()}:{text(since)}"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease, as far as it says so."""

    host: str
    pid: str
    user: str | None
    since: datetime | None


def parted(known: str) -> Holder | None:
    """Read who holds a lease; None: it does not say."""
    parts = known.split(":", 4)
    if len(parts) < 3 or not parts[1].isdigit():
        return None
    user, since = parts[3:] if len(parts) == 5 else ("", "")
    try:
        began = instant(since) if since else None
    except ValueError:
        began = None
    return Holder(parts[0].partition("/")[0], parts[1], user or None, began)


def words(known: str) -> str:
    """Say who holds a lease.

    >>> words("books/4026531836:4711:99:ana:2026-11-30T11:02:05.000000Z")
    'process 4711 of ana on books, at work since 2026-11-30 11:02 UTC'
    >>> words("books:4711:99")
    'process 4711 on books'
    """
    found = parted(known)
    if found is None:
        return known
    of = f" of {found.user}" if found.user else ""
    since = f", at work since {_minute(found.since)}" if found.since else ""
    return f"process {found.pid}{of} on {found.host}{since}"


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _user() -> str:
    try:
        return getpass.getuser().replace(":", "_")
    except (KeyError, OSError):  # an account without a name
        return str(os.getuid()) if os.name == "posix" else ""


def is_dead(holder: str) -> bool:
    """Say whether a holder surely lives no more. Anything that can't be told from here counts as alive."""
    return _lives(holder) is False


def is_alive(holder: str) -> bool:
    """Say whether a holder surely lives: a process of this machine."""
    return _lives(holder) is True


def _lives(holder: str) -> bool | None:
    """Say whether a holder lives; None where that can't be told from here."""
    host, pid, start = [*holder.split(":", 4), "", ""][:3]
    if host != _host() or not pid.isdigit() or not _PROC.joinpath("self").exists():
        return None
    return _start_of(int(pid)) == start


def _host() -> str:
    """Two containers may share a host name and reuse process ids: the id space is part of the name."""
    try:
        space = (_PROC / "self" / "ns" / "pid").readlink().name.strip("pid:[]")
    except OSError:
        return socket.gethostname()
    return f"{socket.gethostname()}/{space}"


def _start_of(pid: int) -> str | None:
    """Return when a process started, in ticks since the machine did; None when there is none, or only what is left of it."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in _ENDED else fields[_START_TICKS]
