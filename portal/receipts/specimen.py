"""The receipt that nobody bought: it warms a worker, is measured by the benchmark and looked at in tests."""

from datetime import UTC, datetime
from typing import Final

from portal.core.i18n import PaperLanguage
from portal.receipts.content import (
    CardState,
    Issuer,
    QuoteLines,
    ReceiptContent,
    SellingAgent,
    SoldPlan,
)

NUMBER: Final = "LEB-2026-0000123"

CONTENT: Final = ReceiptContent(
    issuer=Issuer(
        name_zh="LEB 通信（示例）有限公司",
        name_en="LEB Communications (example) Ltd",
        address_zh="上海市徐汇区示例路 88 号",
        address_en="88 Example Road, Xuhui, Shanghai",
        tax_id="91310000MA1K000000",
    ),
    renewal_reference="R-7K3M-92QD",
    issued_at=datetime(2026, 11, 22, 6, 18, tzinfo=UTC),
    zone="Asia/Shanghai",
    agent=SellingAgent(name_zh="环球通讯", name_en="Global Link", licence_number="3101-7788"),
    served_by="Alice",
    customer_name="张喆",
    iccid="89852000263318806140",
    plan=SoldPlan(
        name_zh="日本 10GB/30天",
        name_en="Japan 10 GB / 30 days",
        data_mb=10240,
        validity_days=30,
        regions=("JP",),
    ),
    lines=QuoteLines(
        currency="CNY",
        price_minor=10000,
        discount_minor=1000,
        promotion_code="AUTUMN10",
        promotion_bps=1000,
        base_minor=9000,
        tax_minor=509,
        tax_bps=600,
        fee_minor=450,
        fee_bps=500,
        fee_fixed_minor=0,
        total_minor=9450,
    ),
    payment_method="wallet",
    carrier_name="Sandbox East",
    carrier_confirmation="SE-99120",
    before=CardState(data_left_mb=614, is_unlimited=False, valid_until=datetime(2026, 11, 23, 15, 59, tzinfo=UTC)),
    after=CardState(data_left_mb=10854, is_unlimited=False, valid_until=datetime(2026, 12, 23, 15, 59, tzinfo=UTC)),
    verification_code="7K3M92QDABCDEFGHJKMN",
    portal_address="https://portal.leb.example",
    language=PaperLanguage.BOTH,
)
