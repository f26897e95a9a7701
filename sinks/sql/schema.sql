-- The schema as it is now: the truth. The sum of migrations/ gives the same, which a test checks. Durable jobs
-- have a schema of their own, of a library's making, in jobs.sql.
--
-- Times ending in _ms are integer milliseconds UTC. Topics stand by their short name (usage, not
-- weir.usage), except in dead_letters, where the topic is part of a position as people write it.

-- What people decided. Written by the console; the outbox relay publishes it to weir.catalog.

create table tenants (
    tenant text primary key,
    name text not null,
    created_at timestamptz not null default now(),
    -- In a calendar month; null: as many as there are.
    events_per_month bigint check (events_per_month >= 0),
    -- Events, for all of its keys together; null: as many as they like.
    rate_per_second bigint check (rate_per_second > 0),
    rate_burst bigint check (rate_burst > 0),
    check ((rate_per_second is null) = (rate_burst is null))
);

create table api_keys (
    key_id text primary key,
    -- SHA-256 of the key's text; the key itself is nowhere.
    key_hash bytea not null unique check (octet_length(key_hash) = 32),
    tenant text not null references tenants (tenant),
    scopes text[] not null,
    created_at timestamptz not null default now(),
    revoked_at timestamptz,
    rate_per_second bigint check (rate_per_second > 0),
    rate_burst bigint check (rate_burst > 0),
    check ((rate_per_second is null) = (rate_burst is null))
);

create index api_keys_tenant on api_keys (tenant);

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

create table catalog_versions (
    version int primary key check (version > 0),
    effective_from_ms bigint not null,
    document jsonb not null,
    applied_at timestamptz not null default now()
);

-- Customers whom somebody placed on a plan; all others are on the catalogue's default.
create table placements (
    tenant text not null references tenants (tenant),
    customer text not null,
    plan text not null,
    -- From when on the customer's own periods are counted.
    anchor_ms bigint not null,
    placed_at timestamptz not null default now(),
    primary key (tenant, customer)
);

create index placements_plan on placements (plan);

create table skips (
    topic text not null,
    partition smallint not null,
    source_offset bigint not null,
    reason text not null,
    created_at timestamptz not null default now(),
    primary key (topic, partition, source_offset)
);

-- Which broker topic the offsets speak of. The newest generation is in force.
create table topic_generations (
    topic text not null,
    generation smallint not null check (generation > 0),
    topic_id text not null,
    partitions int not null check (partitions > 0),
    adopted_at timestamptz not null default now(),
    primary key (topic, generation)
);

create table outbox (
    id bigint generated always as identity primary key,
    topic text not null,
    key text not null,
    value bytea not null,
    created_at timestamptz not null default now(),
    published_at timestamptz
);

create index outbox_unpublished on outbox (id) where published_at is null;

-- How far each sink is. Written in the transaction that stores the rows.

create table sink_offsets (
    sink text not null,
    topic text not null,
    partition smallint not null,
    generation smallint not null,
    next_offset bigint not null check (next_offset >= 0),
    -- Goes up with each assignment: a writer with an older one touches no row.
    epoch bigint not null,
    primary key (sink, topic, partition)
);

-- Offsets that retention deleted before a reader had them: paged, and a gap in the sheet. What the
-- processor lost has no fate; what the archive lost cannot be recounted.
create table lost_ranges (
    -- processor, or the sink's name.
    reader text not null,
    topic text not null,
    partition smallint not null,
    generation smallint not null,
    first_offset bigint not null,
    last_offset bigint not null check (last_offset >= first_offset),
    found_at timestamptz not null default now(),
    primary key (reader, topic, partition, generation, first_offset)
);

-- Results. Absolute values with the stamp (generation << 48 | source offset) of their last change.

-- Values are integers in source units, scaled as the meter says; grp is the value of its group-by.
-- arrival_day is 0 for events on time, else the UTC day since 1970 on which late events arrived.
create table rollups (
    tenant text not null,
    customer text not null,
    meter text not null,
    grp text not null default '',
    window_start_ms bigint not null,
    arrival_day int not null,
    events bigint not null check (events >= 0),
    sum numeric not null,
    min numeric not null,
    max numeric not null,
    first_ms bigint not null,
    first_value numeric not null,
    latest_ms bigint not null,
    latest_value numeric not null,
    stamp bigint not null check (stamp >= 0),
    partition smallint not null,
    stored_at timestamptz not null default now(),
    primary key (tenant, customer, meter, grp, window_start_ms, arrival_day)
) with (fillfactor = 70); -- an hour's row changes many times: room for its next version on the page

