"""How one system is used: how fast, how patiently, and what is read when. As configured; nothing is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import adapters
from finsync_tui.profile.model import Profile, Schedule


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one system."""

    title: str
    adapter: str
    requests_per_second: float
    is_own_rate: bool
    """Set for this connection; otherwise it is what the adapter's manifest says."""
    connections_max: int
    timeout_s: float
    attempts_max: int
    delay_first: timedelta
    delay_max: timedelta
    breaker_failures: int
    breaker_pause: timedelta
    schedules: Mapping[str, Schedule]


def limits(profile: Profile, system: str) -> Limits | None:
    """Return how a system is used; None: the profile does not know it."""
    connection = profile.systems.get(system)
    if connection is None:
        return None
    manifest = adapters.manifest(connection.adapter)
    retry = profile.retry_for(system)
    return Limits(
        title=manifest.title,
        adapter=connection.adapter,
        requests_per_second=connection.requests_per_second or manifest.requests_per_second,
        is_own_rate=connection.requests_per_second is not None,
        connections_max=connection.connections_max or manifest.connections_max,
        timeout_s=connection.timeout_s,
        attempts_max=retry.attempts_max,
        delay_first=retry.delay_first,
        delay_max=retry.delay_max,
        breaker_failures=profile.breaker.failures,
        breaker_pause=profile.breaker.pause,
        schedules={name: one for name, one in sorted(profile.schedules.items()) if one.system == system},
    )
