// Side-by-side measurements against the peers. Run: npm run bench -- proxy [--seconds 5] [--connections 64] [--rounds 3] [-o json]
import { parseArgs } from "node:util";
import { benchProxy } from "./proxy.ts";

const { positionals, values } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "5" },
    connections: { type: "string", default: "64" },
    rounds: { type: "string", default: "3" },
    only: { type: "string", default: "" },
    output: { type: "string", short: "o", default: "table" },
  },
});

if (positionals[0] !== "proxy") {
  console.error(
    "Usage: npm run bench -- proxy [--seconds N] [--connections N] [--rounds N] [--only a,b] [-o json]",
  );
  process.exit(64);
}
await benchProxy({
  seconds: Number(values.seconds),
  connections: Number(values.connections),
  rounds: Number(values.rounds),
  only: values.only === "" ? [] : values.only.split(","),
  output: values.output === "json" ? "json" : "table",
});
