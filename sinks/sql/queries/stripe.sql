-- What is asked of Stripe, and how far that is. See sinks/stripe.

-- name: stripe_tenants
select distinct tenant from stripe_keys where revoked_at_ms is null order by tenant

-- name: stripe_key
select key_id, sealed from stripe_keys
where tenant = %(tenant)s and revoked_at_ms is null
order by created_at_ms desc, key_id
limit 1

-- name: stripe_recorded
-- How far the record of webhooks is on one partition of weir.stripe.
select next_offset from sink_offsets
where sink = 'stripe' and topic = 'stripe' and partition = %(partition)s

-- name: stripe_known
select event_id from webhook_events where tenant = %(tenant)s and event_id = any(%(event_ids)s)

-- name: stripe_last_said
-- The newest delivery about each object.
select distinct on (object_id) object_id, event_id from webhook_deliveries
where tenant = %(tenant)s and object_id = any(%(object_ids)s)
order by object_id, recorded_at_ms desc, generation desc, partition desc, source_offset desc

-- name: stripe_heard
-- The newest webhooks of the tenant's own account. Of the newest deliveries alone: there may be millions.
select event_id, livemode, created_at_ms, object_type, object_id
from (
    select * from webhook_deliveries where tenant = %(tenant)s order by recorded_at_ms desc limit %(most)s
) newest
where origin = 'webhook' and sighting = 'first' and account is null and odd is null
  and event_id not like %(trial)s
order by recorded_at_ms desc

-- name: stripe_note_missing
insert into stripe_missing (tenant, event_id, type, created_s, found_at_ms)
select %(tenant)s, new.event_id, new.type, new.created_s, %(now_ms)s
from unnest(%(event_ids)s::text[], %(types)s::text[], %(created_s)s::bigint[]) as new (event_id, type, created_s)
on conflict do nothing

-- name: stripe_owed
select event_id from stripe_missing
where tenant = %(tenant)s and event_id = any(%(event_ids)s) and entered_at_ms is null

-- name: stripe_note_entered
update stripe_missing set entered_at_ms = %(now_ms)s
where tenant = %(tenant)s and event_id = any(%(event_ids)s) and entered_at_ms is null

-- name: stripe_spans
select from_s, to_s from stripe_spans where tenant = %(tenant)s order by from_s

-- name: stripe_forget_spans
delete from stripe_spans where tenant = %(tenant)s

-- name: stripe_add_spans
insert into stripe_spans (tenant, from_s, to_s)
select %(tenant)s, span.from_s, span.to_s
from unnest(%(from_s)s::bigint[], %(to_s)s::bigint[]) as span (from_s, to_s)

-- name: stripe_walk_under_way
select from_s, to_s from stripe_walks where tenant = %(tenant)s and from_s is not null

-- name: stripe_begin_walk
insert into stripe_walks as walk (tenant, from_s, to_s, epoch, began_at_ms)
values (%(tenant)s, %(from_s)s, %(to_s)s, 1, %(now_ms)s)
on conflict (tenant) do update
set epoch = walk.epoch + 1,
    began_at_ms = case when walk.from_s is null then excluded.began_at_ms else walk.began_at_ms end,
    cursor = case when walk.from_s is null then null else walk.cursor end,
    from_s = coalesce(walk.from_s, excluded.from_s),
    to_s = coalesce(walk.to_s, excluded.to_s)
returning epoch, from_s, to_s, cursor

-- name: stripe_advance_walk
update stripe_walks set cursor = %(cursor)s where tenant = %(tenant)s and epoch = %(epoch)s

-- name: stripe_end_walk
update stripe_walks
set from_s = null, to_s = null, cursor = null, ended_at_ms = %(now_ms)s, failed_at_ms = null, failure = null
where tenant = %(tenant)s and epoch = %(epoch)s

-- name: stripe_fail_walk
insert into stripe_walks as walk (tenant, failed_at_ms, failure)
values (%(tenant)s, %(now_ms)s, %(failure)s)
on conflict (tenant) do update set failed_at_ms = excluded.failed_at_ms, failure = excluded.failure

-- name: stripe_walked
-- Up to when the list of every tenant with a key has been walked; null: there is none.
select min(coalesce((select max(span.to_s) from stripe_spans span where span.tenant = owner.tenant), 0))
from (select distinct tenant from stripe_keys where revoked_at_ms is null) owner

-- name: stripe_silence
-- When a webhook came last, since when there is a key, and what was missing in between.
select (
        select received_at_ms from webhook_deliveries
        where tenant = %(tenant)s and origin = 'webhook' and recorded_at_ms >= %(long_ago_ms)s
        order by recorded_at_ms desc
        limit 1
    ),
    (select min(created_at_ms) from stripe_keys where tenant = %(tenant)s),
    count(*), max(created_s) * 1000
from stripe_missing
where tenant = %(tenant)s and created_s >= %(from_s)s and created_s < %(to_s)s

-- name: stripe_mirrored
-- How far the mirror is on one partition of weir.stripe.
select source_offset + 1 from mirror_progress
where partition = %(partition)s
  and generation = (select max(generation) from topic_generations where topic = 'stripe')

