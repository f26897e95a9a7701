-- The left side: every event of the log, decided anew. Runs in DuckDB over the relation `log`.
--
-- What needs one of the pure rules of `schemas` is asked once for each distinct name, hour or meter
-- (tables misplaced, unnameable and rules), so that millions of events meet only joins and sums.

-- name: make_shapes
-- The members of `data` as text where the whole is flat and plain, which nearly all are; else null, and
-- Python looks. Plain texts hold no quotes, escapes or braces, so that a name in quotes and a colon is a member.
create macro plain_data(rest) as (
    case
        when regexp_full_match(rest, '\{($member,)*"data":\{($member(,$member)*)?\}(,$member)*\}')
            and length(rest) - length(replace(rest, '"data":', '')) = length('"data":')
        then regexp_extract(rest, '"data":(\{[^{}]*\})', 1)
    end
);

-- name: make_members
-- Millionths of one member of plain data; -1 where there is none, -2 where Python has to look.
create macro member_micro(data, name) as (
    case
        when data is null then -2::hugeint
        when not contains(data, '"' || name || '":') then -1::hugeint
        when contains(substr(data, strpos(data, '"' || name || '":') + 1), '"' || name || '":') then -2::hugeint
        else coalesce(plain_micro(regexp_extract(
            data,
            '"' || regexp_escape(name) || '":("?)([0-9]{1,14})(?:\.([0-9]{1,6}))?("?)[,}]',
            ['open', 'whole', 'fraction', 'close']
        )), -2::hugeint)
    end
);

-- name: make_number
create macro plain_micro(found) as (
    case when found.whole <> '' and found.open = found.close
        then (found.whole || rpad(found.fraction, 6, '0'))::hugeint end
);

-- name: make_product
-- The product of a meter's properties; null where it might not fit, or where one of them is missing.
create macro product_of(members) as (
    case when list_min(members) >= 0 and list_sum(list_transform(members, lambda m: length(m::varchar))) <= $digits
        then list_reduce(members, lambda a, b: a * b) end
);

-- name: make_tables
create table misplaced (tenant varchar, customer varchar, partition smallint);
create table unnameable (kind varchar, name varchar);
create table skipped (partition smallint, "offset" bigint);
create table rules (
    type varchar, hour_ms bigint, version int, matched boolean, needs_quantity boolean, reads_rest boolean,
    grace_from_ms bigint, late_from_ms bigint
);
-- Who counts events of a choosy meter, by their other fields; what is not here is left out.
create table choices (type varchar, version int, meter varchar, rest varchar, grp varchar);
-- Types whose every meter leaves out what its filters do.
create table filtered (type varchar, version int);
create table measured (event bigint, meter varchar, value hugeint, huge bignum);
-- What events are about, by their other fields, for meters of different things.
create table things (type varchar, version int, meter varchar, rest varchar, thing varchar);
create table missing (event bigint);
create table copies (event bigint, fate varchar);
create table log_rollups (
    tenant varchar, customer varchar, meter varchar, grp varchar, window_start_ms bigint, arrival_day int,
    events bigint, sum varchar, min varchar, max varchar,
    first_ms bigint, first_value varchar, latest_ms bigint, latest_value varchar
);

-- name: distinct_parties
select distinct tenant, customer, partition from log where not unreadable;

-- name: distinct_types
select distinct 'type', type from log where not unreadable;

-- name: distinct_sources
select distinct 'source', source from log where not unreadable;

-- name: doubtful_ids
-- All others are plain ASCII of a good length, which no rule refuses.
select distinct 'id', id from log where not unreadable and not regexp_full_match(id, '[ -~]{1,128}');

-- name: distinct_hours
select distinct type, hour_ms from log;

-- name: make_events
create table events as
select
    s.partition, s."offset", s."index", s.generation,
    -- Where it stands among all events of its partition.
    ((s.generation::hugeint << 48) + s."offset") * 65536 + s."index" as place,
    -- An event whose own texts cannot be trusted is booked under nobody, when it was recorded.
    if(s.nameless, '', s.tenant) as tenant,
    if(s.nameless, '', s.customer) as customer,
    if(s.nameless, '', s.type) as type,
    if(s.nameless, s.recorded_at_ms - s.recorded_at_ms % 3600000, s.hour_ms) as hour_ms,
    s.occurred_at_ms, s.recorded_at_ms, s.quantity_micro,
    if(r.reads_rest, s.rest, '') as rest,
    r.version,
    -- Without the customer, so that an id which two of them share is met as well.
    hash(s.tenant, s.source, s.id) as sighting,
    s.recorded_at_ms >= r.grace_from_ms and s.recorded_at_ms < r.late_from_ms as in_grace,
    case
        when s.nameless or s.skipped
            or (s.tenant, s.customer, s.partition) in (select (tenant, customer, partition) from misplaced)
            or s.occurred_at_ms < s.recorded_at_ms - $oldest_ms
            or s.occurred_at_ms > s.recorded_at_ms + $ahead_ms
            or (r.needs_quantity and s.quantity_micro < 0)
        then 'refused'
        when not r.matched then 'unmatched'
        when s.recorded_at_ms >= r.late_from_ms then 'late'
        else 'counted'
    end as fate
