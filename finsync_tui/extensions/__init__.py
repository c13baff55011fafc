"""Regional extensions of contracts: what a region keeps of an entity beside the model that all regions share."""

from finsync_tui.extensions.changes import in_force, schema
from finsync_tui.extensions.model import ExtensionField, ExtensionSetup
from finsync_tui.extensions.reading import extend, shown, texts, written

__all__ = [
    "ExtensionField", "ExtensionSetup", "extend", "in_force", "schema", "shown", "texts", "written",
]  # fmt: skip
