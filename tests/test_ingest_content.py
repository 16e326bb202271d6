"""Feeds and institutions: what their files may say, and what is said of wrong ones."""

from __future__ import annotations

import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soc.errors import ContentError, UsageError
from soc.ingest.feeds import Feed, feed_named, feed_of, load_feeds
from soc.ingest.finish import Finisher
from soc.ingest.institutions import Institutions, Prefixes, load_institutions
from soc.ingest.paths import Patterns
from soc.times import MINUTE

SHIPPED = Path(__file__).parents[1] / "ingest" / "institutions.yml"
V4 = st.builds(lambda number, length: ip_network((number, length), strict=False), st.integers(0, (1 << 32) - 1), st.integers(0, 32))
V6 = st.builds(lambda number, length: ip_network((number, length), strict=False), st.integers(1 << 32, (1 << 128) - 1), st.integers(0, 128))


@given(st.dictionaries(V4 | V6, st.sampled_from("abc")), st.data())
def test_an_address_belongs_to_the_longest_prefix_that_holds_it(entries, data):
    prefixes = Prefixes(entries.items())
    inside = [st.integers(int(net[0]), int(net[-1])).map(lambda number, net=net: type(net[0])(number)) for net in entries]
    address = data.draw(st.one_of(st.ip_addresses(), *inside))
    mapped = getattr(address, "ipv4_mapped", None) or address

    holding = [network for network in entries if network.version == mapped.version and mapped in network]

    expected = entries[max(holding, key=lambda network: network.prefixlen)] if holding else None
    assert [prefixes[str(address)] for _ in range(2)] == [expected] * 2


@given(st.text())
def test_what_is_no_address_belongs_to_nobody(text):
    try:
        ip_address(text)
    except ValueError:
        assert Prefixes([(ip_network("0.0.0.0/0"), "v4"), (ip_network("::/0"), "v6")])[text] is None


def test_the_shipped_institutions_leave_the_attackers_outside():
    shipped = load_institutions(SHIPPED)

    assert len(shipped.by_id) == 8
    assert shipped.of["192.0.2.70"] == shipped.of["2001:db8:3::1"] == "hospital-east"
    assert shipped.asset_class("hospital-east", "192.0.2.70") == "critical"
    assert shipped.asset_class("uni-north", "192.0.2.70") is None
    assert {shipped.of[f"203.0.113.{last}"] for last in range(128, 256)} == {None}
    assert all(one.contact.endswith(".example") for one in shipped.by_id.values())


def test_a_network_may_not_belong_to_two_but_a_part_of_it_may(tmp_path):
    path = tmp_path / "institutions.yml"
    path.write_text("- {id: a, networks: [192.0.2.0/24]}\n- {id: b, networks: [192.0.2.0/25]}\n")
    assert load_institutions(path).of["192.0.2.1"] == "b"
    path.write_text("- id: a\n  networks: [192.0.2.0/24]\n- id: b\n  networks:\n  - 192.0.2.0/24\n")

    with pytest.raises(ContentError) as error:
        load_institutions(path)

    assert str(error.value) == (
        f"{path}:5: 192.0.2.0/24 belongs to 'a' and to 'b'\n  give it to one; a longer prefix inside it may belong to another"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- {id: a}", ":1: an institution without networks"),
        ("- {id: unknown, networks: [192.0.2.0/24]}", ":1: 'unknown' cannot be an id"),
        ("- id: a\n  networks: [192.0.2.1/24]", ":2: '192.0.2.1/24' is no network: 192.0.2.1/24 has host bits set"),
        ("- id: a\n  networks: [192.0.2.0/24]\n  klass: x", ":3: unknown key 'klass'\n  known: id, name, class"),
        ("- {id: a, networks: [192.0.2.0/25]}\n- {id: a, networks: [192.0.2.128/25]}", ":2: the id 'a' stands twice"),
        ("a: b", ":1: is no list of institutions"),
    ],
)
def test_a_wrong_institution_is_named_with_its_line(tmp_path, text, says):
    path = tmp_path / "institutions.yml"
    path.write_text(text)

    with pytest.raises(ContentError) as error:
        load_institutions(path)

    assert str(error.value).startswith(f"{path}{says}")


def test_a_feed_is_what_its_file_says(tmp_path):
    (tmp_path / "gateways.yml").write_text(
        "paths: [/srv/logs/*.log, /srv/gw]\nparsers: [openssh, sudo]\nzone: Europe/Vienna\ninstitution: uni-north\nhost: gw1\nexpect: 15m\n"
    )
    (tmp_path / "institutions.yml").write_text("- {}")

    feeds, errors = load_feeds([tmp_path], {"openssh", "sudo"})

    assert not errors
    assert feeds == {
        "gateways": Feed(
            "gateways",
            ("/srv/logs/*.log", "/srv/gw"),
            ("openssh", "sudo"),
            zone=ZoneInfo("Europe/Vienna"),
            institution="uni-north",
            host="gw1",
            expect=15 * MINUTE,
        )
    }


