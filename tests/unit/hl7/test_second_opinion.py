"""Our reader beside python-hl7 and hl7apy, value by value; and where they err, so that it is known when they stop.

All messages are written here. What the libraries do in ERRS is the table of docs/dependencies.md.
"""

from __future__ import annotations

import logging
import string
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.hl7.er7 import parse
from tests.unit.hl7 import libraries
from tests.unit.hl7.libraries import Values


@pytest.fixture(autouse=True)
def _quiet_libraries() -> Iterator[None]:
    """python-hl7 logs pieces of what it cannot unescape."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def _message(version: str, kind: str, *segments: str, ends: str = "\r") -> str:
    sender = "EHR" if version < "2.3" else "EHR^1.2^ISO"
    msh = f"MSH|^~\\&|{sender}|HOSP|CARE|HUB|20260302101500-0500||{kind}|C7|P|{version}"
    return ends.join((msh, *segments))


PID = (
    "PID|1|X1|A1^5^M11^HOSP&1.2.3&ISO^MR~B2^^^&2.16.840&ISO^SS~C3||O\\T\\Hara^Ada^B^III^Dr^^L~Rossi^^^^^^D|Katz^Eve"
    "|196109040730|F|||1 Elm\\S\\2^Apt 3^Troy^NY^12180^USA^H~^^Albany|ALB|555-0100^PRN^PH~^NET^Internet^a@r.example"
    "||en^English||CAT|ACC1^^^BILL^AN"
)
PV1 = "|".join(
    [
        *(
            "PV1|1|I|W4^12^B^HOSP&1.2&ISO^^^MAIN^4|E|PRE1||77^Hall^Eve^^^Dr^^^NPI~13^Bell",
            '""',
            "|MED||||7|||17^Lee|IP",
        ),
        *("V1^^^HOSP^VN", *[""] * 16, "01", "SNF7^20260302", *[""] * 6, "202603011200", "202603021000"),
    ]
)
MESSAGES = {
    "2.1": _message("2.1", "ADT^A01", "EVN|A01|20260302", "PID|1||A1^5^M11||Rossi^Ada^B|||F", "PV1|1|I|W4"),
    "2.2": _message("2.2", "ADT^A03", "PID|1|X1|A1^5^M11|Y1|Rossi^Ada", "PV1|1|I|W4^12||||77^Hall^Eve", "DG1|1|I9|428"),
    "2.3": _message("2.3", "ADT^A08", "EVN|A08|20260302", "PID|1||A1^^^HOSP~B2||Rossi^Ada", "AL1|1|DA|PEN^Penicillin"),
    "2.3.1": _message("2.3.1", "ADT^A04^ADT_A01", "PID|1||A1^^^HOSP&1.2&ISO^MR||Rossi^Ada", "PV1|1|E|ED^1"),
    "2.4": _message("2.4", "ADT^A40^ADT_A39", "EVN||20260302", PID, "MRG|A0^^^HOSP^MR~A9|||P0||W0^^^HOSP^VN|Old^Name"),
    "2.5": _message("2.5", "ADT^A17^ADT_A17", "PID|1||A1", "PV1|1|I|W^1^A", "PID|2||B2", "PV1|2|I|W^2^B", "DG1|1||I10"),
    "2.5.1": _message("2.5.1", "ADT^A03^ADT_A03", "EVN||20260302101400-0500|||U1^Clerk|20260302095500", PID, PV1),
    "2.6": _message("2.6", "ADT^A01^ADT_A01", PID.replace("555-0100^", "^"), "ARV|1|A|PHY", PV1, "PV2|||R07^Pain^I10"),
    "2.7": _message("2.7", "ADT^A02^ADT_A02", "EVN||20260302", PID, PV1, "PV2|W9^3^A|||||||202603||||" + '""'),
    "2.8.2": _message(
        "2.8.2",
        "ADT^A01^ADT_A01",
        "EVN||20260302",
        "PID|1||A1^^^HOSP^MR||Rossi&van&Rossi^Ada",
        "PD1|||Elm Practice^^^^^NPI^^^^9",
        "NK1|1|Rossi^Leo|SPO^Spouse^HL70063||^PRN^PH^^1^518^5550100|^NET^Internet^l@r.example|C^Emergency",
        "PV1|1|I|W4^12^B",
        "ROL|1|AD|PP^Primary Care Provider^HL70443|55^Katz^Jo^^^^^^NPI|20260101|20261231",
        "DG1|1||I50.9^Heart failure^I10|||F",
        "IN1|1|MED^Medicare|90001^^^PAYER|Payer \\T\\ Partners" + "|" * 45 + "TM1^^^PAYER^MB",
    ),
}  # fmt: skip
LIBRARIES = {"python-hl7": libraries.python_hl7, "hl7apy": libraries.hl7apy}


@pytest.mark.parametrize("version", MESSAGES)
@pytest.mark.parametrize("library", LIBRARIES)
def test_values__are_those_that_the_library_reads(library: str, version: str) -> None:
    theirs = LIBRARIES[library](MESSAGES[version])
    assert len(theirs) > 20
    assert libraries.ours(MESSAGES[version]) == theirs


def test_values__of_segments_that_no_standard_knows() -> None:
    text = _message("2.5.1", "ADT^A01", "PID|1||A1", "ZAB|1|x^y&z~q|||\\E\\", "ZZZ")
    assert libraries.ours(text) == libraries.python_hl7(text)


_texts = st.text(string.ascii_letters + string.digits + " .|^&~\\é山", max_size=5).map(str.strip)
_fields = st.lists(st.lists(st.lists(_texts, min_size=1, max_size=2), min_size=1, max_size=4), min_size=1, max_size=3)
_segments = st.lists(
    st.tuples(st.sampled_from(("PID", "PV1", "NTE", "ZAB")), st.lists(_fields, max_size=8)), max_size=4
)
_separators = st.permutations("|^~\\&@#!*+").map(lambda all_of_them: "".join(all_of_them[:5]))


def _written(separators: str, segments: list[tuple[str, list[list[list[list[str]]]]]]) -> tuple[str, Values]:
    """The message and what stands in it, by the words of HL7 v2.5.1 ch. 2.5 and 2.7 alone."""
    field, component, repetition, escape, subcomponent = iter(separators)
    letters = {field: "F", component: "S", subcomponent: "T", repetition: "R", escape: "E"}
    values: Values = {
        (0, "MSH", 1, 1, 1, 1): field,
        (0, "MSH", 2, 1, 1, 1): separators[1:],
        (0, "MSH", 3, 1, 1, 1): "EHR",
    }
    lines = [f"MSH{field}{separators[1:]}{field}EHR"]

    def write(text: str, *place: int | str) -> str:
        if text:
            values[place] = text  # type: ignore[index]
        return "".join(f"{escape}{letters[c]}{escape}" if c in letters else c for c in text)

    for s, (name, fields) in enumerate(segments, 1):
        line = [name]
        for f, repetitions in enumerate(fields, 1):
            told = [
                component.join(
                    subcomponent.join(write(text, s, name, f, r, c, t) for t, text in enumerate(texts, 1))
                    for c, texts in enumerate(components, 1)
                )
                for r, components in enumerate(repetitions, 1)
            ]
            line.append(repetition.join(told))
        lines.append(field.join(line))
    return "\r".join(lines), values


@given(st.just("|^~\\&") | _separators, _segments)
def test_values__whatever_was_written_by_any_separators(
    separators: str, segments: list[tuple[str, list[list[list[list[str]]]]]]
) -> None:
    text, values = _written(separators, segments)
    assert libraries.python_hl7(text) == values
    assert _ours_by_place(text, values) == values


def _ours_by_place(text: str, values: Values) -> Values:
    segments = parse(text.encode()).all_segments()
    return {place: segments[place[0]].text(place[2], place[4], place[5], place[3]) for place in values}


def _in_name(text: str, version: str = "2.5.1", encoding: str = "^~\\&", ends: str = "\r") -> str:
    return _message(version, "ADT^A01", f"PID|1||A1||{text}", "PV1|1|I", ends=ends).replace("^~\\&", encoding, 1)


NAME = (1, "PID", 5, 1, 1, 1)
CLASS = (2, "PV1", 2, 1, 1, 1)
PLACE = (2, "PV1", 3, 1, 1, 1)
PHONE = ("555-0100", "555-0100")
REFUSES = "refuses the message"
# what it is, the message, the place, what was meant, what python-hl7 gives, what hl7apy gives
ERRS = (
    ("LF ends lines", _in_name("Rossi", ends="\n"), NAME, "Rossi", None, REFUSES),
    ("CRLF ends lines", _in_name("Rossi", ends="\r\n"), CLASS, "I", None, "I"),
    ("a lone backslash", _in_name("C:\\temp\\x"), NAME, "C:\\temp\\x", "C:x", "C:\\temp\\x"),
    ("a backslash at the end", _in_name("Rossi\\"), NAME, "Rossi\\", "Rossi", "Rossi\\"),
    ("`\\.br\\`", _in_name("a\\.br\\b"), NAME, "a\nb", "a\rb", "a\\.br\\b"),
    ("`\\.sp2\\`", _in_name("a\\.sp2\\b"), NAME, "a\n\nb", "a\r\rb", "a\\.sp2\\b"),
    ("`\\H\\` and `\\N\\`", _in_name("\\H\\a\\N\\b"), NAME, "ab", "_a_b", "\\H\\a\\N\\b"),
    ("`\\X..\\` in UTF-8", _in_name("Zo\\XC3AB\\"), NAME, "Zoë", "ZoÃ«", "Zo\\XC3AB\\"),
    ("`\\X0D0A\\`", _in_name("a\\X0D0A\\b"), NAME, "a\r\nb", "a\r\nb", "a\\X0D0A\\b"),
    ("`\\P\\` of 2.7", _in_name("a\\P\\b", "2.7", "^~\\&#"), NAME, "a#b", "ab", "a\\P\\b"),
    ("`\\Zab\\`, local", _in_name("\\Zab\\x"), NAME, "\\Zab\\x", "x", "\\Zab\\x"),
    ("MSH-2 cut short", _in_name("a\\F\\b", encoding="^~"), NAME, "a|b", "a|b", REFUSES),
    ("MSH-2 with its backslash doubled", _in_name("a\\F\\b&c", encoding="^~\\\\&"), NAME, "a|b", "a", REFUSES),
    ("a segment's name in small letters", _in_name("Rossi").replace("PID", "pid"), NAME, "Rossi", None, "Rossi"),
    ("blanks before a segment's name", _in_name("Rossi").replace("PID", " PID"), NAME, "Rossi", None, "Rossi"),
    ("a byte order mark", "\ufeff" + _in_name("Rossi"), NAME, "Rossi", REFUSES, REFUSES),
    ("version 2.9", _in_name("Rossi", "2.9"), NAME, "Rossi", "Rossi", REFUSES),
    ("no version", _in_name("Rossi", ""), NAME, "Rossi", "Rossi", REFUSES),
    ("a surplus component", _in_name("Rossi" + "^" * 20 + "x"), (1, "PID", 5, 1, 21, 1), "x", "x", None),
    ("components in PV1-3 of 2.1", f"{_in_name('Rossi', '2.1')}|W4^12^B", PLACE, "W4", "W4", "B"),
    ("PD1-4 from 2.8 on", f"{_in_name('Rossi', '2.8')}\rPD1||||55^Katz", (3, "PD1", 4, 1, 1, 1), "55", "55", "Katz"),
    ("XTN-1 of 2.6", f"{_in_name('Rossi', '2.6')}\rNK1|||||555-0100^PRN", (3, "NK1", 5, 1, 1, 1), *PHONE, None),
)


def _given(read: Callable[[str], Values], text: str, place: libraries.Place) -> str | None:
    try:
        return read(text).get(place)
    except Exception:  # noqa: BLE001 - whatever a library raises, it does not read the message
        return REFUSES


@pytest.mark.parametrize(
    ("text", "place", "meant", "python", "apy"), [err[1:] for err in ERRS], ids=[e[0] for e in ERRS]
)
def test_errs__what_was_meant_and_what_the_libraries_give(
    text: str, place: libraries.Place, meant: str, python: str | None, apy: str | None
) -> None:
    given_by = [_given(read, text, place) for read in (libraries.ours, libraries.python_hl7, libraries.hl7apy)]
    assert given_by == [meant, python, apy]
    assert python != meant or apy != meant


def test_errs__are_the_table_of_the_docs() -> None:
    docs = (Path(__file__).parents[3] / "docs" / "dependencies.md").read_text()
    table = [line.split("|")[1].strip() for line in docs.splitlines() if line.startswith("|")]
    assert [row for row in table if row in {err[0] for err in ERRS}] == [err[0] for err in ERRS]
