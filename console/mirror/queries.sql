-- The mirror of Stripe's objects. Every statement is for one tenant.

-- name: find_customer
-- By Stripe's id, or by the customer of usage that it is linked to: by hand, by metadata, or by the same id.
-- What people say holds: who is linked by hand is not found by metadata that say otherwise.
with found as (
    select id, 1 as place from stripe_customers where tenant = %(tenant)s and id = %(word)s
    union all
    select stripe_customer, 2 from customer_links where tenant = %(tenant)s and customer = %(word)s
    union all
    select c.id, 3 from stripe_customers c
    where c.tenant = %(tenant)s and c.metadata ->> 'weir_customer' = %(word)s
      and not exists (select from customer_links l where l.tenant = c.tenant and l.stripe_customer = c.id)
)
select to_jsonb(c),
    coalesce(l.customer, c.metadata ->> 'weir_customer', c.id),
    case when l.customer is not null then 'by hand' when c.metadata ? 'weir_customer' then 'metadata' else 'id' end
from found
join stripe_customers c on c.tenant = %(tenant)s and c.id = found.id
left join customer_links l on l.tenant = c.tenant and l.stripe_customer = c.id
order by found.place, c.id
limit 1

-- name: payment_methods_of
select to_jsonb(m) from stripe_payment_methods m
where m.tenant = %(tenant)s and m.customer = %(customer)s
order by coalesce(m.created_at_ms, -1) desc, m.id desc

-- name: tax_ids_of
select to_jsonb(t) from stripe_tax_ids t
where t.tenant = %(tenant)s and t.customer = %(customer)s and t.deleted_at_ms is null
order by t.id

-- name: discounts_of
select to_jsonb(d) from stripe_discounts d
where d.tenant = %(tenant)s and d.customer = %(customer)s and d.deleted_at_ms is null
order by d.id

-- name: subscriptions
-- The newest first; a page goes on below a place. What is not of the page is not made JSON of.
-- Not by `coalesce`: PostgreSQL does not trust it below row level security, and would read every row.
select to_jsonb(s), coalesce(
    (select jsonb_agg(to_jsonb(i) order by i.position)
    from stripe_subscription_items i where i.tenant = s.tenant and i.subscription_id = s.id), '[]')
from (
    select * from stripe_subscriptions
    where tenant = %(tenant)s
      and (%(customer)s::text is null or customer = %(customer)s)
      and (%(subscription)s::text is null or id = %(subscription)s)
      and (%(status)s::text is null or status = %(status)s)
      and (case when created_at_ms is null then -1 else created_at_ms end, id) < (%(below_ms)s::bigint, %(below_id)s)
    order by case when created_at_ms is null then -1 else created_at_ms end desc, id desc
    limit %(most)s
) s
order by coalesce(s.created_at_ms, -1) desc, s.id desc

-- name: invoices
-- As for subscriptions.
select to_jsonb(i)
from (
    select * from stripe_invoices
    where tenant = %(tenant)s
      and (%(customer)s::text is null or customer = %(customer)s)
      and (%(subscription)s::text is null or subscription = %(subscription)s)
      and (%(status)s::text is null or status = %(status)s)
      and (case when created_at_ms is null then -1 else created_at_ms end, id) < (%(below_ms)s::bigint, %(below_id)s)
    order by case when created_at_ms is null then -1 else created_at_ms end desc, id desc
    limit %(most)s
) i
order by coalesce(i.created_at_ms, -1) desc, i.id desc

-- name: find_invoice
select to_jsonb(i) from stripe_invoices i
where i.tenant = %(tenant)s and i.id = %(id)s

-- name: lines_of_invoice
select to_jsonb(l) from stripe_invoice_lines l
where l.tenant = %(tenant)s and l.invoice_id = %(id)s
order by l.position

-- name: charges_of_invoice
-- Those that name it, that it names, and all others of its payment. Of its customer, whose charges are found soon.
select to_jsonb(c)
from stripe_invoices i
join stripe_charges c on c.tenant = i.tenant and c.customer = i.customer
  and (c.invoice = i.id or c.id = i.charge or c.payment_intent = i.payment_intent)
where i.tenant = %(tenant)s and i.id = %(id)s
order by coalesce(c.created_at_ms, -1) desc, c.id desc

-- name: credit_notes_of_invoice
select to_jsonb(n)
from stripe_invoices i
join stripe_credit_notes n on n.tenant = i.tenant and n.customer = i.customer and n.invoice = i.id
where i.tenant = %(tenant)s and i.id = %(id)s
order by coalesce(n.created_at_ms, -1) desc, n.id desc

-- name: refunds_of
-- Of charges, or by their ids.
select to_jsonb(r) from stripe_refunds r
where r.tenant = %(tenant)s and (r.charge = any(%(charges)s) or r.id = any(%(refunds)s))
order by coalesce(r.created_at_ms, -1) desc, r.id desc

-- name: charges_of
select to_jsonb(c) from stripe_charges c
where c.tenant = %(tenant)s and c.customer = %(customer)s
order by coalesce(c.created_at_ms, -1) desc, c.id desc
limit %(most)s

-- name: money_of
-- What was taken of a customer and what went back, by currency.
select currency, sum(coalesce(amount_captured, amount))::bigint, sum(amount_refunded)::bigint
from stripe_charges
where tenant = %(tenant)s and customer = %(customer)s and status = 'succeeded' and currency is not null
group by currency
order by currency

-- name: history_of
select event_id, type, at_ms, status, was, amount, reason, note from stripe_history
where tenant = %(tenant)s and object_kind = %(kind)s and object_id = %(id)s

-- name: failed_payments_of
-- Of a subscription's invoices, or of one invoice; those that were judged.
select jsonb_build_object('invoice', f.invoice, 'failed_at_ms', f.failed_at_ms, 'event_id', f.event_id,
    'judged_at_ms', f.judged_at_ms, 'step', f.step)
from stripe_invoices i
join stripe_failed_payments f on f.tenant = i.tenant and f.invoice = i.id
where i.tenant = %(tenant)s
  and (i.subscription = %(subscription)s or i.id = %(invoice)s)
order by f.failed_at_ms desc, f.invoice desc
limit %(most)s

-- name: dunning_gaps
select jsonb_build_object('failed_at_ms', f.failed_at_ms, 'invoice', f.invoice,
    'subscription', i.subscription, 'customer', i.customer, 'amount_remaining', i.amount_remaining,
    'currency', i.currency, 'status', i.status, 'next_payment_attempt_at_ms', i.next_payment_attempt_at_ms,
    'event_id', f.event_id, 'judged_at_ms', f.judged_at_ms)
from (
    select * from stripe_failed_payments
    where tenant = %(tenant)s and step is null
    order by failed_at_ms desc, invoice desc
    limit %(most)s
) f
join stripe_invoices i on i.tenant = f.tenant and i.id = f.invoice
order by f.failed_at_ms desc, f.invoice desc

-- name: doubts
select to_jsonb(d) from stripe_doubts d
where d.tenant = %(tenant)s
order by d.as_of_ms, d.object_kind, d.object_id
limit %(most)s

-- name: hashed
-- What a table says, without how we know: the same whatever the order of events, asked or told.
select ((to_jsonb(t) - %(apart)s::text[])
    || jsonb_build_object('deleted', to_jsonb(t) -> 'deleted_at_ms' is distinct from 'null'::jsonb))::text
from {table} t
where %(tenant)s::text is null or t.tenant = %(tenant)s
order by {order}
