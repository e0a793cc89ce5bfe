// What Istio's validating webhook refuses, and what sampan warns about, kind by kind: spec in, field and words out.
import { describe, expect, test } from "bun:test";
import type { Problem } from "../../model/object.ts";
import { parseObjects } from "../parse-objects.ts";

function check(kind: string, spec: string): readonly Problem[] {
  const text = `{apiVersion: networking.istio.io/v1, kind: ${kind}, metadata: {name: x}, spec: ${spec}}`;
  return parseObjects(text, "f").problems;
}

/** One line a problem: "E field: message", a warning with "W". */
function lines(kind: string, spec: string): string[] {
  return check(kind, spec).map(({ severity, field, message }) => {
    return `${severity === "error" ? "E" : "W"} ${field.replace(/^spec\.?/, "")}: ${message}`;
  });
}

/** [what, spec, beginning of the only line]; "" is: nothing to say. */
type Case = readonly [name: string, spec: string, line: string];

function table(kind: string, cases: readonly Case[]): void {
  describe(kind, () => {
    test.each(cases as Case[])("%s", (_name, spec, line) => {
      const found = lines(kind, spec);
      if (line === "") expect(found).toEqual([]);
      else {
        expect(found).toHaveLength(1);
        expect(found[0]).toStartWith(line);
      }
    });
  });
}

const to = "route: [{destination: {host: a.b}}]";

