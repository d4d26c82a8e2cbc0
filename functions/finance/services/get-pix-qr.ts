import { charges } from "../../../shared/db/schema/money.ts";
import { AppError, NotFoundError } from "../../../shared/errors/app-error.ts";
import type { VerbContext } from "../../../shared/trpc/verb-context.ts";
import { isCharge } from "../charges/charge-view.ts";
import { drawQr } from "../charges/pix-qr.ts";

/**
 * The PIX code of a charge, as text and as an SVG picture of it. An expired one is answered too: `expiresAt` tells, and
 * `charges.refresh` renews it.
 *
 * @throws NotFoundError CHARGE_NOT_FOUND; AppError PIX_CODE_MISSING, of a charge of another type or not made at the provider yet.
 */
export async function getPixQr({ ctx, input }: { ctx: VerbContext; input: { id: string } }) {
  const [[charge]] = await ctx.db.read([
    ctx.db.build
      .select({ payload: charges.pixPayload, expiresAt: charges.pixExpiresAt })
      .from(charges)
      .where(isCharge({ mentoradoId: ctx.mentoradoId, id: input.id })),
  ]);
  if (charge === undefined) throw new NotFoundError(undefined, { errorCode: "CHARGE_NOT_FOUND" });
  const { payload, expiresAt } = charge;
  if (payload === null) throw new AppError("PRECONDITION_FAILED", "No PIX code", { errorCode: "PIX_CODE_MISSING" });
  return { payload, expiresAt, svg: drawQr(payload) };
}
