"""User Provisioning v4: requests that are accepted now and done later, identity first, each extension by itself.

| what happens | what the status says |
| --- | --- |
| the identity is refused | its extension `error`, all others `not-processed`; nothing is stored |
| a Spend extension is refused | that one `error`; identity and the other extensions stay |
| nothing would change | `no-op` |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from adapters.concur.simulator_checks import InvalidError, check_identity, check_spend, find_approver
from adapters.concur.simulator_http import Answer, Ask, Endpoint, RefusedError
from adapters.concur.simulator_patch import URNS, PatchError, by_extension, patched
from adapters.concur.simulator_people import CORE, ENTERPRISE, SPEND_APPROVER, SPEND_USER, PeopleDesk
from adapters.concur.simulator_state import Operation, Outcome, Provision, User
from adapters.concur.simulator_world import World, offset_time
from adapters.simulation import Document

OPERATIONS_MAX: Final = 100
BULK_BYTES_MAX: Final = 400 * 1024
WRITE: Final = (
    "user.provision.write",
    "identity.user.coreenterprise.writeonly",
    "spend.user.general.writeonly",
)
STATUS_SCHEMA: Final = "urn:ietf:params:scim:schemas:provisioning:2.0:ProvisionStatus"
_IDENTITY: Final = (CORE, ENTERPRISE)
_METHODS: Final = ("POST", "PUT", "PATCH", "DELETE")


class Provisioning:
    """Accepts requests, and does them when their time has come."""

    def __init__(self, world: World, people: PeopleDesk) -> None:
        self._world = world
        self._people = people

    def endpoints(self) -> list[Endpoint]:
        def one(method: str, path: str, handle: Callable[[Ask], Answer], *scopes: str) -> Endpoint:
            return Endpoint(method, f"/profile/v4/{path}", "scim", handle, scopes)

        return [
            one("POST", "Bulk", self._bulk, *WRITE),
            one("POST", "Users", self._create, *WRITE),
            one("PATCH", "Users/{id}", self._change, *WRITE),
            one("PUT", "Users/{id}", self._replace, *WRITE),
            one("DELETE", "Users/{id}", self._delete, "user.provision.write", "identity.user.delete"),
            one("GET", "provisions/{id}/status", self._status, "user.provision.read"),
        ]

    # -- requests ------------------------------------------------------------------------------------

    def _bulk(self, ask: Ask) -> Answer:
        if len(ask.body) > BULK_BYTES_MAX:
            raise RefusedError(400, "The request has more than 400 KB", error_id="tooMany")
        body = ask.fields()
        given = body.get("Operations")
        if not isinstance(given, list) or not given:
            raise RefusedError(400, "Operations is required", error_id="invalidSyntax", source="Operations")
        if len(given) > OPERATIONS_MAX:
            raise RefusedError(400, f"There are more than {OPERATIONS_MAX} operations", error_id="tooMany")
        bulk_ids = [one.get("bulkId") for one in given if one.get("bulkId")]
        if len(set(bulk_ids)) < len(bulk_ids):
            raise RefusedError(400, "A bulkId is given twice", error_id="invalidValue", source="bulkId")
        operations = [self._operation(one) for one in given]
        provision = self._accept(ask, "Bulk", operations, body.get("failOnErrors") or 0)
        return Answer(202, self._view(provision))

    def _operation(self, one: Mapping[str, Any]) -> Operation:
        method, path = str(one.get("method", "")).upper(), str(one.get("path", ""))
        head, _, user_id = path.strip("/").partition("/")
        if method not in _METHODS or head != "Users" or (method == "POST") == bool(user_id):
            raise RefusedError(400, f"{method} {path} is no operation", error_id="invalidPath", source="path")
        if method == "POST" and not one.get("bulkId"):
            raise RefusedError(400, "bulkId is required for POST", error_id="invalidSyntax", source="bulkId")
        data = one.get("data")
        if method != "DELETE" and not isinstance(data, dict):
            raise RefusedError(400, "data is required", error_id="invalidSyntax", source="data")
        return Operation(
            self._world.uuid("operation"), one.get("bulkId"), method, user_id or None, data or {}
        )

    def _create(self, ask: Ask) -> Answer:
        return self._single(ask, "POST", None, 201)

    def _change(self, ask: Ask) -> Answer:
        return self._single(ask, "PATCH", ask.params["id"], 200)

    def _replace(self, ask: Ask) -> Answer:
        return self._single(ask, "PUT", ask.params["id"], 200)

    def _single(self, ask: Ask, method: str, user_id: str | None, status: int) -> Answer:
        """Apply the identity at once; the Spend extensions follow."""
        if user_id is not None and user_id not in self._world.state.users:
            raise RefusedError(404, "The user does not exist", error_id="notFound")
        operation = Operation(self._world.uuid("operation"), None, method, user_id, ask.fields())
        try:
            changes = self._changes(operation)
            user = self._store_identity(operation, changes)
        except PatchError as error:
            raise RefusedError(400, str(error), error_id="invalidPath", source=error.path) from error
        except InvalidError as error:
            taken = error.code == "uniqueness"
            code = self._world.settings.duplicate_user_status if taken else 400
            raise RefusedError(code, str(error), error_id=error.code, source=error.path) from error
        provision = self._accept(ask, "User", [operation], 0)
        view = self._people.identity_view(user)
        url = f"{ask.base}/profile/v4/provisions/{provision.id}/status"
        view["meta"] |= {"provisionId": provision.id, "statusUrl": url}
        return Answer(status, view)

    def _delete(self, ask: Ask) -> Answer:
        user = self._world.state.users.get(ask.params["id"])
        if user is None:
            raise RefusedError(404, "The user does not exist", error_id="notFound")
        try:
            self._remove(user)
        except InvalidError as error:
            raise RefusedError(400, str(error), error_id=error.code) from error
        return Answer(204)

    def _accept(self, ask: Ask, kind: str, operations: list[Operation], fail_on_errors: int) -> Provision:
        world = self._world
        now = world.now()
        due_at = now + timedelta(seconds=world.settings.provision_delay_s)
        provision = Provision(
            world.uuid("provision"), kind, now, due_at, ask.correlation_id, operations, fail_on_errors
        )
        world.state.provisions[provision.id] = provision
        self.settle_due()
        return provision

    # -- work ----------------------------------------------------------------------------------------

    def settle_due(self) -> None:
        """Do what should be done by now, and forget what is old."""
        world = self._world
        now = world.now()
        kept = timedelta(days=world.settings.provision_kept_days)
        for provision in list(world.state.provisions.values()):
            if provision.completed_at is None and provision.due_at <= now:
                self._work(provision)
            elif provision.completed_at is not None and now - provision.completed_at > kept:
                del world.state.provisions[provision.id]

    def _work(self, provision: Provision) -> None:
        failed = 0
        for operation in provision.operations:
            if provision.fail_on_errors and failed >= provision.fail_on_errors:
                operation.outcomes = [Outcome(CORE, "not-processed", "424", "An operation before it failed")]
            else:
                self._do(operation)
            operation.is_done = True
            operation.is_success = all(one.result in ("success", "no-op") for one in operation.outcomes)
            failed += not operation.is_success
        provision.completed_at = self._world.now()
        facts = {
            "originator": "provisioning",
            "provisionId": provision.id,
            "provisionStatusHref": f"{self._world.base}/provisioning/v4/provisions/{provision.id}/status",
            "success": failed == 0,
        }
        topic = "public.concur.user.provisioning"
        self._world.emit("provisionCompleted", topic, self._world.company_uuid, facts)

    def _do(self, operation: Operation) -> None:
        world = self._world
        is_known = operation.user_id is None or operation.user_id in world.state.users
        if not is_known:
            operation.outcomes = [Outcome(CORE, "error", "404", "The user does not exist", f"{CORE}:id")]
            return
        try:
            if operation.method == "DELETE":
                self._remove(world.state.users[operation.user_id or ""])
                operation.outcomes = [Outcome(CORE, "success", "200")]
                return
            changes = self._changes(operation)
        except (PatchError, InvalidError) as error:
            operation.outcomes = [Outcome(CORE, "error", "400", str(error), error.path)]
            return
        if not any(one.name in _IDENTITY for one in operation.outcomes):
            try:
                self._store_identity(operation, changes)
            except (InvalidError, PatchError) as error:
                name = ENTERPRISE if error.path.startswith(ENTERPRISE) else CORE
                operation.outcomes = [Outcome(name, "error", "400", str(error), error.path)]
                others = [one for one in changes if one != name]
                operation.outcomes += [Outcome(one, "not-processed", "424") for one in others]
                return
        self._store_spend(operation, changes)

    def _changes(self, operation: Operation) -> dict[str, list[tuple[str, str, Any]]]:
        """Return what an operation changes, by extension."""
        if operation.method == "PATCH":
            inner = operation.data.get("Operations")
            if not isinstance(inner, list):
                raise PatchError("Operations is required")
            return by_extension(inner)
        core = {name: value for name, value in operation.data.items() if name not in URNS}
        for name in ("schemas", "id", "meta"):
            core.pop(name, None)
        found: dict[str, list[tuple[str, str, Any]]] = {CORE: [("replace", "", core)]}
        for name in URNS:
            if name in operation.data and name != CORE:
                found[name] = [("replace", "", operation.data[name])]
        return found

    def _store_identity(
        self, operation: Operation, changes: Mapping[str, list[tuple[str, str, Any]]]
    ) -> User:
        """Store core and enterprise together, or nothing."""
        world = self._world
        user = world.state.users.get(operation.user_id or "")
        is_whole = operation.method in ("POST", "PUT")
        old_core = user.core if user and not is_whole else {}
        old_enterprise = user.enterprise if user and not is_whole else {}
        core = patched(old_core, changes.get(CORE, []))
        enterprise = patched(old_enterprise, changes.get(ENTERPRISE, []))
        check_identity(world, core, enterprise, user)
        if user is None:
            core.setdefault("active", True)
            user = self._people.keep_new(core, enterprise)
            operation.user_id = user.id
            operation.outcomes += [Outcome(one, "success", "201") for one in _IDENTITY if one in changes]
            return user
        changed = [
            name
            for name, before, after in ((CORE, user.core, core), (ENTERPRISE, user.enterprise, enterprise))
            if before != after
        ]
        user.core, user.enterprise = core, enterprise
        for name in _IDENTITY:
            if name in changes:
                result = "success" if name in changed else "no-op"
                operation.outcomes.append(Outcome(name, result, "200"))
        if changed:
            self._people.changed(user, attributes=changed)
        return user

    def _store_spend(self, operation: Operation, changes: Mapping[str, list[tuple[str, str, Any]]]) -> None:
        """Store each other extension by itself; the Spend user comes first."""
        user = self._world.state.users[operation.user_id or ""]
        names = sorted((one for one in changes if one not in _IDENTITY), key=lambda one: one != SPEND_USER)
        for name in names:
            before = user.spend.get(name, {})
            try:
                after = patched({} if operation.method == "PUT" else before, changes[name])
                check_spend(self._world, name, after, user)
            except (InvalidError, PatchError) as error:
                operation.outcomes.append(Outcome(name, "error", "400", str(error), error.path))
                continue
            if name == SPEND_APPROVER:
                self._by_id(after)
            if after == before:
                operation.outcomes.append(Outcome(name, "no-op", "200"))
                continue
            user.spend = {**user.spend, name: after}
            self._people.changed(user, is_spend=True)
            operation.outcomes.append(Outcome(name, "success", "200"))

    def _by_id(self, approvers: Document) -> None:
        """Keep approvers by id, however they were given."""
        for kind in approvers.values():
            for one in kind:
                found = find_approver(self._world, one["approver"])
                assert found is not None
                one["approver"] = {"value": found.id}

    def _remove(self, user: User) -> None:
        if any(one.owner_id == user.id for one in self._world.state.reports.values()):
            raise InvalidError("The user has transactions: deactivate instead", CORE, "mutability")
        self._people.remove(user)

    # -- status --------------------------------------------------------------------------------------

    def _status(self, ask: Ask) -> Answer:
        provision = self._world.state.provisions.get(ask.params["id"])
        if provision is None:
            raise RefusedError(404, "The provisioning request does not exist", error_id="notFound")
        start = ask.count("startIndex", 1, least=1)
        count = ask.count("count", OPERATIONS_MAX, least=1)
        has_operations = ask.query.get("attributes") == "operations"
        view = self._view(provision)
        if has_operations:
            state = ask.query.get("state")
            found = [one for one in provision.operations if state in (None, _state(one))]
            shown = found[start - 1 : start - 1 + count]
            view |= {
                "totalResults": len(found),
                "itemsPerPage": len(shown),
                "startIndex": start,
                "operations": [_operation_view(one) for one in shown],
            }
        return Answer(200, view)

    def _view(self, provision: Provision) -> Document:
        states = [_state(one) for one in provision.operations]
        is_done = provision.completed_at is not None
        location = f"{self._world.base}/profile/v4/provisions/{provision.id}/status"
        done_at = provision.completed_at
        return {
            "schemas": [STATUS_SCHEMA],
            "id": provision.id,
            "operationsCount": {
                "total": len(states),
                "success": states.count("success"),
                "failed": states.count("failed"),
                "pending": states.count("pending"),
            },
            "status": {"completed": is_done, "success": "failed" not in states if is_done else None},
            "meta": {
                "location": location,
                "created": offset_time(provision.created_at),
                "lastModified": offset_time(done_at or provision.created_at),
                "completed": offset_time(done_at) if done_at else None,
                "provisionType": provision.kind,
                "resourceType": "ProvisionStatus",
                "correlationId": provision.correlation_id,
            },
        }


def _state(operation: Operation) -> str:
    if not operation.is_done:
        return "pending"
    return "success" if operation.is_success else "failed"


def _operation_view(one: Operation) -> Document:
    view: Document = {
        "id": one.id,
        "resource": {"id": one.user_id or "", "type": "User"},
        "status": {"completed": one.is_done, "success": one.is_success},
        "extensions": [
            {
                "name": outcome.name,
                "status": {
                    "completed": one.is_done,
                    "success": outcome.result in ("success", "no-op"),
                    "code": outcome.code,
                    "result": outcome.result,
                },
                "messages": [
                    {
                        "code": "INVALID_VALUE",
                        "message": outcome.message,
                        "schemaPath": outcome.schema_path or "",
                        "type": "error",
                    }
                ]
                if outcome.message
                else [],
            }
            for outcome in one.outcomes
        ],
    }
    return view | ({"bulkId": one.bulk_id} if one.bulk_id else {})
