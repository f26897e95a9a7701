-- name: snapshot
set transaction isolation level repeatable read read only;

-- name: progress
select partition, generation, source_offset, record_time_ms from progress;

-- name: generation
select coalesce(max(generation), 1) from topic_generations where topic = 'usage';

-- name: versions
select version, effective_from_ms, document from catalog_versions order by version;

-- name: rows_of_customer
-- `shown`: the properties that usage is asked for by; where none is, all groups come together.
-- `pages`: where the meter has any, each with its number in two bytes before it.
-- Of `levels` come the newest rows before the span too, on time and any: what they say lasts into it. All rows
-- of a series of theirs come, wherever in it the answer goes on.
select customer, meter, shown, window_start_ms, arrival_day,
       events, sum, min, max, first_ms, first_value, latest_ms, latest_value, grp,
       case when meter = any(%(paged)s::text[]) then array(
           select int2send(page) || content from sketches s
           where s.tenant = r.tenant and s.customer = r.customer and s.meter = r.meter and s.grp = r.grp
             and s.window_start_ms = r.window_start_ms and s.arrival_day = r.arrival_day
       ) else '{}' end as pages
from (
    select * from rollups
    where tenant = %(tenant)s
      and customer = %(customer)s
      and (%(meter)s::text is null or meter = %(meter)s)
      and window_start_ms >= %(from_ms)s and window_start_ms < %(to_ms)s
      and meter >= %(after_meter)s
    union all
    select older.* from (
        select meter, grp, max(window_start_ms) as any_ms,
               max(window_start_ms) filter (where arrival_day = 0) as on_time_ms
        from rollups
        where tenant = %(tenant)s
          and customer = %(customer)s
          and meter = any(%(levels)s::text[])
          and (%(meter)s::text is null or meter = %(meter)s)
          and window_start_ms < %(from_ms)s
          and meter >= %(after_meter)s
        group by meter, grp
    ) newest
    join rollups older
      on older.tenant = %(tenant)s and older.customer = %(customer)s
     and older.meter = newest.meter and older.grp = newest.grp
     and older.window_start_ms in (newest.any_ms, newest.on_time_ms)
) r, lateral (
    select array(
        select coalesce(nullif(grp, '')::jsonb ->> label, '')
        from unnest(%(group_by)s::text[]) with ordinality as asked (label, place)
        order by place
    ) as shown
) as groups
where (meter, shown, window_start_ms) >= (%(after_meter)s, %(after_group)s::text[], %(after_hour)s)
   or (meter = any(%(levels)s::text[])
       and (meter, shown) >= (%(after_meter)s, %(after_group)s::text[]))
order by customer, meter, shown, window_start_ms, arrival_day, grp;

-- name: rows_of_tenant
select customer, meter, shown, window_start_ms, arrival_day,
       events, sum, min, max, first_ms, first_value, latest_ms, latest_value, grp,
       case when meter = any(%(paged)s::text[]) then array(
           select int2send(page) || content from sketches s
           where s.tenant = r.tenant and s.customer = r.customer and s.meter = r.meter and s.grp = r.grp
             and s.window_start_ms = r.window_start_ms and s.arrival_day = r.arrival_day
       ) else '{}' end as pages
from (
    select * from rollups
    where tenant = %(tenant)s
      and (%(meter)s::text is null or meter = %(meter)s)
      and window_start_ms >= %(from_ms)s and window_start_ms < %(to_ms)s
      and (customer, meter) >= (%(after_customer)s, %(after_meter)s)
    union all
    select older.* from (
        select customer, meter, grp, max(window_start_ms) as any_ms,
               max(window_start_ms) filter (where arrival_day = 0) as on_time_ms
        from rollups
        where tenant = %(tenant)s
          and meter = any(%(levels)s::text[])
          and (%(meter)s::text is null or meter = %(meter)s)
          and window_start_ms < %(from_ms)s
          and (customer, meter) >= (%(after_customer)s, %(after_meter)s)
        group by customer, meter, grp
    ) newest
    join rollups older
      on older.tenant = %(tenant)s and older.customer = newest.customer
     and older.meter = newest.meter and older.grp = newest.grp
     and older.window_start_ms in (newest.any_ms, newest.on_time_ms)
) r, lateral (
    select array(
        select coalesce(nullif(grp, '')::jsonb ->> label, '')
        from unnest(%(group_by)s::text[]) with ordinality as asked (label, place)
        order by place
    ) as shown
) as groups
where (customer, meter, shown, window_start_ms)
      >= (%(after_customer)s, %(after_meter)s, %(after_group)s::text[], %(after_hour)s)
   or (meter = any(%(levels)s::text[])
       and (customer, meter, shown) >= (%(after_customer)s, %(after_meter)s, %(after_group)s::text[]))
order by customer, meter, shown, window_start_ms, arrival_day, grp;

-- name: rows_of_top
-- The rows of those windows in which most of one meter was used, by the largest amount first. PostgreSQL
-- ranks by its exact numbers; the amounts themselves are made of the rows, as everywhere.
with named as (
    select *,
        case %(window)s
            when 'hour' then window_start_ms
            when 'day' then window_start_ms - window_start_ms %% 86400000
            else (
                extract(epoch from date_trunc('month', to_timestamp(window_start_ms / 1000) at time zone 'UTC'))
                * 1000
            )::bigint
        end as bucket
    from rollups, lateral (
        select array(
            select coalesce(nullif(grp, '')::jsonb ->> label, '')
            from unnest(%(group_by)s::text[]) with ordinality as asked (label, place)
            order by place
        ) as shown
    ) as groups
    where tenant = %(tenant)s
      and meter = %(meter)s
      and (%(customer)s::text is null or customer = %(customer)s)
      and window_start_ms >= %(from_ms)s and window_start_ms < %(to_ms)s
),
amounts as (
    select customer, shown, bucket,
        case %(aggregation)s
            when 'count' then sum(events)
            when 'avg' then sum(sum) / nullif(sum(events), 0)
            when 'min' then min(min)
            when 'max' then max(max)
            when 'first' then (array_agg(first_value order by first_ms, window_start_ms, arrival_day, grp))[1]
            when 'latest' then (
                array_agg(
                    latest_value
                    order by latest_ms desc, window_start_ms desc, arrival_day desc, grp desc
                )
            )[1]
            else sum(sum)
        end as amount
    from named
    group by customer, shown, bucket
),
ranked as (
    select customer, shown, bucket,
        row_number() over (order by amount desc nulls last, customer, shown, bucket) as rank
    from amounts
    order by rank
    limit %(top)s
)
select customer, meter, shown, window_start_ms, arrival_day,
       events, sum, min, max, first_ms, first_value, latest_ms, latest_value, grp, '{}'::bytea[]
from named join ranked using (customer, shown, bucket)
order by rank, window_start_ms, arrival_day, grp;

-- name: hashed
-- What a table says, without when it was stored.
select (to_jsonb(t) - %(left_out)s::text[])::text from {table} t order by {order}

-- name: hashed_sketches
select tenant, customer, meter, grp, window_start_ms, arrival_day, partition, page, content from sketches
order by {order}, page
