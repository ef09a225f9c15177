"""The PDF of a receipt: what it says, how it looks, that it never changes, and what it refuses."""

import hashlib
import io
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import segno
from fontTools.ttLib import TTFont
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageOps, ImageStat
from pypdf import PdfReader
from weasyprint import HTML, Document

from portal.core.i18n import PaperLanguage
from portal.receipts import crediting, document, fonts, qr
from portal.receipts.content import Paper, ReceiptContent
from portal.receipts.press import PackagedAssets
from portal.receipts.specimen import CONTENT, NUMBER
from portal.receipts.typesetting import WellFormed
from portal.receipts.wording import fixed_signs, heading_signs

NAMES = [
    "张喆",
    "犇",
    "王芳婳",
    "Nguyễn Thị Ánh",
    "佐藤 さくら",
    "Петрова Анна",
    "김민수",
    "Łukasz Żółć",
    "Ελένη",
    "محمد",
    "สมชาย",
    "יוסי",
    "अनिल",
    "龘靐",
]


def printed(content: ReceiptContent = CONTENT, **wishes: Any) -> bytes:
    return document.render(content, number=NUMBER, **wishes)


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).replace("\u00a0", " ")


def picture_of(pdf: bytes, *, scale: float = 2) -> Image.Image:
    page = pypdfium2.PdfDocument(pdf)[0]
    return page.render(scale=scale).to_pil().convert("L")


# What it says


def test_says_everything_in_chinese_and_english() -> None:
    text = text_of(printed())

    for said in (
        "收据 Receipt",
        "LEB-2026-0000123",
        "2026-11-22 14:18 (UTC+8)",
        "续费单 Renewal R-7K3M-92QD",
        "LEB 通信（示例）有限公司 · LEB Communications (example) Ltd",
        "上海市徐汇区示例路 88 号 · 88 Example Road, Xuhui, Shanghai",
        "税号 Tax ID 91310000MA1K000000",
        "张喆",
        "卡号 ICCID 8985 2000 2633 1880 6140",
        "环球通讯 Global Link",
        "营业执照 Licence 3101-7788",
        "经办 Served by Alice",
        "日本 10GB/30天 · Japan 10 GB / 30 days",
        "流量 Data 10 GB · 有效期 Validity 30 天 days · 适用地区 Regions 日本 Japan",
        "套餐价格 Plan price",
        "100.00",
        "优惠码 Promotion AUTUMN10 (10 %)",
        "−10.00",
        "优惠后价格 Price after promotion",
        "90.00",
        "代理手续费 Commission fee (5 % × 90.00)",
        "4.50",
        "合计 Total",
        "CNY 94.50",
        "价内含税 Tax included in the price (6 %) CNY 5.09",
        "支付方式 Paid by 代理商钱包 agent's wallet",
        "已到账 Delivered · 运营商 Carrier Sandbox East · 确认号 Confirmation SE-99120",
        "剩余流量 Remaining data 614 MB",
        "有效期至 Valid until 2026-11-23 23:59 (UTC+8)",
        "剩余流量 Remaining data 10.59 GB",
        "有效期至 Valid until 2026-12-23 23:59 (UTC+8)",
        "https://portal.leb.example/verify/7K3M92QDABCDEFGHJKMN",
    ):
        assert said in text


def test_says_it_in_one_language_by_choice() -> None:
    chinese, english = text_of(printed(language=PaperLanguage.ZH)), text_of(printed(language=PaperLanguage.EN))

    assert "合计" in chinese
    assert "Total" not in chinese
    assert "Total" in english
    assert "合计" not in english


def test_is_written_in_the_customer_s_language_unless_asked_otherwise() -> None:
    assert printed(replace(CONTENT, language=PaperLanguage.EN)) != printed(replace(CONTENT, language=PaperLanguage.ZH))
    assert text_of(printed(replace(CONTENT, language=PaperLanguage.EN))) == text_of(printed(language=PaperLanguage.EN))


