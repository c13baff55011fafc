"""SCIM documents, under the protocol's own names (RFC 7643, section 4). Servers differ: everything but the id may be missing,
and what they add is left aside.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Meta(msgspec.Struct, rename="camel"):
    """When a resource was made and changed, by the directory's clock."""

    resource_type: str | None = None
    last_modified: Instant | None = None
    version: str | None = None


class Name(msgspec.Struct, rename="camel"):
    formatted: str | None = None
    given_name: str | None = None
    family_name: str | None = None


class Valued(msgspec.Struct, rename="camel"):
    """One value of an attribute that has several."""

    value: str | None = None
    display: str | None = None
    type: str | None = None
    primary: bool | str | None = None


class Manager(msgspec.Struct, rename="camel"):
    value: str | None = None


class Enterprise(msgspec.Struct, rename="camel"):
    """The extension for people who work for a company."""

    employee_number: str | None = None
    cost_center: str | None = None
    department: str | None = None
    manager: Manager | str | None = None


class User(msgspec.Struct, rename="camel"):
    """An account."""

    id: str
    external_id: str | None = None
    user_name: str | None = None
    name: Name | None = None
    display_name: str | None = None
    title: str | None = None
    user_type: str | None = None
    active: bool | str | None = None
    emails: list[Valued] | None = None
    groups: list[Valued] | None = None
    roles: list[Valued | str] | None = None
    entitlements: list[Valued | str] | None = None
    schemas: list[str] | None = None
    meta: Meta | None = None
    enterprise: Enterprise | None = msgspec.field(default=None, name=ENTERPRISE)


class Member(msgspec.Struct, rename="camel"):
    value: str | None = None
    ref: str | None = msgspec.field(default=None, name="$ref")
    type: str | None = None
    display: str | None = None


class Group(msgspec.Struct, rename="camel"):
    """A group and who is directly in it."""

    id: str
    external_id: str | None = None
    display_name: str | None = None
    members: list[Member] | None = None
    schemas: list[str] | None = None
    meta: Meta | None = None


class Head(msgspec.Struct, rename="camel"):
    """What paging reads of a resource. Whatever it holds: a broken row must not cost its neighbours."""

    id: Any = None
    meta: Any = None


class Listing(msgspec.Struct, rename="camel"):
    """How many there are, and how many of them this answer holds."""

    total_results: int = 0
    start_index: int | None = None
    items_per_page: int | None = None


class Supported(msgspec.Struct, rename="camel"):
    supported: bool = False
    max_results: int | None = None


class ProviderConfig(msgspec.Struct, rename="camel"):
    """What the server says that it can do."""

    filter: Supported | None = None


class Error(msgspec.Struct, rename="camel"):
    """A refusal (RFC 7644, section 3.12)."""

    status: str | int | None = None
    scim_type: str | None = None
    detail: str | None = None
