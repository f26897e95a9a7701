-- What PostgreSQL holds of the customers of a run.

-- name: stored_usage
select tenant, customer, meter, window_start_ms, sum(events)::bigint, sum(sum)
from rollups
where tenant = any(%(tenants)s) and meter = any(%(meters)s)
group by tenant, customer, meter, window_start_ms;

-- name: stored_progress
select partition, source_offset, generation from progress;
