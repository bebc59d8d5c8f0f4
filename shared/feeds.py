"""What a hospital's feed is: known from the door a message came in by, never from what the message says of itself.

A `[[feed]]` table each, in TOML; `shared.profiles` reads the files, `parse_feeds` judges what stands in them and
refuses it whole, naming every fault by table and key.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.codes import (
    AdmissionType,
    Class,
    Code,
    Codec,
    Days,
    Digest,
    Disposition,
    KindOfNumber,
    Numbers,
    Slug,
    Topic,
    TwoDigits,
    UpperKeys,
    Zone,
    is_pattern,
)
from shared.schemas.envelope import Mode

DEFAULT_IDENTIFIER_TYPES: Final = ("MR", "PI", "PE", "EPI")
OBSERVATION: Final = "V"
_A_SECOND: Final = timedelta(seconds=1)


class FeedsInvalid(Exception):
    """The profiles cannot be used. `problems`: one text each, `feed[2].zone: ...`; no patient data is near."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Acknowledgement(BaseModel):
    """How a door answers. `not_adt`: what is no ADT message is accepted (stored, set aside) or rejected (AR, CR).

    `mode`: `as-asked` goes by MSH-15 and MSH-16; `original` and `enhanced` always answer, A_ or C_, whatever these ask.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    not_adt: Literal["accept", "reject"] = "accept"
    mode: Literal["as-asked", "original", "enhanced"] = "as-asked"


class Observation(BaseModel):
    """Codes that say that a stay is one of observation, whatever its class: PV1-18 and PV1-10 of the same message."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patient_types: tuple[Code, ...] = ()
    services: tuple[Code, ...] = ()