def test_fits_one_page_even_with_the_regions_of_a_continent() -> None:
    europe = tuple(re.findall("..", "ATBEBGCHCYCZDEDKEEESFIFRGBGRHRHUIEISITLILTLULVMTNLNOPLPTROSESISKUA"))

    pdf = printed(replace(CONTENT, plan=replace(CONTENT.plan, regions=europe)))

    assert len(PdfReader(io.BytesIO(pdf)).pages) == 1
    assert "奥地利、比利时" in text_of(pdf)
    assert "Austria, Belgium" in text_of(pdf)


def test_names_itself_and_its_issuer_and_language_in_the_file() -> None:
    reader = PdfReader(io.BytesIO(printed()))

    assert reader.metadata is not None
    assert reader.metadata.title == "收据 Receipt LEB-2026-0000123"
    assert reader.metadata.author == "LEB 通信（示例）有限公司 / LEB Communications (example) Ltd"
    assert reader.trailer["/Root"]["/Lang"] == "zh-Hans"
    assert reader.metadata.creation_date is None


def test_leads_to_the_verification_page_by_link_and_by_code() -> None:
    page = PdfReader(io.BytesIO(printed())).pages[0]
    link = page["/Annots"][0].get_object()
    left, top, right, bottom = (float(edge) for edge in link["/Rect"])
    matrix = segno.make(CONTENT.verification_address, error="m", micro=False, boost_error=False, mask=3).matrix
    picture = picture_of(printed(), scale=4)
    side = (right - left) / len(matrix)

    assert link["/A"]["/URI"] == CONTENT.verification_address
    for row, modules in enumerate(matrix):
        for column, is_dark in enumerate(modules):
            x, y = left + (column + 0.5) * side, float(page.mediabox.height) - top + (row + 0.5) * side
            assert (picture.getpixel((round(x * 4), round(y * 4))) < 128) is bool(is_dark)
    assert round(top - bottom) == round(right - left) == 74


# Names of all the world


@pytest.mark.parametrize("name", NAMES)
def test_prints_a_name_that_reads_back_as_typed(name: str) -> None:
    assert name in text_of(printed(replace(CONTENT, customer_name=name)))


@pytest.mark.parametrize("name", NAMES)
def test_draws_a_name_with_glyphs_of_its_own_and_never_with_empty_boxes(name: str) -> None:
    pdf = PdfReader(io.BytesIO(printed(replace(CONTENT, customer_name=name))))

    for font in pdf.pages[0]["/Resources"]["/Font"].get_object().values():
        to_unicode = font.get_object()["/ToUnicode"].get_object().get_data().decode()
        glyphs = re.findall(r"^<([0-9a-f]{4})> <[0-9a-f]+>$", to_unicode.split("endcodespacerange")[1], re.MULTILINE)
        assert glyphs
        assert "0000" not in glyphs


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("犇", "NotoSansSC-Regular.ttf"),
        ("喆", "NotoSansSC-Regular.ttf"),
        ("婳", "NotoSansSC-Regular.ttf"),
        ("ễ", "NotoSansSC-Regular.ttf"),
        ("藤", "NotoSansSC-Regular.ttf"),
        ("П", "NotoSansSC-Regular.ttf"),
        ("민", "NotoSansKR-Regular.ttf"),
        ("Ł", "NotoSans-Regular.ttf"),
    ],
)
def test_shows_the_sign_as_the_published_font_draws_it(name: str, source: str) -> None:
    """Compare with a picture made another way: pypdfium2 draws our PDF, Pillow the untouched font."""
    page = picture_of(printed(replace(CONTENT, customer_name=name)), scale=6)
    name_line = (57 * 6, 175 * 6, 240 * 6, 191 * 6)

    shown = shape(ImageOps.autocontrast(page.crop(name_line)))

    assert unlikeness(shown, shape(drawn_by_pillow(name, source))) < 0.13
    assert unlikeness(shown, shape(drawn_by_pillow("\U000f0000", source))) > 0.25, "it is the empty box"


