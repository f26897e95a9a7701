-- How far PostgreSQL and the archive are.

-- name: stored
select partition, source_offset from progress;

-- name: archived
select partition, next_offset - 1 from sink_offsets where sink = 'archive' and topic = 'usage';

-- name: generation
select generation from topic_generations where topic = 'usage' order by generation desc limit 1;
