-- The mirror of Stripe's objects. {table}, {columns} and the like are of the kind at hand.

-- name: keep_objects
-- What speaks up to a later moment is newer; of one moment, what was made of more records.
insert into {table} as known ({columns}, deleted_at_ms)
select {columns}, deleted_at_ms from jsonb_populate_recordset(null::{table}, %(rows)s::jsonb)
on conflict (tenant, id) do update
set ({columns}) = row({excluded}),
    deleted_at_ms = least(known.deleted_at_ms, excluded.deleted_at_ms)
where (excluded.as_of_ms, excluded.stamp) > (known.as_of_ms, known.stamp)
returning tenant, id

-- name: keep_deletions
-- Deleted stays deleted, also where nothing else is news.
update {table} known
set deleted_at_ms = gone.deleted_at_ms
from jsonb_to_recordset(%(rows)s::jsonb) as gone (tenant text, id text, deleted_at_ms bigint)
where known.tenant = gone.tenant and known.id = gone.id
  and known.deleted_at_ms is null and gone.deleted_at_ms is not null

-- name: drop_parts
delete from {table} part
using jsonb_to_recordset(%(keys)s::jsonb) as about (tenant text, id text)
where part.tenant = about.tenant and part.{owner} = about.id

-- name: keep_parts
insert into {table}
select * from jsonb_populate_recordset(null::{table}, %(rows)s::jsonb)

-- name: drop_doubts
delete from stripe_doubts doubt
using jsonb_to_recordset(%(keys)s::jsonb) as about (tenant text, id text, kind text)
where doubt.tenant = about.tenant and doubt.object_kind = about.kind and doubt.object_id = about.id

-- name: keep_doubts
insert into stripe_doubts (tenant, object_kind, object_id, as_of_ms, why)
select tenant, object_kind, object_id, as_of_ms, why
from jsonb_populate_recordset(null::stripe_doubts, %(rows)s::jsonb)

-- name: keep_history
insert into stripe_history as known
select * from jsonb_populate_recordset(null::stripe_history, %(rows)s::jsonb)
on conflict (tenant, object_kind, object_id, event_id) do update
set (type, at_ms, status, was, amount, reason, note, stamp) = row(excluded.type, excluded.at_ms,
    excluded.status, excluded.was, excluded.amount, excluded.reason, excluded.note, excluded.stamp)
where excluded.stamp < known.stamp

-- name: keep_failure
-- Each stamp is one attempt. The last delay is followed by none.
with failure as (
    insert into webhook_failures as known
        (tenant, event_id, type, attempts, error, failed_at_ms, state, retry_at_ms, stamp)
    values (%(tenant)s, %(event_id)s, %(type)s, 1, %(error)s, %(recorded_at_ms)s, 'waiting',
        %(recorded_at_ms)s + (%(delays_ms)s::bigint[])[1], %(stamp)s)
    on conflict (tenant, event_id) do update
    set attempts = known.attempts + 1,
        error = excluded.error,
        failed_at_ms = excluded.failed_at_ms,
        state = case
            when known.attempts >= cardinality(%(delays_ms)s::bigint[]) then 'permanent' else 'waiting'
        end,
        retry_at_ms = excluded.failed_at_ms + (%(delays_ms)s::bigint[])[known.attempts + 1],
        stamp = excluded.stamp
    where excluded.stamp > known.stamp
    returning tenant, event_id, state
)
select failure.state, delivery.partition, delivery.payload
from failure left join lateral (
    select d.partition, d.payload
    from webhook_deliveries d
    where d.tenant = failure.tenant and d.event_id = failure.event_id and d.payload is not null
    limit 1
) delivery on true

-- name: keep_success
update webhook_failures
set state = 'handled', retry_at_ms = null, stamp = %(stamp)s
where tenant = %(tenant)s and event_id = %(event_id)s and stamp < %(stamp)s

-- name: keep_mirror_progress
insert into mirror_progress as known (partition, generation, source_offset, record_time_ms)
values (%(partition)s, %(generation)s, %(source_offset)s, %(record_time_ms)s)
on conflict (partition) do update
set (generation, source_offset, record_time_ms) = row(excluded.generation, excluded.source_offset,
    excluded.record_time_ms)
where (excluded.generation, excluded.source_offset) > (known.generation, known.source_offset)
