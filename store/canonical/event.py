"""Event: something that happened, in the envelope of CloudEvents 1.0, and the names of the types.

>>> event_type("purchase_order", "approved")
'com.finsync.purchase_order.approved.v1'
>>> event_id("coupa", "purchase_order.approved", "4711", 3)
'coupa:purchase_order.approved:4711:v3'
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from store.clock import text

TYPE_PREFIX = "com.finsync."

_WORD = re.compile(r"[a-z][a-z0-9_]*")


class Event(BaseModel):
    """What happened. `id` is made from the fact, so that the same fact appended twice is one event."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)

    specversion: Literal["1.0"] = Field(default="1.0", description="Version of CloudEvents")
    id: str = Field(min_length=1, description="Made from the fact: system:kind:key:vN")
    source: str = Field(min_length=1, description="The system it happened in")
    type: str = Field(
        pattern=r"^com\.finsync\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\.v[1-9][0-9]*$",
        description="What happened, com.finsync.ENTITY.PARTICIPLE.vN",
    )
    subject: str = Field(min_length=1, description="Key of the document: system:id")
    time: AwareDatetime = Field(description="When it happened, in UTC")
    datacontenttype: Literal["application/json"] = Field(
        default="application/json", description="How the data is written"
    )
    dataschema: str | None = Field(default=None, description="urn:finsync:schema:<entity>:<version>")
    correlation_id: str | None = Field(default=None, alias="correlationid", description="What led to it")
    data: dict[str, Any] = Field(default_factory=dict, description="What the event tells, by its type")

    def to_cloudevent(self) -> dict[str, Any]:
        """Return the structured JSON form that other programs read."""
        shown: dict[str, Any] = {
            "specversion": self.specversion,
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": text(self.time),
            "datacontenttype": self.datacontenttype,
            "dataschema": self.dataschema,
            "correlationid": self.correlation_id,
            "data": self.data,
        }
        return {name: value for name, value in shown.items() if value is not None}


@lru_cache(maxsize=256)  # each document asks for one of the same few
def event_type(entity: str, past_participle: str, n: int = 1) -> str:
    """Return the name of a type of event. `n` rises when its data changes in a way that breaks readers."""
    for word in (entity, past_participle):
        if not _WORD.fullmatch(word):
            raise ValueError(f"{word!r} can't be part of an event type: lower case words and _ only")
    return f"{TYPE_PREFIX}{entity}.{past_participle}.v{n}"


def event_id(system: str, kind: str, key: str, version: int | str) -> str:
    """Return the id of a fact."""
    return f"{system}:{kind}:{key}:v{version}"