-- What rows of some meters keep beside their partial, in pages: different values, or a sketch of them.
-- A row's pages make one sketch; a page that a source record did not change keeps its older stamp.
create table sketches (
    tenant text not null,
    customer text not null,
    meter text not null,
    grp text not null,
    window_start_ms bigint not null,
    arrival_day int not null,
    page smallint not null check (page >= 0),
    -- As the aggregation's file in schemas/ writes it.
    content bytea not null,
    stamp bigint not null check (stamp >= 0),
    partition smallint not null,
    primary key (tenant, customer, meter, grp, window_start_ms, arrival_day, page)
) with (fillfactor = 70);

-- Events by fate; hour_ms is the hour of occurred_at. in_grace is a mark, contained in counted.
create table fate_counts (
    tenant text not null,
    type text not null,
    hour_ms bigint not null,
    arrival_day int not null,
    partition smallint not null,
    counted bigint not null check (counted >= 0),
    in_grace bigint not null check (in_grace >= 0),
    late bigint not null check (late >= 0),
    duplicate bigint not null check (duplicate >= 0),
    conflict bigint not null check (conflict >= 0),
    unmatched bigint not null check (unmatched >= 0),
    refused bigint not null check (refused >= 0),
    stamp bigint not null check (stamp >= 0),
    primary key (tenant, type, hour_ms, arrival_day, partition)
) with (fillfactor = 70);

-- Everything up to and including source_offset is in rollups and fate_counts, and nothing beyond.
create table progress (
    partition smallint primary key,
    generation smallint not null,
    source_offset bigint not null,
    -- Newest append time of the source records up to there.
    record_time_ms bigint not null,
    catalog_version int not null,
    stored_at timestamptz not null default now()
);

-- The archive's manifest: what is not here does not exist. Readers never list the folder.
create table archive_files (
    -- Path below the archive's root.
    name text primary key,
    stream text not null check (stream in ('usage', 'verdicts', 'stripe')),
    topic text not null,
    partition smallint not null,
    generation smallint not null,
    first_offset bigint not null,
    last_offset bigint not null check (last_offset >= first_offset),
    rows bigint not null check (rows >= 0),
    -- Span of time_ms in the file (recorded_at_ms for verdicts and webhooks); null without rows.
    first_time_ms bigint,
    last_time_ms bigint,
    bytes bigint not null check (bytes > 0),
    sha256 bytea not null check (octet_length(sha256) = 32),
    epoch bigint not null,
    created_at timestamptz not null default now()
);

-- No two files hold the same record of the log.
create unique index archive_files_span on archive_files (stream, generation, partition, first_offset);

-- Records set aside, with their bytes. One position may have a letter from each stage.
create table dead_letters (
    topic text not null,
    partition smallint not null,
    "offset" bigint not null,
    stage text not null,
    reason text not null,
    detail text not null,
    tenant text not null,
    key bytea not null,
    original bytea not null,
    created_at timestamptz not null default now(),
    resolved_at timestamptz,
    resolution text,
    primary key (topic, partition, "offset", stage)
);

create index dead_letters_owed on dead_letters (created_at) where resolved_at is null;

-- What each run of an ingress rejected. Approximate after a kill.
create table door_tallies (
    run text not null,
    tenant text not null,
    code text not null,
    hour_ms bigint not null,
    events bigint not null check (events >= 0),
    primary key (run, tenant, code, hour_ms)
);

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
    -- What it is found by, as schemas/webhook_marks.py says.
    marks bigint[] not null,
    check (payload is not null or sighting = 'repeat'),
    primary key (recorded_at_ms, generation, partition, source_offset)
) partition by range (recorded_at_ms);

create index webhook_deliveries_newest on webhook_deliveries (tenant, recorded_at_ms);
create index webhook_deliveries_event on webhook_deliveries (tenant, event_id);
-- Every search looks through what is not in the index's order yet: so that is little.
create index webhook_deliveries_marks on webhook_deliveries using gin (marks) with (gin_pending_list_limit = 256);

