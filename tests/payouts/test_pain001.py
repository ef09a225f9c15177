"""The message is checked against the order and bounds of the schema; test_pain001_schema.py has the schema itself."""

from datetime import UTC, date, datetime
from xml.etree import ElementTree

import pytest

from portal.core.errors import InvalidInput
from portal.core.money import Money
from portal.payouts import bank_account, pain001
from portal.payouts.bank_account import BankAccount
from portal.payouts.pain001 import NAMESPACE, CreditTransfer

OURS = BankAccount("LEB Communications <Shanghai> & Co", "Bank of China", "DE89370400440532013000", "BKCHCNBJ")
THEIRS = BankAccount("环球通讯", "ICBC", "6222021001112223334", "")

ORDER = {
    "CstmrCdtTrfInitn": ["GrpHdr", "PmtInf"],
    "GrpHdr": ["MsgId", "CreDtTm", "NbOfTxs", "CtrlSum", "InitgPty"],
    "PmtInf": [
        *("PmtInfId", "PmtMtd", "NbOfTxs", "CtrlSum", "ReqdExctnDt", "Dbtr", "DbtrAcct", "DbtrAgt", "ChrgBr"),
        *("CdtTrfTxInf", "CdtTrfTxInf"),
    ],
    "CdtTrfTxInf": ["PmtId", "Amt", "CdtrAgt", "Cdtr", "CdtrAcct", "RmtInf"],
    "PmtId": ["InstrId", "EndToEndId"],
}


def message(*amounts: int, currency: str = "EUR") -> ElementTree.Element:
    written = pain001.render(
        reference="B-7K3M-92QD",
        made_at=datetime(2026, 11, 22, 6, 18, 7, tzinfo=UTC),
        pay_on=date(2026, 11, 23),
        payer=OURS,
        transfers=[
            CreditTransfer(f"S-7K3M-92Q{nr}", Money(minor, currency), THEIRS if nr else OURS)
            for nr, minor in enumerate(amounts)
        ],
    )
    return ElementTree.fromstring(written)


def texts(root: ElementTree.Element, name: str) -> list[str | None]:
    return [found.text for found in root.iter(f"{{{NAMESPACE}}}{name}")]


def test_its_elements_stand_in_the_order_of_the_schema():
    root = message(100, 250)

    assert root.tag == f"{{{NAMESPACE}}}Document"
    for found in root.iter():
        name = found.tag.rpartition("}")[2]
        if name in ORDER:
            assert [child.tag.rpartition("}")[2] for child in found] == ORDER[name]


def test_its_control_sums_are_those_of_its_payments():
    root = message(100, 250)

    assert texts(root, "NbOfTxs") == ["2", "2"]
    assert texts(root, "CtrlSum") == ["3.50", "3.50"]
    assert texts(root, "InstdAmt") == ["1.00", "2.50"]


@pytest.mark.parametrize(("currency", "text"), [("JPY", "1234"), ("KWD", "1.234"), ("CNY", "12.34")])
def test_an_amount_has_the_digits_of_its_currency(currency, text):
    root = message(1234, currency=currency)

    assert texts(root, "InstdAmt") == [text]
    assert [found.get("Ccy") for found in root.iter(f"{{{NAMESPACE}}}InstdAmt")] == [currency]


def test_an_iban_and_another_number_stand_where_each_belongs():
    root = message(100, 250)

    assert texts(root, "IBAN") == ["DE89370400440532013000", "DE89370400440532013000"]
    assert texts(root, "Id")[-1] == "6222021001112223334"
    assert texts(root, "BICFI") == ["BKCHCNBJ", "BKCHCNBJ"]


def test_names_are_escaped_and_kept_as_they_are():
    root = message(100, 250)

    assert texts(root, "Nm")[0] == "LEB Communications <Shanghai> & Co"
    assert "环球通讯" in texts(root, "Nm")


def test_the_same_run_gives_the_same_bytes():
    assert ElementTree.tostring(message(100)) == ElementTree.tostring(message(100))


def test_its_texts_are_within_the_schemas_lengths():
    root = message(100, 250)

    for name in ("MsgId", "PmtInfId", "InstrId", "EndToEndId"):
        assert all(text and len(text) <= 35 for text in texts(root, name))


@pytest.mark.parametrize(
    ("number", "kept"),
    [("de89 3704 0044 0532 0130 00", "DE89370400440532013000"), ("6222-0210-0111", "622202100111")],
)
def test_an_account_number_is_kept_without_its_blanks(number, kept):
    assert bank_account.read(holder="A", bank="B", number=number, bic="").number == kept


@pytest.mark.parametrize("number", ["DE89370400440532013001", "GB00", "", "12", "1" * 35, "６２２２", "62'--"])
def test_a_number_that_cannot_be_is_refused(number):
    with pytest.raises(InvalidInput):
        bank_account.read(holder="A", bank="B", number=number, bic="")


@pytest.mark.parametrize(
    "name",
    [
        "Global Link Ltd.",
        "环球通讯（上海）有限公司",
        "Müller & Söhne GmbH",
        "Nguyễn Văn An",
        "O'Neil/Smith (HK) + Co",
        "阿卜杜拉·买买提",
    ],
)
def test_a_name_as_banks_take_it_is_kept(name):
    assert bank_account.read(holder=name, bank=name, number="622202100111", bic="").holder == name


@pytest.mark.parametrize(
    ("name", "signs"),
    [("<script>", "< >"), ("Global=Link", "="), ("Global Link 🌏", "🌏"), ("Глобал", "Г л о б а"), ("A;B|C", "; |")],
)
def test_a_name_with_signs_that_banks_do_not_take_is_refused(name, signs):
    for names in ({"holder": name, "bank": "B"}, {"holder": "A", "bank": name}):
        with pytest.raises(InvalidInput) as refused:
            bank_account.read(**names, number="622202100111", bic="")

        assert (refused.value.parts["reason"], refused.value.parts["signs"]) == ("bank_name_signs", signs)
