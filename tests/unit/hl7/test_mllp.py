"""Frames out of chunks: whatever the cut, the same frames."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.hl7.mllp import FrameDecoder, TooLarge, frame


def test_frame__wraps() -> None:
    assert frame(b"MSH|") == b"\x0bMSH|\x1c\r"


def test_feed__one_frame_byte_by_byte() -> None:
    decoder = FrameDecoder()
    found = [payload for byte in frame(b"MSH|a") for payload in decoder.feed(bytes([byte]))]
    assert found == [b"MSH|a"]


def test_feed__several_frames_and_noise_in_one_chunk() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(b"noise\r\n" + frame(b"one") + b"\r\n" + frame(b"") + frame(b"two") + b"x") == [
        b"one",
        b"",
        b"two",
    ]
    assert decoder.idle


def test_feed__start_byte_and_lone_end_byte_within_a_payload() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(b"\x0ba\x0bb\x1c") == []
    assert not decoder.idle
    assert decoder.feed(b"c\x1c\r") == [b"a\x0bb\x1cc"]


def test_feed__payload_of_just_the_limit() -> None:
    assert FrameDecoder(limit=4).feed(frame(b"1234")) == [b"1234"]


def test_feed__payload_above_the_limit_is_told_once_and_drained() -> None:
    decoder = FrameDecoder(limit=4)
    assert decoder.feed(b"\x0b12345") == [TooLarge(b"1234")]
    assert decoder.feed(b"6" * 1000) == []
    assert decoder.feed(b"\x1c") == []
    assert decoder.feed(b"\r" + frame(b"ok")) == [b"ok"]


def test_feed__whole_frame_above_the_limit() -> None:
    assert FrameDecoder(limit=4).feed(frame(b"12345") + frame(b"ok")) == [TooLarge(b"1234"), b"ok"]


def test_feed__too_large_keeps_enough_of_the_head_to_answer() -> None:
    (told,) = FrameDecoder(limit=10_000).feed(b"\x0b" + b"h" * 20_000)
    assert told == TooLarge(b"h" * 4096)


def test_feed__drained_payload_is_not_held() -> None:
    decoder = FrameDecoder(limit=4)
    for _ in range(50):
        decoder.feed(b"\x0b" + b"x" * 10_000)
    assert len(decoder._held) < 10


_PIECES = st.lists(st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\x1c\r", b"MSH", b"a", b"bcdefgh"]), max_size=40)


@given(_PIECES, st.lists(st.integers(1, 7), min_size=1, max_size=60), st.integers(1, 12))
def test_feed__any_cut_gives_the_same_frames(pieces: list[bytes], cuts: list[int], limit: int) -> None:
    stream = b"".join(pieces)
    whole = FrameDecoder(limit).feed(stream)
    decoder, found, place = FrameDecoder(limit), [], 0
    for cut in cuts * (len(stream) + 1):
        if place >= len(stream):
            break
        found += decoder.feed(stream[place : place + cut])
        place += cut
    assert found == whole


@given(st.lists(st.binary(max_size=30).filter(lambda b: b"\x1c\r" not in b and not b.endswith(b"\x1c")), max_size=6))
def test_feed__gives_back_what_was_framed(payloads: list[bytes]) -> None:
    assert FrameDecoder().feed(b"".join(map(frame, payloads))) == payloads
