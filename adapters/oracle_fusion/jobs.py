"""Imports that Oracle does on its own time: whether one is still at work, and what its log complains about.

A request that SUCCEEDED proves nothing: it loaded the file. The import is a later request of its own, whose log may
hold an error for every row. So the log is always read, and the requests whose logs lie in it are asked for as well.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import zipfile
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from adapters.errors import ProtocolError
from adapters.oracle_fusion import wire_finance as finance
from adapters.oracle_fusion.api import Api, items
from adapters.oracle_fusion.failures import Complaint, Judge

RESOURCE: Final = "erpintegrations"
AT_WORK: Final = frozenset({"WAIT", "READY", "RUNNING", "PAUSED", "COMPLETED", "SUBMITTED", "PENDING"})
"""COMPLETED is post-processing: whether it is final is told differently, so it is not taken for the end."""
FAILED: Final = frozenset({"ERROR", "CANCELED", "CANCELLED", "BLOCKED", "ERROR_AUTO_RETRY", "EXPIRED"})
LOG_BYTES_MAX: Final = 4 * 1024 * 1024
FILES_MAX: Final = 50
COMPLAINTS_MAX: Final = 50

_CODED = re.compile(r"^.*?\b(?P<code>E[A-Z]\d{2})\b[\s:;.,-]*(?P<text>.*)$")
_ERROR = re.compile(r"\b(?:error|rejected|failed|isn't valid|is not valid|invalid)\b", re.IGNORECASE)
_NO_ERROR = re.compile(
    r"\b(?:0|no|without)\s+(?:\w+\s+){0,3}(?:errors?|rejected|failed)\b|errors?\s*:\s*0\b", re.IGNORECASE
)
_FILE = re.compile(r"(?:^|/)\D*(?P<id>\d+)[^/]*$")

Status = Literal["running", "succeeded", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of one import request."""

    request_id: str
    status: Status
    word: str | None
    """Oracle's own word for the first request."""
    complaints: tuple[Complaint, ...] = ()


class Jobs:
    """Import requests of one instance."""

    def __init__(self, api: Api, judge: Judge) -> None:
        self._api = api
        self._judge = judge

    async def outcome(self, request_id: str) -> Outcome:
        """Say what became of a request and of those that followed from it."""
        word = await self._status(request_id)
        if word is None:
            return Outcome(request_id, "unknown", None)
        if word in AT_WORK:
            return Outcome(request_id, "running", word)
        logs = await self._logs(request_id)
        later = sorted({found for found in map(_request_of, logs) if found and found != request_id})
        words = [await self._status(one) for one in later]
        if any(one in AT_WORK for one in words):
            return Outcome(request_id, "running", word)
        found = tuple(one for name in sorted(logs) for one in complaints(logs[name]))[:COMPLAINTS_MAX]
        if found or word in FAILED or any(one in FAILED for one in words):
            return Outcome(request_id, "failed", word, found)
        if not later:  # the file is loaded, its import has not begun
            return Outcome(request_id, "running", word)
        return Outcome(request_id, "succeeded", word)

    async def row(self, request_id: str) -> bytes:
        """Return one request as a row to translate."""
        found = await self.outcome(request_id)
        case_class = self._judge.classify(found.complaints) if found.status == "failed" else None
        return msgspec.json.encode(
            finance.Job(
                request_id,
                found.status,
                found.word,
                case_class,
                [finance.JobMessage(self._judge.clean(one.text), one.code) for one in found.complaints],
            )
        )

    async def _status(self, request_id: str) -> str | None:
        rows = await self._find(f"ESSJobStatusRF;requestId={request_id}")
        return (rows[0].RequestStatus or "").strip().upper() or None if rows else None

    async def _logs(self, request_id: str) -> dict[str, str]:
        rows = await self._find(f"ESSJobExecutionDetailsRF;requestId={request_id},fileType=ALL")
        content = rows[0].DocumentContent if rows else None
        try:
            return texts(content) if content else {}
        except (binascii.Error, zipfile.BadZipFile, ValueError) as error:
            raise ProtocolError(
                self._api.system,
                f"the log of request {request_id} cannot be read ({error}). It is asked for again; if this stays so, "
                "look at the request under Scheduled Processes in Oracle",
            ) from None

    async def _find(self, finder: str) -> list[finance.ErpIntegration]:
        _, page = await self._api.page(RESOURCE, {"finder": finder, "onlyData": "true"})
        return [_row.decode(one) for one in items(page)]


def texts(content: str) -> dict[str, str]:
    """Return the text files of a base64 zip by name; more than a log can reasonably be is refused."""
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(content, validate=True))) as archive:
        entries = [one for one in archive.infolist() if not one.is_dir()]
        if len(entries) > FILES_MAX or sum(one.file_size for one in entries) > LOG_BYTES_MAX:
            raise ValueError(f"it holds more than {FILES_MAX} files or {LOG_BYTES_MAX} bytes")
        return {one.filename: archive.read(one).decode("utf-8", "replace") for one in entries}


def complaints(log: str) -> list[Complaint]:
    """Return the lines of a log that say what is wrong, each once.

    >>> complaints("Journals created: 0\\nEP01 This date is not in any open or future enterable period.")[0].code
    'EP01'
    >>> complaints("0 lines rejected, no errors")
    []
    """
    found: dict[str, Complaint] = {}
    for line in (one.strip() for one in log.splitlines()):
        coded = _CODED.match(line)
        if coded:
            found[line] = Complaint(coded["text"].strip() or line, coded["code"])
        elif _ERROR.search(line) and not _NO_ERROR.search(line):
            found[line] = Complaint(line)
    coded_ones = [one for one in found.values() if one.code]
    return coded_ones or list(found.values())


def _request_of(name: str) -> str | None:
    found = _FILE.search(name)
    return found["id"] if found else None


_row = msgspec.json.Decoder(finance.ErpIntegration)
