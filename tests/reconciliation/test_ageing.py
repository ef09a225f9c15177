from datetime import UTC, datetime, timedelta

import pytest

from portal.reconciliation import ageing

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "days", "bucket"),
    [
        (timedelta(0), 0, "0-1"),
        (timedelta(days=1, hours=23), 1, "0-1"),
        (timedelta(days=2), 2, "2-7"),
        (timedelta(days=7, hours=23), 7, "2-7"),
        (timedelta(days=8), 8, "8-30"),
        (timedelta(days=30, hours=23), 30, "8-30"),
        (timedelta(days=31), 31, "31-"),
        (timedelta(hours=-3), 0, "0-1"),
    ],
)
def test_a_difference_has_one_bucket(age: timedelta, days: int, bucket: str) -> None:
    arisen_at = NOW - age

    assert ageing.days_old(arisen_at, now=NOW) == days
    found = ageing.bucket_of(arisen_at, now=NOW)
    assert found.name == bucket
    after, until = found.span(NOW)
    assert after is None or after < arisen_at
    assert arisen_at <= until
    others = [one.span(NOW) for one in ageing.BUCKETS if one is not found]
    assert not any((since is None or since < arisen_at) and arisen_at <= end for since, end in others)
