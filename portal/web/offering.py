"""The code field of a renewal, the agent's and the customer's own, and the words of promotions on plans."""

from dataclasses import dataclass

from flask import Flask, g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from portal.cards.models import Card
from portal.core import clock
from portal.core.errors import InvalidInput
from portal.promotions import campaigns
from portal.promotions.campaigns import Campaign
from portal.promotions.choosing import Unfit
from portal.renewals import offers
from portal.renewals.models import Renewal
from portal.renewals.offers import Offer
from portal.renewals.pricing import Quote
from portal.web import language, sentences
from portal.web.sentences import Words

UNFIT_WORDS: dict[Unfit, Words] = {
    Unfit.NOT_OPEN: _l("This code is not valid now."),
    Unfit.USED_UP: _l("This code has been used up."),
    Unfit.USED_BY_CUSTOMER: _l("This customer has used this code already."),
    Unfit.NOT_FIRST: _l("This code is for a customer's first renewal."),
    Unfit.OTHER_AGENT: _l("This code is not for your customers."),
    Unfit.OTHER_PLAN: _l("This code is not for this plan."),
    Unfit.PRICE_TOO_LOW: _l("This plan costs too little for this code."),
    Unfit.TAKES_NOTHING_OFF: _l("This price is as low without the code, so the code is not used."),
}

CUSTOMERS_WORDS: dict[Unfit, Words] = UNFIT_WORDS | {
    Unfit.USED_BY_CUSTOMER: _l("You have used this code already."),
    Unfit.NOT_FIRST: _l("This code is for a first renewal."),
    Unfit.OTHER_AGENT: _l("This code is not for your agent's customers."),
}
"""What the customers themselves read."""

sentences.extend(
    sentences={
        "promotion_used_up": _l("Somebody was quicker: this promotion has been used up. Nothing was paid."),
        "promotion_used_by_customer": _l("This customer has used this promotion already. Nothing was paid."),
    },
    reasons={"promotion_code_unknown": _l("No such code. Check it letter by letter.")},
)


def register(app: Flask) -> None:
    """Give templates the words of promotions."""
    app.add_template_filter(banner)
    app.add_template_filter(discount_words)


@dataclass(frozen=True, slots=True)
class Given:
    """The code that was typed, the offers at it, and why it was refused altogether."""

    code: str
    offers: list[Offer]
    refusal: str = ""

    @property
    def query(self) -> dict[str, str]:
        """What links carry on."""
        return {"code": self.code} if self.code else {}

    def words_on(self, offer: Offer | None) -> str:
        """Say why the code does nothing to an offer; nothing where it does, or none was given."""
        if self.refusal or not self.code:
            return self.refusal
        if offer is None or offer.code_unfit is None:
            return ""
        return str((CUSTOMERS_WORDS if current_user.is_customer else UNFIT_WORDS)[offer.code_unfit])


def given(card: Card) -> Given:
    """Make the offers for a card under the code in the address or the form; a code that is none does nothing."""
    code = request.values.get("code", "").strip()[:40]
    now = clock.now()
    try:
        return Given(code, offers.for_card(card, now=now, code=code))
    except InvalidInput as error:
        g.is_wrong_code = True
        return Given(code, offers.for_card(card, now=now), sentences.of_error(error))


def banner(promotion: Campaign) -> str:
    """Give what stands on the plans of a promotion, in the reader's language."""
    return promotion.banner_zh if language.current() == "zh" else promotion.banner_en


def promotion_of(sold: Quote | Renewal) -> str:
    """Name what lowered a price: the code that was given, else the promotion's banner; empty where nothing did."""
    if sold.promotion_code or sold.promotion_id is None:
        return sold.promotion_code or ""
    found = campaigns.by_ids([sold.promotion_id])
    return banner(found[sold.promotion_id]) if sold.promotion_id in found else ""


def discount_words(promotion: str) -> str:
    """Write `Discount (SPRING10)`, or `Discount` alone where no promotion is known."""
    return _("Discount (%(promotion)s)", promotion=promotion) if promotion else _("Discount")


def told(offer: Offer) -> str:
    """Name the promotion of an offer beside its discount: by the code that was given, or by its banner."""
    if offer.quote.promotion_code:
        return _("code %(code)s", code=offer.quote.promotion_code)
    return banner(offer.promotion) if offer.promotion else ""
