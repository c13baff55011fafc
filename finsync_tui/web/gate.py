"""Who may sign in, and who still may stay: the profile's people, asked again and again. Nothing here knows HTTP.

The slow parts (the profile, the keyring, the passphrase) run beside the event loop, one at a time: that bounds memory
and the number of guesses that anybody gets.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, TypeVar

from finsync_tui import profile as profiles
from finsync_tui.actions.sign_ins import Deed, note_sign_in
from finsync_tui.people.sign_ins import SignInError, SignIns
from finsync_tui.profile import Profile
from finsync_tui.settings import Workspace
from finsync_tui.web.door import ClosedDoorError
from finsync_tui.web.sessions import Session, Sessions, Tries
from store import engine
from store.clock import Clock
from store.errors import FinsyncError

WAITING_MAX: Final = 16
REFUSED: Final = "That is no sign-in name and passphrase of this workspace. Try again."
log = logging.getLogger("finsync.web")
T = TypeVar("T")


class Gate:
    """The sign-ins of one workspace."""

    def __init__(self, workspace: Workspace, sign_ins: SignIns, clock: Clock) -> None:
        self.workspace = workspace
        self.sign_ins = sign_ins
        self.clock = clock
        self.sessions = Sessions()
        self.tries = Tries()
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def sign_in(self, login: str, passphrase: str) -> str:
        """Return the cookie of a new session. Raises ClosedDoorError."""
        self._check_wait(login)
        session = await self._in_turn(lambda: self._tried(login, passphrase))
        if session is None:
            is_locked = self.tries.failed(login, self.clock.now())
            if is_locked:
                await self._in_turn(lambda: self._note_refused(login))
            raise ClosedDoorError(401, REFUSED)
        self.tries.succeeded(login)
        return self.sessions.begin(session)

    async def join(self, login: str, code: str, passphrase: str) -> str:
        """Let an invited person choose a passphrase; return the line of their new key for the profile."""
        self._check_wait(login)
        try:
            return await self._in_turn(lambda: self._joined(login, code, passphrase))
        except SignInError as error:
            self.tries.failed(login, self.clock.now())
            raise ClosedDoorError(403, str(error)) from None

    def find(self, cookie: str) -> Session | None:
        """Return whose cookie it is, and note that they are there."""
        found = self.sessions.find(cookie, self.clock.now())
        if found is not None:
            self.touch(found)
        return found

    def touch(self, session: Session) -> None:
        session.seen_at = self.clock.now()

    async def sign_out(self, session: Session, why: str = "") -> None:
        """End a session; what it has open is closed by whoever watches."""
        if self.sessions.has(session):
            self.sessions.end(session)
            await self._in_turn(lambda: self._note(session.name, "signed_out", why=why))

    async def look(self) -> None:
        """End the sessions of people who are not listed any more, whose sign-in was revoked, or who are away."""
        if not list(self.sessions):
            return
        reasons = await self._in_turn(self._reasons)
        for session, why in reasons:
            await self.sign_out(session, why)

    # -- beside the event loop ----------------------------------------------------------------------------------------

    async def _in_turn(self, act: Callable[[], T]) -> T:
        if self._waiting >= WAITING_MAX:
            raise ClosedDoorError(503, "Too many people are at the door right now. Try again in a minute.")
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(act)
        finally:
            self._waiting -= 1

    def _check_wait(self, login: str) -> None:
        wait = self.tries.wait(login, self.clock.now())
        if wait:
            raise ClosedDoorError(
                429,
                f"Too many tries with this name. Wait {int(wait.total_seconds()) + 1} seconds, then try again.",
            )

    def _profile(self) -> Profile:
        try:
            return profiles.load(self.workspace)
        except FinsyncError as error:
            raise ClosedDoorError(503, f"The workspace's profile can't be read: {error}") from None

    def _tried(self, login: str, passphrase: str) -> Session | None:
        name = _name_of(self._profile(), login)
        key = self.sign_ins.sign_in(name, passphrase)
        if key is None or name is None:
            return None
        self._note(name, "signed_in")
        now = self.clock.now()
        return Session(name, login, self.sign_ins.mark(name), began_at=now, seen_at=now, key=key)

    def _joined(self, login: str, code: str, passphrase: str) -> str:
        name = _name_of(self._profile(), login)
        signer = self.sign_ins.join(name, login, code, passphrase, self.clock.now())
        self._note(signer.name, "joined", key=signer.public)
        return f'key = "{signer.public}"'

    def _note_refused(self, login: str) -> None:
        name = _name_of(self._profile(), login)
        if name is not None:  # of names that nobody has, the log would fill with whatever was typed
            self._note(name, "refused", why="too many wrong passphrases")

    def _reasons(self) -> list[tuple[Session, str]]:
        """Return who has to go, and why. A profile that can't be read just now sends nobody away: it refuses every act."""
        now = self.clock.now()
        away = [(one, "nobody was there any more") for one in self.sessions if one.is_over(now)]
        try:
            found = profiles.load(self.workspace)
        except FinsyncError as error:
            log.warning("the profile can't be read: %s", error)
            return away
        gone = {id(one) for one, _ in away}
        for one in self.sessions:
            if id(one) in gone:
                continue
            if _name_of(found, one.login) != one.name:
                away.append((one, "not listed any more"))
            elif self.sign_ins.mark(one.name) != one.mark:
                away.append((one, "the sign-in was revoked or made anew"))
        return away

    def _note(self, name: str, deed: Deed, *, why: str = "", key: str | None = None) -> None:
        at = self.workspace
        store = engine.open_in_its_time(at.store_path, group=at.group or None, durable=at.is_durable)
        try:
            note_sign_in(store, name, deed, why=why, key=key)
        finally:
            store.close()


def _name_of(profile: Profile, login: str) -> str | None:
    """Return whose sign-in name it is; None: nobody's."""
    return next((name for name, one in profile.people.items() if login and one.web_login == login), None)
