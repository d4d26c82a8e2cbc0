/**
 * @returns what an anonymous caller is counted by: the address that Cloudflare saw (a header that no client can set there), or
 * the /64 network for IPv6, of which one caller usually owns every address.
 */
export function readClientAddress(headers: Headers): string {
  const address = headers.get("cf-connecting-ip") ?? "unknown";
  if (!address.includes(":") || address.includes(".")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const after = tail === "" ? [] : tail.split(":");
    while (groups.length + after.length < 8) groups.push("0");
    groups.push(...after);
  }
  return `${groups.slice(0, 4).join(":")}::/64`;
}
