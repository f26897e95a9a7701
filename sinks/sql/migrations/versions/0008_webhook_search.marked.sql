alter table webhook_deliveries alter column marks set not null;
drop index webhook_deliveries_type, webhook_deliveries_object;
-- Every search looks through what is not in the index's order yet: so that is little.
create index webhook_deliveries_marks on webhook_deliveries using gin (marks) with (gin_pending_list_limit = 256);

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
grant execute on function webhooks_marked to weir_reader, weir_operator;
