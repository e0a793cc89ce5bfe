// An xDS server as a process of its own, for tests that kill it: prints its port, serves one empty world.

import { world } from "#xds/testing/little-world.ts";
import { AdsServer } from "./ads-server.ts";

const server = await AdsServer.start(world(), Number(process.argv[2] ?? 0));
console.log(String(server.address.port));