table("VirtualService", [
  ["the least there is", `{hosts: [a.b], http: [{${to}}]}`, ""],
  ["a delegate has no hosts", `{http: [{${to}}]}`, ""],
  [
    "a delegate for a gateway",
    `{gateways: [g], http: [{${to}}]}`,
    "E gateways: cannot be set without hosts",
  ],
  [
    "a delegate that delegates again",
    "{http: [{delegate: {name: d}}]}",
    "E http[0].delegate: cannot be set in a delegate",
  ],
  ["no routes at all", "{hosts: [a.b]}", "E : must have http, tcp or tls routes"],
  [
    "everything for sidecars",
    `{hosts: ["*"], http: [{${to}}]}`,
    "E hosts[0]: must be narrower for sidecars",
  ],
  ["everything for a gateway", `{hosts: ["*"], gateways: [g], http: [{${to}}]}`, ""],
  [
    "overlapping hosts",
    `{hosts: ["*.b", "a.b"], http: [{${to}}]}`,
    'E hosts[1]: must not overlap with "*.b"',
  ],
  ["a host that is none", `{hosts: ["a..b"], http: [{${to}}]}`, "E hosts[0]: must be a host name"],
  ["an address as host", `{hosts: [10.0.0.1], http: [{${to}}]}`, ""],
  [
    "old gateway form",
    `{hosts: [a.b], gateways: [g.ns.svc.cluster.local], http: [{${to}}]}`,
    'W gateways[0]: "g.ns.svc.cluster.local" is Istio\'s old form: write "ns/g"',
  ],
  [
    "exported to all and one",
    `{hosts: [a.b], exportTo: ["*", x], http: [{${to}}]}`,
    'E exportTo: has "*"',
  ],
  [
    "a route without destination",
    "{hosts: [a.b], http: [{timeout: 1s}]}",
    "E http[0].route: must have at least one destination",
  ],
  [
    "route and redirect",
    `{hosts: [a.b], http: [{${to}, redirect: {uri: /x}}]}`,
    "E http[0].route: set together with redirect",
  ],
  [
    "redirect and fault",
    "{hosts: [a.b], http: [{redirect: {uri: /x}, fault: {abort: {httpStatus: 500, percentage: {value: 1}}}}]}",
    "E http[0].fault: cannot be set together with redirect",
  ],
  [
    "redirect to nowhere",
    "{hosts: [a.b], http: [{redirect: {redirectCode: 302}}]}",
    "E http[0].redirect: must have uri, prefixRewrite, authority, scheme or port",
  ],
  [
    "redirect with a code that routes nothing",
    "{hosts: [a.b], http: [{redirect: {uri: /x, redirectCode: 304}}]}",
    "E http[0].redirect.redirectCode: must be 301, 302, 303, 307 or 308: current value is 304",
  ],
  [
    "prefix rewrite of an exact path",
    "{hosts: [a.b], http: [{match: [{uri: {exact: /a}}], redirect: {prefixRewrite: /x}}]}",
    "E http[0].redirect.prefixRewrite: needs every uri match",
  ],
  ["direct response", "{hosts: [a.b], http: [{directResponse: {status: 503}}]}", ""],
  [
    "a status that is none",
    "{hosts: [a.b], http: [{directResponse: {status: 700}}]}",
    "E http[0].directResponse.status: must be an HTTP status, 200 to 599: current value is 700",
  ],
  [
    "two destinations without weights",
    "{hosts: [a.b], http: [{route: [{destination: {host: a.b}}, {destination: {host: c.d}}]}]}",
    "E http[0].route: must have weights",
  ],
  [
    "one of two without weight",
    "{hosts: [a.b], http: [{route: [{destination: {host: a.b}, weight: 1}, {destination: {host: c.d}}]}]}",
    "W http[0].route[1]: has weight 0",
  ],
  [
    "a destination for everything",
    '{hosts: [a.b], http: [{route: [{destination: {host: "*"}}]}]}',
    "E http[0].route[0].destination.host: must be a host name",
  ],
  [
    "a port beyond the last",
    "{hosts: [a.b], http: [{route: [{destination: {host: a.b, port: {number: 65536}}}]}]}",
    "E http[0].route[0].destination.port.number: must be a port",
  ],
  [
    "exact and prefix",
    `{hosts: [a.b], http: [{match: [{uri: {exact: /a, prefix: /b}}], ${to}}]}`,
    'E http[0].match[0].uri.prefix: set together with "exact"',
  ],
  [
    "an expression that is none",
    `{hosts: [a.b], http: [{match: [{uri: {regex: "a("}}], ${to}}]}`,
    "E http[0].match[0].uri.regex: must be an expression in RE2's syntax (missing closing )",
  ],
  [
    "a look-ahead, which RE2 has not",
    `{hosts: [a.b], http: [{match: [{headers: {x: {regex: "(?=a)b"}}}], ${to}}]}`,
    "E http[0].match[0].headers.x.regex: must be an expression in RE2's syntax",
  ],
  [
    "any header value",
    `{hosts: [a.b], http: [{match: [{headers: {x: {regex: "*"}}}], ${to}}]}`,
    "",
  ],
  [
    "an empty prefix of a header",
    `{hosts: [a.b], http: [{match: [{headers: {x: {prefix: ""}}}], ${to}}]}`,
    "E http[0].match[0].headers.x.prefix: must not be empty",
  ],
  [
    "a header name with a blank",
    `{hosts: [a.b], http: [{match: [{headers: {"x y": {exact: a}}}], ${to}}]}`,
    'E http[0].match[0].headers["x y"]: must be a header name',
  ],
  [
    "retries off, and configured",
    `{hosts: [a.b], http: [{retries: {attempts: 0, perTryTimeout: 1s}, ${to}}]}`,
    "E http[0].retries.attempts: must be at least 1",
  ],
  [
    "a retry policy that is none",
    `{hosts: [a.b], http: [{retries: {attempts: 1, retryOn: "5xx,gateway-err"}, ${to}}]}`,
    'E http[0].retries.retryOn: must name retry policies, with commas and no blanks, such as gateway-error: current value is "gateway-err"',
  ],
  [
    "retries on statuses",
    `{hosts: [a.b], http: [{retries: {attempts: 1, retryOn: "503,connect-failure"}, ${to}}]}`,
    "",
  ],
  [
    "fault without percentage",
    `{hosts: [a.b], http: [{fault: {abort: {httpStatus: 500}}, ${to}}]}`,
    "W http[0].fault.abort: has no percentage and never strikes",
  ],
  [
    "delay of all",
    `{hosts: [a.b], http: [{fault: {delay: {fixedDelay: 7s, percentage: {value: 100}}}, ${to}}]}`,
    "",
  ],
  [
    "more than all",
    `{hosts: [a.b], http: [{fault: {delay: {fixedDelay: 7s, percentage: {value: 101}}}, ${to}}]}`,
    "E http[0].fault.delay.percentage.value: must be 0, or 0.0001 to 100: current value is 101",
  ],
  [
    "delay without delay",
    `{hosts: [a.b], http: [{fault: {delay: {percentage: {value: 1}}}, ${to}}]}`,
    "E http[0].fault.delay.fixedDelay: must be set",
  ],
  [
    "a gRPC status that is none",
    `{hosts: [a.b], http: [{fault: {abort: {grpcStatus: UNAVAILABEL, percentage: {value: 1}}}, ${to}}]}`,
    "E http[0].fault.abort.grpcStatus: must be a gRPC status name such as UNAVAILABLE",
  ],
  [
    "mirror and mirrors",
    `{hosts: [a.b], http: [{mirror: {host: m.n}, mirrors: [{destination: {host: m.n}}], ${to}}]}`,
    "E http[0].mirrors: set together with mirror",
  ],
  [
    "rewrite of nothing",
    `{hosts: [a.b], http: [{rewrite: {}, ${to}}]}`,
    "E http[0].rewrite: must have uri, uriRegexRewrite or authority",
  ],
  [
    "authority twice",
    `{hosts: [a.b], http: [{rewrite: {authority: x.y}, headers: {request: {set: {host: z.y}}}, ${to}}]}`,
    "E http[0].headers.request: rewrites the authority a second time",
  ],
  [
    "a pseudo-header in an answer",
    `{hosts: [a.b], http: [{headers: {response: {set: {":status": "200"}}}, ${to}}]}`,
    'E http[0].headers.response.set[":status"]: must not be a pseudo-header',
  ],
  [
    "a lone percent sign",
    `{hosts: [a.b], http: [{headers: {request: {add: {x: "100%"}}}, ${to}}]}`,
    "E http[0].headers.request.add.x: must have percent signs only in pairs",
  ],
  [
    "a command",
    `{hosts: [a.b], http: [{headers: {request: {add: {x: "%DOWNSTREAM_REMOTE_ADDRESS% %REQ(y):10% 5%%"}}}, ${to}}]}`,
    "",
  ],
  [
    "a route after one for everything",
    `{hosts: [a.b], http: [{${to}}, {match: [{uri: {prefix: /x}}], ${to}}]}`,
    "W http[1]: is never reached: http[0] takes every request",
  ],
  [
    "everything for one client only",
    `{hosts: [a.b], http: [{match: [{sourceLabels: {app: x}}], ${to}}, {${to}}]}`,
    "",
  ],
  [
    "the same match twice",
    `{hosts: [a.b], http: [{match: [{uri: {prefix: /x}}], ${to}}, {match: [{uri: {prefix: /x}}], ${to}}]}`,
    "W http[1].match[0]: is never reached: http[0] has the same match",
  ],
  [
    "CORS method that is none",
    `{hosts: [a.b], http: [{corsPolicy: {allowMethods: [GIT]}, ${to}}]}`,
    "E http[0].corsPolicy.allowMethods[0]: must be one of GET",
  ],
  [
    "TLS route",
    "{hosts: [a.b], tls: [{match: [{sniHosts: [a.b], port: 443}], route: [{destination: {host: a.b}}]}]}",
    "",
  ],
  [
    "TLS route for another's name",
    "{hosts: [a.b], tls: [{match: [{sniHosts: [c.d]}], route: [{destination: {host: a.b}}]}]}",
    "E tls[0].match[0].sniHosts[0]: must be within the hosts of the VirtualService (a.b)",
  ],
  [
    "TCP route by block",
    "{hosts: [a.b], tcp: [{match: [{destinationSubnets: [10.0.0.0/33]}], route: [{destination: {host: a.b}}]}]}",
    "E tcp[0].match[0].destinationSubnets[0]: must be an IP address or a block",
  ],
]);

