-- Webhooks, many at a time, as if they came one after the other: copied into a stage, then judged and kept.

-- name: make_webhook_stage
create temporary table stage_webhooks (
    -- In the order in which they are to be recorded.
    nth int not null,
    tenant text not null,
    event_id text not null,
    type text not null,
    object_id text,
    object_type text,
    api_version text,
    account text,
    livemode boolean,
    created_at_ms bigint,
    -- Of a header: so any integer, and PostgreSQL says which are none of its own.
    received_at_ms numeric not null,
    recorded_at_ms bigint not null,
    origin text not null,
    odd text,
    generation smallint not null,
    partition smallint not null,
    source_offset bigint not null,
    content_hash bytea not null,
    -- As PostgreSQL writes an array.
    marks text not null,
    mark_if_first bigint not null,
    mark_if_repeat bigint not null,
    mark_if_conflict bigint not null,
    payload bytea not null
) on commit delete rows

-- name: make_webhook_month
select webhook_month(%(at_ms)s)

-- name: copy_webhooks
copy stage_webhooks (nth, tenant, event_id, type, object_id, object_type, api_version, account, livemode,
    created_at_ms, received_at_ms, recorded_at_ms, origin, odd, generation, partition, source_offset,
    content_hash, marks, mark_if_first, mark_if_repeat, mark_if_conflict, payload)
from stdin (format binary)

-- name: add_webhook_events
-- Of each event the first delivery, unless the event is known.
insert into webhook_events
    (tenant, event_id, content_hash, api_version, recorded_at_ms, generation, partition, source_offset)
select distinct on (tenant, event_id)
    tenant, event_id, content_hash, api_version, recorded_at_ms, generation, partition, source_offset
from stage_webhooks
order by tenant, event_id, nth
on conflict (tenant, event_id) do nothing

-- name: record_webhooks
-- After add_webhook_events: every event is known now, and its first delivery is one of these or an older one.
with compared as (
    select given.*,
        (known.generation, known.partition, known.source_offset)
            = (given.generation, given.partition, given.source_offset) as is_first,
        known.content_hash = given.content_hash as says_the_same,
        known.api_version is not distinct from given.api_version as is_same_version
    from stage_webhooks given
    join webhook_events known using (tenant, event_id)
),
sighted as (
    select *,
        case
            when is_first then 'first'
            -- Another version of the API renders the same event with other words: that is no conflict.
            when says_the_same or not is_same_version then 'repeat'
            else 'conflict'
        end as sighting
    from compared
),
recorded as (
    insert into webhook_deliveries
        (tenant, event_id, type, object_id, object_type, api_version, account, livemode, created_at_ms,
        received_at_ms, recorded_at_ms, origin, odd, sighting, generation, partition, source_offset, marks,
        payload)
    select tenant, event_id, type, object_id, object_type, api_version, account, livemode, created_at_ms,
        received_at_ms, recorded_at_ms, origin, odd, sighting, generation, partition, source_offset,
        marks::bigint[] || case sighting
            when 'first' then mark_if_first
            when 'repeat' then mark_if_repeat
            else mark_if_conflict
        end,
        case when is_first or not says_the_same then payload end
    from sighted
    order by nth
    returning tenant, event_id, type, recorded_at_ms, sighting
),
counted as (
    insert into webhook_hours as known (tenant, hour_ms, type, events, repeats, conflicts)
    select tenant, recorded_at_ms - mod(recorded_at_ms, 3600000), type,
        count(*) filter (where sighting = 'first'), count(*) filter (where sighting = 'repeat'),
        count(*) filter (where sighting = 'conflict')
    from recorded
    group by 1, 2, 3
    on conflict (tenant, hour_ms, type) do update
    set events = known.events + excluded.events,
        repeats = known.repeats + excluded.repeats,
        conflicts = known.conflicts + excluded.conflicts
)
update webhook_events known
set repeats = known.repeats + more.repeats,
    conflicts = known.conflicts + more.conflicts
from (
    select tenant, event_id, count(*) filter (where sighting = 'repeat') as repeats,
        count(*) filter (where sighting = 'conflict') as conflicts
    from recorded
    where sighting <> 'first'
    group by tenant, event_id
) more
where known.tenant = more.tenant and known.event_id = more.event_id

-- name: empty_webhook_stage
truncate stage_webhooks
