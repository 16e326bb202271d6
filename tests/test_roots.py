"""Who may write to a content root: whoever can, runs as us. Real files, owners and modes; root alone can give files away."""

from __future__ import annotations

import os
import stat
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soc.content import FOLDERS, load_content
from soc.errors import ContentError
from soc.owners import fault_of, is_private, make_folder, trusted
from soc.roots import check_root

STRANGER, CROWD = 54_321, 54_322  # a user and a group that no machine has
FILES = (
    "parsers/_shared.py",
    "parsers/door.yml",
    "playbooks/book.yml",
    "ingest/institutions.yml",
    "detections/rules/web/rule.hit.log",
    "detections/lists/names.txt",
    "detections/priority.yml",
)
PLACES = (*FILES, "", "parsers", "detections/rules/web", "detections/lists", "parsers/__pycache__")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A content root with a file of each kind; in its name what a shell would take for something else."""
    root = tmp_path / "it's a $(root); x"
    for name in FILES:
        (root / name).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        (root / name).touch()
    (root / "parsers" / "__pycache__").mkdir()
    for path in (root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return root


def refused(root: Path) -> ContentError:
    with pytest.raises(ContentError) as error:
        load_content((root,))
    return error.value


def mended(error: ContentError, root: Path) -> None:
    """The repair, pasted into a shell, mends it."""
    subprocess.run(error.repair.splitlines()[0], shell=True, check=True)
    load_content((root,))


def test_a_root_that_is_ours_alone_is_read(root: Path) -> None:
    load_content((root,))


@pytest.mark.parametrize("mode", [0o002, 0o1002, 0o022])
@pytest.mark.parametrize("name", PLACES)
def test_what_everybody_can_write_to_is_refused_by_name_sticky_or_not(root: Path, name: str, mode: int) -> None:
    path = root / name
    path.chmod(stat.S_IMODE(path.stat().st_mode) | mode)

    error = refused(root)

    assert (error.path, error.what) == (path, "everybody can write to it, and content runs as code")
    mended(error, root)


@as_root
@pytest.mark.parametrize("name", PLACES)
def test_what_a_group_of_others_can_write_to_is_refused_by_name(root: Path, name: str) -> None:
    os.chown(root / name, -1, CROWD)
    (root / name).chmod(stat.S_IMODE((root / name).stat().st_mode) | 0o020)

    error = refused(root)

    assert (error.path, error.what) == (root / name, f"the group {CROWD} can write to it, and content runs as code")
    mended(error, root)


@as_root
@pytest.mark.parametrize("name", PLACES)
def test_what_belongs_to_somebody_else_is_refused_by_name(root: Path, name: str) -> None:
    os.chown(root / name, STRANGER, -1)

    error = refused(root)

    assert (error.path, error.what) == (root / name, f"belongs to {STRANGER}, and content runs as code")
    mended(error, root)


def test_an_access_list_that_lets_others_write_is_refused(root: Path) -> None:
    path, nobody = root / "playbooks/book.yml", 0xFFFFFFFF
    entries = [(1, 6, nobody), (2, 6, STRANGER), (4, 4, nobody), (16, 6, nobody), (32, 4, nobody)]  # acl(5): u::, u:54321:, g::, m::, o::
    try:
        os.setxattr(path, "system.posix_acl_access", struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries))
    except OSError as error:
        pytest.skip(f"this file system keeps no access lists: {error}")

    assert refused(root).path == path


# --- what links lead to, and what leads to a root ------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["lists/names.txt", "lists"])
def test_what_a_link_leads_to_is_looked_at_like_the_root_itself(root: Path, tmp_path: Path, target: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "lists").mkdir(parents=True)
    (elsewhere / "lists" / "names.txt").touch()
    (root / "detections" / "linked").symlink_to(elsewhere / target)
    load_content((root,))
    (elsewhere / "lists" / "names.txt").chmod(0o666)

    error = refused(root)

    assert (error.path or Path()).name in ("linked", "names.txt")
    assert "everybody can write to it" in error.what
    (elsewhere / "lists" / "names.txt").chmod(0o644)
    (elsewhere / "lists").chmod(0o777)
    assert "everybody can write to it" in refused(root).what


def test_a_folder_on_the_way_of_a_link_that_everybody_can_write_to_is_refused(root: Path, tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    (open_to_all / "held").mkdir(parents=True)
    (open_to_all / "held" / "names.txt").touch()
    (root / "detections" / "lists" / "more.txt").symlink_to("../../../open/held/names.txt")
    open_to_all.chmod(0o777)

    assert refused(root).path == open_to_all
    open_to_all.chmod(0o1777)
    load_content((root,))


def test_a_whole_folder_of_a_root_may_be_a_link(root: Path, tmp_path: Path) -> None:
    (root / "playbooks").rename(tmp_path / "books")
    (root / "playbooks").symlink_to(tmp_path / "books")
    load_content((root,))
    (tmp_path / "books" / "book.yml").chmod(0o666)

    assert refused(root).path == tmp_path / "books" / "book.yml"


def test_links_that_lead_round_in_a_circle_or_nowhere_are_no_way_in(root: Path) -> None:
    (root / "parsers" / "again").symlink_to("..")
    (root / "parsers" / "nothing.yml").symlink_to("none.yml")
    load_content((root,))
    (root / "parsers" / "circle.yml").symlink_to("circle.yml")

    assert "lead round in a circle" in refused(root).what


def test_a_link_to_what_is_not_there_yet_is_refused_where_everybody_could_make_it(root: Path, tmp_path: Path) -> None:
    (tmp_path / "sticky").mkdir()
    (tmp_path / "sticky").chmod(0o1777)
    (root / "parsers" / "later.py").symlink_to(tmp_path / "sticky" / "later.py")

    assert "everybody can write to it" in refused(root).what


@as_root
def test_a_link_that_belongs_to_somebody_else_is_refused(root: Path) -> None:
    link = root / "parsers" / "link.yml"
    link.symlink_to("door.yml")
    os.chown(link, STRANGER, -1, follow_symlinks=False)

    error = refused(root)

    assert error.path == link
    mended(error, root)


def test_each_folder_above_a_root_is_looked_at(root: Path) -> None:
    above = root.parent
    above.chmod(0o777)
    assert (refused(root).path, refused(root).what) == (above, "everybody can write to it, and content runs as code")
    above.chmod(0o1777)  # as /tmp: nobody but the owner renames what lies in it
    load_content((root,))


@as_root
def test_a_folder_above_a_root_that_belongs_to_somebody_else_is_refused(root: Path) -> None:
    for mode in (0o755, 0o1777):
        os.chown(root.parent, STRANGER, -1)
        root.parent.chmod(mode)
        try:
            assert refused(root).path == root.parent
        finally:
            os.chown(root.parent, os.geteuid(), -1)


def test_above_the_shipped_root_lies_the_program_itself(root: Path) -> None:
    root.parent.chmod(0o777)

    check_root(root, FOLDERS, above=False)


def test_several_are_named_with_a_repair_for_all(root: Path) -> None:
    for path in root.rglob("*"):
        path.chmod(0o777 if path.is_dir() else 0o666)

    error = refused(root)

    assert "and so with" in error.what
    assert "for all that lies there: chmod -R go-w " in error.repair
    subprocess.run(error.repair.splitlines()[1].partition(": ")[2], shell=True, check=True)
    load_content((root,))


# --- laws ----------------------------------------------------------------------------------------------------------------


@given(st.integers(0, 0o7777), st.sampled_from([stat.S_IFREG, stat.S_IFDIR]))
def test_a_mode_is_refused_exactly_when_others_can_write(mode: int, kind: int) -> None:
    found = os.stat_result((kind | mode, 0, 0, 1, 0, CROWD, 0, 0, 0, 0))

    assert (fault_of(Path("x"), found) is None) == (mode & 0o022 == 0)


@given(st.integers(0, 0o7777), st.sampled_from([0, STRANGER]))
def test_above_a_root_a_folder_will_do_that_is_sticky_or_ours_alone(mode: int, owner: int) -> None:
    found = os.stat_result((stat.S_IFDIR | mode, 0, 0, 1, owner, CROWD, 0, 0, 0, 0))

    assert (fault_of(Path("x"), found, above=True) is None) == (owner == 0 and (mode & 0o022 == 0 or mode & 0o1000 != 0))


def test_a_group_that_nobody_knows_is_no_group_of_ones_own() -> None:
    assert not is_private(CROWD)
    assert {0, os.geteuid()} <= trusted()


# --- what soc itself writes ----------------------------------------------------------------------------------------------

PARSER = """
from soc.parsing import ANY, Dataset, Parser
PARSER = Parser(name="door", programs={"door"}, parse=lambda record: None,
                supplies=[Dataset("door.log", logsources=[{"product": "door"}], fields={"user.name": ANY})])
"""


def test_what_soc_makes_in_a_root_is_for_nobody_else_to_write_whatever_the_umask(tmp_path: Path) -> None:
    site, home = tmp_path / "new" / "site", tmp_path / "home"
    soc = [sys.executable, "-c", "import os; os.umask(0); from soc.cli.main import main; main()", "--home", str(home)]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([*soc, "init", "--site", str(site)], check=True, capture_output=True)
    (site / "parsers" / "door.py").write_text(PARSER)
    (site / "parsers" / "door.py").chmod(0o644)

    listed = [subprocess.run([*soc, "parser", "list", "--output", "json"], capture_output=True, text=True, env=env) for _ in range(2)]

    assert [(done.returncode, '"door"' in done.stdout) for done in listed] == [(0, True)] * 2, listed[0].stderr
    assert [path for path in site.rglob("*") if path.stat().st_mode & 0o022] == []
    assert any((site / "parsers" / "__pycache__").iterdir())


def test_a_folder_is_made_with_those_above_it(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")

    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a", tmp_path / "a" / "b")] == [0o755, 0o755]
