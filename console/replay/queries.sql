-- name: make_schema
create schema {schema}

-- name: tables_in
select count(*) from pg_tables where schemaname = %(schema)s

-- name: make_table
create table {schema}.{table} (like {table} including defaults including constraints including indexes)

-- name: use_schema
set search_path to {schema}, {before}

-- name: one_instant
set transaction isolation level repeatable read read only

-- name: files
select name, partition, generation, first_offset, last_offset, rows, sha256, created_at from archive_files
where stream = %(stream)s
order by generation, partition, first_offset

-- name: generation
-- How often the topic was made anew, and its partitions.
select generation, partitions from topic_generations where topic = %(topic)s order by generation desc limit 1

-- name: lost
-- What no processor has ever read. Their generation is that of the progress at which it was found missing; what
-- is missing from the beginning is of the one that followed.
select partition, generation + (first_offset = 0)::int, first_offset, last_offset from lost_ranges
where reader = 'processor' and topic = 'usage'

-- name: progress
select partition, generation, source_offset from progress order by partition

-- name: mirror_progress
select partition, generation, source_offset from mirror_progress

-- name: mirror_offsets
select topic, partition, next_offset from sink_offsets where sink = 'mirror'
