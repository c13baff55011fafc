"""What a company's business unit is called in its ERP: by its name, or by the id that the connection's options give it.

Some systems put the one on a supplier's site and some the other, so whoever looks for a unit knows both.
"""

from __future__ import annotations

from finsync_tui.profile.model import Profile


def id_of(profile: Profile, system: str, name: str) -> str | None:
    """Return the id of a business unit in a system; None: the connection names none."""
    connection = profile.systems.get(system)
    units = connection.options.get("business_units", {}) if connection is not None else {}
    found = units.get(name, {}).get("procurement_bu_id")
    return None if found is None else str(found)


def words(profile: Profile, system: str, name: str) -> frozenset[str]:
    """Return all that a system may call a business unit.

    >>> units = {"Hull": {"procurement_bu_id": 300000046987012}}
    >>> erp = {"adapter": "oracle_fusion", "base_url": "https://erp.example", "options": {"business_units": units}}
    >>> company = Profile.model_validate({"systems": {"oracle": erp}})
    >>> sorted(words(company, "oracle", "Hull")), sorted(words(company, "oracle", "York"))
    (['300000046987012', 'Hull'], ['York'])
    """
    return frozenset(filter(None, (name, id_of(profile, system, name))))