table("DestinationRule", [
  ["the least there is", "{host: a.b}", ""],
  ["no host", "{}", "E host: must be set"],
  ["a host that is none", '{host: "a b"}', "E host: must be a host name"],
  [
    "an empty policy",
    "{host: a, trafficPolicy: {}}",
    "E trafficPolicy: must have at least one field",
  ],
  [
    "a subset twice",
    "{host: a, subsets: [{name: v1}, {name: v1}]}",
    'E subsets[1].name: must be unique in the rule: current value is "v1"',
  ],
  [
    "a subset name that is none",
    "{host: a, subsets: [{name: v_1}]}",
    "E subsets[0].name: must be a name of letters",
  ],
  [
    "a policy that is none",
    "{host: a, trafficPolicy: {loadBalancer: {simple: ROUNDROBIN}}}",
    "E trafficPolicy.loadBalancer.simple: must be one of UNSPECIFIED, LEAST_CONN, RANDOM, PASSTHROUGH, ROUND_ROBIN, LEAST_REQUEST",
  ],
  [
    "two policies",
    "{host: a, trafficPolicy: {loadBalancer: {simple: RANDOM, consistentHash: {useSourceIp: true}}}}",
    'E trafficPolicy.loadBalancer.consistentHash: set together with "simple"',
  ],
  [
    "a table that is no prime",
    "{host: a, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true, maglev: {tableSize: 65536}}}}}",
    "E trafficPolicy.loadBalancer.consistentHash.maglev.tableSize: must be a prime below 5000011: current value is 65536",
  ],
  [
    "weights that do not sum up",
    '{host: a, trafficPolicy: {outlierDetection: {}, loadBalancer: {localityLbSetting: {distribute: [{from: "r/*", to: {"r/z1/*": 80, "r/z2/*": 10}}]}}}}',
    "E trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to: must have weights that sum to 100",
  ],
  [
    "localities that overlap",
    '{host: a, trafficPolicy: {loadBalancer: {localityLbSetting: {distribute: [{from: "r/*", to: {r: 50, "r/z": 50}}]}}}}',
    'E trafficPolicy.loadBalancer.localityLbSetting.distribute[0].to["r/z"]: overlaps with "r"',
  ],
  [
    "failover without outlier detection",
    "{host: a, trafficPolicy: {loadBalancer: {localityLbSetting: {failover: [{from: a, to: b}]}}}}",
    "W trafficPolicy.loadBalancer.localityLbSetting: has no effect",
  ],
  [
    "warm-up without end",
    "{host: a, trafficPolicy: {loadBalancer: {simple: RANDOM, warmup: {}}}}",
    "E trafficPolicy.loadBalancer.warmup.duration: must be set",
  ],
  [
    "an empty pool",
    "{host: a, trafficPolicy: {connectionPool: {}}}",
    "E trafficPolicy.connectionPool: must have tcp or http",
  ],
  [
    "less than no connection",
    "{host: a, trafficPolicy: {connectionPool: {tcp: {maxConnections: -1}}}}",
    "E trafficPolicy.connectionPool.tcp.maxConnections: must not be negative: current value is -1",
  ],
  [
    "no connection",
    "{host: a, trafficPolicy: {connectionPool: {tcp: {maxConnections: 0}}}}",
    "W trafficPolicy.connectionPool.tcp.maxConnections: 0 counts as unset",
  ],
  [
    "no retry, in a subset",
    "{host: a, subsets: [{name: v1, trafficPolicy: {portLevelSettings: [{port: {number: 80}, connectionPool: {http: {maxRetries: 0}}}]}}]}",
    "W subsets[0].trafficPolicy.portLevelSettings[0].connectionPool.http.maxRetries: 0 counts as unset",
  ],
  [
    "idle timeout switched off",
    "{host: a, trafficPolicy: {connectionPool: {tcp: {idleTimeout: 0s}}}}",
    "",
  ],
  [
    "more than all ejected",
    "{host: a, trafficPolicy: {outlierDetection: {maxEjectionPercent: 101}}}",
    "E trafficPolicy.outlierDetection.maxEjectionPercent: must be 0 to 100: current value is 101",
  ],
  [
    "outlier detection as the tasks write it",
    "{host: a, trafficPolicy: {outlierDetection: {consecutive5xxErrors: 1, interval: 1s, baseEjectionTime: 3m, maxEjectionPercent: 100}}}",
    "",
  ],
  [
    "deprecated and without effect",
    "{host: a, trafficPolicy: {outlierDetection: {consecutiveErrors: 5}}}",
    "W trafficPolicy.outlierDetection.consecutiveErrors: is deprecated",
  ],
  [
    "mutual TLS without key",
    "{host: a, trafficPolicy: {tls: {mode: MUTUAL, clientCertificate: /c}}}",
    "E trafficPolicy.tls.privateKey: must be set for mode MUTUAL",
  ],
  [
    "port settings without port",
    "{host: a, trafficPolicy: {portLevelSettings: [{loadBalancer: {simple: RANDOM}}]}}",
    "E trafficPolicy.portLevelSettings[0].port: must be set",
  ],
  [
    "one port twice",
    "{host: a, trafficPolicy: {portLevelSettings: [{port: {number: 80}, tls: {}}, {port: {number: 80}, tls: {}}]}}",
    "W trafficPolicy.portLevelSettings[1].port.number: port 80 is set by portLevelSettings[0] already",
  ],
  [
    "a selector, exported",
    '{host: a, workloadSelector: {matchLabels: {app: x}}, exportTo: ["*"]}',
    'E exportTo: must be "." or unset',
  ],
]);

