// Phase wait: until everything that was started serves; alone, until a mesh that runs elsewhere does.
import { formatDuration } from "#base/duration.ts";
import type { ProxyReport } from "#pilot/push/status.ts";
import { DONE, type Phase, type PhaseContext, type PhaseOutcome } from "#preflight/phases/phase.ts";
import { heldBy } from "../../shell/port-holder.ts";
import { GATEWAY_ADDRESS } from "../addresses.ts";
import type { Readiness } from "../mesh.ts";
import type { UpSession } from "../session.ts";

const POLL_MS = 200;
const SETTLE_POLL_MS = 20;
/** Every proxy listens; its answer to the pilot may still be on the way, but not for long. */
const SETTLE_LIMIT_MS = 2_000;
/** More names than this tell no more. */
const MAX_NAMES = 4;

/** "3 of 8 ready, waiting for reviews-v1-1, gateway" */
function describe({ total, missing }: Readiness): string {
  const names = missing.slice(0, MAX_NAMES).join(", ");
  const rest = missing.length > MAX_NAMES ? ` and ${missing.length - MAX_NAMES} more` : "";
  return `${total - missing.length} of ${total} ready, waiting for ${names}${rest}`;
}

const notReady = (when: string, missing: readonly string[]): PhaseOutcome => ({
  kind: "failed",
  cause: `not ready${when}: ${missing.join(", ")}`,
});

const afterTimeout = ({ settings }: UpSession): string =>
  ` after ${formatDuration(settings.timeoutMs)}`;

/** What of a mesh that runs elsewhere does not have its configuration, or is not healthy. */
async function remoteReadiness(session: UpSession): Promise<Readiness> {
  const [proxies, services] = await Promise.all([
    session.pilot.get<readonly ProxyReport[]>("/debug/syncz"),
    session.services(),
  ]);
  if (proxies.kind !== "answered") return { total: 1, missing: ["pilot"] };
  const behind = proxies.value.filter(({ state }) => state !== "live").map(({ name }) => name);
  const endpoints = services.flatMap(({ ports }) => ports.flatMap((port) => port.endpoints));
  const unhealthy = endpoints
    .filter(({ health }) => health !== "healthy")
    .map(({ workload }) => workload.name);
  const missing = [...new Set([...behind, ...unhealthy])];
  if (proxies.value.length === 0) missing.push("any proxy");
  return { total: Math.max(proxies.value.length, missing.length), missing };
}

async function waitForRemote(session: UpSession, context: PhaseContext): Promise<PhaseOutcome> {
  const { shell, settings } = session;
  const untilMs = shell.clock.nowMs() + settings.timeoutMs;
  for (;;) {
    const readiness = await remoteReadiness(session);
    if (readiness.missing.length === 0 || context.stop.isStopped) return DONE;
    if (shell.clock.nowMs() >= untilMs) {
      return notReady(afterTimeout(session), readiness.missing);
    }
    context.progress(describe(readiness));
    await new Promise<void>((resolve) => shell.timers.after(POLL_MS, resolve));
  }
}

/** "gateway (rejects its configuration: cannot listen …)" of each proxy that does not take what the pilot sent. */
async function rejections(session: UpSession, { stop }: PhaseContext): Promise<readonly string[]> {
  const { clock, timers } = session.shell;
  const untilMs = clock.nowMs() + SETTLE_LIMIT_MS;
  for (;;) {
    const answer = await session.pilot.get<readonly ProxyReport[]>("/debug/syncz");
    if (answer.kind !== "answered" || stop.isStopped) return [];
    const isSettled = answer.value.every(({ state }) => state !== "behind");
    if (isSettled || clock.nowMs() >= untilMs) {
      return answer.value.flatMap(({ name, types }) => {
        const refusal = types.find(({ state }) => state === "rejected")?.lastRefusal;
        return refusal === undefined
          ? []
          : [`${name} (rejects its configuration: ${refusal.words})`];
      });
    }
    await new Promise<void>((resolve) => timers.after(SETTLE_POLL_MS, resolve));
  }
}

/** "gateway (127.0.0.1:8080 is held by process 7 (nginx))" of each port that another program listens on in a gateway's place. */
function stolenPorts({ shell, mesh }: UpSession): readonly string[] {
  return (mesh?.gatewayProcesses ?? []).flatMap(({ plan, pid }) =>
    plan.ports.flatMap((port) => {
      const holder = shell.machine.portHolder(GATEWAY_ADDRESS, port);
      if (holder === undefined || holder.pid === pid) return [];
      return [`${plan.name} (${GATEWAY_ADDRESS}:${port} is ${heldBy(holder)})`];
    }),
  );
}

export const waitPhase: Phase<UpSession> = {
  name: "wait",
  short: "Wait until every instance and every proxy is ready",
  long: "Waits until the mesh that runs is ready: every instance healthy, every proxy with its configuration. Status 1 when --timeout is over.",
  needs: ["control-plane"],
  run: async (session, context) => {
    const { reporter, mesh, settings } = session;
    reporter.step("wait", "until every instance is healthy and every proxy has its configuration");
    if (mesh === undefined) return await waitForRemote(session, context);
    const late = await mesh.wait(
      settings.timeoutMs,
      () => context.stop.isStopped,
      (readiness) => context.progress(describe(readiness)),
    );
    const wrong =
      late.length > 0 ? [] : [...(await rejections(session, context)), ...stolenPorts(session)];
    const missing = [...late, ...wrong];
    session.missing = missing;
    if (!settings.isAtomic || missing.length === 0) return DONE;
    return notReady(late.length > 0 ? afterTimeout(session) : "", missing);
  },
  dryRun: ({ settings }, { would }) => {
    const limit = formatDuration(settings.timeoutMs);
    const atEnd = settings.isAtomic ? "stop everything" : "serve all the same";
    would(`wait until everything serves, ${limit} at most, and then ${atEnd}`);
    return DONE;
  },
};