def drawn_by_pillow(sign: str, source: str) -> Image.Image:
    picture = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(picture).text((40, 40), sign, font=ImageFont.truetype(str(fonts.FOLDER / source), 60), fill=0)
    return picture


def shape(picture: Image.Image) -> Image.Image:
    """Cut out what is drawn, and bring it to one size."""
    ink = ImageChops.invert(picture).point(lambda level: 255 if level > 100 else 0).getbbox()
    assert ink is not None
    return picture.crop(ink).resize((48, 48))


def unlikeness(one: Image.Image, other: Image.Image) -> float:
    return ImageStat.Stat(ImageChops.difference(one, other)).mean[0] / 255


def test_names_a_sign_by_its_code_point_when_no_packaged_font_draws_it() -> None:
    text = text_of(printed(replace(CONTENT, customer_name="𠮷野 😀")))

    assert "[U+20BB7]野 [U+1F600]" in text


def test_drops_signs_that_are_invisible_or_turn_the_line() -> None:
    spoofed = "Ann\u202egpj.exe\u2066\u200b\x00\x07\ufeff B\u00adob\r\nCarol\ufe0f"

    assert "Anngpj.exe Bob Carol" in text_of(printed(replace(CONTENT, customer_name=spoofed)))


def test_joins_a_letter_with_its_accents() -> None:
    assert "Nguyễn" in text_of(printed(replace(CONTENT, customer_name="Nguye\u0302\u0303n")))


def test_uses_only_the_common_signs_for_a_common_name() -> None:
    used = {str(name) for name in font_names(printed(replace(CONTENT, customer_name="王芳")))}

    assert {name.split("+")[1] for name in used} == {"LEB-Text", "LEB-Heading"}


def font_names(pdf: bytes) -> list[str]:
    embedded = PdfReader(io.BytesIO(pdf)).pages[0]["/Resources"]["/Font"].get_object()
    return [font.get_object()["/BaseFont"] for font in embedded.values()]


@pytest.mark.parametrize("paper", list(Paper))
def test_keeps_machine_fonts_out(paper: Paper) -> None:
    for name in NAMES:
        used = font_names(printed(replace(CONTENT, customer_name=name), paper=paper))
        assert all("+LEB-" in font for font in used)


def test_has_every_fixed_sign_in_the_common_case() -> None:
    with TTFont(fonts.path_of(fonts.HEADINGS)) as headings:
        assert {ord(sign) for sign in heading_signs() | crediting.heading_signs()} <= set(headings.getBestCmap())
    assert {sign for sign in fixed_signs() if ord(sign) < 0x10000} - fonts.load().all == set()


# It never changes


@pytest.mark.parametrize("paper", list(Paper))
@pytest.mark.parametrize("language", list(PaperLanguage))
def test_gives_the_same_bytes_again(language: PaperLanguage, paper: Paper) -> None:
    assert printed(language=language, paper=paper) == printed(language=language, paper=paper)


def test_gives_the_same_bytes_after_others_were_printed() -> None:
    first = printed()

    for name in NAMES:
        printed(replace(CONTENT, customer_name=name))

    assert printed() == first


def test_gives_the_same_bytes_in_another_process_of_another_locale_and_hash_seed() -> None:
    program = (
        "import hashlib;"
        "from dataclasses import replace;"
        "from portal.receipts import document, specimen;"
        "content = replace(specimen.CONTENT, customer_name='犇 김민수 Łukasz');"
        "print(hashlib.sha256(document.render(content, number=specimen.NUMBER)).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
            env={"PYTHONHASHSEED": seed, "LANG": lang, "PATH": "", "HOME": "/nonexistent", "TZ": zone},
        ).stdout.strip()
        for seed, lang, zone in (("1", "C.UTF-8", "UTC"), ("2", "zh_CN.UTF-8", "Asia/Tokyo"))
    }

    here = printed(replace(CONTENT, customer_name="犇 김민수 Łukasz"))
    assert digests == {hashlib.sha256(here).hexdigest()}


