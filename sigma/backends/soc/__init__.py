"""soc's backends for pySigma: `sigma convert -t soc_sql` and `-t soc_tree`. The code is in `soc.detect.plugin`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from soc.content import load_content, shipped_root
from soc.detect import plugin
from soc.fields import Catalogue


@cache
def _catalogue() -> Catalogue:
    return load_content(()).catalogue


def _detections() -> Path:
    return shipped_root() / "detections"


class SocTree(plugin.TreeBackend):
    identifier = "soc_tree"
    catalogue = staticmethod(_catalogue)
    lists = staticmethod(_detections)


class SocSql(plugin.SqlBackend):
    identifier = "soc_sql"
    catalogue = staticmethod(_catalogue)
    lists = staticmethod(_detections)


backends = {"soc_tree": SocTree, "soc_sql": SocSql}
