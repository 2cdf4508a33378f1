import json
import logging
import re

from hypothesis import given
from hypothesis import strategies as st

from app.observability.logging import JsonLines
from app.observability.request_context import begin_request

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_well_formed_trace_goes_on_with_a_new_span() -> None:
    context = begin_request("reader-1", TRACE)
    assert context.request_id == "reader-1"
    assert context.parent_span_id == "00f067aa0ba902b7"
    assert re.fullmatch(r"00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01", context.traceparent)
    assert context.span_id != context.parent_span_id


@given(st.text(), st.text())
def test_anything_else_starts_a_new_one(request_id: str, traceparent: str) -> None:
    context = begin_request(request_id, traceparent)
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", context.request_id)
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", context.traceparent)


def test_zero_ids_are_not_a_trace() -> None:
    assert begin_request("", f"00-{'0' * 32}-00f067aa0ba902b7-01").parent_span_id == ""


def test_a_line_is_json_with_facts_and_without_exception_messages() -> None:
    begin_request("reader-1", TRACE)
    try:
        raise ValueError("DOE^JANE")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("app", logging.ERROR, __file__, 1, "it %s", ("failed",), info)
    record.facts = {"status": 500}
    text = JsonLines().format(record)
    line = json.loads(text)
    assert line["event"] == "it failed"
    assert line["status"] == 500
    assert line["request_id"] == "reader-1"
    assert line["error_type"] == "ValueError"
    assert "test_logging.py" in line["places"][0]
    assert "DOE" not in text
    assert "\n" not in text
