import pytest

from console.demo.stripe_report import conclusion_of
from console.demo.stripe_story import StripeStory, Told

TOLD = Told("dawn", 6, 1, 9, 8, 6, 2, [], [], 10, "a")


def story_of(*told: Told) -> StripeStory:
    return StripeStory(list(told), [], [], [], [], 0.1)


def test_a_story_holds_if_nothing_is_missing_or_wrong_and_the_mirrors_are_equal() -> None:
    story = story_of(TOLD, TOLD)
    assert story.holds
    assert conclusion_of(story).startswith("The mirrors are equal and true: 16 webhooks answered")


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (TOLD._replace(missing=["evt_1"]), "1 not on record"),
        (TOLD._replace(wrong=["in_1: …", "in_2: …"]), "2 wrong ends"),
        (TOLD._replace(sha256="b"), "NOT THE SAME SHA-256"),
    ],
)
def test_a_story_with_one_fault_does_not_hold_and_says_why(bad: Told, says: str) -> None:
    story = story_of(TOLD, bad)
    assert not story.holds
    assert conclusion_of(story).startswith("THE MIRRORS DO NOT HOLD")
    assert says in conclusion_of(story)
