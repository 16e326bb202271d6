"""compose.yml: nothing is reachable from elsewhere, nothing has a password that we chose, everything says when it is ready.

No Docker runs here: that the images start is untried.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.servers.distribution import VERSION

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_port_is_open_to_this_machine_alone(name: str):
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", ()))


@pytest.mark.parametrize("name", SERVICES)
def test_a_password_is_required_from_the_environment(name: str):
    passwords = {key: value for key, value in SERVICES[name]["environment"].items() if "PASSWORD" in key}

    assert passwords
    assert all(re.fullmatch(r"\$\{(\w+):\?set \1 in \.env\}", value) for value in passwords.values())


@pytest.mark.parametrize("name", [name for name in SERVICES if "ports" in SERVICES[name]])
def test_a_service_keeps_its_data_in_a_named_volume_and_says_when_it_is_well(name: str):
    volumes = {volume.partition(":")[0] for volume in SERVICES[name]["volumes"]}

    assert volumes <= set(COMPOSE["volumes"])
    assert SERVICES[name]["healthcheck"]["test"]


def test_the_example_names_every_variable_that_is_required():
    required = set(re.findall(r"\$\{(\w+):\?", (ROOT / "compose.yml").read_text("utf-8")))

    assert set(re.findall(r"(?m)^(\w+)=$", (ROOT / ".env.example").read_text("utf-8"))) == required


def test_users_try_the_version_that_the_tests_run_on():
    images = {service["image"] for service in SERVICES.values()}

    assert {image for image in images if not image.startswith("postgres:")} == {f"elasticsearch:{VERSION}", f"kibana:{VERSION}"}
