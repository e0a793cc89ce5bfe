// Literal IP addresses and blocks of them, as numbers. Names are not looked up here.

/** An address as its bytes: 4 of IPv4, 16 of IPv6. */
export type IpBytes = Uint8Array;

/** Parses "127.0.0.1", "::1", "2001:db8::ffff:10.0.0.1"; undefined for anything else (a zone "%eth0" included). */
export function parseIp(text: string): IpBytes | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

export function isIp(text: string): boolean {
  return parseIp(text) !== undefined;
}

/** An address of this machine that no other can reach, or its name: 127.0.0.0/8, ::1, localhost. */
export function isLoopbackHost(host: string): boolean {
  const bytes = parseIp(host);
  if (bytes === undefined) return host === "localhost";
  return bytes.length === 4
    ? bytes[0] === 127
    : bytes.every((byte, at) => byte === (at === 15 ? 1 : 0));
}

/** Whether the first `length` bits of both are equal; addresses of different families never match. */
export function isInBlock(address: IpBytes, block: IpBytes, length: number): boolean {
  if (address.length !== block.length) return false;
  const whole = length >> 3;
  for (let i = 0; i < whole; i += 1) if (address[i] !== block[i]) return false;
  const rest = length & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((address[whole] ?? 0) & mask) === ((block[whole] ?? 0) & mask);
}

/** Decimal without leading zeros, as inet_pton: "010.0.0.1" means different things to different programs. */
const OCTET = /^(?:0|[1-9]\d{0,2})$/;

function parseIpv4(text: string): IpBytes | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [i, part] of parts.entries()) {
    if (!OCTET.test(part) || Number(part) > 255) return undefined;
    bytes[i] = Number(part);
  }
  return bytes;
}

const GROUP = /^[0-9a-fA-F]{1,4}$/;

function parseIpv6(text: string): IpBytes | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? "", true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  // "::" stands for at least one group of zeros.
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const bytes = new Uint8Array(16);
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  for (const [i, group] of groups.entries()) {
    bytes[2 * i] = group >> 8;
    bytes[2 * i + 1] = group & 0xff;
  }
  return bytes;
}

/** 16-bit groups of one side of "::"; the last part of the whole address may be IPv4. */
function groupsOf(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (mayEndInIpv4 && i === parts.length - 1 && part.includes(".")) {
      const ipv4 = parseIpv4(part);
      if (ipv4 === undefined) return undefined;
      groups.push(((ipv4[0] ?? 0) << 8) | (ipv4[1] ?? 0), ((ipv4[2] ?? 0) << 8) | (ipv4[3] ?? 0));
    } else {
      if (!GROUP.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}
