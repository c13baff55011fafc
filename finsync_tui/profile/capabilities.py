"""What the connected systems can be told, read from their adapters' manifests without importing any."""

from __future__ import annotations

from finsync_tui.profile.model import Profile


def takes(profile: Profile, system: str, operation: str) -> bool:
    """Say whether a system takes an operation, `supplier.change` for example."""
    import adapters

    connection = profile.systems.get(system)
    if connection is None or connection.adapter not in adapters.names():
        return False
    return any(operation in one.operations for one in adapters.manifest(connection.adapter).capabilities)
