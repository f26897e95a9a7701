-- name: load
-- Events a day that counted or were late: those that dedupe remembers. Of the last whole days, or of today.
select coalesce(sum(counted + late)::float8 / greatest(count(distinct arrival_day), 1), 0)
from fate_counts
where arrival_day >= %(since_day)s;

-- name: canary_silence
-- Seconds since anything of the canary was stored, or since its key was made; null: no canary is wanted.
select extract(epoch from now() - greatest(
    max(k.created_at),
    (select max(stored_at) from rollups where tenant = %(tenant)s and window_start_ms >= %(since_ms)s)
))::float8
from api_keys k
where tenant = %(tenant)s and revoked_at is null;

-- name: schema_version
select version_num from alembic_version;

-- name: has_schema
select to_regclass('alembic_version') is not null;

-- name: catalog_versions
select count(*) from catalog_versions;

-- name: outbox_waiting
select count(*), coalesce(extract(epoch from now() - min(created_at)), 0)::float8
from outbox
where published_at is null;

-- name: dead_letters
select topic, count(*) from dead_letters where resolved_at is null group by topic order by topic;

-- name: lost
select count(*) from lost_ranges;

-- name: generations
select distinct on (topic) topic, topic_id, generation
from topic_generations
order by topic, generation desc;

-- name: clock
select extract(epoch from clock_timestamp())::float8;

-- name: newest_record
select max(record_time_ms) from progress;

-- name: alerts_since
-- Of the installation itself.
select fact from alert_facts where tenant = '' and kept_at_ms >= %(since_ms)s;

-- name: doubts
-- Of tenants without a key of Stripe's API, and those that were asked about in vain for a quarter of an hour.
select count(*) filter (where not has_key), count(*) filter (where has_key and asked > 6)
from (
    select asked, exists (
        select from stripe_keys where tenant = doubt.tenant and revoked_at_ms is null
    ) as has_key
    from stripe_doubts doubt
) seen;

-- name: failed_walks
select count(*) from stripe_walks walk
where failure is not null
  and exists (select from stripe_keys where tenant = walk.tenant and revoked_at_ms is null);
