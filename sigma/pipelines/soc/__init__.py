"""soc's field mappings for pySigma: `sigma convert -p soc_ecs`. The mappings are in `detections/pipelines`."""

from __future__ import annotations

from sigma.processing.pipeline import ProcessingPipeline


def soc_ecs() -> ProcessingPipeline:
    from soc.content import shipped_root
    from soc.detect.plugin import shipped_pipeline

    return shipped_pipeline(shipped_root() / "detections")


pipelines = {"soc_ecs": soc_ecs}
