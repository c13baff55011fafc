"""Published sample documents as they are: read from their envelopes, served again without a digit changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from adapters.concur.simulator_state import FisDocument
from adapters.concur.simulator_world import World


class _Published(msgspec.Struct):
    """One document in an envelope; its body is not touched."""

    document: msgspec.Raw
    docType: str
    id: str | None = None
    companyId: str | None = None
    entityId: str | None = None
    companyUuid: str | None = None
    erpSystemId: str | None = None
    docStatus: str = "READY"


class _Envelope(msgspec.Struct):
    """Today's envelope has `content`, the older one `fIDocuments`."""

    content: list[_Published] = []
    fIDocuments: list[_Published] = []


def published(world: World, raw: str | bytes | Mapping[str, Any], doc_type: str | None) -> list[FisDocument]:
    """Return the documents of an envelope, of one envelope's element, or of a bare body (then say its type)."""
    text = raw if isinstance(raw, str | bytes) else json.dumps(raw)
    text = text.encode() if isinstance(text, str) else text
    shape = msgspec.json.decode(text)
    if "content" in shape or "fIDocuments" in shape:
        envelope = msgspec.json.decode(text, type=_Envelope)
        found = envelope.content + envelope.fIDocuments
    elif "document" in shape and "docType" in shape:
        found = [msgspec.json.decode(text, type=_Published)]
    else:
        found = [_Published(msgspec.Raw(text), doc_type or _type_of(shape))]
    return [_kept(world, one) for one in found]


def _kept(world: World, one: _Published) -> FisDocument:
    body = bytes(one.document).decode()
    return FisDocument(
        id=one.id or world.hex32("document"),
        sequence=world.count("document sequence"),
        doc_type=one.docType,
        about_id=_about(msgspec.json.decode(body)),
        status=one.docStatus,
        body=body,
        company_id=one.companyId or world.settings.company_id,
        entity_id=one.entityId or world.settings.entity_id,
        company_uuid=one.companyUuid or world.company_uuid,
        made_at=world.now(),
        system=one.erpSystemId or None,
        is_acknowledged=one.docStatus not in ("READY", "DELAYED"),
    )


def _about(body: Mapping[str, Any]) -> str:
    places = (
        ("report", "reportId"),
        ("cashAdvanceData", "cashAdvanceId"),
        ("requestHeader", "requestId"),
        ("request", "requestId"),
    )
    for part, name in places:
        found = (body.get(part) or {}).get(name)
        if found:
            return str(found)
    raise ValueError("the document names no report, request or cash advance")


def _type_of(body: Mapping[str, Any]) -> str:
    if "instruction" in body:
        return "reportobligation" if "report" in body else "requestobligation"
    if "cashAdvanceData" in body:
        return "cashadvance"
    return "invoice" if "vendor" in body else "expense"