table("ServiceEntry", [
  [
    "as the examples write it",
    "{hosts: [a.b], location: MESH_INTERNAL, resolution: STATIC, ports: [{number: 80, name: http, protocol: HTTP}], workloadSelector: {labels: {app: a}}}",
    "",
  ],
  ["no host", "{hosts: [], resolution: DNS}", "E hosts: must have at least 1 items"],
  ["all hosts", '{hosts: ["*"]}', "E hosts[0]: hostname cannot be wildcard"],
  [
    "a port name twice",
    "{hosts: [a.b], resolution: DNS, ports: [{number: 80, name: http}, {number: 81, name: http}]}",
    "E ports[1]",
  ],
  [
    "a port number twice",
    "{hosts: [a.b], resolution: DNS, ports: [{number: 80, name: a}, {number: 80, name: b}]}",
    "E ports[1].number: must be unique in the entry: current value is 80",
  ],
  [
    "a protocol that is none",
    "{hosts: [a.b], resolution: DNS, ports: [{number: 80, name: a, protocol: HTPT}]}",
    "E ports[0].protocol: must be HTTP, HTTP2",
  ],
  [
    "a host name as static address",
    "{hosts: [a.b], resolution: STATIC, ports: [{number: 80, name: a}], endpoints: [{address: c.d}]}",
    "E endpoints[0].address: must be an IP address or unix://path for resolution STATIC",
  ],
  [
    "nothing behind it",
    "{hosts: [a.b], resolution: STATIC, ports: [{number: 80, name: a}]}",
    "W : has neither endpoints nor a workloadSelector",
  ],
  [
    "a port of an endpoint that the entry has not",
    "{hosts: [a.b], resolution: STATIC, ports: [{number: 80, name: a}], endpoints: [{address: 127.0.0.1, ports: {b: 81}}]}",
    "E endpoints[0].ports.b: must be the name of a port of the entry: it has a",
  ],
  [
    "endpoints and none",
    "{hosts: [a.b], resolution: NONE, endpoints: [{address: 127.0.0.1}]}",
    "E endpoints: cannot be set for resolution NONE",
  ],
  [
    "endpoints and selector",
    "{hosts: [a.b], resolution: STATIC, endpoints: [{address: 127.0.0.1}], workloadSelector: {labels: {a: b}}}",
    "E workloadSelector: set together with endpoints",
  ],
  [
    "a wildcard to resolve",
    '{hosts: ["*.b"], resolution: DNS, ports: [{number: 80, name: a}]}',
    "E hosts[0]: must be a full host name",
  ],
  [
    "two hosts on a TCP port",
    "{hosts: [a.b, c.d], resolution: DNS, ports: [{number: 80, name: a, protocol: TCP}]}",
    "E hosts: must be one for ports that are not HTTP or TLS (ports[0])",
  ],
  [
    "a block to resolve",
    "{hosts: [a.b], addresses: [10.0.0.0/8], resolution: DNS, ports: [{number: 80, name: a, protocol: HTTP}]}",
    "E : CIDR addresses are allowed only for NONE/STATIC",
  ],
  [
    "an address that is none",
    "{hosts: [a.b], addresses: [10.0.0], resolution: DNS}",
    "E addresses[0]: must be an IP address or a block",
  ],
  [
    "a Unix socket",
    "{hosts: [a.b], resolution: STATIC, ports: [{number: 80, name: a}], endpoints: [{address: unix:///run/a.sock}]}",
    "",
  ],
  [
    "a label that is none",
    '{hosts: [a.b], resolution: STATIC, ports: [{number: 80, name: a}], endpoints: [{address: 127.0.0.1, labels: {"-x": a}}]}',
    'E endpoints[0].labels["-x"]: must be a label name',
  ],
  [
    "to nobody and somebody",
    '{hosts: [a.b], resolution: DNS, exportTo: ["~", x]}',
    'E exportTo: has "~"',
  ],
]);

