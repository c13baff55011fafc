"""What a simulated pod says about itself: `describe`, and the context root with its framework versions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from adapters.oracle_fusion.simulator_resource import Attribute, Resource

FRAMEWORKS: Final = tuple(str(number) for number in range(1, 10))
DEFAULT_FRAMEWORK: Final = "1"
_TYPES: Final = {
    "text": "string",
    "id": "integer",
    "number": "number",
    "whole": "integer",
    "flag": "boolean",
    "date": "string",
    "instant": "string",
}
_FORMATS: Final = {"id": "int64", "date": "date", "instant": "date-time"}


def describe(
    resources: Iterable[Resource], root: str, *, is_minimal: bool, has_children: bool
) -> dict[str, Any]:
    """Return the description of resources; the minimal one leaves attributes out."""
    return {
        "Resources": {
            one.name: _resource(one, f"{root}/{one.name}", is_minimal=is_minimal, has_children=has_children)
            for one in resources
        }
    }


def context_root(version: str, root: str) -> dict[str, Any]:
    """Return what a GET on the version root says."""
    return {
        "items": [
            {
                "version": version,
                "isLatest": True,
                "adf:extension": {
                    "defaultFrameworkVersion": DEFAULT_FRAMEWORK,
                    "allowedFrameworkVersions": list(FRAMEWORKS),
                },
                "links": [
                    {"rel": "self", "href": root, "name": "self", "kind": "item"},
                    {"rel": "describe", "href": f"{root}/describe", "name": "describe", "kind": "describe"},
                ],
            }
        ]
    }


def _resource(resource: Resource, href: str, *, is_minimal: bool, has_children: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "title": resource.title,
        "links": [{"rel": "self", "href": href, "name": "self", "kind": "collection"}],
    }
    if not is_minimal:
        found["attributes"] = [_attribute(one) for one in resource.attributes.values()]
        found["collection"] = {"finders": _finders(resource), "actions": _collection_actions(resource)}
        found["item"] = {"actions": [{"name": one, "method": "POST"} for one in resource.actions]}
    if has_children and resource.children:
        found["children"] = {
            name: _resource(
                one, f"{href}/{{id}}/child/{name}", is_minimal=is_minimal, has_children=has_children
            )
            for name, one in resource.children.items()
        }
    return found


def _attribute(attribute: Attribute) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": attribute.name,
        "type": _TYPES[attribute.kind],
        "mandatory": attribute.is_required,
        "updatable": attribute.is_updatable,
        "queryable": attribute.is_queryable,
        "allowChanges": "always" if attribute.is_updatable else "never",
    }
    if attribute.kind in _FORMATS:
        found["format"] = _FORMATS[attribute.kind]
    if attribute.length:
        found["maxLength"] = attribute.length
    return found


def _finders(resource: Resource) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": "PrimaryKey", "attributes": [{"name": resource.key, "required": "True"}]}
    ]
    for name, variables in resource.finders.items():
        found.append({"name": name, "attributes": [{"name": one, "required": "True"} for one in variables]})
    return found


def _collection_actions(resource: Resource) -> list[dict[str, str]]:
    actions = [{"name": "get", "method": "GET"}] if resource.has_list else []
    if "create" in resource.operations:
        actions.append({"name": "create", "method": "POST"})
    return actions + [{"name": one, "method": "POST"} for one in resource.collection_actions]
