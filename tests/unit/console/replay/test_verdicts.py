"""What two readings of verdicts have in common, and in what they differ."""

from console.replay.verdicts import PartitionVerdicts, Said, hash_verdicts
from schemas.verdict import Fate, Refusal, Verdict

LATE = Verdict(0, Fate.LATE)
COPY = Verdict(1, Fate.DUPLICATE, "", 3)


def verdicts(*found: Said) -> PartitionVerdicts:
    taken = PartitionVerdicts()
    for each in found:
        taken.add(each)
    return taken


ONCE = (Said(5, 100, [LATE, COPY]), Said(6, 100, [LATE]), Said(9, 101, [COPY]))


def test_what_was_said_again_after_a_kill_is_taken_once() -> None:
    twice = (*ONCE[:2], *ONCE[:1], ONCE[1]._replace(verdicts=[LATE, LATE]), *ONCE[1:])
    assert verdicts(*twice).digest() == verdicts(*ONCE).digest()
    assert verdicts(*twice).rows == verdicts(*ONCE).rows == 4
    # In a file, which is sorted, both stand side by side.
    side_by_side = (Said(5, 100, [LATE, LATE, COPY, COPY]), *ONCE[1:])
    assert verdicts(*side_by_side).digest() == verdicts(*ONCE).digest()


def test_everything_that_was_said_counts() -> None:
    others = [
        ONCE[1:],
        (Said(4, 100, [LATE, COPY]), *ONCE[1:]),
        (Said(5, 99, [LATE, COPY]), *ONCE[1:]),
        (Said(5, 100, [LATE]), *ONCE[1:]),
        (Said(5, 100, [LATE, Verdict(1, Fate.CONFLICT, "", 3)]), *ONCE[1:]),
        (Said(5, 100, [LATE, Verdict(1, Fate.DUPLICATE, "", 4)]), *ONCE[1:]),
        (Said(5, 100, [LATE, Verdict(2, Fate.DUPLICATE, "", 3)]), *ONCE[1:]),
    ]
    assert len({verdicts(*each).digest() for each in (ONCE, *others)}) == 1 + len(others)


def test_a_reason_that_the_archive_cannot_tell_from_another_is_the_same() -> None:
    digests = {code: verdicts(Said(5, 100, [Verdict(0, Fate.REFUSED, code)])).digest() for code in Refusal}
    alike = {Refusal.UNREADABLE, Refusal.INVALID, Refusal.SKIPPED}
    assert len({digests[code] for code in alike}) == 1
    assert len(set(digests.values())) == 1 + len(set(Refusal) - alike)


def test_the_order_of_partitions_is_none_and_their_numbers_count() -> None:
    one, other = verdicts(*ONCE), verdicts(*ONCE[1:])
    assert hash_verdicts({0: one, 1: other}) == hash_verdicts({1: other, 0: one})
    assert hash_verdicts({0: one, 1: other}).sha256 != hash_verdicts({0: other, 1: one}).sha256
    assert hash_verdicts({0: one, 1: other}).rows == 6
