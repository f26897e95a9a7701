import psycopg
from confluent_kafka import Producer

from schemas.topics import CATALOG, USAGE, topic_name
from tests.stack import LocalStack, Namespace


def test_a_namespace_has_topics_and_a_database_of_its_own(namespace: Namespace) -> None:
    namespace.create_topics(USAGE, CATALOG)

    topics = namespace.admin.list_topics(timeout=10).topics
    assert len(topics[topic_name(namespace.prefix, USAGE)].partitions) == 4
    assert len(topics[topic_name(namespace.prefix, CATALOG)].partitions) == 1
    with psycopg.connect(namespace.postgres) as connection:
        row = connection.execute("select current_database(), current_user").fetchone()
    assert row == (namespace.name, "weir")


def test_what_a_test_killed_is_there_again_with_its_data(
    local_stack: LocalStack, namespace: Namespace
) -> None:
    namespace.create_topics(USAGE)
    local_stack.kafka.stop(0)
    local_stack.postgres.stop(0)

    local_stack.heal()

    producer = Producer({"bootstrap.servers": namespace.settings().kafka})
    producer.produce(topic_name(namespace.prefix, USAGE), b"after the kill")
    assert producer.flush(20) == 0
    with psycopg.connect(namespace.postgres) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
