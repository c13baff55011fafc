"""Secrets for tests, held in memory. They can be put back as the real ones can, and every put is remembered."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field

from adapters.errors import CredentialsError

ACCOUNT_KEY = b"the key of the workspace in tests"


@dataclass
class HeldSecrets:
    """One system's secrets. `values` may be shared with the test, which sees what was put."""

    system: str
    values: MutableMapping[str, str]
    is_writable: bool = True
    puts: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, name: str) -> str:
        if name not in self.values:
            raise CredentialsError(self.system, f"the secret {name} is not set")
        return self.values[name]

    def account_key(self) -> bytes:
        return ACCOUNT_KEY

    def put(self, name: str, value: str) -> None:
        if not self.is_writable:
            raise CredentialsError(self.system, f"the secret {name} can't be kept")
        self.puts.append((name, value))
        self.values[name] = value
