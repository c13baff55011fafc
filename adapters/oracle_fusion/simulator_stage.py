"""What every part of a simulated pod's stage stands on: the world, rows put into it, and the clock's work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from adapters.oracle_fusion.simulator_payload import typed
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_rows import Row
from adapters.oracle_fusion.simulator_world import World


class Stage(ABC):
    """The parts of a stage share one world."""

    world: World

    @abstractmethod
    def settle_due(self) -> int:
        """Do what the clock says should have happened."""

    def put(self, resource: str, document: Mapping[str, Any]) -> Row:
        """Put one row of any resource, children included; an existing one with that key is replaced."""
        row = self._grown(resource, document)
        old = self.world.tables[resource].get(row.id)
        if old is not None:
            row.version = old.version + 1
        if isinstance(row.id, int):
            self.world.keep_id(row.id)
        return self.world.tables[resource].put(row)

    def _grown(self, resource: str, document: Mapping[str, Any]) -> Row:
        return self._tree(self.world.catalogue[resource], document)

    def _tree(self, described: Resource, document: Mapping[str, Any]) -> Row:
        row = self.world.new_row(described, typed(described, document, tuple(described.children)))
        for name, child in described.children.items():
            row.of(name).extend(self._tree(child, one) for one in document.get(name, ()))
        return row

    def _value_set(self, code: str) -> Row:
        return self.world.value_set(code) or self.put(
            "valueSets", {"ValueSetCode": code, "Description": code, "ValidationType": "Independent"}
        )
