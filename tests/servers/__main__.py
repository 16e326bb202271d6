"""`make servers`: fetches what the tests' servers need, and says where it lies."""

from __future__ import annotations

import sys

from tests.servers.distribution import elasticsearch_home, java_home
from tests.servers.machine import Missing
from tests.servers.postgresql import programs

try:
    for found in (elasticsearch_home(), java_home(), programs()):
        print(found)
except Missing as error:
    sys.exit(str(error))