from (
    select
        *,
        unreadable or (not skipped and (
            tenant in (select name from unnameable where kind = 'tenant')
            or customer in (select name from unnameable where kind = 'customer')
            or type in (select name from unnameable where kind = 'type')
            or source in (select name from unnameable where kind = 'source')
            or id in (select name from unnameable where kind = 'id')
        )) as nameless
    from (
        select *, (partition, "offset") in (select (partition, "offset") from skipped) as skipped
        from log
        where not in_flight
    )
) s
join rules r on r.type = s.type and r.hour_ms = s.hour_ms;

-- name: distinct_rests
select distinct rest from events where type = $type and version = $version and fate in ('counted', 'late');

-- name: distinct_rests_of_meter
select distinct rest from events
where type = $type and version = $version and fate in ('counted', 'late')
    and ($everybody or rest in (
        select rest from choices where type = $type and version = $version and meter = $meter
    ));

-- name: refuse_rest
insert into missing
select rowid from events
where type = $type and version = $version and rest = $rest and fate in ('counted', 'late');

-- name: leave_out
-- What nobody counts has no meter; what nobody can read is refused.
update events set fate = 'unmatched'
where fate in ('counted', 'late') and (type, version) in (select (type, version) from filtered)
    and (type, version, rest) not in (select (type, version, rest) from choices)
    and rowid not in (select event from missing);

-- name: measure
-- What events are worth to one meter by their properties, /* members */ being one of each.
insert into measured
select event, $meter, value, null from (
    select
        event,
        case
            when list_max(members) >= 0 then product_of(members)
            when quantity_micro < 0 then $absent::hugeint
            when quantity_micro <= $limit::hugeint then quantity_micro * $factor::hugeint
        end as value,
        -- A part of the properties is a refusal, which Python words as well.
        list_min(members) = -1 and list_max(members) = -1 as none_given
    from (
        select event, quantity_micro, [/* members */] as members
        from (
            select rowid as event, quantity_micro, if(rest = '', '{}', plain_data(rest)) as data from events
            where type = $type and version = $version and fate in ('counted', 'late')
                and ($everybody or rest in (
                    select rest from choices where type = $type and version = $version and meter = $meter
                ))
        )
    )
    where list_min(members) >= 0 or (list_min(members) = -1 and list_max(members) = -1)
) where value is not null;

-- name: unmeasured
-- Everything else, for the rule itself to look at.
select rowid, quantity_micro::varchar, rest from events
where type = $type and version = $version and fate in ('counted', 'late')
    and ($everybody or rest in (
        select rest from choices where type = $type and version = $version and meter = $meter
    ))
    and ($reads_rest or quantity_micro > $limit::hugeint or (quantity_micro < 0 and $absent is null))
    and rowid not in (select event from measured where meter = $meter);

-- name: refuse_missing
update events set fate = 'refused' where rowid in (select event from missing);

-- name: find_repeated
create table repeated as
select sighting from events where fate in ('counted', 'late') group by sighting having count(*) > 1;

-- name: find_sightings
create table sightings as
select
    e.rowid as event, e.place, e.recorded_at_ms, l.tenant, l.customer, l.source, l.id,
    -- What a copy shares with its original.
    {'type': l.type, 'time': l.given_ms, 'quantity': l.quantity_micro, 'rest': l.rest} as content
from events e
join log l on l.generation = e.generation and l.partition = e.partition
    and l."offset" = e."offset" and l."index" = e."index"
where e.fate in ('counted', 'late') and e.sighting in (select sighting from repeated);

-- name: judge_copies
insert into copies
select event, case when content = original then 'duplicate' else 'conflict' end
from (
    select
        event, content,
        row_number() over sights as nth,
        first_value(content) over sights as original,
        max(recorded_at_ms) over everything - min(recorded_at_ms) over everything as spread_ms
    from sightings
    window
        sights as (partition by tenant, customer, source, id order by place),
        everything as (partition by tenant, customer, source, id)
)
where nth > 1 and spread_ms <= $horizon_ms;

