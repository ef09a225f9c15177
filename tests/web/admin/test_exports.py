import csv
import io

import pytest

from tests import browsing, working
from tests.web.admin.conftest import Person


def ask(person: Person, *, file_format: str = "csv", query: str = "") -> str:
    answer = person.post(f"/admin/transactions/export{query}", format=file_format)
    assert answer.status_code == 303
    return answer.location


def test_the_page_asks_again_by_itself_until_the_file_is_there(dana, house):
    path = ask(dana)

    waiting = dana.page(path)
    assert 'hx-trigger="every 1s"' in waiting
    assert dana.get(f"{path}/file").status_code == 404

    working.work_all()

    ready = dana.page(path)
    assert "every 1s" not in ready
    assert "1 rows are in the file." in browsing.words(ready)


def test_htmx_gets_the_piece_that_changes(dana, house):
    piece = dana.get(ask(dana), headers={"HX-Request": "true"}).text

    assert piece.strip().startswith('<div id="progress"')


def test_the_csv_holds_what_the_filter_asked_for(ada, house):
    house.place()
    path = ask(ada, query="?kind=renewal")
    working.work_all()

    answer = ada.get(f"{path}/file", buffered=True)

    assert answer.headers["Content-Disposition"].startswith("attachment; filename=transactions-")
    assert answer.headers["Content-Disposition"].endswith(".csv")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [(row["kind"], row["amount"], row["customer"]) for row in rows] == [("renewal", "105.00", "Carol Chan")]


def test_the_xlsx_is_a_workbook(dana, house):
    path = ask(dana, file_format="xlsx")
    working.work_all()

    answer = dana.get(f"{path}/file", buffered=True)

    assert answer.data[:2] == b"PK"
    assert "spreadsheetml" in answer.content_type


def test_an_export_is_its_owners_alone(dana, fiona, house):
    path = ask(dana)
    working.work_all()

    assert fiona.get(path).status_code == 404
    assert fiona.get(f"{path}/file").status_code == 404
    assert path in dana.page("/admin/exports/")
    assert path not in fiona.page("/admin/exports/")


@pytest.mark.parametrize("odd", ["x", "0192f0c1-0000-7000-8000-000000000000"])
def test_an_unknown_export_is_not_found(dana, odd):
    assert dana.get(f"/admin/exports/{odd}").status_code == 404
    assert dana.get(f"/admin/exports/{odd}/file").status_code == 404
