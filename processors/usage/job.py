"""The usage agent's job: which logs it reads and writes, and how they are loaded."""

from functools import partial
from typing import Final

from processors.stream.job import StreamJob, admin
from processors.stream.reader import read
from processors.usage.loading import Loader
from processors.usage.observe import AGENT, Observer
from processors.usage.state import STEPS, Outputs
from runtime.catalog import CatalogFollower
from runtime.settings import Settings
from schemas import topics
from schemas.topics import topic_name

#: The source first.
_TOPICS: Final = (
    topics.USAGE,
    topics.ROLLUPS,
    topics.QUOTAS,
    topics.SEEN,
    topics.VERDICTS,
    topics.ALERTS,
    topics.DEAD_LETTERS,
)


def usage_job(settings: Settings, catalog: CatalogFollower, observer: Observer) -> StreamJob:
    """Return the job, which measures by *catalog*."""
    source, *outputs = (topic_name(settings.topic_prefix, topic) for topic in _TOPICS)
    out = Outputs(*outputs)
    broker = admin(settings, AGENT)
    loader = Loader(settings, lambda: catalog.catalog, observer, broker, partial(read, settings), source, out)
    return StreamJob(AGENT, settings, catalog, broker, _TOPICS, out.changelogs, STEPS, loader)
