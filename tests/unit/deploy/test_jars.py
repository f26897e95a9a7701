import hashlib
from pathlib import Path

import pytest

from deploy.local.jars import Pin, ensure_jars, parse_pins, pinned
from schemas.errors import Misconfigured, TryAgain

_CONTENT = b"a jar"
_PIN = Pin("org.example", "part", "1.2", hashlib.sha256(_CONTENT).hexdigest())
_OTHER = _PIN._replace(artifact="other")


def _quiet(_line: str) -> None:
    pass


class _Central:
    """Stands in for the network: what it brings, and how often it was asked."""

    def __init__(self, content: bytes = _CONTENT) -> None:
        self.content = content
        self.asked: list[str] = []

    def __call__(self, pin: Pin, folder: Path) -> Path:
        self.asked.append(str(pin))
        path = folder / f"download-{pin.artifact}"
        path.write_bytes(self.content)
        return path


def test_the_shipped_list_is_the_whole_class_path_of_one_release() -> None:
    pins = pinned()
    assert len(pins) == 46
    assert {pin.version for pin in pins if pin.artifact == "kafka_2.13"} == {"4.3.1"}
    assert {pin.version for pin in pins if pin.artifact == "kafka-clients"} == {"4.3.1"}
    assert all(len(pin.sha256) == 64 for pin in pins)
    assert len({pin.filename for pin in pins}) == 46


def test_a_line_is_a_coordinate_and_a_hash() -> None:
    assert parse_pins("a.b:c:1.0 sha256:00ff\n") == (Pin("a.b", "c", "1.0", "00ff"),)


def test_jars_are_fetched_once(tmp_path: Path) -> None:
    central = _Central()
    first = ensure_jars([_PIN, _OTHER], tmp_path, _quiet, central)
    second = ensure_jars([_PIN, _OTHER], tmp_path, _quiet, central)
    assert first == second
    assert [path.read_bytes() for path in first] == [_CONTENT, _CONTENT]
    assert sorted(central.asked) == ["org.example:other:1.2", "org.example:part:1.2"]


def test_a_wrong_hash_is_refused_and_never_kept(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"org\.example:part:1\.2 hashes to .*: it is not used"):
        ensure_jars([_PIN], tmp_path, _quiet, _Central(b"something else"))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_fetched_anew(tmp_path: Path) -> None:
    (path,) = ensure_jars([_PIN], tmp_path, _quiet, _Central())
    path.write_bytes(_CONTENT[:-1])
    ensure_jars([_PIN], tmp_path, _quiet, _Central())
    assert path.read_bytes() == _CONTENT


def test_an_interrupted_fetch_goes_on_where_it_stopped(tmp_path: Path) -> None:
    def cut_off(pin: Pin, folder: Path) -> Path:
        if pin == _OTHER:
            raise ConnectionError("the line is dead")
        return _Central()(pin, folder)

    with pytest.raises(TryAgain, match=r"org\.example:other:1\.2 could not be fetched \(the line is dead\)"):
        ensure_jars([_PIN, _OTHER], tmp_path, _quiet, cut_off)
    central = _Central()
    ensure_jars([_PIN, _OTHER], tmp_path, _quiet, central)
    assert central.asked == ["org.example:other:1.2"]


def test_a_folder_that_cannot_be_made_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match=r"file/jars.*WEIR_JARS"):
        ensure_jars([_PIN], tmp_path / "file" / "jars", _quiet, _Central())
