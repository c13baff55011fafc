"""Who is signed in, for how long, and how often somebody may try. In memory only: a restart signs everybody out."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from finsync_tui.people import Signer

IDLE: Final = timedelta(minutes=30)
"""Without a key press or a page for so long, a session ends."""
LIFE: Final = timedelta(hours=12)
SESSIONS_PER_PERSON_MAX: Final = 5
TRIES_FREE: Final = 5
WAIT_FIRST: Final = timedelta(seconds=15)
WAIT_MAX: Final = timedelta(minutes=15)
NAMES_MAX: Final = 10_000
"""So many names are remembered; each try costs tens of milliseconds, so pushing one out takes longer than its wait."""


@dataclass(eq=False, slots=True)
class Session:
    """One browser in which one person has signed in."""

    name: str
    login: str
    mark: str
    """Of the sign-in it came from: another passphrase or a revocation ends it."""
    began_at: datetime
    seen_at: datetime
    key: Signer | None = field(repr=False)

    def is_over(self, now: datetime) -> bool:
        return now - self.seen_at >= IDLE or now - self.began_at >= LIFE


class Sessions:
    """The sessions of one server, found by what a cookie says; only a digest of that is kept."""

    def __init__(self) -> None:
        self._known: dict[bytes, Session] = {}

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._known.values()))

    def begin(self, session: Session) -> str:
        """Return the cookie of a new session; a person's oldest goes when they have too many."""
        own = [cookie for cookie, one in self._known.items() if one.name == session.name]
        for cookie in own[: max(0, len(own) - SESSIONS_PER_PERSON_MAX + 1)]:
            del self._known[cookie]
        made = secrets.token_urlsafe(32)
        self._known[_digest(made)] = session
        return made

    def find(self, cookie: str, now: datetime) -> Session | None:
        """Return whose cookie it is; None: nobody's, or not any more."""
        found = self._known.get(_digest(cookie))
        return None if found is None or found.is_over(now) else found

    def end(self, session: Session) -> None:
        self._known = {cookie: one for cookie, one in self._known.items() if one is not session}

    def has(self, session: Session) -> bool:
        return any(one is session for one in self._known.values())


class Tries:
    """How long a name has to wait before the next try. Names that nobody has wait as well: nothing can be learnt of it."""

    def __init__(self) -> None:
        self._failed: OrderedDict[str, tuple[int, datetime]] = OrderedDict()

    def wait(self, name: str, now: datetime) -> timedelta:
        """Return how long to wait still; zero: it may be tried."""
        count, last = self._failed.get(_folded(name), (0, now))
        if count < TRIES_FREE:
            return timedelta()
        pause = min(WAIT_FIRST * (1 << min(count - TRIES_FREE, 10)), WAIT_MAX)
        return max(timedelta(), last + pause - now)

    def failed(self, name: str, now: datetime) -> bool:
        """Count a failure; return whether the name has to wait from now on."""
        key = _folded(name)
        count = self._failed.pop(key, (0, now))[0] + 1
        self._failed[key] = (count, now)
        while len(self._failed) > NAMES_MAX:
            self._failed.popitem(last=False)
        return count >= TRIES_FREE

    def succeeded(self, name: str) -> None:
        self._failed.pop(_folded(name), None)


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()


def _folded(name: str) -> str:
    return name.casefold()[:200]
