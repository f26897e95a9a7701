from console.demo.core.witnesses import witnesses
from console.generator.attempt import Answer, Attempt


def sent(event_id: str, content: str = "x", answer: Answer = "accepted") -> Attempt:
    return Attempt(event_id, "api", "c", "api", "1", "", content, answer, "t")


def test_one_of_each_sort_is_picked() -> None:
    found = witnesses([sent("once"), sent("twice"), sent("twice"), sent("other"), sent("other", "y")])
    assert [(each.about, each.id) for each in found] == [
        ("sent again with other content", "other"),
        ("sent again, the same", "twice"),
        ("sent once", "once"),
    ]


def test_what_was_rejected_or_never_answered_bears_no_witness() -> None:
    assert witnesses([sent("a", answer="rejected"), sent("b", answer="none")]) == []
