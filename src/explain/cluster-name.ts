// Istio's cluster names taken apart: `outbound|9080|v1|reviews.default.svc.cluster.local`.

export interface ClusterName {
  readonly direction: "outbound" | "inbound";
  readonly port: number;
  readonly subset: string;
  readonly hostname: string;
}

const NAME = /^(outbound|inbound)(?:_\.)?\|(\d+)\|([^|]*)\|(.*)$/;

/** undefined for a name that is none of Istio's. */
export function parseClusterName(name: string): ClusterName | undefined {
  const [, direction, port, subset = "", hostname = ""] = NAME.exec(name) ?? [];
  if (direction !== "outbound" && direction !== "inbound") return undefined;
  return { direction, port: Number(port), subset, hostname };
}

/** "reviews v1", "the program on port 9080", or the name as it is: how people speak of it. */
export function clusterLabel(name: string): string {
  const parsed = parseClusterName(name);
  if (parsed === undefined) return name;
  if (parsed.direction === "inbound") return `the program on port ${parsed.port}`;
  const short = parsed.hostname.replace(/\.svc\.cluster\.local$/, "").replace(/\.default$/, "");
  return parsed.subset === "" ? short : `${short} ${parsed.subset}`;
}
