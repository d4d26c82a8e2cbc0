-- Roles, entry functions, row-level security, audit, append-only tables.
--
-- Every batch of the application begins with one `guilda.enter_*` function. It checks who comes in, tells the transaction
-- (and the audit trigger) who acts, and gives up the rights of the connection for a role without BYPASSRLS.
-- SQLSTATEs of ours: GU400, GU401, GU403, GU404, GU409, GU412 (the message is the stable error code), LS001 (lease lost).

create schema if not exists guilda;
--> statement-breakpoint
-- Leads and students refer to each other, which the schema in TypeScript cannot say; judged at the commit, so that either comes first.
alter table leads add constraint leads_student foreign key (mentorado_id, student_id) references students (mentorado_id, id)
  deferrable initially deferred;
--> statement-breakpoint
-- Roles belong to the cluster, not to the database: they may exist already.
do $$
declare
  v_role text;
begin
  foreach v_role in array array['guilda_app', 'guilda_person', 'guilda_admin', 'guilda_system'] loop
    begin
      execute format('create role %I nologin nosuperuser nobypassrls', v_role);
    exception when duplicate_object or unique_violation then null;
    end;
    begin
      execute format('grant %I to %I', v_role, current_user);
    exception when unique_violation then null;
    end;
    execute format('grant usage on schema public, guilda to %I', v_role);
  end loop;
end $$;
--> statement-breakpoint
create function guilda.mentorado_id() returns uuid language sql stable parallel safe
  return nullif(current_setting('app.mentorado_id', true), '')::uuid;
--> statement-breakpoint
create function guilda.actor_id() returns text language sql stable parallel safe
  return nullif(current_setting('app.actor_id', true), '');
--> statement-breakpoint
-- Raises unless the condition is true; ends the batch with nothing written.
create function guilda.require(p_condition boolean, p_state text, p_error_code text) returns void language plpgsql as $$
begin
  if p_condition is not true then
    raise exception using errcode = p_state, message = p_error_code;
  end if;
end $$;
--> statement-breakpoint
create function guilda.act_as(p_role text, p_mentorado uuid, p_actor_type text, p_actor text, p_request text, p_reason text)
  returns void language plpgsql as $$
begin
  perform set_config('app.mentorado_id', coalesce(p_mentorado::text, ''), true),
          set_config('app.actor_type', p_actor_type, true),
          set_config('app.actor_id', coalesce(p_actor, ''), true),
          set_config('app.request_id', coalesce(p_request, ''), true),
          set_config('app.reason', coalesce(p_reason, ''), true),
          set_config('role', p_role, true);
end $$;
--> statement-breakpoint
create function guilda.enter_system(p_actor_type text, p_actor text, p_request text) returns void language sql
begin atomic
  select guilda.act_as('guilda_system', null, p_actor_type, p_actor, p_request, null);
end;
--> statement-breakpoint
-- A signed-in person who acts for themselves: sees their own row and memberships.
create function guilda.enter_person(p_user uuid, p_session text, p_request text) returns void language plpgsql as $$
begin
  perform set_config('role', 'guilda_system', true);
  if exists (select 1 from revoked_sessions r where r.session_id = p_session)
     or not exists (select 1 from users u where u.id = p_user and u.is_active) then
    raise exception using errcode = 'GU401', message = 'SESSION_REVOKED';
  end if;
  perform guilda.act_as('guilda_person', null, 'user', p_user::text, p_request, null);
end $$;
--> statement-breakpoint
-- A member of a mentorado, with one of the roles that the procedure allows. The membership is read here, in the same round
-- trip as the work: what a cache believes never grants anything.
create function guilda.enter_member(p_user uuid, p_session text, p_mentorado uuid, p_roles text[], p_request text) returns void
  language plpgsql as $$
declare
  v_role text;
begin
  perform set_config('role', 'guilda_system', true);
  select m.role into v_role
    from memberships m join users u on u.id = m.user_id join mentorados t on t.id = m.mentorado_id
   where m.mentorado_id = p_mentorado and m.user_id = p_user
     and m.status = 'active' and u.is_active and t.status = 'active'
     and not exists (select 1 from revoked_sessions r where r.session_id = p_session);
  if v_role is null then
    raise exception using errcode = 'GU403', message = 'MEMBERSHIP_REQUIRED';
  elsif v_role <> all (p_roles) then
    raise exception using errcode = 'GU403', message = 'PERMISSION_REQUIRED';
  end if;
  perform guilda.act_as('guilda_app', p_mentorado, 'user', p_user::text, p_request, null);
