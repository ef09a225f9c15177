import json

import pytest

from portal.core.masking import MASK
from portal.payments.providers.masking import masked


@pytest.mark.parametrize(
    "key",
    [
        "client_secret",
        "access_token",
        "Authorization",
        "vault_id",
        "transmission_sig",
        "PayPal-Transmission-Sig",
        "Stripe-Signature",
        "sign",
        "app_private_key",
        "apiV3Key",
        "ciphertext",
        "password",
    ],
)
def test_masks_the_value_of_a_secret_field(key: str) -> None:
    assert masked({key: "open sesame"}) == {key: MASK}


@pytest.mark.parametrize("key", ["id", "assigned", "signed_at", "design", "vaulted", "reason", "invoice_id"])
def test_keeps_what_is_no_secret(key: str) -> None:
    assert masked({key: "kept"}) == {key: "kept"}


def test_masks_what_could_be_charged_again_wherever_it_stands() -> None:
    raw = {
        "error": "No such PaymentMethod: 'pm_1Nx'; request by sk_live_abc",
        "payment_intent": {"customer": "cus_9", "payment_method": "pm_1Nx", "id": "pi_1"},
        "payment_source": {"paypal": {"attributes": {"vault": {"id": "8kk", "status": "VAULTED"}}}},
        "list": ["whsec_1", "ch_1"],
    }

    kept = masked(raw)

    assert kept["error"] == f"No such PaymentMethod: 'pm_{MASK}'; request by sk_live_{MASK}"
    assert kept["payment_intent"] == {"customer": f"cus_{MASK}", "payment_method": f"pm_{MASK}", "id": "pi_1"}
    assert kept["payment_source"]["paypal"]["attributes"]["vault"] == {"id": MASK, "status": "VAULTED"}
    assert kept["list"] == [f"whsec_{MASK}", "ch_1"]


def test_gives_what_a_json_column_takes() -> None:
    kept = masked({"a\x00": "b\x00\ud800", "n": float("nan"), "t": (1, None), "o": object(), "l": "x" * 9_000})

    assert "\x00" not in json.dumps(kept, ensure_ascii=False)
    assert json.dumps(kept, ensure_ascii=False, allow_nan=False).encode()
    assert len(kept["l"]) == 4_000
