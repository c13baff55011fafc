"""One rule while it is typed: what the fields mean, what is wrong with them, what would complete them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import ValidationError

from finsync_tui.mapping import MappingRow, conditions
from finsync_tui.mapping.editing import Remark, errors, remarks
from finsync_tui.mapping.targets import unknown
from finsync_tui.profile import CONDITIONS
from finsync_tui.screens.mapping_reading import Sheet
from finsync_tui.screens.text import safe_text
from store.wording import plain

FIELDS = ("source", "target", "scope", "where", "priority", "valid_from", "valid_to")
SHOWN_MAX = 60
PRIORITY_MAX = 1_000_000

Offer = tuple[str, str]
"""A value, and what it is."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What the fields mean. `rule` is None as long as one of them can't be understood."""

    rule: MappingRow | None
    problem: str = ""
    warning: str = ""


def understood(fields: Mapping[str, str], sheet: Sheet, others: Sequence[MappingRow]) -> Typed:
    """Return the rule that is typed. `others` are the rules of the table beside it."""
    text = {name: value.strip() for name, value in fields.items()}
    if not text["source"]:
        return Typed(None, "write the value that documents carry")
    if not text["target"]:
        return Typed(None, "write what it means; = passes the value on as it is")
    try:
        rule = MappingRow(
            source=text["source"],
            target=text["target"],
            scope=text["scope"],
            where=_where(text["where"]),
            priority=_whole(text["priority"]),
            valid_from=_day(text["valid_from"]),
            valid_to=_day(text["valid_to"]),
        )
    except _FieldError as error:
        return Typed(None, str(error))
    except ValidationError as error:
        return Typed(None, safe_text(plain(error.errors(include_url=False, include_input=False)[0])))
    same = [row for row in others if (row.scope, row.source) == (rule.scope, rule.source)]
    found = [one for one in remarks(sheet.profile, [*same, rule]) if one.row == len(same) + 1]
    wrong = errors(found)
    if wrong:
        return Typed(rule, _about(wrong[0], same))
    return Typed(rule, "", _about(found[0], same) if found else _unknown(rule, sheet))


def offers(field: str, text: str, source: str, sheet: Sheet) -> list[Offer]:
    """Return what would complete a field, the likeliest first."""
    wanted = text.strip().lower()
    match field:
        case "source":
            known = [
                (
                    gap.value,
                    f"{gap.document_count:,} {'document waits' if gap.document_count == 1 else 'documents wait'}",
                )
                for gap in sheet.missing
            ]
        case "target":
            known = sorted(sheet.targets.items(), key=lambda one: (_distance(one[0], source), one[0]))
        case "scope":
            known = [
                *sheet.companies.items(),
                *((name, "region") for name in sorted(set(sheet.profile.regions.values()))),
            ]
        case "where":
            known = [(f"{name}=", what) for name, what in CONDITIONS.items()]
            known += [
                (f"extension.{one.name}.{name}=", field.meaning)
                for one in sheet.profile.extending
                for name, field in one.fields.items()
            ]
        case _:
            return []
    if any(code.lower() == wanted for code, _ in known):
        return []  # it is complete
    starts = [one for one in known if one[0].lower().startswith(wanted)]
    holds = [one for one in known if one not in starts and wanted in f"{one[0]}\n{one[1]}".lower()]
    return [*starts, *holds][:SHOWN_MAX]


def note(field: str, text: str, sheet: Sheet) -> str:
    """Return what a complete value is called."""
    value = text.strip()
    match field:
        case "source":
            waiting = next((gap.document_count for gap in sheet.missing if gap.value == value), 0)
            return f"{waiting:,} {'document waits' if waiting == 1 else 'documents wait'}" if waiting else ""
        case "target":
            return "the same value" if value == "=" else sheet.targets.get(value, "")
        case "scope":
            return sheet.companies.get(value, "") if value else "empty: every company"
        case _:
            return ""


def _distance(code: str, source: str) -> int:
    """0 for the value itself, 1 for one that it contains: CC410 is likely to mean 410."""
    return 0 if code == source else 1 if code and code in source else 2


def _unknown(rule: MappingRow, sheet: Sheet) -> str:
    target = rule.source if rule.target == "=" else rule.target
    known = sheet.known_in(rule.scope)
    return "" if not known or target in known or "*" in target else unknown(safe_text(target, 60), rule.scope)


def _about(remark: Remark, same: Sequence[MappingRow]) -> str:
    """Say it without row numbers: here only the rules for the same value are known."""
    text = remark.message
    for number, row in enumerate(same, 1):
        text = text.replace(f"row {number} says", f"a rule for {safe_text(row.source, 40)} says")
    return safe_text(text)


class _FieldError(ValueError):
    """A field can't be understood."""


def _whole(text: str) -> int:
    if not text:
        return 0
    try:
        found = int(text)
    except ValueError:
        found = PRIORITY_MAX + 1
    if abs(found) > PRIORITY_MAX:
        raise _FieldError("the priority is a whole number: higher wins")
    return found


def _where(text: str) -> conditions.Where:
    try:
        return conditions.read([text])
    except ValueError:
        raise _FieldError("write conditions like category=IT*; currency=EUR") from None


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _FieldError(f"{safe_text(text, 20)} is no day: write it like 2026-04-01") from None
