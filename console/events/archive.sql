-- DuckDB's, over the files that the manifest names; min, max and bloom filters skip nearly all of them.

-- name: sightings
select
    partition, "offset", "index", tenant, customer, type, source, id,
    case when time_given then time_ms end, recorded_at_ms, quantity_micro::varchar, coalesce(rest, '')
from read_parquet($files)
where id = $id and source = $source and tenant = $tenant and not unreadable
  and ($customer is null or customer = $customer);

-- name: verdicts
select partition, "offset", "index", fate, code, duplicate_of
from read_parquet($files)
where partition = $partition and "offset" = $offset and "index" = $index;
