"""Every object is one that Kubernetes knows, field by field: the files as they stand, and as they are rendered.

The schemas come with the package kubernetes-validate; nothing is fetched.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.deploy.rendering import OVERLAYS, Manifest, named, render, single_files

validator: Any = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
OLDEST, NEWEST = "1.32", "1.37"
"""Of Kubernetes: what docs/deployment.md promises, and the newest that the package knows."""


@pytest.fixture(scope="module", autouse=True)
def _schemas_are_read_once() -> Any:
    """The package reads three megabytes of definitions anew for each object."""
    read, kept = validator.utils.schema_contents, {}

    def once(file: str, version: str) -> Any:
        if file not in kept:
            kept[file] = read(file, version)
        return kept[file]

    validator.utils.schema_contents = once
    yield
    validator.utils.schema_contents = read


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("folder", ["base", *(f"overlays/{overlay}" for overlay in OVERLAYS)])
def test_rendered__is_valid(folder: str, version: str) -> None:
    for manifest in render(folder):
        validator.validate(manifest, version, strict=True)


def test_single_files__are_valid_as_they_stand() -> None:
    """What is left without a renderer. A Deployment's own file is no whole one: the part of all services is missing."""
    whole = [manifest for manifest in single_files() if manifest["kind"] != "Deployment"]
    assert {"Namespace", "ServiceAccount", "PodDisruptionBudget", "Service", "Job", "NetworkPolicy"} == {
        manifest["kind"] for manifest in whole
    }
    for manifest in whole:
        validator.validate(manifest, OLDEST, strict=True)


@pytest.mark.parametrize(("field", "value"), [("replicas", "3"), ("replcas", 3)])
def test_rendered__a_wrong_type_or_a_wrong_name_is_refused(field: str, value: object) -> None:
    manifest: Manifest = named(render("overlays/local"), "Deployment", "followup")
    manifest["spec"][field] = value
    with pytest.raises(validator.ValidationError):
        validator.validate(manifest, OLDEST, strict=True)
