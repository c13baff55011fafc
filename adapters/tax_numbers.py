"""Which of a supplier's tax numbers a system has a place for, and how a receipt says so. Pure.

Few systems have as many places as a supplier has countries. What a receipt names as told is read back there; what it names as
left out is nobody's loss unseen: the process says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from store.canonical.supplier import Supplier, TaxRegistration

TOLD: Final = "tax_numbers"
LEFT_OUT: Final = "tax_numbers_left_out"


def receipt_part(document: Supplier, told: Sequence[TaxRegistration]) -> dict[str, Any]:
    """Return what a receipt says of the numbers of a supplier; nothing, where it has none."""
    numbers = [one.number for one in told]
    left_out = [one.number for one in document.tax_registrations if one.number not in numbers]
    return {TOLD: numbers, **({LEFT_OUT: left_out} if left_out else {})} if document.tax_registrations else {}
