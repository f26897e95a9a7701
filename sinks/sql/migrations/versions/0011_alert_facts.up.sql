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

insert into alert_facts (tenant, key, fact, kept_at_ms, told_at_ms)
select tenant, convert_to(format('["webhooks_silent","%s","%s"]', tenant, to_char(day, 'YYYY-MM-DD')), 'UTF8'), fact,
    (extract(epoch from day) * 1000)::bigint, told_at_ms
from stripe_silences;

drop table stripe_silences;

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
create index stripe_history_failed on stripe_history (at_ms) where type = 'invoice.payment_failed';

-- The run of each job with a period that began last.
create table job_runs (
    job text primary key,
    -- When its period began, and how long the job's periods were then.
    period_s bigint not null,
    every_s bigint not null,
    began_at_ms bigint not null
);

call keep_apart('alert_facts');
call keep_apart('stripe_failed_payments');

grant select on stripe_failed_payments to weir_reader;
grant select, insert, update on alert_facts, job_runs to weir_writer;
grant select, insert on stripe_failed_payments to weir_writer;
grant select on alert_facts, stripe_failed_payments, job_runs to weir_operator;
