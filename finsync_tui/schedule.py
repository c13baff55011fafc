"""What is read when: the profile's schedules, by APScheduler's triggers, in any clock's time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from finsync_tui import documents, extensions
from finsync_tui.flows import registry
from finsync_tui.profile import Profile, Schedule
from finsync_tui.sync import Pull

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def next_fire(schedule: Schedule, after: datetime) -> datetime:
    """Return the first instant strictly later than `after` at which the schedule runs.

    >>> next_fire(Schedule(system="s", entities=("e",), every="PT4H"), datetime(2026, 1, 1, 4, tzinfo=UTC))
    datetime.datetime(2026, 1, 1, 8, 0, tzinfo=datetime.timezone.utc)
    """
    if schedule.every is not None:
        return _EPOCH + ((after - _EPOCH) // schedule.every + 1) * schedule.every
    assert schedule.cron is not None
    found: datetime | None = trigger(schedule.cron, schedule.timezone).get_next_fire_time(
        None, after + timedelta(microseconds=1)
    )
    assert found is not None, "a cron line without an end always fires again"
    return found.astimezone(UTC)


@lru_cache(maxsize=256)
def trigger(cron: str, timezone: str) -> CronTrigger:
    """Return APScheduler's trigger for a cron line as cron means it."""
    from apscheduler.triggers.cron import (
        CronTrigger,
    )  # loaded for the first cron line; many profiles have none

    *others, weekday = cron.split()
    return CronTrigger.from_crontab(" ".join([*others, weekdays(weekday)]), timezone=ZoneInfo(timezone))


def weekdays(field: str) -> str:
    """Return cron's last field by names: cron counts from Sunday, APScheduler from Monday.

    >>> weekdays("1-5"), weekdays("0"), weekdays("5-7"), weekdays("*/2"), weekdays("mon-fri"), weekdays("*")
    ('mon,tue,wed,thu,fri', 'sun', 'fri,sat,sun', 'sun,tue,thu,sat', 'mon-fri', '*')
    """
    if not any(char.isdigit() for char in field):
        return field
    days: dict[str, None] = {}
    for part in field.split(","):
        numbers, _, step = part.partition("/")
        first, dash, last = ("0", "-", "6") if numbers == "*" else numbers.partition("-")
        if not (first.isdigit() and (last.isdigit() or not dash) and (step.isdigit() or not step)):
            return field  # APScheduler says what is wrong with it
        end = int(last) if dash else 6 if step else int(first)
        days |= dict.fromkeys(_DAYS[day % 7] for day in range(int(first), end + 1, int(step or 1) or 1))
    return ",".join(days) or field


def pulls(profile: Profile, names: tuple[str, ...]) -> list[Pull]:
    """Return the reads of these schedules: reference data before documents, each once, in a stable order."""
    sources = {flow.source for flow in profile.flows.values() if flow.is_enabled}
    wanted = dict.fromkeys(
        (profile.schedules[name].system, entity)
        for name in names
        for entity in profile.schedules[name].entities
    )
    found = [pull(profile, system, entity) for system, entity in wanted]
    # Systems that documents come from are read last: by then their targets' answers and master data are in.
    return sorted(
        found,
        key=lambda p: (
            p.is_document_source,
            p.system in sources,
            documents.is_document(p.entity, is_source=p.is_document_source),
        ),
    )


def pull(profile: Profile, system: str, entity: str) -> Pull:
    """Return the read of one entity of one system."""
    return Pull(
        system,
        entity,
        registry.is_document_source(profile, system, entity),
        extend=extensions.extend(profile.extending, system, entity) if profile.extensions else None,
    )
