"""From bytes and the feed of their door to a raw message with its id and key, or to a refusal with its reason.

Refused is only what can never succeed, however often it comes. Whatever has a readable MSH is a message, ADT or not:
what it means is for its hearers to say. Ids, keys and reasons hold nothing of the patient.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from services.gateway.domain.faults import json_faults
from services.gateway.domain.search import Number, json_numbers, numbers_of, search_keys
from shared.feeds import FeedProfile
from shared.hl7.er7 import NULL, Message, parse
from shared.hl7.malformed import Malformed, Reason
from shared.schemas.envelope import Mode, derived_id, utc
from shared.schemas.registry import ER7_MEDIA_TYPE, JSON_MEDIA_TYPE

TOO_LARGE: Final = "too-large"
NO_OBJECT: Final = "json-no-object"
NO_EVENT: Final = "json-no-adt-event"
NOT_ADT: Final = "not-adt"
_CONTROL_ID_LENGTH: Final = 199  # MSH-10, HL7 v2.7 and later; before, 20
_LINE_END: Final = re.compile(rb"[\r\n]+")
_NOISE: Final = b"\x0b \t\r\n"


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it is stored and said. `received_at` is UTC in whole milliseconds, `sha256` of `body`, in hex.

    `search`: the keys it is found by (`services.gateway.domain.search`); stored, never said.
    """

    id: str
    feed: str
    tenant: str
    mode: Mode
    control_id: str
    sha256: str
    key: str
    media_type: str
    received_at: datetime
    body: bytes
    search: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """What can never succeed. `code` says why, without a word of `body`, which is cut short if it is too large."""

    id: str
    feed: str
    tenant: str
    code: str
    received_at: datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came through a door. `header`: the message as far as it could be read, None if it has no readable MSH.

    `faults`: what is wrong with a refused JSON message, as `json_faults` says it.
    """

    letter: Received | Refusal
    header: Message | None = None
    faults: tuple[str, ...] = ()


class _Read(NamedTuple):
    """What is read of a message, of whatever form. `number` keys it; it is found by `numbers`."""

    control_id: str
    number: str
    numbers: Iterable[Number]
    media_type: str


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges what comes. `secret` keys the patient keys; `limit` is the largest body, in bytes."""

    secret: bytes
    limit: int

    def er7(self, body: bytes, profile: FeedProfile, at: datetime) -> Arrival:
        """One unframed HL7 v2 message."""
        if len(body) > self.limit:
            return self.too_large(body, profile, at)
        try:
            message = _read(body, profile.charset)
        except Malformed as malformed:
            return Arrival(refusal(body, malformed.code.value.replace("_", "-"), profile, at))
        if profile.acknowledgement.not_adt == "reject" and message.code.strip().upper() != "ADT":
            return Arrival(refusal(body, NOT_ADT, profile, at), message)
        read = _Read(message.control_id, _patient_number(message), numbers_of(message, profile), ER7_MEDIA_TYPE)
        return Arrival(self._received(body, profile, at, read), message)

    def record(self, body: bytes, profile: FeedProfile, at: datetime) -> Arrival:
        """The value of a record on a hospital's own topic: HL7 v2, or a JSON object in the words of `AdtEvent`."""
        if not body.lstrip().startswith((b"{", b"[")) or len(body) > self.limit:
            return self.er7(body, profile, at)
        return self._object(body, profile, at)

    def event(self, body: bytes, profile: FeedProfile, at: datetime) -> Arrival:
        """A JSON body over HTTP. One that is no `AdtEvent` is refused at once: its sender is there to be told."""
        if len(body) > self.limit:
            return self.too_large(body, profile, at)
        arrival = self._object(body, profile, at)
        if isinstance(arrival.letter, Refusal):
            return arrival
        faults = json_faults(body)
        return Arrival(refusal(body, NO_EVENT, profile, at), faults=faults) if faults else arrival

    def _object(self, body: bytes, profile: FeedProfile, at: datetime) -> Arrival:
        content = _json(body)
        if content is None:
            return Arrival(refusal(body, NO_OBJECT, profile, at))
        read = _Read(_text(content, "control_id"), _json_number(content), json_numbers(content), JSON_MEDIA_TYPE)
        return Arrival(self._received(body, profile, at, read))

    def too_large(self, head: bytes, profile: FeedProfile, at: datetime) -> Arrival:
        """A body above the limit, or as much of it as was kept; its header is read so that it can be answered."""
        try:
            header = parse(_first_lines(head)[0], charset=profile.charset)
        except Malformed:
            header = None
        return Arrival(refusal(head[:4096], TOO_LARGE, profile, at), header)

    def _received(self, body: bytes, profile: FeedProfile, at: datetime, read: _Read) -> Received:
        digest = hashlib.sha256(body).hexdigest()
        control_id = _encodable(read.control_id)[:_CONTROL_ID_LENGTH]
        id_ = derived_id("raw", profile.feed, control_id, digest)
        return Received(
            id=id_,
            feed=profile.feed,
            tenant=profile.tenant,
            mode=profile.mode,
            control_id=control_id,
            sha256=digest,
            key=self._key(profile.tenant, read.number) if read.number else id_,
            media_type=read.media_type,
            received_at=_whole_milliseconds(at),
            body=body,
            search=search_keys(self.secret, profile.tenant, read.numbers),
        )

    def _key(self, tenant: str, number: str) -> str:
        """Advisory: it makes races of one patient's messages rare. Opaque, for it is read by whoever reads topics."""
        told = f"{tenant}\x1f{_encodable(number)}".encode()
        return hmac.digest(self.secret, told, "sha256").hex()


