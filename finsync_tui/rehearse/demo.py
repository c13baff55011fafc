"""`finsync demo`: the world and the engine as processes of their own, and the verdict at the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

import httpx
import platformdirs

from finsync_tui.credentials import FOLDER_VARIABLE, variable
from finsync_tui.rehearse import company as companies
from finsync_tui.rehearse import editing_verdict, evidence, expense_catalogue, leftovers, verdict, workspace
from finsync_tui.rehearse.conductor import TOKEN_VARIABLE, URL_VARIABLE, control_client
from finsync_tui.rehearse.editing import Edit
from finsync_tui.rehearse.editing_verdict import EditingVerdict
from finsync_tui.rehearse.expense_systems import COMPANY_UUID
from finsync_tui.rehearse.planted import SOURCE, Level
from finsync_tui.rehearse.report import Report, plants_from_json
from finsync_tui.rehearse.shapes import Company
from finsync_tui.rehearse.systems import CLIENT_ID, ERP_USER
from finsync_tui.rehearse.tripwire import When
from finsync_tui.settings import Workspace
from finsync_tui.stopping import StoppedError
from store import open_store
from store.clock import SystemClock, text
from store.errors import FinsyncError

SPEED: Final = 43_200
"""Virtual seconds per real second in the workbench: a year in a good twelve minutes."""
STOP_WAIT_S: Final = 20.0
LOOK_WAIT_S: Final = 300.0
PROGRESS_EVERY_S: Final = 0.5

Progress = Callable[[str], None]


class DemoFailedError(FinsyncError):
    """A process of the demo ended before it should."""

    code = "DEMO_FAILED"


@dataclass(frozen=True, slots=True)
class Options:
    """What is rehearsed."""

    seed: int = 7
    scale: float = 1.0
    faults: Level = "typical"
    workspace: Path | None = None
    speed: float = SPEED
    edits: int = 0
    """How many changes of each kind a hand makes behind finsync's back at the end, for a reconciliation to find."""


