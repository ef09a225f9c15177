"""Reach the stand-in carriers of `flask sandbox`."""

from datetime import timedelta

from portal.carriers.sandbox.connector import SandboxCarrier
from portal.core.http import Endpoint
from portal.core.settings import Settings

API_KEYS = {"sandbox-east": "east-public-demo-key", "sandbox-west": "west-public-demo-key"}
"""The stand-ins' keys are public: they open nothing real."""


def connect(settings: Settings) -> list[SandboxCarrier]:
    """Give the stand-in carriers, unless the settings leave them out, as production must."""
    if not settings.sandbox_carriers:
        return []
    return [
        SandboxCarrier(
            name=name,
            endpoint=Endpoint(
                base_url=f"{settings.sandbox_url.rstrip('/')}/carriers/{name}/",
                headers={"X-Api-Key": key},
                connect_seconds=settings.carrier_connect_seconds,
            ),
            submit_seconds=settings.carrier_submit_seconds,
            settles_within=timedelta(seconds=settings.sandbox_settles_seconds),
        )
        for name, key in API_KEYS.items()
    ]
