"""Whom soc lets in on a cluster, whom it believes, and that no message tells a secret. The roles are those of docs/elasticsearch.md."""

from __future__ import annotations

import datetime
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from elasticsearch import AuthorizationException

from soc.errors import StoreError
from soc.store.elasticsearch import Access, connect
from tests.servers.calls import Site, failures
from tests.servers.elasticsearch import single
from tests.servers.needed import needed
from tests.servers.node import Node
from tests.servers.security import Security, User
from tests.servers.stub import stub, version

DOCS = (Path(__file__).parents[1] / "docs" / "elasticsearch.md").read_text("utf-8")
ROLES: dict[str, Any] = {name: json.loads(body) for name, body in re.findall(r"PUT _security/role/(\S+)\n(\{.*?\n\})\n", DOCS, re.DOTALL)}
PASSWORDS = {"admin": "admin-horse", "writer": "writer-staple", "analyst": "analyst-battery"}


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    users = {name: User(password, f"soc-{name}") for name, password in PASSWORDS.items()}
    with needed(), single(secured=Security("correct-horse", ROLES, users)) as node:
        yield node


@pytest.fixture(scope="module")
def site(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A store that the admin made and the writer filled and searched: nothing is left to do. Whoever leaves something, does it."""
    site = Site(tmp_path_factory.mktemp("secured"), {"url": node.url, "ca": str(node.ca), "replicas": 0})
    site.done("init", **who("admin"))
    site.env = who("writer")
    site.log.write_text(failures(range(30)))
    site.done("ingest", str(site.log))
    site.done("detect")
    return site


def who(name: str) -> dict[str, str]:
    return {"SOC_STORE_USER": name, "SOC_STORE_PASSWORD": PASSWORDS[name]}


# --- roles -----------------------------------------------------------------------------------------------------------


def test_the_writer_may_do_all_that_runs_every_day(site: Site):
    for words in (("run",), ("doctor", "--deep"), ("status",), ("retain",)):
        ended = site.soc(*words)
        assert ended.returncode == 0, (words, ended.stderr)


def test_the_writer_makes_hits_anew_when_their_index_is_gone(node: Node, site: Site):
    site.done("detect")
    with node.client() as all_powerful:
        all_powerful.indices.delete(index="soc-hits")

    gone = site.soc("status")
    site.done("detect")

    assert gone.returncode == 4
    assert "hits of rules are gone" in gone.stdout
    site.done("status")


def test_the_writer_makes_no_store(site: Site):
    ended = site.soc("init")

    assert ended.returncode == 3
    assert "does not allow this: action [indices:admin/index_template/put]" in ended.stderr
    assert "role in docs/elasticsearch.md" in ended.stderr


def test_the_analyst_hunts_looks_and_works_on_cases_but_writes_no_event(site: Site):
    more = site.log.with_name("more.log")
    more.write_text(failures(range(100, 110), user="ana"))

    assert '"events":30' in site.done("hunt", "top", "user.name", "*", "--since", "36500d", **who("analyst"))
    site.done("status", **who("analyst"))
    site.done("doctor", **who("analyst"))
    opened = site.soc("case", "open", "--institution", "unknown", "--title", "Phishing", **who("analyst"))
    written = site.soc("ingest", str(more), **who("analyst"))

    assert (opened.returncode, opened.stderr) == (0, "")
    assert json.loads(site.done("store", "publish", "--output", "json")) == {"alerts": 0, "cases": 0}
    assert written.returncode == 3
    assert "does not allow this" in written.stderr
    assert "Traceback" not in written.stderr
    site.done("ingest", str(more))
    site.done("detect")


@pytest.mark.parametrize("name", ["writer", "analyst"])
def test_nobody_but_the_admin_touches_what_the_store_is_made_of(node: Node, site: Site, name: str):
    with node.client() as all_powerful:
        index = next(iter(all_powerful.indices.get(index="soc-events-*")))
    with node.client(basic_auth=(name, PASSWORDS[name])) as client:
        for forbidden in (
            lambda: client.indices.delete(index=index),
            lambda: client.index(index="soc-meta", document={"id": "other"}, id="store"),
            lambda: client.index(index="others", document={}),
            lambda: client.search(index="others"),
            lambda: client.cluster.put_settings(persistent={"indices.recovery.max_bytes_per_sec": "1mb"}),
        ):
            with pytest.raises(AuthorizationException):
                forbidden()


def test_the_admin_tries_logs_and_leaves_nothing(node: Node, site: Site):
    ended = site.soc("--store", node.url, "try", str(site.log), **who("admin"), SOC_STORE_CA=str(node.ca))

    assert ended.returncode == 0, ended.stderr
    with node.client() as client:
        assert not client.indices.exists(index="soc-try-*", allow_no_indices=False)


@pytest.mark.cluster
def test_the_admin_runs_the_demo(node: Node, tmp_path: Path):
    ended = Site(tmp_path, {"url": "segments"}).soc(
        "--store", node.url, "demo", "--home", str(tmp_path / "demo"), **who("admin"), SOC_STORE_CA=str(node.ca)
    )

    assert ended.returncode == 0, ended.stderr


def test_secrets_may_lie_in_files_that_only_their_owner_reads(node: Node, site: Site, tmp_path: Path):
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORDS['writer']}\n")
    secret.chmod(0o640)
    other = Site(tmp_path, {"url": node.url, "ca": str(node.ca), "user": "writer", "password_file": str(secret)})
    refused = other.soc("doctor")
    secret.chmod(0o600)
    other.soc("init")
    let_in = other.soc("status")

    assert "can be read by others" in refused.stderr + refused.stdout
    assert "refuses who asks" not in let_in.stderr


# --- who is believed -------------------------------------------------------------------------------------------------

AUTHORITY = trustme.CA()
DAY = datetime.timedelta(days=1)
THEN = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("authority") / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(file))
    return str(file)


CERTIFICATES = {
    "expired": (lambda: AUTHORITY.issue_cert("127.0.0.1", not_before=THEN, not_after=THEN + DAY), "its certificate has expired", "renew"),
    "another host": (lambda: AUTHORITY.issue_cert("es.example.org"), "its certificate names another host", "write a host under"),
    "another authority": (lambda: trustme.CA().issue_cert("127.0.0.1"), "of no authority that is trusted", "ca under [store]"),
}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_certificate_that_proves_nothing_is_refused_before_any_secret_is_sent(ca: str, name: str):
    make, cause, repair = CERTIFICATES[name]
    with stub(version("9.2.0"), certificate=make()) as server, pytest.raises(StoreError) as refused:
        connect(server.url, Access(user="writer", password="secret-staple", ca=ca))

    assert cause in str(refused.value)
    assert repair in str(refused.value)
    assert server.url in str(refused.value)
    assert server.asked == []


def test_a_stated_authority_is_the_only_one(ca: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    monkeypatch.setenv("SSL_CERT_FILE", ca)  # what the system trusts
    with stub(version("9.2.0"), certificate=AUTHORITY.issue_cert("127.0.0.1")) as server:
        connect(server.url).client.close()
        with pytest.raises(StoreError, match="of no authority that is trusted"):
            connect(server.url, Access(ca=str(other)))


@pytest.mark.parametrize("written", ["id-of-key:key-staple", b64encode(b"id-of-key:key-staple").decode()])
def test_an_api_key_goes_as_its_header_over_tls(ca: str, written: str):
    with stub(version("9.2.0"), certificate=AUTHORITY.issue_cert("127.0.0.1")) as server:
        connect(server.url, Access(api_key=written, ca=ca)).client.close()

    assert {asked["authorization"] for asked in server.asked} == {"ApiKey " + b64encode(b"id-of-key:key-staple").decode()}


def test_tls_where_none_is_spoken_and_none_where_it_is(node: Node):
    with pytest.raises(StoreError, match=r"closed the connection without an answer(.|\n)*write https://"):
        connect(node.url.replace("https", "http"))
    with stub(version("9.2.0")) as plain, pytest.raises(StoreError, match=r"speaks no TLS(.|\n)*turn TLS on there"):
        connect(plain.url.replace("http", "https"))


def test_a_secret_leaves_this_machine_over_tls_alone():
    with pytest.raises(StoreError, match=r"es\.example\.org: a password or API key would go over the network in the clear"):
        connect("http://es.example.org:9200", Access(user="writer", password="secret-staple"))


def test_who_asks_is_said_once_and_whole():
    for given in (
        {"user": "writer"},
        {"password": "secret-staple"},
        {"user": "writer", "password": "secret-staple", "api_key": "secret:key"},
        {"api_key": "secret:kéy"},
        {"user": "writer", "password": "secret\nstaple"},
    ):
        with pytest.raises(StoreError) as refused:
            Access(**given)
        assert "secret" not in str(refused.value).splitlines()[0]
        assert "staple" not in str(refused.value)


# --- other servers ---------------------------------------------------------------------------------------------------

HTML = {"Content-Type": "text/html"}
STRANGERS = {
    "an older version": (dict(said=version("8.19.0")), "has nodes of version 8.19.0", "soc needs Elasticsearch 9"),
    "no version at all": (dict(said={"tagline": "hello"}), "does not say its version", "soc needs Elasticsearch 9"),
    "another product": (dict(said={}, headers={"Content-Type": "application/json"}), "is no Elasticsearch", "correct the URL"),
    "a web site": (dict(said=b"<html>", headers=HTML), "is no Elasticsearch", "correct the URL"),
    "a web site without that page": (
        dict(said=b"<html>", status=404, headers=HTML),
        "is no Elasticsearch: it answers 404",
        "correct the URL",
    ),
    "broken JSON": (dict(said=b"{"), "is no Elasticsearch", "correct the URL"),
    "a proxy without a server": (dict(said=b"bad gateway", status=502, headers=HTML), "is not ready", "look at the cluster's health"),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_what_is_no_elasticsearch_9_is_called_that(name: str):
    answer, cause, repair = STRANGERS[name]
    with stub(**answer) as server, pytest.raises(StoreError) as refused:
        connect(server.url)

    assert cause in str(refused.value)
    assert repair in str(refused.value)
    assert server.url in str(refused.value)


# --- no message tells a secret ---------------------------------------------------------------------------------------

SECRET = "hush-staple"
COMMANDS = [("doctor",), ("detect",)]
MORE = [("status",), ("ingest", "/dev/null"), ("hunt", "events", "*"), ("init",), ("run",), ("retain",)]


@pytest.mark.parametrize("words", [*COMMANDS, *(pytest.param(words, marks=pytest.mark.cluster) for words in MORE)], ids=" ".join)
def test_no_command_tells_a_secret_or_a_traceback_when_it_is_refused(node: Node, tmp_path: Path, words: tuple[str, ...]):
    site = Site(tmp_path, {"url": node.url, "ca": str(node.ca)})
    said = [
        site.soc(*words, SOC_STORE_USER="writer", SOC_STORE_PASSWORD=SECRET),
        site.soc("--store", f"https://writer:{SECRET}@127.0.0.1:9200", *words),
    ]

    for ended in said:
        assert ended.returncode == 3
        assert SECRET not in ended.stdout + ended.stderr
        assert b64encode(f"writer:{SECRET}".encode()).decode() not in ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr


WAYS = [
    {"SOC_STORE_USER": "writer", "SOC_STORE_PASSWORD": SECRET},
    {"SOC_STORE_API_KEY": f"id:{SECRET}"},
    {"SOC_STORE_PASSWORD": SECRET},
    {"SOC_STORE_USER": "writer", "SOC_STORE_PASSWORD": SECRET, "SOC_STORE_API_KEY": f"id:{SECRET}"},
    {"SOC_STORE_USER": "writer", "SOC_STORE_PASSWORD": f"{SECRET}\x07"},
    {"SOC_STORE_API_KEY": f"é{SECRET}"},
]


@pytest.mark.parametrize("place", ["down", "plain", "stranger", "no authority", "elsewhere in the clear", "echo"])
def test_no_way_to_fail_tells_a_secret(place: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    """Also where the server says what it was told."""
    own, listing = trustme.CA(), tmp_path / "not.pem"
    listing.write_text("no certificate")
    echo = {"error": {"type": "security_exception", "reason": f"bad header ApiKey id:{SECRET} {SECRET}"}}
    with stub(echo, status=401) as plain, stub({}, headers={}) as stranger, stub({}, certificate=own.issue_cert("127.0.0.1")) as secure:
        url, ca = {
            "down": ("http://127.0.0.1:1", ""),
            "plain": (plain.url.replace("http", "https"), ""),
            "stranger": (stranger.url, ""),
            "no authority": (secure.url, str(listing)),
            "elsewhere in the clear": ("http://es.example.org:9200", ""),
            "echo": (plain.url, ""),
        }[place]
        for way in WAYS:
            with pytest.raises(StoreError) as refused:
                connect(url, Access(*(way.get(f"SOC_STORE_{name}", "") for name in ("USER", "PASSWORD", "API_KEY")), ca=ca))
            assert SECRET not in str(refused.value) + repr(refused.value)

    assert SECRET not in "".join(capfd.readouterr())
