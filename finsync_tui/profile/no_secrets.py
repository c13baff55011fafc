"""No secret is ever accepted in a profile: files are shared, reviewed, backed up and copied.

What is refused is refused before anything else is looked at, so that no other message can show it; the value is never repeated.

>>> from pathlib import Path
>>> [place for place, _ in found_in({"systems": {"erp": {"proxy": "http://me:hunter2@proxy:8080"}}})]
['systems.erp.proxy']
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from finsync_tui.settings import SettingsFileError

_NAMES = re.compile(
    r"(?i)(password|passwd|passphrase|secret|client[_-]?secret|api[_-]?key|private[_-]?key"
    r"|(access|refresh|bearer|session|request)[_-]?token|token)"
)
"""Settings that nobody would call so if they held anything else."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
"""The last day of a secret stands under its name."""
_VALUES = (
    (re.compile(r"(?i)[a-z][a-z0-9+.-]*://[^/\s?#@]*:[^/\s?#@]+@"), "an address with a password in it"),
    (
        re.compile(
            r"(?i)[?&;](api[_-]?key|key|token|access[_-]?token|password|secret|client[_-]?secret|sig|code)=[^&\s]"
        ),
        "an address with a secret in its query",
    ),
    (re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY"), "a private key"),
    (
        re.compile(r"(?i)^\s*(authorization:\s*)?(bearer|basic)\s+[a-z0-9+/=._~-]{12,}\s*$"),
        "credentials of a request",
    ),
    (re.compile(r"^\s*eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\."), "a token"),
    (re.compile(r"\bAKIA[0-9A-Z]{16}\b"), "an access key"),
)


class SecretInProfileError(SettingsFileError):
    """A profile holds a secret."""

    code = "SECRET_IN_PROFILE"

    def __init__(self, path: Path, place: str, what: str, line: int | None) -> None:
        super().__init__(
            path,
            place,
            f"it holds {what}, and no secret may stand in a profile",
            "Take it out and set it with `finsync secrets set SYSTEM NAME`. Whoever could read this file, its copies or its history "
            "knows it: have the system issue another.",
            line=line,
        )


def found_in(document: Mapping[str, Any], below: str = "") -> Iterator[tuple[str, str]]:
    """Yield where in a layer's document a secret stands, and what it looks like."""
    for name, value in document.items():
        place = f"{below}.{name}" if below else str(name)
        if isinstance(value, Mapping):
            yield from found_in(value, place)
        elif isinstance(value, list):
            yield from found_in({str(number): one for number, one in enumerate(value)}, place)
        elif isinstance(value, str) and value:
            is_named = _NAMES.fullmatch(str(name)) and not _DAY.fullmatch(value)
            what = "a secret by its name" if is_named else _looks_like(value)
            if what is not None:
                yield place, what


def _looks_like(value: str) -> str | None:
    return next((what for pattern, what in _VALUES if pattern.search(value)), None)
