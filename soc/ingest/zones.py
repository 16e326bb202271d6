"""Time zones by name."""

from __future__ import annotations

from datetime import UTC, tzinfo

from soc.errors import UsageError


def zone_named(name: str) -> tzinfo:
    """An IANA zone. Raises UsageError."""
    if name == "UTC":
        return UTC  # without reading the machine's zones: `soc parse` begins sooner
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"{name!r} is no time zone; write for example UTC or Europe/Vienna") from error
