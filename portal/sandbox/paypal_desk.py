"""What the stand-in PayPal does with money: orders approved and captured, refunds, disputes, withdrawals."""

from datetime import timedelta

from portal.core import clock
from portal.core.money import round_half_up
from portal.sandbox.paypal_words import impossible, instant, minor, missing, wire
from portal.sandbox.shelf import Shelf, Thing, new_id

FEE_PERCENT_TENTHS, FEE_FIXED = 34, 30
"""3.4 % and 30 minor units a payment, rounded half up; refunds give nothing of it back."""

DISPUTE_FEE = 2000
"""Booked apart for each dispute, in minor units."""

DISPUTE_TIME = timedelta(days=10)


class PayPalDesk:
    """PayPal at work within one transaction; `events` are to be sent after it."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.events: list[tuple[str, Thing]] = []

    def thing(self, kind: str, thing_id: str) -> Thing:
        """Find a thing of a kind."""
        found = self.shelf.get(thing_id)
        if found is None or found["_kind"] != kind:
            raise missing()
        return found

    def order(self, order_id: str) -> Thing:
        """Show an order with what was captured of it and given back."""
        order = self.thing("order", order_id)
        captures = [self.thing("capture", one) for one in order["_captures"]]
        refunds = [self.thing("refund", one) for one in order["_refunds"]]
        if captures:
            order["purchase_units"][0]["payments"] = {"captures": captures, "refunds": refunds}
        return order

    def open(self, wish: Thing, *, host_url: str) -> Thing:
        """Open an order, with a page where its payer approves it when one is wanted."""
        unit = wish["purchase_units"][0]
        if minor(unit["amount"]) <= 0:
            raise impossible("CANNOT_BE_ZERO_OR_NEGATIVE")
        account = wish.get("payment_source", {}).get("paypal")
        context = (account or {}).get("experience_context", {})
        order_id = _new_name()
        order: Thing = {
            "id": order_id,
            "intent": wish["intent"],
            "status": "CREATED",
            "create_time": instant(clock.now()),
            "purchase_units": [{"reference_id": "default"} | unit],
            "links": [],
            "_kind": "order",
            "_captures": [],
            "_refunds": [],
            "_return_url": context.get("return_url"),
            "_cancel_url": context.get("cancel_url"),
            "_locale": context.get("locale", "en-US"),
            "_is_vaulted": "vault" in (account or {}).get("attributes", {}),
        }
        if account:
            page = {"rel": "payer-action", "href": f"{host_url}paypal/pay/{order_id}", "method": "GET"}
            order |= {"status": "PAYER_ACTION_REQUIRED", "payment_source": {"paypal": {}}, "links": [page]}
        return self._save(order, reference=unit.get("invoice_id"))

    def approve(self, order: Thing, *, is_instrument_bad: bool = False, fault: str | None = None) -> None:
        """Let the payer agree; the money moves when it is captured."""
        order |= {"status": "APPROVED", "_is_instrument_bad": is_instrument_bad, "_fault": fault}
        order["payment_source"] = {"paypal": {"email_address": "payer@example.com", "account_id": "SANDBOXPAYER1"}}
        self.events.append(("CHECKOUT.ORDER.APPROVED", self._save(order)))

    def change(self, order_id: str, changes: list[Thing]) -> None:
        """Change what may be changed of an order that was not captured: here, its custom id."""
        order = self.thing("order", order_id)
        if order["status"] == "COMPLETED":
            raise impossible("ORDER_ALREADY_COMPLETED")
        for change in changes:
            if not change["path"].endswith("/custom_id") or change["op"] not in {"add", "replace"}:
                raise impossible("NOT_PATCHABLE")
            order["purchase_units"][0]["custom_id"] = change["value"]
        self._save(order)

    def capture(self, order_id: str, wish: Thing, *, refused: str | None = None) -> Thing:
        """Take the money of an approved order, or from a saved account."""
        order = self.thing("order", order_id)
        vault_id = wish.get("payment_source", {}).get("paypal", {}).get("vault_id")
        if order["status"] == "COMPLETED":
            raise impossible("ORDER_ALREADY_CAPTURED")
        if vault_id is None and order["status"] != "APPROVED":
            raise impossible("ORDER_NOT_APPROVED")
        if vault_id and (self.shelf.get(vault_id) or {}).get("_kind") != "vault":
            raise impossible("INVALID_PAYPAL_VAULT_ID")
        issue = refused or ("INSTRUMENT_DECLINED" if order.get("_is_instrument_bad") else None)
        if issue:
            # The payer may choose another way to pay.
            order["status"] = "CREATED" if vault_id else "PAYER_ACTION_REQUIRED"
            self._save(order)
            raise impossible(issue)
        self._take(order)
        if order["_is_vaulted"]:
            self._keep_account(order)
        self._save(order)
        return self.order(order_id)

    def refund(self, capture: Thing, wish: Thing, *, outcome: str) -> Thing:
        """Give money back; `outcome` is `succeeded`, `pending`, or `failed` a moment later."""
        order = self.thing("order", capture["_order"])
        paid, currency = minor(capture["amount"]), capture["amount"]["currency_code"]
        amount = minor(wish["amount"]) if "amount" in wish else paid - capture["_refunded"]
        if capture["_is_disputed"]:
            raise impossible("TRANSACTION_DISPUTED")
        if capture["_refunded"] == paid:
            raise impossible("CAPTURE_FULLY_REFUNDED")
        if wish.get("amount", {}).get("currency_code", currency) != currency:
            raise impossible("REFUND_CAPTURE_CURRENCY_MISMATCH")
        if not 0 < amount <= paid - capture["_refunded"]:
            raise impossible("REFUND_AMOUNT_EXCEEDED")
        refund: Thing = {
            "id": _new_name(),
            "status": "PENDING",
            "amount": wire(amount, currency),
            "create_time": instant(clock.now()),
            "invoice_id": wish.get("invoice_id"),
            "custom_id": wish.get("custom_id"),
            "_kind": "refund",
            "_capture": capture["id"],
        }
        self._save(refund, reference=refund["invoice_id"])
        order["_refunds"].append(refund["id"])
        self._save(order)
        self._count_back(capture, amount)
        if outcome == "succeeded":
            self.settle_refund(refund)
        else:
            self.events.append(("PAYMENT.REFUND.PENDING", refund))
        answered = dict(refund)
        if outcome == "failed":
            self.fail_refund(refund)
        return answered

    def settle_refund(self, refund: Thing) -> Thing:
        """Let a pending refund arrive."""
        if refund["status"] != "PENDING":
            raise impossible("REFUND_NOT_PENDING")
        refund |= {"status": "COMPLETED", "status_details": None}
        self._book("T1107", -minor(refund["amount"]), refund["amount"]["currency_code"], of=refund)
        self.events.append(("PAYMENT.CAPTURE.REFUNDED", refund))
        return self._save(refund)

    def fail_refund(self, refund: Thing) -> Thing:
        """Have a refund come back."""
        if refund["status"] not in {"PENDING", "COMPLETED"}:
            raise impossible("REFUND_FAILED")
        if refund["status"] == "COMPLETED":
            currency = refund["amount"]["currency_code"]
            self._book("T1107", minor(refund["amount"]), currency, of=refund | {"id": _new_name()})
        self._count_back(self.thing("capture", refund["_capture"]), -minor(refund["amount"]))
        refund |= {"status": "FAILED", "status_details": {"reason": "ECHECK"}}
        self.events.append(("PAYMENT.REFUND.FAILED", refund))
        return self._save(refund)

    def dispute(self, capture: Thing) -> Thing:
        """Have the payer ask for the money back; it leaves the balance until the dispute is decided."""
        if capture["_is_disputed"]:
            raise impossible("ALREADY_DISPUTED")
        currency = capture["amount"]["currency_code"]
        amount = minor(capture["amount"]) - capture["_refunded"]
        if not amount:
            raise impossible("CAPTURE_FULLY_REFUNDED")
        self._save(capture | {"_is_disputed": True})
        name = f"PP-R-{_new_name()[:8]}"
        dispute: Thing = {
            "id": name,
            "dispute_id": name,
            "create_time": instant(clock.now()),
            "dispute_amount": wire(amount, currency),
            "disputed_transactions": [{"seller_transaction_id": capture["id"]}],
            "reason": "UNAUTHORISED",
            "seller_response_due_date": instant(clock.now() + DISPUTE_TIME),
            "status": "WAITING_FOR_SELLER_RESPONSE",
            "_kind": "dispute",
        }
        about = {"id": _new_name(), "invoice_id": capture.get("invoice_id")}
        self._book("T1201", -amount, currency, of=about)
        self._book("T0106", -DISPUTE_FEE, currency, of=about | {"id": _new_name()})
        self.events.append(("CUSTOMER.DISPUTE.CREATED", dispute))
        return self._save(dispute, reference=capture.get("invoice_id"))

    def close_dispute(self, dispute: Thing, *, is_won: bool) -> Thing:
        """Decide a dispute; one that is won gives the money back to the operator."""
        if dispute["status"] == "RESOLVED":
            raise impossible("DISPUTE_RESOLVED")
        code = "RESOLVED_SELLER_FAVOUR" if is_won else "RESOLVED_BUYER_FAVOUR"
        dispute |= {"status": "RESOLVED", "dispute_outcome": {"outcome_code": code}}
        if is_won:
            capture = self.thing("capture", dispute["disputed_transactions"][0]["seller_transaction_id"])
            amount = dispute["dispute_amount"]
            about = {"id": _new_name(), "invoice_id": capture.get("invoice_id")}
            self._book("T1202", minor(amount), amount["currency_code"], of=about)
            self._save(capture | {"_is_disputed": False})
        self.events.append(("CUSTOMER.DISPUTE.RESOLVED", dispute))
        return self._save(dispute)

    def pay_out(self) -> list[Thing]:
        """Withdraw each currency's balance to the operator's bank."""
        lines = self.shelf.all("line")
        withdrawn = []
        for currency in sorted({line["_currency"] for line in lines}):
            amount = sum(line["_amount"] - line["_fee"] for line in lines if line["_currency"] == currency)
            if amount > 0:
                withdrawn.append(self._book("T0400", -amount, currency, of={"id": _new_name()}))
        return withdrawn

    def _take(self, order: Thing) -> None:
        unit = order["purchase_units"][0]
        amount, currency = minor(unit["amount"]), unit["amount"]["currency_code"]
        if order.get("_fault") == "other_amount":
            amount = amount - 1 or 2
        if order.get("_fault") == "other_currency":
            currency = "USD" if currency == "EUR" else "EUR"
        fee = round_half_up(amount * FEE_PERCENT_TENTHS, 1000) + FEE_FIXED
        capture: Thing = {
            "id": _new_name(),
            "status": "COMPLETED",
            "amount": wire(amount, currency),
            "create_time": instant(clock.now()),
            "custom_id": unit.get("custom_id"),
            "final_capture": True,
            "invoice_id": unit.get("invoice_id"),
            "seller_receivable_breakdown": {
                "gross_amount": wire(amount, currency),
                "paypal_fee": wire(fee, currency),
                "net_amount": wire(amount - fee, currency),
            },
            "supplementary_data": {"related_ids": {"order_id": order["id"]}},
            "_kind": "capture",
            "_order": order["id"],
            "_refunded": 0,
            "_is_disputed": False,
        }
        self._save(capture, reference=unit.get("invoice_id"))
        self._book("T0006", amount, currency, of=capture, fee=fee)
        order |= {"status": "COMPLETED", "_captures": [capture["id"]]}
        self.events.append(("PAYMENT.CAPTURE.COMPLETED", capture))

    def _keep_account(self, order: Thing) -> None:
        vault = {"id": new_id("vault-"), "status": "VAULTED", "customer": {"id": new_id("customer-")}}
        self._save(vault | {"_kind": "vault"})
        order["payment_source"]["paypal"]["attributes"] = {"vault": vault}

    def _count_back(self, capture: Thing, amount: int) -> None:
        paid = minor(capture["amount"])
        capture["_refunded"] += amount
        full = "REFUNDED" if capture["_refunded"] == paid else "PARTIALLY_REFUNDED"
        capture["status"] = full if capture["_refunded"] else "COMPLETED"
        self._save(capture)

    def _book(self, code: str, amount: int, currency: str, *, of: Thing, fee: int = 0) -> Thing:
        info = {
            "transaction_id": of["id"],
            "transaction_event_code": code,
            "transaction_initiation_date": instant(clock.now()),
            "transaction_amount": wire(amount, currency),
            "fee_amount": wire(-fee, currency),
            "transaction_status": "S",
            "invoice_id": of.get("invoice_id"),
            "custom_field": of.get("custom_id"),
        }
        line: Thing = {"id": f"line-{of['id']}", "transaction_info": info, "_kind": "line"}
        return self._save(line | {"_amount": amount, "_fee": fee, "_currency": currency})

    def _save(self, thing: Thing, *, reference: str | None = None) -> Thing:
        return self.shelf.put(thing["_kind"], thing, reference=reference)


def _new_name() -> str:
    return new_id("").upper()[:17]
