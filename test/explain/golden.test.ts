// Requests through the configuration that Istio's YAML becomes, explained: what a person reads, whole. The YAML is that of the golden
// cases; `bun test -u` rewrites the texts, and the diff is the review.
import { expect, test } from "bun:test";
import { configurationOf } from "#cli/client/folder-configuration.ts";
import { toExplained } from "#cli/why/entrance.ts";
import { folderSource } from "#cli/why/folder-source.ts";
import { formatExplanation } from "#cli/why/format.ts";
import { parseRequest } from "#cli/why/wanted-request.ts";
import { explain } from "#explain/explain.ts";
import { withSources } from "#explain/sources.ts";
import { parseObjects } from "#pilot/config/parse-objects.ts";
import { parseGoldenCase } from "#pilot/translate/testing/golden-case.ts";

const FOLDER = `${import.meta.dir}/../../src/pilot/translate/testdata`;

/** What `sampan why` prints for `GET url` from the proxy of a golden case. */
async function why(
  name: string,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const file = `${name}.yaml`;
  const text = await Bun.file(`${FOLDER}/${file}`).text();
  const { proxy, snapshot } = parseGoldenCase(text, file);
  const configuration = configurationOf(snapshot, { proxy, bootstrap: undefined as never });
  const parsed = parseRequest([url], Object.entries(headers));
  if (parsed.kind === "failed") throw new Error(parsed.message);
  const explanation = explain(configuration, toExplained(parsed.request, configuration));
  const { objects } = parseObjects(text, file);
  const placed = withSources(explanation, folderSource(objects));
  const total = placed.outcomes.reduce((sum, { odds }) => sum + odds, 0);
  expect(total).toBeCloseTo(1, 12);
  const options = { hasColor: false, all: true, title: `GET ${url}` };
  return `\n${formatExplanation(placed, options)}`;
}

test("weights: odds of clusters, and the lines that say so", async () => {
  expect(await why("route-weights", "http://reviews:9080/")).toMatchInlineSnapshot(`
    "
    GET http://reviews:9080/

     1  ✓  Listener             127.0.0.1_9080 on 127.0.1.9:9080, for reviews
     2  ✓  Route configuration  9080
     3  ✓  Virtual host         reviews.default.svc.cluster.local:9080, exactly reviews
     4  ~  Route                #1: every request
                                route-weights.yaml:36:7  VirtualService default/reviews  spec.http[0]
                                80 % to reviews v1
                                20 % to reviews v2
                                up to 2 retries on connect-failure, refused-stream, unavailable, cancelled, retriable-status-codes
     5  ✗  Cluster              outbound|9080|v1|reviews.default.svc.cluster.local does not exist on this proxy
                                no DestinationRule of reviews.default.svc.cluster.local has a subset v1
     6  ✗  Cluster              outbound|9080|v2|reviews.default.svc.cluster.local does not exist on this proxy
                                no DestinationRule of reviews.default.svc.cluster.local has a subset v2

    => 80 % 503 NC: no DestinationRule of reviews.default.svc.cluster.local has a subset v1, 20 % 503 NC: no DestinationRule of reviews.default.svc.cluster.local has a subset v2

    ODDS  OUTCOME  STATUS  FLAGS  DELAY  TIMEOUT  DESTINATION  BECAUSE
    80 %  reply    503     NC     -      -        reviews v1   no DestinationRule of reviews.default.svc.cluster.local has a subset v1
    20 %  reply    503     NC     -      -        reviews v2   no DestinationRule of reviews.default.svc.cluster.local has a subset v2
    "
  `);
});

