"""`care doctor`: reachable? configured? which versions? safe?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from care.profiles import SETTING
from care.running import run
from care.session import ADMIN_PORT, Session, environment
from services.admissions.settings import Settings as Admissions
from services.discharge.settings import Settings as Discharge
from services.followup.settings import Settings as Followup
from services.gateway.settings import Settings as Gateway
from services.notifier.settings import Settings as Notifier
from shared.feeds import FeedsInvalid
from shared.mongo.client import connect, server_facts
from shared.profiles import read_feeds
from shared.settings import ServiceSettings, fields_of
from shared.stream.administration import check
from shared.stream.outages import Away

SERVICES: Mapping[str, type[ServiceSettings]] = {
    "gateway": Gateway,
    "admissions": Admissions,
    "discharge": Discharge,
    "followup": Followup,
    "notifier": Notifier,
}
LIBRARIES = ("faust-streaming", "aiokafka", "motor", "pymongo", "pydantic")
LEAST_MONGOD = (6, 0, 27)
"""The first 6.0 without CVE-2025-14847."""


@dataclass(frozen=True)
class Check:
    """One finding: `verdict` is ok, warn or fail."""

    what: str
    verdict: str
    detail: str


def doctor() -> None:
    """Check Kafka, MongoDB, topics, settings and safety; exit 1 if anything fails."""
    settings = environment()
    os.environ.update(settings)
    checks = [*_settings(settings), *_feeds(settings), *_safety(settings), *run(_servers(settings)), *_versions()]
    table = Table("", "what", "detail", box=None)
    colours = {"ok": "green", "warn": "yellow", "fail": "red"}
    for each in checks:
        table.add_row(f"[{colours[each.verdict]}]{each.verdict}[/]", each.what, each.detail)
    Console().print(table)
    if any(each.verdict == "fail" for each in checks):
        raise typer.Exit(1)


def _settings(settings: Mapping[str, str]) -> Iterator[Check]:
    known = {name for each in SERVICES.values() for name in fields_of(each)}
    for name in sorted(settings):
        if name.split("__")[0] not in known and not name.startswith(("CARE_TEST_", ADMIN_PORT)):
            yield Check("settings", "warn", f"{name} is not a setting; see docs/configuration.md")
    for service, each in SERVICES.items():
        try:
            each()
        except ValidationError as invalid:
            errors = invalid.errors(include_input=False, include_url=False)
            detail = "; ".join(f"{'__'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in errors)
            yield Check(f"settings of {service}", "fail", detail)
        else:
            yield Check(f"settings of {service}", "ok", "complete")


def _feeds(settings: Mapping[str, str]) -> Iterator[Check]:
    place = settings.get(SETTING, "")
    if not place:
        return  # the settings of gateway and admissions say so
    try:
        found = read_feeds(Path(place))
    except FeedsInvalid as invalid:
        faults = "; ".join(str(problem) for problem in invalid.problems)
        yield Check("feeds", "fail", f"{place}: {faults}; services go on with the edition before")
    else:
        modes = ", ".join(f"{name} {profile.mode}" for name, profile in sorted(found.items()))
        yield Check("feeds", "ok", f"{place}: {modes or 'none'}")


def _safety(settings: Mapping[str, str]) -> Iterator[Check]:
    deployment = settings.get("CARE_DEPLOYMENT", "")
    if deployment == "live":
        yield Check("who can be told", "ok", "live deployment: everybody the directory names")
    else:
        allowed = settings.get("CARE_NOTIFIER__ALLOW_LIST", "[]")
        yield Check("who can be told", "ok", f"deployment {deployment or 'not set'}: only {allowed}, others recorded")
    if settings.get("CARE_KAFKA_IDEMPOTENT", "true").lower() == "false":
        yield Check("Kafka producer", "warn", "not idempotent: for the demo's broker only")
    secret = settings.get("CARE_IDENTITY_SECRET_FILE")
    if secret and Path(secret).exists():
        others = Path(secret).stat().st_mode & 0o077
        verdict = "warn" if others else "ok"
        yield Check("identity secret", verdict, "readable by others" if others else "readable by its owner only")


async def _servers(settings: Mapping[str, str]) -> list[Check]:
    return [await _kafka(settings), await _mongo(settings)]


async def _kafka(settings: Mapping[str, str]) -> Check:
    bootstrap = settings.get("CARE_KAFKA_BOOTSTRAP", "")
    if not bootstrap:
        return Check("Kafka", "fail", "CARE_KAFKA_BOOTSTRAP is not set")
    try:
        findings = await check(Session(settings).broker)
    except Away as away:
        return Check("Kafka", "fail", f"{bootstrap} does not answer ({away.code})")
    wrong = ", ".join(f"{finding.topic} {finding.code}" for finding in findings)
    return Check("Kafka", "fail" if wrong else "ok", wrong or f"{bootstrap}: every topic is as the contract says")


async def _mongo(settings: Mapping[str, str]) -> Check:
    url = settings.get("CARE_MONGO_URL", "")
    if not url:
        return Check("MongoDB", "fail", "CARE_MONGO_URL is not set")
    try:
        facts = await server_facts(connect(url, timeout=4.0))
    except Away as away:
        return Check("MongoDB", "fail", f"does not answer ({away.code})")
    if not facts["replica_set"]:
        return Check("MongoDB", "fail", "not a replica set: majority writes mean nothing")
    known = tuple(int(part) for part in facts["version"].split(".")[:3])
    old = known < LEAST_MONGOD
    detail = f"{facts['version']}, replica set {facts['replica_set']}"
    note = "; older than 6.0.27 (CVE-2025-14847): loopback only" if old else ""
    return Check("MongoDB", "warn" if old else "ok", detail + note)


def _versions() -> Iterator[Check]:
    found = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    verdict = "ok" if version("faust-streaming") == "0.15.3" else "fail"
    yield Check("libraries", verdict, found)
