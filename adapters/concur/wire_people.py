"""People as Concur's identity, spend and search services write them: the fields we read, extensions by their urn."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from adapters.concur.wire import Camel

ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SPEND: Final = "urn:ietf:params:scim:schemas:extension:spend:2.0:User"
APPROVER: Final = "urn:ietf:params:scim:schemas:extension:spend:2.0:Approver"
APPROVER_LIMIT: Final = "urn:ietf:params:scim:schemas:extension:spend:2.0:ApproverLimit"
DELEGATE: Final = "urn:ietf:params:scim:schemas:extension:spend:2.0:Delegate"
ROLE: Final = "urn:ietf:params:scim:schemas:extension:spend:2.0:Role"


class PersonName(Camel):
    family_name: str | None = None
    given_name: str | None = None
    formatted: str | None = None


class Email(Camel):
    value: str | None = None
    type: str | None = None


class Person(Camel):
    """Somebody named in another's profile."""

    value: str | None = None
    employee_number: str | None = None


class Enterprise(Camel):
    employee_number: str | None = None
    start_date: str | None = None
    termination_date: str | None = None
    cost_center: str | None = None
    legal_entity: str | None = None
    manager: Person | None = None


class CustomValue(Camel):
    id: str | None = None
    value: str | None = None


class SpendExtension(Camel):
    reimbursement_currency: str | None = None
    country: str | None = None
    ledger_code: str | None = None
    custom_data: list[CustomValue] | None = None
    test_employee: bool | None = None


class Meta(Camel):
    last_modified: str | None = None


class User(Camel):
    """Identity and spend profile, as the search over both gives them."""

    id: str | None = None
    user_name: str | None = None
    active: bool | None = None
    display_name: str | None = None
    name: PersonName | None = None
    emails: list[Email] | None = None
    meta: Meta | None = None
    enterprise: Enterprise | None = msgspec.field(default=None, name=ENTERPRISE)
    spend: SpendExtension | None = msgspec.field(default=None, name=SPEND)


class ApproverEntry(Camel):
    approver: Person | None = None
    primary: bool | None = None


class ApproverExtension(Camel):
    report: list[ApproverEntry] | None = None


class LimitEntry(Camel):
    approval_type: str | None = None
    approval_group: str | None = None
    approval_limit: Decimal | None = None
    reimbursement_currency: str | None = None


class LimitExtension(Camel):
    authorized_approver: list[LimitEntry] | None = None


class DelegateEntry(Camel):
    delegate: Person | None = None
    can_approve: bool | None = None


class DelegateExtension(Camel):
    expense: list[DelegateEntry] | None = None


class SpendProfile(Camel):
    """What only the spend profile says."""

    id: str | None = None
    approver: ApproverExtension | None = msgspec.field(default=None, name=APPROVER)
    limit: LimitExtension | None = msgspec.field(default=None, name=APPROVER_LIMIT)
    delegate: DelegateExtension | None = msgspec.field(default=None, name=DELEGATE)


class EmployeeRow(Camel):
    """What becomes of a user before it leaves the client: with the spend profile and the numbers of those it
    names.
    """

    user: User
    profile: SpendProfile | None = None
    numbers: dict[str, str] = msgspec.field(default_factory=dict)
    """Employee numbers by user id."""