-- Deliveries by the hour of their record: events that nobody had sent before, and what came under a known id.
create table webhook_hours (
    tenant text not null,
    hour_ms bigint not null,
    type text not null,
    events bigint not null,
    repeats bigint not null,
    conflicts bigint not null,
    primary key (tenant, hour_ms, type)
) with (fillfactor = 70); -- an hour's row changes many times: room for its next version on the page

-- Stripe's objects as they are, whatever order their events came in (docs/mirror.md). Amounts are whole numbers
-- in the smallest unit of their currency, decimals text. Each table has also:
--   as_of_ms       up to when the row speaks, by Stripe's clock
--   event_id       the event that said so
--   settled        false: several events of that moment speak of it, and do not tell which was the last
--   deleted_at_ms  since when the object is no more; null: it is
--   stamp          of the last record that said something of it

-- Whom Stripe bills.
create table stripe_customers (
    tenant text not null,
    id text not null,
    livemode boolean,
    account text,
    created_at_ms bigint,
    name text,
    email text,
    currency text,
    address jsonb not null,
    balance bigint,
    delinquent boolean,
    tax_exempt text,
    default_payment_method text,
    metadata jsonb not null,
    as_of_ms bigint not null,
    event_id text not null,
    settled boolean not null,
    deleted_at_ms bigint,
    stamp bigint not null,
    primary key (tenant, id)
);

-- Customers' tax numbers.
create table stripe_tax_ids (
    tenant text not null,
    id text not null,
    livemode boolean,
    account text,
    created_at_ms bigint,
    customer text,
    type text,
    value text,
    country text,
    verification text,
    as_of_ms bigint not null,
    event_id text not null,
    settled boolean not null,
    deleted_at_ms bigint,
    stamp bigint not null,
    primary key (tenant, id)
);

-- Coupons at work.
create table stripe_discounts (
    tenant text not null,
    id text not null,
    livemode boolean,
    account text,
    created_at_ms bigint,
    customer text,
    subscription text,
    coupon text,
    promotion_code text,
    percent_off text,
    amount_off bigint,
    currency text,
    starts_at_ms bigint,
    ends_at_ms bigint,
    as_of_ms bigint not null,
    event_id text not null,
    settled boolean not null,
    deleted_at_ms bigint,
    stamp bigint not null,
    primary key (tenant, id)
);

-- What customers have agreed to pay again and again; their prices are in stripe_subscription_items.
create table stripe_subscriptions (
    tenant text not null,
    id text not null,
    livemode boolean,
    account text,
    created_at_ms bigint,
    customer text,
    status text not null,
    currency text,
    period_start_ms bigint,
    period_end_ms bigint,
    trial_start_ms bigint,
    trial_end_ms bigint,
    started_at_ms bigint,
    cancel_at_period_end boolean,
    cancel_at_ms bigint,
    canceled_at_ms bigint,
    ended_at_ms bigint,
    cancellation_reason text,
    collection_method text,
    pause_collection text,
    latest_invoice text,
    default_payment_method text,
    discounts text[] not null,
    metadata jsonb not null,
    as_of_ms bigint not null,
    event_id text not null,
    settled boolean not null,
    deleted_at_ms bigint,
    stamp bigint not null,
    primary key (tenant, id)
);

-- Bills that Stripe has made; their lines are in stripe_invoice_lines.
create table stripe_invoices (
    tenant text not null,
    id text not null,
    livemode boolean,
    account text,
    created_at_ms bigint,
    number text,
    customer text,
    subscription text,
    status text,
    currency text,
    billing_reason text,
    collection_method text,
    subtotal bigint,
    tax bigint,
    total bigint,
    amount_due bigint,
    amount_paid bigint,
    amount_remaining bigint,
    attempt_count bigint,
    next_payment_attempt_at_ms bigint,
    period_start_ms bigint,
    period_end_ms bigint,
    due_at_ms bigint,
    finalized_at_ms bigint,
    paid_at_ms bigint,
    voided_at_ms bigint,
    uncollectible_at_ms bigint,
    payment_intent text,
    charge text,
    lines_complete boolean not null,
    metadata jsonb not null,
    as_of_ms bigint not null,
    event_id text not null,
    settled boolean not null,
    deleted_at_ms bigint,
    stamp bigint not null,
    primary key (tenant, id)
);

