"""The forms about agents: who they are, what they earn, how far below zero their wallet may fall."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField

from portal.accounts.models import Role
from portal.agents import profile
from portal.agents.commission import Terms
from portal.agents.models import AgentStatus, CommissionTerms
from portal.agents.profile import AgentDetails
from portal.core.errors import InvalidInput
from portal.core.i18n import LANGUAGES
from portal.core.money import Money, check_currency, to_decimal_text
from portal.web.admin import filtering, typed
from portal.web.forms import LineField, PortalForm, choices, email_address, required

OFFERED_CURRENCIES = ("CNY", "USD", "EUR", "HKD", "JPY", "SGD", "GBP")
"""Suggested first; any ISO 4217 code can be typed."""


def currency_field() -> LineField:
    """Make the field of an ISO currency code."""
    return LineField(_l("Currency"), max_length=3, default=OFFERED_CURRENCIES[0])


UNUSUAL_BPS = 2_000
"""A rate above is asked about once more: 50 typed instead of 5 would be paid for every sale."""


def means_it_field() -> BooleanField:
    """Make the box that an unusual rate asks for; pages show it once it does."""
    return BooleanField(_l("I mean it"))


def check_meant(form: Any, *rates: int | None) -> None:
    """Let rates in basis points pass that are usual, or that somebody means.

    Raises:
        InvalidInput: `rate_unusual`.
    """
    if max((rate for rate in rates if rate is not None), default=0) > UNUSUAL_BPS and not form.means_it.data:
        raise InvalidInput(field="means_it", reason="rate_unusual", most=typed.rate_text(UNUSUAL_BPS))


def read_currency(text: str, *, field: str = "currency") -> str:
    """Read an ISO currency code.

    Raises:
        InvalidInput: `currency_unknown`.
    """
    return check_currency(text.strip().upper(), field=field)


class DetailsForm(PortalForm):
    """An agent's names, licence and contact."""

    name_zh = LineField(_l("Name in Chinese"), max_length=120)
    name_en = LineField(_l("Name in English"), max_length=120)
    licence_number = LineField(_l("Licence number"), max_length=60)
    contact_name = LineField(_l("Contact person"), max_length=120)
    contact_email = LineField(_l("Contact's e-mail"), max_length=254, validators=[email_address])
    contact_phone = LineField(_l("Contact's phone"), max_length=40, is_required=False)

    def details(self) -> AgentDetails:
        """Read what was typed.

        Raises:
            InvalidInput: a name, address or number cannot be.
        """
        return profile.read(
            name_zh=self.name_zh.data,
            name_en=self.name_en.data,
            licence_number=self.licence_number.data,
            contact_name=self.contact_name.data,
            contact_email=self.contact_email.data,
            contact_phone=self.contact_phone.data or "",
        )


class TermsFields:
    """What an agent earns in one currency; amounts are typed in its units, rates in per cent."""

    currency = currency_field()
    fee_bps = LineField(_l("Fee rate, %"), max_length=7, default="0")
    fee_fixed_minor = StringField(_l("Fixed fee"), default="0")
    fee_min_minor = StringField(_l("Lowest fee"))
    fee_max_minor = StringField(_l("Highest fee"))
    share_bps = LineField(_l("Our commission, %"), max_length=7, default="0")
    hold_days = LineField(_l("Payable after, days"), max_length=3, is_required=False, default=str(Terms().hold_days))
    means_it = means_it_field()

    def terms(self: Any) -> tuple[str, Terms]:
        """Read the currency and the terms that were typed.

        Raises:
            InvalidInput: a rate or an amount cannot be, or a rate is unusual and nobody said that it is meant.
        """
        currency = read_currency(self.currency.data)
        amounts = {
            name: typed.amount_or_zero(self[name].data or "", currency, field=name).minor
            for name in ("fee_fixed_minor", "fee_min_minor", "fee_max_minor")
            if (self[name].data or "").strip()
        }
        fee_bps, share_bps = (typed.rate(self[name].data, field=name) for name in ("fee_bps", "share_bps"))
        check_meant(self, fee_bps, share_bps)
        return currency, Terms(
            fee_bps=fee_bps,
            fee_fixed_minor=amounts.get("fee_fixed_minor", 0),
            fee_min_minor=amounts.get("fee_min_minor"),
            fee_max_minor=amounts.get("fee_max_minor"),
            share_bps=share_bps,
            hold_days=self._hold_days(),
        )

    def _hold_days(self: Any) -> int:
        text = (self.hold_days.data or "").strip()
        return typed.whole(text, field="hold_days") if text else Terms().hold_days

    def show(self: Any, standing: CommissionTerms) -> None:
        """Fill in the terms that stand."""
        self.currency.data = standing.currency
        self.fee_bps.data = typed.rate_text(standing.fee_bps)
        self.share_bps.data = typed.rate_text(standing.share_bps)
        self.hold_days.data = str(standing.hold_days)
        for name in ("fee_fixed_minor", "fee_min_minor", "fee_max_minor"):
            minor = getattr(standing, name)
            self[name].data = "" if minor is None else to_decimal_text(Money(minor, standing.currency))


class TermsForm(PortalForm, TermsFields):
    """A new version of an agent's terms."""


class LimitForm(PortalForm):
    """How far below zero a wallet may fall."""

    currency = LineField(_l("Currency"), max_length=3)
    credit_limit = LineField(_l("Credit limit"), max_length=30)

    def limit(self) -> Money:
        """Read the limit; zero is prepaid only.

        Raises:
            InvalidInput: the amount or the currency cannot be.
        """
        currency = read_currency(self.currency.data)
        return typed.amount_or_zero(self.credit_limit.data, currency, field="credit_limit")


class NewAgentForm(DetailsForm, TermsFields):
    """A new agent with its first terms."""

    state = SelectField(
        _l("Status"),
        choices=choices(filtering.states_of((AgentStatus.PENDING, AgentStatus.VERIFIED))),
    )
    credit_limit = LineField(_l("Credit limit"), max_length=30, is_required=False, default="0")

    def limit(self, currency: str) -> Money:
        """Read the limit of the first wallet; nothing typed is zero.

        Raises:
            InvalidInput: the amount cannot be.
        """
        return typed.amount_or_zero(self.credit_limit.data or "0", currency, field="credit_limit")


class StatusForm(PortalForm):
    """A new status, with the reason for the audit log."""

    state = SelectField(_l("Status"), choices=choices(filtering.states_of(AgentStatus)))
    reason = LineField(_l("Reason"), max_length=300, is_required=False)


class InviteForm(PortalForm):
    """A person of the agent to invite."""

    name = LineField(_l("Name"), max_length=100)
    email = LineField(_l("E-mail"), max_length=254, validators=[email_address])
    role = SelectField(
        _l("Role"),
        [required()],
        choices=choices({Role.AGENT_OWNER.value: _l("owner"), Role.AGENT_CLERK.value: _l("clerk")}),
    )
    language = SelectField(_l("Language of the mail"), choices=choices(LANGUAGES))