test("faults: delay and abort, each with its odds, over one route", async () => {
  expect(await why("route-fault", "http://reviews:9080/half")).toMatchInlineSnapshot(`
    "
    GET http://reviews:9080/half

     1  ✓  Listener             127.0.0.1_9080 on 127.0.1.9:9080, for reviews
     2  ✓  Route configuration  9080
     3  ✓  Virtual host         reviews.default.svc.cluster.local:9080, exactly reviews
     4  ✓  Route                #2: path begins with "/half"
                                ✗ #1: header end-user is missing, wanted exactly "jason" (route-fault.yaml:29)
                                route-fault.yaml:38:7  VirtualService default/reviews  spec.http[1]
                                to reviews
                                up to 2 retries on connect-failure, refused-stream, unavailable, cancelled, retriable-status-codes
     5  ~  Fault                0.6 % are answered 500
                                route-fault.yaml:40:7  VirtualService default/reviews  spec.http[1].fault
     6  ✓  Cluster              outbound|9080||reviews.default.svc.cluster.local (EDS)
     7  ✓  Hosts                reviews: 2 of 2 hosts by LEAST_REQUEST
                                50 %  127.0.1.2:9080  reviews-0
                                50 %  127.0.1.3:9080  reviews-1

    => reviews (2 hosts); 0.6 % answered 500 before by the fault of VirtualService default/reviews (route-fault.yaml:40)

    ODDS    OUTCOME  STATUS  FLAGS  DELAY  TIMEOUT  DESTINATION  BECAUSE
    99.4 %  forward  -       -      -      -        reviews      route of VirtualService default/reviews
    0.6 %   reply    500     FI     -      -        reviews      fault of VirtualService default/reviews
    "
  `);
});

test("faults: for one user only", async () => {
  const jason = { "end-user": "jason" };
  expect(await why("route-fault", "http://reviews:9080/", jason)).toMatchInlineSnapshot(`
    "
    GET http://reviews:9080/

     1  ✓  Listener             127.0.0.1_9080 on 127.0.1.9:9080, for reviews
     2  ✓  Route configuration  9080
     3  ✓  Virtual host         reviews.default.svc.cluster.local:9080, exactly reviews
     4  ✓  Route                #1: header end-user is "jason"
                                route-fault.yaml:29:7  VirtualService default/reviews  spec.http[0]
                                to reviews
                                up to 2 retries on connect-failure, refused-stream, unavailable, cancelled, retriable-status-codes
     5  ~  Fault                100 % are held up for 7s
                                route-fault.yaml:32:7  VirtualService default/reviews  spec.http[0].fault
     6  ✓  Cluster              outbound|9080||reviews.default.svc.cluster.local (EDS)
     7  ✓  Hosts                reviews: 2 of 2 hosts by LEAST_REQUEST
                                50 %  127.0.1.2:9080  reviews-0
                                50 %  127.0.1.3:9080  reviews-1

    => reviews (2 hosts); 100 % held up for 7s

    ODDS   OUTCOME  STATUS  FLAGS  DELAY  TIMEOUT  DESTINATION  BECAUSE
    100 %  forward  -       DI     7s     -        reviews      route of VirtualService default/reviews
    "
  `);
});

test("timeouts and retries in force", async () => {
  expect(await why("route-timeout-retries", "http://reviews:9080/said/it")).toMatchInlineSnapshot(`
    "
    GET http://reviews:9080/said/it

     1  ✓  Listener             127.0.0.1_9080 on 127.0.1.9:9080, for reviews
     2  ✓  Route configuration  9080
     3  ✓  Virtual host         reviews.default.svc.cluster.local:9080, exactly reviews
     4  ✓  Route                #1: path begins with "/said"
                                route-timeout-retries.yaml:29:7  VirtualService default/reviews  spec.http[0]
                                to reviews
                                timeout 5s
                                up to 3 retries on 5xx, reset, retriable-status-codes, 503, 2s each
     5  ✓  Cluster              outbound|9080||reviews.default.svc.cluster.local (EDS)
     6  ✓  Hosts                reviews: 2 of 2 hosts by LEAST_REQUEST
                                50 %  127.0.1.2:9080  reviews-0
                                50 %  127.0.1.3:9080  reviews-1

    => reviews (2 hosts)

    ODDS   OUTCOME  STATUS  FLAGS  DELAY  TIMEOUT  DESTINATION  BECAUSE
    100 %  forward  -       -      -      5s       reviews      route of VirtualService default/reviews
    "
  `);
});