-- Payments on their way.
create table stripe_payment_intents (
    tenant text not null,
    id text not null,
    livemode boolean,
    account text,
    created_at_ms bigint,
    customer text,
    invoice text,
    status text not null,
    currency text,
    amount bigint not null,
    amount_received bigint,
    amount_capturable bigint,
    latest_charge text,
    payment_method text,
    canceled_at_ms bigint,
    cancellation_reason text,
    error_code text,
    decline_code text,
    metadata jsonb not null,
    as_of_ms bigint not null,
    event_id text not null,
    settled boolean not null,
    deleted_at_ms bigint,
    stamp bigint not null,
    primary key (tenant, id)
);

-- Attempts to take money. amount_refunded is of all refunds together.
create table stripe_charges (
    tenant text not null,
    id text not null,
    livemode boolean,
    account text,
    created_at_ms bigint,
    customer text,
    invoice text,
    payment_intent text,
    payment_method text,
    status text,
    currency text,
    amount bigint not null,
    amount_captured bigint,
    amount_refunded bigint not null,
    paid boolean,
    captured boolean,
    refunded boolean,
    disputed boolean,
    failure_code text,
    decline_code text,
    metadata jsonb not null,
    as_of_ms bigint not null,
    event_id text not null,
    settled boolean not null,
    deleted_at_ms bigint,
    stamp bigint not null,
    primary key (tenant, id)
);

-- Money that goes back.
create table stripe_refunds (
    tenant text not null,
    id text not null,
    livemode boolean,
    account text,
    created_at_ms bigint,
    charge text,
    payment_intent text,
    status text,
    currency text,
    amount bigint not null,
    reason text,
    failure_reason text,
    metadata jsonb not null,
    as_of_ms bigint not null,
    event_id text not null,
    settled boolean not null,
    deleted_at_ms bigint,
    stamp bigint not null,
    primary key (tenant, id)
);

-- Charges that cardholders' banks ask back.
create table stripe_disputes (
    tenant text not null,
    id text not null,
    livemode boolean,
    account text,
    created_at_ms bigint,
    charge text,
    payment_intent text,
    status text not null,
    currency text,
    amount bigint not null,
    reason text,
    evidence_due_at_ms bigint,
    is_charge_refundable boolean,
    as_of_ms bigint not null,
    event_id text not null,
    settled boolean not null,
    deleted_at_ms bigint,
    stamp bigint not null,
    primary key (tenant, id)
);

-- Charges that a card's network takes for fraud.
create table stripe_early_fraud_warnings (
    tenant text not null,
    id text not null,
    livemode boolean,
    account text,
    created_at_ms bigint,
    charge text,
    payment_intent text,
    actionable boolean,
    fraud_type text,
    as_of_ms bigint not null,
    event_id text not null,
    settled boolean not null,
    deleted_at_ms bigint,
    stamp bigint not null,
    primary key (tenant, id)
);

-- What invoices are worth less.
create table stripe_credit_notes (
    tenant text not null,
    id text not null,
    livemode boolean,
    account text,
    created_at_ms bigint,
    number text,
    invoice text,
    customer text,
    refund text,
    status text,
    type text,
    reason text,
    currency text,
    amount bigint not null,
    subtotal bigint,
    total bigint,
    voided_at_ms bigint,
    as_of_ms bigint not null,
    event_id text not null,
    settled boolean not null,
    deleted_at_ms bigint,
    stamp bigint not null,
    primary key (tenant, id)
);

-- How customers pay. Of a card brand, last four and expiry, and nothing else.
create table stripe_payment_methods (
    tenant text not null,
    id text not null,
    livemode boolean,
    account text,
    created_at_ms bigint,
    customer text,
    type text,
    brand text,
    last4 text,
    exp_month bigint,
    exp_year bigint,
    as_of_ms bigint not null,
    event_id text not null,
    settled boolean not null,
    deleted_at_ms bigint,
    stamp bigint not null,
    primary key (tenant, id)
);

create table stripe_subscription_items (
    tenant text not null,
    subscription_id text not null,
    position int not null,
    id text not null,
    price text,
    product text,
    quantity bigint,
    unit_amount text,
    currency text,
    interval text,
    interval_count bigint,
    period_start_ms bigint,
    period_end_ms bigint,
    primary key (tenant, subscription_id, position)
);

