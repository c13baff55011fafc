"""One engine at a time: a lease for a while, and a fencing token that makes a late holder harmless.

The token rises each time the lease changes hands. Whatever an engine records, it names its token, in the same
transaction; an engine that was taken over is refused there, however late it wakes up. Leases count by the machine's
own clock, also in rehearsals.
"""

from __future__ import annotations

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
            raise LeaseHeldError(held.holder, text(held.expires_at))
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


def holder_id() -> str:
    """Return who this process is: `host:pid:start`, where host includes the container it runs in."""
    pid = os.getpid()
    return f"{_host()}:{pid}:{_start_of(pid) or 0}"


def is_dead(holder: str) -> bool:
    """Say whether a holder surely lives no more. Anything that can't be told from here counts as alive."""
    return _lives(holder) is False


def is_alive(holder: str) -> bool:
    """Say whether a holder surely lives: a process of this machine."""
    return _lives(holder) is True


def _lives(holder: str) -> bool | None:
    """Say whether a holder lives; None where that can't be told from here."""
    host, _, process = holder.partition(":")
    pid, _, start = process.partition(":")
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
