"""What the stand-in Stripe does with money: charges, refunds, disputes, payouts; all amounts in Stripe's units."""

import time
from typing import Any

from portal.core.money import round_half_up
from portal.sandbox.shelf import Shelf, Thing, new_id

FEE_PERCENT_TENTHS, FEE_FIXED = 29, 30
"""2.9 % and 30 minor units a payment, rounded half up; refunds give nothing of it back."""

DISPUTE_FEE = 1500
"""Kept for each dispute, in minor units."""

DISPUTE_SECONDS = 7 * 86_400


class Refusal(Exception):
    """Stripe does not do it: the status and the error's fields."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(error.get("message"))
        self.status = status
        self.error = error


def missing(what: str, thing_id: object) -> Refusal:
    """Say that there is nothing of that name."""
    error = {"type": "invalid_request_error", "code": "resource_missing", "message": f"No such {what}: '{thing_id}'"}
    return Refusal(404, error)


def invalid(message: str, *, code: str | None = None, param: str | None = None) -> Refusal:
    """Say that the wish makes no sense."""
    return Refusal(400, {"type": "invalid_request_error", "message": message, "code": code, "param": param})


class StripeDesk:
    """Stripe at work within one transaction; `events` are to be sent after it."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.events: list[tuple[str, Thing]] = []

    def intent(self, thing_id: str) -> Thing:
        """Find a payment intent."""
        found = self.shelf.get(thing_id)
        if found is None or found["object"] != "payment_intent":
            raise missing("payment_intent", thing_id)
        return found

    def session(self, thing_id: str) -> Thing:
        """Find a Checkout Session as it is now: one whose time is over has expired."""
        found = self.shelf.get(thing_id)
        if found is None or found["object"] != "checkout.session":
            raise missing("checkout.session", thing_id)
        if found["status"] == "open" and time.time() > found["expires_at"]:
            return self.expire(found)
        return found

    def expire(self, session: Thing) -> Thing:
        """Close a page for good."""
        if session["status"] != "open":
            raise invalid(f"Only Checkout Sessions with a status in [open] can be expired; it is {session['status']}.")
        session |= {"status": "expired", "url": None}
        self.events.append(("checkout.session.expired", session))
        return self._save("session", session)

    def new_intent(self, amount: int, currency: str, metadata: dict[str, str], **more: Any) -> Thing:
        """Make a payment intent that waits for its payer."""
        return {
            "id": new_id("pi_"),
            "object": "payment_intent",
            "amount": amount,
            "amount_received": 0,
            "currency": currency,
            "created": _now(),
            "customer": None,
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": metadata,
            "payment_method": None,
            "setup_future_usage": None,
            "status": "requires_payment_method",
        } | more

    def settle(self, intent: Thing, *, received: int, currency: str) -> Thing:
        """Take the money of a payment intent, and keep the fee."""
        charge: Thing = {
            "id": new_id("ch_"),
            "object": "charge",
            "amount": received,
            "amount_refunded": 0,
            "currency": currency,
            "created": _now(),
            "disputed": False,
            "metadata": intent["metadata"],
            "paid": True,
            "payment_intent": intent["id"],
            "status": "succeeded",
        }
        fee = round_half_up(received * FEE_PERCENT_TENTHS, 1000) + FEE_FIXED
        charge["balance_transaction"] = self.book(
            "charge", amount=received, fee=fee, currency=currency, source=charge["id"]
        )["id"]
        self._save("charge", charge)
        intent |= {
            "status": "succeeded",
            "amount_received": received,
            "currency": currency,
            "latest_charge": charge["id"],
            "last_payment_error": None,
        }
        self.events.append(("payment_intent.succeeded", intent))
        return self._save("intent", intent)

    def fail(self, intent: Thing, *, code: str) -> Thing:
        """Have the card refused; the payment intent may be tried again."""
        is_wanting_owner = code == "authentication_required"
        intent["last_payment_error"] = {
            "type": "card_error",
            "code": code if is_wanting_owner else "card_declined",
            "decline_code": code,
            "message": "Your card was declined.",
        }
        self.events.append(("payment_intent.payment_failed", intent))
        return self._save("intent", intent)

    def keep_card(self, intent: Thing, email: str | None) -> None:
        """Keep the payer's card for later charges."""
        customer = self._save("customer", {"id": new_id("cus_"), "object": "customer", "email": email})
        card = {"brand": "visa", "last4": "4242", "exp_month": 4, "exp_year": 2030}
        method = {"id": new_id("pm_"), "object": "payment_method", "type": "card", "card": card}
        self._save("method", method | {"customer": customer["id"]})
        intent |= {"customer": customer["id"], "payment_method": method["id"]}

    def refund(self, intent: Thing, wish: dict[str, Any], *, outcome: str, reason: str | None = None) -> Thing:
        """Give money back; `outcome` is `succeeded`, `pending`, or `failed` a moment later."""
        charge = self.shelf.get(intent["latest_charge"])
        if charge is None:
            raise invalid("This PaymentIntent does not have a successful charge to refund.")
        if charge.get("_is_charged_back"):
            raise invalid("The charge has been charged back.", code="charge_disputed")
        left = charge["amount"] - charge["amount_refunded"]
        amount = int(wish.get("amount", left))
        if left == 0:
            raise invalid("Charge has already been refunded.", code="charge_already_refunded")
        if not 0 < amount <= left:
            raise invalid(f"Refund amount ({amount}) is greater than unrefunded amount ({left}).", param="amount")
        charge["amount_refunded"] += amount
        self._save("charge", charge)
        refund: Thing = {
            "id": new_id("re_"),
            "object": "refund",
            "amount": amount,
            "balance_transaction": None,
            "charge": charge["id"],
            "created": _now(),
            "currency": charge["currency"],
            "failure_reason": None,
            "metadata": wish.get("metadata", {}),
            "payment_intent": intent["id"],
            "status": "pending",
        }
        self._save("refund", refund)
        self.events.append(("refund.created", refund))
        if outcome == "succeeded":
            self.settle_refund(refund)
        if outcome == "failed":
            answered = dict(refund)
            self.fail_refund(refund, reason or "expired_or_canceled_card")
            return answered
        return refund

    def settle_refund(self, refund: Thing) -> Thing:
        """Let a pending refund arrive."""
        if refund["status"] != "pending":
            raise invalid("Only a pending refund can be settled.")
        booked = self.book("refund", amount=-refund["amount"], fee=0, currency=refund["currency"], source=refund["id"])
        refund |= {"status": "succeeded", "balance_transaction": booked["id"]}
        self.events.append(("refund.updated", refund))
        return self._save("refund", refund)

    def fail_refund(self, refund: Thing, reason: str) -> Thing:
        """Have a refund come back."""
        if refund["status"] not in {"pending", "succeeded"}:
            raise invalid("The refund has failed already.")
        if refund["status"] == "succeeded":
            self.book(
                "refund_failure", amount=refund["amount"], fee=0, currency=refund["currency"], source=refund["id"]
            )
        charge = self.shelf.get(refund["charge"]) or {}
        charge["amount_refunded"] -= refund["amount"]
        self._save("charge", charge)
        refund |= {"status": "failed", "failure_reason": reason}
        self.events.append(("refund.failed", refund))
        return self._save("refund", refund)

    def dispute(self, intent: Thing) -> Thing:
        """Have the payer's bank take a payment back."""
        charge = self.shelf.get(intent["latest_charge"])
        if charge is None or charge["disputed"]:
            raise invalid("There is no charge to dispute.")
        amount = charge["amount"] - charge["amount_refunded"]
        if not amount:
            raise invalid("The charge has been refunded.", code="charge_already_refunded")
        charge["disputed"] = charge["_is_charged_back"] = True
        self._save("charge", charge)
        dispute: Thing = {
            "id": new_id("dp_"),
            "object": "dispute",
            "amount": amount,
            "charge": charge["id"],
            "created": _now(),
            "currency": charge["currency"],
            "evidence_details": {"due_by": _now() + DISPUTE_SECONDS},
            "metadata": {},
            "payment_intent": intent["id"],
            "reason": "fraudulent",
            "status": "needs_response",
        }
        booked = self.book(
            "dispute", amount=-amount, fee=DISPUTE_FEE, currency=charge["currency"], source=dispute["id"]
        )
        dispute["balance_transactions"] = [booked]
        self.events.append(("charge.dispute.created", dispute))
        return self._save("dispute", dispute)

    def close_dispute(self, dispute: Thing, *, status: str) -> Thing:
        """Decide a dispute: `won` gives the money back to the operator, `lost` does not."""
        if dispute["status"] in {"won", "lost"}:
            raise invalid("The dispute has been decided.")
        if status == "won":
            booked = self.book(
                "dispute_reversal", amount=dispute["amount"], fee=0, currency=dispute["currency"], source=dispute["id"]
            )
            dispute["balance_transactions"].append(booked)
            charge = self.shelf.get(dispute["charge"]) or {}
            self._save("charge", charge | {"_is_charged_back": False})
        dispute["status"] = status
        self.events.append(("charge.dispute.closed", dispute))
        return self._save("dispute", dispute)

    def pay_out(self) -> list[Thing]:
        """Bring each currency's balance to the operator's bank."""
        waiting = [line for line in self.shelf.all("booking") if line["_payout"] is None]
        payouts = []
        for currency in sorted({line["currency"] for line in waiting}):
            lines = [line for line in waiting if line["currency"] == currency]
            amount = sum(line["net"] for line in lines)
            if amount <= 0:
                continue
            payout = {
                "id": new_id("po_"),
                "object": "payout",
                "amount": amount,
                "automatic": True,
                "created": _now(),
                "currency": currency,
                "status": "paid",
            }
            self._save("payout", payout)
            lines.append(self.book("payout", amount=-amount, fee=0, currency=currency, source=payout["id"]))
            for line in lines:
                self._save("booking", line | {"_payout": payout["id"]})
            payouts.append(payout)
            self.events.append(("payout.paid", payout))
        return payouts

    def book(self, category: str, *, amount: int, fee: int, currency: str, source: str) -> Thing:
        """Write a line into Stripe's own books."""
        line: Thing = {
            "id": new_id("txn_"),
            "object": "balance_transaction",
            "amount": amount,
            "created": _now(),
            "currency": currency,
            "fee": fee,
            "net": amount - fee,
            "reporting_category": category,
            "source": source,
            "status": "available",
            "type": "adjustment" if category.startswith("dispute") else category,
            "_payout": None,
        }
        return self._save("booking", line)

    def _save(self, kind: str, thing: Thing) -> Thing:
        return self.shelf.put(kind, thing, reference=thing.get("metadata", {}).get("reference"))


def _now() -> int:
    return int(time.time())
