"""What a missing server means: a skip with its reason on a laptop, a failure where CI=true."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.servers.machine import Missing


@contextmanager
def needed() -> Iterator[None]:
    """Around whatever starts or leases a server."""
    reason = ""
    try:
        yield
    except Missing as error:
        reason = str(error)
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)
