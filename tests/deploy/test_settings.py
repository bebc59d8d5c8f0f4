"""What the manifests tell a service is what its settings ask for, and what they point at is there."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel
from typer.testing import CliRunner

from care.__main__ import app
from care.doctor import SERVICES
from shared.feeds import FeedProfile, parse_feeds
from shared.settings import ServiceSettings
from tests.deploy.rendering import K8S, OVERLAYS, Manifest, container, environment, named, of_kind, render, workloads

DEPLOYED = [(overlay, service) for overlay in OVERLAYS for service in SERVICES]


def variables(model: type[BaseModel], prefix: str = "CARE_") -> Iterator[str]:
    """Every variable that `model` reads, the parts of a policy too."""
    for name, field in model.model_fields.items():
        nested = [
            t
            for t in (field.annotation, *get_args(field.annotation))
            if isinstance(t, type) and issubclass(t, BaseModel)
        ]
        if nested:
            yield from variables(nested[0], f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}"


def rendered(overlay: str, service: str) -> tuple[list[Manifest], Manifest]:
    manifests = render(f"overlays/{overlay}")
    return manifests, named(manifests, "Deployment", service)


@pytest.fixture(autouse=True)
def _told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CARE_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(("overlay", "service"), DEPLOYED)
def test_environment__names_only_what_the_service_reads(overlay: str, service: str) -> None:
    told = environment(*rendered(overlay, service))
    assert {name for name in told if name not in set(variables(SERVICES[service]))} == set()


@pytest.mark.parametrize(("overlay", "service"), DEPLOYED)
def test_environment__is_complete_and_accepted(overlay: str, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's own judgement: it would not refuse to start, and it listens where its pod can be reached."""
    for name, value in environment(*rendered(overlay, service)).items():
        monkeypatch.setenv(name, value)
    settings: ServiceSettings = SERVICES[service]()
    assert (settings.admin_host, settings.admin_port) == ("0.0.0.0", 8080)  # noqa: S104 - the pod's own
    assert settings.mongo_url == f"secret:{service}-mongodb/url"


def test_base__has_one_deployment_a_service() -> None:
    assert {d["metadata"]["name"] for d in of_kind(render("base"), "Deployment")} == set(SERVICES)


@pytest.mark.parametrize(("overlay", "service"), DEPLOYED)
def test_files__that_a_setting_names_are_mounted(overlay: str, service: str) -> None:
    manifests, deployment = rendered(overlay, service)
    files = [value for name, value in environment(manifests, deployment).items() if name.endswith("_FILE")]
    assert [file for file in files if not is_mounted(file, manifests, deployment)] == []


def is_mounted(file: str, manifests: list[Manifest], workload: Manifest) -> bool:
    """A mount is at the file's folder, and a ConfigMap that is ours has the file's name as a key."""
    path = PurePosixPath(file)
    mounts = {mount["mountPath"]: mount["name"] for mount in container(workload)["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in workload["spec"]["template"]["spec"]["volumes"]}
    volume = volumes.get(mounts.get(str(path.parent), ""), {})
    ours = {m["metadata"]["name"]: m["data"] for m in of_kind(manifests, "ConfigMap")}
    keys = ours.get(volume.get("configMap", {}).get("name", ""), {path.name: ""})
    return bool(volume.get("secret") or volume.get("configMap")) and path.name in keys


def doors(overlay: str) -> dict[str, FeedProfile]:
    """The feed profiles that the overlay hands to gateway and admissions, judged as these judge them."""
    (feeds,) = (m for m in of_kind(render(f"overlays/{overlay}"), "ConfigMap") if "feeds.toml" in m["data"])
    return dict(parse_feeds(tomllib.loads(feeds["data"]["feeds.toml"])))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_doors__of_every_feed_are_open_all_the_way(overlay: str) -> None:
    manifests = render(f"overlays/{overlay}")
    wanted = {feed.mllp_port for feed in doors(overlay).values() if feed.mllp_port}
    ports = container(named(manifests, "Deployment", "gateway"))["ports"]
    opened = {port["name"]: port["containerPort"] for port in ports if port["name"] != "admin"}
    service = named(manifests, "Service", "mllp")["spec"]["ports"]
    (let_in,) = named(manifests, "NetworkPolicy", "senders")["spec"]["ingress"]
    assert wanted
    assert set(opened.values()) == wanted
    assert {(port["port"], opened[port["targetPort"]]) for port in service} == {(port, port) for port in wanted}
    assert {opened[port["port"]] for port in let_in["ports"]} == wanted


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_edges__are_asked_for_by_who_needs_them(overlay: str) -> None:
    """Everybody hears or says; all but the topics' Job remember; only notifier sends mail."""
    edges: dict[str, set[str]] = {"kafka": set(), "mongodb": set(), "relay": set()}
    for workload in workloads(render(f"overlays/{overlay}")):
        labels = workload["spec"]["template"]["metadata"]["labels"]
        for edge, who in edges.items():
            who |= {workload["metadata"]["name"]} if labels.get(f"care-transitions/{edge}") == "true" else set()
    assert edges == {"kafka": {*SERVICES, "topics"}, "mongodb": set(SERVICES), "relay": {"notifier"}}


@pytest.mark.parametrize("folder", ["base", *(f"overlays/{overlay}" for overlay in OVERLAYS)])
def test_topics__are_created_by_a_command_there_is(folder: str) -> None:
    job = named(render(folder), "Job", "topics")
    program, *arguments = container(job)["args"]
    asked: Any = CliRunner().invoke(app, [*arguments, "--help"])
    assert (program, asked.exit_code) == ("care", 0), asked.output
    assert "Create every topic" in asked.output


def test_base__replicates_topics_three_times() -> None:
    file = K8S / "base" / "topics.yaml"
    (job,) = (d for d in yaml.safe_load_all(file.read_text("utf-8")) if d["kind"] == "Job")
    assert container(job)["args"] == ["care", "topics", "create", "--replication", "3"]
