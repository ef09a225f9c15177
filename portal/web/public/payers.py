"""Come back from an app that was asked who reads the page: remember it, and go on to where the reader was."""

import logging

from flask import request
from werkzeug.wrappers import Response

from portal.payments import payers as telling
from portal.payments.providers.base import ProviderError
from portal.web import access, limits, payers, requests
from portal.web.public.blueprint import blueprint

logger = logging.getLogger(__name__)

comes_back = limits.limiter.limit("120 per minute", key_func=limits.by_address)
"""Each one has the provider asked; a reader comes back once, and many share one address of a phones' network."""


@blueprint.get("/pay/as/<provider>")
@access.public
@comes_back
def learn_payer(provider: str) -> Response:
    """Learn whom an app sent back with a code; whatever comes of it, the page they came from is shown."""
    page = requests.next_path(default="/")
    if not payers.is_expected():
        return requests.go_to(requests.with_query(page, payers.UNKNOWN))
    try:
        payers.remember(provider, telling.learn(provider, request.args.get("code", "")[:512]))
    except ProviderError as error:
        logger.warning("who pays inside %s was not told: %s", provider, error.reason_code)
        return requests.go_to(requests.with_query(page, payers.UNKNOWN))
    return requests.go_to(page)
