// One data plane under a foreign control plane: a stock Envoy, or ours, started with the same bootstrap file.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { get, type Target } from "../../end-to-end/harness/connection.ts";
import { until } from "../../support/envoy.ts";

export interface ProxyOptions {
  /** The program before its flags: `envoy`, or `sampan proxy`. */
  readonly command: readonly string[];
  readonly node: JsonObject;
  readonly apiType: "GRPC" | "DELTA_GRPC";
  readonly xds: Target;
  readonly admin: Target;
}

const address = ({ host, port }: Target): JsonObject => ({
  address: { socket_address: { address: host, port_value: port } },
});

function bootstrap({ node, apiType, xds, admin }: ProxyOptions): JsonObject {
  const overAds = { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "0s" };
  const protocol = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  return {
    node,
    admin: address(admin),
    dynamic_resources: {
      ads_config: {
        api_type: apiType,
        transport_api_version: "V3",
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: "xds-grpc" } }],
      },
      cds_config: overAds,
      lds_config: overAds,
    },
    static_resources: {
      clusters: [
        {
          name: "xds-grpc",
          type: "STATIC",
          connect_timeout: "1s",
          typed_extension_protocol_options: {
            [protocol]: {
              "@type": `type.googleapis.com/${protocol}`,
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: "xds-grpc",
            endpoints: [{ lb_endpoints: [{ endpoint: address(xds) }] }],
          },
        },
      ],
    },
  };
}

export class ProxyProcess {
  readonly #child: Bun.Subprocess;
  readonly #folder: string;
  readonly #admin: Target;

  private constructor(child: Bun.Subprocess, folder: string, admin: Target) {
    this.#child = child;
    this.#folder = folder;
    this.#admin = admin;
  }

  /** Returns when it is ready; throws with what it printed when that does not come. */
  static async start(options: ProxyOptions): Promise<ProxyProcess> {
    const folder = mkdtempSync(join(tmpdir(), "sampan-istio-drives-"));
    const file = join(folder, "bootstrap.json");
    writeFileSync(file, JSON.stringify(bootstrap(options)));
    const log = Bun.file(join(folder, "log"));
    const flags = ["-c", file, "--concurrency", "1", "-l", "warning"];
    const child = Bun.spawn([...options.command, ...flags], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: log,
    });
    const proxy = new ProxyProcess(child, folder, options.admin);
    try {
      await until(async () => child.exitCode !== null || (await proxy.#isReady()), 15_000);
      if (child.exitCode === null) return proxy;
    } catch {
      // Told below.
    }
    const said = readFileSync(join(folder, "log"), "utf8");
    await proxy.stop();
    throw new Error(`${options.command.join(" ")} did not become ready:\n${said.slice(-4_000)}`);
  }

  /** An admin page. */
  async page(path: string): Promise<string> {
    return (await get(this.#admin, path)).body;
  }

  /** Lines of /stats that match. */
  async stats(pattern: RegExp): Promise<readonly string[]> {
    const body = await this.page("/stats");
    return body.split("\n").filter((line) => pattern.test(line));
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await get(this.#admin, "/ready")).status === 200;
    } catch {
      return false;
    }
  }
}