test("rewrites", async () => {
  expect(await why("route-rewrite", "http://reviews:9080/v1/books")).toMatchInlineSnapshot(`
    "
    GET http://reviews:9080/v1/books

     1  ✓  Listener             127.0.0.1_9080 on 127.0.1.9:9080, for reviews
     2  ✓  Route configuration  9080
     3  ✓  Virtual host         reviews.default.svc.cluster.local:9080, exactly reviews
     4  ✓  Route                #2: every request
                                ✗ #1: path is "/v1/books", wanted a path that begins with "/old" (route-rewrite.yaml:29)
                                route-rewrite.yaml:34:7  VirtualService default/reviews  spec.http[1]
                                to reviews
                                up to 2 retries on connect-failure, refused-stream, unavailable, cancelled, retriable-status-codes
                                what matches ^/v1/(.*) in the path becomes /\\1
     5  ✓  Rewrite              upstream, the path is /books
     6  ✓  Cluster              outbound|9080||reviews.default.svc.cluster.local (EDS)
     7  ✓  Hosts                reviews: 2 of 2 hosts by LEAST_REQUEST
                                50 %  127.0.1.2:9080  reviews-0
                                50 %  127.0.1.3:9080  reviews-1

    => reviews (2 hosts)

    ODDS   OUTCOME  STATUS  FLAGS  DELAY  TIMEOUT  DESTINATION  BECAUSE
    100 %  forward  -       -      -      -        reviews      route of VirtualService default/reviews
    "
  `);
});

test("redirects", async () => {
  expect(await why("route-redirect", "http://reviews:9080/p/q?x=1")).toMatchInlineSnapshot(`
    "
    GET http://reviews:9080/p/q?x=1

     1  ✓  Listener             127.0.0.1_9080 on 127.0.1.9:9080, for reviews
     2  ✓  Route configuration  9080
     3  ✓  Virtual host         reviews.default.svc.cluster.local:9080, exactly reviews
     4  ✓  Route                #2: path begins with "/p"
                                ✗ #1: path is "/p/q", wanted exactly "/a" (route-redirect.yaml:32)
                                route-redirect.yaml:35:7  VirtualService default/reviews  spec.http[1]
     5  ✓  Redirect             301 to https://reviews:9080/q/q?x=1

    => 301 to https://reviews:9080/q/q?x=1

    ODDS   OUTCOME   STATUS  FLAGS  DELAY  TIMEOUT  DESTINATION                   BECAUSE
    100 %  redirect  301     -      -      -        https://reviews:9080/q/q?x=1  the route redirects
    "
  `);
});

test("direct responses", async () => {
  expect(await why("route-direct-response", "http://reviews:9080/")).toMatchInlineSnapshot(`
    "
    GET http://reviews:9080/

     1  ✓  Listener             127.0.0.1_9080 on 127.0.1.9:9080, for reviews
     2  ✓  Route configuration  9080
     3  ✓  Virtual host         reviews.default.svc.cluster.local:9080, exactly reviews
     4  ✓  Route                #2: every request
                                ✗ #1: path is "/", wanted exactly "/tea" (route-direct-response.yaml:32)
                                route-direct-response.yaml:40:7  VirtualService default/reviews  spec.http[1]
     5  ✓  Direct response      503 with 0 bytes of body

    => 503: the route answers by itself

    ODDS   OUTCOME  STATUS  FLAGS  DELAY  TIMEOUT  DESTINATION  BECAUSE
    100 %  reply    503     -      -      -        -            the route answers by itself
    "
  `);
});

test("mirrors", async () => {
  expect(await why("route-mirror", "http://reviews:9080/")).toMatchInlineSnapshot(`
    "
    GET http://reviews:9080/

     1  ✓  Listener             127.0.0.1_9080 on 127.0.1.9:9080, for reviews
     2  ✓  Route configuration  9080
     3  ✓  Virtual host         reviews.default.svc.cluster.local:9080, exactly reviews
     4  ✓  Route                #3: every request
                                ✗ #1: path is "/", wanted a path that begins with "/one" (route-mirror.yaml:41)
                                ✗ #2: path is "/", wanted a path that begins with "/none" (route-mirror.yaml:47)
                                route-mirror.yaml:53:7  VirtualService default/reviews  spec.http[2]
                                to reviews
                                up to 2 retries on connect-failure, refused-stream, unavailable, cancelled, retriable-status-codes
                                a copy of each goes to ratings
                                copies of 5 % go to ratings v2
     5  ✓  Cluster              outbound|9080||reviews.default.svc.cluster.local (EDS)
     6  ✓  Hosts                reviews: 2 of 2 hosts by LEAST_REQUEST
                                50 %  127.0.1.2:9080  reviews-0
                                50 %  127.0.1.3:9080  reviews-1

    => reviews (2 hosts)

    ODDS   OUTCOME  STATUS  FLAGS  DELAY  TIMEOUT  DESTINATION  BECAUSE
    100 %  forward  -       -      -      -        reviews      route of VirtualService default/reviews
    "
  `);
});

