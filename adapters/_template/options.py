"""What can be set for a connection: `[systems.<name>.options]`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """Options of one instance. A key that is not here is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    own_login: str | None = Field(default=None, description="Login of our own user: marks our own changes")
