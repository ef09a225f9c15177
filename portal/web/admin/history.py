"""What happened to a renewal, as one line of moments: states, calls to the carrier, receipt, mails. Pure."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.core import i18n
from portal.core.actor import ActorKind
from portal.core.mail import Mail
from portal.payments.models import Payment
from portal.receipts.models import Receipt
from portal.renewals.models import AttemptAct, Bounce, CarrierAttempt, Renewal, RenewalEvent
from portal.renewals.states import RenewalState
from portal.web import filters, language, words
from portal.web.admin import wording
from portal.web.sentences import Words

STATES: dict[RenewalState, Words] = {
    RenewalState.AWAITING_PAYMENT: _l("Ordered, awaiting payment"),
    RenewalState.PAID: _l("Paid from the wallet, money in escrow"),
    RenewalState.SUBMITTING: _l("Delivery begun"),
    RenewalState.UNKNOWN: _l("Outcome unknown: it will be looked up, never sent again blindly"),
    RenewalState.DELIVERED: _l("Delivered, money given to its owners"),
    RenewalState.REFUSED: _l("Refused by the carrier"),
    RenewalState.RETURNED: _l("Money returned to the wallet"),
    RenewalState.CANCELLED: _l("Cancelled"),
    RenewalState.REFUNDING: _l("Refund begun"),
    RenewalState.PARTLY_REFUNDED: _l("Partly refunded"),
    RenewalState.REFUNDED: _l("Refunded"),
}

ONLINE: dict[RenewalState, Words] = {
    RenewalState.PAID: _l("Paid online by the customer, %(provider)s"),
    RenewalState.RETURNED: _l("Money returned to the customer, %(provider)s"),
}
"""What happened instead where the customer paid through a provider."""

ATTEMPTS: dict[AttemptAct, Words] = {
    AttemptAct.SUBMIT: _l("Submitted to %(carrier)s"),
    AttemptAct.LOOK_UP: _l("Looked up at %(carrier)s"),
}

OUTCOMES: dict[str, tuple[Words, str]] = {
    "delivered": (_l("confirmed"), "good"),
    "refused": (_l("refused"), "bad"),
    "retry": (_l("not reached"), "care"),
    "unknown": (_l("no clear answer"), "care"),
    "not_found": (_l("never received"), "care"),
}
"""Outcome of a carrier attempt -> words and tone."""

AFTER_THE_CALL = frozenset(RenewalState) - {RenewalState.AWAITING_PAYMENT, RenewalState.PAID, RenewalState.SUBMITTING}
"""States that a carrier's answer leads to: written at the instant of the call's end."""

FAILED = frozenset({RenewalState.REFUSED, RenewalState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Link:
    """The page about what happened, for those who have the permission."""

    words: str
    address: str
    permission: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened: when, what, who or what did it, and the raw words exchanged."""

    at: datetime
    title: str
    notes: Sequence[str]
    state: str = "done"
    """How its dot is drawn: done, now or failed."""
    raw: str = ""
    link: Link | None = None
    order: int = field(default=0)
    """Keeps the order of what was written at the same instant."""


def of_renewal(
    renewal: Renewal,
    *,
    events: Iterable[RenewalEvent],
    attempts: Iterable[CarrierAttempt],
    receipt: Receipt | None,
    mails: Iterable[Mail],
    bounces: Iterable[Bounce] = (),
    payment: Payment | None = None,
) -> list[Moment]:
    """List everything that happened, in the order of time; `payment` is what its customer paid it by online."""
    moments = [
        *(_event(event, payment) for event in events),
        *(_attempt(nr, attempt, renewal.carrier) for nr, attempt in enumerate(attempts, start=1)),
        *([_receipt(receipt)] if receipt else []),
        *(_mail(mail) for mail in mails),
        *(moment for bounce in bounces for moment in _bounce(bounce)),
    ]
    return sorted(moments, key=lambda moment: (moment.at, moment.order))


