const PEM = /-----BEGIN (RSA )?PRIVATE KEY-----([\w+/=\s]+)-----END \1?PRIVATE KEY-----/;
const SEQUENCE = 0x30;
const OCTET_STRING = 0x04;
/** The version 0, and the algorithm: rsaEncryption without parameters. */
const PKCS8_HEAD = [0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/**
 * Imports an RSA key to sign with RS256. GitHub gives PKCS#1 (`BEGIN RSA PRIVATE KEY`), which the platform does not read, so that is
 * wrapped as PKCS#8.
 *
 * @param pem may carry its line ends as `\n` in two characters.
 * @throws Error that says nothing of the key.
 */
export async function importPrivateKey(pem: string): Promise<CryptoKey> {
  const [, isPkcs1, base64] = PEM.exec(pem.replaceAll("\\n", "\n")) ?? [];
  if (base64 === undefined) throw new Error("The private key of the GitHub App is no PEM of an RSA key");
  const der = Uint8Array.from(atob(base64.replace(/\s/g, "")), (char) => char.charCodeAt(0));
  const pkcs8 = isPkcs1 === undefined ? der : element(SEQUENCE, [...PKCS8_HEAD, ...element(OCTET_STRING, der)]);
  return await crypto.subtle.importKey("pkcs8", pkcs8, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, false, ["sign"]);
}

/** An element of ASN.1 in DER: its tag, the length of what it holds, and that. */
function element(tag: number, content: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const { length } = content;
  const size: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) size.unshift(rest & 0xff);
  return Uint8Array.from([tag, ...(length < 0x80 ? [length] : [0x80 | size.length, ...size]), ...Array.from(content)]);
}
