// `virtualservices`, `vs/reviews`, `vs reviews`: which objects a command line means.
import { nearest } from "#base/nearest.ts";
import { API_GROUP, KIND_NAMES, type KindNames } from "#pilot/model/kinds.ts";

export type ParsedTarget =
  | { readonly kind: "parsed"; readonly names: KindNames; readonly objectNames: readonly string[] }
  | { readonly kind: "failed"; readonly message: string };

/** `kind.group` and `kind.version.group` as kubectl takes them. */
const SUFFIX = new RegExp(`\\.(?:v1|v1beta1|v1alpha3)?\\.?${API_GROUP.replaceAll(".", "\\.")}$`);

export function findKind(text: string): KindNames | undefined {
  const wanted = text.toLowerCase().replace(SUFFIX, "");
  return KIND_NAMES.find(({ singular, plural, shortNames }) =>
    [singular, plural, ...shortNames].includes(wanted),
  );
}

/** `others`: what the command takes besides kinds, for the hint. */
export function unknownKind(text: string, others: readonly string[] = []): string {
  const known = [...KIND_NAMES.flatMap(({ singular, plural }) => [singular, plural]), ...others];
  const near = nearest(text, known);
  const all = [
    ...KIND_NAMES.map(({ plural, shortNames: [short] }) =>
      short === undefined ? plural : `${plural} (${short})`,
    ),
    ...others,
  ];
  const hint = near === undefined ? `known are ${all.join(", ")}` : `did you mean ${near}?`;
  return `unknown kind ${JSON.stringify(text)}: ${hint}`;
}

/** `["vs", "a", "b"]`, `["vs/a"]`. */
export function parseTarget(
  words: readonly string[],
  others: readonly string[] = [],
): ParsedTarget {
  const [first = "", ...rest] = words;
  const [kindText = "", slashName, ...more] = first.split("/");
  if (more.length > 0 || (slashName !== undefined && rest.length > 0) || slashName === "") {
    return {
      kind: "failed",
      message: `cannot read ${JSON.stringify(words.join(" "))}: write KIND NAME or KIND/NAME`,
    };
  }
  const names = findKind(kindText);
  if (names === undefined) return { kind: "failed", message: unknownKind(kindText, others) };
  return { kind: "parsed", names, objectNames: slashName === undefined ? rest : [slashName] };
}

/** "virtualservice.networking.istio.io/reviews": how kubectl names what it did something to. */
export function resourceName(names: KindNames, name: string): string {
  return `${names.singular}.${API_GROUP}/${name}`;
}
