// /tap: live requests for as long as the client reads.
import {
  type AdminResponse,
  type AdminStream,
  type AdminStreamOut,
  TEXT,
  textResponse,
} from "../admin-request.ts";
import type { AdminState } from "../admin-state.ts";

/** Without a body there is nothing to show. */
export const tapPage = (): AdminResponse => textResponse("/tap requires a JSON/YAML body", 400);

export function openTap(
  state: AdminState,
  parameters: ReadonlyMap<string, string>,
  body: string,
  out: AdminStreamOut,
): AdminStream | AdminResponse {
  const attached = state.taps.attach(body, parameters.has("details"), out);
  if (attached.kind === "refused") return textResponse(attached.message, 400);
  return { contentType: TEXT, close: () => attached.close() };
}
