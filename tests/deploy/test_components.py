"""What an overlay may add: the HTTP door, held to the same rules as the rest and to what the gateway asks for."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.gateway.settings import Settings
from tests.deploy import rules
from tests.deploy.rendering import K8S, OVERLAYS, Manifest, container, environment, named, renderer
from tests.deploy.test_settings import is_mounted


@pytest.fixture(scope="module", params=OVERLAYS)
def manifests(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Manifest]:
    """An overlay of this repository with the component, rendered."""
    if not renderer():
        pytest.skip("neither kustomize nor kubectl is on PATH")
    folder = tmp_path_factory.mktemp("overlay").resolve()
    there = {
        part: os.path.relpath(K8S / part, folder) for part in (f"overlays/{request.param}", "components/http-door")
    }
    overlay, component = there.values()
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({"resources": [overlay], "components": [component]}))
    return _rendered(folder)


def _rendered(folder: Path) -> list[Manifest]:
    run = subprocess.run([*renderer(), str(folder)], capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr
    return list(yaml.safe_load_all(run.stdout))


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_http_door__obeys(rule: Callable[..., Any], manifests: list[Manifest]) -> None:
    assert list(rule(manifests)) == []


def test_http_door__is_open_all_the_way(manifests: list[Manifest]) -> None:
    gateway = named(manifests, "Deployment", "gateway")
    opened = {port["name"]: port["containerPort"] for port in container(gateway)["ports"]}
    (port,) = named(manifests, "Service", "http")["spec"]["ports"]
    (let_in,) = named(manifests, "NetworkPolicy", "senders")["spec"]["ingress"]
    told = environment(manifests, gateway)
    assert (port["port"], opened[port["targetPort"]], told["CARE_HTTP_PORT"]) == (8443, 8443, "8443")
    assert {"mllp", "http"} <= {one["port"] for one in let_in["ports"]}


def test_http_door__is_told_what_the_gateway_accepts(
    manifests: list[Manifest], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("CARE_")]:
        monkeypatch.delenv(name)
    gateway = named(manifests, "Deployment", "gateway")
    told = environment(manifests, gateway)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    settings = Settings()  # type: ignore[call-arg]
    assert (settings.http_port, settings.http_host) == (8443, "0.0.0.0")  # noqa: S104 - the pod's own
    assert is_mounted(told["CARE_HTTP_CERTIFICATE_FILE"], manifests, gateway)
    assert is_mounted(told["CARE_HTTP_KEY_FILE"], manifests, gateway)
