"""Whether the mirror has come as far as the log."""

from runtime.broker import Broker
from runtime.postgres import Connection
from runtime.settings import Settings
from schemas.topics import STRIPE, topic_name


def has_applied_all(settings: Settings, connection: Connection) -> bool:
    """Say whether all that stands on weir.stripe is recorded, and the mirror has read it.

    What was answered 2xx does not tell: a door that was killed after it published is asked once more.
    """
    topic = topic_name(settings.topic_prefix, STRIPE)
    ends = Broker.of(settings).latest([(topic, partition) for partition in range(settings.partitions)])
    row = connection.execute(
        "select (select count(*) from webhook_deliveries),"
        " coalesce((select sum(source_offset + 1) from mirror_progress), 0)"
    ).fetchone()
    return row is not None and {int(row[0]), int(row[1])} == {sum(ends.values())}
