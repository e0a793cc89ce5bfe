// docs/reference/response-flags.md, from the table in src/proxy/response-flags.ts.
import { RESPONSE_FLAGS } from "#proxy/response-flags.ts";
import { page, table } from "./markdown.ts";

export function responseFlagsPage(): string {
  return page(
    "Response flags",
    `Why a response is not simply what the upstream said: \`%RESPONSE_FLAGS%\` in the access log, \`-\` when there is none. Several are joined by commas in the
order below, which is Envoy's. \`%RESPONSE_FLAGS_LONG%\` prints the long names.`,
    [
      table(
        ["short", "long", "meaning"],
        RESPONSE_FLAGS.map(({ short, long, meaning }) => [`\`${short}\``, long, meaning]),
      ),
    ],
  );
}
