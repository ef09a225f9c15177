from pathlib import Path

import pytest

import portal
from portal.carriers import registry
from portal.catalogue import sheet
from portal.catalogue.models import Term
from portal.catalogue.offers import PlanOffer
from portal.core.errors import InvalidInput

HEADER = "code,carrier,name_en,name_zh,data_mb,validity_days,regions,term,price_minor,cost_minor,currency,tax_bps"
LINE = "JP-1G-7D,sandbox-east,Japan 1 GB / 7 days,日本 1GB/7天,1024,7,JP,short,2800,1911,CNY,600"
CATALOGUE = Path(portal.__file__).parent / "demo" / "catalogue.csv"


@pytest.fixture(autouse=True)
def _carriers(monkeypatch):
    for name in ("sandbox-east", "sandbox-west"):
        monkeypatch.setitem(registry.REGISTRY, name, None)


def line(**cells: str) -> str:
    by_column = dict(zip(HEADER.split(","), LINE.split(","), strict=True)) | cells
    return ",".join(f'"{cell}"' if "," in cell or "\n" in cell else cell for cell in by_column.values())


def faults(*lines: str) -> list[tuple]:
    return [(fault.line, fault.column, fault.reason) for fault in sheet.read("\n".join([HEADER, *lines])).faults]


def test_reads_a_line_into_an_offer(app):
    read = sheet.read(f"{HEADER}\n{LINE}\n")

    assert read.faults == []
    assert [(row.line, row.code) for row in read.rows] == [(2, "JP-1G-7D")]
    assert read.rows[0].offer == PlanOffer(
        "sandbox-east",
        "Japan 1 GB / 7 days",
        "日本 1GB/7天",
        1024,
        7,
        ("JP",),
        Term.SHORT,
        2800,
        1911,
        "CNY",
        600,
    )


def test_reads_the_whole_demo_catalogue(app):
    read = sheet.read(sheet.decode(CATALOGUE.read_bytes()))

    assert read.faults == []
    assert len(read.rows) == 105
    unlimited = [row.code for row in read.rows if row.offer.data_mb is None]
    assert "EU33-UNL-365D" in unlimited
    assert len(next(row for row in read.rows if row.code == "EU33-UNL-365D").offer.regions) == 33


def test_takes_columns_in_any_order_and_skips_empty_lines(app):
    columns = HEADER.split(",")[::-1]
    text = "\r\n".join([",".join(columns), "", ",".join(LINE.split(",")[::-1]), ",,,,,,,,,,,", ""])

    read = sheet.read(text)

    assert [(row.line, row.code) for row in read.rows] == [(3, "JP-1G-7D")]


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"code": ""}, "code", "plan_code_invalid"),
        ({"code": "=JP"}, "code", "cell_formula"),
        ({"carrier": "nobody"}, "carrier", "carrier_unknown"),
        ({"name_en": "=HYPERLINK(1)"}, "name_en", "cell_formula"),
        ({"name_zh": "@SUM(A1)"}, "name_zh", "cell_formula"),
        ({"name_zh": "＝1"}, "name_zh", "cell_formula"),
        ({"name_en": "+49"}, "name_en", "cell_formula"),
        ({"name_en": ""}, "name_en", "missing"),
        ({"name_zh": "日\u202e本"}, "name_zh", "name_control_characters"),
        ({"data_mb": "0"}, "data_mb", "number_range"),
        ({"data_mb": "1e3"}, "data_mb", "number_invalid"),
        ({"data_mb": "１０２４"}, "data_mb", "number_invalid"),
        ({"validity_days": ""}, "validity_days", "number_invalid"),
        ({"validity_days": "7.5"}, "validity_days", "number_invalid"),
        ({"regions": ""}, "regions", "regions_missing"),
        ({"regions": "JP;XX"}, "regions", "region_unknown"),
        ({"term": "middling"}, "term", "term_unknown"),
        ({"price_minor": "-5"}, "price_minor", "number_invalid"),
        ({"price_minor": "28.00"}, "price_minor", "number_invalid"),
        ({"cost_minor": "9" * 15}, "cost_minor", "number_range"),
        ({"cost_minor": "9" * 5000}, "cost_minor", "number_invalid"),
        ({"currency": "RMB"}, "currency", "currency_unknown"),
        ({"tax_bps": "10001"}, "tax_bps", "number_range"),
    ],
)
def test_names_a_fault_by_line_and_column(app, cells, column, reason):
    assert faults(LINE.replace("JP-1G-7D", "OTHER"), line(**cells)) == [(3, column, reason)]


