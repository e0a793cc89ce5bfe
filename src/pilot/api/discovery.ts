// What Kubernetes' clients ask first: which groups, versions and kinds there are.
import { type HttpServiceResponse, jsonResponse } from "#base/http-service.ts";
import { API_GROUP, API_VERSIONS, KIND_NAMES } from "../model/kinds.ts";

const PREFERRED = "v1";
const VERBS = ["create", "delete", "get", "list", "patch", "update"];

const groupVersion = (version: string): object => ({
  groupVersion: `${API_GROUP}/${version}`,
  version,
});

const GROUP = {
  name: API_GROUP,
  versions: API_VERSIONS.map(groupVersion),
  preferredVersion: groupVersion(PREFERRED),
};

function resources(version: string): object {
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: `${API_GROUP}/${version}`,
    resources: KIND_NAMES.map(({ kind, plural, singular, shortNames }) => ({
      name: plural,
      singularName: singular,
      namespaced: true,
      kind,
      verbs: VERBS,
      shortNames,
      categories: ["istio-io", "networking-istio-io"],
    })),
  };
}

/** Path -> page. `version` is the pilot's own. */
export function discoveryPages(
  version: string,
): Readonly<Record<string, () => HttpServiceResponse>> {
  const [major = "0", minor = "0"] = version.split(".");
  const pages: Record<string, () => HttpServiceResponse> = {
    "/version": () => jsonResponse({ major, minor, gitVersion: `v${version}`, platform: "sampan" }),
    "/api": () => jsonResponse({ kind: "APIVersions", versions: [] }),
    "/apis": () => jsonResponse({ kind: "APIGroupList", apiVersion: "v1", groups: [GROUP] }),
    [`/apis/${API_GROUP}`]: () => jsonResponse({ kind: "APIGroup", apiVersion: "v1", ...GROUP }),
  };
  for (const each of API_VERSIONS) {
    pages[`/apis/${API_GROUP}/${each}`] = () => jsonResponse(resources(each));
  }
  return pages;
}
