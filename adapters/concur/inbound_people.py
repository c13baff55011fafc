"""A user as an Employee. Pure: the row already holds what the client put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from adapters.base import Translated
from adapters.concur import wire_people
from adapters.concur.inbound_parts import country, day, joined, moment, money, needed
from adapters.concur.options import Options
from store.canonical.money import Money
from store.canonical.people import Employee

_REPORT: Final = "report"


def employee(row: bytes, options: Options) -> Translated:
    document = msgspec.json.decode(row, type=wire_people.EmployeeRow)
    user, profile = document.user, document.profile or wire_people.SpendProfile()
    own_id = needed(user.id, "$.user.id")
    login = needed(user.user_name, "$.user.userName")
    enterprise = user.enterprise or wire_people.Enterprise()
    spend = user.spend or wire_people.SpendExtension()
    custom = {one.id: one.value for one in spend.custom_data or () if one.id and one.value}
    currency = spend.reimbursement_currency
    record = Employee(
        number=enterprise.employee_number or login,
        login=login,
        name=_name(user) or login,
        email=_email(user.emails or ()),
        is_active=user.active is not False,
        manager_number=_number(enterprise.manager, document.numbers),
        approver_number=_approver(profile, document.numbers),
        approval_limit=_limit(profile, currency),
        delegates=_delegates(profile, document.numbers),
        cost_centre=_field(custom, options.cost_centre_field, enterprise.cost_center),
        legal_entity=_field(custom, options.legal_entity_field, enterprise.legal_entity),
        country=country(spend.country),
        currency=currency,
        starts_on=day(enterprise.start_date, f"$.user.{wire_people.ENTERPRISE}.startDate"),
        ends_on=day(enterprise.termination_date, f"$.user.{wire_people.ENTERPRISE}.terminationDate"),
    )
    changed_at = moment(user.meta.last_modified) if user.meta else None
    return Translated(own_id, record, source_updated_at=changed_at)


def _name(user: wire_people.User) -> str | None:
    name = user.name or wire_people.PersonName()
    return user.display_name or joined((name.given_name, name.family_name)) or name.formatted


def _email(emails: list[wire_people.Email] | tuple[()]) -> str | None:
    """Return the address at work, else the first."""
    at_work = next((one.value for one in emails if one.type == "work" and one.value), None)
    return at_work or next((one.value for one in emails if one.value), None)


def _field(custom: Mapping[str, str], name: str | None, otherwise: str | None) -> str | None:
    """Return what drives expenses: the spend profile's field; the directory's text is only for people."""
    return custom.get(name) if name else otherwise


def _number(person: wire_people.Person | None, numbers: Mapping[str, str]) -> str | None:
    if person is None:
        return None
    return person.employee_number or numbers.get(person.value or "") or None


def _approver(profile: wire_people.SpendProfile, numbers: Mapping[str, str]) -> str | None:
    """Return the first approver of reports: the primary one where several are named."""
    entries = (profile.approver.report if profile.approver else None) or []
    primary = [one for one in entries if one.primary is not False] or entries
    return next((number for one in primary if (number := _number(one.approver, numbers))), None)


def _limit(profile: wire_people.SpendProfile, currency: str | None) -> Money | None:
    """Return the limit for reports in the global group; without one nothing is known."""
    for entry in (profile.limit.authorized_approver if profile.limit else None) or ():
        held_in = entry.reimbursement_currency or currency
        is_global = not entry.approval_group or entry.approval_group.casefold() == "global"
        if entry.approval_type == _REPORT and is_global and held_in and entry.approval_limit is not None:
            return money(
                entry.approval_limit, held_in, f"$.profile.{wire_people.APPROVER_LIMIT}.approvalLimit", "down"
            )
    return None


def _delegates(profile: wire_people.SpendProfile, numbers: Mapping[str, str]) -> tuple[str, ...]:
    entries = (profile.delegate.expense if profile.delegate else None) or ()
    found = (_number(one.delegate, numbers) for one in entries if one.can_approve)
    return tuple(dict.fromkeys(number for number in found if number))
