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
create index stripe_invoices_customer on stripe_invoices (tenant, customer, created_at_ms);
create index stripe_invoices_subscription on stripe_invoices (tenant, subscription);
create index stripe_payment_intents_customer on stripe_payment_intents (tenant, customer, created_at_ms);
create index stripe_charges_customer on stripe_charges (tenant, customer, created_at_ms);
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
grant select on
    stripe_customers, stripe_tax_ids, stripe_discounts, stripe_subscriptions, stripe_subscription_items,
    stripe_invoices, stripe_invoice_lines, stripe_payment_intents, stripe_charges, stripe_refunds,
    stripe_disputes, stripe_early_fraud_warnings, stripe_credit_notes, stripe_payment_methods,
    stripe_history, stripe_doubts, webhook_failures, mirror_progress, customer_links
to weir_reader, weir_operator;
grant select, insert, update, delete on
    stripe_customers, stripe_tax_ids, stripe_discounts, stripe_subscriptions, stripe_subscription_items,
    stripe_invoices, stripe_invoice_lines, stripe_payment_intents, stripe_charges, stripe_refunds,
    stripe_disputes, stripe_early_fraud_warnings, stripe_credit_notes, stripe_payment_methods,
    stripe_history, stripe_doubts, webhook_failures, mirror_progress
to weir_writer;
grant insert, delete on customer_links to weir_operator;
grant update (customer, linked_at) on customer_links to weir_operator;
