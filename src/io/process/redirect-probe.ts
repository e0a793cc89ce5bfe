// A program of its own: listens on a port of loopback, connects to an address where nobody listens, and ends with 0 when the kernel
// brings the one to the other. Arguments: host and port to connect to, port to listen on.
const [host = "", port = "", listenPort = ""] = process.argv.slice(2);

/** Redirection takes microseconds. */
const LIMIT_MS = 3_000;

function end(status: number, words: string): never {
  process.stdout.write(`${words}\n`);
  process.exit(status);
}

Bun.listen({
  hostname: "127.0.0.1",
  port: Number(listenPort),
  socket: {
    open: () => end(0, "redirected"),
    data() {},
  },
});
Bun.connect({
  hostname: host,
  port: Number(port),
  socket: {
    data() {},
    connectError: (_socket, error) => end(1, `cannot connect: ${error.message}`),
  },
}).catch((error: unknown) => end(1, error instanceof Error ? error.message : String(error)));
setTimeout(() => end(1, "nothing arrived"), LIMIT_MS);
