"""Write a run as an ISO 20022 customer credit transfer, pain.001.001.09: pure, for the bank to read.

Elements stand in the order of the message's schema; texts are cut to its lengths (Max35Text, Max140Text).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from portal.core.money import Money, to_decimal_text
from portal.payouts.bank_account import LONGEST_NAME, BankAccount

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"


@dataclass(frozen=True, slots=True)
class CreditTransfer:
    """One payment: our reference, the amount and whom it goes to."""

    reference: str
    amount: Money
    to: BankAccount


def render(
    *, reference: str, made_at: datetime, pay_on: date, payer: BankAccount, transfers: Sequence[CreditTransfer]
) -> bytes:
    """Write the message.

    Args:
        reference: of the run; the bank refuses a second message with the same one.
        made_at: when it was approved, aware; the same run gives the same bytes.
        pay_on: the day on which the bank shall carry it out.
        payer: the operator's own account.
        transfers: at least one, all of one currency.
    """
    root = Element("Document", xmlns=NAMESPACE)
    message = SubElement(root, "CstmrCdtTrfInitn")
    count = str(len(transfers))
    total = to_decimal_text(_sum(transfers))

    head = SubElement(message, "GrpHdr")
    _text(head, "MsgId", reference)
    _text(head, "CreDtTm", f"{made_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    _text(head, "NbOfTxs", count)
    _text(head, "CtrlSum", total)
    _text(SubElement(head, "InitgPty"), "Nm", payer.holder[:LONGEST_NAME])

    payment = SubElement(message, "PmtInf")
    _text(payment, "PmtInfId", reference)
    _text(payment, "PmtMtd", "TRF")
    _text(payment, "NbOfTxs", count)
    _text(payment, "CtrlSum", total)
    _text(SubElement(payment, "ReqdExctnDt"), "Dt", pay_on.isoformat())
    _text(SubElement(payment, "Dbtr"), "Nm", payer.holder[:LONGEST_NAME])
    _account(payment, "DbtrAcct", payer)
    _bank(payment, "DbtrAgt", payer)
    _text(payment, "ChrgBr", "SHAR")
    for transfer in transfers:
        _add(payment, transfer)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _add(payment: Element, transfer: CreditTransfer) -> None:
    one = SubElement(payment, "CdtTrfTxInf")
    names = SubElement(one, "PmtId")
    _text(names, "InstrId", transfer.reference)
    _text(names, "EndToEndId", transfer.reference)
    amount = SubElement(SubElement(one, "Amt"), "InstdAmt", Ccy=transfer.amount.currency)
    amount.text = to_decimal_text(transfer.amount)
    _bank(one, "CdtrAgt", transfer.to)
    _text(SubElement(one, "Cdtr"), "Nm", transfer.to.holder[:LONGEST_NAME])
    _account(one, "CdtrAcct", transfer.to)
    _text(SubElement(one, "RmtInf"), "Ustrd", f"Commission {transfer.reference}")


def _account(parent: Element, name: str, account: BankAccount) -> None:
    number = SubElement(SubElement(parent, name), "Id")
    if account.is_iban:
        _text(number, "IBAN", account.number)
    else:
        _text(SubElement(number, "Othr"), "Id", account.number)


def _bank(parent: Element, name: str, account: BankAccount) -> None:
    institution = SubElement(SubElement(parent, name), "FinInstnId")
    if account.bic:
        _text(institution, "BICFI", account.bic)
    _text(institution, "Nm", account.bank[:LONGEST_NAME])


def _sum(transfers: Sequence[CreditTransfer]) -> Money:
    total = transfers[0].amount
    for transfer in transfers[1:]:
        total += transfer.amount
    return total


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text
