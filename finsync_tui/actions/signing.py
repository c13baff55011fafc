"""Whose key signs: asked for only where a change takes two, and only of people who may make it."""

from __future__ import annotations

from finsync_tui import people
from finsync_tui.actor import Actor
from finsync_tui.credentials import Secrets
from finsync_tui.people import Signer
from finsync_tui.profile import Profile
from finsync_tui.settings import Workspace
from store.proposals import Rule


def signer_of(workspace: Workspace, profile: Profile, actor: Actor, what: str) -> Signer | None:
    """Return the person's key; None: the profile asks for no second person. Raises RoleMissingError or KeyMissingError."""
    people.require(actor.name, actor.roles, what)  # before a key is asked for that they need not have
    if profile.mapping_rule == "one":
        return None
    return key_of(workspace, actor)


def key_of(workspace: Workspace, actor: Actor) -> Signer:
    """Return the person's key. Raises KeyMissingError."""
    if actor.web_login:  # never a key of that name in the keyring of whoever hosts the server
        return _held(actor)
    return people.signer(Secrets(workspace.name, workspace.path, workspace.secrets_dir), actor.name)


def write_off_signer(workspace: Workspace, profile: Profile, actor: Actor) -> Signer | None:
    """Return the person's key for what may take two persons; None: it never does, or they have none.

    Below the profile's limit nobody signs: whoever has no key is told so only where one is needed. A rule of `write_off_limit`
    may ask for two where the setting does not.
    """
    return signer_for(workspace, actor, "two" if profile.people else profile.write_off_rule)


def signer_for(workspace: Workspace, actor: Actor, rule: Rule) -> Signer | None:
    """Return the person's key for what takes so many persons; None: nobody signs, or they have no key and are told where
    one is needed."""
    if rule == "one":
        return None
    try:
        return key_of(workspace, actor)
    except people.KeyMissingError:
        return None


def _held(actor: Actor) -> Signer:
    if actor.held is None:
        raise people.KeyMissingError(
            actor.name, "this sign-in has opened no key", "Sign out, and sign in again with your passphrase."
        )
    return actor.held
