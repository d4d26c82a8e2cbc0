-- Craft: row-level security, grants, audit and append-only tables of repositories, scans and patterns.
do $$
declare
  v_table text;
begin
  foreach v_table in array array['repos', 'scans', 'scan_shards', 'repo_files', 'patterns', 'pattern_evidence', 'pattern_history', 'wording_requests'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format('alter table %I force row level security', v_table);
    execute format('create policy of_mentorado on %I for all to guilda_app using (mentorado_id = guilda.mentorado_id()) with check (mentorado_id = guilda.mentorado_id())', v_table);
    execute format('create policy of_staff on %I for select to guilda_admin using (true)', v_table);
    execute format('grant select on %I to guilda_app, guilda_admin', v_table);
  end loop;
end $$;
--> statement-breakpoint
grant insert, update on repos, scans, scan_shards, repo_files, patterns, pattern_evidence, wording_requests to guilda_app;
--> statement-breakpoint
grant insert on pattern_history to guilda_app;
--> statement-breakpoint
alter table github_installations enable row level security;
--> statement-breakpoint
alter table github_installations force row level security;
--> statement-breakpoint
create policy of_staff on github_installations for select to guilda_admin using (true);
--> statement-breakpoint
create policy of_system on github_installations for all to guilda_system using (true) with check (true);
--> statement-breakpoint
-- A member sees the installations that they made themselves: GitHub names its person, Clerk has verified whose account that is.
create policy of_installer on github_installations for select to guilda_app using (
  exists (select 1 from users u where u.id::text = guilda.actor_id() and u.github_user_id = github_installations.installed_by)
);
--> statement-breakpoint
grant select on github_installations to guilda_app, guilda_admin;
--> statement-breakpoint
grant select, insert, update on github_installations to guilda_system;
--> statement-breakpoint
-- GitHub's events name a repository, which several mentorados may have connected.
create policy of_system on repos for select to guilda_system using (true);
--> statement-breakpoint
grant select on repos to guilda_system;
--> statement-breakpoint
do $$
declare
  v_table text;
begin
  foreach v_table in array array['repos', 'patterns', 'pattern_evidence', 'pattern_history'] loop
    execute format('create trigger audit after insert or update or delete on %I for each row execute function guilda.audit(''id'')', v_table);
  end loop;
  execute 'create trigger audit after insert or update or delete on github_installations for each row execute function guilda.audit(''installation_id'')';
end $$;
--> statement-breakpoint
create trigger append_only before update or delete on pattern_history for each row execute function guilda.refuse_change();
--> statement-breakpoint
create trigger never_truncated before truncate on pattern_history for each statement execute function guilda.refuse_change();
--> statement-breakpoint
-- Each refers to the other, which the schema in TypeScript cannot say.
alter table repos add constraint repos_adopted_scan foreign key (mentorado_id, adopted_scan_id) references scans (mentorado_id, id);
--> statement-breakpoint
alter table patterns add constraint patterns_last_scan foreign key (mentorado_id, last_scan_id) references scans (mentorado_id, id);
--> statement-breakpoint
-- Whose account it is at GitHub is personal, too.
drop trigger audit on users;
--> statement-breakpoint
create trigger audit after insert or update or delete on users for each row execute function guilda.audit('id', 'email', 'name', 'github_user_id');
--> statement-breakpoint
-- Pull requests: row-level security, grants and audit.
do $$
declare
  v_table text;
begin
  foreach v_table in array array['pull_requests', 'pull_checks', 'pull_check_patterns', 'violations', 'violation_dismissals', 'waivers'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format('alter table %I force row level security', v_table);
    execute format('create policy of_mentorado on %I for all to guilda_app using (mentorado_id = guilda.mentorado_id()) with check (mentorado_id = guilda.mentorado_id())', v_table);
    execute format('create policy of_staff on %I for select to guilda_admin using (true)', v_table);
    execute format('grant select on %I to guilda_app, guilda_admin', v_table);
  end loop;
end $$;
--> statement-breakpoint
grant insert, update on pull_requests, pull_checks, violations, waivers to guilda_app;
--> statement-breakpoint
grant insert on pull_check_patterns, violation_dismissals to guilda_app;
--> statement-breakpoint
-- GitHub's events tell of a pull request to everyone who has connected its repository, and name a check by our id of it.
create policy of_system on pull_requests for all to guilda_system using (true) with check (true);
--> statement-breakpoint
create policy of_system on pull_checks for select to guilda_system using (true);
--> statement-breakpoint
grant select, insert, update on pull_requests to guilda_system;
--> statement-breakpoint
grant select on pull_checks to guilda_system;
--> statement-breakpoint
-- What people decide; the others are what GitHub told and what was counted.
create trigger audit after insert or update or delete on violation_dismissals for each row execute function guilda.audit('violation_id');
--> statement-breakpoint
create trigger audit after insert or update or delete on waivers for each row execute function guilda.audit('id');
