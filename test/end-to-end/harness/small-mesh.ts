// Meshes of a program or two, in folders of their own, for tests that care about the start and the end more than about the traffic.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./mesh-process.ts";

/** Answers on its port with its name; the stubborn one does not want to end. */
const SERVER = `
const name = process.argv[2];
Bun.serve({ hostname: process.env.HOST, port: process.env.PORT, fetch: () => new Response(name) });
if (name === "stubborn") process.on("SIGTERM", () => {});
`;

export interface GroupOptions {
  readonly run?: string;
  readonly replicas?: string;
}

export function group(name: string, options: GroupOptions = {}): string {
  const { run = `bun server.ts ${name}`, replicas = "1" } = options;
  return `apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata:
  name: ${name}
  annotations:
    sampan.dev/run: ${JSON.stringify(run)}
    sampan.dev/replicas: ${JSON.stringify(replicas)}
spec:
  metadata: { labels: { app: ${name} } }
  template: { ports: { http: 9080 } }
`;
}

export const SERVICE: string = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: shop }
spec:
  hosts: [shop.default.svc.cluster.local]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 9080, name: http, protocol: HTTP }]
  workloadSelector: { labels: { app: shop } }
`;

export const gatewayOn = (port: number): string => `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: door }
spec:
  selector: { istio: ingressgateway }
  servers:
    - port: { number: ${port}, name: http, protocol: HTTP }
      hosts: ["*"]
`;

export const routeWith = (timeout: string): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: shop }
spec:
  hosts: [shop.default.svc.cluster.local]
  http:
    - timeout: ${timeout}
      route: [{ destination: { host: shop.default.svc.cluster.local } }]
`;

export const MESH: Readonly<Record<string, string>> = {
  "service.yaml": SERVICE,
  "shop.yaml": group("shop"),
};

/** A folder that holds the server and these files. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "server.ts"), SERVER);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}
