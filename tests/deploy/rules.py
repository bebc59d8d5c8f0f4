"""What we ask of every manifest beyond Kubernetes' own schemas.

Each rule yields what breaks it: `<kind>/<name>: <what>`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from shared.schemas.topics import PARTITIONS
from tests.deploy.rendering import Manifest, container, of_kind, workloads

PLACEHOLDER: Final = "REQUIRED-"
LABELS: Final = ("app.kubernetes.io/name", "app.kubernetes.io/part-of", "app.kubernetes.io/managed-by")
PROBES: Final = {"startupProbe": "/startupz", "readinessProbe": "/readyz", "livenessProbe": "/livez"}
SHUTDOWN_SECONDS: Final = 5 + 10 + 25
"""Of gateway: preStop, its doors' time to answer (services/gateway/doors/limits.py), the time after which a process
that cannot finish its batch ends by itself (shared/stream/host.py).
"""

Finding = Iterator[str]


def name_of(manifest: Manifest) -> str:
    """`Deployment/gateway`."""
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def pod_of(workload: Manifest) -> Manifest:
    """The pod's specification."""
    return dict(workload["spec"]["template"]["spec"])


def no_placeholder_is_left(manifests: list[Manifest]) -> Finding:
    """An overlay gave every address, name and tag that base asks for."""
    for manifest in manifests:
        yield from (f"{name_of(manifest)}: {value}" for value in values(manifest) if PLACEHOLDER in value)


def values(node: Any) -> Iterator[str]:
    """Every text in a document, keys left out."""
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for member in node:
            yield from values(member)
    elif isinstance(node, str):
        yield node


