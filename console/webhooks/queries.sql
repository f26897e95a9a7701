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
