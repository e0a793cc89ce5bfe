// Large bodies past slow readers: every byte arrives, and what the proxy holds meanwhile stays small.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { findPeer, mustSkip } from "../support/peers.ts";
import { ANY, catchAll, cluster, httpListener, route, to } from "./harness/config.ts";
import { type Pair, type Side, sidesOf, startPair, stopPair } from "./harness/sides.ts";

const MIB = 1 << 20;
const BODY_BYTES = 100 * MIB;
/** While the slow end does not read: what the proxy holds for it. */
const MAX_HELD_BYTES = 40 * MIB;
/** After all of it went through: buffers that the garbage collector has not come to yet, too. */
const MAX_GROWTH_BYTES = 96 * MIB;
/** How long the slow end does not read at all: what is to pile up has piled up by then. */
const PAUSE_MS = 700;

const BLOCK: Buffer = Buffer.alloc(256 * 1024, "0123456789abcdef");

const residentBytes = (side: Side): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${side.pid}/status`, "utf8"))?.[1]) * 1024;

const connected = (side: Side): Promise<Socket> =>
  new Promise((resolve) => {
    const socket = connect({ host: side.place.ip, port: side.place.port("in") }, () =>
      resolve(socket),
    );
  });

/** Writes `count` bytes of the pattern as fast as the peer takes them. */
async function pour(socket: Socket, count: number): Promise<void> {
  for (let sent = 0; sent < count && !socket.destroyed; ) {
    const block = BLOCK.subarray(0, Math.min(BLOCK.length, count - sent));
    sent += block.length;
    if (!socket.write(block)) await new Promise((resolve) => socket.once("drain", resolve));
  }
}

/** Reads a head, then `count` bytes of the pattern; stops reading for a while after the first of them. */
function drink(socket: Socket, count: number, onPause: () => void): Promise<number> {
  return new Promise((resolve, reject) => {
    let isBody = false;
    let hasPaused = false;
    let got = 0;
    const take = (bytes: Buffer): void => {
      for (let i = 0; i < bytes.length; i += 4099) {
        if (bytes[i] !== BLOCK[(got + i) % 16]) reject(new Error(`wrong byte at ${got + i}`));
      }
      got += bytes.length;
      if (got >= count) resolve(got);
      if (hasPaused) return;
      hasPaused = true;
      socket.pause();
      setTimeout(() => {
        onPause();
        socket.resume();
      }, PAUSE_MS);
    };
    let head = Buffer.alloc(0);
    socket.on("data", (bytes: Buffer) => {
      if (isBody) return take(bytes);
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      isBody = true;
      if (head.length > end + 4) take(head.subarray(end + 4));
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(got));
  });
}

/** An origin that sends, or slowly takes, a large body. */
function largeOrigin(host: string, port: number, onPause: () => void): Server {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (first: Buffer) => {
      if (first.toString("latin1", 0, 4) === "GET ") {
        socket.write(
          `HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${BODY_BYTES}\r\n\r\n`,
        );
        void pour(socket, BODY_BYTES).then(() => socket.end());
        return;
      }
      void drink(socket, BODY_BYTES, onPause).then((got) =>
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${String(got).length}\r\n\r\n${got}`),
      );
      socket.emit("data", first);
    });
  });
  return server.listen(port, host);
}

let pair: Pair;
let pausedBytes = 0;
const servers: Server[] = [];

describe.skipIf(mustSkip(findPeer("envoy")))("streaming, Envoy and ours", () => {
  beforeAll(async () => {
    pair = await startPair({
      origins: [],
      ports: ["in", "a"],
      resources: (place) => ({
        listeners: [
          httpListener(place, "in", {
            virtualHosts: [catchAll([route(ANY, to("a", { timeout: "0s" }))])],
          }),
        ],
        clusters: [cluster(place, "a", ["a"])],
      }),
    });
    for (const side of sidesOf(pair)) {
      servers.push(
        largeOrigin(side.place.ip, side.place.port("a"), () => {
          pausedBytes = residentBytes(side);
        }),
      );
    }
  }, 20_000);
  afterAll(async () => {
    for (const server of servers) server.close();
    await stopPair(pair);
  });

  const boundedOnOurs = (side: Side, before: number): void => {
    if (!side.isOurs) return;
    expect(pausedBytes - before).toBeLessThan(MAX_HELD_BYTES);
    expect(residentBytes(side) - before).toBeLessThan(MAX_GROWTH_BYTES);
  };

  test("100 MB down to a slow reader", async () => {
    for (const side of sidesOf(pair)) {
      const before = residentBytes(side);
      const socket = await connected(side);
      socket.write("GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
      const got = await drink(socket, BODY_BYTES, () => {
        pausedBytes = residentBytes(side);
      });
      socket.destroy();
      expect(got).toBe(BODY_BYTES);
      boundedOnOurs(side, before);
    }
  }, 30_000);

  test("100 MB up to a slow origin", async () => {
    for (const side of sidesOf(pair)) {
      const before = residentBytes(side);
      const socket = await connected(side);
      const answer = new Promise<string>((resolve) => {
        let text = "";
        socket.on("data", (bytes: Buffer) => {
          text += bytes.toString("latin1");
          if (text.endsWith(`\r\n\r\n${BODY_BYTES}`)) resolve(text);
        });
        socket.on("close", () => resolve(text));
      });
      socket.write(`POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`);
      await pour(socket, BODY_BYTES);
      const text = await answer;
      socket.destroy();
      expect(text.slice(0, 15)).toBe("HTTP/1.1 200 OK");
      expect(text.endsWith(`\r\n\r\n${BODY_BYTES}`)).toBe(true);
      boundedOnOurs(side, before);
    }
  }, 30_000);
});
