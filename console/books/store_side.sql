-- The right side: what PostgreSQL says, all of it at one instant.

-- name: snapshot_progress
select partition, generation, source_offset, record_time_ms from progress order by partition;

-- name: snapshot_generation
select generation, partitions from topic_generations where topic = 'usage' order by generation desc limit 1;

-- name: snapshot_files
select name, partition, generation, first_offset, last_offset, rows, sha256, created_at
from archive_files where stream = 'usage'
order by generation, partition, first_offset;

-- name: snapshot_lost
select distinct topic, partition, generation, first_offset, last_offset from lost_ranges
order by topic, partition, generation, first_offset;

-- name: snapshot_rejected
select tenant, code, sum(events)::bigint from door_tallies
where hour_ms >= coalesce(%(from_ms)s::bigint, hour_ms) and hour_ms < coalesce(%(to_ms)s::bigint, hour_ms + 1)
    and tenant = coalesce(%(tenant)s::text, tenant)
group by tenant, code order by tenant, code;

-- name: snapshot_instant
select (extract(epoch from transaction_timestamp()) * 1000)::bigint;

-- name: copy_fates
copy (
    select tenant, type, hour_ms, arrival_day, partition,
        counted, in_grace, late, duplicate, conflict, unmatched, refused
    from fate_counts
    where hour_ms >= coalesce(%(from_ms)s::bigint, hour_ms) and hour_ms < coalesce(%(to_ms)s::bigint, hour_ms + 1)
        and tenant = coalesce(%(tenant)s::text, tenant)
) to stdout (format csv, force_quote *);

-- name: copy_rollups
copy (
    select tenant, customer, meter, grp, window_start_ms, arrival_day, events,
        trim_scale(sum)::text, trim_scale(min)::text, trim_scale(max)::text,
        first_ms, trim_scale(first_value)::text, latest_ms, trim_scale(latest_value)::text
    from rollups
    where window_start_ms >= coalesce(%(from_ms)s::bigint, window_start_ms)
        and window_start_ms < coalesce(%(to_ms)s::bigint, window_start_ms + 1)
        and tenant = coalesce(%(tenant)s::text, tenant)
) to stdout (format csv, force_quote *);

-- name: snapshot_sketches
select tenant, customer, meter, grp, window_start_ms, arrival_day, page, content
from sketches
where window_start_ms >= coalesce(%(from_ms)s::bigint, window_start_ms)
    and window_start_ms < coalesce(%(to_ms)s::bigint, window_start_ms + 1)
    and tenant = coalesce(%(tenant)s::text, tenant)
order by tenant, customer, meter, grp, window_start_ms, arrival_day, page;

-- name: take_fates
create table store_fates as
-- An empty text is a text; the store has no null here.
select * from read_csv(
    $path, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false,
    columns = {
    'tenant': 'varchar', 'type': 'varchar', 'hour_ms': 'bigint', 'arrival_day': 'int', 'partition': 'smallint',
    'counted': 'bigint', 'in_grace': 'bigint', 'late': 'bigint', 'duplicate': 'bigint', 'conflict': 'bigint',
    'unmatched': 'bigint', 'refused': 'bigint'
});

-- name: take_rollups
create table store_rollups as
-- An empty text is a text; the store has no null here.
select * from read_csv(
    $path, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false,
    columns = {
    'tenant': 'varchar', 'customer': 'varchar', 'meter': 'varchar', 'grp': 'varchar',
    'window_start_ms': 'bigint', 'arrival_day': 'int', 'events': 'bigint',
    'sum': 'varchar', 'min': 'varchar', 'max': 'varchar',
    'first_ms': 'bigint', 'first_value': 'varchar', 'latest_ms': 'bigint', 'latest_value': 'varchar'
});
