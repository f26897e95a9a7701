"""What is sealed opens with its key, for its purpose, unchanged; and with nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.sealing import Keyring
from runtime.settings import Settings
from schemas.errors import Misconfigured

OLD, NEW = "o" * 43, "n" * 43
SECRET = b"whsec_hush"


@given(st.binary(max_size=300), st.text(max_size=50))
def test_what_is_sealed_opens_again(secret: bytes, purpose: str) -> None:
    purpose = purpose.encode("utf-8", "replace").decode()
    sealed = Keyring(NEW).seal(secret, purpose)
    assert Keyring(NEW).open(sealed, purpose) == secret


def test_no_two_seals_are_the_same_and_none_shows_the_secret() -> None:
    ring = Keyring(NEW)
    first, second = ring.seal(SECRET, "a"), ring.seal(SECRET, "a")
    assert first != second
    assert SECRET not in first


def test_it_opens_for_its_purpose_alone() -> None:
    sealed = Keyring(NEW).seal(SECRET, "webhook/acme/1")
    with pytest.raises(Misconfigured, match="belongs elsewhere"):
        Keyring(NEW).open(sealed, "webhook/bolt/1")


@pytest.mark.parametrize("place", range(len(Keyring(NEW).seal(SECRET, "a"))))
def test_a_change_anywhere_is_found_out(place: int) -> None:
    sealed = bytearray(Keyring(NEW).seal(SECRET, "a"))
    sealed[place] ^= 1
    with pytest.raises(Misconfigured):
        Keyring(NEW).open(bytes(sealed), "a")


@pytest.mark.parametrize("cut", [0, 1, 5, 16, 17, 30])
def test_what_is_cut_off_is_found_out(cut: int) -> None:
    with pytest.raises(Misconfigured):
        Keyring(NEW).open(Keyring(NEW).seal(SECRET, "a")[:cut], "a")


def test_the_key_before_opens_until_all_is_sealed_anew() -> None:
    sealed = Keyring(OLD).seal(SECRET, "a")
    ring = Keyring(NEW, OLD)
    assert ring.open(sealed, "a") == SECRET
    assert not ring.is_current(sealed)
    anew = ring.seal(SECRET, "a")
    assert ring.is_current(anew)
    assert Keyring(NEW).open(anew, "a") == SECRET
    with pytest.raises(Misconfigured, match="WEIR_SECRET_KEY_PREVIOUS"):
        Keyring(NEW).open(sealed, "a")


def test_a_key_that_somebody_may_guess_is_refused() -> None:
    with pytest.raises(Misconfigured, match="openssl rand"):
        Keyring("password")
    with pytest.raises(Misconfigured, match="openssl rand"):
        Keyring(NEW, "password")


def test_the_settings_name_both_keys() -> None:
    sealed = Keyring(OLD).seal(SECRET, "a")
    settings = Settings.load({"WEIR_SECRET_KEY": NEW, "WEIR_SECRET_KEY_PREVIOUS": OLD})
    assert Keyring.of(settings).open(sealed, "a") == SECRET
    with pytest.raises(Misconfigured, match="WEIR_SECRET_KEY is not set"):
        Keyring.of(Settings.load({}))
