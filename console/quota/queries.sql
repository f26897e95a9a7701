-- name: placements_of_customer
select plan, anchor_ms from placements where tenant = %(tenant)s and customer = %(customer)s;

-- name: stored_rows
-- What the store has of one period, groups and late rows and all, in the order in which they are merged.
select arrival_day, events, sum, min, max, first_ms, first_value, latest_ms, latest_value
from rollups
where tenant = %(tenant)s and customer = %(customer)s and meter = %(meter)s
  and window_start_ms >= %(start_ms)s and window_start_ms < %(end_ms)s
order by window_start_ms, arrival_day, grp;
