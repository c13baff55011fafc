"""People: who acts, what their roles allow, and the keys that they sign with."""

from finsync_tui.actor import account
from finsync_tui.people.identity import acting, known_now
from finsync_tui.people.keys import (
    KeyMissingError,
    Signer,
    is_signed_by,
    make_key,
    new_private,
    signer,
    signer_from,
)
from finsync_tui.people.roles import ALLOWED, RoleMissingError, Roles, may, require
from finsync_tui.people.who import Who, who_is

__all__ = [
    "ALLOWED",
    "KeyMissingError",
    "RoleMissingError",
    "Roles",
    "Signer",
    "Who",
    "account",
    "acting",
    "is_signed_by",
    "known_now",
    "make_key",
    "may",
    "new_private",
    "require",
    "signer",
    "signer_from",
    "who_is",
]
