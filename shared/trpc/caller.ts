/** Nobody signed in, or a token that did not verify: the two look alike. */
export interface AnonymousIdentity {
  kind: "anonymous";
}

/** A visitor of a public form; the form key decides the mentorado. */
export interface FormIdentity {
  kind: "form";
  formKey: string;
}

/** A person whose Clerk session token verified at the edge. */
export interface UserIdentity {
  kind: "user";
  clerkUserId: string;
  sessionId: string;
  /** Clerk user id of the person who impersonates this user; such a session may only read. */
  impersonatedBy?: string;
}

/**
 * Who calls and how, as the edge established it. It travels to a group Worker as an argument of an RPC call,
 * not as a header, so that nothing from outside can forge it.
 */
export interface Caller {
  requestId: string;
  identity: AnonymousIdentity | FormIdentity | UserIdentity;
  /** The `x-mentorado` header: which of the person's memberships is meant. Not yet checked. */
  chosenMentorado?: string;
  /** The `idempotency-key` header. */
  idempotencyKey?: string;
}

export interface Readiness {
  database: "up" | "down";
}

/** What every Worker behind the edge offers over its service binding. */
export interface BoundWorker {
  /** Answers `/jobs/<group>/<job>` (QStash signature required), and webhooks where the group receives them. */
  fetch(request: Request): Promise<Response>;
  ready(): Promise<Readiness>;
}

/** A route group with procedures. */
export interface GroupWorker extends BoundWorker {
  /** Answers a tRPC request whose path is `/api/trpc/<procedures>`; all procedures belong to this group. */
  trpc(request: Request, caller: Caller): Promise<Response>;
}
