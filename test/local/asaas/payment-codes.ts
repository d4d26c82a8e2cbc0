import { json, type WireAnswer } from "../http-server.ts";
import { boletoCodes } from "./boleto.ts";
import { isOpen, type PaymentCall, wrongState } from "./payment-state.ts";
import { pixPayload } from "./pix-payload.ts";
import { addMonths, saoPauloDate } from "./sao-paulo-time.ts";
import { refuse, toCents } from "./wire.ts";

/** A white pixel: the picture is a placeholder, the payload beside it is real. */
const WHITE_PIXEL_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg==";

/** `GET /v3/payments/{id}/pixQrCode`. */
export function pixQrCode({ account, payment, now, baseUrl }: PaymentCall): WireAnswer {
  if (payment.billingType === "CREDIT_CARD" || !isOpen(payment)) return refuse(400, wrongState(payment, "paga com Pix"));
  const lastDay = account.pixKey === null ? saoPauloDate(now()) : addMonths(payment.dueDate, 12);
  const payload = pixPayload({
    location: `${new URL(baseUrl).host}/qr/v2/cob/${payment.id}`,
    valueCents: toCents(payment.value) ?? 0,
    receiver: account.name,
    city: "SAO PAULO",
  });
  return json(200, { encodedImage: WHITE_PIXEL_PNG, payload, expirationDate: `${lastDay} 23:59:59`, success: true });
}

/** `GET /v3/payments/{id}/identificationField`. */
export function identificationField({ payment }: PaymentCall): WireAnswer {
  if (payment.nossoNumero === null) {
    const description = "Somente é possível obter linha digitável quando a forma de pagamento for boleto bancário";
    return refuse(400, { code: "invalid_action", description });
  }
  const { nossoNumero, dueDate, value } = payment;
  const codes = boletoCodes({ valueCents: toCents(value) ?? 0, dueDate, ourNumber: nossoNumero });
  return json(200, { ...codes, nossoNumero });
}
