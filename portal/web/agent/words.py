"""The words of an agent's pages: what was refused and why, what a carrier said, what moved money."""

from flask_babel import lazy_gettext as _l

from portal.web import sentences
from portal.web.sentences import Words

CARRIER_REFUSALS: dict[str, Words] = {
    "card_not_found": _l("The carrier does not know this card. Check the ICCID and the carrier."),
    "card_suspended": _l("The carrier has suspended this card. The customer should ask the carrier."),
    "card_expired_too_long": _l("The card expired too long ago to be renewed. The customer needs a new card."),
    "plan_not_compatible": _l("This plan does not work on this card. Choose another plan."),
    "plan_not_found": _l("The carrier does not sell this plan any more. Choose another plan."),
    "carrier_maintenance": _l("The carrier is working on its systems. Try again later."),
    "submission_expired": _l("The order reached the carrier too late. Renew again."),
    "not_reached": _l("The carrier could not be reached for a day. Renew again later."),
}
"""Refusal codes of carriers -> what they mean and what to do."""

OTHER_REFUSAL = _l("The carrier gave a reason that we do not know. Ask the operator.")


def carrier_refusal(code: str | None) -> str:
    """Say in the reader's language why a carrier refused a renewal."""
    return str(CARRIER_REFUSALS.get(code or "", OTHER_REFUSAL))


sentences.extend(
    sentences={
        "quote_changed": _l("The price has changed since it was shown, or was shown too long ago. Nothing was paid."),
        "not_covered": _l("The wallet does not cover this renewal. Nothing was paid."),
        "card_not_renewable": _l("This card is not active, so it cannot be renewed. Nothing was paid."),
        "plan_not_for_card": _l("Please choose one of the plans that fit this card. Nothing was paid."),
        "key_reused": _l("This page was used for another renewal already. Look at the sum again; nothing was paid."),
        "no_terms": _l("The operator has set no commission terms for %(currency)s yet. Nothing was paid."),
        "receipt_not_ready": _l("The receipt is still being made. Try again in a few seconds."),
        "receipt_file_differs": _l("The file of this receipt was damaged. Ask the operator to make it again."),
        "customers_differ": _l(
            "The e-mail address belongs to %(email_name)s and the phone number to %(phone_name)s. Leave one of them out."
        ),
        "contact_taken": _l("Your customer %(name)s has this already."),
        "customer_without_email": _l("No e-mail address of this customer is known. Add one first."),
        "link_just_sent": _l("A link was mailed less than a minute ago. Ask the customer to look for it."),
    },
    reasons={
        "key_missing": _l("The form was not complete. Look at the sum, then press the button again."),
    },
)
