/**
 * Sensitive columns (CPF/CNPJ, provider keys): AES-256-GCM with the version of the key beside it, and a keyed blind index per
 * mentorado where equality search is needed. Web Crypto only.
 */
export interface Keyring {
  newest: number;
  keys: ReadonlyMap<number, KeyMaterial>;
}

interface KeyMaterial {
  encryption: CryptoKey;
  derivation: CryptoKey;
  /** Derived keys of digests by purpose, the oldest gives way: a webhook needs the same one each time. */
  digests: Map<string, CryptoKey>;
}

export interface Encrypted {
  /** 12 bytes of nonce, then ciphertext and tag. */
  ciphertext: Uint8Array<ArrayBuffer>;
  keyVersion: number;
}

/** Where a value lives; it is bound to the ciphertext, so that a value moved to another row or column does not decrypt. */
export interface Place {
  column: string;
  mentoradoId: string;
  rowId: string;
}

const NONCE_BYTES = 12;
const MAX_DIGEST_KEYS = 100;
/** The blind index must not change when the key that encrypts is rotated, so it is always derived from the first key. */
const INDEX_KEY_VERSION = 1;

/** Opens the keyring at its first use; an isolate may not wait for what another request has begun, so the first few may each open it. */
export type KeyringSource = () => Promise<Keyring>;

/** @param text the variable ENCRYPTION_KEY: `<version>:<base64 of 32 bytes>`, several separated by commas. */
export function createKeyring(text: string): KeyringSource {
  let opened: Keyring | undefined;
  return async () => {
    opened ??= await openKeyring(text);
    return opened;
  };
}

async function openKeyring(text: string): Promise<Keyring> {
  const entries = await Promise.all(
    text.split(",").map(async (part): Promise<[number, KeyMaterial]> => {
      const [version = "", encoded = ""] = part.split(":");
      const secret = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
      const derivation = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey", "deriveBits"]);
      const encryption = await crypto.subtle.deriveKey(
        hkdf("column encryption"),
        derivation,
        { name: "AES-GCM", length: 256 },
        false,
        ["encrypt", "decrypt"],
      );
      return [Number(version), { encryption, derivation, digests: new Map() }];
    }),
  );
  return { newest: Math.max(...entries.map(([version]) => version)), keys: new Map(entries) };
}

export async function encrypt({
  keyring,
  plaintext,
  place,
}: {
  keyring: Keyring;
  plaintext: string;
  place: Place;
}): Promise<Encrypted> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const { encryption } = keyOf(keyring, keyring.newest);
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv: nonce, additionalData: bind(place) },
    encryption,
    encode(plaintext),
  );
  const ciphertext = new Uint8Array(NONCE_BYTES + sealed.byteLength);
  ciphertext.set(nonce);
  ciphertext.set(new Uint8Array(sealed), NONCE_BYTES);
  return { ciphertext, keyVersion: keyring.newest };
}

/** @throws when the key version is unknown or the ciphertext was changed or belongs to another place. */
export async function decrypt({
  keyring,
  encrypted,
  place,
}: {
  keyring: Keyring;
  encrypted: { ciphertext: Uint8Array; keyVersion: number };
  place: Place;
}): Promise<string> {
  const { encryption } = keyOf(keyring, encrypted.keyVersion);
  const bytes = new Uint8Array(encrypted.ciphertext);
  const opened = await crypto.subtle.decrypt(
    { name: "AES-GCM", iv: bytes.subarray(0, NONCE_BYTES), additionalData: bind(place) },
    encryption,
    bytes.subarray(NONCE_BYTES),
  );
  return new TextDecoder().decode(opened);
}

/** @returns a keyed digest: equal for equal values within one mentorado, unrelated across mentorados. */
export async function blindIndex({
  keyring,
  mentoradoId,
  value,
}: {
  keyring: Keyring;
  mentoradoId: string;
  value: string;
}): Promise<Uint8Array> {
  return keyedDigest({ keyring, purpose: `blind index of ${mentoradoId}`, value });
}

/** @returns HMAC-SHA-256 of `value` under a key of its own for `purpose`. */
export async function keyedDigest({
  keyring,
  purpose,
  value,
}: {
  keyring: Keyring;
  purpose: string;
  value: string;
}): Promise<Uint8Array> {
  const key = await digestKey(keyOf(keyring, INDEX_KEY_VERSION), purpose);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, encode(value)));
}

async function digestKey({ derivation, digests }: KeyMaterial, purpose: string): Promise<CryptoKey> {
  const known = digests.get(purpose);
  if (known !== undefined) return known;
  const algorithm = { name: "HMAC", hash: "SHA-256", length: 256 };
  const key = await crypto.subtle.deriveKey(hkdf(purpose), derivation, algorithm, false, ["sign"]);
  if (digests.size >= MAX_DIGEST_KEYS) digests.delete(digests.keys().next().value ?? "");
  digests.set(purpose, key);
  return key;
}

function keyOf(keyring: Keyring, version: number): KeyMaterial {
  const key = keyring.keys.get(version);
  if (key === undefined) throw new Error(`No encryption key of version ${version}`);
  return key;
}

function hkdf(purpose: string) {
  return { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: encode(`guilda ${purpose}`) };
}

function bind({ column, mentoradoId, rowId }: Place): Uint8Array<ArrayBuffer> {
  return encode(`${column}\n${mentoradoId}\n${rowId}`);
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new TextEncoder().encode(text));
}
