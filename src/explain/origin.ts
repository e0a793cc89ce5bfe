// Which of Istio's objects made a part of Envoy's configuration: read from the metadata that Istio's translation, and ours, leaves on it.
import type { Origin } from "./explanation.ts";

/** The namespace of our own metadata: the field of the object, which Istio's does not say. */
const SAMPAN = "sampan";
const ISTIO = "istio";

const CONFIG_PATH = /^\/apis\/[^/]+\/[^/]+\/namespaces\/([^/]*)\/([^/]+)\/(.+)$/;

/** `metadata` is `filter_metadata`; `field` follows the field that made the whole ("fault" of "spec.http[0]"). */
export function originOf(
  metadata: Readonly<Record<string, unknown>>,
  field = "",
): Origin | undefined {
  const own = textFields(metadata[SAMPAN]);
  const object = objectOf(own["config"] ?? textFields(metadata[ISTIO])["config"]);
  if (object === undefined) return undefined;
  const base = own["field"];
  if (base === undefined) return { object };
  return { object, field: field === "" ? base : `${base}.${field}` };
}

/** `origin` with a field below the one that it names, if it names one. */
export function within(origin: Origin | undefined, field: string): Origin | undefined {
  if (origin?.field === undefined) return origin;
  return { ...origin, field: `${origin.field}.${field}` };
}

/** As properties that are left out when unknown. */
export function optionalOrigin(origin: Origin | undefined): { readonly origin?: Origin } {
  return origin === undefined ? {} : { origin };
}

function textFields(value: unknown): Readonly<Record<string, string | undefined>> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, text]) => typeof text === "string"));
}

/** "/apis/networking.istio.io/v1/namespaces/default/virtual-service/reviews" -> "VirtualService default/reviews" */
function objectOf(path: string | undefined): string | undefined {
  const [, namespace, kind, name] = CONFIG_PATH.exec(path ?? "") ?? [];
  if (namespace === undefined || kind === undefined || name === undefined) return undefined;
  const words = kind.split("-").map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  return `${words.join("")} ${namespace}/${name}`;
}
