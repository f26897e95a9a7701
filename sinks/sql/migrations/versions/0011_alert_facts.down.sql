create table stripe_silences (
    tenant text not null,
    day date not null,
    fact bytea not null,
    told_at_ms bigint,
    primary key (tenant, day)
);

insert into stripe_silences (tenant, day, fact, told_at_ms)
select tenant, (convert_from(key, 'UTF8')::jsonb ->> 2)::date, fact, told_at_ms
from alert_facts
where convert_from(key, 'UTF8')::jsonb ->> 0 = 'webhooks_silent';

call keep_apart('stripe_silences');
grant select, insert, update on stripe_silences to weir_writer;
grant select on stripe_silences to weir_operator;

drop index stripe_history_failed;
drop table job_runs, stripe_failed_payments, alert_facts;
