"""The operator's words for what payment providers and carriers answer; any other word of theirs is shown as it is."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l

from portal.web.admin import refund_words
from portal.web.sentences import Words

DECLINES: Mapping[str, Words] = {
    "authentication_required": _l("the bank wants the card's owner to confirm"),
    "canceled": _l("called off"),
    "card_declined": _l("the card was declined"),
    "card_not_supported": _l("the card cannot be used for this"),
    "charge_for_pending_refund_disputed": _l("the payer disputes the payment"),
    "declined": _l("the bank declined it"),
    "do_not_honor": _l("the bank declined it, without a reason"),
    "expired_card": _l("the card has expired"),
    "expired_or_canceled_card": _l("the card has expired or was cancelled"),
    "fraudulent": _l("held for fraud"),
    "generic_decline": _l("the bank declined it, without a reason"),
    "incorrect_cvc": _l("the card's security code was wrong"),
    "incorrect_number": _l("the card's number was wrong"),
    "instrument_declined": _l("the way to pay was declined"),
    "insufficient_balance": _l("our balance at the provider is too low"),
    "insufficient_funds": _l("not enough money on the account"),
    "lost_card": _l("the card is reported lost"),
    "lost_or_stolen_card": _l("the card is reported lost or stolen"),
    "payer_action_required": _l("the payer has to confirm"),
    "processing_error": _l("a fault at the provider"),
    "stolen_card": _l("the card is reported stolen"),
    "try_again_later": _l("the bank could not be asked"),
    "unknown": _l("no reason given"),
}
"""Why a payment was declined or a refund failed, as Stripe and PayPal call it."""

OUTCOMES: Mapping[str, Words] = {
    **DECLINES,
    "begun": _l("begun"),
    "pending": _l("not finished yet"),
    "settled": _l("paid"),
    "expired": _l("expired"),
    "succeeded": _l("given back"),
    "failed": _l("failed"),
}
"""What came of a call about a payment -> its words."""

CARRIER_REASONS: Mapping[str, Words] = {
    "card_expired_too_long": _l("the card expired too long ago"),
    "card_not_found": _l("the carrier does not know the card"),
    "card_suspended": _l("the carrier has suspended the card"),
    "carrier_maintenance": _l("the carrier is working on its systems"),
    "not_reached": _l("the carrier could not be reached for a day"),
    "plan_not_compatible": _l("the plan does not work on the card"),
    "plan_not_found": _l("the carrier does not sell the plan any more"),
    "plan_used": _l("too much of the plan is used"),
    "renewed_since": _l("the card was renewed again since"),
    "submission_expired": _l("the order reached the carrier too late"),
}
"""Why a carrier refused a renewal or did not take one back."""

GIVEN_BACK_FOR: Mapping[str, Words] = {
    **CARRIER_REASONS,
    **refund_words.REASONS,
    "more than was asked": _l("more was paid than was asked"),
    "not what was asked, or too late": _l("not what was asked, or too late"),
}
"""Why money goes back through a provider."""

TABLES: Mapping[str, Mapping[str, Words]] = {
    "decline": DECLINES,
    "call_outcome": OUTCOMES,
    "carrier_reason": CARRIER_REASONS,
    "given_back_for": GIVEN_BACK_FOR,
}
