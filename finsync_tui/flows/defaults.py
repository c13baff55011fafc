"""Noting where a mapping table's rule for everything else answered: perhaps somebody forgot a rule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

from store import findings
from store.canonical.keys import RecordKey
from store.workflows import Workflow

CLASS: Final = "MAPPING_DEFAULT"


def note(db: Connection, workflow: Workflow, detail: Mapping[str, Any], now: datetime) -> None:
    """Add a finding for each value of a decided step that a table's default answered. Not done when a step is only tried."""
    used = {
        (str(rule["table"]), int(rule["version"]), str(rule["from"]), str(rule["to"]))
        for rule in detail.get("rules", ())
        if rule.get("is_default")
    }
    findings.append(
        db,
        [
            findings.Finding(
                class_=CLASS,
                severity="warn",
                system=RecordKey.parse(workflow.document_key).system,
                entity=workflow.entity,
                document_key=workflow.document_key,
                document_number=workflow.document_number,
                message=f"no rule of the mapping table {table} is for {value}; its rule for everything else made it {target}",
                noticed_at=now,
                detail={"table": table, "version": version, "value": value, "target": target},
            )
            for table, version, value, target in sorted(used)
        ],
    )
