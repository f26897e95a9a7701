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

insert into webhook_hours (tenant, hour_ms, type, events, repeats, conflicts)
select tenant, recorded_at_ms - mod(recorded_at_ms, 3600000), type, count(*) filter (where sighting = 'first'),
    count(*) filter (where sighting = 'repeat'), count(*) filter (where sighting = 'conflict')
from webhook_deliveries
group by 1, 2, 3;

-- With all that is counted of a charge, so that the table is not read.
create index stripe_charges_newest on stripe_charges (tenant, created_at_ms)
include (status, currency, amount, amount_captured);

call keep_apart('webhook_hours');

grant select on webhook_hours to weir_reader;
grant select, insert, update on webhook_hours to weir_writer;
grant select on webhook_hours to weir_operator;
