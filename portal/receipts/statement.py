"""Say a receipt in words: from frozen content to the very texts that stand on the paper."""

from dataclasses import dataclass

from portal.core.i18n import PaperLanguage
from portal.receipts.content import ReceiptContent
from portal.receipts.wording import BETWEEN, Wording, figures, in_fours, local_time, rate


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the quote; the first one is their heading."""

    name: str
    amount: str


@dataclass(frozen=True, slots=True)
class Statement:
    """Every text of a receipt in reading order; a line break parts lines, and the first line heads the rest."""

    html_lang: str
    file_title: str
    author: str
    number: str
    title: str
    customer: str
    agent: str | None
    plan: str
    rows: tuple[Row, ...]
    total: Row
    delivered: str
    before: str
    after: str
    verify: str
    address: str

    @property
    def row_names(self) -> str:
        """The names of the quote's lines, one under the other."""
        return "\n".join(row.name for row in self.rows)

    @property
    def row_amounts(self) -> str:
        """The amounts of the quote's lines, one under the other."""
        return "\n".join(row.amount for row in self.rows)


def say(content: ReceiptContent, number: str, language: PaperLanguage) -> Statement:
    """Say the content, made legible before, in one of the languages."""
    words = Wording(language)
    lines, zone = content.lines, content.zone
    return Statement(
        html_lang=words.html_lang,
        file_title=f"{words['receipt']} {number}",
        author=words.pair(content.issuer.name_zh, content.issuer.name_en, between=" / "),
        number=lines_of(number, local_time(content.issued_at, zone), f"{words['renewal']} {content.renewal_reference}"),
        title=_title(content, words),
        customer=lines_of(words["customer"], content.customer_name, f"{words['iccid']} {in_fours(content.iccid)}"),
        agent=_agent(content, words),
        plan=_plan(content, words),
        rows=_rows(content, words),
        total=Row(
            lines_of(words["total"], _payment(content, words)),
            f"{lines.currency} {figures(lines.total_minor, lines.currency)}",
        ),
        delivered=_delivered(content, words),
        before=lines_of(words["before"], *words.state(content.before, zone)),
        after=lines_of(words["after"], *words.state(content.after, zone)),
        verify=lines_of(words.sentence("verify"), content.verification_address),
        address=content.verification_address,
    )


def _title(content: ReceiptContent, words: Wording) -> str:
    issuer = content.issuer
    return lines_of(
        words["receipt"],
        words.pair(issuer.name_zh, issuer.name_en, between=BETWEEN),
        words.pair(issuer.address_zh, issuer.address_en, between=BETWEEN),
        f"{words['tax_id']} {issuer.tax_id}",
    )


def _agent(content: ReceiptContent, words: Wording) -> str | None:
    agent = content.agent
    if agent is None:
        return None
    return lines_of(
        words["agent"],
        words.pair(agent.name_zh, agent.name_en),
        f"{words['licence']} {agent.licence_number}",
        f"{words['served_by']} {content.served_by}" if content.served_by else "",
    )


def _plan(content: ReceiptContent, words: Wording) -> str:
    plan = content.plan
    terms = f"{words['data']} {words.volume(plan.data_mb)}{BETWEEN}{words['validity']} {words.days(plan.validity_days)}"
    regions = words.regions(plan.regions)
    regions[0] = f"{words['regions']} {regions[0]}"
    return lines_of(
        words["plan"],
        words.pair(plan.name_zh, plan.name_en, between=BETWEEN),
        *([f"{terms}{BETWEEN}{regions[0]}"] if len(plan.regions) == 1 else [terms, *regions]),
    )


def _payment(content: ReceiptContent, words: Wording) -> str:
    lines = content.lines
    tax = figures(lines.tax_minor, lines.currency)
    return BETWEEN.join(
        (
            f"{words['tax_included']} ({rate(lines.tax_bps)}) {lines.currency} {tax}",
            f"{words['paid_by']} {words.payment_method(content.payment_method)}",
        )
    )


def _delivered(content: ReceiptContent, words: Wording) -> str:
    told = {"carrier": content.carrier_name, "confirmation": content.carrier_confirmation}
    return BETWEEN.join((words["delivered"], *(f"{words[key]} {value}" for key, value in told.items() if value)))


def _rows(content: ReceiptContent, words: Wording) -> tuple[Row, ...]:
    lines = content.lines
    rows = [
        Row(words["item"], f"{words['amount']} ({lines.currency})"),
        Row(words["price"], figures(lines.price_minor, lines.currency)),
    ]
    if lines.discount_minor or lines.promotion_code:
        rows.append(Row(words.promotion(lines), figures(-lines.discount_minor, lines.currency)))
        rows.append(Row(words["base"], figures(lines.base_minor, lines.currency)))
    if lines.fee_minor or lines.fee_bps or lines.fee_fixed_minor:
        rows.append(Row(words.fee(lines), figures(lines.fee_minor, lines.currency)))
    return tuple(rows)


def lines_of(*lines: str) -> str:
    """Put texts one under the other, without the empty ones."""
    return "\n".join(line for line in lines if line)