const http = "port: {number: 80, name: http, protocol: HTTP}";

table("Gateway", [
  ["the least there is", `{servers: [{${http}, hosts: ["*"]}]}`, ""],
  ["no server", "{selector: {a: b}}", "E servers: must have at least one server"],
  ["no port", '{servers: [{hosts: ["*"]}]}', "E servers[0].port: must be set"],
  ["hosts by namespace", `{servers: [{${http}, hosts: ["./a.b", "*/c.d", "ns/*.e"]}]}`, ""],
  [
    "a host that is none",
    `{servers: [{${http}, hosts: ["a/b/c"]}]}`,
    "E servers[0].hosts[0]: must be a host or",
  ],
  [
    "HTTPS without TLS",
    '{servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: ["*"]}]}',
    "E servers[0].tls: must be set for protocol HTTPS",
  ],
  [
    "TLS on plain HTTP",
    `{servers: [{${http}, tls: {mode: SIMPLE, credentialName: c}, hosts: ["*"]}]}`,
    "E servers[0].tls: may only have httpsRedirect",
  ],
  ["redirect to HTTPS", `{servers: [{${http}, tls: {httpsRedirect: true}, hosts: ["*"]}]}`, ""],
  [
    "a certificate without key",
    '{servers: [{port: {number: 443, name: https, protocol: HTTPS}, tls: {mode: SIMPLE, serverCertificate: /c}, hosts: ["*"]}]}',
    "E servers[0].tls.privateKey: must be set",
  ],
  [
    "mutual without CA",
    '{servers: [{port: {number: 443, name: https, protocol: HTTPS}, tls: {mode: MUTUAL, serverCertificate: /c, privateKey: /k}, hosts: ["*"]}]}',
    "E servers[0].tls.caCertificates: must be set",
  ],
  [
    "a port name twice",
    `{servers: [{${http}, hosts: [a.b]}, {port: {number: 81, name: http, protocol: HTTP}, hosts: [a.b]}]}`,
    "E servers[1].port.name: must be unique in the gateway",
  ],
  [
    "port 0",
    '{servers: [{port: {number: 0, name: a, protocol: HTTP}, hosts: ["*"]}]}',
    "E servers[0].port.number: must be a port, 1 to 65535: current value is 0",
  ],
]);

