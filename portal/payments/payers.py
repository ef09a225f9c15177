"""Learn who reads a page of ours inside a provider's own app: what is paid there has to name its payer."""

from typing import Protocol, runtime_checkable

from portal.core.db import in_transaction
from portal.payments import registry
from portal.payments.errors import UnknownProvider


@runtime_checkable
class TellsPayers(Protocol):
    """A provider whose app tells us who reads a page that it shows."""

    def sign_in_page(self, *, return_url: str, state: str) -> str:
        """Give the app's page that leads back to `return_url` with a `code` and the `state`."""

    def payer_id(self, code: str) -> str:
        """Ask whose a code is."""


def sign_in_page(provider: str, *, return_url: str, state: str) -> str:
    """Give the page of a provider's app that knows its reader, and leads back with a `code` and the `state`.

    Args:
        provider: Its name in the books.
        return_url: An absolute address of ours, on the domain that the provider knows.
        state: Comes back as it is: at most 128 letters and digits.

    Raises:
        UnknownProvider: it is none of ours, or has no such app.
    """
    return _telling(provider).sign_in_page(return_url=return_url, state=state)


def learn(provider: str, code: str) -> str:
    """Ask a provider what it calls the payer that its app sent back with a code; no transaction around it.

    Raises:
        Declined: the code is none, was used or is too old, or the credentials are wrong.
        Retry: it could not be asked.
        UnknownProvider: it is none of ours, or has no such app.
    """
    known = in_transaction(lambda: _telling(provider))
    return known.payer_id(code)


def _telling(provider: str) -> TellsPayers:
    known = registry.get(provider)
    if not isinstance(known, TellsPayers):
        raise UnknownProvider(provider=provider)
    return known
