-- What tenants' webhooks are signed with, sealed (runtime/sealing.py). The one without an end is Stripe's now.
create table webhook_secrets (
    secret_id text primary key,
    tenant text not null references tenants (tenant),
    sealed bytea not null,
    created_at_ms bigint not null,
    -- From then on it verifies nothing; null: for ever.
    expires_at_ms bigint
);

create index webhook_secrets_tenant on webhook_secrets (tenant);

-- Every event id once, for ever: what was said under it first, and how often it came again.
create table webhook_events (
    tenant text not null,
    event_id text not null,
    -- SHA-256 of what it says, without what each delivery says anew.
    content_hash bytea not null check (octet_length(content_hash) = 32),
    api_version text,
    -- Its first delivery.
    recorded_at_ms bigint not null,
    generation smallint not null,
    partition smallint not null,
    source_offset bigint not null,
    -- Deliveries after the first: that say the same, and that say something else.
    repeats bigint not null default 0 check (repeats >= 0),
    conflicts bigint not null default 0 check (conflicts >= 0),
    primary key (tenant, event_id)
);

-- Every delivery, by months of recorded_at_ms; `webhook_month` makes them.
create table webhook_deliveries (
    tenant text not null,
    event_id text not null,
    type text not null,
    object_id text,
    object_type text,
    api_version text,
    account text,
    livemode boolean,
    created_at_ms bigint,
    received_at_ms bigint not null,
    recorded_at_ms bigint not null,
    origin text not null,
    -- What is odd about it: unfit, thin, no_object or no_time; null: nothing.
    odd text,
    sighting text not null check (sighting in ('first', 'repeat', 'conflict')),
    generation smallint not null,
    partition smallint not null,
    source_offset bigint not null,
    -- As it was sent; null where the first delivery said the same.
    payload bytea,
    check (payload is not null or sighting = 'repeat'),
    primary key (recorded_at_ms, generation, partition, source_offset)
) partition by range (recorded_at_ms);

create index webhook_deliveries_newest on webhook_deliveries (tenant, recorded_at_ms);
create index webhook_deliveries_type on webhook_deliveries (tenant, type, recorded_at_ms);
create index webhook_deliveries_object on webhook_deliveries (tenant, object_id, recorded_at_ms);
create index webhook_deliveries_event on webhook_deliveries (tenant, event_id);

-- Make room for deliveries of the month (UTC) that contains a moment, unless there is some.
create function webhook_month(at_ms bigint) returns void
language plpgsql security definer set search_path from current as $$
declare
    month timestamp := date_trunc('month', to_timestamp(at_ms / 1000.0) at time zone 'UTC');
    room text := 'webhook_deliveries_' || to_char(month, 'YYYY_MM');
begin
    if to_regclass(room) is null then
        perform pg_advisory_xact_lock(hashtext('weir.webhook_month'));
        execute format(
            'create table if not exists %I partition of webhook_deliveries for values from (%s) to (%s)',
            room,
            (extract(epoch from month) * 1000)::bigint,
            (extract(epoch from month + interval '1 month') * 1000)::bigint
        );
        -- Whoever waited for the lock finds the policies there.
        if not (select relforcerowsecurity from pg_class where oid = room::regclass) then
            call keep_apart(room::regclass);
        end if;
    end if;
end
$$;

revoke all on function webhook_month from public;

call keep_apart('webhook_secrets');
call keep_apart('webhook_events');
call keep_apart('webhook_deliveries');
grant select on webhook_events, webhook_deliveries to weir_reader;
grant execute on function webhook_month to weir_writer;
grant select, insert, update on webhook_events to weir_writer;
grant select, insert on webhook_deliveries to weir_writer;
grant select on webhook_secrets, webhook_events, webhook_deliveries to weir_operator;
grant insert on webhook_secrets to weir_operator;
grant update (sealed, expires_at_ms) on webhook_secrets to weir_operator;