def test_carries_an_identity_of_its_own() -> None:
    identity = PdfReader(io.BytesIO(printed())).trailer["/ID"]
    other = PdfReader(io.BytesIO(document.render(CONTENT, number="LEB-2026-0000124"))).trailer["/ID"]

    assert identity[0] != other[0]


def test_short_cuts_change_nothing_that_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the same page plainly: HTML parsed and styled by WeasyPrint itself, its objects written by pydyf."""
    with_short_cuts = printed()
    monkeypatch.setattr(document, "WellFormed", lambda text, fetcher: HTML(string=text, url_fetcher=fetcher))
    monkeypatch.setattr(document, "cast", lambda pdf: None)

    plainly = printed()

    assert text_of(plainly) == text_of(with_short_cuts)
    assert ImageChops.difference(picture_of(plainly), picture_of(with_short_cuts)).getbbox() is None


# What it refuses

ATTACKS = [
    '<img src="file:///etc/passwd">',
    "<img src='http://127.0.0.1:9/x.png'>",
    '<link rel="stylesheet" href="file:///etc/passwd">',
    '<style>@import url("http://127.0.0.1:9/x.css"); * { display: none }</style>',
    '"><object data="file:///etc/passwd">',
    '<a rel="attachment" href="file:///etc/passwd">x</a>',
    '<img src="data:image/svg+xml;base64,PHN2Zy8+">',
    '<svg><image href="file:///etc/passwd"/></svg>',
    "<table><td colspan=1000000>",
    "{{ 7 * 7 }}{% raw %}&lt;&amp;",
    "<!--<![CDATA[</p></body></html>",
    '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;',
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_prints_markup_in_any_name_as_text(attack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    fetch = PackagedAssets.fetch

    def note(self: PackagedAssets, url: str, headers: dict[str, str] | None = None) -> object:
        asked.append(url)
        return fetch(self, url, headers)

    monkeypatch.setattr(PackagedAssets, "fetch", note)
    content = replace(
        CONTENT,
        customer_name=attack,
        served_by=attack,
        plan=replace(CONTENT.plan, name_en=attack),
        agent=replace(CONTENT.agent, name_en=attack),  # type: ignore[type-var]
        carrier_name=attack,
        issuer=replace(CONTENT.issuer, address_en=attack),
    )

    for paper in Paper:
        pdf = printed(content, paper=paper)
        shown = "".join(text_of(pdf).split())
        assert shown.count("".join(attack.split())) >= 5
        assert b"/EmbeddedFile" not in pdf

    assert set(asked) <= {"asset:logo.svg"}


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "http://127.0.0.1/",
        "https://example.org/logo.svg",
        "data:image/png;base64,AAAA",
        "asset:../../../etc/passwd",
        "asset:logo.svg?x",
        "ftp://127.0.0.1/",
        "logo.svg",
        "",
    ],
)
def test_refuses_every_address_but_the_packaged_ones(address: str) -> None:
    with pytest.raises(ValueError, match="may not load"):
        PackagedAssets()(address)


def test_hands_out_the_packaged_logo() -> None:
    with PackagedAssets().fetch("asset:logo.svg")._file_obj as logo:
        assert logo.read().startswith(b"<svg")


def test_cuts_endless_values_and_wraps_long_ones() -> None:
    content = replace(
        CONTENT,
        customer_name="W" * 100_000,
        served_by="王" * 500,
        plan=replace(CONTENT.plan, name_en="X" * 300, regions=("JP",) * 10_000),
        lines=replace(CONTENT.lines, promotion_code="P" * 5_000),
    )

    for paper in Paper:
        pdf = printed(content, paper=paper)
        assert len(PdfReader(io.BytesIO(pdf)).pages) <= 3
        assert text_of(pdf).count("W") == 159
        assert "CNY 94.50" in text_of(pdf)


def test_keeps_everything_inside_the_page() -> None:
    long = replace(
        CONTENT,
        customer_name="W" * 120,
        agent=replace(CONTENT.agent, name_en="M" * 120, licence_number="8" * 120),  # type: ignore[type-var]
        issuer=replace(CONTENT.issuer, name_en="M" * 120),
        lines=replace(CONTENT.lines, promotion_code="W" * 60),
    )
    for content in (CONTENT, long):
        for paper, margin in ((Paper.A4, 30), (Paper.THERMAL, 4)):
            picture = picture_of(printed(content, paper=paper))
            ink = ImageChops.invert(picture).getbbox()
            assert ink is not None
            assert ink[0] >= margin
            assert ink[2] <= picture.width - margin


# The roll


def test_cuts_the_roll_where_the_receipt_ends() -> None:
    page = PdfReader(io.BytesIO(printed(paper=Paper.THERMAL))).pages[0]
    picture = picture_of(printed(paper=Paper.THERMAL))
    ink = ImageChops.invert(picture).getbbox()

    assert round(float(page.mediabox.width) / 72 * 25.4) == 80
    assert 150 < float(page.mediabox.height) / 72 * 25.4 < 300
    assert ink is not None
    assert 0 <= picture.height - ink[3] <= 40


def test_says_the_same_on_a_roll_as_on_a_sheet() -> None:
    sheet, roll = (text_of(printed(paper=paper)) for paper in (Paper.A4, Paper.THERMAL))

    # The roll parts by lines what shares a line of the sheet.
    assert _signs(sheet) == _signs(roll)


def test_breaks_a_line_of_a_roll_between_its_parts() -> None:
    lines = text_of(printed(paper=Paper.THERMAL)).splitlines()

    assert "流量 Data 10 GB" in lines
    assert "有效期 Validity 30 天 days" in lines
    assert "适用地区 Regions 日本 Japan" in lines


def _signs(text: str) -> list[str]:
    return sorted("".join(text.replace("·", "").split()))


def test_draws_in_black_only_on_a_roll() -> None:
    page = pypdfium2.PdfDocument(printed(paper=Paper.THERMAL))[0].render(scale=2).to_pil().convert("RGB")

    assert all(max(colour) - min(colour) <= 2 for _, colour in page.getcolors(1 << 24))


# Parts that may be missing


def test_prints_without_agent_discount_or_fee() -> None:
    lines = replace(
        CONTENT.lines,
        discount_minor=0,
        promotion_code=None,
        promotion_bps=None,
        base_minor=10000,
        fee_minor=0,
        fee_bps=0,
        total_minor=10000,
    )

    text = text_of(printed(replace(CONTENT, lines=lines, agent=None, served_by=None)))

    assert "CNY 100.00" in text
    assert "代理" not in text.replace("代理商钱包", "")
    assert "优惠" not in text


def test_refuses_a_document_without_room_for_the_code() -> None:
    fetcher = PackagedAssets()

    def finish(made: Document, pdf: Any) -> None:
        qr.draw(made, pdf, "https://portal.leb.example")

    with pytest.raises(LookupError):
        WellFormed("<html><body><p>x</p></body></html>", fetcher).write_pdf(finisher=finish)


def test_warns_when_the_native_subsetter_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert document.check_libraries()
    monkeypatch.setattr(document, "harfbuzz_subset", None)

    with pytest.warns(document.HarfbuzzSubsetMissing, match="libharfbuzz-subset0"):
        assert not document.check_libraries()


def test_names_the_missing_font_when_set_up_has_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "STAMP", tmp_path / "stamp")

    with pytest.raises(fonts.FontsMissing, match="make setup"):
        fonts.load.__wrapped__()


@pytest.mark.parametrize("path", sorted(fonts.STAMP.parent.glob("*.ttf")), ids=lambda path: path.stem)
def test_knows_the_widest_sign_of_every_font(path: Path) -> None:
    with TTFont(path) as font:
        widest = max(font["hmtx"][glyph][0] for glyph in font.getBestCmap().values())
        assert widest * 1000 <= fonts.WIDEST * font["head"].unitsPerEm


def test_measures_text_as_wide_as_it_is_drawn() -> None:
    loaded = fonts.load()

    assert loaded.width("王芳") == 2000
    assert loaded.width("犇") >= 1000
    assert loaded.width("0123456789") == 5550
