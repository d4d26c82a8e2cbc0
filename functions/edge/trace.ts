import type { Logger } from "../../shared/log/logger.ts";

/** What is known of one request while it is answered: for its errors and for its log line. */
export interface Trace {
  readonly requestId: string;
  readonly log: Logger;
  /** tRPC procedures that the request names, as the client wrote them. */
  procedures: string[];
  /** Why the edge itself refused the request. */
  errorCode?: string;
}