-- name: stripe_failed_tenants
-- Who has payments that failed lately, whose time for a dunning step is over, and that nobody has judged.
select distinct failure.tenant
from stripe_history failure
join webhook_events event using (tenant, event_id)
where failure.type = 'invoice.payment_failed' and failure.at_ms >= %(since_ms)s
  and event.recorded_at_ms <= %(until_ms)s
  and not exists (
    select from stripe_failed_payments
    where tenant = failure.tenant and invoice = failure.object_id and failed_at_ms = failure.at_ms
  )
order by failure.tenant

-- name: stripe_failed
-- A tenant's, with what has become of each until now. Two events of one second tell of the same attempt.
select distinct on (invoice.id, failure.at_ms)
    invoice.id, failure.at_ms, failure.event_id, event.recorded_at_ms,
    invoice.status, invoice.deleted_at_ms is not null, invoice.collection_method,
    invoice.next_payment_attempt_at_ms,
    greatest(
        (
            select max(at_ms) from stripe_history
            where tenant = invoice.tenant and object_kind = 'invoice' and object_id = invoice.id
              and type = 'invoice.payment_failed'
        ),
        (
            select max(created_at_ms) from stripe_charges charge
            where charge.tenant = invoice.tenant and charge.customer = invoice.customer
              and charge.created_at_ms > failure.at_ms
              and (charge.invoice = invoice.id or charge.payment_intent = invoice.payment_intent)
        )
    ),
    subscription.status, subscription.pause_collection is not null,
    invoice.customer, invoice.subscription, invoice.livemode, invoice.attempt_count, invoice.currency,
    invoice.amount_remaining
from stripe_history failure
join webhook_events event using (tenant, event_id)
join stripe_invoices invoice on invoice.tenant = failure.tenant and invoice.id = failure.object_id
left join stripe_subscriptions subscription
    on subscription.tenant = invoice.tenant and subscription.id = invoice.subscription
where failure.tenant = %(tenant)s and failure.object_kind = 'invoice'
  and failure.type = 'invoice.payment_failed' and failure.at_ms >= %(since_ms)s
  and event.recorded_at_ms <= %(until_ms)s
  and not exists (
    select from stripe_failed_payments
    where tenant = failure.tenant and invoice = failure.object_id and failed_at_ms = failure.at_ms
  )
order by invoice.id, failure.at_ms, failure.event_id
limit %(most)s

-- name: stripe_note_judged
insert into stripe_failed_payments (tenant, invoice, failed_at_ms, event_id, judged_at_ms, step)
values (%(tenant)s, %(invoice)s, %(failed_at_ms)s, %(event_id)s, %(now_ms)s, %(step)s)
on conflict do nothing

-- name: stripe_begin_backfill
update stripe_backfills set state = 'running', epoch = epoch + 1, moved_at_ms = %(now_ms)s
where backfill_id = %(backfill_id)s and state in ('waiting', 'running')
returning tenant, from_s, to_s, asked_at_ms, stage, cursor, epoch

-- name: stripe_advance_backfill
update stripe_backfills
set stage = %(stage)s, cursor = %(cursor)s, read = read + %(read)s, entered = entered + %(entered)s,
    moved_at_ms = %(now_ms)s, failure = null, state = case when %(stage)s::text is null then 'done' else state end
where backfill_id = %(backfill_id)s and epoch = %(epoch)s

-- name: stripe_fail_backfill
update stripe_backfills
set failure = %(failure)s, moved_at_ms = %(now_ms)s, state = case when %(for_good)s then 'failed' else state end
where backfill_id = %(backfill_id)s and state = 'running'

-- name: webhook_failures_due
-- With what was sent first.
select failure.tenant, failure.event_id, failure.stamp, delivery.payload
from webhook_failures failure
join lateral (
    select payload from webhook_deliveries
    where tenant = failure.tenant and event_id = failure.event_id and payload is not null
    order by recorded_at_ms
    limit 1
) delivery on true
where failure.retry_at_ms <= %(now_ms)s
order by failure.retry_at_ms
limit %(most)s

-- name: webhook_retried
-- Unless it has failed once more since.
update webhook_failures set retry_at_ms = null
where tenant = %(tenant)s and event_id = %(event_id)s and stamp = %(stamp)s

-- name: webhooks_sent
-- What was sent under each id first.
select distinct on (event_id) payload from webhook_deliveries
where tenant = %(tenant)s and event_id = any(%(event_ids)s) and payload is not null
order by event_id, recorded_at_ms

-- name: stripe_doubts_due
-- Those that Stripe can be asked about: the moment is over by its clock, and there is a key. Less and less often.
update stripe_doubts doubt
set asked = doubt.asked + 1,
    ask_at_ms = %(now_ms)s + least(%(first_ms)s * (1 << least(doubt.asked, 20)), %(longest_ms)s)
where (doubt.tenant, doubt.object_kind, doubt.object_id) in (
    select due.tenant, due.object_kind, due.object_id
    from stripe_doubts due
    where due.ask_at_ms <= %(now_ms)s and due.as_of_ms <= %(over_ms)s and due.object_kind = any(%(kinds)s)
      and exists (select from stripe_keys where tenant = due.tenant and revoked_at_ms is null)
    order by due.ask_at_ms
    limit %(most)s
    for update skip locked
)
returning doubt.tenant, doubt.object_kind, doubt.object_id
