"""What is read when: the profile's schedules, by APScheduler's triggers, in any clock's time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from finsync_tui import documents
from finsync_tui.flows import registry
from finsync_tui.profile import Profile, Schedule
from finsync_tui.sync import Pull

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def next_fire(schedule: Schedule, after: datetime) -> datetime:
    """Return the first instant strictly later than `after` at which the schedule runs.

    >>> next_fire(Schedule(system="s", entities=("e",), every="PT4H"), datetime(2026, 1, 1, 4, tzinfo=UTC))
    datetime.datetime(2026, 1, 1, 8, 0, tzinfo=datetime.timezone.utc)
    """
    if schedule.every is not None:
        return _EPOCH + ((after - _EPOCH) // schedule.every + 1) * schedule.every
    assert schedule.cron is not None
    trigger = _trigger(schedule.cron, schedule.timezone)
    found: datetime | None = trigger.get_next_fire_time(None, after + timedelta(microseconds=1))
    assert found is not None, "a cron line without an end always fires again"
    return found.astimezone(UTC)


@lru_cache(maxsize=256)
def _trigger(cron: str, timezone: str) -> CronTrigger:
    from apscheduler.triggers.cron import (
        CronTrigger,
    )  # loaded for the first cron line; many profiles have none

    return CronTrigger.from_crontab(cron, timezone=ZoneInfo(timezone))


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
        found, key=lambda p: (p.is_document_source, p.system in sources, documents.is_document(p.entity))
    )


def pull(profile: Profile, system: str, entity: str) -> Pull:
    """Return the read of one entity of one system."""
    return Pull(system, entity, registry.is_document_source(profile, system, entity))
