-- What the demonstration reads for itself.

-- name: stored_offsets
select partition, source_offset from progress;

-- name: top_customers
select tenant, customer, sum(events)::bigint as events
from rollups
group by tenant, customer
order by events desc, tenant, customer
limit %(most)s;

-- name: customer_usage
select meter, sum(events)::bigint, sum(sum)
from rollups
where tenant = %(tenant)s and customer = %(customer)s
group by meter
order by meter;

-- name: late_events
-- How many of the accepted events came on time, in grace and late, and how many were refused.
select tenant, type, sum(counted - in_grace)::bigint, sum(in_grace)::bigint, sum(late)::bigint,
       sum(refused)::bigint, sum(counted + late + refused)::bigint
from fate_counts
group by tenant, type
having sum(counted + late + refused) > 0
order by tenant, type;
