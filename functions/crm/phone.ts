const BRAZIL = "55";

export interface Phone {
  /** E.164, as it is dialled. */
  e164: string;
  /**
   * What makes two spellings one number: area code, last eight digits, mobile or landline. A Brazilian mobile number is the same with
   * and without its ninth digit; the same eight digits in two areas are two numbers.
   */
  key: string;
}

/**
 * @param input as people type it; a number without country code is Brazilian.
 * @returns undefined when it is no telephone number.
 */
export function parsePhone(input: string): Phone | undefined {
  const hasCountry = input.trim().startsWith("+");
  const digits = input.replace(/\D/g, "");
  if (hasCountry && !digits.startsWith(BRAZIL))
    return digits.length >= 8 && digits.length <= 15 ? { e164: `+${digits}`, key: digits } : undefined;
  const isWithCountry = hasCountry || (digits.startsWith(BRAZIL) && digits.length >= 12);
  return parseBrazilian(isWithCountry ? digits.slice(BRAZIL.length) : digits);
}

function parseBrazilian(digits: string): Phone | undefined {
  const area = digits.slice(0, 2);
  const local = digits.slice(2);
  if (!/^[1-9][1-9]$/.test(area)) return undefined;
  if (/^9\d{8}$/.test(local)) return { e164: `+${BRAZIL}${area}${local}`, key: `${BRAZIL}${area}${local.slice(1)}m` };
  // Eight digits that begin with 6 to 9 are a mobile number written without its ninth digit.
  if (/^[6-9]\d{7}$/.test(local)) return { e164: `+${BRAZIL}${area}9${local}`, key: `${BRAZIL}${area}${local}m` };
  if (/^[2-5]\d{7}$/.test(local)) return { e164: `+${BRAZIL}${area}${local}`, key: `${BRAZIL}${area}${local}l` };
  return undefined;
}