create table stripe_invoice_lines (
    tenant text not null,
    invoice_id text not null,
    position int not null,
    id text not null,
    description text,
    amount bigint not null,
    currency text,
    quantity bigint,
    price text,
    product text,
    unit_amount text,
    period_start_ms bigint,
    period_end_ms bigint,
    proration boolean,
    subscription text,
    subscription_item text,
    primary key (tenant, invoice_id, position)
);

create index stripe_customers_link on stripe_customers (tenant, (metadata ->> 'weir_customer'));
create index stripe_tax_ids_customer on stripe_tax_ids (tenant, customer);
create index stripe_discounts_customer on stripe_discounts (tenant, customer);
create index stripe_subscriptions_customer on stripe_subscriptions (tenant, customer);
create index stripe_subscriptions_newest on stripe_subscriptions
    (tenant, (case when created_at_ms is null then -1 else created_at_ms end), id);
create index stripe_invoices_customer on stripe_invoices (tenant, customer, created_at_ms);
create index stripe_invoices_subscription on stripe_invoices (tenant, subscription);
create index stripe_invoices_newest on stripe_invoices
    (tenant, (case when created_at_ms is null then -1 else created_at_ms end), id);
create index stripe_payment_intents_customer on stripe_payment_intents (tenant, customer, created_at_ms);
create index stripe_charges_customer on stripe_charges (tenant, customer, created_at_ms);
-- With all that is counted of a charge, so that the table is not read.
create index stripe_charges_newest on stripe_charges (tenant, created_at_ms)
include (status, currency, amount, amount_captured);
create index stripe_refunds_charge on stripe_refunds (tenant, charge);
create index stripe_disputes_charge on stripe_disputes (tenant, charge);
create index stripe_early_fraud_warnings_charge on stripe_early_fraud_warnings (tenant, charge);
create index stripe_credit_notes_customer on stripe_credit_notes (tenant, customer);
create index stripe_payment_methods_customer on stripe_payment_methods (tenant, customer);

-- How objects with a status have been: one row for each event that says so.
create table stripe_history (
    tenant text not null,
    object_kind text not null,
    object_id text not null,
    event_id text not null,
    type text not null,
    -- In whole seconds, by Stripe's clock.
    at_ms bigint not null,
    status text not null,
    -- The status before it, where the event says.
    was text,
    -- Paid, received or refunded until then.
    amount bigint,
    reason text,
    note text,
    stamp bigint not null,
    primary key (tenant, object_kind, object_id, event_id)
);

create index stripe_history_failed on stripe_history (at_ms) where type = 'invoice.payment_failed';

-- Objects of which Stripe has to be asked: which of several versions is the last, or for the rest of the lines.
create table stripe_doubts (
    tenant text not null,
    object_kind text not null,
    object_id text not null,
    as_of_ms bigint not null,
    why text not null check (why in ('order', 'lines')),
    -- How often Stripe was asked, and when it is asked next, by our clock.
    asked int not null default 0,
    ask_at_ms bigint not null default 0,
    primary key (tenant, object_kind, object_id)
);

-- Events of which nothing could be made.
create table webhook_failures (
    tenant text not null,
    event_id text not null,
    type text not null,
    -- How often it was tried, and what came of the last time.
    attempts int not null,
    error text not null,
    failed_at_ms bigint not null,
    -- waiting: it will be tried again; permanent: it was tried as often as it is worth; handled: it went well then.
    state text not null check (state in ('waiting', 'permanent', 'handled')),
    -- When it is tried again; null: it is under way, or will not be.
    retry_at_ms bigint,
    stamp bigint not null,
    primary key (tenant, event_id)
);

create index webhook_failures_due on webhook_failures (retry_at_ms) where retry_at_ms is not null;

-- Up to where the mirror has read weir.stripe.
create table mirror_progress (
    partition smallint primary key,
    generation smallint not null,
    source_offset bigint not null,
    record_time_ms bigint not null
);

-- Whose usage is billed to which of Stripe's customers, where people say so.
create table customer_links (
    tenant text not null references tenants (tenant),
    stripe_customer text not null,
    customer text not null,
    linked_at timestamptz not null default now(),
    primary key (tenant, stripe_customer),
    unique (tenant, customer)
);

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

