"""Oracle behind a gateway: links are followed below the configured address, whatever host and path they name."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import httpx
import pytest

from adapters.base import WriteRequest
from adapters.errors import ProtocolError
from adapters.oracle_fusion.links import Links
from store.canonical.budget import CommitmentDistribution
from store.canonical.money import Money
from tests.adapters.setup_oracle import ACCOUNT, OracleWorld
from tests.builders import a_commitment_line, a_cost_centre

T = TypeVar("T")
ROOT, HCM = "/fscmRestApi/resources/11.13.18.05", "/hcmRestApi/resources/11.13.18.05"


class Gateway(httpx.AsyncBaseTransport):
    """The only host there is: it serves the pod below a path of its own, and leaves its answers as they are."""

    def __init__(self, pod: httpx.AsyncBaseTransport, path: str) -> None:
        self._pod, self._path = pod, path

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.startswith("/oauth2/"):
            assert "gw.test" == request.url.host, request.url
            assert request.url.path.startswith(f"{self._path}/fscmRestApi/"), request.url
        raw = request.url.raw_path.decode().removeprefix(self._path)
        request.url = request.url.copy_with(host="pod.test", port=None, raw_path=raw.encode())
        return await self._pod.handle_async_request(request)


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@pytest.mark.parametrize("origin", [None, "https://pod.internal:443", "http://10.0.0.7/inner"])
@pytest.mark.parametrize("path", ["", "/oracle"])
def test_every_link_is_followed_at_the_configured_address(path: str, origin: str | None) -> None:
    """Submit, change, cut children, cancel, discard and values work through a gateway, and nobody else is ever asked."""
    world = OracleWorld(
        settings={"origin": origin, "expanded_rows_max": 1},
        base_url=f"https://gw.test{path}",
        before=lambda pod: Gateway(pod, path),
    )
    shares = Money.of("10.00", "EUR").split([1, 1])
    split = tuple(
        CommitmentDistribution(number=str(i), charge_account=ACCOUNT, amount=share)
        for i, share in enumerate(shares, 1)
    )
    lines = (a_commitment_line("10.00", distributions=split), a_commitment_line("5.00", number="2"))
    first, second = world.commitment(lines=lines), world.commitment()
    order, draft = (run(world.adapter.write(world.create(one))).external_id or "" for one in (first, second))

    less = world.commitment(marker=first.marker, lines=lines[:1])
    run(world.adapter.write(world.change(order, less)))
    run(world.adapter.write(world.action("order.submit", order, first.marker)))
    run(world.adapter.write(world.action("order.discard", draft, second.marker)))
    body = {"cost_centre": a_cost_centre(number="999", chart="DE CostCenter").model_dump(mode="json")}
    run(world.adapter.write(WriteRequest("value.create", "v", None, body)))
    closed = {
        "cost_centre": a_cost_centre(number="999", chart="DE CostCenter", is_active=False).model_dump(
            mode="json"
        )
    }
    run(world.adapter.write(WriteRequest("value.change", "w", "999", closed)))

    assert {"PENDING APPROVAL"} == {str(one["status"]).upper() for one in world.simulator.orders()}


@pytest.mark.parametrize(
    ("link", "path"),
    [
        (f"https://pod:443{ROOT}/suppliers/1", f"{ROOT}/suppliers/1"),
        (f"https://pod/a/b{ROOT}/suppliers/1?x=1", f"{ROOT}/suppliers/1?x=1"),
        (f"https://pod{HCM}/publicWorkers/1", f"{HCM}/publicWorkers/1"),
        ("https://pod/fscmRestApi/resources/latest/suppliers/00%2F1", f"{ROOT}/suppliers/00%2F1"),
    ],
)
def test_only_what_stands_below_the_rest_root_is_taken_from_a_link(link: str, path: str) -> None:
    """Host, port, a gateway's path and another name of the version are left out; keys stay as they are."""
    assert path == Links("erp", ROOT, HCM).path(link)


def test_a_gateway_may_have_its_own_path_for_the_api() -> None:
    """Links name the pod's path or the gateway's: both lead to the configured one."""
    links = Links("erp", "/erp/v1", HCM)

    assert "/erp/v1/suppliers/1" == links.path(f"https://pod{ROOT}/suppliers/1")
    assert "/erp/v1/suppliers/1" == links.path("https://gw/erp/v1/suppliers/1")


@pytest.mark.parametrize(
    "link",
    ["https://evil.test/", "https://evil.test/api/suppliers/1", f"https://pod{ROOT}/../../x", f"https://pod{ROOT}/%2e%2e/x", "://"],
)  # fmt: skip
def test_a_link_to_somewhere_else_is_not_followed(link: str) -> None:
    """What is no address of this API is refused with what to look at, and nothing is sent."""
    with pytest.raises(ProtocolError, match=r"was not followed\. Check that nothing between us"):
        Links("erp", ROOT, HCM).path(link)
