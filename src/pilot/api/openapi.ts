// As much of OpenAPI v3 as kubectl looks for before it writes: whether the server checks fields itself (fieldValidation) and has
// dry runs. The schemas themselves are Istio's, and are not repeated here.
import { type HttpServiceResponse, jsonResponse } from "#base/http-service.ts";
import { API_GROUP, API_VERSIONS, KIND_NAMES } from "../model/kinds.ts";

const pathOf = (version: string): string => `apis/${API_GROUP}/${version}`;

function document(version: string, pilotVersion: string): object {
  const query = (name: string): object => ({ name, in: "query", schema: { type: "string" } });
  const operation = (kind: string): object => ({
    parameters: [query("dryRun"), query("fieldValidation")],
    responses: { 200: { description: "OK" } },
    "x-kubernetes-group-version-kind": { group: API_GROUP, version, kind },
  });
  const paths = KIND_NAMES.map(({ kind, plural }) => [
    `/${pathOf(version)}/namespaces/{namespace}/${plural}/{name}`,
    { put: operation(kind), patch: operation(kind) },
  ]);
  return {
    openapi: "3.0.0",
    info: { title: "sampan pilot", version: pilotVersion },
    paths: Object.fromEntries(paths),
  };
}

/** Path -> page. */
export function openApiPages(
  pilotVersion: string,
): Readonly<Record<string, () => HttpServiceResponse>> {
  const index = API_VERSIONS.map((version) => [
    pathOf(version),
    { serverRelativeURL: `/openapi/v3/${pathOf(version)}` },
  ]);
  const pages: Record<string, () => HttpServiceResponse> = {
    "/openapi/v3": () => jsonResponse({ paths: Object.fromEntries(index) }),
  };
  for (const version of API_VERSIONS) {
    pages[`/openapi/v3/${pathOf(version)}`] = () => jsonResponse(document(version, pilotVersion));
  }
  return pages;
}
