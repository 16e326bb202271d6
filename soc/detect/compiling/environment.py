"""Lists and pipelines: what a rule's meaning depends on besides its text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sigma.processing.pipeline import ProcessingPipeline

from soc.detect.compiling.lists import read_lists
from soc.detect.language.sigma import PYSIGMA_ERRORS
from soc.document import load_document
from soc.errors import ContentError
from soc.fields import Catalogue


@dataclass(frozen=True)
class Environment:
    """`lists`: the entries of each placeholder by its name. `pipeline`: all pipelines, by priority."""

    catalogue: Catalogue
    lists: Mapping[str, tuple[str, ...]]
    pipeline: ProcessingPipeline


def make_environment(
    catalogue: Catalogue, lists: Mapping[str, Path], pipelines: Mapping[str, Path]
) -> tuple[Environment, list[ContentError]]:
    """The environment of these files, and what is wrong in them: a wrong pipeline is left out."""
    loaded: list[ProcessingPipeline] = []
    entries, errors = read_lists(lists)
    for path in pipelines.values():
        try:
            loaded.append(load_pipeline(path))
        except ContentError as error:
            errors.append(error)
    loaded.sort(key=lambda pipeline: pipeline.priority)
    return Environment(catalogue, entries, sum(loaded, ProcessingPipeline())), errors


def load_pipeline(path: Path) -> ProcessingPipeline:
    """A pySigma pipeline. Raises ContentError that names the file."""
    document = load_document(path)
    try:
        return ProcessingPipeline.from_dict(document.value)
    except PYSIGMA_ERRORS as error:
        raise ContentError(
            f"no valid Sigma pipeline: {error}", path=path, repair="see https://sigmahq-pysigma.readthedocs.io/ (Processing Pipelines)"
        ) from error
