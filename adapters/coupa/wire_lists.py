"""Departments, lookups and their values as Coupa shows them."""

from __future__ import annotations

from adapters.coupa.wire import Instant, Login, Named, Wire


class Department(Wire):
    id: int
    name: str | None = None
    active: bool | None = None
    updated_at: Instant | None = None
    updated_by: Login | None = None


class Lookup(Wire):
    id: int
    name: str | None = None
    description: str | None = None
    active: bool | None = None
    level_1_name: str | None = None
    level_2_name: str | None = None
    level_3_name: str | None = None
    level_4_name: str | None = None
    level_5_name: str | None = None
    level_6_name: str | None = None
    level_7_name: str | None = None
    level_8_name: str | None = None
    level_9_name: str | None = None
    level_10_name: str | None = None
    updated_at: Instant | None = None
    updated_by: Login | None = None


class ParentRef(Wire):
    name: str | None = None
    external_ref_num: str | None = None
    external_ref_code: str | None = None


class LookupValue(Wire):
    id: int
    name: str | None = None
    description: str | None = None
    external_ref_num: str | None = None
    external_ref_code: str | None = None
    active: bool | None = None
    is_default: bool | None = None
    lookup: Named | None = None
    parent: ParentRef | None = None
    account_type: Named | None = None
    updated_at: Instant | None = None
    updated_by: Login | None = None
