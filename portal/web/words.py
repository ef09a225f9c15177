"""The words and the tone of every state that pages show as a badge, and other words that all pages share."""

from enum import StrEnum
from typing import Any

from flask import Flask
from flask_babel import lazy_gettext as _l

from portal.accounts.models import User
from portal.agents.commission import SaleKind
from portal.agents.models import AgentStatus
from portal.cards.models import CardState
from portal.catalogue.models import Term
from portal.payments.models import PaymentState, ProviderRefundState
from portal.payments.providers.base import DisputeState, Method
from portal.payouts.models import PayoutRunState, PayoutState
from portal.reconciliation.models import DifferenceState, MendState
from portal.reconciliation.seen import BooksState
from portal.refunds.models import RefundState
from portal.renewals.states import RenewalState
from portal.wallets.models import TopUpAttemptState
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

_REFUNDS: dict[RefundState, tuple[Words, str]] = {
    RefundState.AWAITING_APPROVAL: (_l("awaiting approval"), CARE),
    RefundState.DECLINED: (_l("not approved"), QUIET),
    RefundState.ASKING_CARRIER: (_l("asking the carrier"), BUSY),
    RefundState.PAYING_BACK: (_l("paying back"), BUSY),
    RefundState.FAILED: (_l("failed"), BAD),
    RefundState.DONE: (_l("paid back"), GOOD),
    RefundState.CAME_BACK: (_l("came back"), BAD),
}

