"""Whose report it is, and who that is: a single report is only given to its owner.

In this order: what rows have told, the report's financial document if it has one, the header as a processor sees
it where the connection names one. Only a report that none of them knows is looked for in the lists.
"""

from __future__ import annotations

from typing import Final

import msgspec

from adapters.concur import ids, wire, wire_reports
from adapters.concur.fis import Queues
from adapters.concur.options import Options
from adapters.concur.people import People
from adapters.concur.reading import decoded_or_none
from adapters.concur.session import Session

OWNERS_MAX: Final = 100_000
_PROCESSOR: Final = "/expensereports/v4/users/{}/context/PROCESSOR/reports/{}"


class _Body(wire.Camel):
    employee: msgspec.Raw = wire.NOTHING


class Owners:
    """The owners of one company's reports, as far as they are known."""

    def __init__(self, session: Session, options: Options, queues: Queues, people: People) -> None:
        self._session = session
        self._options = options
        self._queues = queues
        self._people = people
        self._logins: dict[str, str] = {}

    def note(self, report_id: str | None, login: str | None) -> None:
        """Remember what a row tells."""
        if report_id and login and (report_id in self._logins or len(self._logins) < OWNERS_MAX):
            self._logins[report_id] = login

    def forget(self, report_id: str) -> None:
        """What we remembered is not so: a login was changed."""
        self._logins.pop(report_id, None)

    async def login(self, report_id: str) -> str | None:
        """Return the login of a report's owner without looking through the lists; None: nobody of these knows."""
        if not ids.ID.fullmatch(report_id):
            return None
        if report_id not in self._logins:
            self.note(report_id, await self._by_document(report_id) or await self._by_processor(report_id))
        return self._logins.get(report_id)

    async def user_id(self, login: str) -> str | None:
        """Return the id by which v4 knows the user of that login."""
        return await self._people.user_id(login)

    async def _by_document(self, report_id: str) -> str | None:
        if "expense" not in self._options.document_types:
            return None
        for row in await self._queues.shown("expense", report_id):
            document = decoded_or_none(row, wire.FisDocument)
            body = decoded_or_none(document.document, _Body) if document else None
            employee = decoded_or_none(body.employee, wire.FisEmployee) if body else None
            if employee is not None and employee.login_id:
                return employee.login_id
        return None

    async def _by_processor(self, report_id: str) -> str | None:
        if self._options.processor_login is None:
            return None
        processor = await self._people.user_id(self._options.processor_login)
        if processor is None:
            return None
        answer = await self._session.request(
            "GET", _PROCESSOR.format(processor, report_id), is_write=False, expects=(200, 404)
        )
        if answer.status == 404:
            return None
        return await self._people.login(answer.decode(wire_reports.Header).user_id or "")
