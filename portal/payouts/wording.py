"""The fixed words of a statement's papers, Chinese and English side by side."""

from typing import Final

from portal.payouts.statement import Heading

TITLE: Final = ("佣金对账单", "Commission statement")
AGENT: Final = ("代理商", "Agent")
MONTH: Final = ("月份", "Month")
OPENING: Final = ("期初余额", "Opening balance")
CLOSING: Final = ("期末余额", "Closing balance")
SALES: Final = ("已到账续费", "Delivered renewals")
SOLD: Final = ("销售额（客户支付）", "Sales, as customers paid")
TIME: Final = ("时间", "Time")
REFERENCE: Final = ("编号", "Reference")
SUMMARY: Final = ("汇总", "Summary")
CARRIED: Final = ("余额为负，结转下月抵扣。", "The balance is negative and carried forward.")
MADE: Final = ("金额与总账一致。生成时间", "The amounts are those of the ledger. Made at")

HEADINGS: Final = {
    Heading.FEES: ("代理手续费", "Commission fees"),
    Heading.SHARES: ("运营方佣金", "Commission from the operator"),
    Heading.OVERRIDES: ("下级代理佣金", "Commission on sub-agents' sales"),
    Heading.PROMOTIONS: ("代理商承担的优惠", "Promotions borne by the agent"),
    Heading.CLAWBACKS: ("退款及争议扣回", "Taken back by refunds and disputes"),
    Heading.TO_WALLET: ("转入钱包", "Moved to the wallet"),
    Heading.PAID_OUT: ("已结算至银行", "Paid out by bank"),
    Heading.OTHER: ("更正", "Corrections"),
}
"""Heading -> Chinese, English; in the order of the paper."""

ALWAYS_SHOWN: Final = frozenset({Heading.FEES, Heading.SHARES, Heading.CLAWBACKS, Heading.TO_WALLET, Heading.PAID_OUT})
"""Headings that stand on the paper also when nothing moved."""


def both(words: tuple[str, str]) -> str:
    """Write Chinese and English in one line."""
    return f"{words[0]} {words[1]}"
