"""The operator's words for the codes among the facts of an act: roles, states, ways to pay and the like."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.agents.models import AgentStatus
from portal.cards.models import CardState
from portal.core.i18n import LANGUAGES, PAPER_LANGUAGES
from portal.payments.models import PaymentState
from portal.renewals.states import RenewalState
from portal.web import regions
from portal.web.admin import payments, payments_methods, promotion_forms, reconciliation_words, refund_words, wording
from portal.web.admin import transactions as transaction_pages
from portal.web.navigation import ROLE_WORDS
from portal.web.sentences import Words
from portal.web.words import METHODS, PROVIDERS, STATES, TERMS


def _states(kind: type[StrEnum]) -> Mapping[Any, Words]:
    return {state: words for state, (words, _tone) in STATES[kind].items()}


ANYWHERE: Mapping[str, Mapping[Any, Words]] = {
    "bearer": promotion_forms.BEARERS,
    "by": {"link": _l("a link from a mail"), "code": _l("a code from a mail")},
    "channel": payments_methods.CHANNELS,
    "explanation": reconciliation_words.EXPLANATIONS,
    "locale": LANGUAGES,
    "method": METHODS,
    "provider": PROVIDERS,
    "purpose": payments.PURPOSES,
    "receipt_language": PAPER_LANGUAGES,
    "role": ROLE_WORDS,
    "status": _states(AgentStatus),
    "term": TERMS,
}
"""Field -> its codes, whatever the act was about."""

ABOUT: Mapping[tuple[str, str], Mapping[Any, Words]] = {
    ("automatic_top_up", "why"): {
        "card_gone": _l("the card is no longer saved"),
        "day_is_full": _l("as much as the owner allowed for a day"),
        "declined": _l("the card was declined"),
        "declines": _l("the card was declined several times"),
        "not_reached": _l("the provider was not reached"),
        "owner_wanted": _l("the bank wants the card's owner there"),
    },
    ("card", "state"): _states(CardState),
    ("difference", "kind"): reconciliation_words.KINDS,
    ("export", "kind"): transaction_pages.KINDS,
    ("export", "state"): _states(RenewalState),
    ("job", "kind"): wording.JOBS,
    ("payment", "state"): _states(PaymentState),
    ("promotion", "kind"): promotion_forms.KINDS,
    ("refund", "reason"): refund_words.REASONS,
    ("renewal", "reason"): {"called_off": _l("called off by the agent"), "expired": _l("not paid in time")},
}
"""Kind of subject and field -> its codes, where the same field says something else of another subject."""


def words(value: object, field: str, subject_kind: str) -> str:
    """Say what one value of a field means; whatever is no code that is known is written as it is."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if field == "regions":
        return regions.name(str(value))
    known = ABOUT.get((subject_kind, field)) or ANYWHERE.get(field, {})
    return str(known.get(str(value), value))
