"""Hits are derived: whoever loses a file of them puts it aside, and the next run makes them anew."""

from __future__ import annotations

import pytest

from tests.rule_kit import counted
from tests.test_run import RULE, Site

BRUTE = counted("Many failures", "5f0f2f0e-6a3b-4b1a-9a53-0d7f5b0c9f12", 8)


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    (made.site / "detections/rules/root.yml").write_text(f"{RULE}---\n{BRUTE}")
    return made


@pytest.mark.parametrize("damage", [b"", b"PAR1 and nothing else PAR1"])
def test_a_lost_file_of_hits_is_made_anew_from_the_events(site, damage):
    site.soc("run")
    (file,) = (site.home / "store/hits").iterdir()
    file.write_bytes(damage)
    site.write(range(5, 9))

    hurt = site.soc("run")
    told = site.soc("doctor")
    mended = site.soc("doctor", "--give-up", str(file))
    after = site.soc("run")

    assert hurt.returncode != 0
    assert file.name in hurt.stderr
    assert (told.returncode, file.name in told.stdout) == (4, True)
    assert "searches 1 batches again" in mended.stderr
    assert (after.returncode, [alert["count"] for alert in site.alerts()]) == (0, [9]), after.stderr
    assert site.status()["coverage"]["uncovered"] == 0
