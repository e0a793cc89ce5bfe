// What becomes of a request on its way, against what a test expects: redirects, rewrites, headers, and whose route it is.
import type { HeaderChange, Outcome } from "#explain/explain.ts";
import { type Evaluated, forwardsOf, list, mismatch, showCalm } from "./evaluated.ts";
import type { Expected } from "./test-case.ts";

const redirectOf = ({ calm }: Evaluated): Outcome | undefined =>
  calm.length === 1 && calm[0]?.kind === "redirect" ? calm[0] : undefined;

export function compareLocation(location: string, got: Evaluated): string | undefined {
  const redirect = redirectOf(got);
  if (redirect === undefined) return mismatch(`a redirect to ${location}`, showCalm(got));
  return redirect.location === location
    ? undefined
    : mismatch(`location ${location}`, redirect.location ?? "none");
}

/** Each part that the test names: as the author wrote it, or as it comes out. */
export function compareRedirect(
  expected: Expected["redirect"],
  got: Evaluated,
): string | undefined {
  if (expected === undefined) return undefined;
  const redirect = redirectOf(got);
  const { uri, authority, redirectCode, scheme } = expected;
  const parts = Object.entries({ uri, authority, scheme, redirectCode }).filter(
    ([, value]) => value !== "" && value !== 0,
  );
  const wanted = `a redirect with ${list(parts.map(([name, value]) => `${name} ${value}`))}`;
  if (redirect === undefined) return mismatch(wanted, showCalm(got));
  const url = /^([a-z]+):\/\/([^/?#]*)([^?#]*)/.exec(redirect.location ?? "");
  const written = got.spec?.redirect;
  const isRight =
    (uri === "" || uri === url?.[3] || uri === written?.uri) &&
    (authority === "" || authority === url?.[2] || authority === written?.authority) &&
    (scheme === "" || scheme === url?.[1]) &&
    (redirectCode === 0 || redirectCode === redirect.status);
  return isRight ? undefined : mismatch(wanted, showCalm(got));
}

export function compareRewrite(expected: Expected["rewrite"], got: Evaluated): string | undefined {
  if (expected === undefined) return undefined;
  const { uri, authority, uriRegexRewrite } = expected;
  const wanted = list([
    ...(uri === "" ? [] : [`uri ${uri}`]),
    ...(authority === "" ? [] : [`authority ${authority}`]),
    ...(uriRegexRewrite === undefined ? [] : [`uriRegexRewrite ${uriRegexRewrite.match}`]),
  ]);
  const forwards = forwardsOf(got.calm);
  const written = got.spec?.rewrite;
  const shown = forwards.map(({ rewrite }) =>
    rewrite === undefined
      ? "none"
      : list(Object.entries(rewrite).map(([name, value]) => `${name} ${value}`)),
  );
  const isRight = forwards.every(({ rewrite }) => {
    const isUri =
      written === undefined
        ? rewrite?.path?.startsWith(uri) === true
        : uri === written.uri || uri === rewrite?.path;
    return (
      (uri === "" || isUri) &&
      (authority === "" || authority === rewrite?.authority) &&
      (uriRegexRewrite === undefined ||
        (uriRegexRewrite.match === written?.uriRegexRewrite?.match &&
          uriRegexRewrite.rewrite === written.uriRegexRewrite.rewrite))
    );
  });
  if (forwards.length === 0) return mismatch(`a rewrite to ${wanted}`, showCalm(got));
  return isRight ? undefined : mismatch(`a rewrite to ${wanted}`, [...new Set(shown)].join(" or "));
}

export function compareHeaders(expected: Expected["headers"], got: Evaluated): string | undefined {
  const outcomes = got.calm.filter(({ kind }) => kind === "forward" || kind === "redirect");
  for (const side of ["request", "response"] as const) {
    const operations = expected?.[side];
    if (operations === undefined) continue;
    const isDone = (fits: (change: HeaderChange) => boolean): boolean =>
      outcomes.length > 0 && outcomes.every((one) => (one.headers?.[side] ?? []).some(fits));
    const seen = (): string =>
      list([...new Set(outcomes.flatMap((one) => (one.headers?.[side] ?? []).map(showChange)))]);
    for (const [name, value] of Object.entries({ ...operations.set, ...operations.add })) {
      if (isDone((change) => isNamed(change, name) && change.value === value)) continue;
      return mismatch(`${side} header ${name}: ${value}`, seen());
    }
    for (const name of operations.remove) {
      if (isDone((change) => isNamed(change, name) && change.value === undefined)) continue;
      return mismatch(`${side} header ${name} removed`, seen());
    }
  }
  return undefined;
}

const isNamed = (change: HeaderChange, name: string): boolean =>
  change.name.toLowerCase() === name.toLowerCase();

const showChange = ({ name, value }: HeaderChange): string =>
  value === undefined ? `${name} removed` : `${name}: ${value}`;

export function compareDelegate(
  expected: Expected["delegate"],
  got: Evaluated,
): string | undefined {
  const { name = "", namespace = "" } = expected ?? {};
  const isRight = got.virtualServices.some(
    (one) => one.endsWith(`/${name}`) && (namespace === "" || one === `${namespace}/${name}`),
  );
  const wanted = `delegate ${namespace === "" ? "" : `${namespace}/`}${name}`;
  return isRight
    ? undefined
    : mismatch(
        wanted,
        got.virtualServices.length === 0
          ? "no VirtualService"
          : `a route of VirtualService ${list(got.virtualServices)}`,
      );
}
