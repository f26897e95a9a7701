-- name: one_change_at_a_time
-- People change things a few times a day: in turns, so that the outbox's ids are in the order of commits.
select pg_advisory_xact_lock(hashtext('weir.control'));

-- name: audit_add
-- The rest of the row is PostgreSQL's to fill in.
insert into audit_log (what, tenant, before, after) values (%(what)s, %(tenant)s, %(before)s, %(after)s);

-- name: has_written
-- A transaction has a number once it has written something.
select pg_current_xact_id_if_assigned() is not null;

-- name: outbox_add
insert into outbox (topic, key, value) values (%(topic)s, %(key)s, %(value)s);

-- name: outbox_again
-- The log of facts was made anew: all of them, in their order.
update outbox set published_at = null where topic = %(topic)s;

-- name: outbox_notify
select pg_notify('weir_outbox', '');

-- name: tenant_add
insert into tenants (tenant, name) values (%(tenant)s, %(name)s)
on conflict (tenant) do nothing
returning tenant;

-- name: tenant_find
select tenant, name, created_at from tenants
where tenant = %(word)s or name = %(word)s
order by tenant <> %(word)s
limit 2;

-- name: tenant_limit
update tenants set rate_per_second = %(per_second)s, rate_burst = %(burst)s where tenant = %(tenant)s
returning name, events_per_month, rate_per_second, rate_burst;

-- name: tenant_list
select t.tenant, t.name, t.created_at, t.events_per_month,
       count(k.key_id) filter (where k.revoked_at is null) as keys,
       t.rate_per_second, t.rate_burst
from tenants t left join api_keys k using (tenant)
group by t.tenant
order by t.tenant;

-- name: key_add
insert into api_keys (key_id, key_hash, tenant, scopes, rate_per_second, rate_burst)
values (%(key_id)s, %(key_hash)s, %(tenant)s, %(scopes)s, %(per_second)s, %(burst)s);

-- name: key_find
select key_id, key_hash, tenant, scopes, revoked_at, rate_per_second, rate_burst from api_keys
where key_id = %(key_id)s or key_hash = %(key_hash)s
for update;

-- name: key_limit
update api_keys set rate_per_second = %(per_second)s, rate_burst = %(burst)s where key_id = %(key_id)s;

-- name: key_revoke
update api_keys set revoked_at = now() where key_id = %(key_id)s and revoked_at is null;

-- name: key_by_hash
select tenant, scopes from api_keys where key_hash = %(key_hash)s and revoked_at is null;

-- name: key_list
select key_id, tenant, scopes, created_at, revoked_at, rate_per_second, rate_burst from api_keys
where %(tenant)s::text is null or tenant = %(tenant)s
order by tenant, created_at, key_id;

-- name: versions
select version, effective_from_ms, document, applied_at from catalog_versions order by version;

-- name: version_add
insert into catalog_versions (version, effective_from_ms, document)
values (%(version)s, %(effective_from_ms)s, %(document)s);

-- name: placement
select plan, anchor_ms from placements where tenant = %(tenant)s and customer = %(customer)s;

-- name: placement_set
insert into placements (tenant, customer, plan, anchor_ms)
values (%(tenant)s, %(customer)s, %(plan)s, %(anchor_ms)s)
on conflict (tenant, customer) do update
set plan = excluded.plan, anchor_ms = excluded.anchor_ms, placed_at = now();

-- name: placements
select tenant, customer, plan, anchor_ms, placed_at from placements
where %(tenant)s::text is null or tenant = %(tenant)s
order by tenant, customer;

-- name: plans_in_use
select plan, count(*) from placements group by plan order by plan;

-- name: tenant_quota
update tenants set events_per_month = %(events)s where tenant = %(tenant)s
returning name, events_per_month, rate_per_second, rate_burst;

-- name: tenant_limits
select name, events_per_month, rate_per_second, rate_burst from tenants where tenant = %(tenant)s for update;

-- name: skip_add
insert into skips (topic, partition, source_offset, reason)
values (%(topic)s, %(partition)s, %(offset)s, %(reason)s)
on conflict do nothing
returning topic;

-- name: generations
select distinct on (topic) topic, generation, topic_id, partitions
from topic_generations
order by topic, generation desc;

-- name: generation_add
insert into topic_generations (topic, generation, topic_id, partitions)
values (%(topic)s, %(generation)s, %(topic_id)s, %(partitions)s);

-- name: webhook_secret_add
insert into webhook_secrets (secret_id, tenant, sealed, created_at_ms, expires_at_ms)
values (%(secret_id)s, %(tenant)s, %(sealed)s, %(created_at_ms)s, %(expires_at_ms)s);

-- name: webhook_secret_change
update webhook_secrets set sealed = %(sealed)s, expires_at_ms = %(expires_at_ms)s
where secret_id = %(secret_id)s;

-- name: webhook_secret_list
select secret_id, tenant, sealed, created_at_ms, expires_at_ms from webhook_secrets
where %(tenant)s::text is null or tenant = %(tenant)s
order by created_at_ms desc, secret_id;

-- name: stripe_customer
select from stripe_customers where tenant = %(tenant)s and id = %(stripe_customer)s;

-- name: link_of
select customer from customer_links where tenant = %(tenant)s and stripe_customer = %(stripe_customer)s;

-- name: link
insert into customer_links (tenant, stripe_customer, customer)
values (%(tenant)s, %(stripe_customer)s, %(customer)s)
on conflict (tenant, stripe_customer) do update set customer = excluded.customer, linked_at = now();

-- name: unlink
delete from customer_links where tenant = %(tenant)s and stripe_customer = %(stripe_customer)s
returning customer;

-- name: stripe_key_add
insert into stripe_keys (key_id, tenant, sealed, last_four, created_at_ms, revoked_at_ms)
values (%(key_id)s, %(tenant)s, %(sealed)s, %(last_four)s, %(created_at_ms)s, %(revoked_at_ms)s);

-- name: stripe_key_change
update stripe_keys set sealed = %(sealed)s, revoked_at_ms = %(revoked_at_ms)s where key_id = %(key_id)s;

-- name: stripe_key_list
select key_id, tenant, sealed, last_four, created_at_ms, revoked_at_ms from stripe_keys
where %(tenant)s::text is null or tenant = %(tenant)s
order by tenant, created_at_ms desc, key_id;

-- name: backfill_under_way
select backfill_id from stripe_backfills
where tenant = %(tenant)s and from_s = %(from_s)s and to_s = %(to_s)s and state in ('waiting', 'running');

-- name: backfill_add
insert into stripe_backfills (backfill_id, tenant, from_s, to_s, state, asked_at_ms, moved_at_ms)
values (%(backfill_id)s, %(tenant)s, %(from_s)s, %(to_s)s, 'waiting', %(now_ms)s, %(now_ms)s);

-- name: webhooks_unknown
select wanted.event_id from unnest(%(event_ids)s::text[]) wanted (event_id)
where not exists (
    select from webhook_events known where known.tenant = %(tenant)s and known.event_id = wanted.event_id
)
limit 1;
