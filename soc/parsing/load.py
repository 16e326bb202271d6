"""Parsers of a content root: each file of its folder `parsers/` that does not begin with an underscore is one.

They are loaded by path as `soc_content.<root>.parsers.<name>`, never through `sys.path`; they reach the modules shared by
their root as `from ._name import …`. Parsers are code: a file, or a folder, that others can write to is refused.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

from soc.document import check_name
from soc.errors import ContentError
from soc.owners import fault_of, make_folder
from soc.parsing.parser import Parser

_TOP = "soc_content"


def load_parsers(folder: Path, root_name: str, only: str | None = None) -> tuple[list[Parser], list[ContentError]]:
    """The parsers of a folder by name, and what is wrong with the others. A folder that does not exist has none.

    `only`: the name of the one that is wanted; other files are not looked at.
    """
    if not folder.is_dir():
        return [], []
    if fault := fault_of(folder, folder.stat()):
        return [], [fault]
    package = _package(folder, root_name)
    _make_cache(folder)
    parsers: list[Parser] = []
    errors: list[ContentError] = []
    for path in sorted(folder.glob("*.py")):
        try:
            check_name(path)
            _refuse(path)
            if not path.name.startswith("_") and only in (None, path.stem):
                parsers.append(_parser(path, package))
        except ContentError as error:
            errors.append(error)
    return parsers, errors


def _package(folder: Path, root_name: str) -> str:
    """Makes the root's package anew, so that a second load sees what the files hold now."""
    name = f"{_TOP}.{root_name}.parsers"
    for known in [module for module in sys.modules if module == name or module.startswith(f"{name}.")]:
        del sys.modules[known]
    importlib.invalidate_caches()
    for package, where in ((_TOP, []), (f"{_TOP}.{root_name}", []), (name, [str(folder)])):
        module = ModuleType(package)
        module.__path__ = where
        sys.modules.setdefault(package, module)
    return name


def _make_cache(folder: Path) -> None:
    """Python keeps there what it compiled, and makes it as the umask says: as others could write to it the root would be refused."""
    if not sys.dont_write_bytecode and sys.pycache_prefix is None and os.access(folder, os.W_OK):
        make_folder(folder / "__pycache__")


def _parser(path: Path, package: str) -> Parser:
    module = _module(path, f"{package}.{path.stem}")
    parser = getattr(module, "PARSER", None)
    if not isinstance(parser, Parser):
        raise ContentError("defines no PARSER", path=path, repair="end it with PARSER = Parser(name=…, parse=…, supplies=[…])")
    if parser.name != path.stem:
        raise ContentError(f"its parser is named {parser.name!r}", path=path, repair=f"name it {path.stem!r}, as the file")
    return parser


def _module(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # a .py file always has both
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except ContentError as error:
        del sys.modules[name]
        raise ContentError(error.what, path=path, repair=error.repair) from error
    except Exception as error:  # a plug-in's own code: whatever it raises is a fault of that file
        del sys.modules[name]
        raise ContentError(f"cannot be loaded: {type(error).__name__}: {error}", path=path, line=_line(error, path)) from error
    return module


def _line(error: Exception, path: Path) -> int | None:
    if isinstance(error, SyntaxError):
        return error.lineno
    import traceback

    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return frames[-1].lineno if frames else None


def _refuse(path: Path) -> None:
    if fault := fault_of(path, path.stat()):
        raise fault
