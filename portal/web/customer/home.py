"""A customer's first page: the card that runs out next, the others, and the receipts."""

from flask import render_template

from portal.web import access
from portal.web.customer import own
from portal.web.customer.blueprint import blueprint


@blueprint.get("/")
@access.customer_only
def home() -> str:
    """Show the visitor's cards and receipts, of all their agents."""
    faces = own.card_faces()
    return render_template(
        "customer/home/show.html",
        face=faces[0] if faces else None,
        others=faces[1:],
        receipts=own.receipt_lines(),
        agent_name=own.agent_name,
        phone_words=own.phone_words,
        zone=own.zone_words(),
    )
