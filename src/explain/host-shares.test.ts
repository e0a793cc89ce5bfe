// How an even load is shared among hosts: weights, health, panic, priorities, localities.
import { expect, test } from "bun:test";
import { ClusterSchema } from "#api/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "#api/envoy/config/endpoint/v3/endpoint_pb.ts";
import { messageFromJson } from "#api/json.ts";
import { parseYamlDocuments } from "#api/yaml.ts";
import type { ClusterConfig, EndpointsConfig } from "#proxy/config/cluster-config.ts";
import { parseCluster } from "#proxy/config/parse-cluster.ts";
import { parseEndpoints } from "#proxy/config/parse-endpoints.ts";
import { hostShares } from "./host-shares.ts";
import type { HostStatus } from "./proxy-configuration.ts";

const yaml = (text: string): never =>
  parseYamlDocuments(text, "x.yaml").documents[0]?.value as never;

function parsed<T>(result: { kind: "parsed"; value: T } | { kind: "rejected" }): T {
  if (result.kind === "rejected") throw new Error(JSON.stringify(result));
  return result.value;
}

function cluster(more = ""): ClusterConfig {
  const text = `name: c\ntype: EDS\neds_cluster_config: { eds_config: { ads: {} } }\n${more}`;
  return parsed(
    parseCluster(parsed(messageFromJson(ClusterSchema, yaml(text)) as never), {
      addedViaApi: true,
    }),
  );
}

/** `[port, weight, health]` by locality. */
function endpoints(
  ...localities: readonly {
    readonly priority?: number;
    readonly zone?: string;
    readonly weight?: number;
    readonly hosts: readonly (readonly [number, number, string])[];
  }[]
): EndpointsConfig {
  const lists = localities.map(({ priority = 0, zone = "", weight, hosts }) => ({
    priority,
    locality: { zone },
    ...(weight === undefined ? {} : { load_balancing_weight: weight }),
    lb_endpoints: hosts.map(([port, share, health]) => ({
      endpoint: { address: { socket_address: { address: "127.0.0.1", port_value: port } } },
      load_balancing_weight: share,
      health_status: health,
    })),
  }));
  const message = messageFromJson(ClusterLoadAssignmentSchema, {
    cluster_name: "c",
    endpoints: lists,
  } as never);
  return parsed(parseEndpoints(parsed(message as never)));
}

/** "1=50 2=50, nobody 0": port and percent of each host. */
function shown(
  config: ClusterConfig,
  assignment: EndpointsConfig | undefined,
  statuses?: readonly HostStatus[],
): string {
  const { hosts, nobodyOdds } = hostShares(config, assignment, statuses);
  const list = hosts.map(
    ({ address, odds }) => `${address.split(":")[1]}=${Math.round(odds * 1000) / 10}`,
  );
  return `${list.join(" ")}${nobodyOdds > 0 ? ` nobody=${Math.round(nobodyOdds * 1000) / 10}` : ""}`.trim();
}

const UP = "HEALTHY";
const DOWN = "UNHEALTHY";
const PANIC_OFF = "common_lb_config: { healthy_panic_threshold: {} }";
const two = (a: string, b: string) =>
  endpoints({
    hosts: [
      [1, 1, a],
      [2, 1, b],
    ],
  });

test("equal hosts share equally, unequal ones by weight; random looks at no weights", () => {
  const unequal = endpoints({
    hosts: [
      [1, 1, UP],
      [2, 3, UP],
    ],
  });
  expect(shown(cluster(), two(UP, UP))).toBe("1=50 2=50");
  expect(shown(cluster(), unequal)).toBe("1=25 2=75");
  expect(shown(cluster("lb_policy: LEAST_REQUEST"), unequal)).toBe("1=25 2=75");
  expect(shown(cluster("lb_policy: RANDOM"), unequal)).toBe("1=50 2=50");
});

test("an unhealthy host gets nothing, until so many are that health is not looked at", () => {
  const three = endpoints({
    hosts: [
      [1, 1, UP],
      [2, 1, UP],
      [3, 1, DOWN],
    ],
  });
  expect(shown(cluster(), three)).toBe("1=50 2=50 3=0");
  const panic = endpoints({
    hosts: [
      [1, 1, UP],
      [2, 1, DOWN],
      [3, 1, DOWN],
    ],
  });
  expect(shown(cluster(), panic)).toBe("1=33.3 2=33.3 3=33.3");
  expect(hostShares(cluster(), panic, undefined).notes[0]).toContain("panic: 1 of 3 hosts healthy");
  expect(shown(cluster(PANIC_OFF), panic)).toBe("1=100 2=0 3=0");
});

test("nobody is found where nobody is, or nobody is healthy without panic", () => {
  expect(shown(cluster(), undefined)).toBe("nobody=100");
  expect(shown(cluster(PANIC_OFF), two(DOWN, DOWN))).toBe("1=0 2=0 nobody=100");
  expect(shown(cluster(), two(DOWN, DOWN))).toBe("1=50 2=50");
});

test("the next priority takes what the first cannot", () => {
  const hosts = (up: number): readonly (readonly [number, number, string])[] =>
    [1, 2, 3, 4].map((port) => [port, 1, port <= up ? UP : DOWN] as const);
  const spill = (up: number) =>
    endpoints({ hosts: hosts(up) }, { priority: 1, hosts: [[9, 1, UP]] });
  expect(shown(cluster(), spill(4))).toBe("1=25 2=25 3=25 4=25 9=0");
  // 2 of 4 healthy with the factor 140: 70 %.
  expect(shown(cluster(), spill(2))).toBe("1=35 2=35 3=0 4=0 9=30");
  expect(shown(cluster(PANIC_OFF), spill(0))).toBe("1=0 2=0 3=0 4=0 9=100");
});

test("localities share by their weight, and less of it when hosts are missing", () => {
  const weighted = cluster("common_lb_config: { locality_weighted_lb_config: {} }");
  const zones = (health: string) =>
    endpoints(
      { zone: "a", weight: 1, hosts: [[1, 1, UP]] },
      {
        zone: "b",
        weight: 3,
        hosts: [
          [2, 1, UP],
          [3, 1, health],
        ],
      },
    );
  expect(shown(weighted, zones(UP))).toBe("1=25 2=37.5 3=37.5");
  // 1 of 2 with the factor 140 leaves zone b 2.1 of its 3.
  expect(shown(weighted, zones(DOWN))).toBe("1=32.3 2=67.7 3=0");
  expect(shown(cluster(), zones(UP))).toBe("1=33.3 2=33.3 3=33.3");
});

test("what the proxy found out itself counts over what discovery says", () => {
  const status = (port: number, outlierCheck: boolean): HostStatus => ({
    address: `127.0.0.1:${port}`,
    health: "HEALTHY",
    failed: {
      activeHealthCheck: false,
      outlierCheck,
      activeDegradedCheck: false,
      pendingActiveHealthCheck: false,
      pendingDynamicRemoval: false,
    },
    weight: 1,
    priority: 0,
    locality: { region: "", zone: "", subZone: "" },
    hostname: "",
    successRate: undefined,
    requests: { total: 0, error: 0, active: 0 },
  });
  const statuses = [status(1, true), status(2, false)];
  expect(shown(cluster(), two(UP, UP), statuses)).toBe("1=0 2=100");
  const [ejected] = hostShares(cluster(), two(UP, UP), statuses).hosts;
  expect(ejected?.health).toBe("failed_outlier_check");
});
