// Routes that answer by themselves: redirects and direct responses.
import type { RequestHead } from "#codec/http1/request-head.ts";
import { latin1 } from "#codec/latin1.ts";
import { LOCATION } from "../../http/header-names.ts";
import type { Stream } from "../../http/stream.ts";
import { finalizeResponse } from "../../route/finalize.ts";
import { redirectLocation } from "../../route/redirect.ts";
import type { RouteEntry } from "../../route/route-entry.ts";

/** Both count and log as "direct_response", as in Envoy. */
export function answerByRoute(stream: Stream, entry: RouteEntry, head: RequestHead): void {
  const { action } = entry.route;
  const reply = stream.localHead();
  switch (action.kind) {
    case "redirect":
      reply.append(LOCATION, redirectLocation(entry, head));
      finalizeResponse(entry, undefined, reply, stream);
      stream.finishLocalReply(reply, action.status, "", "direct_response");
      return;
    case "directResponse":
      finalizeResponse(entry, undefined, reply, stream);
      stream.finishLocalReply(
        reply,
        action.status,
        latin1(action.body, 0, action.body.length),
        "direct_response",
      );
      return;
    case "forward":
      return;
  }
}