def seconds_words(began: datetime, ended: datetime) -> str:
    """Say how long something took: `1.2 s`, `17 ms`; rounded down."""
    milliseconds = int((ended - began).total_seconds() * 1000)
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds // 100 / 10:g} s"


def _event(event: RenewalEvent, payment: Payment | None) -> Moment:
    is_machine = event.actor_kind is ActorKind.WORKER
    who = str(wording.named(event.actor_name, "machine")) if is_machine else event.actor_name
    notes = [who, event.address or ""]
    if event.request_id:
        notes.append(_("request %(id)s", id=event.request_id[:12]))
    if code := event.facts.get("reason_code"):
        notes.append(str(wording.named(str(code), "carrier_reason")))
    state = "failed" if event.state in FAILED else "done"
    order = 3 if event.state in AFTER_THE_CALL else 1
    title, link = str(STATES[event.state]), None
    if payment is not None and event.state in ONLINE:
        title = str(ONLINE[event.state]) % {"provider": words.provider_words(payment.provider)}
        link = Link(payment.reference, f"/admin/payments/{payment.id}", "payments.read")
    return Moment(event.at, title, [note for note in notes if note], state, link=link, order=order)


def _attempt(nr: int, attempt: CarrierAttempt, carrier: str) -> Moment:
    title = str(ATTEMPTS[attempt.act]) % {"carrier": carrier}
    notes = [_("worker, attempt %(nr)s", nr=nr)]
    state = "now"
    if attempt.ended_at is not None:
        outcome, tone = OUTCOMES.get(attempt.outcome or "", (attempt.outcome or "", "care"))
        title = _(
            "%(title)s: %(outcome)s after %(time)s",
            title=title,
            outcome=outcome,
            time=seconds_words(attempt.started_at, attempt.ended_at),
        )
        state = "failed" if tone == "bad" else "done"
    return Moment(attempt.started_at, title, notes, state, raw=_pretty(attempt.answer), order=2)


def _receipt(receipt: Receipt) -> Moment:
    if receipt.rendered_at is None:
        return Moment(receipt.issued_at, _("Receipt issued, its file is being made"), [_("worker")], "now", order=4)
    title = _("Receipt %(number)s made in %(time)s ms", number=receipt.number, time=receipt.render_ms)
    return Moment(receipt.rendered_at, title, [_("worker")], order=4)


def _mail(mail: Mail) -> Moment:
    recipient = mail.recipient
    if mail.sent_at is None:
        return Moment(mail.created_at, _("Mail to %(recipient)s waits", recipient=recipient), [], "now", order=5)
    title = _("Mail to %(recipient)s", recipient=recipient)
    notes = [str(wording.named(mail.kind, "mail")), wording.mail_answer(mail.server_answer)]
    link = Link(_("open"), f"/admin/mails/{mail.id}", "mails.read")
    return Moment(mail.sent_at, title, [note for note in notes if note], link=link, order=5)


def _bounce(bounce: Bounce) -> Iterator[Moment]:
    came = _("%(sum)s sent back by the payer's bank", sum=filters.money(bounce.amount))
    why = [str(wording.named(bounce.reason_code, "decline"))] if bounce.reason_code else []
    yield Moment(bounce.came_at, came, why, "failed", order=6)
    if bounce.ended_at is not None and bounce.ended_as is not None:
        how = str(wording.named(bounce.ended_as.value, "bounce_end"))
        yield Moment(bounce.ended_at, _("%(sum)s given again", sum=filters.money(bounce.amount)), [how], order=6)


def _pretty(answer: Any) -> str:
    return "" if answer is None else json.dumps(answer, ensure_ascii=False, indent=2, sort_keys=True)


def held_words(kept: dict[str, Any] | None) -> str:
    """Say what a card held: `0.6 GB until 23 Nov 2026`; nothing while it is not known."""
    if kept is None:
        return ""
    quantity = i18n.quantity_words(kept.get("data_left_mb"), language.current())
    until = kept.get("valid_until")
    if not until:
        return quantity
    day = i18n.date_words(datetime.fromisoformat(until), language.current())
    return _("%(quantity)s until %(day)s", quantity=quantity, day=day)
