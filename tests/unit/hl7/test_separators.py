"""MSH-1/-2 and escapes: usual, unusual, damaged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.hl7.malformed import Malformed, Reason
from shared.hl7.separators import STANDARD, Separators, escape, keeps_switch, read_separators, unescape

UNUSUAL = Separators("@", "~", "&", "#", "\\")
TRUNCATING = Separators(truncation="#")


def test_separators__usual() -> None:
    assert read_separators("MSH|^~\\&") == STANDARD


def test_separators__with_truncation_character_of_v27() -> None:
    read = read_separators("MSH|^~\\&#")
    assert read == TRUNCATING
    assert read.encoding_characters == "^~\\&#"


def test_separators__all_others_than_usual() -> None:
    assert read_separators("MSH@~&#\\") == UNUSUAL


@pytest.mark.parametrize(
    "head",
    [
        "MSH|",  # MSH-2 missing
        "MSH|^~",  # short
        "MSH|^~\\",
        "MSH|^~\\\\&",  # the escape character doubled on its way
        "MSH|^^\\&",  # a character twice
        "MSH|AB12",  # an application's name where MSH-2 should be
        "MSH|^~\\&##",  # too long
        "MSH|^~\\&^",  # a truncation character that is taken
        "MSH|^~\\&|",
        'MSH|^~\\&"',
    ],
)
def test_separators__damaged_are_completed_and_marked(head: str) -> None:
    assert read_separators(head) == Separators(assumed=True)


def test_separators__damaged_where_the_usual_one_is_taken_by_the_field() -> None:
    read = read_separators("MSH^")
    assert read == Separators("^", "~", "\\", "&", "|", assumed=True)


def test_separators__damaged_in_one_place_keep_the_others() -> None:
    read = read_separators("MSH|*~A&")
    assert read == Separators("|", "*", "~", "\\", "&", assumed=True)


@pytest.mark.parametrize("head", ["MSH", "MSHA^~\\&", "MSH ^~\\&", 'MSH"^~\\&', "MSH\x01^~\\&", "MSH1"])
def test_separators__field_separator_that_cannot_be_one(head: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_separators(head)
    assert caught.value.code is Reason.BAD_SEPARATORS
    assert str(caught.value) == "bad_separators"


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("plain", "plain"),
        ("\\F\\ \\S\\ \\T\\ \\R\\ \\E\\", "| ^ & ~ \\"),
        ("a\\P\\b", "a#b"),
        ("\\H\\loud\\N\\", "loud"),
        ("one\\.br\\two", "one\ntwo"),
        ("\\X0D0A\\", "\r\n"),
        ("\\XC3A9\\", "é"),
        ("\\XC3\\", "\\XC3\\"),  # not of this charset: kept
        ("\\XA\\", "\\XA\\"),  # half a byte
        ("\\Zab\\F\\F\\", "\\Zab\\F|"),  # an unknown escape is one unit, what follows is read
        ("one\\.sp\\two", "one\ntwo"),  # as .br
        ("one\\.sp3\\two", "one\n\n\ntwo"),
        ("one\\.sp+2\\two", "one\n\ntwo"),
        ("one\\.sp 2\\two", "one\n\ntwo"),
        ("one\\.sp0\\two", "one\ntwo"),
        ("one\\.ce\\two", "one\ntwo"),
        ("a\\.sk\\b\\.sk3\\c\\.sk0\\d", "a b   cd"),
        ("\\.in+4\\\\.ti-4\\\\.fi\\plain\\.nf\\\\.in\\", "plain"),
        ("\\.sp-1\\ \\.sk100\\", "\\.sp-1\\ \\.sk100\\"),  # no layout that there is
        ("\\.fi2\\ \\.zz\\ \\.SP\\", "\\.fi2\\ \\.zz\\ \\.SP\\"),
        ("\\.br2\\x", "\\.br2\\x"),
        ("\\C2842\\", "\\C2842\\"),  # this charset has nothing to change to
        ("\\M2442\\;3ED", "\\M2442\\;3ED"),
        ("C:\\dir\\F\\x", "C:\\dir|x"),  # a lone escape character is text
        ("end\\", "end\\"),
        ("\\\\", "\\\\"),
    ],
)
def test_unescape(sent: str, meant: str) -> None:
    assert unescape(sent) == meant


def test_unescape__hexadecimal_in_the_charset_of_the_message() -> None:
    assert unescape("\\XE9\\", STANDARD, "iso8859-1") == "é"


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("\\M2442\\;3ED\\C2842\\ Taro", "山田 Taro"),  # JIS X 0208: 3B33 4544
        ("\\M2442\\;3\\C284A\\=\\M2442\\ED", "山=田"),
        ("\\M242844\\0!", "丂"),  # JIS X 0212: 3021, the first of its kanji
        ("山\\M2442\\ED", "山田"),
        ("\\M2442\\F\\F\\K\\E\\", "日本"),  # 467C 4B5C: F| and K\, whose separators are escaped
        ("\\C2842\\", ""),
        ("\\C2842\\a\\T\\b", "a&b"),
        ("山\\F\\田", "山|田"),
    ],
)
def test_unescape__character_set_changed_within_iso_2022(sent: str, meant: str) -> None:
    assert unescape(sent, STANDARD, "iso2022_jp_2") == meant
    assert not keeps_switch(sent, STANDARD, "iso2022_jp_2")


@pytest.mark.parametrize(
    ("sent", "kept", "charset"),
    [
        ("\\C2D41\\i", True, "iso2022_jp_2"),  # Latin 1, which this codec does not have there
        ("\\M2442\\山", True, "iso2022_jp_2"),  # what follows is no code of that set
        ("\\M2442\\;3ED", True, "utf-8"),
        ("\\C2842\\", True, "iso8859-1"),
        ("\\C28\\ \\Mabc\\ \\CGGGG\\", False, "utf-8"),  # no change of a character set
        ("\\E\\C2842\\E\\", False, "utf-8"),  # a backslash, then letters
        ("\\F\\", False, "iso2022_jp_2"),
        ("plain", False, "utf-8"),
    ],
)
def test_unescape__change_of_character_set_that_leads_nowhere_is_kept_and_told(
    sent: str, kept: bool, charset: str
) -> None:
    assert keeps_switch(sent, STANDARD, charset) is kept
    assert not kept or unescape(sent, STANDARD, charset) == sent


def test_unescape__truncation_character_of_the_message() -> None:
    assert unescape("\\P\\", Separators(truncation="%")) == "%"


def test_unescape__own_escape_character() -> None:
    assert unescape("a#F#b \\F\\", UNUSUAL) == "a@b \\F\\"


def test_escape__what_could_end_a_segment_or_a_frame() -> None:
    assert escape("a|b^c\rd\x1ce#") == "a\\F\\b\\S\\c\\X0D\\d\\X1C\\e#"
    assert escape("#", TRUNCATING) == "\\P\\"


@given(st.text(), st.sampled_from([STANDARD, UNUSUAL, TRUNCATING]))
def test_escape__is_undone_by_unescape_and_holds_no_separator(text: str, separators: Separators) -> None:
    written = escape(text, separators)
    assert unescape(written, separators) == text
    assert not set(written) & (set(separators.encoding_characters + separators.field) - {separators.escape})
    assert not set(written) & {"\r", "\n", "\x0b", "\x1c"}