-- Attempts to take the payment of an invoice that failed, each judged once.
create table stripe_failed_payments (
    tenant text not null,
    invoice text not null,
    -- In whole seconds, by Stripe's clock.
    failed_at_ms bigint not null,
    event_id text not null,
    judged_at_ms bigint not null,
    -- What followed in time, as in sinks/stripe/core/dunning.py; null: nothing, which is a dunning gap.
    step text,
    primary key (tenant, invoice, failed_at_ms)
);

create index stripe_failed_payments_gaps on stripe_failed_payments (tenant, failed_at_ms) where step is null;

-- What somebody was to hear of, and what was said: kept before it is said on weir.alerts, so that it is said in
-- the same words after a crash.
create table alert_facts (
    -- Empty: it is about the installation.
    tenant text not null,
    -- Of its record: one fact, one key.
    key bytea not null,
    fact bytea not null,
    kept_at_ms bigint not null,
    told_at_ms bigint,
    primary key (tenant, key)
);

create index alert_facts_untold on alert_facts (kept_at_ms) where told_at_ms is null;

-- The run of each job with a period that began last.
create table job_runs (
    job text primary key,
    -- When its period began, and how long the job's periods were then.
    period_s bigint not null,
    every_s bigint not null,
    began_at_ms bigint not null
);

-- What people changed, one row a change. Append-only, and a chain: a row's hash is the SHA-256 of the hash
-- before it and of its own content. The trigger fills in all but what, tenant, before and after.
create table audit_log (
    -- 1, 2, 3 and so on: a gap is a row that somebody took out.
    id bigint primary key,
    at timestamptz not null,
    -- Whom the command names, and whom PostgreSQL let in from where.
    who text not null,
    login text not null,
    address text,
    what text not null,
    tenant text,
    before jsonb,
    after jsonb,
    hash bytea not null check (octet_length(hash) = 32)
);

create function audit_link() returns trigger language plpgsql as $$
declare
    newest record;
begin
    perform pg_advisory_xact_lock(hashtext('weir.control'));
    select id, hash into newest from audit_log order by id desc limit 1;
    new.id := coalesce(newest.id, 0) + 1;
    new.at := clock_timestamp();
    new.who := coalesce(nullif(current_setting('weir.operator', true), ''), session_user);
    new.login := session_user;
    new.address := host(inet_client_addr());
    new.hash := sha256(coalesce(newest.hash, '') || convert_to(jsonb_build_array(
        new.id, (extract(epoch from new.at) * 1000000)::bigint, new.who, new.login, new.address, new.what,
        new.tenant, new.before, new.after)::text, 'UTF8'));
    return new;
end
$$;

create trigger link before insert on audit_log for each row execute function audit_link();

create function audit_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'audit_log is append-only' using errcode = 'insufficient_privilege';
end
$$;

create trigger refuse before update or delete or truncate on audit_log
for each statement execute function audit_refuse();

revoke update, delete, truncate on audit_log from current_user;

-- Roles: who may see and do what is a matter of membership, never of a variable. They belong to the
-- cluster, so another database of it may have made them before.

do $$
declare
    wanted text;
begin
    foreach wanted in array array['weir_reader login', 'weir_writer', 'weir_operator'] loop
        begin
            if to_regrole(split_part(wanted, ' ', 1)) is null then
                execute 'create role ' || wanted;
            end if;
        exception when duplicate_object or unique_violation then
            null; -- another database's migration was quicker
        end;
    end loop;
    -- Policies are forced on the owner too, who sees what it does as a member.
    foreach wanted in array array['weir_writer', 'weir_operator'] loop
        if not pg_has_role(current_user, wanted, 'usage') then
            execute format('grant %I to current_user', wanted);
        end if;
    end loop;
end
$$;

-- Whom a key speaks for: what the read API may ask about keys, and all that it may.
create function key_holder(hash bytea, out tenant text, out scopes text[]) returns setof record
language sql stable security definer parallel safe
begin atomic
    select k.tenant, k.scopes from api_keys k where k.key_hash = hash and k.revoked_at is null;
end;

-- The tenant whose key was shown in this transaction; null without one. A variable that named a tenant
-- could be set to any; this one has to hold the SHA-256 of a key, which nobody guesses.
create function bound_tenant() returns text
language sql stable security definer parallel safe
begin atomic
    select h.tenant from key_holder(decode(current_setting('weir.key_hash', true), 'hex')) h
    where 'read' = any(h.scopes);
