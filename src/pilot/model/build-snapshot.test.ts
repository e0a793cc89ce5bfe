import { describe, expect, test } from "bun:test";
import { parseObjects } from "../config/parse-objects.ts";
import type { WorkloadInstance } from "../registry/workload-instance.ts";
import { type BuiltSnapshot, buildSnapshot } from "./build-snapshot.ts";
import { type ConfigObject, formatProblem } from "./object.ts";
import type { Service } from "./service.ts";
import type { Snapshot } from "./snapshot.ts";

/** Documents of "Kind name[.namespace] {spec}", one a line; blank lines and leading space do not count. */
function objects(text: string): ConfigObject[] {
  const documents = text
    .trim()
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [, kind = "", name = "", namespace = "default", spec = ""] =
        /^\s*(\w+) ([\w-]+)(?:\.([\w-]+))? (.*)$/.exec(line) ?? [];
      return `{apiVersion: networking.istio.io/v1, kind: ${kind}, metadata: {name: ${name}, namespace: ${namespace}}, spec: ${spec}}`;
    });
  const parsed = parseObjects(documents.join("\n---\n"), "mesh.yaml");
  expect(parsed.problems.filter(({ severity }) => severity === "error").map(formatProblem)).toEqual(
    [],
  );
  return [...parsed.objects];
}

function build(
  text: string,
  instances: readonly WorkloadInstance[] = [],
  previous?: Snapshot,
): BuiltSnapshot {
  return buildSnapshot(objects(text), instances, previous);
}

function world(text: string, instances: readonly WorkloadInstance[] = []): Snapshot {
  return build(text, instances).snapshot;
}

function instance(
  name: string,
  labels: Record<string, string>,
  more: Partial<WorkloadInstance> = {},
): WorkloadInstance {
  return {
    namespace: "default",
    name,
    address: "127.0.1.1",
    ports: {},
    labels,
    locality: { region: "", zone: "", subZone: "" },
    weight: 0,
    network: "",
    serviceAccount: "",
    health: "healthy",
    ...more,
  };
}

/** "address:port" of every endpoint of the first port, or of port `number`. */
function endpoints(snapshot: Snapshot, host: string, number?: number): string[] {
  const service = find(snapshot, host);
  const port = service.ports.find((p) => number === undefined || p.number === number);
  if (port === undefined) throw new Error(`no port ${number}`);
  return snapshot
    .endpoints(service, port)
    .map((endpoint) => `${endpoint.address}:${endpoint.portOf(port)}`);
}

function find(snapshot: Snapshot, host: string, namespace = "default"): Service {
  const service = snapshot.service(host, namespace);
  if (service === undefined) throw new Error(`no service ${host}`);
  return service;
}

const PORT = "ports: [{number: 80, name: http, protocol: HTTP}]";
const ENTRY = `location: MESH_INTERNAL, resolution: STATIC, ${PORT}`;

