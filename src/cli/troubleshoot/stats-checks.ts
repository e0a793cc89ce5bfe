// Counters of a proxy that say that a limit has turned requests away.
import type { AdminClient } from "../client/admin-client.ts";
import { showCluster } from "../client/destination-name.ts";
import { counted, type Finding, wrong } from "./finding.ts";

/** Counter -> the setting of a DestinationRule that it is about. Connections over their limit wait, and are no fault (cx_overflow). */
const LIMITS: Readonly<Record<string, string>> = {
  upstream_rq_pending_overflow: "http1MaxPendingRequests or http2MaxRequests",
  upstream_rq_retry_overflow: "maxRetries",
};

const LINE = /^cluster\.(.+)\.(upstream_\w+_overflow): (\d+)$/;

/** Overflows since the proxy started; of one cluster, or of all. */
export async function checkOverflows(
  admin: AdminClient,
  proxy: string,
  clusters: ReadonlySet<string> | undefined,
): Promise<readonly Finding[]> {
  const answer = await admin.get("/stats?filter=overflow");
  if (answer.kind === "failed") return [];
  const findings: Finding[] = [];
  for (const line of answer.body.split("\n")) {
    const [, cluster = "", counter = "", count = "0"] = LINE.exec(line) ?? [];
    const limit = LIMITS[counter];
    if (limit === undefined || count === "0") continue;
    if (clusters !== undefined && !clusters.has(cluster)) continue;
    findings.push(
      wrong(
        `The circuit breaker of ${showCluster(cluster, "default")} on ${proxy} has turned away ${counted(Number(count), "request")} since the proxy started (${counter})`,
        `Raise ${limit} in its DestinationRule, or send less`,
      ),
    );
  }
  return findings;
}
