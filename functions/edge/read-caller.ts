import { ValidationError } from "../../shared/errors/app-error.ts";
import type { Caller } from "../../shared/trpc/caller.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const IDEMPOTENCY_KEY = /^[\x20-\x7e]{1,255}$/;

/**
 * @returns the caller that a group Worker gets as an argument.
 * @throws ValidationError when `x-mentorado` is no UUID or `idempotency-key` is longer than 255 or not printable ASCII.
 */
export function readCaller({
  headers,
  identity,
  requestId,
}: {
  headers: Headers;
  identity: Caller["identity"];
  requestId: string;
}): Caller {
  const caller: Caller = { requestId, identity };
  const mentorado = headers.get("x-mentorado");
  // A form decides the mentorado by its key.
  if (mentorado !== null && identity.kind !== "form") {
    if (!UUID.test(mentorado)) throw new ValidationError("The x-mentorado header must be a UUID", { field: "x-mentorado" });
    caller.chosenMentorado = mentorado.toLowerCase();
  }
  const idempotencyKey = headers.get("idempotency-key");
  if (idempotencyKey !== null) {
    if (!IDEMPOTENCY_KEY.test(idempotencyKey)) {
      throw new ValidationError("The idempotency-key header must be 1 to 255 printable ASCII characters", {
        field: "idempotency-key",
      });
    }
    caller.idempotencyKey = idempotencyKey;
  }
  return caller;
}
