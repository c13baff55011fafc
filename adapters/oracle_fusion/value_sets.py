"""Where a value set is: its key is opaque, so its address is looked up by its code."""

from __future__ import annotations

import msgspec

from adapters.errors import SettingsError
from adapters.oracle_fusion import wire
from adapters.oracle_fusion.api import Api, quoted


async def value_set_href(api: Api, code: str | None) -> str:
    """Return the address of a value set."""
    if code is None:
        raise SettingsError(
            api.system,
            "cost centres cannot be read or written without cost_centre_value_set in this system's options",
        )
    condition = f"ValueSetCode = {quoted(code)}"
    rows = await api.rows("valueSets", {"q": condition, "orderBy": "ValueSetId:asc", "links": "self"})
    found = [one for one in map(_value_set.decode, rows) if one.ValueSetCode == code and one.href]
    if len(found) != 1 or found[0].href is None:
        raise SettingsError(
            api.system,
            f"cost_centre_value_set {code!r} names {len(found)} value sets; correct it, or give the "
            "integration user access to the value set",
        )
    return found[0].href


_value_set = msgspec.json.Decoder(wire.ValueSet)
