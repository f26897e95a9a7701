-- The relation `log`: every event on weir.usage, from the archive and from the log's own tail.

-- name: make_tail
create table bounds (partition smallint, stamp bigint);
create table tail (
    generation smallint, partition smallint, "offset" bigint, "index" int, unreadable boolean,
    tenant varchar, customer varchar, type varchar, source varchar, id varchar,
    given_ms bigint, recorded_at_ms bigint, quantity_micro hugeint, rest varchar
);

-- name: make_empty_archive
create view archived as select * from tail where false;

-- name: archive_columns
-- Of one generation's files; an event without a time occurred when its record was appended.
select
    $generation::smallint as generation, partition, "offset", "index", unreadable,
    coalesce(tenant, '') as tenant, coalesce(customer, '') as customer, coalesce(type, '') as type,
    coalesce(source, '') as source, coalesce(id, '') as id,
    case when time_given then time_ms else -1 end as given_ms, recorded_at_ms,
    coalesce(quantity_micro::hugeint, -1) as quantity_micro, coalesce(rest, '') as rest
from read_parquet($paths);

-- name: make_log
create view log as
select
    e.* exclude (tenant, customer, type),
    if(e.unreadable, '', e.tenant) as tenant,
    if(e.unreadable, '', e.customer) as customer,
    if(e.unreadable, '', e.type) as type,
    if(e.given_ms < 0 or e.unreadable, e.recorded_at_ms, e.given_ms) as occurred_at_ms,
    occurred_at_ms - occurred_at_ms % 3600000 as hour_ms,
    -- What the processor has not come to yet.
    coalesce((e.generation::bigint << 48) + e."offset" > b.stamp, true) as in_flight
from (select * from archived union all select * from tail) e
left join bounds b on b.partition = e.partition;