def refusal(body: bytes, code: str, profile: FeedProfile, at: datetime) -> Refusal:
    """The copy that is kept of `body`; the same bytes refused again for the same reason are the same copy."""
    id_ = derived_id("refused", profile.feed, code, hashlib.sha256(body).hexdigest())
    return Refusal(id_, profile.feed, profile.tenant, code, _whole_milliseconds(at), body)


def _read(body: bytes, charset: str | None) -> Message:
    """The message; where a byte of it cannot be read MSH and PID, or MSH alone. Raises Malformed."""
    try:
        return parse(body, charset=charset)
    except Malformed as malformed:
        if malformed.code is not Reason.UNDECODABLE:
            raise
    header, patient = _first_lines(body)
    try:
        return parse(header + b"\r" + patient, charset=charset)
    except Malformed:
        return parse(header, charset=charset)


def _first_lines(body: bytes) -> tuple[bytes, bytes]:
    """The lines of MSH and of the first PID, each b"" if there is none."""
    header, *rest = _LINE_END.split(body.lstrip(_NOISE))
    return header, next((line for line in rest if line.startswith(b"PID")), b"")


def _patient_number(message: Message) -> str:
    """The first MR of PID-3, else its first number; "" if there is none (HL7 table 0203)."""
    numbers = [(cx.text(5).strip().upper(), cx.text(1).strip()) for cx in message.segment("PID").elements(3)]
    return _first_record_number(numbers)


def _json_number(content: dict[str, Any]) -> str:
    patient = content.get("patient")
    identifiers = patient.get("identifiers") if isinstance(patient, dict) else None
    sent = [one for one in identifiers if isinstance(one, dict)] if isinstance(identifiers, list) else []
    return _first_record_number([(_text(one, "type").upper(), _text(one, "value")) for one in sent])


def _first_record_number(numbers: list[tuple[str, str]]) -> str:
    sent = [(kind, value) for kind, value in numbers if value not in ("", NULL)]
    first = sent[0][1] if sent else ""
    return next((value for kind, value in sent if kind == "MR"), first)


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return content if isinstance(content, dict) else None


def _text(content: dict[str, Any], name: str) -> str:
    value = content.get(name)
    return value.strip() if isinstance(value, str) else ""


def _encodable(text: str) -> str:
    """A lone surrogate, which some charsets can smuggle in, must not make an id or a key fail."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _whole_milliseconds(at: datetime) -> datetime:
    """What MongoDB keeps of a time, so that what is said again is said with the same bytes."""
    moment = utc(at)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
