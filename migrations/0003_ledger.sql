-- The ledger: entries are added by one function, which locks the mentorado's chain, so that each carries the hash of the one before.

-- What is hashed of an entry after the hash before it: its fields, then its lines by account, one to a row of text, UTF-8.
-- Documented for auditors in docs/ledger.md.
create function guilda.ledger_text(p_entry ledger_entries, p_lines text) returns text language sql stable as $$
  select concat_ws(E'\n', 'v1', p_entry.mentorado_id, p_entry.seq, p_entry.id, p_entry.kind, p_entry.charge_id, p_entry.movement, p_entry.source,
    to_char(p_entry.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    to_char(p_entry.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), p_lines)
$$;
--> statement-breakpoint
-- Adds an entry unless the charge has this movement already, or nothing moves. p_lines: {account: cents}, debit positive; zeros are
-- left out. The amounts are of the charge's currency. Returns whether an entry was added.
create function guilda.post_entry(
  p_mentorado uuid, p_id uuid, p_charge uuid, p_kind text, p_movement text, p_source text, p_source_event uuid, p_occurred timestamptz,
  p_lines jsonb) returns boolean language plpgsql as $$
declare
  v_head ledger_heads%rowtype;
  v_entry ledger_entries%rowtype;
  v_currency text;
  v_lines text;
begin
  select c.currency into v_currency from charges c where c.mentorado_id = p_mentorado and c.id = p_charge;
  select string_agg(concat_ws(' ', l.key, l.value, v_currency), E'\n' order by l.key collate "C") into v_lines
    from jsonb_each_text(p_lines) l where l.value::bigint <> 0;
  if v_currency is null or v_lines is null then
    return false;
  end if;
  -- What is hashed is one field to a row of text.
  perform guilda.require(strpos(concat(p_kind, p_movement, p_source), E'\n') = 0, 'GU400', 'LEDGER_TEXT_INVALID');
  insert into ledger_heads (mentorado_id, seq, hash) values (p_mentorado, 0, decode(repeat('00', 32), 'hex')) on conflict do nothing;
  select * into v_head from ledger_heads h where h.mentorado_id = p_mentorado for update;
  if exists (select 1 from ledger_entries e where e.mentorado_id = p_mentorado and e.charge_id = p_charge and e.movement = p_movement) then
    return false;
  end if;
  v_entry.mentorado_id := p_mentorado;
  v_entry.id := p_id;
  v_entry.seq := v_head.seq + 1;
  v_entry.kind := p_kind;
  v_entry.charge_id := p_charge;
  v_entry.movement := p_movement;
  v_entry.source := p_source;
  v_entry.source_event_id := p_source_event;
  v_entry.occurred_at := date_trunc('milliseconds', p_occurred);
  -- Taken under the lock, so that the chain's order is the order of time.
  v_entry.recorded_at := date_trunc('milliseconds', clock_timestamp());
  v_entry.previous_hash := v_head.hash;
  v_entry.hash := sha256(v_head.hash || convert_to(guilda.ledger_text(v_entry, v_lines), 'UTF8'));
  insert into ledger_entries select v_entry.*;
  insert into ledger_lines (mentorado_id, entry_id, account, amount_cents, currency)
  select p_mentorado, p_id, l.key, l.value::bigint, v_currency from jsonb_each_text(p_lines) l where l.value::bigint <> 0;
  update ledger_heads h set seq = v_entry.seq, hash = v_entry.hash where h.mentorado_id = p_mentorado;
  return true;
end $$;
--> statement-breakpoint
grant execute on function guilda.ledger_text(ledger_entries, text),
  guilda.post_entry(uuid, uuid, uuid, text, text, text, uuid, timestamptz, jsonb) to guilda_app;
--> statement-breakpoint
-- Staff verify every ledger.
grant execute on function guilda.ledger_text(ledger_entries, text) to guilda_admin;
--> statement-breakpoint
revoke execute on all functions in schema guilda from public;
