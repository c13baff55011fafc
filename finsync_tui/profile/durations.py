"""How long something may take, as a profile says it: ISO 8601 and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator


def _strict_duration(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError("write a duration in ISO 8601, e.g. PT4H or P3D")
    return value


Due = Annotated[timedelta, BeforeValidator(_strict_duration)]
