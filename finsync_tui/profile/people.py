"""Who works here: people, what each may do, and the public key that their approvals are checked against.

[people.maria]
os_account = "maria"
roles = ["analyst", "approver"]
key = "MCowBQYDK2VwAyEA..."        # `finsync people key` prints this line

[[people.maria.before]]            # what was true of her until then: earlier approvals stay good
until = 2026-03-01T00:00:00Z
roles = ["analyst"]
key = "..."
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from finsync_tui.profile.durations import Due
from store.canonical.money import ExactDecimal

Role = Literal["viewer", "analyst", "approver", "auditor", "administrator", "emergency"]
KEY_BYTES = 32


def _key(value: str) -> str:
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise ValueError("that is no public key: copy the whole line that `finsync people key` printed")
    return value


PublicKey = Annotated[str, AfterValidator(_key)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Earlier(_Part):
    """What was true of a person until then."""

    until: AwareDatetime
    roles: tuple[Role, ...] = ()
    key: PublicKey | None = None


class Person(_Part):
    """One person who may work in the workspace."""

    os_account: str = Field(default="", description="Account of the operating system they work under")
    web_login: str = Field(default="", description="What they sign in with in a browser")
    roles: tuple[Role, ...] = ()
    key: PublicKey | None = Field(
        default=None, description="Ed25519, base64: their approvals are checked with it"
    )
    before: tuple[Earlier, ...] = ()
    answers_for: tuple[str, ...] = Field(
        default=(),
        description="Owner roles of this person: who answers for flows, systems, contracts, tables, policies",
    )

    def standing_at(self, moment: datetime) -> tuple[tuple[Role, ...], str | None]:
        """Return roles and key as they were then."""
        past = [one for one in sorted(self.before, key=lambda one: one.until) if moment < one.until]
        return (past[0].roles, past[0].key) if past else (self.roles, self.key)


class Governance(_Part):
    """How many persons a change takes."""

    mapping: Literal["one", "two"] | None = Field(
        default=None, description="None: two when people are listed, else one"
    )
    policy: Literal["one", "two"] | None = Field(
        default=None, description="None: two when people are listed, else one"
    )
    profile: Literal["one", "two"] | None = Field(
        default=None,
        description="A change set from another environment. None: two when people are listed, else one",
    )
    escalates_after: Due = Field(
        default=timedelta(days=2),
        gt=timedelta(),
        description="How long nobody of its owner's role may have taken an exception before the deputy's role gets it",
    )
    emergency_approval: Due = Field(
        default=timedelta(hours=24),
        gt=timedelta(),
        le=timedelta(days=14),
        description="How long a change of tables or rules that one person put in force at once may wait for the second one",
    )
    write_off: Literal["one", "two"] | None = Field(
        default=None, description="None: two when people are listed, else one"
    )
    write_off_below: dict[str, ExactDecimal] = Field(
        default_factory=dict,
        description="By currency: below this amount one person may write off. What has no amount takes two",
    )
    resolve: Literal["one", "two"] = Field(
        default="one",
        description="two: an exception that takes two persons to write off is neither resolved nor ignored, only written off",
    )
    duties_accepted: dict[str, str] = Field(
        default_factory=dict,
        description="By person: why the company lives with it that they have duties together that belong apart",
    )
    adoption: Literal["one", "two"] | None = Field(
        default=None, description="None: two when people are listed, else one"
    )
    supplier_merge: Literal["one", "two"] | None = Field(
        default=None, description="None: two when people are listed, else one"
    )
    bank_change: Literal["one", "two"] | None = Field(
        default=None, description="None: two when people are listed, else one"
    )


class Staff(BaseModel):
    """The part of a profile that says who may do what: whoever asks for that alone need not make all of it."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    people: dict[str, Person] = Field(default_factory=dict)
