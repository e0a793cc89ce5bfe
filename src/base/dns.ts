// The name resolution port.

export type Resolution =
  | {
      readonly kind: "resolved";
      readonly addresses: readonly string[];
      readonly ttlMs: number | undefined;
    }
  | { readonly kind: "failed"; readonly reason: string };

export interface Dns {
  /** All addresses of a host name, IPv4 first; an address resolves to itself. Never rejects. */
  resolve(hostname: string): Promise<Resolution>;
}
