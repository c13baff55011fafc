"""Approval: one decision in the chain that approved a document."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from store.canonical.record import CanonicalRecord


class Approval(CanonicalRecord):
    """Who decided what about which document, and when."""

    entity: ClassVar[str] = "approval"
    contract: ClassVar[str] = "approval/1.0"

    document_entity: str = Field(description="purchase_order, requisition, invoice, expense_report ...")
    document_id: str = Field(description="External id of the document in the same system")
    status: Literal["pending", "approved", "rejected", "escalated", "other"]
    approver: str | None = Field(default=None, description="Login or group name of whoever should decide")
    decided_by: str | None = None
    decided_at: datetime | None = None
    position: int | None = Field(default=None, description="Place in the chain, from 1")

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        return (("document", f"{self.document_entity}:{self.document_id}"),)
