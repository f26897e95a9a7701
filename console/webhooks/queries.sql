-- The record of webhooks, as people look for them. Newest first; a page goes on below a place.

-- name: deliveries
select d.event_id, d.type, d.object_type, d.object_id, d.sighting, d.odd, d.api_version, d.account,
    d.livemode, d.origin, d.created_at_ms, d.received_at_ms, d.recorded_at_ms, d.generation, d.partition, d.source_offset
from webhook_deliveries d
where d.tenant = %(tenant)s
  and (%(type)s::text is null or d.type = %(type)s)
  and (%(object_id)s::text is null or d.object_id = %(object_id)s)
  and (%(sighting)s::text is null or d.sighting = %(sighting)s)
  and d.recorded_at_ms >= %(from_ms)s
  and d.recorded_at_ms < %(to_ms)s
order by d.recorded_at_ms desc, d.generation desc, d.partition desc, d.source_offset desc
limit %(most)s;

-- name: deliveries_of
select d.event_id, d.type, d.object_type, d.object_id, d.sighting, d.odd, d.api_version, d.account,
    d.livemode, d.origin, d.created_at_ms, d.received_at_ms, d.recorded_at_ms, d.generation, d.partition, d.source_offset, d.payload
from webhook_deliveries d
where d.tenant = %(tenant)s and d.event_id = %(event_id)s
order by d.recorded_at_ms, d.generation, d.partition, d.source_offset;

-- name: stripe_walks
-- Every tenant that has a key, or had one. Without a key nothing is walked, so nothing fails.
select owner.tenant, walk.from_s, walk.to_s, walk.ended_at_ms,
    case when owner.has_key then walk.failed_at_ms end, case when owner.has_key then walk.failure end
from (
    select tenant, bool_or(revoked_at_ms is null) as has_key from stripe_keys group by tenant
) owner
left join stripe_walks walk using (tenant)
where %(tenant)s::text is null or tenant = %(tenant)s
order by tenant;

-- name: stripe_walked
select tenant, from_s, to_s from stripe_spans
where %(tenant)s::text is null or tenant = %(tenant)s
order by tenant, from_s;

-- name: stripe_missing
select tenant, to_char(to_timestamp(created_s) at time zone 'UTC', 'YYYY-MM-DD') as day, type,
    count(*), count(entered_at_ms)
from stripe_missing
where (%(tenant)s::text is null or tenant = %(tenant)s)
  and created_s >= %(from_s)s and created_s < %(to_s)s
group by tenant, day, type
order by tenant, day desc, type;

-- name: backfills
select backfill_id, tenant, from_s, to_s, state, stage, read, entered, asked_at_ms, moved_at_ms, failure
from stripe_backfills
where (%(tenant)s::text is null or tenant = %(tenant)s)
  and (%(backfill_id)s::text is null or backfill_id = %(backfill_id)s)
order by asked_at_ms desc, backfill_id;