end;

revoke all on function key_holder, bound_tenant from public;
grant execute on function key_holder, bound_tenant to weir_reader;

-- Keep the tenants of a table apart: for each that has a column `tenant`. The restrictive policy holds
-- whatever another policy may grant some day, and on whoever is a member of weir_reader.
create procedure keep_apart(kept regclass) language plpgsql as $$
begin
    execute format('alter table %s enable row level security, force row level security', kept);
    execute format('create policy every_tenant on %s to weir_operator, weir_writer using (true)', kept);
    execute format('create policy readable on %s for select to weir_reader using (true)', kept);
    execute format(
        'create policy one_tenant on %s as restrictive to weir_reader using (tenant = (select bound_tenant()))',
        kept
    );
end
$$;

revoke all on procedure keep_apart from public;

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

-- Where a tenant's deliveries stand that have all of some marks: the newest first, at most so many, recorded
-- in [from_ms, to_ms) and below a place. `days` are starts of days (UTC, in ms), the newest first; `marked` are
-- the marks of the first day, then as many of the second, and so on.
--
-- Below row level security no index is searched by an operator that is not known to keep what it sees to
-- itself, and @> is none of those. So this searches as the owner: for a tenant whose key was shown, or for
-- whoever may see every tenant. It gives places alone: who reads what stands there meets the policies.
create function webhooks_marked(
    whose text, days bigint[], marked bigint[], from_ms bigint, to_ms bigint, below_ms bigint,
    below_generation smallint, below_partition smallint, below_offset bigint, most int
) returns table (recorded_at_ms bigint, generation smallint, partition smallint, source_offset bigint)
language plpgsql stable security definer rows 50
set search_path from current set jit = off set enable_seqscan = off as $$
declare
    day_ms constant bigint := 86400000;
    marks_a_day int := cardinality(marked) / nullif(cardinality(days), 0);
    month regclass;
    got int;
