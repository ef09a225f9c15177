"""What an operator enters to be paid through PayPal."""

from dataclasses import dataclass, field

API = "https://api-m.paypal.com"


@dataclass(frozen=True, slots=True)
class PayPalCredentials:
    """An app's keys, and the id of the webhook that it is told by. `api_base` may lead to a stand-in."""

    client_id: str
    client_secret: str = field(repr=False)
    webhook_id: str
    api_base: str = API


def of_sandbox(sandbox_url: str) -> PayPalCredentials:
    """Give the credentials of the portal's stand-in; they are public and open nothing real."""
    return PayPalCredentials("sandbox-client", "sandbox-secret", "WH-SANDBOX", f"{sandbox_url.rstrip('/')}/paypal")
