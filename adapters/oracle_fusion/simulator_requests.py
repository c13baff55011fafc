"""One request as the simulated framework sees it, before any row is touched: address, parameters, headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from adapters.oracle_fusion.simulator_describe import DEFAULT_FRAMEWORK, FRAMEWORKS
from adapters.oracle_fusion.simulator_messages import RefusedError, problem, refused
from adapters.oracle_fusion.simulator_render import EVERYTHING, Place, Shape, expand_branch, fields_branch
from adapters.oracle_fusion.simulator_resource import Resource
from adapters.oracle_fusion.simulator_settings import SimulatorSettings

BASES: Final = ("fscmRestApi", "hcmRestApi")
VERSION: Final = "11.13.18.05"
VERSIONS: Final = (VERSION, "latest")

ERROR_TYPE: Final = "application/vnd.oracle.adf.error+json"
ACTION_TYPE: Final = "application/vnd.oracle.adf.action+json"
BATCH_TYPE: Final = "application/vnd.oracle.adf.batch+json"
BODY_TYPES: Final = frozenset({"application/json", "application/vnd.oracle.adf.resourceitem+json"})
ANSWER_TYPES: Final = frozenset(
    {
        "*/*",
        "application/*",
        "application/json",
        "application/vnd.oracle.adf.resourceitem+json",
        "application/vnd.oracle.adf.resourcecollection+json",
        "application/vnd.oracle.adf.actionresult+json",
        "application/vnd.oracle.adf.description+json",
    }
)
ITEM_PARAMETERS: Final = frozenset({"fields", "expand", "onlyData", "links", "dependency", "effectiveDate"})
LIST_PARAMETERS: Final = ITEM_PARAMETERS | {"limit", "offset", "q", "finder", "orderBy", "totalResults"}


class NotFoundError(Exception):
    """There is nothing at this address."""


class MethodError(Exception):
    """The resource is there, the verb is not for it."""

    def __init__(self, allowed: str) -> None:
        super().__init__(allowed)
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read."""

    method: str
    segments: tuple[str, ...]
    """Behind the version."""
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    root: str
    base: str = BASES[0]

    @property
    def framework(self) -> int:
        return int(self.headers.get("rest-framework-version", DEFAULT_FRAMEWORK))

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def wants_structured_errors(self) -> bool:
        return self.framework >= 4 or ERROR_TYPE in self.headers.get("accept", "")

    def is_set(self, name: str) -> bool:
        value = self.params.get(name, "false").lower()
        if value not in ("true", "false"):
            raise refused("BAD_PARAMETER", value=value, parameter=name)
        return value == "true"

    def number(self, name: str, default: int, least: int) -> int:
        text = self.params.get(name, str(default))
        if not (text.isascii() and text.isdigit()) or int(text) < least:
            raise refused("BAD_PARAMETER", value=text, parameter=name)
        return int(text)

    def shape(self, resource: Resource) -> Shape:
        """Return how rows of `resource` are to be shown. `fields` wins over `expand`."""
        fields, expand = self.params.get("fields"), self.params.get("expand")
        branch = EVERYTHING
        if fields:
            branch = fields_branch(fields, resource)
        elif expand:
            branch = expand_branch(expand, resource)
        links = self.params.get("links")
        relations = frozenset(one.strip() for one in links.split(",")) if links else None
        return Shape(self.framework, branch, not self.is_set("onlyData"), relations)

    def check_parameters(self, known: frozenset[str]) -> None:
        for name, value in self.params.items():
            if name not in known:
                raise refused("BAD_PARAMETER", value=value, parameter=name)

    def check_framework(self) -> None:
        value = self.headers.get("rest-framework-version", DEFAULT_FRAMEWORK)
        if value not in FRAMEWORKS:
            found = problem("BAD_PARAMETER", value=value, parameter="REST-Framework-Version")
            raise RefusedError(400, [found])

    def accepts_answer(self) -> bool:
        accepted = self.headers.get("accept") or "*/*"
        return any(one.partition(";")[0].strip().lower() in ANSWER_TYPES for one in accepted.split(","))

    def place(self, segments: tuple[str, ...]) -> Place:
        """Return the place of the collection at these segments."""
        parent = "/".join(segments[:-2]) if len(segments) > 2 else None
        return Place(self.root, "/".join(segments), parent)


def segments_of(path: str) -> tuple[str, str, tuple[str, ...]] | None:
    """Return base, version and segments of a path below a REST root; None for any other.

    >>> segments_of("/fscmRestApi/resources/11.13.18.05/suppliers/1/child/sites")
    ('fscmRestApi', '11.13.18.05', ('suppliers', '1', 'child', 'sites'))
    """
    parts = [unquote(one) for one in path.split("/") if one]
    if len(parts) < 3 or parts[0] not in BASES or parts[1] != "resources":
        return None
    return parts[0], parts[2], tuple(parts[3:])


def origin(settings: SimulatorSettings, scheme: str, host: str) -> str:
    """Return scheme, host and port for links: pods always write the port.

    >>> origin(SimulatorSettings(), "https", "pod.example")
    'https://pod.example:443'
    """
    if settings.origin is not None:
        return settings.origin
    has_port = ":" in host.rpartition("]")[2]
    return f"{scheme}://{host}" if has_port else f"{scheme}://{host}:{443 if scheme == 'https' else 80}"
