"""Our runs and errors in Coupa's own set-up screens, where its administrators look.

None of these calls may be repeated blindly. An error carries the key of our decision in `external-id` and is
looked for by it. A run has no such place: the open run of ours for the same integration is the one that a lost answer
has made, since one engine works at a time. One that is older than any run lasts, or that counts other records, was left
open by an engine that died: it is left alone, and a new one is begun.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from adapters.base import Receipt, WriteRequest
from adapters.coupa import wire
from adapters.coupa.door import Door, document_id
from adapters.coupa.options import DOCUMENT_TYPES

_RUNS: Final = "/api/integration_runs"
_ERRORS: Final = "/api/integration_errors"
_LASTS_MAX: Final = timedelta(days=1)
"""No run is at work for longer."""
_OPEN: Final = ("pending", "running", "started")
_ENDS: Final[Mapping[str, str]] = {"success": "success", "failed": "fail", "auto": "finish"}
"""By outcome: the action. `auto` leaves it to Coupa: well unless the run has errors."""

MESSAGE_LENGTH_MAX: Final = 1000


class RunEcho(wire.Wire):
    id: int
    status: str | None = None
    total_records: int | None = None
    records_processed: int | None = None
    created_at: wire.Instant | None = None
    created_by: wire.Login | None = None


class RecordEcho(wire.Wire):
    id: int
    external_id: str | None = None
    status: str | None = None
    document_type: str | None = None
    document_id: int | None = None
    resolved: bool | None = None


@dataclass(frozen=True, slots=True)
class StartRun:
    """Begins a run of an integration that is set up in Coupa."""

    door: Door

    async def write(self, request: WriteRequest) -> Receipt:
        found = await self._open_run(request)
        run = found
        if run is None:
            body = {"integration": {"code": request.body["integration"]}}
            run, _ = await self.door.post(_RUNS, body, RunEcho)
        if run.status in (None, "pending"):
            total = request.body.get("total")
            counted = {"total-records": total} if total is not None else None
            run, _ = await self.door.put(f"{_RUNS}/{run.id}/run", counted, RunEcho)
        return replace(_run_receipt(run), was_found=found is not None)

    async def find(self, request: WriteRequest) -> Receipt | None:
        run = await self._open_run(request)
        is_started = run is not None and run.status != "pending"
        return replace(_run_receipt(run), was_found=True) if run is not None and is_started else None

    async def _open_run(self, request: WriteRequest) -> RunEcho | None:
        params = {"integration[code]": str(request.body["integration"]), "status[in]": ",".join(_OPEN)}
        runs = await self.door.some(_RUNS, RunEcho, params)
        login = self.door.options.own_login
        ours = [run for run in runs if not login or not run.created_by or run.created_by.login == login]
        taken = [run for run in ours if self._is_of(request, run)]
        return taken[-1] if taken else None

    def _is_of(self, request: WriteRequest, run: RunEcho) -> bool:
        """Say whether an open run can be what this decision has begun."""
        is_young = run.created_at is None or self.door.clock.now() - run.created_at <= _LASTS_MAX
        return is_young and run.total_records in (None, request.body.get("total"))


@dataclass(frozen=True, slots=True)
class FinishRun:
    """Ends a run; `auto` lets Coupa say whether it went well."""

    door: Door

    async def write(self, request: WriteRequest) -> Receipt:
        path = f"{_RUNS}/{document_id(self.door.system, request, 'a run')}"
        before = await self._read(request, path)
        if before.status not in _OPEN:
            return replace(_run_receipt(before), was_found=True)
        processed = request.body.get("processed")
        counted = {"records-processed": processed} if processed is not None else None
        action = _ENDS.get(str(request.body.get("outcome", "auto")))
        if action is None:
            raise self.door.refused(
                "PAYLOAD_INVALID",
                f"a run ends as one of {', '.join(_ENDS)}, not {request.body.get('outcome')!r}",
            )
        after, _ = await self.door.put(f"{path}/{action}", counted, RunEcho)
        if after.status in _OPEN:
            raise self.door.ignored(
                f"run {request.external_id}",
                {"status": action},
                {"status": after.status},
                fix="See in Coupa, then retry",
            )
        return _run_receipt(after)

    async def find(self, request: WriteRequest) -> Receipt | None:
        echo = await self._read(request, f"{_RUNS}/{document_id(self.door.system, request, 'a run')}")
        return None if echo.status in _OPEN else replace(_run_receipt(echo), was_found=True)

    async def _read(self, request: WriteRequest, path: str) -> RunEcho:
        found = await self.door.one(path, RunEcho)
        if found is None:
            raise self.door.gone(f"run {request.external_id}")
        return found


@dataclass(frozen=True, slots=True)
class NoteError:
    """Writes what went wrong with one document, which mails the contacts."""

    door: Door

    async def write(self, request: WriteRequest) -> Receipt:
        found = await self._held(request)
        if found is not None:
            return replace(self._receipt(found), was_found=True)
        echo, _ = await self.door.post(f"{_ERRORS}/create_alert", self._body(request), RecordEcho)
        if echo.external_id is not None and echo.external_id != request.idempotency_key:
            raise self.door.ignored(
                f"record {echo.id}",
                {"external-id": request.idempotency_key},
                {"external-id": echo.external_id},
                fix="It cannot be found again by it: see in Coupa, then retry",
            )
        return self._receipt(echo)

    async def find(self, request: WriteRequest) -> Receipt | None:
        found = await self._held(request)
        return replace(self._receipt(found), was_found=True) if found is not None else None

    async def _held(self, request: WriteRequest) -> RecordEcho | None:
        found = await self.door.some(_ERRORS, RecordEcho, {"external_id": request.idempotency_key})
        return found[0] if found else None

    def _body(self, request: WriteRequest) -> dict[str, Any]:
        body = request.body
        try:
            document: dict[str, Any] = {
                "document-type": DOCUMENT_TYPES[str(body["entity"])],
                "document-id": int(str(body["document_id"])),
                "integration": {"code": str(body["integration"])},
            }
            run_id = int(str(body["run_id"])) if body.get("run_id") is not None else None
        except (KeyError, ValueError) as error:
            raise self.door.refused("PAYLOAD_INVALID", f"this cannot be noted in Coupa: {error!r}") from None
        if run_id is None:
            raise self.door.refused("PAYLOAD_INVALID", "Coupa notes an error with the run it happened in")
        document["integration-run"] = {"id": run_id}
        for name in ("document_status", "document_revision"):
            if body.get(name) is not None:
                document[name.replace("_", "-")] = body[name]
        response = {
            "response-code": str(body.get("code", "Error")),
            "response-message": str(body.get("message", ""))[:MESSAGE_LENGTH_MAX],
        }
        return document | {
            "contact-alert-type": str(body.get("audience", "Functional")),
            "status": "Error",
            "external-id": request.idempotency_key,
            "responses": [response],
        }

    def _receipt(self, echo: RecordEcho) -> Receipt:
        return Receipt(
            str(echo.id), answer={"id": echo.id, "status": echo.status, "resolved": bool(echo.resolved)}
        )


@dataclass(frozen=True, slots=True)
class Resolve:
    """Marks an earlier error as settled."""

    door: Door

    async def write(self, request: WriteRequest) -> Receipt:
        path = f"{_ERRORS}/{document_id(self.door.system, request, 'an error')}"
        echo, _ = await self.door.put(f"{path}/resolve", None, RecordEcho)
        if echo.resolved is False:
            raise self.door.ignored(
                f"error {request.external_id}",
                {"resolved": True},
                {"resolved": False},
                fix="See in Coupa, then retry",
            )
        return self._receipt(request, was_found=False)

    async def find(self, request: WriteRequest) -> Receipt | None:
        path = f"{_ERRORS}/{document_id(self.door.system, request, 'an error')}"
        echo = await self.door.one(path, RecordEcho)
        return self._receipt(request, was_found=True) if echo is not None and echo.resolved else None

    def _receipt(self, request: WriteRequest, *, was_found: bool) -> Receipt:
        return Receipt(request.external_id, answer={"resolved": True}, was_found=was_found)


def _run_receipt(run: RunEcho) -> Receipt:
    return Receipt(
        str(run.id), answer={"id": run.id, "status": run.status, "processed": run.records_processed}
    )
