-- name: snapshot
set transaction isolation level repeatable read read only;

-- name: progress
select partition, generation, source_offset, record_time_ms from progress;

-- name: generation
select coalesce(max(generation), 1) from topic_generations where topic = 'usage';

-- name: versions
select version, effective_from_ms, document from catalog_versions order by version;

-- name: rows_of_customer
select customer, meter, grp, window_start_ms, arrival_day,
       events, sum, min, max, first_ms, first_value, latest_ms, latest_value
from rollups
where tenant = %(tenant)s
  and customer = %(customer)s
  and (%(meter)s::text is null or meter = %(meter)s)
  and window_start_ms >= %(from_ms)s and window_start_ms < %(to_ms)s
  and (meter, grp, window_start_ms) >= (%(after_meter)s, %(after_group)s, %(after_hour)s)
order by customer, meter, grp, window_start_ms, arrival_day;

-- name: rows_of_tenant
select customer, meter, grp, window_start_ms, arrival_day,
       events, sum, min, max, first_ms, first_value, latest_ms, latest_value
from rollups
where tenant = %(tenant)s
  and (%(meter)s::text is null or meter = %(meter)s)
  and window_start_ms >= %(from_ms)s and window_start_ms < %(to_ms)s
  and (customer, meter, grp, window_start_ms)
      >= (%(after_customer)s, %(after_meter)s, %(after_group)s, %(after_hour)s)
order by customer, meter, grp, window_start_ms, arrival_day;