def pods_are_restricted(manifests: list[Manifest]) -> Finding:
    """Pod Security Standards, profile `restricted`, and: a read-only root, a numeric user, no token, no host."""
    for workload in workloads(manifests):
        pod, only = pod_of(workload), container(workload)
        asked = {
            "runAsNonRoot": (pod.get("securityContext", {}).get("runAsNonRoot"), True),
            "runAsUser": (pod.get("securityContext", {}).get("runAsUser"), 10001),
            "seccompProfile": (pod.get("securityContext", {}).get("seccompProfile"), {"type": "RuntimeDefault"}),
            "automountServiceAccountToken": (pod.get("automountServiceAccountToken"), False),
            "host": ({key for key in pod if key.startswith("host")}, set()),
            "container": (
                only.get("securityContext"),
                {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
            ),
        }
        yield from (f"{name_of(workload)}: {what}" for what, (is_, should) in asked.items() if is_ != should)


def only_tmp_is_written(manifests: list[Manifest]) -> Finding:
    """At /tmp is an emptyDir of bounded size; whatever else is mounted is mounted read-only."""
    for workload in workloads(manifests):
        mounts = {mount["mountPath"]: mount for mount in container(workload).get("volumeMounts", [])}
        volumes = {volume["name"]: volume for volume in pod_of(workload).get("volumes", [])}
        tmp = volumes.get(mounts.get("/tmp", {}).get("name", ""), {})  # noqa: S108 - the pod's own
        if not tmp.get("emptyDir", {}).get("sizeLimit"):
            yield f"{name_of(workload)}: /tmp"
        yield from (
            f"{name_of(workload)}: {path} can be written"
            for path, mount in mounts.items()
            if not mount.get("readOnly") and "emptyDir" not in volumes[mount["name"]]
        )


def probes_differ(manifests: list[Manifest]) -> Finding:
    """Three questions at three endpoints, on the port that serves nothing else; a start may wait for ten minutes."""
    for workload in of_kind(manifests, "Deployment"):
        only = container(workload)
        for probe, path in PROBES.items():
            if only.get(probe, {}).get("httpGet") != {"path": path, "port": "admin"}:
                yield f"{name_of(workload)}: {probe}"
        startup = only.get("startupProbe", {})
        if startup.get("periodSeconds", 10) * startup.get("failureThreshold", 3) < 600:
            yield f"{name_of(workload)}: a start has less than ten minutes"


def ports_are_the_settings(manifests: list[Manifest]) -> Finding:
    """The port called `admin` is the one that the process is told to serve probes on."""
    for workload in of_kind(manifests, "Deployment"):
        only = container(workload)
        told = [entry["value"] for entry in only.get("env", []) if entry["name"] == "CARE_ADMIN_PORT"]
        if told != [str(port["containerPort"]) for port in only.get("ports", []) if port["name"] == "admin"]:
            yield f"{name_of(workload)}: CARE_ADMIN_PORT"


def resources_are_set(manifests: list[Manifest]) -> Finding:
    """CPU and memory are asked for, memory is bounded; CPU is not (docs/deployment.md says why)."""
    for workload in workloads(manifests):
        resources = container(workload).get("resources", {})
        if set(resources.get("requests", {})) != {"cpu", "memory"} or set(resources.get("limits", {})) != {"memory"}:
            yield f"{name_of(workload)}: resources"


def images_are_named_exactly(manifests: list[Manifest]) -> Finding:
    """A digest, or a tag that is not `latest`."""
    for workload in workloads(manifests):
        image = container(workload)["image"]
        tag = image.rpartition("/")[2].partition(":")[2]
        if "@sha256:" not in image and tag in ("", "latest"):
            yield f"{name_of(workload)}: {image}"


def no_secret_is_written_down(manifests: list[Manifest]) -> Finding:
    """Secrets are referred to and made elsewhere; no address carries a password, no setting's own value is one."""
    yield from (name_of(manifest) for manifest in of_kind(manifests, "Secret"))
    for manifest in manifests:
        if any(re.search(r"://[^/\s@]+@|BEGIN [A-Z ]*PRIVATE KEY", value) for value in values(manifest)):
            yield f"{name_of(manifest)}: credentials"


def scale_is_within_the_partitions(manifests: list[Manifest]) -> Finding:
    """An instance without a partition is never ready: the surge of a rollout needs one too, or the rollout never ends.

    gateway's doors need no partition (docs/adr/0015).
    """
    for workload in of_kind(manifests, "Deployment"):
        rolling = workload["spec"].get("strategy", {}).get("rollingUpdate", {})
        if rolling.get("maxUnavailable") != 0 or rolling.get("maxSurge") != 1:
            yield f"{name_of(workload)}: rollingUpdate"
        most = PARTITIONS - 1 if workload["metadata"]["name"] != "gateway" else math.inf
        if not 1 <= workload["spec"].get("replicas", 1) <= most:
            yield f"{name_of(workload)}: replicas"


def ends_are_waited_for(manifests: list[Manifest]) -> Finding:
    """The kubelet kills no process that still ends by itself."""
    for workload in of_kind(manifests, "Deployment"):
        if pod_of(workload).get("terminationGracePeriodSeconds", 30) <= SHUTDOWN_SECONDS:
            yield f"{name_of(workload)}: terminationGracePeriodSeconds"


def labels_are_standard(manifests: list[Manifest]) -> Finding:
    """Whole sets of the recommended labels, on pods too, and selectors that match them."""
    for workload in workloads(manifests):
        pod = workload["spec"]["template"]["metadata"]["labels"]
        for labels in (workload["metadata"]["labels"], pod):
            yield from (f"{name_of(workload)}: {label}" for label in LABELS if not labels.get(label))
        selector = workload["spec"].get("selector", {}).get("matchLabels", {})
        if not selector.items() <= pod.items():
            yield f"{name_of(workload)}: selector"


def all_have_accounts_and_budgets(manifests: list[Manifest]) -> Finding:
    """A ServiceAccount each, which mounts no token; a PodDisruptionBudget each, which lets a drain go on."""
    accounts = {a["metadata"]["name"]: a for a in of_kind(manifests, "ServiceAccount")}
    budgets = [b["spec"] for b in of_kind(manifests, "PodDisruptionBudget")]
    for workload in workloads(manifests):
        account = accounts.get(pod_of(workload).get("serviceAccountName", ""), {})
        if account.get("automountServiceAccountToken") is not False:
            yield f"{name_of(workload)}: serviceAccountName"
        wanted = {"matchLabels": workload["spec"].get("selector", {}).get("matchLabels")}
        ours = [b for b in budgets if b["selector"] == wanted]
        if workload["kind"] == "Deployment" and [b.get("maxUnavailable") for b in ours] != [1]:
            yield f"{name_of(workload)}: PodDisruptionBudget"


def nothing_is_open_by_default(manifests: list[Manifest]) -> Finding:
    """The namespace enforces `restricted`, and a policy for all pods allows nothing in and nothing out."""
    for namespace in of_kind(manifests, "Namespace"):
        if namespace["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") != "restricted":
            yield f"{name_of(namespace)}: pod-security"
    deny = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    if deny not in [policy["spec"] for policy in of_kind(manifests, "NetworkPolicy")]:
        yield "NetworkPolicy: nothing denies by default"


def every_edge_is_narrow(manifests: list[Manifest]) -> Finding:
    """A policy that allows names both its ports and its peers."""
    for policy in of_kind(manifests, "NetworkPolicy"):
        for side, peers in (("ingress", "from"), ("egress", "to")):
            for edge in policy["spec"].get(side, []):
                if not edge.get("ports") or not edge.get(peers) or {} in edge[peers]:
                    yield f"{name_of(policy)}: {side}"


RULES: Final[tuple[Callable[[list[Manifest]], Finding], ...]] = (
    pods_are_restricted,
    only_tmp_is_written,
    probes_differ,
    ports_are_the_settings,
    resources_are_set,
    images_are_named_exactly,
    no_secret_is_written_down,
    scale_is_within_the_partitions,
    ends_are_waited_for,
    labels_are_standard,
    all_have_accounts_and_budgets,
    nothing_is_open_by_default,
    every_edge_is_narrow,
)
"""What holds for base and for every overlay; an overlay besides leaves no placeholder."""
