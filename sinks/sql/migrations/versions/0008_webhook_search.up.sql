alter table archive_files drop constraint archive_files_stream_check;
alter table archive_files
    add constraint archive_files_stream_check check (stream in ('usage', 'verdicts', 'stripe'));

-- What a delivery is found by, as schemas/webhook_marks.py says.
alter table webhook_deliveries add column marks bigint[];
