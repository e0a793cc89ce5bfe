// Names and values of header operations (headers.request / response).
import type { Headers } from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { each, type Field } from "../field.ts";

/** Control characters but the tab: they would end the header. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const FORBIDDEN = /[\u0000-\u0008\u000a-\u001f\u007f]/;
/** Text, "%%", or "%COMMAND%" with arguments in parentheses: Envoy refuses anything else that has a percent sign. */
const VALUE = /^(?:[^%]|%%|%[^%()]+(?:\([^()]*\))?(?::\d+)?%)*$/;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export function isHeaderName(name: string): boolean {
  return NAME.test(name);
}

export function isAuthority(name: string): boolean {
  return name.toLowerCase() === "host" || name === ":authority";
}

export function checkHeaders(headers: Headers | undefined, field: Field): void {
  for (const side of ["request", "response"] as const) {
    const operations = headers?.[side];
    if (operations === undefined) continue;
    const at = field.at(side);
    for (const action of ["set", "add"] as const) {
      for (const [name, value] of Object.entries(operations[action])) {
        checkName(name, side === "request", at.at(action, name));
        checkValue(value, at.at(action, name));
      }
    }
    each(operations.remove, at.at("remove"), (name, entry) => checkName(name, false, entry));
  }
}

function checkName(name: string, mayBeAuthority: boolean, field: Field): void {
  if (mayBeAuthority && isAuthority(name)) return;
  if (isAuthority(name) || name.startsWith(":")) {
    field.must("not be a pseudo-header or Host, which proxies set themselves", name);
  } else if (!isHeaderName(name)) {
    field.must("be a header name", name);
  }
}

function checkValue(value: string, field: Field): void {
  if (FORBIDDEN.test(value)) field.must("not have control characters", value);
  else if (!VALUE.test(value))
    field.must('have percent signs only in pairs: "%%", or a command such as "%HOSTNAME%"', value);
}