@dataclass
class Stage:
    """A running world and the workspace that is pointed at it."""

    workspace: Workspace
    company: Company
    environment: dict[str, str] = field(repr=False)
    """An engine's: the clock's token and the systems' secrets, and nothing that was planted."""
    judge: httpx.Client = field(repr=False)
    """The control channel with the judge's token. It stays in this process."""

    def engine_command(self, pace: float | None = None) -> list[str]:
        command = [
            sys.executable,
            "-m",
            "finsync_tui.rehearse.engine",
            "--workspace",
            str(self.workspace.path),
        ]
        return [*command, "--tied", *(["--pace", str(pace)] if pace is not None else [])]

    def start_engine(
        self, pace: float | None = None, command: list[str] | None = None, log: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start an engine; it ends with us, or when its standard input is closed.

        Its messages go where ours go, or to the end of `log`: behind a workbench they would spoil the screen.
        """
        errors = None if log is None else log.open("ab")
        try:
            return _start(command or self.engine_command(pace), self.environment, stderr=errors)
        finally:
            if errors is not None:
                errors.close()

    def arm_tripwire(self, pid: int, countdown: int, when: When, *, is_for_writes: bool = False) -> None:
        """Kill that process at its `countdown`-th outside call from now, before or after the system acts."""
        body = {"pid": pid, "countdown": countdown, "when": when, "is_for_writes": is_for_writes}
        self.judge.put("/tripwire", json=body).raise_for_status()

    def disarm_tripwire(self) -> None:
        self.judge.delete("/tripwire").raise_for_status()

    def now(self) -> str:
        """Return the world's time as text."""
        answer = self.judge.get("/clock").raise_for_status().json()
        return str(answer["now"])

    def verdict(self) -> verdict.Verdict:
        """Ask the world what was planted and what its systems hold, and compare it with the store."""
        self.look_again()
        plants = plants_from_json(self.judge.get("/planted").raise_for_status().json())
        return verdict.judge(plants, self.report(), evidence.read(self.workspace.store_path))

    def look_again(self) -> None:
        """Compare everything once, in a process that knows what an engine knows."""
        command = [
            sys.executable,
            "-m",
            "finsync_tui.rehearse.second_look",
            "--workspace",
            str(self.workspace.path),
        ]
        with _ending(_start(command, self.environment)) as process:
            if process.wait(LOOK_WAIT_S) != 0:
                raise DemoFailedError("the reconciliation at the end failed; its message stands above.")

    def edited(self, seed: int, each: int = 1) -> EditingVerdict:
        """Let a hand change the systems behind finsync's back; say what a reconciliation finds of it, and what else.

        After the verdict: what was there before is known then.
        """
        with open_store(self.workspace.store_path, SystemClock()) as store:
            before = editing_verdict.newest_run(store.db)
        rows = self.judge.put("/edits", json={"seed": seed, "each": each}).raise_for_status().json()
        self.look_again()
        with open_store(self.workspace.store_path, SystemClock()) as store:
            seen = editing_verdict.new_breaks(store.db, before)
        return editing_verdict.judge([Edit(**row) for row in rows], seen)

    def report(self) -> Report:
        """Ask the world what its systems hold."""
        return Report.from_json(self.judge.get("/report").raise_for_status().json())


def run_headless(options: Options, progress: Progress | None = None) -> dict[str, Any]:
    """Run the company's year to its end in virtual time; return the verdict as JSON values."""
    began = time.monotonic()
    with (
        _stoppable(options.workspace),
        _folder(options.workspace) as folder,
        stage(options, folder) as scene,
    ):
        with _ending(scene.start_engine()) as engine:
            code = _wait(engine, scene, progress)
        if code != 0:
            raise DemoFailedError(
                f"the engine ended with {code} before the year was over; its message stands above. "
                "Run it again with --workspace DIR to keep the workspace and look at it."
            )
        found = scene.verdict()
        edited = scene.edited(options.seed, options.edits) if options.edits else None
        virtual_to = scene.now()
    summary = {
        "seed": options.seed,
        "scale": options.scale,
        "faults": options.faults,
        **verdict.to_json(found),
        "virtual_from": text(scene.company.starts_at),
        "virtual_to": virtual_to,
        "seconds": round(time.monotonic() - began, 1),
    }
    if edited is not None:
        problems = [*summary["problems"], *edited.problems]
        summary |= {"edits": edited.to_json(), "problems": problems, "is_good": not problems}
    return summary


def run_workbench(options: Options, show: Callable[[Workspace], None]) -> None:
    """Run engine and systems while `show` shows the workbench; both end with it."""
    folder = options.workspace or Path(platformdirs.user_data_dir("finsync")) / "demo"
    with stage(options, folder) as scene:
        log = scene.workspace.path / "engine.log"
        open_store(scene.workspace.store_path, SystemClock()).close()  # there before the workbench looks
        with _ending(scene.start_engine(options.speed, log=log)):
            show(scene.workspace)


@contextmanager
def stage(options: Options, folder: Path, state_dir: Path | None = None) -> Iterator[Stage]:
    """Start the world, write the workspace, give both; end the world afterwards."""
    company = companies.build(options.seed, options.scale)
    command = [
        sys.executable, "-m", "finsync_tui.rehearse.world", "--company-seed", str(options.seed),
        "--scale", str(options.scale), "--faults", options.faults,
    ]  # fmt: skip
    if state_dir is not None:
        command += ["--state-dir", str(state_dir)]
    with (
        leftovers.folder() as renewed,
        _ending(_start(command, dict(os.environ), stdout=subprocess.PIPE)) as world,
    ):
        assert world.stdout is not None
        line = world.stdout.readline()
        if not line:
            raise DemoFailedError("the simulated systems did not start; their message stands above.")
        ready = json.loads(line)
        made = workspace.write(folder, company, ready["urls"], has_staff=True)
        with control_client(ready["control_url"], ready["judge_token"], timeout_s=120) as judge:
            yield Stage(
                made, company, _engine_environment(company, ready) | {FOLDER_VARIABLE: renewed}, judge
            )


def _engine_environment(company: Company, ready: Mapping[str, Any]) -> dict[str, str]:
    keys = ready["secrets"]
    found = {
        URL_VARIABLE: ready["control_url"],
        TOKEN_VARIABLE: ready["clock_token"],
        variable(SOURCE, "client_id"): CLIENT_ID,
        variable(SOURCE, "client_secret"): keys["coupa"],
        variable(expense_catalogue.SOURCE, "client_id"): CLIENT_ID,
        variable(expense_catalogue.SOURCE, "client_secret"): keys["concur"],
        variable(expense_catalogue.SOURCE, "company_uuid"): COMPANY_UUID,
        variable(expense_catalogue.SOURCE, "request_token"): keys["request_token"],
    }
    for name in company.systems:
        found |= {variable(name, "user"): ERP_USER, variable(name, "password"): keys["erp"]}
    return {**os.environ, **found}


def _start(
    command: list[str], environment: dict[str, str], *, stdout: int | None = None, stderr: Any = None
) -> subprocess.Popen[bytes]:
    """Start a child that ends with us: it holds one end of a pipe, we the other, and the OS lets go of ours."""
    return subprocess.Popen(  # noqa: S603  (our own interpreter and modules)
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,  # Ctrl-C reaches us alone, and we end the children in order
    )


@contextmanager
def _ending(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Give a child, and make it end: asked first, then made to."""
    try:
        yield process
    finally:
        for end in (process.stdin, process.stdout):
            if end is not None:
                with suppress(OSError):
                    end.close()
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_WAIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(engine: subprocess.Popen[bytes], scene: Stage, progress: Progress | None) -> int:
    """Wait for the engine's end and say meanwhile which day it is."""
    while True:
        try:
            return engine.wait(PROGRESS_EVERY_S if progress is not None else None)
        except subprocess.TimeoutExpired:
            if progress is not None:
                progress(scene.now()[:10])


@contextmanager
def _stoppable(workspace: Path | None) -> Iterator[None]:
    """Make SIGTERM and Ctrl-C an error like any other, so that children and folders end in order."""

    kept = (
        f"The workspace {workspace} is kept"
        if workspace
        else "Its workspace is removed (--workspace DIR keeps it)"
    )

    def told(_: int, __: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)  # once is enough: nothing may cut the tidying up
        raise StoppedError(
            f"told to stop, the demo ended before the year was over, its engine and its systems with it. {kept}."
        )

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in before:
        signal.signal(number, told)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    if chosen is not None:
        yield chosen
        return
    with tempfile.TemporaryDirectory(prefix="finsync-demo-") as folder:
        yield Path(folder) / "workspace"
