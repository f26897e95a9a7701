-- The record of webhooks, as people look for them. Newest first; a page goes on below a place.

-- name: newest
-- Of the newest deliveries, those that have the marks of their day.
select d.event_id, d.type, d.object_type, d.object_id, d.sighting, d.odd, d.api_version, d.account,
    d.livemode, d.origin, d.created_at_ms, d.received_at_ms, d.recorded_at_ms, d.generation, d.partition, d.source_offset
from (
    select *
    from webhook_deliveries
    where tenant = %(tenant)s
      and recorded_at_ms >= %(from_ms)s
      and recorded_at_ms < %(to_ms)s
      and (recorded_at_ms, generation, partition, source_offset)
        < (%(below_ms)s, %(below_generation)s, %(below_partition)s, %(below_offset)s)
    order by recorded_at_ms desc, generation desc, partition desc, source_offset desc
    limit %(look_at)s
) d
left join unnest(%(days)s::bigint[], %(marked_texts)s::text[]) wanted (day_ms, marks)
    on wanted.day_ms = d.recorded_at_ms - d.recorded_at_ms %% 86400000
where d.marks @> coalesce(wanted.marks::bigint[], '{}')
order by d.recorded_at_ms desc, d.generation desc, d.partition desc, d.source_offset desc
limit %(most)s;

-- name: marked
select d.event_id, d.type, d.object_type, d.object_id, d.sighting, d.odd, d.api_version, d.account,
    d.livemode, d.origin, d.created_at_ms, d.received_at_ms, d.recorded_at_ms, d.generation, d.partition, d.source_offset
from webhooks_marked(
    %(tenant)s, %(days)s::bigint[], %(marked)s::bigint[], %(from_ms)s, %(to_ms)s,
    %(below_ms)s, %(below_generation)s::smallint, %(below_partition)s::smallint, %(below_offset)s, %(most)s
) place
join webhook_deliveries d using (recorded_at_ms, generation, partition, source_offset)
where d.tenant = %(tenant)s
order by d.recorded_at_ms desc, d.generation desc, d.partition desc, d.source_offset desc;

-- name: failed
-- The first deliveries of events with which something went wrong; there are few.
select d.event_id, d.type, d.object_type, d.object_id, d.sighting, d.odd, d.api_version, d.account,
    d.livemode, d.origin, d.created_at_ms, d.received_at_ms, d.recorded_at_ms, d.generation, d.partition, d.source_offset
from webhook_failures f
join webhook_deliveries d on d.tenant = f.tenant and d.event_id = f.event_id and d.sighting = 'first'
left join unnest(%(days)s::bigint[], %(marked_texts)s::text[]) wanted (day_ms, marks)
    on wanted.day_ms = d.recorded_at_ms - d.recorded_at_ms %% 86400000
where f.tenant = %(tenant)s and f.state = %(failure_state)s
  and d.recorded_at_ms >= %(from_ms)s
  and d.recorded_at_ms < %(to_ms)s
  and (d.recorded_at_ms, d.generation, d.partition, d.source_offset)
    < (%(below_ms)s, %(below_generation)s, %(below_partition)s, %(below_offset)s)
  and d.marks @> coalesce(wanted.marks::bigint[], '{}')
order by d.recorded_at_ms desc, d.generation desc, d.partition desc, d.source_offset desc
limit %(most)s;

-- name: pending
-- What the mirror has not read yet. A tenant's events stand on one partition; a minute for a clock that was set.
select d.event_id, d.type, d.object_type, d.object_id, d.sighting, d.odd, d.api_version, d.account,
    d.livemode, d.origin, d.created_at_ms, d.received_at_ms, d.recorded_at_ms, d.generation, d.partition, d.source_offset
from webhook_deliveries d
left join mirror_progress p on p.partition = d.partition
left join unnest(%(days)s::bigint[], %(marked_texts)s::text[]) wanted (day_ms, marks)
    on wanted.day_ms = d.recorded_at_ms - d.recorded_at_ms %% 86400000
