import json

import pytest

from portal.carriers.masking import masked
from portal.core.masking import MASK


@pytest.mark.parametrize(
    "key",
    [
        "ac",
        "lpa",
        "qrCodeUrl",
        "qrcode",
        "access_token",
        "accessCode",
        "api_key",
        "X-Api-Key",
        "Authorization",
        "matchingId",
        "confirmation_code",
        "eid",
        "pin",
        "puk1",
        "client_secret",
        "RT-Signature",
        "activationCode",
        "shortUrl",
    ],
)
def test_masks_the_value_of_a_secret_field(key: str) -> None:
    assert masked({key: "open sesame"}) == {key: MASK}


@pytest.mark.parametrize("key", ["iccid", "confirmation", "package", "plan_code", "place", "keyword", "shipping"])
def test_keeps_what_is_no_secret(key: str) -> None:
    assert masked({key: "kept"}) == {key: "kept"}


def test_masks_secrets_inside_lists_and_texts() -> None:
    raw = {"esims": [{"note": "scan LPA:1$smdp.example$A-B-C now", "eid_text": "EID 89049032123451234512345678901235"}]}

    assert masked(raw) == {"esims": [{"note": f"scan LPA:1${MASK} now", "eid_text": f"EID {MASK}1235"}]}


def test_masks_a_whole_structure_under_a_secret_key_but_keeps_an_absent_one() -> None:
    assert masked({"secret": {"a": 1}, "ac": None}) == {"secret": MASK, "ac": None}


def test_gives_what_a_json_column_can_hold() -> None:
    kept = masked({"nul": "a\x00b", "surrogate": "\ud800", "nan": float("nan"), "odd": object, "long": "x" * 9000})

    text = json.dumps(kept, allow_nan=False, ensure_ascii=False)

    assert "\x00" not in text
    assert text.encode("utf-8")
    assert len(kept["long"]) == 4000
