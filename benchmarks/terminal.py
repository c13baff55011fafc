"""A program in a terminal of its own: what it shows, and how long after a key the first and the last byte came."""

from __future__ import annotations

import fcntl
import math
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pyte

QUIET_S = 0.08
"""A burst has ended when nothing came for so long."""
CHUNK = 1 << 16
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Latency:
    """From a key to the first byte it caused, and to the last of that burst; and what the event loop worked for it, which is
    the same however busy the machine is."""

    first_s: float
    last_s: float
    work_s: float


class Terminal:
    """A process on a pseudo terminal of `columns` x `rows`. What it writes is kept with its time and interpreted afterwards,
    so that interpreting costs no time that is measured."""

    def __init__(
        self, command: Sequence[str], env: Mapping[str, str], *, columns: int = 140, rows: int = 40
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.began = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], list(command), {**env, "TERM": "xterm-256color", "COLORTERM": "truecolor"})
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self.pid, signal.SIGTERM)
        os.close(self._fd)
        os.waitpid(self.pid, 0)

    def until(self, is_shown: Callable[[str], bool], patience_s: float = 60.0) -> float:
        """Wait until the screen shows something; return how long after the start of the process."""
        end = time.perf_counter() + patience_s
        while time.perf_counter() < end:
            chunk = self._read(end - time.perf_counter())
            if chunk is None:
                break
            at = time.perf_counter()
            self._stream.feed(chunk)
            if is_shown(self.text()):
                return at - self.began
        raise SystemExit(f"this never came on the screen; it shows:\n{self.text()}")

    def press(
        self,
        key: bytes,
        patience_s: float = 5.0,
        *,
        is_shown: Callable[[str], bool] | None = None,
        since_s: float | None = None,
    ) -> Latency:
        """Press a key, or none, and wait for a burst. `is_shown`: what the last byte that counts brings, infinite when it did not
        come; `since_s`: when the key was pressed, if that was before."""
        worked = self._work_s()
        pressed = time.perf_counter() if since_s is None else since_s
        if key:
            os.write(self._fd, key)
        came: list[tuple[float, bytes]] = []
        while (chunk := self._read(QUIET_S if came else patience_s)) is not None:
            came.append((time.perf_counter() - pressed, chunk))
        if not came:
            raise SystemExit(f"{key!r} changed nothing on:\n{self.text()}")
        last = came[-1][0] if is_shown is None else math.inf
        for at, chunk in came:
            self._stream.feed(chunk)
            if is_shown is not None and last == math.inf and is_shown(self.text()):
                last = at
        return Latency(came[0][0], last, self._work_s() - worked)

    def settle(self, quiet_s: float = 0.5) -> None:
        """Wait until nothing is written any more."""
        while (chunk := self._read(quiet_s)) is not None:
            self._stream.feed(chunk)

    def text(self) -> str:
        return "\n".join(self._screen.display)

    def cpu_s(self) -> float:
        """Return the processor seconds of the process so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS

    def _work_s(self) -> float:
        return int(Path(f"/proc/{self.pid}/schedstat").read_text(encoding="utf-8").split()[0]) / 1e9

    def peak_mib(self) -> float:
        """Return the high-water mark of its resident memory."""
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines()
        line = next(line for line in lines if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def _read(self, patience_s: float) -> bytes | None:
        ready, _, _ = select.select([self._fd], [], [], max(0.0, patience_s))
        if not ready:
            return None
        try:
            return os.read(self._fd, CHUNK) or None
        except OSError:  # the process has ended
            return None