end $$;
--> statement-breakpoint
-- Staff of the programme: crosses mentorados, always with a reason, and the act itself is audited.
create function guilda.enter_admin(p_user uuid, p_session text, p_request text, p_reason text, p_procedure text) returns void
  language plpgsql as $$
begin
  perform set_config('role', 'guilda_system', true);
  if exists (select 1 from revoked_sessions r where r.session_id = p_session)
     or not exists (select 1 from users u where u.id = p_user and u.is_active and u.is_admin) then
    raise exception using errcode = 'GU403', message = 'ADMIN_REQUIRED';
  elsif coalesce(trim(p_reason), '') = '' then
    raise exception using errcode = 'GU400', message = 'REASON_REQUIRED';
  end if;
  perform guilda.act_as('guilda_admin', null, 'admin', p_user::text, p_request, p_reason);
  perform guilda.record_admin_act(p_procedure);
end $$;
--> statement-breakpoint
-- A visitor of a public form: the form decides the mentorado.
create function guilda.enter_form(p_form_key text, p_request text) returns void language plpgsql as $$
declare
  v_mentorado uuid;
begin
  perform set_config('role', 'guilda_system', true);
  select f.mentorado_id into v_mentorado
    from lead_forms f join mentorados t on t.id = f.mentorado_id
   where f.form_key = p_form_key and f.is_active and t.status = 'active';
  if v_mentorado is null then
    raise exception using errcode = 'GU404', message = 'FORM_NOT_FOUND';
  end if;
  perform guilda.act_as('guilda_app', v_mentorado, 'form', p_form_key, p_request, null);
end $$;
--> statement-breakpoint
-- The key row is inserted in the same transaction as the effect, so it is also the lock: a concurrent duplicate waits here,
-- and when the first one rolls back, it takes over.
create function guilda.claim_idempotency_key(p_procedure text, p_key text, p_request_sha256 bytea) returns void
  language plpgsql as $$
begin
  insert into idempotency_keys as k (mentorado_id, procedure, key, request_sha256, expires_at)
  values (coalesce(guilda.mentorado_id(), '00000000-0000-0000-0000-000000000000'), p_procedure, p_key, p_request_sha256,
          now() + interval '24 hours')
  on conflict (mentorado_id, procedure, key) do update
    set request_sha256 = excluded.request_sha256, response = null, created_at = now(), expires_at = excluded.expires_at
    where k.expires_at < now();
  if not found then
    raise exception using errcode = 'GU409', message = 'IDEMPOTENCY_KEY_USED';
  end if;
end $$;
--> statement-breakpoint
create function guilda.record_admin_act(p_procedure text) returns void language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  insert into audit_log (actor_type, actor_id, request_id, reason, action, table_name, row_id)
  values (current_setting('app.actor_type'), current_setting('app.actor_id'), nullif(current_setting('app.request_id', true), ''),
          current_setting('app.reason'), 'act', 'procedure', p_procedure);
end $$;
--> statement-breakpoint
-- Writes the audit row of a change. Arguments: the column that names the row, then the columns whose values are masked.
-- Runs with its owner's rights, because no application role may write the log by itself.
create function guilda.audit() returns trigger language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  v_old jsonb := case when tg_op = 'INSERT' then '{}'::jsonb else to_jsonb(old) end;
  v_new jsonb := case when tg_op = 'DELETE' then '{}'::jsonb else to_jsonb(new) end;
  v_row jsonb := case when tg_op = 'DELETE' then v_old else v_new end;
  v_masked text[] := tg_argv[1:];
  v_before jsonb;
  v_after jsonb;
begin
  if coalesce(current_setting('app.actor_type', true), '') = '' then
    raise exception using errcode = 'GU500', message = 'AUDIT_WITHOUT_ACTOR';
  end if;
  select jsonb_object_agg(o.key, case when o.key = any (v_masked) and o.value <> 'null' then '"***"' else o.value end)
    into v_before from jsonb_each(v_old) o where o.value is distinct from v_new -> o.key;
  select jsonb_object_agg(n.key, case when n.key = any (v_masked) and n.value <> 'null' then '"***"' else n.value end)
    into v_after from jsonb_each(v_new) n where n.value is distinct from v_old -> n.key;
  if tg_op = 'UPDATE' and v_after is null then
    return null;
  end if;
  insert into audit_log (mentorado_id, actor_type, actor_id, request_id, reason, action, table_name, row_id, before, after)
  values (coalesce(v_row ->> 'mentorado_id', case when tg_table_name = 'mentorados' then v_row ->> 'id' end)::uuid,
          current_setting('app.actor_type'), nullif(current_setting('app.actor_id', true), ''),
          nullif(current_setting('app.request_id', true), ''), nullif(current_setting('app.reason', true), ''),
          lower(tg_op), tg_table_name, v_row ->> tg_argv[0], v_before, v_after);
  return null;
