// The pilot's pages that a walk needs, asked for once.
import type {
  DescribedObject,
  DescribedProblem,
  DescribedService,
} from "#pilot/api/debug-pages.ts";
import type { ProxyReport } from "#pilot/push/status.ts";
import type { PilotClient } from "../client/pilot-client.ts";

export interface PilotPages {
  readonly proxies: readonly ProxyReport[];
  readonly services: readonly DescribedService[];
  readonly problems: readonly DescribedProblem[];
  readonly objects: readonly DescribedObject[];
}

export type LoadedPages =
  | { readonly kind: "loaded"; readonly pages: PilotPages }
  | { readonly kind: "failed"; readonly message: string };

export async function loadPages(pilot: PilotClient): Promise<LoadedPages> {
  const [proxies, services, problems, objects] = await Promise.all([
    pilot.get<readonly ProxyReport[]>("/debug/syncz"),
    pilot.get<readonly DescribedService[]>("/debug/registryz"),
    pilot.get<readonly DescribedProblem[]>("/debug/problemz"),
    pilot.get<readonly DescribedObject[]>("/debug/configz"),
  ]);
  for (const answer of [proxies, services, problems, objects]) {
    if (answer.kind !== "answered" || Array.isArray(answer.value)) continue;
    return { kind: "failed", message: "Something answers at the pilot's address that is no pilot" };
  }
  if (proxies.kind !== "answered") return { kind: "failed", message: proxies.message };
  if (services.kind !== "answered") return { kind: "failed", message: services.message };
  if (problems.kind !== "answered") return { kind: "failed", message: problems.message };
  if (objects.kind !== "answered") return { kind: "failed", message: objects.message };
  const pages = {
    proxies: proxies.value,
    services: services.value,
    problems: problems.value,
    objects: objects.value,
  };
  return { kind: "loaded", pages };
}
