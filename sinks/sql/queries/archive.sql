-- The archive's manifest.

-- name: add_archive_file
insert into archive_files (name, stream, topic, partition, generation, first_offset, last_offset, rows,
    first_time_ms, last_time_ms, bytes, sha256, epoch)
values (%(name)s, %(stream)s, %(topic)s, %(partition)s, %(generation)s, %(first_offset)s, %(last_offset)s,
    %(rows)s, %(first_time_ms)s, %(last_time_ms)s, %(size)s, %(sha256)s, %(epoch)s)

-- name: known_archive_files
select name
from archive_files
where name = any(%(names)s)