end $$;
--> statement-breakpoint
create function guilda.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception using errcode = 'GU403', message = 'APPEND_ONLY';
end $$;
--> statement-breakpoint
-- Tenant tables: row-level security, enabled and forced, with the policy of the mentorado and those of staff and system.
do $$
declare
  v_table text;
begin
  foreach v_table in array array[
    'memberships', 'lead_forms', 'leads', 'lead_stage_history', 'students', 'offerings', 'enrollments', 'installments',
    'provider_accounts', 'charges', 'subscriptions', 'provider_customers', 'charge_events', 'ledger_entries', 'ledger_lines', 'ledger_heads',
    'payment_reminders', 'dunning_policies', 'dunning_opt_outs', 'sync_states', 'sync_conflicts', 'effects', 'idempotency_keys'
  ] loop
    execute format('alter table %I enable row level security', v_table);
    execute format('alter table %I force row level security', v_table);
    execute format('create policy of_mentorado on %I for all to guilda_app using (mentorado_id = guilda.mentorado_id()) with check (mentorado_id = guilda.mentorado_id())', v_table);
    execute format('create policy of_staff on %I for select to guilda_admin using (true)', v_table);
    execute format('grant select on %I to guilda_app, guilda_admin', v_table);
  end loop;
  foreach v_table in array array['mentorados', 'users', 'revoked_sessions', 'audit_log', 'webhook_events', 'jobs', 'schedules', 'schedule_slots'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format('alter table %I force row level security', v_table);
    execute format('create policy of_staff on %I for select to guilda_admin using (true)', v_table);
    execute format('grant select on %I to guilda_admin', v_table);
  end loop;
end $$;
--> statement-breakpoint
-- A member writes the tables of the practice; nobody deletes a row.
grant insert, update on leads, students, offerings, enrollments, lead_forms, memberships, provider_accounts, charges, subscriptions, provider_customers,
  ledger_heads, dunning_policies, dunning_opt_outs, sync_states, sync_conflicts, effects, idempotency_keys to guilda_app;
--> statement-breakpoint
grant insert on lead_stage_history, installments, charge_events, ledger_entries, ledger_lines, payment_reminders to guilda_app;
--> statement-breakpoint
create policy of_mentorado on mentorados for select to guilda_app using (id = guilda.mentorado_id());
--> statement-breakpoint
create policy of_member on users for select to guilda_app using (
  exists (select 1 from memberships m where m.user_id = users.id and m.mentorado_id = guilda.mentorado_id())
);
--> statement-breakpoint
create policy epoch_of_member on users for update to guilda_app
  using (exists (select 1 from memberships m where m.user_id = users.id and m.mentorado_id = guilda.mentorado_id()))
  with check (true);
--> statement-breakpoint
create policy of_mentorado on audit_log for select to guilda_app using (mentorado_id = guilda.mentorado_id());
--> statement-breakpoint
create policy of_mentorado on webhook_events for select to guilda_app using (mentorado_id = guilda.mentorado_id());
--> statement-breakpoint
create policy of_mentorado on jobs for all to guilda_app using (mentorado_id = guilda.mentorado_id()) with check (mentorado_id = guilda.mentorado_id());
--> statement-breakpoint
-- Whoever changes a membership stages the programme's own job that voids what is cached of that member.
create policy invalidation_of_member on jobs for insert to guilda_app with check (
  mentorado_id is null and name = 'accounts.invalidate-session' and exists (
    select 1 from memberships m where m.mentorado_id = guilda.mentorado_id() and m.user_id::text = payload ->> 'userId')
);
--> statement-breakpoint
grant select on mentorados, users, audit_log, webhook_events to guilda_app;
--> statement-breakpoint
-- To ring it, the staging request has to see the row that it inserted. A caller chooses its request id, so that alone shows nothing.
create policy invalidation_of_request on jobs for select to guilda_app using (
  mentorado_id is null and name = 'accounts.invalidate-session' and request_id = nullif(current_setting('app.request_id', true), '')
  and exists (select 1 from memberships m where m.mentorado_id = guilda.mentorado_id() and m.user_id::text = payload ->> 'userId')
);
--> statement-breakpoint
grant select, insert on jobs to guilda_app;
--> statement-breakpoint
-- What a member may change of a person: nothing but the epoch that voids cached sessions.
grant update (session_epoch) on users to guilda_app;
--> statement-breakpoint
-- A person sees themselves, their memberships and the names of their mentorados.
create policy of_person on users for all to guilda_person using (id = guilda.actor_id()::uuid) with check (id = guilda.actor_id()::uuid);
--> statement-breakpoint
create policy of_person on memberships for select to guilda_person using (user_id = guilda.actor_id()::uuid);
--> statement-breakpoint
create policy of_person on mentorados for select to guilda_person using (
  exists (select 1 from memberships m where m.mentorado_id = mentorados.id and m.user_id = guilda.actor_id()::uuid and m.status = 'active')
);
--> statement-breakpoint
grant select on users, memberships, mentorados to guilda_person;
--> statement-breakpoint
grant update (name) on users to guilda_person;
--> statement-breakpoint
-- Staff read everything under policy and change people and mentorados.
create policy of_staff_change on users for update to guilda_admin using (true) with check (true);
--> statement-breakpoint
create policy of_staff_change on mentorados for all to guilda_admin using (true) with check (true);
--> statement-breakpoint
create policy of_staff_stage on jobs for insert to guilda_admin with check (mentorado_id is null);
--> statement-breakpoint
create policy of_staff_key on idempotency_keys for all to guilda_admin
  using (mentorado_id = '00000000-0000-0000-0000-000000000000') with check (mentorado_id = '00000000-0000-0000-0000-000000000000');
--> statement-breakpoint
create policy of_person_key on idempotency_keys for all to guilda_person
  using (mentorado_id = '00000000-0000-0000-0000-000000000000' and starts_with(key, guilda.actor_id() || ':'))
  with check (mentorado_id = '00000000-0000-0000-0000-000000000000' and starts_with(key, guilda.actor_id() || ':'));
--> statement-breakpoint
grant select, insert, update on idempotency_keys to guilda_person;
--> statement-breakpoint
grant update (is_active, session_epoch) on users to guilda_admin;
--> statement-breakpoint
grant insert, update on mentorados to guilda_admin;
--> statement-breakpoint
grant insert on jobs to guilda_admin;
--> statement-breakpoint
grant insert, update on idempotency_keys to guilda_admin;
--> statement-breakpoint
-- The system role runs the machinery (inbox, jobs, schedules), projects Clerk, and looks memberships up at the door.
do $$
declare
  v_table text;
begin
  foreach v_table in array array['mentorados', 'users', 'memberships', 'revoked_sessions', 'lead_forms', 'provider_accounts', 'webhook_events', 'jobs', 'schedules', 'schedule_slots'] loop
    execute format('create policy of_system on %I for all to guilda_system using (true) with check (true)', v_table);
    execute format('grant select on %I to guilda_system', v_table);
  end loop;
end $$;
--> statement-breakpoint
grant insert, update on users, memberships, revoked_sessions, webhook_events, jobs, schedules, schedule_slots to guilda_system;
--> statement-breakpoint
-- Audit: the row's name, then the masked columns.
do $$
declare
  v_spec text[];
  v_arguments text;
begin
  foreach v_spec slice 1 in array array[
    ['mentorados', 'id', ''],
    ['users', 'id', 'email,name'],
    ['memberships', 'id', ''],
    ['lead_forms', 'id', ''],
    ['leads', 'id', 'name,email,phone,phone_key,message'],
    ['lead_stage_history', 'id', ''],
    ['students', 'id', 'name,email,phone,tax_id_encrypted,tax_id_index'],
    ['offerings', 'id', ''],
    ['enrollments', 'id', ''],
    ['installments', 'id', ''],
    ['provider_accounts', 'id', 'api_key_encrypted,webhook_token_digest'],
    ['charges', 'id', 'pix_payload,boleto_line,description'],
    ['subscriptions', 'id', ''],
    ['provider_customers', 'student_id', ''],
    ['dunning_policies', 'mentorado_id', ''],
    ['dunning_opt_outs', 'student_id', ''],
    ['sync_conflicts', 'id', 'local,remote'],
    ['charge_events', 'event_id', ''],
    ['ledger_entries', 'id', ''],
    ['ledger_lines', 'entry_id', ''],
    ['payment_reminders', 'id', '']
  ] loop
    select string_agg(quote_literal(argument), ', ') into v_arguments
      from unnest(array[v_spec[2]] || string_to_array(v_spec[3], ',')) argument;
    execute format('create trigger audit after insert or update or delete on %I for each row execute function guilda.audit(%s)', v_spec[1], v_arguments);
  end loop;
end $$;
--> statement-breakpoint
do $$
declare
  v_table text;
begin
  foreach v_table in array array['audit_log', 'ledger_entries', 'ledger_lines', 'charge_events', 'lead_stage_history'] loop
    execute format('create trigger append_only before update or delete on %I for each row execute function guilda.refuse_change()', v_table);
    execute format('create trigger never_truncated before truncate on %I for each statement execute function guilda.refuse_change()', v_table);
  end loop;
end $$;
--> statement-breakpoint
-- A mentorado always keeps one active owner, however two changes interleave: the check locks the mentorado's row first.
create function guilda.keep_one_owner() returns trigger language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  if old.role = 'owner' and old.status = 'active' and (tg_op = 'DELETE' or new.role <> 'owner' or new.status <> 'active') then
    perform 1 from mentorados where id = old.mentorado_id for update;
    if not exists (
      select 1 from memberships m where m.mentorado_id = old.mentorado_id and m.id <> old.id and m.role = 'owner' and m.status = 'active'
    ) then
      raise exception using errcode = 'GU409', message = 'LAST_OWNER';
    end if;
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$;
--> statement-breakpoint
create trigger keep_one_owner before update or delete on memberships for each row execute function guilda.keep_one_owner();
--> statement-breakpoint
-- Debits equal credits when the transaction commits.
create function guilda.balance_entry() returns trigger language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  v_entry uuid := coalesce(to_jsonb(new) ->> 'entry_id', to_jsonb(new) ->> 'id')::uuid;
begin
  if (select coalesce(sum(l.amount_cents), 0) <> 0 or count(*) < 2 from ledger_lines l
       where l.mentorado_id = new.mentorado_id and l.entry_id = v_entry) then
    raise exception using errcode = 'GU500', message = 'LEDGER_UNBALANCED';
  end if;
  return null;
end $$;
--> statement-breakpoint
create constraint trigger balanced after insert on ledger_entries deferrable initially deferred
  for each row execute function guilda.balance_entry();
--> statement-breakpoint
-- Also when a line is added later to an entry that is there.
create constraint trigger balanced after insert on ledger_lines deferrable initially deferred
  for each row execute function guilda.balance_entry();
--> statement-breakpoint
grant execute on function guilda.mentorado_id(), guilda.actor_id(), guilda.require(boolean, text, text),
  guilda.claim_idempotency_key(text, text, bytea) to guilda_app, guilda_person, guilda_admin, guilda_system;
--> statement-breakpoint
grant execute on function guilda.record_admin_act(text) to guilda_admin;
--> statement-breakpoint
grant execute on function guilda.act_as(text, uuid, text, text, text, text) to guilda_system;
--> statement-breakpoint
-- The person behind a Clerk session, with their active memberships; null when unknown, inactive or revoked.
create function guilda.find_session(p_clerk_user text, p_session text) returns jsonb language plpgsql as $$
begin
  perform set_config('role', 'guilda_system', true);
  return (
    select jsonb_build_object('userId', u.id, 'isAdmin', u.is_admin, 'epoch', u.session_epoch, 'memberships', coalesce((
      select jsonb_agg(jsonb_build_object('mentoradoId', m.mentorado_id, 'role', m.role) order by m.created_at, m.mentorado_id)
        from memberships m join mentorados t on t.id = m.mentorado_id
       where m.user_id = u.id and m.status = 'active' and t.status = 'active'), '[]'::jsonb))
      from users u
     where u.clerk_user_id = p_clerk_user and u.is_active
       and not exists (select 1 from revoked_sessions r where r.session_id = p_session)
  );
end $$;
--> statement-breakpoint
-- Postgres lets everybody execute a new function, and default privileges of a schema cannot take that away: each migration does.
revoke execute on all functions in schema guilda from public;
