"""Who may see people's names, logins and e-mail, and how long they are kept.

[privacy]
reveals_people_to = ["auditor"]     # roles; without it, nobody but where the profile lists no people

[privacy.retention.employee]
personal = "P730D"                  # two years after they left, and after a version was replaced
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from finsync_tui.profile.durations import Due
from finsync_tui.profile.people import Role

Erasable = Literal["personal", "bank"]


class Privacy(BaseModel):
    """What holds for data of people."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    reveals_people_to: tuple[Role, ...] = Field(
        default=(),
        description="Roles that may see names, logins and e-mail in documents, with --reveal and a reason; it is audited",
    )
    retention: dict[str, dict[Erasable, Due]] = Field(
        default_factory=dict,
        description="By entity and class: how long after a record is over, or a version of it was replaced, its fields stay; "
        "then the engine erases them for good",
    )

    @field_validator("retention")
    @classmethod
    def _is_known(cls, found: dict[str, dict[Erasable, Due]]) -> dict[str, dict[Erasable, Due]]:
        from store.canonical import contracts  # loaded where anything ends

        for entity in found:
            if entity not in contracts.CONTRACTS:
                raise ValueError(f"there is no entity {entity!r}; `finsync audit inventory` lists them")
        return found
