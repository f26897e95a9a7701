-- What sinks keep about themselves. See sinks/ledger.py.

-- name: generation_in_force
select generation, topic_id, partitions
from topic_generations
where topic = %(topic)s
order by generation desc
limit 1

-- name: claim_logs
-- A new generation of the topic starts anew at 0.
insert into sink_offsets as mine (sink, topic, partition, generation, next_offset, epoch)
select %(sink)s, %(topic)s, log.partition, %(generation)s, 0, 1
from unnest(%(partitions)s::smallint[]) as log (partition)
on conflict (sink, topic, partition) do update
set epoch = mine.epoch + 1,
    next_offset = case when mine.generation < excluded.generation then 0 else mine.next_offset end,
    generation = greatest(mine.generation, excluded.generation)
returning partition, generation, next_offset, epoch

-- name: end_stalled
-- Sessions of this sink, by whatever process, that have been in one transaction for longer than a claim waits.
select pid, application_name, pg_terminate_backend(pid)
from pg_stat_activity
where pid <> pg_backend_pid()
  and datname = current_database()
  and usename = current_user
  and application_name like '%%/sink-' || %(sink)s
  and xact_start < clock_timestamp() - %(longer_than)s * interval '1 second'

-- name: advance
-- From where we know it to be: a store that is an older copy of itself, or has our last commit though we had no
-- answer, is somewhere else.
update sink_offsets as mine
set next_offset = ours.next_offset
from unnest(%(topics)s::text[], %(partitions)s::smallint[], %(from_offsets)s::bigint[],
    %(next_offsets)s::bigint[], %(epochs)s::bigint[])
    as ours (topic, partition, from_offset, next_offset, epoch)
where mine.sink = %(sink)s
  and mine.topic = ours.topic
  and mine.partition = ours.partition
  and mine.epoch = ours.epoch
  and mine.next_offset = ours.from_offset

-- name: standing
select topic, partition, next_offset, epoch from sink_offsets where sink = %(sink)s

-- name: note_lost
insert into lost_ranges (reader, topic, partition, generation, first_offset, last_offset)
values (%(reader)s, %(topic)s, %(partition)s, %(generation)s, %(first_offset)s, %(last_offset)s)
on conflict do nothing
