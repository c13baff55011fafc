"""Secrets that end: whoever issues one says until when it is good, the profile says it to us, and people are told before.

Systems do not tell when a client secret or a password ends, so the day stands in the profile (`secrets_end`), which holds no secret
itself. A client certificate says it by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from sqlite3 import Connection
from typing import Final

from finsync_tui.profile import Profile
from store import findings, meta

WARNED_BEFORE: Final = timedelta(days=30)
URGENT_BEFORE: Final = timedelta(days=7)
CERTIFICATE: Final = "client_certificate"
CLASS: Final = "SECRET_EXPIRING"
_SEEN: Final = "secret.expiry."


@dataclass(frozen=True, slots=True)
class Expiry:
    """One secret and its last day."""

    system: str
    name: str
    ends_on: date

    def is_near(self, on: date) -> bool:
        """Say whether people should know by now."""
        return self.ends_on - on <= WARNED_BEFORE

    def has_ended(self, on: date) -> bool:
        """Say whether the day is over."""
        return self.ends_on < on

    def told(self, on: date) -> str:
        """Say it in words."""
        if self.has_ended(on):
            return f"{self.system}.{self.name} ended on {self.ends_on}"
        return f"{self.system}.{self.name} ends on {self.ends_on}"

    @property
    def remedy(self) -> str:
        """Say what to do."""
        if self.name == CERTIFICATE:
            return "Put another certificate in its place."
        return (
            f"Have another issued, `finsync secrets set {self.system} {self.name}`, and write its last day into the profile "
            f"(systems.{self.system}.secrets_end); the engine goes on with it by itself."
        )


def expiries(profile: Profile) -> Iterator[Expiry]:
    """Yield every secret whose last day is known."""
    for system, connection in sorted(profile.systems.items()):
        for name, day in sorted(connection.secrets_end.items()):
            yield Expiry(system, name, day)
        if connection.client_certificate is not None:
            day_of_file = certificate_ends_on(Path(connection.client_certificate))
            if day_of_file is not None:
                yield Expiry(system, CERTIFICATE, day_of_file)


def near(profile: Profile, on: date) -> list[Expiry]:
    """Return those that people should know of, the first to end first."""
    return sorted((one for one in expiries(profile) if one.is_near(on)), key=lambda one: one.ends_on)


def note(db: Connection, profile: Profile, now: datetime) -> None:
    """Keep a finding when a secret comes near its end, once more a week before it, and when it has ended."""
    on = now.astimezone(UTC).date()
    for one in near(profile, on):
        stage = "ended" if one.has_ended(on) else "urgent" if one.ends_on - on <= URGENT_BEFORE else "near"
        place, told = f"{_SEEN}{one.system}.{one.name}", f"{one.ends_on} {stage}"
        if meta.get(db, place) == told:
            continue
        meta.set(db, place, told)
        found = findings.Finding(
            class_=CLASS,
            severity="info" if stage == "near" else "warn",
            system=one.system,
            message=f"the secret {one.told(on)}. {one.remedy}",
            noticed_at=now,
            detail={"secret": one.name, "ends_on": str(one.ends_on)},
        )
        findings.append(db, [found])


def certificate_ends_on(file: Path) -> date | None:
    """Return the last day of the certificate in a PEM file; None when there is none that can be read."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc.date()
    except (OSError, ValueError):
        return None
