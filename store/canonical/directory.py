"""DirectoryUser and DirectoryGroup: who can sign in, and what they belong to. A second witness beside HR, never the master."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from store.canonical.record import CanonicalModel, CanonicalRecord


class DirectoryUser(CanonicalRecord):
    """An account of a person, or of a machine, in the directory. `number` is its id there."""

    entity: ClassVar[str] = "directory_user"
    contract: ClassVar[str] = "directory_user/1.2"
    owner: ClassVar[str] = "identity"

    name: str = Field(description="As the directory shows it")
    email: str | None = Field(
        default=None, description="The primary address, else the first one of the kind work"
    )
    employee_number: str | None = Field(
        default=None, description="Joins the account with HR; None: the directory does not say"
    )
    is_active: bool = Field(default=True, description="Whether the account can sign in")
    kind: str | None = Field(
        default=None, description="Employee, Contractor, Service ... in the directory's words"
    )
    title: str | None = Field(default=None, description="Job title")
    department: str | None = Field(default=None, description="Department in the directory's words")
    cost_centre: str | None = Field(default=None, description="Cost centre code in the directory's words")
    manager_id: str | None = Field(default=None, description="Id of the manager's account in the directory")
    roles: tuple[str, ...] = Field(
        default=(), description="Roles that the directory gives the account itself"
    )
    entitlements: tuple[str, ...] = Field(
        default=(), description="Entitlements that the directory gives the account itself"
    )

    login: str | None = Field(default=None, description="What they sign in with")

    def identifiers(self) -> tuple[tuple[str, str], ...]:
        """By what an employee of another system is found: number, then e-mail, then login."""
        found = [("login", self.login.casefold())] if self.login else []
        if self.employee_number:
            found.append(("employee_number", self.employee_number))
        if self.email:
            found.append(("email", self.email.casefold()))
        return tuple(found)


class GroupMember(CanonicalModel):
    """One member of a group, directly in it."""

    id: str = Field(description="Id of the account or group in the directory")
    kind: Literal["user", "group"] = Field(description="A group's members belong to the group above it, too")


class DirectoryGroup(CanonicalRecord):
    """A group of accounts and of other groups. `number` is its name."""

    entity: ClassVar[str] = "directory_group"
    contract: ClassVar[str] = "directory_group/1.1"
    owner: ClassVar[str] = "identity"

    members: tuple[GroupMember, ...] = Field(
        default=(), description="In order of kind and id, as the order of the directory means nothing"
    )
