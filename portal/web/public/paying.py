"""Pay for a renewal at its link, without signing in: see the exact lines, choose a way to pay, follow it to the end."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from flask import Response as Page
from flask import render_template, request
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import HiddenField

from portal.core import clock, ids
from portal.core.db import in_transaction
from portal.core.errors import NotFound
from portal.core.money import Money
from portal.payments import offers, settling
from portal.payments import queries as payments
from portal.payments.beginning import Choice
from portal.payments.errors import MethodNotOffered, ProviderUnavailable
from portal.payments.models import Payment, PaymentChannel, PaymentState
from portal.payments.offers import OfferedMethod
from portal.payments.providers.base import Method
from portal.receipts.content import CardState
from portal.refunds import queries as refunds
from portal.renewals import bouncing, links, paying, receipting
from portal.renewals.models import PayLink, Renewal
from portal.renewals.states import NOT_PAID, RenewalState
from portal.web import access, limits, offering, payers, requests, security, sentences, surfaces
from portal.web.forms import PortalForm
from portal.web.public.blueprint import blueprint

looks = limits.limiter.limit("1200 per minute", key_func=limits.by_address)
"""Sixty pages that are left open, behind one address of a phones' network; codes can be guessed at no pace."""

ENOUGH_ANSWERS = 2
"""So often the provider says that nobody paid before we do: a payment may need a moment to be known there."""

BACK_FOR = timedelta(minutes=10)
"""Whoever opens an address that says that they came back longer ago than this comes back now."""

sentences.extend(
    sentences={
        "no_longer_payable": _l("This can no longer be paid here. Nothing was taken; ask your agent for a new link."),
    }
)


class PayForm(PortalForm):
    """How the customer wants to pay."""

    method = HiddenField()


@dataclass(frozen=True, slots=True)
class Bill:
    """A renewal as whoever pays it sees it: its lines, whether it can be paid, and how the last payment stands."""

    link: PayLink
    methods: list[OfferedMethod]
    payment: Payment | None
    back_at: datetime | None
    """When the payer came back from the provider, or opened the page while a payment was open; None: neither."""
    is_told_unpaid: bool
    """Whether the provider was asked since then, and said that nobody paid."""
    given_back: Money
    """What was refunded after the card was renewed, and is with the payer again."""
    came_back: Money
    """What was given back, and the payer's bank sent back: it is held for the payer."""

    @property
    def renewal(self) -> Renewal:
        """What is paid for."""
        return self.link.renewal

    @property
    def is_waiting(self) -> bool:
        """Whether it can be paid now."""
        is_awaited = self.renewal.state is RenewalState.AWAITING_PAYMENT and not self.is_held
        return is_awaited and self.link.expires_at > clock.now()

    @property
    def is_held(self) -> bool:
        """Whether another sum came, and somebody at the operator's decides: the payer must not pay once more."""
        is_awaited = self.renewal.state is RenewalState.AWAITING_PAYMENT
        return is_awaited and self.payment is not None and self.payment.state is PaymentState.HELD

    @property
    def is_over(self) -> bool:
        """Whether nobody paid it, and nobody can any more."""
        is_unpaid = self.renewal.state in NOT_PAID
        return is_unpaid and not self.is_waiting and not self.is_being_confirmed and not self.is_held

    @property
    def is_being_confirmed(self) -> bool:
        """Whether the payer says to have paid, or began in time, and the provider has not told the end of it yet."""
        if self.renewal.state is not RenewalState.AWAITING_PAYMENT or self.payment is None or not self.payment.is_open:
            return False
        return not self.is_waiting or (self.back_at is not None and not self.is_told_unpaid)

    @property
    def was_left_unpaid(self) -> bool:
        """Whether the payer is back without having paid: the payment is still open, or was closed without money."""
        if not self.is_waiting or self.payment is None:
            return False
        return self.payment.state is PaymentState.EXPIRED or (self.payment.is_open and self.is_told_unpaid)

    @property
    def was_declined(self) -> bool:
        """Whether the last payment was refused, or the last card of one that may still be paid with another."""
        if self.payment is None or self.is_being_confirmed:
            return False
        is_declined = self.payment.state is PaymentState.DECLINED
        return is_declined or (self.payment.is_open and self.payment.decline_code is not None)

    @property
    def is_refused(self) -> bool:
        """Whether the carrier said no, so that the money goes back."""
        return self.renewal.state in (RenewalState.REFUSED, RenewalState.RETURNED)

    @property
    def after(self) -> CardState | None:
        """What the carrier confirmed that the card holds afterwards, as the receipt says it; None before that."""
        return receipting.card_state(self.renewal.after) if self.renewal.after else None

    @property
    def promotion(self) -> str:
        """What lowered its price; empty where nothing did."""
        return offering.promotion_of(self.renewal)

    @property
    def paid_by(self) -> Method | None:
        """How it was paid; None where nobody had to, or has yet."""
        return self.payment.method if self.payment is not None and self.payment.is_paid else None

    @property
    def seen(self) -> str:
        """Say in a word how everything stands, to see later whether it still does."""
        if self.payment is None:
            return f"{self.renewal.state}.none"
        declined = ".declined" if self.payment.decline_code else ""
        unpaid = ".unpaid" if self.was_left_unpaid else ""
        return f"{self.renewal.state}.{self.payment.state}{declined}{unpaid}"

    @property
    def back(self) -> dict[str, int]:
        """What an address carries on while a payment is open: since when the payer is back, in seconds of Unix time."""
        is_open = self.payment is not None and self.payment.is_open
        return {"back": int(self.back_at.timestamp())} if self.back_at and is_open else {}

    @property
    def address(self) -> str:
        """Where this page is, with what it carries on."""
        page = f"/pay/{self.link.code}"
        return f"{page}?{urlencode(self.back)}" if self.back else page

    @property
    def is_just_begun(self) -> bool:
        """Whether a payer is on the way to the provider: an open page has nothing to say, and must not call back."""
        payment = self.payment
        if payment is None or self.back_at is not None:
            return False
        return self.is_waiting and payment.is_open and payment.decline_code is None

    @property
    def is_moving(self) -> bool:
        """Whether the page should look again by itself."""
        is_unpaid = self.is_waiting or self.is_being_confirmed or self.is_held
        is_going_back = self.renewal.state in (RenewalState.REFUSED, RenewalState.REFUNDING)
        return is_unpaid or self.renewal.is_under_way or is_going_back

    def money(self, name: str) -> Money:
        """Give one of the renewal's amounts: price, discount, fee, tax."""
        return Money(getattr(self.renewal, f"{name}_minor"), self.renewal.currency)


