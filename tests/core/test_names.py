import pytest

from portal.core import cells, contacts, names
from portal.core.errors import InvalidInput


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("  张喆\n", "张喆"),
        ("犇", "犇"),
        ("王芳婳", "王芳婳"),
        ("Nguye\u0302\u0303n", "Nguyễn"),
        ("佐藤\u3000\u3000健", "佐藤 健"),
        ("Ана  Петрова", "Ана Петрова"),
        ("김민수", "김민수"),
        ("O'Brien, Sean", "O'Brien, Sean"),
        ("<b>Li</b>", "<b>Li</b>"),
        ("葛\U000e0100城", "葛\U000e0100城"),
    ],
)
def test_reads_names_of_many_scripts(typed, read):
    assert names.read(typed, field="name") == read


@pytest.mark.parametrize(
    "typed",
    [
        "张三\u202e法外",
        "Al\u200bice",
        "Al\u200dice",
        "A\x00b",
        "A\tb",
        "A\nb",
        "\ud800",
        "A\u2028b",
        "Al\u3164ice",
        "\ue000",
    ],
)
def test_refuses_names_with_signs_nobody_sees(typed):
    with pytest.raises(InvalidInput) as refusal:
        names.read(typed + "x", field="customer_name")

    assert refusal.value.parts == {"field": "customer_name", "reason": "name_control_characters"}


@pytest.mark.parametrize("typed", ["", "  ", "\u3000"])
def test_asks_for_a_missing_name(typed):
    with pytest.raises(InvalidInput) as refusal:
        names.read(typed, field="customer_name", missing="customer_name_missing")

    assert refusal.value.parts["reason"] == "customer_name_missing"


def test_refuses_a_name_longer_than_its_column():
    assert names.read("张" * 120, field="name") == "张" * 120
    with pytest.raises(InvalidInput) as refusal:
        names.read("张" * 121, field="name")

    assert refusal.value.parts == {"field": "name", "reason": "too_long", "length": 120}


@pytest.mark.parametrize("name", ["Glоbal Link", "Αlice Travel"])  # a Cyrillic o, a Greek capital alpha
def test_refuses_words_that_mix_scripts(name):
    with pytest.raises(InvalidInput) as refusal:
        names.refuse_mixed_scripts(name, field="name_en")

    assert refusal.value.parts["reason"] == "name_mixed_scripts"


@pytest.mark.parametrize("name", ["LEB 通信", "Global Петрова", "A株式会社", "東京Link", "Café №5"])
def test_accepts_words_side_by_side_in_several_scripts(name):
    names.refuse_mixed_scripts(name, field="name_en")


def test_makes_typed_text_searchable():
    assert names.searchable("  Nguye\u0302\u0303n\u0000\u202e  Hoa ") == "Nguyễn Hoa"


@pytest.mark.parametrize(
    ("typed", "read"),
    [(" Carol@Customers.Example ", "carol@customers.example"), ("张@例子.中国", "张@例子.中国")],
)
def test_reads_addresses(typed, read):
    assert contacts.read_email(typed) == read


@pytest.mark.parametrize(
    "typed", ["", "carol", "carol@", "a@b.com\r\nBcc: x@y.com", "a@b.com,c@d.com", "a@b\u202e.com"]
)
def test_refuses_what_is_no_address(typed):
    with pytest.raises(InvalidInput) as refusal:
        contacts.read_email(typed, field="customer_email")

    assert refusal.value.parts == {"field": "customer_email", "reason": "email_invalid"}


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("13800138001", "+8613800138001"),
        ("138 0013 8001", "+8613800138001"),
        ("１３８００１３８００１", "+8613800138001"),
        ("+852 9123 4004", "+85291234004"),
        ("+81 (90) 1234-5678", "+819012345678"),
    ],
)
def test_reads_telephone_numbers_into_e164(typed, read):
    assert contacts.read_phone(typed) == read


@pytest.mark.parametrize("typed", ["", "12", "+1 555 0100", "abc", "+8613800138001x5", "1" * 500])
def test_refuses_what_cannot_be_dialled(typed):
    with pytest.raises(InvalidInput) as refusal:
        contacts.read_phone(typed, field="customer_phone")

    assert refusal.value.parts == {"field": "customer_phone", "reason": "phone_invalid"}


@pytest.mark.parametrize("text", ["=1+1", "+8613", "-5", "@x", "＝1", "'=1", "''=1", "'plain", "plain", "", "张"])
def test_cells_are_harmless_and_read_back(text):
    cell = cells.harmless(text)

    assert not cells.is_formula(cell)
    assert cells.meant(cell) == text
