// One http route: what goes together, and each part of it.
import type { HTTPRoute } from "#api/istio/networking/v1alpha3/virtual_service_pb.ts";
import { each, type Field } from "../field.ts";
import { checkDuration } from "../names.ts";
import { checkDestination, checkDestinations } from "./destinations.ts";
import { checkHeaders, isAuthority } from "./headers.ts";
import {
  checkCors,
  checkDirectResponse,
  checkFault,
  checkRedirect,
  checkRetries,
  checkRewrite,
} from "./http-actions.ts";
import { checkHttpMatch } from "./http-match.ts";

export function checkHttpRoute(route: HTTPRoute, isDelegate: boolean, field: Field): void {
  checkCombination(route, isDelegate, field);
  each(route.match, field.at("match"), checkHttpMatch);
  checkHeaders(route.headers, field.at("headers"));
  each(route.route, field.at("route"), ({ headers }, at) =>
    checkHeaders(headers, at.at("headers")),
  );
  checkCors(route.corsPolicy, field.at("corsPolicy"));
  checkFault(route.fault, field.at("fault"));
  checkMirrors(route, field);
  checkRedirect(route.redirect, route.match, field.at("redirect"));
  checkDirectResponse(route.directResponse, field.at("directResponse"));
  checkRetries(route.retries, field.at("retries"));
  checkRewrite(route.rewrite, field.at("rewrite"));
  checkAuthorityOnce(route, field);
  checkDuration(route.timeout, field.at("timeout"));
}

/** Exactly one of route, redirect, directResponse, delegate; the first two of these three leave no room for fault and rewrite. */
function checkCombination(route: HTTPRoute, isDelegate: boolean, field: Field): void {
  if (route.delegate !== undefined) {
    if (isDelegate)
      field.at("delegate").error("cannot be set in a delegate: only one level is followed");
    for (const name of ["route", "redirect"] as const) {
      const isSet = name === "route" ? route.route.length > 0 : route.redirect !== undefined;
      if (isSet) field.at(name).error("set together with delegate: only one may be");
    }
    return;
  }
  const answer = route.redirect !== undefined ? "redirect" : "directResponse";
  if (route[answer] === undefined) {
    checkDestinations(route.route, field.at("route"));
    return;
  }
  if (route.route.length > 0)
    field.at("route").error(`set together with ${answer}: only one may be`);
  for (const name of ["fault", "rewrite"] as const) {
    if (route[name] !== undefined) field.at(name).error(`cannot be set together with ${answer}`);
  }
  if (route.redirect !== undefined && route.directResponse !== undefined) {
    field.at("directResponse").error("set together with redirect: only one may be");
  }
}

function checkMirrors(route: HTTPRoute, field: Field): void {
  if (route.mirror !== undefined) {
    checkDestination(route.mirror, field.at("mirror"));
    if (route.mirrors.length > 0)
      field.at("mirrors").error("set together with mirror: only one may be");
  }
  each(route.mirrors, field.at("mirrors"), ({ destination, percentage }, at) => {
    if (destination === undefined) at.at("destination").error("must be set");
    else checkDestination(destination, at.at("destination"));
    checkPercent(percentage?.value, at.at("percentage", "value"));
  });
  checkPercent(route.mirrorPercentage?.value, field.at("mirrorPercentage", "value"));
  checkPercent(route.mirrorPercent, field.at("mirrorPercent"));
  if (route.mirrorPercent !== undefined)
    field.at("mirrorPercent").warn("is deprecated: use mirrorPercentage");
}

function checkPercent(percent: number | undefined, field: Field): void {
  if (percent !== undefined && !(percent >= 0 && percent <= 100))
    field.must("be 0 to 100", percent);
}

/** The authority is rewritten in one place. */
function checkAuthorityOnce(route: HTTPRoute, field: Field): void {
  const { set = {}, add = {} } = route.headers?.request ?? {};
  const inHeaders = [...Object.keys(set), ...Object.keys(add)].filter(isAuthority).length;
  const inRewrite = route.rewrite?.authority ? 1 : 0;
  if (inHeaders + inRewrite > 1) {
    field
      .at("headers", "request")
      .error(
        "rewrites the authority a second time: do it in rewrite.authority or in one header operation",
      );
  }
}
