import type { Database } from "../db/database.ts";
import type { Role } from "../db/schema/tenancy.ts";
import type { Logger } from "../log/logger.ts";

/** Who acts inside a mentorado. */
export type Actor =
  | { kind: "member"; userId: string; role: Role }
  | { kind: "visitor"; formKey: string }
  | { kind: "job"; jobId: string };

/** What every verb gets beside its input, whatever called it. It holds no raw handle: `db` sees one mentorado. */
export interface VerbContext {
  db: Database;
  mentoradoId: string;
  actor: Actor;
  requestId: string;
  log: Logger;
  /** The time of this request or attempt. */
  now: Date;
  /** UUIDv7, so that a batch can name rows that it is about to insert. */
  newId: () => string;
}

/** A visitor's context: the database alone knows which mentorado the form belongs to. */
export type FormContext = Omit<VerbContext, "mentoradoId">;

/** A signed-in person who acts for themselves. */
export type PersonContext = Omit<VerbContext, "mentoradoId" | "actor"> & { userId: string };

/** Staff of the programme, across mentorados. */
export type AdminContext = PersonContext;