begin
    if whose is distinct from bound_tenant() and not pg_has_role(session_user, 'weir_operator', 'usage') then
        return;
    end if;
    for nth in 1 .. cardinality(days) loop
        month := to_regclass(
            'webhook_deliveries_' || to_char(to_timestamp(days[nth] / 1000) at time zone 'UTC', 'YYYY_MM')
        );
        continue when month is null;
        -- But for the marks, everything is written so that no index answers it: any other leads to more rows.
        return query execute format(
            'select d.recorded_at_ms, d.generation, d.partition, d.source_offset from %s d
            where d.marks @> $1 and d.tenant || '''' = $2
              and d.recorded_at_ms + 0 >= $3 and d.recorded_at_ms + 0 < $4
              and (d.recorded_at_ms + 0, d.generation, d.partition, d.source_offset) < ($5, $6, $7, $8)
            order by d.recorded_at_ms + 0 desc, d.generation desc, d.partition desc, d.source_offset desc
            limit $9',
            month
        ) using
            marked[(nth - 1) * marks_a_day + 1 : nth * marks_a_day], whose,
            greatest(from_ms, days[nth]), least(to_ms, days[nth] + day_ms),
            below_ms, below_generation, below_partition, below_offset, most;
        get diagnostics got = row_count;
        most := most - got;
        exit when most <= 0;
    end loop;
end
$$;

revoke all on function webhooks_marked from public;

call keep_apart('tenants');
call keep_apart('api_keys');
call keep_apart('placements');
call keep_apart('rollups');
call keep_apart('sketches');
call keep_apart('fate_counts');
call keep_apart('dead_letters');
call keep_apart('door_tallies');
call keep_apart('audit_log');
call keep_apart('webhook_secrets');
call keep_apart('webhook_events');
call keep_apart('webhook_deliveries');
call keep_apart('webhook_hours');
call keep_apart('stripe_customers');
call keep_apart('stripe_tax_ids');
call keep_apart('stripe_discounts');
call keep_apart('stripe_subscriptions');
call keep_apart('stripe_subscription_items');
call keep_apart('stripe_invoices');
call keep_apart('stripe_invoice_lines');
call keep_apart('stripe_payment_intents');
call keep_apart('stripe_charges');
call keep_apart('stripe_refunds');
call keep_apart('stripe_disputes');
call keep_apart('stripe_early_fraud_warnings');
call keep_apart('stripe_credit_notes');
call keep_apart('stripe_payment_methods');
call keep_apart('stripe_history');
call keep_apart('stripe_doubts');
call keep_apart('webhook_failures');
call keep_apart('customer_links');
call keep_apart('stripe_keys');
call keep_apart('stripe_walks');
call keep_apart('stripe_spans');
call keep_apart('stripe_missing');
call keep_apart('stripe_backfills');
call keep_apart('alert_facts');
call keep_apart('stripe_failed_payments');

-- The read API: what its answers are made of. Packs of several tenants are in dead_letters, keys' hashes in
-- outbox, so it has neither.
grant select on
    rollups, sketches, fate_counts, door_tallies, placements, progress, topic_generations, catalog_versions,
    archive_files, lost_ranges, sink_offsets, webhook_events, webhook_deliveries, stripe_failed_payments,
    webhook_hours
to weir_reader;

grant select on
    stripe_customers, stripe_tax_ids, stripe_discounts, stripe_subscriptions, stripe_subscription_items,
    stripe_invoices, stripe_invoice_lines, stripe_payment_intents, stripe_charges, stripe_refunds,
    stripe_disputes, stripe_early_fraud_warnings, stripe_credit_notes, stripe_payment_methods,
    stripe_history, stripe_doubts, webhook_failures, mirror_progress, customer_links
to weir_reader, weir_operator;

-- The sinks: results, and nothing that people decided.
grant select on topic_generations to weir_writer;
grant select, insert, update on
    sink_offsets, lost_ranges, rollups, sketches, fate_counts, progress, archive_files, dead_letters, door_tallies
to weir_writer;

grant execute on function webhooks_marked to weir_reader, weir_operator;
grant execute on function webhook_month to weir_writer;
grant select, insert, update on webhook_events, webhook_hours to weir_writer;
grant select, insert on webhook_deliveries to weir_writer;
grant select, insert, update, delete on
    stripe_customers, stripe_tax_ids, stripe_discounts, stripe_subscriptions, stripe_subscription_items,
    stripe_invoices, stripe_invoice_lines, stripe_payment_intents, stripe_charges, stripe_refunds,
    stripe_disputes, stripe_early_fraud_warnings, stripe_credit_notes, stripe_payment_methods,
    stripe_history, stripe_doubts, webhook_failures, mirror_progress
to weir_writer;
grant select on stripe_keys to weir_writer;
grant select, insert, update, delete on stripe_walks, stripe_spans to weir_writer;
grant select, insert, update on stripe_missing, alert_facts, job_runs to weir_writer;
grant select, insert on stripe_failed_payments to weir_writer;
grant select, update on stripe_backfills to weir_writer;

-- The command and what looks on from the side: every row to read, decisions to add, and of what is there
-- only what a decision may change.
grant select on
    tenants, api_keys, placements, catalog_versions, skips, topic_generations, outbox, sink_offsets,
    lost_ranges, rollups, sketches, fate_counts, progress, archive_files, dead_letters, door_tallies, audit_log,
    webhook_secrets, webhook_events, webhook_deliveries, stripe_keys, stripe_walks, stripe_spans, stripe_missing,
    stripe_backfills, alert_facts, stripe_failed_payments, job_runs, webhook_hours
to weir_operator;
grant insert on
    tenants, api_keys, placements, catalog_versions, skips, topic_generations, outbox, webhook_secrets,
    stripe_keys, stripe_backfills
to weir_operator;
grant insert (what, tenant, before, after) on audit_log to weir_operator;
grant update (events_per_month, rate_per_second, rate_burst) on tenants to weir_operator;
grant update (revoked_at, rate_per_second, rate_burst) on api_keys to weir_operator;
grant update (plan, anchor_ms, placed_at) on placements to weir_operator;
grant update (published_at) on outbox to weir_operator;
grant update (resolved_at, resolution) on dead_letters to weir_operator;
grant update (sealed, expires_at_ms) on webhook_secrets to weir_operator;
grant insert, delete on customer_links to weir_operator;
grant update (customer, linked_at) on customer_links to weir_operator;
grant update (sealed, revoked_at_ms) on stripe_keys to weir_operator;
