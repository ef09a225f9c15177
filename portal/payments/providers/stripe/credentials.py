"""What an operator enters to be paid through Stripe; light, so that settings pages need not load its library."""

from dataclasses import dataclass, field

API = "https://api.stripe.com"


@dataclass(frozen=True, slots=True)
class StripeCredentials:
    """An account's keys. `api_base` leads to a stand-in where it is not Stripe itself."""

    secret_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    api_base: str = API


def of_sandbox(sandbox_url: str) -> StripeCredentials:
    """Give the credentials of the stand-in; they are public and open nothing real."""
    return StripeCredentials("sk_test_sandbox", "whsec_sandbox", f"{sandbox_url.rstrip('/')}/stripe")
