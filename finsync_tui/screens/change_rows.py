"""A change that two sign, as lists show it: read from the store, whatever it is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from finsync_tui.screens.text import safe_text

if TYPE_CHECKING:
    from finsync_tui.mapping.emergencies import InForce
    from store.proposals import Proposal

DECIDED_SHOWN: Final = 500
"""The newest so many decided changes are listed; the versions have them all."""


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """One change, and what became of it. `name` is as it is stored; everything else may be drawn."""

    id: int
    name: str
    state: str
    maker: str
    made_at: datetime
    reason: str
    base_version: int
    version_now: int
    changed: str
    """How much changes, in a word or two."""
    starts_on: str
    decided_by: str
    decided_at: datetime | None
    decision: str
    became: int | None
    rule: str
    is_mine: bool
    in_force_until: datetime | None = None
    """Its maker put it in force at once: until then somebody else has to approve it."""

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def is_outdated(self) -> bool:
        """Whether what it changes has changed since it was made."""
        return self.is_open and self.in_force_until is None and self.base_version != self.version_now


class Standing(Protocol):
    """What is in force of a table or a policy."""

    @property
    def version(self) -> int: ...
    @property
    def emergency(self) -> InForce | None: ...


def row_of(one: Proposal, known: Standing | None, changed: str, me: str) -> ProposalRow:
    """Return a change as lists show it; `known`: what is in force of the thing."""
    at_once = known.emergency if known is not None else None
    return ProposalRow(
        id=one.id,
        name=one.name,
        state=one.state,
        maker=safe_text(one.maker, 60),
        made_at=one.made_at,
        reason=safe_text(one.reason, 2_000),
        base_version=one.base_version,
        version_now=known.version if known is not None else 0,
        changed=changed,
        starts_on=one.effective_from or "",
        decided_by=safe_text(one.checker or "", 60),
        decided_at=one.decided_at,
        decision=safe_text(one.decision or "", 2_000),
        became=one.version,
        rule=one.rule,
        is_mine=one.maker == me,
        in_force_until=at_once.until if at_once is not None and at_once.proposal == one.id else None,
    )


def shown(changes: Sequence[Proposal]) -> list[Proposal]:
    """Return those that wait, and the newest that were decided."""
    old = set([one.id for one in changes if one.state != "open"][:-DECIDED_SHOWN])
    return [one for one in changes if one.id not in old]
