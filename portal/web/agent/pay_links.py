"""The link at which a customer pays for a renewal: mail it, or call the renewal off."""

from flask import flash
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.core.db import in_transaction
from portal.core.errors import NotFound
from portal.renewals import cancelling, links, mailing
from portal.renewals.models import Renewal
from portal.web import access, acts, limits, requests
from portal.web.agent import own
from portal.web.agent.blueprint import blueprint


@blueprint.post("/renewals/<renewal_id>/mail-link")
@access.seller_only
@limits.orders
def mail_pay_link(renewal_id: str) -> Response:
    """Mail the customer where to pay."""
    found = _waiting(renewal_id)
    email = in_transaction(lambda: mailing.send_link(found.id, actor=current_user.actor))
    flash(_("The link is on its way to %(email)s.", email=email), "success")
    return requests.go_to(f"/agent/renewals/{found.id}")


@blueprint.post("/renewals/<renewal_id>/cancel")
@access.agent("counter.renewals")
def cancel_renewal(renewal_id: str) -> Response:
    """Call off a renewal that nobody has paid yet."""
    found = _waiting(renewal_id)
    told = _("The renewal is cancelled; its link no longer takes money.")
    return acts.do(
        lambda: cancelling.cancel(found.id, actor=current_user.actor), told=told, back=f"/agent/renewals/{found.id}"
    )


def _waiting(renewal_id: str) -> Renewal:
    found = own.renewal(renewal_id)
    if links.of_renewal(found.id) is None:
        raise NotFound
    return found