describe("services", () => {
  test("one for each host, sorted by host, then namespace", () => {
    const snapshot = world(`
      ServiceEntry b.two {hosts: [x.com], ${ENTRY}, endpoints: [{address: 127.0.0.1}]}
      ServiceEntry a {hosts: [x.com, A.com], ${ENTRY}, endpoints: [{address: 127.0.0.1}]}`);
    expect(snapshot.services.map((s) => `${s.hostname} ${s.namespace}`)).toEqual([
      "a.com default",
      "x.com default",
      "x.com two",
    ]);
  });

  test("a client means its own namespace's service before others'", () => {
    const snapshot = world(`
      ServiceEntry a.one {hosts: [x.com], ${ENTRY}, endpoints: [{address: 127.0.0.1}]}
      ServiceEntry a.two {hosts: [x.com], ${ENTRY}, endpoints: [{address: 127.0.0.2}]}`);
    expect(snapshot.service("x.com", "two")?.namespace).toBe("two");
    expect(snapshot.service("x.com", "three")?.namespace).toBe("one");
  });

  test.each([
    ['["."]', ["one"]],
    ["[two]", ["two"]],
    ['["*"]', ["one", "two", "three"]],
    ["[]", ["one", "two", "three"]],
    ['["~"]', []],
  ])("exportTo %s is seen by %j", (exportTo, seers) => {
    const snapshot = world(
      `ServiceEntry a.one {hosts: [x.com], exportTo: ${exportTo}, ${ENTRY}, endpoints: [{address: 127.0.0.1}]}`,
    );
    const seen = ["one", "two", "three"].filter(
      (namespace) => snapshot.servicesVisibleTo(namespace).length > 0,
    );
    expect(seen).toEqual(seers);
  });

  test("several entries of one host put their ports and endpoints together, each port with its own endpoints", () => {
    const snapshot = world(`
      ServiceEntry a {hosts: [x.com], ${ENTRY}, endpoints: [{address: 127.0.0.1}]}
      ServiceEntry b {hosts: [x.com], ${ENTRY}, endpoints: [{address: 127.0.0.2}]}
      ServiceEntry c {hosts: [x.com], location: MESH_INTERNAL, resolution: STATIC, ports: [{number: 90, name: tcp}], endpoints: [{address: 127.0.0.3}]}`);
    expect(endpoints(snapshot, "x.com", 80)).toEqual(["127.0.0.1:80", "127.0.0.2:80"]);
    expect(endpoints(snapshot, "x.com", 90)).toEqual(["127.0.0.3:90"]);
  });

  test("an entry that resolves its host differently is refused and names the first", () => {
    const { snapshot, problems } = build(`
      ServiceEntry a {hosts: [x.com], ${ENTRY}, endpoints: [{address: 127.0.0.1}]}
      ServiceEntry b {hosts: [x.com], resolution: DNS, ${PORT}}`);
    expect(endpoints(snapshot, "x.com")).toEqual(["127.0.0.1:80"]);
    expect(problems.map(formatProblem)).toEqual([
      'mesh.yaml:3:114: ServiceEntry default/b: spec.hosts[0]: host "x.com" is declared by ServiceEntry default/a (mesh.yaml:1) already, with another resolution or exportTo: this one is not used; give both the same resolution and exportTo, or another host',
    ]);
  });

  test("an automatic address is for services inside that have no loopback address", () => {
    const snapshot = world(`
      ServiceEntry a {hosts: [in.com], ${ENTRY}, endpoints: [{address: 127.0.0.1}]}
      ServiceEntry b {hosts: [own.com], addresses: [127.9.9.9], ${ENTRY}, endpoints: [{address: 127.0.0.1}]}
      ServiceEntry c {hosts: [vip.com], addresses: [10.1.1.1], ${ENTRY}, endpoints: [{address: 127.0.0.1}]}
      ServiceEntry d {hosts: [out.com], resolution: DNS, ${PORT}}
      ServiceEntry e {hosts: ["*.wild.com"], location: MESH_INTERNAL, resolution: NONE, ${PORT}}`);
    const having = snapshot.services
      .filter((s) => s.autoAddress?.startsWith("127.240."))
      .map((s) => s.hostname);
    expect(having).toEqual(["in.com", "vip.com"]);
  });
});

