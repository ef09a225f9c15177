import json
from pathlib import Path

import pytest

from portal.cards import activation_code, eid, iccid
from portal.core.errors import InvalidInput

CASES = json.loads((Path(__file__).parents[1] / "data" / "identifier_cases.json").read_text(encoding="utf-8"))


def _ids(cases: list[dict]) -> list[str]:
    return [ascii(case["given"])[1:-1] or "empty" for case in cases]


@pytest.mark.parametrize("case", CASES["iccid"], ids=_ids(CASES["iccid"]))
def test_reads_iccids_as_the_worked_cases_say(case):
    if case["verdict"] == "rejected":
        with pytest.raises(InvalidInput):
            iccid.read(case["given"])
        return

    read = iccid.read(case["given"])

    assert read.number == case["normal"]
    assert bool(read.warnings) == (case["verdict"] == "warning")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "iccid_missing"),
        (" - ", "iccid_missing"),
        ("89340000000000872", "iccid_short"),
        ("898520002633188061401234", "iccid_long"),
        ("8985200026331880614O", "iccid_letters"),
        ("89852000263318806140FF", "iccid_letters"),
        ("F", "iccid_letters"),
        ("٨٩٨٥٢٠٠٠٢٦٣٣١٨٨٠٦١٤٠", "iccid_letters"),
        ("８９８５２０００２６３３１８８０６１４０", "iccid_full_width"),
    ],
)
def test_names_what_is_wrong_with_an_iccid(given, reason):
    with pytest.raises(InvalidInput) as refusal:
        iccid.read(given)

    assert refusal.value.parts["field"] == "iccid"
    assert refusal.value.parts["reason"] == reason


@pytest.mark.parametrize(
    ("given", "warnings"),
    [
        ("89852000263318806140", ()),
        ("89852000263318806141", ("iccid_luhn",)),
        ("00000002610900000479", ("iccid_luhn", "iccid_prefix")),
        ("1852000263318806145", ("iccid_prefix",)),
    ],
)
def test_warns_of_odd_iccids(given, warnings):
    assert iccid.read(given).warnings == warnings


def test_accepts_typographic_dashes_and_wide_spaces():
    assert iccid.read("8985–2000‑2633\u30001880\u00a06140\r\n").number == "89852000263318806140"


def test_masks_an_iccid():
    assert iccid.masked("8997212330099025334") == "8997 •••• 5334"


@pytest.mark.parametrize("case", CASES["eid"], ids=_ids(CASES["eid"]))
def test_reads_eids_as_the_worked_cases_say(case):
    if case["valid"]:
        assert eid.read(case["given"]) == case["given"]
    else:
        with pytest.raises(InvalidInput):
            eid.read(case["given"])


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("8989068288360759838675650889951", "eid_length"),
        ("89865707049996228303883685957409", "eid_check_digits"),
        ("8986570704999622830388368595740X", "eid_letters"),
        ("８９８６５７０７０４９９９６２２８３０３８８３６８５９５７４０８", "eid_letters"),
    ],
)
def test_names_what_is_wrong_with_an_eid(given, reason):
    with pytest.raises(InvalidInput) as refusal:
        eid.read(given)

    assert (refusal.value.parts["field"], refusal.value.parts["reason"]) == ("eid", reason)


def test_reads_an_eid_in_groups():
    assert eid.read("8986 5707 0499 9622 8303 8836 8595 7408") == "89865707049996228303883685957408"


@pytest.mark.parametrize("case", CASES["activation_code"], ids=_ids(CASES["activation_code"]))
def test_reads_activation_codes_as_the_worked_cases_say(case):
    if not case["valid"]:
        with pytest.raises(InvalidInput):
            activation_code.read(case["given"])
        return

    read = activation_code.read(case["given"])

    assert read.smdp == case["smdp"]
    assert read.matching_id == case["matching_id"]
    assert read.oid == case["oid"]
    assert read.confirmation_required is case["confirmation"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("1$SMDP.example.com$ABC-1", "LPA:1$smdp.example.com$ABC-1"),
        ("lpa:1$smdp.example.com$$$1\n", "LPA:1$smdp.example.com$$$1"),
        ("LPA:1$smdp.example.com$A$1.3.6", "LPA:1$smdp.example.com$A$1.3.6"),
        ("LPA:1$smdp.example.com$A$1.3.6$1", "LPA:1$smdp.example.com$A$1.3.6$1"),
    ],
)
def test_writes_an_activation_code_in_one_form(given, text):
    assert activation_code.read(given).text == text


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "activation_code_malformed"),
        ("LPA:1$smdp.example.com$A$1.3.6$2", "activation_code_malformed"),
        ("LPA:1$smdp.example.com$A$1.3.6$1$x", "activation_code_malformed"),
        ("LPA:1$smdp.example.com$A$evil", "activation_code_malformed"),
        ("LPA:1$smdp.example.com$" + "A" * 300, "activation_code_malformed"),
        ("LPA:1$localhost$ABC", "activation_code_address"),
        ("LPA:1$smdp.example.com$A B", "activation_code_matching_id"),
        ("LPA:1$smdp.example.com$A\nB", "activation_code_matching_id"),
    ],
)
def test_names_what_is_wrong_with_an_activation_code(given, reason):
    with pytest.raises(InvalidInput) as refusal:
        activation_code.read(given)

    assert refusal.value.parts == {"field": "activation_code", "reason": reason}


def test_never_shows_the_secret_of_an_activation_code():
    read = activation_code.read("LPA:1$smdp.example.com$SECRET-1")

    assert "SECRET" not in repr(read)
    assert read.masked == "LPA:1$smdp.example.com$••••"
