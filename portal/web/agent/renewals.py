"""An agent's renewals: the list, one with its timeline, and its receipt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response as Page
from flask import g, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.core.errors import NotFound
from portal.core.money import Money
from portal.promotions.models import PromotionBearer
from portal.receipts import credit_notes
from portal.receipts import queries as receipts
from portal.receipts.models import Receipt
from portal.refunds import queries as refunds
from portal.refunds.models import Refund
from portal.renewals import bouncing, links
from portal.renewals import queries as renewals_known
from portal.renewals.models import PayLink, Renewal, RenewalEvent
from portal.renewals.states import UNDER_WAY, RenewalState
from portal.web import access, receipt_files, surfaces
from portal.web.agent import own, words
from portal.web.agent.blueprint import blueprint
from portal.web.words import state_words

SHOWN_STATES = (
    RenewalState.AWAITING_PAYMENT,
    RenewalState.PAID,
    RenewalState.SUBMITTING,
    RenewalState.UNKNOWN,
    RenewalState.DELIVERED,
    RenewalState.RETURNED,
    RenewalState.REFUNDED,
    RenewalState.CANCELLED,
)
"""What a list can be narrowed to; the rest pass in a moment or do not happen at a counter."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a renewal is: its events by state, its receipt, and whether anything can still change."""

    renewal: Renewal
    events: dict[RenewalState, RenewalEvent]
    receipt: Receipt | None
    link: PayLink | None = None
    """Where the customer pays; None where the wallet did."""
    bounced: Money | None = None
    """What went back to the customer, came from their bank again, and is not given another time yet."""
    refunds: Sequence[Refund] = ()
    """Those that were carried out, in their order."""

    @property
    def is_awaited(self) -> bool:
        """Whether the customer has still to pay."""
        return self.renewal.state is RenewalState.AWAITING_PAYMENT

    @property
    def method(self) -> str | None:
        """How the customer paid online; None where nobody has, or the wallet did."""
        paid = self.at("paid")
        found: str | None = paid.facts.get("method") if paid else None
        return found

    @property
    def is_moving(self) -> bool:
        """Whether the page should ask again by itself."""
        waits_for_receipt = self.renewal.state is RenewalState.DELIVERED and not self.has_receipt
        is_refused = self.renewal.state is RenewalState.REFUSED
        return self.is_awaited or self.renewal.is_under_way or is_refused or waits_for_receipt

    @property
    def has_receipt(self) -> bool:
        """Whether the receipt's file can be opened."""
        return self.receipt is not None and self.receipt.is_ready

    @property
    def is_delivered(self) -> bool:
        """Whether the carrier carried it out."""
        return self.renewal.delivered_at is not None

    @property
    def is_refused(self) -> bool:
        """Whether the carrier said no."""
        return self.renewal.state in (RenewalState.REFUSED, RenewalState.RETURNED)

    @property
    def refusal(self) -> str:
        """Why the carrier refused, in the reader's language."""
        return words.carrier_refusal(self.renewal.refusal_code)

    def at(self, state: str) -> RenewalEvent | None:
        """Give the event that brought the renewal into a state; None when it never was there."""
        return self.events.get(RenewalState(state))

    def held(self, side: str) -> "Held | None":
        """Give what the card held `before` or `after`; None while it is not known."""
        kept: dict[str, Any] | None = getattr(self.renewal, side)
        return None if kept is None else Held.of(kept)

    def money(self, name: str) -> Money:
        """Give one of the renewal's amounts: price, discount, fee, tax, share."""
        return Money(getattr(self.renewal, f"{name}_minor"), self.renewal.currency)

    @property
    def borne(self) -> Money:
        """The discount that the agent bears itself."""
        is_borne = self.renewal.promotion_bearer is PromotionBearer.AGENT
        return self.money("discount") if is_borne else Money(0, self.renewal.currency)

    @property
    def earned(self) -> Money:
        """What the agent earns by the delivery: the fee and the operator's share, less a discount that it bears."""
        return self.money("fee") + self.money("share") - self.borne

    @property
    def taken_back(self) -> Money:
        """What refunds took of it; a discount that the agent bore comes back to it when all is refunded at once."""
        taken = sum((one.fee_minor or 0) + (one.share_minor or 0) for one in self.refunds)
        is_all_at_once = any(one.amount_minor == self.renewal.total_minor for one in self.refunds)
        return Money(taken - (self.borne.minor if is_all_at_once else 0), self.renewal.currency)

    @property
    def kept(self) -> Money:
        """What is left of it."""
        return self.earned - self.taken_back

    @property
    def refunded(self) -> dict[UUID, Money]:
        """What went back, by the id of the refund."""
        return {one.id: one.amount for one in self.refunds}


