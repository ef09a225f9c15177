"""Receipt files: written whole or not at all, never overwritten."""

import os
from datetime import timedelta

import pytest
from flask import Flask

from portal.core import settings
from portal.receipts import storage


def test_writes_a_file_whole_and_leaves_no_draft(app: Flask) -> None:
    storage.write("1999/11/LEB-1999-0000001.pdf", b"%PDF one")

    folder = settings.current().invoices_dir / "1999/11"
    assert [path.name for path in folder.glob(".*")] == []
    assert storage.read("1999/11/LEB-1999-0000001.pdf") == b"%PDF one"


def test_writing_the_same_again_changes_nothing(app: Flask) -> None:
    storage.write("1999/11/LEB-1999-0000002.pdf", b"%PDF two")

    storage.write("1999/11/LEB-1999-0000002.pdf", b"%PDF two")

    assert storage.read("1999/11/LEB-1999-0000002.pdf") == b"%PDF two"


def test_never_overwrites_a_file_of_other_content(app: Flask) -> None:
    storage.write("1999/11/LEB-1999-0000003.pdf", b"%PDF three")

    with pytest.raises(FileExistsError):
        storage.write("1999/11/LEB-1999-0000003.pdf", b"%PDF other")

    assert storage.read("1999/11/LEB-1999-0000003.pdf") == b"%PDF three"


@pytest.mark.parametrize("name", ["../outside.pdf", "/etc/passwd", "1999/../../outside.pdf"])
def test_refuses_a_name_that_leads_out_of_the_folder(app: Flask, name: str) -> None:
    with pytest.raises(ValueError, match="below invoices"):
        storage.write(name, b"%PDF")


def test_sweeps_up_the_drafts_of_a_killed_process_but_not_those_being_written(app: Flask) -> None:
    folder = settings.current().invoices_dir / "1999/11"
    folder.mkdir(parents=True, exist_ok=True)
    left, written_now = folder / ".left.part", folder / ".now.part"
    left.write_bytes(b"half")
    written_now.write_bytes(b"half")
    os.utime(left, (1, 1))

    assert storage.sweep_drafts(older_than=timedelta(hours=1)) == 1

    assert not left.exists()
    assert written_now.exists()
    written_now.unlink()
