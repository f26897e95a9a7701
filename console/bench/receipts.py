"""Reads answers of the ingress after a run: into the truth file, and into positions on the log."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Final

import msgspec

from console.bench.core.log_places import Receipt
from console.bench.load import Attempt
from console.generator.attempt import Answer, TruthWriter
from schemas.position import parse_position


class _Result(msgspec.Struct, gc=False):
    status: Answer
    position: str = ""


class _Answer(msgspec.Struct, gc=False):
    results: list[_Result]


_decode: Final = msgspec.json.Decoder(_Answer).decode


def write_truth(path: Path, attempts: Iterable[Attempt]) -> None:
    """Write the truth file of a run: every event of every attempt with its answer."""
    with TruthWriter(path) as writer:
        for batch, answer in attempts:
            if answer.status in (HTTPStatus.ACCEPTED, HTTPStatus.MULTI_STATUS):
                writer.write(batch.events, [result.status for result in _decode(answer.body).results])
            else:
                refused = answer.status == HTTPStatus.BAD_REQUEST
                writer.write_same(batch.events, "rejected" if refused else "none")


def places(attempts: Iterable[Attempt]) -> Iterator[Receipt]:
    """Yield the place of each published event, and when its answer was there."""
    for attempt in attempts:
        if attempt.good:
            for result in _decode(attempt.answer.body).results:
                if result.position:
                    position = parse_position(result.position)
                    yield Receipt(position.partition, position.offset, attempt.answer.ended_at)