_DISPUTES: dict[DisputeState, tuple[Words, str]] = {
    DisputeState.OPEN: (_l("undecided"), CARE),
    DisputeState.WON: (_l("won"), GOOD),
    DisputeState.LOST: (_l("lost"), BAD),
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

_PAYMENTS: dict[PaymentState, tuple[Words, str]] = {
    PaymentState.BEGUN: (_l("waiting for payment"), BUSY),
    PaymentState.SETTLED: (_l("paid"), GOOD),
    PaymentState.HELD: (_l("held for finance"), CARE),
    PaymentState.DECLINED: (_l("declined"), BAD),
    PaymentState.EXPIRED: (_l("expired"), BAD),
    PaymentState.RETURNED: (_l("given back"), CARE),
}

_PROVIDER_REFUNDS: dict[ProviderRefundState, tuple[Words, str]] = {
    ProviderRefundState.PENDING: (_l("on its way back"), BUSY),
    ProviderRefundState.SUCCEEDED: (_l("given back"), GOOD),
    ProviderRefundState.FAILED: (_l("failed"), BAD),
    ProviderRefundState.REPLACED: (_l("given another way"), QUIET),
}

METHODS: dict[Method, Words] = {
    Method.CARD: _l("Credit or debit card"),
    Method.PAYPAL: _l("PayPal"),
    Method.ALIPAY: _l("Alipay"),
    Method.WECHAT_PAY: _l("WeChat Pay"),
}
"""How a person pays -> its name."""

PROVIDERS: dict[str, Words] = {
    "stripe": _l("Stripe"),
    "paypal": METHODS[Method.PAYPAL],
    "alipay": METHODS[Method.ALIPAY],
    "wechat_pay": METHODS[Method.WECHAT_PAY],
}
"""Payment provider -> its name in the reader's language."""

TERMS: dict[str, Words] = {Term.SHORT: _l("short term"), Term.LONG: _l("long term")}

SALES: dict[str, Words] = {SaleKind.FIRST: _l("first sale"), SaleKind.AGAIN: _l("renewal again")}
"""Whether a card is renewed for the first time -> what a rule of commission calls it."""

_PAYOUTS: dict[PayoutState, tuple[Words, str]] = {
    PayoutState.REQUESTED: (_l("asked for"), CARE),
    PayoutState.IN_RUN: (_l("being checked"), BUSY),
    PayoutState.APPROVED: (_l("on its way to the bank"), BUSY),
    PayoutState.PAID: (_l("paid out"), GOOD),
    PayoutState.REFUSED: (_l("refused"), BAD),
    PayoutState.CANCELLED: (_l("cancelled"), QUIET),
}

_PAYOUT_RUNS: dict[PayoutRunState, tuple[Words, str]] = {
    PayoutRunState.PREPARED: (_l("waits for a second person"), CARE),
    PayoutRunState.APPROVED: (_l("approved"), BUSY),
    PayoutRunState.DISCARDED: (_l("discarded"), QUIET),
    PayoutRunState.DONE: (_l("done"), GOOD),
}

_TOP_UP_ATTEMPTS: dict[TopUpAttemptState, tuple[Words, str]] = {
    TopUpAttemptState.OPEN: (_l("under way"), BUSY),
    TopUpAttemptState.PAID: (_l("paid"), GOOD),
    TopUpAttemptState.DECLINED: (_l("declined"), BAD),
    TopUpAttemptState.OWNER_WANTED: (_l("to be confirmed by you"), CARE),
    TopUpAttemptState.NOT_REACHED: (_l("not reached"), CARE),
    TopUpAttemptState.RETURNED: (_l("given back"), CARE),
    TopUpAttemptState.DROPPED: (_l("not needed"), QUIET),
}

_BOOKS: dict[BooksState, tuple[Words, str]] = {
    BooksState.SEEN: (_l("fetched"), GOOD),
    BooksState.NOTHING: (_l("nothing to compare"), QUIET),
    BooksState.NOT_COMPARED: (_l("not compared yet"), CARE),
    BooksState.FAILING: (_l("not to be had"), BAD),
    BooksState.TOO_OLD: (_l("books too old"), CARE),
    BooksState.SWITCHED_OFF: (_l("switched off"), QUIET),
}

_DIFFERENCES: dict[DifferenceState, tuple[Words, str]] = {
    DifferenceState.OPEN: (_l("not explained"), BAD),
    DifferenceState.EXPLAINED: (_l("explained"), GOOD),
    DifferenceState.MENDED: (_l("made good"), GOOD),
    DifferenceState.GONE: (_l("closed by itself"), QUIET),
}

_MENDS: dict[MendState, tuple[Words, str]] = {
    MendState.PROPOSED: (_l("waits for a second person"), CARE),
    MendState.POSTED: (_l("posted"), GOOD),
    MendState.REFUSED: (_l("not posted"), QUIET),
    MendState.LAPSED: (_l("lapsed"), QUIET),
}

STATES: dict[type[StrEnum], dict[Any, tuple[Words, str]]] = {
    RenewalState: _RENEWALS,
    RefundState: _REFUNDS,
    DisputeState: _DISPUTES,
    CardState: _CARDS,
    PaymentState: _PAYMENTS,
    ProviderRefundState: _PROVIDER_REFUNDS,
    AgentStatus: _AGENTS,
    PayoutState: _PAYOUTS,
    PayoutRunState: _PAYOUT_RUNS,
    BooksState: _BOOKS,
    DifferenceState: _DIFFERENCES,
    MendState: _MENDS,
    TopUpAttemptState: _TOP_UP_ATTEMPTS,
}
"""One table a kind: members of different enums with the same text are equal, and would share a place in one table."""


def register(app: Flask) -> None:
    """Give templates `state|state_words`, `state|state_tone`, `method|method_words` and `provider|provider_words`."""
    filters.add(
        app,
        state_words=state_words,
        state_tone=state_tone,
        user_state=user_state,
        method_words=method_words,
        provider_words=provider_words,
    )


def state_words(state: StrEnum) -> Words:
    """Say a state in one or two words."""
    return _of(state)[0]


def state_tone(state: StrEnum) -> str:
    """Give the tone of a state's badge."""
    return _of(state)[1]


def method_words(method: str) -> Words:
    """Name a way to pay."""
    return METHODS[Method(method)]


def provider_words(name: str) -> Words:
    """Name a payment provider; one that has no words yet is shown as the books call it."""
    return PROVIDERS.get(name, name)


def user_state(user: User) -> tuple[Words, str]:
    """Say whether a user may sign in, with the tone."""
    if user.is_suspended:
        return _l("suspended"), BAD
    if user.is_invited:
        return _l("invited"), CARE
    return _l("active"), GOOD


def _of(state: StrEnum) -> tuple[Words, str]:
    return STATES[type(state)][state]