def test_names_every_fault_of_a_line(app):
    assert faults(line(price_minor="x", currency="RMB")) == [
        (2, "price_minor", "number_invalid"),
        (2, "currency", "currency_unknown"),
    ]


@pytest.mark.parametrize("ragged", [LINE + ",more", LINE.rsplit(",", 1)[0], "JP-1G-7D"])
def test_names_a_ragged_line(app, ragged):
    assert faults(LINE.replace("JP-1G-7D", "OTHER"), ragged) == [(3, None, "row_columns")]


def test_names_a_code_that_comes_twice(app):
    read = sheet.read("\n".join([HEADER, LINE, line(price_minor="2900")]))

    assert [(fault.line, fault.column, fault.reason, fault.parts) for fault in read.faults] == [
        (3, "code", "duplicate_in_file", {"first": 2})
    ]
    assert [row.line for row in read.rows] == [2]


def test_counts_lines_as_an_editor_does(app):
    assert faults(line(name_en="two\nlines"), line(code="B", term="x")) == [
        (2, "name_en", "name_control_characters"),
        (4, "term", "term_unknown"),
    ]


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"", {"reason": "file_missing"}),
        (b"x" * (2 * 1024 * 1024 + 1), {"reason": "file_too_large", "megabytes": 2}),
        ((HEADER + "\n日本").encode("gb18030"), {"reason": "file_encoding", "line": 2}),
        ((HEADER + "\n").encode("utf-16"), {"reason": "file_encoding", "line": 1}),
        ((HEADER + "\n\0").encode(), {"reason": "file_nul", "line": 2}),
    ],
)
def test_refuses_a_file_that_is_no_text(content, parts):
    with pytest.raises(InvalidInput) as refusal:
        sheet.decode(content)

    assert refusal.value.parts == {"field": "file"} | parts


def test_takes_a_byte_order_mark():
    assert sheet.decode("\ufeffcode".encode()) == "code"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "file_empty"),
        ("\n\n", "file_empty"),
        ("code,carrier", "file_columns"),
        (HEADER + ",colour", "file_columns"),
        (HEADER + ",code", "file_columns"),
        (HEADER.replace(",", ";"), "file_columns"),
        (",".join(["c"] * 1_000_000), "file_too_many_columns"),
        (HEADER + '\n"open', "file_unreadable"),
        (HEADER + "\n" + "x" * 200_000, "file_unreadable"),
        (HEADER + "\n" + "JP\n" * 10_001, "file_too_many_rows"),
    ],
)
def test_refuses_a_file_that_is_no_catalogue(app, text, reason):
    with pytest.raises(InvalidInput) as refusal:
        sheet.read(text)

    assert (refusal.value.parts["field"], refusal.value.parts["reason"]) == ("file", reason)


def test_names_missing_and_unknown_columns(app):
    with pytest.raises(InvalidInput) as refusal:
        sheet.read(HEADER.replace("tax_bps", "vat"))

    assert refusal.value.parts["missing"] == "tax_bps"
    assert refusal.value.parts["unknown"] == "vat"


def test_writes_what_it_reads(app):
    offer = sheet.read(f"{HEADER}\n{LINE}").rows[0].offer
    odd = PlanOffer(
        "sandbox-west", '=cmd|" /C calc"!A1', "'=日本", None, 365, ("HK", "JP"), Term.LONG, 0, 0, "JPY", 1000
    )

    text = sheet.write([("JP-1G-7D", offer), ("ODD", odd)])
    read = sheet.read(sheet.decode(text.encode()))

    assert text.startswith("\ufeffcode,carrier,")
    assert "\n=" not in text
    assert ",=" not in text
    assert ',"=' not in text
    assert read.faults == []
    assert [(row.code, row.offer) for row in read.rows] == [("JP-1G-7D", offer), ("ODD", odd)]
