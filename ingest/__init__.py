"""The door: usage events come in over HTTP and are on Kafka before anyone hears that they were accepted."""
