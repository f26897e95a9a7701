-- name: snapshot
set transaction isolation level repeatable read read only;

-- name: generation
select coalesce(max(generation), 1) from topic_generations where topic = 'usage';

-- name: progress
select partition, generation, source_offset from progress;

-- name: files
select stream, partition, generation, name, first_time_ms, last_time_ms
from archive_files
where rows > 0
order by stream, generation, partition, first_offset;

-- name: archived_to
-- The first offset of each log that the archive does not cover, by the topic's newest generation.
select topic, partition, next_offset
from sink_offsets o
where sink = 'archive'
  and generation = (select coalesce(max(g.generation), 1) from topic_generations g where g.topic = o.topic);
