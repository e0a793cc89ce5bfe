// Who holds a port, asked of the kernel while real processes listen.
import { expect, test } from "bun:test";
import { findPortHolder } from "./port-holder.ts";

const CHILD = `
  const listener = Bun.listen({ hostname: process.argv[1], port: 0, socket: { data() {} } });
  console.log(listener.port);
`;

test.each([
  ["the address itself", "127.77.50.1"],
  ["every address", "0.0.0.0"],
])("the process that listens on %s is named", async (_where, host) => {
  const child = Bun.spawn([process.execPath, "-e", CHILD, host], { stdout: "pipe" });
  const { value } = await child.stdout.getReader().read();
  const port = Number(new TextDecoder().decode(value));
  const holder = findPortHolder("127.77.50.1", port);
  expect(holder?.pid).toBe(child.pid);
  expect(holder?.command).toContain("Bun.listen");
  child.kill();
  await child.exited;
  expect(findPortHolder("127.77.50.1", port)).toBeUndefined();
});

test("every address is in the way of one that is held", () => {
  const listener = Bun.listen({ hostname: "127.77.50.4", port: 0, socket: { data() {} } });
  expect(findPortHolder("0.0.0.0", listener.port)?.pid).toBe(process.pid);
  expect(findPortHolder("::", listener.port)?.pid).toBe(process.pid);
  listener.stop(true);
});

test("a port of another address is not meant", async () => {
  const listener = Bun.listen({ hostname: "127.77.50.2", port: 0, socket: { data() {} } });
  expect(findPortHolder("127.77.50.3", listener.port)).toBeUndefined();
  listener.stop(true);
});
