// A random request to a random mesh, by one of the doors of its proxy.
import type { ExplainedRequest } from "#explain/explain.ts";
import type { Dice } from "./dice.ts";
import type { Places, RandomMesh } from "./random-mesh.ts";
import { HEADERS, METHODS, PATHS } from "./random-routes.ts";

const UNKNOWN = { host: "unknown.example", port: 80 };

export function randomRequest(dice: Dice, mesh: RandomMesh, places: Places): ExplainedRequest {
  const { host, port } = dice.chance(0.97) ? dice.pick(mesh.hosts) : UNKNOWN;
  const entrance = entranceOf(
    dice,
    mesh,
    places,
    dice.chance(0.93) ? port : places.servicePorts[0],
  );
  const headers = dice.some(HEADERS, 0.25);
  // An HTTP proxy serves all ports: the right one is in the URL.
  const hasPort = dice.chance(entrance.kind === "httpProxy" ? 0.93 : 0.4);
  return {
    method: dice.pick(METHODS),
    scheme: "http",
    authority: hasPort ? `${host}:${port}` : host,
    path: dice.pick(PATHS),
    // One value a name: what lists of values match is held elsewhere.
    headers: [...new Map(headers)],
    entrance,
  };
}

function entranceOf(
  dice: Dice,
  mesh: RandomMesh,
  places: Places,
  port: number,
): ExplainedRequest["entrance"] {
  if (mesh.isGateway) return { kind: "address", host: places.proxyHost, port: places.gatewayPort };
  if (dice.chance(0.5)) return { kind: "httpProxy" };
  return { kind: "address", host: places.proxyHost, port };
}
