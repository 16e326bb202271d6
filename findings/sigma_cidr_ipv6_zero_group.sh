#!/usr/bin/env bash
# pySigma 1.5.1 with pySigma-backend-sqlite 2.0.0: an IPv6 network that ends in a zero group becomes a far larger one.
#
# Backends without a network function get a network as text patterns from pySigma. For 2001:db8::/48 the pattern is
# `2001:db8:%`: the third group, which has to be zero, is gone, so the rule finds all 65,536 networks of that size in
# 2001:db8::/32. Written with a third group that is not zero the same size of network is exact, and so is the /64.
# As an exclusion (`not local_net`) such a rule is silent about all of the neighbours. pySigma 2.0.1 is exact here.
#
# Output seen:
#   2001:db8::/48    a LIKE '2001:db8:%' ESCAPE '\'      outside, yet found: ['2001:db8:1::1', '2001:db8:ffff::1']
#   2001:db8:1::/48  a LIKE '2001:db8:1:%' ESCAPE '\'    outside, yet found: []
#   2001:db8::/64    a LIKE '2001:db8::%' ESCAPE '\'     outside, yet found: []
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pysigma==1.5.1 pysigma-backend-sqlite==2.0.0
"$work/venv/bin/python" - <<'PYTHON'
import sqlite3
from ipaddress import ip_address, ip_network

from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection

ADDRESSES = ["2001:db8::1", "2001:db8:0:7::1", "2001:db8:1::1", "2001:db8:ffff::1", "2001:db9::1"]
table = sqlite3.connect(":memory:")
table.execute("create table logs (a text)")
table.executemany("insert into logs values (?)", [(address,) for address in ADDRESSES])

wrong = {}
for network in ["2001:db8::/48", "2001:db8:1::/48", "2001:db8::/64"]:
    rule = {"title": "net", "logsource": {"product": "linux"}, "detection": {"sel": {"a|cidr": network}, "condition": "sel"}}
    query = sqliteBackend().convert(SigmaCollection.from_dicts([rule]))[0]
    found = [address for (address,) in table.execute(query)]
    wrong[network] = [address for address in found if ip_address(address) not in ip_network(network)]
    print(f"{network:16} {query.removeprefix('SELECT * FROM logs WHERE '):35} outside, yet found: {wrong[network]}")
assert wrong == {"2001:db8::/48": ["2001:db8:1::1", "2001:db8:ffff::1"], "2001:db8:1::/48": [], "2001:db8::/64": []}
PYTHON
