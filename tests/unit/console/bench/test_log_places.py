from console.bench.core.log_places import Receipt, Seen, delays

SEEN = [Seen(0, 4, 1.0), Seen(1, 7, 1.5), Seen(0, 9, 2.0)]


def test_a_receipt_waits_for_the_first_progress_that_holds_it() -> None:
    receipts = [Receipt(0, 4, 0.5), Receipt(0, 5, 0.5), Receipt(1, 0, 0.5)]
    assert delays(receipts, SEEN) == [0.5, 1.5, 1.0]


def test_what_was_stored_before_its_answer_came_has_waited_for_nothing() -> None:
    assert delays([Receipt(0, 1, 1.2)], SEEN) == [0.0]


def test_what_was_never_seen_stored_is_left_out() -> None:
    assert delays([Receipt(0, 10, 0.5), Receipt(2, 0, 0.5)], SEEN) == []
