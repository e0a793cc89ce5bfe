// Istio's real xDS server as a child process over a folder of YAML, and what it sends to one node.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import type { Node } from "#api/envoy/config/core/v3/base_pb.ts";
import {
  DiscoveryRequestSchema,
  type DiscoveryResponse,
} from "#api/envoy/service/discovery/v3/discovery_pb.ts";
import { createXdsTransport } from "#io/grpc/xds-transport.ts";
import type { XdsStream, XdsTransport } from "#xds/transport.ts";
import { until } from "./envoy.ts";

export class IstioPeer {
  readonly port: number;
  readonly #process: Bun.Subprocess;
  readonly #folder: string;

  private constructor(port: number, process: Bun.Subprocess, folder: string) {
    this.port = port;
    this.#process = process;
    this.#folder = folder;
  }

  /** Throws when it does not come up, with what it said. */
  static async start(path: string, yaml: string): Promise<IstioPeer> {
    const folder = mkdtempSync(join(tmpdir(), "sampan-istio-"));
    writeFileSync(join(folder, "mesh.yaml"), yaml);
    const port = freePort();
    // A file, not a pipe: it logs for as long as it lives, and nobody reads that.
    const log = join(folder, "log");
    const child = Bun.spawn([path, "-config", folder, "-grpc", `127.0.0.1:${port}`], {
      stdout: Bun.file(log),
      stderr: "ignore",
      stdin: "ignore",
    });
    const said = (): string => (existsSync(log) ? readFileSync(log, "utf8") : "");
    try {
      await until(() => /^ready$/m.test(said()) || child.exitCode !== null, 30_000);
      if (child.exitCode === null) return new IstioPeer(port, child, folder);
    } catch {
      child.kill("SIGKILL");
    }
    throw new Error(`istio-peer did not start:\n${said().slice(0, 2000)}`);
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

/** An aggregated stream, asked one type after the other. */
export class AdsAsker {
  readonly #transport: XdsTransport;
  readonly #stream: XdsStream;
  readonly #node: Node;
  #waiting: ((response: DiscoveryResponse) => void) | undefined;
  #wantedType = "";

  constructor(port: number, node: Node) {
    this.#node = node;
    this.#transport = createXdsTransport({ servers: [{ host: "127.0.0.1", port }] });
    this.#stream = this.#transport.open("sotw", {
      onOpen() {},
      onResponse: (response) => {
        if (response.$typeName !== "envoy.service.discovery.v3.DiscoveryResponse") return;
        if (response.typeUrl === this.#wantedType) this.#waiting?.(response);
      },
      onClosed() {},
    });
  }

  /** Every resource of the type, or those named. */
  async ask<D extends DescMessage>(
    schema: D,
    typeUrl: string,
    names: readonly string[] = [],
  ): Promise<MessageShape<D>[]> {
    const answer = new Promise<DiscoveryResponse>((resolve) => {
      this.#waiting = resolve;
    });
    this.#wantedType = typeUrl;
    this.#stream.send(
      create(DiscoveryRequestSchema, { node: this.#node, typeUrl, resourceNames: [...names] }),
    );
    const response = await answer;
    return response.resources.map((any) => fromBinary(schema, any.value));
  }

  close(): void {
    this.#stream.close();
    this.#transport.close();
  }
}
