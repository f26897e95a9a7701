-- name: relay_try_lock
-- Held by the session: it is free the moment that its holder's connection is gone.
select pg_try_advisory_lock(hashtext('weir.relay'));

-- name: canary_try_lock
-- Two canaries at once would each be surprised by the other's rounds.
select pg_try_advisory_lock(hashtext('weir.canary'));

-- name: canary_may_go_on
-- Fails with the connection, and with it the lock is gone; no, if somebody has revoked the key.
select exists (select from api_keys where tenant = %(tenant)s and revoked_at is null);

-- name: relay_listen
listen weir_outbox;

-- name: outbox_pending
select id, topic, key, value from outbox
where published_at is null
order by id
limit %(most)s;

-- name: outbox_mark
update outbox set published_at = now() where id = any(%(ids)s) and published_at is null;

-- name: dead_letters_owed
select topic, count(*), extract(epoch from min(created_at))::float8
from dead_letters
where resolved_at is null
group by topic;

-- name: clock
select extract(epoch from clock_timestamp())::float8;
