"""Journals in Oracle: brought in by file, and looked up by the name of their batch.

There is no call that creates a journal. A file is handed over, jobs work on it, and Oracle happily imports the same file
twice. So nothing is sent while an earlier import may be at work, and only a batch that can be read is a success.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from adapters.base import Receipt, WriteRequest
from adapters.errors import DuplicateError, TransientError
from adapters.oracle_fusion import wire
from adapters.oracle_fusion import wire_finance as finance
from adapters.oracle_fusion.accounts import Accounts
from adapters.oracle_fusion.api import Api, expand, is_id, quoted
from adapters.oracle_fusion.failures import Complaint, Judge, unsure
from adapters.oracle_fusion.inbound_finance import journal_id, own_batch_name, renamed
from adapters.oracle_fusion.jobs import RESOURCE, Jobs, Outcome
from adapters.oracle_fusion.options import Options
from adapters.oracle_fusion.outbound_journal import batch_name, group_id, journal_import, ledger_access
from adapters.oracle_fusion.reads_finance import JOURNAL_TREE
from adapters.oracle_fusion.requests import document, refused, text_of
from store.canonical.journal import JournalEntry
from store.canonical.money import Money
from store.clock import Clock

BATCHES: Final = "journalBatches"


class Journals:
    """Writes of journals to one instance."""

    def __init__(self, api: Api, options: Options, judge: Judge, clock: Clock) -> None:
        self._api = api
        self._options = options
        self._judge = judge
        self._clock = clock
        self._jobs = Jobs(api, judge)
        self._accounts = Accounts(api, options)

    async def create(self, request: WriteRequest) -> Receipt:
        """Hand the file over, once. The receipt is pending: the import comes later and may say no."""
        journal = self._journal(request)
        body = journal_import(journal, request.idempotency_key, self._options)
        known = await self._known(journal)
        if known is not None:
            return known
        access = ledger_access(journal, self._options)
        await self._accounts.check(
            (line.account for line in journal.lines), journal.accounting_on, access.chart_id
        )
        answer = await self._api.create(RESOURCE, body, expects=(200, 201))
        found = answer.decode(finance.ErpIntegration)
        if not is_id(str(found.ReqstId or "")) or int(str(found.ReqstId)) <= 0:
            raise unsure(
                self._api.system,
                f"import of journal {journal.number}",
                f"Oracle named no request ({found.ReqstId!r})",
                status=answer.status,
            )
        kept = {
            "ReqstId": str(found.ReqstId),
            "GroupId": str(group_id(request.idempotency_key)),
            "BatchName": batch_name(journal),
            "FileName": body["FileName"],
        }
        return Receipt(None, journal.number, is_pending=True, answer=kept)

    async def find_created(self, request: WriteRequest) -> Receipt | None:
        """Look for the batch; while an import may still be at work, say when to look again."""
        journal = self._journal(request)
        known = await self._known(journal)
        if known is not None:
            return known
        request_id = text_of(request, "request_id")
        if request_id:
            outcome = await self._jobs.outcome(request_id)
            if outcome.status == "running":
                return self._pending(journal, outcome)
        if request.sent_at is not None:
            patience = timedelta(minutes=self._options.journal_import.patience_minutes)
            left = request.sent_at + patience - self._clock.now()
            if left > timedelta():
                raise TransientError(
                    self._api.system,
                    f"journal {journal.number} may have been handed over without an answer, and its import may still "
                    f"be at work. It is looked for again, and sent again only {left} from now",
                    retry_after=left,
                )
        return None

    async def confirm(self, request: WriteRequest) -> Receipt:
        """Say what became of an import: the journal, not yet, or why there is none."""
        journal = self._journal(request)
        request_id = text_of(request, "request_id")
        if not is_id(request_id):
            raise refused(
                self._api.system, "PAYLOAD_INVALID", f"{request_id!r} is not the id of an import request"
            )
        known = await self._known(journal)
        if known is not None:
            return known
        outcome = await self._jobs.outcome(request_id)
        if outcome.status == "running":
            return self._pending(journal, outcome)
        known = await self._known(journal)  # it may have come while the log was read
        if known is not None:
            return known
        if not outcome.word and not outcome.complaints:
            raise refused(
                self._api.system,
                "READ_BACK_DIFFERS",
                f"import request {request_id} of journal {journal.number} is not known to Oracle, though it gave that number "
                f"out, and there is no batch {batch_name(journal)!r}. Look for it under Scheduled Processes in Oracle",
            )
        raise self._judge.refusal(self._api.system, self._reasons(journal, outcome), status=200)

    async def find_confirmed(self, request: WriteRequest) -> Receipt | None:
        return await self._known(self._journal(request))

    def _pending(self, journal: JournalEntry, outcome: Outcome) -> Receipt:
        kept = {
            "ReqstId": outcome.request_id,
            "RequestStatus": outcome.word,
            "BatchName": batch_name(journal),
        }
        return Receipt(None, journal.number, is_pending=True, answer=kept)

    def _reasons(self, journal: JournalEntry, outcome: Outcome) -> Sequence[Complaint]:
        if outcome.complaints:
            return outcome.complaints
        return [
            Complaint(
                f"import request {outcome.request_id} of journal {journal.number} ended as {outcome.word}, its log names no "
                f"reason, and there is no batch {batch_name(journal)!r}. Look at the request under Scheduled Processes in Oracle"
            )
        ]

    async def _known(self, journal: JournalEntry) -> Receipt | None:
        """Return the receipt of the one batch that bears our name; None when there is none."""
        hits = await self._batches(batch_name(journal))
        if len(hits) > 1:
            shown = ", ".join(f"{one.BatchName} ({one.JeBatchId})" for one in hits)
            raise DuplicateError(
                self._api.system,
                f"journal {journal.number} is in Oracle {len(hits)} times, as batches {shown}. Nothing was sent. Delete or "
                "reverse all but one there, then retry: the one that is left is linked",
            )
        return self._receipt(journal, hits[0]) if hits else None

    async def _batches(self, name: str) -> list[finance.JournalBatch]:
        params = {
            "q": f"BatchName LIKE {quoted(name + '*')}",
            "orderBy": "JeBatchId:asc",
            "expand": expand(JOURNAL_TREE),
            "links": "self",
        }
        rows = [
            await self._api.complete(wire.decode_any(row), JOURNAL_TREE)
            for row in await self._api.rows(BATCHES, params)
        ]
        batches = [_batch(row, self._options) for row in rows]
        return [one for one in batches if own_batch_name(one.BatchName, one.UserJeSourceName) == name]

    def _receipt(self, journal: JournalEntry, batch: finance.JournalBatch) -> Receipt:
        headers = wire.rows(batch.journalHeaders)
        if len(headers) != 1 or not _is_same(journal, headers[0]):
            raise refused(
                self._api.system,
                "READ_BACK_DIFFERS",
                f"batch {batch.BatchName} in Oracle bears the name of journal {journal.number} but holds something else. "
                "Nothing was sent. Compare the two; a journal under a new name can be sent at any time",
            )
        header = headers[0]
        kept: dict[str, Any] = {
            "JeBatchId": str(batch.JeBatchId),
            "JeHeaderId": str(header.JeHeaderId),
            "BatchName": batch.BatchName,
            "Status": batch.Status,
            "PeriodName": header.PeriodName or batch.DefaultPeriodName,
        }
        return Receipt(
            journal_id(batch.JeBatchId, header.JeHeaderId), journal.number, answer=kept, was_found=True
        )

    def _journal(self, request: WriteRequest) -> JournalEntry:
        return document(self._api.system, request, "journal", JournalEntry)


def _batch(row: dict[str, Any], options: Options) -> finance.JournalBatch:
    return msgspec.convert(renamed(row, options.journal_attributes), finance.JournalBatch, strict=False)


def _is_same(journal: JournalEntry, header: finance.JournalHeader) -> bool:
    """Compare the sums: lines may have been put in another order, or several into one."""
    lines = wire.rows(header.journalLines)
    if header.CurrencyCode != journal.currency:
        return False
    sums = [sum((getattr(one, name) or 0 for one in lines), 0) for name in ("EnteredDr", "EnteredCr")]
    try:
        return all(Money.of(value, journal.currency) == journal.total for value in sums)
    except ValueError:
        return False
