"""Reads manifests: one file as it stands, or a folder as Kustomize renders it.

The renderer is whichever is on PATH, `kustomize` or `kubectl kustomize`; without either `render` skips the test and
says so.
"""

from __future__ import annotations

import copy
import functools
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
K8S: Final = ROOT / "deploy" / "k8s"
OVERLAYS: Final = tuple(sorted(file.parent.name for file in K8S.glob("overlays/*/kustomization.yaml")))

Manifest = dict[str, Any]


def renderer() -> list[str]:
    """The command that renders a folder, or nothing."""
    for command in (["kustomize", "build"], ["kubectl", "kustomize"]):
        if shutil.which(command[0]):
            return command
    return []


@functools.cache
def _rendered(folder: str) -> list[Manifest]:
    command = renderer()
    if not command:
        pytest.skip("neither kustomize nor kubectl is on PATH: only the single files were judged")
    run = subprocess.run([*command, str(K8S / folder)], capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr
    return list(yaml.safe_load_all(run.stdout))


def render(folder: str) -> list[Manifest]:
    """What Kustomize makes of deploy/k8s/`folder`: fresh documents, which a test may change."""
    return copy.deepcopy(_rendered(folder))


def single_files() -> Iterator[Manifest]:
    """Every whole object that stands in a file of base: no patch, no kustomization."""
    for file in sorted((K8S / "base").glob("*.yaml")):
        if file.name not in ("kustomization.yaml", "every-service.yaml"):
            yield from yaml.safe_load_all(file.read_text("utf-8"))


def of_kind(manifests: list[Manifest], *kinds: str) -> list[Manifest]:
    """Those of some kinds."""
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def named(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    """The one object, without regard to the hash that Kustomize appends to a generated name."""
    (found,) = (m for m in of_kind(manifests, kind) if m["metadata"]["name"] == name)
    return found


def workloads(manifests: list[Manifest]) -> list[Manifest]:
    """What runs pods."""
    return of_kind(manifests, "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")


def container(workload: Manifest) -> Manifest:
    """The one container of a workload."""
    (only,) = workload["spec"]["template"]["spec"]["containers"]
    return dict(only)


def environment(manifests: list[Manifest], workload: Manifest) -> dict[str, str]:
    """What the process will be told: ConfigMaps looked up, a Secret's value as `secret:<name>/<key>`."""
    told: dict[str, str] = {}
    for source in container(workload).get("envFrom", []):
        told |= named(manifests, "ConfigMap", source["configMapRef"]["name"])["data"]
    for entry in container(workload).get("env", []):
        secret = entry.get("valueFrom", {}).get("secretKeyRef")
        told[entry["name"]] = f"secret:{secret['name']}/{secret['key']}" if secret else entry["value"]
    return told
