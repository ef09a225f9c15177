"""The words and the tone of every state that pages show as a badge; one word a state, on all pages."""

from enum import StrEnum
from typing import Any

from flask import Flask
from flask_babel import lazy_gettext as _l

from portal.accounts.models import User
from portal.agents.models import AgentStatus
from portal.cards.models import CardState
from portal.renewals.states import RenewalState
from portal.web import filters
from portal.web.sentences import Words

GOOD, BUSY, CARE, BAD, QUIET = "good", "busy", "care", "bad", "quiet"
"""Tones of a badge: done, under way, needs attention, failed, of no further interest."""

_RENEWALS: dict[RenewalState, tuple[Words, str]] = {
    RenewalState.AWAITING_PAYMENT: (_l("awaiting payment"), CARE),
    RenewalState.PAID: (_l("paid"), BUSY),
    RenewalState.SUBMITTING: (_l("delivering"), BUSY),
    RenewalState.UNKNOWN: (_l("outcome unknown"), CARE),
    RenewalState.DELIVERED: (_l("delivered"), GOOD),
    RenewalState.REFUSED: (_l("refused"), BAD),
    RenewalState.RETURNED: (_l("refused, money returned"), QUIET),
    RenewalState.CANCELLED: (_l("cancelled"), QUIET),
    RenewalState.REFUNDING: (_l("refunding"), BUSY),
    RenewalState.PARTLY_REFUNDED: (_l("partly refunded"), CARE),
    RenewalState.REFUNDED: (_l("refunded"), QUIET),
}

_CARDS: dict[CardState, tuple[Words, str]] = {
    CardState.ACTIVE: (_l("active"), GOOD),
    CardState.SUSPENDED: (_l("suspended"), CARE),
    CardState.REMOVED: (_l("removed"), QUIET),
}

_AGENTS: dict[AgentStatus, tuple[Words, str]] = {
    AgentStatus.PENDING: (_l("pending"), CARE),
    AgentStatus.VERIFIED: (_l("verified"), GOOD),
    AgentStatus.SUSPENDED: (_l("suspended"), BAD),
}

STATES: dict[type[StrEnum], dict[Any, tuple[Words, str]]] = {
    RenewalState: _RENEWALS,
    CardState: _CARDS,
    AgentStatus: _AGENTS,
}
"""One table a kind: members of different enums with the same text are equal, and would share a place in one table."""


def register(app: Flask) -> None:
    """Give templates `state|state_words` and `state|state_tone`."""
    filters.add(app, state_words=state_words, state_tone=state_tone, user_state=user_state)


def state_words(state: StrEnum) -> Words:
    """Say a state in one or two words."""
    return _of(state)[0]


def state_tone(state: StrEnum) -> str:
    """Give the tone of a state's badge."""
    return _of(state)[1]


def user_state(user: User) -> tuple[Words, str]:
    """Say whether a user may sign in, with the tone."""
    if user.is_suspended:
        return _l("suspended"), BAD
    if user.is_invited:
        return _l("invited"), CARE
    return _l("active"), GOOD


def _of(state: StrEnum) -> tuple[Words, str]:
    return STATES[type(state)][state]
