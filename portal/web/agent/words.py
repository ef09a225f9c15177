"""The words of an agent's pages: what was refused and why, what a carrier said, what moved money."""

from flask_babel import lazy_gettext as _l

from portal.cards.errors import NeedsConfirmation
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
        "card_registered_already": _l("You have registered this card already."),
        "card_held_elsewhere": _l("This card is registered elsewhere, so you cannot register it. Ask the operator."),
        "card_removed": _l("This card was removed. Register it again to use it."),
        "quote_changed": _l("The price has changed since it was shown, or was shown too long ago. Nothing was paid."),
        "not_covered": _l("The wallet does not cover this renewal. Nothing was paid."),
        "card_not_renewable": _l("This card is not active, so it cannot be renewed. Nothing was paid."),
        "plan_not_for_card": _l("Please choose one of the plans that fit this card. Nothing was paid."),
        "key_reused": _l("This page was used for another renewal already. Look at the sum again; nothing was paid."),
        "no_terms": _l("The operator has set no commission terms for %(currency)s yet. Nothing was paid."),
        "receipt_not_ready": _l("The receipt is still being made. Try again in a few seconds."),
        "receipt_file_differs": _l("The file of this receipt was damaged. Ask the operator to make it again."),
        "customers_differ": _l(
            "The e-mail address belongs to %(email_name)s and the phone number to %(phone_name)s. Leave one out."
        ),
        "contact_taken": _l("Your customer %(name)s has this already."),
        "customer_without_email": _l("No e-mail address of this customer is known. Add one first."),
        "link_just_sent": _l("A link was mailed less than a minute ago. Ask the customer to look for it."),
    },
    reasons={
        "top_up_too_large": _l("At most %(most)s at once, please. Transfer a larger sum by bank."),
        "key_missing": _l("The form was not complete. Look at the sum, then press the button again."),
        "iccid_missing": _l("Please enter the ICCID; it is printed on the card and stands in the phone's settings."),
        "iccid_full_width": _l("Please type the ICCID with ordinary digits (half width)."),
        "iccid_letters": _l("An ICCID has digits only. Look for an O that should be a 0."),
        "iccid_short": _l("This ICCID has only %(digits)s digits; it needs 18 to 20."),
        "iccid_long": _l("This ICCID has %(digits)s digits; it needs 18 to 20."),
        "eid_letters": _l("An EID has digits only."),
        "eid_length": _l("This EID has %(digits)s digits; it needs 32."),
        "eid_check_digits": _l("The last two digits of this EID do not fit the others. Compare it with the phone."),
        "activation_code_malformed": _l("An activation code looks like LPA:1$address$code. Copy it whole."),
        "activation_code_address": _l("The address in this activation code is not complete. Copy it whole."),
        "activation_code_matching_id": _l("This activation code has signs that none has. Copy it again."),
        "msisdn_invalid": _l("Please enter a phone number with its country code, such as +81 90 1234 5678."),
        "phone_invalid": _l("Please enter a phone number such as 138 0013 8001 or +81 90 1234 5678."),
        "carrier_unknown": _l("Please choose one of the carriers."),
        "customer_name_missing": _l("Please enter the customer's name."),
        "contact_missing": _l("Please enter an e-mail address or a phone number."),
        "locale_unknown": _l("Please choose one of the languages."),
        "name_control_characters": _l("This contains signs that cannot be seen. Please type it again."),
        "name_mixed_scripts": _l("The word %(word)s mixes letters of different scripts. Please type it again."),
    },
)

QUESTIONS: dict[str, Words] = {
    "iccid_luhn": _l("The last digit of this ICCID does not fit the others. Compare it with the card."),
    "iccid_prefix": _l("This ICCID does not begin with 89, as nearly all do. Compare it with the card."),
    "customer_other_name": _l("Your customer with this e-mail address or phone number is called %(known_name)s."),
}
"""What is odd about a registration -> what to look at before it is confirmed."""


def questions(asked: NeedsConfirmation) -> dict[str, str]:
    """Word everything that has to be confirmed, by its code."""
    return {warning: str(QUESTIONS[warning]) % asked.parts for warning in asked.parts["warnings"]}


MOVEMENTS: dict[str, Words] = {
    "top_up": _l("Top-up"),
    "hold": _l("Renewal"),
    "return": _l("Refused, money returned"),
    "refund": _l("Refund"),
    "commission": _l("Commission moved to the wallet"),
    "payout": _l("Payout by bank"),
    "dispute": _l("Held while the payer disputes it"),
    "dispute_end": _l("Dispute decided"),
    "bounce_end": _l("Refund that the customer's bank sent back"),
    "mend": _l("Correction by the operator"),
}
"""Kind of an entry in the books -> what an agent calls it."""

OTHER_MOVEMENT = _l("Correction by the operator")


def movement(kind: str) -> str:
    """Say what moved money in or out of a wallet."""
    return str(MOVEMENTS.get(kind, OTHER_MOVEMENT))
