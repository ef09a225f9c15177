"""Say a credit note in words: from frozen content to the very texts that stand on the paper, set as receipts are."""

from typing import Final

from portal.core.i18n import PaperLanguage
from portal.receipts.credit_note import CreditNoteContent
from portal.receipts.statement import Row, Statement, lines_of
from portal.receipts.wording import BETWEEN, Wording, figures, in_fours, local_time, rate

WORDS: Final[dict[str, tuple[str, str]]] = {
    "credit_note": ("退款凭证", "Credit note"),
    "refund": ("退款单", "Refund"),
    "corrects": ("更正收据", "Corrects receipt"),
    "reason": ("退款原因", "Reason"),
    "price_back": ("退还套餐价格", "Plan price paid back"),
    "fee_back": ("退还代理手续费", "Commission fee paid back"),
    "total_back": ("退款合计", "Total paid back"),
    "tax_within": ("其中含税", "Tax within it"),
    "paid_back_to": ("退款至", "Paid back to"),
    "paid": ("原支付金额", "Paid on the receipt"),
    "credited": ("累计已退", "Paid back in all"),
    "stays": ("退款后实付", "Stays paid"),
    "verify": (
        "扫描二维码或打开以下网址，即可核验本退款凭证真伪。",
        "Scan the code or open the address below to check that this credit note is genuine.",
    ),
}
"""Every fixed word that a credit note has and a receipt has not, Chinese and English."""

REASONS: Final[dict[str, tuple[str, str]]] = {
    "not_working": ("服务无法使用", "The service did not work"),
    "wrong_card": ("续错卡", "The wrong card was renewed"),
    "wrong_plan": ("选错套餐", "The wrong plan was chosen"),
    "paid_twice": ("重复支付", "Paid twice"),
    "not_needed": ("客户不再需要", "No longer needed"),
    "goodwill": ("善意补偿", "Goodwill"),
    "dispute_lost": ("拒付争议败诉", "Dispute decided for the payer"),
    "other": ("其他", "Other"),
}
"""Code of a refund's reason -> its words; an unknown one is printed as it stands."""


def say(content: CreditNoteContent, number: str, language: PaperLanguage) -> Statement:
    """Say the content, made legible before, in one of the languages."""
    words, lines, zone = Wording(language), content.lines, content.zone
    said = {key: words.pair(*both) for key, both in WORDS.items()}
    issuer = content.issuer
    credited_minor = lines.credited_before_minor + lines.total_minor
    return Statement(
        html_lang=words.html_lang,
        file_title=f"{said['credit_note']} {number}",
        author=words.pair(issuer.name_zh, issuer.name_en, between=" / "),
        number=lines_of(number, local_time(content.issued_at, zone), f"{said['refund']} {content.refund_reference}"),
        title=lines_of(
            said["credit_note"],
            words.pair(issuer.name_zh, issuer.name_en, between=BETWEEN),
            words.pair(issuer.address_zh, issuer.address_en, between=BETWEEN),
            f"{words['tax_id']} {issuer.tax_id}",
        ),
        customer=lines_of(words["customer"], content.customer_name, f"{words['iccid']} {in_fours(content.iccid)}"),
        agent=_agent(content, words),
        plan=lines_of(
            f"{said['corrects']} {content.receipt_number}",
            f"{local_time(content.receipt_issued_at, zone)}{BETWEEN}{words['renewal']} {content.renewal_reference}",
            words.pair(content.plan_name_zh, content.plan_name_en, between=BETWEEN),
            f"{said['reason']} {words.pair(*REASONS.get(content.reason, (content.reason, content.reason)))}",
        ),
        rows=_rows(content, words, said),
        total=Row(
            lines_of(said["total_back"], _tax(content, said)),
            f"{lines.currency} {figures(lines.total_minor, lines.currency)}",
        ),
        delivered=f"{said['paid_back_to']} {words.payment_method(content.paid_back_to)}",
        before=lines_of(said["paid"], f"{lines.currency} {figures(lines.paid_minor, lines.currency)}"),
        after=lines_of(
            said["credited"],
            f"{lines.currency} {figures(credited_minor, lines.currency)}",
            f"{said['stays']} {lines.currency} {figures(lines.paid_minor - credited_minor, lines.currency)}",
        ),
        verify=lines_of(words.pair(*WORDS["verify"], between="\n"), content.verification_address),
        address=content.verification_address,
    )


def _agent(content: CreditNoteContent, words: Wording) -> str | None:
    agent = content.agent
    if agent is None:
        return None
    name = words.pair(agent.name_zh, agent.name_en)
    return lines_of(words["agent"], name, f"{words['licence']} {agent.licence_number}")


def _rows(content: CreditNoteContent, words: Wording, said: dict[str, str]) -> tuple[Row, ...]:
    lines = content.lines
    rows = [Row(words["item"], f"{words['amount']} ({lines.currency})")]
    if lines.base_minor:
        rows.append(Row(said["price_back"], figures(lines.base_minor, lines.currency)))
    if lines.fee_minor:
        rows.append(Row(said["fee_back"], figures(lines.fee_minor, lines.currency)))
    return tuple(rows)


def _tax(content: CreditNoteContent, said: dict[str, str]) -> str:
    lines = content.lines
    return f"{said['tax_within']} ({rate(lines.tax_bps)}) {lines.currency} {figures(lines.tax_minor, lines.currency)}"


def heading_signs() -> set[str]:
    """List the Chinese signs that a credit note sets in bold: those of the title and the total."""
    return set(WORDS["credit_note"][0] + WORDS["total_back"][0])
