"""The stand-in providers' pages on which a payer pays, declines or walks away; plain HTML without scripts."""

from flask import Blueprint, Response, current_app, render_template

from portal.core.money import Money, to_decimal_text

paying = Blueprint("paying", __name__)

WORDS = {
    "en": {
        "pay": "Pay",
        "decline": "Decline",
        "abandon": "Abandon",
        "sandbox": "Sandbox: no money moves.",
        "refused": "The payment was refused. Please try again.",
        "closed": "This payment can not be paid any more.",
        "settled": "This payment has been paid.",
    },
    "zh": {
        "pay": "付款",
        "decline": "拒绝",
        "abandon": "放弃",
        "sandbox": "沙箱环境，不会产生真实扣款。",
        "refused": "付款被拒绝，请重试。",
        "closed": "此笔付款已无法支付。",
        "settled": "此笔付款已完成。",
    },
}

BRANDS = {
    "Stripe": "stripe",
    "PayPal": "paypal",
    "Alipay": "alipay",
    "支付宝": "alipay",
    "WeChat Pay": "wechat-pay",
    "微信支付": "wechat-pay",
}
"""What a provider is called -> whose colour its page has."""


@paying.get("/pay.css")
def styles() -> Response:
    """Send the one style sheet of all hosted pages."""
    return _sheet("pay.css")


@paying.get("/control.css")
def control_styles() -> Response:
    """Send the style sheet of the payments' control page."""
    return _sheet("control.css")


def page(
    *,
    provider: str,
    description: str,
    amount: Money,
    action: str | None,
    language: str = "en",
    state: str = "open",
    was_refused: bool = False,
) -> str:
    """Show a payment with its three buttons; each posts `choice` (`pay`, `decline`, `abandon`) to `action`.

    Args:
        provider: As people call it: `Stripe`, `PayPal`, `Alipay`, `WeChat Pay`.
        description: What is paid for.
        amount: What is asked.
        action: The address that the buttons post to; None leaves them out.
        language: `zh` or `en`; anything else is shown in English.
        state: `open`, `settled` or `closed`; the last two say so instead of the buttons.
        was_refused: Say that the try before was refused.
    """
    code = language[:2].lower() if language[:2].lower() in WORDS else "en"
    return render_template(
        "pay.html",
        provider=provider,
        brand=BRANDS.get(provider, "other"),
        description=description,
        amount=written(amount),
        action=action,
        state=state,
        was_refused=was_refused,
        language=code,
        words=WORDS[code],
    )


def written(amount: Money) -> str:
    """Write an amount as the sandbox's pages show it: `1050.00 CNY`."""
    return f"{to_decimal_text(amount)} {amount.currency}"


def _sheet(name: str) -> Response:
    with current_app.open_resource(f"templates/{name}", "rb") as sheet:
        return Response(sheet.read(), mimetype="text/css")
