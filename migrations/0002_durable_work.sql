-- The engine of durable work: store, claim, finish, fail, sweep, tick. Time is the database's; every function can be run again.

-- Stores a verified delivery with the job that works on it, or counts it on the event that is there; the event and its job appear
-- together. With `p_token_digest` (a provider whose proof is a token per account) the delivery must also name an active account that
-- has this token, whose mentorado it becomes. A function, because its plans are kept: most of this work would be planning.
create function guilda.store_event(
  p_id uuid, p_provider text, p_account_ref text, p_event_id text, p_event_type text, p_raw bytea, p_token_digest bytea,
  p_request text, p_job_id uuid, p_job text, p_worker_group text, p_max_attempts integer)
  returns table (is_known boolean, is_new boolean, is_mismatch boolean, ring integer, run_at timestamptz)
  language plpgsql as $$
#variable_conflict use_column
declare
  v_mentorado uuid;
  v_event webhook_events%rowtype;
begin
  perform guilda.enter_system('webhook', p_provider, p_request);
  if p_token_digest is not null then
    select a.mentorado_id into v_mentorado from provider_accounts a
     where a.provider = p_provider and a.account_ref = p_account_ref and a.is_active and a.webhook_token_digest = p_token_digest;
    if not found then
      return query select false, false, false, null::integer, null::timestamptz;
      return;
    end if;
  end if;
  insert into webhook_events as e (id, provider, account_ref, event_id, event_type, mentorado_id, raw, raw_sha256, request_id)
  values (p_id, p_provider, p_account_ref, p_event_id, p_event_type, v_mentorado, p_raw, sha256(p_raw), p_request)
  on conflict (provider, account_ref, event_id) do update
    set deliveries = e.deliveries + 1, mismatch = e.mismatch or e.raw_sha256 <> excluded.raw_sha256
  returning e.* into v_event;
  if v_event.id <> p_id then
    return query select true, false, v_event.mismatch, null::integer, null::timestamptz;
    return;
  end if;
  return query
  insert into jobs as j (id, mentorado_id, worker_group, name, dedup_key, payload, max_attempts, request_id)
  values (p_job_id, v_event.mentorado_id, p_worker_group, p_job, 'webhook:' || p_id, jsonb_build_object('eventId', p_id),
          p_max_attempts, p_request)
  returning true, true, false, j.ring, j.run_at;
end $$;
--> statement-breakpoint
-- Looks at a job and takes it under a lease. `outcome`: claimed | done | dead | held | early | unknown. A job is known at its own
-- endpoint alone, by its name: rung elsewhere, it is left as it is.
create function guilda.claim_job(p_id uuid, p_name text, p_token uuid, p_lease interval)
  returns table (outcome text, name text, mentorado_id uuid, payload jsonb, attempt integer, request_id text, created_at timestamptz, retry_after_ms integer)
  language plpgsql as $$
#variable_conflict use_column
declare
  v_job jobs%rowtype;
begin
  perform set_config('role', 'guilda_system', true);
  update jobs j
     set status = 'running', attempts = j.attempts + 1, lease_token = p_token, lease_until = now() + p_lease
   where j.id = p_id and j.name = p_name and j.status in ('pending', 'running') and j.run_at <= now()
     and (j.lease_until is null or j.lease_until < now()) and j.attempts < j.max_attempts
  returning j.* into v_job;
  if found then
    return query select 'claimed', v_job.name, v_job.mentorado_id, v_job.payload, v_job.attempts::integer, v_job.request_id, v_job.created_at, 0;
    return;
  end if;
  -- Attempts used up by crashes that reported nothing: the lease has run out, so nobody works on it any more.
  update jobs j set status = 'dead', last_error = coalesce(j.last_error, 'ATTEMPTS_EXHAUSTED'), lease_token = null, lease_until = null
   where j.id = p_id and j.name = p_name and j.status in ('pending', 'running') and j.run_at <= now()
     and (j.lease_until is null or j.lease_until < now()) and j.attempts >= j.max_attempts;
  select * into v_job from jobs j where j.id = p_id and j.name = p_name;
  if not found then
    return query select 'unknown', null::text, null::uuid, null::jsonb, 0, null::text, null::timestamptz, 0;
    return;
  end if;
  return query select
    case when v_job.status in ('done', 'dead') then v_job.status when v_job.lease_until >= now() then 'held' else 'early' end,
    v_job.name, v_job.mentorado_id, null::jsonb, v_job.attempts::integer, v_job.request_id, v_job.created_at,
    greatest(0, ceil(1000 * extract(epoch from greatest(v_job.lease_until, v_job.run_at) - now())))::integer;
