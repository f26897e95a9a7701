-- Both sides beside each other. Everything that agrees stays here; only sums and differences go out.

-- name: make_sketches
-- What rows of usage keep beside their partial, by both sides (log, store); see core/sketches.py.
create table sketches (
    side varchar, tenant varchar, customer varchar, meter varchar, grp varchar, window_start_ms bigint,
    arrival_day int, words varchar, pages varchar
);

-- name: make_comparison
create macro more(a, b) as greatest(coalesce(a, 0) - coalesce(b, 0), 0);

create table fate_gaps as
select
    tenant, type, hour_ms, arrival_day, partition,
    s.counted as counted, s.in_grace as in_grace, s.late as late, s.duplicate as duplicate,
    s.conflict as conflict, s.unmatched as unmatched, s.refused as refused,
    coalesce(l.counted + l.late + l.duplicate + l.conflict + l.unmatched + l.refused, 0) as logged,
    -- One event under another fate is one too many here and one too few there.
    greatest(
        more(l.counted - l.in_grace, s.counted - s.in_grace) + more(l.in_grace, s.in_grace)
            + more(l.late, s.late) + more(l.duplicate, s.duplicate) + more(l.conflict, s.conflict)
            + more(l.unmatched, s.unmatched) + more(l.refused, s.refused),
        more(s.counted - s.in_grace, l.counted - l.in_grace) + more(s.in_grace, l.in_grace)
            + more(s.late, l.late) + more(s.duplicate, l.duplicate) + more(s.conflict, l.conflict)
            + more(s.unmatched, l.unmatched) + more(s.refused, l.refused)
    ) as gap,
    {'counted': l.counted, 'in_grace': l.in_grace, 'late': l.late, 'duplicate': l.duplicate,
     'conflict': l.conflict, 'unmatched': l.unmatched, 'refused': l.refused} as log_says,
    {'counted': s.counted, 'in_grace': s.in_grace, 'late': s.late, 'duplicate': s.duplicate,
     'conflict': s.conflict, 'unmatched': s.unmatched, 'refused': s.refused} as store_says
from (select * from log_fates where within(tenant, hour_ms)) l
full join store_fates s using (tenant, type, hour_ms, arrival_day, partition);

create table rollup_gaps as
select
    tenant, customer, meter, grp, window_start_ms, arrival_day,
    l.events as log_events, s.events as store_events,
    {'events': l.events::varchar, 'sum': l.sum, 'min': l.min, 'max': l.max,
     'first_ms': l.first_ms::varchar, 'first_value': l.first_value,
     'latest_ms': l.latest_ms::varchar, 'latest_value': l.latest_value, 'sketch': l.words} as log_says,
    {'events': s.events::varchar, 'sum': s.sum, 'min': s.min, 'max': s.max,
     'first_ms': s.first_ms::varchar, 'first_value': s.first_value,
     'latest_ms': s.latest_ms::varchar, 'latest_value': s.latest_value, 'sketch': s.words} as store_says
from (
    select log_rollups.*, words
    from log_rollups
    left join (select * from sketches where side = 'log')
        using (tenant, customer, meter, grp, window_start_ms, arrival_day)
    where within(tenant, window_start_ms)
) l
full join (
    select store_rollups.*, words
    from store_rollups
    left join (select * from sketches where side = 'store')
        using (tenant, customer, meter, grp, window_start_ms, arrival_day)
) s using (tenant, customer, meter, grp, window_start_ms, arrival_day)
where log_says is distinct from store_says;

-- name: make_within
create macro within(of_tenant, of_hour_ms) as (
    of_hour_ms >= coalesce($from_ms, of_hour_ms) and ($to_ms is null or of_hour_ms < $to_ms)
    and of_tenant = coalesce($tenant, of_tenant)
);

-- name: sheet_rows
select
    tenant, type, hour_ms,
    sum(logged)::bigint + sum(waiting)::bigint,
    sum(counted)::bigint, sum(in_grace)::bigint, sum(late)::bigint, sum(duplicate)::bigint,
    sum(conflict)::bigint, sum(unmatched)::bigint, sum(refused)::bigint,
    sum(waiting)::bigint, sum(gap)::bigint
from (
    select
        tenant, type, hour_ms, logged, coalesce(counted, 0) as counted, coalesce(in_grace, 0) as in_grace,
        coalesce(late, 0) as late, coalesce(duplicate, 0) as duplicate, coalesce(conflict, 0) as conflict,
        coalesce(unmatched, 0) as unmatched, coalesce(refused, 0) as refused, 0 as waiting, gap
    from fate_gaps
    union all
    select tenant, type, hour_ms, 0, 0, 0, 0, 0, 0, 0, 0, events, 0
    from log_in_flight where within(tenant, hour_ms)
)
group by tenant, type, hour_ms
order by tenant, type, hour_ms;

-- name: meter_hours
-- A row that somebody damaged may hold what is no integer: its own finding tells.
with sides as (
    select 'log' as side, * from log_rollups where within(tenant, window_start_ms)
    union all by name
    select 'store' as side, * from store_rollups
),
hours as (
    select
        tenant, meter, window_start_ms, side,
        [
            sum(events)::varchar, sum(try_cast(sum as bignum))::varchar,
            min(try_cast(min as bignum))::varchar, max(try_cast(max as bignum))::varchar,
            min(first_ms)::varchar, arg_min(first_value, (first_ms, customer, grp, arrival_day)),
            max(latest_ms)::varchar, arg_max(latest_value, (latest_ms, customer, grp, arrival_day))
        ] as partial
    from sides
    group by all
)
select
    tenant, meter, window_start_ms,
    any_value(partial) filter (side = 'log'),
    any_value(partial) filter (side = 'store'),
    coalesce(any_value(g.gap), 0)
from hours
left join (
    select
        tenant, meter, window_start_ms,
        sum(greatest(abs(coalesce(log_events, 0) - coalesce(store_events, 0)), 1))::bigint as gap
    from rollup_gaps group by all
) g using (tenant, meter, window_start_ms)
group by tenant, meter, window_start_ms
order by tenant, meter, window_start_ms;

-- name: sketches_of_hours
select side, tenant, meter, window_start_ms, customer, grp, pages
from sketches
where within(tenant, window_start_ms)
order by side, tenant, meter, window_start_ms, customer, grp;

-- name: fate_findings
select tenant, type, hour_ms, arrival_day, partition, log_says, store_says, gap
from fate_gaps where gap > 0
order by tenant, type, hour_ms, arrival_day, partition
limit $most;

-- name: count_fate_findings
select count(*) from fate_gaps where gap > 0;

-- name: rollup_findings
select tenant, customer, meter, grp, window_start_ms, arrival_day, log_says, store_says, log_events, store_events
from rollup_gaps
order by tenant, customer, meter, grp, window_start_ms, arrival_day
limit $most;

-- name: count_rollup_findings
select count(*) from rollup_gaps;

-- name: in_flight_total
select coalesce(sum(events), 0)::bigint from log_in_flight where within(tenant, hour_ms);