@blueprint.get("/pay/<code>")
@access.public
@looks
def pay_page(code: str) -> Response | str:
    """Show what is to be paid, or what became of it; inside WeChat, once it is known who would pay."""
    bill = _bill(links.by_code(code), is_opened=True)
    on_the_way = payers.ask(bill.methods) if bill.is_waiting else None
    return on_the_way or _page(bill, PayForm(formdata=None))


@blueprint.post("/pay/<code>")
@access.public
@limits.orders
def pay_online(code: str) -> Response | tuple[str, int]:
    """Begin a payment and send the customer on to it; the provider alone tells whether it was paid."""
    form = PayForm()
    if form.validate_on_submit():
        with form.refusals():
            try:
                payment = paying.begin(code, _choice(code, form.method.data or ""), actor=current_user.actor)
            except ProviderUnavailable as error:
                form.attach(error)
            else:
                return _send_on(code, payment)
    return _page(_bill(links.by_code(code)), form), form.status


@blueprint.get("/pay/<code>/payments/<payment_id>")
@access.public
@looks
def pay_payment(code: str, payment_id: str) -> Response | str:
    """Show the code to scan, or the way to the provider's page, while a payment is open."""
    bill = _bill(links.by_code(code))
    wanted = ids.parse_id(payment_id)
    if bill.payment is None or bill.payment.id != wanted:
        raise NotFound
    if bill.payment.for_app:
        security.let_app_in()
    if not bill.is_waiting or not bill.payment.is_open or not bill.payment.has_way(now=clock.now()):
        return requests.go_to(f"/pay/{code}")
    return render_template(
        "public/paying/payment.html",
        bill=bill,
        picture=surfaces.qr_code(bill.payment.qr_text) if bill.payment.qr_text else None,
        is_inside_wechat=payers.is_inside_wechat(),
    )


@blueprint.get("/pay/<code>/standing")
@access.public
@looks
def pay_standing(code: str) -> Page:
    """Send an open page back to the start once something is otherwise than it has `seen`.

    With `asking`, the provider is asked as well: the payer is back, or scans a code just now.
    """
    bill = _bill(links.by_code(code))
    changed = request.args.get("seen") != bill.seen and not bill.is_just_begun
    if bill.payment is not None and bill.payment.is_open and "asking" in request.args:
        open_payment = bill.payment.id
        in_transaction(lambda: settling.hurry(open_payment))
    return Page(status=204, headers={"HX-Redirect": bill.address} if changed else {})


def _page(bill: Bill, form: PayForm) -> str:
    return render_template("public/paying/show.html", bill=bill, form=form, shut_out=surfaces.shut_out(bill.methods))


def _bill(link: PayLink, *, is_opened: bool = False) -> Bill:
    renewal = link.renewal
    payment = links.latest_payment(renewal.id)
    back_at = _back_at(payment, is_opened=is_opened)
    return Bill(
        link=link,
        methods=surfaces.as_offered_here(offers.methods(renewal.currency, PaymentChannel.WEBSITE)),
        payment=payment,
        back_at=back_at,
        is_told_unpaid=_is_told_unpaid(payment, back_at),
        given_back=refunds.back_with_payer(renewal),
        came_back=bouncing.held(renewal),
    )


def _back_at(payment: Payment | None, *, is_opened: bool) -> datetime | None:
    """Read since when the payer is back; whoever opens the page while a payment is open is back as well.

    A declined card is told of at once, so nobody has to be asked about it first.
    """
    now = clock.now().replace(microsecond=0)
    told = request.args.get("back", type=int)
    if told is None:
        is_left = is_opened and payment is not None and payment.is_open and payment.decline_code is None
        return now if is_left else None
    is_recent = (now - BACK_FOR).timestamp() <= told <= now.timestamp()
    return datetime.fromtimestamp(told, UTC) if is_recent else now


def _is_told_unpaid(payment: Payment | None, back_at: datetime | None) -> bool:
    if payment is None or back_at is None or not payment.is_open:
        return False
    return payments.times_unpaid_since(payment.id, back_at) >= ENOUGH_ANSWERS


def _choice(code: str, wanted: str) -> Choice:
    renewal = links.by_code(code).renewal
    offered = {str(offer.method): offer for offer in offers.methods(renewal.currency, PaymentChannel.WEBSITE)}
    if wanted not in offered:
        raise MethodNotOffered(field="method", method=wanted[:20], currency=renewal.currency)
    return surfaces.choice(offered[wanted])


def _send_on(code: str, payment: Payment) -> Response:
    if not payment.is_open:
        return requests.go_to(f"/pay/{code}")
    if payment.go_to and requests.is_htmx():
        return Page(status=204, headers={"HX-Redirect": payment.go_to})
    # Without scripts a page of ours lies between: a form may lead to nobody else (CSP, form-action).
    return requests.go_to(f"/pay/{code}/payments/{payment.id}")
