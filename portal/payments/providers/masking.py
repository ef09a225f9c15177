"""Make a provider's raw answer fit to be kept: what could be charged again, and what proves who asks, is masked."""

import re
from typing import Any

from portal.core import masking
from portal.core.masking import MASK

# At PayPal a kept account is the `id` within `vault`.
_SECRET = re.compile(
    r"secret|token|authori[sz]ation|signature|transmission-sig|password|private-?key|api-?v3-?key|ciphertext"
    r"|\.(sign|vault-id|vault\.id|pay-sign|app-key)$"
)
# Stripe's names for what can be charged again, and for keys.
_STRIPE_TOKEN = re.compile(r"\b(pm|card|src|cus|seti|sk_test|sk_live|rk_test|rk_live|whsec)_\w+")


def masked(raw: Any) -> Any:
    """Copy an answer, with the values of secret fields and the tokens in any text masked."""
    return masking.masked(raw, secret=_SECRET, in_text=_in_text)


def _in_text(text: str) -> str:
    return _STRIPE_TOKEN.sub(rf"\1_{MASK}", text)
