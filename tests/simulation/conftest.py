"""What a run of the simulation needs around it."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from processors.usage import state


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Nobody reads the logs of ten thousand restarts."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def rows_are_kept_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few steps write less than what a file of rows is worth otherwise."""
    monkeypatch.setattr(state, "LEAST_RECORDS", 30)
    monkeypatch.setattr(state, "RECORDS_A_ROW", 0)
