"""Departments, lookups and their values to canonical records. Pure."""

from __future__ import annotations

from adapters.base import Translated
from adapters.coupa import wire_lists
from adapters.coupa.inbound_parts import Unfit
from adapters.coupa.options import Options
from store.canonical.lists import Department, Lookup, LookupValue

LEVELS = 10


def department(document: wire_lists.Department, _: Options) -> Translated:
    if not document.name:
        raise Unfit("$.name", "the department has no name")
    record = Department(number=document.name, name=document.name, is_active=document.active is not False)
    return _told(document, record)


def lookup(document: wire_lists.Lookup, _: Options) -> Translated:
    if not document.name:
        raise Unfit("$.name", "the lookup has no name")
    levels = [getattr(document, f"level_{n}_name") for n in range(1, LEVELS + 1)]
    record = Lookup(
        number=document.name,
        name=document.name,
        description=document.description or "",
        level_names=tuple(name for name in levels if name),
        is_active=document.active is not False,
    )
    return _told(document, record)


def lookup_value(document: wire_lists.LookupValue, _: Options) -> Translated:
    number = document.external_ref_num or document.name
    if not number:
        raise Unfit("$.external-ref-num", "the lookup value has neither a number nor a name")
    if document.lookup is None or not document.lookup.name:
        raise Unfit("$.lookup.name", "the lookup value does not say which lookup it stands in")
    above = document.parent
    record = LookupValue(
        number=number,
        name=document.name or number,
        lookup=document.lookup.name,
        code=document.external_ref_code,
        parent=(above.external_ref_code or above.external_ref_num or above.name) if above else None,
        description=document.description or "",
        chart=document.account_type.name if document.account_type else None,
        is_default=bool(document.is_default),
        is_active=document.active is not False,
    )
    return _told(document, record)


def _told(
    document: wire_lists.Department | wire_lists.Lookup | wire_lists.LookupValue,
    record: Department | Lookup | LookupValue,
) -> Translated:
    by = document.updated_by
    return Translated(str(document.id), record, None, document.updated_at, by.login if by else None)
