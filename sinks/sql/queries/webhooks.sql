-- Webhooks, one at a time, in the order of their log.

-- name: make_webhook_month
select webhook_month(%(at_ms)s)

-- name: record_webhook
-- Another version of the API renders the same event with other words: that is no conflict.
with event as (
    insert into webhook_events as known
        (tenant, event_id, content_hash, api_version, recorded_at_ms, generation, partition, source_offset)
    values (%(tenant)s, %(event_id)s, %(content_hash)s, %(api_version)s, %(recorded_at_ms)s, %(generation)s,
        %(source_partition)s, %(source_offset)s)
    on conflict (tenant, event_id) do update
    set repeats = known.repeats + (known.content_hash = excluded.content_hash
            or known.api_version is distinct from excluded.api_version)::int,
        conflicts = known.conflicts + (known.content_hash <> excluded.content_hash
            and known.api_version is not distinct from excluded.api_version)::int
    returning
        (generation, partition, source_offset)
            = (%(generation)s::smallint, %(source_partition)s::smallint, %(source_offset)s::bigint) as is_first,
        content_hash = %(content_hash)s as says_the_same,
        api_version is not distinct from %(api_version)s as is_same_version
)
insert into webhook_deliveries
    (tenant, event_id, type, object_id, object_type, api_version, account, livemode, created_at_ms,
    received_at_ms, recorded_at_ms, origin, odd, sighting, generation, partition, source_offset, payload)
select %(tenant)s, %(event_id)s, %(type)s, %(object_id)s, %(object_type)s, %(api_version)s, %(account)s,
    %(livemode)s, %(created_at_ms)s, %(received_at_ms)s, %(recorded_at_ms)s, %(origin)s,
    %(odd)s,
    case
        when is_first then 'first'
        when says_the_same or not is_same_version then 'repeat'
        else 'conflict'
    end,
    %(generation)s, %(source_partition)s, %(source_offset)s,
    case when is_first or not says_the_same then %(payload)s::bytea end
from event
