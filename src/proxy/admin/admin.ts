// The admin interface: a request and the proxy's state in, a response out. Serving it over HTTP is the admin listener's part.
import {
  type AdminRequest,
  type AdminResponse,
  type AdminStream,
  type AdminStreamOut,
  parseQuery,
  textResponse,
} from "./admin-request.ts";
import type { AdminState } from "./admin-state.ts";
import { COMMANDS, type Command } from "./commands.ts";
import { homePage } from "./home-page.ts";

const HOME: Command = {
  path: "/",
  help: "Admin home page",
  handle: () => homePage(ALL_COMMANDS),
};

const HELP: Command = {
  path: "/help",
  help: "print out list of admin commands",
  handle: () => textResponse(helpText(ALL_COMMANDS)),
};

const ALL_COMMANDS: readonly Command[] = [HOME, HELP, ...COMMANDS].sort((a, b) =>
  a.path < b.path ? -1 : 1,
);
const BY_PATH: ReadonlyMap<string, Command> = new Map(
  ALL_COMMANDS.map((command) => [command.path, command]),
);

/**
 * Answers as Envoy 1.40 does: an unknown path is 404 with the list of pages, a page that changes something wants POST (405 for
 * anything else), and the others do not look at the method. A response to HEAD is sent without its body by who sends it.
 */
export function handleAdmin(request: AdminRequest, state: AdminState): AdminResponse {
  const command = BY_PATH.get(request.path);
  if (command === undefined) return textResponse(`invalid path. ${helpText(ALL_COMMANDS)}`, 404);
  if (command.isMutation && request.method !== "POST") {
    return textResponse(`Method ${request.method} not allowed, POST required.`, 405);
  }
  return command.handle(state, parseQuery(request.query));
}

/** Gathers what the page shows of other workers, and calls `ready`, perhaps at once: then `handleAdmin` is to be called. */
export function prepareAdmin(path: string, state: AdminState, ready: () => void): void {
  const what = BY_PATH.get(path)?.collects;
  if (what === undefined || state.collect === undefined) ready();
  else state.collect(what, ready);
}

/** Whether the request's body is to be waited for, and `openAdmin` called with it instead of `handleAdmin`. */
export function isAdminStream({ method, path }: AdminRequest): boolean {
  return BY_PATH.get(path)?.open !== undefined && method === "POST";
}

/** For a request that `isAdminStream`: a response that goes on, or one that says why not. */
export function openAdmin(
  request: AdminRequest,
  body: string,
  state: AdminState,
  out: AdminStreamOut,
): AdminStream | AdminResponse {
  const opened = BY_PATH.get(request.path)?.open?.(state, parseQuery(request.query), body, out);
  return opened ?? handleAdmin(request, state);
}

function helpText(commands: readonly Command[]): string {
  const lines = commands.flatMap(({ path, isMutation, help, parameters = [] }) => [
    `  ${path}${isMutation ? " (POST)" : ""}: ${help}`,
    ...parameters.map(({ name, help: meaning, oneOf }) => {
      const values = oneOf === undefined ? "" : `; One of (${oneOf.join(", ")})`;
      return `      ${name}: ${meaning}${values}`;
    }),
  ]);
  return `admin commands are:\n${lines.join("\n")}\n`;
}
