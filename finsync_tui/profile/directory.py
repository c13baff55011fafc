"""What the directory says about the people of the profile.

[directory]
system = "directory"               # a system whose adapter is scim

[directory.roles]                  # which role the members of a group have here
"finsync approvers" = "approver"
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ConfigDict, Field

import adapters
from adapters.base import Connection
from finsync_tui.profile.people import Role
from finsync_tui.profile.problem import Problem

ROLE = "identity"


class Directory(BaseModel):
    """Where accounts and groups are read from, and what the groups mean here."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    system: str = Field(description="The system that is the directory")
    roles: dict[str, Role] = Field(
        default_factory=dict,
        description="By group: the role that its members have here, those of groups in it too",
    )


def directory_problems(directory: Directory | None, systems: Mapping[str, Connection]) -> Iterator[Problem]:
    """Yield a directory that is none."""
    if directory is None:
        return
    connection = systems.get(directory.system)
    if connection is None:
        yield Problem(
            "directory.system",
            f"there is no system {directory.system!r}",
            "Add it under [systems], or name one that is there.",
        )
    elif connection.adapter in adapters.names() and ROLE not in adapters.manifest(connection.adapter).roles:
        yield Problem(
            "directory.system",
            f"{directory.system} is no directory: its adapter {connection.adapter} reads no accounts and groups",
            "Name a system whose adapter is scim.",
        )
