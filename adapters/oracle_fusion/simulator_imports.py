"""Import requests of a simulated pod: two jobs each, worked on by the clock (contract sheet, section 12.2).

The first job loads the file; only when it has ended, the import itself begins, as a request of its own. What the import
finds wrong stands in its log. Its status says SUCCEEDED all the same, unless a setting wants it otherwise.
"""

from __future__ import annotations

import base64
import heapq
import io
import random
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from adapters.oracle_fusion.simulator_interface import (
    BadFileError,
    InterfaceLine,
    load_line,
    read_archive,
    read_lines,
)
from adapters.oracle_fusion.simulator_journals import Imported, JournalImport
from adapters.oracle_fusion.simulator_messages import refused
from adapters.oracle_fusion.simulator_rows import Data
from adapters.oracle_fusion.simulator_world import World
from store.clock import instant, text

JOB: Final = "JournalImportLauncher"
ACCOUNT: Final = "fin$/generalLedger$/import$"
PARAMETERS: Final = 7
NEEDED: Final = ("DocumentContent", "ContentType", "FileName", "DocumentAccount", "JobName", "ParameterList")
OPERATIONS: Final = ("importBulkData", "uploadFileToUCM", "submitESSJobRequest")
POST_PROCESSING: Final = timedelta(seconds=30)
LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(slots=True)
class ImportRequest:
    """One call of importBulkData and the two jobs it became."""

    load_id: int
    import_id: int
    file_name: str
    document_id: str
    group: str
    ledger_id: str
    suspends: bool
    submitted_at: datetime
    loaded_at: datetime
    begins_at: datetime
    ends_at: datetime
    lines: list[InterfaceLine] = field(default_factory=list)
    load_error: str | None = None
    final: str | None = None
    """Status of the import, once it has ended."""
    report: str = ""

    def load_status(self, now: datetime) -> str:
        if now < self.submitted_at + (self.loaded_at - self.submitted_at) / 4:
            return "WAIT"
        if now < self.loaded_at - POST_PROCESSING:
            return "RUNNING"
        if now < self.loaded_at:
            return "COMPLETED"
        return "ERROR" if self.load_error else "SUCCEEDED"

    def import_status(self, now: datetime) -> str | None:
        """Return the status of the import; None while there is no such request yet."""
        if self.load_error or now < self.loaded_at:
            return None
        if self.final is not None:
            return self.final
        return "WAIT" if now < self.begins_at else "RUNNING"

    def dump(self) -> dict[str, Any]:
        times = {name: text(getattr(self, name)) for name in _TIMES}
        plain = {name: getattr(self, name) for name in _PLAIN}
        return plain | times | {"lines": [one.dump() for one in self.lines]}


_TIMES: Final = ("submitted_at", "loaded_at", "begins_at", "ends_at")
_PLAIN: Final = (
    *("load_id", "import_id", "file_name", "document_id", "group", "ledger_id"),
    *("suspends", "load_error", "final", "report"),
)


