-- name: make_schema
create schema {schema}

-- name: tables_in
select count(*) from pg_tables where schemaname = %(schema)s

-- name: make_table
create table {schema}.{table} (like {table} including defaults including constraints including indexes)

-- name: use_schema
set search_path to {schema}, {before}

-- name: stripe_files
select name, partition, generation, first_offset, last_offset from archive_files
where stream = 'stripe'
order by generation, partition, first_offset

-- name: stripe_generation
select coalesce(max(generation), 1) from topic_generations where topic = 'stripe'