table("Sidecar", [
  ["as the manual writes it", '{egress: [{hosts: ["./*", "istio-system/*"]}]}', ""],
  ["nothing", "{}", "E : must have ingress, egress"],
  [
    "no hosts",
    "{egress: [{port: {number: 80, protocol: HTTP, name: a}}]}",
    "E egress[0].hosts: must be set",
  ],
  [
    "a host without namespace",
    "{egress: [{hosts: [a.b]}]}",
    'E egress[0].hosts[0]: must be "namespace/host"',
  ],
  [
    "the catch-all before others",
    '{egress: [{hosts: ["./*"]}, {port: {number: 80, protocol: HTTP, name: a}, hosts: ["./*"]}]}',
    "E egress[0]: has no port",
  ],
  [
    "one port twice",
    '{egress: [{port: {number: 80, protocol: HTTP, name: a}, hosts: ["./*"]}, {port: {number: 80, protocol: HTTP, name: b}, hosts: ["./*"]}]}',
    "E egress[1].port: must be unique among the egress listeners",
  ],
  [
    "an endpoint elsewhere",
    "{ingress: [{port: {number: 80, protocol: HTTP, name: a}, defaultEndpoint: 10.0.0.1:80}]}",
    "E ingress[0].defaultEndpoint: must be 127.0.0.1:PORT",
  ],
  [
    "no connection",
    "{inboundConnectionPool: {http: {http2MaxRequests: 0}}}",
    "W inboundConnectionPool.http.http2MaxRequests: 0 counts as unset",
  ],
]);

table("WorkloadEntry", [
  ["the least there is", "{address: 127.0.0.1}", ""],
  ["no address", "{labels: {a: b}}", "E address: must be set"],
  [
    "an address that is none",
    '{address: "a_b"}',
    "E address: must be an IP address, a host name or unix://path",
  ],
  ["a directory as socket", "{address: unix:///run/}", "E address: UDS may not be a dir"],
  [
    "a port beyond the last",
    "{address: 127.0.0.1, ports: {http: 70000}}",
    "E ports.http: port must be between 1-65535: current value is 70000",
  ],
]);

table("WorkloadGroup", [
  [
    "as the examples write it",
    "{metadata: {labels: {app: a}}, template: {ports: {http: 9080}, serviceAccount: a}, probe: {periodSeconds: 2, httpGet: {path: /health, port: 9080}}}",
    "",
  ],
  ["no template", "{}", "E template: must be set"],
  [
    "a probe of nothing",
    "{template: {}, probe: {periodSeconds: 5}}",
    "E probe: must have one of httpGet, tcpSocket, exec, grpc",
  ],
  [
    "a command of nothing",
    "{template: {}, probe: {exec: {command: []}}}",
    "E probe.exec.command: must be set",
  ],
  [
    "a probe on port 0",
    "{template: {}, probe: {tcpSocket: {port: 0}}}",
    "E probe.tcpSocket.port: port must be between 1-65535: current value is 0",
  ],
]);
