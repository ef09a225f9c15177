"""Tell providers where to tell us of what happens; Alipay and WeChat Pay are told with every payment."""

import logging
from typing import Protocol, runtime_checkable

from portal.core import settings
from portal.payments import registry
from portal.payments.providers.base import Provider, ProviderError

logger = logging.getLogger(__name__)

KEPT_AS = {"stripe": "webhook_secret", "paypal": "webhook_id"}
"""What a provider gives for the address, by the field of the credentials that keeps it."""


@runtime_checkable
class Announced(Protocol):
    """A provider that is told the address once, apart from payments."""

    def ensure_webhook(self, url: str) -> str | None:
        """Have it tell `url`; gives what to keep, None where it did already."""


def ensure(provider: Provider) -> dict[str, str]:
    """Have a provider tell this portal; gives what changes in its credentials. Calls out: no transaction around it.

    Raises:
        ProviderError: it could not be told.
    """
    if not isinstance(provider, Announced):
        return {}
    kept = provider.ensure_webhook(registry.notify_url(provider.name))
    return {KEPT_AS[provider.name]: kept} if kept else {}


def before_the_first(provider: Provider) -> None:
    """Tell the sandbox, which forgets when it is restarted; a real provider is told when its connection is tested."""
    if provider is not registry.of_sandbox(provider.name, settings.current().sandbox_url):
        return
    try:
        ensure(provider)
    except ProviderError as error:
        # Without it the clock asks, some seconds later; the payment need not wait for that.
        logger.warning("the sandbox was not told where to send webhooks: %s", error)
