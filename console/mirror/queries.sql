-- The mirror of Stripe's objects. Every statement is for one tenant.

-- name: find_customer
-- By Stripe's id, or by the customer of usage that it is linked to: by hand, by metadata, or by the same id.
select to_jsonb(c),
    coalesce(l.customer, c.metadata ->> 'weir_customer', c.id),
    case when l.customer is not null then 'by hand' when c.metadata ? 'weir_customer' then 'metadata' else 'id' end
from stripe_customers c
left join customer_links l on l.tenant = c.tenant and l.stripe_customer = c.id
where c.tenant = %(tenant)s
  and (c.id = %(word)s or l.customer = %(word)s or c.metadata ->> 'weir_customer' = %(word)s)
order by c.id = %(word)s desc, l.customer = %(word)s desc nulls last, c.id
limit 1

-- name: payment_methods_of
select to_jsonb(m) from stripe_payment_methods m
where m.tenant = %(tenant)s and m.customer = %(customer)s
order by m.created_at_ms desc nulls last, m.id

-- name: tax_ids_of
select to_jsonb(t) from stripe_tax_ids t
where t.tenant = %(tenant)s and t.customer = %(customer)s and t.deleted_at_ms is null
order by t.id

-- name: discounts_of
select to_jsonb(d) from stripe_discounts d
where d.tenant = %(tenant)s and d.customer = %(customer)s and d.deleted_at_ms is null
order by d.id

-- name: subscriptions
-- A page goes on below an id, the newest first.
select to_jsonb(s), coalesce(
    (select jsonb_agg(to_jsonb(i) - 'tenant' - 'subscription_id' - 'position' order by i.position)
    from stripe_subscription_items i where i.tenant = s.tenant and i.subscription_id = s.id), '[]')
from stripe_subscriptions s
where s.tenant = %(tenant)s
  and (%(customer)s::text is null or s.customer = %(customer)s)
  and (%(status)s::text is null or s.status = %(status)s)
  and (%(id)s::text is null or s.id = %(id)s)
order by s.created_at_ms desc nulls last, s.id desc
limit %(most)s

-- name: invoices
select to_jsonb(i) from stripe_invoices i
where i.tenant = %(tenant)s
  and (%(customer)s::text is null or i.customer = %(customer)s)
  and (%(subscription)s::text is null or i.subscription = %(subscription)s)
order by i.created_at_ms desc nulls last, i.id desc
limit %(most)s

-- name: charges_of
select to_jsonb(c) from stripe_charges c
where c.tenant = %(tenant)s and c.customer = %(customer)s
order by c.created_at_ms desc nulls last, c.id desc
limit %(most)s

-- name: money_of
-- What was taken of a customer and what went back, by currency.
select currency, sum(coalesce(amount_captured, amount))::bigint, sum(amount_refunded)::bigint
from stripe_charges
where tenant = %(tenant)s and customer = %(customer)s and status = 'succeeded'
group by currency
order by currency

-- name: history_of
select event_id, type, at_ms, status, was, amount, reason, note from stripe_history
where tenant = %(tenant)s and object_kind = %(kind)s and object_id = %(id)s

-- name: doubts
select object_kind, object_id, as_of_ms, why from stripe_doubts
where tenant = %(tenant)s
order by as_of_ms, object_kind, object_id
limit %(most)s

-- name: hashed
-- What a table says, without how we know: the same whatever the order of events, asked or told.
select ((to_jsonb(t) - %(apart)s::text[])
    || jsonb_build_object('deleted', to_jsonb(t) -> 'deleted_at_ms' is distinct from 'null'::jsonb))::text
from {table} t
where %(tenant)s::text is null or t.tenant = %(tenant)s
order by {order}