@dataclass(frozen=True, slots=True)
class Held:
    """What a card held at one moment: megabytes left (None is unlimited) and the end of its validity."""

    data_left_mb: int | None
    valid_until: datetime | None

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "Held":
        """Read what was kept with the renewal."""
        until = kept.get("valid_until")
        return cls(kept.get("data_left_mb"), datetime.fromisoformat(until) if until else None)


@blueprint.get("/renewals/")
@access.agent("counter.renewals")
def renewals() -> str:
    """List the agent's renewals, the newest first."""
    filters = {name: request.args.get(name, "").strip()[:100] for name in ("q", "state")}
    page = renewals_known.list_for_agent(
        g.agent.id,
        text=filters["q"],
        states=_states(filters["state"]),
        older=request.args.get("older"),
        newer=request.args.get("newer"),
    )
    return render_template(
        "agent/renewals/list.html",
        page=page,
        filters={name: value for name, value in filters.items() if value},
        states={
            "": _("any state"),
            "under_way": _("under way"),
            **{state.value: state_words(state) for state in SHOWN_STATES},
        },
    )


@blueprint.get("/renewals/<renewal_id>")
@access.agent("counter.renewals")
def renewal(renewal_id: str) -> str:
    """Show one renewal: how far it is, and its numbers; while it waits, where the customer pays."""
    progress = _progress(own.renewal(renewal_id))
    picture = surfaces.qr_code(progress.link.address) if progress.link and progress.is_awaited else None
    notes = credit_notes.of_renewal(progress.renewal.id)
    return render_template("agent/renewals/show.html", progress=progress, picture=picture, credit_notes=notes)


@blueprint.get("/renewals/<renewal_id>/progress")
@access.agent("counter.renewals")
def renewal_progress(renewal_id: str) -> Page | str:
    """Give timeline and earnings for the page that asks until nothing changes any more; the whole page once paid."""
    progress = _progress(own.renewal(renewal_id))
    if "awaited" in request.args and not progress.is_awaited:
        return Page(status=204, headers={"HX-Refresh": "true"})
    return render_template("agent/renewals/_piece.html", progress=progress)


@blueprint.get("/renewals/<renewal_id>/receipt.pdf")
@access.agent("counter.renewals")
def receipt(renewal_id: str) -> Response:
    """Send the receipt's file: to keep with `?download`, on a thermal roll with `?paper=thermal`."""
    renewal = own.renewal(renewal_id)
    found = receipts.of_renewal(renewal.id)
    if found is None:
        raise NotFound
    is_kept = "download" in request.args
    if receipt_files.wants_roll():
        return receipt_files.send_roll(found, back=f"/agent/renewals/{renewal.id}", is_kept=is_kept)
    return receipt_files.send(found, is_kept=is_kept)


@blueprint.get("/renewals/<renewal_id>/credit-notes/<note_id>.pdf")
@access.agent("counter.renewals")
def credit_note(renewal_id: str, note_id: str) -> Response:
    """Send a credit note of the renewal to keep."""
    renewal = own.renewal(renewal_id)
    for note in credit_notes.of_renewal(renewal.id):
        if str(note.id) == note_id:
            return receipt_files.send(note, is_kept=True)
    raise NotFound


def _states(wanted: str) -> frozenset[RenewalState]:
    if wanted == "under_way":
        return UNDER_WAY
    return frozenset({RenewalState(wanted)}) if wanted in list(RenewalState) else frozenset()


def _progress(shown: Renewal) -> Progress:
    events = {event.state: event for event in renewals_known.events_of(shown.id)}
    return Progress(
        shown,
        events,
        receipts.of_renewal(shown.id),
        links.of_renewal(shown.id),
        bouncing.held(shown) or None,
        refunds.done_of(shown.id),
    )
