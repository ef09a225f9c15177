"""Finance sees what payers dispute, and takes the evidence away as one file."""

import zipfile
from io import BytesIO

import pytest

from portal.payments.providers.base import DisputeState
from portal.refunds.models import Dispute
from tests.refunds.conftest import Office, carrier, office
from tests.refunds.test_disputing import paid_online, told
from tests.web.admin.conftest import Person

assert carrier
assert office


@pytest.fixture
def dispute(office: Office) -> Dispute:
    paid_online(office)
    return told(DisputeState.OPEN)


def test_the_list_and_the_page_tell_what_is_frozen(dispute: Dispute, fiona: Person) -> None:
    assert dispute.reference in fiona.words("/admin/disputes/")

    words = fiona.words(f"/admin/disputes/{dispute.id}")

    assert "Not the payer's own payment" in words
    assert "105.00" in words
    assert "8.00" in words
    assert "Frozen in disputes" in words


def test_the_payment_and_the_renewal_lead_to_it_while_it_is_open(dispute: Dispute, fiona: Person) -> None:
    pages = [f"/admin/payments/{dispute.payment_id}", f"/admin/transactions/{dispute.renewal_id}"]

    for page in pages:
        assert "The payer disputes CNY 105.00 of this payment." in fiona.words(page)
        assert f'href="/admin/disputes/{dispute.id}"' in fiona.page(page)

    told(DisputeState.WON)
    for page in pages:
        assert "The payer disputes" not in fiona.words(page)


def test_the_evidence_is_one_file_with_a_manifest(dispute: Dispute, fiona: Person) -> None:
    answer = fiona.get(f"/admin/disputes/{dispute.id}/evidence.zip")

    assert answer.mimetype == "application/zip"
    assert f'filename="{dispute.reference}-evidence.zip"' in answer.headers["Content-Disposition"]
    assert "manifest.json" in zipfile.ZipFile(BytesIO(answer.data)).namelist()


def test_the_auditor_looks_and_takes_nothing_away(dispute: Dispute, ada: Person) -> None:
    assert ada.get(f"/admin/disputes/{dispute.id}").status_code == 200
    assert ada.get(f"/admin/disputes/{dispute.id}/evidence.zip").status_code == 403


def test_a_dispute_that_is_none_is_not_found(fiona: Person) -> None:
    assert fiona.get("/admin/disputes/0192f0c1-0000-7000-8000-000000000000").status_code == 404
    assert fiona.get("/admin/disputes/nonsense/evidence.zip").status_code == 404
