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
select customer, meter, shown, window_start_ms, arrival_day,
       events, sum, min, max, first_ms, first_value, latest_ms, latest_value
from rollups, lateral (
    select array(
        select coalesce(nullif(grp, '')::jsonb ->> label, '')
        from unnest(%(group_by)s::text[]) with ordinality as asked (label, place)
        order by place
    ) as shown
) as groups
where tenant = %(tenant)s
  and customer = %(customer)s
  and (%(meter)s::text is null or meter = %(meter)s)
  and window_start_ms >= %(from_ms)s and window_start_ms < %(to_ms)s
  and meter >= %(after_meter)s
  and (meter, shown, window_start_ms) >= (%(after_meter)s, %(after_group)s::text[], %(after_hour)s)
order by customer, meter, shown, window_start_ms, arrival_day, grp;

-- name: rows_of_tenant
select customer, meter, shown, window_start_ms, arrival_day,
       events, sum, min, max, first_ms, first_value, latest_ms, latest_value
from rollups, lateral (
    select array(
        select coalesce(nullif(grp, '')::jsonb ->> label, '')
        from unnest(%(group_by)s::text[]) with ordinality as asked (label, place)
        order by place
    ) as shown
) as groups
where tenant = %(tenant)s
  and (%(meter)s::text is null or meter = %(meter)s)
  and window_start_ms >= %(from_ms)s and window_start_ms < %(to_ms)s
  and (customer, meter) >= (%(after_customer)s, %(after_meter)s)
  and (customer, meter, shown, window_start_ms)
      >= (%(after_customer)s, %(after_meter)s, %(after_group)s::text[], %(after_hour)s)
order by customer, meter, shown, window_start_ms, arrival_day, grp;
