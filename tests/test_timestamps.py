"""Stamps without year or zone are read against a clock that is handed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soc.errors import ParseError
from soc.parsing import Clock
from soc.parsing.stamp import read_stamp, stamp_end
from soc.parsing.timestamps import dated, epoch, iso, undated
from soc.times import DAY, SECOND, parse_iso, to_datetime, to_moment

ZONES = st.sampled_from(
    [UTC, timezone(timedelta(hours=5, minutes=45)), *map(ZoneInfo, ("Europe/Vienna", "America/St_Johns", "Australia/Lord_Howe"))]
)
MOMENTS = st.integers(to_moment(datetime(1975, 1, 1, tzinfo=UTC)) // SECOND, to_moment(datetime(2090, 1, 1, tzinfo=UTC)) // SECOND).map(
    lambda seconds: seconds * SECOND
)


def obvious(stamp: str, clock: Clock) -> int | None:
    """What `undated` promises, tried year by year."""
    latest = to_datetime(clock.received + DAY).astimezone(clock.zone).year
    for year in range(latest + 1, latest - 10, -1):
        try:
            local = datetime.strptime(f"{year} {stamp}", "%Y %b %d %H:%M:%S")
        except ValueError:
            continue
        moment = to_moment(local.replace(tzinfo=clock.zone))
        if moment <= clock.received + DAY:
            return moment
    return None


@given(MOMENTS, ZONES, MOMENTS)
def test_an_undated_stamp_is_the_nearest_past_one_at_most_a_day_ahead(written: int, zone, received: int):
    stamp = to_datetime(written).astimezone(zone).strftime("%b %e %H:%M:%S")
    clock = Clock(received, zone)

    assert undated(stamp, clock) == obvious(stamp, clock)
    assert undated(stamp, clock) == obvious(stamp, clock)  # remembered


@given(MOMENTS, ZONES, st.lists(MOMENTS, max_size=4))
def test_what_was_read_before_changes_nothing(written: int, zone, clocks: list[int]):
    stamp = to_datetime(written).astimezone(zone).strftime("%b %d %H:%M:%S")
    for received in clocks:
        undated(stamp, Clock(received, zone))

    assert undated(stamp, Clock(written + 3600 * SECOND, zone)) == obvious(stamp, Clock(written + 3600 * SECOND, zone))


@given(MOMENTS, ZONES)
def test_a_dated_stamp_is_its_moment_or_the_other_one_that_the_clocks_showed_it_at(moment: int, zone):
    local = to_datetime(moment).astimezone(zone)

    assert dated(local.strftime("%b %d %Y %H:%M:%S"), zone) == to_moment(local.replace(fold=0))


@given(st.integers(-(10**15), 10**16), ZONES)
def test_iso_8601_is_read_back_with_and_without_a_zone(moment: int, zone):
    local = to_datetime(moment).astimezone(zone)
    clock = Clock(0, zone)

    assert iso(local.isoformat(), clock) == moment
    assert iso(local.replace(tzinfo=None).isoformat(), clock) == to_moment(local.replace(fold=0))


@given(st.text(max_size=20))
def test_what_is_no_time_is_a_parse_error_and_nothing_else(text: str):
    for read in (undated, iso):
        try:
            read(text, Clock(0, UTC))
        except ParseError:
            continue


@pytest.mark.parametrize(
    ("stamp", "received", "moment"),
    [
        ("Feb 29 12:00:00", "2026-11-01T00:00:00Z", "2024-02-29T12:00:00Z"),
        ("Dec 31 23:59:59", "2026-01-01T00:00:05Z", "2025-12-31T23:59:59Z"),
        ("Jan  1 00:00:03", "2025-12-31T23:59:59Z", "2026-01-01T00:00:03Z"),
        ("Dec 31 23:59:60", "2026-01-05T00:00:00Z", "2026-01-01T00:00:00Z"),
    ],
)
def test_years_turn_where_they_should(stamp: str, received: str, moment: str):
    assert undated(stamp, Clock(parse_iso(received), UTC)) == parse_iso(moment)


def test_a_time_that_clocks_showed_twice_is_the_first_and_one_they_skipped_is_an_hour_later():
    vienna = Clock(parse_iso("2026-12-01T00:00:00Z"), ZoneInfo("Europe/Vienna"))

    assert undated("Oct 25 02:30:00", vienna) == parse_iso("2026-10-25T02:30:00+02:00")
    assert undated("Mar 29 02:30:00", vienna) == parse_iso("2026-03-29T03:30:00+02:00")


def test_a_leap_second_is_the_second_after_it():
    assert iso("2016-12-31T23:59:60Z", Clock(0, UTC)) == parse_iso("2017-01-01T00:00:00Z")
    with pytest.raises(ParseError):
        iso("9999-12-31T23:59:60Z", Clock(0, UTC))


def test_a_day_that_no_year_has_is_named():
    with pytest.raises(ParseError, match=r"no year has the day in 'Feb 30 00:00:00'"):
        undated("Feb 30 00:00:00", Clock(0, UTC))


def test_seconds_since_1970_lose_nothing_but_what_is_smaller_than_a_microsecond():
    assert epoch("1791749655.1234569") == 1791749655123456
    assert epoch("0") == 0
    for text in ("", "-1", "1e9", "١", "1.2.3", "9" * 13):
        with pytest.raises(ParseError):
            epoch(text)


@pytest.mark.parametrize(
    "text",
    [
        *("Oct 11 22:14:15 ", "Oct 11 2026 22:14:15 ", "Oct 11 22:14:15 2026 ", "Oct 11 22:14:15 UTC 2026 ", "*Oct 11 22:14:15.000 UTC: "),
        *("2026-10-11T22:14:15Z ", "2026-10-11T22:14:15 ", "2026-10-11 22:14:15,000 ", "2026-10-12T00:14:15.000000+0200 "),
        *("Sun 2026-10-11 22:14:15 UTC ", ".Oct 11 22:14:15: ", "Oct 11 22:14:15.000000 "),
        *("2026-10-12 00:14:15.000 +0200 ", "2026-10-11 17:14:15 -05:00 ", "2026-10-12 00:14:15 +0200 CEST ", "2026 Oct 11 22:14:15 UTC: "),
    ],
)
def test_one_moment_has_many_spellings(text: str):
    found = read_stamp(text + "x", 0, Clock(parse_iso("2026-12-01T00:00:00Z"), UTC))

    assert found == (parse_iso("2026-10-11T22:14:15Z"), len(text.rstrip(": ")))
    assert stamp_end(text + "x", 0) == found[1]


def test_a_stamp_is_passed_over_though_no_calendar_has_it():
    assert stamp_end("x Feb 30 2026 25:14:15: y", 2) == len("x Feb 30 2026 25:14:15")
    assert stamp_end("x text", 2) is None
