-- The rollups sink: rows are copied into a stage, then merged. A row that is not newer changes nothing.

-- name: make_rollup_stages
create temporary table stage_rollups on commit delete rows as
select tenant, customer, meter, grp, window_start_ms, arrival_day, events, sum, min, max,
    first_ms, first_value, latest_ms, latest_value, stamp, partition
from rollups
with no data;

create temporary table stage_sketches on commit delete rows as
select tenant, customer, meter, grp, window_start_ms, arrival_day, page, content, stamp, partition
from sketches
with no data;

create temporary table stage_fate_counts on commit delete rows as
select tenant, type, hour_ms, arrival_day, partition,
    counted, in_grace, late, duplicate, conflict, unmatched, refused, stamp
from fate_counts
with no data

-- name: copy_usage
copy stage_rollups (tenant, customer, meter, grp, window_start_ms, arrival_day, partition, events, sum, min,
    max, first_ms, first_value, latest_ms, latest_value, stamp)
from stdin

-- name: merge_usage
insert into rollups as stored (tenant, customer, meter, grp, window_start_ms, arrival_day, events, sum,
    min, max, first_ms, first_value, latest_ms, latest_value, stamp, partition)
select tenant, customer, meter, grp, window_start_ms, arrival_day, events, sum,
    min, max, first_ms, first_value, latest_ms, latest_value, stamp, partition
from stage_rollups
on conflict (tenant, customer, meter, grp, window_start_ms, arrival_day) do update
set events = excluded.events,
    sum = excluded.sum,
    min = excluded.min,
    max = excluded.max,
    first_ms = excluded.first_ms,
    first_value = excluded.first_value,
    latest_ms = excluded.latest_ms,
    latest_value = excluded.latest_value,
    stamp = excluded.stamp,
    partition = excluded.partition,
    stored_at = excluded.stored_at
where excluded.stamp > stored.stamp

-- name: empty_usage
truncate stage_rollups

-- name: copy_sketches
copy stage_sketches (tenant, customer, meter, grp, window_start_ms, arrival_day, partition, page, content, stamp)
from stdin

-- name: merge_sketches
insert into sketches as stored (tenant, customer, meter, grp, window_start_ms, arrival_day, page, content,
    stamp, partition)
select tenant, customer, meter, grp, window_start_ms, arrival_day, page, content, stamp, partition
from stage_sketches
on conflict (tenant, customer, meter, grp, window_start_ms, arrival_day, page) do update
set content = excluded.content,
    stamp = excluded.stamp,
    partition = excluded.partition
where excluded.stamp > stored.stamp

-- name: empty_sketches
truncate stage_sketches

-- name: copy_fates
copy stage_fate_counts (tenant, type, hour_ms, arrival_day, partition,
    counted, in_grace, late, duplicate, conflict, unmatched, refused, stamp)
from stdin

-- name: merge_fates
insert into fate_counts as stored (tenant, type, hour_ms, arrival_day, partition,
    counted, in_grace, late, duplicate, conflict, unmatched, refused, stamp)
select tenant, type, hour_ms, arrival_day, partition,
    counted, in_grace, late, duplicate, conflict, unmatched, refused, stamp
from stage_fate_counts
on conflict (tenant, type, hour_ms, arrival_day, partition) do update
set counted = excluded.counted,
    in_grace = excluded.in_grace,
    late = excluded.late,
    duplicate = excluded.duplicate,
    conflict = excluded.conflict,
    unmatched = excluded.unmatched,
    refused = excluded.refused,
    stamp = excluded.stamp
where excluded.stamp > stored.stamp

-- name: empty_fates
truncate stage_fate_counts

-- name: store_progress
-- All partitions at once; one that is named twice has its newest.
insert into progress as stored (partition, generation, source_offset, record_time_ms, catalog_version)
select distinct on (1) *
from unnest(%s::smallint[], %s::smallint[], %s::bigint[], %s::bigint[], %s::int[])
order by 1, 2 desc, 3 desc, 4 desc
on conflict (partition) do update
set generation = excluded.generation,
    source_offset = excluded.source_offset,
    record_time_ms = excluded.record_time_ms,
    catalog_version = excluded.catalog_version,
    stored_at = excluded.stored_at
where (excluded.generation, excluded.source_offset, excluded.record_time_ms, excluded.catalog_version)
    > (stored.generation, stored.source_offset, stored.record_time_ms, stored.catalog_version)

-- name: store_lost
insert into lost_ranges (reader, topic, partition, generation, first_offset, last_offset, found_at)
select 'processor', 'usage', partition, generation, first_offset, last_offset, to_timestamp(found_at_ms / 1000.0)
from unnest(%s::smallint[], %s::smallint[], %s::bigint[], %s::bigint[], %s::bigint[])
    as range (partition, generation, first_offset, last_offset, found_at_ms)
on conflict do nothing