def test_a_later_root_replaces_a_feed_of_the_same_name(tmp_path):
    for root, host in (("one", "a"), ("two", "b")):
        (tmp_path / root).mkdir()
        (tmp_path / root / "gw.yml").write_text(f"host: {host}")

    feeds, _ = load_feeds([tmp_path / "one", tmp_path / "two"], set())

    assert feeds["gw"].host == "b"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("paths: [/a]\nparsers: [opensssh]", ":2: parser 'opensssh' is not in parsers/\n  known: iptables, openssh"),
        ("format: asa", ":1: format 'asa' is not in parsers/\n  known: iptables, openssh, syslog"),
        ("zone: Europe/Wien", ":1: 'Europe/Wien' is no time zone; write for example UTC or Europe/Vienna"),
        ("expect: soon", ":1: 'soon' is no duration"),
        ("institution: nobody", ":1: institution 'nobody' is not in ingest/institutions.yml\n  known: uni-north"),
        ("path: /a", ":1: unknown key 'path'\n  known: paths, parsers, format"),
        ("paths: /a", ":1: paths is no list of texts\n  write paths: [one, another]"),
        ('paths: ["/a\\0"]', ":1: '/a\\x00' can be no path: it holds a zero byte"),
        ("follow_links: please", ":1: follow_links is neither true nor false\n  write follow_links: true"),
        ("paths: [logs/a]", ":1: 'logs/a' is no absolute path"),
        ("parsers: [openssh]\nformat: openssh", ":2: states both parsers and format"),
        ("- a", ":1: a feed is a mapping"),
    ],
)
def test_a_wrong_feed_is_named_with_its_line_and_the_others_are_loaded(tmp_path, text, says):
    (tmp_path / "wrong.yml").write_text(text)
    (tmp_path / "right.yml").write_text("host: a")

    feeds, errors = load_feeds([tmp_path], {"openssh", "iptables"}, {"uni-north"})

    assert list(feeds) == ["right"]
    assert [str(error).startswith(f"{tmp_path / 'wrong.yml'}{says}") for error in errors] == [True], str(errors[0])


def test_a_path_goes_to_the_feed_that_holds_it_else_to_files(tmp_path):
    feeds = {name: Feed(name, (path,)) for name, path in {"a": f"{tmp_path}/a*.log", "b": f"{tmp_path}/b"}.items()}

    assert feed_of(tmp_path / "a1.log", feeds).name == "a"
    assert feed_of(tmp_path / "b" / "deep" / "x.log", feeds).name == "b"
    assert feed_of(tmp_path / "c.log", feeds).name == "files"
    with pytest.raises(UsageError, match="there is no feed 'c'; known: a, b, files, stdin"):
        feed_named("c", feeds)


IPS = st.sampled_from([None, "192.0.2.1", "198.51.100.1", "203.0.113.200"])


@given(IPS, IPS, st.sampled_from([None, "library-national"]))
def test_an_event_belongs_to_the_feeds_institution_else_the_destinations_else_the_sources(source, destination, owner):
    of = {"192.0.2.1": "uni-north", "198.51.100.1": "ministry-science"}
    event = {key: value for key, value in (("source.ip", source), ("destination.ip", destination)) if value}

    Finisher(Feed("gw", institution=owner, host="gw1"), load_institutions(SHIPPED)).finish([event], ["id"])

    assert event["organization.id"] == (owner or of.get(destination) or of.get(source) or "unknown")
    assert event.get("soc.institution.feed") == owner
    assert event.get("soc.institution.source") == of.get(source)
    assert event.get("soc.institution.destination") == of.get(destination)
    assert (event["event.id"], event["soc.feed"], event["host.name"]) == ("id", "gw", "gw1")


def test_a_host_in_the_line_is_not_replaced_by_the_feeds():
    event = {"host.name": "fw9"}

    Finisher(Feed("gw", host="gw1"), Institutions()).finish([event], ["id"])

    assert event["host.name"] == "fw9"


def test_the_feed_that_init_shows_is_one_and_holds_the_rotated_files_too(tmp_path):
    call = [sys.executable, "-c", "from soc.cli.main import main; main()", "--home", str(tmp_path / "home")]
    subprocess.run([*call, "init", "--site", str(tmp_path)], check=True, capture_output=True)
    (tmp_path / "ingest" / "feed.yml.example").rename(tmp_path / "ingest" / "campus.yml")

    feeds, errors = load_feeds([tmp_path / "ingest"], [])

    assert not errors
    assert {feed_of(Path("/var/log/campus", name), feeds).name for name in ("a.log", "a.log.1", "a.log.2.gz")} == {"campus"}
    assert all(Patterns(feeds["campus"].paths).hold(f"/var/log/campus/{name}") for name in ("a.log", "a.log.1", "a.log-20261011.gz"))


def test_the_site_that_init_makes_survives_git_and_each_of_its_examples_counts_once_it_is_renamed(tmp_path):
    home, site, clone = tmp_path / "home", tmp_path / "site", tmp_path / "clone"
    call = [sys.executable, "-c", "from soc.cli.main import main; main()", "--home", str(home)]
    git = ["git", "-c", "user.name=alice", "-c", "user.email=alice@example.org", "-c", "core.hooksPath=/dev/null"]
    subprocess.run([*call, "init", "--site", str(site)], check=True, capture_output=True)
    for words in (["init", "-q", str(site)], ["-C", str(site), "add", "-A"], ["-C", str(site), "commit", "-q", "-m", "begin"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    subprocess.run([*git, "clone", "-q", str(site), str(clone)], check=True, capture_output=True)

    folders = {path.parent.relative_to(clone).as_posix() for path in clone.rglob("*.example")}
    detections = (f"detections/{name}" for name in ("rules", "tuning", "lists", "exceptions", "pipelines"))
    assert folders == {"parsers", "ingest", "playbooks", *detections}
    assert (clone / "README.md").is_file()
    for path in [*clone.rglob("*.example")]:
        path.rename(path.with_suffix(""))
    (clone / "parsers" / "doorbell.yml").write_text(DOORBELL)
    clone.chmod(0o755)
    done = subprocess.run([*call, "--content", str(clone), "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


DOORBELL = """\
- name: somebody is let in
  line: "<38>Oct 11 22:14:15 gate1 doorbell: door 4: badge 1172 granted"
  event: {event.action: entry, event.outcome: success, user.id: "1172", labels.door: "4"}
"""