where d.tenant = %(tenant)s
  and d.recorded_at_ms >= greatest(%(from_ms)s, coalesce((
        select record_time_ms from mirror_progress where partition = (
            select partition from webhook_deliveries
            where tenant = %(tenant)s order by recorded_at_ms desc limit 1)), 0) - 60000)
  and d.recorded_at_ms < %(to_ms)s
  and (d.recorded_at_ms, d.generation, d.partition, d.source_offset)
    < (%(below_ms)s, %(below_generation)s, %(below_partition)s, %(below_offset)s)
  and (p.partition is null or (d.generation, d.source_offset) > (p.generation, p.source_offset))
  and d.marks @> coalesce(wanted.marks::bigint[], '{}')
order by d.recorded_at_ms desc, d.generation desc, d.partition desc, d.source_offset desc
limit %(most)s;

-- name: failures_of
select event_id, attempts, state, error from webhook_failures
where tenant = %(tenant)s and event_id = any(%(event_ids)s);

-- name: mirrored
select partition, generation, source_offset from mirror_progress;

-- name: recorded_span
select min(recorded_at_ms), max(recorded_at_ms)
from webhook_deliveries
where tenant = %(tenant)s and recorded_at_ms >= %(from_ms)s and recorded_at_ms < %(to_ms)s
  and recorded_at_ms <= %(below_ms)s;

-- name: deliveries_of
select d.event_id, d.type, d.object_type, d.object_id, d.sighting, d.odd, d.api_version, d.account,
    d.livemode, d.origin, d.created_at_ms, d.received_at_ms, d.recorded_at_ms, d.generation, d.partition, d.source_offset, d.payload
from webhook_deliveries d
where d.tenant = %(tenant)s and d.event_id = %(event_id)s
order by d.recorded_at_ms, d.generation, d.partition, d.source_offset;

-- name: position_of
select d.partition, d.source_offset
from webhook_deliveries d
where d.tenant = %(tenant)s and d.event_id = %(event_id)s and d.sighting = 'first';

-- name: events_by_type
-- By whole hours, and delivery by delivery before the first of them. Nothing is recorded behind now.
select type, sum(events)::bigint, sum(repeats)::bigint, sum(conflicts)::bigint
from (
    select type, events, repeats, conflicts from webhook_hours
    where tenant = %(tenant)s and hour_ms >= %(whole_ms)s
    union all
    select type, count(*) filter (where sighting = 'first'), count(*) filter (where sighting = 'repeat'),
        count(*) filter (where sighting = 'conflict')
    from webhook_deliveries
    where tenant = %(tenant)s and recorded_at_ms >= %(from_ms)s and recorded_at_ms < %(whole_ms)s
    group by type
) counted
group by type
order by 2 desc, type;

-- name: charges_by_currency
select currency, count(*),
    count(*) filter (where status = 'succeeded'), count(*) filter (where status = 'failed'),
    count(*) filter (where status is null or status not in ('succeeded', 'failed')),
    coalesce(sum(coalesce(amount_captured, amount)) filter (where status = 'succeeded'), 0)::bigint,
    coalesce(sum(amount) filter (where status = 'failed'), 0)::bigint,
    coalesce(sum(amount) filter (where status is null or status not in ('succeeded', 'failed')), 0)::bigint
from stripe_charges
where tenant = %(tenant)s and created_at_ms >= %(from_ms)s and created_at_ms < %(to_ms)s
group by currency
order by currency;

-- name: stripe_walks
-- Every tenant that has a key, or had one. Without a key nothing is walked, so nothing fails. Connected accounts
-- are those of its newest deliveries.
select owner.tenant, walk.from_s, walk.to_s, walk.ended_at_ms,
    case when owner.has_key then walk.failed_at_ms end, case when owner.has_key then walk.failure end,
    array(
        select distinct newest.account
        from (
            select account from webhook_deliveries
            where tenant = owner.tenant order by recorded_at_ms desc limit 1000
        ) newest
        where newest.account is not null
        order by newest.account
    )
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
