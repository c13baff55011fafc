"""The company's memory in use: ids that follow from the seed, the clock in Concur's formats, events, look-ups."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Any

import msgspec

from adapters.concur.simulator_settings import Settings
from adapters.concur.simulator_state import (
    STATE_VERSION,
    FisDocument,
    ListItem,
    Report,
    State,
    User,
)
from adapters.simulation import Document
from store.clock import Clock

_REPORT_DIGITS = "0123456789ABCDEFGHIJKLMNPQRSTUVWXYZ"


class World:
    """State, settings and clock of one company, shared by all its services."""

    def __init__(self, clock: Clock, settings: Settings, company_uuid: str, client_id: str) -> None:
        self.clock = clock
        self.settings = settings
        self.company_uuid = company_uuid
        self.client_id = client_id
        self.state = State()
        self.base = settings.geolocation or "https://us2.api.concursolutions.com"
        """What links in answers and events name."""
        self._ready: dict[str, FisDocument] | None = None
        self._about: dict[str, list[FisDocument]] = {}
        self._logins: dict[str, User] = {}
        self._items_by_code: dict[tuple[str, str], ListItem] = {}

    # -- time and ids --------------------------------------------------------------------------------

    def now(self) -> datetime:
        """Return the present instant, in the milliseconds that Concur keeps."""
        now = self.clock.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def today(self) -> date:
        return self.now().date()

    def count(self, kind: str) -> int:
        """Return the next number of a kind, from 1."""
        self.state.counters[kind] = self.state.counters.get(kind, 0) + 1
        return self.state.counters[kind]

    def hex32(self, kind: str) -> str:
        """Return the next id of 32 lower-case hex digits."""
        return self._digest(kind)[:32]

    def guid(self, kind: str) -> str:
        """Return the next id of 32 upper-case hex digits."""
        return self._digest(kind)[:32].upper()

    def uuid(self, kind: str) -> str:
        text = self._digest(kind)
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"

    def protected_id(self, kind: str) -> str:
        """Return the next id as v3 protects them; a dollar sign is part of some."""
        text = self._digest(kind)
        return f"gW{text[:9]}${text[9:20]}"

    def named_guid(self, name: str) -> str:
        """Return the one id that goes with a name, whenever it is asked for."""
        return hashlib.sha256(f"{self.settings.seed}/{name}".encode()).hexdigest()[:32].upper()

    def report_id(self) -> str:
        return self._digest("report")[:20].upper()

    def report_number(self) -> str:
        value = int(self._digest("report number")[:12], 16)
        digits = ""
        for _ in range(6):
            value, rest = divmod(value, len(_REPORT_DIGITS))
            digits += _REPORT_DIGITS[rest]
        return digits

    def _digest(self, kind: str) -> str:
        return hashlib.sha256(f"{self.settings.seed}/{kind}/{self.count(kind)}".encode()).hexdigest()

    # -- people --------------------------------------------------------------------------------------

    def user_at(self, login: str) -> User:
        """Return a user who is known to be there."""
        user = self.find_user(login)
        if user is None:
            raise KeyError(f"there is no user {login}")
        return user

    def find_user(self, login: str) -> User | None:
        if len(self._logins) != len(self.state.users):
            self.index_users()
        return self._logins.get(login.casefold())

    def index_users(self) -> None:
        self._logins = {one.login.casefold(): one for one in self.state.users.values()}

    def user_by_number(self, number: str) -> User | None:
        return next((one for one in self.state.users.values() if one.number == number), None)

    # -- documents -----------------------------------------------------------------------------------

    def keep_document(self, document: FisDocument) -> None:
        self.state.documents[document.id] = document
        self._ready = None
        self._about.setdefault(document.about_id, []).append(document)

    def ready_documents(self) -> dict[str, FisDocument]:
        """Return the queue, oldest first."""
        if self._ready is None:
            found = [one for one in self.state.documents.values() if one.status == "READY"]
            self._ready = {one.id: one for one in sorted(found, key=lambda one: one.sequence)}
        return self._ready

    def set_document_status(self, document: FisDocument, status: str) -> None:
        document.status = status
        self._ready = None

    def documents_about(self, about_id: str) -> list[FisDocument]:
        """Return the documents of one report, request or cash advance, oldest first."""
        return list(self._about.get(about_id, ()))

    # -- list items ----------------------------------------------------------------------------------

    def item_for(self, field_name: str, code: str) -> ListItem | None:
        """Return the list item behind a field's code: `allocation.custom2`."""
        list_id = self.state.field_lists.get(field_name)
        return self.item_by_code(list_id, code) if list_id else None

    def item_by_code(self, list_id: str, code: str) -> ListItem | None:
        found = self._items_by_code.get((list_id, code))
        if found is None or found.code != code or list_id not in found.list_ids:
            self._items_by_code = {
                (one_list, one.code): one for one in self.state.items.values() for one_list in one.list_ids
            }
            found = self._items_by_code.get((list_id, code))
        return found

    # -- events --------------------------------------------------------------------------------------

    def emit(self, event_type: str, topic: str, subtopic: str, facts: Document, prefix: str = "") -> None:
        """Note an event as it would be sent to every subscription that fits."""
        stamp = self.now()
        self.state.events.append(
            {
                "id": prefix + self.uuid("event"),
                "correlationId": self.uuid("correlation"),
                "eventType": event_type,
                "topic": topic,
                "subtopic": subtopic,
                "timeStamp": offset_time(stamp),
                "route": "stable",
                "facts": facts,
                "data": None,
            }
        )

    def emit_status(
        self, report: Report, before: tuple[str, str], step_code: str | None, by: str | None
    ) -> None:
        """Note that a report's status changed."""
        self.emit(
            "statusChanged",
            "public.concur.expense.report",
            self.company_uuid,
            {
                "companyId": self.company_uuid,
                "userId": report.owner_id,
                "actingUserId": by,
                "reportId": report.id,
                "reportType": "Regular",
                "lastModifiedDate": zulu(report.modified_at),
                "href": f"{self.base}/expensereports/v4/reports/{report.id}",
                "previousApprovalStatus": before[0],
                "currentApprovalStatus": report.approval,
                "previousPaymentStatus": before[1],
                "currentPaymentStatus": report.payment,
                "stepCode": step_code,
                "processId": None,
                "startingStep": None,
            },
        )

    # -- all of it -----------------------------------------------------------------------------------

    def dump(self) -> Document:
        """Return the state as JSON values."""
        dumped: Document = msgspec.to_builtins(self.state)
        return dumped

    def load(self, state: Document) -> None:
        """Become what `dump()` described."""
        if state["version"] != STATE_VERSION:
            raise ValueError(f"a simulator state of version {state['version']} cannot be read")
        self.state = msgspec.convert(state, State)
        self._ready = None
        self._about = {}
        for document in sorted(self.state.documents.values(), key=lambda one: one.sequence):
            self._about.setdefault(document.about_id, []).append(document)
        self._logins = {}
        self._items_by_code = {}


def zulu(at: datetime) -> str:
    """Return an instant as v4 writes it: whole seconds, Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def zulu_ms(at: datetime | date) -> str:
    """Return an instant, or the midnight of a day, as FIS writes it."""
    if not isinstance(at, datetime):
        return f"{at.isoformat()}T00:00:00.000Z"
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def local_time(at: datetime | None) -> str | None:
    """Return an instant as v3 writes it: no zone, no zeros at the end.

    >>> from datetime import UTC
    >>> local_time(datetime(2026, 3, 4, 9, 15, 22, 300000, tzinfo=UTC))
    '2026-03-04T09:15:22.3'
    """
    if at is None:
        return None
    whole = at.strftime("%Y-%m-%dT%H:%M:%S")
    rest = f"{at.microsecond // 1000:03}".rstrip("0")
    return f"{whole}.{rest}" if rest else whole


def offset_time(at: datetime) -> str:
    """Return an instant as events and provisioning write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}+0000"


def copied(value: Any) -> Any:
    """Return a JSON value that shares nothing with `value`."""
    return msgspec.json.decode(msgspec.json.encode(value))
