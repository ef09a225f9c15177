"""The forms of promotions: what one gives, to whom and when; its codes; and the filter of the list."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, SelectField, ValidationError

from portal.catalogue import offers as catalogue_offers
from portal.catalogue import queries as catalogue
from portal.core import clock
from portal.core.errors import InvalidInput
from portal.core.settings import current as settings
from portal.promotions.beginning import PromotionTerms
from portal.promotions.discounting import PromotionKind
from portal.promotions.models import PromotionBearer
from portal.web import sentences
from portal.web.admin import agent_names, filtering, typed
from portal.web.admin.filtering import ChoiceField, DayField, FilterForm
from portal.web.forms import LineField, PortalForm, TextField, choices

KINDS = {
    PromotionKind.PERCENT.value: _l("a rate of the price"),
    PromotionKind.FIXED.value: _l("a fixed amount"),
    PromotionKind.BONUS_DATA.value: _l("more data for the price of a smaller plan"),
}

BEARERS = {
    PromotionBearer.OPERATOR.value: _l("the operator"),
    PromotionBearer.AGENT.value: _l("the agent, from what it earned"),
}

WAYS = {"automatic": _l("by itself"), "code": _l("with a code")}

ALL = "all"

sentences.extend(
    sentences={"promotion_code_taken": _l("A promotion has this code already. Choose another.")},
    reasons={
        "promotion_code_invalid": _l("A code has 4 to 24 letters and digits, such as SPRING10."),
        "promotion_needs_no_code": _l("This promotion applies by itself; it takes no codes."),
        "promotion_bonus_plans": _l("Name one plan that is sold, and a smaller one whose price is paid."),
        "promotion_agents_missing": _l("Name the agents that bear the discount."),
        "plan_unknown": _l("No plan has the code %(plan)s."),
    },
)


class PromotionsFilter(FilterForm):
    """Which promotions to list."""

    q = filtering.text_field(_l("Name, for us"))
    state = ChoiceField(_l("State"), known={ALL: _l("Running and over")}, any_words=_l("Running or still to come"))

    @property
    def is_open_at(self) -> datetime | None:
        """The instant at which they must not be over; None for all."""
        return None if self.state.data == ALL else clock.now()


def _in_use(_form: PortalForm, field: Field) -> None:
    if field.data not in {choice.value for choice in field.choices}:
        raise ValidationError(sentences.of_reason("choice_unknown", {}))


class PromotionForm(PortalForm):
    """What a promotion gives; it cannot be changed later."""

    name = LineField(_l("Name, for us"), max_length=120)
    banner_en = LineField(_l("Banner in English"), max_length=120)
    banner_zh = LineField(_l("Banner in Chinese"), max_length=120)
    way = SelectField(_l("Applies"), choices=choices(WAYS))
    kind = SelectField(_l("Takes off"), choices=choices(KINDS))
    currency = SelectField(_l("Currency"), [_in_use], validate_choice=False)
    bps = LineField(_l("Rate, %"), max_length=7, is_required=False)
    cap = LineField(_l("At most"), max_length=30, is_required=False)
    amount = LineField(_l("Amount"), max_length=30, is_required=False)
    priced_as = LineField(_l("Smaller plan whose price is paid"), max_length=40, is_required=False)
    bearer = SelectField(_l("Borne by"), choices=choices(BEARERS))
    starts_on = DayField(_l("First day"), is_required=True, default=lambda: clock.today(settings().time_zone))
    ends_on = DayField(_l("Last day"))
    plans = TextField(_l("Plans"), max_length=4000, is_required=False)
    regions = LineField(_l("Regions"), max_length=1000, is_required=False)
    agents = TextField(_l("Agents"), max_length=4000, is_required=False)
    is_first_time_only = BooleanField(_l("Only a customer's first renewal"))
    least_price = LineField(_l("Least price"), max_length=30, is_required=False)
    total_limit = LineField(_l("Uses in all"), max_length=9, is_required=False)
    per_customer_limit = LineField(_l("Uses per customer"), max_length=9, is_required=False)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.currency.choices = choices({currency: currency for currency in catalogue.currencies()})
        for field in (self.bps, self.amount, self.priced_as):
            field.flags.optional = False  # one of them is needed: the kind says which

    def terms(self) -> PromotionTerms:
        """Read what was typed; fields of another kind of promotion are left out.

        Raises:
            InvalidInput: a number, an amount, a plan, a region or an agent cannot be.
        """
        kind = PromotionKind(self.kind.data)
        currency = self.currency.data
        is_rate, is_bonus = kind is PromotionKind.PERCENT, kind is PromotionKind.BONUS_DATA
        return PromotionTerms(
            name=self.name.data,
            banner_en=self.banner_en.data,
            banner_zh=self.banner_zh.data,
            is_automatic=self.way.data == "automatic",
            kind=kind,
            currency=currency,
            starts_at=typed.start_of(self.starts_on.data or clock.today(settings().time_zone)),
            ends_at=typed.end_of(self.ends_on.data) if self.ends_on.data else None,
            bearer=PromotionBearer(self.bearer.data),
            bps=typed.rate(self.bps.data or "", field="bps") if is_rate else 0,
            cap_minor=self._amount("cap", currency) or None if is_rate else None,
            amount_minor=self._amount("amount", currency) if kind is PromotionKind.FIXED else 0,
            priced_as_plan_id=_plan(self.priced_as.data, field="priced_as") if is_bonus else None,
            plan_ids=[_plan(code, field="plans") for code in _listed(self.plans.data)],
            regions=[catalogue_offers.region(code, field="regions") for code in _listed(self.regions.data)],
            agent_ids=[agent_names.meant_by(line, field="agents").id for line in _lines(self.agents.data)],
            is_first_time_only=self.is_first_time_only.data,
            least_price_minor=self._amount("least_price", currency),
            total_limit=_limit(self.total_limit.data, field="total_limit"),
            per_customer_limit=_limit(self.per_customer_limit.data, field="per_customer_limit"),
        )

    def _amount(self, name: str, currency: str) -> int:
        text = self[name].data
        return typed.amount_or_zero(text, currency, field=name).minor if text else 0


class CodeForm(PortalForm):
    """One code that people can remember."""

    code = LineField(_l("Code"), max_length=40)
    max_uses = LineField(_l("Uses"), max_length=7, is_required=False)

    def uses(self) -> int | None:
        """Read how often it may be used; None is as often as the promotion lets.

        Raises:
            InvalidInput: `number_invalid`.
        """
        return _limit(self.max_uses.data, field="max_uses")


class BulkForm(PortalForm):
    """So many codes that nobody can guess."""

    count = LineField(_l("How many"), max_length=6)

    def number(self) -> int:
        """Read how many.

        Raises:
            InvalidInput: `number_invalid`.
        """
        return _limit(self.count.data, field="count") or 0


def _listed(text: str | None) -> list[str]:
    return list(dict.fromkeys(part.upper() for part in re.split(r"[\s,;，；、]+", text or "") if part))


def _lines(text: str | None) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in (text or "").splitlines() if line.strip()))


def _plan(code: str | None, *, field: str) -> UUID:
    wanted = (code or "").upper()
    version = catalogue.current_by_code([wanted]).get(wanted)
    if version is None:
        raise InvalidInput(field=field, reason="plan_unknown", plan=wanted)
    return version.plan_id


def _limit(text: str | None, *, field: str) -> int | None:
    return typed.whole(text, field=field) if text else None