test("headers that a route sets and removes", async () => {
  expect(await why("route-headers", "http://reviews:9080/")).toMatchInlineSnapshot(`
    "
    GET http://reviews:9080/

     1  ✓  Listener             127.0.0.1_9080 on 127.0.1.9:9080, for reviews
     2  ✓  Route configuration  9080
     3  ✓  Virtual host         reviews.default.svc.cluster.local:9080, exactly reviews
     4  ✓  Route                #1: every request
                                route-headers.yaml:29:7  VirtualService default/reviews  spec.http[0]
                                to reviews
                                up to 2 retries on connect-failure, refused-stream, unavailable, cancelled, retriable-status-codes
                                the host becomes other.example.com
                                request headers set: x-a, x-b, x-c
                                request headers removed: x-d
                                response headers set: x-r, x-s
                                response headers removed: server
     5  ✓  Rewrite              upstream, the host is other.example.com
     6  ✓  Cluster              outbound|9080||reviews.default.svc.cluster.local (EDS)
     7  ✓  Hosts                reviews: 2 of 2 hosts by LEAST_REQUEST
                                50 %  127.0.1.2:9080  reviews-0
                                50 %  127.0.1.3:9080  reviews-1

    => reviews (2 hosts)

    ODDS   OUTCOME  STATUS  FLAGS  DELAY  TIMEOUT  DESTINATION  BECAUSE
    100 %  forward  -       -      -      -        reviews      route of VirtualService default/reviews
    "
  `);
});

test("hash policies, of load balancers that only Envoy has", async () => {
  expect(await why("route-hash-policy", "http://reviews:9080/")).toMatchInlineSnapshot(`
    "
    GET http://reviews:9080/

     1  ✓  Listener             127.0.0.1_9080 on 127.0.1.9:9080, for reviews
     2  ✓  Route configuration  9080
     3  ✓  Virtual host         reviews.default.svc.cluster.local:9080, exactly reviews
     4  ✓  Route                #2: every request
                                ✗ #1: path is "/", wanted a path that begins with "/v2" (route-hash-policy.yaml:45)
                                route-hash-policy.yaml:49:7  VirtualService default/reviews  spec.http[1]
                                to reviews
                                up to 2 retries on connect-failure, refused-stream, unavailable, cancelled, retriable-status-codes
                                hashed by header x-user
     5  ✓  Cluster              outbound|9080||reviews.default.svc.cluster.local (EDS)
                                route-hash-policy.yaml:28:3  DestinationRule default/reviews  spec.trafficPolicy
     6  ✓  Hosts                reviews: 2 of 2 hosts by RING_HASH, the same one for the same hash
                                50 %  127.0.1.2:9080  reviews-0
                                50 %  127.0.1.3:9080  reviews-1

    => reviews (2 hosts)

    ODDS   OUTCOME  STATUS  FLAGS  DELAY  TIMEOUT  DESTINATION  BECAUSE
    100 %  forward  -       -      -      -        reviews      route of VirtualService default/reviews
    "
  `);
});

test("limits of connection pools and ejection", async () => {
  expect(await why("circuit-breaker", "http://reviews:9080/")).toMatchInlineSnapshot(`
    "
    GET http://reviews:9080/

     1  ✓  Listener             127.0.0.1_9080 on 127.0.1.9:9080, for reviews
     2  ✓  Route configuration  9080
     3  ✓  Virtual host         reviews.default.svc.cluster.local:9080, exactly reviews
     4  ✓  Route                #1 default: every request
                                to reviews
                                up to 2 retries on connect-failure, refused-stream, unavailable, cancelled, retriable-status-codes
     5  ✓  Cluster              outbound|9080||reviews.default.svc.cluster.local (EDS)
                                circuit-breaker.yaml:28:3  DestinationRule default/reviews  spec.trafficPolicy
                                limits: at most 100 connections, 10 pending requests, 4 retries at a time
                                5 requests a connection
     6  ✓  Hosts                reviews: 2 of 2 hosts by LEAST_REQUEST
                                50 %  127.0.1.2:9080  reviews-0
                                50 %  127.0.1.3:9080  reviews-1

    => reviews (2 hosts)

    ODDS   OUTCOME  STATUS  FLAGS  DELAY  TIMEOUT  DESTINATION  BECAUSE
    100 %  forward  -       -      -      -        reviews      forwarded
    "
  `);
  expect(await why("outlier-detection", "http://reviews:9080/")).toMatchInlineSnapshot(`
    "
    GET http://reviews:9080/

     1  ✓  Listener             127.0.0.1_9080 on 127.0.1.9:9080, for reviews
     2  ✓  Route configuration  9080
     3  ✓  Virtual host         reviews.default.svc.cluster.local:9080, exactly reviews
     4  ✓  Route                #1 default: every request
                                to reviews
                                up to 2 retries on connect-failure, refused-stream, unavailable, cancelled, retriable-status-codes
     5  ✓  Cluster              outbound|9080||reviews.default.svc.cluster.local (EDS)
                                outlier-detection.yaml:28:3  DestinationRule default/reviews  spec.trafficPolicy
                                ejects a host after 3 5xx in a row, for 20s and longer, at most 50 %
     6  ✓  Hosts                reviews: 2 of 2 hosts by LEAST_REQUEST
                                50 %  127.0.1.2:9080  reviews-0
                                50 %  127.0.1.3:9080  reviews-1

    => reviews (2 hosts)

    ODDS   OUTCOME  STATUS  FLAGS  DELAY  TIMEOUT  DESTINATION  BECAUSE
    100 %  forward  -       -      -      -        reviews      forwarded
    "
  `);
});

