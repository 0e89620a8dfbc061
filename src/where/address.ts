/** IPv4 and IPv6 addresses as bytes, so that every spelling of an address is equal to every other. */

/** Addresses whose first `prefix` bits are those of `bytes` (4 or 16 of them); a single address has prefix 32 or 128. */
export interface Network {
  bytes: readonly number[];
  prefix: number;
}

/** The 4 or 16 bytes of an address, or null where the text is none. Zone ids and brackets are not taken. */
export function parseAddress(text: string): number[] | null {
  return text.includes(':') ? parseIPv6(text) : parseIPv4(text);
}

/** An address, or a network in CIDR notation; bits behind the prefix are ignored. */
export function parseNetwork(text: string): Network | null {
  const slash = text.indexOf('/');
  const bytes = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (bytes === null) return null;
  const bits = bytes.length * 8;
  if (slash < 0) return { bytes, prefix: bits };
  const digits = text.slice(slash + 1);
  const prefix = Number(digits);
  return /^\d{1,3}$/.test(digits) && prefix <= bits ? { bytes, prefix } : null;
}

/** Whether a network holds an address. IPv4-mapped IPv6 addresses are IPv6, as on the wire. */
export function networkHolds(network: Network, address: readonly number[]): boolean {
  if (address.length !== network.bytes.length) return false;
  for (let i = 0, bits = network.prefix; bits > 0; i++, bits -= 8) {
    const mask = bits >= 8 ? 0xff : (0xff << (8 - bits)) & 0xff;
    if (((address[i]! ^ network.bytes[i]!) & mask) !== 0) return false;
  }
  return true;
}

/** Four decimal numbers; a leading zero is refused, since some systems read it as octal. */
function parseIPv4(text: string): number[] | null {
  const parts = text.split('.', 5);
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part))) return null;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : null;
}

/** RFC 4291 section 2.2, all three forms. */
function parseIPv6(text: string): number[] | null {
  if (text.length > 45) return null;
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1]!, true) : [];
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

/** The bytes of colon-separated groups; a dotted quad is taken as the last one where the address ends here. */
function groups(text: string, isEnd: boolean): number[] | null {
  if (text === '') return [];
  const bytes: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      const group = Number.parseInt(part, 16);
      bytes.push(group >> 8, group & 0xff);
    } else {
      const quad = isEnd && index === parts.length - 1 ? parseIPv4(part) : null;
      if (quad === null) return null;
      bytes.push(...quad);
    }
  }
  return bytes;
}