describe("endpoints", () => {
  test("a port is the endpoint's own, else the service's target port, else the service's", () => {
    const snapshot = world(`
      ServiceEntry a {hosts: [x.com], location: MESH_INTERNAL, resolution: STATIC, ports: [{number: 80, name: http, targetPort: 8080}, {number: 90, name: tcp}], endpoints: [{address: 127.0.0.1, ports: {http: 1234}}, {address: 127.0.0.2}]}`);
    expect(endpoints(snapshot, "x.com", 80)).toEqual(["127.0.0.1:1234", "127.0.0.2:8080"]);
    expect(endpoints(snapshot, "x.com", 90)).toEqual(["127.0.0.1:90", "127.0.0.2:90"]);
  });

  test("a DNS service without endpoints is its own host", () => {
    const snapshot = world(
      `ServiceEntry a {hosts: [x.com, y.com], resolution: DNS, ports: [{number: 443, name: https, protocol: HTTPS, targetPort: 8443}]}`,
    );
    expect(endpoints(snapshot, "x.com")).toEqual(["x.com:8443"]);
    expect(endpoints(snapshot, "y.com")).toEqual(["y.com:8443"]);
  });

  test("a selector chooses WorkloadEntries and registered instances of its namespace by labels", () => {
    const snapshot = world(
      `
      ServiceEntry a {hosts: [x.com], ${ENTRY}, workloadSelector: {labels: {app: x}}}
      WorkloadEntry e1 {address: 127.0.0.1, labels: {app: x, version: v1}}
      WorkloadEntry e2 {address: 127.0.0.2, labels: {app: y}}
      WorkloadEntry e3.other {address: 127.0.0.3, labels: {app: x}}
      WorkloadEntry e4 {address: host.name, labels: {app: x}}`,
      [instance("i1", { app: "x" }, { ports: { http: 15006 } })],
    );
    // A host name cannot be an endpoint of a STATIC service: its cluster takes addresses only.
    expect(endpoints(snapshot, "x.com")).toEqual(["127.0.0.1:80", "127.0.1.1:15006"]);
  });

  test("labels of a WorkloadEntry's metadata win; a locality label counts when the field is empty", () => {
    const text = `{apiVersion: networking.istio.io/v1, kind: WorkloadEntry, metadata: {name: e, labels: {app: x, topology.istio.io/locality: r.z}}, spec: {address: 127.0.0.1, labels: {app: y}}}`;
    const entry = parseObjects(text, "f").objects;
    const { snapshot } = buildSnapshot(
      [
        ...objects(
          `ServiceEntry a {hosts: [x.com], ${ENTRY}, workloadSelector: {labels: {app: x}}}`,
        ),
        ...entry,
      ],
      [],
    );
    const service = find(snapshot, "x.com");
    const [endpoint] = service.ports.flatMap((port) => snapshot.endpoints(service, port));
    expect(endpoint?.locality).toEqual({ region: "r", zone: "z", subZone: "" });
  });

  test("a workload serves what selects its labels, what its known instance is selected by, and what names its address", () => {
    const snapshot = world(
      `
      ServiceEntry a {hosts: [labels.com], ${ENTRY}, workloadSelector: {labels: {app: x}}}
      ServiceEntry b {hosts: [group.com], ${ENTRY}, workloadSelector: {labels: {from: group}}}
      ServiceEntry c {hosts: [inline.com], ${ENTRY}, endpoints: [{address: 127.0.1.1}]}
      ServiceEntry d.other {hosts: [other.com], ${ENTRY}, endpoints: [{address: 127.0.1.1}]}
      ServiceEntry e {hosts: [not.com], ${ENTRY}, endpoints: [{address: 127.0.1.2}]}`,
      [instance("i", { app: "x", from: "group" })],
    );
    const serves = snapshot.servicesOf("default", { app: "x" }, "127.0.1.1").map((s) => s.hostname);
    expect(serves).toEqual(["group.com", "inline.com", "labels.com"]);
  });
});

