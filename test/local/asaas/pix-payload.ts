/**
 * Copy-and-paste text of a dynamic PIX QR code: EMV fields (id, two-digit length, value) closed by a CRC.
 *
 * @param location where a bank's app would fetch the charge, without its scheme.
 * @param valueCents amount in cents.
 * @see https://www.bcb.gov.br/content/estabilidadefinanceira/pix/Regulamento_Pix/II_ManualdePadroesparaIniciacaodoPix.pdf
 */
export function pixPayload({
  location,
  valueCents,
  receiver,
  city,
}: {
  location: string;
  valueCents: number;
  receiver: string;
  city: string;
}): string {
  const unsigned = [
    field("00", "01"),
    field("01", "12"),
    field("26", field("00", "br.gov.bcb.pix") + field("25", location)),
    field("52", "0000"),
    field("53", "986"),
    field("54", (valueCents / 100).toFixed(2)),
    field("58", "BR"),
    field("59", plain(receiver).slice(0, 25)),
    field("60", plain(city).slice(0, 15)),
    field("62", field("05", "***")),
    "6304",
  ].join("");
  return `${unsigned}${crc16(unsigned).toString(16).toUpperCase().padStart(4, "0")}`;
}

function field(id: string, value: string): string {
  return `${id}${String(value.length).padStart(2, "0")}${value}`;
}

/** Readers expect the lengths to count bytes, so accents go. */
function plain(text: string): string {
  return text.normalize("NFD").replace(/[^\x20-\x7e]/g, "");
}

/** CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF. */
function crc16(text: string): number {
  let crc = 0xffff;
  for (const byte of Buffer.from(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}
