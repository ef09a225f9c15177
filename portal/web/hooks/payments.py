"""Take the webhooks of payment providers in: what is genuine is kept and answered at once, and looked into later."""

from flask import Response, request

from portal.payments import noticing
from portal.payments.providers.base import Forged, Retry
from portal.web import access, limits
from portal.web.hooks.blueprint import blueprint

LONGEST = 512 * 1024
"""Bytes; Stripe's largest events are below 256 KB."""

ASK_AGAIN_AFTER = "30"


@blueprint.post("/<provider>")
@access.unattended
@limits.hooks
def notice(provider: str) -> Response:
    """Keep a webhook whose signature is good; 400 for a forged one, 503 where that cannot be told now."""
    if (request.content_length or 0) > LONGEST:
        return Response(status=413)
    try:
        status, content_type, body = noticing.receive(
            provider, headers=dict(request.headers.items()), body=request.get_data(cache=False)
        )
    except Forged:
        return Response(status=400)
    except Retry:
        return Response(status=503, headers={"Retry-After": ASK_AGAIN_AFTER})
    return Response(body, status=status, content_type=content_type)