class FeedProfile(BaseModel):
    """One feed. Codes and authorities are compared in upper case; an unknown key is refused.

    `zone` counts where a message gives no offset and `facility_zones` (facility code to IANA zone) does not name the
    facility. Identifiers of `default_authority` and `trusted_authorities` tell patients apart; `provider_authority` is
    the default for providers' numbers where it is another one. `enterprise_authorities` are trusted and unique across
    hospitals. `identifier_types` (HL7 table 0203) are in order of rank. `class_codes` maps the site's PV1-2 to HL7
    table 0004; `admission_types`, `dispositions` and `identifier_codes` map PV1-4, PV1-36 and PID-3.5 to table 0007,
    UB-04 FL17 and table 0203; `services` maps PV1-10 to the words that are used here (HL7 table 0069 suggests some);
    `observation` says what makes a stay one of class V. `part2_units` and `behavioural_units`: points of care and
    hospital services, as the site calls them, whose stays 42 CFR Part 2 or the law on behavioural health protects.
    `charset` overrides MSH-18. `a08_class`: what a patient class in an A08 does, `describes` the stay or `moves` it as
    A06 and A07 would.
    `placeholders` and `test_numbers`: patient numbers, or `/regular expressions/` of whole ones, that the site sends
    for nobody in particular and for patients whom it made up. `dates`: what it means by 01/02/2026, `mdy` or `dmy`.
    `patient_fields`: where it numbers its patients, best first; before v2.3.1 not all do so in PID-3 alone.
    `greatest_age`: after how long its news is too old to be told; None is the deployment's. `close_after_days`: after
    how many days without a word a stay of a patient class is over by rule, where it is not as in admissions' rules.
    `led_in_minutes`: a visit to the emergency department that ended so long ago at most led to the stay in a bed,
    whatever the numbers; `same_event_minutes`: what another feed with this switched on tells of the same house within
    so many minutes is the same stay. 0, the default: neither.
    `snapshots`: `{DG1 = "adds"}` where the site sends diagnoses one by one: what it sends adds to what it sent before.
    `http_token_sha256`: of the token with which it posts over HTTP; the token itself stands nowhere.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    feed: Slug
    tenant: Slug
    zone: Zone
    facility: Code
    default_authority: Code
    mode: Mode = Mode.OFF
    provider_authority: Code | None = None
    facility_zones: Annotated[dict[str, Zone], UpperKeys] = Field(default_factory=dict)
    trusted_authorities: tuple[Code, ...] = ()
    enterprise_authorities: tuple[Code, ...] = ()
    identifier_types: Annotated[tuple[KindOfNumber, ...], Field(min_length=1)] = DEFAULT_IDENTIFIER_TYPES
    class_codes: Annotated[dict[str, Class], UpperKeys] = Field(default_factory=dict)
    admission_types: Annotated[dict[str, AdmissionType], UpperKeys] = Field(default_factory=dict)
    dispositions: Annotated[dict[str, Disposition], UpperKeys, TwoDigits] = Field(default_factory=dict)
    identifier_codes: Annotated[dict[str, Code], UpperKeys] = Field(default_factory=dict)
    services: Annotated[dict[str, Code], UpperKeys] = Field(default_factory=dict)
    observation: Observation = Observation()
    part2_units: tuple[Code, ...] = ()
    behavioural_units: tuple[Code, ...] = ()
    kafka_topic: Topic | None = None
    mllp_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    http_token_sha256: Digest | None = None
    charset: Codec | None = None
    dates: Literal["", "mdy", "dmy"] = ""
    patient_fields: Annotated[tuple[Literal["PID-2", "PID-3", "PID-4"], ...], Field(min_length=1)] = ("PID-3",)
    acknowledgement: Acknowledgement = Acknowledgement()
    placeholders: Numbers = ()
    test_numbers: Numbers = ()
    a08_class: Literal["describes", "moves"] = "describes"
    greatest_age: Annotated[timedelta, Field(ge=_A_SECOND)] | None = None
    close_after_days: Days = Field(default_factory=dict)
    snapshots: dict[Literal["DG1"], Literal["adds"]] = Field(default_factory=dict)
    led_in_minutes: Annotated[int, Field(ge=0, le=1440)] = 0
    same_event_minutes: Annotated[int, Field(ge=0, le=240)] = 0

    @cached_property
    def _placeholder(self) -> re.Pattern[str] | None:
        return _any_of(self.placeholders)

    @cached_property
    def _test_number(self) -> re.Pattern[str] | None:
        return _any_of(self.test_numbers)

    def is_placeholder(self, number: str) -> bool:
        """Does the site send this number for whoever has none?"""
        return self._placeholder is not None and bool(self._placeholder.fullmatch(number.strip()))

    def is_test_number(self, number: str) -> bool:
        """Is this a number of a patient whom the site made up?"""
        return self._test_number is not None and bool(self._test_number.fullmatch(number.strip()))

    @property
    def people_authority(self) -> str:
        """The authority of a provider's number that names none."""
        return self.provider_authority or self.default_authority

    def trusts(self, authority: str) -> bool:
        """May this authority's numbers tell patients apart?"""
        known = (self.default_authority, *self.trusted_authorities, *self.enterprise_authorities)
        return authority.strip().upper() in known

    def class_of(self, code: str) -> str:
        """The site's patient class in HL7 table 0004; one that is not mapped stays as it is."""
        sent = code.strip().upper()
        return self.class_codes.get(sent, sent)

    def admission_type_of(self, code: str) -> str:
        """The site's PV1-4 in HL7 table 0007; one that is not mapped stays as it is."""
        sent = code.strip().upper()
        return self.admission_types.get(sent, sent)

    def disposition_of(self, code: str) -> str:
        """The site's PV1-36 in UB-04 FL17; one that is not mapped stays as it is."""
        sent = code.strip().upper()
        return self.dispositions.get(sent, sent)

    def service_of(self, code: str) -> str:
        """The site's PV1-10 in the words that are used here; one that is not mapped stays as it is, in its case too."""
        return self.services.get(code.strip().upper(), code)

    def type_of(self, code: str) -> str:
        """The site's PID-3.5 in HL7 table 0203; one that is not mapped stays as it is."""
        sent = code.strip().upper()
        return self.identifier_codes.get(sent, sent)

    def observes(self, patient_type: str, service: str) -> bool:
        """Do PV1-18 or PV1-10 say that the stay is one of observation?"""
        told = self.observation
        return patient_type.strip().upper() in told.patient_types or service.strip().upper() in told.services

    def facility_named(self, *candidates: str) -> str:
        """The first of these codes that the profile knows, or ""."""
        sent = (candidate.strip().upper() for candidate in candidates)
        return next((code for code in sent if code == self.facility or code in self.facility_zones), "")

    def zone_of(self, facility: str) -> str:
        """The IANA zone of a facility."""
        return self.facility_zones.get(facility, self.zone)

    def labels_of(self, *units: str) -> tuple[str, ...]:
        """Which laws protect stays in these points of care and hospital services: `behavioural`, `part2`."""
        lists = {"behavioural": self.behavioural_units, "part2": self.part2_units}
        sent = {unit.strip().upper() for unit in units}
        return tuple(label for label, listed in lists.items() if not sent.isdisjoint(listed))


