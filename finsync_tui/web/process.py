"""The workbench behind one tab, seen from the server: how its process begins, gets its key, and ends."""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from textual_serve.app_service import AppService

from finsync_tui.web.sessions import Session

END_WAIT_S: Final = 5.0
log = logging.getLogger("finsync.web")


class TabProcess(AppService):
    """One tab's process: started without a shell, in a group of its own, so that nothing of it stays behind."""

    _session: Session | None = None
    _touch: Callable[[], None] | None = None

    def acts_for(self, session: Session, touch: Callable[[], None]) -> None:
        """Say who has signed in, and whom to tell that they are there."""
        self._session, self._touch = session, touch

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode if self._process is not None else None

    async def send_bytes(self, data: bytes) -> bool:
        """Hand on what was typed."""
        if self._touch is not None:
            self._touch()
        return await super().send_bytes(data)

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        command, pipe = shlex.split(self.command), _pipe_of(self._session)
        if self._session is not None:
            command += ["--web-login", self._session.login]
        if pipe is not None:
            command += ["--key-from", str(pipe)]
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True,
                env=self._build_environment(width=width, height=height),
                pass_fds=() if pipe is None else (pipe,),
            )  # fmt: skip
        finally:
            if pipe is not None:
                os.close(pipe)
        self._process, self._stdin = process, process.stdin
        return process

    async def end(self) -> None:
        """Ask the process to end, what it writes is finished; one that does not is killed."""
        try:
            await asyncio.wait_for(self.stop(), END_WAIT_S)
        except TimeoutError:
            log.warning("a workbench did not end when its tab was closed; it was stopped")
        except (ConnectionError, RuntimeError):
            pass  # it has ended by itself
        process = self._process
        if process is None:
            return
        self.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), END_WAIT_S)
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def _pipe_of(session: Session | None) -> int | None:
    """Return the end of a pipe from which a person's key can be read once; None: there is none."""
    if session is None or session.key is None:
        return None
    reading, writing = os.pipe()
    os.write(
        writing, session.key.private()
    )  # far less than what a pipe holds: nobody has to read for it to go in
    os.close(writing)
    return reading
