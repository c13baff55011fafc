"""The ground: facts on disk. No network, no screens."""

from store.database import Store, memory_store, open_store

__all__ = ["Store", "memory_store", "open_store"]
