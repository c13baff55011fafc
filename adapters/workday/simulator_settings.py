"""What is assumed of Workday and can't be looked up: each a switch, so that a test can take the other side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class Settings:
    """How this tenant behaves where public sources are silent or differ."""

    time_zone: str = "America/Los_Angeles"
    """The tenant's own: `today` is a day there."""
    boolean_form: Literal["0/1", "true/false"] = "0/1"
    """How reports write a boolean."""
    wrong_prompt_status: int = 500
    """What a prompt that the report does not have is answered with."""
    validation_code: str = "SOAP-ENV:Client.validationError"
    processing_code: str = "SOAP-ENV:Server.processingError"
    token_life: timedelta = timedelta(hours=1)
    rotates_refresh_token: bool = False
    """True: each use of a refresh token replaces it; the old one is worth nothing from then on."""
    audience: str = "wd"
    """What an assertion must be meant for."""
    busy_count: int = 0
    """So many SOAP calls are answered by a fault that is neither the caller's nor lasting."""
    repeats_last_row: bool = False
    """True: a page of SOAP begins with the last row of the page before."""
