"""People into Concur: asked for now, done by Concur later, each part by itself.

`user.provision` asks and comes back with the number of the request; `user.check_provision` looks what became of it;
reading the person afresh is what counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from adapters.base import Receipt, Untranslatable, WriteRequest
from adapters.concur import ids, inbound, outbound_people, wire, wire_people
from adapters.concur.options import Options
from adapters.concur.outbound import UnsendableError
from adapters.concur.people import People
from adapters.concur.reading import decoded
from adapters.concur.session import Session
from adapters.errors import Refusal, RejectedError, SettingsError, TransientError
from store.canonical.people import Employee

BULK: Final = "/profile/v4/Bulk"
STATUS: Final = "/profile/v4/provisions/{}/status"
PROVISION: Final = "user.provision"
CHECK: Final = "user.check_provision"
OPERATIONS: Final = (PROVISION, CHECK)
WAIT: Final = timedelta(seconds=30)
"""The service asks for five seconds between looks, or more."""
WORDS_MAX: Final = 5


class _State(wire.Camel):
    completed: bool | None = None
    success: bool | None = None


class _Told(wire.Camel):
    code: str | None = None
    message: str | None = None
    schema_path: str | None = None
    type: str | None = None


class _Extension(wire.Camel):
    name: str | None = None
    status: _ExtensionState | None = None
    messages: list[_Told] | None = None


class _ExtensionState(wire.Camel):
    result: str | None = None
    success: bool | None = None


class _Resource(wire.Camel):
    id: str | None = None


class _Operation(wire.Camel):
    resource: _Resource | None = None
    status: _State | None = None
    extensions: list[_Extension] | None = None


class _Provision(wire.Camel):
    id: str | None = None
    status: _State | None = None
    operations: list[_Operation] | None = None


class ProvisioningDesk:
    """The writes to people."""

    operations = OPERATIONS

    def __init__(self, session: Session, options: Options, people: People) -> None:
        self._session = session
        self._options = options
        self._people = people

    async def write(self, request: WriteRequest) -> Receipt:
        if request.operation == CHECK:
            return await self._check(request)
        found = await self.find(request)
        if found is not None:
            return found
        user_id, row = await self._person(request)
        try:
            body = await self._body(request, user_id, row)
        except UnsendableError as error:
            raise self._refused(
                "PAYLOAD_INVALID", f"{self._what(request)} can't be sent: {error}", ()
            ) from None
        answer = await self._session.request("POST", BULK, json=body, is_write=True, expects=(200, 202))
        provision = answer.decode(_Provision)
        return Receipt(user_id, is_pending=True, answer={"provision_id": provision.id})

    async def find(self, request: WriteRequest) -> Receipt | None:
        """Say whether the person shows what was asked for; a request that is under way has not taken effect."""
        if request.operation == CHECK:
            provision = await self._provision(request)
            is_done = provision.status is not None and provision.status.success is True
            return Receipt(request.external_id, was_found=True) if is_done else None
        user_id, row = await self._person(request)
        if user_id is None or row is None:
            return None
        record = self._shown(request, row)
        if self._differences(request, record) or await self._missing_roles(request, user_id):
            return None
        return Receipt(user_id, number=record.number, was_found=True)

    async def _check(self, request: WriteRequest) -> Receipt:
        provision = await self._provision(request)
        status = provision.status or _State()
        if not status.completed:
            told = f"the request {request.external_id} about a person is not done yet"
            raise TransientError(self._session.system, told, retry_after=WAIT)
        if status.success:
            user = next((one.resource.id for one in provision.operations or () if one.resource), None)
            return Receipt(request.external_id, answer={"user_id": user})
        failed = [
            told
            for one in provision.operations or ()
            for extension in one.extensions or ()
            if (extension.status or _ExtensionState()).result == "error"
            for told in extension.messages or ()
            if told.type != "warning"
        ]
        words = "; ".join(f"{one.message} ({one.schema_path})" for one in failed[:WORDS_MAX])
        codes = tuple(dict.fromkeys(one.code or "" for one in failed))
        raise self._refused(
            "REJECTED",
            f"Concur did not take all of a person (request {request.external_id}): {words or 'no reason given'}. "
            "The parts it took stay; sending again changes only what is missing",
            codes,
        )

    async def _provision(self, request: WriteRequest) -> _Provision:
        if not request.external_id or not ids.ID.fullmatch(request.external_id):
            raise SettingsError(self._session.system, f"{request.external_id!r} is no provisioning request")
        answer = await self._session.request(
            "GET",
            STATUS.format(request.external_id),
            params={"attributes": "operations"},
            is_write=False,
            expects=(200,),
        )
        return answer.decode(_Provision)

    async def _body(self, request: WriteRequest, user_id: str | None, row: bytes | None) -> dict[str, Any]:
        employee: Mapping[str, Any] = request.body.get("employee") or {}
        bulk_id = f"emp-{employee.get('number') or user_id}"
        manager_id = await self._manager_id(request, employee)
        ledger = request.body.get("ledger")
        roles = await self._roles(request, user_id)
        if user_id is None:
            data = outbound_people.creation(
                employee,
                request.body,
                self._options,
                company_id=self._session.company_id(),
                manager_id=manager_id,
                ledger=ledger,
                roles=roles,
            )
            return outbound_people.bulk("POST", "/Users", bulk_id, data)
        assert row is not None, "a user that has an id was read"
        held = self._shown(request, row)
        changed = [name for name in self._fields(request) if name in self._differences(request, held)]
        operations = outbound_people.change(
            employee, changed, self._options, manager_id=manager_id, ledger=ledger, roles=roles
        )
        if not operations:
            raise UnsendableError("nothing of it can be set")
        data = {"schemas": [outbound_people.PATCH], "Operations": operations}
        return outbound_people.bulk("PATCH", f"/Users/{user_id}", bulk_id, data)

    async def _person(self, request: WriteRequest) -> tuple[str | None, bytes | None]:
        """Return the user's id and profile: by the id, by login, by employee number."""
        employee: Mapping[str, Any] = request.body.get("employee") or {}
        if request.external_id is not None:
            if not ids.ID.fullmatch(request.external_id):
                raise SettingsError(self._session.system, f"{request.external_id!r} is not the id of a user")
            rows = await self._people.read_many([request.external_id])
        else:
            rows = await self._people.named(employee.get("login"), employee.get("number"))
        if not rows:
            if request.external_id is not None:
                raise self._refused("REJECTED", f"Concur has no user {request.external_id}", ())
            return None, None
        return self._user_id(rows[0]), rows[0]

    async def _manager_id(self, request: WriteRequest, employee: Mapping[str, Any]) -> str | None:
        number = employee.get("manager_number")
        if not number or "manager_number" not in self._fields(request):
            return None
        rows = await self._people.named(None, str(number))
        if not rows:
            raise UnsendableError(f"Concur has no user with the manager's employee number {number}")
        return self._user_id(rows[0])

    def _shown(self, request: WriteRequest, row: bytes) -> Employee:
        """Return the person as they are now, in our words."""
        (found,) = inbound.translate("employee", [row], self._options)
        if isinstance(found, Untranslatable):
            told = f"the user that {self._what(request)} is about can't be read: {found.reason} (at {found.path})"
            raise self._refused("PAYLOAD_INVALID", told, ())
        assert isinstance(found.record, Employee)
        return found.record

    def _user_id(self, row: bytes) -> str | None:
        return decoded(self._session.system, row, wire_people.EmployeeRow, "a user").user.id

    async def _roles(self, request: WriteRequest, user_id: str | None) -> list[dict[str, Any]] | None:
        """Return all roles the person shall have: the held ones stay, with their groups."""
        wanted: Sequence[str] = request.body.get("roles") or ()
        if not wanted:
            return None
        held = await self._people.roles(user_id) if user_id else []
        missing = [one for one in wanted if one not in {role.get("roleName") for role in held}]
        if not missing:
            return None
        return [*held, *({"roleName": one, "roleGroups": []} for one in missing)]

    async def _missing_roles(self, request: WriteRequest, user_id: str) -> bool:
        return bool(request.body.get("roles")) and await self._roles(request, user_id) is not None

    def _differences(self, request: WriteRequest, held: Employee) -> list[str]:
        """Return which of the asked fields the person does not show."""
        asked: Mapping[str, Any] = request.body.get("employee") or {}
        shown = held.model_dump(mode="json")
        return [name for name in self._fields(request) if asked.get(name) != shown.get(name)]

    def _fields(self, request: WriteRequest) -> list[str]:
        """Return the fields to set: those named, else all that the employee states."""
        asked: Mapping[str, Any] = request.body.get("employee") or {}
        named = request.body.get("fields")
        fields = (
            list(named) if named else [name for name in outbound_people.FIELDS if asked.get(name) is not None]
        )
        unknown = [name for name in fields if name not in outbound_people.FIELDS]
        if unknown:
            told = f"{unknown[0]} can't be set, only {', '.join(outbound_people.FIELDS)}"
            raise self._refused("PAYLOAD_INVALID", f"{self._what(request)} can't be sent: {told}", ())
        return fields

    def _what(self, request: WriteRequest) -> str:
        employee: Mapping[str, Any] = request.body.get("employee") or {}
        return f"{request.operation} of {employee.get('number') or request.external_id}"

    def _refused(self, case_class: str, told: str, codes: tuple[str, ...]) -> RejectedError:
        return RejectedError(self._session.system, Refusal(case_class, told, codes))