end $$;
--> statement-breakpoint
-- Leads every batch of a job: raises LS001 when the lease is lost, which cancels whatever follows. With `p_finish` the job is
-- done in the same transaction as its effect. The mentorado is the one of the row, never of the message.
create function guilda.enter_job(p_id uuid, p_token uuid, p_finish boolean) returns void language plpgsql as $$
declare
  v_mentorado uuid;
  v_request text;
begin
  perform set_config('role', 'guilda_system', true);
  if p_finish then
    update jobs j set status = 'done', done_at = now(), lease_token = null, lease_until = null, last_error = null
     where j.id = p_id and j.lease_token = p_token and j.status = 'running'
    returning j.mentorado_id, j.request_id into v_mentorado, v_request;
  else
    select j.mentorado_id, j.request_id into v_mentorado, v_request from jobs j
     where j.id = p_id and j.lease_token = p_token and j.status = 'running' for update;
  end if;
  if not found then
    raise exception using errcode = 'LS001', message = 'LEASE_LOST';
  end if;
  perform guilda.act_as(case when v_mentorado is null then 'guilda_system' else 'guilda_app' end, v_mentorado, 'job', p_id::text, v_request, null);
end $$;
--> statement-breakpoint
-- Ends an attempt that failed: pending again after `p_retry_after`, or dead when null or when no attempt is left.
create function guilda.fail_job(p_id uuid, p_token uuid, p_error text, p_retry_after interval) returns text language plpgsql as $$
declare
  v_status text;
begin
  perform set_config('role', 'guilda_system', true);
  update jobs j
     set status = case when p_retry_after is null or j.attempts >= j.max_attempts then 'dead' else 'pending' end,
         run_at = case when p_retry_after is null then j.run_at else now() + p_retry_after end,
         lease_token = null, lease_until = null, last_error = p_error
   where j.id = p_id and j.lease_token = p_token and j.status = 'running'
  returning j.status into v_status;
  return coalesce(v_status, 'lost');
end $$;
--> statement-breakpoint
-- Rings again for work that is not done: oldest first, each under a new ring number, because the message broker remembers old ones.
create function guilda.sweep_jobs(p_stale interval, p_limit integer)
  returns table (id uuid, worker_group text, name text, ring integer, run_at timestamptz) language plpgsql as $$
#variable_conflict use_column
begin
  perform set_config('role', 'guilda_system', true);
  return query
  with stale as materialized (
    select j.id from jobs j
     where j.status in ('pending', 'running') and j.rung_at < now() - p_stale and j.run_at < now() - p_stale
       and (j.lease_until is null or j.lease_until < now())
     order by j.rung_at limit p_limit for update skip locked
  )
  update jobs j set ring = j.ring + 1, rung_at = now() from stale where j.id = stale.id
  returning j.id, j.worker_group, j.name, j.ring, j.run_at;
end $$;
--> statement-breakpoint
-- Claims the due slots of the declared schedules and stages their jobs, in one statement. (schedule, mentorado, slot) is unique, so
-- any number of ticks from any number of sources fire a slot once.
--
-- p_definitions: [{name, job, worker_group, scope: programme|mentorado, every: interval | daily_at: time, catch_up: all|latest|skip, cap: interval, max_attempts}]
-- p_only: fires the latest slot of this one schedule whatever came before it, for an operator.
create function guilda.tick(p_at timestamptz, p_definitions jsonb, p_only text, p_request text)
  returns table (id uuid, worker_group text, name text, ring integer, run_at timestamptz) language plpgsql as $$
