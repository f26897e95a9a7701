-- Tallies of the doors.

-- name: keep_tally
insert into door_tallies as kept (run, tenant, code, hour_ms, events)
values (%(run)s, %(tenant)s, %(code)s, %(hour_ms)s, %(events)s)
on conflict (run, tenant, code, hour_ms) do update
set events = excluded.events
where excluded.events > kept.events
