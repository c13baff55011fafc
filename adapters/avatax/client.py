"""AvaTax's endpoints: the question, the catalogue of tax codes, health. Nothing is ever saved, committed or voided."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import Final
from urllib.parse import quote

import httpx
import msgspec
from pydantic import ValidationError

from adapters import drift
from adapters.answer import UNREADABLE, Answer
from adapters.auth import Basic, StaticHeader
from adapters.avatax import failures, inbound, outbound, wire
from adapters.avatax.memory import Memory
from adapters.avatax.options import Options
from adapters.base import (
    Connection,
    Health,
    Manifest,
    Page,
    Receipt,
    Secrets,
    Translated,
    Untranslatable,
    WriteRequest,
)
from adapters.broken import mended
from adapters.errors import AdapterError, ProtocolError, Refusal, RejectedError, SettingsError
from adapters.paging import OffsetPage, Place, chunks, page_digest, split_rows, walk_by_offset
from adapters.transport import TokenSource, Transport, bucket_for
from store.canonical.tax import TaxAnswer, TaxQuestion
from store.clock import Clock

DETERMINE: Final = "tax.determine"
ENTITY: Final = "tax_code"
PREFIX: Final = "/api/v2"
CODES: Final = f"{PREFIX}/definitions/taxcodes"
CREATE: Final = f"{PREFIX}/transactions/create"
PING: Final = f"{PREFIX}/utilities/ping"
NAMED_MAX: Final = 50
"""So many codes are named in one filter."""
QUESTION_BYTES_MAX: Final = 10_000_000


class AvaTax:
    """One AvaTax account."""

    def __init__(
        self,
        system: str,
        connection: Connection,
        options: Options,
        manifest: Manifest,
        secrets: Secrets,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.system = system
        self.manifest = manifest
        self.options = options
        self._pages_max = connection.pages_max
        self._memory = Memory(clock, timedelta(hours=options.remembers_hours))
        self._headers = {"X-Avalara-Client": _client_header(options.machine)}
        self._transport = Transport(
            system,
            connection,
            auth=_credentials(options, secrets),
            limiter=bucket_for(connection, manifest),
            clock=clock,
            transport=transport,
            connections_max=manifest.connections_max,
            classify=failures.classify,
        )

    @property
    def own_login(self) -> str | None:
        """Nothing of ours is ever saved there, so no change can be our own."""
        return None

    async def read(self, entity: str, position: str | None = None) -> AsyncIterator[Page]:
        """Walk the catalogue in order of its ids: new codes come at its end and shift nothing."""
        self._check(entity)
        skip = _skip(self.system, position)

        async def fetch(start: int) -> OffsetPage[bytes]:
            size = self.options.page_size
            answer = mended(await self._get(CODES, {"$top": size, "$skip": start, "$orderBy": "id ASC"}))
            rows = split_rows(answer, "value")
            return OffsetPage(
                rows, _has_more(answer, start + len(rows), len(rows), size), page_digest(answer)
            )

        place = Place(self.system, CODES, self._pages_max)
        async for behind, page in walk_by_offset(place, skip, fetch):
            reached = {"skip": behind if page.has_more else 0}
            yield Page(page.rows, json.dumps(reached), not page.has_more)

    async def read_many(self, entity: str, external_ids: Sequence[str]) -> list[bytes]:
        """Read these codes afresh, by name."""
        self._check(entity)
        rows: list[bytes] = []
        for part in chunks(list(dict.fromkeys(external_ids)), NAMED_MAX):
            named = ",".join("'{}'".format(code.replace("'", "''")) for code in part)
            answer = await self._get(
                CODES, {"$filter": f"taxCode in ({named})", "$top": self.options.page_size}
            )
            rows += split_rows(mended(answer), "value")
        return rows

    def translate(self, entity: str, rows: Sequence[bytes]) -> list[Translated | Untranslatable]:
        self._check(entity)
        return inbound.translate(rows)

    def drift(self, entity: str, rows: Sequence[bytes]) -> list[drift.Drift]:
        self._check(entity)
        return drift.notice(wire.TaxCode, rows, ("taxCode", "isActive"))

    async def write(self, request: WriteRequest) -> Receipt:
        """Answer a question. It leaves nothing behind, so it may be asked as often as one likes."""
        question = self._question(request)
        known = self._memory.recall(question.digest())
        if known is not None:
            return _receipt(question, known, was_found=True)
        body = self._body(question)
        answer = await self._transport.request(
            "POST",
            CREATE,
            params={"$include": outbound.INCLUDE},
            headers={**self._headers, "Content-Type": "application/json"},
            content=body,
            is_write=False,  # it changes nothing: an answer that was lost is asked for again
            expects=(200, 201),
        )
        told = self._answer(answer, question)
        self._memory.keep(told)
        return _receipt(question, told)

    async def find(self, request: WriteRequest) -> Receipt | None:
        """Return an answer that is known already; None: ask (again), it does no harm."""
        question = self._question(request)
        known = self._memory.recall(question.digest())
        return None if known is None else _receipt(question, known, was_found=True)

    async def recorded(self, code: str, legal_entity: str | None = None) -> wire.Transaction | None:
        """Return a document that is saved in AvaTax under `code`; None: there is none. Only ever read."""
        company = quote(outbound.escaped(self.options.company(legal_entity)), safe="")
        path = f"{PREFIX}/companies/{company}/transactions/{quote(outbound.escaped(code), safe='')}"
        answer = await self._get(path, {}, expects=(200, 404))
        return answer.decode(wire.Transaction) if answer.status == 200 else None

    async def check_health(self) -> Health:
        """Ask who we are; AvaTax always answers, and says whether it knows us."""
        started = time.perf_counter()
        try:
            ping = (await self._get(PING, {})).decode(wire.Ping)
        except AdapterError as error:
            return Health(False, error.message)
        if not ping.authenticated:
            return Health(
                False,
                f"AvaTax answers, but does not know the account. Set its secrets with `finsync secrets set {self.system} NAME`",
            )
        took_ms = round((time.perf_counter() - started) * 1000, 1)
        return Health(True, f"AvaTax {ping.version or ''} knows the account".replace("  ", " "), took_ms)

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _get(self, path: str, params: dict[str, str | int], expects: Sequence[int] = (200,)) -> Answer:
        return await self._transport.request(
            "GET", path, params=params, headers=self._headers, is_write=False, expects=expects
        )

    def _check(self, entity: str) -> None:
        if entity != ENTITY:
            raise SettingsError(
                self.system, f"there is no entity {entity!r} to read in AvaTax, only {ENTITY}"
            )

    def _question(self, request: WriteRequest) -> TaxQuestion:
        if request.operation != DETERMINE:
            raise SettingsError(self.system, f"AvaTax takes no {request.operation}; it takes {DETERMINE}")
        try:
            return TaxQuestion.model_validate(request.body["question"])
        except (KeyError, ValidationError) as error:
            reason = (
                error.errors(include_url=False, include_input=False)[0]["msg"]
                if isinstance(error, ValidationError)
                else "it is not there"
            )
            refusal = Refusal(
                "PAYLOAD_INVALID", f"the question about tax can't be read: {reason}; nothing was asked"
            )
            raise RejectedError(self.system, refusal) from None

    def _body(self, question: TaxQuestion) -> bytes:
        try:
            body = wire.encode(outbound.transaction(question, self.options))
            if len(body) > QUESTION_BYTES_MAX:
                raise outbound.DoesNotFitError(
                    f"it has {len(body):,} bytes, and {QUESTION_BYTES_MAX:,} may be sent"
                )
        except outbound.DoesNotFitError as error:
            refusal = Refusal(
                "PAYLOAD_INVALID",
                f"the tax of {question.number} was not asked for: {error}. Correct or divide the document",
            )
            raise RejectedError(self.system, refusal) from None
        return body

    def _answer(self, answer: Answer, question: TaxQuestion) -> TaxAnswer:
        transaction = answer.decode(wire.Transaction)
        if transaction.status not in (None, "Temporary"):
            raise ProtocolError(
                self.system,
                f"the question about {question.number} was saved as {transaction.code} with the status "
                f"{transaction.status}, though only a calculation was asked for. Void it in AvaTax, and show this to "
                "its support",
                status=answer.status,
            )
        try:
            return inbound.answer(transaction, question, self.options, self.system)
        except inbound.UnfitAnswerError as error:
            raise answer.unreadable(str(error)) from None


def _credentials(options: Options, secrets: Secrets) -> TokenSource:
    if options.auth == "bearer":
        return StaticHeader("Authorization", secrets, "token", "Bearer ")
    return Basic(secrets)


def _receipt(question: TaxQuestion, answer: TaxAnswer, *, was_found: bool = False) -> Receipt:
    return Receipt(
        None,
        number=outbound.code_of(question),
        answer=answer.model_dump(mode="json"),
        was_found=was_found,
    )


def _has_more(answer: Answer, behind: int, count: int, size: int) -> bool:
    """Say whether rows follow; how many there are in all is not always told."""
    told = answer.decode(wire.Catalogue)
    if told.recordset_count is not None:
        return behind < told.recordset_count and count > 0
    return told.next_link is not None or count == size


def _skip(system: str, position: str | None) -> int:
    if position is None:
        return 0
    try:
        return msgspec.json.decode(position.encode(), type=_Position).skip
    except UNREADABLE:
        raise SettingsError(
            system,
            "the stored reading position is not one of this adapter's; reset it to read everything again",
        ) from None


class _Position(msgspec.Struct):
    skip: int = 0


def _client_header(machine: str) -> str:
    """Return how Avalara wants callers to name themselves: program and version, library and version, machine."""
    try:
        number = version("finsync")
    except PackageNotFoundError:
        number = "0"
    return f"finsync; {number}; finsync; {number}; {machine}"
