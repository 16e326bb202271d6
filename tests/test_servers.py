"""The kit under tests/servers: servers come up, keep who they should out, lose nodes, and go with those who asked for them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from elasticsearch import AuthenticationException, AuthorizationException, ConnectionTimeout, Elasticsearch, SSLError

from tests.servers.elasticsearch import Cluster, single
from tests.servers.indices import prefixed
from tests.servers.machine import wait_for
from tests.servers.needed import needed
from tests.servers.node import Node
from tests.servers.security import Security, User

ROOT = Path(__file__).parents[1]
READER = {"reader": {"indices": [{"names": ["soc-*"], "privileges": ["read"]}]}}


# --- one server ------------------------------------------------------------------------------------------------------


def test_a_document_that_was_indexed_is_found(elasticsearch_url: str, index_prefix: str):
    with Elasticsearch(elasticsearch_url) as client:
        client.index(index=f"{index_prefix}events", document={"source.ip": "203.0.113.7"}, refresh=True)

        found = client.search(index=f"{index_prefix}*", query={"term": {"source.ip.keyword": "203.0.113.7"}})

    assert [hit["_source"] for hit in found["hits"]["hits"]] == [{"source.ip": "203.0.113.7"}]


def test_what_a_test_made_under_its_prefix_is_gone_afterwards(elasticsearch_url: str):
    with Elasticsearch(elasticsearch_url) as client:
        with prefixed(elasticsearch_url) as prefix:
            client.cluster.put_component_template(name=f"{prefix}part", template={})
            client.indices.put_index_template(name=f"{prefix}whole", index_patterns=[f"{prefix}*"], composed_of=[f"{prefix}part"])
            client.indices.create(index=f"{prefix}events", aliases={f"{prefix}all": {}})

        assert not client.indices.exists(index=f"{prefix}*", allow_no_indices=False)
        assert not client.indices.exists_index_template(name=f"{prefix}whole")
        assert not client.cluster.exists_component_template(name=f"{prefix}part")


# --- a secured one ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secured() -> Iterator[Node]:
    with needed(), single(secured=Security("correct horse", READER, {"ana": User("battery staple", "reader")})) as node:
        yield node


def test_the_right_password_is_let_in_over_verified_tls(secured: Node):
    with secured.client() as client:
        assert client.cluster.health()["number_of_nodes"] == 1


def test_a_wrong_password_is_refused(secured: Node):
    with secured.client(basic_auth=("elastic", "wrong horse")) as client, pytest.raises(AuthenticationException):
        client.cluster.health()


def test_a_certificate_of_an_authority_that_we_do_not_know_is_refused(secured: Node):
    with secured.client(ca_certs=None, max_retries=0) as client, pytest.raises(SSLError):
        client.cluster.health()


def test_a_user_may_do_what_the_role_says_and_no_more(secured: Node):
    with secured.client() as client:
        client.index(index="soc-events", document={"event.id": "a"}, refresh=True)

    with secured.client(basic_auth=("ana", "battery staple")) as client:
        assert client.count(index="soc-events")["count"] == 1
        with pytest.raises(AuthorizationException):
            client.index(index="soc-events", document={"event.id": "b"})


# --- three nodes -----------------------------------------------------------------------------------------------------


@pytest.mark.cluster
def test_a_cluster_answers_without_a_node_and_takes_it_back():
    with needed(), Cluster() as cluster, cluster.nodes[1].client(request_timeout=70) as client:
        client.index(index="soc-events", document={"event.id": "a"}, refresh=True)
        client.cluster.health(wait_for_status="green", timeout="60s")  # there is a second copy

        cluster.nodes[0].kill()
        cluster.wait(size=2)
        survived = client.count(index="soc-events")["count"]
        cluster.nodes[0].start()
        cluster.wait()

        assert survived == 1
        assert client.cluster.health()["number_of_nodes"] == 3


@pytest.mark.cluster
def test_a_paused_node_is_silent_until_it_is_resumed():
    with needed(), single() as node, node.client(request_timeout=1, max_retries=0) as client:
        node.pause()
        with pytest.raises(ConnectionTimeout):
            client.cluster.health()
        node.resume()

        node.wait()


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def test_two_connections_see_one_database(postgresql_url: str):
    engine = sqlalchemy.create_engine(postgresql_url)
    with engine.begin() as one:
        one.execute(sqlalchemy.text("CREATE TABLE cases (id integer)"))
        one.execute(sqlalchemy.text("INSERT INTO cases VALUES (1)"))

    with engine.connect() as one, engine.connect() as other:
        pids = {connection.execute(sqlalchemy.text("SELECT pg_backend_pid()")).scalar() for connection in (one, other)}
        assert [connection.execute(sqlalchemy.text("SELECT id FROM cases")).scalar() for connection in (one, other)] == [1, 1]

    engine.dispose()
    assert len(pids) == 2


def test_each_database_is_empty_and_another(fresh_database: Callable[[], str]):
    one, other = fresh_database(), fresh_database()
    with psycopg.connect(one.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE cases (id integer)")

    with psycopg.connect(other.replace("+psycopg", "")) as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT id FROM cases")


# --- who keeps them --------------------------------------------------------------------------------------------------

GUEST = """
import sys
from tests.servers.keeper import lease
with lease("postgresql") as url:
    print(url, flush=True)
    sys.stdin.read()
"""


def guest(session: str) -> subprocess.Popen[str]:
    """A process that holds a lease of that session's PostgreSQL until its stdin ends."""
    env = {name: value for name, value in os.environ.items() if name != "SOC_TEST_POSTGRESQL_URL"} | {"PYTEST_XDIST_TESTRUNUID": session}
    return subprocess.Popen([sys.executable, "-c", GUEST], cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def folder_of(url: str) -> Path:
    return Path(url.strip().rpartition("host=")[2])


def test_the_last_of_a_session_takes_the_server_along_however_it_ends(postgresql_server: str):
    """The fixture is asked for its skip alone: guests have a session of their own."""
    guests = [guest(f"guests-{os.getpid()}") for _ in range(2)]
    urls = {person.stdout.readline() for person in guests if person.stdout}
    folder = folder_of(urls.pop())

    guests[0].kill()
    guests[0].wait()
    assert urls == set()
    assert folder.exists()

    guests[1].kill()
    guests[1].wait()
    wait_for(lambda: not folder.exists(), f"the end of {folder}", seconds=20)
