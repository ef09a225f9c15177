import csv
import io

import pytest

from portal.catalogue import queries
from portal.catalogue.models import CatalogueImport, Plan, PlanVersion
from portal.core.db import db
from tests import browsing
from tests.web.admin.conftest import acts, last_act

FIELDS = {
    "code": "kr-5g-15d",
    "carrier": "sandbox-east",
    "name_en": "Korea 5 GB / 15 days",
    "name_zh": "韩国 5GB/15天",
    "data_mb": "5",
    "unit": "GB",
    "validity_days": "15",
    "regions": "kr, JP",
    "term": "short",
    "currency": "CNY",
    "price_minor": "68.00",
    "cost_minor": "41.20",
    "tax_bps": "6",
}
HEADER = "code,carrier,name_en,name_zh,data_mb,validity_days,regions,term,price_minor,cost_minor,currency,tax_bps"
ROW = "JP-10G-30D,sandbox-east,Japan 10 GB / 30 days,日本 10GB/30天,10240,30,JP,short,{price},6120,CNY,600"
NEW_ROW = "KR-1G-7D,sandbox-east,Korea 1 GB,韩国 1GB,1024,7,KR,short,2900,1900,CNY,600"


def edited(**changes: str) -> dict[str, str]:
    return {name: value for name, value in FIELDS.items() if name != "code"} | changes


def bring(person, text: str | bytes):
    """Upload a file; the body is written by hand, since the test browser leaves large ones open on the disk."""
    content = text if isinstance(text, bytes) else text.encode()
    token = browsing.csrf_token(person.page("/password"))
    parts = [
        b'Content-Disposition: form-data; name="csrf_token"\r\n\r\n' + token.encode(),
        b'Content-Disposition: form-data; name="file"; filename="plans.csv"\r\n\r\n' + content,
    ]
    body = b"".join(b"--edge\r\n" + part + b"\r\n" for part in parts) + b"--edge--\r\n"
    return person.browser.post("/admin/catalogue/import", data=body, content_type="multipart/form-data; boundary=edge")


def test_lists_and_filters_plans(ada, house):
    assert "Japan 10 GB / 30 days JP-10G-30D Japan 10 GB 30 sandbox-east CNY 100.00 61.20 6% v1" in ada.words(
        "/admin/catalogue/"
    )
    assert "JP-10G-30D" in ada.words("/admin/catalogue/?region=jp&carrier=sandbox-east&term=short&q=japan")
    assert "No plan fits." in ada.words("/admin/catalogue/?region=KR")
    assert "No plan fits." in ada.words("/admin/catalogue/?state=retired")
    assert ada.get("/admin/catalogue/?carrier=x").status_code == 422


def test_an_admin_puts_a_plan_on_sale(dana):
    answer = dana.post("/admin/catalogue/new", **FIELDS)

    assert answer.location == "/admin/catalogue/KR-5G-15D"
    made = queries.plan_by_code("KR-5G-15D")
    assert (made.data_mb, made.price_minor, made.cost_minor, made.tax_bps) == (5120, 6800, 4120, 600)
    assert made.regions == ["JP", "KR"]
    assert last_act().act == "plans.add"
    assert "Japan, South Korea" in dana.words(answer.location)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"code": "JP-10G-30D"}, "A plan with the code JP-10G-30D stands already."),
        ({"code": "a b"}, "A code has capital letters, digits and hyphens only"),
        ({"regions": "XX"}, "is no ISO 3166 code"),
        ({"validity_days": "0"}, "Please enter a number from 1 to 3650."),
        ({"validity_days": "7.5"}, "Please enter a whole number."),
        ({"data_mb": "-1"}, "Please enter a whole number."),
        ({"price_minor": "1e3"}, "plain amount"),
        ({"currency": "JPY"}, "JPY has at most 0 digits after the point."),
        ({"tax_bps": "6.123"}, "percentage"),
        ({"name_en": ""}, "Please fill this in."),
    ],
)
def test_refuses_what_cannot_be_and_keeps_what_was_typed(dana, house, changed, sentence):
    count = db.session.query(PlanVersion).count()

    answer = dana.post("/admin/catalogue/new", **(FIELDS | changed))

    assert answer.status_code == 422
    assert sentence in browsing.words(answer.text)
    assert browsing.field_value(answer.text, "name_zh") == "韩国 5GB/15天"
    assert db.session.query(PlanVersion).count() == count


def test_a_change_is_a_new_version_and_the_old_one_stays_shown(dana, house):
    page = dana.page("/admin/catalogue/JP-10G-30D/edit")
    assert browsing.field_value(page, "price_minor") == "100.00"
    assert browsing.field_value(page, "data_mb") == "10"

    answer = dana.post("/admin/catalogue/JP-10G-30D/edit", seen_version="1", **edited(price_minor="110"))

    assert answer.status_code == 303
    words = dana.words("/admin/catalogue/JP-10G-30D")
    assert "v2 Korea 5 GB / 15 days 5 GB 15 CNY 110.00" in words
    assert "v1 Japan 10 GB / 30 days 10 GB 30 CNY 100.00" in words
    assert db.session.get_one(PlanVersion, house.plan.id).price_minor == 10000


def test_a_page_that_is_out_of_date_is_refused(dana, house):
    dana.post("/admin/catalogue/JP-10G-30D/edit", seen_version="1", **edited())

    answer = dana.post("/admin/catalogue/JP-10G-30D/edit", seen_version="1", **edited(price_minor="1"))

    assert answer.status_code == 422
    assert "it is at version 2 now" in browsing.words(answer.text)


