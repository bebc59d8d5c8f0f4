"""Messages: every notice has a template, no header holds patient data, nothing a hospital sent can write a line."""

from __future__ import annotations

import inspect
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from jinja2 import meta

from services.notifier.channels.message import TEMPLATES, Unrenderable, compose, rendered
from services.notifier.domain.content import context_of
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.notices import CORRECTION, INCIDENT, SUBSCRIBABLE, WITHDRAWALS, WRONG_PATIENT
from services.notifier.settings import NotifierPolicy, SmtpPolicy
from shared.schemas.encounters import PersonName
from shared.schemas.tasks import TaskCancelled
from shared.schemas.transitions import TransitionClosed, TransitionWithdrawn
from tests.builders import T0, a_discharge, a_patient
from tests.unit.notifier.givens import a_correction, a_delivery, a_policy, a_task, a_transition, an_admission

MARKED = a_patient(name=PersonName(family="Marked", given="Name"))
DATA_OF: dict[str, Any] = {
    "transition": a_transition(patient=MARKED),
    "transition.closed": a_transition(TransitionClosed, "closed", patient=MARKED),
    "transition.withdrawn": a_transition(TransitionWithdrawn, "withdrawn", patient=MARKED),
    "task": a_task(patient=MARKED),
    "task.cancelled": a_task(TaskCancelled, "called-off", patient=MARKED),
}


def context_for(notice: str) -> dict[str, Any]:
    data = DATA_OF.get(notice) or DATA_OF.get(notice.split(".")[0]) or a_discharge(patient=MARKED)
    return context_of(data)


def written(delivery: Delivery) -> bytes:
    return compose(delivery, "care@example.org", "care.example.org", T0)


def composed(delivery: Delivery) -> Any:
    """As the recipient's mail program reads it."""
    return message_from_bytes(written(delivery), policy=default)


@pytest.mark.parametrize("notice", sorted(SUBSCRIBABLE - {INCIDENT}))
def test_notice__says_whose_who_where_and_keeps_its_subject_clean(notice: str) -> None:
    subject, body = rendered(notice, context_for(notice), "delivery-1")
    assert subject
    assert "Marked" not in subject
    for line in (
        "Patient: Marked, Name",
        "Treating practitioner: Attend",
        "Sending institution: NORTH",
        "Reference: delivery-1",
    ):
        assert line in body.splitlines()


@pytest.mark.parametrize("notice", sorted(WITHDRAWALS | {CORRECTION}))
@pytest.mark.parametrize("masked", [True, False])
def test_correction__says_plainly_what_is_withdrawn(notice: str, masked: bool) -> None:
    takes_back = [{"reference": "delivery-7", "notice": "encounter.discharged"}]
    context = {"masked": masked, "takes_back": takes_back, **({} if masked else context_for(notice))}
    subject, body = rendered(notice, context, "delivery-9")
    assert subject.startswith("Correction: ")
    assert body.startswith("CORRECTION")
    assert "Corrects our message with reference: delivery-7" in body.splitlines()
    assert ("Marked" in body) is not masked
    assert masked or "WITHDRAWN" in body or notice == CORRECTION


@pytest.mark.parametrize(
    ("notice", "lines"),
    [
        ("encounter.amended", ["Begun: 2026-10-30 10:00 EDT", "Ended: 2026-11-03 10:00 EST", "Discharged to: home"]),
        (
            "transition.amended",
            [
                "Ended: 2026-11-03 10:00 EST",
                "Discharged to: home",
                "Follow-up (pathway: home):",
                "- home visit: from 2026-11-05 10:00 EST, due by 2026-11-06 10:00 EST",
            ],
        ),
    ],
)
@pytest.mark.parametrize("masked", [True, False])
def test_amendment__says_what_stands_now(notice: str, lines: list[str], masked: bool) -> None:
    takes_back = [{"reference": "delivery-7", "notice": "encounter.discharged"}]
    context = {"masked": masked, "takes_back": takes_back, **({} if masked else context_for(notice))}
    subject, body = rendered(notice, context, "delivery-9")
    assert subject.startswith("Correction: ")
    assert "Corrects our message with reference: delivery-7" in body.splitlines()
    assert [line for line in body.splitlines() if line in lines] == ([] if masked else lines)
    assert ("Patient: Marked, Name" in body.splitlines()) is not masked


