-- With what Weir asks Stripe on behalf of a tenant, sealed (runtime/sealing.py). The newest that holds is used.
create table stripe_keys (
    key_id text primary key,
    tenant text not null references tenants (tenant),
    -- Null once it is revoked: nobody needs it any more.
    sealed bytea,
    last_four text not null,
    created_at_ms bigint not null,
    revoked_at_ms bigint,
    check ((sealed is null) = (revoked_at_ms is not null))
);

create index stripe_keys_tenant on stripe_keys (tenant);

-- The walk along Stripe's list of events that is under way, or was last: one row a tenant. Seconds are Stripe's,
-- of events' `created`; spans are half-open.
create table stripe_walks (
    tenant text primary key references tenants (tenant),
    -- Null: none is under way.
    from_s bigint,
    to_s bigint,
    -- The list is read from its newest end: what comes behind this event is still to be read. Null: all of it.
    cursor text,
    -- Goes up with each attempt; a write with an older one touches nothing.
    epoch bigint not null default 0,
    began_at_ms bigint,
    ended_at_ms bigint,
    -- Of the last attempt; null: it did not fail.
    failed_at_ms bigint,
    failure text,
    check ((from_s is null) = (to_s is null))
);

-- What of Stripe's list of events has been walked, as few spans as say it.
create table stripe_spans (
    tenant text not null,
    from_s bigint not null,
    to_s bigint not null,
    primary key (tenant, from_s),
    check (from_s < to_s)
);

-- Events of Stripe's list that no webhook had brought, and when each was confirmed on weir.stripe.
create table stripe_missing (
    tenant text not null,
    event_id text not null,
    type text not null,
    created_s bigint not null,
    found_at_ms bigint not null,
    -- Null: it is being published, or was when somebody stopped.
    entered_at_ms bigint,
    primary key (tenant, event_id)
);

create index stripe_missing_created on stripe_missing (tenant, created_s);

-- Orders of people to fetch what happened in [from_s, to_s), and how far each is.
create table stripe_backfills (
    backfill_id text primary key,
    tenant text not null references tenants (tenant),
    from_s bigint not null,
    to_s bigint not null,
    state text not null check (state in ('waiting', 'running', 'done', 'failed')),
    -- Which list is being read, and behind which of its objects it goes on; null: from its newest end.
    stage text,
    cursor text,
    epoch bigint not null default 0,
    read bigint not null default 0,
    entered bigint not null default 0,
    asked_at_ms bigint not null,
    moved_at_ms bigint not null,
    failure text,
    check (from_s < to_s)
);

create index stripe_backfills_tenant on stripe_backfills (tenant, asked_at_ms);

-- Days on which a tenant was to be told that its webhooks have stopped, and what was said: kept before it is
-- said, so that it is said in the same words after a crash.
create table stripe_silences (
    tenant text not null,
    day date not null,
    fact bytea not null,
    told_at_ms bigint,
    primary key (tenant, day)
);

call keep_apart('stripe_keys');
call keep_apart('stripe_walks');
call keep_apart('stripe_spans');
call keep_apart('stripe_missing');
call keep_apart('stripe_backfills');
call keep_apart('stripe_silences');
grant select on stripe_keys to weir_writer;
grant select, insert, update, delete on stripe_walks, stripe_spans to weir_writer;
grant select, insert, update on stripe_missing, stripe_silences to weir_writer;
grant select, update on stripe_backfills to weir_writer;
grant select on
    stripe_keys, stripe_walks, stripe_spans, stripe_missing, stripe_backfills, stripe_silences
to weir_operator;
grant insert on stripe_keys, stripe_backfills to weir_operator;
grant update (sealed, revoked_at_ms) on stripe_keys to weir_operator;
