import time
import zlib

import pytest

from portal.receipts import verification

CODE = "YPCP2G54061J22ETFP0Z"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (CODE, CODE),
        (CODE.lower(), CODE),
        (" YPCP2-G5406-1J22E-TFP0Z ", CODE),
        ("YPCP2G54O6IJ22ETFPOZ", CODE),
        (f"https://portal.example/verify/{CODE}", CODE),
        ("YPCP2G54061J22ETFP0", None),
        ("YPCP2G54061J22ETFP0ZZ", None),
        ("YPCP2G54061J22ETFPU1", None),
        ("ＹPCP2G54061J22ETFP0Z", None),
        ("", None),
    ],
)
def test_reads_a_code_as_people_type_it(typed, read):
    assert verification.read_code(typed) == read


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("leb-2026-0000123", "LEB-2026-0000123"),
        (" LEB-2026-0000123 ", "LEB-2026-0000123"),
        ("LEB-2026-123", None),
        ("LEB-2026-0000123'; --", None),
    ],
)
def test_reads_a_number_as_people_type_it(typed, read):
    assert verification.read_number(typed) == read


def test_finds_a_code_that_is_packed_in_the_file():
    link = f"/URI (https://portal.example/verify/{CODE})".encode()

    assert verification.codes_in(b"%PDF-1.7 stream\r\n" + zlib.compress(link) + b"endstream") == [CODE]


def test_finds_no_code_in_a_longer_word():
    assert verification.codes_in(f"/verify/{CODE}7".encode()) == []


def test_unpacks_no_more_of_a_bomb_than_it_may():
    bomb = b"stream\n" + zlib.compress(b"0" * 500_000_000, 9)
    began = time.perf_counter()

    assert verification.codes_in(bomb[: verification.MAX_FILE_BYTES]) == []
    assert time.perf_counter() - began < 2


def test_is_not_held_up_by_a_file_of_nothing_but_beginnings():
    began = time.perf_counter()

    assert verification.codes_in(b"stream\nx\x9c" * 200_000) == []
    assert time.perf_counter() - began < 2