test("a gateway, by the host that is asked for", async () => {
  const shop = { host: "books.example.com" };
  expect(await why("gateway-http", "http://127.0.0.1:8080/", shop)).toMatchInlineSnapshot(`
    "
    GET http://127.0.0.1:8080/

     1  ✓  Listener             0.0.0.0_8080 on 127.0.0.1:8080
     2  ✓  Route configuration  http.8080
     3  ✓  Virtual host         books.example.com:8080, exactly books.example.com
     4  ✓  Route                #2: every request
                                ✗ #1: path is "/", wanted a path that begins with "/ratings" (gateway-http.yaml:83)
                                gateway-http.yaml:73:7  VirtualService default/books  spec.http[0]
                                to reviews
                                up to 2 retries on connect-failure, refused-stream, unavailable, cancelled, retriable-status-codes
     5  ✓  Cluster              outbound|9080||reviews.default.svc.cluster.local (EDS)
     6  ✓  Hosts                reviews: 2 of 2 hosts by LEAST_REQUEST
                                50 %  127.0.1.2:9080  reviews-0
                                50 %  127.0.1.3:9080  reviews-1

    => reviews (2 hosts)

    ODDS   OUTCOME  STATUS  FLAGS  DELAY  TIMEOUT  DESTINATION  BECAUSE
    100 %  forward  -       -      -      -        reviews      route of VirtualService default/books
    "
  `);
});

test("a service by its virtual address, without a sidecar", async () => {
  expect(await why("host-sidecar", "http://a:80/")).toMatchInlineSnapshot(`
    "
    GET http://a:80/

     1  ✓  Listener             127.240.0.5_80 on 127.240.0.5:80, for a
     2  ✓  Route configuration  a.default.svc.cluster.local:80
     3  ✓  Virtual host         a.default.svc.cluster.local:80, by *
     4  ✓  Route                #1 default: every request
                                to a
                                up to 2 retries on connect-failure, refused-stream, unavailable, cancelled, retriable-status-codes
     5  ✓  Cluster              outbound|80||a.default.svc.cluster.local (EDS)
     6  ✓  Hosts                a: 1 of 1 host by LEAST_REQUEST
                                100 %  127.0.1.5:80  a-0

    => a (1 host)

    ODDS   OUTCOME  STATUS  FLAGS  DELAY  TIMEOUT  DESTINATION  BECAUSE
    100 %  forward  -       -      -      -        a            forwarded
    "
  `);
  expect(await why("host-sidecar", "http://127.240.0.5:81/")).toMatchInlineSnapshot(`
    "
    GET http://127.240.0.5:81/

     1  ✓  Listener   127.240.0.5_81 on 127.240.0.5:81
     2  ✓  TCP proxy  the connection is passed on as bytes: nothing of the request is looked at
     3  ✓  Cluster    outbound|81||a.default.svc.cluster.local (EDS)
     4  ✓  Hosts      a: 1 of 1 host by LEAST_REQUEST
                      100 %  127.0.1.5:81  a-0

    => a (1 host)

    ODDS   OUTCOME  STATUS  FLAGS  DELAY  TIMEOUT  DESTINATION  BECAUSE
    100 %  tunnel   -       -      -      -        a            TCP proxy
    "
  `);
});

