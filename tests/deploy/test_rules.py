"""The manifests obey, and each rule is seen to refuse what it is there for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.deploy import rules
from tests.deploy.rendering import OVERLAYS, Manifest, named, of_kind, render

FOLDERS = ("base", *(f"overlays/{overlay}" for overlay in OVERLAYS))


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_manifests__obey(rule: Callable[..., Any], folder: str) -> None:
    assert list(rule(render(folder))) == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_overlays__leave_no_placeholder(overlay: str) -> None:
    assert list(rules.no_placeholder_is_left(render(f"overlays/{overlay}"))) == []


def test_base__has_no_address_of_its_own() -> None:
    """What an overlay must say: six settings, the feeds, three namespaces, the senders' addresses, the image's tag."""
    left = {finding.partition(": ")[2] for finding in rules.no_placeholder_is_left(render("base"))}
    assert left == {
        "REQUIRED-test-or-live",
        "REQUIRED-kafka-host:9092",
        "REQUIRED-relay-host",
        "REQUIRED-relay-user",
        "REQUIRED-sender-address",
        "REQUIRED-domain",
        "REQUIRED-feed-profiles",
        "REQUIRED-kafka-namespace",
        "REQUIRED-mongodb-namespace",
        "REQUIRED-relay-namespace",
        "REQUIRED-senders-cidr",
        "care-transitions:REQUIRED-image-tag",
    }


def deployment(manifests: list[Manifest]) -> Manifest:
    return named(manifests, "Deployment", "admissions")


def pod(manifests: list[Manifest]) -> Any:
    return deployment(manifests)["spec"]["template"]["spec"]


def only(manifests: list[Manifest]) -> Any:
    return pod(manifests)["containers"][0]


def set_in(where: Callable[[list[Manifest]], Any], key: Any, value: Any) -> Callable[[list[Manifest]], None]:
    def change(manifests: list[Manifest]) -> None:
        where(manifests)[key] = value

    return change


def without(where: Callable[[list[Manifest]], Any], key: Any) -> Callable[[list[Manifest]], None]:
    def change(manifests: list[Manifest]) -> None:
        del where(manifests)[key]

    return change


def with_a(manifest: Manifest) -> Callable[[list[Manifest]], None]:
    return lambda manifests: manifests.append(manifest)


def without_all(kind: str) -> Callable[[list[Manifest]], None]:
    def change(manifests: list[Manifest]) -> None:
        manifests[:] = [manifest for manifest in manifests if manifest["kind"] != kind]

    return change


def policy(name: str) -> Callable[[list[Manifest]], Any]:
    return lambda manifests: named(manifests, "NetworkPolicy", name)["spec"]


US = "Deployment/admissions: "
FAULTS: list[tuple[Any, Callable[[list[Manifest]], None], list[str]]] = [
    (rules.no_placeholder_is_left, set_in(only, "image", "x:REQUIRED-tag"), [US + "x:REQUIRED-tag"]),
    (
        rules.pods_are_restricted,
        without(pod, "securityContext"),
        [US + "runAsNonRoot", US + "runAsUser", US + "seccompProfile"],
    ),
    (rules.pods_are_restricted, without(pod, "automountServiceAccountToken"), [US + "automountServiceAccountToken"]),
    (rules.pods_are_restricted, set_in(pod, "hostNetwork", True), [US + "host"]),
    (
        rules.pods_are_restricted,
        set_in(lambda m: only(m)["securityContext"], "readOnlyRootFilesystem", False),
        [US + "container"],
    ),
    (
        rules.only_tmp_is_written,
        set_in(pod, "volumes", [{"name": n, "emptyDir": {}} for n in ("tmp", "feeds", "identity")]),
        [US + "/tmp"],  # noqa: S108 - the pod's own
    ),
    (
        rules.only_tmp_is_written,
        lambda m: [mount.pop("readOnly", None) for mount in only(m)["volumeMounts"]] and None,
        [US + "/etc/care/feeds can be written", US + "/run/secrets/identity can be written"],
    ),
    (
        rules.probes_differ,
        set_in(lambda m: only(m)["livenessProbe"]["httpGet"], "path", "/readyz"),
        [US + "livenessProbe"],
    ),
    (rules.probes_differ, without(only, "readinessProbe"), [US + "readinessProbe"]),
    (
        rules.probes_differ,
        without(lambda m: only(m)["startupProbe"], "failureThreshold"),
        [US + "a start has less than ten minutes"],
    ),
    (
        rules.ports_are_the_settings,
        set_in(lambda m: only(m)["ports"][0], "containerPort", 8081),
        [US + "CARE_ADMIN_PORT"],
    ),
    (rules.resources_are_set, without(lambda m: only(m)["resources"]["limits"], "memory"), [US + "resources"]),
    (rules.resources_are_set, without(lambda m: only(m)["resources"]["requests"], "cpu"), [US + "resources"]),
    (
        rules.images_are_named_exactly,
        set_in(only, "image", "host:5000/care-transitions"),
        [US + "host:5000/care-transitions"],
    ),
    (
        rules.images_are_named_exactly,
        set_in(only, "image", "care-transitions:latest"),
        [US + "care-transitions:latest"],
    ),
    (
        rules.no_secret_is_written_down,
        with_a({"kind": "Secret", "metadata": {"name": "identity"}}),
        ["Secret/identity"],
    ),
    (
        rules.no_secret_is_written_down,
        set_in(only, "env", [{"name": "CARE_MONGO_URL", "value": "mongodb://care:word@mongo"}]),
        [US + "credentials"],
    ),
    (rules.scale_is_within_the_partitions, set_in(lambda m: deployment(m)["spec"], "replicas", 8), [US + "replicas"]),
    (
        rules.scale_is_within_the_partitions,
        without(lambda m: deployment(m)["spec"], "strategy"),
        [US + "rollingUpdate"],
    ),
    (rules.ends_are_waited_for, without(pod, "terminationGracePeriodSeconds"), [US + "terminationGracePeriodSeconds"]),
    (
        rules.labels_are_standard,
        without(lambda m: deployment(m)["metadata"]["labels"], "app.kubernetes.io/part-of"),
        [US + "app.kubernetes.io/part-of"],
    ),
    (
        rules.labels_are_standard,
        set_in(lambda m: deployment(m)["spec"]["selector"]["matchLabels"], "app.kubernetes.io/name", "x"),
        [US + "selector"],
    ),
    (rules.all_have_accounts_and_budgets, set_in(pod, "serviceAccountName", "default"), [US + "serviceAccountName"]),
    (
        rules.all_have_accounts_and_budgets,
        set_in(lambda m: named(m, "PodDisruptionBudget", "admissions")["spec"], "maxUnavailable", 0),
        [US + "PodDisruptionBudget"],
    ),
    (
        rules.nothing_is_open_by_default,
        set_in(lambda m: of_kind(m, "Namespace")[0]["metadata"], "labels", {}),
        ["Namespace/care-transitions: pod-security"],
    ),
    (rules.nothing_is_open_by_default, without_all("NetworkPolicy"), ["NetworkPolicy: nothing denies by default"]),
    (
        rules.every_edge_is_narrow,
        set_in(policy("kafka"), "egress", [{"to": [{"podSelector": {}}]}]),
        ["NetworkPolicy/kafka: egress"],
    ),
    (
        rules.every_edge_is_narrow,
        set_in(policy("senders"), "ingress", [{"ports": [{"port": 2575}], "from": [{}]}]),
        ["NetworkPolicy/senders: ingress"],
    ),
]


@pytest.mark.parametrize(("rule", "fault", "found"), FAULTS)
def test_rules__name_a_planted_fault(rule: Any, fault: Callable[[list[Manifest]], None], found: list[str]) -> None:
    manifests = render("overlays/local")
    fault(manifests)
    assert list(rule(manifests)) == found


def test_rules__each_has_a_fault() -> None:
    assert {rule for rule, _, _ in FAULTS} == {*rules.RULES, rules.no_placeholder_is_left}
