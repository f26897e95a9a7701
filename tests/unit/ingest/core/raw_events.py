"""Hypothesis strategies for events as bytes: good ones, odd ones, and every way to be wrong."""

import json
from typing import Final

from hypothesis import strategies as st

from schemas.instant import DAY_MS, format_instant, parse_instant

NOW_MS: Final = parse_instant("2026-11-21T10:00:00Z")

_names = st.sampled_from(["c-1", "api", "e-1", "ü", "", "a" * 128, "a" * 129, "a\u200bb", " ", "\U0001f6f0"])
_texts = _names | st.text(max_size=5)
#: As they stand in JSON, quotation marks included.
_text_tokens = (
    _texts.map(lambda text: json.dumps(text, ensure_ascii=False))
    | _texts.map(json.dumps)
    | st.sampled_from(['"\\u0061"', '"\\u0000"', '"\\ud800"', '"\\/"', '"\x7f"', '"\udc80"', '"a\\"b"'])
)
_number_tokens = (
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str)
    | st.integers(-3, 10**21).map(str)
    | st.sampled_from(["-0", "0.0", "1e3", "1E-2", "0.1234567", "1" * 21, "01", "1.", "9" * 400])
)
_plain_tokens = st.sampled_from(["null", "true", "false", "[]", "{}", "[1]", '{"a":1}', "NaN", ""])
_any_tokens = _text_tokens | _number_tokens | _plain_tokens

_good_times = st.integers(NOW_MS - 35 * DAY_MS, NOW_MS + 300_000).map(format_instant)
_time_texts = (
    _good_times
    | st.sampled_from(
        [
            "2026-11-21T10:00:00.1234567Z",
            "2026-11-21T10:00:00.123456+00:00",
            "2026-11-21T09:00:00.999999999-00:30",
            "2026-11-21T10:00:00+02:00",
            "2026-11-21T10:00:00.12Z",
            "2026-11-21T10:00:00.12ZZ",
            "2026-11-21t10:00:00z",
            "2026-11-21 10:00:00Z",
            "2026-11-21T10:00:00",
            "2026-11-21T10:00:60Z",
            "2026-11-21T24:00:00Z",
            "2026-02-30T10:00:00Z",
            "2026-11-21T10:00:00.Z",
            "2026-11-21T10:00:00.123+24:00",
            "2026-10-17T09:59:59.999Z",
            "2026-11-21T10:05:00.001Z",
            "0001-01-01T00:00:00+10:00",
            "",
        ]
    )
    | st.tuples(_good_times, st.text("0123456789.Z+-:T ", max_size=4)).map(
        lambda both: both[0][:-1] + both[1]
    )
)
_time_tokens = _time_texts.map(json.dumps) | _any_tokens

_quantity_tokens = (
    st.sampled_from(['"3"', "3", '"0.5"', "0.5", '"12.345678"', '"-1"', '"1e3"', '"NaN"', '" 1"', '"٣"'])
    | st.decimals(0, 10**15, places=6).map(lambda quantity: f'"{quantity}"')
    | _any_tokens
)
_blanks = st.sampled_from(["", "", "", " ", "\n ", "\t"])


_data_names = st.sampled_from(["endpoint", "status", "quantity", "bytes", "ü", "a\\u0062", "a"])
_good_names = st.sampled_from(['"c-1"', '"c-2"', '"e-1"', '"e-2"', '"ü"'])
_short: Final = {
    "id": _good_names,
    "customer": _good_names,
    "meter": st.just('"api"'),
    "quantity": _quantity_tokens,
}
_cloud: Final = {
    "specversion": st.just('"1.0"'),
    "id": _good_names,
    "source": _good_names,
    "type": st.just('"api"'),
    "subject": _good_names,
}
_odd_names = st.sampled_from([*_short, *_cloud, "time", "data", "region", "datacontenttype", "data_base64"])


# Composite, not chained: Hypothesis writes chained strategies out in full whenever it reports.
@st.composite
def objects(draw: st.DrawFn, members: list[tuple[str, str]]) -> str:
    """Return a JSON object of (name, token) in one of many layouts."""
    blank = draw(_blanks)
    written = [f'"{name}"{blank}:{blank}{token}' for name, token in members]
    return f"{blank}{{{blank}{(',' + blank).join(written)}{blank}}}{blank}"


@st.composite
def data_tokens(draw: st.DrawFn) -> str:
    """Return what may stand as `data`: mostly a flat object."""
    if draw(st.integers(0, 4)) == 0:
        return draw(_any_tokens)
    return draw(objects(draw(st.lists(st.tuples(_data_names, _any_tokens), max_size=4))))


@st.composite
def raw_events(draw: st.DrawFn) -> bytes:
    """Return one event, or what its sender took for one: mostly as it should be."""
    fixed = draw(st.sampled_from([_short, _cloud]))
    members = [(name, draw(tokens)) for name, tokens in fixed.items()]
    for name, tokens in (("time", _time_tokens), ("data", data_tokens()), ("source", _text_tokens)):
        if name not in fixed and draw(st.booleans()):
            members.append((name, draw(tokens)))
    if draw(st.integers(0, 2)) == 0:  # something odd: a stranger, or a name that stands twice
        members += draw(st.lists(st.tuples(_odd_names, _any_tokens), max_size=2))
        members = draw(st.permutations(members))
        del members[: draw(st.integers(0, 1))]
    return draw(objects(members)).encode(errors="surrogatepass")