def test_retires_and_restores(dana, house):
    dana.post("/admin/catalogue/JP-10G-30D/retire")

    assert queries.plan_by_code("JP-10G-30D").plan.is_retired
    assert "JP-10G-30D is no longer on sale." in dana.words("/admin/catalogue/JP-10G-30D")
    assert "JP-10G-30D" not in dana.words("/admin/catalogue/")
    assert "retired" in dana.words("/admin/catalogue/?state=all&q=JP-10G-30D")
    dana.post("/admin/catalogue/JP-10G-30D/restore")
    assert not queries.plan_by_code("JP-10G-30D").plan.is_retired


@pytest.mark.parametrize("code", ["NONE", "jp-10g-30d", "%3Cb%3E"])
@pytest.mark.parametrize("tail", ["", "/edit"])
def test_an_unknown_plan_is_not_found(dana, house, code, tail):
    assert dana.get(f"/admin/catalogue/{code}{tail}").status_code == 404


def test_finance_and_auditors_read_only(ada, fiona, house):
    for person in (ada, fiona):
        words = person.words("/admin/catalogue/JP-10G-30D")
        assert "Retire" not in words
        assert "Edit" not in words
        assert person.get("/admin/catalogue/import").status_code == 403
        assert person.get("/admin/catalogue/new").status_code == 403
        assert person.get("/admin/catalogue/export.csv").status_code == 200


def test_a_file_is_looked_at_before_it_is_applied(dana, house):
    answer = bring(dana, "\n".join([HEADER, ROW.format(price=11000), NEW_ROW]))

    page = dana.page(answer.location)
    words = browsing.words(page)
    assert "New plans 1 Changed plans 1 As they are 0 Faults 0" in words
    assert "JP-10G-30D v1 → v2 price CNY 100.00 → CNY 110.00" in words
    assert "KR-1G-7D Korea 1 GB South Korea 1 GB 7 sandbox-east CNY 29.00 19.00" in words
    assert queries.plan_by_code("JP-10G-30D").version == 1

    applied = dana.post(answer.location, digest=browsing.field_value(page, "digest"))

    assert applied.location == "/admin/catalogue/"
    assert queries.plan_by_code("JP-10G-30D").price_minor == 11000
    assert queries.plan_by_code("KR-1G-7D").version == 1
    assert {"plans.add", "plans.change", "catalogue.apply_import"} <= {act.act for act in acts()}
    assert "Applied:" in dana.words(answer.location)


def test_an_auditor_looks_at_a_file_and_cannot_apply_it(dana, ada, house):
    path = bring(dana, "\n".join([HEADER, ROW.format(price=11000)])).location

    page = ada.page(path)

    assert "JP-10G-30D v1 → v2" in browsing.words(page)
    assert 'name="digest"' not in page
    assert ada.post(path, digest="x").status_code == 403


def test_a_preview_that_is_out_of_date_is_shown_again(dana, house):
    path = bring(dana, "\n".join([HEADER, ROW.format(price=11000)])).location
    digest = browsing.field_value(dana.page(path), "digest")
    dana.post("/admin/catalogue/JP-10G-30D/edit", seen_version="1", **edited())

    answer = dana.post(path, digest=digest)

    assert answer.status_code == 422
    assert "The catalogue changed since." in browsing.words(answer.text)
    assert queries.plan_by_code("JP-10G-30D").version == 2


def test_faulty_lines_are_named_and_nothing_is_imported(dana, house):
    lines = [HEADER, NEW_ROW, NEW_ROW.replace("KR-1G-7D", "KR-2").replace("2900", "abc"), "KR-3,too,short"]
    path = bring(dana, "\n".join(lines)).location

    page = dana.page(path)

    words = browsing.words(page)
    assert "3 price_minor Please enter a whole number." in words
    assert "4 whole line This line has 3 cells; the header has 12." in words
    assert 'name="digest"' not in page
    assert dana.post(path, digest="x").status_code == 422
    assert db.session.query(Plan).filter_by(code="KR-1G-7D").count() == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Please choose a CSV file."),
        (HEADER.encode() + b"\n" + "日本".encode("gbk"), "Line 2 is not in UTF-8."),
        (HEADER.encode() + b"\nA\0B", "Line 2 holds a NUL sign"),
        (b"code,price\n1,2", "The header does not fit."),
        (b"a," * 1_000_000, "The header has too many columns"),
        (b"x" * (2 * 1024 * 1024 + 1), "The file is larger than 2 MB."),
        (HEADER.encode() + b'\n"open', "cannot be read as CSV"),
        (b"\x89PNG\r\n\x1a\n", "not in UTF-8"),
    ],
)
def test_a_file_that_is_none_is_refused_clearly(dana, house, content, sentence):
    answer = bring(dana, content)

    assert answer.status_code == 422
    assert sentence in browsing.words(answer.text)
    assert db.session.query(CatalogueImport).count() == 0


def test_a_form_without_a_file_is_refused(dana):
    answer = dana.post("/admin/catalogue/import")

    assert answer.status_code == 422
    assert "Please choose a CSV file." in browsing.words(answer.text)


def test_the_export_imports_again_without_a_change(dana, house):
    answer = dana.get("/admin/catalogue/export.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="catalogue-2026-11-22.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0]["code"] == "JP-10G-30D"

    words = dana.words(bring(dana, answer.data).location)

    assert "The file changes nothing" in words


def test_markup_in_names_stays_text(dana):
    dana.post("/admin/catalogue/new", **(FIELDS | {"name_en": "<b>Korea</b>"}))

    for path in ("/admin/catalogue/", "/admin/catalogue/KR-5G-15D", "/admin/catalogue/KR-5G-15D/edit"):
        assert "<b>Korea" not in dana.page(path)
