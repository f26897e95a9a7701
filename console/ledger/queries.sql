-- name: hours
-- What became of a tenant's events of each type and hour, whenever they came.
select type, hour_ms,
       sum(counted - in_grace)::bigint, sum(in_grace)::bigint, sum(late)::bigint, sum(refused)::bigint
from fate_counts
where tenant = %(tenant)s
  and (%(type)s::text is null or type = %(type)s)
  and hour_ms >= %(from_ms)s and hour_ms < %(to_ms)s
group by type, hour_ms
having sum(counted + late + refused) > 0
order by type, hour_ms;
