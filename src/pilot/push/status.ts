// Who has what: each connected proxy and, type by type, whether the newest world is live on it, on its way, or refused.
import type { NackStatus, SyncState, TypeStatus } from "#xds/server/status.ts";
import { shortTypeName } from "#xds/type-url.ts";
import type { Connection } from "./connection.ts";

export interface TypeReport {
  /** "CDS", "EDS", "LDS", "RDS" */
  readonly type: string;
  readonly state: SyncState;
  readonly resources: number;
  readonly sentVersion: string;
  readonly ackedVersion: string;
  /** Since 1970, by the pilot's clock: when the proxy last accepted something of the type. Left out before. */
  readonly ackedAtMs: number | undefined;
  /** The proxy's words of its last refusal, if it ever refused. */
  readonly lastRefusal: { readonly version: string; readonly words: string } | undefined;
}

export interface ProxyReport {
  readonly proxy: string;
  readonly name: string;
  readonly namespace: string;
  readonly type: string;
  /** Of the peer: where its connection comes from. */
  readonly address: string;
  /** The proxy's own, by its node. */
  readonly ipAddress: string;
  /** "host:port" of its admin pages where it tells (metadata SAMPAN_ADMIN_ADDRESS). */
  readonly adminAddress: string | undefined;
  readonly version: string;
  /** "sampan/0.1.0", "envoy/1.40.0": the program, as its node says it; "" when it does not. */
  readonly userAgent: string;
  readonly variant: "sotw" | "delta";
  /** Since 1970, by the pilot's clock. */
  readonly connectedAtMs: number;
  /** The worst of its types. */
  readonly state: SyncState;
  readonly types: readonly TypeReport[];
}

const reportRefusal = (nack: NackStatus | undefined): TypeReport["lastRefusal"] =>
  nack === undefined ? undefined : { version: nack.version, words: nack.message };

function reportType(status: TypeStatus, ackedAtMs: number | undefined): TypeReport {
  return {
    type: shortTypeName(status.typeUrl),
    state: status.sync,
    resources: status.resourceCount,
    sentVersion: status.sentVersion,
    ackedVersion: status.ackedVersion,
    ackedAtMs,
    lastRefusal: reportRefusal(status.lastNack),
  };
}

function worst(types: readonly TypeReport[]): SyncState {
  if (types.some((type) => type.state === "rejected")) return "rejected";
  return types.every((type) => type.state === "live") ? "live" : "behind";
}

/** Every proxy that said who it is, by id. */
export function reportProxies(connections: Iterable<Connection>): readonly ProxyReport[] {
  const reports: ProxyReport[] = [];
  for (const connection of connections) {
    const { proxy } = connection;
    if (proxy === undefined) continue;
    const types = connection.engine
      .status()
      .map((status) => reportType(status, connection.ackedAtMs(status.typeUrl)));
    reports.push({
      proxy: proxy.id,
      name: proxy.name,
      namespace: proxy.namespace,
      type: proxy.type,
      address: connection.peer.address,
      ipAddress: proxy.ipAddresses[0] ?? "",
      adminAddress: proxy.adminAddress,
      version: proxy.version,
      userAgent: proxy.userAgent,
      variant: connection.engine.variant,
      connectedAtMs: connection.connectedAtMs,
      state: worst(types),
      types,
    });
  }
  return reports.sort((a, b) => (a.proxy < b.proxy ? -1 : 1));
}