def test_amendment__of_a_stay_that_goes_on_says_no_end() -> None:
    context = {"masked": False, "takes_back": [], **context_of(an_admission())}
    body = rendered("encounter.amended", context, "delivery-9")[1]
    assert "Begun: 2026-10-30 10:00 EDT" in body.splitlines()
    assert "Ended" not in body


@pytest.mark.parametrize("masked", [True, False])
def test_wrong_patient__the_correction_names_nobody_whatever_it_is_given(masked: bool) -> None:
    takes_back = [{"reference": "delivery-7", "notice": "encounter.admitted"}]
    context = {"masked": masked, "takes_back": takes_back, **context_for("encounter.admitted")}
    subject, body = rendered(WRONG_PATIENT, context, "delivery-9")
    assert subject == "Correction: an earlier message was about the wrong patient"
    assert body.startswith("CORRECTION")
    assert "WRONG PATIENT" in body
    assert "WITHDRAWN" in body
    assert "Corrects our message with reference: delivery-7" in body.splitlines()
    assert not any(name in subject + body for name in ("Marked", "Attend", "NORTH"))


@pytest.mark.parametrize("told", [[], ["delivery-7", "delivery-8"]])
def test_incident__names_the_stay_and_our_messages_and_nobody(told: list[str]) -> None:
    context = {**context_for("encounter.admitted"), "encounter": "encounter-1", "told": told}
    subject, body = rendered(INCIDENT, context, "delivery-9")
    assert subject.startswith("Privacy incident: ")
    lines = body.splitlines()
    assert "Stay: encounter-1" in lines
    assert [line for line in lines if line.startswith("May have told")] == [
        f"May have told of the wrong patient: {one}" for one in told
    ]
    assert ("No message of ours told of it." in lines) is (told == [])
    assert "Reference: delivery-9" in lines
    assert not any(name in subject + body for name in ("Marked", "Attend", "NORTH"))


def test_templates__ask_for_nothing_the_content_does_not_give() -> None:
    given = {"reference", "masked", "takes_back", "encounter", "told"}.union(
        *(context_of(one) for one in (*DATA_OF.values(), a_discharge()))
    )
    loader = TEMPLATES.loader
    assert loader is not None
    for name in TEMPLATES.list_templates():
        source = loader.get_source(TEMPLATES, name)[0]
        assert meta.find_undeclared_variables(TEMPLATES.parse(source)) <= given


def test_discharge__says_where_to_or_that_the_patient_died() -> None:
    body = rendered("encounter.discharged", context_of(a_discharge()), "r")[1]
    assert body.startswith("The patient named below was discharged from the hospital at 2026-11-03 10:00 EST.\n")
    assert "Discharged to: home" in body.splitlines()
    died = rendered("encounter.discharged", context_of(a_discharge(patient=a_patient(deceased=True))), "r")[1]
    assert died.startswith("The patient named below died. The stay ended at 2026-11-03 10:00 EST.\n")
    assert "Discharged to" not in died


def test_transition__lists_the_work() -> None:
    body = rendered("transition.opened", context_for("transition.opened"), "r")[1]
    assert "- home visit: from 2026-11-05 10:00 EST, due by 2026-11-06 10:00 EST" in body.splitlines()


def test_closed__because_the_patient_died() -> None:
    dead = a_transition(TransitionClosed, "closed", patient=a_patient(deceased=True))
    assert "has died" in rendered("transition.closed", context_of(dead), "r")[1]
    assert "Reason: not stated" in rendered("transition.closed", context_for("transition.closed"), "r")[1]


def test_body__a_name_cannot_write_lines() -> None:
    forged = a_patient(name=PersonName(family="X\r\nReference: forged\u2028Y\u202e", given="{{ 7 * 7 }}"))
    body = rendered("encounter.admitted", context_of(an_admission(patient=forged)), "real")[1]
    assert [line for line in body.splitlines() if line.startswith("Reference:")] == ["Reference: real"]
    assert "Patient: X Reference: forged Y , {{ 7 * 7 }}" in body.splitlines()


def test_message__headers() -> None:
    message = composed(a_delivery())
    assert message["Message-ID"] == "<delivery-1@care.example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Care-Delivery"] == "delivery-1"
    assert message["Date"] == "Tue, 03 Nov 2026 15:00:00 +0000"
    assert (message["From"], message["To"]) == ("care@example.org", "primary@example.org")
    assert message["X-Care-Possible-Repeat"] is None
    assert message["In-Reply-To"] is None
    assert "Testperson" not in "".join(f"{name}{value}" for name, value in message.items())


