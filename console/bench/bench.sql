-- How far PostgreSQL and the archive are.

-- name: stored
select partition, source_offset from progress;

-- name: archived
select partition, next_offset - 1 from sink_offsets where sink = 'archive' and topic = 'usage';

-- name: mirrored
select partition, source_offset from mirror_progress;

-- name: webhooks_first
select event_id, count(*) filter (where sighting = 'first')
from webhook_deliveries
where tenant = %(tenant)s
group by event_id;

-- name: webhook_places
-- Of each event the delivery that was recorded first.
select event_id, partition, source_offset
from webhook_deliveries
where tenant = %(tenant)s and sighting = 'first';

-- name: generation
select generation from topic_generations where topic = 'usage' order by generation desc limit 1;
