-- Durable jobs, beside what procrastinate asks by itself. See sinks/jobs.

-- name: jobs_are_there
select to_regclass('jobs.procrastinate_jobs') is not null

-- name: defer_job
select jobs.procrastinate_defer_jobs_v1(array[row(
    %(queue)s, %(job)s, %(priority)s, %(lock)s, %(queueing_lock)s, %(arguments)s::jsonb, null
)::jobs.procrastinate_job_to_defer_v1])

-- name: job_worker_lives
update jobs.procrastinate_workers set last_heartbeat = now() where id = %(worker)s

-- name: job_ids_of_worker
select id from jobs.procrastinate_jobs where status = 'doing' and worker_id = %(worker)s

-- name: take_up_jobs
-- Of workers that are gone or have been silent, and those named: orders begin anew, in one step, so that
-- nobody takes one up that another is at by now. One that would wait beside its like ends instead.
with left_behind as (
    select job.id,
        job.queueing_lock is not null and exists (
            select from jobs.procrastinate_jobs waiting
            where waiting.queueing_lock = job.queueing_lock and waiting.status = 'todo'
        ) as is_ordered_again
    from jobs.procrastinate_jobs job
    left join jobs.procrastinate_workers worker on worker.id = job.worker_id
    where job.status = 'doing'
      and (
        worker.id is null
        or worker.last_heartbeat < now() - %(silent_s)s * interval '1 second'
        or job.id = any(%(lost)s::bigint[])
      )
    for update of job skip locked
)
update jobs.procrastinate_jobs job
set status = (case when is_ordered_again then 'aborted' else 'todo' end)::jobs.procrastinate_job_status,
    attempts = job.attempts + 1,
    abort_requested = false,
    scheduled_at = null,
    worker_id = null
from left_behind
where job.id = left_behind.id
returning job.id, job.task_name

-- name: begin_job_run
-- The run before, with nulls where there was none; no row where this one began before.
with last as (select period_s, every_s from job_runs where job = %(job)s)
insert into job_runs as known (job, period_s, every_s, began_at_ms)
values (%(job)s, %(period_s)s, %(every_s)s, %(now_ms)s)
on conflict (job) do update
set (period_s, every_s, began_at_ms) = row(excluded.period_s, excluded.every_s, excluded.began_at_ms)
where excluded.period_s > known.period_s
returning (select period_s from last), (select every_s from last)

-- name: forget_jobs
-- Those that failed stay a while, to be looked at.
delete from jobs.procrastinate_jobs job
where job.status in ('failed', 'aborted', 'cancelled', 'succeeded')
  and not exists (
    select from jobs.procrastinate_events event
    where event.job_id = job.id and event.at > now() - interval '30 days'
  )
