"""Times are read as nbgrader reads them."""

from __future__ import annotations

import pytest
from nbgrader import utils

from grader.lms.timestamps import parse_utc, stamp


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20 11:00:00.5 UTC",
        "2026-11-20 11:00:00 3600",
        "2026-11-20 11:00:00 -7200",
        "2026-11-20 11:00:00 Europe/Berlin",
        "2026-11-20 11:00:00 Nowhere",
        "2026-11-20T11:00:00+02:00",
        "2026-11-20 11:00:00",
    ],
)
def test_a_time_is_what_nbgrader_takes_it_for(text: str) -> None:
    assert parse_utc(text) == utils.parse_utc(text)


@pytest.mark.parametrize("text", ["", "x", "a b c", "2026-11-20  UTC", "2026-11-20 11:00:00 99999999999"])
def test_what_is_no_time_is_refused_as_nbgrader_refuses_it(text: str) -> None:
    for read in (utils.parse_utc, parse_utc):
        with pytest.raises(ValueError, match=r"does not contain a date|Unknown string format|offset must be"):
            read(text)


def test_a_stamp_is_read_again() -> None:
    assert parse_utc(stamp(parse_utc("2026-11-20 11:00:00.5 UTC"))) == parse_utc("2026-11-20 11:00:00.5 UTC")
