// Operators of addresses: of the client, of ourselves, of the upstream host.
import type { SocketAddress } from "#base/net.ts";
import type { OutputBuffer } from "#codec/output-buffer.ts";
import type { StreamInfo } from "../../stream-info.ts";
import { type Field, numberField } from "../field.ts";
import { type Operator, type Operators, plain } from "../operator.ts";

type AddressReader = (info: StreamInfo) => SocketAddress | undefined;

export function writeAddress(out: OutputBuffer, address: SocketAddress): void {
  const isIpv6 = address.host.includes(":");
  if (isIpv6) out.ascii("[");
  out.ascii(address.host);
  out.ascii(isIpv6 ? "]:" : ":");
  out.decimal(address.port);
}

function addressField(read: AddressReader): Field {
  return {
    isNumber: false,
    write(info, out) {
      const address = read(info);
      if (address === undefined) return false;
      writeAddress(out, address);
      return true;
    },
  };
}

/** The IP alone; with a parameter, the network of that prefix length ("127.0.0.0/8"). */
function hostOperator(meaning: string, read: AddressReader): Operator {
  return {
    parameter: "optional",
    takesLength: false,
    meaning,
    create({ parameter }) {
      const length = parameter === "" ? undefined : Number(parameter);
      if (length !== undefined && !(Number.isInteger(length) && length >= 0 && length <= 128)) {
        return `"${parameter}" is no prefix length: must be 0 to 32 (IPv4) or 128 (IPv6)`;
      }
      return {
        isNumber: false,
        write(info, out) {
          const address = read(info);
          if (address === undefined) return false;
          const text = length === undefined ? address.host : network(address.host, length);
          if (text === undefined) return false;
          out.ascii(text);
          return true;
        },
      };
    },
  };
}

/** "10.1.2.3" and 8 -> "10.0.0.0/8"; undefined where the address is no literal. */
export function network(host: string, length: number): string | undefined {
  const groups = host.includes(":") ? ipv6Groups(host) : host.split(".").map(Number);
  const bits = host.includes(":") ? 16 : 8;
  const count = 128 / bits / (bits === 8 ? 4 : 1);
  if (groups.length !== count || groups.some((group) => !(group >= 0))) return undefined;
  // A length that is too great for the family is taken as its greatest.
  const prefix = Math.min(length, count * bits);
  const masked = groups.map((group, i) => {
    const kept = Math.min(Math.max(prefix - i * bits, 0), bits);
    return group & (((1 << kept) - 1) << (bits - kept));
  });
  if (bits === 8) return `${masked.join(".")}/${prefix}`;
  const text = masked.map((group) => group.toString(16)).join(":");
  return `${text.replace(/(?:^|:)0(?::0)+(?::|$)/, "::")}/${prefix}`;
}

/** The eight groups of a literal, "::" filled up. */
function ipv6Groups(host: string): number[] {
  const [front = "", back] = host.split("::");
  const numbers = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  if (back === undefined) return numbers(front);
  const [first, last] = [numbers(front), numbers(back)];
  return [...first, ...Array(Math.max(8 - first.length - last.length, 0)).fill(0), ...last];
}

/** NAME, NAME_WITHOUT_PORT and the port's own name. */
function family(name: string, portName: string, meaning: string, read: AddressReader): Operators {
  return {
    [name]: plain(`${meaning}, with port`, addressField(read)),
    [`${name}_WITHOUT_PORT`]: hostOperator(
      `${meaning}, without port; with (n), its network of prefix length n`,
      read,
    ),
    [portName]: plain(
      `Port of it`,
      numberField((info) => read(info)?.port),
    ),
  };
}

export const ADDRESS_OPERATORS: Operators = {
  ...family(
    "DOWNSTREAM_REMOTE_ADDRESS",
    "DOWNSTREAM_REMOTE_PORT",
    "Address of the client (x-forwarded-for considered)",
    (info) => info.downstreamRemoteAddress,
  ),
  ...family(
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS",
    "DOWNSTREAM_DIRECT_REMOTE_PORT",
    "Address of the socket's peer",
    (info) => info.downstreamDirectRemoteAddress,
  ),
  ...family(
    "DOWNSTREAM_LOCAL_ADDRESS",
    "DOWNSTREAM_LOCAL_PORT",
    "Address that the client connected to",
    (info) => info.downstreamLocalAddress,
  ),
  ...family(
    "DOWNSTREAM_DIRECT_LOCAL_ADDRESS",
    "DOWNSTREAM_DIRECT_LOCAL_PORT",
    "Address of the socket itself",
    (info) => info.downstreamDirectLocalAddress,
  ),
  ...family(
    "UPSTREAM_LOCAL_ADDRESS",
    "UPSTREAM_LOCAL_PORT",
    "Our address of the upstream connection",
    (info) => info.upstreamLocalAddress,
  ),
  ...family(
    "UPSTREAM_REMOTE_ADDRESS",
    "UPSTREAM_REMOTE_PORT",
    "The upstream's address of the upstream connection",
    // Known only once there was a connection.
    (info) => (info.upstreamLocalAddress === undefined ? undefined : info.upstreamHost),
  ),
};

export const UPSTREAM_HOST: Operator = plain(
  "Address of the upstream host that was chosen",
  addressField((info) => info.upstreamHost),
);
