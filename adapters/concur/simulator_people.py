"""The people of a company: adding and changing users, and how the identity and Spend services show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from adapters.concur.simulator_state import User
from adapters.concur.simulator_world import World, copied
from adapters.simulation import Document

CORE: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SPEND: Final = "urn:ietf:params:scim:schemas:extension:spend:2.0:"
SPEND_USER: Final = f"{SPEND}User"
SPEND_APPROVER: Final = f"{SPEND}Approver"
SPEND_LIMIT: Final = f"{SPEND}ApproverLimit"
SPEND_ROLE: Final = f"{SPEND}Role"
SPEND_DELEGATE: Final = f"{SPEND}Delegate"
IDENTITY_PATH: Final = "/profile/identity/v4.1/Users"
SPEND_PATH: Final = "/profile/spend/v4.1/Users"
SNAPSHOTS_KEPT: Final = 8


class PeopleDesk:
    """Keeps users; every change moves their times and says so."""

    def __init__(self, world: World) -> None:
        self._world = world

    def sign_in(self, login: str, password: str) -> str | None:
        """Return the id of the user that has this password."""
        user = self._world.find_user(login)
        if user is None or user.password is None or user.password != password:
            return None
        return user.id

    def add(
        self,
        login: str,
        *,
        employee_number: str,
        given_name: str,
        family_name: str,
        country: str,
        currency: str,
        ledger: str,
        approver: str | None,
        manager: str | None,
        codes: Mapping[str, str],
        roles: Sequence[str],
        approval_limit: Decimal | None,
        reimbursement: str,
        is_active: bool,
        is_test: bool,
        legal_entity: str | None,
        cost_centre: str | None,
        starts_on: date | None,
        password: str | None,
        user_id: str | None,
    ) -> str:
        world = self._world
        if world.find_user(login) is not None:
            raise ValueError(f"there is a user {login} already")
        manager_id = world.user_at(manager).id if manager else None
        enterprise: Document = {
            "companyId": world.company_uuid,
            "employeeNumber": employee_number,
            "startDate": (starts_on or world.today()).isoformat(),
            "legalEntity": legal_entity,
            "costCenter": cost_centre,
            "manager": {"value": manager_id} if manager_id else None,
        }
        spend: Document = {
            SPEND_USER: {
                "country": country,
                "locale": "en_US",
                "reimbursementCurrency": currency,
                "ledgerCode": ledger,
                "reimbursementType": reimbursement,
                "testEmployee": is_test,
                "nonEmployee": False,
                "customData": [{"id": name, "value": code} for name, code in codes.items()],
            },
            SPEND_ROLE: {"roles": [{"roleName": one, "roleGroups": []} for one in roles]},
        }
        if approver:
            boss = world.user_at(approver)
            spend[SPEND_APPROVER] = {"report": [{"approver": {"value": boss.id}, "primary": True}]}
        if approval_limit is not None:
            limit = {
                "approvalType": "report",
                "exceptionApprovalAuthority": False,
                "approvalLimit": _plain(approval_limit),
                "reimbursementCurrency": currency,
                "approvalGroup": "",
                "level": 1,
            }
            spend[SPEND_LIMIT] = {"authorizedApprover": [limit], "costObjectApprover": []}
        core: Document = {
            "userName": login,
            "active": is_active,
            "displayName": f"{given_name} {family_name}",
            "name": {"givenName": given_name, "familyName": family_name},
            "emails": [{"value": login, "type": "work", "verified": True}],
            "preferredLanguage": "en-US",
        }
        user = self.keep_new(core, {k: v for k, v in enterprise.items() if v is not None}, user_id=user_id)
        user.spend = spend
        user.password = password
        self.changed(user, is_spend=True, originator="user interface")
        return user.id

    def delegate(
        self, user: User, delegates: Sequence[User], starts_on: date | None, ends_on: date | None
    ) -> None:
        """Let others prepare and approve for somebody, for a time or always."""
        span = None
        if starts_on and ends_on:
            span = {
                "temporaryDelegationFromDate": f"{starts_on.isoformat()}T00:00:00.000Z",
                "temporaryDelegationToDate": f"{ends_on.isoformat()}T00:00:00.000Z",
            }
        found = [
            {
                "canApprove": True,
                "canPrepare": True,
                "canPrepareForApproval": True,
                "canReceiveApprovalEmail": False,
                "canReceiveEmail": False,
                "canSubmit": False,
                "canSubmitTravelRequest": False,
                "canUseBi": False,
                "canViewReceipt": True,
                "delegate": {"value": one.id},
                "temporaryDelegation": span,
            }
            for one in delegates
        ]
        user.spend = {**user.spend, SPEND_DELEGATE: {"expense": found}}
        self.changed(user, is_spend=True, originator="user interface")

    def keep_new(self, core: Document, enterprise: Document, *, user_id: str | None = None) -> User:
        """Add an identity profile; the Spend extensions come later."""
        world = self._world
        now = world.now()
        user = User(user_id or world.uuid("user"), core, enterprise, {}, now, now, now)
        world.state.users[user.id] = user
        world.index_users()
        self._note(user, "Created", [])
        self._snapshot(user)
        return user

    def changed(
        self,
        user: User,
        *,
        is_spend: bool = False,
        attributes: Sequence[str] = (),
        originator: str = "provisioning",
    ) -> None:
        now = self._world.now()
        if is_spend:
            user.spend_modified_at = now
        user.modified_at = now
        user.version += 1
        self._world.index_users()
        self._snapshot(user)
        if not is_spend:
            self._note(user, "Updated", list(attributes), originator)

    def remove(self, user: User) -> None:
        del self._world.state.users[user.id]
        self._world.index_users()
        self._note(user, "Deleted", [])

    def _note(self, user: User, what: str, attributes: list[str], originator: str = "provisioning") -> None:
        world = self._world
        facts = {
            "originator": originator,
            "companyId": world.company_uuid,
            "userId": user.id,
            "userHref": f"{world.base}{IDENTITY_PATH}/{user.id}",
            "attributes": attributes,
        }
        topic = "public.concur.user.profile.identity"
        world.emit(f"IdentityProfile{what}", topic, world.company_uuid, facts, f"{what.lower()}-")

    def _snapshot(self, user: User) -> None:
        shown_at = self._world.now() + timedelta(seconds=self._world.settings.search_lag_s)
        user.snapshots = [*user.snapshots, (shown_at, self.search_view(user))][-SNAPSHOTS_KEPT:]

    # -- views ---------------------------------------------------------------------------------------

    def identity_view(self, user: User) -> Document:
        """Return the identity profile."""
        world = self._world
        return {
            "schemas": [CORE, ENTERPRISE],
            "id": user.id,
            **{name: value for name, value in copied(user.core).items() if name != "entitlements"},
            "meta": self._meta(user, IDENTITY_PATH, "User", user.modified_at),
            ENTERPRISE: {"companyId": world.company_uuid, **self._enterprise(user)},
        }

    def spend_view(self, user: User) -> Document:
        """Return the Spend profile, all extensions."""
        spend = copied(user.spend)
        for approvers in spend.get(SPEND_APPROVER, {}).values():
            for one in approvers:
                one["approver"] = self._person(one["approver"])
        for delegates in spend.get(SPEND_DELEGATE, {}).values():
            for one in delegates:
                one["delegate"] = self._person(one["delegate"])
        return {
            "schemas": [CORE, *spend],
            "id": user.id,
            "meta": self._meta(user, SPEND_PATH, "User", user.spend_modified_at),
            **spend,
        }

    def search_view(self, user: User) -> Document:
        """Return what the user search knows: identity, and of Spend the user extension only."""
        view = self.identity_view(user)
        if SPEND_USER in user.spend:
            view["schemas"] = [*view["schemas"], SPEND_USER]
            view[SPEND_USER] = copied(user.spend[SPEND_USER])
        return view

    def indexed_view(self, user: User) -> Document | None:
        """Return the indexed copy as it is by now; None while a new user is not indexed."""
        now = self._world.now()
        due = [view for shown_at, view in user.snapshots if shown_at <= now]
        return due[-1] if due else None

    def _enterprise(self, user: User) -> Document:
        enterprise: Document = copied(user.enterprise)
        if enterprise.get("manager"):
            enterprise["manager"] = self._person(enterprise["manager"])
        return enterprise

    def _person(self, reference: Mapping[str, Any]) -> Document:
        user = self._world.state.users.get(str(reference.get("value")))
        if user is None:
            return dict(reference)
        return {
            "value": user.id,
            "employeeNumber": user.number or None,
            "displayName": user.core.get("displayName"),
            "$ref": f"{self._world.base}{IDENTITY_PATH}/{user.id}",
        }

    def _meta(self, user: User, path: str, kind: str, modified_at: Any) -> Document:
        return {
            "resourceType": kind,
            "created": scim_time(user.created_at),
            "lastModified": scim_time(modified_at),
            "version": user.version,
            "location": f"{self._world.base}{path}/{user.id}",
        }


def scim_time(at: Any) -> str:
    """Return an instant as the identity services write it."""
    return str(at.strftime("%Y-%m-%dT%H:%M:%S.")) + f"{at.microsecond // 1000:03}Z"


def _plain(amount: Decimal) -> int | float:
    """Return an amount as the number that JSON readers make of it: the service speaks of a double here."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)