describe("DestinationRules", () => {
  const service = `ServiceEntry s.svc {hosts: [x.svc.com], ${ENTRY}, endpoints: [{address: 127.0.0.1}]}`;
  /** Names of the rules that a client of `namespace` gets. */
  const ruleFor = (text: string, namespace: string, labels?: Record<string, string>): string[] => {
    const snapshot = world(`${service}\n${text}`);
    const rule = snapshot.destinationRuleFor(find(snapshot, "x.svc.com", "svc"), namespace, labels);
    return rule?.sources.map(({ name }) => name) ?? [];
  };

  test("the client's namespace wins over the service's, and that over the root", () => {
    const rules = `
      DestinationRule root.istio-system {host: "*.com"}
      DestinationRule svc.svc {host: x.svc.com}
      DestinationRule own.client {host: "*.svc.com"}`;
    expect(ruleFor(rules, "client")).toEqual(["own"]);
    expect(ruleFor(rules, "other")).toEqual(["svc"]);
    expect(ruleFor(rules.replace(/.*svc\.svc.*/, ""), "other")).toEqual(["root"]);
  });

  test("within a namespace the most specific host wins", () => {
    const rules = `
      DestinationRule all.client {host: "*"}
      DestinationRule exact.client {host: x.svc.com}
      DestinationRule wide.client {host: "*.com"}`;
    expect(ruleFor(rules, "client")).toEqual(["exact"]);
  });

  test("what is not exported is seen by its own namespace only", () => {
    const rules = `DestinationRule private.svc {host: x.svc.com, exportTo: ["."]}`;
    expect(ruleFor(rules, "svc")).toEqual(["private"]);
    expect(ruleFor(rules, "client")).toEqual([]);
  });

  test("clients of the root namespace get the service's rules before the mesh-wide ones, but their private ones first", () => {
    expect(
      ruleFor(
        `
      DestinationRule mesh.istio-system {host: "*.com"}
      DestinationRule svc.svc {host: x.svc.com}`,
        "istio-system",
      ),
    ).toEqual(["svc"]);
    expect(
      ruleFor(
        `
      DestinationRule private.istio-system {host: "*.com", exportTo: ["."]}
      DestinationRule svc.svc {host: x.svc.com}`,
        "istio-system",
      ),
    ).toEqual(["private"]);
  });

  test("rules of one host merge: subsets of all, the first policy, a doubled subset dropped and reported", () => {
    const { snapshot, problems } = build(`${service}
      DestinationRule a.svc {host: x.svc.com, subsets: [{name: v1, labels: {v: "1"}}]}
      DestinationRule b.svc {host: x.svc.com, trafficPolicy: {loadBalancer: {simple: RANDOM}}, subsets: [{name: v1, labels: {v: x}}, {name: v2, labels: {v: "2"}}]}
      DestinationRule c.svc {host: x.svc.com, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}`);
    const rule = snapshot.destinationRuleFor(find(snapshot, "x.svc.com", "svc"), "client");
    expect(rule?.sources.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(rule?.spec.subsets.map(({ name, labels }) => [name, labels["v"]])).toEqual([
      ["v1", "1"],
      ["v2", "2"],
    ]);
    expect(rule?.spec.trafficPolicy?.loadBalancer?.lbPolicy).toEqual({ case: "simple", value: 2 });
    expect(problems.map(formatProblem)).toEqual([
      'mesh.yaml:5:182: DestinationRule svc/b: spec.subsets[0].name: subset "v1" of x.svc.com is defined by DestinationRule svc/a (mesh.yaml:3) already: this one is not used; give it another name or remove one',
    ]);
  });

  test("a rule with a selector is for those clients, the general one for the others", () => {
    const rules = `
      DestinationRule general.client {host: x.svc.com}
      DestinationRule special.client {host: x.svc.com, workloadSelector: {matchLabels: {app: batch}}}`;
    expect(ruleFor(rules, "client", { app: "batch" })).toEqual(["special"]);
    expect(ruleFor(rules, "client", { app: "web" })).toEqual(["general"]);
    expect(ruleFor(rules, "client")).toEqual(["general"]);
  });

  test("a short host is a service of the rule's own namespace", () => {
    const snapshot = world(`
      ServiceEntry s {hosts: [reviews.default.svc.cluster.local], ${ENTRY}, endpoints: [{address: 127.0.0.1}]}
      DestinationRule r {host: reviews}`);
    const rule = snapshot.destinationRuleFor(
      find(snapshot, "reviews.default.svc.cluster.local"),
      "default",
    );
    expect(rule?.spec.host).toBe("reviews.default.svc.cluster.local");
  });
});

describe("VirtualServices", () => {
  test("names come in full, seen from the object's namespace", () => {
    const [virtual] = world(
      `VirtualService v.shop {hosts: [reviews], gateways: [mesh, gw], http: [{match: [{gateways: [other/gw]}], route: [{destination: {host: reviews}}], mirror: {host: shadow}}]}`,
    ).virtualServicesFor("x");
    expect(virtual?.spec.hosts).toEqual(["reviews.shop.svc.cluster.local"]);
    expect(virtual?.spec.gateways).toEqual(["mesh", "shop/gw"]);
    expect(virtual?.spec.http[0]?.match[0]?.gateways).toEqual(["other/gw"]);
    expect(virtual?.spec.http[0]?.route[0]?.destination?.host).toBe(
      "reviews.shop.svc.cluster.local",
    );
    expect(virtual?.spec.http[0]?.mirror?.host).toBe("shadow.shop.svc.cluster.local");
  });

  const root = `VirtualService root {hosts: [x.com], gateways: [g], http: [{name: r, match: [{uri: {prefix: /a}}], timeout: 5s, delegate: {name: d, namespace: other}}, {route: [{destination: {host: x.com}}]}]}`;

  test("a delegate's routes stand in for the root's, inherit what they leave out, and keep their own place", () => {
    const text = `
      ${root}
      VirtualService d.other {http: [{name: one, match: [{uri: {prefix: /a/b}}], route: [{destination: {host: short}}]}, {timeout: 1s, route: [{destination: {host: y.com}}]}]}`;
    const [virtual, ...others] = world(text).virtualServicesFor("default");
    expect(others).toEqual([]);
    const routes = virtual?.spec.http ?? [];
    expect(routes.map(({ name }) => name)).toEqual(["r-one", "r", ""]);
    expect(routes.map(({ timeout }) => timeout?.seconds)).toEqual([5n, 1n, undefined]);
    expect(routes.map(({ match }) => match[0]?.uri?.matchType.value)).toEqual([
      "/a/b",
      "/a",
      undefined,
    ]);
    expect(routes[0]?.route[0]?.destination?.host).toBe("short.other.svc.cluster.local");
    expect(virtual?.mergedFrom).toEqual(["VirtualService/other/d"]);
    expect(virtual?.positionOf(["spec", "http", 1, "timeout"]).line).toBe(3);
    expect(virtual?.positionOf(["spec", "http", 2]).line).toBe(1);
  });

  test.each([
    [
      "is wider than the root",
      "VirtualService d.other {http: [{match: [{uri: {prefix: /}}], route: [{destination: {host: y.com}}]}]}",
      "spec.http[0].match: match is not within the match of the route in VirtualService default/root",
    ],
    [
      "is not exported",
      'VirtualService d.other {exportTo: ["."], http: [{route: [{destination: {host: y.com}}]}]}',
      'spec.http[0].delegate: delegate "other/d" is not exported to namespace "default"',
    ],
    [
      "does not exist",
      "Gateway g {servers: [{port: {number: 80, name: a, protocol: HTTP}, hosts: [x.com]}]}",
      'spec.http[0].delegate: delegate "other/d" does not exist',
    ],
  ])("a delegate that %s is left out and reported", (_name, delegate, message) => {
    const { snapshot, problems } = build(`${root}\n${delegate}`);
    expect(snapshot.virtualServicesFor("default")[0]?.spec.http).toHaveLength(1);
    expect(problems.map(formatProblem).find((line) => line.includes(message))).toBeDefined();
  });
});

describe("Gateways and Sidecars", () => {
  test("a gateway is for routers whose labels fit, in any namespace", () => {
    const server = "servers: [{port: {number: 80, name: a, protocol: HTTP}, hosts: [x.com]}]";
    const snapshot = world(`
      Gateway a.one {selector: {istio: ingress}, ${server}}
      Gateway b.two {selector: {istio: egress}, ${server}}
      Gateway c.two {${server}}`);
    const names = snapshot
      .gatewaysFor("three", { istio: "ingress", app: "x" })
      .map(({ name }) => name);
    expect(names).toEqual(["a", "c"]);
  });

  test("a Sidecar is the workload's, else the namespace's, else the mesh's; the oldest of each", () => {
    const egress = 'egress: [{hosts: ["./*"]}]';
    const snapshot = world(`
      Sidecar mesh.istio-system {${egress}}
      Sidecar first.one {${egress}}
      Sidecar second.one {${egress}}
      Sidecar special.one {workloadSelector: {labels: {app: x}}, ${egress}}
      Sidecar elsewhere.istio-system {workloadSelector: {labels: {app: x}}, ${egress}}`);
    expect(snapshot.sidecarFor("one", { app: "x" })?.name).toBe("special");
    expect(snapshot.sidecarFor("one", { app: "y" })?.name).toBe("first");
    expect(snapshot.sidecarFor("two", { app: "x" })?.name).toBe("mesh");
  });
});

describe("sharing", () => {
  const text = `
    ServiceEntry a {hosts: [a.com], ${ENTRY}, workloadSelector: {labels: {app: a}}}
    ServiceEntry b {hosts: [b.com], ${ENTRY}, workloadSelector: {labels: {app: b}}}
    ServiceEntry c {hosts: [c.com], ${ENTRY}, endpoints: [{address: 127.0.0.1}]}
    DestinationRule r {host: a.com}
    DestinationRule r2 {host: a.com, subsets: [{name: v1}]}
    VirtualService v {hosts: [a.com], http: [{route: [{destination: {host: a.com}}]}]}`;

  test("an instance that changes leaves everything but its own services' endpoints as it was", () => {
    const list = objects(text);
    const i1 = instance("i1", { app: "a" });
    const i2 = instance("i2", { app: "b" }, { address: "127.0.1.2" });
    const before = buildSnapshot(list, [i1, i2]);
    const after = buildSnapshot(list, [i1, { ...i2, health: "unhealthy" }], before.snapshot);
    expect(after.snapshot.services).toBe(before.snapshot.services);
    expect(after.problems).toBe(before.problems);
    expect(after.snapshot.virtualServicesFor("default")).toBe(
      before.snapshot.virtualServicesFor("default"),
    );
    const lists = (host: string, { snapshot }: BuiltSnapshot): unknown => {
      const service = find(snapshot, host);
      return service.ports.map((port) => snapshot.endpoints(service, port))[0];
    };
    expect(lists("a.com", after)).toBe(lists("a.com", before));
    expect(lists("c.com", after)).toBe(lists("c.com", before));
    expect(lists("b.com", after)).not.toBe(lists("b.com", before));
    expect(after.snapshot.revision).toBe(before.snapshot.revision + 1);
  });

  test("an entry whose endpoints change keeps its service, and all the others'", () => {
    const list = objects(text);
    const before = buildSnapshot(list, []);
    const [changed] = objects(
      `ServiceEntry c {hosts: [c.com], ${ENTRY}, endpoints: [{address: 127.0.0.9}]}`,
    );
    const next = list.map((object) =>
      object.name === "c" && changed !== undefined ? changed : object,
    );
    const after = buildSnapshot(next, [], before.snapshot);
    expect(after.snapshot.services).toBe(before.snapshot.services);
    expect(endpoints(after.snapshot, "c.com")).toEqual(["127.0.0.9:80"]);
    expect(endpoints(before.snapshot, "c.com")).toEqual(["127.0.0.1:80"]); // the old snapshot never changes
  });

  test("a rule or route that stays is the same object when another comes", () => {
    const before = build(text);
    const list = [...objects(text)];
    const more = objects(
      "DestinationRule z {host: b.com}\nVirtualService z {hosts: [b.com], http: [{route: [{destination: {host: b.com}}]}]}",
    );
    const first = buildSnapshot(list, [], before.snapshot);
    const second = buildSnapshot([...list, ...more], [], first.snapshot);
    const rule = (snapshot: Snapshot): unknown =>
      snapshot.destinationRuleFor(find(snapshot, "a.com"), "default");
    expect(rule(second.snapshot)).toBe(rule(first.snapshot));
    expect(second.snapshot.virtualServicesFor("default")[0]).toBe(
      first.snapshot.virtualServicesFor("default")[0],
    );
  });

  test("patching one entry gives what building anew gives", () => {
    const list = objects(text);
    for (const spec of [
      `{hosts: [c.com], ${ENTRY}, endpoints: [{address: 127.0.0.9}]}`,
      "{hosts: [c.com], location: MESH_INTERNAL, resolution: STATIC, ports: [{number: 81, name: tcp}], endpoints: [{address: 127.0.0.1}]}",
      `{hosts: [c.com, d.com], ${ENTRY}, endpoints: [{address: 127.0.0.1}]}`,
      `{hosts: [a.com], ${ENTRY}, endpoints: [{address: 127.0.0.1}]}`,
      `{hosts: [c.com], addresses: [127.5.5.5], ${ENTRY}, endpoints: [{address: 127.0.0.1}]}`,
    ]) {
      const [changed] = objects(`ServiceEntry c ${spec}`);
      const next = list.map((object) =>
        object.name === "c" && changed !== undefined ? changed : object,
      );
      const view = ({ snapshot }: BuiltSnapshot): unknown =>
        snapshot.services.map(({ owner, ...service }) => [
          service,
          owner.name,
          service.ports.map((port) => endpoints(snapshot, service.hostname, port.number)),
        ]);
      expect(view(buildSnapshot(next, [], buildSnapshot(list, []).snapshot))).toEqual(
        view(buildSnapshot(next, [])),
      );
    }
  });
});
