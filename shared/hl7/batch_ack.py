"""The one answer to a batch: BHS, an acknowledgement for each of its messages that wants one, BTS.

HL7 v2.5.1 ch. 2.10.3: the acknowledgements of a batch's messages go back as a batch, whose BHS-12 names what it
answers. Which acknowledgement each message gets is `ack.build_ack`'s to say.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.hl7.ack import echo, join
from shared.hl7.batch import Batch, Piece
from shared.hl7.er7 import Message, parse
from shared.hl7.malformed import Malformed
from shared.hl7.separators import escape

_BLANK = b"MSH|^~\\&"


def build_batch_ack(batch: Batch, answers: Sequence[bytes], *, at: str, control_id: str) -> bytes:
    """The unframed answer in the separators of the batch's header, or in the usual ones where that cannot be read.

    `answers` are unframed acknowledgements in the order of their messages, perhaps none; `at` is our BHS-7 (DTM with
    offset), `control_id` our BHS-11. Where a body holds several batches, BHS-12 names the file.
    """
    sent = _read(_answered(batch.headers))
    separators, header = sent.separators, sent.header
    theirs = [echo(header.raw(field)) for field in (5, 6, 3, 4, 11)]
    told = [escape(text, separators) for text in (at, control_id)]
    bhs = ["BHS", separators.encoding_characters, *theirs[:4], told[0], "", "", "", told[1], theirs[4]]
    bts = ["BTS", str(len(answers))]
    first, last = (join(separators.field, fields).encode(sent.charset, "replace") for fields in (bhs, bts))
    return b"\r".join((first, *(answer.strip(b"\r") for answer in answers), last, b""))


def _answered(headers: Sequence[Piece]) -> bytes:
    """The only BHS, else the FHS, else the first BHS."""
    batches = [header.data for header in headers if header.data.startswith(b"BHS")]
    files = [header.data for header in headers if header.data.startswith(b"FHS")]
    return batches[0] if len(batches) == 1 else (files or batches or [b""])[0]


def _read(header: bytes) -> Message:
    """BHS and FHS are laid out as MSH up to their seventh field, so MSH's reader reads them."""
    try:
        return parse(b"MSH" + header[3:])
    except Malformed:
        return parse(_BLANK)
