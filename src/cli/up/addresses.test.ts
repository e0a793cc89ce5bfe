// The addresses and ports of the instances of a mesh: none twice, and none that somebody else on the machine has.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { ADMIN_PORT, AddressBook } from "./addresses.ts";

test("instances get addresses one after another, and ports that nobody else has", () => {
  const book = new AddressBook(() => true);
  expect(book.take(["http"])).toEqual({ host: "127.0.1.2", ports: { http: 20_000 } });
  expect(book.take(["grpc", "http"])).toEqual({
    host: "127.0.1.3",
    ports: { grpc: 20_001, http: 20_002 },
  });
});

test("a port that a program of somebody else holds is passed over", () => {
  const book = new AddressBook((_host, port) => port !== 20_000);
  expect(book.take(["http"])?.ports).toEqual({ http: 20_001 });
});

test("an address where another mesh has a sidecar is passed over", () => {
  const isOther = (host: string): boolean => host === "127.0.1.2" || host === "127.0.1.3";
  const book = new AddressBook((host, port) => !(port === ADMIN_PORT && isOther(host)));
  expect(book.take(["http"])?.host).toBe("127.0.1.4");
  expect(book.take([])?.host).toBe("127.0.1.5");
});

test("no port left is said by undefined, and takes no address with it", () => {
  let isFree = false;
  const book = new AddressBook(() => isFree);
  for (let tries = 0; tries < 20_000; tries += 5_000) expect(book.take(["http"])).toBeUndefined();
  isFree = true;
  expect(book.take(["http"])?.ports).toEqual({ http: 20_000 });
});

test("a port that was handed out is not handed out again, although nobody listens yet", () => {
  const book = new AddressBook(() => true);
  const ports = new Set<number>();
  for (let i = 0; i < 10_000; i += 1)
    for (const port of Object.values(book.take(["http"])?.ports ?? {})) ports.add(port);
  expect(ports.size).toBe(10_000);
  expect(book.take(["http"])).toBeUndefined();
});

test("no two instances that run have the same address, whatever comes and goes", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 600 }), (moves) => {
      const book = new AddressBook(() => true);
      const running: { host: string; ports: Readonly<Record<string, number>> }[] = [];
      for (const comes of moves) {
        const address = comes ? book.take(["http"]) : undefined;
        if (address !== undefined) running.push(address);
        else if (!comes && running.length > 0)
          book.give(running.shift() ?? { host: "", ports: {} });
        expect(new Set(running.map(({ host }) => host)).size).toBe(running.length);
        for (const { host } of running) expect(host).toMatch(/^127\.0\.\d{1,2}\.\d{1,3}$/);
      }
    }),
  );
});

test("an address that was given back is not the next one taken", () => {
  const book = new AddressBook(() => true);
  const first = book.take([]);
  if (first !== undefined) book.give(first);
  expect(book.take([])?.host).toBe("127.0.1.3");
});
