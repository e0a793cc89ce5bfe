// One real request through a proxy, and what its answer says about where it ended.
import { formatDuration } from "#base/duration.ts";
import type { HttpAnswer, HttpClient } from "#base/http-client.ts";
import { quoted } from "#base/log.ts";
import type { Outcome } from "#explain/explain.ts";
import { type Finding, ok, wrong } from "./finding.ts";

const LIMIT_MS = 15_000;
/** On every answer that came from somebody behind a proxy. */
const SERVICE_TIME = "x-envoy-upstream-service-time";

export interface ProbeTarget {
  /** Of the proxy: where the client would connect. */
  readonly host: string;
  readonly port: number;
  readonly authority: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** What the configuration says will come of it. */
  readonly outcomes: readonly Outcome[];
  readonly from: string;
}

export async function probe(httpClient: HttpClient, target: ProbeTarget): Promise<Finding> {
  const { host, port, authority, path, headers } = target;
  const answer = await httpClient.request({
    method: "GET",
    url: `http://${host}:${port}${path}`,
    headers: {
      "user-agent": "sampan-troubleshoot",
      ...Object.fromEntries(headers),
      host: authority,
    },
    timeoutMs: LIMIT_MS,
  });
  return judge(answer, target);
}

/** Bodies of Envoy's own answers, which ours gives too, and what each means. */
function judge(answer: HttpAnswer, target: ProbeTarget): Finding {
  const { host, port, authority, path, from } = target;
  const what = `GET http://${authority}${path} from ${from}`;
  if (answer.kind === "failed" && answer.reason.startsWith("no answer within")) {
    return wrong(
      `Probe: ${what} has no answer after ${formatDuration(LIMIT_MS)}, and no timeout of its route ends it`,
      `${authority} takes requests and does not answer: sampan logs ${authority.split(/[.:]/)[0]}; give its route a timeout`,
    );
  }
  if (answer.kind === "failed") {
    return wrong(
      `Probe: ${what} failed at the proxy's own listener ${host}:${port}: ${answer.reason}`,
      `Is the proxy alive? sampan status; its log: sampan logs ${from}`,
    );
  }
  const { status, body } = answer;
  const answered = `Probe: ${what} was answered ${status}`;
  if (body.startsWith("fault filter abort")) {
    return wrong(
      `${answered} by a fault`,
      "Remove the fault of its route: sampan why names the line",
    );
  }
  if (/reset reason: overflow/.test(body)) {
    return wrong(
      `${answered}: a circuit breaker is open (connectionPool of its DestinationRule)`,
      "Raise maxConnections or http1MaxPendingRequests, or send less",
    );
  }
  if (status === 504 && body.startsWith("upstream request timeout")) {
    const timeoutMs = target.outcomes.find((one) => one.timeoutMs !== undefined)?.timeoutMs;
    const limit = timeoutMs === undefined ? "the timeout in force" : formatDuration(timeoutMs);
    return wrong(
      `${answered}: ${authority} did not answer within ${limit}`,
      "Raise the timeout of its route (sampan why names the line), or find out what is slow",
    );
  }
  if (/^upstream connect error/.test(body)) {
    const reason = quoted(body.slice(0, 160));
    return wrong(
      `${answered}: nobody could be connected to: ${reason}`,
      "Does its program listen on the port that its WorkloadGroup or endpoint names? sampan logs, sampan status",
    );
  }
  if (body.startsWith("no healthy upstream")) {
    return wrong(
      `${answered}: no healthy host`,
      "Look at the instances: sampan status, sampan logs",
    );
  }
  if (status >= 500 && answer.headers !== undefined && !(SERVICE_TIME in answer.headers)) {
    return wrong(
      `${answered} by a proxy itself, which sent it nowhere`,
      "What the configuration says now: sampan why, with the same --from; what its flags mean: sampan why-code",
    );
  }
  if (status >= 500) {
    return wrong(
      `${answered}, by ${authority} itself`,
      `Its own log says why: sampan logs ${authority.split(/[.:]/)[0]}`,
    );
  }
  return ok(answered);
}
