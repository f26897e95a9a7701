import pytest

from console.audit.core.chain import Chain, Link, follow, link_hash

CONTENTS = ('[1, "made"]', '[2, "issued"]', '[3, "revoked"]')


def chain(*contents: str) -> list[Link]:
    links: list[Link] = []
    for number, content in enumerate(contents, start=1):
        before = links[-1].hash if links else b""
        links.append(Link(number, content, link_hash(before, content)))
    return links


WHOLE = chain(*CONTENTS)


def test_a_hash_covers_the_one_before_it_and_its_own_content() -> None:
    # printf '[1, "made"]' | sha256sum; then its 32 bytes and '[2, "issued"]'
    assert WHOLE[0].hash.hex() == "5ad7a0a066549a5a1a76e8885724d4d3ae80d6dac8da7537ab6f9e43ac2e2c62"
    assert WHOLE[1].hash == link_hash(WHOLE[0].hash, CONTENTS[1])


def test_a_whole_chain_says_its_head() -> None:
    assert follow([]) == Chain(0, "")
    assert follow(WHOLE) == Chain(3, WHOLE[2].hash.hex())


@pytest.mark.parametrize(
    ("links", "entries", "fault"),
    [
        ([WHOLE[0], WHOLE[1]._replace(content='[2, "ISSUED"]'), WHOLE[2]], 1, "entry 2, or the one before"),
        ([WHOLE[0], WHOLE[1]._replace(hash=bytes(32)), WHOLE[2]], 1, "entry 2, or the one before"),
        ([WHOLE[0], WHOLE[2]], 1, "entry 2 is missing"),
        (WHOLE[1:], 0, "entry 1 is missing"),
        # One that was altered with its own hash gives itself away at the next.
        ([*chain('[1, "MADE"]'), *WHOLE[1:]], 1, "entry 2, or the one before"),
    ],
)
def test_whatever_is_altered_or_taken_out_is_the_first_fault(
    links: list[Link], entries: int, fault: str
) -> None:
    found = follow(links)
    assert found.entries == entries
    assert found.fault.startswith(fault)


def test_what_is_taken_from_the_end_shows_to_who_noted_a_head() -> None:
    noted = WHOLE[2].hash.hex()
    assert not follow(WHOLE[:2]).fault
    assert follow(WHOLE[:2], noted).fault.startswith(f"no entry has the hash {noted}")
    assert not follow([*WHOLE, *chain(*CONTENTS, "[4]")[3:]], noted).fault
