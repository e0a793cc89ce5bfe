import { expect, test } from "bun:test";
import { Glob } from "bun";
import { OutputBuffer } from "../output-buffer.ts";
import { encodeRequestHead, encodeResponseHead } from "./encoder.ts";
import { removeHopByHop } from "./hop-by-hop.ts";
import type { RequestHead } from "./request-head.ts";
import { ResponseHead } from "./response-head.ts";
import { type Case, escape, parseCases } from "./testing/case-document.ts";
import { bytesOf, createDecoder, feed, inPieces, type Scene, splitAt } from "./testing/feed.ts";
import { LogSink } from "./testing/log.ts";

// Every case of the documents in testdata/, fed in every way. GOLDEN=write rewrites the logs; the diff is the review.

const FOLDER = new URL("testdata/", import.meta.url).pathname;
const documents = [...new Glob("*.md").scanSync(FOLDER)].sort();

function sceneOf(words: ReadonlySet<string>): Scene {
  const limits = words.has("http10") ? { acceptHttp10: true } : {};
  if (!words.has("response")) return { role: "request", limits };
  const method = [...words].find((word) => /^[A-Z]+$/.test(word)) ?? "GET";
  return { role: "response", limits, method, upgrade: words.has("upgrade") };
}

/** What goes out when the decoded head is forwarded with the framing it came with. */
function forwarded(scene: Scene, bytes: Uint8Array): string {
  const out = new OutputBuffer();
  const sink = new (class extends LogSink {
    override onHead(head: RequestHead | ResponseHead): void {
      removeHopByHop(head);
      if (head instanceof ResponseHead) encodeResponseHead(out, head, head.framing);
      else encodeRequestHead(out, head, head.framing);
    }
  })();
  createDecoder(scene, sink).receive(bytes.slice(), 0, bytes.length);
  return out.text();
}

function check(one: Case): void {
  const { bytes, log } = one;
  const scene = sceneOf(one.words);
  const fin = one.words.has("fin");
  const whole = feed(scene, [bytes], fin);
  expect(whole.log).toBe(log);
  expect(feed(scene, inPieces(bytes, 1), fin).log).toBe(log);
  // Every offset of a long head would take long and say little: the first, the last, and some between.
  const step = bytes.length > 2000 ? 997 : 1;
  for (let offset = 1; offset < bytes.length; offset += step) {
    expect(feed(scene, splitAt(bytes, offset), fin).log).toBe(log);
  }
  if (one.sent !== undefined) expect(escape(forwarded(scene, bytes))).toBe(one.sent);
  const takesAll = / (tunnel|untilClose)( |$)/m.test(log);
  if (takesAll || fin || !/^(end|error)/m.test(log)) return;
  const trailing = feed(scene, [bytesOf(`${Buffer.from(bytes).toString("latin1")}\0\xffGET`)]);
  expect(trailing.log).toBe(log);
  if (log.endsWith("end")) expect(trailing.consumed).toBe(whole.consumed);
}

async function rewrite(path: string, cases: readonly Case[]): Promise<void> {
  let text = await Bun.file(path).text();
  for (const one of cases) {
    const scene = sceneOf(one.words);
    const { log } = feed(scene, [one.bytes], one.words.has("fin"));
    const at = text.indexOf(`# ${one.title}\n`);
    let section = text
      .slice(at)
      .replace(/^```log\n[\s\S]*?^```$/m, () => `\`\`\`log\n${log}\n\`\`\``);
    if (one.sent !== undefined) {
      const sent = escape(forwarded(scene, one.bytes));
      section = section.replace(/^```sent\n[\s\S]*?^```$/m, () => `\`\`\`sent\n${sent}\`\`\``);
    }
    text = text.slice(0, at) + section;
  }
  await Bun.write(path, text);
}

test("there are case documents", () => {
  expect(documents.length).toBeGreaterThan(0);
});

for (const document of documents) {
  const path = `${FOLDER}${document}`;
  const cases = parseCases(await Bun.file(path).text());
  if (Bun.env["GOLDEN"] === "write") await rewrite(path, cases);
  for (const one of parseCases(await Bun.file(path).text())) {
    test(`${document}: ${one.title}`, () => check(one));
  }
}
