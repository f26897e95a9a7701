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

-- name: mirrored_offsets
select partition, source_offset from mirror_progress;

-- name: read_offsets
-- Up to where sinks have stored what is on the topics of webhooks.
select sink, topic, partition, next_offset from sink_offsets where topic = any(%(topics)s);

-- name: webhooks_recorded
select event_id, count(*) filter (where sighting = 'first'), count(*) filter (where sighting = 'repeat')
from webhook_deliveries
where tenant = %(tenant)s
group by event_id;

-- name: mirrored_ends
-- How objects end, as core/ends.py tells it of the story.
select 'subscription', s.id, s.status, sum(i.quantity * i.unit_amount::numeric)::bigint, 0
from stripe_subscriptions s
join stripe_subscription_items i on i.tenant = s.tenant and i.subscription_id = s.id
where s.tenant = %(tenant)s
group by s.id, s.status
union all
select 'invoice', id, status, amount_due, amount_paid from stripe_invoices where tenant = %(tenant)s
union all
select 'refund', id, status, amount, 0 from stripe_refunds where tenant = %(tenant)s
union all
select 'dispute', id, status, amount, 0 from stripe_disputes where tenant = %(tenant)s;

-- name: mirrored_subscriptions
select c.name, s.id, s.status, i.quantity, i.unit_amount::numeric::bigint, s.currency
from stripe_subscriptions s
join stripe_customers c on c.tenant = s.tenant and c.id = s.customer
join stripe_subscription_items i on i.tenant = s.tenant and i.subscription_id = s.id
where s.tenant = %(tenant)s
order by c.name;
