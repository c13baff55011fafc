"""What can be set for a SCIM connection: `[systems.<name>.options]`."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

PAGE_MAX = 1000


class Options(BaseModel):
    """Options of one directory. A key that is not here is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    auth: Literal["bearer", "basic", "client_credentials"] = Field(
        default="bearer",
        description="bearer: secret `token`; basic: secrets `user` and `password`; client_credentials: secrets `client_id` and"
        " `client_secret`, and token_url",
    )
    token_url: str | None = Field(
        default=None, description="Where a token is fetched, whole, for client_credentials"
    )
    scope: str = Field(default="", description="Scope that is asked for with the token")
    deltas: Literal["ask", "never"] = Field(
        default="ask",
        description="ask: only what changed is asked for, where the directory can do that; never: all is read each time",
    )
    overlap: timedelta = Field(
        default=timedelta(minutes=5),
        ge=timedelta(),
        description="What changed so long before the last read is asked for again",
    )
    page_size: int = Field(default=100, ge=1, le=PAGE_MAX, description="Rows asked for at once, at most")
    trusts_totals: bool = Field(
        default=True,
        description="false: the directory counts more rows than it shows (some hide accounts that it counts), so a read is not"
        " held against its count",
    )

    @model_validator(mode="after")
    def _has_door(self) -> Options:
        if self.auth == "client_credentials" and not self.token_url:
            raise ValueError("auth = client_credentials needs token_url, where a token is fetched")
        return self