class Imports:
    """The bulk import of one pod."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._journals = JournalImport(world)
        self._requests: dict[int, ImportRequest] = {}
        self._due: list[tuple[datetime, int]] = []
        self._last_id = world.settings.first_request_id - 1

    def submit(self, body: Mapping[str, Any]) -> Data:
        """Take a request; return the row it is answered with."""
        operation = body.get("OperationName")
        if operation not in OPERATIONS:
            raise refused("BAD_OPERATION", "/OperationName", operation=operation)
        if operation != "importBulkData":
            raise refused("BAD_OPERATION", "/OperationName", operation=f"{operation} (not offered here)")
        for name in NEEDED:
            if not isinstance(body.get(name), str) or not body[name]:
                raise refused("REQUIRED", f"/{name}", attribute=name, entity="ErpIntegrationEO")
        if not body["JobName"].endswith(f",{JOB}") or body["DocumentAccount"] != ACCOUNT:
            raise refused("BAD_JOB", "/JobName", job=body["JobName"], account=body["DocumentAccount"])
        try:
            raw = read_archive(body["DocumentContent"])
        except BadFileError as error:
            raise refused("BAD_DOCUMENT", "/DocumentContent", reason=str(error)) from None
        request = self._new(body, raw, _parameters(body["ParameterList"]))
        self._requests[request.load_id] = request
        heapq.heappush(self._due, (request.ends_at, request.load_id))
        return {
            "OperationName": operation,
            "DocumentId": request.document_id,
            "ReqstId": str(request.load_id),
            "RequestStatus": None,
            "FileName": request.file_name,
            "ContentType": body["ContentType"],
            "DocumentAccount": body["DocumentAccount"],
            "JobName": body["JobName"],
        }

    def status(self, request_id: str) -> str | None:
        now = self._world.now()
        found = self._find(request_id)
        if found is None:
            return None
        is_load = request_id == str(found.load_id)
        return found.load_status(now) if is_load else found.import_status(now)

    def details(self, request_id: str, file_type: str) -> str | None:
        """Return log and output files of a request and of those that followed from it, as a base64 zip."""
        found, now = self._find(request_id), self._world.now()
        if found is None:
            return None
        files: dict[str, str] = {}
        if request_id == str(found.load_id):
            files[f"{found.load_id}.log"] = _load_log(found)
        if found.import_status(now) is not None:
            files[f"{found.import_id}.log"] = f"Import Journals request {found.import_id} started.\n"
            if found.final is not None:
                files[f"{found.import_id}.txt"] = found.report
        wanted = {"LOG": (".log",), "OUT": (".txt",)}.get(file_type, (".log", ".txt"))
        return _zipped({name: one for name, one in files.items() if name.endswith(wanted)})

    def settle_due(self) -> int:
        """Do the imports whose time has come, in that order."""
        count = 0
        while self._due and self._due[0][0] <= self._world.now():
            at, load_id = heapq.heappop(self._due)
            request = self._requests[load_id]
            if request.final is None and request.load_error is None:
                self._import(request, at)
                count += 1
        return count

    def dump(self) -> dict[str, Any]:
        return {"last_id": self._last_id, "requests": [one.dump() for one in self._requests.values()]}

    def load(self, state: Mapping[str, Any]) -> None:
        self._last_id = state["last_id"]
        self._requests = {}
        for one in state["requests"]:
            times = {name: instant(one[name]) for name in _TIMES}
            request = ImportRequest(**{**one, **times, "lines": [load_line(line) for line in one["lines"]]})
            self._requests[request.load_id] = request
        self._due = [(one.ends_at, one.load_id) for one in self._requests.values() if one.final is None]
        heapq.heapify(self._due)

    def _new(self, body: Mapping[str, Any], raw: bytes, parameters: list[str]) -> ImportRequest:
        self._last_id += 2
        load_id, now = self._last_id - 1, self._world.now()
        load, wait, work = self._delays(load_id)
        lines: list[InterfaceLine] = []
        problem: str | None = None
        try:
            lines = read_lines(raw)
        except BadFileError as error:
            problem = str(error)
        return ImportRequest(
            load_id,
            self._last_id,
            str(body["FileName"]),
            f"UCMFA{load_id:08}",
            parameters[3],
            parameters[2],
            parameters[4] == "Y",
            now,
            now + load,
            now + load + wait,
            now + load + wait + work,
            lines,
            problem,
        )

    def _delays(self, load_id: int) -> tuple[timedelta, timedelta, timedelta]:
        """Return how long loading, waiting and importing take: drawn from the seed, the same in every run."""
        settings = self._world.settings
        draw = random.Random(f"{settings.seed}:import:{load_id}")  # noqa: S311
        least, span = settings.import_delay_min, settings.import_delay_max - settings.import_delay_min
        whole = timedelta(seconds=int((least + span * draw.random()).total_seconds()))
        return whole / 4, whole / 4, whole / 2

    def _import(self, request: ImportRequest, at: datetime) -> None:
        wanted = [
            one for one in request.lines if (one.group, one.ledger_id) == (request.group, request.ledger_id)
        ]
        done = self._journals.run(
            wanted, request_id=request.import_id, group=request.group, suspends=request.suspends, at=at
        )
        is_fine = done.batch_count > 0 and not done.errors
        request.final = "SUCCEEDED" if is_fine else self._world.settings.import_status_on_errors
        request.report = _report(request, wanted, done)

    def _find(self, request_id: str) -> ImportRequest | None:
        wanted = int(request_id) if request_id.isdigit() else -1
        return next((one for one in self._requests.values() if wanted in (one.load_id, one.import_id)), None)


def _parameters(text: str) -> list[str]:
    found = [one.strip().strip('"') for one in text.split(",")]
    numbers = (found[0], found[2], found[3]) if len(found) == PARAMETERS else ()
    if not numbers or not all(one.isascii() and one.isdigit() for one in numbers):
        raise refused("BAD_PARAMETERS", "/ParameterList", expected=PARAMETERS, given=text)
    return found


def _load_log(request: ImportRequest) -> str:
    head = f"Load Interface File for Import, request {request.load_id}, file {request.file_name}\n"
    if request.load_error:
        return f"{head}Error: the file wasn't loaded: {request.load_error}.\n"
    return f"{head}{len(request.lines)} rows loaded. Import request: {request.import_id}\n"


def _report(request: ImportRequest, lines: Iterable[InterfaceLine], done: Imported) -> str:
    head = [
        "Journal Import Execution Report",
        f"Request {request.import_id}, group {request.group}, ledger {request.ledger_id}",
        f"Lines read: {len(list(lines))}",
        f"Journal batches created: {done.batch_count}",
        f"Lines with errors: {len(done.errors)}",
    ]
    return "\n".join([*head, *done.errors]) + "\n"


def _zipped(files: Mapping[str, str]) -> str:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, one in files.items():
            archive.writestr(zipfile.ZipInfo(name, LONG_AGO), one)
    return base64.b64encode(content.getvalue()).decode()