-- name: spread_sightings
-- Of those, a first sighting may have been forgotten before the last copy came.
select tenant, customer, source, id, event, recorded_at_ms, content::varchar
from sightings
window everything as (partition by tenant, customer, source, id)
qualify max(recorded_at_ms) over everything - min(recorded_at_ms) over everything > $horizon_ms
order by tenant, customer, source, id, place;

-- name: apply_copies
update events set fate = copies.fate from copies where copies.event = events.rowid;

-- name: add_rollups
insert into log_rollups
select
    tenant, customer, $meter, grp, hour_ms,
    case when fate = 'late' then (recorded_at_ms // 86400000)::int else 0 end as arrival_day,
    count(*),
    if(
        count(huge) = 0,
        sum(value)::varchar,
        (coalesce(sum(value), 0)::bignum + sum(huge))::varchar
    ),
    -- Every huge value is above all others.
    coalesce(min(value)::varchar, min(huge)::varchar),
    coalesce(max(huge)::varchar, max(value)::varchar),
    min(occurred_at_ms),
    coalesce(arg_min_null(value, moment)::varchar, arg_min_null(huge, moment)::varchar),
    max(occurred_at_ms),
    coalesce(arg_max_null(value, moment)::varchar, arg_max_null(huge, moment)::varchar)
from (
    select
        e.*, m.huge, coalesce(c.grp, '') as grp,
        -- Of two events in one millisecond the log's order decides.
        (e.occurred_at_ms::hugeint << 79) + e.place as moment,
        case
            when m.event is not null then m.value
            when e.quantity_micro < 0 then $absent::hugeint
            else e.quantity_micro * $factor::hugeint
        end as value
    from events e
    left join measured m on m.event = e.rowid and m.meter = $meter
    left join choices c on c.rest = e.rest and c.type = $type and c.version = $version and c.meter = $meter
    where e.type = $type and e.version = $version and e.fate in ('counted', 'late')
        and ($everybody or c.rest is not null)
)
group by tenant, customer, grp, hour_ms, arrival_day;

-- name: distinct_values
-- Different values of each row of usage, and how often each came; where that matters, when ($timed).
select
    tenant, customer, grp, hour_ms,
    case when fate = 'late' then (recorded_at_ms // 86400000)::int else 0 end as arrival_day,
    if($timed, occurred_at_ms, 0) as at_ms, coalesce(value::varchar, huge::varchar) as worth, count(*)
from (
    select
        e.*, m.huge, coalesce(c.grp, '') as grp,
        case
            when m.event is not null then m.value
            when e.quantity_micro < 0 then $absent::hugeint
            else e.quantity_micro * $factor::hugeint
        end as value
    from events e
    left join measured m on m.event = e.rowid and m.meter = $meter
    left join choices c on c.rest = e.rest and c.type = $type and c.version = $version and c.meter = $meter
    where e.type = $type and e.version = $version and e.fate in ('counted', 'late')
        and ($everybody or c.rest is not null)
)
group by tenant, customer, grp, hour_ms, arrival_day, at_ms, worth
order by tenant, customer, grp, hour_ms, arrival_day;

-- name: distinct_things
-- Different things of each row of usage, and how often each came.
select
    e.tenant, e.customer, coalesce(c.grp, '') as grp, e.hour_ms,
    case when e.fate = 'late' then (e.recorded_at_ms // 86400000)::int else 0 end as arrival_day,
    0, t.thing, count(*)
from events e
join things t on t.rest = e.rest and t.type = $type and t.version = $version and t.meter = $meter
left join choices c on c.rest = e.rest and c.type = $type and c.version = $version and c.meter = $meter
where e.type = $type and e.version = $version and e.fate in ('counted', 'late')
    and ($everybody or c.rest is not null)
group by all
order by e.tenant, e.customer, grp, e.hour_ms, arrival_day;

-- name: make_fates
create table log_fates as
select
    tenant, type, hour_ms, (recorded_at_ms // 86400000)::int as arrival_day, partition,
    count(*) filter (fate = 'counted') as counted,
    count(*) filter (fate = 'counted' and in_grace) as in_grace,
    count(*) filter (fate = 'late') as late,
    count(*) filter (fate = 'duplicate') as duplicate,
    count(*) filter (fate = 'conflict') as conflict,
    count(*) filter (fate = 'unmatched') as unmatched,
    count(*) filter (fate = 'refused') as refused
from events
group by all;

-- name: make_in_flight
create table log_in_flight as
select tenant, type, hour_ms, count(*) as events from log where in_flight group by all;

-- name: reused_ids
-- The same id under several customers: allowed, each counts, and worth a look.
select tenant, source, id, list(distinct customer order by customer)
from sightings
where event not in (select event from copies)
group by tenant, source, id
having count(distinct customer) > 1
order by tenant, source, id
limit $most;