#variable_conflict use_column
declare
  -- A clock ahead of the database fires nothing early.
  v_now timestamptz := case when p_only is null then least(p_at, now()) else p_at end;
  c_programme constant uuid := '00000000-0000-0000-0000-000000000000';
  c_anchor constant timestamptz := '2000-01-01T00:00:00Z';
begin
  perform set_config('role', 'guilda_system', true);
  insert into schedules (name, known_since)
  select d.name, least(v_now, now()) from jsonb_to_recordset(p_definitions) as d(name text) order by d.name
  on conflict do nothing;
  return query
  with definitions as (
    select d.*, s.known_since
      from jsonb_to_recordset(p_definitions) as d(name text, job text, worker_group text, scope text, every interval, daily_at time,
             catch_up text, cap interval, max_attempts smallint)
      join schedules s on s.name = d.name and s.is_enabled
     where p_only is null or d.name = p_only
  ),
  targets as (
    select d.*, t.mentorado_id, t.timezone,
           greatest(d.known_since, t.since, v_now - d.cap,
                    (select max(x.slot) from schedule_slots x where x.mentorado_id = t.mentorado_id and x.schedule = d.name and x.slot <= v_now and not x.is_operated)) as after
      from definitions d
      join lateral (
        select m.id as mentorado_id, m.timezone, m.created_at as since from mentorados m where d.scope = 'mentorado' and m.status = 'active'
        union all
        select c_programme, 'UTC', '-infinity'::timestamptz where d.scope = 'programme'
      ) t on true
  ),
  -- The slot that is due now, and (for `all`) those before it, back to the last one fired.
  slots as (
    select t.*, due.slot, due.slot = max(due.slot) over (partition by t.name, t.mentorado_id) as is_newest
      from targets t
      cross join lateral (
        select g.slot from generate_series(
            case when p_only is not null or t.catch_up <> 'all' then date_bin(t.every, v_now, c_anchor)
                 else date_bin(t.every, t.after, c_anchor) end, v_now, t.every) g(slot)
         where t.every is not null
        union all
        -- One slot per local date, also on the dates when the local clock jumps.
        select (g.day + t.daily_at) at time zone t.timezone from generate_series(
            date_trunc('day', case when p_only is not null then v_now - interval '2 days' else t.after end at time zone t.timezone),
            date_trunc('day', v_now at time zone t.timezone), interval '1 day') g(day)
         where t.daily_at is not null
      ) due
     where due.slot <= v_now and (p_only is not null or due.slot > t.after)
  ),
  due as (
    select s.*, v_now - s.slot > interval '2 minutes' as is_late from slots s
     where (s.catch_up = 'all' and p_only is null) or (s.is_newest and (
       p_only is not null or s.catch_up = 'latest'
       -- `skip` fires only within the current period: this bin, or this local date.
       or s.every is not null or (s.slot at time zone s.timezone)::date = (v_now at time zone s.timezone)::date))
     order by s.slot, s.name, s.mentorado_id limit 1000
  ),
  fired as (
    insert into schedule_slots (schedule, mentorado_id, slot, job_id, is_late, is_operated)
    select d.name, d.mentorado_id, d.slot, gen_random_uuid(), d.is_late, p_only is not null from due d
    on conflict do nothing
    returning schedule_slots.schedule, schedule_slots.mentorado_id, schedule_slots.slot, schedule_slots.job_id
  )
  insert into jobs as j (id, mentorado_id, worker_group, name, dedup_key, payload, max_attempts, request_id)
  select f.job_id, nullif(f.mentorado_id, c_programme), d.worker_group, d.job,
         'schedule:' || f.schedule || ':' || f.mentorado_id || ':' || extract(epoch from f.slot)::bigint,
         jsonb_build_object('slot', to_char(f.slot at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')), d.max_attempts, p_request
    from fired f join definitions d on d.name = f.schedule
  returning j.id, j.worker_group, j.name, j.ring, j.run_at;
end $$;
--> statement-breakpoint
grant execute on function guilda.sweep_jobs(interval, integer), guilda.tick(timestamptz, jsonb, text, text) to guilda_system;
--> statement-breakpoint
revoke execute on all functions in schema guilda from public;