def _any_of(numbers: tuple[str, ...]) -> re.Pattern[str] | None:
    ways = (number[1:-1] if is_pattern(number) else re.escape(number) for number in numbers)
    return re.compile("|".join(f"(?:{way})" for way in ways), re.IGNORECASE) if numbers else None


def parse_feeds(content: Mapping[str, Any], places: Sequence[str] = ()) -> dict[str, FeedProfile]:
    """The profiles by feed. `content` is the file as read: `{"feed": [{...}, ...]}`; raises FeedsInvalid.

    `places`: how faults name each table, where they come from several files.
    """
    tables = content.get("feed")
    if set(content) != {"feed"} or not isinstance(tables, list) or not tables:
        raise FeedsInvalid(("the file holds [[feed]] tables, at least one, and nothing else",))
    problems: list[str] = []
    named = zip(places or [f"feed[{n}]" for n in range(len(tables))], tables, strict=True)
    profiles = [profile for place, table in named if (profile := _parse(place, table, problems))]
    problems += _clashes(profiles)
    if problems:
        raise FeedsInvalid(tuple(problems))
    return {profile.feed: profile for profile in profiles}


def _parse(place: str, table: object, problems: list[str]) -> FeedProfile | None:
    try:
        return FeedProfile.model_validate(table)
    except ValidationError as invalid:
        for error in invalid.errors(include_input=False, include_url=False):
            keys = [str(part) for part in error["loc"]]
            problems.append(f"{'.'.join([place, *keys])}: {_fault(error['type'], error['msg'], keys)}")
        return None


def _fault(kind: str, said: str, keys: list[str]) -> str:
    """What pydantic says of a key that is none leaves its writer alone."""
    if kind != "extra_forbidden":
        return said.removeprefix("Value error, ")
    near = get_close_matches(keys[0], FeedProfile.model_fields, 1) if len(keys) == 1 else []
    return "no setting of a feed" + (f"; is {near[0]} meant?" if near else "")


def _clashes(profiles: list[FeedProfile]) -> list[str]:
    """A door leads to one feed: names, topics, tokens and ports (0 means any free one) are given once."""
    doors = Counter(("feed", profile.feed) for profile in profiles)
    doors += Counter(("kafka_topic", profile.kafka_topic) for profile in profiles if profile.kafka_topic)
    doors += Counter(("mllp_port", str(profile.mllp_port)) for profile in profiles if profile.mllp_port)
    tokens = (profile.http_token_sha256 for profile in profiles if profile.http_token_sha256)
    doors += Counter(("http_token_sha256", f"{token[:8]}…") for token in tokens)
    return [f"{key} {value} is given {times} times" for (key, value), times in doors.items() if times > 1]