test("a host that does not exist: which one was perhaps meant", async () => {
  expect(await why("http-proxy", "http://a:8/")).toMatchInlineSnapshot(`
    "
    GET http://a:8/

     1  ✓  Listener             127.0.0.1_15001 on 127.0.1.9:15001, as HTTP proxy
     2  ✓  Route configuration  http_proxy
     3  !  Virtual host         no virtual host for "a:8": allow_any takes it, by *
                                did you mean a:80?
     4  ✓  Route                #1 allow_any: every request
                                to PassthroughCluster
     5  ✓  Cluster              PassthroughCluster (ORIGINAL_DST)
     6  ✗  Hosts                PassthroughCluster has no hosts
                                it sends to the address that the client connected to, which this listener does not know

    => 503 UH: no virtual host for "a:8": allow_any takes it, by *; did you mean a:80?

    ODDS   OUTCOME  STATUS  FLAGS  DELAY  TIMEOUT  DESTINATION         BECAUSE
    100 %  reply    503     UH     -      -        PassthroughCluster  no healthy host in PassthroughCluster
    "
  `);
  expect(await why("host-sidecar", "http://ab:80/")).toMatchInlineSnapshot(`
    "
    GET http://ab:80/

     1  ✗  Listener  no listener of this proxy is for "ab:80"; did you mean a:80?

    => connection refused or closed: no listener of this proxy is for "ab:80"; did you mean a:80?

    ODDS   OUTCOME  STATUS  FLAGS  DELAY  TIMEOUT  DESTINATION  BECAUSE
    100 %  reset    -       -      -      -        -            no listener of this proxy is for "ab:80"; did you mean a:80?
    "
  `);
});

/** Listener and verdict. */
async function short(name: string, url: string): Promise<string> {
  const lines = (await why(name, url)).split("\n");
  const listener = lines.find((line) => / {2}Listener /.test(line))?.replace(/^.*Listener +/, "");
  return `${listener} ${lines.find((line) => line.startsWith("=>"))}`;
}

// biome-ignore format: a table
test.each([
  ["listeners-redirect", "http://a:80/", "0.0.0.0_80 on 0.0.0.0:80, for a => a (1 host)"],
  ["listeners-redirect", "http://10.9.9.9:80/", "0.0.0.0_80 on 0.0.0.0:80, for any address => PassthroughCluster (1 host)"],
  ["listeners-redirect", "http://b:81/", "10.0.0.7_81 on 10.0.0.7:81, for b => b (1 host)"],
  ["listeners-redirect", "http://10.0.0.7:81/", "10.0.0.7_81 on 10.0.0.7:81 => b (1 host)"],
  ["listeners-redirect", "http://10.9.9.9:4000/", "virtualOutbound on 127.0.1.9:15001, which intercepts what no other is for => PassthroughCluster (1 host)"],
  ["listeners-none", "http://a:82/", "127.0.0.1_82 on 127.0.1.9:82, for a => a (1 host)"],
  ["tcp-route", "http://a:81/", "127.0.0.1_81 on 127.0.1.9:81, for a => 70 % b (1 host), 30 % a (1 host)"],
  ["tls-route", "https://a.example.com:443/", "0.0.0.0_443 on 0.0.0.0:443, for a.example.com => PassthroughCluster (1 host)"],
  ["gateway-https", "https://books.example.com:8443/", "0.0.0.0_8443 on 127.0.0.1:8443, for books.example.com => reviews (2 hosts)"],
  ["gateway-https", "http://books.example.com:8080/", "0.0.0.0_8080 on 127.0.0.1:8080, for books.example.com => 301 to https://books.example.com:8080/"],
  ["inbound-workload-ports", "http://127.0.1.9:15006/", "0.0.0.0_15006 on 127.0.1.9:15006 => the program on port 20001 (1 host)"],
  ["gateway-http", "http://127.0.0.1:80/", "nothing listens on 127.0.0.1:80; did you mean 127.0.0.1:8080? => connection refused or closed: nothing listens on 127.0.0.1:80; did you mean 127.0.0.1:8080?"],
])("%s: %s comes in by %s", async (name, url, wanted) => {
  expect(await short(name, url)).toBe(wanted);
});