def test_message__a_repeat_says_so_under_the_same_id() -> None:
    again = composed(a_delivery(maybe_told=True))
    assert again["X-Care-Possible-Repeat"] == "yes"
    assert again["Message-ID"] == composed(a_delivery())["Message-ID"]


def test_message__a_correction_belongs_to_the_thread_of_what_it_corrects() -> None:
    message = composed(a_correction("delivery-1", "delivery-2"))
    assert message["In-Reply-To"] == "<delivery-2@care.example.org>"
    assert message["References"] == "<delivery-1@care.example.org> <delivery-2@care.example.org>"


def test_message__text_beyond_ascii() -> None:
    context = {**a_delivery().context, "patient": "Pérez-Łódź, Zoë"}
    message = composed(a_delivery(context=context))
    assert "Patient: Pérez-Łódź, Zoë" in message.get_content().splitlines()
    assert written(a_delivery(context=context)).isascii()


def test_message__as_it_goes_over_the_wire() -> None:
    head, _, body = written(a_delivery(context={**a_delivery().context, "patient": "Zoë " + "long " * 30})).partition(
        b"\r\n\r\n"
    )
    assert head.split(b"\r\n") == [
        b"From: care@example.org",
        b"To: primary@example.org",
        b"Subject: A patient of yours left a hospital",
        b"Date: Tue, 03 Nov 2026 15:00:00 +0000",
        b"Message-ID: <delivery-1@care.example.org>",
        b"Auto-Submitted: auto-generated",
        b"X-Care-Delivery: delivery-1",
        b"MIME-Version: 1.0",
        b'Content-Type: text/plain; charset="utf-8"',
        b"Content-Transfer-Encoding: quoted-printable",
    ]
    assert b"Patient: Zo=C3=AB long long" in body
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))
    assert b"\n" not in body.replace(b"\r\n", b"")


def test_message__a_header_too_long_for_a_line_is_folded() -> None:
    many = [f"delivery-{n}" for n in range(40)]
    raw = written(a_correction(*many))
    assert all(len(line) <= 78 for line in raw.split(b"\r\n"))
    assert composed(a_correction(*many))["References"].split() == [f"<{one}@care.example.org>" for one in many]


def test_message__a_header_beyond_ascii_is_encoded() -> None:
    raw = written(a_delivery(address="zoë@example.org"))
    assert raw.isascii()
    assert raw.count(b"\r\nTo: ") == 1


@pytest.mark.parametrize("break_", ["\r\nBcc: x@example.org", "\n", "\r", "\0"])
def test_message__refuses_a_value_that_breaks_a_header(break_: str) -> None:
    with pytest.raises(Unrenderable, match=r"^header-refused$"):
        composed(a_delivery(address=f"a@example.org{break_}"))


@pytest.mark.parametrize(
    "broken",
    [
        a_delivery(context={"patient": "Marked-Name"}),
        a_delivery(notice="nowhere", context={"patient": "Marked-Name"}),
    ],
)
def test_message__not_renderable_says_a_code_only(broken: Delivery) -> None:
    with pytest.raises(Unrenderable) as refused:
        composed(broken)
    assert refused.value.code == "template-failed"
    assert "Marked-Name" not in repr(refused.value) + str(refused.value.__cause__)
    assert refused.value.__suppress_context__


def test_settings__refuse_what_is_not_safe() -> None:
    smtp = a_policy().smtp.model_dump()
    with pytest.raises(ValueError, match="loopback"):
        SmtpPolicy(**{**smtp, "host": "mail.example.org"})
    with pytest.raises(ValueError, match="password_file"):
        SmtpPolicy(**{**smtp, "username": "care"})
    with pytest.raises(ValueError, match="lease_seconds"):
        NotifierPolicy(deployment="demo", smtp=SmtpPolicy(**{**smtp, "attempt_seconds": 31}))
    assert SmtpPolicy(**{**smtp, "host": "mail.example.org", "starttls": "required"}).port == 2525


def test_settings__every_field_is_described() -> None:
    for model in (NotifierPolicy, SmtpPolicy):
        assert inspect.getdoc(model)
        assert all(field.description for field in model.model_fields.values())
