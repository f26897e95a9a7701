-- How far PostgreSQL and the archive are.

-- name: stored
select partition, source_offset from progress;

-- name: archived
select partition, next_offset - 1 from sink_offsets where sink = 'archive' and topic = 'usage';

-- name: mirrored
select partition, source_offset from mirror_progress;

-- name: webhooks_first
select event_id, count(*) filter (where sighting = 'first')
from webhook_deliveries
where tenant = %(tenant)s
group by event_id;

-- name: webhook_places
-- Of each event the delivery that was recorded first.
select event_id, partition, source_offset
from webhook_deliveries
where tenant = %(tenant)s and sighting = 'first';

-- name: generation
select generation from topic_generations where topic = 'usage' order by generation desc limit 1;

-- name: make_charges
-- Spread over the last 30 days; one in 20 has failed, and one is on its way.
insert into stripe_charges (tenant, id, created_at_ms, status, currency, amount, amount_refunded, metadata,
    as_of_ms, event_id, settled, stamp)
select %(tenant)s, 'ch_made_up_' || nth, %(now_ms)s - 2592000000 * nth / %(charges)s,
    case nth %% 20 when 0 then 'failed' when 1 then 'pending' else 'succeeded' end,
    case nth %% 3 when 0 then 'eur' else 'usd' end, nth, 0, '{}', 0, 'evt_made_up', true, 0
from generate_series(1::bigint, %(charges)s) nth
on conflict do nothing;
