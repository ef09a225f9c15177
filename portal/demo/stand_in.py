"""The stand-in carriers in this process: the same connector, desks and books as `flask sandbox`, without the network.

The story of the demo is told at past instants; a separate process would answer by today's clock.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from flask.testing import FlaskClient

from portal.carriers.registry import REGISTRY
from portal.carriers.sandbox import API_KEYS
from portal.carriers.sandbox.connector import SandboxCarrier
from portal.core.http import Answer, Endpoint
from portal.core.ids import new_id
from portal.sandbox import application
from portal.sandbox.faults import Kind


@dataclass(frozen=True, slots=True)
class InProcess(Endpoint):
    """Calls the stand-ins' application directly."""

    client: FlaskClient = field(kw_only=True)

    def call(
        self,
        method: str,
        path: str,
        *,
        read_seconds: float,  # noqa: ARG002 - nothing is waited for
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one call; nothing can break on the way."""
        request_id = str(new_id())
        sent = self.headers | {"X-Request-Id": request_id} | dict(headers or {})
        response = self.client.open(
            f"{self.base_url}{path}", method=method, json=json, data=form or content, headers=sent
        )
        return Answer(response.status_code, httpx.Headers(list(response.headers)), response.data, request_id)


class StandIns:
    """Both stand-in carriers, and the back door through which the story sets cards and faults."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        # Not as a demonstration: answers come at once, and only the story uses data up.
        self._client = application.create_app(home, demo=False).test_client()

    @contextmanager
    def in_charge(self) -> Iterator[None]:
        """Stand in the registry in place of the carriers that the settings name."""
        named = dict(REGISTRY)
        REGISTRY.update({name: self._carrier(name, key) for name, key in API_KEYS.items()})
        try:
            yield
        finally:
            REGISTRY.clear()
            REGISTRY.update(named)

    def set_card(
        self,
        carrier: str,
        iccid: str,
        *,
        plan_code: str,
        data_total_mb: int | None,
        data_left_mb: int | None,
        valid_until: datetime,
    ) -> None:
        """Put a card into the carrier's books as it shall be now."""
        state = {
            "plan_code": plan_code,
            "data_total_mb": data_total_mb,
            "data_left_mb": data_left_mb,
            "valid_until": valid_until.isoformat(),
        }
        self._done(self._client.put(f"/control/cards/{carrier}/{iccid}", json=state))

    def use_data(self, carrier: str, iccid: str, *, left_mb: int | None, total_mb: int | None) -> None:
        """Let a card have so much left of so much."""
        left = {"data_left_mb": left_mb, "data_total_mb": total_mb}
        self._done(self._client.put(f"/control/cards/{carrier}/{iccid}", json=left))

    def spoil_next(self, iccid: str, kind: Kind, *, reason: str = "carrier_maintenance") -> None:
        """Let the card's next renewal go wrong, once."""
        fault = {"kind": kind, "call": "submit", "iccid": iccid, "times": 1, "reason": reason}
        self._done(self._client.post("/control/faults", json=fault))

    def forget_faults(self) -> None:
        """Take back the faults that were played, so that the control page begins empty."""
        self._done(self._client.post("/control/faults/clear", json={}))

    def _carrier(self, name: str, key: str) -> SandboxCarrier:
        endpoint = InProcess(f"/carriers/{name}/", {"X-Api-Key": key}, client=self._client)
        return SandboxCarrier(name=name, endpoint=endpoint, submit_seconds=60, settles_within=timedelta(seconds=30))

    @staticmethod
    def _done(response: Any) -> None:
        if response.status_code >= 400:
            raise RuntimeError(response.get_data(as_text=True))
